//! Why a recipe cannot be read or run: sentences that name the step, the column and what to do; no cell's
//! content but the name of a class that is too small.

use thiserror::Error;

/// Why bytes are no recipe.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// Too long.
    #[error("The recipe has {actual} bytes, and at most {limit} are read. Choose a recipe file.")]
    TooLong {
        /// Bytes.
        actual: usize,
        /// Most bytes.
        limit: usize,
    },
    /// Not JSON of the right shape.
    #[error(
        "The recipe cannot be read: line {line}, column {column} is not what a recipe has there. Save it anew."
    )]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Letter of the line, from 1.
        column: usize,
    },
    /// JSON of something else.
    #[error("This is no {expected} file. Choose one that was saved from “Prepare”.")]
    OtherFormat {
        /// What it should be.
        expected: &'static str,
    },
    /// Made by a newer version.
    #[error(
        "The recipe was made by a newer version (format {actual}; this one reads {known}). Update and try again."
    )]
    NewerVersion {
        /// Version of the file.
        actual: u32,
        /// Newest that is read.
        known: u32,
    },
    /// Too many steps.
    #[error("The recipe has {actual} steps, and at most {limit} are applied. Take steps out.")]
    TooManySteps {
        /// Steps.
        actual: usize,
        /// Most steps.
        limit: usize,
    },
    /// What was learnt does not belong to the steps.
    #[error("What the recipe has learnt does not fit its steps. Make it again from the table.")]
    LearntMismatch,
}

/// Why a table is not prepared. Nothing that was written before counts.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// Too many steps.
    #[error("The recipe has {actual} steps, and at most {limit} are applied. Take steps out.")]
    TooManySteps {
        /// Steps.
        actual: usize,
        /// Most steps.
        limit: usize,
    },
    /// No columns, or too many, or another number of types.
    #[error(
        "The table has {columns} columns and {types} types; 1 to {limit} columns can be prepared, each with a type."
    )]
    Header {
        /// Columns.
        columns: usize,
        /// Types.
        types: usize,
        /// Most columns.
        limit: usize,
    },
    /// Two columns have one name.
    #[error("Two columns are named “{column}”. Rename one of them.")]
    SameName {
        /// The name.
        column: String,
    },
    /// A row is longer or shorter than the header.
    #[error("Row {row} has {actual} cells, and the header has {expected}. Correct the row or leave it out.")]
    RowLength {
        /// Row.
        row: u64,
        /// Columns.
        expected: usize,
        /// Cells.
        actual: usize,
    },
    /// Rows came outside of a pass, or the last pass is not over.
    #[error("The passes over the table were not made in their order. Start again.")]
    OutOfOrder,
    /// The rows of a pass were not those of the pass before.
    #[error("The table had {before} rows in one pass and {now} in the next: it has changed. Start again.")]
    RowsChanged {
        /// Rows of the first pass.
        before: u64,
        /// Rows of this pass.
        now: u64,
    },
    /// A step cannot be done.
    #[error("Step {step} ({name}): {fault}")]
    Step {
        /// Number of the step, from 1.
        step: usize,
        /// What it is called.
        name: &'static str,
        /// What is wrong.
        #[source]
        fault: StepError,
    },
}

