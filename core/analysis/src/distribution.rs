//! Tails of Student's t, F and χ².
//!
//! A crate would do if it were exact enough: measured against 60-digit references, the two that are kept up lose
//! five digits and more at a million rows (`statrs` 0.19: relative error 6e-8, `puruspe` 0.4: 1e-1), because they
//! subtract logarithms of gamma functions that are far larger than what is left. Here the leading factor is the
//! saddle-point form of [Loa00], in which nothing large is subtracted, and the continued fractions are those of
//! [NIST, 8.9.2] and [DM92], whose denominators do not cancel. Measured in the tests: relative error below 1e-12 down to 1e-300.
//!
//! [Loa00] C. Loader, *Fast and accurate computation of binomial probabilities*, 2000.
//! [DM92] A. Didonato, A. Morris, *Algorithm 708: significant digit computation of the incomplete beta function
//! ratios*, 1992. [NIST] NIST Digital Library of Mathematical Functions.

use core::f64::consts::PI;

use crate::rational::{Rational, float};

/// Probabilities below this are said to be below it.
pub(crate) const SMALLEST: f64 = 1e-300;
/// What is known of a probability, for [`crate::answer::Value::error`].
pub(crate) const ERROR: &str = "relative error below 1e-12";

/// Terms after which a series or fraction is given up; the rows of any dataset need fewer.
const MOST_STEPS: u32 = 10_000_000;
/// Stands for 0 in a denominator of Lentz's method.
const TINY: f64 = 1e-290;

/// `P(|T| ≥ |t|)` for T with `freedom` degrees of freedom, from t².
pub(crate) fn t_two_sided(t_squared: &Rational, freedom: &Rational) -> f64 {
    f_upper(t_squared, &Rational::from_integer(1.into()), freedom)
}

/// `P(F ≥ f)` for F with `above` and `below` degrees of freedom, all positive (f may be 0).
pub(crate) fn f_upper(f: &Rational, above: &Rational, below: &Rational) -> f64 {
    let scaled = f * above;
    let whole = &scaled + below;
    let (x, y) = (below / &whole, scaled / whole);
    let half = Rational::new(1.into(), 2.into());
    let lambda = (below * &y - above * &x) * &half;
    // Each is rounded once from the exact number, so that neither end nor the middle loses digits.
    let argument = Argument { x: float(&x), y: float(&y), lambda: float(&lambda) };
    beta(float(&(below * &half)), float(&(above * half)), argument)
}

/// `P(X ≥ x)` for X distributed as χ² with `freedom` degrees of freedom.
pub(crate) fn chi_squared_upper(x: &Rational, freedom: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let shape = freedom as f64 / 2.0;
    gamma(shape, float(&(x / Rational::from_integer(2.into()))))
}

/// The t > 0 with `P(|T| ≥ t) = 1 − level/1000`.
///
/// Newton's method from 0: the tail is convex and falls, so that every step stays on the left of t.
pub(crate) fn t_quantile(level: u16, freedom: f64) -> f64 {
    let target = f64::from(1_000_u16.saturating_sub(level)) / 1_000.0;
    let mut t = 0.0_f64;
    for _ in 0..200 {
        let whole = freedom + t * t;
        let (x, y) = (freedom / whole, t * t / whole);
        let tail = beta(freedom / 2.0, 0.5, Argument { x, y, lambda: f64::midpoint(freedom * y, -x) });
        let step = (tail - target) / (2.0 * t_density(t, freedom));
        if step <= t * 1e-16 {
            break;
        }
        t += step;
    }
    t
}

fn t_density(t: f64, freedom: f64) -> f64 {
    let ratio = (stirling_error(f64::midpoint(freedom, 1.0)) - stirling_error(freedom / 2.0)).exp();
    // Γ((ν + 1)/2) / Γ(ν/2) · √(2/ν) with its powers taken together.
    let powers = (freedom / 2.0 * (1.0 / freedom).ln_1p() - 0.5).exp();
    let kernel = (-f64::midpoint(freedom, 1.0) * (t * t / freedom).ln_1p()).exp();
    ratio * powers * kernel / (2.0 * PI).sqrt()
}

/// Where a beta distribution is cut off.
#[derive(Clone, Copy)]
struct Argument {
    x: f64,
    /// `1 − x`
    y: f64,
    /// `a − (a + b)·x = a·y − b·x`: how far x is below the mean.
    lambda: f64,
}

/// The regularised incomplete beta function `I_x(a, b)`.
fn beta(a: f64, b: f64, argument: Argument) -> f64 {
    let Argument { x, y, lambda } = argument;
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let n = a + b;
    let front = (a * b / (2.0 * PI * n)).sqrt()
        * (stirling_error(n) - stirling_error(a) - stirling_error(b)).exp()
        * (-deviance(a, n * x, lambda) - deviance(b, n * y, -lambda)).exp();
    let value = if lambda > 0.0 {
        front * beta_fraction(a, b, argument)
    } else {
        1.0 - front * beta_fraction(b, a, Argument { x: y, y: x, lambda: -lambda })
    };
    value.clamp(0.0, 1.0)
}

