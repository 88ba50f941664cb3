//! Exact sums of a CSV text, worked out apart from the product: nothing here comes from its crates.

use std::cmp::Ordering;

use anyhow::{Context, bail, ensure};
use num_bigint::BigInt;

/// A decimal number `mantissa / 10^scale`.
#[derive(Debug, Clone)]
pub struct Decimal {
    mantissa: BigInt,
    scale: u32,
}

impl Decimal {
    /// Zero.
    #[must_use]
    pub fn zero() -> Self {
        Self { mantissa: BigInt::from(0), scale: 0 }
    }

    /// Reads `-12.50`.
    ///
    /// # Errors
    /// It is no plain decimal number.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        let unsigned = digits.strip_prefix('-').unwrap_or(&digits);
        if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            bail!("`{text}` is no plain decimal number");
        }
        Ok(Self { mantissa: digits.parse()?, scale: u32::try_from(fraction.len())? })
    }

    /// The mantissas of two numbers at their larger scale.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, u32) {
        let scale = self.scale.max(other.scale);
        let at = |number: &Self| &number.mantissa * BigInt::from(10).pow(scale - number.scale);
        (at(self), at(other), scale)
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let (left, right, scale) = self.aligned(other);
        Self { mantissa: left + right, scale }
    }

    /// Whether `self` is `sum / count`, up to one unit in the 17th significant digit.
    #[must_use]
    pub fn is_mean(&self, sum: &Self, count: u64) -> bool {
        self.times(&Self::whole(count)).is_close_to(sum)
    }

    /// Whether `self` is the variance of `count` numbers with this sum and sum of squares, as exact as
    /// [`Self::is_mean`]: `n²·variance = n·Σv² − (Σv)²`.
    #[must_use]
    pub fn is_variance(&self, sum: &Self, squares: &Self, count: u64) -> bool {
        let count = Self::whole(count);
        let (squares, square, scale) = squares.times(&count).aligned(&sum.times(sum));
        self.times(&count).times(&count).is_close_to(&Self { mantissa: squares - square, scale })
    }

    fn whole(number: u64) -> Self {
        Self { mantissa: number.into(), scale: 0 }
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self { mantissa: &self.mantissa * &other.mantissa, scale: self.scale + other.scale }
    }

    /// Whether it differs from `exact` by at most one unit in the 17th significant digit.
    fn is_close_to(&self, exact: &Self) -> bool {
        let (own, exact, _) = self.aligned(exact);
        let difference = (own - &exact).magnitude().clone();
        difference * BigInt::from(10).pow(16).magnitude() <= *exact.magnitude()
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        let (left, right, _) = self.aligned(other);
        left.cmp(&right) == Ordering::Equal
    }
}

/// Whether no float is nearer to `sum / count` than `float`.
///
/// # Errors
/// It is infinite or no number.
pub fn is_nearest_float(float: f64, sum: &Decimal, count: u64) -> anyhow::Result<bool> {
    ensure!(float.is_finite(), "{float} is no number");
    // |float·count − sum|, exactly: 1,074 digits write every float in full.
    let distance = |float: f64| -> anyhow::Result<BigInt> {
        let float = Decimal::parse(&format!("{float:.1074}"))?;
        let times_count = Decimal { mantissa: float.mantissa * BigInt::from(count), scale: float.scale };
        let (times_count, sum, _) = times_count.aligned(sum);
        Ok((times_count - sum).magnitude().clone().into())
    };
    let own = distance(float)?;
    Ok(own <= distance(float.next_up())? && own <= distance(float.next_down())?)
}

/// A table without quoted cells, as all fixtures are.
#[derive(Debug, Clone)]
pub struct Table {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Cells as text.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a CSV text.
    ///
    /// # Errors
    /// It has quotes, no rows, or ragged ones.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        ensure!(!text.contains('"'), "this reader does not know quotes");
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next().context("the table is empty")?;
        let rows: Vec<_> = lines.collect();
        ensure!(!rows.is_empty() && rows.iter().all(|row| row.len() == header.len()), "the table is ragged");
        Ok(Self { header, rows })
    }

    /// Exact sum of the squares of the cells of a column that are not blank.
    ///
    /// # Errors
    /// A cell is no number.
    pub fn squares(&self, column: usize) -> anyhow::Result<Decimal> {
        let mut sum = Decimal::zero();
        for cell in self.rows.iter().map(|row| row[column].trim()).filter(|cell| !cell.is_empty()) {
            let number = Decimal::parse(cell)?;
            sum = sum.plus(&number.times(&number));
        }
        Ok(sum)
    }

    /// Number of cells of a column that are not blank, and their exact sum.
    ///
    /// # Errors
    /// A cell is no number.
    pub fn column(&self, column: usize) -> anyhow::Result<(u64, Decimal)> {
        let mut count = 0;
        let mut sum = Decimal::zero();
        for cell in self.rows.iter().map(|row| row[column].trim()).filter(|cell| !cell.is_empty()) {
            sum = sum.plus(&Decimal::parse(cell)?);
            count += 1;
        }
        Ok((count, sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn equal_numbers_may_be_written_differently() {
        assert_eq!(decimal("40.00"), decimal("40"));
        assert_ne!(decimal("40.01"), decimal("40"));
        assert_eq!(decimal("-0.5").plus(&decimal("0.50")), Decimal::zero());
    }

    #[test]
    fn variances_are_told_from_others() {
        // 1, 2, 4: sum 7, squares 21, variance 14/9.
        let (sum, squares) = (decimal("7"), decimal("21"));
        assert!(decimal("1.5555555555555556").is_variance(&sum, &squares, 3));
        assert!(!decimal("1.555555555555555").is_variance(&sum, &squares, 3));
        assert!(decimal("0").is_variance(&decimal("6"), &decimal("12"), 3));
        assert!(!decimal("0.0000000001").is_variance(&decimal("6"), &decimal("12"), 3));
    }

    #[test]
    fn floats_and_words_are_no_decimals() {
        for text in ["", "-", "1e5", "NaN", "1,5", "1.2.3"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_mean_may_be_rounded_at_the_17th_digit_only() {
        let sum = decimal("10");
        assert!(decimal("3.3333333333333333").is_mean(&sum, 3));
        assert!(!decimal("3.33333333333333").is_mean(&sum, 3));
        assert!(decimal("-2.5").is_mean(&decimal("-10"), 4));
    }

    #[test]
    fn the_nearest_float_is_told_from_its_neighbours() {
        for (sum, count) in [("10", 3), ("-0.7", 1), ("123456789.123", 7), ("0", 5)] {
            let sum = decimal(sum);
            let float =
                sum.mantissa.to_string().parse::<f64>().unwrap() / 10_f64.powi(sum.scale.cast_signed());
            let nearest =
                [float / count as f64, (float / count as f64).next_up(), (float / count as f64).next_down()];
            let is_nearest = nearest.map(|float| is_nearest_float(float, &sum, count).unwrap());
            assert_eq!(is_nearest.iter().filter(|nearest| **nearest).count(), 1, "{sum:?} / {count}");
        }
        assert!(is_nearest_float(f64::NAN, &Decimal::zero(), 1).is_err());
    }

    #[test]
    fn sums_skip_blanks() {
        let table = Table::read("a,b\n1.5,x\n,y\n-0.25,z\n").unwrap();
        assert_eq!(table.column(0).unwrap(), (2, decimal("1.25")));
        assert!(table.column(1).is_err());
    }
}
