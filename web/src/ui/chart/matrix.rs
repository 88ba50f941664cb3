//! Counts of pairs: known classes in rows, predicted ones in columns. Every cell has its number; colour repeats it.

use super::picture::{Anchor, Ink, Picture};
use crate::ui::words;

const CELL: f64 = 64.0;
const SMALLEST_CELL: f64 = 21.0;
const HEAD: f64 = 48.0;
const STRONGEST: f64 = 0.6;

/// A confusion matrix.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    /// What rows and columns are: “known”, “predicted”.
    pub(crate) rows: &'static str,
    pub(crate) columns: &'static str,
    pub(crate) names: Vec<String>,
    pub(crate) counts: Vec<Vec<u64>>,
}

/// Draws it.
#[expect(clippy::cast_precision_loss, reason = "a picture")]
pub(super) fn draw(matrix: &Matrix, width: f64) -> Picture {
    let Matrix { rows, columns, names, counts } = matrix;
    let count = names.len().max(1) as f64;
    let wanted = names.iter().map(|name| super::picture::width_of(name) + 16.0).fold(62.0, f64::max);
    let left = wanted.min((width * 0.4).max(62.0));
    let cell = ((width - left - 2.0) / count).clamp(SMALLEST_CELL, CELL);
    let whole = (left + cell * count + 2.0).max(width.min(300.0));
    let mut picture = Picture::new(whole, HEAD + cell * count + 4.0);
    picture.words((left, 14.0), &format!("{columns} →"), Anchor::Start, Ink::Muted, whole - left);
    picture.words((2.0, HEAD - 10.0), &format!("{rows} ↓"), Anchor::Start, Ink::Muted, left - 8.0);
    for (row, name) in names.iter().enumerate() {
        let y = HEAD + cell * row as f64;
        picture.words((2.0, y + cell / 2.0 + 4.0), name, Anchor::Start, Ink::Text, left - 8.0);
        let of_row = counts.get(row).map(Vec::as_slice).unwrap_or_default();
        let total = of_row.iter().sum::<u64>().max(1) as f64;
        for (column, other) in names.iter().enumerate() {
            let x = left + cell * column as f64;
            if row == 0 {
                picture.words((x + cell / 2.0, HEAD - 10.0), other, Anchor::Middle, Ink::Text, cell - 2.0);
            }
            let value = of_row.get(column).copied().unwrap_or(0);
            let ink = if row == column { Ink::Series(0) } else { Ink::Series(1) };
            let strength = if value == 0 { 0.04 } else { 0.1 + (STRONGEST - 0.1) * value as f64 / total };
            picture.bar(x + 1.0, y + 1.0, cell - 2.0, cell - 2.0, ink).opacity = strength;
            let text = words::count(value);
            picture.words((x + cell / 2.0, y + cell / 2.0 + 4.5), &text, Anchor::Middle, Ink::Text, cell);
            let says = format!("{rows} {name}, {columns} {other}: {}", words::counted(value, "row"));
            picture.zone(x, y, cell, cell, says);
        }
    }
    picture
}
