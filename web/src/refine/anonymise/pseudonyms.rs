//! Pseudonyms: the same cell becomes the same fake in every file of a study.

use leptos::prelude::*;
use veilsum_anonymise::pseudonym::{Locale, Treatment};
use veilsum_prepare::Step;
use veilsum_prepare::step::Pseudonymise;
use veilsum_prepare::step::pseudonymise::Treated;

use super::{Role, Settings, open_direct};
use crate::refine::desk::{Desk, Work};
use crate::refine::form::{Field, Fields, Input, Values};
use crate::refine::kind::names;
use crate::refine::words;
use crate::ui::icon::{Icon, Symbol};

pub(super) fn pseudonym_defaults() -> Values {
    Values::default().with("locale", "english").with("shift", "30")
}

/// The form.
#[component]
pub(super) fn Pseudonyms(settings: Settings) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let problem = RwSignal::new(None::<String>);
    let direct = Memo::new(move |_| {
        settings.columns(|role| match role {
            Role::Direct { treatment } => Some(treatment.clone()),
            Role::Quasi(_) | Role::Sensitive => None,
        })
    });
    // What the steps so far have not taken out or replaced.
    let left = Memo::new(move |_| open_direct(desk, settings));
    let fields = Callback::new(move |_: Values| {
        let columns = desk.table().map(|open| names(open.table(), |_| true)).unwrap_or_default();
        vec![
            Field::new("study", "Study", Input::Text)
                .hint(
                "A name of your choice. Files of the same study get the same pseudonyms, so that whoever has two of them can join \
                 them: files for different people take different studies.",
            ),
            Field::new(
                "locale",
                "Names from",
                Input::Choice(vec![
                    ("english", "English"),
                    ("french", "French"),
                    ("german", "German"),
                    ("italian", "Italian"),
                ]),
            ),
            Field::new(
                "person",
                "Column that says who it is",
                Input::Column { names: columns, none: Some("each cell by itself") },
            )
            .hint("Such as a patient number: names and dates of one person go together."),
        ]
    });
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        match step(&untrack(|| settings.pseudonyms.get()), &untrack(|| left.get())) {
            Ok(step) => {
                problem.set(None);
                desk.add(step);
            }
            Err(sentence) => problem.set(Some(sentence)),
        }
    };
    view! {
        <section class="panel" aria-labelledby="pseudonyms-title">
            <h2 id="pseudonyms-title"><Icon symbol=Symbol::Key/>"Pseudonyms"</h2>
            {move || if left.get().is_empty() {
                let text = if direct.get().is_empty() {
                    "No column is marked as identifying directly. Mark one above to replace it."
                } else {
                    "All columns that identify directly are replaced or left out."
                };
                view! { <p class="hint" data-testid="no-direct">{text}</p> }.into_any()
            } else {
                let columns: Vec<String> = left.get().into_iter().map(|(name, _)| name).collect();
                view! {
                    <form class="refine-form" on:submit=add data-testid="pseudonym-form">
                        <p>{format!("{} will be replaced under a secret of your keyring. Who has the keyring can tell whose a pseudonym is.", words::columns(&columns))}</p>
                        <Fields fields values=settings.pseudonyms/>
                        <div class="run-line">
                            <button
                                type="submit" class="button primary" data-testid="add-pseudonyms"
                                disabled=move || desk.work.get() != Work::None
                            >"Replace them"</button>
                            <p class="problem" role="alert">{move || problem.get()}</p>
                        </div>
                    </form>
                }.into_any()
            }}
        </section>
    }
}

fn step(values: &Values, columns: &[(String, String)]) -> Result<Step, String> {
    let study = values.text("study");
    if study.is_empty() {
        return Err("“Study” is blank. Give the study a name, such as “trial 7”.".to_owned());
    }
    let treated = |(column, treatment): &(String, String)| {
        let treatment: Treatment = serde_json::from_str(treatment)
            .map_err(|_| format!("How “{column}” is replaced is not known. Choose again."))?;
        Ok(Treated { column: column.clone(), treatment })
    };
    Ok(Step::Pseudonymise(Pseudonymise {
        study: study.to_owned(),
        columns: columns.iter().map(treated).collect::<Result<_, String>>()?,
        person: Some(values.text("person"))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        shift_days: values.count("shift", "Days")?,
        locale: match values.text("locale") {
            "french" => Locale::French,
            "german" => Locale::German,
            "italian" => Locale::Italian,
            _ => Locale::English,
        },
    }))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_treatment_that_can_be_chosen_is_one() {
        let columns =
            vec![("mail".to_owned(), "\"email\"".to_owned()), ("id".to_owned(), "\"identifier\"".to_owned())];
        let Ok(Step::Pseudonymise(made)) = step(&pseudonym_defaults().with("study", "trial 7"), &columns)
        else {
            panic!("no step")
        };
        assert_eq!((made.columns.len(), made.shift_days), (2, 30));
        assert_eq!(made.columns[0].treatment, Treatment::Email);
        assert!(step(&pseudonym_defaults(), &columns).unwrap_err().contains("Study"));
        assert!(step(&pseudonym_defaults().with("study", " "), &columns).unwrap_err().contains("Study"));
        let unknown = [("a".to_owned(), "?".to_owned())];
        assert!(step(&pseudonym_defaults().with("study", "s"), &unknown).unwrap_err().contains("“a”"));
    }
}
