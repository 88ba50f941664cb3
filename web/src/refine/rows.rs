//! Rows: all rows of the table, of which the page holds only those around what is looked at.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Open};
use crate::messages::Fault;
use crate::messages::refine::{RowsHead, ShownRow, Which};
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::loaded::Loaded;
use crate::ui::progress::{Bar, ProgressBar};
use crate::ui::words::{bytes, count, counted, percent};

/// Height of a row in pixels, as the stylesheet has it.
const ROW_HEIGHT: f64 = 33.0;
/// Tallest that the table may be: browsers draw nothing beyond some ten million pixels, so that a longer table moves by
/// more than one row with each.
const TALLEST: f64 = 8_000_000.0;
/// Rows that are asked for at once.
const ROWS_AT_ONCE: u32 = 300;
/// Rows that are drawn above and below what is seen.
const ROWS_AROUND: u64 = 12;
/// Columns that are shown at once.
const COLUMNS_AT_ONCE: usize = 24;

/// The screen.
#[component]
pub(super) fn RowsScreen() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let is_prepared = Memo::new(move |_| desk.table().is_some_and(|open| open.state.prepared.is_some()));
    let which = RwSignal::new(if untrack(|| is_prepared.get()) { Which::Prepared } else { Which::File });
    let shown = Memo::new(move |_| if is_prepared.get() { which.get() } else { Which::File });
    let choice = move |value: Which, id: &'static str, label: &'static str| {
        view! {
            <button
                type="button" class="button" data-testid=id aria-pressed=move || (shown.get() == value).to_string()
                on:click=move |_| which.set(value)
            >{label}</button>
        }
    };
    view! {
        <section class="panel browser-side" aria-labelledby="rows-title">
            <div class="section-head">
                <h2 id="rows-title"><Icon symbol=Symbol::Browser/>"Rows, in this browser"</h2>
                <Show when=move || is_prepared.get()>
                    <div class="actions" role="group" aria-label="Which rows">
                        {choice(Which::File, "rows-of-file", "As in the file")}
                        {choice(Which::Prepared, "rows-prepared", "As prepared")}
                    </div>
                </Show>
            </div>
            {move || view! { <OfTable which=shown.get()/> }}
        </section>
    }
}

/// The rows of the file, or the prepared ones, once they are ready.
#[component]
fn OfTable(which: Which) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let head = Loaded::new(move || {
        // Steps that were taken meanwhile make other rows.
        desk.open.track();
        Box::pin(desk.vault.open_rows(which))
    });
    let bar = Signal::derive(move || {
        let progress = desk.vault.activity.refining.get();
        Bar {
            label: "Making the rows ready".to_owned(),
            share: progress.map(|progress| (progress.done, progress.total)),
            facts: progress
                .map(|progress| format!("{} %", percent(progress.done, progress.total)))
                .into_iter()
                .collect(),
        }
    });
    move || match head.get() {
        None => view! { <ProgressBar bar testid="rows-progress"/> }.into_any(),
        Some(Err(fault)) => view! { <FaultNote fault testid="rows-fault"/> }.into_any(),
        Some(Ok(head)) => {
            let flagged = desk.table().map(|open| flagged(&open, which)).unwrap_or_default();
            view! { <Scroller which head flagged/> }.into_any()
        }
    }
}

/// Why rows are marked, by their number in the file.
fn flagged(open: &Arc<Open>, which: Which) -> HashMap<u64, String> {
    let mut reasons = HashMap::<u64, String>::new();
    for flagged in open.reports.iter().flat_map(|report| &report.flagged.listed) {
        let column = flagged.column.as_ref().map(|column| format!("{column}: ")).unwrap_or_default();
        let reason = reasons.entry(flagged.row).or_default();
        if !reason.is_empty() {
            reason.push_str("; ");
        }
        reason.push_str(&format!("{column}{}", flagged.reason));
    }
    // Rows that a step has made have no number.
    reasons.remove(&0);
    if which == Which::File || !reasons.is_empty() { reasons } else { HashMap::new() }
}

/// Rows that the page holds.
#[derive(Debug, Clone, Default, PartialEq)]
struct Held {
    first: u64,
    rows: Vec<ShownRow>,
}

