//! Quantisation holds its stated bound for every record, and refuses what cannot be scored.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

use proptest::prelude::*;
use veilsum_model::feature::{self, Input, InputError};
use veilsum_model::float::{Declared, FloatFamily, FloatForm, FloatModel, Standardisation};
use veilsum_model::model::{Card, Model, ModelError};
use veilsum_model::plan::{Engine, PlanError};
use veilsum_model::quantise::{Options, QuantiseError, quantise};
use veilsum_model::scale::Scale;
use veilsum_model::twin;

const PACKED: Options = Options { engine: Engine::Packed, weight_bits: 32 };
const BY_LAYERS: Options = Options { engine: Engine::ByLayers, weight_bits: 10 };

fn declared(index: usize, decimals: u8, lowest: f64, span: f64) -> Declared {
    Declared { name: format!("x{index}"), scale: Scale::decimal(decimals), lowest, highest: lowest + span }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![-100.0..100.0_f64, -1e-3..1e-3_f64, Just(0.0)]
}

fn form(width: usize) -> impl Strategy<Value = FloatForm> {
    (prop::collection::vec(number(), width), number())
        .prop_map(|(weights, constant)| FloatForm { weights, constant })
}

fn family(width: usize, hidden: usize) -> impl Strategy<Value = FloatFamily> {
    let classes = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let layers = (prop::collection::vec(form(width), hidden), prop::collection::vec(form(hidden), 3));
    prop_oneof![
        form(width).prop_map(|form| FloatFamily::Linear { target: "y".to_owned(), form }),
        prop::collection::vec(form(width), 3).prop_map({
            let classes = classes.clone();
            move |forms| FloatFamily::Logistic { classes: classes.clone(), forms }
        }),
        prop::collection::vec(prop::collection::vec(number(), width), 1..4)
            .prop_map(|centroids| FloatFamily::KMeans { centroids }),
        layers.prop_map(move |(first, second)| FloatFamily::Network {
            classes: classes.clone(),
            layers: vec![first, second]
        }),
    ]
}

fn models() -> impl Strategy<Value = FloatModel> {
    (1..5_usize, 1..4_usize).prop_flat_map(|(width, hidden)| {
        let features = prop::collection::vec((0..4_u8, -50.0..50.0_f64, 0.0..90.0_f64), width);
        let spread = prop::collection::vec((-20.0..20.0_f64, 0.1..10.0_f64), width);
        (features, prop::option::of(spread), family(width, hidden)).prop_map(|(features, spread, family)| {
            FloatModel {
                features: features
                    .into_iter()
                    .enumerate()
                    .map(|(index, (decimals, lowest, span))| declared(index, decimals, lowest, span))
                    .collect(),
                standardisation: spread.map(|spread| {
                    let (means, deviations) = spread.into_iter().unzip();
                    Standardisation { means, deviations }
                }),
                family,
            }
        })
    })
}

fn options(model: &FloatModel) -> Options {
    if matches!(model.family, FloatFamily::Network { .. }) { BY_LAYERS } else { PACKED }
}

