//! What single cells look like.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::hierarchy::{number, ratio};
use crate::pseudonym::Locale;

/// Words for streets, in lower case, as words of their own or as endings.
const STREET_WORDS: [&str; 24] = [
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "ln",
    "drive",
    "dr",
    "boulevard",
    "blvd",
    "square",
    "court",
    "rue",
    "place",
    "via",
    "viale",
    "piazza",
    "calle",
    "plaza",
    "weg",
    "platz",
    "allee",
];
const STREET_ENDINGS: [&str; 8] = ["straße", "strasse", "str", "gasse", "weg", "platz", "laan", "straat"];

pub(super) fn is_email(cell: &str) -> bool {
    let Some((local, domain)) = cell.trim().rsplit_once('@') else { return false };
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-') && !label.starts_with('-')
    };
    let labels: Vec<&str> = domain.split('.').collect();
    !local.is_empty()
        && local.len() <= 64
        && local.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '@')
        && labels.len() >= 2
        && labels.iter().all(|text| label(text))
        && labels
            .last()
            .is_some_and(|top| top.chars().count() >= 2 && !top.chars().all(|c| c.is_ascii_digit()))
}

pub(super) fn is_ip_address(cell: &str) -> bool {
    let cell = cell.trim();
    cell.parse::<IpAddr>().is_ok()
        || cell.rsplit_once('/').is_some_and(|(address, bits)| {
            address.parse::<IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= 128)
        })
}

/// 7 to 15 digits with the punctuation of phone numbers, and not a date, an IP address or a decimal number.
pub(super) fn is_phone(cell: &str) -> bool {
    let cell = cell.trim();
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    let sign = cell.strip_prefix('+').unwrap_or(cell);
    let decimal = cell.matches('.').count() == 1 && number(cell).is_some();
    (7..=15).contains(&digits)
        && sign.chars().all(|c| c.is_ascii_digit() || " -./()\u{a0}".contains(c))
        && !cell.starts_with('-')
        && !decimal
        && !is_ip_address(cell)
        && !is_date(cell)
}

fn is_date(cell: &str) -> bool {
    use crate::date::DateFormat::{DayMonthYear, MonthDayYear, YearMonthDay};
    [YearMonthDay, DayMonthYear, MonthDayYear].iter().any(|format| format.days(cell).is_some())
}

/// Signs and spaces make numbers phone numbers; bare digits are as good as anything.
pub(super) fn phone_confidence(sample: &[&str]) -> f64 {
    let share =
        |test: fn(&str) -> bool| ratio(sample.iter().filter(|cell| test(cell.trim())).count(), sample.len());
    if share(|cell| cell.starts_with('+')) > 0.5 {
        0.95
    } else if share(|cell| cell.starts_with(['0', '('])) > 0.5 {
        0.65
    } else if share(|cell| cell.contains(['-', ' ', '.'])) > 0.5 {
        0.5
    } else {
        0.15
    }
}

