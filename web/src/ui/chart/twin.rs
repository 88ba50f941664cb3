//! The numbers of a chart as a table.

use leptos::prelude::*;
use veilsum_analysis::answer::{ChartKind, Estimate};

use super::scale::full;
use super::{Clouds, Counts, Drawn, Lines, Matrix};
use crate::ui::words;

/// Most rows that are listed.
const MOST_ROWS: usize = 500;

/// Headings, and rows that begin with theirs.
struct Numbers {
    columns: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

/// A table of what the chart draws.
#[component]
pub(super) fn NumbersTable(drawn: Drawn) -> impl IntoView {
    let Numbers { columns, rows } = numbers(&drawn);
    let hidden = rows.len().saturating_sub(MOST_ROWS);
    let row = |(heading, cells): (String, Vec<String>)| {
        let cells = cells.into_iter().map(|cell| view! { <td class="number">{cell}</td> }).collect_view();
        view! { <tr><th scope="row" class="wrap">{heading}</th>{cells}</tr> }
    };
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Numbers of the chart">
            <table data-testid="chart-table">
                <thead><tr>
                    {columns.into_iter().enumerate().map(|(at, name)| view! {
                        <th scope="col" class:number=at != 0 class="wrap">{name}</th>
                    }).collect_view()}
                </tr></thead>
                <tbody>{rows.into_iter().take(MOST_ROWS).map(row).collect_view()}</tbody>
            </table>
        </div>
        {(hidden > 0).then(|| view! { <p class="hint">{format!("{} more are in the export.", words::counted(hidden as u64, "row"))}</p> })}
    }
}

fn numbers(drawn: &Drawn) -> Numbers {
    match drawn {
        Drawn::Answer(kind) => of_answer(kind),
        Drawn::Lines(Lines { x_axis, series, .. }) => Numbers {
            columns: vec!["Line".into(), x_axis.clone(), "Value".into()],
            rows: series
                .iter()
                .flat_map(|line| {
                    line.points.iter().map(|&(x, y)| (line.name.clone(), vec![full(x), full(y)]))
                })
                .collect(),
        },
        Drawn::Matrix(Matrix { names, counts, .. }) => Numbers {
            columns: [String::new()].into_iter().chain(names.iter().cloned()).collect(),
            rows: names
                .iter()
                .zip(counts)
                .map(|(name, row)| (name.clone(), row.iter().map(|&count| words::count(count)).collect()))
                .collect(),
        },
        Drawn::Counts(Counts { many, edges, counts, .. }) => Numbers {
            columns: vec!["From".into(), "To".into(), words::capitalised(many)],
            rows: edges
                .iter()
                .zip(edges.iter().skip(1))
                .zip(counts)
                .map(|((low, high), count)| (full(*low), vec![full(*high), words::count(*count)]))
                .collect(),
        },
        Drawn::Clouds(Clouds { x_axis, y_axis, clouds }) => Numbers {
            columns: vec!["Group".into(), x_axis.clone(), y_axis.clone()],
            rows: clouds
                .iter()
                .flat_map(|cloud| {
                    cloud.points.iter().map(|&(x, y)| (cloud.name.clone(), vec![full(x), full(y)]))
                })
                .collect(),
        },
    }
}

fn of_answer(kind: &ChartKind) -> Numbers {
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let or_nothing = |value: Option<f64>| value.map_or_else(|| "–".into(), full);
    match kind {
        ChartKind::Histogram { edges, counts, .. } => Numbers {
            columns: named(&["From", "To", "Rows"]),
            rows: edges
                .iter()
                .zip(edges.iter().skip(1))
                .zip(counts)
                .map(|((&low, &high), &count)| (full(low), vec![full(high), words::count(count)]))
                .collect(),
        },
        ChartKind::Boxes { boxes, .. } => Numbers {
            columns: named(&[
                "Name",
                "Minimum",
                "First quartile",
                "Median",
                "Third quartile",
                "Maximum",
                "Mean",
            ]),
            rows: boxes
                .iter()
                .map(|shown| {
                    let five = shown.five.iter().map(|&value| full(value));
                    (shown.name.clone(), five.chain([or_nothing(shown.mean)]).collect())
                })
                .collect(),
        },
        ChartKind::Groups { axis, groups: estimates, .. } | ChartKind::Coefficients { axis, estimates } => {
            let has_intervals = estimates.iter().any(|estimate| estimate.interval.is_some());
            let mut columns = named(&["Name", axis]);
            if has_intervals {
                columns.extend(named(&["From", "To"]));
            }
            let row = |Estimate { name, value, interval }: &Estimate| {
                let ends = [interval.map(|ends| ends.0), interval.map(|ends| ends.1)];
                let ends = ends.into_iter().filter(|_| has_intervals).map(or_nothing);
                (name.clone(), [full(*value)].into_iter().chain(ends).collect())
            };
            Numbers { columns, rows: estimates.iter().map(row).collect() }
        }
        ChartKind::GroupedBars { series, groups, .. } => Numbers {
            columns: [String::new()].into_iter().chain(series.iter().cloned()).collect(),
            rows: groups
                .iter()
                .map(|(name, values)| (name.clone(), values.iter().map(|&value| full(value)).collect()))
                .collect(),
        },
        ChartKind::HeatMap { names, values } => Numbers {
            columns: [String::new()].into_iter().chain(names.iter().cloned()).collect(),
            rows: names
                .iter()
                .zip(values)
                .map(|(name, row)| (name.clone(), row.iter().map(|&value| or_nothing(value)).collect()))
                .collect(),
        },
        ChartKind::Scatter { x_axis, y_axis, points, .. } => Numbers {
            columns: named(&["Point", x_axis, y_axis]),
            rows: points.iter().map(|(label, x, y)| (label.clone(), vec![full(*x), full(*y)])).collect(),
        },
    }
}
