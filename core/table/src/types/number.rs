//! Numbers with separators between thousands, and amounts of money.

use serde::{Deserialize, Serialize};

use crate::decimal::{Decimal, DecimalMark};

/// Signs of currencies.
const SIGNS: [&str; 8] = ["$", "€", "£", "¥", "₹", "₽", "₩", "Fr."];
/// ISO 4217 codes of currencies that tables are likely to hold.
const CODES: [&str; 34] = [
    "AED", "ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PLN", "RON", "RUB", "SAR", "SEK",
    "SGD", "TRY", "USD", "ZAR",
];
const MINUS_SIGN: char = '\u{2212}';

/// What may stand between thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thousands {
    /// Nothing.
    None,
    /// `1,200`
    Comma,
    /// `1.200`
    Point,
    /// `1'200`
    Apostrophe,
    /// `1 200`, also with a no-break or thin space.
    Space,
}

/// How a column writes its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NumberStyle {
    /// What stands before decimals.
    pub decimal_mark: DecimalMark,
    /// What may stand between thousands. Where it stands once, it must stand everywhere.
    pub thousands: Thousands,
}

impl NumberStyle {
    /// Every style, and first those that need least.
    pub const ALL: [Self; 7] = [
        Self::new(DecimalMark::Point, Thousands::None),
        Self::new(DecimalMark::Point, Thousands::Comma),
        Self::new(DecimalMark::Point, Thousands::Apostrophe),
        Self::new(DecimalMark::Point, Thousands::Space),
        Self::new(DecimalMark::Comma, Thousands::None),
        Self::new(DecimalMark::Comma, Thousands::Point),
        Self::new(DecimalMark::Comma, Thousands::Space),
    ];

    const fn new(decimal_mark: DecimalMark, thousands: Thousands) -> Self {
        Self { decimal_mark, thousands }
    }

    /// `1,234.5`
    #[must_use]
    pub fn example(self) -> &'static str {
        match (self.decimal_mark, self.thousands) {
            (DecimalMark::Point, Thousands::None | Thousands::Point) => "1234.5",
            (DecimalMark::Point, Thousands::Comma) => "1,234.5",
            (DecimalMark::Point, Thousands::Apostrophe) => "1'234.5",
            (DecimalMark::Point, Thousands::Space) => "1 234.5",
            (DecimalMark::Comma, Thousands::None | Thousands::Comma) => "1234,5",
            (DecimalMark::Comma, Thousands::Point) => "1.234,5",
            (DecimalMark::Comma, Thousands::Apostrophe) => "1'234,5",
            (DecimalMark::Comma, Thousands::Space) => "1 234,5",
        }
    }

    pub(super) fn percent_example(self) -> &'static str {
        match self.decimal_mark {
            DecimalMark::Point => "12.5",
            DecimalMark::Comma => "12,5",
        }
    }

    /// The number that `text` is in this style.
    pub(super) fn parse(self, text: &str) -> Option<Decimal> {
        let text = text.trim();
        // Most numbers have nothing to take out.
        let mark = match self.decimal_mark {
            DecimalMark::Point => '.',
            DecimalMark::Comma => ',',
        };
        if text.is_empty() {
            return None;
        }
        if self.decimal_mark == DecimalMark::Point
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
        {
            return Decimal::parse(text).ok().flatten();
        }
        let (sign, unsigned) = match text.strip_prefix(['-', MINUS_SIGN]) {
            Some(rest) => ("-", rest),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let at = unsigned.find([mark, 'e', 'E']).unwrap_or(unsigned.len());
        let (whole, rest) = unsigned.split_at(at);
        if rest
            .chars()
            .skip(1)
            .any(|letter| !(letter.is_ascii_digit() || matches!(letter, 'e' | 'E' | '-' | '+')))
        {
            return None;
        }
        let whole = self.without_thousands(whole)?;
        Decimal::parse(&format!("{sign}{whole}{}", rest.replacen(',', ".", 1))).ok().flatten()
    }

    /// The digits before the decimals; `None` if they are not in groups of three.
    fn without_thousands(self, whole: &str) -> Option<String> {
        let is_separator = |letter: char| match self.thousands {
            Thousands::None => false,
            Thousands::Comma => letter == ',',
            Thousands::Point => letter == '.',
            Thousands::Apostrophe => matches!(letter, '\'' | '\u{2019}'),
            Thousands::Space => matches!(letter, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}'),
        };
        let mut groups = whole.split(is_separator);
        let first = groups.next()?;
        let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
        let mut digits = first.to_owned();
        let mut count = 0;
        for group in groups {
            if group.len() != 3 || !is_digits(group) {
                return None;
            }
            digits.push_str(group);
            count += 1;
        }
        let fits = count == 0 || (1..=3).contains(&first.len());
        (is_digits(first) && fits).then_some(digits)
    }
}

