//! Tables that stories make up.

use std::fmt::Write as _;

/// A small generator of numbers that are always the same: stories must be repeatable.
#[derive(Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// Starts at a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (SplitMix64).
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit
    }
}

/// Five numeric columns with negatives, decimals and blanks: `id,balance,rate,change,flag`.
#[must_use]
pub fn numeric(rows: u64) -> String {
    let mut numbers = Numbers::new(20_000);
    let mut text = "id,balance,rate,change,flag\n".to_owned();
    for row in 0..rows {
        let sign = if numbers.below(2) == 0 { "" } else { "-" };
        let (whole, cents) = (numbers.below(10_000_000), numbers.below(100));
        let (rate, change) = (numbers.below(100_000), numbers.below(2_000_001));
        let change = if numbers.below(50) == 0 {
            String::new()
        } else {
            // Whole thousandths from −1,000 to 1,000.
            let sign = if change < 1_000_000 { "-" } else { "" };
            let magnitude = change.abs_diff(1_000_000);
            format!("{sign}{}.{:03}", magnitude / 1_000, magnitude % 1_000)
        };
        let flag = numbers.below(2);
        writeln!(text, "{row},{sign}{whole}.{cents:02},0.{rate:05},{change},{flag}").expect("text grows");
    }
    text
}

/// `columns` columns of which each row has a 1 in exactly one, so that the sums tell a row that is counted twice or
/// not at all: they are `rows / columns` each.
#[must_use]
pub fn one_hot(rows: usize, columns: usize) -> String {
    let mut text = (0..columns).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",");
    text.push('\n');
    for row in 0..rows {
        let cells = (0..columns).map(|column| if row % columns == column { "1" } else { "0" });
        text += &cells.collect::<Vec<_>>().join(",");
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{Decimal, Table};

    #[test]
    fn one_hot_rows_hold_one_one() {
        let table = Table::read(&one_hot(12, 3)).unwrap();
        for column in 0..3 {
            assert_eq!(table.column(column).unwrap(), (12, Decimal::parse("4").unwrap()));
        }
    }

    #[test]
    fn numeric_tables_have_blanks_and_negatives() {
        let text = numeric(500);
        let table = Table::read(&text).unwrap();
        assert!(table.column(3).unwrap().0 < 500);
        assert!(text.contains(",-"));
        assert_eq!(text, numeric(500));
    }
}
