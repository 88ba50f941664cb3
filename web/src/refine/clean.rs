//! Clean: the ordered steps of the recipe, what each did, proposals, and a form for the next one.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use veilsum_prepare::{Recipe, Step, StepReport};
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::desk::{Desk, Open, Work, is_release, stem};
use super::form::{Field, Fields, Input, Values};
use super::kind::{Draft, Kind, is_number, names};
use super::report::{Preview, Report};
use super::words;
use super::working::Working;
use crate::fault::sentence;
use crate::messages::{Fault, TableView};
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::words::{count, counted};

/// Largest recipe file that is read.
const MAX_RECIPE_BYTES: f64 = (1_u32 << 20) as f64;

/// The screen.
#[component]
pub(super) fn CleanScreen() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <p class="lead">
            "Each step changes the rows in this browser before anything is encrypted. The file stays as it is, and any step can "
            "be taken off again. The steps with all that is entered in them, and what they learn, are kept with the dataset in its "
            "sealed manifest, also of rows and columns that they take out: files that are added are filled, scaled and capped with "
            "the same numbers. Neighbours, outlier rows and splits are found anew in each file."
        </p>
        <Working/>
        <Steps/>
        {move || desk.table().map(|open| view! { <Proposals open/> })}
        <NextStep/>
    }
}

/// The steps so far.
#[component]
fn Steps() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let load = Callback::new(move |file: File| load_recipe(desk, file));
    let is_busy = move || desk.work.get() != Work::None;
    view! {
        <section class="panel browser-side" aria-labelledby="steps-title">
            <div class="section-head">
                <h2 id="steps-title"><Icon symbol=Symbol::Browser/>"Steps"</h2>
                <div class="actions">
                    <FileInput id="load-recipe" label="Load a recipe" accept=".json,application/json" on_file=load/>
                    <Show when=move || has_steps(desk)>
                        <button type="button" class="button" data-testid="save-recipe" on:click=move |_| desk.save_recipe()>
                            <Icon symbol=Symbol::Save/>"Save the recipe"
                        </button>
                    </Show>
                </div>
            </div>
            {move || desk.table().map(|open| size_line(&open))}
            {move || desk.table().map(|open| if open.recipe.steps.is_empty() {
                view! { <p class="hint" data-testid="no-steps">"No steps yet: the rows are as they are in the file."</p> }.into_any()
            } else {
                let file_name = stem(&open.state.file.file_name).to_owned();
                let moves = swaps(&open.recipe.steps);
                let steps = open.recipe.steps.iter().zip(&open.reports).enumerate();
                view! {
                    <ol class="refine-steps" data-testid="steps">
                        {steps.map(|(at, (step, report))| view! {
                            <OneStep at moves=(at > 0 && moves[at - 1], moves.get(at).copied().unwrap_or(false)) step=step.clone() report=report.clone() file_name=file_name.clone()/>
                        }).collect_view()}
                    </ol>
                    <div class="actions">
                        <button
                            type="button" class="button" data-testid="undo" disabled=is_busy
                            on:click=move |_| {
                                let mut steps = desk.steps();
                                steps.pop();
                                desk.apply(steps, || ());
                            }
                        >"Undo the last step"</button>
                        <button type="button" class="button quiet" data-testid="save-rows" on:click=move |_| desk.save_rows()>
                            <Icon symbol=Symbol::Save/>"Save the prepared rows as CSV"
                        </button>
                        <a class="button quiet" href="/prepare">"Go on to the columns"</a>
                    </div>
                }.into_any()
            })}
        </section>
    }
}

/// Whether each step may change places with the next one: a release stays where it is.
fn swaps(steps: &[Step]) -> Vec<bool> {
    steps.windows(2).map(|pair| !pair.iter().any(is_release)).collect()
}

fn has_steps(desk: Desk) -> bool {
    desk.table().is_some_and(|open| !open.recipe.steps.is_empty())
}

/// Rows and columns in the file, and as they are now.
fn size_line(open: &Open) -> impl IntoView + use<> {
    let size = |view: &TableView| {
        format!(
            "{} × {}",
            counted(view.profile.row_count, "row"),
            counted(view.profile.columns.len() as u64, "column")
        )
    };
    let text = match &open.state.prepared {
        Some(prepared) => {
            format!("{} in the file, {} after these steps.", size(&open.state.file), size(prepared))
        }
        None => format!("{} in the file.", size(&open.state.file)),
    };
    view! { <p data-testid="refine-size">{text}</p> }
}

