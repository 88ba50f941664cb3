//! Reads the vectors.

#![allow(dead_code, reason = "not every test looks at all of a vector")]

use veilsum_model::float::FloatFamily;
use veilsum_model::import::{self, Imported};
use veilsum_model::model::Model;
use veilsum_model::plan::Engine;
use veilsum_model::quantise::{NETWORK_WEIGHT_BITS, Options, WEIGHT_BITS, quantise};

/// The files of a vector: name, export, records and scores.
macro_rules! vector {
    ($name:literal) => {
        ($name, include_bytes!(concat!($name, ".json")), include_bytes!(concat!($name, ".scores.json")))
    };
}

/// All vectors.
pub const EXPORTS: [(&str, &[u8], &[u8]); 7] = [
    vector!("diabetes"),
    vector!("diabetes_ridge"),
    vector!("breast_cancer"),
    vector!("iris_logistic"),
    vector!("iris"),
    vector!("iris_standardised"),
    vector!("digits"),
];

/// A model of scikit-learn and what it says of some records.
pub struct Vector {
    pub imported: Imported,
    pub records: Vec<Vec<f64>>,
    pub scores: Vec<Vec<f64>>,
    pub predictions: Vec<f64>,
}

impl Vector {
    pub fn bytes(name: &str) -> &'static [u8] {
        EXPORTS.iter().find(|(found, _, _)| *found == name).unwrap().1
    }

    pub fn read(name: &str) -> Self {
        let imported = import::sklearn(Self::bytes(name)).unwrap();
        let scores: serde_json::Value =
            serde_json::from_slice(EXPORTS.iter().find(|(found, _, _)| *found == name).unwrap().2).unwrap();
        let numbers = |value: &serde_json::Value| -> Vec<f64> {
            value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
        };
        let rows = |key: &str| scores[key].as_array().unwrap().iter().map(numbers).collect();
        Self {
            imported,
            records: rows("records"),
            scores: rows("scores"),
            predictions: numbers(&scores["predictions"]),
        }
    }

    /// Quantised with the usual options.
    pub fn model(&self) -> Model {
        let (engine, weight_bits) = match self.imported.model.family {
            FloatFamily::Network { .. } => (Engine::ByLayers, NETWORK_WEIGHT_BITS),
            FloatFamily::Linear { .. } | FloatFamily::Logistic { .. } | FloatFamily::KMeans { .. } => {
                (Engine::Packed, WEIGHT_BITS)
            }
        };
        quantise(&self.imported.model, Options { engine, weight_bits }, self.imported.card.clone()).unwrap()
    }
}
