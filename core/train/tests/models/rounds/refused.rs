use veilsum_train::rounds::kmeans;
use veilsum_train::rounds::logistic::{Fit, Progress, contribution};
use veilsum_train::rounds::{Contribution, RoundError, Terms, moments};

use crate::support::{features, rng};

const TERMS: Terms = Terms { owners: 1, most_rows: 100, least_rows: 4, bound: 4.0 };

#[test]
fn an_owner_with_few_rows_takes_no_part() {
    let few = features(1, &[1.0, 2.0, 3.0]);
    let least = RoundError::TooFewRows { least: 4, actual: 3 };
    let fit = Fit::new(1, 1.0, TERMS).unwrap();
    assert_eq!(contribution(&few, &[true; 3], fit.round(), &TERMS), Err(least.clone()));
    assert_eq!(moments::contribution(&few, &[4.0], &TERMS), Err(least.clone()));
    let clusters = kmeans::Fit::random(1, 2, TERMS, &mut rng(0)).unwrap();
    assert_eq!(kmeans::contribution(&few, clusters.round(), &TERMS), Err(least.clone()));
    assert_eq!(
        least.to_string(),
        "3 rows are fewer than the 4 that were agreed on: sums over so few tell too much of each row"
    );
}

#[test]
fn rows_beyond_the_terms_are_refused() {
    let fit = Fit::new(2, 1.0, TERMS).unwrap();
    let contribute = |values: &[f64], columns: usize, positive: usize| {
        contribution(&features(columns, values), &vec![true; positive], fit.round(), &TERMS)
    };
    let error = contribute(&[1.0, 2.0, 1.0, -4.5, 0.0, 0.0, 1.0, 1.0], 2, 4).unwrap_err();
    assert_eq!(error, RoundError::OutOfBound { row: 1, column: "b".to_owned() });
    assert!(!error.to_string().contains("4.5"), "a cell's content is nobody's business");
    assert_eq!(contribute(&[1.0; 202], 2, 101), Err(RoundError::TooManyRows { most: 100, actual: 101 }));
    assert_eq!(contribute(&[1.0; 4], 1, 4), Err(RoundError::ColumnMismatch { expected: 2, actual: 1 }));
    assert_eq!(contribute(&[1.0; 8], 2, 3), Err(RoundError::LengthMismatch { rows: 4, targets: 3 }));
}

#[test]
fn terms_out_of_range_are_refused() {
    for terms in [
        Terms { owners: 0, ..TERMS },
        Terms { most_rows: 0, ..TERMS },
        Terms { most_rows: u64::MAX, ..TERMS },
        Terms { least_rows: 0, ..TERMS },
        Terms { bound: 0.5, ..TERMS },
        Terms { bound: f64::NAN, ..TERMS },
        Terms { most_rows: 1 << 40, bound: 1_048_576.0, ..TERMS },
    ] {
        assert!(matches!(Fit::new(1, 1.0, terms), Err(RoundError::Choice { .. })), "{terms:?}");
    }
    assert!(matches!(Fit::new(0, 1.0, TERMS), Err(RoundError::Choice { .. })));
    assert!(matches!(Fit::new(1, 0.0, TERMS), Err(RoundError::Choice { .. })));
    assert!(matches!(kmeans::Fit::new(vec![], TERMS), Err(RoundError::Choice { .. })));
    assert_eq!(kmeans::Fit::new(vec![vec![5.0]], TERMS), Err(RoundError::OutOfRange));
    let ragged = kmeans::Fit::new(vec![vec![1.0], vec![1.0, 2.0]], TERMS);
    assert_eq!(ragged, Err(RoundError::ColumnMismatch { expected: 1, actual: 2 }));
    let four = features(1, &[1.0, 2.0, 3.0, 4.0]);
    assert!(matches!(moments::contribution(&four, &[0.0], &TERMS), Err(RoundError::Choice { .. })));
}

fn first_round(positive: &[bool]) -> (Fit, Contribution) {
    let values: Vec<f64> = (0..8_u8).map(|row| f64::from(row) / 2.0 - 2.0).collect();
    let fit = Fit::new(1, 1.0, TERMS).expect("terms");
    let total = contribution(&features(1, &values), positive, fit.round(), &TERMS).expect("allowed");
    (fit, total)
}

