//! One column as Mondrian sees it: widths, cuts and what is published.

use std::borrow::Cow;

use super::Recoding;
use crate::date::DateFormat;
use crate::hierarchy::{ANY, Cover, Group, Hierarchy, HierarchyError, is_blank, number, ratio};
use crate::table::Column;

pub(super) enum Axis<'a> {
    /// Values in an order, blank ones before all others.
    Line { column: &'a Column, line: Line },
    /// Values in the groups of a hierarchy.
    Tree { column: &'a Column, hierarchy: &'a Hierarchy, value_of: Vec<u32> },
}

pub(super) struct Line {
    kind: LineKind,
    /// For each value of the column its place, equal values sharing one.
    places: Vec<u32>,
    /// For each place its coordinate; places of blank cells have none.
    coordinates: Vec<Option<f64>>,
    /// For each place a value that stands there.
    spelling: Vec<u32>,
}

#[derive(Clone, Copy)]
enum LineKind {
    Numbers,
    Days(DateFormat),
    Set,
}

impl<'a> Axis<'a> {
    pub(super) fn new(column: &'a Column, recoding: &'a Recoding) -> Result<Self, HierarchyError> {
        let kind = match recoding {
            Recoding::Numbers => LineKind::Numbers,
            Recoding::Dates(format) => LineKind::Days(
                DateFormat::chosen(*format, column)
                    .ok_or_else(|| HierarchyError::NotDates { column: column.name().to_owned() })?,
            ),
            Recoding::Sets => LineKind::Set,
            Recoding::Hierarchy(hierarchy) => {
                return Ok(Self::Tree { column, hierarchy, value_of: hierarchy.bind(column)? });
            }
        };
        Ok(Self::Line { column, line: Line::new(column, kind)? })
    }

