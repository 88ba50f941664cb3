//! Answers to a run: sentences first, then one table of all single numbers, then every answer that has more to it.

mod article;
mod checked;
mod export;
mod figures;
mod singles;

use leptos::prelude::*;
use web_sys::File;

use self::article::Article;
use self::export::{Exported, csv, json};
use self::singles::{Singles, is_single};
use super::desk::TwinProcess;
use crate::messages::{AnswerValue, AnswerView, Checked};
use crate::ui::fault::FaultNote;
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::save::save_bytes;
use crate::ui::words;

pub(super) use self::article::CheckedAnswer;

/// Sentences shown before the table takes over.
const MOST_SENTENCES: usize = 5;

/// The answers to one run.
#[component]
pub(super) fn Answers(
    answer: AnswerView,
    /// Names of the columns by position.
    names: Vec<String>,
    /// What saved files are called after.
    file_name: String,
    twin: TwinProcess,
    /// The source file was chosen again.
    on_file: Callback<File>,
    /// An answer is to be made exact; its place in the run.
    on_exact: Callback<usize>,
) -> impl IntoView {
    let base = file_name.trim_end_matches(".csv").to_owned();
    let twins = match &twin {
        TwinProcess::Done(twin) => twin.answers.clone(),
        TwinProcess::FileNeeded | TwinProcess::Computing | TwinProcess::Failed(_) => Vec::new(),
    };
    let only_here = match &twin {
        TwinProcess::Done(twin) => twin.only_here.clone(),
        TwinProcess::FileNeeded | TwinProcess::Computing | TwinProcess::Failed(_) => Vec::new(),
    };
    let exported: Vec<Exported> = answer
        .answers
        .iter()
        .enumerate()
        .map(|(at, value)| Exported { value: value.clone(), twin: twins.get(at).cloned() })
        .collect();
    let placed: Vec<(usize, AnswerValue)> = answer.answers.iter().cloned().enumerate().collect();
    let (singles, articles): (Vec<_>, Vec<_>) =
        placed.into_iter().partition(|(at, _)| answer.run.requests.get(*at).is_some_and(is_single));

    let sentences: Vec<String> =
        singles.iter().filter_map(|(_, value)| value.answer.sentences.first().cloned()).collect();
    let more = sentences.len().saturating_sub(MOST_SENTENCES);
    // All that come from ciphertext were checked in one way.
    let checked =
        answer.answers.iter().map(|value| value.checked).find(|checked| *checked != Checked::Manifest);
    let checked = checked.unwrap_or(Checked::Manifest);
    let certificate = answer.certificate.clone();

    view! {
        <div class=checked::class(checked) data-testid="verified" data-source=checked::code(checked)>
            <Icon symbol=checked::symbol(checked)/>
            <span>{checked::sentence(checked, answer.row_count)}</span>
        </div>
        <ul class="sentences">
            {sentences.into_iter().take(MOST_SENTENCES).map(|sentence| view! { <li class="wrap" data-testid="sentence">{sentence}</li> }).collect_view()}
        </ul>
        {(more > 0).then(|| view! { <p class="hint">{format!("and {} in the table.", words::counted(more as u64, "more answer"))}</p> })}
        <TwinState twin on_file/>
        {(!singles.is_empty()).then(|| view! {
            <Singles singles requests=answer.run.requests.clone() names=names.clone() twins=twins.clone()/>
        })}
        {articles.into_iter().map(|(at, value)| {
            let twin = twins.get(at).cloned();
            let of_it = only_here.iter().filter(|(of, ..)| usize::try_from(*of) == Ok(at));
            let only_here = of_it.map(|(_, name, number)| (name.clone(), *number)).collect();
            view! { <Article at value twin only_here base=base.clone() on_exact/> }
        }).collect_view()}
        <Exports exported certificate base/>
    }
}

/// Saving all answers of the run.
#[component]
fn Exports(exported: Vec<Exported>, certificate: String, base: String) -> impl IntoView {
    let exported = StoredValue::new((exported, certificate.clone(), base));
    let failed = RwSignal::new(false);
    let save = move |ending: &str, media_type: &str, text: String| {
        let saved = exported
            .with_value(|(_, _, base)| save_bytes(&format!("{base} {ending}"), media_type, text.as_bytes()));
        failed.set(saved.is_err());
    };
    let save_csv = move |_| {
        save("answers.csv", "text/csv;charset=utf-8", exported.with_value(|(answers, ..)| csv(answers)));
    };
    let save_json = move |_| {
        save("answers.json", "application/json", exported.with_value(|(answers, ..)| json(answers)));
    };
    let save_certificate = move |_| {
        let text = exported.with_value(|(_, certificate, _)| certificate.clone());
        save("certificate.json", "application/json", text);
    };
    view! {
        <p class="actions">
            <button type="button" class="button" data-testid="answers-export" on:click=save_csv><Icon symbol=Symbol::Save/>"Save answers as CSV"</button>
            <button type="button" class="button" data-testid="answers-json" on:click=save_json><Icon symbol=Symbol::Save/>"JSON"</button>
            {(!certificate.is_empty()).then(|| view! {
                <button type="button" class="button" data-testid="answers-certificate" on:click=save_certificate>
                    <Icon symbol=Symbol::Save/>"Certificate"
                </button>
                <a href="/verify" class="button quiet" data-testid="verify-link">"Verify a certificate"</a>
            })}
            <span class="problem" role="status">
                {move || failed.get().then_some("The browser did not save it. Allow downloads for this site, then try again.")}
            </span>
        </p>
    }
}

#[component]
fn TwinState(twin: TwinProcess, on_file: Callback<File>) -> impl IntoView {
    let chooser = move || {
        view! {
            <div class="twin-file">
                <FileInput id="twin-file" label="Choose the file again to compare" on_file/>
                <p class="hint">"It is read in this browser only, to put the cleartext answer beside this one."</p>
            </div>
        }
    };
    match twin {
        TwinProcess::Done(_) => ().into_any(),
        TwinProcess::FileNeeded => chooser().into_any(),
        TwinProcess::Computing => {
            view! { <p class="hint" role="status">"Computing the same from the cleartext…"</p> }.into_any()
        }
        TwinProcess::Failed(fault) => view! { <FaultNote fault testid="twin-error"/> {chooser()} }.into_any(),
    }
}
