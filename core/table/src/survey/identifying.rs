//! Columns that look like something that points at a person. A first look only: what `veilsum-anonymise` checks before
//! it lets a column through is stricter.

use serde::{Deserialize, Serialize};

use super::column::ColumnSurveyor;
use crate::types::{ColumnType, DateOrder};
use crate::words::{counted, grouped};

/// Unique cells below which only a column's name makes it an identifier: few measurements are often all different.
const MIN_UNIQUE: u64 = 20;
/// Cells that must look alike, in hundredths of all.
const SHARE: u64 = 50;
/// The same for names of people, which are easily mistaken.
const NAME_SHARE: u64 = 80;

const IDENTIFIER_WORDS: [&str; 12] =
    ["id", "nr", "no", "number", "nummer", "key", "code", "uuid", "guid", "mrn", "case", "index"];
const NAME_WORDS: [&str; 11] = [
    "name",
    "names",
    "surname",
    "firstname",
    "lastname",
    "forename",
    "fullname",
    "vorname",
    "nachname",
    "nom",
    "nombre",
];
const PHONE_WORDS: [&str; 8] = ["phone", "tel", "telephone", "telefon", "mobile", "handy", "fax", "cell"];
const NATIONAL_WORDS: [&str; 8] = ["ssn", "nhs", "nino", "ahv", "dni", "bsn", "pesel", "passport"];

/// What a column looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Identifying {
    /// Numbers or codes that are different in each row.
    Identifier,
    /// Names of people.
    PersonName,
    /// E-mail addresses.
    Email,
    /// Telephone numbers.
    Phone,
    /// Numbers that a state gives to people.
    NationalNumber,
    /// Numbers of payment cards.
    CardNumber,
}

impl Identifying {
    /// What it is called.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Identifier => "an identifier",
            Self::PersonName => "names of people",
            Self::Email => "e-mail addresses",
            Self::Phone => "telephone numbers",
            Self::NationalNumber => "national numbers of people",
            Self::CardNumber => "numbers of payment cards",
        }
    }
}

/// Cells of a column by what they look like.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Evidence {
    emails: u64,
    phones: u64,
    nationals: u64,
    cards: u64,
    /// One to four words with a capital, of letters only.
    names: u64,
    /// Two or more of such words.
    full_names: u64,
    /// Without spaces.
    codes: u64,
}

/// Takes note of a cell without blanks around it.
pub(super) fn note(evidence: &mut Evidence, cell: &str) {
    let (mut digits, mut letters, mut spaces) = (0_usize, 0_usize, 0_usize);
    for byte in cell.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => letters += 1,
            b' ' => spaces += 1,
            _ => {}
        }
    }
    evidence.codes += u64::from(spaces == 0);
    if cell.len() > 100 {
        return;
    }
    evidence.emails += u64::from(cell.contains('@') && is_email(cell));
    if digits >= 7 {
        evidence.phones += u64::from(letters == 0 && digits <= 15 && is_phone(cell));
        evidence.cards += u64::from(letters == 0 && (13..=19).contains(&digits) && is_card(cell));
    }
    if digits >= 6 {
        evidence.nationals += u64::from(is_national(cell));
    }
    if digits == 0 && letters >= 2 {
        let words = capital_words(cell);
        evidence.names += u64::from(words.is_some());
        evidence.full_names += u64::from(words.is_some_and(|words| words >= 2));
    }
}

