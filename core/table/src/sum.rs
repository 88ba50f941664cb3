//! An exact sum of decimals in constant memory.

use num_bigint::{BigInt, Sign};

use crate::decimal::{Decimal, plain, power_of_ten};

/// `(large + small) · 10^-scale`.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExactSum {
    scale: u32,
    /// The usual case: no allocation per cell.
    small: i128,
    /// What did not fit `small`.
    large: BigInt,
}

impl ExactSum {
    pub(crate) fn add(&mut self, number: Decimal) {
        if number.scale() > self.scale {
            self.flush();
            self.large *= big_power_of_ten(number.scale() - self.scale);
            self.scale = number.scale();
        }
        let shift = self.scale - number.scale();
        let Some(term) = power_of_ten(shift).and_then(|power| number.mantissa().checked_mul(power)) else {
            self.large += BigInt::from(number.mantissa()) * big_power_of_ten(shift);
            return;
        };
        self.small = self.small.checked_add(term).unwrap_or_else(|| {
            self.flush();
            term
        });
    }

    /// The sum in plain notation.
    pub(crate) fn to_plain(&self) -> String {
        let total = &self.large + self.small;
        plain(total.sign() == Sign::Minus, &total.magnitude().to_string(), self.scale)
    }

    fn flush(&mut self) {
        self.large += self.small;
        self.small = 0;
    }
}

fn big_power_of_ten(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(cells: &[&str]) -> String {
        let mut sum = ExactSum::default();
        for cell in cells {
            sum.add(Decimal::parse(cell).unwrap().unwrap());
        }
        sum.to_plain()
    }

    #[test]
    fn adds_numbers_of_different_scales_exactly() {
        assert_eq!(sum(&[]), "0");
        assert_eq!(sum(&["0.1", "0.2"]), "0.3");
        assert_eq!(sum(&["5", "-0.25", "1e3"]), "1004.75");
        assert_eq!(sum(&["0.5", "-1"]), "-0.5");
        assert_eq!(sum(&["1.5", "-1.5"]), "0");
    }

    #[test]
    fn outgrows_128_bits_without_losing_a_digit() {
        let largest = i128::MAX.to_string();
        assert_eq!(sum(&[&largest, &largest, "0.5"]), "340282366920938463463374607431768211454.5");
        assert_eq!(sum(&["1e38", "1e-40", "-1e38"]), format!("0.{}1", "0".repeat(39)));
    }
}
