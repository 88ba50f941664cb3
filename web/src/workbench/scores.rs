//! Decryption: the scores as integers beside the twin, what they say, and how good that is.

use std::sync::Arc;

use leptos::prelude::*;

use super::desk::{Desk, ScoringProcess};
use super::evaluation::{EvaluationView, headline, percent};
use super::layers::Layers;
use super::running::{Running, ScoreFault};
use super::screen::GoTo;
use super::steps::Step;
use crate::messages::workbench::{PredictionView, Scored, ScoredRow};
use crate::ui::chart::scale::short;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::save::save_bytes;
use crate::ui::words;

/// The fourth step.
#[component]
pub(super) fn DecryptionStep() -> impl IntoView {
    let desk = expect_context::<Desk>();
    move || match desk.scoring.get() {
        ScoringProcess::Done(scored) => view! { <Decrypted scored/> }.into_any(),
        ScoringProcess::Running => view! {
            <section class="panel browser-side"><Running/></section>
        }
        .into_any(),
        ScoringProcess::None | ScoringProcess::Failed(_) => view! {
            <section class="panel empty">
                <ScoreFault/>
                <p>"No record was scored yet."</p>
                <GoTo step=Step::Encryption label="Encrypt records" testid="back-to-encryption"/>
            </section>
        }
        .into_any(),
    }
}

#[component]
fn Decrypted(scored: Arc<Scored>) -> impl IntoView {
    let count = scored.row_count;
    let finding = match scored.rows.as_slice() {
        [only] if count == 1 => said(&only.prediction),
        _ => match &scored.evaluation {
            Some(evaluation) => headline(evaluation),
            None => format!("{} scored.", words::counted(count, "record")),
        },
    };
    let (verdict, symbol, twin) = match scored.equal {
        Some(true) if count == 1 => (
            "equal",
            Symbol::Check,
            "Encrypted scores and cleartext twin are the same integers.".to_owned(),
        ),
        Some(true) => (
            "equal",
            Symbol::Check,
            format!(
                "Encrypted scores and cleartext twin are the same integers for all {}.",
                words::counted(count, "record")
            ),
        ),
        Some(false) => (
            "differs",
            Symbol::Cross,
            "Encrypted scores and cleartext twin differ: the cloud computed something else. Use none of these scores."
                .to_owned(),
        ),
        None => (
            "unknown",
            Symbol::Warning,
            "The model is not in this browser, so there is no twin to compare with.".to_owned(),
        ),
    };
    let shown = scored.rows.len() as u64;
    let evaluation = scored.evaluation.clone();
    let rows = scored.rows.iter().map(row).collect_view();
    let saved = Arc::clone(&scored);
    let save = move |_| {
        // Fails only where downloads are blocked, and then the browser says so itself.
        let _ = save_bytes("scores.csv", "text/csv", scores_csv(&saved).as_bytes());
    };
    view! {
        <section class="panel browser-side" aria-labelledby="scores-title" data-testid="scored">
            <h2 id="scores-title"><Icon symbol=Symbol::Browser/>"Decrypted in this browser"</h2>
            <p class="finding" data-testid="score-finding">{finding}</p>
            <p class="verdict" data-testid="score-verdict" data-verdict=verdict><Icon symbol=symbol/><span class="verdict-words">{twin}</span></p>
            <p class="verified not" data-testid="not-verified">
                <Icon symbol=Symbol::Warning/>
                <span>"Not verified: a score carries no check value. Only who knows the weights could tell it from another."</span>
            </p>
            <div class="table-scroll long" tabindex="0" role="region" aria-label="Scores">
                <table class="stacking" data-testid="scores">
                    <thead><tr>
                        <th scope="col">"Record"</th><th scope="col">"Says"</th><th scope="col">"Known"</th>
                        <th scope="col" class="number">"Decrypted integer"</th>
                        <th scope="col" class="number">"Cleartext twin"</th><th scope="col">"Same"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {(count > shown).then(|| view! {
                <p class="hint">{format!("The first {shown} of {} are shown; all of them were compared.", words::counted(count, "record"))}</p>
            })}
            <div class="actions">
                <GoTo step=Step::Performance label="Next: what it took" testid="to-performance"/>
                <GoTo step=Step::Encryption label="Score other records" class="button" testid="score-others"/>
                <button type="button" class="button quiet" data-testid="scores-export" on:click=save>
                    <Icon symbol=Symbol::Save/>"Scores as CSV"
                </button>
            </div>
        </section>
        <Layers scored=(*scored).clone()/>
        {evaluation.map(|evaluation| view! {
            <section class="panel browser-side" aria-labelledby="encrypted-metrics-title">
                <h2 id="encrypted-metrics-title"><Icon symbol=Symbol::Browser/>"How good the decrypted predictions are"</h2>
                <EvaluationView evaluation name="scores"/>
            </section>
        })}
    }
}

