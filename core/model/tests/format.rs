//! A model's bytes are read in one way, and every other is refused.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

use veilsum_model::feature::Feature;
use veilsum_model::interface::Interface;
use veilsum_model::model::{
    Card, Family, FamilyName, Form, FormatError, Layer, MAX_BYTES, Metric, Model, ModelError, Terms,
};
use veilsum_model::plan::Engine;
use veilsum_model::scale::Scale;
use veilsum_model::text::{Real, Wide};

fn feature(name: &str) -> Feature {
    Feature { name: name.to_owned(), scale: Scale::decimal(1), lowest: -10, highest: 20 }
}

fn form(weights: &[i64]) -> Form {
    Form { weights: weights.to_vec(), constant: Wide(-7) }
}

fn model(family: Family) -> Result<Model, ModelError> {
    let metrics = vec![Metric { name: "R2".to_owned(), value: Real::new(0.5).unwrap() }];
    let card = Card { name: "m".to_owned(), metrics, ..Card::default() };
    Model::new(vec![feature("a"), feature("b")], family, Scale::binary(3), card)
}

fn linear() -> Model {
    model(Family::Linear { target: "y".to_owned(), form: form(&[2, -3]) }).unwrap()
}

fn classes(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Frozen: these bytes are read for ever.
const LINEAR: &str = concat!(
    r#"{"format":"veilsum-model","version":1,"features":["#,
    r#"{"name":"a","scale":{"decimal":1,"binary":0},"lowest":-10,"highest":20},"#,
    r#"{"name":"b","scale":{"decimal":1,"binary":0},"lowest":-10,"highest":20}],"#,
    r#""family":{"kind":"linear","target":"y","form":{"weights":[2,-3],"constant":"-7"}},"#,
    r#""output_scale":{"decimal":0,"binary":3},"#,
    r#""card":{"name":"m","training_data":"","training_rows":0,"source":"","#,
    r#""metrics":[{"name":"R2","value":"0.5"}],"quantisation_error":null,"rounding_error":null}}"#,
);

#[test]
fn version_one_is_frozen() {
    assert_eq!(String::from_utf8(linear().to_bytes()).unwrap(), LINEAR);
    assert_eq!(Model::from_bytes(LINEAR.as_bytes()).unwrap(), linear());
    assert_eq!(
        linear().interface().model,
        "fe28e9b1d1b53b0af9ba840a20b9a6beaee7e8e498d0c74b822bb8fbe2f43ee3",
        "the digest names the model in queries"
    );
}

#[test]
fn refuses_every_truncation_and_every_changed_byte_or_reads_another_model() {
    let good = LINEAR.as_bytes();
    for length in 0..good.len() {
        assert!(Model::from_bytes(&good[..length]).is_err(), "{length}");
    }
    for index in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.to_vec();
            bytes[index] ^= 1 << bit;
            if let Ok(other) = Model::from_bytes(&bytes) {
                assert_ne!(other.digest(), linear().digest());
                assert_eq!(other.to_bytes(), bytes);
            }
        }
    }
}

