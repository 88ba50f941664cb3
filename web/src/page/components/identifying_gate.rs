//! Columns that look as if they said who people are: before one leaves this browser, its owner is asked.

use leptos::prelude::*;
use veilsum_table::treat::Choice;

use crate::messages::TableView;
use crate::page::desk::Desk;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;

/// A column that asks.
#[derive(Clone)]
pub(in crate::page) struct Asking {
    at: usize,
    name: String,
    why: String,
}

/// The columns of a table that ask.
pub(in crate::page) fn asking(view: &TableView) -> Vec<Asking> {
    let column = |(at, why): &(u32, String)| {
        let at = *at as usize;
        Some(Asking { at, name: view.profile.columns.get(at)?.name.clone(), why: why.clone() })
    };
    view.identifying.iter().filter_map(column).collect()
}

/// Whether one of them would leave this browser without an answer.
pub(in crate::page) fn is_open(desk: Desk, columns: &[Asking]) -> bool {
    columns.iter().any(|column| leaves(desk, column.at) && !is_kept(desk, column.at))
}

fn leaves(desk: Desk, at: usize) -> bool {
    match desk.choices.with(|choices| choices.get(at).copied()) {
        Some(Choice::Number { .. } | Choice::Category) => true,
        Some(Choice::SealedOriginalOnly) => desk.keep_original.get(),
        Some(Choice::Drop) | None => false,
    }
}

fn is_kept(desk: Desk, at: usize) -> bool {
    desk.kept.with(|kept| kept.contains(&at))
}

/// Asks.
#[component]
pub(in crate::page) fn IdentifyingGate(columns: Vec<Asking>, on_done: Callback<()>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let title = format!("{} may say who people are", words::counted(columns.len() as u64, "column"));
    let all = columns.clone();
    let row = move |Asking { at, name, why }: Asking| {
        let leave_out = move |_| {
            desk.kept.update(|kept| kept.retain(|kept| *kept != at));
            desk.choices.update(|choices| {
                if let Some(choice) = choices.get_mut(at) {
                    *choice = Choice::Drop;
                }
            });
        };
        let keep = move |_| desk.kept.update(|kept| kept.push(at));
        view! {
            <li>
                <h3 class="wrap">{name}</h3>
                <p>{why}</p>
                <div class="actions">
                    <button
                        type="button" class="button" data-testid=format!("gate-drop-{at}")
                        aria-pressed=move || (!leaves(desk, at)).to_string() on:click=leave_out
                    >"Leave it out"</button>
                    <button
                        type="button" class="button" data-testid=format!("gate-keep-{at}")
                        aria-pressed=move || (leaves(desk, at) && is_kept(desk, at)).to_string()
                        disabled=move || !leaves(desk, at) on:click=keep
                    >"Encrypt it all the same"</button>
                    <a class="button quiet" href="/prepare/anonymise">"Replace it with pseudonyms"</a>
                </div>
            </li>
        }
    };
    view! {
        <section class="panel crossing-side gate-list" role="alert" aria-labelledby="gate-title" data-testid="identifying-gate">
                <h2 id="gate-title"><Icon symbol=Symbol::Warning/>{title}</h2>
                <p>"Analyses need no names. What you decide is kept with the dataset, sealed."</p>
                <ul class="gate-list">{columns.into_iter().map(row).collect_view()}</ul>
                <button
                    type="button" class="button primary" data-testid="gate-done"
                    disabled=move || is_open(desk, &all) on:click=move |_| on_done.run(())
                >"Go on"</button>
        </section>
    }
}
