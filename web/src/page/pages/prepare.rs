//! Prepare: what is in the table, what becomes of each column, and what would leave this browser.

use std::sync::Arc;

use leptos::prelude::*;
use veilsum_table::treat::Choice;
use web_sys::File;

use crate::messages::{PresetView, Reading, TableView, UploadEstimate};
use crate::page::address::Address;
use crate::page::components::column_card::ColumnCard;
use crate::page::components::engine_choice::EngineChoice;
use crate::page::components::identifying_gate::{IdentifyingGate, is_open};
use crate::page::components::keyring_gate::KeyringGate;
use crate::page::components::parts::{OtherPart, Parts};
use crate::page::components::prepare_analyses::PrepareAnalyses;
use crate::page::components::preview::Preview;
use crate::page::components::title::PageTitle;
use crate::page::desk::{Desk, TableProcess, UploadProcess};
use crate::ui::fault::FaultNote;
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::loaded::Loaded;
use crate::ui::module::RefineScreen;
use crate::ui::navigate;
use crate::ui::progress::{Bar, ProgressBar};
use crate::ui::save::save_bytes;
use crate::ui::steps::{Step, Steps};
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// Column cards shown before "show more"; a table may have thousands of columns.
const CARDS_AT_ONCE: usize = 60;

/// The screen: the columns, or another `part` of preparing.
#[component]
pub(in crate::page) fn PreparePage(part: Option<RefineScreen>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let address = expect_context::<Address>();
    // After a reload the address still names the sample.
    if untrack(|| desk.table.with(|table| matches!(table, TableProcess::None)))
        && let Some(sample) = untrack(|| address.query("sample"))
    {
        desk.open_sample(&sample);
    }
    let title = move || match desk.table.get() {
        TableProcess::None => "Prepare a table".into(),
        TableProcess::Reading { file_name } | TableProcess::Failed { file_name, .. } => {
            format!("Prepare {file_name}")
        }
        TableProcess::Open(view) => format!("Prepare {}", view.file_name),
    };
    let step = Signal::derive(move || match desk.table.get() {
        TableProcess::Open(_) => Step::Prepare,
        TableProcess::None | TableProcess::Reading { .. } | TableProcess::Failed { .. } => Step::Read,
    });
    view! {
        <div class="screen">
            <Steps current=step/>
            <PageTitle text=Signal::derive(title)/>
            <KeyringGate>
                <Table part/>
            </KeyringGate>
        </div>
    }
}

#[component]
fn Table(part: Option<RefineScreen>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();
    let open_file = Callback::new(move |file: File| desk.open_file(file));
    let steps = Memo::new(move |_| {
        desk.table.with(|table| match table {
            TableProcess::Open(view) => Some(view.step_count),
            TableProcess::None | TableProcess::Reading { .. } | TableProcess::Failed { .. } => None,
        })
    });
    let is_open = Memo::new(move |_| steps.get().is_some());
    move || {
        // Steps that are taken there change the table, and the screen stays.
        if let (Some(screen), true) = (part, is_open.get()) {
            return view! { <Parts part steps/><OtherPart screen/> }.into_any();
        }
        match desk.table.get() {
        TableProcess::None => view! {
            <section class="panel empty" data-testid="no-table">
                <h2>"No table is open"</h2>
                <p>"A file that was open before the page was reloaded has to be chosen again: pages may not reopen files by themselves."</p>
                <div class="actions">
                    <FileInput id="file-input" label="Choose a file" class="primary" on_file=open_file/>
                    <a href="/" class="button">"Choose a sample"</a>
                </div>
            </section>
        }
        .into_any(),
        TableProcess::Reading { file_name } => {
            let bar = Signal::derive(move || {
                let progress = vault.activity.reading.get();
                Bar {
                    label: format!("Reading {file_name}"),
                    share: progress.map(|progress| (progress.done, progress.total)),
                    facts: progress.map_or_else(Vec::new, |progress| {
                        vec![
                            format!("{} of {}", words::bytes(progress.done), words::bytes(progress.total)),
                            words::byte_rate(progress.rate),
                        ]
                    }),
                }
            });
            view! { <section class="panel browser-side"><ProgressBar bar testid="reading-progress"/></section> }.into_any()
        }
        TableProcess::Failed { fault, .. } => {
            // Nothing else that can be chosen makes a table of such a file.
            let skips = desk.read_options.with_untracked(|options| options.skip_ragged_rows);
            let can_skip = skips || matches!(fault.code.as_str(), "ragged-row" | "bad-row");
            view! {
                <section class="panel browser-side" data-testid="table-failed">
                    <FaultNote fault/>
                    {can_skip.then(|| view! { <ReadOptionsForm reading=None/> })}
                    <div class="actions">
                        <FileInput
                            id="file-input" label="Choose another file" class=if can_skip { "" } else { "primary" }
                            on_file=open_file
                        />
                        <a href="/" class="button quiet">"Back to the start"</a>
                    </div>
                </section>
            }
            .into_any()
        }
        TableProcess::Open(view) => view! {
            <Parts part steps/>
            <Opened view/>
        }
        .into_any(),
    }
    }
}

