use serde_json::Value;
use veilsum_train::evaluate::classification::Scores;
use veilsum_train::evaluate::projection::Projection;
use veilsum_train::evaluate::ranking::Ranking;
use veilsum_train::evaluate::{EvaluateError, calibration, classification, clustering, regression};

use crate::support::{Table, distance, features, numbers, references, rows};

const EXACT: f64 = 1e-12;

fn places(value: &Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).expect("test data")
}

fn assert_close(actual: f64, expected: &Value) {
    let expected = expected.as_f64().expect("test data");
    assert!((actual - expected).abs() <= EXACT * expected.abs().max(1.0), "{actual} is not {expected}");
}

fn parts(scores: &[Scores]) -> [Vec<f64>; 3] {
    let part = |of: fn(&Scores) -> f64| scores.iter().map(of).collect();
    [part(|scores| scores.precision), part(|scores| scores.recall), part(|scores| scores.f1)]
}

#[test]
fn classes_are_scored_as_scikit_learn_does() {
    for case in references()["classification"].as_array().unwrap() {
        let classes = usize::try_from(case["classes"].as_u64().unwrap()).unwrap();
        let report =
            classification::report(&places(&case["actual"]), &places(&case["predicted"]), classes).unwrap();
        assert_close(report.accuracy, &case["accuracy"]);
        let confusion: Vec<Vec<f64>> =
            report.confusion.iter().map(|row| row.iter().map(|&count| count as f64).collect()).collect();
        assert_eq!(confusion, rows(&case["confusion"]));
        for (actual, expected) in parts(&report.by_class).iter().zip(rows(&case["by_class"])) {
            assert!(distance(actual, &expected) < EXACT);
        }
        for (average, name) in [(report.macro_average, "macro"), (report.weighted_average, "weighted")] {
            for (actual, expected) in
                [average.precision, average.recall, average.f1].iter().zip(case[name].as_array().unwrap())
            {
                assert_close(*actual, expected);
            }
        }
        for scores in &report.by_class {
            let (low, high) = (scores.precision.min(scores.recall), scores.precision.max(scores.recall));
            assert!(low - EXACT <= scores.f1 && scores.f1 <= high + EXACT, "{scores:?}");
        }
    }
}

#[test]
fn rankings_are_those_of_scikit_learn_ties_included() {
    for case in references()["ranking"].as_array().unwrap() {
        let positive: Vec<bool> = numbers(&case["actual"]).iter().map(|&class| class == 1.0).collect();
        let scores = numbers(&case["scores"]);
        let ranking = Ranking::new(&positive, &scores).unwrap();
        assert_close(ranking.auc(), &case["roc_auc"]);
        assert_close(ranking.average_precision(), &case["average_precision"]);
        let roc = ranking.roc();
        let rates = |of: fn(&veilsum_train::evaluate::ranking::RocPoint) -> f64| {
            roc.iter().map(of).collect::<Vec<_>>()
        };
        assert!(
            distance(&rates(|point| point.false_positive_rate), &numbers(&case["false_positive_rate"]))
                < EXACT
        );
        assert!(
            distance(&rates(|point| point.true_positive_rate), &numbers(&case["true_positive_rate"])) < EXACT
        );
        // scikit-learn's curve runs the other way.
        let mut curve = ranking.precision_recall();
        curve.reverse();
        let precision: Vec<f64> = curve.iter().map(|point| point.precision).collect();
        let recall: Vec<f64> = curve.iter().map(|point| point.recall).collect();
        assert!(distance(&precision, &numbers(&case["precision"])) < EXACT);
        assert!(distance(&recall, &numbers(&case["recall"])) < EXACT);
        assert_close(calibration::brier(&positive, &scores).unwrap(), &case["brier"]);
        let clipped: Vec<f64> = scores.iter().map(|score| score.clamp(0.01, 0.99)).collect();
        assert_close(calibration::log_loss(&positive, &clipped).unwrap(), &case["log_loss"]);
        let bins = calibration::bins(&positive, &scores, 10).unwrap();
        assert_eq!(bins.iter().map(|bin| bin.rows).sum::<u64>(), positive.len() as u64);
        let filled = bins.iter().filter(|bin| bin.rows > 0);
        let (observed, predicted): (Vec<f64>, Vec<f64>) =
            filled.map(|bin| (bin.observed, bin.mean_predicted)).unzip();
        assert!(distance(&observed, &numbers(&case["calibration_observed"])) < EXACT);
        assert!(distance(&predicted, &numbers(&case["calibration_predicted"])) < EXACT);
    }
}

#[test]
fn a_threshold_counts_what_reaches_it() {
    let ranking = Ranking::new(&[true, false, true, false, true], &[0.9, 0.7, 0.7, 0.2, 0.1]).unwrap();
    let at = ranking.at(0.7);
    let counts = |at: veilsum_train::evaluate::ranking::AtThreshold| {
        (at.true_positives, at.false_positives, at.true_negatives, at.false_negatives)
    };
    assert_eq!(counts(at), (2, 1, 1, 1));
    assert_eq!((at.accuracy, at.precision, at.recall, at.specificity), (0.6, 2.0 / 3.0, 2.0 / 3.0, 0.5));
    assert_eq!(at.f1, 2.0 / 3.0);
    assert_eq!(counts(ranking.at(0.95)), (0, 0, 2, 3));
    assert_eq!(ranking.at(0.95).precision, 0.0);
    assert_eq!(counts(ranking.at(0.0)), (3, 2, 0, 0));
    // Scores that tell nothing: the diagonal, AUC one half.
    assert_eq!(Ranking::new(&[true, false, true], &[0.5; 3]).unwrap().auc(), 0.5);
    assert_eq!(Ranking::new(&[true, false], &[0.0, -0.0]).unwrap().auc(), 0.5);
    assert_eq!(Ranking::new(&[true, false], &[1.0, 0.0]).unwrap().auc(), 1.0);
}

