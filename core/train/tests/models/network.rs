use veilsum_train::TrainError;
use veilsum_train::data::Labels;
use veilsum_train::evaluate::{classification, regression};
use veilsum_train::network::{Epoch, Network, Options, Progress, Sample, Stop, Target, Trainer};
use veilsum_train::split;
use veilsum_train::standardise::Standardisation;

use crate::support::{Table, distance, features, rng};

/// Trains 64–32–10 on four fifths of the digits, of which 15 % decide when to stop; share of the last fifth told rightly.
fn digits(seed: u64) -> (f64, Network, Vec<Epoch>) {
    let table = Table::named("digits.csv");
    let (labels, mut rng) = (table.labels(), rng(seed));
    let outer = split::stratified(&labels, 0.2, &mut rng).expect("split");
    let train = table.features.select(&outer.train).expect("rows");
    let train_labels = labels.select(&outer.train).expect("rows");
    let range = Standardisation::fit_range(&train);
    let train = range.apply(&train).expect("same columns");
    let inner = split::stratified(&train_labels, 0.15, &mut rng).expect("split");
    let sample = |rows: &[usize]| {
        let target = Target::Classes(train_labels.select(rows).expect("rows"));
        Sample::new(train.select(rows).expect("rows"), target).expect("same length")
    };
    let mut trainer =
        Trainer::new(sample(&inner.train), sample(&inner.test), Options::new(vec![32]), &mut rng)
            .expect("options");
    while trainer.epoch(&mut rng).expect("finite").is_some() {}
    let network = trainer.network().unstandardised(&range);
    let test = table.features.select(&outer.test).expect("rows");
    let predicted: Vec<usize> = test.rows().map(|row| network.predict(row)).collect();
    let actual = labels.select(&outer.test).expect("rows");
    let report = classification::report(actual.of_rows(), &predicted, 10).expect("same length");
    (report.accuracy, network, trainer.history().to_vec())
}

#[test]
fn digits_are_told_as_promised_whatever_the_seed() {
    for seed in 0..8 {
        let (accuracy, network, history) = digits(seed);
        assert!(accuracy >= 0.96, "seed {seed}: {accuracy}");
        let sizes: Vec<(usize, usize)> =
            network.layers.iter().map(|layer| (layer.inputs, layer.biases.len())).collect();
        assert_eq!(sizes, [(64, 32), (32, 10)]);
        assert!(history.last().unwrap().training.loss < history[0].training.loss / 10.0);
        // What is kept is the epoch of the least validation loss, and it stops twenty epochs later.
        let least = history.iter().min_by(|a, b| a.validation.loss.total_cmp(&b.validation.loss)).unwrap();
        let kept = history.iter().rev().find(|epoch| epoch.is_best).unwrap();
        assert_eq!(least, kept);
        assert!(history.len() == 100 || history.len() == kept.epoch + 20);
    }
}

#[test]
fn the_same_seed_gives_the_same_network() {
    assert_eq!(digits(11), digits(11));
}

/// `y = 100·(a + b)² + 7` on a grid, to learn and to be judged by.
fn parabola() -> (Sample, Vec<f64>) {
    let grid: Vec<[f64; 2]> = (-10..=10)
        .flat_map(|a| (-10..=10).map(move |b| [f64::from(a) / 10.0, f64::from(b) / 10.0]))
        .collect();
    let values: Vec<f64> = grid.iter().map(|[a, b]| (a + b).powi(2) * 100.0 + 7.0).collect();
    let sample =
        Sample::new(features(2, &grid.concat()), Target::Values(values.clone())).expect("same length");
    (sample, values)
}

#[test]
fn values_are_predicted_in_the_units_of_the_target() {
    let (sample, values) = parabola();
    let mut rng = rng(1);
    let options = Options { weight_decay: 0.0, ..Options::new(vec![4]) };
    let mut trainer = Trainer::new(sample.clone(), sample, options, &mut rng).unwrap();
    while let Some(epoch) = trainer.epoch(&mut rng).unwrap() {
        assert_eq!(epoch.training.accuracy, None);
    }
    let network = trainer.network();
    let grid = (-10..=10).flat_map(|a| (-10..=10).map(move |b| [f64::from(a) / 10.0, f64::from(b) / 10.0]));
    let predicted: Vec<f64> = grid.map(|row| network.outputs(&row)[0]).collect();
    let report = regression::report(&values, &predicted).unwrap();
    assert!(report.r_squared.unwrap() > 0.999, "{report:?}");
}