#[component]
fn Opened(view: Arc<TableView>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let header: Vec<String> = view.profile.columns.iter().map(|column| column.name.clone()).collect();
    let row_count = view.profile.row_count;
    let skipped = view.profile.skipped.clone();
    let reading = view.reading.clone();
    let save_bad_rows = {
        let view = Arc::clone(&view);
        move |_| {
            // A browser that saves nothing says so itself; the rows stand below.
            let _ =
                save_bytes(&format!("{}.bad-rows.csv", view.file_name), "text/csv", view.bad_rows.as_bytes());
        }
    };
    let head = format!(
        "{} × {}, {}, read in {}.",
        words::counted(row_count, "row"),
        words::counted(header.len() as u64, "column"),
        words::bytes(view.size_bytes),
        words::seconds(view.seconds)
    );
    view! {
        <p class="lead" data-testid="table-head">{head}</p>
        {(skipped.row_count > 0).then(|| view! {
            <details class="note warning" data-testid="skipped-rows">
                <summary>{format!("Skipped: {} that cannot be used", words::counted(skipped.row_count, "row"))}</summary>
                <p>
                    <button type="button" class="button" data-testid="save-bad-rows" on:click=save_bad_rows>
                        "Save this list as CSV"
                    </button>
                </p>
                <ul>{skipped.first_rows.iter().map(|row| view! { <li>{row.to_string()}</li> }).collect_view()}</ul>
            </details>
        })}
        <section class="panel browser-side" aria-labelledby="preview-title">
            <h2 id="preview-title"><Icon symbol=Symbol::Browser/>"In this browser"</h2>
            <Preview header rows=view.first_rows.clone() row_count/>
            <p class="hint" data-testid="reading">{reading.words.clone()}</p>
            {desk.holds_file().then(|| reading.notes.iter().map(|note| view! {
                <p class="note warning" data-testid="reading-note"><Icon symbol=Symbol::Warning/>{note.clone()}</p>
            }).collect_view())}
            <ReadOptionsForm reading=Some(reading)/>
        </section>
        {view.preset.clone().map(|preset| view! { <Known preset/> })}
        <Choices view/>
    }
}

/// What is known of a public table.
#[component]
fn Known(preset: PresetView) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let PresetView { name, about, doubts, reasons, choices } = preset;
    let use_it = move |_| desk.choices.set(choices.clone());
    view! {
        <section class="note" data-testid="preset" aria-label="A table that is known">
            <div>
                <p><strong>{format!("This looks like the table “{name}”. ")}</strong>{about}</p>
                {doubts.into_iter().map(|doubt| view! { <p data-testid="preset-doubt">{doubt}</p> }).collect_view()}
                <ul>{reasons.into_iter().map(|reason| view! { <li>{reason}</li> }).collect_view()}</ul>
                <button type="button" class="button" data-testid="preset-use" on:click=use_it>
                    "Choose what is best for it"
                </button>
            </div>
        </section>
    }
}

