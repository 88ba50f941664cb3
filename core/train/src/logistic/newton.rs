//! Newton's method on the penalised likelihood.

use super::{log_one_plus_exp, sigmoid, softmax, solve_definite};
use crate::data::Features;
use crate::error::TrainError;
use crate::linear::dot;

/// Quadratic convergence needs far fewer; more are needed only where a fit is not settling.
const MOST_ITERATIONS: usize = 100;
const MOST_HALVINGS: u32 = 40;

/// `Σᵢ −ln P(yᵢ | xᵢ) + |w|²/(2C)`, as a function of the weights and the intercept of each score, one after the other.
pub(super) struct Problem<'a> {
    pub features: &'a Features,
    pub labels: &'a [usize],
    /// 1 for two classes, else as many as classes.
    pub scores: usize,
    pub c: f64,
}

/// The minimum.
pub(super) fn minimise(problem: &Problem<'_>) -> Result<Vec<f64>, TrainError> {
    let mut point = vec![0.0; problem.scores * (problem.features.column_count() + 1)];
    let mut value = problem.value(&point);
    for iteration in 1..=MOST_ITERATIONS {
        let (gradient, hessian) = problem.derivatives(&point);
        let step =
            solve_definite(&hessian, &gradient).ok_or(TrainError::NotConverged { iterations: iteration })?;
        // Twice what a whole step gains, were the function quadratic.
        let decrement = dot(&gradient, &step);
        let moved = |share: f64| -> Vec<f64> {
            point.iter().zip(&step).map(|(at, step)| at - share * step).collect()
        };
        if decrement <= 1e-10 * (1.0 + value.abs()) {
            // Here a whole step is right, and the function too flat to show it.
            let size = point.iter().fold(1.0_f64, |most, at| most.max(at.abs()));
            let settled = step.iter().all(|step| step.abs() <= 1e-11 * size);
            point = moved(1.0);
            value = problem.value(&point);
            if settled {
                return Ok(point);
            }
            continue;
        }
        let halved =
            (0..MOST_HALVINGS).map(|halvings| 0.5_f64.powi(halvings.cast_signed())).find_map(|share| {
                let (there, lower) = (moved(share), problem.value(&moved(share)));
                (lower <= value - 1e-4 * share * decrement).then_some((there, lower))
            });
        (point, value) = halved.ok_or(TrainError::NotConverged { iterations: iteration })?;
    }
    Err(TrainError::NotConverged { iterations: MOST_ITERATIONS })
}

impl Problem<'_> {
    fn scores_of(&self, point: &[f64], row: &[f64]) -> Vec<f64> {
        point
            .chunks_exact(row.len() + 1)
            .map(|score| dot(&score[..row.len()], row) + score[row.len()])
            .collect()
    }

    fn value(&self, point: &[f64]) -> f64 {
        let columns = self.features.column_count();
        let loss = |(row, &label): (&[f64], &usize)| match self.scores_of(point, row).as_slice() {
            [score] => log_one_plus_exp(if label == 1 { -score } else { *score }),
            scores => {
                let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                most - scores[label] + scores.iter().map(|score| (score - most).exp()).sum::<f64>().ln()
            }
        };
        let losses: f64 = self.features.rows().zip(self.labels).map(loss).sum();
        let squares: f64 =
            point.chunks_exact(columns + 1).map(|score| dot(&score[..columns], &score[..columns])).sum();
        losses + squares / (2.0 * self.c)
    }

    /// The gradient, and the lower triangle of the Hessian in a full square.
    fn derivatives(&self, point: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (width, size) = (self.features.column_count() + 1, point.len());
        let (mut gradient, mut hessian) = (vec![0.0; size], vec![0.0; size * size]);
        let mut extended = vec![1.0; width];
        for (row, &label) in self.features.rows().zip(self.labels) {
            extended[..row.len()].copy_from_slice(row);
            let scores = self.scores_of(point, row);
            let (probabilities, of_label) = match scores.as_slice() {
                [score] => (vec![sigmoid(*score)], label.wrapping_sub(1)),
                several => (softmax(several), label),
            };
            for (score, &probability) in probabilities.iter().enumerate() {
                let residual = probability - f64::from(u8::from(score == of_label));
                let part = &mut gradient[score * width..][..width];
                part.iter_mut().zip(&extended).for_each(|(sum, x)| *sum += residual * x);
                for (other, &other_probability) in probabilities.iter().enumerate().take(score + 1) {
                    let same = f64::from(u8::from(score == other));
                    let weight = probability * (same - other_probability);
                    let start = score * width * size + other * width;
                    add_square(&mut hessian[start..], size, weight, &extended);
                }
            }
        }
        self.add_penalty(point, &mut gradient, &mut hessian);
        (gradient, hessian)
    }

    fn add_penalty(&self, point: &[f64], gradient: &mut [f64], hessian: &mut [f64]) {
        let (width, size) = (self.features.column_count() + 1, point.len());
        for at in 0..size {
            if at % width < width - 1 {
                gradient[at] += point[at] / self.c;
                hessian[at * size + at] += 1.0 / self.c;
            } else if self.scores > 1 {
                // One number added to all intercepts changes no probability. The penalty ½·(Σ b)² settles it at Σ b = 0
                // and moves nothing else.
                let intercepts = (width - 1..size).step_by(width);
                gradient[at] += intercepts.clone().map(|other| point[other]).sum::<f64>();
                intercepts
                    .take_while(|&other| other <= at)
                    .for_each(|other| hessian[at * size + other] += 1.0);
            }
        }
        // The blocks of two scores are symmetric, and only their lower triangle was summed.
        for row in 0..size {
            for column in 0..row {
                let (block, place) = ((row / width, column / width), (row % width, column % width));
                if block.0 != block.1 && place.1 > place.0 {
                    let mirrored = (block.0 * width + place.1) * size + block.1 * width + place.0;
                    hessian[row * size + column] = hessian[mirrored];
                }
            }
        }
    }
}

/// Adds `weight · x·xᵀ` to the lower triangle of a block in rows of `stride`.
fn add_square(block: &mut [f64], stride: usize, weight: f64, x: &[f64]) {
    for (at, &factor) in x.iter().enumerate() {
        let row = &mut block[at * stride..][..=at];
        let factor = weight * factor;
        row.iter_mut().zip(x).for_each(|(sum, x)| *sum += factor * x);
    }
}
