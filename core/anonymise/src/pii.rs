//! Does a column look like something that says who people are? A look at a sample of cells and at the column's name.
//!
//! A finding is a reason to ask, not a proof; and a column without findings may still tell who somebody is, above all
//! together with others.

mod cells;
mod codes;
mod header;

use serde::{Deserialize, Serialize};

use self::cells::KnownNames;
use crate::date::DateFormat;
use crate::hierarchy::{is_blank, ratio};
use crate::national::Scheme;
use crate::pseudonym::Treatment;
use crate::table::{Column, Table};

/// Most cells of a column that are looked at: the first ones that are not blank.
pub const MAX_SAMPLE: usize = 2_000;
/// Findings below are not told.
pub const LEAST_CONFIDENCE: f64 = 0.3;
/// From here on encrypting or releasing a directly identifying column asks first.
pub const ASKING_CONFIDENCE: f64 = 0.5;
/// So much a column's name adds to the confidence.
const NAME_WEIGHT: f64 = 0.35;

/// What a column looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Names of people.
    Name,
    /// E-mail addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// National numbers.
    NationalNumber(Scheme),
    /// Numbers of payment cards (Luhn).
    CardNumber,
    /// International bank account numbers (ISO 13616, modulo 97).
    Iban,
    /// Addresses of computers, versions 4 and 6.
    IpAddress,
    /// Streets and house numbers.
    Address,
    /// A value of its own for nearly every row.
    Identifier,
    /// Dates of birth, to the day.
    BirthDate,
    /// Postcodes.
    Postcode,
}

/// What is best done with a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recommendation {
    /// Leave it out: an analysis has no use for it.
    Drop,
    /// Replace it with a pseudonym.
    Pseudonym(Treatment),
    /// Make it vaguer: it is a quasi-identifier.
    Generalise,
}

/// Something that a column looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// From 0 to 1: how many cells look like it, how little it could be chance, and what the column's name says.
    pub confidence: f64,
    /// The same for people, with what to do. Holds no cell.
    pub sentence: String,
    /// What to do.
    pub recommendation: Recommendation,
}

impl Kind {
    /// Whether one cell alone is enough to find a person.
    #[must_use]
    pub fn is_direct(self) -> bool {
        !matches!(self, Self::BirthDate | Self::Postcode)
    }

    /// In words, for several of them.
    #[must_use]
    pub fn plural(self) -> String {
        match self {
            Self::Name => "names of people".to_owned(),
            Self::Email => "e-mail addresses".to_owned(),
            Self::Phone => "phone numbers".to_owned(),
            Self::NationalNumber(scheme) => format!("{}s", scheme.name()),
            Self::CardNumber => "card numbers".to_owned(),
            Self::Iban => "bank account numbers (IBAN)".to_owned(),
            Self::IpAddress => "IP addresses".to_owned(),
            Self::Address => "postal addresses".to_owned(),
            Self::Identifier => "identifiers".to_owned(),
            Self::BirthDate => "dates of birth".to_owned(),
            Self::Postcode => "postcodes".to_owned(),
        }
    }

    fn recommendation(self) -> Recommendation {
        match self {
            Self::CardNumber | Self::Iban | Self::IpAddress => Recommendation::Drop,
            Self::Name => Recommendation::Pseudonym(Treatment::FullName),
            Self::Email => Recommendation::Pseudonym(Treatment::Email),
            Self::Phone => Recommendation::Pseudonym(Treatment::Phone),
            Self::NationalNumber(scheme) => Recommendation::Pseudonym(Treatment::NationalNumber(scheme)),
            Self::Address => Recommendation::Pseudonym(Treatment::Street),
            Self::Identifier => Recommendation::Pseudonym(Treatment::Identifier),
            Self::BirthDate | Self::Postcode => Recommendation::Generalise,
        }
    }
}

/// Findings for each column of a table, most confident first.
#[must_use]
pub fn inspect(table: &Table) -> Vec<Vec<Finding>> {
    let known = KnownNames::new();
    table.columns().iter().map(|column| inspect_column(column, &known)).collect()
}

/// Whether to ask before a column with these findings is encrypted or released.
#[must_use]
pub fn asks(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.kind.is_direct() && finding.confidence >= ASKING_CONFIDENCE)
}

fn inspect_column(column: &Column, known: &KnownNames) -> Vec<Finding> {
    let cells = (0..column.codes().len()).filter_map(|row| column.cell(row)).filter(|cell| !is_blank(cell));
    let sample: Vec<&str> = cells.take(MAX_SAMPLE).collect();
    inspect_sample(column.name(), &sample, known)
}

