//! Analysis of variance: whether the means of several groups differ.
//!
//! With k groups that have rows, n rows, group means m_g and the mean m of all:
//!
//! ```text
//! between  B = Σ n_g·(m_g − m)²,  k − 1 degrees of freedom
//! within   W = Σ_g Σ (v − m_g)²,  n − k degrees of freedom
//! F        (B/(k − 1)) / (W/(n − k)),  η² = B/(B + W)
//! ```
//!
//! Exact until rounded once; p has a relative error below 1e-12.
//!
//! Figures: `count`, `f`, `p`, `eta-squared`, `sum-of-squares/between|within|total`,
//! `degrees-of-freedom/between|within|total`, `mean-square/between|within`, `count/A`, `mean/A`, `sd/A` per group.

use num_traits::{Signed, Zero};
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::{Answer, Chart, ChartKind, Figure, Table};
use crate::catalogue::group_by::point;
use crate::catalogue::groups::{Group, groups};
use crate::catalogue::moments::{self, Moments};
use crate::catalogue::{value, words};
use crate::distribution;
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, divide, ratio, whole};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Differences between the means of all groups (one-way analysis of variance).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Anova {
    /// A column of numbers.
    pub column: u32,
    /// A column with categories.
    pub by: u32,
}

/// The decomposition of the sum of squares.
struct Decomposition {
    count: u64,
    /// Groups that have rows.
    group_count: u64,
    between: Rational,
    within: Rational,
}

impl Decomposition {
    fn new(moments: &[Moments]) -> Self {
        let used = || moments.iter().filter(|group| group.count > 0);
        let count = used().map(|group| group.count).sum();
        let total: Rational = used().map(Moments::total).sum();
        let mean = ratio(1, count).map_or_else(Rational::zero, |share| total * share);
        let between = |group: &Moments| {
            let apart = group.mean().unwrap_or_else(Rational::zero) - &mean;
            &apart * &apart * whole(group.count)
        };
        Self {
            count,
            group_count: used().count() as u64,
            between: used().map(between).sum(),
            within: used().map(Moments::squares_about_mean).sum(),
        }
    }

    /// Degrees of freedom between and within, if both are above 0.
    fn freedoms(&self) -> Option<(u64, u64)> {
        let between = self.group_count.checked_sub(1)?;
        let within = self.count.checked_sub(self.group_count)?;
        (between > 0 && within > 0).then_some((between, within))
    }

    fn mean_squares(&self) -> Option<[Rational; 2]> {
        let (between, within) = self.freedoms()?;
        Some([&self.between * ratio(1, between)?, &self.within * ratio(1, within)?])
    }

    /// F and p; `None` if nothing varies within the groups.
    fn test(&self) -> Option<(Rational, f64)> {
        let (between, within) = self.freedoms()?;
        let [above, below] = self.mean_squares()?;
        let f = divide(&above, &below)?;
        let p = distribution::f_upper(&f, &whole(between), &whole(within));
        Some((f, p))
    }

    fn eta_squared(&self) -> Option<Rational> {
        divide(&self.between, &(&self.between + &self.within))
    }
}

