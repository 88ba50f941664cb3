//! Charts of rows over one horizontal axis: the name above, the mark under it. There is room for long names, however
//! narrow the screen is.

use super::picture::{Anchor, Ink, Picture, kept_inside};
use super::scale::Axis;

/// Most rows that are drawn; the table has all.
pub(super) const MOST_ROWS: usize = 60;

const EDGE: f64 = 14.0;
const NAME: f64 = 20.0;
const MARK: f64 = 18.0;
const GAP: f64 = 10.0;
const TICKS: f64 = 26.0;
const TITLE: f64 = 22.0;
const ROOM_PER_TICK: f64 = 90.0;

/// What is written above a mark, and said of it.
pub(super) struct Named {
    pub(super) name: String,
    /// The numbers in short, at the right.
    pub(super) numbers: String,
    pub(super) says: String,
}

/// About as many ticks as there is room for.
pub(super) fn wanted_ticks(width: f64) -> f64 {
    ((width - 2.0 * EDGE) / ROOM_PER_TICK).clamp(2.0, 8.0)
}

/// The place of a mark.
pub(super) struct Lane<'a> {
    axis: &'a Axis,
    width: f64,
    /// Upper edge.
    pub(super) top: f64,
    /// Height.
    pub(super) height: f64,
}

impl Lane<'_> {
    /// Where a value is.
    pub(super) fn place(&self, value: f64) -> f64 {
        self.axis.place(value, EDGE, self.width - EDGE)
    }

    /// Half way down.
    pub(super) fn middle(&self) -> f64 {
        self.top + self.height / 2.0
    }
}

/// Draws rows; `mark` draws one at its place.
pub(super) fn draw(
    width: f64,
    axis: &Axis,
    axis_name: &str,
    rows: &[Named],
    mut mark: impl FnMut(&mut Picture, usize, &Lane<'_>),
) -> Picture {
    let shown = &rows[..rows.len().min(MOST_ROWS)];
    #[expect(clippy::cast_precision_loss, reason = "at most MOST_ROWS")]
    let bottom = shown.len() as f64 * (NAME + MARK + GAP);
    let mut picture = Picture::new(width, bottom + TICKS + TITLE);
    let (start, end) = (EDGE, width - EDGE);
    for (value, text) in axis.ticks() {
        let x = axis.place(value, start, end);
        let (ink, thickness) = if value == 0.0 { (Ink::Muted, 1.5) } else { (Ink::Grid, 1.0) };
        picture.line((x, 0.0), (x, bottom), ink, thickness);
        let (x, anchor) = kept_inside(x, &text, width);
        picture.words((x, bottom + 16.0), &text, anchor, Ink::Muted, ROOM_PER_TICK);
    }
    picture.words((width / 2.0, bottom + TICKS + 12.0), axis_name, Anchor::Middle, Ink::Text, width - 8.0);
    let mut top = 0.0;
    for (at, row) in shown.iter().enumerate() {
        let numbers = super::picture::width_of(&row.numbers);
        // Grid lines do not run through words.
        picture.bar(0.0, top, width, NAME, Ink::Surface);
        picture.words((2.0, top + 14.0), &row.name, Anchor::Start, Ink::Text, width - numbers - 24.0);
        picture.words((width - 2.0, top + 14.0), &row.numbers, Anchor::End, Ink::Muted, width - 40.0);
        let lane = Lane { axis, width, top: top + NAME, height: MARK };
        mark(&mut picture, at, &lane);
        picture.zone(0.0, top, width, NAME + MARK + GAP / 2.0, row.says.clone());
        top += NAME + MARK + GAP;
    }
    picture
}
