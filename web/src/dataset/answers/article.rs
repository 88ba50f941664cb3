//! An answer that has more to it than one number.

use leptos::prelude::*;
use veilsum_analysis::answer::Answer;

use super::export::{Exported, csv, json};
use super::figures::{AnswerTable, FiguresTable};
use crate::dataset::answers::checked;
use crate::dataset::twin::{Verdict, VerdictNote};
use crate::messages::AnswerValue;
use crate::ui::chart::ChartFigure;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::save::save_bytes;
use crate::ui::words;

/// The answer with what vouches for it, and what can be done with it.
#[component]
pub(super) fn Article(
    /// Its place in the run.
    at: usize,
    value: AnswerValue,
    twin: Option<Answer>,
    /// What only the cleartext tells.
    only_here: Vec<(String, f64)>,
    /// What saved files are called after.
    base: String,
    /// It is to be made exact.
    on_exact: Callback<usize>,
) -> impl IntoView {
    let heading_id = format!("answer-{at}");
    let labelled_by = heading_id.clone();
    let badge = checked::badge(value.checked, value.answer.row_count);
    let symbol = checked::symbol(value.checked);
    let class = checked::class(value.checked);
    let verdict = twin.as_ref().map(|twin| Verdict::of(&value.answer, twin));
    let code = verdict.as_ref().map(Verdict::code);
    let refinable = !value.answer.refinements.is_empty();
    let exported = StoredValue::new((
        vec![Exported { value: value.clone(), twin: twin.clone() }],
        format!("{base} {}", file_part(&value.answer.title)),
    ));
    let title = value.answer.title.clone();
    let name = exported.with_value(|(_, name)| name.clone());
    view! {
        <article class="answer" aria-labelledby=labelled_by data-testid="answer-article" data-at=at.to_string() data-verdict=code>
            <h3 id=heading_id class="wrap">{title}</h3>
            <p class="badges">
                <span class=class><Icon symbol/>{badge}</span>
                {verdict.map(|verdict| view! { <span>"Same from cleartext in this browser: "<VerdictNote verdict/></span> })}
            </p>
            <CheckedAnswer answer=value.answer twin name/>
            {only_here.into_iter().map(|(name, number)| view! {
                <p class="hint" data-testid="only-here" data-number=number.to_string()>
                    {format!("{name}: {}. From the cleartext in this browser, not from the cloud: it is no function of sums.", words::fixed(number, 6))}
                </p>
            }).collect_view()}
            <p class="actions">
                {refinable.then(|| view! {
                    <button type="button" class="button" data-testid="make-exact" on:click=move |_| on_exact.run(at)>"Make it exact"</button>
                })}
                <SaveButtons exported/>
            </p>
        </article>
    }
}

/// Sentences, figures, tables, notes and charts of an answer.
#[component]
pub(in crate::dataset) fn CheckedAnswer(
    answer: Answer,
    twin: Option<Answer>,
    /// What saved pictures are called after.
    name: String,
) -> impl IntoView {
    let Answer { sentences, figures, tables, charts, notes, .. } = answer;
    let mut sentences = sentences.into_iter();
    let first = sentences.next();
    // Tables say the same, as people read it.
    let folded = !tables.is_empty();
    let count = figures.len() as u64;
    view! {
        {first.map(|sentence| view! { <p class="finding wrap" data-testid="sentence">{sentence}</p> })}
        <ul class="more-findings">{sentences.map(|sentence| view! { <li class="wrap">{sentence}</li> }).collect_view()}</ul>
        {match (figures.is_empty(), folded) {
            (true, _) => ().into_any(),
            (false, false) => view! { <FiguresTable figures twin/> }.into_any(),
            (false, true) => view! {
                <details>
                    <summary>{format!("{} with all digits", words::counted(count, "number"))}</summary>
                    <FiguresTable figures twin/>
                </details>
            }
            .into_any(),
        }}
        {tables.into_iter().map(|table| view! { <AnswerTable table/> }).collect_view()}
        {(!notes.is_empty()).then(|| view! {
            <ul class="answer-notes">{notes.into_iter().map(|note| view! { <li class="wrap">{note}</li> }).collect_view()}</ul>
        })}
        {charts.into_iter().enumerate().map(|(number, chart)| {
            let file_name = if number == 0 { name.clone() } else { format!("{name} {}", number + 1) };
            view! { <ChartFigure chart file_name/> }
        }).collect_view()}
    }
}

#[component]
fn SaveButtons(exported: StoredValue<(Vec<Exported>, String)>) -> impl IntoView {
    let failed = RwSignal::new(false);
    let save = move |ending: &str, media_type: &str, text: String| {
        let name = exported.with_value(|(_, name)| format!("{name}.{ending}"));
        failed.set(save_bytes(&name, media_type, text.as_bytes()).is_err());
    };
    view! {
        <button
            type="button" class="button quiet" data-testid="answer-csv"
            on:click=move |_| save("csv", "text/csv;charset=utf-8", exported.with_value(|(answers, _)| csv(answers)))
        ><Icon symbol=Symbol::Save/>"CSV"</button>
        <button
            type="button" class="button quiet" data-testid="answer-json"
            on:click=move |_| save("json", "application/json", exported.with_value(|(answers, _)| json(answers)))
        ><Icon symbol=Symbol::Save/>"JSON"</button>
        <span class="problem" role="status">
            {move || failed.get().then_some("The browser did not save it. Allow downloads for this site, then try again.")}
        </span>
    }
}

/// A title as a part of a file name: short, and without what file systems take for something else.
fn file_part(title: &str) -> String {
    const LONGEST: usize = 60;
    let kept = title.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.take(LONGEST).collect::<String>().trim().to_owned()
}
