//! Linear regression with an intercept over the rows in which all its columns are there.
//!
//! With deviations of the k columns from their means in X, those of y in Y, and n rows:
//!
//! ```text
//! least squares      β = (XᵀX)⁻¹·XᵀY,             intercept = ȳ − Σ β_j·x̄_j
//! ridge λ            β = (XᵀX + λ·I)⁻¹·XᵀY         of the raw columns
//!                    β = (XᵀX + λ·diag σ_j²)⁻¹·XᵀY  if standardised: the penalty is on β_j·σ_j, σ_j² = Σ(x − x̄)²/n
//! R² = 1 − RSS/TSS,  adjusted R² = 1 − (1 − R²)·(n − 1)/(n − k − 1)
//! RMSE = √(RSS/n),   residual standard error s = √(RSS/(n − k − 1))
//! standard error     s·√((XᵀX)⁻¹_jj), of the intercept s·√(1/n + x̄ᵀ(XᵀX)⁻¹x̄)
//! F = ((TSS − RSS)/k) / s²
//! standardised β     β_j·sd(x_j)/sd(y)
//! ```
//!
//! The intercept is never penalised. Everything is solved in integers (Bareiss), so rank is certain: columns that are
//! constant or a combination of others before them are named, left out, and the rest is fitted; ridge leaves out
//! constants only. Numbers are rounded once; p and intervals have a relative error below 1e-12. A ridge fit gets no
//! standard errors, no p-values and no F: it is biased, and the formulas above do not hold for it.
//!
//! Figures: `intercept/…` and `coefficient/NAME/…` with `estimate`, `standard-error`, `t`, `p`, `low`, `high`, and
//! `standardised` for coefficients if it is asked for (NAME is the column, or `column=category`); `r-squared`,
//! `adjusted-r-squared`, `rmse`, `residual-standard-error`, `residual-sum-of-squares`, `f`, `f/p`,
//! `degrees-of-freedom`, `rank` (with the intercept), `count`.

mod design;
mod fit;
mod report;
mod residual;
mod sentences;

use num_traits::Signed;
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::inference::check_level;
use crate::catalogue::{value, words};
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, from_decimal};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;
use design::Design;
use fit::{Fit, Penalty};
use report::Report;

pub use residual::Fitted;

/// Linear regression with an intercept: least squares or ridge.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Regression {
    /// The column of numbers that is explained.
    pub y: u32,
    /// Columns of numbers that explain it.
    pub xs: Vec<u32>,
    /// Columns with categories that explain it, each category but the first as a column of 0 and 1.
    pub categories: Vec<u32>,
    /// Penalty on the squares of coefficients, a decimal that is not negative; empty for least squares.
    pub ridge: String,
    /// Whether standardised coefficients are given, and penalised.
    pub standardised: bool,
    /// Confidence level in thousandths, 500 to 999.
    pub level: u16,
}

impl Regression {
    /// The penalty; `None` for least squares.
    fn penalty(&self) -> Result<Option<Penalty>, PlanError> {
        if self.ridge.is_empty() {
            return Ok(None);
        }
        let wrong =
            PlanError::Choice { what: "the ridge penalty", expected: "a decimal that is not negative" };
        let lambda: Rational =
            from_decimal(&self.ridge).filter(|lambda| !lambda.is_negative()).ok_or(wrong)?;
        // Without a penalty it is least squares, with all that can be said of it.
        Ok(lambda.is_positive().then_some(Penalty { lambda, is_standardised: self.standardised }))
    }

    /// All columns, y first.
    fn columns(&self) -> Vec<u32> {
        [self.y].iter().chain(&self.xs).chain(&self.categories).copied().collect()
    }
}

impl Analysis for Regression {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        check_level(self.level)?;
        self.penalty()?;
        Ok(Design::new(self, schema)?.terms())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let impossible = || value::impossible(self.name(schema));
        let design = Design::new(self, schema).map_err(|_| impossible())?;
        let penalty = self.penalty().map_err(|_| impossible())?;
        let cross = design.read(schema, totals)?;
        let fit = Fit::new(&design, &cross, penalty.as_ref()).ok_or_else(impossible)?;
        let report = Report { asked: self, design: &design, fit: fit.as_ref(), count: cross.count, penalty };
        let mut answer = report.answer(schema.name(self.y));
        let mut notes = value::notes(schema, totals, &self.columns(), cross.count);
        notes.append(&mut answer.notes);
        answer.notes = notes;
        Ok(answer)
    }

    fn name(&self, schema: Schema<'_>) -> String {
        let columns = self.columns();
        let xs = words::list(columns[1..].iter().map(|&column| schema.name(column)));
        format!("the regression of “{}” on {xs}", schema.name(self.y))
    }

    fn grouped(&self) -> Vec<u32> {
        self.categories.clone()
    }
}
