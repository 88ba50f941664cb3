//! One step of training: Adam [KB15] with decoupled weight decay and a rate that falls along a half cosine [LH19].
//!
//! [KB15] D. Kingma, J. Ba, *Adam: a method for stochastic optimization*, 2015.
//! [LH19] I. Loshchilov, F. Hutter, *Decoupled weight decay regularization*, 2019.

use super::gradient::zeros;
use super::{Layer, Network, Options};

/// Share of the running mean of gradients that a step keeps: β₁.
const MEAN_KEPT: f64 = 0.9;
/// Share of the running mean of squared gradients that a step keeps: β₂.
const SQUARE_KEPT: f64 = 0.999;
/// Keeps the division finite where a gradient was always 0: ε.
const SMALLEST_SQUARE: f64 = 1e-8;

/// Running means of the gradient and of its squares.
#[derive(Debug, Clone)]
pub(super) struct Adam {
    means: Vec<Layer>,
    squares: Vec<Layer>,
    steps: i32,
}

/// What a step multiplies with.
struct Factors {
    /// From the sum of a batch's gradients to their mean, shortened.
    gradient: f64,
    rate: f64,
    decay: f64,
    mean: f64,
    square: f64,
}

impl Adam {
    pub(super) fn new(network: &Network) -> Self {
        Self { means: zeros(network), squares: zeros(network), steps: 0 }
    }

    /// One step against the sum of the gradients of `rows` rows, when the share `done` of the training is over.
    pub(super) fn descend(
        &mut self,
        network: &mut Network,
        gradient: &[Layer],
        rows: usize,
        done: f64,
        options: &Options,
    ) {
        self.steps = self.steps.saturating_add(1);
        let all = gradient.iter().flat_map(|layer| layer.weights.iter().chain(&layer.biases));
        let length = all.map(|value| value * value).sum::<f64>().sqrt() / rows as f64;
        let mut factors = Factors {
            gradient: (options.longest_gradient / length).min(1.0) / rows as f64,
            rate: options.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
            decay: options.weight_decay,
            mean: 1.0 / (1.0 - MEAN_KEPT.powi(self.steps)),
            square: 1.0 / (1.0 - SQUARE_KEPT.powi(self.steps)),
        };
        let moments = self.means.iter_mut().zip(&mut self.squares);
        for ((layer, slopes), (means, squares)) in network.layers.iter_mut().zip(gradient).zip(moments) {
            factors.decay = options.weight_decay;
            let moments = means.weights.iter_mut().zip(&mut squares.weights);
            factors.change(&mut layer.weights, &slopes.weights, moments);
            factors.decay = 0.0;
            factors.change(
                &mut layer.biases,
                &slopes.biases,
                means.biases.iter_mut().zip(&mut squares.biases),
            );
        }
    }
}

impl Factors {
    fn change<'a>(
        &self,
        values: &mut [f64],
        slopes: &[f64],
        moments: impl Iterator<Item = (&'a mut f64, &'a mut f64)>,
    ) {
        for ((value, slope), (mean, square)) in values.iter_mut().zip(slopes).zip(moments) {
            let slope = slope * self.gradient;
            *mean = MEAN_KEPT * *mean + (1.0 - MEAN_KEPT) * slope;
            *square = SQUARE_KEPT * *square + (1.0 - SQUARE_KEPT) * slope * slope;
            let step = *mean * self.mean / ((*square * self.square).sqrt() + SMALLEST_SQUARE);
            *value -= self.rate * (step + self.decay * *value);
        }
    }
}