/// Findings for a column's name and some of its cells, most confident first. Blank cells count as unlike anything.
#[must_use]
pub fn inspect_cells(name: &str, cells: &[&str]) -> Vec<Finding> {
    inspect_sample(name, &cells[..cells.len().min(MAX_SAMPLE)], &KnownNames::new())
}

fn inspect_sample(name: &str, sample: &[&str], known: &KnownNames) -> Vec<Finding> {
    if sample.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut add = |kind: Kind, matches: usize, base: f64| {
        let hint = header::hints(name, kind);
        let share = ratio(matches, sample.len());
        let confidence = (share * (base + if hint { NAME_WEIGHT } else { 0.0 }).min(1.0)).clamp(0.0, 1.0);
        if matches > 0 && confidence >= LEAST_CONFIDENCE {
            let recommendation = kind.recommendation();
            let sentence = sentence(kind, matches, sample.len(), hint, recommendation);
            findings.push(Finding { kind, confidence, sentence, recommendation });
        }
    };
    let count = |test: fn(&str) -> bool| sample.iter().filter(|cell| test(cell)).count();
    // One match in so many would be chance; several in a row hardly.
    let proven = |one_in: u32, matches: usize| {
        let repeats = i32::try_from(matches.min(8)).unwrap_or(8);
        0.95 * (1.0 - (1.0 / f64::from(one_in)).powi(repeats))
    };
    add(Kind::Email, count(cells::is_email), 0.98);
    add(Kind::IpAddress, count(cells::is_ip_address), 0.95);
    let cards = count(codes::is_card_number);
    add(Kind::CardNumber, cards, proven(20, cards));
    let accounts = count(codes::is_iban);
    add(Kind::Iban, accounts, proven(97, accounts));
    add(Kind::Phone, count(cells::is_phone), cells::phone_confidence(sample));
    for scheme in Scheme::ALL {
        let matches = sample.iter().filter(|cell| scheme.is_valid(cell)).count();
        let base = if scheme != Scheme::UsSocialSecurity {
            proven(scheme.strictness(), matches)
        } else if sample.iter().all(|cell| cells::is_hyphenated(cell, &[3, 2, 4])) {
            // Without check digit: the hyphens have to say it.
            0.8
        } else {
            0.2
        };
        // By chance one in eleven of any numbers passes.
        let beyond_chance = matches > sample.len() / 4;
        add(Kind::NationalNumber(scheme), if beyond_chance { matches } else { 0 }, base);
    }
    add(Kind::Address, count(cells::is_street), 0.75);
    let different = cells::distinct(sample);
    let (names, base) = cells::names(sample, different, known);
    add(Kind::Name, names, base);
    add(Kind::Postcode, count(cells::could_be_postcode), cells::postcode_confidence(sample));
    let dates = |format: &DateFormat| sample.iter().filter(|cell| format.days(cell).is_some()).count();
    let likeliest = [DateFormat::MonthDayYear, DateFormat::DayMonthYear, DateFormat::YearMonthDay]
        .into_iter()
        .max_by_key(dates)
        .filter(|format| dates(format) * 2 > sample.len());
    if let Some(format) = likeliest {
        let days = || sample.iter().filter_map(|cell| format.days(cell));
        let span = days().max().unwrap_or(0) - days().min().unwrap_or(0);
        // Dates of birth spread over decades, dates of visits mostly do not.
        add(Kind::BirthDate, days().count(), if span > 30 * 365 { 0.6 } else { 0.1 });
    } else {
        let base = cells::identifier_confidence(sample, different);
        add(Kind::Identifier, if base > 0.0 { different } else { 0 }, base);
    }
    findings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let mut national = false;
    // The same digits often pass several countries' checks: the most likely one is told.
    findings.retain(|finding| {
        let is_national = matches!(finding.kind, Kind::NationalNumber(_));
        let keep = !(is_national && national);
        national |= is_national;
        keep
    });
    findings
}

fn sentence(kind: Kind, matches: usize, cells: usize, hint: bool, recommendation: Recommendation) -> String {
    let what = if kind == Kind::Identifier {
        format!("{matches} of {cells} cells looked at are different, as identifiers are")
    } else {
        format!("{matches} of {cells} cells looked at could be {}", kind.plural())
    };
    let name = if hint { ", and the column's name says so" } else { "" };
    let advice = match recommendation {
        Recommendation::Drop => "Leave the column out.",
        Recommendation::Pseudonym(_) => "Replace it with pseudonyms, or leave it out.",
        Recommendation::Generalise => "Make it vaguer: with other columns it can tell who somebody is.",
    };
    format!("{what}{name}. {advice}")
}
