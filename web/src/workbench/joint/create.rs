//! A new training: which model, which columns with which bounds, how many owners with how many rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::messages::Fault;
use crate::messages::training::{JointColumn, JointFamily, NewTraining};
use crate::messages::workbench::{ColumnHead, Family, TableHead, TableSource};
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::navigate;
use crate::workbench::desk::{Desk, TableProcess};
use crate::workbench::input::TableChoice;

const OFFERS: [(Family, &str, &str, &str, &str); 3] = [
    (
        Family::Logistic,
        "joint-logistic",
        "Logistic regression",
        "Tells two classes apart. Some ten rounds.",
        "breast_cancer.csv",
    ),
    (Family::Linear, "joint-linear", "Linear regression", "Predicts a number. Two rounds.", "diabetes.csv"),
    (
        Family::KMeans,
        "joint-k-means",
        "k-means",
        "Finds groups of rows that are alike. Some ten rounds a start.",
        "iris.csv",
    ),
];

/// No bound that is proposed is above this power of two.
const MOST_BOUND_BITS: i32 = 49;

/// What is typed and chosen.
#[derive(Clone, Copy)]
struct Form {
    family: RwSignal<Option<Family>>,
    name: RwSignal<String>,
    key_holder: RwSignal<String>,
    owners: RwSignal<f64>,
    least_rows: RwSignal<f64>,
    most_rows: RwSignal<f64>,
    target: RwSignal<Option<usize>>,
    left_out: RwSignal<Vec<usize>>,
    bounds: RwSignal<BTreeMap<usize, f64>>,
    c: RwSignal<f64>,
    ridge: RwSignal<f64>,
    clusters: RwSignal<f64>,
    starts: RwSignal<f64>,
    seed: RwSignal<f64>,
    standardised: RwSignal<bool>,
}

impl Form {
    fn new() -> Self {
        Self {
            family: RwSignal::new(None),
            name: RwSignal::new(String::new()),
            key_holder: RwSignal::new(String::new()),
            owners: RwSignal::new(2.0),
            least_rows: RwSignal::new(30.0),
            most_rows: RwSignal::new(100_000.0),
            target: RwSignal::new(None),
            left_out: RwSignal::new(Vec::new()),
            bounds: RwSignal::new(BTreeMap::new()),
            c: RwSignal::new(1.0),
            ridge: RwSignal::new(0.0),
            clusters: RwSignal::new(3.0),
            starts: RwSignal::new(3.0),
            seed: RwSignal::new(1.0),
            standardised: RwSignal::new(true),
        }
    }

    /// The terms, or what is missing.
    fn terms(self, head: &TableHead) -> Result<NewTraining, &'static str> {
        let family = self.family.get_untracked().ok_or("Choose which model is trained.")?;
        let target = self.target.get_untracked();
        let column = |at: usize| head.columns.get(at).map(|column| self.column(at, column));
        let target_name = || target.and_then(|at| head.columns.get(at));
        let family = match family {
            Family::Linear => JointFamily::Linear {
                target: target.and_then(column).ok_or("Choose the column that is predicted.")?,
                ridge: self.ridge.get_untracked(),
            },
            Family::Logistic | Family::Network => {
                let label = target_name().ok_or("Choose the column of the two classes.")?;
                let classes =
                    label.classes.clone().ok_or("The column of the classes needs two different values.")?;
                JointFamily::Logistic { label: label.name.clone(), classes, c: self.c.get_untracked() }
            }
            Family::KMeans => JointFamily::KMeans {
                clusters: whole(self.clusters.get_untracked()),
                starts: whole(self.starts.get_untracked()),
                seed: u64::from(whole(self.seed.get_untracked())),
                standardised: self.standardised.get_untracked(),
            },
        };
        let is_feature = |(at, column): &(usize, &ColumnHead)| {
            column.is_number
                && (matches!(family, JointFamily::KMeans { .. }) || target != Some(*at))
                && !self.left_out.with_untracked(|left_out| left_out.contains(at))
        };
        let features: Vec<JointColumn> = head
            .columns
            .iter()
            .enumerate()
            .filter(is_feature)
            .map(|(at, found)| self.column(at, found))
            .collect();
        if features.is_empty() {
            return Err("No column of numbers is left to learn from.");
        }
        let key_holder = self.key_holder.get_untracked().trim().to_owned();
        if key_holder.is_empty() {
            return Err("Say who you are: owners must know who holds the key.");
        }
        let typed = self.name.get_untracked().trim().to_owned();
        let stem = head.file_name.rsplit_once('.').map_or(head.file_name.as_str(), |(stem, _)| stem);
        let name = if typed.is_empty() { format!("{stem}, {}", family.name()) } else { typed };
        Ok(NewTraining {
            name,
            key_holder,
            family,
            features,
            owners: whole(self.owners.get_untracked()),
            most_rows: u64::from(whole(self.most_rows.get_untracked())),
            least_rows: u64::from(whole(self.least_rows.get_untracked())),
        })
    }

    fn column(self, at: usize, column: &ColumnHead) -> JointColumn {
        let bound = self.bounds.with_untracked(|bounds| bounds.get(&at).copied());
        JointColumn {
            name: column.name.clone(),
            bound: bound.unwrap_or_else(|| proposed(column.largest)),
            decimals: column.decimals.min(15),
        }
    }
}

