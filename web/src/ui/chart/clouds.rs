//! Points of several groups, each with its colour and shape; a line at 0 where that is what matters.

use super::lines::{draw_legend, legend_lines};
use super::picture::{Anchor, Ink, Picture, kept_inside};
use super::scale::{Axis, full};

const HEIGHT: f64 = 340.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 50.0;
const LEGEND: f64 = 24.0;
const REACH: f64 = 8.0;
/// Points that are pointed at.
const MOST_ZONES: usize = 300;

/// Groups of points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clouds {
    pub(crate) x_axis: String,
    pub(crate) y_axis: String,
    pub(crate) clouds: Vec<Cloud>,
}

/// A group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cloud {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
    /// Drawn as rings larger than points: centroids.
    pub(crate) are_centres: bool,
}

/// Draws them.
pub(super) fn draw(clouds: &Clouds, width: f64) -> Picture {
    let Clouds { x_axis, y_axis, clouds } = clouds;
    let points = || clouds.iter().flat_map(|cloud| cloud.points.iter());
    let across = Axis::over(points().map(|point| point.0), ((width - LEFT) / 90.0).max(2.0));
    let up = Axis::over(points().map(|point| point.1), 5.0);
    let named: Vec<(Ink, &str)> = (0..)
        .map(Ink::Series)
        .zip(clouds)
        .map(|(ink, cloud)| (if cloud.are_centres { Ink::Text } else { ink }, cloud.name.as_str()))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
    let legend = if named.len() > 1 { LEGEND * legend_lines(&named, width) as f64 } else { 0.0 };
    let mut picture = Picture::new(width, HEIGHT + legend);
    let (left, right, top, bottom) = (LEFT, width - RIGHT, TOP, HEIGHT - BOTTOM);
    picture.words((2.0, 14.0), y_axis, Anchor::Start, Ink::Text, width - 8.0);
    for (value, text) in up.ticks() {
        let y = up.place(value, bottom, top);
        let (ink, thickness) = if value == 0.0 { (Ink::Muted, 1.5) } else { (Ink::Grid, 1.0) };
        picture.line((left, y), (right, y), ink, thickness);
        picture.words((left - 8.0, y + 4.0), &text, Anchor::End, Ink::Muted, LEFT - 10.0);
    }
    for (value, text) in across.ticks() {
        let x = across.place(value, left, right);
        picture.line((x, top), (x, bottom), Ink::Grid, 1.0);
        let (x, anchor) = kept_inside(x, &text, width);
        picture.words((x, bottom + 19.0), &text, anchor, Ink::Muted, 90.0);
    }
    let middle = f64::midpoint(left, right);
    picture.words((middle, HEIGHT - 8.0), x_axis, Anchor::Middle, Ink::Text, right - left);
    let zones = points().count().div_ceil(MOST_ZONES).max(1);
    for (series, cloud) in (0_u8..).zip(clouds) {
        for (at, &(x, y)) in cloud.points.iter().enumerate() {
            let place = (across.place(x, left, right), up.place(y, bottom, top));
            if cloud.are_centres {
                picture.ring(place, 7.0, Ink::Text);
            } else if series % 2 == 1 {
                // Shapes repeat what colours say.
                picture.bar(place.0 - 3.5, place.1 - 3.5, 7.0, 7.0, Ink::Series(series)).opacity = 0.75;
            } else {
                picture.dot(place, 4.0, Ink::Series(series)).opacity = 0.75;
            }
            if at % zones == 0 || cloud.are_centres {
                let says = format!("{}: {x_axis} {}, {y_axis} {}", cloud.name, full(x), full(y));
                picture.zone(place.0 - REACH, place.1 - REACH, 2.0 * REACH, 2.0 * REACH, says);
            }
        }
    }
    if named.len() > 1 {
        draw_legend(&mut picture, &named, HEIGHT, width);
    }
    picture
}