#[component]
fn OneStep(
    at: usize,
    /// Whether it changes places with the one before, and with the one after.
    moves: (bool, bool),
    step: Step,
    report: StepReport,
    file_name: String,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let is_busy = move || desk.work.get() != Work::None;
    let change = move |change: fn(&mut Vec<Step>, usize)| {
        let mut steps = desk.steps();
        change(&mut steps, at);
        desk.apply(steps, || ());
    };
    let title = words::of_step(&step);
    let did = words::of_report(&report);
    view! {
        <li class="refine-step" data-testid=format!("step-{at}")>
            <div class="refine-step-head">
                <div class="row-text">
                    <h3 class="wrap">{title.clone()}</h3>
                    <p class="hint" data-testid=format!("step-did-{at}")>{did}</p>
                </div>
                <div class="actions">
                    <button
                        type="button" class="button quiet" aria-label=format!("Move earlier: {title}") data-testid=format!("step-up-{at}")
                        disabled=move || is_busy() || !moves.0 on:click=move |_| change(|steps, at| steps.swap(at, at - 1))
                    >"Earlier"</button>
                    <button
                        type="button" class="button quiet" aria-label=format!("Move later: {title}") data-testid=format!("step-down-{at}")
                        disabled=move || is_busy() || !moves.1 on:click=move |_| change(|steps, at| steps.swap(at, at + 1))
                    >"Later"</button>
                    <button
                        type="button" class="button quiet" aria-label=format!("Remove: {title}") data-testid=format!("step-remove-{at}")
                        disabled=is_busy on:click=move |_| change(|steps, at| { steps.remove(at); })
                    >"Remove"</button>
                </div>
            </div>
            <details data-testid=format!("step-details-{at}")>
                <summary>"Before and after"</summary>
                <Report report file_name/>
            </details>
        </li>
    }
}

/// What the profile suggests.
#[component]
fn Proposals(open: Arc<Open>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let proposals = proposals(open.table());
    (!proposals.is_empty()).then(|| {
        view! {
            <section class="panel" aria-labelledby="proposals-title">
                <h2 id="proposals-title">"What this table suggests"</h2>
                <div class="rows" data-testid="proposals">
                    {proposals.into_iter().enumerate().map(|(at, (why, step))| view! {
                        <div class="row">
                            <p class="row-text wrap">{why}</p>
                            <button
                                type="button" class="button" data-testid=format!("proposal-{at}")
                                disabled=move || desk.work.get() != Work::None
                                on:click=move |_| desk.add(step.clone())
                            >"Add this step"</button>
                        </div>
                    }).collect_view()}
                </div>
            </section>
        }
    })
}

/// At most so many.
const MAX_PROPOSALS: usize = 5;

/// A sentence and the step that it proposes.
fn proposals(table: &TableView) -> Vec<(String, Step)> {
    let made = |kind: Kind, columns: Vec<String>, change: fn(Values) -> Values| {
        kind.step(&change(kind.defaults()).with_columns("columns", columns)).ok()
    };
    let mut proposals = Vec::new();
    for column in &table.profile.columns {
        let name = &column.name;
        if column.count + column.text_count == 0 {
            let step = made(Kind::DropColumns, vec![name.clone()], |values| values);
            proposals.extend(step.map(|step| (format!("“{name}” is blank throughout: leave it out."), step)));
        } else if column.missing > 0 {
            let blanks = counted(column.missing, "blank");
            let (what, step) = if is_number(column) {
                ("median", made(Kind::Impute, vec![name.clone()], |values| values))
            } else {
                let frequent = |values: Values| values.with("filling", "most-frequent");
                ("most frequent cell", made(Kind::Impute, vec![name.clone()], frequent))
            };
            proposals
                .extend(step.map(|step| (format!("“{name}” has {blanks}: fill with the {what}."), step)));
        } else if is_number(column) && column.min.is_some() && column.min == column.max {
            let step = made(Kind::DropColumns, vec![name.clone()], |values| values);
            proposals
                .extend(step.map(|step| (format!("“{name}” is the same in every row: leave it out."), step)));
        }
    }
    let blanks = names(table, |column| is_number(column) && column.missing > 0);
    if blanks.len() > 1 {
        let sentence = format!(
            "{} columns of numbers have blanks: fill each with its median.",
            count(blanks.len() as u64)
        );
        let step = made(Kind::Impute, blanks, |values| values);
        proposals.splice(0..0, step.map(|step| (sentence, step)));
    }
    proposals.truncate(MAX_PROPOSALS);
    proposals
}