/// What a column looks like, and why: `None` if like nothing of the kind.
pub(super) fn find(column: &ColumnSurveyor, distinct: u64) -> Option<(Identifying, String)> {
    let evidence = &column.evidence;
    let count = column.count;
    let many = |cells: u64, share: u64| {
        cells > 0 && u128::from(cells) * 100 >= u128::from(count) * u128::from(share)
    };
    let of =
        |cells: u64, what: &str| format!("{} of {} {what}", grouped(cells), counted(count, "cell", "cells"));
    let words = words_of(&column.name);
    let is_called = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let called = |what: &str| format!("it is called like {what}");
    if many(evidence.emails, SHARE) {
        return Some((Identifying::Email, of(evidence.emails, "are e-mail addresses")));
    }
    // One in ten numbers passes the check digit by chance.
    if many(evidence.cards, SHARE) && evidence.cards >= 3 {
        return Some((Identifying::CardNumber, of(evidence.cards, "have the length and check digit of one")));
    }
    if many(evidence.nationals, SHARE) {
        return Some((Identifying::NationalNumber, of(evidence.nationals, "have the form of one")));
    }
    if is_called(&NATIONAL_WORDS) {
        return Some((Identifying::NationalNumber, called("one")));
    }
    if many(evidence.phones, SHARE) {
        return Some((Identifying::Phone, of(evidence.phones, "have the form of one")));
    }
    if is_called(&PHONE_WORDS) && many(evidence.codes, 1) && !many(evidence.names, SHARE) {
        return Some((Identifying::Phone, called("one")));
    }
    if is_called(&NAME_WORDS) && many(evidence.names, SHARE) {
        return Some((Identifying::PersonName, called("a name") + ", and its cells are capitalised words"));
    }
    let is_varied = distinct * 2 > count;
    if many(evidence.full_names, NAME_SHARE) && is_varied && count >= MIN_UNIQUE {
        return Some((Identifying::PersonName, of(evidence.full_names, "are two or more capitalised words")));
    }
    identifier(column, distinct, is_called(&IDENTIFIER_WORDS)).map(|reason| (Identifying::Identifier, reason))
}

fn identifier(column: &ColumnSurveyor, distinct: u64, is_called_so: bool) -> Option<String> {
    let count = column.count;
    let is_exact = column.distinct.finish().approximate.is_none();
    let is_unique =
        if is_exact { distinct == count } else { distinct.saturating_mul(20) >= count.saturating_mul(19) };
    if !is_unique || count < 3 || (column.is_number() && !column.numbers.is_whole()) {
        return None;
    }
    let all = if is_exact { "every cell is different" } else { "nearly every cell is different" };
    if is_called_so {
        return Some(format!("{all}, and it is called like one"));
    }
    if count < MIN_UNIQUE {
        return None;
    }
    if column.is_number() {
        let is_numbering = column.numbers.whole_range() == Some(i128::from(count));
        return is_numbering.then(|| format!("{all}, and they number the rows without a gap"));
    }
    (column.evidence.codes == count).then(|| format!("{all}, and none has a space"))
}

/// `PatID` is `pat` and `id`, `first_name` is `first` and `name`.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars().take(200) {
        if !letter.is_alphanumeric() || (was_lower && letter.is_uppercase()) {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase();
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

fn is_email(cell: &str) -> bool {
    let Some((local, domain)) = cell.split_once('@') else { return false };
    let is_plain = |part: &str| !part.is_empty() && !part.contains(['@', ' ', ',', ';']);
    is_plain(local)
        && is_plain(domain)
        && domain.rsplit_once('.').is_some_and(|(name, top)| !name.is_empty() && top.len() >= 2)
}

/// `+49 30 123456`, `(030) 123-456`, `030/123456`; no dates, and no plain digits.
fn is_phone(cell: &str) -> bool {
    let starts =
        cell.starts_with(['+', '(']) || (cell.starts_with('0') && cell.contains([' ', '-', '/', '.']));
    let is_us = cell.len() == 12
        && cell.bytes().enumerate().all(|(at, byte)| match at {
            3 | 7 => matches!(byte, b'-' | b'.' | b' '),
            _ => byte.is_ascii_digit(),
        });
    let has_form =
        cell.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'(' | b')' | b' ' | b'-' | b'/' | b'.'));
    let is_date =
        || DateOrder::ALL.into_iter().any(|order| ColumnType::Date { order }.number(cell).is_some());
    (starts || is_us) && has_form && !is_date()
}

fn digits_of(cell: &str) -> impl DoubleEndedIterator<Item = u32> + '_ {
    cell.chars().filter_map(|letter| letter.to_digit(10))
}