/// How the file is read; a file that was refused can only be asked to skip rows. Samples are read as they are.
#[component]
fn ReadOptionsForm(reading: Option<Reading>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    if !desk.holds_file() {
        return None;
    }
    let options = desk.read_options.get_untracked();
    let skip = RwSignal::new(options.skip_ragged_rows);
    let words = RwSignal::new(options.missing_words.join(", "));
    let found = reading.as_ref().map(|reading| (!reading.first_row_is_data, reading.decimal_comma));
    let (found_names, found_comma) = found.unwrap_or_default();
    let (asks_first_row, asks_decimal_mark) = reading
        .as_ref()
        .map(|reading| (reading.asks_first_row, reading.asks_decimal_mark))
        .unwrap_or_default();
    let has_names = RwSignal::new(found_names);
    let has_comma = RwSignal::new(found_comma);
    let open = reading.as_ref().is_none_or(|reading| !reading.notes.is_empty());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        desk.read_options.update(|options| {
            options.skip_ragged_rows = skip.get_untracked();
            // What stays as it was found is not chosen.
            let (names, comma) = (has_names.get_untracked(), has_comma.get_untracked());
            if names != found_names {
                options.first_row_is_data = Some(!names);
            }
            if comma != found_comma {
                options.decimal_comma = Some(comma);
            }
            options.missing_words = words
                .get_untracked()
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect();
        });
        desk.read_again();
    };
    Some(view! {
        <details class="read-options" open=open data-testid="read-options">
            <summary>"How the file is read"</summary>
            <form class="fields" on:submit=submit>
                {box_of(skip, "skip-ragged-rows", "Skip rows with a wrong number of cells or other faults (they are counted and listed)")}
                {found.map(|_| view! {
                    {asks_first_row.then(|| box_of(has_names, "first-row-names", "The first row holds the names of the columns"))}
                    {asks_decimal_mark.then(|| box_of(has_comma, "decimal-comma", "Numbers have a decimal comma, as 1.234,56"))}
                    <div class="field">
                        <label for="missing-words">"Words that mean “missing”, separated by commas"</label>
                        <input
                            type="text" id="missing-words" data-testid="missing-words" placeholder="N/A, unknown"
                            prop:value=words on:input:target=move |event| words.set(event.target().value())
                        />
                        <p class="hint">"Blank cells are always missing; they are not counted as 0."</p>
                    </div>
                })}
                <button type="submit" class="button" data-testid="read-again">"Read the file again"</button>
            </form>
        </details>
    })
}

fn box_of(value: RwSignal<bool>, testid: &'static str, label: &'static str) -> impl IntoView {
    view! {
        <label class="choice">
            <input
                type="checkbox" data-testid=testid prop:checked=value
                on:change:target=move |event| value.set(event.target().checked())
            />
            <span>{label}</span>
        </label>
    }
}

