//! Which cells are numbers, and what integers they become.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use num_bigint::BigInt;
use num_traits::{Pow, Signed};
use proptest::prelude::*;
use veilsum_table::decimal::{Decimal, MAX_SCALE, NumberError, ScaleError};

fn number(text: &str) -> Decimal {
    Decimal::parse(text).unwrap().unwrap()
}

fn refused(text: &str) -> NumberError {
    Decimal::parse(text).unwrap_err()
}

#[test]
fn reads_plain_and_scientific_numbers() {
    for (text, mantissa, scale) in [
        ("0", 0, 0),
        ("-0", 0, 0),
        ("-0.000", 0, 0),
        ("0e999999999999999999999", 0, 0),
        ("+7", 7, 0),
        ("007", 7, 0),
        ("59.0", 59, 0),
        ("5.", 5, 0),
        (".5", 5, 1),
        ("-.05", -5, 2),
        ("1e5", 100_000, 0),
        ("1E+5", 100_000, 0),
        ("1.5e-3", 15, 4),
        ("1500e-3", 15, 1),
        ("0.001e3", 1, 0),
        ("  4.25\t", 425, 2),
        ("\u{a0}4.25\u{a0}", 425, 2),
    ] {
        let read = number(text);
        assert_eq!((read.mantissa(), read.scale()), (mantissa, scale), "{text}");
    }
}

#[test]
fn blank_is_not_a_number_and_not_an_error() {
    for blank in ["", " ", "\t \u{a0}\u{2003}"] {
        assert_eq!(Decimal::parse(blank), Ok(None));
    }
}

#[test]
fn refuses_words() {
    let words = [
        "N/A",
        "NA",
        "null",
        "None",
        "-",
        "+",
        ".",
        "-.",
        "e5",
        "1e",
        "1e+",
        "1e1.5",
        "0x10",
        "1_000",
        "1 kg",
        "5%",
        "$5",
        "--5",
        "+-5",
        "2024-01-31",
        "12:30",
        "1/2",
        "TRUE",
        "١٢",
        "１２",
        "−5",
        "1e5e5",
        "<b>1</b>",
    ];
    for word in words {
        assert_eq!(refused(word), NumberError::NotANumber, "{word}");
    }
}

#[test]
fn refuses_what_is_not_finite() {
    for word in ["NaN", "nan", "-NaN", "inf", "-Inf", "+Infinity"] {
        assert_eq!(refused(word), NumberError::NotFinite, "{word}");
    }
}

#[test]
fn refuses_separators_that_can_be_read_in_two_ways() {
    for text in ["1.234,56", "1,234.56", "1,5", "1 000", "1\u{a0}000", "1'000", "1.234.567", "-1,5", ",5"] {
        assert_eq!(refused(text), NumberError::Separators, "{text}");
    }
}

#[test]
fn refuses_what_it_cannot_keep_exactly() {
    assert_eq!(refused("1e309"), NumberError::TooLarge);
    assert_eq!(refused("-1e99999999999999999999999"), NumberError::TooLarge);
    assert_eq!(refused("1e39"), NumberError::TooLarge);
    assert_eq!(refused(&"9".repeat(40)), NumberError::TooManyDigits);
    assert_eq!(
        refused("0.1000000000000000055511151231257827021181583404541015625"),
        NumberError::TooManyDigits
    );
    assert_eq!(refused("1e-401"), NumberError::TooSmall);
    assert_eq!(refused("1e-99999999999999999999999"), NumberError::TooSmall);
}

#[test]
fn keeps_every_number_that_a_program_writes_as_a_float() {
    assert_eq!(number("4.9406564584124654e-324").scale(), 340);
    assert_eq!(number(&format!("1{}", "0".repeat(38))).mantissa(), 10_i128.pow(38));
    assert_eq!(number(&format!("1.{}", "0".repeat(1000))), number("1"));
    assert_eq!(number(&format!("{}1", "0".repeat(1000))), number("1"));
    assert_eq!(number(&i128::MAX.to_string()).mantissa(), i128::MAX);
}

#[test]
fn writes_plain_notation() {
    for (text, plain) in [
        ("-0", "0"),
        ("1e5", "100000"),
        ("-5e-2", "-0.05"),
        ("59.0", "59"),
        ("12.340", "12.34"),
        (".5", "0.5"),
    ] {
        assert_eq!(number(text).to_string(), plain);
    }
    assert_eq!(Decimal::new(i128::MIN, 0).to_string(), i128::MIN.to_string());
}

