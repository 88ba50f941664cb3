use proptest::prelude::*;
use veilsum_train::data::{Features, Labels};
use veilsum_train::rounds::logistic::{Fit, Round, contribution};
use veilsum_train::rounds::{Contribution, TOTAL_BITS, Terms};
use veilsum_train::standardise::Standardisation;

use super::{TERMS, owners, standardised, total};
use crate::support::{Table, distance, features, numbers, references, rows};

/// Rounds until the fit settles: its coefficients, the intercept last, and the rounds it took.
fn fit(parts: &[Features], positive: &[Vec<bool>], c: f64, terms: Terms) -> (Vec<f64>, u32) {
    let mut fit = Fit::new(parts[0].column_count(), c, terms).expect("terms");
    loop {
        let round = fit.round().clone();
        let total = total(parts, |owner, part| contribution(part, &positive[owner], &round, &terms));
        if fit.update(&total).expect("settles").is_settled {
            return (fit.round().coefficients.clone(), round.number);
        }
    }
}

fn of_owners(labels: &Labels, owners: &[Vec<usize>]) -> Vec<Vec<bool>> {
    let positive = |rows: &Vec<usize>| rows.iter().map(|&row| labels.of_rows()[row] == 1).collect();
    owners.iter().map(positive).collect()
}

#[test]
fn three_owners_reach_the_optimum_of_scikit_learn() {
    let table = Table::named("breast_cancer.csv");
    let labels = table.labels();
    for case in references()["logistic"].as_array().unwrap() {
        if case["table"] != "breast_cancer.csv" {
            continue;
        }
        let mut by_class: Vec<usize> = (0..569).collect();
        by_class.sort_by_key(|&row| labels.of_rows()[row]);
        let sorted = by_class.chunks(200).map(<[usize]>::to_vec).collect::<Vec<_>>();
        for owners in [owners(569).to_vec(), sorted] {
            let (parts, _) = standardised(&table.features, &owners);
            let positive = of_owners(&labels, &owners);
            let (coefficients, rounds) = fit(&parts, &positive, case["c"].as_f64().unwrap(), TERMS);
            let expected = [rows(&case["weights"])[0].clone(), numbers(&case["intercepts"])].concat();
            let error = distance(&coefficients, &expected);
            assert!(error < 1e-9, "off by {error:e}");
            assert!(rounds <= 12, "{rounds} rounds");
        }
    }
}

#[test]
fn pooled_moments_are_those_of_all_rows() {
    let table = Table::named("breast_cancer.csv");
    let (_, pooled) = standardised(&table.features, &owners(569));
    let direct = Standardisation::fit(&table.features).unwrap();
    for (pooled, direct) in [(&pooled.centres, &direct.centres), (&pooled.scales, &direct.scales)] {
        let largest = pooled.iter().zip(direct).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
        assert!(largest < 1e-12, "{largest:e}");
    }
}

#[test]
fn contributions_add_up_to_that_of_all_rows() {
    let table = Table::named("breast_cancer.csv");
    let owners = owners(569);
    let (parts, pooled) = standardised(&table.features, &owners);
    let round = Round { number: 3, coefficients: (0..31).map(|at| f64::from(at) / 50.0 - 0.3).collect() };
    let positive = of_owners(&table.labels(), &owners);
    let sum = total(&parts, |owner, part| contribution(part, &positive[owner], &round, &TERMS));
    let all = pooled.apply(&table.features).unwrap();
    let positive: Vec<bool> = table.labels().of_rows().iter().map(|&class| class == 1).collect();
    let whole = contribution(&all, &positive, &round, &TERMS).unwrap();
    assert_eq!((sum.slots.len(), whole.slots.len()), (529, 529));
    assert_eq!((&sum.slots[..2], &whole.slots[..2]), ([569, 3].as_slice(), [569, 1].as_slice()));
    for (sum, whole) in sum.slots.iter().zip(&whole.slots).skip(2) {
        // Sums in floats of 53 bits, in units of which 61 fit the bound: a few of the last bits.
        assert!(sum.abs_diff(*whole) < 1 << 14, "{sum} is not {whole}");
    }
}

