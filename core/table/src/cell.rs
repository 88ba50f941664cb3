//! What one cell is. Profiling and encoding ask the same function, so that they never disagree.

use crate::decimal::{Decimal, DecimalMark, NumberError};

/// Words that people and programs write where a value is missing, in lower case.
const USUAL_MISSING_WORDS: [&str; 12] =
    ["n/a", "#n/a", "na", "nan", "null", "nil", "none", "missing", "-", "--", ".", "?"];

/// One cell of a column of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Blank, or a word that the owner declared to mean "missing".
    Missing,
    Number(Decimal),
    Refused(NumberError),
}

/// The words that the owner declared to mean "missing".
#[derive(Debug, Clone, Default)]
pub(crate) struct MissingWords(Vec<String>);

impl MissingWords {
    pub(crate) fn new(words: &[String]) -> Self {
        Self(words.iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect())
    }

    /// Whether the owner declared `trimmed` to mean "missing".
    pub(crate) fn hold(&self, trimmed: &str) -> bool {
        self.0.iter().any(|word| word.eq_ignore_ascii_case(trimmed))
    }

    pub(crate) fn read(&self, cell: &str, mark: DecimalMark) -> Cell {
        let trimmed = cell.trim();
        if self.hold(trimmed) {
            return Cell::Missing;
        }
        match Decimal::parse_with(mark, trimmed) {
            Ok(None) => Cell::Missing,
            Ok(Some(number)) => Cell::Number(number),
            Err(error) => Cell::Refused(error),
        }
    }
}

/// Whether `trimmed` is a usual way to write "missing". Such a word is no secret and may be shown.
pub(crate) fn is_usual_missing_word(trimmed: &str) -> bool {
    USUAL_MISSING_WORDS.iter().any(|word| word.eq_ignore_ascii_case(trimmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_is_missing_and_not_zero() {
        let words = MissingWords::default();
        assert_eq!(words.read("", DecimalMark::Point), Cell::Missing);
        assert_eq!(words.read(" \t\u{a0}", DecimalMark::Point), Cell::Missing);
        assert_eq!(words.read("0", DecimalMark::Point), Cell::Number(Decimal::new(0, 0)));
    }

    #[test]
    fn a_word_is_missing_only_if_the_owner_said_so() {
        assert_eq!(
            MissingWords::default().read("N/A", DecimalMark::Point),
            Cell::Refused(NumberError::NotANumber)
        );
        let words = MissingWords::new(&["n/a".to_owned(), " -999 ".to_owned(), " ".to_owned()]);
        assert_eq!(words.read(" N/A ", DecimalMark::Point), Cell::Missing);
        assert_eq!(words.read("-999", DecimalMark::Point), Cell::Missing);
        assert_eq!(words.read("-998", DecimalMark::Point), Cell::Number(Decimal::new(-998, 0)));
    }
}
