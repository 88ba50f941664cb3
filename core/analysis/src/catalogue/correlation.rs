//! Correlation: how close two columns are to a straight line, for every two of some columns.
//!
//! With `S_ab = n·Σx_a x_b − Σx_a·Σx_b` over the rows in which both are there:
//!
//! ```text
//! r = S_ab / √(S_aa·S_bb)                    Pearson's, from −1 to 1, without units
//! t = r·√((n − 2)/(1 − r²)),  p = P(|T| ≥ |t|) with n − 2 degrees of freedom
//! ```
//!
//! r is exact until rounded once; p has a relative error below 1e-12.
//!
//! Figures for every two columns in the order asked: `correlation/A/B`, `p/A/B`, `count/A/B`.

use num_bigint::BigInt;
use num_traits::Signed;
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::{Answer, Cell, Chart, ChartKind, Row, Value};
use crate::catalogue::groups::check_different;
use crate::catalogue::{value, words};
use crate::derive::describe;
use crate::distribution;
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, divide, whole};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Correlation of every two of some columns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Correlation {
    /// Two columns of numbers or more.
    pub columns: Vec<u32>,
}

/// What is known of two columns.
struct Correlated {
    columns: [u32; 2],
    count: u64,
    /// Whether each of them varies in these rows.
    varies: [bool; 2],
    /// r and r²; `None` if one of them does not vary.
    r: Option<(Value, Rational)>,
    /// `None` without r, below three rows, or if all lie on a line.
    p: Option<f64>,
}

fn pair_terms(schema: Schema<'_>, [a, b]: [u32; 2]) -> [Term; 6] {
    let mask = schema.complete(&[a, b]);
    let times = |term: Term| mask.times(&term);
    let product = Term::power(a, 1).times(&Term::power(b, 1));
    [
        mask.clone(),
        times(Term::power(a, 1)),
        times(Term::power(b, 1)),
        times(Term::power(a, 2)),
        times(Term::power(b, 2)),
        product,
    ]
}

impl Correlated {
    fn read(schema: Schema<'_>, totals: &Totals, columns: [u32; 2]) -> Result<Self, FinishError> {
        let [mask, a, b, aa, bb, ab] = pair_terms(schema, columns);
        let count = value::count(schema, totals, &mask)?;
        let sum = |term: &Term| value::sum(schema, totals, term);
        let (a, b) = (sum(&a)?, sum(&b)?);
        let scatter = |product: BigInt, left: &BigInt, right: &BigInt| product * count - left * right;
        let (saa, sbb) = (scatter(sum(&aa)?, &a, &a), scatter(sum(&bb)?, &b, &b));
        let sab = scatter(sum(&ab)?, &a, &b);
        // Cauchy and Schwarz.
        if saa.is_negative() || sbb.is_negative() || &sab * &sab > &saa * &sbb {
            return Err(value::impossible(describe(schema, &ab)));
        }
        let varies = [saa.is_positive(), sbb.is_positive()];
        let square = divide(&whole(&sab * &sab), &whole(saa * sbb));
        let r = square.map(|square| (value::root(&square, sab.is_negative()), square));
        let p = r.as_ref().and_then(|(_, square)| {
            let freedom = whole(count.checked_sub(2).filter(|&freedom| freedom > 0)?);
            let t_squared = divide(&(square * &freedom), &(whole(1) - square))?;
            Some(distribution::t_two_sided(&t_squared, &freedom))
        });
        Ok(Self { columns, count, varies, r, p })
    }

    fn sentence(&self, schema: Schema<'_>) -> String {
        let [a, b] = self.columns.map(|column| schema.name(column));
        let rows = words::rows(self.count);
        let Some((r, square)) = &self.r else {
            return if self.count < 2 {
                format!(
                    "“{a}” and “{b}” have no correlation: both are there in {rows}, and it needs at least two."
                )
            } else {
                format!(
                    "“{a}” and “{b}” have no correlation: one of them does not vary in the {rows} with both."
                )
            };
        };
        if *square == whole(1) {
            let way = if r.float > 0.0 { "rises" } else { "falls" };
            return format!("All {rows} lie on one straight line: “{b}” {way} with “{a}” (r = {}).", r.text);
        }
        let size = r.float.abs();
        let strength = match size {
            _ if size < 0.1 => "barely correlated",
            _ if size < 0.3 => "weakly correlated",
            _ if size < 0.5 => "moderately correlated",
            _ if size < 0.9 => "clearly correlated",
            _ => "very strongly correlated",
        };
        let p = self.p.map(|p| format!("{}, ", words::p(p))).unwrap_or_default();
        format!("“{a}” and “{b}” are {strength}: r = {} ({p}{rows}).", words::hundredths(r.float))
    }
}

impl Correlation {
    /// Every two columns, in the order asked.
    fn pairs(&self) -> impl Iterator<Item = [u32; 2]> {
        let columns = &self.columns;
        (1..columns.len())
            .flat_map(move |at| columns[at..].iter().map(move |&other| [columns[at - 1], other]))
    }
}