fn row(row: &ScoredRow) -> impl IntoView + use<> {
    let same = row.twin.as_ref().map(|twin| *twin == row.scores);
    let record = if row.row == 0 { "form".to_owned() } else { format!("row {}", words::count(row.row)) };
    let says = says(&row.prediction);
    let is_right = match (&row.prediction, &row.known) {
        (PredictionView::Class { name, .. }, Some(known)) => Some(name == known),
        _ => None,
    };
    let known = row.known.clone().unwrap_or_else(|| "–".to_owned());
    let known = if is_right == Some(false) { format!("{known} (other)") } else { known };
    view! {
        <tr>
            <th scope="row">{record}</th>
            <td data-label="Says"><span>{says}</span></td>
            <td data-label="Known"><span>{known}</span></td>
            <td class="number mono digits" data-label="Decrypted"><span>{integers(&row.scores)}</span></td>
            <td class="number mono digits" data-label="Twin"><span>{row.twin.as_deref().map_or_else(|| "–".to_owned(), integers)}</span></td>
            <td data-label="Same"><span>{match same {
                Some(true) => "yes",
                Some(false) => "no",
                None => "–",
            }}</span></td>
        </tr>
    }
}

/// Integers, the first few.
fn integers(scores: &[String]) -> String {
    const MOST: usize = 3;
    let shown = scores.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if scores.len() > MOST { format!("{shown}, … ({})", scores.len()) } else { shown }
}

fn says(prediction: &PredictionView) -> String {
    match prediction {
        PredictionView::Value(value) => short(*value),
        PredictionView::Class { name, probability, .. } => format!("{name} ({})", percent(*probability)),
        PredictionView::Cluster { cluster, squared_distance } => {
            format!("cluster {cluster} (d² {})", short(*squared_distance))
        }
    }
}

fn said(prediction: &PredictionView) -> String {
    match prediction {
        PredictionView::Value(value) => format!("The model predicts {}.", short(*value)),
        PredictionView::Class { name, probability, .. } => {
            format!("The model says {name}, with a probability of {}.", percent(*probability))
        }
        PredictionView::Cluster { cluster, squared_distance } => format!(
            "The record is nearest to cluster {cluster}, at a squared distance of {}.",
            short(*squared_distance)
        ),
    }
}

fn scores_csv(scored: &Scored) -> String {
    let mut csv = String::from("row,prediction,known,decrypted,twin\r\n");
    for row in &scored.rows {
        let prediction = match &row.prediction {
            PredictionView::Value(value) => value.to_string(),
            PredictionView::Class { name, .. } => name.clone(),
            PredictionView::Cluster { cluster, .. } => cluster.to_string(),
        };
        let cells = [
            row.row.to_string(),
            prediction,
            row.known.clone().unwrap_or_default(),
            row.scores.join(" "),
            row.twin.as_deref().map(|twin| twin.join(" ")).unwrap_or_default(),
        ];
        csv.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// A cell that no spreadsheet takes for a formula.
pub(super) fn quoted(cell: &str) -> String {
    let is_number = cell.parse::<f64>().is_ok();
    let guard = if !is_number && cell.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}
