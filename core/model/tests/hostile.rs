//! Bytes and numbers from strangers: refused by name or taken, never a panic and never an overflow.

use proptest::prelude::*;
use veilsum_model::feature::Feature;
use veilsum_model::interface::Interface;
use veilsum_model::model::{Card, Family, Form, Layer, Model};
use veilsum_model::plan::Engine;
use veilsum_model::query::{self, HEADER_BYTES};
use veilsum_model::scale::Scale;
use veilsum_model::text::Wide;
use veilsum_model::{import, twin};
use veilsum_protocol::{Digest, KeyFingerprint};

/// Mostly such that something of them fits, and every edge now and then.
fn integer() -> impl Strategy<Value = i64> {
    let power = |bits: u32, negative: bool| if negative { -(1_i64 << bits) } else { 1 << bits };
    prop_oneof![
        10 => -100_i64..100,
        10 => (0_u32..32, any::<bool>()).prop_map(move |(bits, negative)| power(bits, negative)),
        1 => (32_u32..63, any::<bool>()).prop_map(move |(bits, negative)| power(bits, negative)),
        1 => prop_oneof![Just(i64::MAX), Just(i64::MIN)],
    ]
}

fn wide() -> impl Strategy<Value = Wide> {
    prop_oneof![
        1 => prop_oneof![Just(i128::MAX), Just(i128::MIN)],
        2 => (0_u32..127).prop_map(|bits| -(1_i128 << bits)),
        10 => integer().prop_map(i128::from),
    ]
    .prop_map(Wide)
}

fn form(width: usize) -> impl Strategy<Value = Form> {
    (prop::collection::vec(integer(), width), wide())
        .prop_map(|(weights, constant)| Form { weights, constant })
}

fn layer(width: usize, units: usize) -> impl Strategy<Value = Layer> {
    prop::collection::vec(form(width), units).prop_map(|units| Layer { scale: Scale::ONE, units })
}

fn family(width: usize) -> impl Strategy<Value = Family> {
    prop_oneof![
        form(width).prop_map(|form| Family::Linear { target: "y".to_owned(), form }),
        (0_u8..40, prop::collection::vec(integer(), width), prop::collection::vec(integer(), width))
            .prop_map(|(centroid_bits, metric, centroid)| Family::KMeans {
                centroid_bits,
                metric,
                centroids: vec![centroid]
            }),
        (layer(width, 2), layer(2, 1)).prop_map(|(first, second)| {
            Family::Network { classes: Vec::new(), layers: vec![first, second] }
        }),
        (layer(width, 1), layer(1, 1), layer(1, 1)).prop_map(|(first, second, third)| {
            Family::Network { classes: Vec::new(), layers: vec![first, second, third] }
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn models_of_extreme_numbers_are_refused_or_exact(
        family in (1..4_usize).prop_flat_map(family),
        bounds in prop::collection::vec((integer(), integer()), 4),
    ) {
        let width = match &family {
            Family::Linear { form, .. } => form.weights.len(),
            Family::KMeans { metric, .. } => metric.len(),
            Family::Network { layers, .. } => layers[0].units[0].weights.len(),
            Family::Logistic { .. } => unreachable!("none is made"),
        };
        let features: Vec<_> = bounds
            .iter()
            .take(width)
            .enumerate()
            .map(|(index, &(a, b))| Feature {
                name: index.to_string(),
                scale: Scale::ONE,
                lowest: a.min(b),
                highest: a.max(b),
            })
            .collect();
        let Ok(model) = Model::new(features, family, Scale::ONE, Card::default()) else { return Ok(()) };
        prop_assert_eq!(&Model::from_bytes(&model.to_bytes()).unwrap(), &model);
        // Engines agree or refuse, and what is told to clients can be read by them.
        for engine in Engine::ALL {
            if let Err(refused) = engine.check(&model) {
                prop_assert!(!refused.to_string().is_empty());
            }
        }
        let interface = model.interface();
        prop_assert_eq!(&Interface::from_bytes(&interface.to_bytes()).unwrap(), &interface);
        // Every corner of the declared bounds is scored within the bounds of scores.
        for corner in 0..1_u32 << width {
            let record: Vec<i64> = model
                .features()
                .iter()
                .enumerate()
                .map(|(index, feature)| if corner >> index & 1 == 0 { feature.lowest } else { feature.highest })
                .collect();
            let scores = twin::score(&model, 1, &record).unwrap();
            for (score, bound) in scores.iter().zip(&model.bounds().scores) {
                prop_assert!(bound.low <= *score && *score <= bound.high);
                prop_assert!(score.unsigned_abs() <= interface.score_bound());
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_by_every_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Model::from_bytes(&bytes).is_err());
        prop_assert!(Interface::from_bytes(&bytes).is_err());
        prop_assert!(import::sklearn(&bytes).is_err());
        prop_assert!(query::Header::from_bytes(&bytes).is_err());
        prop_assert!(veilsum_model::network::Header::from_bytes(&bytes).is_err());
    }

    #[test]
    fn any_header_after_the_magic_is_read_or_refused(
        bytes in prop::array::uniform32(any::<u8>()),
        counts in prop::array::uniform4(prop_oneof![Just(0_u8), Just(1), Just(255)]),
    ) {
        let mut header = b"VSMQ\x01\x00".to_vec();
        header.extend_from_slice(&[counts[0], 0]);
        header.extend_from_slice(&bytes);
        header.extend_from_slice(&bytes);
        header.extend([1_024_u32, u32::from(counts[1]), u32::from(counts[2])].iter().flat_map(|count| count.to_le_bytes()));
        header.extend_from_slice(&[counts[3], 0, 0, 0]);
        prop_assert_eq!(header.len(), HEADER_BYTES);
        let expected = (counts[0] == 1 || counts[0] == 2 && counts[1] == 1) && counts[1] > 0 && counts[2] > 0;
        match query::Header::from_bytes(&header) {
            Ok(read) => {
                prop_assert!(expected);
                prop_assert_eq!(read.model, Digest::from_bytes(bytes));
                prop_assert_eq!(read.key, KeyFingerprint::from_bytes(bytes));
                prop_assert_eq!((read.modulus_bits, read.layer), (1_024, counts[3].into()));
                prop_assert_eq!((read.row_count, read.input_count), (counts[1].into(), counts[2].into()));
            }
            Err(_) => prop_assert!(!expected),
        }
    }
}