/// Whether a cell is digits in groups of these lengths, with hyphens between.
pub(super) fn is_hyphenated(cell: &str, lengths: &[usize]) -> bool {
    let groups: Vec<&str> = cell.trim().split('-').collect();
    groups.len() == lengths.len()
        && groups
            .iter()
            .zip(lengths)
            .all(|(group, length)| group.len() == *length && group.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A word for a street and a number of at most five digits.
pub(super) fn is_street(cell: &str) -> bool {
    let cell = cell.to_lowercase();
    let words: Vec<&str> =
        cell.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let house = |word: &&str| word.len() <= 5 && word.starts_with(|c: char| c.is_ascii_digit());
    let street = |word: &&str| {
        STREET_WORDS.contains(word)
            || STREET_ENDINGS.iter().any(|ending| word.ends_with(ending) && word.len() > ending.len() + 2)
    };
    words.len() >= 2 && words.iter().any(house) && words.iter().any(street)
}

pub(super) fn distinct(sample: &[&str]) -> usize {
    sample.iter().map(|cell| cell.trim()).collect::<HashSet<_>>().len()
}

/// Usual given and family names, in lower case.
pub(super) struct KnownNames(HashSet<String>);

impl KnownNames {
    pub(super) fn new() -> Self {
        let locales = [Locale::English, Locale::French, Locale::German, Locale::Italian];
        let names = locales
            .into_iter()
            .flat_map(|locale| locale.given_names().lines().chain(locale.family_names().lines()))
            .map(str::to_lowercase);
        Self(names.collect())
    }
}

/// Cells of one to five words, one of which is a usual name; and how much to make of it. Few different cells are
/// rather categories than people.
pub(super) fn names(sample: &[&str], different: usize, known: &KnownNames) -> (usize, f64) {
    let is_name = |cell: &&&str| {
        let words: Vec<&str> =
            cell.split([' ', ',', '.', '-', '\'']).filter(|word| !word.is_empty()).collect();
        (1..=5).contains(&words.len())
            && words.iter().all(|word| word.chars().all(char::is_alphabetic))
            && words.iter().any(|word| known.0.contains(&word.to_lowercase()))
    };
    let varied = different > 20 || different * 2 > sample.len();
    (sample.iter().filter(is_name).count(), if varied { 0.9 } else { 0.35 })
}

/// 3 to 10 letters, digits and blanks with at least two digits.
pub(super) fn could_be_postcode(cell: &str) -> bool {
    let cell = cell.trim();
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    (3..=10).contains(&cell.len())
        && digits >= 2
        && cell.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || c == ' ' || c == '-')
        && !cell.starts_with('-')
}

/// British, Canadian and Dutch postcodes are like nothing else; five digits are like many things.
pub(super) fn postcode_confidence(sample: &[&str]) -> f64 {
    let form = |cell: &&str| -> String {
        let mark = |c: char| match c {
            c if c.is_ascii_digit() => '9',
            c if c.is_ascii_uppercase() => 'A',
            c => c,
        };
        cell.trim().chars().map(mark).collect()
    };
    const TELLING: [&str; 9] = [
        "A9 9AA",
        "A99 9AA",
        "AA9 9AA",
        "AA99 9AA",
        "A9A 9AA",
        "AA9A 9AA",
        "A9A 9A9",
        "9999 AA",
        "99999-9999",
    ];
    let telling = sample.iter().filter(|cell| TELLING.contains(&form(cell).as_str())).count();
    let five = sample.iter().filter(|cell| form(cell) == "99999").count();
    let leading_zero = sample.iter().any(|cell| cell.trim().starts_with('0'));
    if telling * 2 > sample.len() {
        0.85
    } else if five == sample.len() {
        if leading_zero { 0.6 } else { 0.4 }
    } else {
        0.1
    }
}

/// Whether nearly every row has its own code; 0 if the cells are no codes.
pub(super) fn identifier_confidence(sample: &[&str], different: usize) -> f64 {
    let code = |cell: &&str| {
        let cell = cell.trim();
        cell.len() <= 64
            && cell.chars().all(|c| c.is_ascii_alphanumeric() || "-_/:".contains(c))
            && cell.chars().any(|c| c.is_ascii_digit())
    };
    if sample.len() < 10 || ratio(different, sample.len()) < 0.95 || !sample.iter().all(code) {
        return 0.0;
    }
    let mut numbers: Vec<u64> = sample.iter().filter_map(|cell| cell.trim().parse().ok()).collect();
    if numbers.len() < sample.len() {
        // Letters or punctuation: hardly a measurement.
        return 0.8;
    }
    numbers.sort_unstable();
    let gaps = numbers.windows(2).filter(|pair| pair[1] - pair[0] != 1).count();
    let same_length =
        sample.iter().all(|cell| cell.trim().len() == sample[0].trim().len() && cell.trim().len() >= 6);
    if gaps * 10 < numbers.len() || same_length { 0.75 } else { 0.4 }
}
