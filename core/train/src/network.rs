//! Dense networks with the square as activation: the ones whose scores can be computed on encrypted records, because
//! nothing in them but the softmax at the end is other than sums and products.
//!
//! Written here: a framework would bring tensors, devices and file formats into the page, for what are three loops over a
//! few thousand weights, and a trainer has to go a step at a time under a generator that is an argument.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::data::{Features, Labels};
use crate::error::TrainError;
use crate::linear::dot;
use crate::logistic::{check_classes, largest, softmax};
use crate::random::unit;
use crate::standardise::Standardisation;

mod adam;
mod gradient;
mod trainer;

pub use trainer::{Epoch, Options, Progress, Score, Stop, Trainer};

/// `z = W·x + b`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Numbers in; at least 1.
    pub inputs: usize,
    /// W, row by row: one row of [`Self::inputs`] weights for each number out.
    pub weights: Vec<f64>,
    /// b: one for each number out.
    pub biases: Vec<f64>,
}

/// `outputs = W_L·(… (W₁·x + b₁)² …)² + b_L`: each layer but the last is squared, number by number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// From the input to the output; what one puts out the next takes in.
    pub layers: Vec<Layer>,
}

impl Layer {
    /// z for as many numbers as the layer takes.
    #[must_use]
    pub fn apply(&self, input: &[f64]) -> Vec<f64> {
        let rows = self.weights.chunks_exact(self.inputs.max(1)).zip(&self.biases);
        rows.map(|(weights, bias)| dot(weights, input) + bias).collect()
    }
}

impl Network {
    /// Random weights of variance `1/inputs`, biases 0. Sums of columns of deviation about 1 then have a deviation of
    /// about 1, which squares neither blow up nor put out.
    pub(crate) fn random(sizes: &[usize], rng: &mut impl Rng) -> Self {
        let layer = |pair: &[usize]| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let bound = (3.0 / inputs as f64).sqrt();
            let weights = (0..inputs * outputs).map(|_| bound * (2.0 * unit(rng) - 1.0)).collect();
            Layer { inputs, weights, biases: vec![0.0; outputs] }
        };
        Self { layers: sizes.windows(2).map(layer).collect() }
    }

    /// The numbers that the last layer puts out: a logit for each class, or the predicted value.
    #[must_use]
    pub fn outputs(&self, row: &[f64]) -> Vec<f64> {
        let mut values = row.to_vec();
        for (at, layer) in self.layers.iter().enumerate() {
            values = layer.apply(&values);
            if at + 1 < self.layers.len() {
                values.iter_mut().for_each(|value| *value *= *value);
            }
        }
        values
    }

    /// The probability of each class: the softmax of the logits.
    #[must_use]
    pub fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        softmax(&self.outputs(row))
    }

    /// The class with the largest logit.
    #[must_use]
    pub fn predict(&self, row: &[f64]) -> usize {
        largest(&self.outputs(row))
    }

    /// The same network for columns before this standardisation.
    #[must_use]
    pub fn unstandardised(&self, standardisation: &Standardisation) -> Self {
        let mut network = self.clone();
        if let Some(first) = network.layers.first_mut() {
            for (weights, bias) in first.weights.chunks_exact_mut(first.inputs.max(1)).zip(&mut first.biases)
            {
                let (raw, intercept) = standardisation.fold(weights, *bias);
                weights.copy_from_slice(&raw);
                *bias = intercept;
            }
        }
        network
    }
}

/// What a network learns to tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// One output for each class; the loss is the cross-entropy of the softmax.
    Classes(Labels),
    /// One output; the loss is the squared error.
    Values(Vec<f64>),
}

/// Rows with what is to be told of them.
///
/// Invariant: as many rows of features as of the target, values finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    features: Features,
    target: Target,
}

impl Sample {
    /// Rows and target.
    ///
    /// # Errors
    /// [`TrainError`] if they are of different lengths or a value is not finite.
    pub fn new(features: Features, target: Target) -> Result<Self, TrainError> {
        let targets = match &target {
            Target::Classes(labels) => labels.of_rows().len(),
            Target::Values(values) => values.len(),
        };
        let rows = features.row_count();
        if rows != targets {
            return Err(TrainError::LengthMismatch { rows, targets });
        }
        if let Target::Values(values) = &target
            && let Some(row) = values.iter().position(|value| !value.is_finite())
        {
            return Err(TrainError::TargetNotFinite { row });
        }
        Ok(Self { features, target })
    }

    /// Refuses a training part from which nothing can be learned.
    fn check_training(&self) -> Result<(), TrainError> {
        match &self.target {
            Target::Classes(labels) => check_classes(labels),
            Target::Values(values) if values.iter().all(|value| *value == values[0]) => {
                Err(TrainError::ConstantTarget)
            }
            Target::Values(_) => Ok(()),
        }
    }

    /// Numbers out.
    fn outputs(&self) -> usize {
        match &self.target {
            Target::Classes(labels) => labels.classes().len(),
            Target::Values(_) => 1,
        }
    }
}
