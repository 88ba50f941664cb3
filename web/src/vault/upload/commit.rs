//! The end of an upload: the manifest is sealed, signed and stored, which makes the dataset exist.

use veilsum_owner::manifest::{ManifestError, open_manifest, seal_manifest};
use veilsum_owner::paillier::ModulusSize;
use veilsum_protocol::Digest;
use veilsum_protocol::api::{Commit, CommittedObject, Object, RequestUpload};
use veilsum_protocol::manifest::{
    DerivedColumn, Manifest, PartEntry, RowGroupEntry, Scheme, SealedOriginal, Source, VERSION,
};
use veilsum_protocol::row_group::MIN_PART_BYTES;

use crate::api::ApiError;
use crate::fault::sentence;
use crate::messages::Fault;
use crate::time::now_seconds;
use crate::vault::datasets;
use crate::vault::random::rng;
use crate::vault::upload::content::SetColumns;
use crate::vault::upload::run::{Run, Stop};
use crate::vault::upload::send::PartBuilder;
use crate::vault::upload::shape::Shape;
use crate::vault::upload::state::{Base, UploadState};

/// 2051-01-01: 128-bit security is recommended for beyond 2050 [NIST SP 800-57 part 1, table 4].
const BFV_EXPIRES_AT: u64 = 2_556_144_000;
/// Number of the manifest that makes a dataset.
const FIRST: u64 = 1;

