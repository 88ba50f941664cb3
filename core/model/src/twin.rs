//! Scores of cleartext integers: what the ciphertexts must give, to the last bit.

use crate::feature::{self, InputError};
use crate::model::{Family, Form, Model};

/// The exact scores of one record of integers, as [`feature::encode`] makes them. `record` counts from 1; it appears in
/// errors only.
///
/// # Errors
/// [`InputError`] for another number of integers, or one outside its declared bound.
///
/// # Panics
/// Never: the model's bounds hold for every record that passes.
pub fn score(model: &Model, record: usize, integers: &[i64]) -> Result<Vec<i128>, InputError> {
    feature::check(model.features(), record, integers)?;
    let values: Vec<i128> = integers.iter().copied().map(i128::from).collect();
    let of_forms = |forms: &[Form]| forms.iter().map(|form| evaluate(form, &values)).collect();
    Ok(match model.family() {
        Family::Linear { form, .. } => vec![evaluate(form, &values)],
        Family::Logistic { forms, .. } => of_forms(forms),
        Family::KMeans { centroid_bits, metric, centroids } => {
            let distance = |centroid: &Vec<i64>| {
                let parts = values.iter().zip(metric).zip(centroid);
                parts
                    .map(|((&value, &metric), &centre)| {
                        let difference = (value << centroid_bits) - i128::from(centre);
                        i128::from(metric) * difference * difference
                    })
                    .sum()
            };
            centroids.iter().map(distance).collect()
        }
        Family::Network { .. } => layers(model, record, integers)?.pop().unwrap_or_default(),
    })
}

/// The exact sums of each layer of a network, before their squares; empty for other families.
///
/// # Errors
/// As [`score`].
pub fn layers(model: &Model, record: usize, integers: &[i64]) -> Result<Vec<Vec<i128>>, InputError> {
    feature::check(model.features(), record, integers)?;
    let mut sums: Vec<Vec<i128>> = Vec::new();
    if let Family::Network { layers, .. } = model.family() {
        for layer in layers {
            let values: Vec<i128> = match sums.last() {
                Some(before) => before.iter().map(|sum| sum * sum).collect(),
                None => integers.iter().copied().map(i128::from).collect(),
            };
            sums.push(layer.units.iter().map(|unit| evaluate(unit, &values)).collect());
        }
    }
    Ok(sums)
}

fn evaluate(form: &Form, values: &[i128]) -> i128 {
    // In the order in which the bounds were taken, so that no sum on the way is beyond them.
    let terms = form.weights.iter().zip(values);
    terms.fold(form.constant.0, |sum, (&weight, value)| sum + i128::from(weight) * value)
}
