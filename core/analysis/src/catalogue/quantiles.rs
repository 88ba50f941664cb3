//! Quantiles: minimum, quartiles, median and maximum of a column, from the counts of its bins.
//!
//! The bins tell in which interval the k-th smallest value lies; it is given as the middle of the values that the
//! interval can hold, and is off by at most half of them. Where an interval holds one value only, it is exact. The
//! first binning covers the column; later ones subdivide one interval each, and an answer names those that would make
//! it more exact. The quartiles are those of the linear rule (type 7 of [HF96], the default of numpy and R): with
//! `h = (n − 1)·p`, the value at rank `⌊h⌋` plus `h − ⌊h⌋` of the way to the next. Everything but the bins is exact.
//!
//! Figures: `count`, `quantile/minimum`, `quantile/q1`, `quantile/median`, `quantile/q3`, `quantile/maximum`,
//! `interquartile-range`.
//!
//! [HF96] R. Hyndman, Y. Fan, *Sample quantiles in statistical packages*, 1996.

use num_traits::{Signed, Zero};
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::{Answer, BoxPlot, Chart, ChartKind, Value};
use crate::catalogue::count::present;
use crate::catalogue::pieces::{Pieces, bin};
use crate::catalogue::{value, words};
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, float, unit, whole};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Minimum, quartiles and maximum, from bins.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quantiles {
    /// A column of numbers with bins.
    pub column: u32,
}

/// Key, label and quarters of the way from the smallest to the largest.
const FIVE: [(&str, &str, u32); 5] = [
    ("quantile/minimum", "Minimum", 0),
    ("quantile/q1", "First quartile", 1),
    ("quantile/median", "Median", 2),
    ("quantile/q3", "Third quartile", 3),
    ("quantile/maximum", "Maximum", 4),
];

/// A quantile in stored integers, and the largest it is off by.
struct Quantile {
    value: Rational,
    error: Rational,
}

impl Quantile {
    /// The quantile at so many quarters, with the ranks that it lies between; `None` without values.
    fn find(pieces: &Pieces, count: u64, quarters: u32) -> Option<Self> {
        let (low, high, way) = ranks(count, quarters)?;
        let (below, above) = (pieces.at(low)?, pieces.at(high)?);
        let between = |a: Rational, b: Rational| &a + (b - &a) * &way;
        Some(Self {
            value: between(below.middle(), above.middle()),
            error: between(below.largest_error(), above.largest_error()),
        })
    }

    fn to_value(&self, scale: u32) -> Value {
        let mut value = value::rational(&(&self.value * unit(scale)));
        if self.error.is_positive() {
            let error = value::rational(&(&self.error * unit(scale))).text;
            value::add_error(&mut value, &format!("off by at most {error}, because only bins are known"));
        }
        value
    }
}

/// The ranks, from 0, that a quantile lies between, and how far it is on the way from one to the other.
fn ranks(count: u64, quarters: u32) -> Option<(u64, u64, Rational)> {
    let last = count.checked_sub(1)?;
    let quarter_ranks = u128::from(last) * u128::from(quarters);
    let low = u64::try_from(quarter_ranks / 4).ok()?;
    let way = Rational::new((quarter_ranks % 4).into(), 4.into());
    let high = if way.is_zero() { low } else { low + 1 };
    Some((low, high, way))
}

