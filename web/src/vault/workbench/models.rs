//! Models in the cloud: publish, list, withdraw.

use std::rc::Rc;

use veilsum_model::float::FloatFamily;
use veilsum_model::import;
use veilsum_model::interface::Interface;
use veilsum_model::plan::Engine;
use veilsum_model::quantise::{NETWORK_WEIGHT_BITS, Options, WEIGHT_BITS, quantise};
use veilsum_protocol::ModelId;
use veilsum_protocol::api::scoring::{ModelDetail, PublishModel, PublishVersion, Terms};

use web_sys::File;

use super::TrainedModel;
use crate::api::{How, Patience};
use crate::fault::sentence;
use crate::messages::Fault;
use crate::messages::workbench::{Imported, ModelEntry, Publishing};
use crate::time::give_way;
use crate::vault::Vault;
use crate::vault::processes::Work;
use crate::vault::random::model_id;
use crate::vault::source::Source;

/// Quantises a model that scikit-learn trained, from the file that `export_sklearn.py` wrote; it is published next.
///
/// # Errors
/// A [`Fault`] that says where the file is at fault, or what would fit.
pub(super) async fn import(vault: &Vault, file: Option<File>) -> Result<Imported, Fault> {
    let source = Source::from_file(super::super::needed(file)?);
    if source.size_bytes() > import::MAX_BYTES as u64 {
        return Err(Fault::new(
            "not-a-model",
            "The file is larger than exported models are. Choose another one.",
        ));
    }
    give_way().await;
    let import::Imported { model, card } =
        import::sklearn(&source.read_all()?).map_err(|error| Fault::new("not-a-model", &sentence(&error)))?;
    let (engine, weight_bits) = match &model.family {
        FloatFamily::Network { .. } => (Engine::OneRound, NETWORK_WEIGHT_BITS),
        FloatFamily::Linear { .. } | FloatFamily::Logistic { .. } | FloatFamily::KMeans { .. } => {
            (Engine::Packed, WEIGHT_BITS)
        }
    };
    let model = quantise(&model, Options { engine, weight_bits }, card)
        .map_err(|error| Fault::new("not-quantised", &sentence(&error)))?;
    let imported = Imported { interface: model.interface(), model_bytes: model.to_bytes().len() as u64 };
    vault.bench.trained.replace(Some(Rc::new(TrainedModel { model, test: Vec::new(), target: None })));
    Ok(imported)
}

/// Publishes the model that was trained or imported last.
///
/// # Errors
/// A [`Fault`] if none was, or the cloud refuses it.
pub(super) async fn publish(vault: &Vault, publishing: &Publishing) -> Result<ModelEntry, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let how = How { patience: Patience::Brief, abort: &process };
    let trained = vault.bench.trained.borrow().clone().ok_or_else(|| {
        Fault::new("no-model", "No model was trained or imported in this tab. Train one, then publish it.")
    })?;
    // Canonical JSON, which is text.
    let document = String::from_utf8_lossy(&trained.model.to_bytes()).into_owned();
    let detail = match &publishing.replaces {
        None => {
            let model = model_id();
            let terms = Terms { rows_per_client: publishing.row_limit, by_layers: publishing.by_layers };
            let message = PublishModel { model, document, terms: Some(terms) };
            unlocked.api.publish_model(&message, how).await?;
            unlocked.api.model(model, how).await?
        }
        Some(replaced) => {
            let model = parsed(replaced)?;
            let version = unlocked.api.model(model, how).await?.entry.version + 1;
            unlocked.api.publish_version(model, &PublishVersion { version, document }, how).await?;
            unlocked.api.model(model, how).await?
        }
    };
    entry(&detail)
}

/// The models of this keyring and those of others, newest first.
///
/// # Errors
/// A [`Fault`] if they cannot be had. A model that cannot be read is left out.
pub(super) async fn list(vault: &Vault) -> Result<Vec<ModelEntry>, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let how = How { patience: Patience::Brief, abort: &process };
    let mut entries = Vec::new();
    for listed in unlocked.api.models(how).await? {
        let detail = unlocked.api.model(listed.model, how).await?;
        entries.extend(entry(&detail).ok());
    }
    entries.sort_by_key(|entry| core::cmp::Reverse(entry.published_at));
    Ok(entries)
}

/// Withdraws a model.
///
/// # Errors
/// A [`Fault`].
pub(super) async fn withdraw(vault: &Vault, model: &str) -> Result<(), Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let how = How { patience: Patience::Brief, abort: &process };
    Ok(unlocked.api.withdraw_model(parsed(model)?, how).await?)
}

/// An id from its text.
pub(super) fn parsed(model: &str) -> Result<ModelId, Fault> {
    model
        .parse()
        .map_err(|_| Fault::new("not-found", "There is no model of this name. Open the list of models."))
}

/// The interface, checked: the cloud is not believed.
pub(super) fn interface(detail: &ModelDetail) -> Result<Interface, Fault> {
    let refused = |reason: String| {
        Fault::new(
            "model-unreadable",
            "What the cloud says of this model cannot be used, so that no record is encrypted for it. Tell its \
             publisher, or choose another model.",
        )
        .with_detail(reason)
    };
    let bytes = serde_json::to_vec(&detail.interface).map_err(|error| refused(error.to_string()))?;
    let interface = Interface::from_bytes(&bytes).map_err(|error| refused(error.to_string()))?;
    if interface.model == detail.entry.digest.to_string() {
        Ok(interface)
    } else {
        Err(refused("the interface is that of another version".to_owned()))
    }
}

/// As the page shows it.
pub(super) fn entry(detail: &ModelDetail) -> Result<ModelEntry, Fault> {
    let ModelDetail { entry, budget, .. } = detail;
    let interface = interface(detail)?;
    Ok(ModelEntry {
        model: entry.model.to_string(),
        version: entry.version,
        by_layers: entry.terms.by_layers && interface.engines.contains(&Engine::ByLayers),
        interface,
        published_at: entry.published_at,
        is_withdrawn: entry.is_withdrawn,
        is_own: entry.is_own,
        used: budget.used,
        limit: budget.limit,
    })
}
