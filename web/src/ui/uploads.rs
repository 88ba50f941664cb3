//! Uploads, wherever they are begun: what they say while they run, and how they are stopped, resumed and discarded.

use veilsum_protocol::DatasetId;
use web_sys::File;

use leptos::prelude::Set as _;

use super::progress::Bar;
use super::vault_client::{Vault, variant};
use super::words;
use crate::messages::{Command, Fault, Reply, UploadPhase, UploadProgress, UploadSummary};

impl Vault {
    /// Uploads, and listens to how it goes.
    pub(crate) async fn upload(self, command: Command, file: Option<File>) -> Result<UploadSummary, Fault> {
        self.activity.upload.set(None);
        self.expect(command, file, variant!(Reply::Uploaded(summary) => summary)).await
    }

    /// Goes on with an upload that was interrupted.
    pub(crate) async fn resume_upload(
        self,
        dataset: DatasetId,
        file: Option<File>,
    ) -> Result<UploadSummary, Fault> {
        self.upload(Command::ResumeUpload { dataset }, file).await
    }

    /// Stops the running upload.
    pub(crate) async fn cancel_upload(self) -> Result<(), Fault> {
        self.expect(Command::CancelUpload, None, variant!(Reply::Done => ())).await
    }

    /// Deletes what an interrupted upload has stored.
    pub(crate) async fn discard_upload(self, dataset: DatasetId) -> Result<(), Fault> {
        self.expect(Command::DiscardUpload { dataset }, None, variant!(Reply::Done => ())).await
    }
}

/// What a progress bar shows of an upload; `None` before it has begun.
pub(crate) fn bar_of(upload: Option<&UploadProgress>) -> Bar {
    let Some(upload) = upload else {
        return Bar { label: "Starting".into(), share: None, facts: Vec::new() };
    };
    let (rows, bytes) = (&upload.rows, &upload.bytes);
    let (share, facts) = match upload.phase {
        UploadPhase::Checking => (
            Some((rows.done, rows.total)),
            vec![format!("{} of {}", words::count(rows.done), words::counted(rows.total, "row"))],
        ),
        UploadPhase::Encrypting => {
            let mut facts = vec![
                format!("{} of {}", words::count(rows.done), words::counted(rows.total, "row")),
                format!("{} of {} sent", words::bytes(bytes.done), words::bytes(bytes.total)),
            ];
            facts.extend((rows.rate > 0.0).then(|| words::rate(rows.rate, "rows")));
            facts.extend(rows.seconds_left.map(words::seconds_left));
            (Some((rows.done, rows.total)), facts)
        }
        UploadPhase::Original => {
            let mut facts = vec![
                format!("{} of {} sent", words::bytes(bytes.done), words::bytes(bytes.total)),
                words::byte_rate(bytes.rate),
            ];
            facts.extend(bytes.seconds_left.map(words::seconds_left));
            (Some((bytes.done, bytes.total)), facts)
        }
        UploadPhase::Committing => {
            (Some((bytes.done, bytes.total)), vec![format!("{} sent", words::bytes(bytes.done))])
        }
    };
    Bar { label: phase_name(upload.phase).into(), share, facts }
}

const fn phase_name(phase: UploadPhase) -> &'static str {
    match phase {
        UploadPhase::Checking => "Checking that the file is the same",
        UploadPhase::Encrypting => "Encrypting and sending rows",
        UploadPhase::Original => "Sending the sealed original",
        UploadPhase::Committing => "Sealing and signing the manifest",
    }
}
