//! Contingency: how often each two categories of two columns come together, and whether that is more than chance.
//!
//! With `O_ij` rows in both, margins `R_i`, `C_j` and n rows with both columns:
//!
//! ```text
//! expected      E_ij = R_i·C_j/n
//! chi-squared   χ² = Σ (O_ij − E_ij)²/E_ij = n·(Σ O_ij²/(R_i·C_j) − 1),  (r − 1)(c − 1) degrees of freedom
//! Cramér's V    √(χ²/(n·(min(r, c) − 1))), from 0 to 1
//! ```
//!
//! over the r and c categories that have rows (Pearson's test, without a continuity correction). Exact until rounded
//! once; p has a relative error below 1e-12.
//!
//! Figures: `count`, `chi-squared`, `degrees-of-freedom`, `p`, `cramers-v`, and `count/A/B`, `expected/A/B` per cell.

use num_traits::Zero;
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::{Answer, Chart, ChartKind, Row, Value};
use crate::catalogue::groups::{check_different, groups};
use crate::catalogue::{value, words};
use crate::distribution;
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, float, ratio, whole};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Below this many expected rows in a cell the test is rough.
const FEWEST_EXPECTED: u32 = 5;

/// Two groupings against each other, with the χ² test of independence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Contingency {
    /// Two columns with categories.
    pub columns: [u32; 2],
}

/// Rows per cell, with their margins.
struct Counts {
    cells: Vec<Vec<u64>>,
    rows: Vec<u64>,
    columns: Vec<u64>,
    total: u64,
}

/// The test of independence.
struct Independence {
    chi_squared: Rational,
    freedom: u64,
    p: f64,
    cramers_v: Value,
}

impl Counts {
    fn read(schema: Schema<'_>, totals: &Totals, columns: [u32; 2]) -> Result<Self, FinishError> {
        let what = || value::impossible(words::list(columns.map(|column| schema.name(column))));
        let groups = groups(schema, &columns).map_err(|_| what())?;
        let width = schema.categories(columns[1]).map_err(|_| what())?.len();
        let counts = groups.iter().map(|group| value::count(schema, totals, &group.mask));
        let counts = counts.collect::<Result<Vec<u64>, _>>()?;
        // Each is at most the row count, and there are few: u128 holds the sum.
        let total: u128 = counts.iter().map(|&count| u128::from(count)).sum();
        let total =
            u64::try_from(total).ok().filter(|&total| total <= totals.row_count()).ok_or_else(what)?;
        let cells: Vec<Vec<u64>> = counts.chunks(width).map(<[u64]>::to_vec).collect();
        let rows = cells.iter().map(|row| row.iter().sum()).collect();
        let columns = (0..width).map(|column| cells.iter().map(|row| row[column]).sum()).collect();
        Ok(Self { cells, rows, columns, total })
    }

    /// `R_i·C_j/n`; 0 without rows.
    fn expected(&self, row: usize, column: usize) -> Rational {
        ratio(u128::from(self.rows[row]) * u128::from(self.columns[column]), self.total)
            .unwrap_or_else(Rational::zero)
    }

    /// `None` if one of the columns has rows in fewer than two categories.
    fn independence(&self) -> Option<Independence> {
        let used = |margins: &[u64]| margins.iter().filter(|&&count| count > 0).count() as u64;
        let (rows, columns) = (used(&self.rows), used(&self.columns));
        let freedom = rows.checked_sub(1)? * columns.checked_sub(1)?;
        if freedom == 0 {
            return None;
        }
        let mut share = Rational::zero();
        for (row, cells) in self.cells.iter().enumerate() {
            for (column, &cell) in cells.iter().enumerate() {
                let margins = u128::from(self.rows[row]) * u128::from(self.columns[column]);
                share += ratio(u128::from(cell) * u128::from(cell), margins).unwrap_or_else(Rational::zero);
            }
        }
        let strength = share - whole(1);
        let chi_squared = &strength * whole(self.total);
        let p = distribution::chi_squared_upper(&chi_squared, freedom);
        let v_squared = strength * ratio(1, rows.min(columns) - 1)?;
        Some(Independence { chi_squared, freedom, p, cramers_v: value::root(&v_squared, false) })
    }
}

