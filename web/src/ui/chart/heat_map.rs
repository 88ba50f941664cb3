//! A square of correlations. Every cell has its number where there is room; colour and its strength repeat it.

use super::picture::{Anchor, Ink, Picture};
use super::scale::full;

/// A cell that holds a number.
const CELL: f64 = 46.0;
const SMALLEST_CELL: f64 = 24.0;
const HEAD: f64 = 26.0;
const LEGEND: f64 = 44.0;
/// The strongest colour still lets the number be read.
const STRONGEST: f64 = 0.7;

/// Draws it. Columns are headed by the numbers of the rows, whose names may be long.
pub(super) fn draw(names: &[String], values: &[Vec<Option<f64>>], width: f64) -> Picture {
    #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
    let count = names.len().max(1) as f64;
    let wanted = names.iter().map(|name| super::picture::width_of(name) + 34.0).fold(60.0, f64::max);
    let left = wanted.min((width * 0.4).max(90.0));
    let cell = ((width - left - 2.0) / count).clamp(SMALLEST_CELL, CELL);
    let whole = (left + cell * count + 2.0).max(width.min(320.0));
    let mut picture = Picture::new(whole, HEAD + cell * count + LEGEND);
    let mut top = HEAD;
    for (row, name) in names.iter().enumerate() {
        picture.words(
            (2.0, top + cell / 2.0 + 4.0),
            &format!("{} {name}", row + 1),
            Anchor::Start,
            Ink::Text,
            left - 8.0,
        );
        let mut x = left;
        for (column, other) in names.iter().enumerate() {
            if row == 0 {
                let heading = (column + 1).to_string();
                picture.words((x + cell / 2.0, HEAD - 8.0), &heading, Anchor::Middle, Ink::Text, cell);
            }
            let value = values.get(row).and_then(|row| row.get(column)).copied().flatten();
            draw_cell(&mut picture, (x, top), cell, value);
            let number = value.map_or_else(|| "no correlation".into(), full);
            picture.zone(x, top, cell, cell, format!("{name} and {other}: {number}"));
            x += cell;
        }
        top += cell;
    }
    legend(&mut picture, top + 14.0);
    picture
}

fn draw_cell(picture: &mut Picture, (x, y): (f64, f64), cell: f64, value: Option<f64>) {
    let inner = cell - 2.0;
    let Some(value) = value else {
        picture.frame(x + 1.0, y + 1.0, inner, inner, Ink::Grid);
        picture.line((x + 4.0, y + inner - 2.0), (x + inner - 2.0, y + 4.0), Ink::Grid, 1.5);
        return;
    };
    picture.bar(x + 1.0, y + 1.0, inner, inner, colour(value)).opacity = strength(value);
    if cell >= 38.0 {
        let text = format!("{value:.2}").replace('-', "−");
        picture.words((x + cell / 2.0, y + cell / 2.0 + 4.5), &text, Anchor::Middle, Ink::Text, cell + 8.0);
    } else if value < 0.0 {
        picture.words((x + cell / 2.0, y + cell / 2.0 + 4.5), "−", Anchor::Middle, Ink::Text, cell);
    }
}

const fn colour(value: f64) -> Ink {
    if value < 0.0 { Ink::Series(1) } else { Ink::Series(0) }
}

fn strength(value: f64) -> f64 {
    0.06 + (STRONGEST - 0.06) * value.abs().min(1.0)
}

fn legend(picture: &mut Picture, y: f64) {
    let mut x = 2.0;
    for value in [-1.0, -0.5, 0.0, 0.5, 1.0] {
        picture.bar(x, y, 22.0, 14.0, colour(value)).opacity = strength(value);
        let text = format!("{value}").replace('-', "−");
        picture.words((x + 26.0, y + 12.0), &text, Anchor::Start, Ink::Muted, 40.0);
        x += 58.0;
    }
}
