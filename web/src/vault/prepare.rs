//! Rows that are prepared: by a worker of their own, pass by pass, into blobs that the browser keeps.

use js_sys::{Array, Uint8Array};
use veilsum_prepare::{Fitted, Recipe, Step};
use veilsum_protocol::manifest::Preparation;
use wasm_bindgen::prelude::*;
use web_sys::Blob;
use zeroize::Zeroizing;

use crate::abort::Abort;
use crate::api::HelperRole;
use crate::messages::{Fault, Progress, ReadOptions};
use crate::prepare_worker::{Made, Task, What};
use crate::time::Stopwatch;
use crate::vault::Vault;
use crate::vault::helper::Errand;
use crate::vault::source::{DerivedRows, PreparedRows, Source};
use crate::vault::table::progress;

/// What the worker made, and the rows where it was to keep them.
pub(crate) struct Outcome {
    pub(crate) made: Made,
    pub(crate) rows: Option<RowBlobs>,
}

/// Rows in the browser's keeping.
#[derive(Debug, Clone)]
pub(crate) struct RowBlobs {
    /// As CSV below a header.
    pub(crate) cells: Blob,
    /// The number of each in the file; see [`crate::rows_out`].
    pub(crate) numbers: Blob,
}

impl Outcome {
    /// `source` with these rows.
    pub(crate) fn into_source(self, source: Source) -> Source {
        let Some(rows) = self.rows else { return source };
        let preparation = Preparation { fitted: self.made.fitted, read_row_count: self.made.read_row_count };
        let rows = DerivedRows::new(rows.cells, self.made.sha256, self.made.head);
        source.with_prepared(PreparedRows { rows, preparation })
    }
}

/// Has the worker go over the rows of `source` as they are in the file. `told` hears hundredths.
///
/// # Errors
/// A [`Fault`] with the sentence of what is wrong with the table or the recipe; `cancelled` if `abort` was used.
pub(crate) async fn run(
    vault: &Vault,
    source: &Source,
    options: &ReadOptions,
    what: What,
    abort: &Abort,
    told: impl Fn(Progress) + 'static,
) -> Result<Outcome, Fault> {
    let rows = source.rows();
    let draws_pseudonyms = draws_pseudonyms(&what);
    let task =
        Task { options: options.clone(), file: rows.map(|rows| (rows.head().clone(), rows.sha256())), what };
    let task = serde_json::to_string(&task).map_err(|error| not_started(&error.to_string()))?;
    let secret = if draws_pseudonyms { Some(vault.unlocked()?.keyring.pseudonym_secret()) } else { None };
    let parcel = parcel(source.blob(), rows.map(DerivedRows::blob), &task, secret.as_ref());
    let watch = Stopwatch::start();
    let total = source.size_bytes();
    let told = move |hundredths: u64| told(progress(total / 100 * hundredths, total, watch.seconds()));
    let errand = Errand::start(HelperRole::Prepare, &parcel, told, read);
    let errand = errand.map_err(|reason| not_started(&reason))?;
    abort.or(errand.result()).await?.map_err(|reason| broke_off(&reason))?
}

/// `source` with its rows prepared by what an earlier preparation learnt; as it is in the file if there was none.
///
/// # Errors
/// As [`run`].
pub(crate) async fn again(
    vault: &Vault,
    source: Source,
    options: &ReadOptions,
    preparation: Option<&Preparation>,
    abort: &Abort,
    told: impl Fn(Progress) + 'static,
) -> Result<Source, Fault> {
    if source.preparation() == preparation {
        return Ok(source);
    }
    let Some(preparation) = preparation else { return Ok(source.unprepared()) };
    let source = source.unprepared();
    let what = What::Again { fitted: preparation.fitted.clone() };
    Ok(run(vault, &source, options, what, abort, told).await?.into_source(source))
}

/// Whether the secret of pseudonyms is needed; a recipe that cannot be read is refused by the worker.
fn draws_pseudonyms(what: &What) -> bool {
    let recipe = match what {
        What::Copy => return false,
        What::Prepare { recipe, .. } => Recipe::from_json(recipe.as_bytes()).ok(),
        What::Again { fitted } => {
            Fitted::from_json(fitted.as_bytes()).ok().map(|fitted| fitted.recipe().clone())
        }
    };
    recipe.is_some_and(|recipe| recipe.steps.iter().any(|step| matches!(step, Step::Pseudonymise(_))))
}

fn parcel(file: &Blob, rows: Option<&Blob>, task: &str, secret: Option<&Zeroizing<[u8; 32]>>) -> JsValue {
    let secret = secret.map_or(JsValue::NULL, |secret| Uint8Array::from(secret.as_slice()).into());
    let rows = rows.map_or(JsValue::NULL, JsValue::from);
    Array::of4(file, &rows, &task.into(), &secret).into()
}

/// What the worker made.
fn read(message: &JsValue) -> Result<Outcome, Fault> {
    let parts: Array = message.dyn_ref::<Array>().cloned().unwrap_or_default();
    let words = |at: u32| parts.get(at).as_string().unwrap_or_default();
    match parts.get(0).as_f64() {
        Some(0.0) => {
            let made =
                serde_json::from_str::<Made>(&words(1)).map_err(|error| broke_off(&error.to_string()))?;
            let blob = |at: u32| parts.get(at).dyn_into::<Blob>().ok();
            let rows = blob(2).zip(blob(3)).map(|(cells, numbers)| RowBlobs { cells, numbers });
            Ok(Outcome { made, rows })
        }
        Some(1.0) => Err(Fault::new(&words(1), &words(2))),
        _ => Err(not_started(&words(1))),
    }
}

fn broke_off(detail: &str) -> Fault {
    Fault::new(
        "not-prepared",
        "The rows could not be prepared: the work broke off, or it needs more memory than a page may have. The table is as it \
         was. Prepare fewer rows or columns at once, then try again.",
    )
    .with_detail(detail)
}

fn not_started(detail: &str) -> Fault {
    Fault::new(
        "no-worker",
        "The part of Veilsum that prepares rows could not be loaded. Check the connection, then try again; the table is as it \
         was.",
    )
    .with_detail(detail)
}
