//! From a table to a model with integer weights: split, standardise, train, judge, quantise.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use veilsum_model::feature;
use veilsum_model::float::{
    Declared, FloatFamily, FloatForm, FloatModel, Standardisation as FloatStandardisation,
};
use veilsum_model::interface::Interface;
use veilsum_model::model::{Card, FamilyName, Metric, Model};
use veilsum_model::plan::Engine;
use veilsum_model::predict::{Prediction, predict};
use veilsum_model::quantise::{Options as QuantiseOptions, quantise};
use veilsum_model::scale::Scale;
use veilsum_model::text::Real;
use veilsum_model::twin;
use veilsum_train::data::{Features, Labels};
use veilsum_train::evaluate::ranking::Ranking;
use veilsum_train::evaluate::regression;
use veilsum_train::network::{Epoch, Network, Options, Progress, Sample, Stop, Target, Trainer};
use veilsum_train::split::{self, Split};
use veilsum_train::standardise::Standardisation;
use veilsum_train::{kmeans, linear, logistic};

use super::judge::{Space, judge};
use super::parts::{Known, Rows, sentence};
use crate::messages::workbench::{
    Evaluation, Family, LearnTable, Learned, PredictionView, TestRow, Trained, Training, TrainingProgress,
};
use crate::time::Stopwatch;

/// Rows of the test part that the page is shown.
const SHOWN_TEST_ROWS: usize = 40;
/// Of the training part, the share that only decides when a network stops.
const VALIDATION_SHARE: f64 = 0.15;
const FOLDS: usize = 10;
/// Most decimals that are kept of a feature, and of one whose square is encrypted too.
const MOST_DECIMALS: u8 = 9;
const MOST_DECIMALS_OF_SQUARES: u8 = 6;
/// Features may go beyond the range that was seen by this share of it.
const MARGIN: f64 = 0.1;

/// What training found, in floats.
struct Found {
    family: FloatFamily,
    standardisation: Option<Standardisation>,
    epochs: Vec<Epoch>,
    inertia: Vec<f64>,
    stopped_early: bool,
    validation_rows: usize,
    cross_validation: Vec<(String, f64)>,
    fit_r_squared: Option<f64>,
}

impl Found {
    const fn plain(family: FloatFamily, standardisation: Option<Standardisation>) -> Self {
        Self {
            family,
            standardisation,
            epochs: Vec::new(),
            inertia: Vec::new(),
            stopped_early: false,
            validation_rows: 0,
            cross_validation: Vec::new(),
            fit_r_squared: None,
        }
    }
}

type Tell<'a> = &'a mut dyn FnMut(TrainingProgress);