impl Held {
    fn get(&self, row: u64) -> Option<&ShownRow> {
        let at = usize::try_from(row.checked_sub(self.first)?).ok()?;
        self.rows.get(at)
    }

    fn has(&self, first: u64, end: u64) -> bool {
        self.first <= first && self.first + self.rows.len() as u64 >= end
    }
}

/// Where a table of many rows stands that is drawn at most [`TALLEST`] pixels tall.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    row_count: u64,
    /// Rows that are seen.
    seen: u64,
}

impl Place {
    /// Pixels of all rows.
    fn height(self) -> f64 {
        (as_pixels(self.row_count) * ROW_HEIGHT).min(TALLEST)
    }

    fn is_scaled(self) -> bool {
        as_pixels(self.row_count) * ROW_HEIGHT > TALLEST
    }

    /// How far can be scrolled.
    fn reach(self) -> f64 {
        (self.height() - as_pixels(self.seen) * ROW_HEIGHT).max(1.0)
    }

    /// The first row that is seen.
    fn first(self, scrolled: f64) -> u64 {
        let last = self.row_count.saturating_sub(self.seen);
        let row = if self.is_scaled() {
            (scrolled / self.reach()).clamp(0.0, 1.0) * as_pixels(last)
        } else {
            scrolled / ROW_HEIGHT
        };
        whole(row).min(last)
    }

    /// How far to scroll until a row is the first that is seen.
    fn scroll_to(self, row: u64) -> f64 {
        let last = self.row_count.saturating_sub(self.seen).max(1);
        let row = as_pixels(row.min(last));
        // Half a row more, so that rounding in the browser does not end at the one before.
        if self.is_scaled() { (row + 0.5) / as_pixels(last) * self.reach() } else { row * ROW_HEIGHT }
    }
}

