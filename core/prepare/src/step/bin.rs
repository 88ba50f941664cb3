//! Numbers are put into bins.

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::fitted::{Exact, Learnt};
use crate::number::{MAX_DECIMALS, Reading, decimals_of};
use crate::quantile::Quantiles;
use crate::report::Warning;
use crate::row::Row;
use crate::schema::{Column, Schema};
use crate::stage::{EXACT_VALUES, Notes, Stage};
use crate::step::seen::{Seen, see};
use crate::summary::Moments;

/// Most bins.
pub const MAX_BINS: u32 = 1_000;

/// Puts the numbers of columns into bins: each includes its lower edge and the last both. Blank cells stay blank; what
/// lies outside goes to the first or last bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bin {
    /// Columns of numbers.
    pub columns: Vec<String>,
    /// Where the edges are.
    pub edges: Edges,
    /// What is written.
    pub label: Label,
}

/// Where the edges of bins are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Edges {
    /// Equally wide, from the smallest to the largest number.
    EqualWidth {
        /// Bins, 2 to 1,000.
        bins: u32,
    },
    /// With equally many rows: edges are quantiles, and equal ones are one edge. Exact up to a million values in all
    /// columns of the step together, sketched beyond.
    EqualCount {
        /// Bins, 2 to 1,000.
        bins: u32,
    },
    /// These, ascending: 2 to 1,001.
    Given {
        /// The edges.
        edges: Vec<f64>,
    },
}

/// What is written for a bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// Its number, from 0.
    Number,
    /// Its edges: `[20, 30)`, and `[30, 40]` for the last.
    Interval,
}

/// Edges that are no farther apart are one, as in scikit-learn; of a column that is narrower than 1, in shares of its range.
const NARROWEST: f64 = 1e-8;

impl Bin {
    pub(super) fn learns(&self) -> bool {
        !matches!(self.edges, Edges::Given { .. })
    }

    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        schema.check_numbers(&self.columns)?;
        match &self.edges {
            Edges::EqualWidth { bins } | Edges::EqualCount { bins } => {
                if !(2..=MAX_BINS).contains(bins) {
                    return Err(StepError::Parameter { name: "number of bins", allowed: "2 to 1,000" });
                }
            }
            Edges::Given { edges } => {
                let is_ascending = edges.windows(2).all(|pair| pair[0] < pair[1]);
                let is_finite = edges.iter().all(|edge| edge.is_finite());
                if !(2..=MAX_BINS as usize + 1).contains(&edges.len()) || !is_ascending || !is_finite {
                    return Err(StepError::Parameter {
                        name: "list of edges",
                        allowed: "2 to 1,001 ascending numbers",
                    });
                }
            }
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
        let edges = match (&self.edges, learnt) {
            (Edges::Given { edges }, _) => Some(vec![edges.clone(); columns.len()]),
            (_, None) => None,
            (_, Some(Learnt::Edges { edges }))
                if edges.len() == columns.len() && edges.iter().all(|edges| edges.is_sorted()) =>
            {
                Some(edges.iter().map(|edges| edges.iter().map(|edge| edge.0).collect()).collect())
            }
            (_, Some(_)) => return Err(StepError::OtherLearnt),
        };
        let exact = EXACT_VALUES / columns.len().max(1);
        let quantiles = |_| matches!(self.edges, Edges::EqualCount { .. }).then(|| Quantiles::new(exact));
        let seen = columns.iter().map(|column| (Moments::default(), quantiles(column))).collect();
        let mut binner = Binner { step: self.clone(), columns, seen, edges: None, labels: Vec::new() };
        if let Some(edges) = edges {
            binner.go_by(edges);
        }
        Ok(Box::new(binner))
    }
}

struct Binner {
    step: Bin,
    columns: Vec<Column>,
    seen: Vec<Seen>,
    edges: Option<Vec<Vec<f64>>>,
    /// What is written for each bin of each column.
    labels: Vec<Vec<String>>,
}

impl Binner {
    fn go_by(&mut self, edges: Vec<Vec<f64>>) {
        let columns = self.columns.iter().zip(&edges);
        self.labels =
            columns.map(|(column, edges)| labels(edges, self.step.label, &column.reading)).collect();
        self.edges = Some(edges);
    }

