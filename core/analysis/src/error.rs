//! Why an analysis cannot be run, and why an answer cannot be given: sentences for people.

/// Why an analysis cannot be run on a dataset. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// No analysis was asked for.
    #[error("nothing is chosen: choose at least one statistic and one column")]
    NothingAsked,
    /// The dataset has no column at this position.
    #[error("this dataset has no column number {position}: choose one of its encrypted columns")]
    NoSuchColumn {
        /// Position that was asked for.
        position: u32,
    },
    /// The column is there, but was not encrypted as a number.
    #[error(
        "column “{column}” was not encrypted as a number: upload the file again with that treatment to analyse it"
    )]
    NotANumber {
        /// The column.
        column: String,
    },
    /// The column is there, but its categories are not known.
    #[error("column “{column}” is not prepared for grouping: add the columns that this analysis needs first")]
    NoCategories {
        /// The column.
        column: String,
    },
    /// All cells of the column are blank.
    #[error(
        "column “{column}” has blank cells only, so that there is nothing to group by: choose another column"
    )]
    OnlyBlanks {
        /// The column.
        column: String,
    },
    /// The column has too many different cells to group by.
    #[error(
        "column “{column}” has more than {largest} different values, too many to group by: choose another column"
    )]
    TooManyCategories {
        /// The column.
        column: String,
        /// Most categories.
        largest: usize,
    },
    /// The column's values are not known, so that they cannot be put into bins.
    #[error("column “{column}” has no bins yet: add the columns that this analysis needs first")]
    NoBins {
        /// The column.
        column: String,
    },
    /// The analysis is about several columns, and one of them is there twice.
    #[error("column “{column}” is chosen twice: choose different columns")]
    SameColumn {
        /// The column.
        column: String,
    },
    /// The analysis needs more columns than were chosen.
    #[error("{analysis} needs at least {needed} columns, and {actual} is chosen: choose more")]
    TooFewColumns {
        /// What was asked for.
        analysis: &'static str,
        /// Columns needed.
        needed: usize,
        /// Columns chosen.
        actual: usize,
    },
    /// The rows that are covered cannot give the answer.
    #[error(
        "{analysis} needs at least {needed} rows, and {actual} are covered: choose more batches or upload more rows"
    )]
    TooFewRows {
        /// What was asked for.
        analysis: &'static str,
        /// Rows needed.
        needed: u64,
        /// Rows covered.
        actual: u64,
    },
    /// The combinations of categories are too many groups.
    #[error(
        "these columns make {needed} groups, and an answer holds {largest}: choose one with fewer categories"
    )]
    TooManyGroups {
        /// Groups needed.
        needed: usize,
        /// Groups that an answer holds.
        largest: usize,
    },
    /// A choice is no number, or out of range.
    #[error("{what} must be {expected}: correct it")]
    Choice {
        /// What was chosen.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// The products that the analysis needs were not encrypted.
    #[error(
        "this dataset does not hold what {analysis} needs ({missing} more encrypted columns): add them from the file, \
         or choose another statistic"
    )]
    NotStored {
        /// The analyses that need them.
        analysis: String,
        /// Terms that are missing.
        missing: usize,
    },
    /// Columns that were added later do not cover all batches.
    #[error(
        "what this analysis needs was added for {actual} of the {rows} rows that are covered: add it for the other \
         batches, or choose fewer batches"
    )]
    SetLacksRows {
        /// Rows that have it.
        actual: u64,
        /// Rows that are covered.
        rows: u64,
    },
    /// The analysis covers a batch that the dataset does not have.
    #[error("this dataset has no batch number {batch}: choose one of its {batches}")]
    NoSuchBatch {
        /// Batch that was asked for.
        batch: u32,
        /// Batches of the dataset.
        batches: u32,
    },
    /// A sum could leave its slot.
    #[error(
        "the sum of {what} could overflow: values of its size fit {largest_rows} rows at most, {rows} are covered; \
         choose fewer batches, or upload it again with fewer decimals"
    )]
    BoundTooLarge {
        /// What is added.
        what: String,
        /// Rows that are covered.
        rows: u64,
        /// Most rows for which the sum is sure to fit.
        largest_rows: u64,
    },
    /// A row group has more blocks than its noise allows.
    #[error(
        "a sum of {what} over the rows of a row group would drown in noise: upload the file again with fewer rows per row \
         group"
    )]
    TooNoisy {
        /// What is added.
        what: String,
    },
    /// The encrypted answer is larger than a browser takes.
    #[error(
        "the encrypted answer would have {megabytes} MB, and {largest} MB are taken at a time: choose fewer columns, or \
         fewer batches"
    )]
    AnswerTooLarge {
        /// Size of the answer.
        megabytes: u64,
        /// Most that is taken.
        largest: u64,
    },
    /// A total under the second engine needs more primes than were encrypted.
    #[error(
        "{what} can grow larger than this dataset was encrypted for: choose another analysis, or upload the file again \
         and choose this one before"
    )]
    TooFewPrimes {
        /// What is added.
        what: String,
    },
    /// A dataset under the second engine lacks a column, and gets none later.
    #[error(
        "this dataset does not hold the bins or categories that {analysis} needs: upload the file again and choose this \
         analysis before"
    )]
    NoFactor {
        /// The analyses that need it.
        analysis: String,
    },
    /// A product has more factors than the engine multiplies.
    #[error(
        "{what} multiplies more than {largest} encrypted columns, the most that this engine can: choose fewer columns, \
         or a dataset under the other engine"
    )]
    TooManyFactors {
        /// The product.
        what: String,
        /// Most factors.
        largest: u32,
    },
    /// A product could be larger than anything that is stored.
    #[error("{what} can be too large to be encrypted: keep fewer decimals of these columns")]
    TooWide {
        /// The product.
        what: String,
    },
    /// Too many aggregates for one plan.
    #[error("this needs {needed} aggregates and a run holds {largest}: choose fewer columns")]
    TooMany {
        /// Aggregates needed.
        needed: usize,
        /// Aggregates that a plan holds.
        largest: usize,
    },
    /// The manifest describes something that this build cannot plan over.
    #[error(
        "the manifest of this dataset is not consistent ({field}); open it with the version of Veilsum that made it"
    )]
    Manifest {
        /// The field at fault.
        field: &'static str,
    },
}

/// The decrypted totals do not answer the plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the decrypted answer does not fit the question “{question}”; run the analysis again")]
pub struct FinishError {
    /// The question whose answer is missing or impossible.
    pub question: String,
}
