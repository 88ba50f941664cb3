//! Exact decimal numbers, read from cells and turned into scaled integers.

mod mark;

use std::cmp::Ordering;
use std::fmt;
use std::num::IntErrorKind;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::mark::DecimalMark;
pub(crate) use self::mark::{Evidence, evidence};

/// Most decimals a number may have: enough for every number that a program writes as a 64-bit float.
pub const MAX_SCALE: u32 = 400;

/// The number `mantissa · 10^-scale`, with the smallest scale that is exact.
///
/// Written to JSON as a string, because a JSON number is not exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Decimal {
    /// Not divisible by 10 unless `scale` is 0.
    mantissa: i128,
    scale: u32,
}

/// Why a cell is not a number. It never says what the cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NumberError {
    /// Text, such as `N/A`.
    #[error("is not a number")]
    NotANumber,
    /// `NaN` or an infinity.
    #[error("is not a finite number")]
    NotFinite,
    /// Digits with separators that are not those of the decimal mark, such as `1.234,56` where that is a point.
    #[error("has separators that do not fit the decimal mark (as 1234.56, or 1.234,56 with a decimal comma)")]
    Separators,
    /// Beyond ±1.7·10³⁸, such as `1e309`.
    #[error("is a number too large to be kept exactly (the limit is 1.7e38)")]
    TooLarge,
    /// More than 38 significant digits.
    #[error("has more digits than can be kept exactly (the limit is 38)")]
    TooManyDigits,
    /// Not zero and with more than [`MAX_SCALE`] decimals.
    #[error("is a number too close to zero to be kept exactly (the limit is 400 decimals)")]
    TooSmall,
}

/// Why a number has no scaled integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScaleError {
    /// `v · 10^scale` does not fit 64 bits.
    #[error("the number does not fit 64 bits at scale {scale}")]
    TooLarge {
        /// The scale asked for.
        scale: u32,
    },
    /// The number has more decimals than the scale.
    #[error("the number has {decimals} decimals and the scale keeps {scale}")]
    Inexact {
        /// Decimals of the number.
        decimals: u32,
        /// The scale asked for.
        scale: u32,
    },
}

impl Decimal {
    /// `mantissa · 10^-scale`.
    #[must_use]
    pub fn new(mut mantissa: i128, mut scale: u32) -> Self {
        if mantissa == 0 {
            scale = 0;
        }
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self { mantissa, scale }
    }

    /// Reads a cell with a decimal point: `None` if it is blank.
    ///
    /// Accepts ASCII digits with an optional sign, decimal point and exponent; surrounding white space is ignored.
    ///
    /// # Errors
    /// [`NumberError`] for everything else.
    pub fn parse(text: &str) -> Result<Option<Self>, NumberError> {
        Self::parse_by(text, scan)
    }

    /// Reads a cell in which `mark` stands before the decimals: `None` if it is blank.
    ///
    /// With a comma, points may stand between thousands, and nowhere else.
    ///
    /// # Errors
    /// As [`Decimal::parse`].
    pub fn parse_with(mark: DecimalMark, text: &str) -> Result<Option<Self>, NumberError> {
        match mark {
            DecimalMark::Point => Self::parse(text),
            DecimalMark::Comma => {
                Self::parse_by(text, |text| mark::with_point(text).and_then(|text| scan(&text)))
            }
        }
    }

