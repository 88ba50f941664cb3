//! Points over two axes, with a line where there is a fit.

use super::picture::{Anchor, Ink, Picture, kept_inside};
use super::scale::{Axis, full};

const HEIGHT: f64 = 340.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 50.0;
/// Points are pointed at with fingers, too.
const REACH: f64 = 9.0;

/// What is drawn.
#[derive(Clone, Copy)]
pub(super) struct Scatter<'a> {
    pub(super) x_axis: &'a str,
    pub(super) y_axis: &'a str,
    /// Label, x, y.
    pub(super) points: &'a [(String, f64, f64)],
    /// Intercept and slope.
    pub(super) line: Option<(f64, f64)>,
}

/// Draws it.
pub(super) fn draw(scatter: Scatter<'_>, width: f64) -> Picture {
    let Scatter { x_axis, y_axis, points, line } = scatter;
    let across = Axis::over(points.iter().map(|point| point.1), ((width - LEFT) / 90.0).max(2.0));
    let up = Axis::over(points.iter().map(|point| point.2), 5.0);
    let mut picture = Picture::new(width, HEIGHT);
    let (left, right, top, bottom) = (LEFT, width - RIGHT, TOP, HEIGHT - BOTTOM);
    picture.words((2.0, 14.0), y_axis, Anchor::Start, Ink::Text, width - 8.0);
    for (value, text) in up.ticks() {
        let y = up.place(value, bottom, top);
        picture.line((left, y), (right, y), Ink::Grid, 1.0);
        picture.words((left - 8.0, y + 4.0), &text, Anchor::End, Ink::Muted, LEFT - 10.0);
    }
    for (value, text) in across.ticks() {
        let x = across.place(value, left, right);
        picture.line((x, top), (x, bottom), Ink::Grid, 1.0);
        let (x, anchor) = kept_inside(x, &text, width);
        picture.words((x, bottom + 19.0), &text, anchor, Ink::Muted, 90.0);
    }
    picture.words(
        (f64::midpoint(left, right), HEIGHT - 8.0),
        x_axis,
        Anchor::Middle,
        Ink::Text,
        right - left,
    );
    for (label, x, y) in points {
        let at = (across.place(*x, left, right), up.place(*y, bottom, top));
        picture.dot(at, 4.5, Ink::Series(0)).opacity = 0.75;
        let says = format!("{label}: {x_axis} {}, {y_axis} {}", full(*x), full(*y));
        picture.zone(at.0 - REACH, at.1 - REACH, 2.0 * REACH, 2.0 * REACH, says);
    }
    if let Some((from, to)) = line.and_then(|line| ends(line, points)) {
        let place = |(x, y)| (across.place(x, left, right), up.place(y, bottom, top));
        picture.line(place(from), place(to), Ink::Series(1), 2.5);
    }
    picture
}

type Point = (f64, f64);

/// Where the line enters and leaves the rectangle around the points.
fn ends((intercept, slope): (f64, f64), points: &[(String, f64, f64)]) -> Option<(Point, Point)> {
    let range = |value: fn(&(String, f64, f64)) -> f64| {
        let values = points.iter().map(value);
        values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let ((mut from, mut to), (low, high)) = (range(|point| point.1), range(|point| point.2));
    if slope != 0.0 {
        let (one, other) = ((low - intercept) / slope, (high - intercept) / slope);
        from = from.max(one.min(other));
        to = to.min(one.max(other));
    } else if intercept < low || intercept > high {
        return None;
    }
    let at = |x: f64| (x, intercept + slope * x);
    (from < to).then(|| (at(from), at(to)))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_line_ends_with_the_points() {
        let points = [("a".to_owned(), 0.0, 0.0), ("b".to_owned(), 10.0, 5.0)];
        assert_eq!(ends((0.0, 1.0), &points), Some(((0.0, 0.0), (5.0, 5.0))));
        assert_eq!(ends((2.0, 0.0), &points), Some(((0.0, 2.0), (10.0, 2.0))));
        assert_eq!(ends((9.0, 0.0), &points), None);
    }
}