/// A record at these places between the bounds: one that the scales hold exactly, and one that they do not.
fn records(features: &[feature::Feature], places: &[f64]) -> (Vec<f64>, Vec<f64>) {
    features
        .iter()
        .zip(places)
        .map(|(feature, place)| {
            let low = feature.scale.to_number(feature.lowest.into());
            let high = feature.scale.to_number(feature.highest.into());
            let inexact = (low + (high - low) * place).clamp(low, high);
            let exact = feature.scale.to_number(feature.scale.to_integer(inexact).unwrap().into());
            (exact, inexact)
        })
        .unzip()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_global_rejects: 200, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn every_score_is_within_the_stated_error(
        model in models(),
        places in prop::collection::vec(0.0..=1.0_f64, 4),
    ) {
        let quantised = match quantise(&model, options(&model), Card::default()) {
            Ok(quantised) => quantised,
            // Refusals have tests of their own.
            Err(QuantiseError::TooCoarse { .. } | QuantiseError::Bound { .. } | QuantiseError::Plan(_)
                | QuantiseError::Model(ModelError::TooWide { .. })) => return Err(TestCaseError::reject("refused")),
            Err(fault) => return Err(TestCaseError::fail(fault.to_string())),
        };
        let (exact, inexact) = records(quantised.features(), &places);
        let error = quantised.card().quantisation_error.unwrap().get();
        let rounding = quantised.card().rounding_error.unwrap().get();
        for (record, bound) in [(exact, error), (inexact, error + rounding)] {
            let integers = feature::encode(quantised.features(), 1, &record).unwrap();
            let scores = twin::score(&quantised, 1, &integers).unwrap();
            for ((score, float), interval) in
                scores.iter().zip(model.score(&record)).zip(&quantised.bounds().scores)
            {
                prop_assert!(interval.low <= *score && *score <= interval.high);
                let actual = quantised.output_scale().to_number(*score);
                // The conversion back rounds once.
                let slack = actual.abs() * f64::EPSILON;
                prop_assert!((actual - float).abs() <= bound + slack, "{} {} {}", actual, float, bound);
            }
        }
        prop_assert_eq!(Model::from_bytes(&quantised.to_bytes()), Ok(quantised));
    }

    /// Squared distances and logits are linear in products of features.
    #[test]
    fn forms_are_the_scores(
        model in models(),
        places in prop::collection::vec(0.0..=1.0_f64, 4),
    ) {
        let Ok(quantised) = quantise(&model, options(&model), Card::default()) else {
            return Err(TestCaseError::reject("refused"));
        };
        let Some(forms) = quantised.forms() else { return Err(TestCaseError::reject("beyond 64 bits")) };
        let integers = feature::encode(quantised.features(), 1, &records(quantised.features(), &places).0).unwrap();
        let inputs: Vec<i128> = quantised
            .inputs()
            .into_iter()
            .map(|input| match input {
                Input::Value(index) => i128::from(integers[index]),
                Input::Product(left, right) => i128::from(integers[left]) * i128::from(integers[right]),
            })
            .collect();
        let by_form: Vec<i128> = forms
            .iter()
            .map(|form| {
                assert_eq!(form.weights.len(), inputs.len());
                let terms = form.weights.iter().zip(&inputs).map(|(&weight, input)| i128::from(weight) * input);
                form.constant.0 + terms.sum::<i128>()
            })
            .collect();
        prop_assert_eq!(by_form, twin::score(&quantised, 1, &integers).unwrap());
    }
}

fn linear(features: Vec<Declared>, weights: Vec<f64>) -> FloatModel {
    let form = FloatForm { weights, constant: 0.5 };
    FloatModel {
        features,
        standardisation: None,
        family: FloatFamily::Linear { target: "y".to_owned(), form },
    }
}

#[test]
fn refuses_what_training_did_not_finish() {
    let one = || vec![declared(0, 1, 0.0, 1.0)];
    let refusal = |model: FloatModel| quantise(&model, PACKED, Card::default()).unwrap_err();
    assert_eq!(refusal(linear(one(), vec![f64::NAN])), QuantiseError::NotFinite { what: "a weight" });
    assert_eq!(
        refusal(linear(one(), vec![1.0, 2.0])),
        QuantiseError::Shape { what: "weights", expected: 1, actual: 2 }
    );
    let constant = Standardisation { means: vec![0.0], deviations: vec![0.0] };
    let refused = refusal(FloatModel { standardisation: Some(constant), ..linear(one(), vec![1.0]) });
    assert_eq!(refused, QuantiseError::Deviation { feature: "x0".to_owned() });
    let mut backwards = one();
    backwards[0].highest = -1.0;
    assert!(matches!(refusal(linear(backwards, vec![1.0])), QuantiseError::Bound { .. }));
    let bits = Options { weight_bits: 3, ..PACKED };
    assert_eq!(
        quantise(&linear(one(), vec![1.0]), bits, Card::default()).unwrap_err(),
        QuantiseError::WeightBits { actual: 3 }
    );
}

