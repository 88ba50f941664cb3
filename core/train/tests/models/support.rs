//! The sample tables, and numbers to compare with.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;
use veilsum_train::data::{Features, Labels};

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A table whose last column is the target.
pub struct Table {
    pub features: Features,
    pub target: Vec<String>,
}

impl Table {
    pub fn named(name: &str) -> Self {
        let text: &str = match name {
            "breast_cancer.csv" => include_str!("../../../analysis/tests/fixtures/breast_cancer.csv"),
            "diabetes.csv" => include_str!("../../../analysis/tests/fixtures/diabetes.csv"),
            "iris.csv" => include_str!("../../../analysis/tests/fixtures/iris.csv"),
            "digits.csv" => include_str!("../fixtures/digits.csv"),
            other => panic!("no table {other}"),
        };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let mut names: Vec<String> = reader.headers().expect("test data").iter().map(str::to_owned).collect();
        names.pop();
        let (mut values, mut target) = (Vec::new(), Vec::new());
        for record in reader.records() {
            let record = record.expect("test data");
            values
                .extend(record.iter().take(names.len()).map(|cell| cell.parse::<f64>().expect("test data")));
            target.push(record[names.len()].to_owned());
        }
        Self { features: Features::new(names, values).expect("test data"), target }
    }

    pub fn values(&self) -> Vec<f64> {
        self.target.iter().map(|cell| cell.parse().expect("test data")).collect()
    }

    pub fn labels(&self) -> Labels {
        Labels::from_words(&self.target).expect("test data")
    }
}

pub fn references() -> Value {
    serde_json::from_str(include_str!("../fixtures/references.json")).expect("test data")
}

pub fn golden() -> Value {
    serde_json::from_str(include_str!("../../../analysis/tests/fixtures/golden.json")).expect("test data")
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("test data").iter().map(|number| number.as_f64().expect("test data")).collect()
}

pub fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("test data").iter().map(numbers).collect()
}

/// Largest difference of two lists of the same length.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// As many rows of columns “a”, “b” … as there are values.
pub fn features(columns: usize, values: &[f64]) -> Features {
    let names = ('a'..).take(columns).map(String::from).collect();
    Features::new(names, values.to_vec()).expect("test data")
}
