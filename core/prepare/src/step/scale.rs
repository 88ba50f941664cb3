//! Columns of numbers are brought to one scale: `(x − centre) / scale`.

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::fitted::{Exact, Learnt};
use crate::number::{decimals_of, half_of_last};
use crate::quantile::Quantiles;
use crate::report::Warning;
use crate::row::Row;
use crate::schema::{Column, Schema};
use crate::stage::{EXACT_VALUES, Notes, Stage, check_decimals};
use crate::step::seen::{Seen, see};
use crate::summary::Moments;

/// Scales columns of numbers. Blank cells stay blank; a constant column becomes 0 (or the lower bound).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scale {
    /// Columns of numbers.
    pub columns: Vec<String>,
    /// How.
    pub method: Scaling,
    /// Decimals of the result, at most 15; without, as many as the numbers need, and at least 6.
    #[serde(default)]
    pub decimals: Option<u8>,
}

/// How numbers are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Scaling {
    /// Mean 0 and standard deviation 1: `(x − x̄) / √(Σ(x − x̄)² / n)`.
    Standard,
    /// From `low` to `high`: `low + (x − min) / (max − min) · (high − low)`. Later values may lie outside.
    MinMax {
        /// What the smallest value becomes.
        low: f64,
        /// What the largest value becomes.
        high: f64,
    },
    /// Median 0 and interquartile range 1: `(x − median) / (Q₃ − Q₁)`. Exact up to a million values in all columns of
    /// the step together, sketched beyond.
    Robust,
}

impl Scale {
    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        check_decimals(self.decimals)?;
        schema.check_numbers(&self.columns)?;
        if let Scaling::MinMax { low, high } = self.method
            && !(low < high && low.is_finite() && high.is_finite())
        {
            return Err(StepError::Bounds { low, high });
        }
        self.columns.iter().for_each(|name| schema.plain(name));
        Ok(())
    }

    pub(crate) fn build(
        &self,
        schema: &Schema,
        learnt: Option<&Learnt>,
    ) -> Result<Box<dyn Stage>, StepError> {
        let columns = schema.columns(&self.columns)?;
        let lines = match learnt {
            None => None,
            Some(Learnt::Lines { lines })
                if lines.len() == columns.len() && lines.iter().all(|line| line.scale.0 > 0.0) =>
            {
                Some(lines.clone())
            }
            Some(_) => return Err(StepError::OtherLearnt),
        };
        let exact = EXACT_VALUES / columns.len().max(1);
        let seen =
            |_| (Moments::default(), matches!(self.method, Scaling::Robust).then(|| Quantiles::new(exact)));
        let seen = columns.iter().map(seen).collect();
        Ok(Box::new(Scaler { step: self.clone(), columns, seen, lines, room: String::new() }))
    }
}

/// What becomes of a number: `(x − centre) / scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Line {
    /// What becomes the offset.
    pub centre: Exact,
    /// What becomes 1 above it; positive.
    pub scale: Exact,
    /// What is added.
    pub offset: Exact,
}

impl Scale {
    /// Decimals of the result, by how wide it is.
    fn result_decimals(&self) -> u8 {
        self.decimals.unwrap_or(match self.method {
            Scaling::Standard | Scaling::Robust => decimals_of(1.0),
            Scaling::MinMax { low, high } => decimals_of(high - low),
        })
    }
}

struct Scaler {
    step: Scale,
    columns: Vec<Column>,
    seen: Vec<Seen>,
    lines: Option<Vec<Line>>,
    room: String,
}

impl Scaler {
    fn line(&self, name: &str, moments: Moments, quantiles: Option<Quantiles>, notes: &mut Notes) -> Line {
        let column = || name.to_owned();
        let Some((mean, deviation)) = moments.mean().zip(moments.population_deviation()) else {
            notes.warn(Warning::NothingToLearnFrom { column: column() });
            return Line { centre: Exact(0.0), scale: Exact(1.0), offset: Exact(0.0) };
        };
        let (min, max) = moments.range();
        let (centre, scale, offset) = match self.step.method {
            Scaling::Standard => (mean, deviation, 0.0),
            Scaling::MinMax { low, high } => (min, (max - min) / (high - low), low),
            Scaling::Robust => {
                let mut ranked = quantiles.unwrap_or_else(|| Quantiles::new(0)).finish();
                if ranked.is_approximate() {
                    notes.warn(Warning::Approximate { column: column() });
                }
                let mut at = |share| ranked.at(share).unwrap_or(mean);
                let [low, middle, high] = [at(0.25), at(0.5), at(0.75)];
                (middle, high - low, 0.0)
            }
        };
        if min == max {
            notes.warn(Warning::Constant { column: column() });
        } else if scale <= 0.0 {
            notes.warn(Warning::NoSpread { column: column() });
        }
        // As scikit-learn: what does not spread is centred and otherwise left.
        let scale = if min < max && scale > 0.0 && scale.is_finite() { scale } else { 1.0 };
        if min < max {
            let decimals = self.step.result_decimals();
            notes.warn_of_rounding(name, decimals, half_of_last(decimals), deviation / scale);
        }
        Line { centre: Exact(centre), scale: Exact(scale), offset: Exact(offset) }
    }
}

impl Stage for Scaler {
    fn learns(&self) -> bool {
        self.lines.is_none()
    }

    fn learn(&mut self, rows: &[Row]) -> Result<(), StepError> {
        see(&self.columns, &mut self.seen, rows)
    }

    fn settle(&mut self, notes: &mut Notes) -> Result<(), StepError> {
        let seen = std::mem::take(&mut self.seen);
        let columns = self.columns.iter().zip(seen);
        let lines =
            columns.map(|(column, (moments, quantiles))| self.line(&column.name, moments, quantiles, notes));
        self.lines = Some(lines.collect());
        Ok(())
    }

    fn learnt(&self) -> Learnt {
        Learnt::Lines { lines: self.lines.clone().unwrap_or_default() }
    }

    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        let lines = self.lines.as_deref().unwrap_or_default();
        let decimals = self.step.result_decimals();
        for row in rows {
            for (column, line) in self.columns.iter().zip(lines) {
                if let Some(number) = column.number(row)? {
                    let scaled = (number - line.centre.0) / line.scale.0 + line.offset.0;
                    column.write_number(row, scaled, decimals, &mut self.room, notes)?;
                }
            }
        }
        Ok(())
    }
}
