//! Variance: how far the values of a column lie from their mean, and how exact the mean is.
//!
//! With `Q = Σ(v − v̄)² = (n·Σx² − (Σx)²)/n`, in squared units of the column:
//!
//! ```text
//! variance    Q/(n − 1) of the sample, Q/n of the rows themselves
//! error of v̄  √(Q/(n − 1)/n)
//! interval    v̄ ± t(level, n − 1)·error
//! ```
//!
//! All of it is exact until it is rounded once, except the quantile t (relative error below 1e-12).
//!
//! Figures: `count`, `mean`, `variance/sample`, `variance/population`, `sd/sample`, `sd/population`, `standard-error`,
//! `interval/low`, `interval/high`.

use num_traits::Zero;
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::{Answer, Value};
use crate::catalogue::inference::{Estimated, check_level};
use crate::catalogue::moments::{self, Moments};
use crate::catalogue::{value, words};
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, ratio, whole};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Variance and standard deviation, and how exact the mean is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Variance {
    /// A column of numbers.
    pub column: u32,
    /// Confidence level in thousandths, 500 to 999.
    pub level: u16,
}

impl Analysis for Variance {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        check_level(self.level)?;
        Ok(moments::terms(self.column, &Term::one()))
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let moments = Moments::read(schema, totals, self.column, &Term::one())?;
        let name = schema.name(self.column);
        let (count, mean) = (moments.count, moments.mean());
        let (sample, population) = (moments.variance(), moments.population_variance());
        let estimated = self.estimated(&moments);
        let interval = estimated.as_ref().map(|estimated| estimated.interval(self.level));

        let mean_text = mean.as_ref().map(|mean| value::rational(mean).text).unwrap_or_default();
        let level = words::percent(self.level);
        let mut sentences = Vec::new();
        match (&interval, &sample) {
            (Some(interval), Some(sample)) if !sample.is_zero() => {
                let interval = words::interval(&interval.low, &interval.high);
                let rows = words::rows(count);
                sentences.push(format!(
                    "The mean of “{name}” is {mean_text}, {level} interval {interval} ({rows})."
                ));
                let (sd, variance) = (value::root(sample, false).text, value::rational(sample).text);
                sentences
                    .push(format!("Its standard deviation is {sd} (variance {variance}, of the sample)."));
            }
            (Some(_), _) => sentences.push(format!(
                "All {count} values of “{name}” are {mean_text}: they do not vary, and an interval says nothing."
            )),
            (None, _) if count == 1 => sentences.push(format!(
                "“{name}” has one value, {mean_text}: how values vary can be told from two on."
            )),
            (None, _) => {
                sentences.push(format!("“{name}” has no mean and no variance: no cell has a value."));
            }
        }
        let root = |variance: &Rational| value::root(variance, false);
        let [low, high] = interval.map_or([None, None], |interval| interval.values().map(Some));
        let figure = |key, label: &str, value: Option<Value>| value::figure(key, label, value);
        let figures = vec![
            figure("count", "Rows", Some(value::integer(count.into()))),
            figure("mean", "Mean", mean.as_ref().map(value::rational)),
            figure("variance/sample", "Variance (sample, n − 1)", sample.as_ref().map(value::rational)),
            figure(
                "variance/population",
                "Variance (population, n)",
                population.as_ref().map(value::rational),
            ),
            figure("sd/sample", "Standard deviation (sample)", sample.as_ref().map(root)),
            figure("sd/population", "Standard deviation (population)", population.as_ref().map(root)),
            figure(
                "standard-error",
                "Standard error of the mean",
                estimated.as_ref().map(Estimated::standard_error),
            ),
            figure("interval/low", &format!("{level} interval of the mean, from"), low),
            figure("interval/high", &format!("{level} interval of the mean, to"), high),
        ];
        let mut notes = value::notes(schema, totals, &[self.column], count);
        if estimated.is_some() {
            notes.push(
                "The interval takes the rows for independent draws, and their mean for normally distributed."
                    .to_owned(),
            );
        }
        let title = format!("Variance of “{name}”");
        Ok(Answer {
            sentences,
            tables: vec![value::figures_table(title.clone(), &figures)],
            figures,
            notes,
            ..value::answer(title, count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the variance of “{}”", schema.name(self.column))
    }
}

impl Variance {
    /// The mean with its error, from two rows on.
    fn estimated(&self, moments: &Moments) -> Option<Estimated> {
        Some(Estimated {
            estimate: moments.mean()?,
            squared_error: moments.variance()? * ratio(1, moments.count)?,
            freedom: whole(moments.count - 1),
        })
    }
}
