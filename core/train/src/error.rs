//! Why data cannot be learned from, and why a fit failed: sentences for people, never a cell's content.

/// Why numbers are no table of features, or words no labels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no row.
    #[error("there are no rows: choose a table with at least one")]
    NoRows,
    /// There is no column.
    #[error("there are no feature columns: choose at least one")]
    NoColumns,
    /// The values do not fill whole rows.
    #[error("{actual} values do not fill rows of {columns} columns: every row needs a value in each column")]
    Ragged {
        /// Columns.
        columns: usize,
        /// Values that were given.
        actual: usize,
    },
    /// A value is infinite or not a number.
    #[error("row {row} of column “{column}” is not a finite number: correct the cell or drop the row")]
    NotFinite {
        /// Position of the row, from 0.
        row: usize,
        /// The column.
        column: String,
    },
    /// A label is of no class.
    #[error("row {row} has class number {class}, and there are {classes} classes: number classes from 0")]
    NoSuchClass {
        /// Position of the row, from 0.
        row: usize,
        /// The label.
        class: usize,
        /// Classes.
        classes: usize,
    },
    /// A row that was chosen is not there.
    #[error("row {row} was chosen, and there are {rows} rows")]
    NoSuchRow {
        /// Position that was chosen, from 0.
        row: usize,
        /// Rows.
        rows: usize,
    },
}

/// Why no model came out of a training.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Features and target are of different lengths.
    #[error("there are {rows} rows of features and {targets} of the target: each row needs both")]
    LengthMismatch {
        /// Rows of features.
        rows: usize,
        /// Rows of the target.
        targets: usize,
    },
    /// Two tables, or a table and a model, are of different widths.
    #[error(
        "{expected} feature columns are expected, and there are {actual}: use the columns of the training"
    )]
    ColumnMismatch {
        /// Columns expected.
        expected: usize,
        /// Columns given.
        actual: usize,
    },
    /// A value of the target is infinite or not a number.
    #[error("row {row} of the target is not a finite number: correct the cell or drop the row")]
    TargetNotFinite {
        /// Position of the row, from 0.
        row: usize,
    },
    /// There is not enough to learn from.
    #[error(
        "at least {needed} rows are needed here, and there are {actual}: add rows or choose fewer columns"
    )]
    TooFewRows {
        /// Rows needed.
        needed: usize,
        /// Rows given.
        actual: usize,
    },
    /// Columns that are the same in every row.
    #[error("{} the same in every row, so that nothing can be learned from it: leave it out", list(.columns))]
    ConstantColumns {
        /// The columns.
        columns: Vec<String>,
    },
    /// A column follows from others, so that the coefficients are not determined.
    #[error("column “{column}” follows from {}: leave one of them out or use a ridge penalty", names(.of))]
    Collinear {
        /// The column.
        column: String,
        /// The columns before it that it is a combination of.
        of: Vec<String>,
    },
    /// The target is the same in every row.
    #[error("all rows are of class “{class}”: training needs rows of at least two classes")]
    OneClass {
        /// The class.
        class: String,
    },
    /// The values to be told are the same in every row.
    #[error("the target is the same in every row, so that there is nothing to learn: choose another column")]
    ConstantTarget,
    /// A class has no row to learn it from.
    #[error("no row is of class “{class}”: leave the class out or add rows of it")]
    ClassWithoutRows {
        /// The class.
        class: String,
    },
    /// A class has too few rows to be in every part.
    #[error("class “{class}” has {actual} rows and the split needs {needed}: use fewer folds or add rows")]
    ClassTooSmall {
        /// The class.
        class: String,
        /// Rows needed.
        needed: usize,
        /// Rows given.
        actual: usize,
    },
    /// More clusters than there are different rows.
    #[error(
        "{clusters} clusters need as many different rows, and there are {distinct}: choose fewer clusters"
    )]
    TooManyClusters {
        /// Clusters.
        clusters: usize,
        /// Rows that differ, as far as they were needed.
        distinct: usize,
    },
    /// A choice is out of range.
    #[error("{what} must be {expected}: correct it")]
    Choice {
        /// What was chosen.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// The optimum was not reached.
    #[error(
        "the fit did not settle in {iterations} iterations: standardise the columns or use a stronger penalty"
    )]
    NotConverged {
        /// Iterations made.
        iterations: usize,
    },
    /// The loss left the range of numbers.
    #[error("the training diverged in epoch {epoch}: use a smaller learning rate or scale the columns")]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
    },
    /// Rows that do not exist, or numbers that are none.
    #[error(transparent)]
    Data(#[from] DataError),
}

fn list(columns: &[String]) -> String {
    match columns {
        [one] => format!("column “{one}” is"),
        several => format!("each of the columns {} is", names(several)),
    }
}

fn names(columns: &[String]) -> String {
    match columns {
        [] => "no other column".to_owned(),
        [one] => format!("“{one}”"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|name| format!("“{name}”")).collect();
            format!("{} and “{last}”", first.join(", "))
        }
    }
}
