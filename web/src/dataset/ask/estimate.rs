//! What a run would take, and what the dataset still lacks for it.

use leptos::prelude::*;

use crate::messages::{Fault, Need, RunEstimate};
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words;

/// Terms that are listed before the rest is folded.
const FIRST_TERMS: usize = 6;

/// What it takes in a sentence, or why it cannot be.
pub(super) fn estimate_words(
    estimate: Option<Result<RunEstimate, Fault>>,
    rows: u64,
    is_lacking: bool,
) -> AnyView {
    match estimate {
        None => "Working out what it takes…".into_any(),
        Some(Err(fault)) => view! { <FaultNote fault testid="analysis-refused"/> }.into_any(),
        // The panel says it in other words.
        Some(Ok(_)) if is_lacking => "Possible once the columns below are added.".into_any(),
        Some(Ok(RunEstimate { refused: Some(fault), needs, .. })) => {
            // What keeps the columns from being added says more than that they are not there.
            let message = needs.into_iter().find_map(|need| need.refused).unwrap_or(fault.message);
            let fault = Fault { message, ..fault };
            view! { <FaultNote fault testid="analysis-refused"/> }.into_any()
        }
        Some(Ok(RunEstimate { row_groups: 0, .. })) => {
            "The signed manifest has the answer; nothing is asked of the cloud.".into_any()
        }
        Some(Ok(estimate)) => format!(
            "The cloud reads {} in {} ({}); this browser downloads {}. It takes the functions about {} and costs {}.",
            words::bytes(estimate.read_bytes),
            words::counted(estimate.row_groups.into(), "row group"),
            words::counted(rows, "row"),
            words::bytes(estimate.answer_bytes),
            words::seconds(estimate.cloud_seconds),
            price(estimate.price)
        )
        .into_any(),
    }
}

/// A price in dollars, without false precision.
fn price(dollars: f64) -> String {
    if dollars < 0.0001 {
        "less than $0.0001".into()
    } else if dollars < 0.01 {
        format!("about ${}", words::fixed(dollars, 4))
    } else {
        format!("about ${}", words::fixed(dollars, 2))
    }
}

/// What must be added, where that would make the run possible.
pub(super) fn lacking(estimate: &RunEstimate, rows: RowsAtHand) -> Option<Vec<Need>> {
    let needs = &estimate.needs;
    if estimate.refused.is_none() || needs.is_empty() {
        return None;
    }
    let is_known = needs.iter().all(|need| need.refused.is_none());
    let may_help = if is_known {
        // Without more columns it may be a batch that lacks what others have.
        rows.has_several_batches || needs.iter().any(|need| need.columns > 0)
    } else {
        // Which categories a column has, only its file tells.
        !rows.source_at_hand
    };
    may_help.then(|| needs.clone())
}

/// What decides whether columns can be added.
#[derive(Clone, Copy)]
pub(super) struct RowsAtHand {
    pub(super) source_at_hand: bool,
    pub(super) has_several_batches: bool,
}

/// The panel that lists what is missing, with the button that adds it.
#[component]
pub(super) fn Needs(
    needs: Vec<Need>,
    /// Whether something is added right now.
    #[prop(into)]
    busy: Signal<bool>,
    on_add: Callback<()>,
) -> impl IntoView {
    let columns: u64 = needs.iter().map(|need| need.columns).sum();
    let bytes: u64 = needs.iter().map(|need| need.bytes).sum();
    let seconds: f64 = needs.iter().map(|need| need.seconds).sum();
    let is_known = columns > 0 && needs.iter().all(|need| need.refused.is_none());
    let title = if is_known {
        format!("This needs {}", words::counted(columns, "more encrypted column"))
    } else {
        "This needs more encrypted columns".to_owned()
    };
    let facts = [
        ("Encrypted columns", words::count(columns)),
        ("Ciphertext that leaves", words::bytes(bytes)),
        ("Time, about", words::seconds(seconds)),
    ];
    view! {
        <section class="needs crossing-side" aria-labelledby="needs-title" data-testid="needs" data-columns=columns.to_string()>
            <h3 id="needs-title"><Icon symbol=Symbol::Right/>{title}</h3>
            <p class="hint">
                "The cloud can only add what is stored. Products and groups are made in this browser from the file, "
                "encrypted, and stored beside the columns; it is done once."
            </p>
            {if is_known {
                view! {
                    <dl class="figures">
                        {facts.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect_view()}
                    </dl>
                }
                .into_any()
            } else {
                view! { <p>"How many is known once the file is read again."</p> }.into_any()
            }}
            <ul class="need-list">
                {needs.into_iter().filter(|need| need.columns > 0).map(|need| view! { <NeedRow need/> }).collect_view()}
            </ul>
            <p class="actions">
                <button type="button" class="button primary" data-testid="add-columns" disabled=move || busy.get() on:click=move |_| on_add.run(())>
                    "Encrypt and add them"
                </button>
            </p>
        </section>
    }
}

#[component]
fn NeedRow(need: Need) -> impl IntoView {
    let Need { analysis, terms, columns, bytes, seconds, refused: _ } = need;
    let head = format!(
        "{}: {}, {}, {}",
        words::capitalised(&analysis),
        words::counted(columns, "column"),
        words::bytes(bytes),
        words::seconds(seconds)
    );
    let list = |terms: Vec<String>| {
        let terms = terms.into_iter().map(|term| view! { <li class="wrap">{term}</li> }).collect_view();
        view! { <ul class="terms">{terms}</ul> }
    };
    let folded = terms.len() > FIRST_TERMS;
    let count = terms.len() as u64;
    view! {
        <li>
            <p class="wrap">{head}</p>
            {if folded {
                view! {
                    <details>
                        <summary>{format!("{} products and groups, in words", words::count(count))}</summary>
                        {list(terms)}
                    </details>
                }
                .into_any()
            } else {
                list(terms).into_any()
            }}
        </li>
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::price;

    #[test]
    fn tiny_prices_are_not_nothing() {
        assert_eq!(price(0.000_000_2), "less than $0.0001");
        assert_eq!(price(0.001_26), "about $0.0013");
        assert_eq!(price(1.5), "about $1.50");
    }
}
