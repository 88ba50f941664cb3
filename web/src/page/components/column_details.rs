//! A closer look at a column: what its cells mean, how they are spread, and what to look at before it is encrypted.

use leptos::prelude::*;

use crate::messages::{Bars, ColumnDetails};
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;

/// A type and its words.
pub(in crate::page) type TypeChoices = StoredValue<Vec<(String, String)>>;

/// What must be seen without asking: the type where it is no plain one, and warnings.
pub(super) fn at_a_glance(details: &ColumnDetails, index: usize) -> impl IntoView + use<> {
    let is_plain = details.column_type.contains("plain") && !details.is_doubtful;
    // Most reasons name what they are for.
    let reason = &details.type_reason;
    let text = if reason.contains(&details.type_in_words) {
        format!("{}.", words::capitalised(reason))
    } else {
        format!("Read as {} ({reason}).", details.type_in_words)
    };
    let class = if details.is_doubtful { "note warning" } else { "reason" };
    view! {
        {(!is_plain).then(|| view! { <p class=class data-testid=format!("type-{index}")>{text}</p> })}
        {details.warnings.iter().map(|warning| view! {
            <p class="note warning" data-testid=format!("column-warning-{index}")>
                <Icon symbol=Symbol::Warning/>{warning.clone()}
            </p>
        }).collect_view()}
    }
}

/// The rest, which is made when it is unfolded.
#[component]
pub(super) fn Closer(
    index: usize,
    details: ColumnDetails,
    choices: TypeChoices,
    /// Reads the file again with another type; `None` where it is read as it is.
    on_type: Option<Callback<String>>,
) -> impl IntoView {
    let is_open = RwSignal::new(false);
    view! {
        <details data-testid=format!("details-{index}") on:toggle=move |_| is_open.set(true)>
            <summary>"Look closer"</summary>
            {move || is_open.get().then(|| {
                let ColumnDetails { column_type, type_in_words, facts, charts, .. } = details.clone();
                view! {
                    {on_type.map(|on_type| type_choice(index, column_type, type_in_words, choices, on_type))}
                    <dl class="facts" data-testid=format!("details-facts-{index}")>
                        {facts.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect_view()}
                    </dl>
                    {charts.into_iter().map(bars).collect_view()}
                }
            })}
        </details>
    }
}

fn type_choice(
    index: usize,
    current: String,
    in_words: String,
    choices: TypeChoices,
    on_type: Callback<String>,
) -> impl IntoView {
    let id = format!("column-type-{index}");
    let mut choices = choices.get_value();
    if !choices.iter().any(|(code, _)| *code == current) {
        choices.insert(0, (current.clone(), in_words));
    }
    view! {
        <div class="field">
            <label for=id.clone()>"What its cells mean"</label>
            <select id=id.clone() data-testid=id on:change:target=move |event| on_type.run(event.target().value())>
                {choices.into_iter().map(|(code, words)| {
                    let selected = code == current;
                    view! { <option value=code selected=selected>{words}</option> }
                }).collect_view()}
            </select>
            <p class="hint">"Another choice reads the file again."</p>
        </div>
    }
}

fn bars(chart: Bars) -> impl IntoView {
    let most = chart.bars.iter().map(|(_, count)| *count).max().unwrap_or(1).to_string();
    view! {
        <table class="numbers bars">
            <caption>{chart.title}</caption>
            <tbody>
                {chart.bars.into_iter().map(|(label, count)| view! {
                    <tr>
                        <th scope="row">{label}</th>
                        <td><meter min="0" max=most.clone() value=count.to_string()></meter></td>
                        <td>{words::count(count)}</td>
                    </tr>
                }).collect_view()}
            </tbody>
        </table>
    }
}
