//! Boxes from quantiles: half of the values are in the box, a line marks the median, whiskers reach the extremes.

use veilsum_analysis::answer::BoxPlot;

use super::picture::{Ink, Picture};
use super::rows::{self, Named};
use super::scale::{Axis, full, short};

/// Draws one row per box.
pub(super) fn draw(axis_name: &str, boxes: &[BoxPlot], width: f64) -> Picture {
    let values = boxes.iter().flat_map(|shown| shown.five.iter().copied().chain(shown.mean));
    let axis = Axis::over(values, rows::wanted_ticks(width));
    let named: Vec<Named> = boxes.iter().map(named).collect();
    rows::draw(width, &axis, axis_name, &named, |picture, at, lane| {
        let BoxPlot { five, mean, .. } = &boxes[at];
        let [low, first, median, third, high] = five.map(|value| lane.place(value));
        let ink = Ink::Series(0);
        let (top, bottom, middle) = (lane.top + 1.0, lane.top + lane.height - 1.0, lane.middle());
        picture.line((low, middle), (high, middle), ink, 1.5);
        for end in [low, high] {
            picture.line((end, top + 4.0), (end, bottom - 4.0), ink, 1.5);
        }
        picture.frame(first, top, (third - first).max(1.0), bottom - top, ink);
        picture.line((median, top), (median, bottom), ink, 3.0);
        if let Some(mean) = mean {
            picture.ring((lane.place(*mean), middle), 4.0, Ink::Series(1));
        }
    })
}

fn named(shown: &BoxPlot) -> Named {
    let [low, first, median, third, high] = shown.five;
    let mean = shown.mean.map_or_else(String::new, |mean| format!(", mean (ring) {}", full(mean)));
    Named {
        name: shown.name.clone(),
        numbers: format!("median {}", short(median)),
        says: format!(
            "{}: minimum {}, first quartile {}, median {}, third quartile {}, maximum {}{mean}",
            shown.name,
            full(low),
            full(first),
            full(median),
            full(third),
            full(high)
        ),
    }
}
