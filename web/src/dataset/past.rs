//! Answers that were given before: opened again, compared, forgotten.

mod difference;

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_protocol::DatasetId;

use self::difference::Difference;
use super::desk::Desk;
use crate::messages::{AnswerView, Fault};
use crate::ui::fault::FaultNote;
use crate::ui::loaded::Loaded;
use crate::ui::progress::Skeleton;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// Answers that are listed before "show more".
const FIRST_ANSWERS: usize = 10;

/// The list.
#[component]
pub(super) fn PastAnswers(dataset: DatasetId) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();
    let answers = Loaded::new(move || {
        desk.answered.track();
        Box::pin(vault.past_answers(dataset))
    });
    let fault = RwSignal::new(None::<Fault>);
    let compared = RwSignal::new(Vec::<String>::new());
    let all = RwSignal::new(false);
    let forget = Callback::new(move |id: String| {
        fault.set(None);
        spawn_local(async move {
            if let Err(error) = vault.forget_answer(dataset, id.clone()).await {
                fault.try_set(Some(error));
            }
            compared.try_update(|compared| compared.retain(|other| *other != id));
            answers.again();
        });
    });
    let open = Callback::new(move |answer: AnswerView| desk.show(answer));
    let pair = move || {
        let ids = compared.get();
        let [one, other] = ids.as_slice() else { return None };
        answers.with(|answers| {
            let list = answers?.as_ref().ok()?;
            let find = |id: &String| list.iter().find(|answer| answer.id == *id).cloned();
            find(one).zip(find(other))
        })
    };
    view! {
        <section class="panel browser-side" aria-labelledby="past-title" data-testid="past">
            <h2 id="past-title">"Answers so far"</h2>
            {move || match answers.get() {
                None => view! { <Skeleton label="Opening the answers…" lines=2/> }.into_any(),
                Some(Err(fault)) => view! { <FaultNote fault testid="past-error"/> }.into_any(),
                Some(Ok(list)) if list.is_empty() => {
                    view! { <p class="hint" data-testid="past-empty">"Every answer is kept here, encrypted under your keyring, in this browser only. There is none yet."</p> }.into_any()
                }
                Some(Ok(list)) => {
                    let count = list.len();
                    let shown = if all.get() { count } else { FIRST_ANSWERS };
                    view! {
                        <p class="hint">"Kept in this browser only, encrypted under your keyring. Tick two to compare them."</p>
                        <ul class="rows">
                            {list.into_iter().take(shown).map(|answer| view! { <Row answer compared open forget/> }).collect_view()}
                        </ul>
                        {(count > shown).then(|| view! {
                            <button type="button" class="button" on:click=move |_| all.set(true)>{format!("Show all {count}")}</button>
                        })}
                    }
                    .into_any()
                }
            }}
            {move || fault.get().map(|fault| view! { <FaultNote fault testid="forget-error"/> })}
            {move || pair().map(|(one, other)| view! { <Difference one other/> })}
        </section>
    }
}

#[component]
fn Row(
    answer: AnswerView,
    /// Ids of those that are compared, the newest ticked last.
    compared: RwSignal<Vec<String>>,
    open: Callback<AnswerView>,
    forget: Callback<String>,
) -> impl IntoView {
    let asked = RwSignal::new(false);
    let id = answer.id.clone();
    let first = answer.answers.first().map(|value| {
        let said = value.answer.sentences.first().cloned();
        (value.answer.title.clone(), said.unwrap_or_default())
    });
    let (title, sentence) = first.unwrap_or_default();
    let others = answer.answers.len().saturating_sub(1) as u64;
    let title = if others == 0 { title } else { format!("{title} and {}", words::counted(others, "other")) };
    let facts = format!("{}, {}", words::moment(answer.answered_at), words::counted(answer.row_count, "row"));
    let answer = StoredValue::new(answer);
    let ticked = {
        let id = id.clone();
        Memo::new(move |_| compared.with(|compared| compared.contains(&id)))
    };
    let tick = {
        let id = id.clone();
        move |wanted: bool| {
            compared.update(|compared| {
                compared.retain(|other| *other != id);
                if wanted {
                    compared.push(id.clone());
                    // Two are compared: the one ticked first gives way.
                    if compared.len() > 2 {
                        compared.remove(0);
                    }
                }
            });
        }
    };
    view! {
        <li class="row" data-testid="past-answer" data-id=id.clone()>
            <div class="row-text">
                <p class="row-title wrap">{title}</p>
                <p class="wrap">{sentence}</p>
                <p class="hint">{facts}</p>
            </div>
            <div class="actions">
                <label class="choice">
                    <input
                        type="checkbox" data-testid="past-compare" prop:checked=ticked
                        on:change:target=move |event| tick(event.target().checked())
                    />
                    <span>"Compare"</span>
                </label>
                <button type="button" class="button" data-testid="past-open" on:click=move |_| open.run(answer.get_value())>"Open"</button>
                <Show
                    when=move || asked.get()
                    fallback=move || view! {
                        <button type="button" class="button quiet" data-testid="past-forget" on:click=move |_| asked.set(true)>"Forget"</button>
                    }
                >
                    <button
                        type="button" class="button danger" data-testid="past-forget-confirm"
                        on:click=move |_| forget.run(answer.with_value(|answer| answer.id.clone()))
                    >"Forget this answer"</button>
                    <button type="button" class="button quiet" on:click=move |_| asked.set(false)>"Keep it"</button>
                </Show>
            </div>
        </li>
    }
}