/// Learns; also gives the space that distances are in.
///
/// # Errors
/// Why nothing was learned, in a sentence.
pub(super) fn learn(
    table: &LearnTable,
    training: &Training,
    tell: Tell<'_>,
) -> Result<(Learned, Space), String> {
    let stage = |tell: Tell<'_>, stage: &str| {
        tell(TrainingProgress { stage: stage.to_owned(), share: None, epoch: None });
    };
    stage(tell, "Splitting the rows");
    let mut rows = Rows::choose(table, training)?;
    let mut rng = ChaCha12Rng::seed_from_u64(training.seed);
    let split = split_of(&rows, training, &mut rng)?;
    let constant = if training.family == Family::Network {
        // Pixels at the edge of every picture are no reason to take another shape of record.
        Vec::new()
    } else {
        let constant = rows.features.select(&split.train).map_err(words)?.constant_columns();
        if !constant.is_empty() {
            rows.without(&constant)?;
        }
        constant
    };
    let train = rows.features.select(&split.train).map_err(words)?;

    stage(tell, "Training");
    let watch = Stopwatch::start();
    let mut found = match training.family {
        Family::Linear => learn_linear(&rows, &train, &split, training, &mut rng)?,
        Family::Logistic => learn_logistic(&rows, &train, &split, training, &mut rng)?,
        Family::KMeans => learn_k_means(&train, training, &mut rng)?,
        Family::Network => learn_network(&rows, &train, &split, training, &mut rng, tell)?,
    };
    let seconds = watch.seconds();

    stage(tell, "Quantising and judging");
    let float = FloatModel {
        features: declared(&rows, training.family)?,
        standardisation: found.standardisation.as_ref().map(|standardisation| FloatStandardisation {
            means: standardisation.centres.clone(),
            deviations: standardisation.scales.clone(),
        }),
        family: found.family.clone(),
    };
    let engine = if training.family == Family::Network { Engine::OneRound } else { Engine::Packed };
    let card = Card {
        name: card_name(&table.file_name, training.family),
        training_data: format!(
            "{} of the {} whole rows of {}, chosen with seed {}.",
            split.train.len(),
            rows.features.row_count(),
            table.file_name,
            training.seed
        ),
        training_rows: split.train.len() as u64,
        source: format!("Veilsum {}, trained in the browser", env!("CARGO_PKG_VERSION")),
        ..Card::default()
    };
    let options = QuantiseOptions { engine, weight_bits: training.weight_bits };
    let draft = quantise(&float, options, card.clone()).map_err(|error| sentence(&error))?;

    let space = space_of(&rows, &float, &found);
    let test: Vec<TestRow> = split
        .test
        .iter()
        .map(|&row| TestRow {
            row: rows.positions.get(row).copied().unwrap_or(0),
            numbers: rows.features.rows().nth(row).unwrap_or_default().to_vec(),
            known: rows.known_of(row),
        })
        .collect();
    let interface = draft.interface();
    let judged = judge_float(&interface, &float, &space, &test)?;
    let agreement = agreement(&draft, &interface, &float, &test);
    // The card says how good the model is; that does not change the model.
    let card = Card { metrics: metrics(&judged), ..card };
    let model = quantise(&float, options, card).map_err(|error| sentence(&error))?;
    let bytes = model.to_bytes();
    let trained = Trained {
        interface: model.interface(),
        family: training.family,
        parts: [
            (split.train.len() - found.validation_rows) as u64,
            found.validation_rows as u64,
            split.test.len() as u64,
        ],
        dropped_rows: rows.dropped,
        constant,
        seconds,
        epochs: core::mem::take(&mut found.epochs),
        inertia: core::mem::take(&mut found.inertia),
        stopped_early: found.stopped_early,
        cross_validation: core::mem::take(&mut found.cross_validation),
        fit_r_squared: found.fit_r_squared,
        evaluation: judged,
        agreement,
        model_bytes: bytes.len() as u64,
        weight_bits: training.weight_bits,
        test_rows: test.iter().take(SHOWN_TEST_ROWS).cloned().collect(),
    };
    Ok((Learned { trained, document: bytes, test }, space))
}

/// Which rows are learned from. Clusters are looked for in all rows, and judged by them.
fn split_of(rows: &Rows, training: &Training, rng: &mut ChaCha12Rng) -> Result<Split, String> {
    let count = rows.features.row_count();
    if training.family == Family::KMeans || training.test_percent == 0 {
        let all: Vec<usize> = (0..count).collect();
        return Ok(Split { train: all.clone(), test: all });
    }
    let share = f64::from(training.test_percent) / 100.0;
    match &rows.known {
        Known::Classes(_, labels) => split::stratified(labels, share, rng).map_err(words),
        Known::Values(..) | Known::Nothing => split::shuffled(count, share, rng).map_err(words),
    }
}

fn learn_linear(
    rows: &Rows,
    train: &Features,
    split: &Split,
    training: &Training,
    rng: &mut ChaCha12Rng,
) -> Result<Found, String> {
    let Known::Values(target, values) = &rows.known else {
        return Err("A linear regression predicts a column of numbers. Choose one.".into());
    };
    let of_train: Vec<f64> = split.train.iter().map(|&row| values[row]).collect();
    let (standardisation, train) = standardised(train, training.standardise)?;
    let model = linear::fit(&train, &of_train, training.penalty).map_err(words)?;
    let fitted: Vec<f64> = train.rows().map(|row| model.predict(row)).collect();
    let form = FloatForm { weights: model.coefficients, constant: model.intercept };
    let family = FloatFamily::Linear { target: target.clone(), form };
    let mut found = Found::plain(family, standardisation);
    found.fit_r_squared = regression::report(&of_train, &fitted).ok().and_then(|report| report.r_squared);
    // What does not go with so few rows is left away: the model is there without it.
    if let Ok(folds) = split::folds(rows.features.row_count(), FOLDS, rng)
        && let Ok(predicted) = linear::cross_validate(&rows.features, values, training.penalty, &folds)
    {
        let known: Vec<f64> =
            folds.iter().flat_map(|fold| fold.test.iter().map(|&row| values[row])).collect();
        let r_squared =
            regression::report(&known, &predicted.concat()).ok().and_then(|report| report.r_squared);
        found.cross_validation.extend(r_squared.map(|value| ("R², 10 folds".to_owned(), value)));
    }
    Ok(found)
}

