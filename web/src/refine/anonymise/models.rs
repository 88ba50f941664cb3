//! Which demands a release is to satisfy, and how.

use leptos::prelude::*;
use veilsum_prepare::Step;
use veilsum_prepare::step::Release;
use veilsum_prepare::step::release::{Generalise, Method, Model, QuasiIdentifier};

use super::{Role, Settings, Vaguer, open_direct, uncounted};
use crate::refine::desk::{Desk, Work};
use crate::refine::form::{Field, Fields, Input, Values};
use crate::refine::words;
use crate::ui::icon::{Icon, Symbol};

pub(super) fn model_defaults() -> Values {
    Values::default()
        .with("k", "5")
        .with("diversity", "distinct")
        .with("l", "2")
        .with("c", "3")
        .with("closeness", "none")
        .with("t", "0.2")
        .with("method", "search")
        .with("suppression", "0.02")
        .with("risk", "0.2")
}

/// The form.
#[component]
pub(super) fn ModelForm(settings: Settings) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let problem = RwSignal::new(None::<String>);
    let quasi = Memo::new(move |_| {
        settings.columns(|role| match role {
            Role::Quasi(vaguer) => Some(vaguer.clone()),
            Role::Direct { .. } | Role::Sensitive => None,
        })
    });
    let sensitive = Memo::new(move |_| settings.columns(|role| (*role == Role::Sensitive).then_some(())));
    let fields = Callback::new(move |values: Values| fields(&values, !sensitive.get().is_empty()));
    let made = move || {
        let names: Vec<String> = untrack(|| sensitive.get()).into_iter().map(|(name, ())| name).collect();
        let step = step(&untrack(|| settings.models.get()), &untrack(|| quasi.get()), &names);
        problem.set(step.as_ref().err().cloned());
        step.ok()
    };
    let preview = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let Some(step) = made() {
            desk.look_ahead(without_release(desk.steps()), step);
        }
    };
    let add = move |_| {
        if let Some(step) = made() {
            let open = untrack(|| uncounted(&open_direct(desk, settings)));
            if open.is_some() {
                problem.set(open);
                return;
            }
            let mut steps = without_release(desk.steps());
            steps.push(step);
            desk.apply(steps, || ());
        }
    };
    let is_busy = move || desk.work.get() != Work::None;
    view! {
        <section class="panel" aria-labelledby="models-title">
            <h2 id="models-title"><Icon symbol=Symbol::Eye/>"Generalise until people are alike"</h2>
            {move || if quasi.get().is_empty() {
                view! {
                    <p class="hint" data-testid="no-quasi">
                        "Mark the columns above that somebody could know from elsewhere, such as age, sex and postcode, as identifying together with others."
                    </p>
                }.into_any()
            } else {
                let names: Vec<String> = quasi.get().into_iter().map(|(name, _)| name).collect();
                view! {
                    <form class="refine-form" on:submit=preview data-testid="model-form">
                        <p>{format!("Made vaguer until every class of rows that are published alike meets what you ask for: {}.", words::columns(&names))}</p>
                        <Fields fields values=settings.models/>
                        <div class="run-line">
                            <button type="submit" class="button primary" data-testid="preview-release" disabled=is_busy>"See what it would do"</button>
                            <button type="button" class="button" data-testid="add-release" disabled=is_busy on:click=add>"Add it to the steps"</button>
                            <p class="problem" role="alert" data-testid="model-problem">{move || problem.get()}</p>
                        </div>
                    </form>
                }.into_any()
            }}
        </section>
    }
}

/// A recipe has one release, its last.
fn without_release(mut steps: Vec<Step>) -> Vec<Step> {
    steps.retain(|step| !matches!(step, Step::Release(_)));
    steps
}

