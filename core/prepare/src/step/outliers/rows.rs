//! Rows that are unlike the others.

use super::{Action, Cut, Method, Outliers};
use crate::density::local_outlier_factors;
use crate::error::StepError;
use crate::forest::Forest;
use crate::nearest::Points;
use crate::quantile::interpolated;
use crate::random;
use crate::report::{FlaggedRow, Reason, Warning};
use crate::row::{Row, as_count};
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Stage};

pub(super) fn build(step: &Outliers, schema: &Schema) -> Result<Box<dyn Stage>, StepError> {
    Ok(Box::new(Judge { step: step.clone(), columns: schema.columns(&step.columns)? }))
}

struct Judge {
    step: Outliers,
    columns: Vec<Column>,
}

impl Judge {
    /// A score for each point. What is far is found among training rows, `among`.
    fn scores(&self, points: &Points, among: &[usize]) -> (Vec<f64>, Cut) {
        match self.step.method {
            Method::IsolationForest { trees, sample, cut, seed } => {
                let mut rng = random::generator(random::FOREST, seed);
                let forest = Forest::grow(points, among, trees as usize, sample as usize, &mut rng);
                ((0..points.len()).map(|at| forest.score(points.point(at))).collect(), cut)
            }
            Method::LocalOutlierFactor { k, cut } => (local_outlier_factors(points, among, k as usize), cut),
            Method::ZScore { threshold: cut } | Method::InterquartileRange { factor: cut } => {
                (vec![0.0; points.len()], Cut::Above { score: cut })
            }
        }
    }
}

impl Stage for Judge {
    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        let mut points = Points::new(self.columns.len());
        // Positions of the rows of the points, and of points from training rows.
        let (mut of_rows, mut among) = (Vec::new(), Vec::new());
        let mut coordinates = Vec::with_capacity(self.columns.len());
        for (at, row) in rows.iter().enumerate() {
            coordinates.clear();
            for column in &self.columns {
                coordinates.extend(column.number(row)?);
            }
            if coordinates.len() == self.columns.len() {
                if !row.is_test {
                    among.push(of_rows.len());
                }
                of_rows.push(at);
                points.push(coordinates.iter().copied());
            }
        }
        if of_rows.len() < rows.len() {
            notes.warn(Warning::NotJudged { rows: as_count(rows.len() - of_rows.len()) });
        }
        if among.len() < 2 {
            return Err(StepError::TooFewRows { needed: 2, actual: as_count(among.len()) });
        }
        let (scores, cut) = self.scores(&points, &among);
        let cut = match cut {
            Cut::Above { score } => score,
            Cut::Share { share } => {
                let mut sorted: Vec<f64> = among.iter().map(|at| scores[*at]).collect();
                sorted.sort_by(f64::total_cmp);
                interpolated(&sorted, 1.0 - share).unwrap_or(f64::INFINITY)
            }
        };
        let mut far = vec![false; rows.len()];
        for (at, score) in of_rows.into_iter().zip(scores) {
            if score > cut {
                far[at] = true;
                let (row, reason) = (rows[at].number, Reason::Score { score, cut });
                notes.flag(|| FlaggedRow { row, column: None, value: None, reason });
            }
        }
        if self.step.action == Action::Drop {
            let mut far = far.into_iter();
            rows.retain(|_| far.next() == Some(false));
        }
        Ok(())
    }
}
