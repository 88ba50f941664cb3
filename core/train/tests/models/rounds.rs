//! Rounds over several owners against a fit over all rows, and what is refused.

mod kmeans;
mod linear;
mod logistic;
mod refused;

use veilsum_train::data::Features;
use veilsum_train::rounds::{Contribution, RoundError, Terms, moments};
use veilsum_train::standardise::Standardisation;

/// Terms for a few hundred rows.
const TERMS: Terms = Terms { owners: 3, most_rows: 1_000, least_rows: 10, bound: 32.0 };

/// The rows of each of three owners: few, more, most.
fn owners(row_count: usize) -> [Vec<usize>; 3] {
    let of = |owner: fn(usize) -> bool| (0..row_count).filter(|&row| owner(row)).collect();
    [of(|row| row % 9 == 0), of(|row| row % 3 == 1), of(|row| row % 9 != 0 && row % 3 != 1)]
}

/// The total of what each part of the rows contributes.
fn total(
    features: &[Features],
    contribution: impl Fn(usize, &Features) -> Result<Contribution, RoundError>,
) -> Contribution {
    let mut contributions =
        features.iter().enumerate().map(|(owner, features)| contribution(owner, features).expect("allowed"));
    let mut total = contributions.next().expect("an owner");
    contributions.for_each(|contribution| total.add(&contribution).expect("same shape"));
    total
}

/// Each owner's rows, standardised over all owners without any of them seeing the others' rows.
fn standardised(features: &Features, owners: &[Vec<usize>]) -> (Vec<Features>, Standardisation) {
    let parts: Vec<Features> = owners.iter().map(|rows| features.select(rows).expect("rows")).collect();
    // What everyone may know of a column: a power of two that its numbers do not reach.
    let bounds: Vec<f64> = (0..features.column_count())
        .map(|column| {
            let largest = features.rows().map(|row| row[column].abs()).fold(0.0, f64::max);
            f64::powi(2.0, (-20..40).find(|&exponent| f64::powi(2.0, exponent) > largest).expect("a bound"))
        })
        .collect();
    let total = total(&parts, |_, part| moments::contribution(part, &bounds, &TERMS));
    let pooled = moments::standardisation(&total, &bounds, &TERMS).expect("deviating columns");
    (parts.iter().map(|part| pooled.apply(part).expect("same columns")).collect(), pooled)
}