/// The currency of an amount, blank if it has none, and the rest of it: sign, digits, brackets.
pub(super) fn split_currency(cell: &str) -> Option<(&str, Amount<'_>)> {
    let (is_negative, cell) = match cell.strip_prefix('(').and_then(|cell| cell.strip_suffix(')')) {
        Some(inside) => (true, inside.trim()),
        None => (false, cell),
    };
    let (minus, unsigned) = match cell.strip_prefix(['-', MINUS_SIGN]) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, cell),
    };
    if minus && is_negative {
        return None;
    }
    let currencies = || SIGNS.iter().chain(&CODES);
    let before =
        currencies().find_map(|sign| unsigned.strip_prefix(sign).map(|rest| (&unsigned[..sign.len()], rest)));
    let behind = || {
        currencies().find_map(|sign| unsigned.strip_suffix(sign).map(|rest| (&unsigned[rest.len()..], rest)))
    };
    let (currency, digits) = before.or_else(behind).unwrap_or(("", unsigned));
    let is_negative = is_negative || minus;
    Some((currency, Amount { is_negative, digits: digits.trim() }))
}

/// An amount without its currency.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount<'c> {
    is_negative: bool,
    digits: &'c str,
}

/// The number of an amount; a second sign makes it none.
pub(super) fn parse_amount(style: NumberStyle, amount: Amount<'_>) -> Option<Decimal> {
    // An exponent is not how people write money: `1E5` is more likely a code.
    let is_odd =
        amount.digits.contains(['e', 'E']) || (amount.is_negative && amount.digits.starts_with(['-', '+']));
    let number = style.parse(amount.digits).filter(|_| !is_odd)?;
    Some(if amount.is_negative { Decimal::new(-number.mantissa(), number.scale()) } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(style: NumberStyle, text: &str) -> Option<String> {
        style.parse(text).map(|number| number.to_string())
    }

    #[test]
    fn separators_stand_between_thousands_and_nowhere_else() {
        let [_, us, swiss, space, _, european, _] = NumberStyle::ALL;
        let some = |text: &str| Some(text.to_owned());
        for (style, text, expected) in [
            (us, "1,200.5", some("1200.5")),
            (us, "-12,345,678", some("-12345678")),
            (us, "1,20", None),
            (us, "1,2000", None),
            (us, "1200.5", some("1200.5")),
            (us, "1.5,000", None),
            (us, ",200", None),
            (swiss, "1'200.50", some("1200.5")),
            (swiss, "1\u{2019}200", some("1200")),
            (swiss, "1''200", None),
            (space, "1\u{a0}200.5", some("1200.5")),
            (european, "1.234,56", some("1234.56")),
            (european, "\u{2212}1.234", some("-1234")),
            (european, "1,5e3", some("1500")),
            (us, "", None),
            (us, "-", None),
            (us, "--5", None),
            (us, "1,200.5.6", None),
        ] {
            assert_eq!(parsed(style, text), expected, "{text}");
        }
    }

    #[test]
    fn currencies_stand_before_or_behind() {
        let us = NumberStyle::ALL[1];
        for (cell, currency, expected) in [
            ("$1,200.50", "$", Some("1200.5")),
            ("-$5", "$", Some("-5")),
            ("$-5", "$", Some("-5")),
            ("($5.25)", "$", Some("-5.25")),
            ("12 €", "€", Some("12")),
            ("CHF 3.50", "CHF", Some("3.5")),
            ("3.50CHF", "CHF", Some("3.5")),
            ("7", "", Some("7")),
            ("-$-5", "$", None),
            ("$", "$", None),
            ("$1E5", "$", None),
        ] {
            let (found, amount) = split_currency(cell).unwrap();
            assert_eq!(found, currency, "{cell}");
            let number = parse_amount(us, amount).map(|number| number.to_string());
            assert_eq!(number.as_deref(), expected, "{cell}");
        }
        assert!(split_currency("(-5)").is_none());
    }
}