/// The kinds of steps, and the form of the one that is made.
#[component]
fn NextStep() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let choose = move |kind: Kind| {
        desk.preview.set(None);
        let values = desk.keep(|| RwSignal::new(kind.defaults()));
        desk.draft.set(Some(Draft { kind, values }));
    };
    let entry = move |kind: Kind| {
        let is_chosen =
            move || desk.draft.with(|draft| draft.as_ref().is_some_and(|draft| draft.kind == kind));
        view! {
            <button
                type="button" class="menu-entry" data-testid=format!("kind-{}", kind.id())
                aria-pressed=move || is_chosen().to_string() on:click=move |_| choose(kind)
            >
                <span class="menu-name">{kind.name()}</span>
                <span class="hint">{kind.what()}</span>
            </button>
        }
    };
    view! {
        <section class="panel" aria-labelledby="next-title">
            <h2 id="next-title">"Add a step"</h2>
            <div class="menu-groups refine-kinds">{Kind::ALL.map(entry).collect_view()}</div>
            <p class="hint">"Pseudonyms and k-anonymity are steps, too: "<a href="/prepare/anonymise">"see “Anonymise”"</a>"."</p>
            {move || desk.draft.get().map(|draft| view! { <StepForm draft/> })}
        </section>
    }
}

#[component]
fn StepForm(draft: Draft) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let Draft { kind, values } = draft;
    let problem = RwSignal::new(None::<String>);
    let fields = Callback::new(move |values: Values| {
        desk.table().map(|open| kind.fields(&values, open.table())).unwrap_or_default()
    });
    let step = move || {
        let entered = untrack(|| values.get());
        let shown = untrack(|| fields.run(entered.clone()));
        let step = kind.step(&pruned(entered, &shown));
        problem.set(step.as_ref().err().cloned());
        step.ok()
    };
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let Some(step) = step() {
            desk.add(step);
        }
    };
    let look = move |_| {
        if let Some(step) = step() {
            desk.look_ahead(desk.steps_before_release(), step);
        }
    };
    let is_busy = move || desk.work.get() != Work::None;
    view! {
        <form class="refine-form" on:submit=add data-testid="step-form">
            <h3>{kind.name()}</h3>
            <Fields fields values/>
            <div class="run-line">
                <button type="submit" class="button primary" data-testid="step-add" disabled=is_busy>"Add this step"</button>
                <button type="button" class="button" data-testid="step-look" disabled=is_busy on:click=look>"See what it would do"</button>
                <button
                    type="button" class="button quiet"
                    on:click=move |_| { desk.preview.set(None); desk.draft.set(None); }
                >"Close"</button>
                <p class="problem" role="alert" data-testid="step-problem">{move || problem.get()}</p>
            </div>
        </form>
        {move || desk.preview.get().map(|previewed| view! {
            <Preview
                step=words::of_step(&previewed.step) report=previewed.report.clone()
                file_name=desk.table().map(|open| stem(&open.state.file.file_name).to_owned()).unwrap_or_default()
            />
        })}
    }
}

/// What was entered in the fields that are shown: others may have been shown before.
fn pruned(mut values: Values, fields: &[Field]) -> Values {
    for field in fields {
        if let (Input::Columns(names), Some(columns)) = (&field.input, values.columns.get_mut(field.id)) {
            columns.retain(|column| names.contains(column));
        }
    }
    values
}

/// Applies the recipe of a file in place of the steps so far.
fn load_recipe(desk: Desk, file: File) {
    spawn_local(async move {
        let unreadable = || {
            Fault::new(
                "no-recipe",
                "This file cannot be read as a recipe. Choose a .recipe.json file that was saved here.",
            )
        };
        let text = if file.size() > MAX_RECIPE_BYTES {
            None
        } else {
            JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string())
        };
        let Some(text) = text else { return desk.fault.set(Some(unreadable())) };
        match Recipe::from_json(text.as_bytes()) {
            Ok(recipe) => desk.apply(recipe.steps, || ()),
            Err(error) => desk.fault.set(Some(Fault::new("no-recipe", &sentence(&error)))),
        }
    });
}
