//! Numbers with intervals, one per row: bars from 0 for counts and sums, points for means and coefficients.

use veilsum_analysis::answer::Estimate;

use super::picture::{Ink, Picture};
use super::rows::{self, Lane, Named};
use super::scale::{Axis, full, short};

/// Draws a bar or a point per group.
pub(super) fn groups(axis_name: &str, bars: bool, groups: &[Estimate], width: f64) -> Picture {
    draw(axis_name, groups, bars, width, |picture, group, lane| {
        if bars {
            let (zero, value) = (lane.place(0.0), lane.place(group.value));
            let (from, length) = (zero.min(value), (value - zero).abs());
            picture.bar(from, lane.top + 1.0, length.max(1.0), lane.height - 2.0, Ink::Series(0));
            interval(picture, group, lane, Ink::Text);
        } else {
            interval(picture, group, lane, Ink::Series(0));
            picture.dot((lane.place(group.value), lane.middle()), 5.0, Ink::Series(0));
        }
    })
}

/// Draws coefficients around 0: filled where the interval is on one side of it, hollow where it is not.
pub(super) fn coefficients(axis_name: &str, estimates: &[Estimate], width: f64) -> Picture {
    draw(axis_name, estimates, true, width, |picture, estimate, lane| {
        interval(picture, estimate, lane, Ink::Series(0));
        let at = (lane.place(estimate.value), lane.middle());
        if estimate.interval.is_some_and(|(low, high)| low <= 0.0 && high >= 0.0) {
            picture.ring(at, 4.5, Ink::Series(0));
        } else {
            picture.dot(at, 5.0, Ink::Series(0));
        }
    })
}

fn draw(
    axis_name: &str,
    estimates: &[Estimate],
    with_zero: bool,
    width: f64,
    mark: impl Fn(&mut Picture, &Estimate, &Lane<'_>),
) -> Picture {
    let ends = |estimate: &Estimate| {
        let (low, high) = estimate.interval.unwrap_or((estimate.value, estimate.value));
        [estimate.value, low, high]
    };
    let values = estimates.iter().flat_map(ends).chain(with_zero.then_some(0.0));
    let axis = Axis::over(values, rows::wanted_ticks(width));
    let named: Vec<Named> = estimates.iter().map(named).collect();
    rows::draw(width, &axis, axis_name, &named, |picture, at, lane| mark(picture, &estimates[at], lane))
}

/// A line from end to end, with a bar across each.
fn interval(picture: &mut Picture, estimate: &Estimate, lane: &Lane<'_>, ink: Ink) {
    let Some((low, high)) = estimate.interval else { return };
    let (low, high, middle) = (lane.place(low), lane.place(high), lane.middle());
    picture.line((low, middle), (high, middle), ink, 2.0);
    for end in [low, high] {
        picture.line((end, middle - 5.0), (end, middle + 5.0), ink, 2.0);
    }
}

fn named(estimate: &Estimate) -> Named {
    let Estimate { name, value, interval } = estimate;
    let (numbers, says) = match interval {
        Some((low, high)) => (
            format!("{} ({} to {})", short(*value), short(*low), short(*high)),
            format!("{name}: {}, interval {} to {}", full(*value), full(*low), full(*high)),
        ),
        None => (short(*value), format!("{name}: {}", full(*value))),
    };
    Named { name: name.clone(), numbers, says }
}
