//! The published models: their cards, scoring with one, withdrawing one.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use super::model::Card;
use super::parties::Parties;
use super::steps::Step;
use crate::messages::Fault;
use crate::messages::workbench::ModelEntry;
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::loaded::Loaded;
use crate::ui::navigate;
use crate::ui::progress::Skeleton;
use crate::ui::words;

/// Everything under the heading.
#[component]
pub(super) fn ModelList() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let models = Loaded::new(move || Box::pin(desk.vault.models()));
    view! {
        <p class="lead wide">
            "Published models and what they take. Whoever has records scored learns the scores, never the weights; the cloud can "
            "read the weights."
        </p>
        <div class="actions"><a href="/workbench" class="button primary" data-testid="train-new">"Train a model"</a><a href="/trainings" class="button">"Train with other owners"</a></div>
        {move || match models.get() {
            None => view! { <Skeleton label="Asking for the models…" lines=5/> }.into_any(),
            Some(Err(fault)) => view! {
                <FaultNote fault testid="models-error"/>
                <p class="actions">
                    <button type="button" class="button" on:click=move |_| models.again()>"Try again"</button>
                </p>
            }.into_any(),
            Some(Ok(list)) if list.is_empty() => view! {
                <section class="panel empty" data-testid="models-empty">
                    <p>"No model is published yet. Train one in the workbench, with a sample or your own table."</p>
                </section>
            }.into_any(),
            Some(Ok(list)) => view! {
                <ul class="bench-models" data-testid="models">
                    {list.into_iter().map(|entry| view! { <ModelItem entry models/> }).collect_view()}
                </ul>
            }.into_any(),
        }}
        <Parties/>
    }
}

#[component]
fn ModelItem(entry: ModelEntry, models: Loaded<Vec<ModelEntry>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let asking = RwSignal::new(false);
    let running = RwSignal::new(false);
    let fault = RwSignal::new(None::<Fault>);
    let ModelEntry { model, version, interface, published_at, is_withdrawn, is_own, used, limit, by_layers } =
        entry.clone();
    let name = interface.card.name.clone();
    let rows = match limit {
        Some(limit) => format!("{} of {} rows of yours", words::count(used), words::count(limit)),
        None => format!("{} of yours", words::counted(used, "row")),
    };
    let facts = format!(
        "{}, version {version}, published {}{}; {rows} scored",
        words::capitalised(&interface.family.to_string()),
        words::moment(published_at),
        if is_own { " by you" } else { " by another keyring" },
    );
    let score = move |_| {
        desk.take(entry.clone());
        desk.step.set(Step::Encryption);
        navigate::go("/workbench");
    };
    let withdraw = move |_| {
        let model = model.clone();
        running.set(true);
        fault.set(None);
        spawn_local(async move {
            let withdrawn = desk.vault.withdraw(model).await;
            running.try_set(false);
            match withdrawn {
                Ok(()) => models.again(),
                Err(error) => {
                    fault.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <li class="panel" data-testid="model" data-withdrawn=is_withdrawn.to_string()>
            <div class="section-head">
                <h2 class="wrap">{name}</h2>
                {is_withdrawn.then(|| view! { <span class="tag">"withdrawn"</span> })}
                {(by_layers && !is_withdrawn).then(|| view! { <span class="tag" data-testid="offers-layers">"also layer by layer"</span> })}
            </div>
            <p class="muted">{facts}</p>
            <details>
                <summary>"Model card"</summary>
                <Card interface/>
            </details>
            <div class="actions">
                {(!is_withdrawn).then(|| view! {
                    <button type="button" class="button primary" data-testid="score-with" on:click=score>"Encrypt records for it"</button>
                })}
                {(is_own && !is_withdrawn).then(|| view! {
                    <button
                        type="button" class="button quiet" data-testid="withdraw"
                        aria-expanded=move || asking.get().to_string() on:click=move |_| asking.set(true)
                    >"Withdraw…"</button>
                })}
            </div>
            {move || asking.get().then(|| {
                let withdraw = withdraw.clone();
                view! {
                    <div class="note warning" role="group" aria-label="Withdraw the model">
                        <Icon symbol=Symbol::Warning/>
                        <div>
                            <p>"Nobody can have records scored by it any more, in any version. That cannot be undone."</p>
                            <p class="actions">
                                <button
                                    type="button" class="button danger" data-testid="withdraw-confirm"
                                    disabled=move || running.get() on:click=withdraw
                                >"Withdraw it"</button>
                                <button type="button" class="button quiet" on:click=move |_| asking.set(false)>"Keep it"</button>
                            </p>
                        </div>
                    </div>
                }
            })}
            {move || fault.get().map(|fault| view! { <FaultNote fault testid="withdraw-fault"/> })}
        </li>
    }
}