#[test]
fn values_are_judged_as_scikit_learn_does() {
    for case in references()["regression"].as_array().unwrap() {
        let report = regression::report(&numbers(&case["actual"]), &numbers(&case["predicted"])).unwrap();
        assert_close(report.rmse, &case["rmse"]);
        assert_close(report.mae, &case["mae"]);
        assert_close(report.r_squared.unwrap(), &case["r2"]);
    }
    assert_eq!(regression::report(&[2.0, 2.0], &[1.0, 3.0]).unwrap().r_squared, None);
    assert_eq!(regression::residuals(&[2.0, 5.0], &[1.0, 7.0]).unwrap(), [1.0, -2.0]);
}

#[test]
fn clusters_are_judged_as_scikit_learn_does() {
    let case = &references()["clustering"];
    let table = Table::named("iris.csv");
    let clusters = places(&case["clusters"]);
    let silhouette = clustering::silhouette(&table.features, &clusters).unwrap();
    assert_close(silhouette.mean, &case["silhouette"]);
    // scikit-learn takes distances from |a|² − 2·a·b + |b|², which loses some digits.
    assert!(distance(&silhouette.of_rows, &numbers(&case["silhouettes"])) < 1e-9);
    let inertia = clustering::inertia(&table.features, &rows(&case["centroids"]), &clusters).unwrap();
    assert_close(inertia, &case["inertia"]);
    let rand = clustering::adjusted_rand(table.labels().of_rows(), &clusters).unwrap();
    assert_close(rand, &case["adjusted_rand"]);
    for case in references()["rand_index"].as_array().unwrap() {
        let rand = clustering::adjusted_rand(&places(&case["a"]), &places(&case["b"])).unwrap();
        assert_close(rand, &case["adjusted_rand"]);
    }
}

#[test]
fn the_plane_is_that_of_scikit_learn() {
    let case = &references()["clustering"];
    let table = Table::named("iris.csv");
    let projection = Projection::fit(&table.features).unwrap();
    for (component, expected) in projection.components.iter().zip(rows(&case["components"])) {
        assert!(distance(component, &expected) < EXACT);
    }
    assert!(distance(&projection.variances, &numbers(&case["explained_variance"])) < EXACT);
    assert!(distance(&projection.shares, &numbers(&case["explained_variance_ratio"])) < EXACT);
    for (row, expected) in table.features.rows().zip(rows(&case["projected"])) {
        assert!(distance(&projection.place(row), &expected) < EXACT);
    }
    // Two rows lie on a line.
    let two = Projection::fit(&features(3, &[0.0, 0.0, 0.0, 3.0, 4.0, 0.0])).unwrap();
    assert!(distance(&two.components[0], &[0.6, 0.8, 0.0]) < EXACT && two.variances[1].abs() < EXACT);
}

#[test]
fn nothing_to_judge_by_is_a_sentence() {
    let sentence = |error: EvaluateError| error.to_string();
    assert_eq!(
        sentence(Ranking::new(&[true, true], &[0.1, 0.2]).unwrap_err()),
        "the rows are of one class only: ranking needs rows of both"
    );
    assert_eq!(
        Ranking::new(&[true], &[0.1, 0.2]).unwrap_err(),
        EvaluateError::LengthMismatch { actual: 1, predicted: 2 }
    );
    assert_eq!(
        Ranking::new(&[true, false], &[0.1, f64::NAN]).unwrap_err(),
        EvaluateError::NotFinite { row: 1 }
    );
    assert_eq!(classification::report(&[], &[], 2).unwrap_err(), EvaluateError::NoRows);
    assert_eq!(
        classification::report(&[0, 1], &[0, 2], 2).unwrap_err(),
        EvaluateError::NoSuchClass { row: 1, class: 2, classes: 2 }
    );
    assert_eq!(calibration::brier(&[true], &[1.5]).unwrap_err(), EvaluateError::NotAProbability { row: 0 });
    assert!(matches!(calibration::bins(&[true], &[0.5], 0), Err(EvaluateError::Choice { .. })));
    let three = features(2, &[1.0, 1.0, 2.0, 5.0, 3.0, 1.0]);
    for clusters in [[0, 0, 0], [0, 1, 2]] {
        assert!(matches!(
            clustering::silhouette(&three, &clusters),
            Err(EvaluateError::Clusters { rows: 3, .. })
        ));
    }
    assert!(clustering::inertia(&three, &[vec![0.0, 0.0]], &[0, 0, 1]).is_err());
    assert_eq!(
        Projection::fit(&features(1, &[1.0, 2.0])).unwrap_err(),
        EvaluateError::TooFewColumns { needed: 2, actual: 1 }
    );
    assert!(matches!(
        Projection::fit(&features(2, &[1.0, 2.0, 1.0, 2.0])),
        Err(EvaluateError::TooFewRows { .. })
    ));
    let large = features(2, &[1e308, 1.0, -1e308, 2.0, 5.0, 6.0]);
    assert_eq!(Projection::fit(&large).unwrap_err(), EvaluateError::TooLarge);
}
