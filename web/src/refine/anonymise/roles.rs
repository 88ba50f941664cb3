//! What each column says about people: what it looks like, and what its owner says.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::{Role, Settings, Vaguer};
use crate::messages::Fault;
use crate::messages::refine::{ColumnFindings, Finding};
use crate::refine::desk::Desk;
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words::{percent, whole};

/// Largest hierarchy that is read.
const MAX_HIERARCHY_BYTES: f64 = 512_000.0;

const ROLES: [(&str, &str); 4] = [
    ("none", "Says nothing about who it is"),
    ("direct", "Identifies directly"),
    ("quasi", "Identifies together with others"),
    ("sensitive", "Sensitive"),
];

/// How pseudonyms are made, as `Treatment` is written in JSON.
const TREATMENTS: [(&str, &str); 9] = [
    ("\"identifier\"", "Identifier of the same form"),
    ("\"full-name\"", "Name"),
    ("\"given-name\"", "Given name"),
    ("\"family-name\"", "Family name"),
    ("\"email\"", "E-mail address"),
    ("\"phone\"", "Phone number"),
    ("\"street\"", "Street"),
    ("\"city\"", "Town"),
    ("\"drop\"", "Leave it out"),
];

const VAGUER: [(&str, &str); 5] = [
    ("automatic", "By what the cells are"),
    ("numbers", "Intervals"),
    ("dates", "Month, quarter, year, decade"),
    ("postcodes", "Postcode masked from the end"),
    ("categories", "Rare categories together"),
];

/// A table of all columns.
#[component]
pub(super) fn Roles(findings: Vec<ColumnFindings>, settings: Settings) -> impl IntoView {
    view! {
        <section class="panel browser-side" aria-labelledby="roles-title">
            <h2 id="roles-title"><Icon symbol=Symbol::Browser/>"What the columns say about people"</h2>
            <p class="hint">"Found in a sample of cells and in the names of columns. A column without findings may still tell who somebody is."</p>
            <div class="table-scroll" tabindex="0" role="region" aria-labelledby="roles-title">
                <table class="stacking refine-roles" data-testid="roles">
                    <thead><tr><th scope="col">"Column"</th><th scope="col">"Looks like"</th><th scope="col">"Role"</th><th scope="col">"How"</th></tr></thead>
                    <tbody>
                        {findings.into_iter().enumerate().map(|(place, column)| view! { <RoleRow place column settings/> }).collect_view()}
                    </tbody>
                </table>
            </div>
        </section>
    }
}

#[component]
fn RoleRow(place: usize, column: ColumnFindings, settings: Settings) -> impl IntoView {
    let ColumnFindings { name, findings, .. } = column;
    let treatment = findings.iter().find_map(|finding| finding.treatment.clone());
    let treatment = StoredValue::new(treatment.unwrap_or_else(|| TREATMENTS[0].0.to_owned()));
    let key = StoredValue::new(name.clone());
    let role = Memo::new(move |_| settings.roles.with(|roles| key.with_value(|key| roles.get(key).cloned())));
    let set = move |role: Option<Role>| {
        settings.roles.update(|roles| match role {
            Some(role) => {
                roles.insert(key.get_value(), role);
            }
            None => {
                key.with_value(|key| roles.remove(key));
            }
        });
    };
    let kind = Memo::new(move |_| match role.get() {
        None => "none",
        Some(Role::Direct { .. }) => "direct",
        Some(Role::Quasi(_)) => "quasi",
        Some(Role::Sensitive) => "sensitive",
    });
    let choose = move |value: String| {
        set(match value.as_str() {
            "direct" => Some(Role::Direct { treatment: treatment.get_value() }),
            "quasi" => Some(Role::Quasi(Vaguer::Automatic)),
            "sensitive" => Some(Role::Sensitive),
            _ => None,
        });
    };
    view! {
        <tr>
            <th scope="row" class="wrap">{name.clone()}</th>
            <td data-label="Looks like"><Looks findings/></td>
            <td data-label="Role">
                <select
                    aria-label=format!("Role of {name}") data-testid=format!("role-{place}")
                    on:change:target=move |event| choose(event.target().value())
                >
                    {ROLES.map(|(value, words)| view! { <option value=value selected=move || kind.get() == value>{words}</option> }).collect_view()}
                </select>
            </td>
            <td data-label="How">
                {move || match kind.get() {
                    "direct" => view! { <HowReplaced place name=key.get_value() role set=Callback::new(set)/> }.into_any(),
                    "quasi" => view! { <HowVaguer place name=key.get_value() role set=Callback::new(set)/> }.into_any(),
                    _ => ().into_any(),
                }}
            </td>
        </tr>
    }
}

