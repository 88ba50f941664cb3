//! Training a batch at a time, so that whoever runs it can show progress and stop.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::gradient::{add, judge, zeros};
use super::{Network, Sample, Target};
use crate::error::TrainError;
use crate::random::shuffle;

/// How to train: see [`Trainer`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Sizes of the layers between input and output.
    pub hidden: Vec<usize>,
    /// Of the first steps; positive.
    pub learning_rate: f64,
    /// Share of each weight, not of biases, that a step of rate 1 takes away; 0 for none.
    pub weight_decay: f64,
    /// Rows for each step.
    pub batch_rows: usize,
    /// Greatest length of a batch's mean gradient; positive.
    pub longest_gradient: f64,
    /// Passes over the training part.
    pub most_epochs: usize,
    /// Epochs in a row without a lower validation loss after which training stops.
    pub patience: usize,
}

impl Options {
    /// What suits tables of a few thousand rows.
    #[must_use]
    pub const fn new(hidden: Vec<usize>) -> Self {
        Self {
            hidden,
            learning_rate: 0.003,
            weight_decay: 0.1,
            batch_rows: 32,
            longest_gradient: 1.0,
            most_epochs: 100,
            patience: 20,
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let choices = [
            ("the sizes of hidden layers", self.hidden.iter().all(|&size| size > 0), "at least 1"),
            ("the learning rate", positive(self.learning_rate), "a positive number"),
            (
                "the weight decay",
                self.weight_decay == 0.0 || positive(self.weight_decay),
                "0 or a positive number",
            ),
            ("the rows of a batch", self.batch_rows > 0, "at least 1"),
            ("the longest gradient", positive(self.longest_gradient), "a positive number"),
            ("the number of epochs", self.most_epochs > 0, "at least 1"),
            ("the patience", self.patience > 0, "at least 1 epoch"),
        ];
        let wrong = choices.into_iter().find(|(_, is_right, _)| !is_right);
        wrong.map_or(Ok(()), |(what, _, expected)| Err(TrainError::Choice { what, expected }))
    }
}

/// How the network does on one part of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean cross-entropy in nats, or half the mean squared error in squared deviations of the training target.
    pub loss: f64,
    /// Share of rows whose class was told rightly; `None` for values.
    pub accuracy: Option<f64>,
}

/// A finished pass over the training part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    /// On the rows it learns from, after the pass.
    pub training: Score,
    /// On the rows that only decide when to stop.
    pub validation: Score,
    /// Whether the validation loss is the least so far, and the network is kept.
    pub is_best: bool,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Progress {
    /// Learned from a batch in the midst of an epoch.
    Batch {
        /// The epoch, from 1.
        epoch: usize,
        /// Rows that it has learned from.
        rows_done: usize,
        /// Rows to learn from.
        rows: usize,
    },
    /// Learned from the last batch of an epoch.
    Epoch(Epoch),
    /// Nothing: training has ended.
    Finished(Stop),
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// All epochs are done.
    AllEpochs,
    /// The validation loss did not fall for as long as patience lasts.
    NoImprovement,
    /// The loss left the range of numbers.
    Diverged,
}

/// A network in training: weights move against the mean gradient of a batch of rows, by Adam with decoupled weight decay.
/// Long gradients are shortened, and the rate falls to 0 over the epochs along a half cosine.
#[derive(Debug, Clone)]
pub struct Trainer {
    options: Options,
    train: Sample,
    validation: Sample,
    /// Mean and deviation of a target of values, which the network sees as 0 and 1.
    units: (f64, f64),
    network: Network,
    best: Option<(f64, Network)>,
    adam: Adam,
    order: Vec<usize>,
    rows_done: usize,
    history: Vec<Epoch>,
    stop: Option<Stop>,
}

impl Trainer {
    /// A network of random weights, before its first step. `validation` decides when to stop and which epoch is kept.
    ///
    /// # Errors
    /// [`TrainError`] if options are out of range, the two parts do not match, or nothing can be learned from the first.
    pub fn new(
        train: Sample,
        validation: Sample,
        options: Options,
        rng: &mut impl Rng,
    ) -> Result<Self, TrainError> {
        options.check()?;
        train.check_training()?;
        let (expected, actual) = (train.features.column_count(), validation.features.column_count());
        if expected != actual {
            return Err(TrainError::ColumnMismatch { expected, actual });
        }
        let same = match (&train.target, &validation.target) {
            (Target::Classes(train), Target::Classes(validation)) => train.classes() == validation.classes(),
            (Target::Values(_), Target::Values(_)) => true,
            (Target::Classes(_), Target::Values(_)) | (Target::Values(_), Target::Classes(_)) => false,
        };
        if !same {
            let (what, expected) = ("the target of the validation part", "that of the training part");
            return Err(TrainError::Choice { what, expected });
        }
        let sizes: Vec<usize> = [train.features.column_count()]
            .into_iter()
            .chain(options.hidden.clone())
            .chain([train.outputs()])
            .collect();
        let network = Network::random(&sizes, rng);
        let units = units(&train.target);
        Ok(Self {
            adam: Adam::new(&network),
            order: (0..train.features.row_count()).collect(),
            train: in_units(train, units),
            validation: in_units(validation, units),
            options,
            units,
            network,
            best: None,
            rows_done: 0,
            history: Vec::new(),
            stop: None,
        })
    }

