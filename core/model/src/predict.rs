//! From exact scores to a prediction. The same code finishes decrypted scores and those of the twin.

use serde::{Deserialize, Serialize};

use crate::interface::Interface;
use crate::model::FamilyName;

/// What a model says about a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Prediction {
    /// A value.
    Value {
        /// The value.
        value: f64,
    },
    /// A class.
    Class {
        /// Position of the class.
        class: usize,
        /// A probability for each class; they add up to 1.
        probabilities: Vec<f64>,
    },
    /// A cluster.
    Cluster {
        /// Position of the nearest centroid.
        cluster: usize,
        /// Squared distance from each centroid.
        squared_distances: Vec<f64>,
    },
}

/// Why scores yield no prediction. Names places, never scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// Another number of scores than the model gives.
    #[error("the model gives {expected} scores for a record, and these are {actual}")]
    WrongCount {
        /// Scores that the model gives.
        expected: u32,
        /// Scores there are.
        actual: usize,
    },
    /// A score that the model cannot give.
    #[error("score {score} is one that this model cannot give: it is not the answer to this query")]
    OutOfBounds {
        /// Which score, from 1.
        score: usize,
    },
}

/// The prediction of one record.
///
/// Classes and clusters are decided by the integers, exactly: the largest log-odds or logit, a single one if it is above 0, the
/// smallest distance; of equals the first. Probabilities are `1 / (1 + e^−s)` or `e^sᵢ / Σ e^sⱼ`.
///
/// # Errors
/// [`PredictError`] for another number of scores, or one that is out of bounds.
pub fn predict(interface: &Interface, scores: &[i128]) -> Result<Prediction, PredictError> {
    if scores.len() as u64 != u64::from(interface.score_count) || scores.is_empty() {
        return Err(PredictError::WrongCount { expected: interface.score_count, actual: scores.len() });
    }
    let bound = interface.score_bound();
    if let Some(index) = scores.iter().position(|score| score.unsigned_abs() > bound) {
        return Err(PredictError::OutOfBounds { score: index + 1 });
    }
    let numbers: Vec<f64> = scores.iter().map(|&score| interface.output_scale.to_number(score)).collect();
    Ok(match (interface.family, scores) {
        (FamilyName::KMeans, _) => {
            let cluster = first_largest(scores.iter().map(|score| -score));
            Prediction::Cluster { cluster, squared_distances: numbers }
        }
        (FamilyName::Logistic | FamilyName::Network, [score]) if interface.classes.len() == 2 => {
            let probability = sigmoid(numbers[0]);
            let probabilities = vec![sigmoid(-numbers[0]), probability];
            Prediction::Class { class: usize::from(*score > 0), probabilities }
        }
        (FamilyName::Logistic | FamilyName::Network, [_, _, ..]) => {
            let class = first_largest(scores.iter().copied());
            Prediction::Class { class, probabilities: softmax(&numbers, numbers[class]) }
        }
        (FamilyName::Linear | FamilyName::Logistic | FamilyName::Network, _) => {
            Prediction::Value { value: numbers[0] }
        }
    })
}

fn first_largest(scores: impl Iterator<Item = i128>) -> usize {
    let mut largest: Option<(usize, i128)> = None;
    for (index, score) in scores.enumerate() {
        if largest.is_none_or(|(_, before)| score > before) {
            largest = Some((index, score));
        }
    }
    largest.map_or(0, |(index, _)| index)
}

/// `1 / (1 + e^−x)`, without overflow on either side.
fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

fn softmax(numbers: &[f64], largest: f64) -> Vec<f64> {
    let powers: Vec<f64> = numbers.iter().map(|number| (number - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Card, Terms};
    use crate::scale::Scale;

    fn interface(family: FamilyName, classes: &[&str], score_count: u32) -> Interface {
        Interface {
            model: String::new(),
            family,
            features: Vec::new(),
            terms: Terms::Values,
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
            score_count,
            output_scale: Scale::binary(4),
            score_bits: 16,
            engines: Vec::new(),
            layer_count: 0,
            packs_records: true,
            card: Card::default(),
        }
    }

    #[test]
    fn decides_by_the_integers() {
        let binary = interface(FamilyName::Logistic, &["no", "yes"], 1);
        for (score, class) in [(-1, 0), (0, 0), (1, 1), (65_535, 1), (-65_535, 0)] {
            let Ok(Prediction::Class { class: found, probabilities }) = predict(&binary, &[score]) else {
                panic!()
            };
            assert_eq!(found, class);
            assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        }
        let many = interface(FamilyName::Network, &["a", "b", "c"], 3);
        let Ok(Prediction::Class { class, probabilities }) = predict(&many, &[16, 32, 32]) else { panic!() };
        assert_eq!(class, 1);
        let e = 1.0_f64.exp();
        assert!((probabilities[0] - 1.0 / (1.0 + 2.0 * e)).abs() < 1e-15);
        let clusters = interface(FamilyName::KMeans, &[], 3);
        let expected = Prediction::Cluster { cluster: 1, squared_distances: vec![2.0, 0.5, 0.5] };
        assert_eq!(predict(&clusters, &[32, 8, 8]), Ok(expected));
        let value = interface(FamilyName::Network, &[], 1);
        assert_eq!(predict(&value, &[-8]), Ok(Prediction::Value { value: -0.5 }));
    }

    #[test]
    fn refuses_scores_that_the_model_cannot_give() {
        let value = interface(FamilyName::Linear, &[], 1);
        assert_eq!(predict(&value, &[65_536]), Err(PredictError::OutOfBounds { score: 1 }));
        assert_eq!(predict(&value, &[i128::MIN]), Err(PredictError::OutOfBounds { score: 1 }));
        assert_eq!(predict(&value, &[]), Err(PredictError::WrongCount { expected: 1, actual: 0 }));
        assert_eq!(predict(&value, &[1, 2]), Err(PredictError::WrongCount { expected: 1, actual: 2 }));
    }
}