#[test]
fn training_goes_step_by_step_and_then_no_further() {
    let (sample, _) = parabola();
    let mut rng = rng(4);
    let options = Options { most_epochs: 2, batch_rows: 200, ..Options::new(vec![3]) };
    let mut trainer = Trainer::new(sample.clone(), sample, options, &mut rng).unwrap();
    let before = trainer.network();
    assert_eq!(trainer.step(&mut rng), Ok(Progress::Batch { epoch: 1, rows_done: 200, rows: 441 }));
    assert_ne!(trainer.network(), before);
    assert_eq!(trainer.step(&mut rng), Ok(Progress::Batch { epoch: 1, rows_done: 400, rows: 441 }));
    assert!(matches!(trainer.step(&mut rng), Ok(Progress::Epoch(Epoch { epoch: 1, is_best: true, .. }))));
    assert_eq!(trainer.epoch(&mut rng).unwrap().unwrap().epoch, 2);
    assert_eq!(trainer.stop(), Some(Stop::AllEpochs));
    let network = trainer.network();
    assert_eq!(trainer.step(&mut rng), Ok(Progress::Finished(Stop::AllEpochs)));
    assert_eq!((trainer.network(), trainer.history().len()), (network, 2));
}

#[test]
fn a_standardisation_folds_into_the_first_layer() {
    let table = Table::named("iris.csv");
    let standardisation = Standardisation::fit(&table.features).unwrap();
    let standardised = standardisation.apply(&table.features).unwrap();
    let sample = Sample::new(standardised.clone(), Target::Classes(table.labels())).unwrap();
    let mut rng = rng(2);
    let options = Options { most_epochs: 3, ..Options::new(vec![5, 4]) };
    let mut trainer = Trainer::new(sample.clone(), sample, options, &mut rng).unwrap();
    while trainer.epoch(&mut rng).unwrap().is_some() {}
    let (network, raw) = (trainer.network(), trainer.network().unstandardised(&standardisation));
    for (row, standardised) in table.features.rows().zip(standardised.rows()) {
        assert!(distance(&raw.outputs(row), &network.outputs(standardised)) < 1e-9);
        assert!((network.probabilities(standardised).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn what_cannot_be_trained_is_a_sentence() {
    let two = features(1, &[1.0, 2.0]);
    let sample = |target: Target| Sample::new(two.clone(), target);
    let labels = |words: &[&str]| Target::Classes(Labels::from_words(words).unwrap());
    let train = |train: Target, validation: Target, options: Options| {
        Trainer::new(sample(train).unwrap(), sample(validation).unwrap(), options, &mut rng(0)).map(|_| ())
    };
    let hidden = || Options::new(vec![2]);
    assert_eq!(sample(Target::Values(vec![1.0])), Err(TrainError::LengthMismatch { rows: 2, targets: 1 }));
    assert_eq!(sample(Target::Values(vec![1.0, f64::NAN])), Err(TrainError::TargetNotFinite { row: 1 }));
    assert_eq!(
        train(labels(&["a", "a"]), labels(&["a", "a"]), hidden()),
        Err(TrainError::OneClass { class: "a".to_owned() })
    );
    let constant = Target::Values(vec![3.0, 3.0]);
    assert_eq!(train(constant.clone(), constant.clone(), hidden()), Err(TrainError::ConstantTarget));
    assert!(train(labels(&["a", "b"]), labels(&["a", "c"]), hidden()).is_err());
    assert!(train(labels(&["a", "b"]), constant, hidden()).is_err());
    for options in [
        Options { learning_rate: 0.0, ..hidden() },
        Options { learning_rate: f64::NAN, ..hidden() },
        Options { weight_decay: -1.0, ..hidden() },
        Options { longest_gradient: 0.0, ..hidden() },
        Options { batch_rows: 0, ..hidden() },
        Options { most_epochs: 0, ..hidden() },
        Options { patience: 0, ..hidden() },
        Options::new(vec![3, 0]),
    ] {
        let error = train(labels(&["a", "b"]), labels(&["a", "b"]), options).unwrap_err();
        assert!(matches!(error, TrainError::Choice { .. }), "{error}");
    }
    let error = train(labels(&["a", "b"]), labels(&["a", "b"]), Options::new(vec![3, 0])).unwrap_err();
    assert_eq!(error.to_string(), "the sizes of hidden layers must be at least 1: correct it");
}

#[test]
fn a_training_that_leaves_the_range_of_numbers_says_so() {
    let train = features(1, &[1e200, -1e200, 3e200, 2e200]);
    let labels = Labels::from_words(&["a", "b", "a", "b"]).unwrap();
    let sample = Sample::new(train, Target::Classes(labels)).unwrap();
    let mut rng = rng(0);
    let mut trainer = Trainer::new(sample.clone(), sample, Options::new(vec![2]), &mut rng).unwrap();
    let error = trainer.epoch(&mut rng).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the training diverged in epoch 1: use a smaller learning rate or scale the columns"
    );
    assert_eq!(trainer.step(&mut rng), Ok(Progress::Finished(Stop::Diverged)));
}