impl Run<'_> {
    /// Seals, signs, sends and commits the manifest; gives the bytes that the dataset takes up.
    pub(super) async fn commit(&self) -> Result<u64, Stop> {
        let keyring = &self.unlocked.keyring;
        let manifest = manifest_of(&self.state.borrow(), &self.shape, &self.sets);
        let sequence = manifest.sequence;
        let sealed = seal_manifest(keyring, &manifest, &mut rng()).map_err(Fault::from)?;
        let bytes =
            objects(&manifest).iter().map(|object| object.size_bytes).sum::<u64>() + sealed.len() as u64;
        let object = Object::Manifest { sequence };

        let request = RequestUpload { object, transfer: None, parts: Vec::new() };
        let cloud = self.unlocked.api.request_upload(self.dataset, &request, self.how()).await?;
        if cloud.stored {
            // Only a commit stores a manifest: an earlier one went through and its answer was lost.
            return if self.is_committed(&manifest).await? {
                Ok(bytes)
            } else {
                Err(grown_elsewhere().into())
            };
        }
        self.state.borrow_mut().manifest.id = cloud.transfer;
        let part_bytes = usize::try_from(MIN_PART_BYTES).expect("a few MiB");
        for (number, piece) in (1..).zip(sealed.chunks(part_bytes)) {
            let mut part = PartBuilder::new();
            part.push_clear(piece);
            self.send_part(&part.finish(object, number)?).await?;
        }
        let transfer = self.state.borrow().manifest.clone();
        let Some(id) = transfer.id.clone() else { return Err(ApiError::NotUnderstood.into()) };
        let commit =
            Commit { sequence, transfer: id, parts: transfer.as_parts(), objects: objects(&manifest) };
        match self.unlocked.api.commit(self.dataset, &commit, self.how()).await {
            Ok(_) => Ok(bytes),
            // Also if an earlier commit went through meanwhile: the next look at it decides.
            Err(error) if error.is_transfer_gone() || error.is_about_another_manifest() => {
                Err(Stop::StartOver(object))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the manifest that the cloud has is about exactly these objects.
    async fn is_committed(&self, manifest: &Manifest) -> Result<bool, Stop> {
        let detail = self.unlocked.api.dataset(self.dataset, self.how()).await?;
        let stored = self.unlocked.api.get_stored(&detail.entry.manifest_url, None, self.how()).await?;
        let stored = open_manifest(&self.unlocked.keyring, self.dataset, &stored).map_err(Fault::from)?;
        datasets::remember(self.vault, &self.unlocked, self.dataset, stored.sequence).await?;
        Ok(objects(&stored) == objects(manifest) && stored.batch_count() == manifest.batch_count())
    }
}

/// The manifest of an upload of which every object is stored.
fn manifest_of(state: &UploadState, shape: &Shape, sets: &[SetColumns]) -> Manifest {
    let row_groups = state.groups.iter().enumerate().map(|(ordinal, group)| {
        let ordinal = u32::try_from(ordinal).expect("fewer than a commit may list");
        let set_count = u32::try_from(sets.len()).expect("a few").max(1);
        RowGroupEntry {
            index: state.first_index + ordinal,
            row_count: shape.rows_in(ordinal / set_count),
            upload: group.upload,
            parts: group.transfer.entries(),
            batch: state.batch,
            column_set: sets[(ordinal % set_count) as usize].column_set,
        }
    });
    match &state.base {
        Some(base) => extended(state, base, row_groups),
        None => first(state, row_groups.collect()),
    }
}

/// The first manifest of a dataset.
fn first(state: &UploadState, row_groups: Vec<RowGroupEntry>) -> Manifest {
    let expires_at = match &state.scheme {
        Scheme::Paillier { modulus_bits, .. } => {
            ModulusSize::from_bits(u64::from(*modulus_bits)).map_or(0, ModulusSize::expires_at)
        }
        Scheme::Bfv { .. } => BFV_EXPIRES_AT,
    };
    let original = state.original.as_ref().map(|original| SealedOriginal {
        plaintext_bytes: original.plaintext_bytes,
        exact: original.exact,
        parts: original.transfer.entries(),
    });
    Manifest {
        version: VERSION,
        dataset: state.dataset,
        sequence: FIRST,
        previous: None,
        created_at: now_seconds(),
        expires_at,
        scheme: state.scheme.clone(),
        source: source_of(state),
        columns: state.content.columns.clone(),
        row_groups,
        original,
        appended: Vec::new(),
        derived: state.content.derived.clone(),
        factors: state.content.factors.clone(),
        identifying: state.identifying.clone(),
    }
}

/// The manifest that follows on the newest one: with more row groups, of a new batch or of more columns.
fn extended(state: &UploadState, base: &Base, row_groups: impl Iterator<Item = RowGroupEntry>) -> Manifest {
    let mut manifest = Manifest {
        version: VERSION,
        sequence: base.manifest.sequence + 1,
        previous: Some(base.digest),
        created_at: now_seconds(),
        columns: state.content.columns.clone(),
        ..base.manifest.clone()
    };
    manifest.row_groups.extend(row_groups);
    if manifest.batch(state.batch).is_none() {
        manifest.appended.push(source_of(state));
    }
    for factor in &state.content.factors {
        if let Some(known) = manifest.factors.iter_mut().find(|known| known.factor == factor.factor) {
            known.largest_magnitude = factor.largest_magnitude;
        }
    }
    for derived in &state.content.derived {
        let place = |derived: &DerivedColumn| derived.limbs.first().map(|limb| limb.column);
        match manifest.derived.iter_mut().find(|known| place(known) == place(derived)) {
            // New rows may have wider values.
            Some(known) => known.limbs.clone_from(&derived.limbs),
            None => manifest.derived.push(derived.clone()),
        }
    }
    manifest
}

fn source_of(state: &UploadState) -> Source {
    Source {
        file_name: state.file.name.clone(),
        size_bytes: state.file.size_bytes,
        sha256: state.file.sha256,
        row_count: state.file.row_count,
        skipped_row_count: state.file.skipped_row_count,
        missing_words: state.file.options.missing_words.clone(),
        first_row_is_data: state.file.options.first_row_is_data == Some(true),
        decimal_comma: state.file.options.decimal_comma == Some(true),
        column_types: state.file.options.types.clone().unwrap_or_default(),
        preparation: state.file.preparation.clone(),
    }
}

fn grown_elsewhere() -> Fault {
    Fault::new(
        "dataset-changed",
        "The dataset was changed meanwhile, in another tab or another browser. Discard this upload and start it again; \
         what the dataset holds is kept.",
    )
}

/// The objects that a manifest lists, as the API names them.
fn objects(manifest: &Manifest) -> Vec<CommittedObject> {
    let committed = |object, parts: &[PartEntry]| CommittedObject {
        object,
        size_bytes: parts.iter().map(|part| part.size_bytes).sum(),
        checksum: Digest::composite(parts.iter().map(|part| &part.sha256)),
        part_count: u32::try_from(parts.len()).unwrap_or(u32::MAX),
    };
    let groups = manifest
        .row_groups
        .iter()
        .map(|group| committed(Object::RowGroup { index: group.index }, &group.parts));
    let original = manifest.original.iter().map(|original| committed(Object::Original, &original.parts));
    groups.chain(original).collect()
}

impl From<ManifestError> for Fault {
    fn from(error: ManifestError) -> Self {
        Self::new("manifest-refused", &sentence(&error))
    }
}