fn learn_logistic(
    rows: &Rows,
    train: &Features,
    split: &Split,
    training: &Training,
    rng: &mut ChaCha12Rng,
) -> Result<Found, String> {
    let Known::Classes(_, labels) = &rows.known else {
        return Err("A logistic regression predicts classes. Choose their column.".into());
    };
    let of_train = labels.select(&split.train).map_err(words)?;
    let (standardisation, train) = standardised(train, training.standardise)?;
    let model = logistic::fit(&train, &of_train, training.penalty).map_err(words)?;
    let forms = model
        .weights
        .into_iter()
        .zip(model.intercepts)
        .map(|(weights, constant)| FloatForm { weights, constant })
        .collect();
    let mut found = Found::plain(FloatFamily::Logistic { classes: model.classes, forms }, standardisation);
    if let Ok(folds) = split::stratified_folds(labels, FOLDS, rng)
        && let Ok(judged) = logistic::cross_validate(&rows.features, labels, training.penalty, &folds)
    {
        found.cross_validation = folds_of_classes(labels, &folds, &judged);
    }
    Ok(found)
}

/// Accuracy, and AUC of two classes, of rows that the model had not seen.
fn folds_of_classes(labels: &Labels, folds: &[Split], judged: &[Vec<Vec<f64>>]) -> Vec<(String, f64)> {
    let rows = folds.iter().flat_map(|fold| &fold.test).zip(judged.iter().flatten());
    let told: Vec<(usize, &Vec<f64>)> =
        rows.map(|(&row, probabilities)| (labels.of_rows()[row], probabilities)).collect();
    let right = told.iter().filter(|(known, probabilities)| largest(probabilities) == *known).count();
    #[expect(clippy::cast_precision_loss, reason = "rows of a table")]
    let accuracy = right as f64 / told.len().max(1) as f64;
    let mut found = vec![("Accuracy, 10 folds".to_owned(), accuracy)];
    if labels.classes().len() == 2 {
        let (is_positive, scores): (Vec<bool>, Vec<f64>) =
            told.iter().map(|(known, probabilities)| (*known == 1, probabilities[1])).unzip();
        let ranking = Ranking::new(&is_positive, &scores);
        found.extend(ranking.map(|ranking| ("AUC, 10 folds".to_owned(), ranking.auc())));
    }
    found
}

fn largest(values: &[f64]) -> usize {
    (1..values.len()).fold(0, |best, at| if values[at] > values[best] { at } else { best })
}

fn learn_k_means(train: &Features, training: &Training, rng: &mut ChaCha12Rng) -> Result<Found, String> {
    let (standardisation, train) = standardised(train, training.standardise)?;
    let options = kmeans::Options::new(training.clusters as usize);
    let model = kmeans::fit(&train, options, rng).map_err(words)?;
    let mut found = Found::plain(FloatFamily::KMeans { centroids: model.centroids }, standardisation);
    found.inertia = model.history;
    Ok(found)
}