/// The findings, the likeliest one first.
#[component]
fn Looks(findings: Vec<Finding>) -> impl IntoView {
    let mut findings = findings.into_iter();
    let first = findings.next()?;
    let rest: Vec<Finding> = findings.collect();
    let line = |finding: &Finding| {
        format!("{} ({} %)", finding.what, percent(whole(finding.confidence * 1_000.0), 1_000))
    };
    Some(view! {
        <details class="refine-looks">
            <summary>{line(&first)}</summary>
            <p>{first.sentence}</p>
            {rest.into_iter().map(|finding| view! { <p><strong>{line(&finding)}</strong>": "{finding.sentence}</p> }).collect_view()}
        </details>
    })
}

#[component]
fn HowReplaced(
    place: usize,
    name: String,
    role: Memo<Option<Role>>,
    set: Callback<Option<Role>>,
) -> impl IntoView {
    let chosen = move || match role.get() {
        Some(Role::Direct { treatment }) => treatment,
        Some(Role::Quasi(_) | Role::Sensitive) | None => String::new(),
    };
    // A national number has its country with it.
    let other = untrack(chosen);
    let other = (!TREATMENTS.iter().any(|(value, _)| *value == other)).then_some(other);
    view! {
        <select
            aria-label=format!("How {name} is replaced") data-testid=format!("replaced-{place}")
            on:change:target=move |event| set.run(Some(Role::Direct { treatment: event.target().value() }))
        >
            {other.map(|value| {
                let known = value.clone();
                view! { <option value=value selected=move || chosen() == known>"Number of the same kind"</option> }
            })}
            {TREATMENTS.map(|(value, words)| view! { <option value=value selected=move || chosen() == value>{words}</option> }).collect_view()}
        </select>
    }
}

#[component]
fn HowVaguer(
    place: usize,
    name: String,
    role: Memo<Option<Role>>,
    set: Callback<Option<Role>>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let file_name = Memo::new(move |_| match role.get() {
        Some(Role::Quasi(Vaguer::File { name, .. })) => Some(name),
        Some(_) | None => None,
    });
    let chosen = Memo::new(move |_| match role.get() {
        Some(Role::Quasi(Vaguer::Numbers)) => "numbers",
        Some(Role::Quasi(Vaguer::Dates)) => "dates",
        Some(Role::Quasi(Vaguer::Postcodes)) => "postcodes",
        Some(Role::Quasi(Vaguer::Categories)) => "categories",
        Some(Role::Quasi(Vaguer::File { .. })) => "file",
        Some(_) | None => "automatic",
    });
    let choose = move |value: String| {
        set.run(Some(Role::Quasi(match value.as_str() {
            "numbers" => Vaguer::Numbers,
            "dates" => Vaguer::Dates,
            "postcodes" => Vaguer::Postcodes,
            "categories" => Vaguer::Categories,
            _ => Vaguer::Automatic,
        })));
    };
    let bring = Callback::new(move |file: File| {
        spawn_local(async move {
            match read_hierarchy(file).await {
                Some(hierarchy) => set.run(Some(Role::Quasi(hierarchy))),
                None => desk.fault.set(Some(Fault::new(
                    "no-hierarchy",
                    "This hierarchy cannot be read: it is no text, or longer than 512 kB. Choose a CSV file with the cell first \
                     and ever vaguer groups after it on each line.",
                ))),
            }
        });
    });
    view! {
        <div class="refine-how">
            <select
                aria-label=format!("How {name} becomes vaguer") data-testid=format!("vaguer-{place}")
                on:change:target=move |event| choose(event.target().value())
            >
                {move || file_name.get().map(|name| view! { <option value="file" selected=true>{format!("File {name}")}</option> })}
                {VAGUER.map(|(value, words)| view! { <option value=value selected=move || chosen.get() == value>{words}</option> }).collect_view()}
            </select>
            <FileInput
                id=format!("hierarchy-{place}") label="Own hierarchy…" accept=".csv,text/csv" class="quiet" on_file=bring
            />
        </div>
    }
}

async fn read_hierarchy(file: File) -> Option<Vaguer> {
    if file.size() > MAX_HIERARCHY_BYTES {
        return None;
    }
    let csv = JsFuture::from(file.text()).await.ok()?.as_string()?;
    let first = csv.lines().next()?;
    let delimiter = [';', '\t', ','].into_iter().max_by_key(|mark| first.matches(*mark).count())?;
    Some(Vaguer::File { name: file.name(), csv, delimiter })
}
