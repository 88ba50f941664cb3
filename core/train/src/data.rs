//! What is learned from: rows of numbers with names, and classes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::DataError;

/// n rows of p numbers, with the names of the columns.
///
/// Invariant: n ≥ 1, p ≥ 1, every number finite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Features {
    names: Vec<String>,
    /// Row by row.
    values: Vec<f64>,
}

impl Features {
    /// Features from their values, row by row.
    ///
    /// # Errors
    /// [`DataError`] if there is no row or column, a row is not full or a value is not finite.
    pub fn new(names: Vec<String>, values: Vec<f64>) -> Result<Self, DataError> {
        if names.is_empty() {
            return Err(DataError::NoColumns);
        }
        if values.is_empty() {
            return Err(DataError::NoRows);
        }
        if !values.len().is_multiple_of(names.len()) {
            return Err(DataError::Ragged { columns: names.len(), actual: values.len() });
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let column = names[at % names.len()].clone();
            return Err(DataError::NotFinite { row: at / names.len(), column });
        }
        Ok(Self { names, values })
    }

    /// Names of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// n
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.values.len() / self.names.len()
    }

    /// p
    #[must_use]
    pub fn column_count(&self) -> usize {
        self.names.len()
    }

    /// The rows, each of [`Self::column_count`] numbers.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.names.len())
    }

    /// The rows at these positions, in this order; a position may come twice.
    ///
    /// # Errors
    /// [`DataError`] if there is no such row, or none at all.
    pub fn select(&self, rows: &[usize]) -> Result<Self, DataError> {
        let mut values = Vec::with_capacity(rows.len() * self.names.len());
        for &row in rows {
            let found = self.rows().nth(row);
            values.extend(found.ok_or(DataError::NoSuchRow { row, rows: self.row_count() })?);
        }
        Self::new(self.names.clone(), values)
    }

    /// All columns but those with these names.
    ///
    /// # Errors
    /// [`DataError::NoColumns`] if none is left.
    pub fn without(&self, left_out: &[String]) -> Result<Self, DataError> {
        let kept: Vec<usize> =
            (0..self.names.len()).filter(|&column| !left_out.contains(&self.names[column])).collect();
        let names = kept.iter().map(|&column| self.names[column].clone()).collect();
        let values = self.rows().flat_map(|row| kept.iter().map(|&column| row[column])).collect();
        Self::new(names, values)
    }

    /// Names of the columns that are the same in every row, up to the last digits of a 64-bit float.
    #[must_use]
    pub fn constant_columns(&self) -> Vec<String> {
        let is_constant = |&column: &usize| {
            let (least, most) = self.range(column);
            most - least <= 8.0 * f64::EPSILON * least.abs().max(most.abs())
        };
        (0..self.names.len()).filter(is_constant).map(|column| self.names[column].clone()).collect()
    }

    /// Least and largest value of a column.
    pub(crate) fn range(&self, column: usize) -> (f64, f64) {
        self.column(column).fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
            (least.min(value), most.max(value))
        })
    }

    pub(crate) fn column(&self, column: usize) -> impl Iterator<Item = f64> {
        self.values.iter().skip(column).step_by(self.names.len()).copied()
    }

    /// Mean of a column, with a second pass that takes up what the first lost.
    pub(crate) fn mean(&self, column: usize) -> f64 {
        let count = self.row_count() as f64;
        let first = self.column(column).sum::<f64>() / count;
        first + self.column(column).map(|value| value - first).sum::<f64>() / count
    }

    pub(crate) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.names.len()..][..self.names.len()]
    }

    /// Every number replaced by `change(column, number)`.
    pub(crate) fn map(&self, change: impl Fn(usize, f64) -> f64) -> Result<Self, DataError> {
        let columns = self.names.len();
        let values = self.values.iter().enumerate().map(|(at, &value)| change(at % columns, value)).collect();
        Self::new(self.names.clone(), values)
    }
}

/// [`Features`] as they travel between page and worker; checked anew on arrival.
#[derive(Serialize, Deserialize)]
struct Parts {
    names: Vec<String>,
    values: Vec<f64>,
}

impl TryFrom<Parts> for Features {
    type Error = DataError;
    fn try_from(Parts { names, values }: Parts) -> Result<Self, DataError> {
        Self::new(names, values)
    }
}

impl From<Features> for Parts {
    fn from(Features { names, values }: Features) -> Self {
        Self { names, values }
    }
}

/// A class for each row.
///
/// Invariant: n ≥ 1, every label below the number of classes. A class may have no row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "LabelParts", into = "LabelParts")]
pub struct Labels {
    classes: Vec<String>,
    of_rows: Vec<usize>,
}

impl Labels {
    /// Labels from positions in `classes`.
    ///
    /// # Errors
    /// [`DataError`] if there is no row, or a label is of no class.
    pub fn new(classes: Vec<String>, of_rows: Vec<usize>) -> Result<Self, DataError> {
        if of_rows.is_empty() {
            return Err(DataError::NoRows);
        }
        match of_rows.iter().position(|&class| class >= classes.len()) {
            Some(row) => Err(DataError::NoSuchClass { row, class: of_rows[row], classes: classes.len() }),
            None => Ok(Self { classes, of_rows }),
        }
    }

