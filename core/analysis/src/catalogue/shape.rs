//! Shape: whether a column has a longer tail on one side, and how heavy its tails are.
//!
//! With central moments `m_k = Σ(v − v̄)^k / n` [JG98]:
//!
//! ```text
//! skewness         g₁ = m₃/m₂^(3/2)   G₁ = g₁·√(n(n − 1))/(n − 2)                       n ≥ 3
//! excess kurtosis  g₂ = m₄/m₂² − 3    G₂ = (n − 1)/((n − 2)(n − 3))·((n + 1)·g₂ + 6)    n ≥ 4
//! ```
//!
//! No units: neither scale nor centre matters. Exact until rounded once.
//!
//! Figures: `count`, `skewness/g1`, `skewness/adjusted`, `kurtosis/g2`, `kurtosis/adjusted`.
//!
//! [JG98] D. Joanes, C. Gill, *Comparing measures of sample skewness and kurtosis*, 1998.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use serde::{Deserialize, Serialize};
use veilsum_protocol::term::Term;

use crate::answer::{Answer, Value};
use crate::catalogue::count::present;
use crate::catalogue::{value, words};
use crate::derive::describe;
use crate::error::{FinishError, PlanError};
use crate::rational::{Rational, divide, ratio, whole};
use crate::request::Analysis;
use crate::schema::Schema;
use crate::totals::Totals;

/// Skewness and excess kurtosis.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// A column of numbers.
    pub column: u32,
}

/// Central moments m₂, m₃, m₄ in units of deviations.
struct Central {
    second: Rational,
    third: Rational,
    fourth: Rational,
}

impl Central {
    /// From `Σx`, `Σx²`, `Σx³`, `Σx⁴` of so many rows; `None` without rows.
    fn new(sums: &[BigInt; 4], count: u64) -> Option<Self> {
        let share = ratio(1, count)?;
        let [a, b, c, d] = sums.each_ref().map(|sum| whole(sum.clone()) * &share);
        let square = &a * &a;
        Some(Self {
            second: &b - &square,
            third: &c - whole(3) * &a * &b + whole(2) * &square * &a,
            fourth: d - whole(4) * &a * c + whole(6) * &square * b - whole(3) * &square * &square,
        })
    }
}

impl Analysis for Shape {
    fn terms(&self, schema: Schema<'_>) -> Result<Vec<Term>, PlanError> {
        schema.number(self.column)?;
        let powers = (1..=4).map(|exponent| Term::power(self.column, exponent));
        Ok(powers.chain([present(self.column)]).collect())
    }

    fn finish(&self, schema: Schema<'_>, totals: &Totals) -> Result<Answer, FinishError> {
        let name = schema.name(self.column);
        let count = value::count(schema, totals, &present(self.column))?;
        let mut sums = [const { BigInt::ZERO }; 4];
        for (sum, exponent) in sums.iter_mut().zip(1..) {
            *sum = value::sum(schema, totals, &Term::power(self.column, exponent))?;
        }
        let central = Central::new(&sums, count);
        let fourth = Term::power(self.column, 4);
        if central
            .as_ref()
            .is_some_and(|central| central.second.is_negative() || central.fourth.is_negative())
        {
            return Err(value::impossible(describe(schema, &fourth)));
        }
        let varied = central.filter(|central| !central.second.is_zero());
        let (skewness, adjusted) = varied.as_ref().map_or((None, None), |central| skewness(central, count));
        let (kurtosis, adjusted_kurtosis) =
            varied.as_ref().map_or((None, None), |central| kurtosis(central, count));
        let sentences = match (&skewness, &kurtosis) {
            (Some(skewness), Some(kurtosis)) => {
                vec![skewness_sentence(name, skewness, count), kurtosis_sentence(kurtosis)]
            }
            _ if count == 0 => vec![format!("“{name}” has no shape: no cell has a value.")],
            _ => vec![format!("“{name}” has no shape: its values do not vary ({}).", words::rows(count))],
        };
        let mut notes = value::notes(schema, totals, &[self.column], count);
        if skewness.is_some() && adjusted_kurtosis.is_none() {
            notes.push("The adjusted skewness needs three rows, the adjusted kurtosis four.".to_owned());
        }
        let figures = vec![
            value::figure("count", "Rows", Some(value::integer(count.into()))),
            value::figure("skewness/g1", "Skewness (g₁)", skewness),
            value::figure("skewness/adjusted", "Skewness, adjusted (G₁)", adjusted),
            value::figure("kurtosis/g2", "Excess kurtosis (g₂)", kurtosis),
            value::figure("kurtosis/adjusted", "Excess kurtosis, adjusted (G₂)", adjusted_kurtosis),
        ];
        let title = format!("Shape of “{name}”");
        Ok(Answer {
            sentences,
            tables: vec![value::figures_table(title.clone(), &figures)],
            figures,
            notes,
            ..value::answer(title, count)
        })
    }

    fn name(&self, schema: Schema<'_>) -> String {
        format!("the skewness and kurtosis of “{}”", schema.name(self.column))
    }
}

/// g₁ and G₁.
fn skewness(central: &Central, count: u64) -> (Option<Value>, Option<Value>) {
    let Central { second, third, .. } = central;
    let is_negative = third.is_negative();
    let Some(square) = divide(&(third * third), &(second * second * second)) else { return (None, None) };
    let adjusted = (count >= 3).then(|| {
        let (n, less) = (whole(count), whole(count - 2));
        let factor = &n * (&n - whole(1)) / (&less * &less);
        value::root(&(&square * factor), is_negative)
    });
    (Some(value::root(&square, is_negative)), adjusted)
}

/// g₂ and G₂.
fn kurtosis(central: &Central, count: u64) -> (Option<Value>, Option<Value>) {
    let Central { second, fourth, .. } = central;
    let Some(plain) = divide(fourth, &(second * second)).map(|kurtosis| kurtosis - whole(3)) else {
        return (None, None);
    };
    let adjusted = (count >= 4).then(|| {
        let n = whole(count);
        let factor = (&n - whole(1)) / ((&n - whole(2)) * (&n - whole(3)));
        value::rational(&(factor * ((&n + whole(1)) * &plain + whole(6))))
    });
    (Some(value::rational(&plain)), adjusted)
}

fn skewness_sentence(name: &str, skewness: &Value, count: u64) -> String {
    let side = if skewness.float > 0.0 { "right, to large values" } else { "left, to small values" };
    let shown = words::hundredths(skewness.float);
    let rows = words::rows(count);
    if skewness.float.abs() < 0.5 {
        format!("“{name}” is about as far spread below its mean as above: skewness {shown} ({rows}).")
    } else if skewness.float.abs() < 1.0 {
        format!("“{name}” has a somewhat longer tail on the {side}: skewness {shown} ({rows}).")
    } else {
        format!("“{name}” has a much longer tail on the {side}: skewness {shown} ({rows}).")
    }
}

fn kurtosis_sentence(kurtosis: &Value) -> String {
    let shown = words::hundredths(kurtosis.float);
    let tails = if kurtosis.float > 1.0 {
        "heavier than"
    } else if kurtosis.float < -1.0 {
        "lighter than"
    } else {
        "about as heavy as"
    };
    format!("Its tails are {tails} those of a normal distribution: excess kurtosis {shown}.")
}
