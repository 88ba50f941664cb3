//! Trainings of several owners: what rows in clear add to a round, where totals lead, and a model of the own rows beside the joint
//! one.

use veilsum_joint::lead::{Next, lead};
use veilsum_joint::outcome::{Learned, Outcome};
use veilsum_joint::round::Round;
use veilsum_joint::rows::{Cells, OwnRows, RowsError};
use veilsum_joint::terms::{Family, Terms};
use veilsum_model::text::Real;
use veilsum_protocol::TrainingId;
use veilsum_train::data::{Features, Labels};
use veilsum_train::evaluate::regression;
use veilsum_train::logistic::LogisticModel;
use veilsum_train::rounds::Contribution as Sums;
use veilsum_train::{kmeans, linear, logistic};

use crate::fault::sentence;
use crate::messages::training::{Comparison, JointDone, JointRefused, JointTask, Led, NextDocument};
use crate::messages::workbench::{Cells as LearnCells, LearnTable};

/// Carries out a task.
///
/// # Errors
/// Why nothing was done, in a sentence.
pub(super) fn perform(task: &JointTask) -> Result<JointDone, JointRefused> {
    match task {
        JointTask::Check { table, terms } => {
            let rows = own_rows(table, &read_terms(terms)?)?;
            Ok(JointDone::Checked { rows: rows.row_count(), dropped: rows.dropped() })
        }
        JointTask::Contribute { table, terms, training, round } => {
            let terms = read_terms(terms)?;
            let training = read_id(training)?;
            let round = Round::from_bytes(training, &terms, round.as_bytes()).map_err(unreadable)?;
            let rows = own_rows(table, &terms)?;
            let sums = rows.contribution(&terms, &round).map_err(|error| refused(&error))?;
            Ok(JointDone::Sums(sums.slots))
        }
        JointTask::Lead { terms, training, totals } => {
            let terms = read_terms(terms)?;
            let totals: Vec<Sums> = totals.iter().map(|slots| Sums { slots: slots.clone() }).collect();
            let found = lead(read_id(training)?, &terms, &totals).map_err(|error| JointRefused {
                code: "leads-nowhere".to_owned(),
                message: sentence(&error),
            })?;
            let rounds = found.rounds.iter().map(|round| text(round.to_bytes())).collect();
            let next = match found.next {
                Next::Round(round) => NextDocument::Round(text(round.to_bytes())),
                Next::Finished(outcome) => NextDocument::Finished(text(outcome.to_bytes())),
            };
            Ok(JointDone::Led(Led { rounds, progress: found.progress, next }))
        }
        JointTask::Compare { table, terms, training, outcome } => {
            let terms = read_terms(terms)?;
            let outcome =
                Outcome::from_bytes(read_id(training)?, &terms, outcome.as_bytes()).map_err(unreadable)?;
            let rows = own_rows(table, &terms)?;
            compare(&rows, &terms, &outcome).map(JointDone::Compared).map_err(|message| JointRefused {
                code: "not-compared".to_owned(),
                message: format!("Your rows alone give no model to compare with: {message}"),
            })
        }
    }
}

fn own_rows(table: &LearnTable, terms: &Terms) -> Result<OwnRows, JointRefused> {
    let find = |name: &str| {
        let column = table.columns.iter().find(|column| column.name == name)?;
        Some(match &column.cells {
            LearnCells::Numbers(cells, _) => Cells::Numbers(cells),
            LearnCells::Words(cells) => Cells::Words(cells),
        })
    };
    OwnRows::new(terms, find).map_err(|error| refused(&error))
}