impl Analysis for Quantiles {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        let column = schema.column(self.column)?;
        if column.binnings.is_empty() {
            return Err(PlanError::NoBins { column: column.name.clone() });
        }
        let bins = (0..).zip(&column.binnings);
        let bins = bins.flat_map(|(at, binning)| (0..binning.count).map(move |number| (at, number)));
        let bins = bins.map(|(binning, number)| bin(self.column, binning, number));
        Ok(bins.chain([present(self.column)]).collect())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let (number, name) = (value::number(schema, self.column)?, schema.name(self.column));
        let count = value::count(schema, totals, &present(self.column))?;
        let pieces = Pieces::read(schema, totals, self.column)?;
        let outside =
            count.checked_sub(pieces.count()).ok_or_else(|| value::impossible(self.name(schema)))?;
        let found = FIVE.map(
            |(_, _, quarters)| {
                if outside > 0 { None } else { Quantile::find(&pieces, count, quarters) }
            },
        );
        let values = found.each_ref().map(|found| found.as_ref().map(|found| found.to_value(number.scale)));
        let range = found[1].as_ref().zip(found[3].as_ref()).map(|(first, third)| Quantile {
            value: &third.value - &first.value,
            error: &third.error + &first.error,
        });

        let mut figures = vec![value::figure("count", "Values", Some(value::integer(count)))];
        figures.extend(
            FIVE.iter().zip(&values).map(|((key, label, _), found)| value::figure(key, label, found.clone())),
        );
        let range = range.map(|range| range.to_value(number.scale));
        figures.push(value::figure("interquartile-range", "Interquartile range", range));
        let title = format!("Quantiles of “{name}”");
        let mut answer = Answer {
            tables: vec![value::figures_table(title.clone(), &figures)],
            figures,
            notes: value::notes(schema, totals, &[self.column], count),
            ..value::answer(title, count)
        };
        let [Some(minimum), Some(first), Some(median), Some(third), Some(maximum)] = &values else {
            answer.sentences.push(if outside > 0 {
                format!("{outside} of {count} values of “{name}” lie outside its bins, so that no quantile can be told.")
            } else {
                format!("“{name}” has no quantiles: no cell has a value.")
            });
            return Ok(answer);
        };
        let about = |value: &Value| if value.error.contains("bins") { "about " } else { "" };
        answer.sentences.push(format!(
            "Half of the values of “{name}” are at most {}{}, and the middle half lie from {}{} to {}{} ({}).",
            about(median),
            median.text,
            about(first),
            first.text,
            about(third),
            third.text,
            words::rows(count),
        ));
        answer.sentences.push(format!(
            "The smallest is {}{}, the largest {}{}.",
            about(minimum),
            minimum.text,
            about(maximum),
            maximum.text
        ));
        answer.charts.push(Chart {
            title: format!("The median of “{name}” is {}{}", about(median), median.text),
            description: format!(
                "A box of “{name}” from {} to {} with the median at {}, and whiskers from {} to {}.",
                first.text, third.text, median.text, minimum.text, maximum.text
            ),
            kind: ChartKind::Boxes {
                axis: name.to_owned(),
                boxes: vec![BoxPlot {
                    name: name.to_owned(),
                    five: [minimum, first, median, third, maximum].map(|value| value.float),
                    mean: None,
                }],
            },
        });
        let needed = FIVE.iter().filter_map(|(_, _, quarters)| ranks(count, *quarters));
        let finer = pieces.refinements(needed.flat_map(|(low, high, _)| [low, high]));
        if !finer.is_empty() {
            let error = found
                .iter()
                .flatten()
                .map(|found| &found.error)
                .max()
                .map(|error| error * unit(number.scale));
            let error = error.as_ref().map_or(0.0, float);
            answer.notes.push(format!(
                "Only the bins of the values are known, so each number is off by at most {}; finer bins make it exact.",
                words::at_most(error)
            ));
        }
        answer.refinements = finer.into_iter().map(|binning| (self.column, binning)).collect();
        Ok(answer)
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the quantiles of “{}”", schema.name(self.column))
    }

    fn binned(&self) -> Vec<u32> {
        vec![self.column]
    }
}

/// The middle of a piece and half of what it holds, as fractions.
impl crate::catalogue::pieces::Piece {
    fn middle(&self) -> Rational {
        Rational::new((self.low + self.high - 1).into(), 2.into())
    }

    fn largest_error(&self) -> Rational {
        whole(self.high - self.low - 1) / whole(2)
    }
}
