//! What cannot be learned from is refused in a sentence.

use veilsum_train::data::Labels;
use veilsum_train::kmeans::{self, Options};
use veilsum_train::{linear, logistic};

use crate::support::{features, rng};

fn sentence<T: std::fmt::Debug, E: std::error::Error>(result: Result<T, E>) -> String {
    result.expect_err("refused").to_string()
}

#[test]
fn linear_regression_names_what_is_wrong() {
    let four = features(2, &[1.0, 2.0, 2.0, 1.0, 3.0, 5.0, 4.0, 0.0]);
    let fit = |target: &[f64], ridge| linear::fit(&four, target, ridge);
    assert_eq!(
        sentence(fit(&[1.0], 0.0)),
        "there are 4 rows of features and 1 of the target: each row needs both"
    );
    assert_eq!(
        sentence(fit(&[1.0, f64::NAN, 0.0, 0.0], 0.0)),
        "row 1 of the target is not a finite number: correct the cell or drop the row"
    );
    assert_eq!(
        sentence(fit(&[0.0; 4], -1.0)),
        "the ridge penalty must be 0 or a positive number: correct it"
    );
    assert_eq!(
        sentence(linear::fit(&features(1, &[1.0]), &[2.0], 0.0)),
        "at least 2 rows are needed here, and there are 1: add rows or choose fewer columns"
    );
    let constant = features(2, &[1.0, 7.0, 2.0, 7.0, 3.0, 7.0]);
    assert_eq!(
        sentence(linear::fit(&constant, &[1.0, 2.0, 3.0], 0.0)),
        "column “b” is the same in every row, so that nothing can be learned from it: leave it out"
    );
    // A ridge leaves it at 0.
    assert_eq!(linear::fit(&constant, &[1.0, 2.0, 3.0], 0.1).unwrap().coefficients[1], 0.0);
}

#[test]
fn numbers_at_the_end_of_the_range_end_in_an_error_or_a_model() {
    let huge = features(1, &[1e308, -1e308, 1e308, 3.0]);
    let labels = Labels::from_words(&["x", "y", "x", "y"]).unwrap();
    for ridge in [0.0, 1.0] {
        let fit = linear::fit(&huge, &[1.0, 2.0, 3.0, 4.0], ridge);
        assert!(fit.is_err_and(|error| !error.to_string().is_empty()));
    }
    assert!(logistic::fit(&huge, &labels, 1.0).is_err());
    assert!(kmeans::fit(&huge, Options::new(2), &mut rng(0)).is_ok_and(|model| model.centroids.len() == 2));
}

#[test]
fn collinear_columns_are_named_with_what_they_follow_from() {
    // d = 2·a − c + 3, and b is free.
    let free = [
        [1.0, 5.0, 2.0],
        [2.0, 1.0, 8.0],
        [4.0, 4.0, 1.0],
        [0.0, 9.0, 3.0],
        [7.0, 2.0, 2.0],
        [3.0, 3.0, 3.5],
    ];
    let values: Vec<f64> = free.iter().flat_map(|[a, b, c]| [*a, *b, *c, 2.0 * a - c + 3.0]).collect();
    let table = features(4, &values);
    let target = [1.0, 3.0, 2.0, 5.0, 4.0, 0.0];
    assert_eq!(
        sentence(linear::fit(&table, &target, 0.0)),
        "column “d” follows from “a” and “c”: leave one of them out or use a ridge penalty"
    );
    assert!(linear::fit(&table, &target, 1.0).unwrap().coefficients.iter().all(|value| value.is_finite()));
}

#[test]
fn logistic_regression_names_what_is_wrong() {
    let four = features(1, &[1.0, 2.0, 3.0, 4.0]);
    let labels = |words: &[&str]| Labels::from_words(words).unwrap();
    assert_eq!(
        sentence(logistic::fit(&four, &labels(&["x", "x", "x", "x"]), 1.0)),
        "all rows are of class “x”: training needs rows of at least two classes"
    );
    let three = vec!["x".to_owned(), "y".to_owned(), "z".to_owned()];
    assert_eq!(
        sentence(logistic::fit(&four, &Labels::new(three, vec![0, 2, 0, 2]).unwrap(), 1.0)),
        "no row is of class “y”: leave the class out or add rows of it"
    );
    let two = labels(&["x", "y", "x", "y"]);
    for c in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            sentence(logistic::fit(&four, &two, c)),
            "C, the inverse of the penalty, must be a positive number: correct it"
        );
    }
    let constant = features(1, &[2.0; 4]);
    assert!(sentence(logistic::fit(&constant, &two, 1.0)).starts_with("column “a” is the same in every row"));
    assert!(
        sentence(logistic::fit(&four, &labels(&["x", "y"]), 1.0)).starts_with("there are 4 rows of features")
    );
    // Two columns that are one: the penalty shares the weight between them.
    let twice = features(2, &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
    let model = logistic::fit(&twice, &two, 1.0).unwrap();
    assert!((model.weights[0][0] - model.weights[0][1]).abs() < 1e-12);
}

#[test]
fn k_means_names_what_is_wrong() {
    let fit =
        |values: &[f64], clusters| kmeans::fit(&features(1, values), Options::new(clusters), &mut rng(0));
    assert_eq!(
        sentence(fit(&[1.0, 2.0], 3)),
        "3 clusters need as many different rows, and there are 2: choose fewer clusters"
    );
    assert_eq!(
        sentence(fit(&[1.0, 2.0, 1.0, 2.0], 3)),
        "3 clusters need as many different rows, and there are 2: choose fewer clusters"
    );
    assert_eq!(sentence(fit(&[1.0, 2.0], 0)), "the number of clusters must be at least 1: correct it");
    assert_eq!(fit(&[4.0], 1).unwrap().centroids, [[4.0]]);
}
