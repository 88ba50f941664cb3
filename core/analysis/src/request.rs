//! What a user asks for.

use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::{
    Anova, Contingency, Correlation, Count, Covariance, GroupBy, Histogram, Mean, MissingCount, Quantiles,
    Regression, Shape, Sum, TTest, Variance, WeightedMean,
};
use crate::error::{FinishError, PlanError};
use crate::schema::Schema;
use crate::totals::Totals;

/// One analysis. Columns are positions in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Request {
    /// Cells that are not blank.
    Count(Count),
    /// `Σ v`.
    Sum(Sum),
    /// `Σ v / n`.
    Mean(Mean),
    /// Blank cells of a column.
    MissingCount(MissingCount),
    /// Variance and standard deviation, and how exact the mean is.
    Variance(Variance),
    /// Skewness and excess kurtosis.
    Shape(Shape),
    /// Minimum, quartiles and maximum, from bins.
    Quantiles(Quantiles),
    /// Rows per bin or category.
    Histogram(Histogram),
    /// Covariance of two columns.
    Covariance(Covariance),
    /// Correlation of every two of some columns.
    Correlation(Correlation),
    /// Count, sum, mean and variance per group.
    GroupBy(GroupBy),
    /// Two groupings against each other, with the χ² test of independence.
    Contingency(Contingency),
    /// Difference of the means of two groups (Welch’s test).
    TTest(TTest),
    /// Differences between the means of all groups (one-way analysis of variance).
    Anova(Anova),
    /// `Σ w·v / Σ w`.
    WeightedMean(WeightedMean),
    /// Linear regression with an intercept: least squares or ridge.
    Regression(Regression),
}

/// What every analysis of the catalogue is.
pub(crate) trait Analysis {
    /// The terms whose totals it needs, in any order; the same again is asked for once.
    ///
    /// Called before the data is uploaded, too: it must not rely on anything but the schema.
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError>;

    /// The answer from the totals of exactly these terms (and of the empty term, the row count).
    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError>;

    /// What it is called in sentences about it: “the mean of “age””.
    fn name(&self, schema: Schema<'_>) -> String;

    /// Columns that it uses as categories.
    fn grouped(&self) -> Vec<u32> {
        Vec::new()
    }

    /// Columns that it puts into bins.
    fn binned(&self) -> Vec<u32> {
        Vec::new()
    }
}

impl Request {
    fn analysis(&self) -> &dyn Analysis {
        match self {
            Self::Count(count) => count,
            Self::Sum(sum) => sum,
            Self::Mean(mean) => mean,
            Self::MissingCount(asked) => asked,
            Self::Variance(asked) => asked,
            Self::Shape(asked) => asked,
            Self::Quantiles(asked) => asked,
            Self::Histogram(asked) => asked,
            Self::Covariance(asked) => asked,
            Self::Correlation(asked) => asked,
            Self::GroupBy(asked) => asked,
            Self::Contingency(asked) => asked,
            Self::TTest(asked) => asked,
            Self::Anova(asked) => asked,
            Self::WeightedMean(asked) => asked,
            Self::Regression(asked) => asked,
        }
    }

    /// The terms whose totals the analysis needs, in canonical form, each once.
    ///
    /// # Errors
    /// [`PlanError`] if these columns cannot answer it.
    pub fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        let mut terms: Vec<Term> =
            self.analysis().terms(schema)?.iter().map(|term| schema.reduced(term)).collect();
        terms.sort_unstable();
        terms.dedup();
        Ok(terms)
    }

    /// The answer from the totals of [`Self::terms`].
    ///
    /// # Errors
    /// [`FinishError`] if a total is missing or cannot be what it should be.
    pub fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let answer = self.analysis().finish(schema, totals)?;
        // Totals of real rows are far from where floats end.
        if answer.is_finite() { Ok(answer) } else { Err(FinishError { question: self.name(schema) }) }
    }

    /// What it is called in sentences about it.
    #[must_use]
    pub fn name(&self, schema: Schema<'_>) -> String {
        self.analysis().name(schema)
    }

    /// The columns that it is about, ascending.
    #[must_use]
    pub fn columns(&self, schema: Schema<'_>) -> Vec<u32> {
        let terms = self.analysis().terms(schema).unwrap_or_default();
        let mut columns: Vec<u32> = terms.iter().flat_map(Term::columns).collect();
        columns.extend(self.grouped());
        columns.extend(self.binned());
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Columns that it uses as categories.
    #[must_use]
    pub fn grouped(&self) -> Vec<u32> {
        self.analysis().grouped()
    }

    /// Columns that it puts into bins.
    #[must_use]
    pub fn binned(&self) -> Vec<u32> {
        self.analysis().binned()
    }
}