fn fields(values: &Values, has_sensitive: bool) -> Vec<Field> {
    let mut fields = vec![Field::new("k", "k: rows that are alike, at least", Input::Number)];
    if has_sensitive {
        fields.push(Field::new(
            "diversity",
            "Sensitive values in each class",
            Input::Choice(vec![
                ("none", "As they are"),
                ("distinct", "Different ones (distinct l-diversity)"),
                ("entropy", "Evenly many (entropy l-diversity)"),
                ("recursive", "None too frequent (recursive (c, l)-diversity)"),
            ]),
        ));
        match values.text("diversity") {
            "distinct" | "entropy" => fields.push(Field::new("l", "l", Input::Number)),
            "recursive" => {
                fields.extend([Field::new("c", "c", Input::Number), Field::new("l", "l", Input::Number)])
            }
            _ => {}
        }
        fields.push(Field::new(
            "closeness",
            "Their spread",
            Input::Choice(vec![
                ("none", "As it is"),
                ("equal", "Near that of the table (t-closeness, equal distances)"),
                ("ordered", "Near that of the table (t-closeness, numbers in order)"),
            ]),
        ));
        if values.text("closeness") != "none" {
            fields.push(Field::new("t", "t", Input::Number).hint("From 0, the same spread, to 1."));
        }
    }
    fields.push(Field::new(
        "method",
        "How",
        Input::Choice(vec![("search", "Best level per column"), ("partition", "Cut finely (Mondrian)")]),
    ));
    if values.text("method") == "search" {
        fields.push(
            Field::new("suppression", "Share of rows that may be left out", Input::Number)
                .hint("From 0 to 1."),
        );
    }
    fields.push(
        Field::new("risk", "A row is at risk from", Input::Number)
            .hint("Probability of being found, such as 0.2: one of five."),
    );
    fields
}

fn step(values: &Values, quasi: &[(String, Vaguer)], sensitive: &[String]) -> Result<Step, String> {
    let mut models = vec![Model::KAnonymity { k: values.count("k", "k")? }];
    for column in sensitive {
        let column = || column.clone();
        match values.text("diversity") {
            "distinct" => {
                models.push(Model::DistinctDiversity { column: column(), l: values.count("l", "l")? })
            }
            "entropy" => {
                models.push(Model::EntropyDiversity { column: column(), l: values.number("l", "l")? })
            }
            "recursive" => models.push(Model::RecursiveDiversity {
                column: column(),
                c: values.number("c", "c")?,
                l: values.count("l", "l")?,
            }),
            _ => {}
        }
        let ordered = values.text("closeness") == "ordered";
        if values.text("closeness") != "none" {
            models.push(Model::Closeness { column: column(), t: values.number("t", "t")?, ordered });
        }
    }
    let quasi_identifier = |(column, vaguer): &(String, Vaguer)| QuasiIdentifier {
        column: column.clone(),
        generalise: match vaguer {
            Vaguer::Automatic => Generalise::Automatic,
            Vaguer::Numbers => Generalise::Numbers { levels: None },
            Vaguer::Dates => Generalise::Dates { format: None },
            Vaguer::Postcodes => Generalise::Postcodes,
            Vaguer::Categories => Generalise::Categories,
            Vaguer::File { csv, delimiter, .. } => {
                Generalise::Hierarchy { csv: csv.clone(), delimiter: *delimiter }
            }
        },
    };
    Ok(Step::Release(Release {
        quasi_identifiers: quasi.iter().map(quasi_identifier).collect(),
        models,
        method: match values.text("method") {
            "partition" => Method::Partition,
            _ => Method::Search {
                suppression: values.number("suppression", "Share of rows that may be left out")?,
            },
        },
        risk_threshold: values.number("risk", "A row is at risk from")?,
    }))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn demands_on_sensitive_values_are_made_for_each_of_them() {
        let values = model_defaults().with("diversity", "recursive").with("closeness", "ordered");
        let quasi = [("age".to_owned(), Vaguer::Automatic)];
        let sensitive = ["a".to_owned(), "b".to_owned()];
        let Ok(Step::Release(made)) = step(&values, &quasi, &sensitive) else { panic!("no step") };
        assert_eq!(made.models.len(), 5);
        assert_eq!(made.models[0], Model::KAnonymity { k: 5 });
        assert_eq!(made.models[4], Model::Closeness { column: "b".to_owned(), t: 0.2, ordered: true });
        assert!(step(&model_defaults().with("k", "x"), &quasi, &[]).unwrap_err().contains("“k”"));
        // Without sensitive columns nothing is asked of them.
        let Ok(Step::Release(made)) = step(&values, &quasi, &[]) else { panic!("no step") };
        assert_eq!(made.models.len(), 1);
    }
}
