//! Models as training leaves them: floats, with their standardisation beside them.

use crate::scale::Scale;

/// A trained model, and what its features are.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatModel {
    /// The features, in the order of the weights.
    pub features: Vec<Declared>,
    /// What is done to a record first, if anything.
    pub standardisation: Option<Standardisation>,
    /// What is computed from it.
    pub family: FloatFamily,
}

/// A feature: its name, the places that are kept of its numbers, and the numbers that will be asked about.
///
/// Everything is planned for these bounds: a record outside them is refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// Name.
    pub name: String,
    /// Places that are kept.
    pub scale: Scale,
    /// The smallest number.
    pub lowest: f64,
    /// The largest number.
    pub highest: f64,
}

/// `(x − mean) / deviation`, feature by feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardisation {
    /// A mean for each feature.
    pub means: Vec<f64>,
    /// A deviation for each feature, above 0.
    pub deviations: Vec<f64>,
}

/// `constant + Σ weightᵢ·xᵢ`.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatForm {
    /// A weight for each input.
    pub weights: Vec<f64>,
    /// What zeros give.
    pub constant: f64,
}

/// What a trained model computes from the standardised record.
#[derive(Debug, Clone, PartialEq)]
pub enum FloatFamily {
    /// A value.
    Linear {
        /// What is predicted.
        target: String,
        /// The form.
        form: FloatForm,
    },
    /// Log-odds: one form for two classes (of the second), else one for each.
    Logistic {
        /// Names of the classes.
        classes: Vec<String>,
        /// The forms.
        forms: Vec<FloatForm>,
    },
    /// Squared distances.
    KMeans {
        /// The centroids.
        centroids: Vec<Vec<f64>>,
    },
    /// Dense layers with squares between them.
    Network {
        /// Names of the classes, as [`crate::model::Family::Network`] has them.
        classes: Vec<String>,
        /// A form for each unit of each layer.
        layers: Vec<Vec<FloatForm>>,
    },
}

impl FloatModel {
    /// The scores of one record in floats: predicted value, log-odds, squared distances or logits.
    ///
    /// Numbers that are missing count as nothing, as do weights; shapes are checked when the model is quantised.
    #[must_use]
    pub fn score(&self, record: &[f64]) -> Vec<f64> {
        let mut values = record.to_vec();
        if let Some(Standardisation { means, deviations }) = &self.standardisation {
            for ((value, mean), deviation) in values.iter_mut().zip(means).zip(deviations) {
                *value = (*value - mean) / deviation;
            }
        }
        let evaluate = |forms: &[FloatForm], values: &[f64]| -> Vec<f64> {
            forms.iter().map(|form| form.evaluate(values)).collect()
        };
        match &self.family {
            FloatFamily::Linear { form, .. } => vec![form.evaluate(&values)],
            FloatFamily::Logistic { forms, .. } => evaluate(forms, &values),
            FloatFamily::KMeans { centroids } => {
                let distance = |centroid: &Vec<f64>| {
                    values
                        .iter()
                        .zip(centroid)
                        .map(|(value, centre)| (value - centre) * (value - centre))
                        .sum()
                };
                centroids.iter().map(distance).collect()
            }
            FloatFamily::Network { layers, .. } => {
                let mut layers = layers.iter();
                let first = layers.next().map(|layer| evaluate(layer, &values)).unwrap_or_default();
                layers.fold(first, |before, layer| {
                    let squares: Vec<_> = before.iter().map(|sum| sum * sum).collect();
                    evaluate(layer, &squares)
                })
            }
        }
    }
}

impl FloatForm {
    fn evaluate(&self, values: &[f64]) -> f64 {
        self.weights.iter().zip(values).map(|(weight, value)| weight * value).sum::<f64>() + self.constant
    }
}
