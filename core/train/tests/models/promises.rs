//! What is promised of the models on the sample tables.

use veilsum_train::evaluate::ranking::Ranking;
use veilsum_train::evaluate::{classification, clustering, regression};
use veilsum_train::kmeans::Options;
use veilsum_train::{kmeans, linear, logistic, split};

use crate::support::{Table, golden, rng};

#[test]
fn diabetes_explains_half_of_the_variance() {
    let table = Table::named("diabetes.csv");
    let target = table.values();
    let model = linear::fit(&table.features, &target, 0.0).unwrap();
    let predicted: Vec<f64> = table.features.rows().map(|row| model.predict(row)).collect();
    let report = regression::report(&target, &predicted).unwrap();
    let expected = &golden()["diabetes"]["linear_progression_on_all"];
    assert!((report.r_squared.unwrap() - 0.517_748_422_220_35).abs() < 1e-12);
    assert!((report.rmse - expected["rmse"].as_f64().unwrap()).abs() < 1e-9);
    assert!((report.mae - expected["mae"].as_f64().unwrap()).abs() < 1e-9);
}

#[test]
fn ten_folds_of_diabetes_explain_nearly_as_much() {
    let table = Table::named("diabetes.csv");
    let target = table.values();
    let splits = split::folds(442, 10, &mut rng(0)).unwrap();
    let predicted = linear::cross_validate(&table.features, &target, 0.0, &splits).unwrap();
    let known: Vec<f64> = splits.iter().flat_map(|split| split.test.iter().map(|&row| target[row])).collect();
    let report = regression::report(&known, &predicted.concat()).unwrap();
    let r_squared = report.r_squared.unwrap();
    assert!(r_squared > 0.45 && r_squared < 0.5177, "{r_squared}");
}

#[test]
fn ten_folds_of_breast_cancer_rank_as_promised() {
    let table = Table::named("breast_cancer.csv");
    let labels = table.labels();
    for seed in 0..5 {
        let splits = split::stratified_folds(&labels, 10, &mut rng(seed)).unwrap();
        let judged = logistic::cross_validate(&table.features, &labels, 1.0, &splits).unwrap();
        let (mut accuracy, mut area) = (0.0, 0.0);
        for (split, probabilities) in splits.iter().zip(&judged) {
            let actual = labels.select(&split.test).unwrap();
            let scores: Vec<f64> = probabilities.iter().map(|of_row| of_row[1]).collect();
            let predicted: Vec<usize> = scores.iter().map(|&score| usize::from(score > 0.5)).collect();
            let positive: Vec<bool> = actual.of_rows().iter().map(|&class| class == 1).collect();
            accuracy += classification::report(actual.of_rows(), &predicted, 2).unwrap().accuracy / 10.0;
            area += Ranking::new(&positive, &scores).unwrap().auc() / 10.0;
        }

        assert!(accuracy >= 0.97, "seed {seed}: accuracy {accuracy}");
        assert!(area >= 0.99, "seed {seed}: AUC {area}");
    }
}

#[test]
fn iris_clusters_are_nearly_the_species() {
    let table = Table::named("iris.csv");
    let model = kmeans::fit(&table.features, Options::new(3), &mut rng(0)).unwrap();
    let rand = clustering::adjusted_rand(table.labels().of_rows(), &model.assign(&table.features)).unwrap();
    assert!((model.inertia - 78.85).abs() < 0.005, "inertia {}", model.inertia);
    assert!((rand - 0.730).abs() < 0.0005, "adjusted Rand index {rand}");
}
