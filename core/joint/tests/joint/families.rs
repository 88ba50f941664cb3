//! The three families, over ciphertexts, against a fit over all rows.

use veilsum_joint::lead::Progress;
use veilsum_joint::outcome::Learned;
use veilsum_joint::terms::Family;
use veilsum_model::model::Card;
use veilsum_model::plan::Engine;
use veilsum_model::quantise::{Options, WEIGHT_BITS, quantise};
use veilsum_model::text::Real;

use crate::support::{Table, real, terms, train};

fn floats(reals: &[Real]) -> Vec<f64> {
    reals.iter().map(|real| real.get()).collect()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn references() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../train/tests/fixtures/references.json")).unwrap()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn logistic_regression_over_three_owners_is_scikit_learns_optimum() {
    let table = Table::named("breast_cancer");
    let label = table.names.last().unwrap().clone();
    let classes = ["0".to_owned(), "1".to_owned()];
    let family = Family::Logistic { label, classes, c: real(1.0) };
    let (outcome, found) = train(&terms(table.features(), family.clone()), &table.owners());
    assert_eq!(outcome.rows, 569);
    assert!(outcome.rounds <= 13, "{} rounds besides the moments", outcome.rounds - 1);
    let Learned::Logistic { coefficients, .. } = &outcome.numbers else { panic!("{outcome:?}") };
    let references = references();
    let case = &references["logistic"][0];
    assert_eq!((case["table"].as_str(), case["c"].as_f64()), (Some("breast_cancer.csv"), Some(1.0)));
    let expected = [numbers(&case["weights"][0]), numbers(&case["intercepts"])].concat();
    let error = distance(&floats(coefficients), &expected);
    assert!(error < 1e-9, "off by {error:e}");
    // Each step is shorter than the one before, in the end by half of the digits.
    let lengths: Vec<f64> = found
        .progress
        .iter()
        .filter_map(|told| match told {
            Progress::Step { gradient_length, .. } => Some(*gradient_length),
            Progress::Moments { .. } | Progress::Solved { .. } | Progress::Iteration { .. } => None,
        })
        .collect();
    assert_eq!(lengths.len(), outcome.rounds as usize - 1);
    assert!(lengths.is_sorted_by(|before, after| before > after), "{lengths:?}");
    // What comes out can be published.
    let float = outcome.float_model(&terms(table.features(), family));
    let options = Options { engine: Engine::Packed, weight_bits: WEIGHT_BITS };
    let model = quantise(&float, options, Card::default()).unwrap();
    assert_eq!(model.features().len(), 30);
}

#[test]
fn linear_regression_from_encrypted_moments_is_least_squares() {
    let table = Table::named("diabetes");
    let target = table.bounded(table.names.last().unwrap());
    let names: Vec<String> = table.names[..10].to_vec();
    let all = table.rows.iter().flat_map(|row| row[..10].iter().map(|cell| cell.parse().unwrap()));
    let features = veilsum_train::data::Features::new(names, all.collect()).unwrap();
    let values: Vec<f64> = table.rows.iter().map(|row| row[10].parse().unwrap()).collect();
    let direct = veilsum_train::linear::fit(&features, &values, 0.0).unwrap();
    let family = |ridge| Family::Linear { target: target.clone(), ridge: real(ridge) };
    let (outcome, _) = train(&terms(table.features(), family(0.0)), &table.owners());
    let Learned::Linear { coefficients, intercept, r_squared, .. } = &outcome.numbers else { panic!() };
    assert!(distance(&floats(coefficients), &direct.coefficients) < 1e-6);
    assert!((intercept.get() - direct.intercept).abs() < 1e-6);
    assert!((r_squared.get() - 0.517_748).abs() < 1e-6, "{r_squared:?}");
    assert_eq!((outcome.rows, outcome.rounds), (442, 2));
    let case = &references()["linear_standardised_ridge"][1];
    let (outcome, _) =
        train(&terms(table.features(), family(case["alpha"].as_f64().unwrap())), &table.owners());
    let Learned::Linear { coefficients, .. } = &outcome.numbers else { panic!() };
    assert!(distance(&floats(coefficients), &numbers(&case["coefficients"])) < 1e-6);
}

#[test]
fn k_means_finds_the_clusters_of_iris() {
    let table = Table::named("iris");
    let family = |standardised, seed| Family::KMeans { clusters: 3, starts: 6, seed, standardised };
    // In columns as they are the inertia is 78.85, in standardised ones 139.82: scikit-learn's best of many starts.
    for (standardised, seed, expected) in [(false, 2, 78.851_441), (true, 1, 139.820_496)] {
        let (outcome, found) = train(&terms(table.features(), family(standardised, seed)), &table.owners());
        let Learned::KMeans { inertia, start, centroids, .. } = &outcome.numbers else { panic!() };
        assert!((inertia.get() - expected).abs() < 1e-5, "{inertia:?} of start {start}");
        assert_eq!((outcome.rows, centroids.len()), (150, 3));
        let mut ends = [f64::INFINITY; 6];
        for told in &found.progress {
            if let Progress::Iteration { start, inertia, .. } = told {
                let end = &mut ends[*start as usize - 1];
                assert!(inertia <= end, "inertia falls within a start");
                *end = *inertia;
            }
        }
        assert_eq!(ends.into_iter().fold(f64::INFINITY, f64::min), inertia.get());
    }
}