fn compare(rows: &OwnRows, terms: &Terms, outcome: &Outcome) -> Result<Comparison, String> {
    let names = terms.features.iter().map(|column| column.name.clone());
    match (&outcome.numbers, &terms.family) {
        (Learned::Linear { standardisation, coefficients, intercept, .. }, Family::Linear { ridge, .. }) => {
            // A penalty is on columns that are standardised over all owners.
            let mut scales = standardisation.standardisation();
            scales.centres.truncate(terms.features.len());
            scales.scales.truncate(terms.features.len());
            let features = scales.apply(rows.features()).map_err(words)?;
            let own = linear::fit(&features, rows.values(), ridge.get()).map_err(words)?;
            let own = own.unstandardised(&scales);
            let joint =
                linear::LinearModel { coefficients: floats(coefficients), intercept: intercept.get() };
            let explained = |model: &linear::LinearModel| {
                let told: Vec<f64> = rows.features().rows().map(|row| model.predict(row)).collect();
                regression::report(rows.values(), &told).ok().and_then(|report| report.r_squared)
            };
            let measures = explained(&joint).zip(explained(&own));
            let measures = measures.map(|(joint, own)| ("R² over your rows".to_owned(), joint, own));
            let pairs = joint.coefficients.iter().copied().zip(own.coefficients.iter().copied());
            let pairs = names.zip(pairs).chain([("Intercept".to_owned(), (joint.intercept, own.intercept))]);
            Ok(compared(rows, measures.into_iter().collect(), pairs))
        }
        (Learned::Logistic { standardisation, coefficients }, Family::Logistic { classes, c, .. }) => {
            let features = standardisation.standardisation().apply(rows.features()).map_err(words)?;
            let of_rows = rows.is_positive().iter().map(|&positive| usize::from(positive)).collect();
            let labels = Labels::new(classes.to_vec(), of_rows).map_err(words)?;
            let own = logistic::fit(&features, &labels, c.get()).map_err(words)?;
            let mut weights = floats(coefficients);
            let intercepts = weights.pop().into_iter().collect();
            let joint = LogisticModel { classes: classes.to_vec(), weights: vec![weights], intercepts };
            let [joint_right, own_right] = [&joint, &own].map(|model| accuracy(model, &features, &labels));
            let measures = vec![("Accuracy over your rows".to_owned(), joint_right, own_right)];
            let all = |model: &LogisticModel| -> Vec<f64> {
                model.weights.iter().flatten().chain(&model.intercepts).copied().collect()
            };
            let names = names.chain(["Intercept".to_owned()]);
            Ok(compared(rows, measures, names.zip(all(&joint).into_iter().zip(all(&own)))))
        }
        (
            Learned::KMeans { standardisation, centroids, .. },
            Family::KMeans { clusters, seed, standardised, .. },
        ) => {
            let features = if *standardised {
                standardisation.standardisation().apply(rows.features()).map_err(words)?
            } else {
                rows.features().clone()
            };
            let centroids = centroids.iter().map(|centroid| floats(centroid)).collect();
            let joint = kmeans::iterate(&features, centroids, 0).inertia;
            let options = kmeans::Options::new(*clusters as usize);
            let own = kmeans::fit(&features, options, &mut seeded(*seed)).map_err(words)?.inertia;
            let measures = vec![("Inertia of your rows".to_owned(), joint, own)];
            Ok(compared(rows, measures, core::iter::empty()))
        }
        (Learned::Linear { .. } | Learned::Logistic { .. } | Learned::KMeans { .. }, _) => {
            Err("the model is of another family.".to_owned())
        }
    }
}

fn compared(
    rows: &OwnRows,
    measures: Vec<(String, f64, f64)>,
    pairs: impl Iterator<Item = (String, (f64, f64))>,
) -> Comparison {
    let coefficients = pairs.map(|(name, (joint, own))| (name, joint, own)).collect();
    Comparison { rows: rows.row_count(), measures, coefficients }
}

#[expect(clippy::cast_precision_loss, reason = "rows of a table")]
fn accuracy(model: &LogisticModel, features: &Features, labels: &Labels) -> f64 {
    let rows = features.rows().zip(labels.of_rows());
    let right = rows.filter(|(row, class)| model.predict(row) == **class).count();
    right as f64 / features.row_count() as f64
}

fn seeded(seed: u64) -> rand_chacha::ChaCha12Rng {
    use rand_chacha::rand_core::SeedableRng as _;
    rand_chacha::ChaCha12Rng::seed_from_u64(seed)
}

fn floats(reals: &[Real]) -> Vec<f64> {
    reals.iter().map(|real| real.get()).collect()
}

fn read_terms(bytes: &[u8]) -> Result<Terms, JointRefused> {
    Terms::from_bytes(bytes).map_err(unreadable)
}

fn read_id(text: &str) -> Result<TrainingId, JointRefused> {
    text.parse().map_err(unreadable::<veilsum_protocol::id::ParseIdError>)
}

/// The vault has read it before.
fn unreadable<E: core::fmt::Display>(error: E) -> JointRefused {
    JointRefused { code: "training-unreadable".to_owned(), message: sentence(&error) }
}

fn refused(error: &RowsError) -> JointRefused {
    let code = match error {
        RowsError::Missing { .. } => "missing-column",
        RowsError::NotNumbers { .. } => "not-a-number",
        RowsError::OutOfBounds { .. } => "out-of-bounds",
        RowsError::OtherClass { .. } => "other-class",
        RowsError::TooFewRows { .. } => "too-few-rows",
        RowsError::TooManyRows { .. } => "too-many-rows",
        RowsError::Data(_) | RowsError::Round(_) | RowsError::Standardise(_) | _ => "rows-refused",
    };
    JointRefused { code: code.to_owned(), message: sentence(error) }
}

