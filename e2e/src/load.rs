//! Measuring how a large table goes through the browser.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::browser::Browser;
use crate::screens::{choose_file, dataset, enter, prepare, refine, upload};
use crate::stack::Stack;

/// What was measured.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Rows of the table.
    pub rows: u64,
    /// Cells that were encrypted.
    pub values: u64,
    /// Size of the source file.
    pub file_bytes: u64,
    /// Bytes that the cloud stores for the encrypted columns.
    pub ciphertext_bytes: u64,
    /// Seconds of each phase, by name.
    pub seconds: Vec<(&'static str, f64)>,
    /// Peak resident bytes of the tab.
    pub tab_bytes: u64,
    /// Peak resident bytes of a tab that shows an empty page.
    pub empty_tab_bytes: u64,
    /// Longest time without a frame while the table was read, encrypted, sent and summed, in milliseconds.
    pub longest_pause_ms: f64,
    /// Answers of the page.
    pub answers: Vec<dataset::Answer>,
}

impl Measured {
    /// Peak bytes of the tab above an empty page.
    #[must_use]
    pub fn tab_memory_bytes(&self) -> u64 {
        self.tab_bytes.saturating_sub(self.empty_tab_bytes)
    }

    /// Seconds of a phase.
    #[must_use]
    pub fn seconds_of(&self, phase: &str) -> f64 {
        self.seconds.iter().filter(|(name, _)| *name == phase).map(|(_, seconds)| seconds).sum()
    }
}

/// How the relations of all columns go through an engine.
#[derive(Debug, Clone)]
pub struct Related {
    /// Seconds from the click to the stored dataset.
    pub upload_seconds: f64,
    /// Bytes that the cloud stores for the encrypted columns.
    pub ciphertext_bytes: u64,
    /// Each analysis.
    pub runs: Vec<RelatedRun>,
}

/// One analysis of [`Related`].
#[derive(Debug, Clone)]
pub struct RelatedRun {
    /// Its name.
    pub name: &'static str,
    /// The seconds of each phase as the page shows them.
    pub seconds: Vec<(String, f64)>,
    /// Bytes of its encrypted answer.
    pub answer_bytes: u64,
}

/// Puts a table through a browser of its own under an engine: the correlation matrix of all columns and a regression of the
/// first on all others, which must equal their plaintext twins.
///
/// # Errors
/// Something on the way failed, or an answer differs.
pub async fn relate(file: &Path, engine: &str) -> anyhow::Result<Related> {
    let stack = Stack::start()?;
    let browser = Browser::open_unrecorded(&stack).await?;
    enter(&browser).await?;
    choose_file(&browser, file).await?;
    prepare::wait_open(&browser).await?;
    browser.click(engine).await?;
    browser.tick("prepare-spread", false).await?;
    browser.tick("prepare-relations", true).await?;
    let clock = Instant::now();
    prepare::next(&browser).await?;
    upload::wait_done_within(&browser, UPLOAD_DEADLINE).await?;
    let upload_seconds = clock.elapsed().as_secs_f64();
    let objects = dataset::cloud_objects(&browser).await?;
    let row_groups = objects.iter().filter(|object| object.key.contains("/rg/"));
    let ciphertext_bytes = row_groups.map(|object| object.size.parse::<u64>()).sum::<Result<u64, _>>()?;
    let mut runs: Vec<RelatedRun> = Vec::new();
    for name in ["correlation", "regression"] {
        dataset::choose_analysis(&browser, name).await?;
        if let Some(RelatedRun { name: previous, .. }) = runs.last() {
            browser.click(&format!("ask-remove-{previous}")).await?;
        }
        dataset::all_numbers(&browser).await?;
        let parts = dataset::run_prepared(&browser).await?;
        ensure!(
            !parts.is_empty() && parts.iter().all(|part| part.verdict.as_deref() == Some("equal")),
            "{name} differs from its twin"
        );
        let body = "return [...[...document.querySelectorAll('[data-testid=\"timings\"]')].at(-1).querySelectorAll('tbody tr')].map(row => [
            row.querySelector('th').textContent, parseFloat(row.querySelector('td').textContent.replaceAll(',', ''))]);";
        let seconds: Vec<(String, f64)> = browser.script(body, &[]).await?;
        let bytes = "return Number(document.querySelector('[data-testid=\"answer-cost\"]').dataset.bytes);";
        runs.push(RelatedRun { name, seconds, answer_bytes: browser.script(bytes, &[]).await? });
    }
    Ok(Related { upload_seconds, ciphertext_bytes, runs })
}