#[component]
fn Scroller(which: Which, head: RowsHead, flagged: HashMap<u64, String>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let RowsHead { header, row_count, kept_bytes, index_bytes } = head;
    let column_count = header.len();
    let element = NodeRef::<Div>::new();
    let place = RwSignal::new(Place { row_count, seen: 16 });
    let first = RwSignal::new(0_u64);
    let held = RwSignal::new(Held::default());
    let fault = RwSignal::new(None::<Fault>);
    let first_column = RwSignal::new(0_usize);
    let asked = StoredValue::new(None::<u64>);
    let flagged = StoredValue::new(flagged);
    let header = StoredValue::new(header);

    let range = Memo::new(move |_| {
        let (first, place) = (first.get(), place.get());
        (first.saturating_sub(ROWS_AROUND), row_count.min(first + place.seen + ROWS_AROUND))
    });
    Effect::new(move |_| {
        let (start, end) = range.get();
        if held.with(|held| held.has(start, end)) || asked.get_value() == Some(start) {
            return;
        }
        asked.set_value(Some(start));
        let from = start.saturating_sub(u64::from(ROWS_AT_ONCE) / 3);
        spawn_local(async move {
            let rows = desk.vault.rows(which, from, ROWS_AT_ONCE).await;
            // Whoever scrolled on asked anew.
            if asked.try_get_value() != Some(Some(start)) {
                return;
            }
            asked.try_set_value(None);
            match rows {
                Ok(rows) => {
                    held.try_set(Held { first: from, rows });
                }
                Err(error) => {
                    fault.try_set(Some(error));
                }
            }
        });
    });
    // In a scaled table several rows share a pixel: which of them was meant.
    let pinned = StoredValue::new(None::<(i32, u64)>);
    let look = move || {
        if let Some(element) = element.get_untracked() {
            let seen = whole(f64::from(element.client_height()) / ROW_HEIGHT).max(1);
            if place.get_untracked().seen != seen {
                place.update(|place| place.seen = seen);
            }
            let top = element.scroll_top();
            let now = match pinned.get_value() {
                Some((at, row)) if at == top => row,
                Some(_) | None => place.get_untracked().first(f64::from(top)),
            };
            if first.get_untracked() != now {
                first.set(now);
            }
        }
    };
    let go = move |row: u64| {
        if let Some(element) = element.get_untracked() {
            look();
            let row = row.min(row_count.saturating_sub(place.get_untracked().seen));
            element.set_scroll_top(pixels(place.get_untracked().scroll_to(row)));
            pinned.set_value(Some((element.scroll_top(), row)));
            look();
        }
    };
    // The browser's own steps would be many rows in a scaled table.
    let step = move |rows: f64| {
        let now = as_pixels(first.get_untracked());
        go(whole((now + rows).max(0.0)));
    };
    let on_wheel = move |event: web_sys::WheelEvent| {
        if place.get_untracked().is_scaled() && !event.ctrl_key() && event.delta_y() != 0.0 {
            event.prevent_default();
            let rows = if event.delta_mode() == 0 { event.delta_y() / ROW_HEIGHT } else { event.delta_y() };
            step(if rows > 0.0 { rows.ceil() } else { rows.floor() });
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let page = as_pixels(place.get_untracked().seen.saturating_sub(1));
        let rows = match event.key().as_str() {
            "ArrowDown" => 1.0,
            "ArrowUp" => -1.0,
            "PageDown" => page,
            "PageUp" => -page,
            _ => return,
        };
        if place.get_untracked().is_scaled() {
            event.prevent_default();
            step(rows);
        }
    };
    let wanted = RwSignal::new(String::new());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let row = wanted.get_untracked().replace([',', ' '], "").parse::<u64>().ok();
        if let Some(row) = row {
            go(row.clamp(1, row_count.max(1)) - 1);
        }
    };
    let has_more = column_count > COLUMNS_AT_ONCE;
    let columns = move || first_column.get()..column_count.min(first_column.get() + COLUMNS_AT_ONCE);
    view! {
        <p class="hint" data-testid="rows-head">{format!(
            "{} × {}. The browser keeps {} of them outside of this page's memory; finding any row takes {}, and the page holds {} at most.",
            counted(row_count, "row"), counted(column_count as u64, "column"), bytes(kept_bytes), bytes(index_bytes),
            counted(ROWS_AT_ONCE.into(), "row")
        )}</p>
        <form class="run-line" on:submit=submit>
            <div class="field">
                <label for="go-to-row">{if which == Which::File { "Go to row" } else { "Go to prepared row" }}</label>
                <input
                    type="text" inputmode="numeric" id="go-to-row" data-testid="go-to-row" prop:value=wanted
                    on:input:target=move |event| wanted.set(event.target().value())
                />
            </div>
            <button type="submit" class="button" data-testid="go">"Go"</button>
            <button type="button" class="button quiet" data-testid="go-last" on:click=move |_| go(row_count.saturating_sub(1))>"Last row"</button>
            {has_more.then(|| view! {
                <button
                    type="button" class="button quiet" data-testid="columns-before" disabled=move || first_column.get() == 0
                    on:click=move |_| first_column.update(|first| *first = first.saturating_sub(COLUMNS_AT_ONCE))
                >"Columns before"</button>
                <button
                    type="button" class="button quiet" data-testid="columns-after" disabled=move || first_column.get() + COLUMNS_AT_ONCE >= column_count
                    on:click=move |_| first_column.update(|first| *first += COLUMNS_AT_ONCE)
                >"Columns after"</button>
            })}
            <p class="hint" role="status" data-testid="rows-seen">{move || {
                let (from, until) = (first.get() + 1, row_count.min(first.get() + place.get().seen));
                let columns = columns();
                let of_columns = if has_more { format!("; columns {} to {} of {column_count}", columns.start + 1, columns.end) } else { String::new() };
                format!("{} to {} of {}{of_columns}", count(from.min(until)), count(until), counted(row_count, "row"))
            }}</p>
        </form>
        {move || fault.get().map(|fault| view! { <FaultNote fault/> })}
        <div
            class="refine-rows" tabindex="0" role="region" aria-labelledby="rows-title" data-testid="rows" node_ref=element
            on:scroll=move |_| look() on:wheel=on_wheel on:keydown=on_key
        >
            <table aria-rowcount=(row_count + 1).to_string() aria-colcount=(column_count + 1).to_string()>
                <thead><tr aria-rowindex="1">
                    <th scope="col" class="refine-number">"Row"</th>
                    {move || header.with_value(|header| header[columns()].iter().map(|name| view! { <th scope="col" title=name.clone()>{name.clone()}</th> }).collect_view())}
                </tr></thead>
                <tbody>
                    {move || {
                        let (start, end) = range.get();
                        let place = place.get();
                        // Rows stand where they are seen, whatever the scale of the whole.
                        let above = if place.is_scaled() {
                            let scrolled = element.get_untracked().map_or(0.0, |element| f64::from(element.scroll_top()));
                            let before = as_pixels(first.get_untracked() - start) * ROW_HEIGHT;
                            (scrolled - before).max(0.0)
                        } else {
                            as_pixels(start) * ROW_HEIGHT
                        };
                        let drawn = as_pixels(end - start) * ROW_HEIGHT;
                        let below = (place.height() - above - drawn).max(0.0);
                        let columns = columns();
                        view! {
                            <tr class="refine-gap" aria-hidden="true" style:height=format!("{above}px")></tr>
                            {(start..end).map(|row| {
                                let shown = held.with(|held| held.get(row).cloned());
                                row_view(row, shown, columns.clone(), flagged)
                            }).collect_view()}
                            <tr class="refine-gap" aria-hidden="true" style:height=format!("{below}px")></tr>
                        }
                    }}
                </tbody>
            </table>
        </div>
        {flagged.with_value(|flagged| (!flagged.is_empty()).then(|| view! {
            <p class="hint"><Icon symbol=Symbol::Warning/>{format!(" marks {} that steps have flagged; point at one to see why.", counted(flagged.len() as u64, "row"))}</p>
        }))}
    }
}

