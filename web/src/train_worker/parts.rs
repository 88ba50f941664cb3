//! Rows to learn from: which columns are features, which rows are whole, and what is predicted.

use veilsum_train::data::{Features, Labels};

use crate::messages::workbench::{Cells, Family, LearnColumn, LearnTable, Training};

/// A number column of more different values than this is no class.
pub(super) const MOST_CLASSES: usize = 20;

/// What is to be predicted.
pub(super) enum Known {
    Nothing,
    Values(String, Vec<f64>),
    Classes(String, Labels),
}

/// Whole rows of chosen columns.
pub(super) struct Rows {
    pub(super) features: Features,
    /// Decimals of each feature.
    pub(super) decimals: Vec<u8>,
    pub(super) known: Known,
    /// Positions in the file, from 1.
    pub(super) positions: Vec<u64>,
    pub(super) dropped: u64,
}

impl Rows {
    /// Chooses columns and drops rows with a blank cell in them.
    pub(super) fn choose(table: &LearnTable, training: &Training) -> Result<Self, String> {
        let is_left_out = |at: usize| {
            let position = u32::try_from(at).unwrap_or(u32::MAX);
            training.left_out.contains(&position) || training.target == Some(position)
        };
        let features: Vec<(&LearnColumn, &Vec<Option<f64>>, u8)> = table
            .columns
            .iter()
            .enumerate()
            .filter(|(at, _)| !is_left_out(*at))
            .filter_map(|(_, column)| match &column.cells {
                Cells::Numbers(cells, decimals) => Some((column, cells, *decimals)),
                Cells::Words(_) => None,
            })
            .collect();
        if features.is_empty() {
            return Err("No column is left to learn from. Choose at least one column of numbers.".into());
        }
        let target = training.target.and_then(|at| table.columns.get(at as usize));
        let rows = features.first().map_or(0, |(_, cells, _)| cells.len());
        let is_whole = |&row: &usize| {
            features.iter().all(|(_, cells, _)| cells.get(row).copied().flatten().is_some())
                && target.is_none_or(|target| word(target, row).is_some())
        };
        let whole: Vec<usize> = (0..rows).filter(is_whole).collect();
        let values = whole
            .iter()
            .flat_map(|&row| features.iter().filter_map(move |(_, cells, _)| cells[row]))
            .collect();
        let names = features.iter().map(|(column, ..)| column.name.clone()).collect();
        let known = match (training.family, target) {
            (Family::KMeans, None) => Known::Nothing,
            (_, None) => return Err("Choose the column that the model is to predict.".into()),
            (Family::Linear, Some(target)) => values_of(target, &whole)?,
            (Family::Network, Some(target)) if is_continuous(target, &whole) => values_of(target, &whole)?,
            (Family::Logistic | Family::KMeans | Family::Network, Some(target)) => {
                let words: Vec<String> = whole.iter().filter_map(|&row| word(target, row)).collect();
                let labels = Labels::from_words(&words).map_err(|error| sentence(&error))?;
                if training.family != Family::KMeans && labels.classes().len() > MOST_CLASSES {
                    return Err(format!(
                        "Column “{}” has {} different values, and a classifier tells at most {MOST_CLASSES} classes \
                         apart. Choose another column, or a linear regression.",
                        target.name,
                        labels.classes().len()
                    ));
                }
                Known::Classes(target.name.clone(), labels)
            }
        };
        Ok(Self {
            decimals: features.iter().map(|(.., decimals)| *decimals).collect(),
            features: Features::new(names, values).map_err(|error| sentence(&error))?,
            known,
            positions: whole.iter().map(|&row| row as u64 + 1).collect(),
            dropped: (rows - whole.len()) as u64,
        })
    }

    /// Without the columns of these names.
    pub(super) fn without(&mut self, names: &[String]) -> Result<(), String> {
        let kept = self.features.names().iter().map(|name| !names.contains(name));
        self.decimals =
            self.decimals.iter().zip(kept).filter(|(_, kept)| *kept).map(|(&decimals, _)| decimals).collect();
        self.features = self.features.without(names).map_err(|error| sentence(&error))?;
        Ok(())
    }

    /// What is known of a row, in words.
    pub(super) fn known_of(&self, row: usize) -> Option<String> {
        match &self.known {
            Known::Nothing => None,
            Known::Values(_, values) => values.get(row).map(f64::to_string),
            Known::Classes(_, labels) => {
                let class = *labels.of_rows().get(row)?;
                labels.classes().get(class).cloned()
            }
        }
    }
}

fn is_continuous(target: &LearnColumn, whole: &[usize]) -> bool {
    let Cells::Numbers(cells, _) = &target.cells else { return false };
    let mut values: Vec<f64> = whole.iter().filter_map(|&row| cells[row]).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values.len() > MOST_CLASSES
}

fn values_of(target: &LearnColumn, whole: &[usize]) -> Result<Known, String> {
    match &target.cells {
        Cells::Numbers(cells, _) => {
            Ok(Known::Values(target.name.clone(), whole.iter().filter_map(|&row| cells[row]).collect()))
        }
        Cells::Words(_) => Err(format!(
            "Column “{}” holds words, and a linear regression predicts numbers. Choose another column, or a logistic \
             regression.",
            target.name
        )),
    }
}

/// A cell as the name of a class.
fn word(column: &LearnColumn, row: usize) -> Option<String> {
    match &column.cells {
        Cells::Numbers(cells, _) => cells.get(row).copied().flatten().map(|number| number.to_string()),
        Cells::Words(cells) => cells.get(row).cloned().flatten(),
    }
}

pub(super) fn sentence(error: &dyn core::fmt::Display) -> String {
    crate::fault::sentence(error)
}