/// At least eight times the largest number of the table, as a power of two: the rows of others may go far beyond it, and it
/// says little about the table. Three bits of room are missed nowhere.
fn proposed(largest: f64) -> f64 {
    if largest <= 0.0 {
        return 1.0;
    }
    let mut powers = (-20..MOST_BOUND_BITS).map(|exponent| 2.0_f64.powi(exponent));
    // A column of larger numbers is refused with the terms.
    powers.find(|bound| *bound >= 8.0 * largest).unwrap_or_else(|| 2.0_f64.powi(MOST_BOUND_BITS))
}

/// The form.
#[component]
pub(super) fn NewTrainingForm() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let form = Form::new();
    let fault = RwSignal::new(None::<Fault>);
    let missing = RwSignal::new(None::<&'static str>);
    let is_running = RwSignal::new(false);
    let head = Memo::new(move |_| {
        desk.table.with(|table| match table {
            TableProcess::Open(head) => Some(Arc::clone(head)),
            TableProcess::None | TableProcess::Reading | TableProcess::Failed(_) => None,
        })
    });
    // What of another table was chosen means nothing for this one.
    Effect::new(move |_| {
        let (head, family) = (head.get(), form.family.get());
        form.left_out.set(Vec::new());
        form.bounds.set(BTreeMap::new());
        form.target.set(head.zip(family).and_then(|(head, family)| usual_target(&head, family)));
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(head) = head.get_untracked() else { return };
        let terms = match form.terms(&head) {
            Ok(terms) => terms,
            Err(words) => return missing.set(Some(words)),
        };
        missing.set(None);
        fault.set(None);
        is_running.set(true);
        spawn_local(async move {
            let created = desk.vault.joint_create(terms).await;
            is_running.try_set(false);
            match created {
                Ok(training) => navigate::go(&format!("/trainings/{training}")),
                Err(error) => {
                    fault.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <section class="panel" aria-labelledby="joint-family-title">
            <h2 id="joint-family-title">"1. Which model?"</h2>
            <FamilyChoice form/>
        </section>
        <section class="panel browser-side" aria-labelledby="joint-table-title">
            <h2 id="joint-table-title"><Icon symbol=Symbol::Browser/>"2. Which columns?"</h2>
            <p class="hint">"Names of columns, and bounds of their numbers, are taken from a table: yours, or a sample. They become terms that every owner sees; the rows stay here."</p>
            <TableChoice/>
        </section>
        {move || head.get().filter(|_| form.family.get().is_some()).map(|head| view! {
            <section class="panel" aria-labelledby="joint-terms-title">
                <h2 id="joint-terms-title">"3. On which terms?"</h2>
                <form class="run-form" on:submit=submit>
                    <fieldset disabled=move || is_running.get()>
                        <Fields form head=Arc::clone(&head)/>
                        <p class="hint">"Owners encrypt under the key of this keyring. Better make a keyring for trainings alone: a cloud that lies could mix other things that were encrypted under the same key, such as records to be scored, into a total."</p>
                        <div class="actions">
                            <button type="submit" class="button primary" data-testid="create-training">
                                {move || if is_running.get() { "Creating…" } else { "Create the training" }}
                            </button>
                            <span class="problem" role="status" data-testid="create-missing">{move || missing.get()}</span>
                        </div>
                    </fieldset>
                </form>
                {move || fault.get().map(|fault| view! { <FaultNote fault testid="create-fault"/> })}
            </section>
        })}
    }
}

#[component]
fn FamilyChoice(form: Form) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let offer = move |(family, id, name, what, sample): (
        Family,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
    )| {
        let choose = move |_| {
            form.family.set(Some(family));
            // A sample that suits the family, unless an own table was brought.
            let is_sample = desk.table.with_untracked(|table| match table {
                TableProcess::Open(head) => {
                    OFFERS.iter().any(|(.., known)| head.file_name == *known && *known != sample)
                }
                TableProcess::None | TableProcess::Failed(_) => true,
                TableProcess::Reading => false,
            });
            if is_sample {
                desk.open(TableSource::Sample(sample.to_owned()), None);
            }
        };
        view! {
            <label class="offer">
                <input
                    type="radio" name="joint-family" data-testid=id prop:checked=move || form.family.get() == Some(family)
                    on:change=choose
                />
                <span class="offer-name">{name}</span>
                <span class="offer-facts"><span>{what}</span></span>
            </label>
        }
    };
    view! {
        <fieldset class="offers bench-families">
            <legend class="visually-hidden">"Family of models"</legend>
            {OFFERS.into_iter().map(offer).collect_view()}
        </fieldset>
    }
}

#[component]
fn Fields(form: Form, head: Arc<TableHead>) -> impl IntoView {
    let family = move || form.family.get();
    let of_targets = Arc::clone(&head);
    view! {
        <div class="ask-fields">
            <Text id="joint-key-holder" label="You, who hold the key, as owners know you" value=form.key_holder/>
            <Text id="joint-name" label="Name of the training" value=form.name/>
            <Number id="joint-owners" label="Owners with rows" low=2.0 high=64.0 step="1" value=form.owners
                hint="You may be one of them."/>
            <Number id="joint-least-rows" label="Fewest rows of each owner" low=2.0 high=1e6 step="1" value=form.least_rows
                hint="Sums over few rows tell much of each row."/>
            {move || (family() != Some(Family::KMeans)).then(|| view! { <TargetChoice form head=Arc::clone(&of_targets)/> })}
            {move || match family() {
                Some(Family::Logistic) => view! {
                    <Number id="joint-c" label="C, inverse of the penalty" low=1e-9 high=1e9 step="any" value=form.c hint="As scikit-learn's; 1 is usual."/>
                }.into_any(),
                Some(Family::Linear) => view! {
                    <Number id="joint-ridge" label="Ridge penalty" low=0.0 high=1e9 step="any" value=form.ridge hint="0 is least squares."/>
                }.into_any(),
                Some(Family::KMeans) => view! {
                    <Number id="joint-clusters" label="Clusters" low=2.0 high=32.0 step="1" value=form.clusters hint=""/>
                    <Number id="joint-starts" label="Random starts" low=1.0 high=6.0 step="1" value=form.starts hint="The best of them is kept; each takes its own rounds."/>
                }.into_any(),
                Some(Family::Network) | None => ().into_any(),
            }}
        </div>
        <details>
            <summary>"Columns, bounds and more choices"</summary>
            <div class="ask-fields">
                <Number id="joint-most-rows" label="Most rows of all owners together" low=4.0 high=67_108_864.0 step="1" value=form.most_rows
                    hint="Leaves room in the numbers; far more than there are costs digits."/>
                {move || (family() == Some(Family::KMeans)).then(|| view! {
                    <Number id="joint-seed" label="Seed of the starts" low=0.0 high=4_294_967_295.0 step="1" value=form.seed hint=""/>
                    <label class="choice">
                        <input
                            type="checkbox" data-testid="joint-standardise" prop:checked=form.standardised
                            on:change:target=move |event| form.standardised.set(event.target().checked())
                        />
                        "Standardise the columns"
                    </label>
                })}
            </div>
            <Bounds form head/>
        </details>
    }
}

#[component]
fn Bounds(form: Form, head: Arc<TableHead>) -> impl IntoView {
    let row = move |(at, column): (usize, &ColumnHead)| {
        let (name, largest) = (column.name.clone(), column.largest);
        let label = format!("Bound of {name}");
        let used = format!("Learn from {name}");
        let bound =
            move || form.bounds.with(|bounds| bounds.get(&at).copied()).unwrap_or_else(|| proposed(largest));
        view! {
            <tr>
                <td><input
                    type="checkbox" aria-label=used
                    prop:checked=move || form.left_out.with(|left_out| !left_out.contains(&at))
                    on:change:target=move |event| {
                        let used = event.target().checked();
                        form.left_out.update(|left_out| {
                            left_out.retain(|left| *left != at);
                            if !used {
                                left_out.push(at);
                            }
                        });
                    }
                /></td>
                <th scope="row" class="wrap">{name}</th>
                <td class="number">{super::words::number(largest)}</td>
                <td class="number"><input
                    type="number" step="any" min="0" aria-label=label prop:value=move || bound().to_string()
                    on:change:target=move |event| {
                        if let Ok(value) = event.target().value().parse::<f64>() {
                            form.bounds.update(|bounds| {
                                bounds.insert(at, value);
                            });
                        }
                    }
                /></td>
            </tr>
        }
    };
    let rows = head.columns.iter().enumerate().filter(|(_, column)| column.is_number).map(row).collect_view();
    view! {
        <p class="hint">"A bound is the largest number that any owner may have, whatever its sign. A row beyond it is refused where it is."</p>
        <div class="table-scroll" tabindex="0" role="region" aria-label="Columns and bounds">
            <table>
                <thead><tr>
                    <th scope="col">"Use"</th><th scope="col">"Column"</th>
                    <th scope="col" class="number">"Largest in this table"</th><th scope="col" class="number">"Bound"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn TargetChoice(form: Form, head: Arc<TableHead>) -> impl IntoView {
    let options = {
        let head = Arc::clone(&head);
        move || {
            let family = form.family.get();
            let chosen = form.target.get();
            let fits = |column: &ColumnHead| match family {
                Some(Family::Linear) => column.is_number && column.distinct > 2,
                Some(Family::Logistic) => column.classes.is_some(),
                Some(Family::KMeans | Family::Network) | None => false,
            };
            head.columns
                .iter()
                .enumerate()
                .filter(|(_, column)| fits(column))
                .map(|(at, column)| {
                    view! { <option value=at.to_string() selected=chosen == Some(at)>{column.name.clone()}</option> }
                })
                .collect_view()
        }
    };
    let hint = move || {
        let at = form.target.get()?;
        let [negative, positive] = head.columns.get(at)?.classes.clone()?;
        (form.family.get() == Some(Family::Logistic))
            .then(|| format!("Classes “{negative}” and “{positive}”; probabilities are of “{positive}”."))
    };
    view! {
        <div class="field">
            <label for="joint-target">"Predict"</label>
            <select
                id="joint-target" data-testid="joint-target" aria-describedby="joint-target-hint"
                on:change:target=move |event| form.target.set(event.target().value().parse().ok())
            >{options}</select>
            <p class="hint" id="joint-target-hint">{hint}</p>
        </div>
    }
}

#[component]
fn Text(id: &'static str, label: &'static str, value: RwSignal<String>) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                type="text" id=id data-testid=id maxlength="80" autocomplete="off" prop:value=value
                on:input:target=move |event| value.set(event.target().value())
            />
        </div>
    }
}

#[component]
fn Number(
    id: &'static str,
    label: &'static str,
    low: f64,
    high: f64,
    step: &'static str,
    value: RwSignal<f64>,
    hint: &'static str,
) -> impl IntoView {
    let hint_id = format!("{id}-hint");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                type="number" id=id data-testid=id min=low.to_string() max=high.to_string() step=step
                aria-describedby=hint_id.clone() prop:value=move || value.get().to_string()
                on:change:target=move |event| {
                    if let Ok(typed) = event.target().value().parse::<f64>() {
                        value.set(typed.clamp(low, high));
                    }
                }
            />
            <p class="hint" id=hint_id>{hint}</p>
        </div>
    }
}

/// The target that a table most likely has: its last column that can be one.
fn usual_target(head: &TableHead, family: Family) -> Option<usize> {
    head.columns.iter().rposition(|column| match family {
        Family::Linear => column.is_number && column.distinct > 2,
        Family::Logistic => column.classes.is_some(),
        Family::KMeans | Family::Network => false,
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the field's range")]
fn whole(value: f64) -> u32 {
    value.round().max(0.0) as u32
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn proposed_bounds_leave_room_and_are_powers_of_two() {
        for (largest, bound) in
            [(0.0, 1.0), (1.0, 8.0), (224.0, 2_048.0), (0.03, 0.25), (1e20, 2.0_f64.powi(49))]
        {
            assert_eq!(proposed(largest), bound, "{largest}");
        }
    }
}