    /// Labels from the cells of a column. Classes are ordered as numbers if all are, else as words.
    ///
    /// # Errors
    /// [`DataError::NoRows`] if there is none.
    pub fn from_words<W: AsRef<str>>(words: &[W]) -> Result<Self, DataError> {
        let distinct: BTreeSet<&str> = words.iter().map(AsRef::as_ref).collect();
        let mut classes: Vec<&str> = distinct.into_iter().collect();
        let number = |word: &str| word.parse::<f64>().ok().filter(|number| number.is_finite());
        if classes.iter().all(|word| number(word).is_some()) {
            classes.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)));
        }
        let places: BTreeMap<&str, usize> = classes.iter().copied().zip(0..).collect();
        let place = |word: &W| places.get(word.as_ref()).copied().unwrap_or(classes.len());
        let of_rows = words.iter().map(place).collect();
        Self::new(classes.into_iter().map(str::to_owned).collect(), of_rows)
    }

    /// Names of the classes.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Class of each row, as a position in [`Self::classes`].
    #[must_use]
    pub fn of_rows(&self) -> &[usize] {
        &self.of_rows
    }

    /// Rows of each class.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        self.of_rows.iter().for_each(|&class| counts[class] += 1);
        counts
    }

    /// The rows at these positions, with all classes.
    ///
    /// # Errors
    /// [`DataError`] if there is no such row, or none at all.
    pub fn select(&self, rows: &[usize]) -> Result<Self, DataError> {
        let label = |&row: &usize| {
            self.of_rows.get(row).copied().ok_or(DataError::NoSuchRow { row, rows: self.of_rows.len() })
        };
        Self::new(self.classes.clone(), rows.iter().map(label).collect::<Result<_, _>>()?)
    }
}

/// [`Labels`] as they travel; checked anew on arrival.
#[derive(Serialize, Deserialize)]
struct LabelParts {
    classes: Vec<String>,
    of_rows: Vec<usize>,
}

impl TryFrom<LabelParts> for Labels {
    type Error = DataError;
    fn try_from(LabelParts { classes, of_rows }: LabelParts) -> Result<Self, DataError> {
        Self::new(classes, of_rows)
    }
}

impl From<Labels> for LabelParts {
    fn from(Labels { classes, of_rows }: Labels) -> Self {
        Self { classes, of_rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn refuses_what_is_no_table() {
        assert_eq!(Features::new(vec![], vec![]), Err(DataError::NoColumns));
        assert_eq!(Features::new(names(&["a"]), vec![]), Err(DataError::NoRows));
        let ragged = Features::new(names(&["a", "b"]), vec![1.0, 2.0, 3.0]);
        assert_eq!(ragged, Err(DataError::Ragged { columns: 2, actual: 3 }));
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = Features::new(names(&["a", "b"]), vec![1.0, 2.0, 3.0, value]).unwrap_err();
            assert_eq!(error, DataError::NotFinite { row: 1, column: "b".to_owned() });
            assert_eq!(
                error.to_string(),
                "row 1 of column “b” is not a finite number: correct the cell or drop the row"
            );
        }
    }

    #[test]
    fn chooses_rows_and_columns() {
        let features = Features::new(names(&["a", "b"]), vec![1.0, 2.0, 3.0, 2.0, 5.0, 2.0]).unwrap();
        assert_eq!(features.select(&[2, 0]).unwrap().rows().collect::<Vec<_>>(), [[5.0, 2.0], [1.0, 2.0]]);
        assert_eq!(features.select(&[3]), Err(DataError::NoSuchRow { row: 3, rows: 3 }));
        assert_eq!(features.constant_columns(), names(&["b"]));
        let without = features.without(&names(&["b"])).unwrap();
        assert_eq!((without.names(), without.column_count()), (names(&["a"]).as_slice(), 1));
        assert_eq!(without.without(&names(&["a"])), Err(DataError::NoColumns));
    }

    #[test]
    fn orders_classes_as_numbers_where_they_are() {
        let labels = Labels::from_words(&["10", "9", "10"]).unwrap();
        assert_eq!(
            (labels.classes(), labels.of_rows()),
            (names(&["9", "10"]).as_slice(), [1, 0, 1].as_slice())
        );
        assert_eq!(labels.counts(), [1, 2]);
        assert_eq!(Labels::from_words(&["b", "a1", "b"]).unwrap().classes(), names(&["a1", "b"]));
        let unknown = Labels::new(names(&["a"]), vec![0, 1]);
        assert_eq!(unknown, Err(DataError::NoSuchClass { row: 1, class: 1, classes: 1 }));
    }

    #[test]
    fn what_travelled_is_checked() {
        let features = Features::new(names(&["a"]), vec![1.5, -2.0]).unwrap();
        let text = serde_json::to_string(&features).unwrap();
        assert_eq!(serde_json::from_str::<Features>(&text).unwrap(), features);
        assert!(serde_json::from_str::<Features>(r#"{"names":[],"values":[]}"#).is_err());
        let labels = Labels::from_words(&["a", "b"]).unwrap();
        let text = serde_json::to_string(&labels).unwrap();
        assert_eq!(serde_json::from_str::<Labels>(&text).unwrap(), labels);
        assert!(serde_json::from_str::<Labels>(&text.replace("[0,1]", "[0,2]")).is_err());
    }
}
