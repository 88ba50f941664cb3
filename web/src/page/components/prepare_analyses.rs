//! Which analyses are prepared while the table is encrypted, and what each of them adds to it.

use leptos::prelude::*;
use veilsum_table::treat::Choice;

use crate::messages::{Engine, Need, UploadEstimate};
use crate::page::desk::Desk;
use crate::page::presets::Presets;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::loaded::Loaded;
use crate::ui::words;

/// A bundle: test id, words, where it is kept.
type Bundle = (&'static str, &'static str, fn(&mut Presets) -> &mut bool);

const BUNDLES: [Bundle; 4] = [
    ("prepare-spread", "Spread and intervals of every number", |presets| &mut presets.spread),
    ("prepare-quantiles", "Quantiles and histograms of every number", |presets| &mut presets.quantiles),
    ("prepare-relations", "Correlation and regression of all numbers", |presets| &mut presets.relations),
    ("prepare-shape", "Shape (skewness, kurtosis) of every number", |presets| &mut presets.shape),
];

/// The section.
#[component]
pub(in crate::page) fn PrepareAnalyses(known: Loaded<UploadEstimate>, names: Vec<String>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let bundles = BUNDLES.map(|(testid, label, field)| {
        let read = move || *field(&mut desk.presets.get());
        choice(testid.to_owned(), label.to_owned(), read, move |wanted| {
            desk.presets.update(|presets| *field(presets) = wanted);
        })
    });
    let groupings = move || {
        let is_category = |(_, choice): &(u32, Choice)| matches!(choice, Choice::Category);
        let columns: Vec<u32> =
            (0_u32..).zip(desk.choices.get()).filter(is_category).map(|(column, _)| column).collect();
        (!columns.is_empty()).then(|| view! {
            <fieldset>
                <legend>"Every number in groups of"</legend>
                <div class="choices">
                    {columns.into_iter().map(|column| {
                        let name = names.get(column as usize).cloned().unwrap_or_default();
                        let read = move || desk.presets.with(|presets| presets.groupings.contains(&column));
                        choice(format!("prepare-group-{column}"), name, read, move |wanted| {
                            desk.presets.update(|presets| {
                                presets.groupings.retain(|other| *other != column);
                                if wanted {
                                    presets.groupings.push(column);
                                }
                            });
                        })
                    }).collect_view()}
                </div>
            </fieldset>
        })
    };
    let needs = move || {
        known.with(|known| match known {
            Some(Ok(estimate)) => estimate.needs.clone(),
            Some(Err(_)) | None => Vec::new(),
        })
    };
    view! {
        <section class="panel" aria-labelledby="analyses-title" data-testid="prepare-analyses">
            <h2 id="analyses-title">"Prepare analyses"</h2>
            <p class="hint">{move || match desk.engine.get() {
                Engine::Paillier => {
                    "Sums, means and counts need nothing more. Other analyses need products and groups, which are encrypted \
                     beside the columns. What is not prepared now can be added later, from the same file."
                }
                Engine::Bfv => {
                    "The cloud makes products and groups itself. Only quantiles and histograms need bins, which have to be \
                     encrypted now. What you choose here is checked before the upload."
                }
            }}</p>
            <div class="choices">{bundles.into_iter().collect_view()}</div>
            {groupings}
            <div aria-live="polite">{move || needs_view(needs())}</div>
        </section>
    }
}

fn choice(
    testid: String,
    label: String,
    read: impl Fn() -> bool + Send + Sync + 'static,
    write: impl Fn(bool) + 'static,
) -> impl IntoView {
    view! {
        <label class="choice">
            <input
                type="checkbox" data-testid=testid prop:checked=read
                on:change:target=move |event| write(event.target().checked())
            />
            <span class="wrap">{label}</span>
        </label>
    }
}

/// What all of it adds; each analysis folded, but for those that cannot be.
fn needs_view(needs: Vec<Need>) -> impl IntoView {
    let (columns, bytes, seconds) = needs.iter().fold((0, 0, 0.0), |(columns, bytes, seconds), need| {
        (columns + need.columns, bytes + need.bytes, seconds + need.seconds)
    });
    let total = format!(
        "Adds {}: {}, {}",
        words::counted(columns, "encrypted column"),
        words::bytes(bytes),
        words::seconds(seconds)
    );
    let (mut refusals, mut lines) = (Vec::new(), Vec::new());
    for need in needs {
        match need.refused {
            Some(refused) => refusals.push((need.analysis, refused)),
            None => lines.push(need),
        }
    }
    let refusals = refusals.into_iter().map(|(analysis, refused)| view! {
        <p class="note warning wrap" data-testid="prepare-refused"><Icon symbol=Symbol::Warning/><span>
            <strong>{words::capitalised(&analysis)}</strong>" is left out. "{refused}
        </span></p>
    }).collect_view();
    let row = |need: Need| {
        view! {
            <tr>
                <th scope="row" class="wrap">{words::capitalised(&need.analysis)}</th>
                <td class="number">{words::count(need.columns)}</td>
                <td class="number">{words::bytes(need.bytes)}</td>
                <td class="number">{words::seconds(need.seconds)}</td>
            </tr>
        }
    };
    let table = (!lines.is_empty()).then(|| {
        view! {
            <details data-testid="prepare-needs" data-columns=columns.to_string()>
                <summary>{total}</summary>
                <div class="table-scroll"><table>
                    <thead><tr>
                        <th scope="col">"Analysis"</th><th scope="col" class="number">"Columns"</th>
                        <th scope="col" class="number">"Size"</th><th scope="col" class="number">"Time"</th>
                    </tr></thead>
                    <tbody>{lines.into_iter().map(row).collect_view()}</tbody>
                </table></div>
            </details>
        }
    });
    view! { {refusals} {table} }
}