/// How a file that is larger than a tab's memory is read.
#[derive(Debug, Clone)]
pub struct Large {
    /// Size of the file.
    pub file_bytes: u64,
    /// Rows that the page counted.
    pub rows: String,
    /// Seconds of each phase, by name.
    pub seconds: Vec<(&'static str, f64)>,
    /// Peak resident bytes of the tab, and of one that shows an empty page.
    pub tab_bytes: [u64; 2],
    /// Longest time without a frame, in milliseconds.
    pub longest_pause_ms: f64,
}

/// Steps that stream: blanks filled with the median, outliers capped, a column standardised, rows left out.
const RECIPE: &str = r#"{"format": "veilsum-recipe", "version": 1, "steps": [
    {"step": "impute", "columns": ["change"], "filling": {"kind": "median"}, "decimals": 3},
    {"step": "outliers", "columns": ["cost"], "method": {"kind": "interquartile-range", "factor": 1.5}, "action": "cap"},
    {"step": "scale", "columns": ["balance"], "method": {"kind": "standard"}, "decimals": 6},
    {"step": "one-hot", "columns": ["ward"], "most": 20}
]}"#;
/// Steps in it.
const STEPS: usize = 4;

/// Opens a file in a browser of its own, and prepares it by [`RECIPE`].
///
/// # Errors
/// Something on the way failed.
pub async fn open_large(file: &Path) -> anyhow::Result<Large> {
    let stack = Stack::start()?;
    let empty_tab_bytes = empty_tab_bytes(&stack).await?;
    let browser = Browser::open_unrecorded(&stack).await?;
    enter(&browser).await?;
    browser.script::<bool>(WATCH_FRAMES, &[]).await?;
    let clock = Instant::now();
    choose_file(&browser, file).await?;
    prepare::wait_open_within(&browser, UPLOAD_DEADLINE).await?;
    let mut seconds = vec![("read and profile", clock.elapsed().as_secs_f64())];
    let rows = browser.text("table-head").await?;
    refine::open(&browser, "clean").await?;
    let recipe = browser.folder().join("large.recipe.json");
    std::fs::write(&recipe, RECIPE)?;
    let clock = Instant::now();
    browser.give_file("load-recipe", &recipe).await?;
    refine::wait_steps_within(&browser, STEPS, UPLOAD_DEADLINE).await?;
    seconds.push(("prepare in four steps, read again", clock.elapsed().as_secs_f64()));
    Ok(Large {
        file_bytes: std::fs::metadata(file)?.len(),
        rows,
        seconds,
        tab_bytes: [browser.peak_tab_bytes()?, empty_tab_bytes],
        longest_pause_ms: browser.script("return window.longestPause;", &[]).await?,
    })
}

async fn empty_tab_bytes(stack: &Stack) -> anyhow::Result<u64> {
    let browser = Browser::open_unrecorded(stack).await?;
    browser.go("/favicon.svg").await?;
    browser.peak_tab_bytes()
}

/// Millions of rows take minutes on two processors.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(3_600);

/// Watches frames: the longest gap between two is the longest time in which the page did not answer.
const WATCH_FRAMES: &str = "
    window.longestPause = 0;
    let last = performance.now();
    const frame = now => { window.longestPause = Math.max(window.longestPause, now - last); last = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    return true;";

/// Puts a table through a browser of its own: read, encrypt, upload, sum, decrypt.
///
/// # Errors
/// Something on the way failed.
pub async fn measure(file: &Path, rows: u64) -> anyhow::Result<Measured> {
    let stack = Stack::start()?;
    let empty_tab_bytes = empty_tab_bytes(&stack).await?;
    let browser = Browser::open_unrecorded(&stack).await?;
    enter(&browser).await?;
    browser.script::<bool>(WATCH_FRAMES, &[]).await?;

    let mut seconds = Vec::new();
    let mut clock = Instant::now();
    let mut lap = |phase| {
        seconds.push((phase, clock.elapsed().as_secs_f64()));
        clock = Instant::now();
    };
    choose_file(&browser, file).await?;
    prepare::wait_open(&browser).await?;
    lap("read and profile");
    // The time for the click is not a phase of its own.
    prepare::next(&browser).await?;
    let id = upload::wait_done_within(&browser, UPLOAD_DEADLINE).await?;
    lap("encrypt and upload");
    dataset::start_everything(&browser).await?;
    let answers = dataset::answers(&browser).await?;
    lap("sum in the cloud, decrypt, verify");

    let longest_pause_ms = browser.script("return window.longestPause;", &[]).await?;
    let tab_bytes = browser.peak_tab_bytes()?;
    let objects = dataset::cloud_objects(&browser).await?;
    let row_groups = objects.iter().filter(|object| object.key.contains("/rg/"));
    let ciphertext_bytes = row_groups.map(|object| object.size.parse::<u64>()).sum::<Result<u64, _>>()?;
    ensure!(ciphertext_bytes > 0, "dataset {id} stores no row group");
    let values = answers
        .iter()
        .filter(|answer| answer.kind == "count")
        .map(|answer| answer.exact.parse::<u64>())
        .sum::<Result<u64, _>>()?;
    Ok(Measured {
        rows,
        values,
        file_bytes: std::fs::metadata(file)?.len(),
        ciphertext_bytes,
        seconds,
        tab_bytes,
        empty_tab_bytes,
        longest_pause_ms,
        answers,
    })
}
