//! Weighted mean: `Σ w·v / Σ w` over the rows in which both the value and its weight are there.
//!
//! Exact until it is rounded once; the weights need not add up to 1.
//!
//! Figures: `weighted-mean`, `weight` (`Σ w`), `count`.

use num_traits::{Signed, Zero};
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::Answer;
use crate::catalogue::groups::check_different;
use crate::catalogue::pair::{self, Pair};
use crate::catalogue::{value, words};
use crate::error::{FinishError, PlanError};
use crate::rational::divide;
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// `Σ w·v / Σ w`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WeightedMean {
    /// A column of numbers.
    pub column: u32,
    /// A column of numbers that says how much each row counts.
    pub weight: u32,
}

impl Analysis for WeightedMean {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        schema.number(self.weight)?;
        check_different(schema, &[self.column, self.weight])?;
        Ok(pair::terms(schema, [self.column, self.weight]))
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let columns = [self.column, self.weight];
        let (name, by) = (schema.name(self.column), schema.name(self.weight));
        let pair = Pair::read(schema, totals, columns)?;
        let [_, weight] = pair.totals();
        // A total of 0 or less weighs nothing, whatever its parts are.
        let mean = if weight.is_positive() { divide(&pair.product(), &weight) } else { None };
        let rows = words::rows(pair.count);
        let sentence = match &mean {
            Some(mean) => {
                let mean = value::rational(mean).text;
                format!("The mean of “{name}”, weighted by “{by}”, is {mean} ({rows}).")
            }
            None if pair.count == 0 => {
                format!("“{name}” has no weighted mean: in no row is there both a value and a weight.")
            }
            None if weight.is_zero() => {
                format!("“{name}” has no weighted mean: the weights “{by}” add up to 0.")
            }
            None => format!("“{name}” has no weighted mean: the weights “{by}” add up to less than 0."),
        };
        let figures = vec![
            value::figure("weighted-mean", "Weighted mean", mean.as_ref().map(value::rational)),
            value::figure("weight", "Sum of the weights", Some(value::rational(&weight))),
            value::figure("count", "Rows", Some(value::integer(pair.count.into()))),
        ];
        let title = format!("Mean of “{name}” weighted by “{by}”");
        Ok(Answer {
            sentences: vec![sentence],
            tables: vec![value::figures_table(title.clone(), &figures)],
            figures,
            notes: value::notes(schema, totals, &columns, pair.count),
            ..value::answer(title, pair.count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the mean of “{}” weighted by “{}”", schema.name(self.column), schema.name(self.weight))
    }
}
