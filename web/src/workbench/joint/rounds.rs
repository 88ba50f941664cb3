//! The rounds: how they converge, and the public numbers of each.

use leptos::prelude::*;
use veilsum_joint::lead::Progress;

use super::desk::JointDesk;
use super::words::{number, public};
use crate::messages::training::{JointEnd, JointFamily, JointNumbers, JointView, RoundNumbers, RoundView};
use crate::ui::chart::{Drawn, DrawnFigure, Lines, Series};

/// A round as the table shows it.
#[derive(Clone, PartialEq)]
struct Row {
    number: u32,
    public: &'static str,
    start: Option<u32>,
    step: Option<f64>,
    /// What only the key holder is told.
    told: Option<String>,
}

/// The chart and the tables.
#[component]
pub(super) fn Rounds(joint: JointDesk) -> impl IntoView {
    let rows = Memo::new(move |_| joint.known().map(|view| rows(&view)).unwrap_or_default());
    let is_key_holder = Memo::new(move |_| joint.known().is_some_and(|view| view.is_key_holder));
    let chosen = RwSignal::new(None::<usize>);
    let shown = Memo::new(move |_| {
        let view = joint.known()?;
        let at = chosen.get().unwrap_or(view.rounds.len().saturating_sub(1));
        let round = view.rounds.get(at)?;
        Some((round.number, table(&view, round)))
    });
    let row = move |row: Row| {
        view! {
            <tr data-testid="joint-round">
                <th scope="row" class="number">{row.number}{row.start.map(|start| format!(", start {start}"))}</th>
                <td>{row.public}</td>
                <td class="number">{row.step.map_or_else(|| "–".to_owned(), number)}</td>
                {is_key_holder.get().then(|| view! { <td>{row.told.unwrap_or_else(|| "–".to_owned())}</td> })}
            </tr>
        }
    };
    view! {
        <section class="panel" aria-labelledby="joint-rounds-title">
            <h2 id="joint-rounds-title">"Rounds"</h2>
            {move || chart(&rows.get()).map(|(title, lines)| view! {
                <DrawnFigure
                    title description="The largest step from each round to the next, as a power of ten.".to_owned()
                    drawn=Drawn::Lines(lines) file_name="rounds".to_owned()
                />
            })}
            <div class="table-scroll short" tabindex="0" role="region" aria-label="Rounds">
                <table data-testid="joint-rounds">
                    <thead><tr>
                        <th scope="col" class="number">"Round"</th><th scope="col">"Public"</th>
                        <th scope="col" class="number">"Largest step to the next"</th>
                        {move || is_key_holder.get().then(|| view! { <th scope="col">"Told by the total, to you alone"</th> })}
                    </tr></thead>
                    <tbody>{move || rows.get().into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <div class="field">
                <label for="joint-shown-round">"Public numbers of round"</label>
                <select
                    id="joint-shown-round" data-testid="joint-shown-round"
                    on:change:target=move |event| chosen.set(event.target().value().parse().ok())
                >
                    <option value="">"The newest"</option>
                    {move || (0..rows.with(Vec::len)).map(|at| view! {
                        <option value=at.to_string() selected=chosen.get_untracked() == Some(at)>{at.to_string()}</option>
                    }).collect_view()}
                </select>
            </div>
            {move || shown.get().map(|(round, table)| view! { <PublicNumbers round table/> })}
        </section>
    }
}

/// Names of columns, and a row for each feature.
type Table = (Vec<String>, Vec<(String, Vec<f64>)>);

#[component]
fn PublicNumbers(round: u32, table: Table) -> impl IntoView {
    let (heads, rows) = table;
    if rows.is_empty() {
        return view! { <p class="muted">"Round 0 has no numbers of its own: sums of the columns as they are."</p> }.into_any();
    }
    let label = format!("Public numbers of round {round}");
    let rows = rows
        .into_iter()
        .map(|(name, values)| {
            let cells = values
                .into_iter()
                .map(|value| view! { <td class="number" data-value=value.to_string() title=value.to_string()>{number(value)}</td> });
            view! { <tr><th scope="row" class="wrap">{name}</th>{cells.collect_view()}</tr> }
        })
        .collect_view();
    view! {
        <div class="table-scroll fitted short" tabindex="0" role="region" aria-label=label>
            <table data-testid="public-numbers" data-round=round.to_string()>
                <thead><tr>
                    <th scope="col">"Column"</th>
                    {heads.into_iter().map(|head| view! { <th scope="col" class="number">{head}</th> }).collect_view()}
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn table(view: &JointView, round: &RoundView) -> Table {
    let target = match &view.terms.family {
        JointFamily::Linear { target, .. } => Some(target.name.clone()),
        JointFamily::Logistic { .. } | JointFamily::KMeans { .. } => None,
    };
    let names = view.terms.features.iter().map(|column| column.name.clone());
    match &round.numbers {
        RoundNumbers::Moments => (Vec::new(), Vec::new()),
        RoundNumbers::Scales { centres, scales } => {
            let pairs = centres.iter().zip(scales).map(|(centre, scale)| vec![*centre, *scale]);
            (vec!["Mean".to_owned(), "Deviation".to_owned()], names.chain(target).zip(pairs).collect())
        }
        RoundNumbers::Coefficients(coefficients) => {
            let names = names.chain(["Intercept".to_owned()]);
            let values = coefficients.iter().map(|value| vec![*value]);
            (vec!["Coefficient, of standardised columns".to_owned()], names.zip(values).collect())
        }
        RoundNumbers::Centroids { centroids, .. } => {
            let heads = (1..=centroids.len()).map(|cluster| format!("Cluster {cluster}")).collect();
            let of = |at: usize| centroids.iter().filter_map(|centroid| centroid.get(at).copied()).collect();
            (heads, names.enumerate().map(|(at, name)| (name, of(at))).collect())
        }
    }
}

fn rows(view: &JointView) -> Vec<Row> {
    let outcome = match &view.end {
        Some(JointEnd::Finished(Some(model))) => Some(&model.numbers),
        Some(JointEnd::Finished(None) | JointEnd::Stopped { .. }) | None => None,
    };
    let next = |at: usize| view.rounds.get(at + 1).map(|round| &round.numbers);
    let rows = view.rounds.iter().enumerate().map(|(at, round)| Row {
        number: round.number,
        public: public(&round.numbers),
        start: match &round.numbers {
            RoundNumbers::Centroids { start, .. } => Some(*start),
            RoundNumbers::Moments | RoundNumbers::Scales { .. } | RoundNumbers::Coefficients(_) => None,
        },
        step: step(&round.numbers, next(at), outcome),
        told: round.progress.map(told),
    });
    rows.collect()
}

/// How far the numbers move to the next round; of the last round, to the model.
fn step(now: &RoundNumbers, next: Option<&RoundNumbers>, outcome: Option<&JointNumbers>) -> Option<f64> {
    let largest = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    match (now, next, outcome) {
        (RoundNumbers::Coefficients(now), Some(RoundNumbers::Coefficients(next)), _) => {
            Some(largest(now, next))
        }
        (RoundNumbers::Coefficients(now), None, Some(JointNumbers::Logistic(model))) => {
            Some(largest(now, model))
        }
        (
            RoundNumbers::Centroids { start, centroids: now },
            Some(RoundNumbers::Centroids { start: other, centroids: next }),
            _,
        ) if start == other => {
            let ways = now
                .iter()
                .zip(next)
                .map(|(now, next)| now.iter().zip(next).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt());
            Some(ways.fold(0.0, f64::max))
        }
        // Centres that do not move any more end a start.
        (RoundNumbers::Centroids { .. }, Some(_), _) | (RoundNumbers::Centroids { .. }, None, Some(_)) => {
            Some(0.0)
        }
        _ => None,
    }
}

fn told(progress: Progress) -> String {
    match progress {
        Progress::Moments { rows } => format!("{rows} rows"),
        Progress::Solved { r_squared } => format!("R² {}", number(r_squared)),
        Progress::Step { gradient_length, .. } => format!("gradient of length {}", number(gradient_length)),
        Progress::Iteration { inertia, smallest_cluster, .. } => {
            format!("inertia {}, smallest cluster {smallest_cluster} rows", number(inertia))
        }
    }
}

/// The steps by round, a line for each start of k-means.
fn chart(rows: &[Row]) -> Option<(String, Lines)> {
    let steps: Vec<(&Row, f64)> = rows.iter().filter_map(|row| Some((row, row.step?))).collect();
    let (last, newest) = steps.last()?;
    if steps.len() < 2 {
        return None;
    }
    let title = format!("From round {} the largest step is {}", last.number, number(*newest));
    let mut series: Vec<Series> = Vec::new();
    let mut of = None;
    // No digit moved in the last round of a start: a step of 0 has no logarithm.
    for (row, step) in steps.into_iter().filter(|(_, step)| *step > 0.0) {
        if of != Some(row.start) {
            of = Some(row.start);
            let name = row.start.map_or_else(|| "largest step".to_owned(), |start| format!("start {start}"));
            series.push(Series { name, points: Vec::new() });
        }
        if let Some(line) = series.last_mut() {
            line.points.push((f64::from(row.number), step.log10()));
        }
    }
    let lines = Lines {
        x_axis: "round".to_owned(),
        y_axis: "largest step, power of ten".to_owned(),
        series,
        diagonal: None,
        is_share: false,
    };
    Some((title, lines))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn steps_are_between_rounds_of_one_start_and_the_model() {
        let coefficients = |values: &[f64]| RoundNumbers::Coefficients(values.to_vec());
        let (first, second) = (coefficients(&[0.0, 0.0]), coefficients(&[0.5, -2.0]));
        assert_eq!(step(&first, Some(&second), None), Some(2.0));
        assert_eq!(step(&second, None, Some(&JointNumbers::Logistic(vec![0.5, -2.25]))), Some(0.25));
        assert_eq!(step(&second, None, None), None);
        assert_eq!(step(&RoundNumbers::Moments, Some(&first), None), None);
        let centroids =
            |start, x: f64| RoundNumbers::Centroids { start, centroids: vec![vec![x, 0.0], vec![x, 4.0]] };
        assert_eq!(step(&centroids(1, 0.0), Some(&centroids(1, 3.0)), None), Some(3.0));
        assert_eq!(step(&centroids(1, 0.0), Some(&centroids(2, 3.0)), None), Some(0.0));
    }

    #[test]
    fn a_chart_has_a_line_for_each_start() {
        let row =
            |number, start, step| Row { number, public: "centres of clusters", start, step, told: None };
        let rows = [
            row(1, Some(1), Some(1.0)),
            row(2, Some(1), Some(0.0)),
            row(3, Some(2), Some(0.1)),
            row(4, Some(2), None),
        ];
        let (title, lines) = chart(&rows).unwrap();
        assert_eq!(title, "From round 3 the largest step is 0.1");
        let points: Vec<_> = lines.series.iter().map(|line| line.points.len()).collect();
        assert_eq!(points, [1, 1]);
        assert_eq!(lines.series[1].points[0], (3.0, -1.0));
        assert!(chart(&rows[..1]).is_none());
    }
}
