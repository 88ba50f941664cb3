//! What a release loses and what it gives away, before and after.

use leptos::prelude::*;
use veilsum_anonymise::measure::{Attack, Loss, Risk};
use veilsum_prepare::report::Privacy;

use crate::ui::chart::scale::{full, short};
use crate::ui::chart::{Counts, Drawn, DrawnFigure};
use crate::ui::words::{count, counted};

/// Bars of the chart of class sizes.
const BARS: u64 = 20;

/// The dashboard.
#[component]
pub(super) fn Dashboard(privacy: Privacy, class_sizes: Vec<(u64, u64)>) -> impl IntoView {
    let Privacy { loss_before, loss_after, risk_before, risk_after } = privacy;
    let published = loss_after.row_count - loss_after.suppressed;
    let finding = if loss_after.class_count == 0 {
        "No row is left: every one would have to be left out.".to_owned()
    } else {
        format!(
            "Every published row is like at least {} others, instead of {}. The most that a row can be found with falls from {} to {}.",
            count(loss_after.smallest_class.saturating_sub(1)),
            count(loss_before.smallest_class.saturating_sub(1)),
            share(risk_before.prosecutor.highest),
            share(risk_after.prosecutor.highest)
        )
    };
    let cost = format!(
        "{} of {} are published; {} left out. Cells have lost {} of their precision.",
        count(published),
        counted(loss_after.row_count, "row"),
        counted(loss_after.suppressed, "row"),
        share(loss_after.generalised_certainty_penalty)
    );
    view! {
        <p class="finding" data-testid="privacy-finding">{finding}</p>
        <p data-testid="privacy-cost">{cost}</p>
        <div class="refine-dashboard">
            <Measures title="Risk of being found" rows=risks(&risk_before, &risk_after)/>
            <Measures title="Classes and loss" rows=losses(&loss_before, &loss_after)/>
        </div>
        {histogram(&class_sizes).map(|drawn| view! {
            <DrawnFigure
                title=format!("Classes have {} to {} rows", count(loss_after.smallest_class), count(loss_after.largest_class))
                description="How many classes of rows that are published alike have which size.".to_owned()
                drawn file_name="class-sizes".to_owned()
            />
        })}
        <p class="hint">
            "The prosecutor knows that a person is in the table, the journalist looks for anybody, the marketer for as many as possible. "
            "Where nothing is known of the population, the journalist's risk is the prosecutor's. Lower is better; none of it is ever nil."
        </p>
    }
}

/// Label, before and after, and a test id.
type Row = (&'static str, &'static str, Figure, Figure);

/// A figure in some digits and in all.
struct Figure {
    text: String,
    full: String,
}

#[component]
fn Measures(title: &'static str, rows: Vec<Row>) -> impl IntoView {
    view! {
        <table class="refine-measures">
            <caption>{title}</caption>
            <thead><tr><th scope="col"><span class="visually-hidden">"Measure"</span></th><th scope="col" class="number">"Before"</th><th scope="col" class="number">"After"</th></tr></thead>
            <tbody>
                {rows.into_iter().map(|(id, label, before, after)| view! {
                    <tr data-testid=format!("measure-{id}")>
                        <th scope="row">{label}</th>
                        <td class="number" data-value=before.full.clone() title=before.full>{before.text}</td>
                        <td class="number" data-value=after.full.clone() title=after.full>{after.text}</td>
                    </tr>
                }).collect_view()}
            </tbody>
        </table>
    }
}

fn risks(before: &Risk, after: &Risk) -> Vec<Row> {
    let of = |attack: &Attack| [attack.highest, attack.average, attack.share_at_risk];
    let row = |id, label, before: f64, after: f64| (id, label, ratio(before), ratio(after));
    let [prosecutor_before, prosecutor_after] = [of(&before.prosecutor), of(&after.prosecutor)];
    let [journalist_before, journalist_after] = [of(&before.journalist), of(&after.journalist)];
    vec![
        row("prosecutor-highest", "Prosecutor, highest", prosecutor_before[0], prosecutor_after[0]),
        row("prosecutor-average", "Prosecutor, average", prosecutor_before[1], prosecutor_after[1]),
        row(
            "prosecutor-share",
            "Rows at risk from the prosecutor",
            prosecutor_before[2],
            prosecutor_after[2],
        ),
        row("journalist-highest", "Journalist, highest", journalist_before[0], journalist_after[0]),
        row("journalist-average", "Journalist, average", journalist_before[1], journalist_after[1]),
        row(
            "journalist-share",
            "Rows at risk from the journalist",
            journalist_before[2],
            journalist_after[2],
        ),
        row("marketer", "Marketer", before.marketer, after.marketer),
    ]
}

fn losses(before: &Loss, after: &Loss) -> Vec<Row> {
    let whole = |id, label, of: fn(&Loss) -> u64| {
        let figure = |number: u64| Figure { text: count(number), full: number.to_string() };
        (id, label, figure(of(before)), figure(of(after)))
    };
    let measure = |id, label, of: fn(&Loss) -> f64| {
        let figure = |number: f64| Figure { text: short(number), full: full(number) };
        (id, label, figure(of(before)), figure(of(after)))
    };
    let discernibility = |loss: &Loss| Figure {
        text: crate::ui::words::group_digits(&loss.discernibility.to_string()),
        full: loss.discernibility.to_string(),
    };
    vec![
        whole("classes", "Classes", |loss| loss.class_count),
        whole("smallest", "Rows of the smallest class", |loss| loss.smallest_class),
        whole("largest", "Rows of the largest class", |loss| loss.largest_class),
        measure("average", "Rows of a class, average", |loss| loss.average_class),
        measure("normalised-average", "Average class over k (best 1)", |loss| loss.normalised_average_class),
        whole("suppressed", "Rows left out", |loss| loss.suppressed),
        ("discernibility", "Discernibility", discernibility(before), discernibility(after)),
        (
            "ncp",
            "Lost precision (NCP)",
            ratio(before.generalised_certainty_penalty),
            ratio(after.generalised_certainty_penalty),
        ),
    ]
}

fn ratio(number: f64) -> Figure {
    Figure { text: share(number), full: full(number) }
}

/// A share in per cent.
fn share(number: f64) -> String {
    format!("{} %", short(number * 100.0))
}

/// Classes by their size.
#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn histogram(sizes: &[(u64, u64)]) -> Option<Drawn> {
    let (smallest, largest) = (sizes.first()?.0, sizes.last()?.0);
    let width = (largest - smallest + 1).div_ceil(BARS).max(1);
    let bars = (largest - smallest) / width + 1;
    let edges = (0..=bars).map(|bar| (smallest + bar * width) as f64).collect();
    let mut counts = vec![0_u64; usize::try_from(bars).ok()?];
    for (size, classes) in sizes {
        if let Some(count) = usize::try_from((size - smallest) / width).ok().and_then(|at| counts.get_mut(at))
        {
            *count += classes;
        }
    }
    let axis = "Rows of a class".to_owned();
    Some(Drawn::Counts(Counts { one: "class", many: "classes", axis, edges, counts }))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_class_is_in_a_bar() {
        let sizes = [(5, 3), (6, 1), (104, 2)];
        let Some(Drawn::Counts(Counts { edges, counts, .. })) = histogram(&sizes) else {
            panic!("no histogram")
        };
        assert_eq!((edges.len(), counts.len()), (21, 20));
        assert_eq!((edges[0], edges[20]), (5.0, 105.0));
        assert_eq!((counts[0], counts[19], counts.iter().sum::<u64>()), (4, 2, 6));
        assert!(histogram(&[]).is_none());
    }
}
