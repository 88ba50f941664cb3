//! Models that scikit-learn trained, from the JSON that `scripts/export_sklearn.py` writes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::float::{Declared, FloatFamily, FloatForm, FloatModel, Standardisation};
use crate::model::{Card, Metric};
use crate::scale::Scale;
use crate::text::Real;

/// What the file calls itself.
const FORMAT: &str = "veilsum-sklearn";
/// Newest version of the file.
const VERSION: u32 = 1;
/// Most bytes of a file.
pub const MAX_BYTES: usize = 32 << 20;

/// A trained model and what its maker said about it, ready to be quantised.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The model.
    pub model: FloatModel,
    /// The card, without errors of quantisation.
    pub card: Card,
}

/// Why a file is no exported model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file is longer than models are.
    #[error("the file has {actual} bytes, and exported models have at most {MAX_BYTES}")]
    TooLong {
        /// Bytes there are.
        actual: usize,
    },
    /// The file is something else.
    #[error("this is not a model that export_sklearn.py wrote")]
    NotAnExport,
    /// The version is one that this build does not know.
    #[error("the export has version {actual}; this version of Veilsum reads up to {VERSION}")]
    UnknownVersion {
        /// Version found.
        actual: u32,
    },
    /// A part cannot be read.
    #[error(
        "the export has a part that cannot be read, at line {line}, column {column}: a number that is not finite, or a \
         kind of model that is not among linear, logistic, k-means and network"
    )]
    Unreadable {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Forms and intercepts do not go together.
    #[error("the export has {intercepts} intercepts for {forms} rows of weights")]
    Shape {
        /// Rows of weights.
        forms: usize,
        /// Intercepts.
        intercepts: usize,
    },
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Deserialize)]
struct Export {
    name: String,
    sklearn: String,
    training: Training,
    metrics: BTreeMap<String, f64>,
    features: Vec<ExportedFeature>,
    scaler: Option<Scaler>,
    model: ExportedModel,
}

#[derive(Deserialize)]
struct Training {
    data: String,
    rows: u64,
}

#[derive(Deserialize)]
struct ExportedFeature {
    name: String,
    decimals: u8,
    lowest: f64,
    highest: f64,
}

#[derive(Deserialize)]
struct Scaler {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum ExportedModel {
    Linear { target: String, coefficients: Vec<f64>, intercept: f64 },
    Logistic { classes: Vec<String>, coefficients: Vec<Vec<f64>>, intercepts: Vec<f64> },
    KMeans { centroids: Vec<Vec<f64>> },
    Network { classes: Vec<String>, layers: Vec<ExportedLayer> },
}

#[derive(Deserialize)]
struct ExportedLayer {
    /// A row for each unit.
    weights: Vec<Vec<f64>>,
    biases: Vec<f64>,
}

/// Reads an export. Whether its parts fit each other is found out when it is quantised.
///
/// # Errors
/// [`ImportError`].
pub fn sklearn(bytes: &[u8]) -> Result<Imported, ImportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ImportError::TooLong { actual: bytes.len() });
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|_| ImportError::NotAnExport)?;
    if head.format != FORMAT {
        return Err(ImportError::NotAnExport);
    }
    if head.version == 0 || head.version > VERSION {
        return Err(ImportError::UnknownVersion { actual: head.version });
    }
    let export: Export = serde_json::from_slice(bytes)
        .map_err(|fault| ImportError::Unreadable { line: fault.line(), column: fault.column() })?;
    let family = match export.model {
        ExportedModel::Linear { target, coefficients, intercept } => {
            FloatFamily::Linear { target, form: FloatForm { weights: coefficients, constant: intercept } }
        }
        ExportedModel::Logistic { classes, coefficients, intercepts } => {
            FloatFamily::Logistic { classes, forms: forms(coefficients, &intercepts)? }
        }
        ExportedModel::KMeans { centroids } => FloatFamily::KMeans { centroids },
        ExportedModel::Network { classes, layers } => {
            let layers = layers.into_iter().map(|layer| forms(layer.weights, &layer.biases));
            FloatFamily::Network { classes, layers: layers.collect::<Result<_, _>>()? }
        }
    };
    let declared = |feature: ExportedFeature| Declared {
        name: feature.name,
        scale: Scale::decimal(feature.decimals),
        lowest: feature.lowest,
        highest: feature.highest,
    };
    let metric = |(name, value)| Some(Metric { name, value: Real::new(value)? });
    Ok(Imported {
        model: FloatModel {
            features: export.features.into_iter().map(declared).collect(),
            standardisation: export
                .scaler
                .map(|scaler| Standardisation { means: scaler.mean, deviations: scaler.scale }),
            family,
        },
        card: Card {
            name: export.name,
            training_data: export.training.data,
            training_rows: export.training.rows,
            source: format!("scikit-learn {}", export.sklearn),
            metrics: export.metrics.into_iter().filter_map(metric).collect(),
            quantisation_error: None,
            rounding_error: None,
        },
    })
}

fn forms(rows: Vec<Vec<f64>>, constants: &[f64]) -> Result<Vec<FloatForm>, ImportError> {
    if rows.len() != constants.len() {
        return Err(ImportError::Shape { forms: rows.len(), intercepts: constants.len() });
    }
    let rows = rows.into_iter().zip(constants);
    Ok(rows.map(|(weights, &constant)| FloatForm { weights, constant }).collect())
}
