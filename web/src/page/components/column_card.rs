//! One column on the Prepare page: what is in it, and what becomes of it.

use leptos::prelude::*;
use veilsum_table::profile::{ColumnProfile, Kind};
use veilsum_table::treat::Choice;

use crate::messages::{ColumnDetails, Proposal};
use crate::page::components::column_details::{Closer, TypeChoices, at_a_glance};
use crate::page::desk::Desk;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;

/// What a column turns into, as a form value.
const NUMBER: &str = "number";
const CATEGORY: &str = "category";
const SEALED_ORIGINAL: &str = "sealed-original";
const DROP: &str = "drop";

/// A card with facts, the choice, and what follows from it.
#[component]
pub(in crate::page) fn ColumnCard(
    index: usize,
    profile: ColumnProfile,
    proposal: Proposal,
    details: ColumnDetails,
    type_choices: TypeChoices,
    /// Reads the file again with another type of this column; `None` where that is no choice.
    on_type: Option<Callback<String>>,
    #[prop(into)] choice: Signal<Choice>,
    on_choice: Callback<Choice>,
    /// Why this choice cannot be carried out.
    #[prop(into)]
    problem: Signal<Option<String>>,
    /// What to know about this choice.
    #[prop(into)]
    note: Signal<Option<String>>,
    /// Reads the file again with these words as missing; `None` where that does not help.
    on_missing_words: Option<Callback<Vec<String>>>,
) -> impl IntoView {
    let largest_scale = proposal.largest_scale;
    let proposed_scale = match proposal.choice {
        Choice::Number { scale } => scale,
        Choice::Category | Choice::SealedOriginalOnly | Choice::Drop => {
            profile.max_decimals.min(largest_scale.unwrap_or_default())
        }
    };
    let is_category = proposal.category_count.is_some();
    let max_decimals = profile.max_decimals;
    let kind = match profile.kind {
        Kind::Integer => "whole numbers",
        Kind::Decimal => "decimals",
        Kind::Text => "text",
        Kind::Blank => "blank",
    };
    let value = move || match choice.get() {
        Choice::Number { .. } => NUMBER,
        Choice::Category => CATEGORY,
        Choice::SealedOriginalOnly => SEALED_ORIGINAL,
        Choice::Drop => DROP,
    };
    let scale = move || match choice.get() {
        Choice::Number { scale } => Some(scale),
        Choice::Category | Choice::SealedOriginalOnly | Choice::Drop => None,
    };
    // Whole numbers have no decimals to choose.
    let has_scale = Memo::new(move |_| max_decimals > 0 && scale().is_some());
    let choose = move |value: String| {
        on_choice.run(match value.as_str() {
            NUMBER => Choice::Number { scale: proposed_scale },
            CATEGORY => Choice::Category,
            SEALED_ORIGINAL => Choice::SealedOriginalOnly,
            _ => Choice::Drop,
        });
    };
    let set_scale = move |scale: u32| {
        on_choice.run(Choice::Number { scale: scale.min(largest_scale.unwrap_or_default()) });
    };
    let desk = expect_context::<Desk>();
    let consequence = move || {
        if let Some(note) = note.get() {
            return note;
        }
        match choice.get() {
            Choice::Number { scale } if scale >= max_decimals => match max_decimals {
                0 => "Exact.".into(),
                decimals => {
                    format!("Exact: no cell has more than {}.", words::counted(decimals.into(), "decimal"))
                }
            },
            Choice::Number { scale } => {
                format!(
                    "Rounded to {}: at most {} off per cell.",
                    words::counted(scale.into(), "decimal"),
                    half_step(scale)
                )
            }
            Choice::Category => "Encrypted as categories: analyses can group by it.".into(),
            Choice::SealedOriginalOnly if desk.keep_original.get() => {
                "Encrypted with the original; nothing can be computed with it.".into()
            }
            Choice::SealedOriginalOnly | Choice::Drop => "Does not leave this browser.".into(),
        }
    };
    let missing_words = missing_words(&profile, on_missing_words, index);
    let too_large = (largest_scale.is_none() && profile.max.is_some()).then_some(proposal.reason);
    let title_id = format!("column-{index}");
    let labelled_by = title_id.clone();
    let treatment_id = format!("treatment-{index}");
    let scale_id = format!("scale-{index}");
    let name = if profile.name.is_empty() { "(no name)".to_owned() } else { profile.name };

    view! {
        <section
            class="card column-card" aria-labelledby=labelled_by
            data-testid=format!("column-card-{index}") data-treatment=value
        >
            <div class="card-head">
                <h3 id=title_id class="wrap">{name}</h3>
                <span class="tag">{kind}</span>
            </div>
            <p class="reason">{profile.reason}</p>
            {at_a_glance(&details, index)}
            <dl class="facts">
                {match proposal.category_count {
                    Some(categories) if profile.kind == Kind::Text => fact("Categories", words::count(categories.into())),
                    Some(_) | None => fact("Values", words::count(profile.count)),
                }}
                {fact("Missing", words::count(profile.missing))}
                {profile.min.zip(profile.max).map(|(min, max)| fact("Range", format!("{min} to {max}")))}
                {(profile.max_decimals > 0).then(|| fact("Decimals", format!("up to {}", profile.max_decimals)))}
            </dl>
            {missing_words}
            {too_large.map(|reason| view! {
                <p class="note warning" data-testid=format!("too-large-{index}")>{reason}</p>
            })}
            <div class="field">
                <label for=treatment_id.clone()>"What becomes of it"</label>
                <select
                    id=treatment_id.clone() data-testid=treatment_id.clone()
                    prop:value=value on:change:target=move |event| choose(event.target().value())
                >
                    {largest_scale.is_some().then(|| view! {
                        <option value=NUMBER selected=value() == NUMBER>"Encrypt as number"</option>
                    })}
                    {is_category.then(|| view! {
                        <option value=CATEGORY selected=value() == CATEGORY>"Encrypt as categories"</option>
                    })}
                    <option value=SEALED_ORIGINAL selected=value() == SEALED_ORIGINAL>"Keep only in the sealed original"</option>
                    <option value=DROP selected=value() == DROP>"Drop"</option>
                </select>
            </div>
            <Show when=move || has_scale.get()>
                <div class="field">
                    <label for=scale_id.clone()>"Decimals kept"</label>
                    <div class="stepper">
                        <button
                            type="button" class="button" aria-label="One decimal fewer" data-testid=format!("scale-down-{index}")
                            disabled=move || scale() == Some(0)
                            on:click=move |_| set_scale(scale().unwrap_or_default().saturating_sub(1))
                        >"−"</button>
                        <input
                            type="number" inputmode="numeric" min="0" max=largest_scale.map(|scale| scale.to_string())
                            id=scale_id.clone() data-testid=scale_id.clone()
                            prop:value=move || scale().unwrap_or_default().to_string()
                            on:change:target=move |event| {
                                let typed = event.target().value().trim().parse();
                                set_scale(typed.unwrap_or(proposed_scale));
                                // What was typed may have been corrected to the same choice.
                                event.target().set_value(&scale().unwrap_or_default().to_string());
                            }
                        />
                        <button
                            type="button" class="button" aria-label="One decimal more" data-testid=format!("scale-up-{index}")
                            disabled=move || { scale() >= largest_scale }
                            on:click=move |_| set_scale(scale().unwrap_or_default().saturating_add(1))
                        >"+"</button>
                    </div>
                </div>
            </Show>
            <Closer index details choices=type_choices on_type/>
            <p class="consequence" aria-live="polite" data-testid=format!("consequence-{index}")>{consequence}</p>
            {move || problem.get().map(|problem| view! {
                <p class="note danger" role="alert" data-testid=format!("column-problem-{index}")>
                    <Icon symbol=Symbol::Warning/>{problem}
                </p>
            })}
        </section>
    }
}

fn fact(name: &'static str, value: String) -> impl IntoView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
}

/// Offers to read words such as `N/A` as missing, where that makes the column one of numbers.
fn missing_words(
    profile: &ColumnProfile,
    on_missing_words: Option<Callback<Vec<String>>>,
    index: usize,
) -> Option<impl IntoView + use<>> {
    let on_missing_words = on_missing_words.filter(|_| profile.is_number_but_for_missing_words())?;
    let words: Vec<String> = profile.missing_words.iter().map(|word| word.word.clone()).collect();
    let named = words.iter().map(|word| format!("“{word}”")).collect::<Vec<_>>().join(", ");
    Some(view! {
        <button
            type="button" class="button" data-testid=format!("missing-words-{index}")
            on:click=move |_| on_missing_words.run(words.clone())
        >{format!("Read {named} as missing")}</button>
    })
}

/// `0.5·10^-scale`.
fn half_step(scale: u32) -> String {
    if scale == 0 { "0.5".into() } else { format!("0.{}5", "0".repeat(scale as usize)) }
}