    fn parse_by(
        text: &str,
        scan: impl Fn(&str) -> Option<Result<Self, NumberError>>,
    ) -> Result<Option<Self>, NumberError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        match scan(text) {
            Some(number) => number.map(Some),
            None => Err(classify(text)),
        }
    }

    /// The integer that `10^scale` times this number is, where [`Decimal::scale`] is the exponent.
    #[must_use]
    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// Decimals: the smallest scale that is exact.
    #[must_use]
    pub fn scale(self) -> u32 {
        self.scale
    }

    /// The nearest 64-bit float, for pictures and sketches; never for sums.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Both are exact in 53 bits, so that the quotient is rounded once.
        const EXACT: u128 = 1 << 53;
        const POWERS: [f64; 16] =
            [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
        let power = usize::try_from(self.scale).ok().and_then(|scale| POWERS.get(scale));
        match power {
            Some(power) if self.mantissa.unsigned_abs() <= EXACT => self.mantissa as f64 / power,
            // Rust reads decimals with correct rounding.
            _ => format!("{}e-{}", self.mantissa, self.scale).parse().unwrap_or(f64::NAN),
        }
    }

    /// Its size without its sign.
    #[must_use]
    pub fn magnitude(self) -> Self {
        Self { mantissa: self.mantissa.saturating_abs(), scale: self.scale }
    }

    /// `self · 10^scale`, exactly.
    ///
    /// # Errors
    /// [`ScaleError::Inexact`] if that is not whole, [`ScaleError::TooLarge`] if it does not fit.
    pub fn to_scaled(self, scale: u32) -> Result<i64, ScaleError> {
        if self.scale > scale {
            return Err(ScaleError::Inexact { decimals: self.scale, scale });
        }
        self.to_scaled_rounded(scale)
    }

    /// `self · 10^scale`, rounded half to even: the error is at most `0.5 · 10^-scale`.
    ///
    /// # Errors
    /// [`ScaleError::TooLarge`] if it does not fit.
    pub fn to_scaled_rounded(self, scale: u32) -> Result<i64, ScaleError> {
        let scaled = if scale >= self.scale {
            match self.mantissa {
                0 => Some(0),
                mantissa => power_of_ten(scale - self.scale).and_then(|power| mantissa.checked_mul(power)),
            }
        } else {
            // Without that power in 128 bits, |mantissa| < 1.8·10³⁸ is below half of it and rounds to zero.
            Some(power_of_ten(self.scale - scale).map_or(0, |power| divide_half_even(self.mantissa, power)))
        };
        scaled.and_then(|value| i64::try_from(value).ok()).ok_or(ScaleError::TooLarge { scale })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.scale.cmp(&other.scale) {
            Ordering::Equal => self.mantissa.cmp(&other.mantissa),
            Ordering::Less => compare_coarse_with_fine(*self, *other),
            Ordering::Greater => compare_coarse_with_fine(*other, *self).reverse(),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Plain notation, without an exponent: `-0.05`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&plain(self.mantissa < 0, &self.mantissa.unsigned_abs().to_string(), self.scale))
    }
}

impl From<Decimal> for String {
    fn from(number: Decimal) -> Self {
        number.to_string()
    }
}

impl TryFrom<String> for Decimal {
    type Error = NumberError;

    fn try_from(text: String) -> Result<Self, NumberError> {
        Self::parse(&text)?.ok_or(NumberError::NotANumber)
    }
}

