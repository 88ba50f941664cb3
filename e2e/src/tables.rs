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

/// A hospital's table: `ward`, `sex`, `age`, `los`, `cost`, `score`, of which `score` has blanks and depends on `age`.
/// `wards` are the names of wards.
#[must_use]
pub fn hospital(rows: u64, wards: &[&str]) -> String {
    let mut numbers = Numbers::new(7);
    let mut text = "ward,sex,age,los,cost,score\n".to_owned();
    for row in 0..rows {
        let ward = numbers.below(wards.len() as u64);
        let name = wards[usize::try_from(ward).unwrap_or_default()].replace('"', "\"\"");
        let sex = ["f", "m"][usize::from(numbers.below(2) == 1)];
        let age = 20 + numbers.below(70);
        let los = 1 + numbers.below(5) + ward * 2 + age / 30;
        let cost = los * 431 + numbers.below(900);
        write!(text, "\"{name}\",{sex},{age},{los},{cost}.{:02},", numbers.below(100)).expect("text grows");
        if row % 9 != 4 {
            write!(text, "{}.{}", age / 5 + numbers.below(6), numbers.below(10)).expect("text grows");
        }
        text.push('\n');
    }
    text
}

/// Five numeric columns with negatives, decimals and blanks: `id,balance,rate,change,flag`. Where more are wanted, the
/// last four kinds are repeated with a number behind their names, down to `columns` of them.
#[must_use]
pub fn numeric(rows: u64, columns: usize) -> String {
    let mut numbers = Numbers::new(20_000);
    let kinds = ["balance", "rate", "change", "flag"];
    let mut text = "id".to_owned();
    for column in 0..columns.saturating_sub(1) {
        let number = if column < 4 { String::new() } else { (column / 4 + 1).to_string() };
        write!(text, ",{}{number}", kinds[column % 4]).expect("text grows");
    }
    text.push('\n');
    for row in 0..rows {
        write!(text, "{row}").expect("text grows");
        for column in 0..columns.saturating_sub(1) {
            text.push(',');
            cell(&mut text, column % 4, &mut numbers);
        }
        text.push('\n');
    }
    text
}

/// The same without a blank cell and without `change`, so that no product has to be masked.
#[must_use]
pub fn whole(rows: u64, columns: usize) -> String {
    let mut numbers = Numbers::new(20_001);
    let kinds = [(0, "balance"), (1, "rate"), (3, "flag")];
    let mut text = "id".to_owned();
    for column in 0..columns.saturating_sub(1) {
        write!(text, ",{}{}", kinds[column % 3].1, column / 3 + 1).expect("text grows");
    }
    text.push('\n');
    for row in 0..rows {
        write!(text, "{row}").expect("text grows");
        for column in 0..columns.saturating_sub(1) {
            text.push(',');
            cell(&mut text, kinds[column % 3].0, &mut numbers);
        }
        text.push('\n');
    }
    text
}

/// A cell of the kind `balance`, `rate`, `change` or `flag`.
fn cell(text: &mut String, kind: usize, numbers: &mut Numbers) {
    let sign = |negative: bool| if negative { "-" } else { "" };
    let written = match kind {
        0 => {
            let sign = sign(numbers.below(2) == 1);
            write!(text, "{sign}{}.{:02}", numbers.below(10_000_000), numbers.below(100))
        }
        1 => write!(text, "0.{:05}", numbers.below(100_000)),
        // Whole thousandths from −1,000 to 1,000, and a few blanks.
        2 if numbers.below(50) == 0 => Ok(()),
        2 => {
            let change = numbers.below(2_000_001);
            let magnitude = change.abs_diff(1_000_000);
            write!(text, "{}{}.{:03}", sign(change < 1_000_000), magnitude / 1_000, magnitude % 1_000)
        }
        _ => write!(text, "{}", numbers.below(2)),
    };
    written.expect("text grows");
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
        let text = numeric(500, 5);
        let table = Table::read(&text).unwrap();
        assert!(table.column(3).unwrap().0 < 500);
        assert!(text.contains(",-"));
        assert_eq!(text, numeric(500, 5));
        assert!(
            numeric(1, 10).starts_with("id,balance,rate,change,flag,balance2,rate2,change2,flag2,balance3\n")
        );
    }
}
