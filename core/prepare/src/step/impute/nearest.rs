//! Blank cells are filled from the rows that are nearest.

use super::{Impute, Weights, spread};
use crate::error::StepError;
use crate::nearest::{Neighbour, Points, distance_of_present, nearest};
use crate::number::{decimals_for, rounding_error};
use crate::report::Warning;
use crate::row::{Row, as_count};
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Stage};
use crate::summary::Moments;

/// Rows between two reports of progress.
const ROWS_BETWEEN: usize = 100;

pub(super) fn build(
    step: &Impute,
    schema: &Schema,
    k: u32,
    by: &[String],
    weights: Weights,
) -> Result<Box<dyn Stage>, StepError> {
    let filled = schema.columns(&step.columns)?;
    let near_by = schema.columns(by)?;
    Ok(Box::new(Neighbourhood { filled, near_by, k: k as usize, weights, decimals: step.decimals }))
}

struct Neighbourhood {
    /// They say what is near, too.
    filled: Vec<Column>,
    near_by: Vec<Column>,
    k: usize,
    weights: Weights,
    decimals: Option<u8>,
}

impl Neighbourhood {
    /// The mean of a column over the nearest of the donors that have it; over all of them where none is near.
    fn value(&self, points: &Points, donors: &[usize], distances: &[f64], column: usize) -> Option<f64> {
        let value = |donor: usize| points.point(donor)[column];
        let having = || (0..donors.len()).filter(|at| !value(donors[*at]).is_nan());
        // Squares of distances, as `nearest` wants them.
        let found = nearest(having().map(|at| (at, distances[at] * distances[at])), self.k);
        if found.is_empty() {
            let (sum, count) =
                having().fold((0.0, 0.0), |(sum, count), at| (sum + value(donors[at]), count + 1.0));
            return (count > 0.0).then(|| sum / count);
        }
        let coincide = found.iter().any(|near| near.distance == 0.0);
        let weight = |near: &Neighbour| match self.weights {
            Weights::Uniform => 1.0,
            Weights::Distance if coincide => f64::from(u8::from(near.distance == 0.0)),
            Weights::Distance => near.distance.recip(),
        };
        let total: f64 = found.iter().map(weight).sum();
        Some(found.iter().map(|near| weight(near) * value(donors[near.at])).sum::<f64>() / total)
    }
}

impl Stage for Neighbourhood {
    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        let mut points = Points::new(self.filled.len() + self.near_by.len());
        for row in rows.iter() {
            let coordinates = self.filled.iter().chain(&self.near_by).map(|column| column.number(row));
            let coordinates = coordinates.collect::<Result<Vec<_>, _>>()?;
            points.push(coordinates.into_iter().map(|number| number.unwrap_or(f64::NAN)));
        }
        let donors: Vec<usize> = (0..rows.len()).filter(|at| !rows[*at].is_test).collect();
        let mut moments = vec![Moments::default(); self.filled.len()];
        for donor in &donors {
            let values = points.point(*donor).iter().zip(&mut moments);
            values.filter(|(value, _)| !value.is_nan()).for_each(|(value, moments)| moments.push(*value));
        }
        let mut room = String::new();
        let count = as_count(rows.len());
        for (at, row) in rows.iter_mut().enumerate() {
            if at % ROWS_BETWEEN == 0 {
                notes.progress.tell(as_count(at), count);
            }
            let point = points.point(at);
            if point[..self.filled.len()].iter().all(|value| !value.is_nan()) {
                continue;
            }
            let distances: Vec<f64> =
                donors.iter().map(|donor| distance_of_present(point, points.point(*donor))).collect();
            for (position, column) in
                self.filled.iter().enumerate().filter(|(position, _)| point[*position].is_nan())
            {
                match self.value(&points, &donors, &distances, position) {
                    Some(value) => {
                        let spread = spread(moments[position], value);
                        let decimals = self.decimals.unwrap_or_else(|| decimals_for(value, spread));
                        notes.warn_of_rounding(
                            &column.name,
                            decimals,
                            rounding_error(value, decimals),
                            spread,
                        );
                        column.write(row, value, decimals, &mut room, notes)?;
                    }
                    None => notes.warn(Warning::NothingToLearnFrom { column: column.name.clone() }),
                }
            }
        }
        Ok(())
    }
}