/// Why a step cannot be done.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum StepError {
    /// No column was chosen.
    #[error("no column is chosen. Choose at least one.")]
    NoColumns,
    /// More columns are named than a table may have.
    #[error("{actual} columns are named, and a table has at most {limit}. Name fewer.")]
    TooManyNamed {
        /// Names.
        actual: usize,
        /// Most.
        limit: usize,
    },
    /// There is no such column at this place.
    #[error("there is no column “{column}” at this place. Choose another, or change the steps before.")]
    NoSuchColumn {
        /// The name.
        column: String,
    },
    /// A column is named twice.
    #[error("column “{column}” is named twice. Name it once.")]
    NamedTwice {
        /// The name.
        column: String,
    },
    /// A new column would have the name of another.
    #[error("a column “{column}” would be made, and there is one already. Rename or drop it before.")]
    NameTaken {
        /// The name.
        column: String,
    },
    /// Names made of digits are no numbers.
    #[error("column “{column}” holds names made of digits and no numbers. Change its type, or leave it out.")]
    Identifier {
        /// The name.
        column: String,
    },
    /// More columns than a table may have.
    #[error("more than {limit} columns would come out. Choose fewer columns or categories.")]
    TooManyColumns {
        /// Most columns.
        limit: usize,
    },
    /// Every column would be dropped.
    #[error("no column would be left. Keep at least one.")]
    NoColumnLeft,
    /// A cell is no number.
    #[error(
        "{} of column “{column}” holds no number. Correct it, filter the row out, or leave the column out.", named(.row))]
    NotANumber {
        /// The column.
        column: String,
        /// The row.
        row: u64,
    },
    /// A number became too large or undefined.
    #[error(
        "{} of column “{column}” has no value of this function. Filter the row out, or have it left blank.", named(.row))]
    Undefined {
        /// The column.
        column: String,
        /// The row.
        row: u64,
    },
    /// More different cells than are counted.
    #[error(
        "column “{column}” has more than {limit} different cells. Bin it before, or choose another column."
    )]
    TooManyDifferent {
        /// The column.
        column: String,
        /// Most different cells.
        limit: usize,
    },
    /// More rows than a step takes that needs all at once.
    #[error(
        "it needs all rows at once and takes at most {limit}; there are more. Filter rows before, or choose another way."
    )]
    TooManyRows {
        /// Most rows.
        limit: usize,
    },
    /// More memory than a step takes that needs all rows at once.
    #[error(
        "it needs all rows at once, and they take more than {limit} MiB of memory. Drop columns or filter rows before."
    )]
    TooLarge {
        /// Most MiB.
        limit: usize,
    },
    /// A category is too long for the name of a column.
    #[error(
        "{} of column “{column}” holds a text of more than {limit} bytes, which is no category. Drop the column.", named(.row))]
    CategoryTooLong {
        /// The column.
        column: String,
        /// The row.
        row: u64,
        /// Most bytes.
        limit: usize,
    },
    /// Decimals beyond what floats hold.
    #[error("{actual} decimals are asked for, and 0 to {limit} can be written. Choose fewer.")]
    Decimals {
        /// What was asked for.
        actual: u8,
        /// Most.
        limit: u8,
    },
    /// A blank cell filled with blank.
    #[error("blank cells would be filled with a blank. Say what to fill in.")]
    BlankConstant,
    /// Neighbours out of range.
    #[error("{actual} neighbours are asked for, and must be 1 to {limit}.")]
    Neighbours {
        /// What was asked for.
        actual: u32,
        /// Most.
        limit: u32,
    },
    /// Bounds that are none.
    #[error("the bounds {low} and {high} are none: the first must be below the second, and both finite.")]
    Bounds {
        /// Lower.
        low: f64,
        /// Upper.
        high: f64,
    },
    /// A number of conditions.
    #[error("there are {actual} conditions, and must be 1 to {limit}.")]
    ConditionCount {
        /// Conditions.
        actual: usize,
        /// Most.
        limit: usize,
    },
    /// A number of values.
    #[error("the condition on column “{column}” has {actual} values, and must have 1 to {limit}.")]
    ValueCount {
        /// The column.
        column: String,
        /// Values.
        actual: usize,
        /// Most.
        limit: usize,
    },
    /// A bound that is no number.
    #[error("the bound for column “{column}” is no number and no date as the column has them. Correct it.")]
    BoundNotANumber {
        /// The column.
        column: String,
    },
    /// What was learnt belongs to other steps.
    #[error("what it has learnt does not fit its columns. Make the recipe again from the table.")]
    OtherLearnt,
    /// A parameter is out of its range.
    #[error("the {name} must be {allowed}. Change it.")]
    Parameter {
        /// Which.
        name: &'static str,
        /// What is allowed.
        allowed: &'static str,
    },
    /// There is no bin for a number.
    #[error(
        "{} of column “{column}” has no bin: the column was blank when the recipe was made. Make it again.", named(.row))]
    NoBins {
        /// The column.
        column: String,
        /// The row.
        row: u64,
    },
    /// A category that was not there when the step was made.
    #[error(
        "{} of column “{column}” holds a category that was not there when the recipe was made. Correct it, or make \
         the recipe again.", named(.row))]
    UnknownCategory {
        /// The column.
        column: String,
        /// The row.
        row: u64,
    },
    /// Blank cells would look like the category without a column.
    #[error(
        "the first category has no column of its own, so that blank cells with 0 in all columns would look like it. Leave \
         them blank, make them a category, or keep the first column."
    )]
    BlankAsFirst,
    /// Whole rows have no nearest value that is no outlier.
    #[error("rows that are judged as a whole cannot be capped. Keep or drop them.")]
    CapOfRows,
    /// Fewer rows than are needed.
    #[error("there are {actual} rows to learn from, and at least {needed} are needed. Take a larger table.")]
    TooFewRows {
        /// At least.
        needed: u64,
        /// Rows.
        actual: u64,
    },
    /// The table was split before.
    #[error("the table is split already. Take one of the splits out.")]
    SecondSplit,
    /// Rows are made up in the training part only, and there is none.
    #[error("rows are made up in the training part only, and the table is not split. Put a split before.")]
    NoSplit,
    /// There are other rows than there were.
    #[error("there are other rows than in the pass before: the table has changed. Start again.")]
    RowsChanged,
    /// A feature is blank.
    #[error("{} of column “{column}” is blank. Impute the column before.", named(.row))]
    BlankFeature {
        /// The column.
        column: String,
        /// The row.
        row: u64,
    },
    /// A class has too few rows for its neighbours.
    #[error(
        "class “{class}” has {rows} training rows, and these neighbours need {needed}. Choose fewer neighbours, or filter \
         the class out."
    )]
    ClassTooSmall {
        /// The class.
        class: String,
        /// Its training rows.
        rows: usize,
        /// At least.
        needed: usize,
    },
    /// More rows would be made than fit.
    #[error("more than {limit} rows would be made up. Choose a smaller share of the largest class.")]
    TooManyMade {
        /// Most.
        limit: usize,
    },
    /// Pseudonyms need a secret.
    #[error("pseudonyms need the secret of the owner. Unlock, and try again.")]
    NoSecret,
    /// The shift is no shift.
    #[error("a shift of 0 days leaves dates as they are. Choose at least 1.")]
    NoShift,
    /// Dates are shifted for each person, and nothing says who that is.
    #[error("column “{column}” holds dates, which are shifted for each person. Choose what says who it is.")]
    NobodysDates {
        /// The column.
        column: String,
    },
    /// The columns that say who it is are blank.
    #[error("{} does not say who it is. Fill in the cell, or filter the row out.", named(.row))]
    Nobody {
        /// The row.
        row: u64,
    },
    /// A cell is no date or time like the others.
    #[error(
        "{} of column “{column}” is no date or time like the others. Correct it, or filter the row out.", named(.row))]
    NotADate {
        /// The column.
        column: String,
        /// The row.
        row: u64,
    },
    /// Rows or cells would change after a release, which then promises what does not hold.
    #[error(
        "a release comes last, and what it promises would not hold after this step. Move the step before the release."
    )]
    AfterRelease,
    /// Pseudonyms may differ within a class of rows that a release has made alike.
    #[error(
        "column “{column}” is generalised by the release before, and pseudonyms could tell its rows apart again. Leave the \
         column out of this step."
    )]
    Released {
        /// The column.
        column: String,
    },
    /// Rows that are nobody's would count as people.
    #[error(
        "rows that SMOTE makes up would count as people, and hide nobody. Take the SMOTE step out of this recipe."
    )]
    ReleaseOfMadeRows,
    /// The columns are no table for anonymisation.
    #[error(transparent)]
    Table(#[from] veilsum_anonymise::table::TableError),
    /// A hierarchy does not fit its column.
    #[error(transparent)]
    Hierarchy(#[from] veilsum_anonymise::hierarchy::HierarchyError),
    /// The models do not fit the columns.
    #[error(transparent)]
    Model(#[from] veilsum_anonymise::model::ModelError),
    /// There is no partition.
    #[error(transparent)]
    Partition(#[from] veilsum_anonymise::mondrian::PartitionError),
    /// There is no best combination of levels.
    #[error(transparent)]
    Search(#[from] veilsum_anonymise::lattice::SearchError),
    /// There is no risk to show.
    #[error(transparent)]
    Risk(#[from] veilsum_anonymise::measure::RiskError),
}

/// A row as a sentence calls it: by the number that the caller gave it.
fn named(row: &u64) -> String {
    if *row == 0 { "a row made by SMOTE".to_owned() } else { format!("row {row}") }
}
