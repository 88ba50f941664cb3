//! Loss and gradient of one row, by back-propagation.

use super::{Layer, Network, Sample, Target};
use crate::logistic::{largest, softmax};

/// What one row adds to loss and accuracy.
pub(super) struct Judged {
    pub loss: f64,
    /// Of classes: whether the largest logit is that of the row's class.
    pub is_right: bool,
    /// `∂loss/∂outputs`
    pub slope: Vec<f64>,
}

/// Cross-entropy `−ln softmax(z)_y`, or `½(z − y)²`.
pub(super) fn judge(outputs: &[f64], sample: &Sample, row: usize) -> Judged {
    match &sample.target {
        Target::Classes(labels) => {
            let class = labels.of_rows()[row];
            let most = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = outputs.iter().map(|output| (output - most).exp()).sum();
            let mut slope = softmax(outputs);
            slope[class] -= 1.0;
            Judged { loss: most - outputs[class] + sum.ln(), is_right: largest(outputs) == class, slope }
        }
        Target::Values(values) => {
            let error = outputs[0] - values[row];
            Judged { loss: error * error / 2.0, is_right: false, slope: vec![error] }
        }
    }
}

/// The same layers, all 0.
pub(super) fn zeros(network: &Network) -> Vec<Layer> {
    let zero = |layer: &Layer| Layer {
        inputs: layer.inputs,
        weights: vec![0.0; layer.weights.len()],
        biases: vec![0.0; layer.biases.len()],
    };
    network.layers.iter().map(zero).collect()
}

/// Adds `∂loss/∂(weights, biases)` of one row to `gradient`.
pub(super) fn add(network: &Network, sample: &Sample, row: usize, gradient: &mut [Layer]) {
    // The input of each layer, and what it put out before the square.
    let mut inputs = vec![sample.features.row(row).to_vec()];
    let mut sums: Vec<Vec<f64>> = Vec::with_capacity(network.layers.len());
    for (layer, at) in network.layers.iter().zip(0..) {
        let sum = layer.apply(&inputs[at]);
        inputs.push(sum.iter().map(|value| value * value).collect());
        sums.push(sum);
    }
    let Some(outputs) = sums.last() else { return };
    let mut slope = judge(outputs, sample, row).slope;
    for at in (0..network.layers.len()).rev() {
        let (layer, into) = (&network.layers[at], &mut gradient[at]);
        let mut before = vec![0.0; layer.inputs];
        for (out, &slope) in slope.iter().enumerate() {
            into.biases[out] += slope;
            let place = out * layer.inputs..(out + 1) * layer.inputs;
            let sums = into.weights[place.clone()].iter_mut();
            sums.zip(&inputs[at]).for_each(|(sum, input)| *sum += slope * input);
            before.iter_mut().zip(&layer.weights[place]).for_each(|(sum, weight)| *sum += slope * weight);
        }
        if let Some(below) = at.checked_sub(1) {
            slope = before.iter().zip(&sums[below]).map(|(before, sum)| before * 2.0 * sum).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::data::{Features, Labels};

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let names = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let features = Features::new(names, vec![0.3, -1.2, 0.8]).unwrap();
        let labels = Labels::new(vec!["x".to_owned(), "y".to_owned()], vec![1]).unwrap();
        for (target, outputs) in [(Target::Classes(labels), 2), (Target::Values(vec![0.7]), 1)] {
            let sample = Sample::new(features.clone(), target).unwrap();
            let mut network = Network::random(&[3, 4, 3, outputs], &mut ChaCha8Rng::seed_from_u64(2));
            let mut gradient = zeros(&network);
            add(&network, &sample, 0, &mut gradient);
            let loss = |network: &Network| judge(&network.outputs(features.row(0)), &sample, 0).loss;
            for (layer, of_layer) in gradient.iter().enumerate() {
                for (at, slope) in of_layer.weights.iter().chain(&of_layer.biases).enumerate() {
                    let mut shifted = |by: f64| {
                        let weights = network.layers[layer].weights.len();
                        let layer = &mut network.layers[layer];
                        let value = if at < weights {
                            &mut layer.weights[at]
                        } else {
                            &mut layer.biases[at - weights]
                        };
                        *value += by;
                        loss(&network)
                    };
                    let (above, below) = (shifted(1e-6), shifted(-2e-6));
                    shifted(1e-6);
                    assert!(((above - below) / 2e-6 - slope).abs() < 1e-7, "layer {layer}, number {at}");
                }
            }
        }
    }
}
