//! t-test: whether the means of two groups differ (Welch's test, which does not take their variances for equal).
//!
//! With means m, sample variances s² and rows n of the groups, and `e = s₁²/n₁ + s₂²/n₂` [Wel47]:
//!
//! ```text
//! difference  m₁ − m₂, standard error √e, interval ± t(level, ν)·√e
//! t           (m₁ − m₂)/√e
//! ν           e² / ((s₁²/n₁)²/(n₁ − 1) + (s₂²/n₂)²/(n₂ − 1))
//! ```
//!
//! Exact until rounded once; p and the interval rest on t with a relative error below 1e-12.
//!
//! Figures, A and B being the categories: `difference`, `standard-error`, `t`, `degrees-of-freedom`, `p`,
//! `interval/low`, `interval/high`, `count/A`, `mean/A`, `sd/A`, `count/B`, ….
//!
//! [Wel47] B. Welch, *The generalization of “Student's” problem when several different population variances are
//! involved*, Biometrika 34, 1947.

use num_traits::{Signed, Zero};
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::{Indicator, Term};

use crate::answer::{Answer, Chart, ChartKind, Figure};
use crate::catalogue::group_by::point;
use crate::catalogue::inference::{Estimated, check_level};
use crate::catalogue::moments::{self, Moments};
use crate::catalogue::{value, words};
use crate::error::{FinishError, PlanError};
use crate::rational::{divide, ratio};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Difference of the means of two groups (Welch’s test).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TTest {
    /// A column of numbers.
    pub column: u32,
    /// A column with categories.
    pub by: u32,
    /// The two groups, as positions among its categories.
    pub categories: [u32; 2],
    /// Confidence level in thousandths, 500 to 999.
    pub level: u16,
}

impl TTest {
    fn masks(&self) -> [Term; 2] {
        self.categories.map(|category| Term::indicator(Indicator::Category { column: self.by, category }))
    }

    fn groups<'a>(&self, schema: Schema<'a>) -> Result<[&'a str; 2], PlanError> {
        let known = schema.categories(self.by)?;
        let name = |category: u32| {
            let found = usize::try_from(category).ok().and_then(|at| known.get(at));
            found.map(String::as_str).ok_or(PlanError::Choice {
                what: "each group",
                expected: "one of the categories of the column",
            })
        };
        Ok([name(self.categories[0])?, name(self.categories[1])?])
    }
}

/// The difference of the means with its error; `None` if a group has fewer than two rows or neither varies.
fn difference(groups: &[Moments; 2]) -> Option<Estimated> {
    let [first, second] = groups;
    let part = |group: &Moments| Some(group.variance()? * ratio(1, group.count)?);
    let (a, b) = (part(first)?, part(second)?);
    let squared_error = &a + &b;
    let share =
        |part: &crate::rational::Rational, group: &Moments| Some(part * part * ratio(1, group.count - 1)?);
    let freedom = divide(&(&squared_error * &squared_error), &(share(&a, first)? + share(&b, second)?))?;
    Some(Estimated { estimate: first.mean()? - second.mean()?, squared_error, freedom })
}

