//! Models that scikit-learn trained, imported and quantised, against what scikit-learn says of the same records.
//! `tests/vectors/generate.py` made them.

#![expect(clippy::unwrap_used, reason = "a test stops where something fails")]

mod vectors;

use vectors::{EXPORTS, Vector};
use veilsum_model::import::{self, ImportError};
use veilsum_model::model::{Family, Model};
use veilsum_model::plan::Engine;
use veilsum_model::predict::{Prediction, predict};
use veilsum_model::{feature, twin};

#[test]
fn scores_are_within_the_stated_error_and_predictions_the_same() {
    for (name, _, _) in EXPORTS {
        let vector = Vector::read(name);
        let model = vector.model();
        let card = model.card();
        let error = card.quantisation_error.unwrap().get() + card.rounding_error.unwrap().get();
        let interface = model.interface();
        for (index, record) in vector.records.iter().enumerate() {
            let integers = feature::encode(model.features(), index + 1, record).unwrap();
            let scores = twin::score(&model, index + 1, &integers).unwrap();
            assert_eq!(scores.len(), vector.scores[index].len());
            for (score, expected) in scores.iter().zip(&vector.scores[index]) {
                let actual = model.output_scale().to_number(*score);
                // scikit-learn takes square roots and squares again: a few units of its last place.
                let slack = 1e-12 * (1.0 + expected.abs());
                assert!((actual - expected).abs() <= error + slack, "{name}: {actual} {expected} {error}");
            }
            let expected = vector.predictions[index];
            match predict(&interface, &scores).unwrap() {
                Prediction::Value { value } => assert!((value - expected).abs() <= error + 1e-9),
                Prediction::Class { class: found, .. } | Prediction::Cluster { cluster: found, .. } => {
                    assert_eq!(f64::from(u32::try_from(found).unwrap()), expected, "{name}, record {index}");
                }
            }
        }
    }
}

#[test]
fn errors_are_as_small_as_the_families_allow() {
    let error = |name| Vector::read(name).model().card().quantisation_error.unwrap().get();
    assert!(error("diabetes") < 1e-4, "{}", error("diabetes"));
    assert!(error("breast_cancer") < 1e-4, "{}", error("breast_cancer"));
    assert!(error("iris") < 1e-3, "{}", error("iris"));
    assert!(error("iris_standardised") < 1e-3, "{}", error("iris_standardised"));
    // Records of the test set hold all values exactly.
    assert_eq!(Vector::read("iris").records.len(), 150);
}

#[test]
fn coefficients_of_diabetes_are_those_of_least_squares() {
    let imported = Vector::read("diabetes").imported;
    let model = Vector::read("diabetes").model();
    let veilsum_model::float::FloatFamily::Linear { form, .. } = &imported.model.family else { panic!() };
    let Family::Linear { form: quantised, .. } = model.family() else { panic!() };
    for ((weight, feature), integer) in form.weights.iter().zip(model.features()).zip(&quantised.weights) {
        let back = model.output_scale().to_number((*integer).into()) * feature.scale.factor();
        assert!((back - weight).abs() < 1e-6, "{}: {back} {weight}", feature.name);
    }
}

#[test]
fn iris_clusters_have_the_inertia_of_scikit_learn() {
    let vector = Vector::read("iris");
    let model = vector.model();
    let nearest = |record: &Vec<f64>| {
        let integers = feature::encode(model.features(), 1, record).unwrap();
        *twin::score(&model, 1, &integers).unwrap().iter().min().unwrap()
    };
    let inertia: i128 = vector.records.iter().map(nearest).sum();
    assert!((model.output_scale().to_number(inertia) - 78.851_441_426_146).abs() < 1e-3);
}

/// Frozen when the format was new: read for ever.
#[test]
fn models_keep_their_bytes() {
    macro_rules! frozen {
        ($($name:literal),*) => { [$(($name, include_bytes!(concat!("frozen/", $name, ".json")).as_slice())),*] };
    }
    let frozen = frozen![
        "diabetes",
        "diabetes_ridge",
        "breast_cancer",
        "iris_logistic",
        "iris",
        "iris_standardised",
        "digits"
    ];
    for (name, bytes) in frozen {
        let model = Model::from_bytes(bytes).unwrap();
        assert!(model.to_bytes() == bytes, "{name}");
        assert!(Vector::read(name).model() == model, "{name} is quantised to other integers than it was");
    }
}

#[test]
fn refuses_files_that_are_no_exports() {
    let text = core::str::from_utf8(Vector::bytes("iris")).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        import::sklearn(text.replacen(from, to, 1).as_bytes())
    };
    assert_eq!(import::sklearn(b"").unwrap_err(), ImportError::NotAnExport);
    assert_eq!(import::sklearn(b"[1]").unwrap_err(), ImportError::NotAnExport);
    assert_eq!(with("veilsum-sklearn", "other").unwrap_err(), ImportError::NotAnExport);
    assert_eq!(
        with("\"version\": 1", "\"version\": 2").unwrap_err(),
        ImportError::UnknownVersion { actual: 2 }
    );
    assert_eq!(
        with("\"version\": 1", "\"version\": 0").unwrap_err(),
        ImportError::UnknownVersion { actual: 0 }
    );
    // Not JSON at all, a number that no float holds, and a part that does not exist.
    assert_eq!(with("4.3", "NaN").unwrap_err(), ImportError::NotAnExport);
    assert!(matches!(with("4.3", "1e999"), Err(ImportError::Unreadable { line: 1, .. })));
    assert!(matches!(with("k-means", "forest"), Err(ImportError::Unreadable { line: 1, .. })));
    assert!(matches!(with("\"decimals\": 1", "\"decimals\": 256"), Err(ImportError::Unreadable { .. })));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(import::sklearn(deep.as_bytes()).unwrap_err(), ImportError::NotAnExport);
    let breast = core::str::from_utf8(Vector::bytes("breast_cancer")).unwrap();
    let extra = breast.replacen("\"intercepts\": [", "\"intercepts\": [1.0, ", 1);
    assert_eq!(
        import::sklearn(extra.as_bytes()).unwrap_err(),
        ImportError::Shape { forms: 1, intercepts: 2 }
    );
}

#[test]
fn the_digits_network_fits_every_engine() {
    let model = Vector::read("digits").model();
    Engine::ByLayers.check(&model).unwrap();
    Engine::Packed.check(&model).unwrap();
    assert_eq!(model.inputs().len(), 64 + 64 * 65 / 2);
    let interface = model.interface();
    assert!(interface.packs_records);
    assert_eq!(interface.layer_count, 2);
    assert_eq!(interface.engines, Engine::ALL);
    {
        let plan = veilsum_model::plan::one_round(&model).unwrap();
        assert_eq!((plan.primes, plan.level), (2, 1));
    }
}