#[component]
fn Choices(view: Arc<TableView>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();
    let shown = RwSignal::new(CARDS_AT_ONCE);
    let column_count = view.profile.columns.len();
    let file_name = view.file_name.clone();
    let names = view.profile.columns.iter().map(|column| column.name.clone()).collect();

    let known = Loaded::new(move || Box::pin(vault.estimate(desk.upload_choices())));

    let missing_words = desk.holds_file().then(|| {
        Callback::new(move |found: Vec<String>| {
            desk.read_options.update(|options| options.missing_words.extend(found));
            desk.read_again();
        })
    });
    let type_choices = StoredValue::new(view.type_choices.clone());
    let proposed: Vec<Choice> = view.proposals.iter().map(|proposal| proposal.choice).collect();
    let cards = {
        let view = Arc::clone(&view);
        move |index: usize| {
            let at = u32::try_from(index).unwrap_or(u32::MAX);
            let said = move |pick: fn(&UploadEstimate) -> &Vec<(u32, String)>| {
                Signal::derive(move || {
                    known.with(|known| {
                        let estimate = known?.as_ref().ok()?;
                        pick(estimate).iter().find(|(column, _)| *column == at).map(|(_, text)| text.clone())
                    })
                })
            };
            let choice = Memo::new(move |_| {
                desk.choices.with(|choices| choices.get(index).copied().unwrap_or(Choice::Drop))
            });
            let set = Callback::new(move |choice: Choice| {
                desk.choices.update(|choices| {
                    if let Some(place) = choices.get_mut(index) {
                        *place = choice;
                    }
                });
            });
            view! {
                <ColumnCard
                    index
                    profile=view.profile.columns[index].clone()
                    proposal=view.proposals[index].clone()
                    details=view.details[index].clone()
                    type_choices
                    on_type=desk.holds_file().then(|| Callback::new(move |code| desk.choose_type(index, code)))
                    choice
                    on_choice=set
                    problem=said(|estimate| &estimate.problems)
                    note=said(|estimate| &estimate.notes)
                    on_missing_words=missing_words
                />
            }
        }
    };
    let asking = view.identifying.clone();
    let asks = RwSignal::new(false);
    let gate = asking.clone();
    let go = Callback::new(move |()| {
        let asked = untrack(|| desk.upload_choices().analyses);
        desk.left_out.set(known.with(|known| match known {
            Some(Ok(estimate)) => {
                let refused =
                    asked.into_iter().zip(&estimate.needs).filter(|(_, need)| need.refused.is_some());
                refused.map(|(asked, _)| asked).collect()
            }
            Some(Err(_)) | None => Vec::new(),
        }));
        desk.upload.set(UploadProcess::Chosen { file_name: file_name.clone() });
        navigate::go("/upload");
    });
    let next = Callback::new(move |()| {
        if untrack(|| is_open(desk, &asking)) {
            asks.set(true);
        } else {
            go.run(());
        }
    });

    view! {
        <section aria-labelledby="columns-title">
            <div class="section-head">
                <h2 id="columns-title">"Columns"</h2>
                <div class="actions">
                    <button
                        type="button" class="button quiet" data-testid="choices-proposed"
                        on:click=move |_| desk.choices.set(proposed.clone())
                    >"As proposed"</button>
                    <button
                        type="button" class="button quiet" data-testid="choices-drop-all"
                        on:click=move |_| desk.choices.update(|choices| choices.fill(Choice::Drop))
                    >"Drop all"</button>
                </div>
            </div>
            <div class="cards">
                {move || (0..column_count.min(shown.get())).map(&cards).collect_view()}
            </div>
            <Show when=move || shown.get() < column_count>
                <p class="actions">
                    <button type="button" class="button" data-testid="columns-more" on:click=move |_| shown.update(|shown| *shown += CARDS_AT_ONCE)>
                        {move || format!("Show more ({} of {column_count} shown)", shown.get())}
                    </button>
                </p>
            </Show>
        </section>
        <EngineChoice/>
        <PrepareAnalyses known names/>
        <Summary known is_anonymised=view.is_anonymised next/>
        {move || asks.get().then(|| view! { <IdentifyingGate columns=gate.clone() on_done=go/> })}
    }
}

/// Columns by what becomes of them.
#[derive(Clone, Copy, Default, PartialEq)]
struct Counts {
    numbers: u64,
    categories: u64,
    sealed: u64,
    dropped: u64,
}