impl Analysis for TTest {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        self.groups(schema)?;
        check_level(self.level)?;
        if self.categories[0] == self.categories[1] {
            return Err(PlanError::Choice { what: "the two groups", expected: "different categories" });
        }
        Ok(self.masks().iter().flat_map(|mask| moments::terms(self.column, mask)).collect())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let (name, by) = (schema.name(self.column), schema.name(self.by));
        let groups = self.groups(schema).map_err(|_| value::impossible(self.name(schema)))?;
        let [first, second] = self.masks();
        let read = |mask: &Term| Moments::read(schema, totals, self.column, mask);
        let moments = [read(&first)?, read(&second)?];
        let count =
            moments[0].count.checked_add(moments[1].count).filter(|&count| count <= totals.row_count());
        let count = count.ok_or_else(|| value::impossible(self.name(schema)))?;
        let found = difference(&moments);
        let sentence = self.sentence(schema, groups, &moments, found.as_ref());
        let mut notes = value::notes(schema, totals, &[self.column], totals.row_count());
        if count < totals.row_count() {
            notes.push(format!(
                "{} of {} are in neither group or have no value of “{name}”.",
                totals.row_count() - count,
                words::rows(totals.row_count())
            ));
        }
        if found.is_some() {
            notes.push(
                "Welch’s test takes the rows for independent draws and the two means for normally distributed."
                    .to_owned(),
            );
        }
        let figures = self.figures(groups, &moments, found.as_ref());
        let points =
            groups.iter().zip(&moments).filter_map(|(group, moments)| point((*group).to_owned(), moments));
        let title = format!("“{name}” of “{}” and “{}” in “{by}”", groups[0], groups[1]);
        Ok(Answer {
            tables: vec![value::figures_table(title.clone(), &figures)],
            charts: vec![Chart {
                title: sentence.clone(),
                description: format!(
                    "The means of “{name}” in “{}” and “{}”, each with its own 95 % interval.",
                    groups[0], groups[1]
                ),
                kind: ChartKind::Groups {
                    axis: format!("Mean of {name}"),
                    bars: false,
                    groups: points.collect(),
                },
            }],
            sentences: vec![sentence],
            figures,
            notes,
            ..value::answer(title, count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!(
            "the difference of “{}” between two groups of “{}”",
            schema.name(self.column),
            schema.name(self.by)
        )
    }

    fn grouped(&self) -> Vec<u32> {
        vec![self.by]
    }
}

impl TTest {
    fn sentence(
        &self,
        schema: Schema<'_>,
        groups: [&str; 2],
        moments: &[Moments; 2],
        found: Option<&Estimated>,
    ) -> String {
        let name = schema.name(self.column);
        let [a, b] = groups;
        let rows = |group: &Moments| words::rows(group.count);
        let few = groups.iter().zip(moments).find(|(_, moments)| moments.count < 2);
        if let Some((group, moments)) = few {
            return format!(
                "The means of “{name}” cannot be compared: “{group}” has {}, and each group needs at least two.",
                rows(moments)
            );
        }
        let Some(found) = found else {
            return format!(
                "The means of “{name}” cannot be tested: it varies neither in “{a}” nor in “{b}”."
            );
        };
        let (Some((_, p)), interval) = (found.test(), found.interval(self.level)) else {
            return String::new();
        };
        let (shown, level) = (words::interval(&interval.low, &interval.high), words::percent(self.level));
        let counts = format!("{} and {}", rows(&moments[0]), rows(&moments[1]));
        let size = value::rational(&found.estimate.abs()).text;
        let way = if found.estimate.is_zero() {
            format!("The mean of “{name}” is the same in “{a}” as in “{b}”")
        } else {
            let way = if found.estimate.is_positive() { "higher" } else { "lower" };
            format!("The mean of “{name}” is {size} {way} in “{a}” than in “{b}”")
        };
        let p = words::p(p);
        format!("{way} ({p}; {level} interval of the difference {shown}; {counts}).")
    }

    fn figures(&self, groups: [&str; 2], moments: &[Moments; 2], found: Option<&Estimated>) -> Vec<Figure> {
        let test = found.and_then(Estimated::test);
        let level = words::percent(self.level);
        let [low, high] = found.map_or([None, None], |found| found.interval(self.level).values().map(Some));
        let difference = moments[0].mean().zip(moments[1].mean()).map(|(a, b)| a - b);
        let mut figures = vec![
            value::figure("difference", "Difference of the means", difference.as_ref().map(value::rational)),
            value::figure(
                "standard-error",
                "Standard error of the difference",
                found.map(Estimated::standard_error),
            ),
            value::figure("t", "t", test.as_ref().map(|(t, _)| t.clone())),
            value::figure(
                "degrees-of-freedom",
                "Degrees of freedom",
                found.map(|found| value::rational(&found.freedom)),
            ),
            value::figure("p", "p-value", test.map(|(_, p)| value::probability(p))),
            value::figure("interval/low", &format!("{level} interval of the difference, from"), low),
            value::figure("interval/high", &format!("{level} interval of the difference, to"), high),
        ];
        for (group, moments) in groups.iter().zip(moments) {
            let sd = moments.variance().map(|variance| value::root(&variance, false));
            let count = value::integer(moments.count.into());
            let mean = moments.mean().as_ref().map(value::rational);
            figures.push(value::figure(&format!("count/{group}"), &format!("Rows, {group}"), Some(count)));
            figures.push(value::figure(&format!("mean/{group}"), &format!("Mean, {group}"), mean));
            figures.push(value::figure(&format!("sd/{group}"), &format!("Standard deviation, {group}"), sd));
        }
        figures
    }
}