#[test]
fn no_row_within_the_terms_outgrows_a_slot() {
    for (most_rows, bound) in [(64, 1.0), (64, 32.0), (64, 1_000.0)] {
        let terms = Terms { owners: 1, most_rows, least_rows: 1, bound };
        let values: Vec<f64> = (0..most_rows).flat_map(|_| [bound, -bound]).collect();
        let table = features(2, &values);
        for coefficients in [vec![0.0; 3], vec![1e3, -1e3, 1e3]] {
            let round = Round { number: 1, coefficients };
            let sums = contribution(&table, &[false; 64], &round, &terms).unwrap();
            assert!(sums.slots.iter().all(|sum| sum.unsigned_abs() <= 1 << TOTAL_BITS));
        }
        // The bound is reached, up to the powers of two.
        let round = Round { number: 1, coefficients: vec![0.0; 3] };
        let sums = contribution(&table, &[false; 64], &round, &terms).unwrap();
        assert!(sums.slots[5].unsigned_abs() > 1 << (TOTAL_BITS - 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rounds_end_where_a_fit_over_all_rows_ends(
        values in prop::collection::vec(-1.0_f64..1.0, 60),
        exponent in 1_i32..9,
        classes in prop::collection::vec(any::<bool>(), 30),
        c in prop::sample::select(vec![0.01, 1.0, 100.0, 10_000.0]),
    ) {
        prop_assume!(classes.iter().any(|class| *class) && classes.iter().any(|class| !class));
        // Odd powers make a few rows stand far out, where whole steps of Newton's method overshoot.
        let values: Vec<f64> = values.iter().map(|value| value.powi(2 * exponent - 1)).collect();
        let table = features(2, &values);
        let table = Standardisation::fit(&table).unwrap().apply(&table).unwrap();
        let labels = Labels::new(
            vec!["no".to_owned(), "yes".to_owned()],
            classes.iter().map(|&class| usize::from(class)).collect(),
        ).unwrap();
        let direct = veilsum_train::logistic::fit(&table, &labels, c).unwrap();
        let halves = [(0..15).collect::<Vec<_>>(), (15..30).collect()];
        let parts: Vec<Features> = halves.iter().map(|rows| table.select(rows).unwrap()).collect();
        let terms = Terms { owners: 2, most_rows: 30, least_rows: 10, bound: 8.0 };
        let (coefficients, _) = fit(&parts, &of_owners(&labels, &halves), c, terms);
        let expected = [direct.weights[0].clone(), direct.intercepts].concat();
        let size = expected.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
        prop_assert!(distance(&coefficients, &expected) < 1e-6 * size, "{coefficients:?} is not {expected:?}");
    }
}

#[test]
fn a_fit_goes_on_where_it_was_stored() {
    let table = Table::named("breast_cancer.csv");
    let labels = table.labels();
    let owners = owners(569);
    let (parts, pooled) = standardised(&table.features, &owners);
    let positive = of_owners(&labels, &owners);
    let mut fit = Fit::new(30, 1.0, TERMS).unwrap();
    let mut lengths = Vec::new();
    loop {
        let round = fit.round().clone();
        let total: Contribution =
            total(&parts, |owner, part| contribution(part, &positive[owner], &round, &TERMS));
        let progress = fit.update(&total).unwrap();
        assert_eq!(progress.rows, 569);
        // The page was closed and opened again.
        let stored = serde_json::to_string(&fit).unwrap();
        fit = serde_json::from_str(&stored).unwrap();
        lengths.push(progress.gradient_length);
        if progress.is_settled {
            break;
        }
    }
    assert!(lengths.is_sorted_by(|before, after| before > after), "{lengths:?}");
    let model = fit.model(["benign".to_owned(), "malignant".to_owned()]).unstandardised(&pooled);
    let right =
        table.features.rows().zip(labels.of_rows()).filter(|(row, class)| model.predict(row) == **class);
    assert!(right.count() >= 560);
}

#[test]
fn a_step_that_overshoots_is_halved() {
    // One positive row among many at nearly the same place, and hardly a penalty.
    let values =
        [-0.112, -0.212, -0.41, -0.411, 3.312, 0.687, -0.416, -0.398, -0.41, -0.411, -0.411, -0.411, -0.397];
    let table = features(1, &values);
    let of_rows: Vec<usize> = (0..13).map(|row| usize::from(row == 9)).collect();
    let labels = Labels::new(vec!["no".to_owned(), "yes".to_owned()], of_rows).unwrap();
    let positive: Vec<bool> = labels.of_rows().iter().map(|&class| class == 1).collect();
    let terms = Terms { owners: 1, most_rows: 13, least_rows: 13, bound: 4.0 };
    let mut fit = Fit::new(1, 1e6, terms).unwrap();
    let mut lengths = Vec::new();
    loop {
        let sums = contribution(&table, &positive, fit.round(), &terms).unwrap();
        let progress = fit.update(&sums).unwrap();
        lengths.push(progress.gradient_length);
        if progress.is_settled {
            break;
        }
    }
    assert!(!lengths.is_sorted_by(|before, after| before >= after), "{lengths:?}");
    let direct = veilsum_train::logistic::fit(&table, &labels, 1e6).unwrap();
    let expected = [direct.weights[0][0], direct.intercepts[0]];
    assert!(
        distance(&fit.round().coefficients, &expected) < 1e-5 * expected[0].abs(),
        "{:?} is not {expected:?}",
        fit.round().coefficients
    );
}