/// The check digit of ISO/IEC 7812, after H. P. Luhn.
fn is_card(cell: &str) -> bool {
    let has_form = cell.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b' ' | b'-'));
    let sum: u32 = digits_of(cell)
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit) {
            (1, 5..) => digit * 2 - 9,
            (1, _) => digit * 2,
            (_, _) => digit,
        })
        .sum();
    has_form && cell.starts_with(['3', '4', '5', '6']) && sum.is_multiple_of(10)
}

/// Numbers that states give to people, as far as their form alone tells them.
fn is_national(cell: &str) -> bool {
    // N a digit, A a letter; all else stands for itself.
    let is_like = |form: &str| {
        cell.len() == form.len()
            && cell.bytes().zip(form.bytes()).all(|(byte, form)| match form {
                b'N' => byte.is_ascii_digit(),
                b'A' => byte.is_ascii_alphabetic(),
                other => byte == other,
            })
    };
    let is_ssn = || {
        is_like("NNN-NN-NNNN")
            && !cell.starts_with("000")
            && !cell.starts_with("666")
            && !cell.starts_with('9')
    };
    let is_nino = || is_like("AANNNNNNA") || is_like("AA NN NN NN A");
    let is_codice_fiscale = || is_like("AAAAAANNANNANNNA");
    let is_dni = || {
        let number = cell.get(..8).and_then(|digits| digits.parse::<usize>().ok());
        let letter = number.map(|number| b"TRWAGMYFPDXBNJZSQVHLCKE"[number % 23]);
        is_like("NNNNNNNNA") && cell.bytes().last().map(|byte| byte.to_ascii_uppercase()) == letter
    };
    let is_ahv = || {
        let weights = [1, 3].into_iter().cycle();
        let sum: u32 = digits_of(cell).zip(weights).map(|(digit, weight)| digit * weight).sum();
        (is_like("756.NNNN.NNNN.NN") || is_like("756NNNNNNNNNN")) && sum.is_multiple_of(10)
    };
    is_ssn() || is_nino() || is_codice_fiscale() || is_dni() || is_ahv()
}

/// Words of a cell of one to four words that start with a capital and go on in small letters: `Ada`, `O'Neill`, `Jean-Luc`.
fn capital_words(cell: &str) -> Option<usize> {
    let mut count = 0;
    for word in cell.split([' ', ',']).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        let is_name = letters.next().is_some_and(char::is_uppercase)
            && letters
                .all(|letter| letter.is_alphabetic() || matches!(letter, '\'' | '-' | '.' | '\u{2019}'))
            && (word.len() > 1 || count > 0);
        let is_shouted = word.len() > 3 && word.chars().all(char::is_uppercase);
        if !is_name || is_shouted {
            return None;
        }
        count += 1;
    }
    (1..=4).contains(&count).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        for cell in ["+49 30 1234567", "(030) 123-4567", "030/1234567", "555-123-4567", "0171 1234567"] {
            assert!(is_phone(cell), "{cell}");
        }
        for cell in ["01.02.2024", "2024-01-05", "0012345678", "1234567", "192.168.100.200"] {
            assert!(!is_phone(cell), "{cell}");
        }
        for cell in ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"] {
            assert!(is_card(cell), "{cell}");
        }
        assert!(!is_card("4111 1111 1111 1112") && !is_card("1234567812345670"));
        for cell in ["123-45-6789", "AB123456C", "RSSMRA85T10A562S", "12345678Z", "756.9217.0769.85"] {
            assert!(is_national(cell), "{cell}");
        }
        for cell in ["666-45-6789", "12345678A", "756.9217.0769.84", "12345678é", "2024-01-05"] {
            assert!(!is_national(cell), "{cell}");
        }
        assert!(is_email("a.b@c.org") && !is_email("a@b") && !is_email("@b.c") && !is_email("a b@c.de"));
        assert_eq!(capital_words("Jean-Luc O'Neill"), Some(2));
        assert_eq!(capital_words("CAUCASIAN"), None);
        assert_eq!(words_of("PatID"), ["pat", "id"]);
        assert_eq!(words_of("first_name"), ["first", "name"]);
    }
}
