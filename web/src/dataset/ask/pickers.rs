//! Choosing columns: several as boxes, one from a list.

use leptos::prelude::*;

use super::columns::Pick;

/// Boxes for columns, with shortcuts.
#[component]
pub(super) fn Boxes(
    legend: &'static str,
    /// Begins the test ids of the boxes.
    testid: String,
    picks: Vec<Pick>,
    /// Positions that are chosen.
    #[prop(into)]
    chosen: Signal<Vec<u32>>,
    on_chosen: Callback<Vec<u32>>,
) -> impl IntoView {
    let count = picks.len();
    let all: Vec<u32> = picks.iter().map(|pick| pick.position).collect();
    let numbers: Vec<u32> = picks.iter().filter(|pick| pick.is_number).map(|pick| pick.position).collect();
    let mixed = !numbers.is_empty() && numbers.len() < all.len();
    let known = StoredValue::new(all.clone());
    let toggle = move |position: u32, wanted: bool| {
        // In the order of the file, whatever the order of clicks.
        let now = chosen.get_untracked();
        let kept = |at: &u32| if *at == position { wanted } else { now.contains(at) };
        on_chosen.run(known.with_value(|all| all.iter().copied().filter(|at| kept(at)).collect()));
    };
    let chosen_here = move || {
        known.with_value(|all| chosen.with(|chosen| all.iter().filter(|at| chosen.contains(at)).count()))
    };
    view! {
        <fieldset>
            <legend>{legend}</legend>
            <div class="actions">
                <button type="button" class="button quiet" data-testid=format!("{testid}-all") on:click=move |_| on_chosen.run(all.clone())>"Select all"</button>
                {mixed.then(|| view! {
                    <button type="button" class="button quiet" data-testid=format!("{testid}-numbers") on:click=move |_| on_chosen.run(numbers.clone())>"All numbers"</button>
                })}
                <button type="button" class="button quiet" data-testid=format!("{testid}-none") on:click=move |_| on_chosen.run(Vec::new())>"Select none"</button>
                <span class="hint" role="status">{move || format!("{} of {count} chosen", chosen_here())}</span>
            </div>
            <div class="choices scroll">
                {picks.into_iter().enumerate().map(|(place, pick)| {
                    let position = pick.position;
                    view! {
                        <label class="choice">
                            <input
                                type="checkbox" data-testid=format!("{testid}-column-{place}")
                                prop:checked=move || chosen.with(|chosen| chosen.contains(&position))
                                on:change:target=move |event| toggle(position, event.target().checked())
                            />
                            <span class="wrap">{pick.name}</span>
                        </label>
                    }
                }).collect_view()}
            </div>
        </fieldset>
    }
}

/// A list of columns, of which one is chosen.
#[component]
pub(super) fn OneOf(
    label: &'static str,
    /// Also its test id.
    id: String,
    /// Position and words.
    options: Vec<(u32, String)>,
    /// What none is called, where none may be chosen.
    #[prop(default = None)]
    none: Option<&'static str>,
    #[prop(into)] chosen: Signal<Option<u32>>,
    on_chosen: Callback<Option<u32>>,
) -> impl IntoView {
    let value = move || chosen.get().map(|position| position.to_string()).unwrap_or_default();
    // Until something is chosen that is there.
    let is_known = {
        let options = options.clone();
        move || {
            chosen.with(|chosen| chosen.is_some_and(|chosen| options.iter().any(|option| option.0 == chosen)))
        }
    };
    let none = none.or((!is_known()).then_some("Choose…"));
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select
                id=id.clone() data-testid=id.clone() prop:value=value
                on:change:target=move |event| on_chosen.run(event.target().value().parse().ok())
            >
                {none.map(|none| view! { <option value="" selected=move || chosen.get().is_none()>{none}</option> })}
                {options.into_iter().map(|(position, name)| view! {
                    <option value=position.to_string() selected=move || chosen.get() == Some(position)>{name}</option>
                }).collect_view()}
            </select>
        </div>
    }
}
