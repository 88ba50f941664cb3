//! Charts of answers and of models: the picture, what is said of the mark that is pointed at, the same as a table, and
//! saving it.

mod boxes;
mod clouds;
mod estimates;
mod grouped_bars;
mod heat_map;
mod histogram;
mod lines;
mod matrix;
mod picture;
mod plot;
mod rows;
mod saved;
pub(crate) mod scale;
mod scatter;
mod twin;

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_analysis::answer::{Chart, ChartKind};

pub(crate) use self::clouds::{Cloud, Clouds};
pub(crate) use self::histogram::Counts;
pub(crate) use self::lines::{Lines, Series};
pub(crate) use self::matrix::Matrix;
use self::picture::Picture;
use self::plot::Plot;
use self::twin::NumbersTable;
use crate::ui::icon::{Icon, Symbol};

/// Width before the screen was measured, and the range that pictures are made for.
const USUAL_WIDTH: f64 = 640.0;
const NARROWEST: f64 = 240.0;
const WIDEST: f64 = 720.0;

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Drawn {
    /// A chart of an analysis.
    Answer(ChartKind),
    /// Lines over a common axis.
    Lines(Lines),
    /// Counts of pairs.
    Matrix(Matrix),
    /// Points of several groups.
    Clouds(Clouds),
    /// How many of something are in each bin.
    Counts(Counts),
}

/// Draws a chart for so much room.
fn draw(drawn: &Drawn, width: f64) -> Picture {
    match drawn {
        Drawn::Answer(kind) => draw_answer(kind, width),
        Drawn::Lines(drawn) => lines::draw(drawn, width),
        Drawn::Matrix(drawn) => matrix::draw(drawn, width),
        Drawn::Clouds(drawn) => clouds::draw(drawn, width),
        Drawn::Counts(drawn) => histogram::draw(drawn, width),
    }
}

fn draw_answer(kind: &ChartKind, width: f64) -> Picture {
    match kind {
        ChartKind::Histogram { column, edges, counts } => {
            let drawn = Counts {
                one: "row",
                many: "rows",
                axis: column.clone(),
                edges: edges.clone(),
                counts: counts.clone(),
            };
            histogram::draw(&drawn, width)
        }
        ChartKind::Boxes { axis, boxes } => boxes::draw(axis, boxes, width),
        ChartKind::Groups { axis, bars, groups } => estimates::groups(axis, *bars, groups, width),
        ChartKind::GroupedBars { axis, series, groups } => grouped_bars::draw(axis, series, groups, width),
        ChartKind::HeatMap { names, values } => heat_map::draw(names, values, width),
        ChartKind::Coefficients { axis, estimates } => estimates::coefficients(axis, estimates, width),
        ChartKind::Scatter { x_axis, y_axis, points, line } => {
            scatter::draw(scatter::Scatter { x_axis, y_axis, points, line: *line }, width)
        }
    }
}

/// Rows of a chart that are not drawn.
fn left_out(drawn: &Drawn) -> usize {
    let Drawn::Answer(kind) = drawn else { return 0 };
    let rows = match kind {
        ChartKind::Boxes { boxes, .. } => boxes.len(),
        ChartKind::Groups { groups, .. } => groups.len(),
        ChartKind::GroupedBars { series, groups, .. } => groups.len() * series.len(),
        ChartKind::Coefficients { estimates, .. } => estimates.len(),
        ChartKind::Histogram { .. } | ChartKind::HeatMap { .. } | ChartKind::Scatter { .. } => 0,
    };
    rows.saturating_sub(rows::MOST_ROWS)
}

/// A chart of an analysis.
#[component]
pub(crate) fn ChartFigure(
    chart: Chart,
    /// What a saved picture is called, without an ending.
    file_name: String,
) -> impl IntoView {
    let Chart { title, description, kind } = chart;
    view! { <DrawnFigure title description drawn=Drawn::Answer(kind) file_name/> }
}

/// A chart with its title, its numbers and buttons to save it.
#[component]
pub(crate) fn DrawnFigure(
    /// What it shows, in a sentence.
    title: String,
    /// The same for who does not see it.
    description: String,
    drawn: Drawn,
    /// What a saved picture is called, without an ending.
    file_name: String,
) -> impl IntoView {
    let hidden = left_out(&drawn);
    let failed = RwSignal::new(false);
    let chart = StoredValue::new((title.clone(), description.clone(), drawn.clone(), file_name));
    let save_svg = move |_| {
        let saved = chart
            .with_value(|(title, description, drawn, name)| saved::as_svg(title, description, drawn, name));
        failed.set(saved.is_err());
    };
    let save_png = move |_| {
        spawn_local(async move {
            let (title, description, drawn, name) = chart.get_value();
            let saved = saved::as_png(&title, &description, &drawn, &name).await;
            failed.try_set(saved.is_err());
        });
    };
    view! {
        <figure class="chart picture" data-testid="chart">
            <figcaption class="wrap">{title.clone()}</figcaption>
            <Plot title description drawn=drawn.clone()/>
            {(hidden > 0).then(|| view! {
                <p class="hint">{format!("The first {} rows are drawn; the table has {hidden} more.", rows::MOST_ROWS)}</p>
            })}
            <div class="actions">
                <button type="button" class="button quiet" data-testid="chart-svg" on:click=save_svg>
                    <Icon symbol=Symbol::Save/>"SVG"<span class="visually-hidden">" picture"</span>
                </button>
                <button type="button" class="button quiet" data-testid="chart-png" on:click=save_png>
                    <Icon symbol=Symbol::Save/>"PNG"<span class="visually-hidden">" picture"</span>
                </button>
                <span class="problem" role="status">
                    {move || failed.get().then_some("The browser did not save it. Allow downloads for this site, then try again.")}
                </span>
            </div>
            <details>
                <summary>"As a table"</summary>
                <NumbersTable drawn/>
            </details>
        </figure>
    }
}