/// Documents are JSON.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

fn words<E: core::fmt::Display>(error: E) -> String {
    sentence(&error)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use veilsum_joint::terms::{Column, Key};
    use veilsum_owner::paillier::{ModulusSize, SecretKey};

    use super::*;
    use crate::messages::workbench::LearnColumn;
    use crate::vault::random::rng;

    fn terms() -> Terms {
        let key = SecretKey::generate(ModulusSize::Bits2048, &mut rng(), &mut |_| {}).unwrap();
        let public = key.public_key();
        let proof = hex::encode(key.prove_order().to_bytes(public));
        let column =
            |name: &str| Column { name: name.to_owned(), bound: Real::new(64.0).unwrap(), decimals: 1 };
        Terms {
            nonce: "5a".repeat(16),
            name: "lines".to_owned(),
            key_holder: "University".to_owned(),
            family: Family::Linear { target: column("y"), ridge: Real::new(0.0).unwrap() },
            features: vec![column("x"), column("z")],
            owners: 2,
            most_rows: 1_000,
            least_rows: 10,
            key: Key { modulus: public.to_hex(), proof },
        }
    }

    /// y = 2x − z + 1 over 12 rows; of the second owner with other x.
    fn table(shift: f64) -> LearnTable {
        let rows = || (0..12_i32).map(move |row| (f64::from(row) + shift, f64::from(row * row % 7)));
        let column = |name: &str, values: Vec<f64>| LearnColumn {
            name: name.to_owned(),
            cells: LearnCells::Numbers(values.into_iter().map(Some).collect(), 1),
        };
        LearnTable {
            file_name: "lines.csv".to_owned(),
            columns: vec![
                column("y", rows().map(|(x, z)| 2.0 * x - z + 1.0).collect()),
                column("x", rows().map(|(x, _)| x).collect()),
                column("z", rows().map(|(_, z)| z).collect()),
            ],
        }
    }

    #[test]
    fn rounds_of_two_tables_end_in_a_model_that_is_compared() {
        let terms = terms();
        let (bytes, training) = (terms.to_bytes(), terms.training().to_string());
        let tables = [table(0.0), table(3.5)];
        for table in &tables {
            let checked = perform(&JointTask::Check { table: table.clone(), terms: bytes.clone() }).unwrap();
            assert!(matches!(checked, JointDone::Checked { rows: 12, dropped: 0 }));
        }
        let mut totals: Vec<Vec<i64>> = Vec::new();
        let outcome = loop {
            let task =
                JointTask::Lead { terms: bytes.clone(), training: training.clone(), totals: totals.clone() };
            let JointDone::Led(led) = perform(&task).unwrap() else { panic!("no lead") };
            assert_eq!(led.progress.len(), totals.len());
            let round = match led.next {
                NextDocument::Finished(outcome) => break outcome,
                NextDocument::Round(round) => round,
            };
            let sums = tables.iter().map(|table| {
                let task = JointTask::Contribute {
                    table: table.clone(),
                    terms: bytes.clone(),
                    training: training.clone(),
                    round: round.clone(),
                };
                let JointDone::Sums(sums) = perform(&task).unwrap() else { panic!("no sums") };
                sums
            });
            let added = sums.reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect());
            totals.push(added.unwrap());
        };
        let task = JointTask::Compare { table: table(0.0), terms: bytes, training, outcome };
        let JointDone::Compared(comparison) = perform(&task).unwrap() else { panic!("no comparison") };
        assert_eq!(comparison.rows, 12);
        for ((_, joint, own), expected) in comparison.coefficients.iter().zip([2.0, -1.0, 1.0]) {
            assert!((joint - expected).abs() < 1e-6 && (own - expected).abs() < 1e-6, "{joint} {own}");
        }
        assert_eq!(comparison.measures.len(), 1);
    }

    #[test]
    fn a_table_that_does_not_fit_is_refused_with_a_code() {
        let mut narrow = table(0.0);
        narrow.columns.pop();
        let refused = perform(&JointTask::Check { table: narrow, terms: terms().to_bytes() }).unwrap_err();
        assert_eq!(refused.code, "missing-column");
        assert!(refused.message.contains("“z”"), "{}", refused.message);
    }
}