fn row_view(
    row: u64,
    shown: Option<ShownRow>,
    columns: core::ops::Range<usize>,
    flagged: StoredValue<HashMap<u64, String>>,
) -> impl IntoView {
    let number = shown.as_ref().and_then(|shown| shown.number);
    let why = number.and_then(|number| flagged.with_value(|flagged| flagged.get(&number).cloned()));
    let label = match (&shown, number) {
        (None, _) => count(row + 1),
        (Some(_), Some(number)) => count(number),
        (Some(_), None) => "made".to_owned(),
    };
    let cells =
        columns.map(|at| shown.as_ref().and_then(|shown| shown.cells.get(at)).cloned().unwrap_or_default());
    view! {
        <tr aria-rowindex=(row + 2).to_string() class:flagged=why.is_some() title=why.clone() data-row=(row + 1).to_string()>
            <th scope="row" class="refine-number">
                {why.as_ref().map(|why| view! { <Icon symbol=Symbol::Warning/><span class="visually-hidden">{format!("Flagged: {why}. ")}</span> })}
                {label}
            </th>
            {cells.map(|cell| view! { <td>{cell}</td> }).collect_view()}
        </tr>
    }
}

#[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
fn as_pixels(rows: u64) -> f64 {
    rows as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
fn whole(rows: f64) -> u64 {
    rows.floor() as u64
}

#[expect(clippy::cast_possible_truncation, reason = "at most the tallest table")]
fn pixels(scroll: f64) -> i32 {
    scroll.ceil() as i32
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_row_of_a_long_table_can_be_scrolled_to() {
        for row_count in [40, 1_000, 200_000, 1_000_000, 30_000_000] {
            let place = Place { row_count, seen: 17 };
            assert!(place.height() <= TALLEST);
            assert_eq!(place.first(0.0), 0);
            let last = row_count - 17;
            assert_eq!(place.first(place.reach()), last);
            // Pixels are whole, so that of very long tables only some rows can come first.
            for row in [0, 1, last / 3, last - 1, last].into_iter().filter(|_| row_count <= 200_000) {
                assert_eq!(place.first(f64::from(pixels(place.scroll_to(row)))), row, "{row} of {row_count}");
            }
        }
    }

    #[test]
    fn a_short_table_starts_with_its_first_row() {
        let place = Place { row_count: 3, seen: 17 };
        assert_eq!((place.first(0.0), place.first(1e9)), (0, 0));
    }

    #[test]
    fn held_rows_are_found_by_their_place() {
        let row = |number| ShownRow { number: Some(number), cells: Vec::new() };
        let held = Held { first: 10, rows: vec![row(11), row(12)] };
        assert_eq!(held.get(11).and_then(|row| row.number), Some(12));
        assert!(held.get(9).is_none() && held.get(12).is_none());
        assert!(held.has(10, 12) && !held.has(10, 13) && !held.has(9, 11));
    }
}