fn learn_network(
    rows: &Rows,
    train: &Features,
    split: &Split,
    training: &Training,
    rng: &mut ChaCha12Rng,
    tell: Tell<'_>,
) -> Result<Found, String> {
    let range = Standardisation::fit_range(train);
    let train = range.apply(train).map_err(words)?;
    let target: Target = match &rows.known {
        Known::Classes(_, labels) => Target::Classes(labels.select(&split.train).map_err(words)?),
        Known::Values(_, values) => Target::Values(split.train.iter().map(|&row| values[row]).collect()),
        Known::Nothing => return Err("Choose the column that the network is to predict.".into()),
    };
    let inner = match &target {
        Target::Classes(labels) => split::stratified(labels, VALIDATION_SHARE, rng),
        Target::Values(values) => split::shuffled(values.len(), VALIDATION_SHARE, rng),
    }
    .map_err(words)?;
    let targets = |part: &[usize]| match &target {
        Target::Classes(labels) => labels.select(part).map(Target::Classes).map_err(words),
        Target::Values(values) => Ok(Target::Values(part.iter().map(|&row| values[row]).collect())),
    };
    let sample = |part: &[usize]| -> Result<Sample, String> {
        Sample::new(train.select(part).map_err(words)?, targets(part)?).map_err(words)
    };
    let options = Options {
        most_epochs: training.epochs as usize,
        patience: training.patience as usize,
        ..Options::new(vec![training.hidden as usize])
    };
    let mut trainer =
        Trainer::new(sample(&inner.train)?, sample(&inner.test)?, options, rng).map_err(words)?;
    let mut last_told = Stopwatch::start();
    loop {
        let (epoch, is_end) = match trainer.step(rng).map_err(words)? {
            Progress::Batch { .. } => continue,
            Progress::Epoch(epoch) => (epoch, trainer.stop().is_some()),
            Progress::Finished(_) => break,
        };
        if is_end || last_told.seconds() > 0.05 {
            last_told = Stopwatch::start();
            tell(TrainingProgress {
                stage: "Training the network".to_owned(),
                share: Some((epoch.epoch as u64, training.epochs.into())),
                epoch: Some(epoch),
            });
        }
    }
    let classes = match &rows.known {
        Known::Classes(_, labels) => labels.classes().to_vec(),
        Known::Values(..) | Known::Nothing => Vec::new(),
    };
    let family = FloatFamily::Network { classes, layers: layers(&trainer.network()) };
    let mut found = Found::plain(family, Some(range));
    found.epochs = trainer.history().to_vec();
    found.stopped_early = trainer.stop() == Some(Stop::NoImprovement);
    found.validation_rows = inner.test.len();
    Ok(found)
}

fn layers(network: &Network) -> Vec<Vec<FloatForm>> {
    let layer = |layer: &veilsum_train::network::Layer| {
        let units = layer.weights.chunks_exact(layer.inputs.max(1)).zip(&layer.biases);
        units.map(|(weights, &constant)| FloatForm { weights: weights.to_vec(), constant }).collect()
    };
    network.layers.iter().map(layer).collect()
}

fn standardised(train: &Features, wanted: bool) -> Result<(Option<Standardisation>, Features), String> {
    if !wanted {
        return Ok((None, train.clone()));
    }
    let standardisation = Standardisation::fit(train).map_err(words)?;
    let features = standardisation.apply(train).map_err(words)?;
    Ok((Some(standardisation), features))
}

/// The features with the bounds that records may have.
fn declared(rows: &Rows, family: Family) -> Result<Vec<Declared>, String> {
    let most = if family == Family::KMeans { MOST_DECIMALS_OF_SQUARES } else { MOST_DECIMALS };
    let features = rows.features.names().iter().zip(&rows.decimals).enumerate();
    let declare = |(at, (name, &decimals)): (usize, (&String, &u8))| {
        let values = rows.features.rows().filter_map(|row| row.get(at).copied());
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let room = MARGIN * (high - low);
        // What is never negative in the table is not asked about below 0.
        let lowest = if low >= 0.0 { (low - room).max(0.0) } else { low - room };
        Declared {
            name: name.clone(),
            scale: Scale::decimal(decimals.min(most)),
            lowest,
            highest: high + room,
        }
    };
    Ok(features.map(declare).collect())
}

