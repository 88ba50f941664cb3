//! What runs, with its cancel; and why the last thing was not done.

use leptos::prelude::*;

use super::desk::{Desk, Work};
use crate::ui::fault::FaultNote;
use crate::ui::progress::{Bar, ProgressBar};
use crate::ui::words;

/// Progress and faults of what was asked for last.
#[component]
pub(super) fn Working() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let bar = Signal::derive(move || {
        let progress = desk.vault.activity.refining.get();
        let label = match desk.work.get() {
            Work::Previewing => "Looking ahead",
            Work::None | Work::Applying => "Preparing the rows",
        };
        Bar {
            label: label.to_owned(),
            share: progress.map(|progress| (progress.done, progress.total)),
            facts: progress
                .and_then(|progress| progress.seconds_left)
                .map(words::seconds_left)
                .into_iter()
                .collect(),
        }
    });
    let runs = Memo::new(move |_| desk.work.get() != Work::None);
    view! {
        {move || runs.get().then(|| view! {
            <div class="refine-working">
                <ProgressBar bar testid="refine-progress"/>
                <button type="button" class="button" data-testid="refine-cancel" on:click=move |_| desk.cancel()>"Cancel"</button>
            </div>
        })}
        {move || desk.fault.get().map(|fault| view! { <FaultNote fault testid="refine-fault"/> })}
    }
}
