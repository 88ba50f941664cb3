//! Histogram: rows per bin of a column of numbers, or per category.
//!
//! `n_i = Σ [cell in bin i]` over the column's first binning, which has equal bins over the range that was known when
//! it was made; later binnings are for [`super::Quantiles`]. Exact.
//!
//! Figures: `count`, `outside` (values in no bin), `bin/0`, `bin/1`, … or `category/NAME`.

use num_traits::ToPrimitive;
use serde::{Deserialize, Serialize};
use veilsum_protocol::manifest::Binning;
use veilsum_protocol::term::{Indicator, Term};

use crate::answer::{Answer, Chart, ChartKind, Estimate, Figure};
use crate::catalogue::count::present;
use crate::catalogue::{value, words};
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, float, unit, whole};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Rows per bin or category.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Histogram {
    /// A column with bins or with categories.
    pub column: u32,
    /// Whether its categories are counted instead of its bins.
    pub by_category: bool,
}

impl Histogram {
    fn binning<'a>(&self, schema: Schema<'a>) -> Result<&'a Binning, PlanError> {
        schema.number(self.column)?;
        let column = schema.column(self.column)?;
        column.binnings.first().ok_or_else(|| PlanError::NoBins { column: column.name.clone() })
    }

    /// The indicators of its bars, in order.
    fn bars(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        let column = self.column;
        if self.by_category {
            return Ok(super::groups::categories(schema, column)?.map(|(_, term)| term).collect());
        }
        let bins = 0..self.binning(schema)?.count;
        Ok(bins.map(|bin| Term::indicator(Indicator::Bin { column, binning: 0, bin })).collect())
    }

    /// “10 to below 20”, or a category; in the order of the bars.
    fn headings(&self, schema: Schema<'_>) -> Result<Vec<String>, PlanError> {
        if self.by_category {
            return Ok(schema.categories(self.column)?.to_vec());
        }
        let text = |edge: &Rational| value::rational(edge).text;
        let edges = self.edges(schema)?;
        Ok(edges.windows(2).map(|pair| format!("{} to below {}", text(&pair[0]), text(&pair[1]))).collect())
    }

    fn edges(&self, schema: Schema<'_>) -> Result<Vec<Rational>, PlanError> {
        let (binning, scale) = (self.binning(schema)?, schema.number(self.column)?.scale);
        let edges = (0..=binning.count).map(|bin| whole(binning.edges(bin).0) * unit(scale));
        Ok(edges.collect())
    }
}

impl Analysis for Histogram {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        let mut terms = self.bars(schema)?;
        terms.push(present(self.column));
        Ok(terms)
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let name = schema.name(self.column);
        let refused = |_| value::impossible(name);
        let count = value::count(schema, totals, &present(self.column))?;
        let bars = self.bars(schema).map_err(refused)?;
        let headings = self.headings(schema).map_err(refused)?;
        let counts =
            bars.iter().map(|bar| value::count(schema, totals, bar)).collect::<Result<Vec<u64>, _>>()?;
        let inside = counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
        let outside = inside.and_then(|inside| count.checked_sub(inside));
        let outside = outside.ok_or_else(|| value::impossible(self.name(schema)))?;

        let what = if self.by_category { "category" } else { "bin" };
        let most = counts.iter().enumerate().max_by_key(|&(at, &count)| (count, usize::MAX - at));
        let finding = match most {
            Some((at, &most)) if most > 0 && self.by_category => {
                format!(
                    "“{}” is the most frequent category of “{name}”: {most} of {count} values.",
                    headings[at]
                )
            }
            Some((at, &most)) if most > 0 => {
                format!("The fullest bin of “{name}” is {}: {most} of {count} values.", headings[at])
            }
            _ => format!("No value of “{name}” is in a {what}: there is nothing to draw."),
        };
        let mut sentences = vec![finding.clone()];
        if outside > 0 {
            sentences.push(format!("{outside} of {count} values are in no {what}."));
        }
        let figures = self.figures(count, outside, &headings, &counts);
        let rows = headings.iter().zip(&counts);
        let rows =
            rows.map(|(heading, &count)| value::row(heading.clone(), [Some(value::integer(count.into()))]));
        let title = format!("Distribution of “{name}”");
        let tables = vec![value::table(title.clone(), &[name, "Rows"], rows.collect())];
        let description = format!("Rows of each {what} of “{name}”: {}.", list(&headings, &counts));
        let kind = self.chart(schema, headings, counts).map_err(refused)?;
        Ok(Answer {
            sentences,
            figures,
            tables,
            charts: vec![Chart { title: finding, description, kind }],
            notes: value::notes(schema, totals, &[self.column], count),
            ..value::answer(title, count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the distribution of “{}”", schema.name(self.column))
    }

    fn grouped(&self) -> Vec<u32> {
        if self.by_category { vec![self.column] } else { Vec::new() }
    }

    fn binned(&self) -> Vec<u32> {
        if self.by_category { Vec::new() } else { vec![self.column] }
    }
}

impl Histogram {
    fn figures(&self, count: u64, outside: u64, headings: &[String], counts: &[u64]) -> Vec<Figure> {
        let figure = |key: &str, label: &str, count: u64| {
            value::figure(key, label, Some(value::integer(count.into())))
        };
        let mut figures = vec![
            figure("count", "Values", count),
            figure("outside", "Values in no bin or category", outside),
        ];
        figures.extend(headings.iter().zip(counts).enumerate().map(|(at, (heading, &count))| {
            let key = if self.by_category { format!("category/{heading}") } else { format!("bin/{at}") };
            figure(&key, heading, count)
        }));
        figures
    }

    fn chart(
        &self,
        schema: Schema<'_>,
        headings: Vec<String>,
        counts: Vec<u64>,
    ) -> Result<ChartKind, PlanError> {
        let column = schema.name(self.column).to_owned();
        if self.by_category {
            let bar = |(name, count): (String, u64)| Estimate {
                name,
                value: count.to_f64().unwrap_or_default(),
                interval: None,
            };
            let groups = headings.into_iter().zip(counts).map(bar).collect();
            return Ok(ChartKind::Groups { axis: "Rows".to_owned(), bars: true, groups });
        }
        let edges = self.edges(schema)?.iter().map(float).collect();
        Ok(ChartKind::Histogram { column, edges, counts })
    }
}

/// “a: 1, b: 2”.
fn list(headings: &[String], counts: &[u64]) -> String {
    let each =
        headings.iter().zip(counts).map(|(heading, &count)| format!("{heading}: {}", words::rows(count)));
    each.collect::<Vec<_>>().join(", ")
}