    fn edges_of(
        &self,
        column: &Column,
        moments: Moments,
        quantiles: Option<Quantiles>,
        notes: &mut Notes,
    ) -> Vec<f64> {
        let name = || column.name.clone();
        if moments.mean().is_none() {
            notes.warn(Warning::NothingToLearnFrom { column: name() });
            return Vec::new();
        }
        let (min, max) = moments.range();
        if min == max {
            notes.warn(Warning::Constant { column: name() });
            return vec![min, max];
        }
        let (bins, edges) = match (&self.step.edges, quantiles) {
            (Edges::Given { edges }, _) => return edges.clone(),
            (Edges::EqualCount { bins }, Some(quantiles)) => {
                let mut ranked = quantiles.finish();
                if ranked.is_approximate() {
                    notes.warn(Warning::Approximate { column: name() });
                }
                let edge = |at: u32| ranked.at(f64::from(at) / f64::from(*bins));
                (*bins, (0..=*bins).filter_map(edge).collect::<Vec<f64>>())
            }
            (Edges::EqualWidth { bins } | Edges::EqualCount { bins }, _) => {
                let step = (max - min) / f64::from(*bins);
                let edge = |at: u32| if at == *bins { max } else { min + step * f64::from(at) };
                (*bins, (0..=*bins).map(edge).collect())
            }
        };
        // There is nothing between two days, or two seconds.
        let is_whole = matches!(column.reading, Reading::Moment(_));
        let edges = edges.into_iter().map(|edge| if is_whole { edge.round() } else { edge });
        let kept = without_narrow(edges, NARROWEST * (max - min).min(1.0));
        if kept.len() < bins as usize + 1 {
            notes.warn(Warning::FewerBins { column: name(), bins: kept.len().saturating_sub(1) });
        }
        kept
    }
}

/// Leaves out edges that bound next to nothing.
fn without_narrow(edges: impl Iterator<Item = f64>, narrowest: f64) -> Vec<f64> {
    let mut kept: Vec<f64> = Vec::new();
    for edge in edges {
        if kept.last().is_none_or(|last| edge - last > narrowest) {
            kept.push(edge);
        }
    }
    kept
}

fn labels(edges: &[f64], label: Label, reading: &Reading) -> Vec<String> {
    let bins = edges.len().saturating_sub(1);
    match label {
        Label::Number => (0..bins).map(|at| at.to_string()).collect(),
        Label::Interval => {
            let texts = texts(edges, reading);
            let text = |at: usize| {
                let end = if at + 1 == bins { ']' } else { ')' };
                format!("[{}, {}{end}", texts[at], texts[at + 1])
            };
            (0..bins).map(text).collect()
        }
    }
}

/// Edges as they are written: with as few decimals as show their range, but as many as tell each from the next.
fn texts(edges: &[f64], reading: &Reading) -> Vec<String> {
    let (Some(first), Some(last)) = (edges.first(), edges.last()) else { return Vec::new() };
    let with = |decimals: u8| {
        let text = |edge: &f64| {
            let mut text = String::new();
            reading.write(*edge, decimals, &mut text);
            text
        };
        edges.iter().map(text).collect::<Vec<String>>()
    };
    // A column that is the same everywhere has one bin from it to it.
    let differ = |texts: &Vec<String>| first == last || texts.windows(2).all(|pair| pair[0] != pair[1]);
    let least = decimals_of(last - first);
    (least..=MAX_DECIMALS)
        .map(with)
        .find(differ)
        .unwrap_or_else(|| edges.iter().map(f64::to_string).collect())
}

impl Stage for Binner {
    fn learns(&self) -> bool {
        self.edges.is_none()
    }

    fn learn(&mut self, rows: &[Row]) -> Result<(), StepError> {
        see(&self.columns, &mut self.seen, rows)
    }

    fn settle(&mut self, notes: &mut Notes) -> Result<(), StepError> {
        let seen = std::mem::take(&mut self.seen);
        let columns = self.columns.iter().zip(seen);
        let edges =
            columns.map(|(column, (moments, quantiles))| self.edges_of(column, moments, quantiles, notes));
        let edges = edges.collect();
        self.go_by(edges);
        Ok(())
    }

    fn learnt(&self) -> Learnt {
        if !self.step.learns() {
            return Learnt::Nothing;
        }
        let exact = |edges: &Vec<f64>| edges.iter().map(|edge| Exact(*edge)).collect();
        Learnt::Edges { edges: self.edges.iter().flatten().map(exact).collect() }
    }

    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        let edges = self.edges.as_deref().unwrap_or_default();
        for row in rows {
            for ((column, edges), labels) in self.columns.iter().zip(edges).zip(&self.labels) {
                let Some(number) = column.number(row)? else { continue };
                let Some(last) = labels.len().checked_sub(1) else {
                    // The column was blank where it was learnt, so that no number has a bin.
                    return Err(StepError::NoBins { column: column.name.clone(), row: row.number });
                };
                let at = edges[1..=last].partition_point(|edge| *edge <= number);
                notes.changed(row.set(column.at, &labels[at]));
            }
        }
        Ok(())
    }
}