impl Analysis for Correlation {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        if self.columns.len() < 2 {
            let actual = self.columns.len();
            return Err(PlanError::TooFewColumns { analysis: "a correlation", needed: 2, actual });
        }
        for &column in &self.columns {
            schema.number(column)?;
        }
        check_different(schema, &self.columns)?;
        Ok(self.pairs().flat_map(|pair| pair_terms(schema, pair)).collect())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let pairs =
            self.pairs().map(|pair| Correlated::read(schema, totals, pair)).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<&str> = self.columns.iter().map(|&column| schema.name(column)).collect();
        let mut figures = Vec::new();
        for pair in &pairs {
            let [a, b] = pair.columns.map(|column| schema.name(column));
            let r = pair.r.as_ref().map(|(r, _)| r.clone());
            let p = pair.p.map(value::probability);
            figures.extend([
                value::figure(&format!("correlation/{a}/{b}"), &format!("Correlation of {a} and {b}"), r),
                value::figure(&format!("p/{a}/{b}"), &format!("p-value of {a} and {b}"), p),
                value::figure(
                    &format!("count/{a}/{b}"),
                    &format!("Rows with {a} and {b}"),
                    Some(value::integer(pair.count.into())),
                ),
            ]);
        }
        let mut ordered: Vec<&Correlated> = pairs.iter().collect();
        let size = |pair: &Correlated| pair.r.as_ref().map(|(_, square)| square.clone());
        ordered.sort_by_cached_key(|pair| core::cmp::Reverse(size(pair)));
        let mut sentences: Vec<String> =
            ordered.iter().take(SENTENCES).map(|pair| pair.sentence(schema)).collect();
        sentences.extend(
            ordered.iter().skip(SENTENCES).filter(|pair| pair.r.is_none()).map(|pair| pair.sentence(schema)),
        );
        let rows = pairs.iter().map(|pair| pair.count).min().unwrap_or_default();
        let most = pairs.iter().map(|pair| pair.count).max().unwrap_or_default();
        let mut notes = value::notes(schema, totals, &self.columns, totals.row_count());
        if rows < totals.row_count() {
            notes.push(format!(
                "Each pair rests on the rows in which both columns are there: {rows} to {most} of {}.",
                totals.row_count()
            ));
        }
        if pairs.iter().any(|pair| pair.p.is_some()) {
            notes.push(
                "A p-value is the chance of a correlation at least as far from 0 between normally distributed \
                 columns that have nothing to do with each other; it says nothing about causes."
                    .to_owned(),
            );
        }
        let title = format!("Correlation of {}", words::list(names.iter().copied()));
        let chart = Chart {
            title: sentences.first().cloned().unwrap_or_default(),
            description: format!(
                "A square for each two of {}, with r from −1 to 1.",
                words::list(names.iter().copied())
            ),
            kind: ChartKind::HeatMap {
                names: names.iter().map(|&name| name.to_owned()).collect(),
                values: self.floats(&pairs),
            },
        };
        Ok(Answer {
            tables: vec![
                self.matrix(&names, &pairs, "Correlations (r)", true, |pair| {
                    pair.r.as_ref().map(|(r, _)| r.clone())
                }),
                self.matrix(&names, &pairs, "p-values", false, |pair| pair.p.map(value::probability)),
                self.matrix(&names, &pairs, "Rows of each pair", false, |pair| {
                    Some(value::integer(pair.count.into()))
                }),
            ],
            sentences,
            figures,
            charts: vec![chart],
            notes,
            ..value::answer(title, rows)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the correlation of {}", words::list(self.columns.iter().map(|&column| schema.name(column))))
    }
}

/// Pairs that are put into sentences, the strongest first.
const SENTENCES: usize = 5;

impl Correlation {
    fn find<'a>(&self, pairs: &'a [Correlated], row: usize, column: usize) -> Option<&'a Correlated> {
        let wanted = [self.columns[row.min(column)], self.columns[row.max(column)]];
        pairs.iter().find(|pair| pair.columns == wanted)
    }

    /// Whether a column varies in the rows of any pair: then its correlation with itself is 1.
    fn varies(&self, pairs: &[Correlated], at: usize) -> bool {
        let column = self.columns[at];
        pairs.iter().any(|pair| (0..2).any(|side| pair.columns[side] == column && pair.varies[side]))
    }

    fn floats(&self, pairs: &[Correlated]) -> Vec<Vec<Option<f64>>> {
        let size = self.columns.len();
        let cell = |row, column| {
            if row == column {
                return self.varies(pairs, row).then_some(1.0);
            }
            let pair = self.find(pairs, row, column)?;
            pair.r.as_ref().map(|(r, _)| r.float)
        };
        (0..size).map(|row| (0..size).map(|column| cell(row, column)).collect()).collect()
    }

    fn matrix(
        &self,
        names: &[&str],
        pairs: &[Correlated],
        caption: &str,
        has_diagonal: bool,
        number: impl Fn(&Correlated) -> Option<Value>,
    ) -> crate::answer::Table {
        let cell = |row, column| {
            if row == column {
                let is_one = has_diagonal && self.varies(pairs, row);
                return if is_one { Cell::Number(value::integer(1.into())) } else { Cell::Nothing };
            }
            self.find(pairs, row, column).and_then(&number).map_or(Cell::Nothing, Cell::Number)
        };
        let rows = names.iter().enumerate().map(|(row, &name)| Row {
            heading: name.to_owned(),
            cells: (0..names.len()).map(|column| cell(row, column)).collect(),
        });
        let headings: Vec<&str> = core::iter::once("Column").chain(names.iter().copied()).collect();
        value::table(caption.to_owned(), &headings, rows.collect())
    }
}
