//! Covariance: whether two columns grow together, in the product of their units.
//!
//! `Σ(v − v̄)(w − w̄)/(n − 1)` of the sample, `/n` of the rows themselves, over the rows in which both are there.
//! Exact until rounded once.
//!
//! Figures: `count`, `covariance/sample`, `covariance/population`.

use num_traits::{Signed, Zero};
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::groups::check_different;
use crate::catalogue::pair::{self, Pair};
use crate::catalogue::{value, words};
use crate::error::{FinishError, PlanError};
use crate::rational::ratio;
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Covariance of two columns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Covariance {
    /// Two columns of numbers.
    pub columns: [u32; 2],
}

impl Analysis for Covariance {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        for column in self.columns {
            schema.number(column)?;
        }
        check_different(schema, &self.columns)?;
        Ok(pair::terms(schema, self.columns))
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let [a, b] = self.columns.map(|column| schema.name(column));
        let pair = Pair::read(schema, totals, self.columns)?;
        let (count, products) = (pair.count, pair.products_about_means());
        let population = ratio(1, count).map(|share| &products * share);
        let freedom = count.saturating_sub(1);
        let sample = ratio(1, freedom).map(|share| &products * share);
        let rows = words::rows(count);
        let sentence = match &sample {
            Some(sample) => {
                let text = value::rational(sample).text;
                let how = if sample.is_zero() {
                    "neither rise nor fall together on the whole"
                } else if sample.is_positive() {
                    "tend to rise together"
                } else {
                    "tend to move in opposite directions"
                };
                format!("“{a}” and “{b}” {how} in these rows: covariance {text} ({rows}, of the sample).")
            }
            None if count == 1 => {
                format!("“{a}” and “{b}” are both there in one row only: a covariance needs at least two.")
            }
            None => format!("“{a}” and “{b}” have no covariance: in no row are both there."),
        };
        let figures = vec![
            value::figure("count", "Rows", Some(value::integer(count.into()))),
            value::figure(
                "covariance/sample",
                "Covariance (sample, n − 1)",
                sample.as_ref().map(value::rational),
            ),
            value::figure(
                "covariance/population",
                "Covariance (population, n)",
                population.as_ref().map(value::rational),
            ),
        ];
        let title = format!("Covariance of “{a}” and “{b}”");
        Ok(Answer {
            sentences: vec![sentence],
            tables: vec![value::figures_table(title.clone(), &figures)],
            figures,
            notes: value::notes(schema, totals, &self.columns, count),
            ..value::answer(title, count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        let [a, b] = self.columns.map(|column| schema.name(column));
        format!("the covariance of “{a}” and “{b}”")
    }
}