fn space_of(rows: &Rows, float: &FloatModel, found: &Found) -> Space {
    let centroids = match &float.family {
        FloatFamily::KMeans { centroids } => centroids.clone(),
        FloatFamily::Linear { .. } | FloatFamily::Logistic { .. } | FloatFamily::Network { .. } => Vec::new(),
    };
    let (known, target) = match &rows.known {
        Known::Nothing => (None, String::new()),
        Known::Values(name, _) | Known::Classes(name, _) => (Some(name.clone()), name.clone()),
    };
    Space { standardisation: found.standardisation.clone(), centroids, known, target }
}

/// What the float model says of each test row, judged.
fn judge_float(
    interface: &Interface,
    float: &FloatModel,
    space: &Space,
    test: &[TestRow],
) -> Result<Evaluation, String> {
    let predictions: Vec<PredictionView> =
        test.iter().map(|row| of_scores(interface, &float.score(&row.numbers))).collect();
    let numbers: Vec<Vec<f64>> = test.iter().map(|row| row.numbers.clone()).collect();
    let known: Vec<Option<String>> = test.iter().map(|row| row.known.clone()).collect();
    judge(interface, space, &numbers, &known, &predictions)
        .ok_or_else(|| "The test part has nothing to judge by. Choose a larger share for it.".to_owned())
}

/// What float scores say, as [`predict`] decides by integers.
fn of_scores(interface: &Interface, scores: &[f64]) -> PredictionView {
    let name = |class: usize| interface.classes.get(class).cloned().unwrap_or_default();
    match (interface.family, scores) {
        (FamilyName::KMeans, _) => {
            let nearest = largest(&scores.iter().map(|score| -score).collect::<Vec<_>>());
            PredictionView::Cluster {
                cluster: nearest as u64 + 1,
                squared_distance: scores.get(nearest).copied().unwrap_or(0.0),
            }
        }
        (_, [score]) if interface.classes.len() == 2 => {
            let positive = logistic::sigmoid(*score);
            let class = usize::from(*score > 0.0);
            let probability = if class == 1 { positive } else { 1.0 - positive };
            PredictionView::Class { name: name(class), probability, positive: Some(positive) }
        }
        (_, [_, _, ..]) => {
            let probabilities = logistic::softmax(scores);
            let class = largest(scores);
            let positive = (interface.classes.len() == 2).then(|| probabilities[1]);
            PredictionView::Class { name: name(class), probability: probabilities[class], positive }
        }
        _ => PredictionView::Value(scores.first().copied().unwrap_or(0.0)),
    }
}

/// Test rows, and for how many the quantised model says what the float model says: the same class or cluster, or a value
/// within the stated error.
fn agreement(model: &Model, interface: &Interface, float: &FloatModel, test: &[TestRow]) -> (u64, u64) {
    let bound = [model.card().quantisation_error, model.card().rounding_error];
    let bound: f64 = bound.into_iter().flatten().map(Real::get).sum();
    let agrees = |row: &&TestRow| {
        let Ok(integers) = feature::encode(model.features(), 1, &row.numbers) else { return false };
        let Ok(scores) = twin::score(model, 1, &integers) else { return false };
        let Ok(prediction) = predict(interface, &scores) else { return false };
        match (prediction, of_scores(interface, &float.score(&row.numbers))) {
            (Prediction::Value { value }, PredictionView::Value(other)) => (value - other).abs() <= bound,
            (Prediction::Class { class, .. }, PredictionView::Class { name, .. }) => {
                interface.classes.get(class) == Some(&name)
            }
            (Prediction::Cluster { cluster, .. }, PredictionView::Cluster { cluster: other, .. }) => {
                cluster as u64 + 1 == other
            }
            _ => false,
        }
    };
    (test.iter().filter(agrees).count() as u64, test.len() as u64)
}

fn metrics(evaluation: &Evaluation) -> Vec<Metric> {
    let found: Vec<(&str, Option<f64>)> = match evaluation {
        Evaluation::Classes(classes) => vec![
            ("accuracy, test", Some(classes.report.accuracy)),
            ("F1 macro, test", Some(classes.report.macro_average.f1)),
            ("AUC, test", classes.ranking.as_ref().map(|ranking| ranking.auc)),
        ],
        Evaluation::Values(values) => vec![
            ("RMSE, test", Some(values.report.rmse)),
            ("MAE, test", Some(values.report.mae)),
            ("R squared, test", values.report.r_squared),
        ],
        Evaluation::Clusters(clusters) => vec![
            ("inertia", Some(clusters.inertia)),
            ("silhouette", clusters.silhouette),
            ("adjusted Rand index", clusters.adjusted_rand.as_ref().map(|(_, value)| *value)),
        ],
    };
    let metric = |(name, value): (&str, Option<f64>)| {
        Some(Metric { name: name.to_owned(), value: Real::new(value?)? })
    };
    found.into_iter().filter_map(metric).collect()
}

