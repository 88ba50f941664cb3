//! Values outside of the range of their column.

use super::{Action, Method, Outliers};
use crate::error::StepError;
use crate::fitted::{Exact, Learnt};
use crate::number::{decimals_for, rounding_error};
use crate::quantile::Quantiles;
use crate::report::{FlaggedRow, Reason, Warning};
use crate::row::{Row, shortened};
use crate::schema::{Column, Schema};
use crate::stage::{EXACT_VALUES, Notes, Stage};
use crate::step::seen::{Seen, see};
use crate::summary::Moments;

pub(super) fn build(
    step: &Outliers,
    schema: &Schema,
    learnt: Option<&Learnt>,
) -> Result<Box<dyn Stage>, StepError> {
    let columns = schema.columns(&step.columns)?;
    let ranges = match learnt {
        None => None,
        Some(Learnt::Ranges { ranges })
            if ranges.len() == columns.len() && ranges.iter().flatten().all(|(low, high)| low <= high) =>
        {
            Some(ranges.clone())
        }
        Some(_) => return Err(StepError::OtherLearnt),
    };
    let exact = EXACT_VALUES / columns.len().max(1);
    let sketched = matches!(step.method, Method::InterquartileRange { .. });
    let seen =
        columns.iter().map(|_| (Moments::default(), sketched.then(|| Quantiles::new(exact)))).collect();
    Ok(Box::new(Watcher { step: step.clone(), columns, seen, ranges, room: String::new() }))
}

struct Watcher {
    step: Outliers,
    columns: Vec<Column>,
    seen: Vec<Seen>,
    ranges: Option<Vec<Option<(Exact, Exact)>>>,
    room: String,
}

impl Watcher {
    /// Both ends belong to it.
    fn range(
        &self,
        name: &str,
        moments: Moments,
        quantiles: Option<Quantiles>,
        notes: &mut Notes,
    ) -> Option<(Exact, Exact)> {
        let column = || name.to_owned();
        let Some((mean, deviation)) = moments.mean().zip(moments.population_deviation()) else {
            notes.warn(Warning::NothingToLearnFrom { column: column() });
            return None;
        };
        let (low, high) = match (self.step.method, quantiles) {
            (Method::InterquartileRange { factor }, Some(quantiles)) => {
                let mut ranked = quantiles.finish();
                if ranked.is_approximate() {
                    notes.warn(Warning::Approximate { column: column() });
                }
                let [low, high] = [0.25, 0.75].map(|share| ranked.at(share).unwrap_or(mean));
                (low - factor * (high - low), high + factor * (high - low))
            }
            (Method::ZScore { threshold }, _) => (mean - threshold * deviation, mean + threshold * deviation),
            _ => (mean, mean),
        };
        let (min, max) = moments.range();
        if min == max {
            notes.warn(Warning::Constant { column: column() });
            // Rounding may put the mean of equal numbers beside them.
            return Some((Exact(min), Exact(max)));
        }
        if low >= high {
            notes.warn(Warning::NoSpread { column: column() });
        }
        Some((Exact(low), Exact(high)))
    }
}

impl Stage for Watcher {
    fn learns(&self) -> bool {
        self.ranges.is_none()
    }

    fn learn(&mut self, rows: &[Row]) -> Result<(), StepError> {
        see(&self.columns, &mut self.seen, rows)
    }

    fn settle(&mut self, notes: &mut Notes) -> Result<(), StepError> {
        let seen = std::mem::take(&mut self.seen);
        let columns = self.columns.iter().zip(seen);
        let ranges =
            columns.map(|(column, (moments, quantiles))| self.range(&column.name, moments, quantiles, notes));
        self.ranges = Some(ranges.collect());
        Ok(())
    }

    fn learnt(&self) -> Learnt {
        Learnt::Ranges { ranges: self.ranges.clone().unwrap_or_default() }
    }

    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        let ranges = self.ranges.as_deref().unwrap_or_default();
        let mut far = vec![false; rows.len()];
        for (row, far) in rows.iter_mut().zip(&mut far) {
            for (column, range) in self.columns.iter().zip(ranges) {
                let Some((Exact(low), Exact(high))) = *range else { continue };
                let Some(number) = column.number(row)? else { continue };
                let (reason, bound) = if number < low {
                    (Reason::Below { bound: low }, low)
                } else if number > high {
                    (Reason::Above { bound: high }, high)
                } else {
                    continue;
                };
                *far = true;
                notes.flag(|| FlaggedRow {
                    row: row.number,
                    column: Some(column.name.clone()),
                    value: Some(shortened(row.cells[column.at].trim())),
                    reason,
                });
                if self.step.action == Action::Cap {
                    let decimals = self.step.decimals.unwrap_or_else(|| decimals_for(bound, high - low));
                    notes.warn_of_rounding(
                        &column.name,
                        decimals,
                        rounding_error(bound, decimals),
                        high - low,
                    );
                    column.write(row, bound, decimals, &mut self.room, notes)?;
                }
            }
        }
        if self.step.action == Action::Drop {
            let mut far = far.into_iter();
            rows.retain(|_| far.next() == Some(false));
        }
        Ok(())
    }
}
