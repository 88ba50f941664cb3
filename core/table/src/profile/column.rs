//! The profile of one column, as it grows.

use std::fmt;

use super::categories::Categories;
use super::{ColumnProfile, Kind, MAX_MISSING_WORDS, MissingWord, SAMPLE_CELLS, SAMPLE_CHARACTERS, reason};
use crate::cell::{Cell, is_usual_missing_word};
use crate::decimal::{Decimal, NumberError};
use crate::place::Place;
use crate::sum::ExactSum;

/// How many cells, and where the first is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) first: Option<Place>,
}

impl Tally {
    fn add(&mut self, place: Place) {
        self.count += 1;
        self.first.get_or_insert(place);
    }
}

/// Why a cell is not a number, as far as reasons tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    MissingWord,
    Refused(NumberError),
}

/// The number cells and the others of one column.
#[derive(Default)]
pub(super) struct ColumnProfiler {
    name: String,
    pub(super) missing: u64,
    pub(super) count: u64,
    pub(super) text: Tally,
    /// The cells that are not numbers, by fault: as many entries as there are faults.
    pub(super) faults: Vec<(Fault, Tally)>,
    pub(super) missing_words: Vec<MissingWord>,
    /// Numbers written with leading zeros, which are more likely names of things.
    pub(super) leading_zeros: Tally,
    range: Option<(Decimal, Decimal)>,
    /// The number that is largest without its sign, and where it is.
    largest: Option<(Decimal, Place)>,
    pub(super) max_decimals: u32,
    sum: ExactSum,
    samples: Vec<String>,
    categories: Categories,
}

impl ColumnProfiler {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Takes note of `cell`, which reads as `read`.
    pub(super) fn push(&mut self, cell: &str, read: Cell, place: Place) {
        if self.samples.len() < SAMPLE_CELLS {
            self.samples.push(cell.chars().take(SAMPLE_CHARACTERS).collect());
        }
        self.categories.push(cell.trim(), read);
        match read {
            Cell::Missing => self.missing += 1,
            Cell::Number(number) => {
                self.push_number(number, place);
                if has_leading_zero(cell.trim()) {
                    self.leading_zeros.add(place);
                }
            }
            Cell::Refused(error) => self.push_text(cell.trim(), error, place),
        }
    }

    fn push_number(&mut self, number: Decimal, place: Place) {
        self.count += 1;
        self.max_decimals = self.max_decimals.max(number.scale());
        self.range = Some(match self.range {
            None => (number, number),
            Some((min, max)) => (min.min(number), max.max(number)),
        });
        let magnitude = number.magnitude();
        if self.largest.is_none_or(|(largest, _)| magnitude > largest) {
            self.largest = Some((magnitude, place));
        }
        self.sum.add(number);
    }

    fn push_text(&mut self, trimmed: &str, error: NumberError, place: Place) {
        self.text.add(place);
        let is_missing_word = is_usual_missing_word(trimmed) && self.note_missing_word(trimmed, place);
        let fault = if is_missing_word { Fault::MissingWord } else { Fault::Refused(error) };
        match self.faults.iter_mut().find(|(known, _)| *known == fault) {
            Some((_, tally)) => tally.add(place),
            None => self.faults.push((fault, Tally { count: 1, first: Some(place) })),
        }
    }

    /// `false` if the column holds too many spellings already.
    fn note_missing_word(&mut self, trimmed: &str, place: Place) -> bool {
        if let Some(known) = self.missing_words.iter_mut().find(|known| known.word == trimmed) {
            known.count += 1;
            return true;
        }
        let has_room = self.missing_words.len() < MAX_MISSING_WORDS;
        if has_room {
            self.missing_words.push(MissingWord { word: trimmed.to_owned(), count: 1, first: place });
        }
        has_room
    }

    pub(super) fn kind(&self) -> Kind {
        match (self.text.count, self.count, self.max_decimals) {
            (0, 0, _) => Kind::Blank,
            (0, _, 0) => Kind::Integer,
            (0, _, _) => Kind::Decimal,
            _ => Kind::Text,
        }
    }

    pub(super) fn finish(self) -> ColumnProfile {
        let kind = self.kind();
        let reason = reason::of(&self);
        let is_number = matches!(kind, Kind::Integer | Kind::Decimal);
        let range = self.range.filter(|_| is_number);
        ColumnProfile {
            name: self.name,
            kind,
            reason,
            missing: self.missing,
            count: self.count,
            text_count: self.text.count,
            first_text: self.text.first,
            missing_words: self.missing_words,
            min: range.map(|(min, _)| min),
            max: range.map(|(_, max)| max),
            largest_at: self.largest.filter(|_| is_number).map(|(_, place)| place),
            max_decimals: self.max_decimals,
            exact_sum: is_number.then(|| self.sum.to_plain()),
            samples: self.samples,
            categories: self.categories.finish(is_number),
        }
    }
}

impl fmt::Debug for ColumnProfiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColumnProfiler").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// `007`, but not `0`, `0.7` or `1e5`.
fn has_leading_zero(trimmed: &str) -> bool {
    let digits = trimmed.trim_start_matches(['+', '-']).as_bytes();
    matches!(digits, [b'0', second, ..] if second.is_ascii_digit())
}
