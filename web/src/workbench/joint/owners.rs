//! Who takes part, and taking part with rows of one's own.

use leptos::prelude::*;

use super::desk::JointDesk;
use crate::messages::training::{JointAsk, JointOwner};
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;
use crate::workbench::desk::{Desk, TableProcess};
use crate::workbench::input::TableChoice;

/// Digits of a fingerprint that tell people apart in a list.
const SHORT: usize = 16;

/// Everybody who takes part.
#[component]
pub(super) fn Owners(joint: JointDesk) -> impl IntoView {
    let owners = Memo::new(move |_| joint.known().map(|view| view.owners.clone()).unwrap_or_default());
    let wanted = Memo::new(move |_| joint.known().map_or(0, |view| view.terms.owners as usize));
    let is_running =
        Memo::new(move |_| joint.known().is_some_and(|view| view.end.is_none() && view.round_count > 0));
    let own_rows = Memo::new(move |_| joint.known().and_then(|view| view.own_rows.clone()));
    let item = move |owner: JointOwner| {
        let state = match (is_running.get(), owner.has_contributed) {
            (true, true) => "contributed",
            (true, false) => "not yet",
            (false, _) => "takes part",
        };
        view! {
            <tr data-testid="joint-owner">
                <th scope="row" class="wrap">{owner.name}{owner.is_me.then_some(" (you)")}</th>
                <td class="mono">{owner.tenant.get(..SHORT).unwrap_or_default().to_owned()}"…"</td>
                <td>{state}</td>
            </tr>
        }
    };
    let free = move || {
        let free = wanted.get().saturating_sub(owners.with(Vec::len)) as u64;
        (free > 0)
            .then(|| view! { <p class="hint">{format!("{} still free.", words::counted(free, "place"))}</p> })
    };
    view! {
        <section class="panel" aria-labelledby="joint-owners-title">
            <h2 id="joint-owners-title">"Who takes part with rows"</h2>
            {move || if owners.with(Vec::is_empty) {
                view! { <p class="muted">"Nobody yet."</p> }.into_any()
            } else {
                view! {
                    <div class="table-scroll fitted" tabindex="0" role="region" aria-label="Owners">
                        <table>
                            <thead><tr>
                                <th scope="col">"Owner, as they call themselves"</th><th scope="col">"Identity"</th><th scope="col">"This round"</th>
                            </tr></thead>
                            <tbody>{move || owners.get().into_iter().map(item).collect_view()}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
            {free}
            {move || own_rows.get().map(|own| {
                let left_out = if own.dropped > 0 { format!("; {} with blanks left out", words::counted(own.dropped, "row")) } else { String::new() };
                view! {
                    <p class="with-icon passed" data-testid="own-rows">
                        <Icon symbol=Symbol::Check/>
                        <span class="wrap">{format!(
                            "You take part with {} of {}{left_out}. They stay in this tab; after a reload choose the same file again.",
                            words::counted(own.rows, "row"), own.file_name
                        )}</span>
                    </p>
                }
            })}
        </section>
    }
}

/// A table, and the button that takes part with it.
#[component]
pub(super) fn TakePart(joint: JointDesk) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let name = RwSignal::new(String::new());
    let missing = RwSignal::new(None::<&'static str>);
    let is_owner = Memo::new(move |_| joint.known().is_some_and(|view| view.is_owner));
    let is_open = Memo::new(move |_| desk.table.with(|table| matches!(table, TableProcess::Open(_))));
    let least = Memo::new(move |_| joint.known().map_or(0, |view| view.terms.least_rows));
    let holder =
        Memo::new(move |_| joint.known().map(|view| view.terms.key_holder.clone()).unwrap_or_default());
    // What was wrong with another table is not wrong with this one.
    Effect::new(move |before: Option<()>| {
        desk.table.track();
        if before.is_some() {
            joint.fault.set(None);
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let name = name.get_untracked().trim().to_owned();
        let said = if !is_open.get_untracked() {
            Some("Choose your table first.")
        } else if name.is_empty() && !is_owner.get_untracked() {
            Some("Say who you are, so that the key holder knows who takes part.")
        } else {
            None
        };
        missing.set(said);
        if let (None, Some(view)) = (said, joint.known_untracked()) {
            joint.run(JointAsk::TakePart { training: view.training.clone(), name });
        }
    };
    view! {
        <section class="panel browser-side" aria-labelledby="take-part-title">
            <h2 id="take-part-title">
                <Icon symbol=Symbol::Browser/>
                {move || if is_owner.get() { "Choose your file again" } else { "Take part with your rows" }}
            </h2>
            <p>{move || if is_owner.get() {
                "You take part, and your rows are not in this tab (any more): they never left the tab that had them. Choose the same file as before; other rows would spoil the sums of all.".to_owned()
            } else {
                format!(
                    "Your rows stay in this browser. In each round it adds them up, encrypts the sums under the key of {}, and sends the ciphertext. Each owner needs at least {}.",
                    holder.get(),
                    words::counted(least.get(), "whole row")
                )
            }}</p>
            <TableChoice/>
            <form class="fields" on:submit=submit>
                <fieldset disabled=move || joint.is_busy.get()>
                    {move || (!is_owner.get()).then(|| view! {
                        <div class="field">
                            <label for="joint-owner-name">"You, as the others are told"</label>
                            <input
                                type="text" id="joint-owner-name" data-testid="joint-owner-name" maxlength="80" autocomplete="off"
                                prop:value=name on:input:target=move |event| name.set(event.target().value())
                            />
                        </div>
                    })}
                    <div class="actions">
                        <button type="submit" class="button primary" data-testid="take-part">
                            {move || if is_owner.get() { "Go on with this file" } else { "Take part" }}
                        </button>
                        <span class="problem" role="status">{move || missing.get()}</span>
                    </div>
                </fieldset>
            </form>
        </section>
    }
}
