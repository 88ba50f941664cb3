//! Lines over a common axis: how training went, and curves of a classifier.

use super::picture::{Anchor, Ink, Picture, kept_inside, width_of};
use super::scale::{Axis, full};

const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 50.0;
const LEGEND: f64 = 24.0;
/// Points that are pointed at: more would lie over each other.
const MOST_ZONES: usize = 240;
/// Lines that have points close enough are drawn without them.
const MOST_DOTS: usize = 40;

/// Lines.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lines {
    pub(crate) x_axis: String,
    pub(crate) y_axis: String,
    pub(crate) series: Vec<Series>,
    /// From (0, 0) to (1, 1): what chance gives, or what is perfect; with its name.
    pub(crate) diagonal: Option<&'static str>,
    /// Both axes from 0 to 1.
    pub(crate) is_share: bool,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Draws them.
pub(super) fn draw(lines: &Lines, width: f64) -> Picture {
    let Lines { x_axis, y_axis, series, diagonal, is_share } = lines;
    let points = || series.iter().flat_map(|line| line.points.iter());
    let ticks = ((width - LEFT) / 90.0).max(2.0);
    let (across, up) = if *is_share {
        (Axis::between(0.0, 1.0, ticks), Axis::between(0.0, 1.0, 5.0))
    } else {
        (Axis::over(points().map(|point| point.0), ticks), Axis::over(points().map(|point| point.1), 5.0))
    };
    let named: Vec<(Ink, &str)> = (0..)
        .map(Ink::Series)
        .zip(series.iter().map(|line| line.name.as_str()))
        .chain(diagonal.map(|name| (Ink::Muted, name)))
        .collect();
    let legend_lines = legend_lines(&named, width);
    #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
    let legend = if named.len() > 1 { LEGEND * legend_lines as f64 } else { 0.0 };
    let mut picture = Picture::new(width, HEIGHT + legend);
    let (left, right, top, bottom) = (LEFT, width - RIGHT, TOP, HEIGHT - BOTTOM);
    picture.words((2.0, 14.0), y_axis, Anchor::Start, Ink::Text, width - 8.0);
    for (value, text) in up.ticks() {
        let y = up.place(value, bottom, top);
        picture.line((left, y), (right, y), Ink::Grid, 1.0);
        picture.words((left - 8.0, y + 4.0), &text, Anchor::End, Ink::Muted, LEFT - 10.0);
    }
    for (value, text) in across.ticks() {
        let x = across.place(value, left, right);
        picture.line((x, bottom), (x, bottom + 5.0), Ink::Muted, 1.0);
        let (x, anchor) = kept_inside(x, &text, width);
        picture.words((x, bottom + 19.0), &text, anchor, Ink::Muted, 90.0);
    }
    let middle = f64::midpoint(left, right);
    picture.words((middle, HEIGHT - 8.0), x_axis, Anchor::Middle, Ink::Text, right - left);
    let place = |&(x, y): &(f64, f64)| (across.place(x, left, right), up.place(y, bottom, top));
    if diagonal.is_some() {
        picture.line(place(&(0.0, 0.0)), place(&(1.0, 1.0)), Ink::Muted, 1.0);
    }
    let zones = points().count().div_ceil(MOST_ZONES).max(1);
    for (ink, line) in (0..).map(Ink::Series).zip(series) {
        for pair in line.points.windows(2) {
            picture.line(place(&pair[0]), place(&pair[1]), ink, 2.5);
        }
        for (at, point) in line.points.iter().enumerate() {
            let (x, y) = place(point);
            if line.points.len() <= MOST_DOTS {
                picture.dot((x, y), 3.5, ink);
            }
            if at % zones == 0 || at + 1 == line.points.len() {
                let says = format!("{}: {x_axis} {}, {}", line.name, full(point.0), full(point.1));
                picture.zone(x - 7.0, y - 7.0, 14.0, 14.0, says);
            }
        }
    }
    if named.len() > 1 {
        draw_legend(&mut picture, &named, HEIGHT, width);
    }
    picture
}

/// Where a name of the legend goes after the one before: its line, and its place in it.
fn legend_places<'a>(
    named: &'a [(Ink, &'a str)],
    width: f64,
) -> impl Iterator<Item = (usize, f64, Ink, &'a str)> {
    let (mut line, mut x) = (0, 2.0);
    named.iter().map(move |&(ink, name)| {
        let needed = 24.0 + width_of(name) + 18.0;
        if x > 2.0 && x + needed > width {
            line += 1;
            x = 2.0;
        }
        let at = x;
        x += needed;
        (line, at, ink, name)
    })
}

/// Lines that the legend takes.
pub(super) fn legend_lines(named: &[(Ink, &str)], width: f64) -> usize {
    legend_places(named, width).last().map_or(0, |(line, ..)| line + 1)
}

/// Names beside their colours, from `top` on.
#[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
pub(super) fn draw_legend(picture: &mut Picture, named: &[(Ink, &str)], top: f64, width: f64) {
    for (line, x, ink, name) in legend_places(named, width) {
        let y = top + LEGEND * line as f64;
        picture.bar(x, y + 3.0, 16.0, 10.0, ink);
        picture.words((x + 22.0, y + 12.0), name, Anchor::Start, Ink::Text, width - x - 24.0);
    }
}
