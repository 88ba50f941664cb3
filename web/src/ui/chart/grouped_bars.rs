//! Bars of several series, group by group. Each bar has its series' name above it, so that colours only repeat it.

use super::picture::{Ink, Picture};
use super::rows::{self, Named};
use super::scale::{Axis, full, short};

/// Draws the bars of a group below each other.
pub(super) fn draw(axis_name: &str, series: &[String], groups: &[(String, Vec<f64>)], width: f64) -> Picture {
    let bars: Vec<(usize, f64, Named)> = groups
        .iter()
        .flat_map(|(group, values)| {
            series.iter().zip(values).enumerate().map(move |(number, (name, value))| {
                let name = format!("{group} · {name}");
                let says = format!("{name}: {}", full(*value));
                (number, *value, Named { name, numbers: short(*value), says })
            })
        })
        .collect();
    let axis = Axis::over(bars.iter().map(|(_, value, _)| *value).chain([0.0]), rows::wanted_ticks(width));
    let drawn: Vec<(usize, f64)> = bars.iter().map(|(number, value, _)| (*number, *value)).collect();
    let named: Vec<Named> = bars.into_iter().map(|(.., named)| named).collect();
    rows::draw(width, &axis, axis_name, &named, |picture, at, lane| {
        let (number, value) = drawn[at];
        let (zero, end) = (lane.place(0.0), lane.place(value));
        let ink = Ink::Series(u8::try_from(number % 6).unwrap_or_default());
        let length = (end - zero).abs().max(1.0);
        picture.bar(zero.min(end), lane.top + 1.0, length, lane.height - 2.0, ink);
    })
}