impl Analysis for Anova {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        let groups = groups(schema, &[self.by])?;
        Ok(groups.iter().flat_map(|group| moments::terms(self.column, &group.mask)).collect())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let (name, by) = (schema.name(self.column), schema.name(self.by));
        let groups = groups(schema, &[self.by]).map_err(|_| value::impossible(self.name(schema)))?;
        let read = |group: &Group| Moments::read(schema, totals, self.column, &group.mask);
        let moments = groups.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let counted = moments.iter().try_fold(0_u64, |sum, group| sum.checked_add(group.count));
        if counted.is_none_or(|count| count > totals.row_count()) {
            return Err(value::impossible(self.name(schema)));
        }
        let found = Decomposition::new(&moments);
        let sentence = sentence(name, by, &found);
        let mut notes = value::notes(schema, totals, &[self.column, self.by], found.count);
        if found.test().is_some() {
            notes.push(
                "The test takes the rows for independent draws and every group for normally distributed with the \
                 same variance."
                    .to_owned(),
            );
        }
        let points: Vec<_> =
            groups.iter().zip(&moments).filter_map(|(group, moments)| point(group.path(), moments)).collect();
        let (mut figures, rows) = (found.figures(), group_figures(&groups, &moments));
        let group_table = value::table(
            "Groups".to_owned(),
            &[by, "Rows", "Mean", "Standard deviation"],
            groups
                .iter()
                .zip(rows.chunks(3))
                .map(|(group, cells)| value::row(group.path(), cells.iter().map(|cell| cell.value.clone())))
                .collect(),
        );
        figures.extend(rows);
        let title = format!("Analysis of variance of “{name}” by “{by}”");
        Ok(Answer {
            tables: vec![found.table(), group_table],
            charts: vec![Chart {
                title: sentence.clone(),
                description: format!(
                    "The mean of “{name}” in each group of “{by}”, each with its own 95 % interval."
                ),
                kind: ChartKind::Groups { axis: format!("Mean of {name}"), bars: false, groups: points },
            }],
            sentences: vec![sentence],
            figures,
            notes,
            ..value::answer(title, found.count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the analysis of variance of “{}” by “{}”", schema.name(self.column), schema.name(self.by))
    }

    fn grouped(&self) -> Vec<u32> {
        vec![self.by]
    }
}

fn sentence(name: &str, by: &str, found: &Decomposition) -> String {
    let rows = words::rows(found.count);
    if found.group_count < 2 {
        return format!(
            "The means of “{name}” cannot be compared: {} of “{by}” has rows.",
            match found.group_count {
                0 => "no group",
                _ => "only one group",
            }
        );
    }
    if found.freedoms().is_none() {
        return format!("The means of “{name}” cannot be compared: every group of “{by}” has one row only.");
    }
    let Some((f, p)) = found.test() else {
        return if found.between.is_positive() {
            format!("“{name}” does not vary within any group of “{by}”, only between them ({rows}).")
        } else {
            format!("“{name}” does not vary: all {rows} are the same.")
        };
    };
    let finding = if p < 0.05 {
        "differ more than chance alone would easily bring about"
    } else {
        "do not differ more than chance brings about"
    };
    let share = found.eta_squared().map(|eta| words::short(value::rational(&(eta * value::hundred())).float));
    format!(
        "The means of “{name}” in the {} groups of “{by}” {finding}: F = {}, {}; the groups account for {} % of the \
         variation ({rows}).",
        found.group_count,
        value::rational(&f).text,
        words::p(p),
        share.unwrap_or_default()
    )
}

impl Decomposition {
    fn figures(&self) -> Vec<Figure> {
        let freedoms = self.freedoms();
        let integer = |count: u64| value::integer(count.into());
        let squares = self.mean_squares();
        let test = self.test();
        let mean_square = |at: usize| squares.as_ref().map(|squares| value::rational(&squares[at]));
        let total = &self.between + &self.within;
        vec![
            value::figure("count", "Rows", Some(integer(self.count))),
            value::figure("f", "F", test.as_ref().map(|(f, _)| value::rational(f))),
            value::figure("p", "p-value", test.map(|(_, p)| value::probability(p))),
            value::figure("eta-squared", "η²", self.eta_squared().as_ref().map(value::rational)),
            value::figure(
                "sum-of-squares/between",
                "Sum of squares between",
                Some(value::rational(&self.between)),
            ),
            value::figure(
                "sum-of-squares/within",
                "Sum of squares within",
                Some(value::rational(&self.within)),
            ),
            value::figure("sum-of-squares/total", "Sum of squares, total", Some(value::rational(&total))),
            value::figure(
                "degrees-of-freedom/between",
                "Degrees of freedom between",
                freedoms.map(|(between, _)| integer(between)),
            ),
            value::figure(
                "degrees-of-freedom/within",
                "Degrees of freedom within",
                freedoms.map(|(_, within)| integer(within)),
            ),
            value::figure(
                "degrees-of-freedom/total",
                "Degrees of freedom, total",
                freedoms.map(|(between, within)| integer(between + within)),
            ),
            value::figure("mean-square/between", "Mean square between", mean_square(0)),
            value::figure("mean-square/within", "Mean square within", mean_square(1)),
        ]
    }

    fn table(&self) -> Table {
        let figures = self.figures();
        let find = |key: &str| {
            figures.iter().find(|figure| figure.key == key).and_then(|figure| figure.value.clone())
        };
        let line = |heading: &str, part: &str, rest: [Option<crate::answer::Value>; 2]| {
            let [squares, freedom, mean] = ["sum-of-squares", "degrees-of-freedom", "mean-square"]
                .map(|kind| find(&format!("{kind}/{part}")));
            value::row(heading, [squares, freedom, mean].into_iter().chain(rest))
        };
        value::table(
            "Analysis of variance".to_owned(),
            &["Source", "Sum of squares", "Degrees of freedom", "Mean square", "F", "p"],
            vec![
                line("Between groups", "between", [find("f"), find("p")]),
                line("Within groups", "within", [None, None]),
                line("Total", "total", [None, None]),
            ],
        )
    }
}

/// Count, mean and standard deviation of each group.
fn group_figures(groups: &[Group], moments: &[Moments]) -> Vec<Figure> {
    let figures = groups.iter().zip(moments).flat_map(|(group, moments)| {
        let path = group.path();
        let sd = moments.variance().map(|variance| value::root(&variance, false));
        [
            ("count", "Rows", Some(value::integer(moments.count.into()))),
            ("mean", "Mean", moments.mean().as_ref().map(value::rational)),
            ("sd", "Standard deviation", sd),
        ]
        .map(|(key, label, value)| {
            value::figure(&format!("{key}/{path}"), &format!("{label}, {path}"), value)
        })
    });
    figures.collect()
}
