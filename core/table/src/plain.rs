//! Cells in one spelling, whatever file they came from: for steps that prepare rows and for rows that are written anew.

use std::borrow::Cow;

use crate::cell::MissingWords;
use crate::decimal::{Decimal, DecimalMark};
use crate::row::Row;

/// Spells cells: nothing where a cell is missing, a point before decimals, everything else as it stands.
#[derive(Debug, Clone)]
pub struct PlainCells {
    missing_words: MissingWords,
}

impl PlainCells {
    /// For a file in which these words mean "missing".
    #[must_use]
    pub fn new(missing_words: &[String]) -> Self {
        Self { missing_words: MissingWords::new(missing_words) }
    }

    /// Puts the cells of a row in place of what `cells` holds; what one has more than the other is left as it is.
    pub fn spell_into(&self, row: &Row, cells: &mut [String]) {
        for (at, (cell, room)) in row.cells().zip(cells).enumerate() {
            room.clear();
            room.push_str(&self.cell(cell, row.decimal_mark(), row.is_text(at)));
        }
    }

    fn cell<'a>(&self, cell: &'a str, mark: DecimalMark, is_text: bool) -> Cow<'a, str> {
        let trimmed = cell.trim();
        if trimmed.is_empty() || self.missing_words.hold(trimmed) {
            return Cow::Borrowed("");
        }
        let is_number = mark == DecimalMark::Comma
            && !is_text
            && matches!(Decimal::parse_with(mark, trimmed), Ok(Some(_)));
        if is_number { Cow::Owned(trimmed.replace(',', ".")) } else { Cow::Borrowed(cell) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_spelt_in_one_way() {
        let plain = PlainCells::new(&["N/A".to_owned()]);
        let point = |cell| plain.cell(cell, DecimalMark::Point, false).into_owned();
        assert_eq!(
            (point(" n/a "), point("  "), point("1.50")),
            (String::new(), String::new(), "1.50".to_owned())
        );
        assert_eq!(point("a, b"), "a, b");
        let comma = |cell, is_text| plain.cell(cell, DecimalMark::Comma, is_text).into_owned();
        assert_eq!(comma("-1,50", false), "-1.50");
        assert_eq!(comma("1,50", true), "1,50");
        assert_eq!(comma("Bern, Basel", false), "Bern, Basel");
        assert_eq!(comma("1,5,0", false), "1,5,0");
    }

    #[test]
    fn a_spelt_row_takes_the_place_of_the_one_before() {
        let plain = PlainCells::new(&[]);
        let mut row = Row::new();
        ["a", " ", "2"].iter().for_each(|cell| row.push(cell));
        let mut cells = vec!["old".to_owned(); 3];
        plain.spell_into(&row, &mut cells);
        assert_eq!(cells, ["a", "", "2"]);
    }
}