    /// How much of the column's range these rows take up, from 0 to 1.
    pub(super) fn width(&self, rows: &[u32]) -> f64 {
        match self {
            Self::Line { column, line } => {
                let places = rows.iter().map(|row| line.place(column, *row));
                let (low, high) = places.fold((u32::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
                line.width(low, high)
            }
            Self::Tree { column, hierarchy, value_of } => {
                let (level, group) = lowest_common(column, hierarchy, value_of, rows);
                hierarchy.levels()[level].groups[group as usize].loss
            }
        }
    }

    /// The parts of a cut, none of them empty; one part where there is nothing to cut.
    pub(super) fn cut(&self, rows: &[u32]) -> Vec<Vec<u32>> {
        match self {
            Self::Line { column, line } => {
                let mut places: Vec<u32> = rows.iter().map(|row| line.place(column, *row)).collect();
                let middle = places.len() / 2;
                let (_, median, _) = places.select_nth_unstable(middle);
                let median = *median;
                let below = places.iter().filter(|at| **at < median).count();
                let up_to = places.iter().filter(|at| **at <= median).count();
                // The more even one of "< median" and "≤ median".
                let first_right = match (below, up_to) {
                    (0, _) => median + 1,
                    (_, all) if all == rows.len() => median,
                    _ if rows.len().abs_diff(2 * below) < rows.len().abs_diff(2 * up_to) => median,
                    _ => median + 1,
                };
                let (left, right): (Vec<u32>, Vec<u32>) =
                    rows.iter().partition(|row| line.place(column, **row) < first_right);
                [left, right].into_iter().filter(|part| !part.is_empty()).collect()
            }
            Self::Tree { column, hierarchy, value_of } => {
                let (level, _) = lowest_common(column, hierarchy, value_of, rows);
                let Some(below) = level.checked_sub(1).map(|level| &hierarchy.levels()[level]) else {
                    return vec![rows.to_vec()];
                };
                let group =
                    |row: u32| below.group_of[value_of[column.codes()[row as usize] as usize] as usize];
                let mut sorted: Vec<(u32, u32)> = rows.iter().map(|row| (group(*row), *row)).collect();
                sorted.sort_unstable();
                sorted
                    .chunk_by(|a, b| a.0 == b.0)
                    .map(|part| part.iter().map(|(_, row)| *row).collect())
                    .collect()
            }
        }
    }

    /// What is published for these rows.
    pub(super) fn group(&self, rows: &[u32]) -> Group {
        match self {
            Self::Line { column, line } => line.group(column, rows),
            Self::Tree { column, hierarchy, value_of } => {
                let (level, group) = lowest_common(column, hierarchy, value_of, rows);
                (*hierarchy.levels()[level].groups[group as usize]).clone()
            }
        }
    }
}

/// The lowest level at which all rows share a group, and the group.
fn lowest_common(column: &Column, hierarchy: &Hierarchy, value_of: &[u32], rows: &[u32]) -> (usize, u32) {
    let value = |row: u32| value_of[column.codes()[row as usize] as usize] as usize;
    let Some(first) = rows.first().map(|row| value(*row)) else { return (0, 0) };
    let levels = hierarchy.levels();
    let mut level = 0;
    for row in rows {
        let at = value(*row);
        // The last level has one group, so this ends.
        while levels[level].group_of[at] != levels[level].group_of[first] {
            level += 1;
        }
    }
    (level, levels[level].group_of[first])
}

impl Line {
    fn new(column: &Column, kind: LineKind) -> Result<Self, HierarchyError> {
        let mut order: Vec<(Option<f64>, &str, u32)> = Vec::with_capacity(column.values().len());
        for (code, value) in (0_u32..).zip(column.values()) {
            let coordinate = match kind {
                LineKind::Set => None,
                _ if is_blank(value) => None,
                LineKind::Numbers => Some(number(value).ok_or_else(|| HierarchyError::NotANumber {
                    column: column.name().to_owned(),
                    row: column.first_row_of(code),
                })?),
                LineKind::Days(format) => format.days(value).map(|days| days as f64),
            };
            order.push((coordinate.map(|number| number + 0.0), value, code));
        }
        let key = |number: Option<f64>| number.unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| key(a.0).total_cmp(&key(b.0)).then_with(|| a.1.cmp(b.1)));
        let mut line =
            Self { kind, places: vec![0; order.len()], coordinates: Vec::new(), spelling: Vec::new() };
        let mut before: Option<Option<f64>> = None;
        for (coordinate, _, code) in order {
            if before != Some(coordinate) || matches!(kind, LineKind::Set) {
                line.coordinates.push(coordinate);
                line.spelling.push(code);
            }
            before = Some(coordinate);
            line.places[code as usize] = u32::try_from(line.spelling.len() - 1).expect("no more than rows");
        }
        Ok(line)
    }

    fn place(&self, column: &Column, row: u32) -> u32 {
        self.places[column.codes()[row as usize] as usize]
    }

    /// Range over range for numbers, values over values for sets, 1 where blank cells are mixed with others.
    fn width(&self, low: u32, high: u32) -> f64 {
        if low >= high {
            return 0.0;
        }
        let (low, high) = (low as usize, high as usize);
        match (self.coordinates[low], self.coordinates[high]) {
            (Some(from), Some(to)) => {
                let least = self.coordinates.iter().flatten().next().copied().unwrap_or(from);
                let most = self.coordinates.last().copied().flatten().unwrap_or(to);
                (to - from) / (most - least)
            }
            _ if matches!(self.kind, LineKind::Set) => ratio(high - low + 1, self.spelling.len()),
            _ => 1.0,
        }
    }

    fn group(&self, column: &Column, rows: &[u32]) -> Group {
        let mut places: Vec<u32> = rows.iter().map(|row| self.place(column, *row)).collect();
        places.sort_unstable();
        places.dedup();
        let (Some(low), Some(high)) = (places.first(), places.last()) else { return Group::any() };
        let text = |place: u32| column.value(self.spelling[place as usize]).trim();
        match self.kind {
            LineKind::Set => self.set(column, &places),
            // Several spellings may share the place; the cell is published in one of them.
            LineKind::Numbers | LineKind::Days(_) if low == high => {
                let cells = (0_u32..).zip(&self.places).filter(|(_, place)| *place == low);
                let mut cells: Vec<String> = cells.map(|(code, _)| column.value(code).to_owned()).collect();
                cells.sort_unstable();
                Group { label: text(*low).to_owned(), loss: 0.0, cover: Cover::Cells(cells) }
            }
            LineKind::Numbers | LineKind::Days(_) => {
                let ends = (self.coordinates[*low as usize], self.coordinates[*high as usize]);
                let (Some(from), Some(to)) = ends else { return Group::any() };
                let label = format!("[{}, {}]", text(*low), text(*high));
                let cover = match self.kind {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "days of a date with four digits of year"
                    )]
                    LineKind::Days(format) => Cover::Days { low: from as i64, high: to as i64, format },
                    LineKind::Numbers | LineKind::Set => {
                        Cover::Numbers { low: from, high: to, high_included: true }
                    }
                };
                Group { label, loss: self.width(*low, *high), cover }
            }
        }
    }

    /// The values that occur, not those that lie between: `{a, c}`.
    fn set(&self, column: &Column, places: &[u32]) -> Group {
        let cells: Vec<String> =
            places.iter().map(|place| column.value(self.spelling[*place as usize]).to_owned()).collect();
        match cells.as_slice() {
            [cell] => Group::exactly(cell),
            all if all.len() == self.spelling.len() => Group { label: ANY.to_owned(), ..Group::any() },
            some => {
                let label = some.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(", ");
                let loss = ratio(some.len(), self.spelling.len());
                Group { label: format!("{{{label}}}"), loss, cover: Cover::Cells(cells) }
            }
        }
    }
}

/// A cell as it stands in a set: in quotation marks where a comma or a brace could be misread.
fn quoted(cell: &str) -> Cow<'_, str> {
    if cell.is_empty() || cell.contains([',', '{', '}', '"']) {
        Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(cell)
    }
}