fn card_name(file_name: &str, family: Family) -> String {
    let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
    let family = match family {
        Family::Linear => "linear regression",
        Family::Logistic => "logistic regression",
        Family::KMeans => "k-means",
        Family::Network => "network",
    };
    format!("{stem}, {family}")
}

fn words<E: core::fmt::Display>(error: E) -> String {
    sentence(&error)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::messages::workbench::{Cells, LearnColumn};

    /// Sixty rows on a line with a little unrest; `kind` says on which side of its middle a row lies.
    fn table() -> LearnTable {
        let rows = || (0..60_i32).map(f64::from);
        let numbers = |values: Vec<f64>| Cells::Numbers(values.into_iter().map(Some).collect(), 1);
        let column = |name: &str, cells| LearnColumn { name: name.to_owned(), cells };
        let words = rows().map(|row| Some(if row < 30.0 { "low" } else { "high" }.to_owned()));
        LearnTable {
            file_name: "line.csv".to_owned(),
            columns: vec![
                column("x", numbers(rows().collect())),
                column("same", numbers(rows().map(|_| 7.0).collect())),
                column("y", numbers(rows().map(|row| 3.0 * row + (row * 7.0) % 5.0).collect())),
                column("kind", Cells::Words(words.collect())),
            ],
        }
    }

    fn training(family: Family, target: Option<u32>) -> Training {
        Training {
            family,
            target,
            left_out: Vec::new(),
            seed: 1,
            test_percent: 20,
            standardise: true,
            penalty: if family == Family::Logistic { 1.0 } else { 0.0 },
            clusters: 2,
            hidden: 4,
            epochs: 5,
            patience: 5,
            weight_bits: if family == Family::Network { 12 } else { 40 },
        }
    }

    fn learned(family: Family, target: Option<u32>) -> Trained {
        let (learned, _) = learn(&table(), &training(family, target), &mut |_| ()).unwrap();
        let model = Model::from_bytes(&learned.document).unwrap();
        assert_eq!(model.interface(), learned.trained.interface);
        assert_eq!(learned.trained.agreement.1, learned.test.len() as u64);
        learned.trained
    }

    #[test]
    fn every_family_is_learned_quantised_and_judged() {
        let logistic = learned(Family::Logistic, Some(3));
        assert_eq!((logistic.parts, logistic.agreement), ([48, 0, 12], (12, 12)));
        assert_eq!(logistic.constant, ["same"]);
        let linear = learned(Family::Linear, Some(2));
        let Evaluation::Values(values) = &linear.evaluation else { panic!("no values") };
        assert!(values.report.r_squared.unwrap() > 0.99 && linear.fit_r_squared.unwrap() > 0.99);
        let clusters = learned(Family::KMeans, Some(3));
        assert_eq!((clusters.parts[0], clusters.agreement), (60, (60, 60)));
        let network = learned(Family::Network, Some(3));
        assert_eq!((network.epochs.len(), network.parts[1]), (5, 7));
        assert_eq!(network.interface.features.len(), 3);
    }

    #[test]
    fn what_cannot_be_learned_is_told_in_a_sentence() {
        let refused = |training: &Training| learn(&table(), training, &mut |_| ()).unwrap_err();
        assert!(refused(&training(Family::Linear, Some(3))).contains("holds words"));
        assert!(refused(&training(Family::Logistic, Some(0))).contains("60 different values"));
        assert!(refused(&training(Family::Logistic, None)).contains("Choose the column"));
        let nothing = Training { left_out: vec![0, 1, 2], ..training(Family::Logistic, Some(3)) };
        assert!(refused(&nothing).contains("No column is left"));
    }
}