#[test]
fn rounds_half_to_even() {
    for (text, scale, scaled) in [
        ("0.5", 0, 0),
        ("1.5", 0, 2),
        ("2.5", 0, 2),
        ("-0.5", 0, 0),
        ("-1.5", 0, -2),
        ("-2.5", 0, -2),
        ("2.5000001", 0, 3),
        ("2.4999999", 0, 2),
        ("0.125", 2, 12),
        ("0.135", 2, 14),
        ("1e-400", 18, 0),
        ("1.7e-38", 0, 0),
        ("0.00000000000000000000000000000000000005", 37, 0),
        ("0.00000000000000000000000000000000000015", 37, 2),
    ] {
        assert_eq!(number(text).to_scaled_rounded(scale), Ok(scaled), "{text} at {scale}");
    }
}

#[test]
fn scales_exactly_or_says_why_not() {
    assert_eq!(number("-12.34").to_scaled(2), Ok(-1_234));
    assert_eq!(number("-12.34").to_scaled(5), Ok(-1_234_000));
    assert_eq!(number("12.34").to_scaled(1), Err(ScaleError::Inexact { decimals: 2, scale: 1 }));
    assert_eq!(number("9223372036854775807").to_scaled(0), Ok(i64::MAX));
    assert_eq!(number("9223372036854775808").to_scaled(0), Err(ScaleError::TooLarge { scale: 0 }));
    assert_eq!(number("1").to_scaled(400), Err(ScaleError::TooLarge { scale: 400 }));
    assert_eq!(number("0").to_scaled(400), Ok(0));
}

#[test]
fn goes_through_json_as_a_string() {
    let json = serde_json::to_string(&number("-0.50")).unwrap();
    assert_eq!(json, "\"-0.5\"");
    assert_eq!(serde_json::from_str::<Decimal>(&json).unwrap(), number("-0.5"));
    assert!(serde_json::from_str::<Decimal>("\"\"").is_err());
    assert!(serde_json::from_str::<Decimal>("\"N/A\"").is_err());
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    let mantissa = prop_oneof![any::<i128>(), any::<i64>().prop_map(i128::from), -1000_i128..1000];
    (mantissa, prop_oneof![0..=MAX_SCALE, 0..20_u32])
        .prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

/// `number · 10^scale`, for `scale` not below the number's own.
fn big(number: Decimal, scale: u32) -> BigInt {
    BigInt::from(number.mantissa()) * BigInt::from(10).pow(scale - number.scale())
}

proptest! {
    #[test]
    fn parse_undoes_format(number in any_decimal()) {
        prop_assume!(number.mantissa() != i128::MIN);
        prop_assert_eq!(Decimal::parse(&number.to_string()), Ok(Some(number)));
    }

    #[test]
    fn reads_a_number_in_any_notation(mantissa in any::<i64>(), scale in 0..30_u32, shift in -40..40_i64) {
        let expected = Decimal::new(mantissa.into(), scale);
        let exponent = shift - i64::from(scale);
        let point_moved = Decimal::parse(&format!("{mantissa}e{exponent}"));
        let reference = big(expected, 30);
        if let Ok(Some(number)) = point_moved {
            // The same number, shifted by `shift` places.
            let shifted = if shift >= 0 {
                big(number, 120) == reference * BigInt::from(10).pow(90 + shift.unsigned_abs())
            } else {
                big(number, 120) * BigInt::from(10).pow(shift.unsigned_abs()) == reference * BigInt::from(10).pow(90_u32)
            };
            prop_assert!(shifted);
        } else {
            prop_assert!(exponent > 19, "only large numbers are refused");
        }
    }

    #[test]
    fn order_is_that_of_exact_numbers(left in any_decimal(), right in any_decimal()) {
        prop_assert_eq!(left.cmp(&right), big(left, MAX_SCALE).cmp(&big(right, MAX_SCALE)));
    }

    #[test]
    fn rounding_errs_by_at_most_half_a_unit(number in any_decimal(), scale in 0..40_u32) {
        let unit = BigInt::from(10).pow(MAX_SCALE - scale);
        match number.to_scaled_rounded(scale) {
            Ok(scaled) => {
                let error = (BigInt::from(scaled) * &unit - big(number, MAX_SCALE)).abs() * 2;
                prop_assert!(error < unit || (error == unit && scaled % 2 == 0));
                prop_assert_eq!(number.to_scaled(scale).is_ok(), error == BigInt::ZERO);
            }
            Err(_) => prop_assert!(big(number, MAX_SCALE).abs() * 2 >= BigInt::from(u64::MAX) * unit),
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}") {
        let _read = Decimal::parse(&text);
    }

    #[test]
    fn anything_like_a_number_is_read_or_refused(text in "[-+0-9.,eE ']{0,60}") {
        if let Ok(Some(number)) = Decimal::parse(&text) {
            prop_assert_eq!(Decimal::parse(&number.to_string()), Ok(Some(number)));
        }
    }
}