#[test]
fn names_the_feature_whose_decimals_do_not_fit() {
    // Seventeen decimals leave no bit for the weight of the first feature beside the second.
    let features = vec![declared(0, 17, 0.0, 40.0), declared(1, 0, 0.0, 1.0)];
    match quantise(&linear(features, vec![1.0, 1.0]), PACKED, Card::default()) {
        Err(QuantiseError::TooCoarse { feature, fewer_decimals, .. }) => {
            assert_eq!(feature, "x0");
            // The proposal works.
            let places = 17 - u8::try_from(fewer_decimals).unwrap();
            let features = vec![declared(0, places, 0.0, 40.0), declared(1, 0, 0.0, 1.0)];
            assert!(quantise(&linear(features, vec![1.0, 1.0]), PACKED, Card::default()).is_ok());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn degenerate_models_are_scored() {
    // All weights 0, a feature with one possible value, a bound of nothing but 0.
    let features = vec![declared(0, 1, 3.0, 0.0), declared(1, 0, 0.0, 0.0)];
    let model = quantise(&linear(features, vec![0.0, 0.0]), PACKED, Card::default()).unwrap();
    let scores = twin::score(&model, 1, &[30, 0]).unwrap();
    assert_eq!(model.output_scale().to_number(scores[0]), 0.5);
    assert!(matches!(twin::score(&model, 4, &[31, 0]), Err(InputError::OutOfBounds { record: 4, .. })));
}

#[test]
fn engines_refuse_what_they_cannot_score() {
    let units = |width: usize| vec![FloatForm { weights: vec![1.0; width], constant: 0.0 }; 2];
    let classes = vec!["a".to_owned(), "b".to_owned()];
    let network = |layers| FloatModel {
        features: vec![declared(0, 0, 0.0, 10.0), declared(1, 0, 0.0, 10.0)],
        standardisation: None,
        family: FloatFamily::Network { classes: classes.clone(), layers },
    };
    let two = network(vec![units(2), units(2)]);
    assert!(quantise(&two, PACKED, Card::default()).is_ok());
    let refused = quantise(&network(vec![units(2); 3]), PACKED, Card::default()).unwrap_err();
    assert_eq!(refused, QuantiseError::Plan(PlanError::TooDeep { actual: 3 }));
    let wide = FloatModel {
        features: (0..89).map(|index| declared(index, 0, 0.0, 1.0)).collect(),
        ..network(vec![units(89), units(2)])
    };
    let refused = quantise(&wide, PACKED, Card::default()).unwrap_err();
    assert_eq!(refused, QuantiseError::Plan(PlanError::TooManyProducts { features: 89, most: 88 }));
    let refused = quantise(&linear(vec![declared(0, 0, 0.0, 1.0)], vec![1.0]), BY_LAYERS, Card::default());
    assert!(matches!(refused, Err(QuantiseError::Plan(PlanError::Family { .. }))));
    // Four squares one after the other do not fit, however few bits the weights have.
    let deep = network(vec![units(2); 5]);
    let refused = quantise(&deep, BY_LAYERS, Card::default()).unwrap_err();
    assert!(matches!(refused, QuantiseError::Plan(_) | QuantiseError::Model(_)), "{refused}");
    {
        let one_round = Options { engine: Engine::OneRound, weight_bits: 8 };
        assert!(quantise(&two, one_round, Card::default()).is_ok());
        let three = network(vec![units(2); 3]);
        let refused = quantise(&three, one_round, Card::default()).unwrap_err();
        assert_eq!(refused, QuantiseError::Plan(PlanError::TooDeep { actual: 3 }));
    }
}

#[test]
fn records_that_do_not_fit_are_told_why() {
    let features = vec![declared(0, 1, 0.0, 10.0), declared(1, 0, -5.0, 10.0)];
    let model = quantise(&linear(features, vec![1.0, 2.0]), PACKED, Card::default()).unwrap();
    let features = model.features();
    let sentence = |result: Result<Vec<i64>, InputError>| result.unwrap_err().to_string();
    assert!(
        sentence(feature::encode(features, 3, &[1.0]))
            .starts_with("Record 3 has 1 values, and this model takes 2")
    );
    assert!(
        sentence(feature::encode(features, 2, &[1.0, 5.6]))
            .starts_with("Feature \"x1\" of record 2 is outside what this model takes: -5 to 5.")
    );
    assert!(sentence(feature::encode(features, 1, &[f64::INFINITY, 0.0])).contains("is not a finite number"));
    let record = |names: &[&str]| names.iter().map(|&name| (name.to_owned(), 1.0)).collect();
    assert!(
        sentence(feature::encode_named(features, 1, &record(&["x0"])))
            .starts_with("Feature \"x1\" is missing from record 1")
    );
    assert!(sentence(feature::encode_named(features, 1, &record(&["x0", "x1", "y"]))).contains("\"y\""));
    assert_eq!(feature::encode_named(features, 1, &record(&["x0", "x1"])), Ok(vec![10, 1]));
    let wrong = features[0].check_scale(Scale::decimal(2)).unwrap_err().to_string();
    assert!(wrong.contains("is stored with 2 decimals, and this model takes it with 1 decimals"), "{wrong}");
    assert_eq!(features[0].check_scale(Scale::decimal(1)), Ok(()));
}