impl Analysis for Contingency {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        check_different(schema, &self.columns)?;
        Ok(groups(schema, &self.columns)?.into_iter().map(|group| group.mask).collect())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let [a, b] = self.columns.map(|column| schema.name(column));
        let counts = Counts::read(schema, totals, self.columns)?;
        let test = counts.independence();
        let rows = words::rows(counts.total);
        let sentence = match &test {
            Some(test) => {
                let (v, p) = (words::hundredths(test.cramers_v.float), words::p(test.p));
                let finding = if test.p < 0.05 {
                    "depend on each other more than chance alone would easily bring about"
                } else {
                    "show no dependence beyond what chance brings about"
                };
                let chi = value::rational(&test.chi_squared).text;
                format!("“{a}” and “{b}” {finding}: χ² = {chi}, {p}, Cramér’s V = {v} ({rows}).")
            }
            None if counts.total == 0 => {
                format!("No row has both “{a}” and “{b}”: there is nothing to compare.")
            }
            None => format!(
                "“{a}” or “{b}” has one category only in the {rows} with both: nothing can be compared."
            ),
        };
        let names = self.columns.map(|column| schema.categories(column).unwrap_or_default());
        let mut notes = value::notes(schema, totals, &self.columns, counts.total);
        notes.extend(self.rough(&counts, test.is_some()));
        if test.is_some() {
            notes.push(
                "The test takes the rows for independent draws; no continuity correction is made.".to_owned(),
            );
        }
        let mut figures = vec![
            value::figure("count", "Rows", Some(value::integer(counts.total.into()))),
            value::figure("chi-squared", "χ²", test.as_ref().map(|test| value::rational(&test.chi_squared))),
            value::figure(
                "degrees-of-freedom",
                "Degrees of freedom",
                test.as_ref().map(|test| value::integer(test.freedom.into())),
            ),
            value::figure("p", "p-value", test.as_ref().map(|test| value::probability(test.p))),
            value::figure("cramers-v", "Cramér’s V", test.as_ref().map(|test| test.cramers_v.clone())),
        ];
        let summary = value::figures_table("Test of independence".to_owned(), &figures);
        for (row, left) in names[0].iter().enumerate() {
            for (column, right) in names[1].iter().enumerate() {
                let count = value::integer(counts.cells[row][column].into());
                let expected = value::rational(&counts.expected(row, column));
                figures.push(value::figure(
                    &format!("count/{left}/{right}"),
                    &format!("Rows, {left}, {right}"),
                    Some(count),
                ));
                let label = format!("Expected rows, {left}, {right}");
                figures.push(value::figure(&format!("expected/{left}/{right}"), &label, Some(expected)));
            }
        }
        let title = format!("“{a}” against “{b}”");
        Ok(Answer {
            tables: counts.tables(a, names, summary),
            charts: vec![counts.chart(&sentence, a, b, names)],
            sentences: vec![sentence],
            figures,
            notes,
            ..value::answer(title, counts.total)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        let [a, b] = self.columns.map(|column| schema.name(column));
        format!("“{a}” against “{b}”")
    }

    fn grouped(&self) -> Vec<u32> {
        self.columns.to_vec()
    }
}

impl Contingency {
    /// A note if the expected counts are too small for the χ² distribution to be near.
    fn rough(&self, counts: &Counts, is_tested: bool) -> Option<String> {
        let [rows, columns] = [&counts.rows, &counts.columns].map(|margins| margins.len());
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let used = cells.filter(|&(row, column)| counts.rows[row] > 0 && counts.columns[column] > 0);
        let expected: Vec<Rational> = used.map(|(row, column)| counts.expected(row, column)).collect();
        let few = expected.iter().filter(|expected| **expected < whole(FEWEST_EXPECTED)).count();
        (is_tested && few > 0).then(|| {
            format!(
                "In {few} of {} cells fewer than {FEWEST_EXPECTED} rows are expected: the p-value is rough there.",
                expected.len()
            )
        })
    }
}

impl Counts {
    fn tables(
        &self,
        corner: &str,
        names: [&[String]; 2],
        summary: crate::answer::Table,
    ) -> Vec<crate::answer::Table> {
        let headings = |last: Option<&'static str>| -> Vec<String> {
            let inner = names[1].iter().cloned();
            core::iter::once(corner.to_owned()).chain(inner).chain(last.map(str::to_owned)).collect()
        };
        let integer = |count: u64| Some(value::integer(count.into()));
        let mut observed: Vec<Row> = names[0]
            .iter()
            .zip(&self.cells)
            .zip(&self.rows)
            .map(|((name, cells), &margin)| {
                value::row(name.clone(), cells.iter().copied().chain([margin]).map(integer))
            })
            .collect();
        observed.push(value::row("Total", self.columns.iter().copied().chain([self.total]).map(integer)));
        let expected = names[0].iter().enumerate().map(|(row, name)| {
            let cells = (0..names[1].len()).map(|column| Some(value::rational(&self.expected(row, column))));
            value::row(name.clone(), cells)
        });
        let expected = expected.collect();
        vec![
            crate::answer::Table {
                caption: "Rows".to_owned(),
                columns: headings(Some("Total")),
                rows: observed,
            },
            crate::answer::Table {
                caption: "Rows expected if neither depends on the other".to_owned(),
                columns: headings(None),
                rows: expected,
            },
            summary,
        ]
    }

    fn chart(&self, finding: &str, a: &str, b: &str, names: [&[String]; 2]) -> Chart {
        let groups = names[0]
            .iter()
            .zip(&self.cells)
            .map(|(name, cells)| (name.clone(), cells.iter().map(|&cell| float(&whole(cell))).collect()));
        Chart {
            title: finding.to_owned(),
            description: format!("Rows per category of “{a}”, a bar for each category of “{b}”."),
            kind: ChartKind::GroupedBars {
                axis: "Rows".to_owned(),
                series: names[1].to_vec(),
                groups: groups.collect(),
            },
        }
    }
}
