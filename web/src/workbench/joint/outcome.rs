//! What came out: the model, beside one of the own rows alone, and the way to publish it.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::JointDesk;
use super::words::number;
use crate::messages::Fault;
use crate::messages::training::{Comparison, JointEnd, JointModel, JointNumbers, JointView};
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::navigate;
use crate::workbench::desk::Desk;
use crate::workbench::steps::Step;

/// The model.
#[component]
pub(super) fn Outcome(joint: JointDesk) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let view = Memo::new(move |_| joint.known());
    let fault = RwSignal::new(None::<Fault>);
    let is_running = RwSignal::new(false);
    let has_rows = move || view.get().is_some_and(|view| view.own_rows.is_some());
    let publish = move |_| {
        let Some(known) = view.get_untracked() else { return };
        is_running.set(true);
        fault.set(None);
        spawn_local(async move {
            let taken = desk.vault.joint_model(known.training.clone()).await;
            is_running.try_set(false);
            match taken {
                Ok(imported) => {
                    desk.bring(imported);
                    desk.step.set(Step::Input);
                    navigate::go("/workbench");
                }
                Err(error) => {
                    fault.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <section class="panel" aria-labelledby="joint-outcome-title" data-testid="joint-outcome">
            <h2 id="joint-outcome-title"><Icon symbol=Symbol::Check/>"The model of all owners' rows"</h2>
            {move || view.get().and_then(|view| {
                let model = match &view.end {
                    Some(JointEnd::Finished(Some(model))) => model.clone(),
                    Some(JointEnd::Finished(None) | JointEnd::Stopped { .. }) | None => return None,
                };
                Some(view! { <Numbers view model comparison=joint.comparison/> })
            })}
            {move || joint.comparison.get().map(|comparison| view! { <Measures comparison/> })}
            <div class="actions">
                <button
                    type="button" class="button primary" data-testid="joint-publish" disabled=move || is_running.get() on:click=publish
                >"Take it to the workbench, to publish it"</button>
                {move || (has_rows() && joint.comparison.with(Option::is_none)).then(|| view! {
                    <button
                        type="button" class="button" data-testid="joint-compare" disabled=move || joint.is_busy.get()
                        on:click=move |_| joint.compare()
                    >"Compare with your rows alone"</button>
                })}
            </div>
            {move || fault.get().map(|fault| view! { <FaultNote fault testid="joint-publish-fault"/> })}
        </section>
    }
}

/// The numbers of a column.
type Named = (String, Vec<f64>);

#[component]
fn Numbers(
    view: Arc<JointView>,
    model: JointModel,
    comparison: RwSignal<Option<Arc<Comparison>>>,
) -> impl IntoView {
    let names: Vec<String> = view.terms.features.iter().map(|column| column.name.clone()).collect();
    let with_intercept = || names.iter().cloned().chain(["Intercept".to_owned()]);
    let (heads, rows, finding): (Vec<String>, Vec<Named>, String) = match model.numbers {
        JointNumbers::Linear { coefficients, intercept, r_squared } => {
            let values = coefficients.into_iter().chain([intercept]).map(|value| vec![value]);
            let finding = format!("It explains {} of the variance over all rows (R²).", number(r_squared));
            (vec!["Coefficient".to_owned()], with_intercept().zip(values).collect(), finding)
        }
        JointNumbers::Logistic(coefficients) => {
            let values = coefficients.into_iter().map(|value| vec![value]);
            let finding = "Coefficients of columns that are standardised over all owners' rows.".to_owned();
            (vec!["Coefficient".to_owned()], with_intercept().zip(values).collect(), finding)
        }
        JointNumbers::KMeans { start, centroids, inertia } => {
            let heads = (1..=centroids.len()).map(|cluster| format!("Cluster {cluster}")).collect();
            let of = |at: usize| centroids.iter().filter_map(|centroid| centroid.get(at).copied()).collect();
            let rows = names.iter().enumerate().map(|(at, name)| (name.clone(), of(at))).collect();
            (
                heads,
                rows,
                format!("Start {start} was the best, with an inertia of {} over all rows.", number(inertia)),
            )
        }
    };
    let own = move |at: usize| {
        comparison.with(|comparison| comparison.as_ref()?.coefficients.get(at).map(|(_, _, own)| *own))
    };
    let has_own = move || {
        comparison.with(|comparison| comparison.as_ref().is_some_and(|found| !found.coefficients.is_empty()))
    };
    let row = move |(at, (name, values)): (usize, Named)| {
        let cells = values.into_iter().map(
            |value| view! { <td class="number" data-value=value.to_string() title=value.to_string()>{number(value)}</td> },
        );
        view! {
            <tr>
                <th scope="row" class="wrap">{name}</th>
                {cells.collect_view()}
                {move || has_own().then(|| view! { <td class="number">{own(at).map(number)}</td> })}
            </tr>
        }
    };
    view! {
        <p data-testid="joint-finding">{finding}</p>
        <div class="table-scroll fitted" tabindex="0" role="region" aria-label="The model's numbers">
            <table data-testid="joint-coefficients">
                <thead><tr>
                    <th scope="col">"Column"</th>
                    {heads.into_iter().map(|head| view! { <th scope="col" class="number">{head}</th> }).collect_view()}
                    {move || has_own().then(|| view! { <th scope="col" class="number">"Your rows alone"</th> })}
                </tr></thead>
                <tbody>{rows.into_iter().enumerate().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Measures(comparison: Arc<Comparison>) -> impl IntoView {
    let rows = comparison.measures.iter().map(|(name, joint, own)| {
        view! {
            <tr>
                <th scope="row">{name.clone()}</th><td class="number">{number(*joint)}</td><td class="number">{number(*own)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <div class="table-scroll fitted" tabindex="0" role="region" aria-label="Beside your rows alone">
            <table data-testid="joint-comparison">
                <thead><tr>
                    <th scope="col">"Measure"</th><th scope="col" class="number">"All owners' model"</th><th scope="col" class="number">"Your rows alone"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="hint">"Your own rows flatter the model that learned from them alone; how it does on other rows is not seen here."</p>
    }
}
