//! How good predictions are, where something is known of their records.

use veilsum_model::interface::Interface;
use veilsum_model::model::FamilyName;
use veilsum_train::data::Features;
use veilsum_train::evaluate::projection::Projection;
use veilsum_train::evaluate::ranking::Ranking;
use veilsum_train::evaluate::{calibration, classification, clustering, regression};
use veilsum_train::standardise::Standardisation;

use crate::messages::workbench::{
    ClassEvaluation, ClusterEvaluation, Evaluation, PredictionView, RankingEvaluation, ValueEvaluation,
};

/// Bins of the calibration.
const BINS: u16 = 10;
/// Silhouettes take time that grows with the square of the rows.
const MOST_ROWS_OF_SILHOUETTES: usize = 2_000;

/// Where the newest clusters are, and what the column of known classes is called.
#[derive(Debug, Default)]
pub struct Space {
    pub(super) standardisation: Option<Standardisation>,
    pub(super) centroids: Vec<Vec<f64>>,
    pub(super) known: Option<String>,
    pub(super) target: String,
}

/// Judges predictions of records; `None` where nothing is known that they could be compared with.
#[must_use]
pub fn judge(
    interface: &Interface,
    space: &Space,
    numbers: &[Vec<f64>],
    known: &[Option<String>],
    predictions: &[PredictionView],
) -> Option<Evaluation> {
    match interface.family {
        FamilyName::KMeans => clusters(space, numbers, known, predictions),
        FamilyName::Linear | FamilyName::Logistic | FamilyName::Network if interface.classes.is_empty() => {
            values(&space.target, known, predictions)
        }
        FamilyName::Linear | FamilyName::Logistic | FamilyName::Network => {
            classes(&interface.classes, known, predictions)
        }
    }
}

fn values(target: &str, known: &[Option<String>], predictions: &[PredictionView]) -> Option<Evaluation> {
    let row = |(known, prediction): (&Option<String>, &PredictionView)| match (known, prediction) {
        (Some(known), PredictionView::Value(value)) => Some((known.parse().ok()?, *value)),
        _ => None,
    };
    let rows: Vec<(f64, f64)> = known.iter().zip(predictions).filter_map(row).collect();
    let (actual, predicted): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
    let report = regression::report(&actual, &predicted).ok()?;
    Some(Evaluation::Values(ValueEvaluation { target: target.to_owned(), report, rows }))
}

fn classes(names: &[String], known: &[Option<String>], predictions: &[PredictionView]) -> Option<Evaluation> {
    let place = |name: &str| names.iter().position(|class| class == name);
    let row = |(known, prediction): (&Option<String>, &PredictionView)| match (known, prediction) {
        (Some(known), PredictionView::Class { name, positive, .. }) => {
            Some((place(known)?, place(name)?, *positive))
        }
        _ => None,
    };
    let rows: Vec<(usize, usize, Option<f64>)> = known.iter().zip(predictions).filter_map(row).collect();
    let actual: Vec<usize> = rows.iter().map(|row| row.0).collect();
    let predicted: Vec<usize> = rows.iter().map(|row| row.1).collect();
    let report = classification::report(&actual, &predicted, names.len()).ok()?;
    let ranked: Option<Vec<(bool, f64)>> =
        rows.iter().map(|(actual, _, positive)| Some((*actual == 1, (*positive)?))).collect();
    let ranking = ranked.filter(|_| names.len() == 2).and_then(|rows| ranking(&names[1], rows));
    Some(Evaluation::Classes(Box::new(ClassEvaluation { classes: names.to_vec(), report, ranking })))
}

fn ranking(positive: &str, rows: Vec<(bool, f64)>) -> Option<RankingEvaluation> {
    let (is_positive, probabilities): (Vec<bool>, Vec<f64>) = rows.iter().copied().unzip();
    let ranking = Ranking::new(&is_positive, &probabilities).ok()?;
    Some(RankingEvaluation {
        positive: positive.to_owned(),
        roc: ranking.roc(),
        auc: ranking.auc(),
        precision_recall: ranking.precision_recall(),
        average_precision: ranking.average_precision(),
        calibration: calibration::bins(&is_positive, &probabilities, BINS).ok()?,
        brier: calibration::brier(&is_positive, &probabilities).ok()?,
        rows,
    })
}

fn clusters(
    space: &Space,
    numbers: &[Vec<f64>],
    known: &[Option<String>],
    predictions: &[PredictionView],
) -> Option<Evaluation> {
    let assigned = predictions.iter().map(|prediction| match prediction {
        PredictionView::Cluster { cluster, squared_distance } => {
            Some((usize::try_from(cluster.checked_sub(1)?).ok()?, *squared_distance))
        }
        PredictionView::Value(_) | PredictionView::Class { .. } => None,
    });
    let (assigned, distances): (Vec<usize>, Vec<f64>) =
        assigned.collect::<Option<Vec<_>>>()?.into_iter().unzip();
    let width = numbers.first()?.len();
    let names = (0..width).map(|at| at.to_string()).collect();
    let raw = Features::new(names, numbers.concat()).ok()?;
    let features = match &space.standardisation {
        Some(standardisation) => standardisation.apply(&raw).ok()?,
        None => raw,
    };
    let count = assigned.iter().max()? + 1;
    let mut sizes = vec![0_u64; count.max(space.centroids.len())];
    assigned.iter().for_each(|&cluster| sizes[cluster] += 1);
    let silhouette = (features.row_count() <= MOST_ROWS_OF_SILHOUETTES)
        .then(|| clustering::silhouette(&features, &assigned).ok())
        .flatten()
        .map(|silhouette| silhouette.mean);
    let words: Option<Vec<&String>> = known.iter().map(Option::as_ref).collect();
    let adjusted_rand = space.known.clone().zip(words).and_then(|(name, words)| {
        let labels = veilsum_train::data::Labels::from_words(&words).ok()?;
        Some((name, clustering::adjusted_rand(labels.of_rows(), &assigned).ok()?))
    });
    let projection = Projection::fit(&features).ok();
    let places = projection.as_ref().map(|projection| {
        let place = |(row, &cluster): (&[f64], &usize)| {
            let [x, y] = projection.place(row);
            (x, y, u32::try_from(cluster).unwrap_or(u32::MAX))
        };
        features.rows().zip(&assigned).map(place).collect()
    });
    let centre = |centroid: &Vec<f64>| {
        let [x, y] = projection.as_ref()?.place(centroid);
        Some((x, y))
    };
    Some(Evaluation::Clusters(ClusterEvaluation {
        sizes,
        inertia: distances.iter().sum(),
        silhouette,
        adjusted_rand,
        places: places.unwrap_or_default(),
        centres: space
            .centroids
            .iter()
            .filter(|centroid| centroid.len() == width)
            .filter_map(centre)
            .collect(),
        shares: projection.map_or([0.0; 2], |projection| projection.shares),
    }))
}
