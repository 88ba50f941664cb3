//! Columns that look as if they said who people are: before one leaves this browser, its owner is asked.

use leptos::prelude::*;
use veilsum_table::treat::Choice;

use crate::messages::Asking;
use crate::page::desk::Desk;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;

/// Whether one of them would leave this browser without an answer.
pub(in crate::page) fn is_open(desk: Desk, columns: &[Asking]) -> bool {
    columns.iter().any(|column| leaves(desk, column) && !is_kept(desk, column.at))
}

/// Whether it would, in the rows or in the sealed original.
fn leaves(desk: Desk, column: &Asking) -> bool {
    column.columns.iter().any(|at| match desk.choices.with(|choices| choices.get(*at as usize).copied()) {
        Some(Choice::Number { .. } | Choice::Category) => column.in_rows || desk.keep_original.get(),
        Some(Choice::SealedOriginalOnly) => desk.keep_original.get(),
        Some(Choice::Drop) | None => false,
    })
}

fn is_kept(desk: Desk, at: u32) -> bool {
    desk.kept.with(|kept| kept.contains(&at))
}

/// Asks.
#[component]
pub(in crate::page) fn IdentifyingGate(columns: Vec<Asking>, on_done: Callback<()>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let title = format!("{} may say who people are", words::counted(columns.len() as u64, "column"));
    let all = columns.clone();
    let row = move |column: Asking| {
        let Asking { at, name, why, note, in_rows, .. } = column.clone();
        let column = StoredValue::new(column);
        let leaves = move || column.with_value(|column| leaves(desk, column));
        let leave_out = move |_| {
            desk.kept.update(|kept| kept.retain(|kept| *kept != at));
            if in_rows {
                desk.choices.update(|choices| {
                    column.with_value(|column| {
                        for at in &column.columns {
                            if let Some(choice) = choices.get_mut(*at as usize) {
                                *choice = Choice::Drop;
                            }
                        }
                    });
                });
            } else {
                desk.keep_original.set(false);
            }
        };
        let keep = move |_| desk.kept.update(|kept| kept.push(at));
        let [out, stays] = if in_rows {
            ["Leave it out", "Encrypt it all the same"]
        } else {
            ["Keep no original", "Keep it in the original"]
        };
        view! {
            <li>
                <h3 class="wrap">{name}</h3>
                <p>{why}" "{note}</p>
                <div class="actions">
                    <button
                        type="button" class="button" data-testid=format!("gate-drop-{at}")
                        aria-pressed=move || (!leaves()).to_string() on:click=leave_out
                    >{out}</button>
                    <button
                        type="button" class="button" data-testid=format!("gate-keep-{at}")
                        aria-pressed=move || (leaves() && is_kept(desk, at)).to_string()
                        disabled=move || !leaves() on:click=keep
                    >{stays}</button>
                    {in_rows.then(|| view! {
                        <a class="button quiet" href="/prepare/anonymise">"Replace it with pseudonyms"</a>
                    })}
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
