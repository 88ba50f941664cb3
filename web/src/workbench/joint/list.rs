//! The trainings of this keyring, and the way to a new one or into one by invitation.

use leptos::prelude::*;

use super::create::NewTrainingForm;
use crate::messages::training::JointEntry;
use crate::ui::fault::FaultNote;
use crate::ui::loaded::Loaded;
use crate::ui::navigate;
use crate::ui::progress::Skeleton;
use crate::ui::words;
use crate::workbench::desk::Desk;

/// Digits of a training's id.
const ID_DIGITS: usize = 32;

/// Everything under the heading.
#[component]
pub(in crate::workbench) fn TrainingList() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let trainings = Loaded::new(move || Box::pin(desk.vault.joint_list()));
    let is_creating = RwSignal::new(false);
    view! {
        <p class="lead wide">
            "Several owners train one model, and nobody sees anybody's rows: each adds up its own rows here and encrypts the sums, the "
            "cloud adds up the ciphertexts, and one named key holder decrypts the total of all. "
            <a href="/workbench">"Train on a table of your own"</a>
        </p>
        <Invited/>
        {move || if is_creating.get() {
            view! { <NewTrainingForm/> }.into_any()
        } else {
            view! {
                <div class="actions">
                    <button
                        type="button" class="button primary" data-testid="new-training" on:click=move |_| is_creating.set(true)
                    >"Create a training"</button>
                </div>
            }.into_any()
        }}
        {move || match trainings.get() {
            None => view! { <Skeleton label="Asking for your trainings…" lines=4/> }.into_any(),
            Some(Err(fault)) => view! {
                <FaultNote fault testid="trainings-error"/>
                <p class="actions">
                    <button type="button" class="button" on:click=move |_| trainings.again()>"Try again"</button>
                </p>
            }.into_any(),
            Some(Ok(list)) if list.is_empty() => view! {
                <section class="panel empty" data-testid="trainings-empty">
                    <p>"You take part in no training yet. Create one and send its invitation, or open an invitation that you were sent."</p>
                </section>
            }.into_any(),
            Some(Ok(list)) => view! {
                <ul class="bench-models" data-testid="trainings">{list.into_iter().map(item).collect_view()}</ul>
            }.into_any(),
        }}
    }
}

fn item(entry: JointEntry) -> impl IntoView {
    let role = match (entry.is_key_holder, entry.is_owner) {
        (true, true) => "you hold the key and take part",
        (true, false) => "you hold the key",
        (false, _) => "you take part",
    };
    let (there, wanted) = entry.owners;
    let facts = format!(
        "{}, {role}; {there} of {}, {}, created {}",
        words::capitalised(&entry.family),
        words::counted(u64::from(wanted), "owner"),
        words::counted(u64::from(entry.rounds), "round"),
        words::moment(entry.created_at)
    );
    let state = match entry.ended {
        Some(true) => "finished",
        Some(false) => "ended",
        None if entry.rounds > 0 => "running",
        None => "waiting for owners",
    };
    view! {
        <li class="panel" data-testid="training-entry">
            <div class="section-head">
                <h2 class="wrap"><a href=format!("/trainings/{}", entry.training)>{entry.name}</a></h2>
                <span class="tag">{state}</span>
            </div>
            <p class="muted">{facts}</p>
        </li>
    }
}

/// Opens an invitation that was sent as a link.
#[component]
fn Invited() -> impl IntoView {
    let text = RwSignal::new(String::new());
    let is_wrong = RwSignal::new(false);
    let open = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = text.get_untracked();
        let id = typed.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let is_id = id.len() == ID_DIGITS
            && id.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
        is_wrong.set(!is_id);
        if is_id {
            navigate::go(&format!("/trainings/{id}"));
        }
    };
    view! {
        <section class="panel" aria-labelledby="invited-title">
            <h2 id="invited-title">"Were you sent an invitation?"</h2>
            <form class="fields" on:submit=open>
                <div class="field">
                    <label for="invitation-link">"Link of the invitation"</label>
                    <input
                        type="text" id="invitation-link" data-testid="invitation-link" autocomplete="off" spellcheck="false"
                        aria-describedby="invitation-link-problem"
                        prop:value=text on:input:target=move |event| text.set(event.target().value())
                    />
                    <p class="problem" id="invitation-link-problem" role="status">
                        {move || is_wrong.get().then_some("This is no invitation: its link ends in 32 digits or letters a to f. Copy the whole link.")}
                    </p>
                </div>
                <button type="submit" class="button" data-testid="open-invitation">"Open the invitation"</button>
            </form>
        </section>
    }
}