/// `±digits · 10^-scale` in plain notation without needless zeros. `digits` has no sign.
pub(crate) fn plain(negative: bool, digits: &str, scale: u32) -> String {
    let scale = usize::try_from(scale).unwrap_or(usize::MAX);
    let padded = if digits.len() <= scale {
        format!("{}{digits}", "0".repeat(scale + 1 - digits.len()))
    } else {
        digits.to_owned()
    };
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Compares numbers where `coarse.scale < fine.scale`.
fn compare_coarse_with_fine(coarse: Decimal, fine: Decimal) -> Ordering {
    let aligned =
        power_of_ten(fine.scale - coarse.scale).and_then(|power| coarse.mantissa.checked_mul(power));
    match aligned {
        Some(mantissa) => mantissa.cmp(&fine.mantissa),
        // The aligned mantissa is beyond 128 bits and `fine.mantissa` is within, unless `coarse` is zero.
        None => coarse.mantissa.cmp(&0).then_with(|| 0.cmp(&fine.mantissa)),
    }
}

/// `10^exponent`, where it fits.
pub(crate) fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

/// `value / divisor` rounded half to even, for `divisor ≥ 10`.
fn divide_half_even(value: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (value / divisor, (value % divisor).abs());
    // `divisor` is a power of ten and even, so that its half is exact.
    let away = match remainder.cmp(&(divisor / 2)) {
        Ordering::Less => false,
        Ordering::Equal => quotient % 2 != 0,
        Ordering::Greater => true,
    };
    if away { quotient + value.signum() } else { quotient }
}

/// Reads `[+-] digits [. digits] [e [+-] digits]`: `None` if `text` is not of that form.
fn scan(text: &str) -> Option<Result<Decimal, NumberError>> {
    scan_short(text).map_or_else(|| scan_any(text), |number| Some(Ok(number)))
}

fn scan_any(text: &str) -> Option<Result<Decimal, NumberError>> {
    let (negative, unsigned) = split_sign(text);
    let (number, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa = Some(0_i128);
    // Zeros behind the last digit that is not zero: they move into the exponent.
    let mut zeros = 0_u32;
    for digit in whole.bytes().chain(fraction.bytes()) {
        match digit {
            b'0' => zeros = zeros.saturating_add(1),
            b'1'..=b'9' => {
                mantissa = mantissa.and_then(|mantissa| append(mantissa, zeros, digit - b'0'));
                zeros = 0;
            }
            _ => return None,
        }
    }
    Some(match mantissa {
        None => Err(NumberError::TooManyDigits),
        Some(0) => Ok(Decimal::new(0, 0)),
        Some(mantissa) => {
            let decimals = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
            let exponent = exponent.saturating_sub(decimals).saturating_add(i64::from(zeros));
            place_point(if negative { -mantissa } else { mantissa }, exponent)
        }
    })
}

/// What nearly all numbers are: at most 19 bytes of digits and at most one point, after a minus or not. Such digits fit 64
/// bits. `None` for anything else, be it a number or not.
fn scan_short(text: &str) -> Option<Decimal> {
    const MAX_BYTES: usize = 19;
    let (negative, number) = match text.as_bytes() {
        [b'-', number @ ..] => (true, number),
        number => (false, number),
    };
    if number.len() > MAX_BYTES {
        return None;
    }
    let (mut mantissa, mut digits, mut point) = (0_u64, 0_u32, None);
    for byte in number {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
                digits += 1;
            }
            b'.' if point.is_none() => point = Some(digits),
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    let mut scale = point.map_or(0, |point| digits - point);
    while scale > 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        scale -= 1;
    }
    let mantissa = i128::from(mantissa);
    Some(Decimal { mantissa: if negative { -mantissa } else { mantissa }, scale })
}

/// `mantissa · 10^exponent`.
fn place_point(mantissa: i128, exponent: i64) -> Result<Decimal, NumberError> {
    if exponent <= 0 {
        let scale = u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX);
        return if scale > MAX_SCALE {
            Err(NumberError::TooSmall)
        } else {
            Ok(Decimal::new(mantissa, scale))
        };
    }
    let power = u32::try_from(exponent).ok().and_then(power_of_ten);
    power
        .and_then(|power| mantissa.checked_mul(power))
        .map(|mantissa| Decimal::new(mantissa, 0))
        .ok_or(NumberError::TooLarge)
}

/// `mantissa`, then `zeros` zeros, then `digit`, where that fits.
fn append(mantissa: i128, zeros: u32, digit: u8) -> Option<i128> {
    let shifted = match mantissa {
        0 => 0,
        mantissa => mantissa.checked_mul(power_of_ten(zeros.checked_add(1)?)?)?,
    };
    shifted.checked_add(i128::from(digit))
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// An exponent, clamped to 64 bits; `None` if it is not one.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = match digits.parse::<i64>() {
        Ok(size) => size,
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => i64::MAX,
        Err(_) => return None,
    };
    Some(if negative { -size } else { size })
}

/// Why `text`, which [`scan`] did not read, is not a number.
fn classify(text: &str) -> NumberError {
    let unsigned = split_sign(text).1;
    if ["nan", "inf", "infinity"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return NumberError::NotFinite;
    }
    let is_separator = |letter: char| matches!(letter, '.' | ',' | '\'' | '’') || letter.is_whitespace();
    if unsigned.starts_with(|letter: char| letter.is_ascii_digit() || letter == ',')
        && unsigned.contains(|letter: char| letter.is_ascii_digit())
        && unsigned.chars().all(|letter| letter.is_ascii_digit() || is_separator(letter))
    {
        return NumberError::Separators;
    }
    NumberError::NotANumber
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_read_alike_in_both_ways() {
        let parts = ["", "0", "00", "5", "120", "900000000", "123456789", "9999999999999999999"];
        let mut short = 0;
        for sign in ["", "-", "+", "--"] {
            for whole in parts {
                for rest in parts {
                    for middle in ["", ".", "..", "e", ","] {
                        let text = format!("{sign}{whole}{middle}{rest}");
                        if let Some(number) = scan_short(&text) {
                            assert_eq!(scan_any(&text), Some(Ok(number)), "{text}");
                            short += 1;
                        }
                    }
                }
            }
        }
        assert!(short > 100, "{short} are short");
        assert_eq!(scan_short("-0.00"), Some(Decimal::new(0, 0)));
        assert_eq!(scan_short("."), None);
    }
}