/// What leaves this browser, and the way on.
#[component]
fn Summary(known: Loaded<UploadEstimate>, is_anonymised: bool, next: Callback<()>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let vault = expect_context::<Vault>();
    let kept = Memo::new(move |_| vault.is_kept());
    let counts = Memo::new(move |_| {
        desk.choices.with(|choices| {
            let mut counts = Counts::default();
            for choice in choices {
                match choice {
                    Choice::Number { .. } => counts.numbers += 1,
                    Choice::Category => counts.categories += 1,
                    Choice::SealedOriginalOnly => counts.sealed += 1,
                    Choice::Drop => counts.dropped += 1,
                }
            }
            counts
        })
    });
    let problems = Memo::new(move |_| {
        known.with(|known| match known {
            Some(Ok(estimate)) => estimate.problems.len() as u64,
            Some(Err(_)) | None => 0,
        })
    });
    let ready = move || {
        known.with(|known| matches!(known, Some(Ok(estimate)) if estimate.problems.is_empty()))
            && counts.get().numbers + counts.get().categories + u64::from(desk.keep_original.get()) > 0
    };
    let treated = move || {
        let Counts { numbers, categories, sealed, dropped } = counts.get();
        let mut text = format!("{} encrypted as numbers", words::counted(numbers, "column"));
        if categories > 0 {
            text.push_str(&format!(", {} as categories", words::count(categories)));
        }
        if sealed > 0 {
            let original = if desk.keep_original.get() {
                "only in the sealed original"
            } else {
                "left out (no original is kept)"
            };
            text.push_str(&format!(", {} {original}", words::count(sealed)));
        }
        if dropped > 0 {
            text.push_str(&format!(", {} dropped", words::count(dropped)));
        }
        text
    };
    view! {
        <section class="panel crossing-side" aria-labelledby="leaves-title" data-testid="summary">
            <h2 id="leaves-title"><Icon symbol=Symbol::Right/>"What leaves this browser"</h2>
            <p data-testid="summary-columns">{treated}</p>
            {move || known.get().map(|known| match known {
                Ok(estimate) => estimate_view(&estimate).into_any(),
                Err(fault) => view! { <FaultNote fault testid="estimate-error"/> }.into_any(),
            })}
            <details class="advanced" data-testid="advanced">
                <summary>"Advanced"</summary>
                <div class="fields">
                    {box_of(
                        desk.keep_original, "keep-original",
                        "Keep a sealed copy of the original beside it (without columns of which nothing is left)",
                    )}
                    {is_anonymised.then(|| view! {
                        <p class="hint">"It holds what was taken out of the rows, so that it is not kept unless you say so."</p>
                    })}
                    <div class="field">
                        <label for="rows-per-group">"Rows per row group"</label>
                        <input
                            type="number" inputmode="numeric" min="1" id="rows-per-group" data-testid="rows-per-group" placeholder="chosen for you"
                            prop:value=move || desk.rows_per_group.get().map(|rows| rows.to_string()).unwrap_or_default()
                            on:change:target=move |event| desk.rows_per_group.set(event.target().value().trim().parse().ok().filter(|rows| *rows > 0))
                        />
                        <p class="hint">{move || known.with(|known| match known {
                            Some(Ok(estimate)) => format!("Now {}.", words::counted(estimate.rows_per_group.into(), "row")),
                            Some(Err(_)) | None => String::new(),
                        })}</p>
                        <p class="hint">"A row group is one object in the cloud and the unit that is resumed and evaluated in parallel."</p>
                    </div>
                </div>
            </details>
            <div class="run-line">
                <button
                    type="button" class="button primary" data-testid="prepare-next"
                    disabled=move || !ready() on:click=move |_| next.run(())
                >{move || if kept.get() { "Encrypt and upload" } else { "Next: save your key file" }}</button>
                <p class="hint" role="status">
                    {move || match problems.get() {
                        0 => String::new(),
                        count => format!("{} to settle first; see the columns marked above.", words::counted(count, "problem")),
                    }}
                </p>
            </div>
        </section>
    }
}

fn estimate_view(estimate: &UploadEstimate) -> impl IntoView + use<> {
    let facts = [
        ("Ciphertext", words::bytes(estimate.bytes), "estimate-bytes"),
        ("Time, about", words::seconds(estimate.seconds), "estimate-seconds"),
        ("Values", words::count(estimate.values), "estimate-values"),
        ("Row groups", words::count(estimate.row_groups.into()), "estimate-groups"),
    ];
    view! {
        <dl class="figures">
            {facts.into_iter().map(|(name, value, testid)| view! {
                <div><dt>{name}</dt><dd data-testid=testid>{value}</dd></div>
            }).collect_view()}
        </dl>
    }
}
