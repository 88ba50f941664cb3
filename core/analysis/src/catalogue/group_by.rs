//! Group by: count, sum, mean and variance of a column in each group of rows that share their categories.
//!
//! Per group as in [`super::Variance`], over the rows in which the column and all groupings are there. Exact until rounded
//! once; the intervals in the chart are those of each mean by itself, at 95 %.
//!
//! Figures per group, with one or two categories in its path: `group/A/count`, `group/A/sum`, `group/A/mean`,
//! `group/A/variance` and `group/A/sd` (of the sample), `group/A/B/count`, …

use num_traits::Zero;
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::{Answer, Chart, ChartKind, Estimate, Figure, Row};
use crate::catalogue::groups::{Group, check_different, groups};
use crate::catalogue::inference::Estimated;
use crate::catalogue::moments::{self, Moments};
use crate::catalogue::{value, words};
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, float, ratio, whole};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Level of the intervals in the chart, in thousandths.
const LEVEL: u16 = 950;

/// Count, sum, mean and variance per group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GroupBy {
    /// A column of numbers.
    pub column: u32,
    /// One or two columns with categories.
    pub by: Vec<u32>,
}

impl Analysis for GroupBy {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        match self.by.len() {
            0 => return Err(PlanError::TooFewColumns { analysis: "a grouping", needed: 1, actual: 0 }),
            1 | 2 => check_different(schema, &self.by)?,
            _ => return Err(PlanError::Choice { what: "the groupings", expected: "one or two columns" }),
        }
        let groups = groups(schema, &self.by)?;
        Ok(groups.iter().flat_map(|group| moments::terms(self.column, &group.mask)).collect())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let name = schema.name(self.column);
        let groups = groups(schema, &self.by).map_err(|_| value::impossible(self.name(schema)))?;
        let read = |group: &Group| Moments::read(schema, totals, self.column, &group.mask);
        let moments = groups.iter().map(read).collect::<Result<Vec<Moments>, _>>()?;
        let count = moments.iter().fold(0_u64, |sum, group| sum.saturating_add(group.count));
        if count > totals.row_count() {
            return Err(value::impossible(self.name(schema)));
        }
        let (mut figures, mut rows) = (Vec::new(), Vec::new());
        for (group, moments) in groups.iter().zip(&moments) {
            let (group_figures, row) = describe(group, moments);
            figures.extend(group_figures);
            rows.push(row);
        }
        let by = words::list(self.by.iter().map(|&column| schema.name(column)));
        let title = format!("“{name}” by {by}");
        let sentences = self.sentences(schema, &groups, &moments, count);
        let others = self.by.iter().copied().filter(|&column| column != self.column);
        let columns: Vec<u32> = core::iter::once(self.column).chain(others).collect();
        let mut notes = value::notes(schema, totals, &columns, count);
        let empty = moments.iter().filter(|moments| moments.count == 0).count();
        if empty > 0 {
            notes.push(format!("{empty} of {} groups have no row.", groups.len()));
        }
        let headings = ["Group", "Rows", "Sum", "Mean", "Variance", "Standard deviation"];
        let chart = self.chart(schema, &groups, &moments, sentences.first());
        Ok(Answer {
            sentences,
            figures,
            tables: vec![value::table(title.clone(), &headings, rows)],
            charts: chart.into_iter().collect(),
            notes,
            ..value::answer(title, count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        let by = words::list(self.by.iter().map(|&column| schema.name(column)));
        format!("“{}” by {by}", schema.name(self.column))
    }

    fn grouped(&self) -> Vec<u32> {
        self.by.clone()
    }
}

/// The figures and the row of a group.
fn describe(group: &Group, moments: &Moments) -> (Vec<Figure>, Row) {
    let (path, variance) = (group.path(), moments.variance());
    let numbers = [
        ("count", "rows", Some(value::integer(moments.count.into()))),
        ("sum", "sum", Some(value::rational(&moments.total()))),
        ("mean", "mean", moments.mean().as_ref().map(value::rational)),
        ("variance", "variance", variance.as_ref().map(value::rational)),
        ("sd", "standard deviation", variance.as_ref().map(|variance| value::root(variance, false))),
    ];
    let row = value::row(path.clone(), numbers.iter().map(|(_, _, value)| value.clone()));
    let figure = |(key, label, value)| {
        value::figure(
            &format!("group/{path}/{key}"),
            &format!("{}, {label}", group.categories.join(", ")),
            value,
        )
    };
    (numbers.into_iter().map(figure).collect(), row)
}

impl GroupBy {
    fn sentences(
        &self,
        schema: Schema<'_>,
        groups: &[Group],
        moments: &[Moments],
        count: u64,
    ) -> Vec<String> {
        let name = schema.name(self.column);
        let by = words::list(self.by.iter().map(|&column| schema.name(column)));
        let mut means: Vec<(Rational, String, u64)> = groups
            .iter()
            .zip(moments)
            .filter_map(|(group, moments)| Some((moments.mean()?, quoted(group), moments.count)))
            .collect();
        means.sort_by(|a, b| a.0.cmp(&b.0));
        let text = |mean: &Rational| value::rational(mean).text;
        match &means[..] {
            [] => vec![format!("No row has both a value of “{name}” and a group of {by}.")],
            [(mean, group, rows)] => {
                vec![format!(
                    "Only the group {group} has rows: its mean of “{name}” is {} ({}).",
                    text(mean),
                    words::rows(*rows)
                )]
            }
            [(lowest, _, _), .., (highest, _, _)] if lowest == highest => {
                vec![format!(
                    "The mean of “{name}” is {} in every group of {by} ({}).",
                    text(lowest),
                    words::rows(count)
                )]
            }
            [(lowest, low, low_rows), .., (highest, high, high_rows)] => vec![format!(
                "The mean of “{name}” is highest for {high}, {} ({}), and lowest for {low}, {} ({}).",
                text(highest),
                words::rows(*high_rows),
                text(lowest),
                words::rows(*low_rows)
            )],
        }
    }

    fn chart(
        &self,
        schema: Schema<'_>,
        groups: &[Group],
        moments: &[Moments],
        finding: Option<&String>,
    ) -> Option<Chart> {
        let axis = format!("Mean of {}", schema.name(self.column));
        let kind = if let [_, second] = self.by[..] {
            let series = schema.categories(second).ok()?.to_vec();
            let group = |(groups, moments): (&[Group], &[Moments])| {
                let means = moments.iter().map(|moments| moments.mean().as_ref().map_or(0.0, float));
                Some((groups.first()?.categories.first()?.clone(), means.collect()))
            };
            let chunks = groups.chunks(series.len()).zip(moments.chunks(series.len()));
            ChartKind::GroupedBars { axis, series, groups: chunks.filter_map(group).collect() }
        } else {
            let groups =
                groups.iter().zip(moments).filter_map(|(group, moments)| point(group.path(), moments));
            ChartKind::Groups { axis, bars: false, groups: groups.collect() }
        };
        let described = groups.iter().zip(moments).filter_map(|(group, moments)| {
            Some(format!("{} {}", quoted(group), value::rational(&moments.mean()?).text))
        });
        Some(Chart {
            title: finding?.clone(),
            description: format!("The mean of each group: {}.", described.collect::<Vec<_>>().join(", ")),
            kind,
        })
    }
}

/// The mean of a group with its interval; `None` without rows.
pub(crate) fn point(name: String, moments: &Moments) -> Option<Estimate> {
    let mean = moments.mean()?;
    let variance = moments.variance().filter(|variance| !variance.is_zero());
    let (Some(variance), Some(share)) = (variance, ratio(1, moments.count)) else {
        return Some(Estimate { name, value: float(&mean), interval: None });
    };
    let estimated =
        Estimated { estimate: mean, squared_error: variance * share, freedom: whole(moments.count - 1) };
    Some(estimated.interval(LEVEL).estimate(name, &estimated.estimate))
}

/// “a” and “b” of a group, in quotes.
fn quoted(group: &Group) -> String {
    words::list(group.categories.iter().map(String::as_str))
}
