//! Student's t for an estimate with an error that was estimated from the same rows: statistic, p-value, interval.

use num_traits::{Signed, Zero};

use crate::answer::{Estimate, Value};
use crate::catalogue::value;
use crate::distribution;
use crate::error::PlanError;
use crate::rational::{Rational, divide, float, from_float, root};

/// An estimate and the square of its standard error.
#[derive(Debug, Clone)]
pub(crate) struct Estimated {
    /// The estimate.
    pub estimate: Rational,
    /// Square of its standard error, not negative.
    pub squared_error: Rational,
    /// Degrees of freedom of the error, above 0.
    pub freedom: Rational,
}

/// The ends of a confidence interval.
#[derive(Debug, Clone)]
pub(crate) struct Interval {
    /// Lower end.
    pub low: Rational,
    /// Upper end.
    pub high: Rational,
}

impl Estimated {
    /// The standard error.
    pub(crate) fn standard_error(&self) -> Value {
        value::root(&self.squared_error, false)
    }

    /// `estimate / standard error`, and the probability that |t| is at least that large if the true value is 0; `None`
    /// if there is no error.
    pub(crate) fn test(&self) -> Option<(Value, f64)> {
        let square = divide(&(&self.estimate * &self.estimate), &self.squared_error)?;
        let p = distribution::t_two_sided(&square, &self.freedom);
        Some((value::root(&square, self.estimate.is_negative()), p))
    }

    /// `estimate ± t·standard error`, at a level in thousandths.
    pub(crate) fn interval(&self, level: u16) -> Interval {
        let half = if self.squared_error.is_zero() {
            Rational::zero()
        } else {
            from_float(distribution::t_quantile(level, float(&self.freedom))) * root(&self.squared_error)
        };
        Interval { low: &self.estimate - &half, high: &self.estimate + half }
    }
}

impl Interval {
    /// Lower and upper end for an answer.
    pub(crate) fn values(&self) -> [Value; 2] {
        [&self.low, &self.high].map(|end| {
            let mut value = value::rational(end);
            value::add_error(&mut value, "off by at most 1e-12 of the width of the interval");
            value
        })
    }

    /// For a chart.
    pub(crate) fn estimate(&self, name: String, estimate: &Rational) -> Estimate {
        Estimate { name, value: float(estimate), interval: Some((float(&self.low), float(&self.high))) }
    }
}

/// Refuses a confidence level that is not from 50 % to 99.9 %.
pub(crate) fn check_level(level: u16) -> Result<(), PlanError> {
    if (500..=999).contains(&level) {
        return Ok(());
    }
    Err(PlanError::Choice { what: "the confidence level", expected: "from 50 % to 99.9 %" })
}