#[test]
fn refuses_each_fault_by_name() {
    let with = |from: &str, to: &str| {
        assert!(LINEAR.contains(from), "{from}");
        Model::from_bytes(LINEAR.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    assert_eq!(with("veilsum-model", "veilsum-modem"), FormatError::NotAModel);
    assert_eq!(with("\"version\":1", "\"version\":2"), FormatError::UnknownVersion { actual: 2 });
    assert_eq!(with("\"version\":1", "\"version\":0"), FormatError::UnknownVersion { actual: 0 });
    assert_eq!(with(",\"version\"", ", \"version\""), FormatError::NotCanonical);
    assert!(matches!(with("\"-7\"", "-7"), FormatError::Unreadable { .. }));
    assert!(matches!(with("\"-7\"", "\"-07\""), FormatError::Unreadable { .. }));
    assert!(matches!(with("\"0.5\"", "\"NaN\""), FormatError::Unreadable { .. }));
    assert!(matches!(with("[2,-3]", "[2.5,-3]"), FormatError::Unreadable { .. }));
    assert!(matches!(with("[2,-3]", "[9223372036854775808,-3]"), FormatError::Unreadable { .. }));
    assert!(matches!(with("\"linear\"", "\"forest\""), FormatError::Unreadable { .. }));
    assert!(matches!(with("\"source\"", "\"sauce\""), FormatError::Unreadable { .. }));
    let model = |from, to| {
        let FormatError::Model(fault) = with(from, to) else { panic!("{from}") };
        fault
    };
    assert_eq!(model("[2,-3]", "[2]"), ModelError::Shape { what: "form", index: 1, expected: 2, actual: 1 });
    assert_eq!(model("\"a\"", "\"b\""), ModelError::Name { what: "feature", index: 2 });
    assert_eq!(model("\"a\"", "\"\""), ModelError::Name { what: "feature", index: 1 });
    assert_eq!(
        model("\"lowest\":-10", "\"lowest\":21"),
        ModelError::FeatureBound { feature: "a".to_owned() }
    );
    assert_eq!(
        model("\"lowest\":-10", "\"lowest\":-4611686018427387904"),
        ModelError::FeatureBound { feature: "a".to_owned() }
    );
    assert_eq!(model("\"decimal\":1,", "\"decimal\":19,"), ModelError::Scale { what: "a".to_owned() });
    assert_eq!(model("\"binary\":3", "\"binary\":121"), ModelError::Scale { what: "the scores".to_owned() });
    assert_eq!(
        model("\"-7\"", "\"42535295865117307932921825928971026432\""),
        ModelError::TooWide { what: "score", index: 1 }
    );
    let long = "m".repeat(3_000);
    assert_eq!(model("\"m\"", &format!("\"{long}\"")), ModelError::Text);
    assert_eq!(
        Model::from_bytes(&vec![b' '; MAX_BYTES + 1]),
        Err(FormatError::TooLong { actual: MAX_BYTES + 1 })
    );
    assert_eq!(Model::from_bytes("[".repeat(100_000).as_bytes()), Err(FormatError::NotAModel));
}

#[test]
fn parts_must_fit_each_other() {
    let count = |result: Result<Model, ModelError>| match result {
        Err(ModelError::Count { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let logistic = |names: &[&str], forms: usize| {
        model(Family::Logistic { classes: classes(names), forms: vec![form(&[1, 1]); forms] })
    };
    assert!(logistic(&["n", "y"], 1).is_ok());
    assert!(logistic(&["a", "b", "c"], 3).is_ok());
    assert_eq!(count(logistic(&["a"], 1)), "classes");
    assert_eq!(count(logistic(&["n", "y"], 2)), "forms");
    assert_eq!(count(logistic(&["a", "b", "c"], 2)), "forms");
    assert_eq!(logistic(&["a", "a"], 1), Err(ModelError::Name { what: "class", index: 2 }));
    let clusters = |metric: Vec<i64>, centroids: Vec<Vec<i64>>| {
        model(Family::KMeans { centroid_bits: 2, metric, centroids })
    };
    assert!(clusters(vec![1, 0], vec![vec![5, 6]]).is_ok());
    assert_eq!(count(clusters(vec![1, 1], vec![])), "clusters");
    assert_eq!(
        clusters(vec![1, -1], vec![vec![5, 6]]),
        Err(ModelError::NegativeMetric { feature: "b".to_owned() })
    );
    assert_eq!(
        clusters(vec![1, 1], vec![vec![5, 6], vec![5]]),
        Err(ModelError::Shape { what: "centroid", index: 2, expected: 2, actual: 1 })
    );
    assert!(matches!(clusters(vec![i64::MAX, 1], vec![vec![i64::MAX, 6]]), Err(ModelError::TooWide { .. })));
    let network = |names: &[&str], widths: &[usize]| {
        let mut width = 2;
        let mut layers = Vec::new();
        for &units in widths {
            layers.push(Layer { units: vec![form(&vec![1; width]); units] });
            width = units;
        }
        model(Family::Network { classes: classes(names), layers })
    };
    assert!(network(&["a", "b", "c"], &[4, 3]).is_ok());
    assert!(network(&["n", "y"], &[1]).is_ok());
    assert!(network(&[], &[3, 1]).is_ok());
    assert_eq!(count(network(&["a", "b"], &[4, 3])), "classes");
    assert_eq!(count(network(&[], &[])), "layers");
    assert_eq!(count(network(&[], &[0])), "units of a layer");
}

#[test]
fn interfaces_tell_no_weights_and_are_not_believed() {
    let interface = linear().interface();
    let bytes = interface.to_bytes();
    assert_eq!(Interface::from_bytes(&bytes), Ok(interface.clone()));
    assert_eq!(interface.rows_that_reveal(), Some(3));
    let text = String::from_utf8(bytes).unwrap();
    for secret in ["weights", "constant", "-3", "-7"] {
        assert!(!text.contains(secret), "{secret}");
    }
    // The exact bound would tell of the weights: 2·20 + 3·10 − 7 = 63 has 6 bits, and the class has 8.
    assert_eq!(interface.score_bits, 8);
    assert_eq!((interface.engines.as_slice(), interface.layer_count), ([Engine::Packed].as_slice(), 0));
    let with = |change: &dyn Fn(&mut Interface)| {
        let mut interface = interface.clone();
        change(&mut interface);
        Interface::from_bytes(&interface.to_bytes()).is_ok()
    };
    assert!(with(&|_| ()));
    assert!(!with(&|interface| interface.score_bits = 126));
    assert!(!with(&|interface| interface.score_count = 2));
    assert!(!with(&|interface| interface.score_count = 0));
    assert!(!with(&|interface| interface.output_scale = Scale::binary(200)));
    assert!(!with(&|interface| interface.features[0].highest = i64::MIN));
    assert!(!with(&|interface| interface.features.clear()));
    assert!(!with(&|interface| interface.classes = classes(&["a", "b"])));
    assert!(!with(&|interface| interface.family = FamilyName::Logistic));
    assert!(with(&|interface| interface.family = FamilyName::Network));
    assert!(!with(&|interface| interface.terms = Terms::Products));
    assert!(!with(&|interface| interface.terms = Terms::Squares));
}
