use veilsum_train::data::Labels;
use veilsum_train::logistic::{self, LogisticModel};
use veilsum_train::standardise::Standardisation;

use crate::support::{Table, distance, numbers, references, rows};

#[test]
fn reaches_the_optimum_that_scikit_learn_reaches() {
    for case in references()["logistic"].as_array().unwrap() {
        let table = Table::named(case["table"].as_str().unwrap());
        let features = Standardisation::fit(&table.features).unwrap().apply(&table.features).unwrap();
        let model = logistic::fit(&features, &table.labels(), case["c"].as_f64().unwrap()).unwrap();
        for (weights, expected) in model.weights.iter().zip(rows(&case["weights"])) {
            let error = distance(weights, &expected);
            assert!(error < 1e-8, "{} C = {}: {error:e}", case["table"], case["c"]);
        }
        // Of several classes only differences of intercepts mean anything.
        let expected = numbers(&case["intercepts"]);
        let shift =
            if expected.len() > 1 { expected.iter().sum::<f64>() / expected.len() as f64 } else { 0.0 };
        let expected: Vec<f64> = expected.iter().map(|intercept| intercept - shift).collect();
        assert!(distance(&model.intercepts, &expected) < 1e-8, "{:?} is not {expected:?}", model.intercepts);
    }
}

#[test]
fn several_classes_share_one_probability() {
    let table = Table::named("iris.csv");
    let features = Standardisation::fit(&table.features).unwrap().apply(&table.features).unwrap();
    let model = logistic::fit(&features, &table.labels(), 1.0).unwrap();
    assert!(model.intercepts.iter().sum::<f64>().abs() < 1e-12);
    let right = features
        .rows()
        .zip(table.labels().of_rows())
        .filter(|(row, class)| model.predict(row) == **class)
        .count();
    assert!(right >= 145, "{right} of 150");
    let row = features.rows().next().unwrap();
    assert!((model.probabilities(row).iter().sum::<f64>() - 1.0).abs() < 1e-14);
}

#[test]
fn folding_the_standardisation_changes_no_score() {
    let table = Table::named("breast_cancer.csv");
    let standardisation = Standardisation::fit(&table.features).unwrap();
    let features = standardisation.apply(&table.features).unwrap();
    let model = logistic::fit(&features, &table.labels(), 1.0).unwrap();
    let raw = model.unstandardised(&standardisation);
    for (row, standardised) in table.features.rows().zip(features.rows()) {
        assert!(distance(&raw.scores(row), &model.scores(standardised)) < 1e-10);
    }
}

#[test]
fn separable_classes_settle_under_a_penalty() {
    let features = crate::support::features(1, &[-2.0, -1.0, 1.0, 2.0]);
    let labels = Labels::from_words(&["no", "no", "yes", "yes"]).unwrap();
    for c in [1e-6, 1.0, 1e6] {
        let model = logistic::fit(&features, &labels, c).unwrap();
        assert!(model.weights[0][0] > 0.0 && model.intercepts[0].abs() < 1e-9);
    }
}

#[test]
fn probabilities_keep_their_range() {
    let model = LogisticModel { classes: vec![], weights: vec![vec![1.0]], intercepts: vec![0.0] };
    assert_eq!(model.probabilities(&[1e4]), [0.0, 1.0]);
    assert_eq!(model.probabilities(&[-1e4]), [1.0, 0.0]);
    assert_eq!(model.probabilities(&[0.0]), [0.5, 0.5]);
    assert_eq!(logistic::softmax(&[1e4, 0.0, 1e4]), [0.5, 0.0, 0.5]);
}
