//! Check digits.

use super::Scheme;
use crate::date::Civil;

/// The check symbols behind a body of digits; `None` if no such number is given out.
pub(super) fn check(scheme: Scheme, body: &[u8], later: bool) -> Option<Vec<u8>> {
    let digits: Vec<u32> = body.iter().map(|byte| u32::from(byte - b'0')).collect();
    let two = |from: usize| digits[from] * 10 + digits[from + 1];
    match scheme {
        Scheme::UsSocialSecurity => (&body[..3] != b"666" && !later).then(Vec::new),
        Scheme::UkHealth => {
            let sum: u32 = digits.iter().zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
            one_digit((11 - sum % 11) % 11).filter(|_| !later)
        }
        Scheme::FrSocialSecurity => {
            (!later).then(|| format!("{:02}", 97 - number(&digits) % 97).into_bytes())
        }
        Scheme::EsIdentity => {
            const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
            (!later).then(|| vec![LETTERS[usize::try_from(number(&digits) % 23).unwrap_or(0)]])
        }
        Scheme::NlCitizen => {
            let sum: u32 = digits.iter().zip((2..=9).rev()).map(|(digit, weight)| digit * weight).sum();
            one_digit(sum % 11).filter(|_| sum > 0 && !later)
        }
        Scheme::PlPesel => {
            let (century, month) = match two(2) {
                month @ 1..=12 => (1900, month),
                month @ 21..=32 => (2000, month - 20),
                _ => return None,
            };
            let sum: u32 =
                digits.iter().zip([1, 3, 7, 9].iter().cycle()).map(|(digit, weight)| digit * weight).sum();
            (is_date(century + two(0), month, two(4)) && !later)
                .then(|| one_digit((10 - sum % 10) % 10))
                .flatten()
        }
        Scheme::SePersonal => {
            // The century is not written: a leap year's 29 February passes where either century has it.
            let exists = [1900, 2000].iter().any(|century| is_date(century + two(0), two(2), two(4)));
            let sum: u32 = digits
                .iter()
                .zip([2, 1].iter().cycle())
                .map(|(digit, weight)| digit * weight)
                .map(|product| product / 10 + product % 10)
                .sum();
            (exists && !later).then(|| one_digit((10 - sum % 10) % 10)).flatten()
        }
        Scheme::BeRegister => {
            let century = if later { 2000 } else { 1900 };
            let number = number(&digits) + if later { 2_000_000_000 } else { 0 };
            is_date(century + two(0), two(2), two(4)).then(|| format!("{:02}", 97 - number % 97).into_bytes())
        }
        Scheme::DeTax => {
            let mut counts = [0; 10];
            for digit in &digits {
                counts[*digit as usize] += 1;
            }
            // One digit is there two or three times, the others at most once.
            let repeated = counts.iter().filter(|count| **count > 1).count() == 1;
            let plausible = repeated && counts.iter().all(|count| *count <= 3);
            let product = digits.iter().fold(10, |product, digit| {
                let sum = (digit + product) % 10;
                (if sum == 0 { 10 } else { sum }) * 2 % 11
            });
            (plausible && !later).then(|| one_digit((11 - product) % 10)).flatten()
        }
        Scheme::ItFiscal => None,
    }
}

/// Whether 16 symbols are an Italian fiscal code.
pub(super) fn is_fiscal_code(symbols: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    const LETTERS_AT: [usize; 9] = [0, 1, 2, 3, 4, 5, 8, 11, 15];
    let [body @ .., last] = symbols else { return false };
    if symbols.len() != 16 || LETTERS_AT.iter().any(|at| !symbols[*at].is_ascii_uppercase()) {
        return false;
    }
    let value = |symbol: u8| u32::from(if symbol.is_ascii_digit() { symbol - b'0' } else { symbol - b'A' });
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(at, symbol)| if at % 2 == 0 { ODD[value(*symbol) as usize] } else { value(*symbol) })
        .sum();
    u32::from(last - b'A') == sum % 26
}

fn number(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
}

/// The digit of a number below 10.
fn one_digit(number: u32) -> Option<Vec<u8>> {
    let digit = char::from_digit(number, 10)?;
    Some(vec![u8::try_from(digit).ok()?])
}

fn is_date(year: u32, month: u32, day: u32) -> bool {
    let (Ok(month), Ok(day)) = (u8::try_from(month), u8::try_from(day)) else { return false };
    Civil { year: year.into(), month, day }.is_valid()
}