#[test]
fn a_total_of_another_round_changes_nothing() {
    let mixed = [false, false, true, false, true, false, true, true];
    let (fit, total) = first_round(&mixed);
    let update = |total: &Contribution| fit.clone().update(total);
    let mut shorter = total.clone();
    shorter.slots.pop();
    assert_eq!(update(&shorter), Err(RoundError::WrongShape { expected: 7, actual: 6 }));
    assert_eq!(total.clone().add(&shorter), Err(RoundError::WrongShape { expected: 7, actual: 6 }));
    for (slot, value, error) in [
        (0, 2, RoundError::TooFewRows { least: 4, actual: 2 }),
        (0, 101, RoundError::TooManyRows { most: 100, actual: 101 }),
        (0, -8, RoundError::OutOfRange),
        (4, i64::MIN, RoundError::OutOfRange),
        (2, 1 << 62, RoundError::OutOfRange),
    ] {
        let mut wrong = total.clone();
        wrong.slots[slot] = value;
        assert_eq!(update(&wrong), Err(error));
    }
    let mut large = Contribution { slots: vec![i64::MAX] };
    assert_eq!(large.add(&Contribution { slots: vec![1] }), Err(RoundError::OutOfRange));
    // An owner who leaves between rounds.
    let mut fit = fit.clone();
    fit.update(&total).unwrap();
    let mut fewer = total.clone();
    fewer.slots[0] = 7;
    let before = fit.clone();
    assert_eq!(fit.update(&fewer), Err(RoundError::RowsChanged { before: 8, now: 7 }));
    assert_eq!(fit, before);
}

#[test]
fn a_total_without_an_owner_or_with_one_twice_is_refused() {
    let (_, first) = first_round(&[false, false, true, false, true, false, true, true]);
    let terms = Terms { owners: 2, ..TERMS };
    let mut total = first.clone();
    let update = |total: &Contribution| Fit::new(1, 1.0, terms).unwrap().update(total);
    assert_eq!(
        update(&total).unwrap_err().to_string(),
        "this total is over 1 owners, and 2 take part: add up the contribution of each once"
    );
    total.add(&first).unwrap();
    assert_eq!(update(&total).map(|progress| progress.rows), Ok(16));
    total.add(&first).unwrap();
    assert_eq!(update(&total), Err(RoundError::OwnersMismatch { expected: 2, actual: 3 }));
    // Two owners of whom one had fewer rows than agreed on.
    total.slots[..2].copy_from_slice(&[7, 2]);
    assert_eq!(update(&total), Err(RoundError::TooFewRows { least: 8, actual: 7 }));
}

#[test]
fn one_class_over_all_owners_is_said() {
    for class in [true, false] {
        let (mut fit, total) = first_round(&[class; 8]);
        assert_eq!(fit.update(&total), Err(RoundError::OneClass));
    }
}

#[test]
fn a_constant_column_is_named() {
    let rows = features(2, &[1.0, 3.0, 2.0, 3.0, 3.0, 3.0, 4.0, 3.0]);
    let total = moments::contribution(&rows, &[4.0, 4.0], &TERMS).unwrap();
    let error = moments::standardisation(&total, &[4.0, 4.0], &TERMS).unwrap_err();
    assert_eq!(error, RoundError::ConstantColumn { column: 1 });
}

#[test]
fn a_settled_fit_has_no_further_round() {
    let positive = [false, false, true, false, true, false, true, true];
    let values: Vec<f64> = (0..8_u8).map(|row| f64::from(row) / 2.0 - 2.0).collect();
    let mut fit = Fit::new(1, 1.0, TERMS).unwrap();
    let mut settled = false;
    while !settled {
        let total = contribution(&features(1, &values), &positive, fit.round(), &TERMS).unwrap();
        let Progress { is_settled, .. } = fit.update(&total).unwrap();
        settled = is_settled;
    }
    let total = contribution(&features(1, &values), &positive, fit.round(), &TERMS).unwrap();
    assert_eq!(fit.update(&total), Err(RoundError::Settled));
}
