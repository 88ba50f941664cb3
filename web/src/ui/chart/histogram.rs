//! How many rows, or of something else, are in each bin.

use super::picture::{Anchor, Ink, Picture, kept_inside};
use super::scale::{Axis, full};
use crate::ui::words;

const HEIGHT: f64 = 300.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 50.0;

/// What is in bins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counts {
    /// What one of what is counted is called.
    pub(crate) one: &'static str,
    /// What several are called.
    pub(crate) many: &'static str,
    /// What the bins are of.
    pub(crate) axis: String,
    /// Edges of the bins, one more than there are bins.
    pub(crate) edges: Vec<f64>,
    /// How many are in each.
    pub(crate) counts: Vec<u64>,
}

/// Draws it to scale: where bins are not equally wide, areas are what compares, so that rows per unit are drawn.
pub(super) fn draw(drawn: &Counts, width: f64) -> Picture {
    let Counts { one, many, axis: column, edges, counts } = drawn;
    let bins: Vec<(f64, f64, u64)> = edges
        .iter()
        .zip(edges.iter().skip(1))
        .zip(counts)
        .map(|((&low, &high), &count)| (low, high, count))
        .collect();
    let widest = bins.iter().map(|(low, high, _)| high - low).fold(0.0, f64::max);
    let narrowest = bins.iter().map(|(low, high, _)| high - low).fold(f64::INFINITY, f64::min);
    let is_even = bins.is_empty() || widest <= narrowest * 1.01;
    #[expect(clippy::cast_precision_loss, reason = "a picture")]
    let height_of = |(low, high, count): (f64, f64, u64)| {
        if is_even { count as f64 } else { count as f64 / (high - low).max(f64::MIN_POSITIVE) }
    };
    let across = Axis::between(
        edges.first().copied().unwrap_or(0.0),
        edges.last().copied().unwrap_or(1.0),
        ((width - LEFT) / 90.0).max(2.0),
    );
    let up = Axis::over(bins.iter().map(|&bin| height_of(bin)).chain([0.0]), 4.0);
    let mut picture = Picture::new(width, HEIGHT);
    let (left, right, top, bottom) = (LEFT, width - RIGHT, TOP, HEIGHT - BOTTOM);
    let all = words::capitalised(many);
    let title = if is_even { all } else { format!("{all} per unit of {column}") };
    picture.words((2.0, 14.0), &title, Anchor::Start, Ink::Text, width - 8.0);
    for (value, text) in up.ticks() {
        let y = up.place(value, bottom, top);
        picture.line((left, y), (right, y), Ink::Grid, 1.0);
        picture.words((left - 8.0, y + 4.0), &text, Anchor::End, Ink::Muted, LEFT - 10.0);
    }
    for &(low, high, count) in &bins {
        let (from, to) = (across.place(low, left, right), across.place(high, left, right));
        let y = up.place(height_of((low, high, count)), bottom, top);
        let gap = if to - from > 4.0 { 1.0 } else { 0.0 };
        picture.bar(from + gap / 2.0, y, (to - from - gap).max(1.0), bottom - y, Ink::Series(0));
        let noun = if count == 1 { one } else { many };
        let says = format!("{column} from {} to {}: {} {noun}", full(low), full(high), words::count(count));
        picture.zone(from, top, to - from, bottom - top, says);
    }
    picture.line((left, bottom), (right, bottom), Ink::Muted, 1.5);
    for (value, text) in across.ticks() {
        let x = across.place(value, left, right);
        picture.line((x, bottom), (x, bottom + 5.0), Ink::Muted, 1.0);
        let (x, anchor) = kept_inside(x, &text, width);
        picture.words((x, bottom + 19.0), &text, anchor, Ink::Muted, 90.0);
    }
    let middle = f64::midpoint(left, right);
    picture.words((middle, HEIGHT - 8.0), column, Anchor::Middle, Ink::Text, right - left);
    picture
}