    /// Learns from one batch. Costs `6·batch_rows` products for each weight, and at the end of an epoch 2 for each
    /// weight and row.
    ///
    /// # Errors
    /// [`TrainError::Diverged`] if the loss left the range of numbers; the best network so far is kept.
    pub fn step(&mut self, rng: &mut impl Rng) -> Result<Progress, TrainError> {
        if let Some(stop) = self.stop {
            return Ok(Progress::Finished(stop));
        }
        if self.rows_done == 0 {
            shuffle(rng, &mut self.order);
        }
        let end = (self.rows_done + self.options.batch_rows).min(self.order.len());
        let mut gradient = zeros(&self.network);
        for &row in &self.order[self.rows_done..end] {
            add(&self.network, &self.train, row, &mut gradient);
        }
        let epoch = self.history.len() + 1;
        let epochs_done = (epoch - 1) as f64 + end as f64 / self.order.len() as f64;
        let done = epochs_done / self.options.most_epochs as f64;
        self.adam.descend(&mut self.network, &gradient, end - self.rows_done, done, &self.options);
        self.rows_done = end;
        if end < self.order.len() {
            return Ok(Progress::Batch { epoch, rows_done: end, rows: self.order.len() });
        }
        self.rows_done = 0;
        let (training, validation) =
            (score(&self.network, &self.train), score(&self.network, &self.validation));
        if !(training.loss.is_finite() && validation.loss.is_finite()) {
            self.stop = Some(Stop::Diverged);
            return Err(TrainError::Diverged { epoch });
        }
        let is_best = self.best.as_ref().is_none_or(|(least, _)| validation.loss < *least);
        if is_best {
            self.best = Some((validation.loss, self.network.clone()));
        }
        let done = Epoch { epoch, training, validation, is_best };
        self.history.push(done);
        let since_best = self.history.iter().rev().take_while(|epoch| !epoch.is_best).count();
        if since_best >= self.options.patience {
            self.stop = Some(Stop::NoImprovement);
        } else if epoch >= self.options.most_epochs {
            self.stop = Some(Stop::AllEpochs);
        }
        Ok(Progress::Epoch(done))
    }

    /// Learns to the end of the epoch; `None` if training has ended.
    ///
    /// # Errors
    /// [`TrainError::Diverged`] as [`Self::step`].
    pub fn epoch(&mut self, rng: &mut impl Rng) -> Result<Option<Epoch>, TrainError> {
        loop {
            match self.step(rng)? {
                Progress::Batch { .. } => {}
                Progress::Epoch(epoch) => return Ok(Some(epoch)),
                Progress::Finished(_) => return Ok(None),
            }
        }
    }

    /// All finished epochs.
    #[must_use]
    pub fn history(&self) -> &[Epoch] {
        &self.history
    }

    /// Why training has ended, if it has.
    #[must_use]
    pub const fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// The network of the epoch with the least validation loss; before the end of the first, as it is. A predicted value
    /// is in the units of the target.
    #[must_use]
    pub fn network(&self) -> Network {
        let mut network = self.best.as_ref().map_or(&self.network, |(_, network)| network).clone();
        if let (Target::Values(_), Some(last)) = (&self.train.target, network.layers.last_mut()) {
            let (mean, deviation) = self.units;
            last.weights.iter_mut().for_each(|weight| *weight *= deviation);
            last.biases.iter_mut().for_each(|bias| *bias = *bias * deviation + mean);
        }
        network
    }
}

/// Mean and population standard deviation of values; 0 and 1 of classes.
fn units(target: &Target) -> (f64, f64) {
    match target {
        Target::Classes(_) => (0.0, 1.0),
        Target::Values(values) => {
            let rows = values.len() as f64;
            let mean = values.iter().sum::<f64>() / rows;
            (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / rows).sqrt())
        }
    }
}

fn in_units(mut sample: Sample, (mean, deviation): (f64, f64)) -> Sample {
    if let Target::Values(values) = &mut sample.target {
        values.iter_mut().for_each(|value| *value = (*value - mean) / deviation);
    }
    sample
}

fn score(network: &Network, sample: &Sample) -> Score {
    let (mut loss, mut right) = (0.0, 0_usize);
    for (at, row) in sample.features.rows().enumerate() {
        let judged = judge(&network.outputs(row), sample, at);
        loss += judged.loss;
        right += usize::from(judged.is_right);
    }
    let rows = sample.features.row_count() as f64;
    let accuracy = matches!(sample.target, Target::Classes(_)).then(|| right as f64 / rows);
    Score { loss: loss / rows, accuracy }
}