/// `1/(β₀+ α₁/(β₁+ α₂/(β₂+ …)))` of [DM92, (9)], by Lentz's method; `lambda ≥ 0`.
fn beta_fraction(a: f64, b: f64, Argument { x, y, lambda }: Argument) -> f64 {
    let bounded = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut value = a * (lambda + 1.0) / (a + 1.0);
    let (mut above, mut below) = (value, 0.0);
    for step in 1..MOST_STEPS {
        let n = f64::from(step);
        let odd = a + 2.0 * n - 1.0;
        let alpha = (a + n - 1.0) / odd * ((a + b + n - 1.0) * x / odd) * n * (b - n) * x;
        let beta = n + n * (b - n) * x / odd + (a + n) * (lambda + 1.0 + n * (1.0 + y)) / (odd + 2.0);
        below = 1.0 / bounded(beta + alpha * below);
        above = bounded(beta + alpha / above);
        value *= above * below;
        if (above * below - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    1.0 / value
}

/// The regularised incomplete gamma function `Q(a, x)`.
fn gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if !x.is_finite() {
        return 0.0;
    }
    let front = (a / (2.0 * PI)).sqrt() * (-stirling_error(a) - deviance(a, x, a - x)).exp();
    let value = if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for step in 1..MOST_STEPS {
            term *= x / (a + f64::from(step));
            sum += term;
            if term < sum * f64::EPSILON / 4.0 {
                break;
            }
        }
        1.0 - front * sum
    } else {
        front * gamma_fraction(a, x)
    };
    value.clamp(0.0, 1.0)
}

/// `1/(x+1−a− 1(1−a)/(x+3−a− …))` of [NIST, 8.9.2], by Lentz's method.
fn gamma_fraction(a: f64, x: f64) -> f64 {
    let bounded = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut partial = x + 1.0 - a;
    let (mut above, mut below) = (1.0 / TINY, 1.0 / bounded(partial));
    let mut value = below;
    for step in 1..MOST_STEPS {
        let numerator = f64::from(step) * (a - f64::from(step));
        partial += 2.0;
        below = 1.0 / bounded(partial + numerator * below);
        above = bounded(partial + numerator / above);
        value *= above * below;
        if (above * below - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

/// `δ(z) = ln Γ(z) − ((z − ½)·ln z − z + ½·ln 2π)`, z > 0: Stirling's series from 16 up, carried down by Γ(z+1) = z·Γ(z).
fn stirling_error(mut z: f64) -> f64 {
    let mut carried = 0.0;
    while z < 16.0 {
        carried += (z + 0.5) * (1.0 / z).ln_1p() - 1.0;
        z += 1.0;
    }
    let w = 1.0 / (z * z);
    let series = 1.0 / 12.0
        - w * (1.0 / 360.0
            - w * (1.0 / 1_260.0 - w * (1.0 / 1_680.0 - w * (1.0 / 1_188.0 - w * 691.0 / 360_360.0))));
    carried + series / z
}

/// `x·ln(x/m) + m − x`, exact to the last digits also where x and m are close; `difference` is `x − m`.
fn deviance(x: f64, m: f64, difference: f64) -> f64 {
    if difference.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - difference;
    }
    let v = difference / (x + m);
    let mut sum = difference * v;
    let mut power = 2.0 * x * v;
    for step in 1..1_000_u32 {
        power *= v * v;
        let next = sum + power / f64::from(2 * step + 1);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::rational::{from_decimal, whole};

    #[derive(Deserialize)]
    struct Vectors {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        of: String,
        arguments: Vec<String>,
        value: String,
    }

    #[test]
    fn tails_and_quantiles_are_those_of_60_digits() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../tests/fixtures/distribution.json")).unwrap();
        assert!(vectors.cases.len() > 200);
        for Case { of, arguments, value } in vectors.cases {
            let argument = |at: usize| from_decimal(&arguments[at]).unwrap();
            let freedom = || argument(1).to_integer().try_into().unwrap();
            let actual = match of.as_str() {
                "t" => t_two_sided(&(argument(0) * argument(0)), &argument(1)),
                "f" => f_upper(&argument(0), &argument(1), &argument(2)),
                "chi-squared" => chi_squared_upper(&argument(0), freedom()),
                "t-quantile" => t_quantile(arguments[0].parse().unwrap(), float(&argument(1))),
                other => panic!("no function {other}"),
            };
            let expected: f64 = value.parse().unwrap();
            let error = (actual - expected).abs() / expected;
            assert!(error < 1e-12, "{of} {arguments:?} is {actual:e}, not {expected:e}: off by {error:e}");
        }
    }

    #[test]
    fn ends_are_probabilities() {
        let (zero, one, huge) = (whole(0), whole(1), whole(num_bigint::BigInt::from(10).pow(400)));
        assert_eq!(
            (t_two_sided(&zero, &one), f_upper(&zero, &one, &one), chi_squared_upper(&zero, 3)),
            (1.0, 1.0, 1.0)
        );
        let many = whole(1_000_000_000);
        assert_eq!(
            (t_two_sided(&huge, &many), f_upper(&huge, &many, &many), chi_squared_upper(&huge, 3)),
            (0.0, 0.0, 0.0)
        );
        // Half of F with equal degrees of freedom lies above 1, also where a billion steps would be too many.
        assert!((f_upper(&one, &many, &many) - 0.5).abs() < 1e-12);
    }
}
