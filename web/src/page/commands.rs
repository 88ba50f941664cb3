//! What the first module asks of the vault: one typed method per command.

use leptos::prelude::Set as _;
use web_sys::File;

use crate::messages::{
    Command, DatasetSummary, Fault, ReadOptions, Reply, TableView, UnfinishedUpload, UploadChoices,
    UploadEstimate, UploadSummary,
};
use crate::ui::vault_client::{Vault, variant};

/// A key file to save.
pub(super) struct KeyFile {
    pub(super) file_name: String,
    pub(super) bytes: Vec<u8>,
}

impl Vault {
    async fn keyring_command(self, command: Command, file: Option<File>) -> Result<(), Fault> {
        let status = self.expect(command, file, variant!(Reply::Keyring(status) => status)).await;
        self.activity.keygen.set(None);
        status.map(drop)
    }

    pub(super) async fn create_keyring(self, passphrase: String, modulus_bits: u32) -> Result<(), Fault> {
        ask_to_persist();
        self.keyring_command(Command::CreateKeyring { passphrase, modulus_bits }, None).await
    }

    pub(super) async fn cancel_keyring(self) -> Result<(), Fault> {
        self.expect(Command::CancelKeyring, None, variant!(Reply::Done => ())).await
    }

    pub(super) async fn unlock_keyring(self, passphrase: String) -> Result<(), Fault> {
        self.keyring_command(Command::UnlockKeyring { passphrase }, None).await
    }

    pub(super) async fn lock_keyring(self) -> Result<(), Fault> {
        self.keyring_command(Command::LockKeyring, None).await
    }

    pub(super) async fn import_key_file(self, file: File, passphrase: String) -> Result<(), Fault> {
        ask_to_persist();
        self.keyring_command(Command::ImportKeyFile { passphrase }, Some(file)).await
    }

    pub(super) async fn remove_keyring(self) -> Result<(), Fault> {
        self.keyring_command(Command::RemoveKeyring, None).await
    }

    pub(super) async fn export_key_file(self) -> Result<KeyFile, Fault> {
        let pick = variant!(Reply::KeyFile { file_name, bytes } => KeyFile { file_name, bytes });
        let file = self.expect(Command::ExportKeyFile, None, pick).await?;
        self.keyring_command(Command::KeyringStatus, None).await?;
        Ok(file)
    }

    pub(super) async fn open_table(self, file: File, options: ReadOptions) -> Result<TableView, Fault> {
        self.read(Command::OpenTable(options), Some(file)).await
    }

    pub(super) async fn open_sample(self, file_name: String) -> Result<TableView, Fault> {
        self.read(Command::OpenSample { file_name }, None).await
    }

    pub(super) async fn current_table(self) -> Result<TableView, Fault> {
        self.read(Command::CurrentTable, None).await
    }

    async fn read(self, command: Command, file: Option<File>) -> Result<TableView, Fault> {
        let view = self.expect(command, file, variant!(Reply::Table(view) => view.open()?)).await;
        self.activity.reading.set(None);
        view
    }

    pub(super) async fn estimate(self, choices: UploadChoices) -> Result<UploadEstimate, Fault> {
        self.expect(Command::Estimate(choices), None, variant!(Reply::Estimate(estimate) => estimate)).await
    }

    pub(super) async fn start_upload(self, choices: UploadChoices) -> Result<UploadSummary, Fault> {
        self.upload(Command::StartUpload(choices), None).await
    }

    pub(super) async fn unfinished_uploads(self) -> Result<Vec<UnfinishedUpload>, Fault> {
        self.expect(Command::UnfinishedUploads, None, variant!(Reply::UnfinishedUploads(list) => list)).await
    }

    pub(super) async fn datasets(self) -> Result<Vec<DatasetSummary>, Fault> {
        self.expect(Command::ListDatasets, None, variant!(Reply::Datasets(list) => list)).await
    }
}

/// Asks the browser not to evict the keyring and unfinished uploads; only a page may ask. The vault tells the answer.
fn ask_to_persist() {
    let storage = leptos::prelude::window().navigator().storage();
    // Absent outside secure contexts. The promise needs no waiting for: the browser remembers.
    if !storage.is_undefined() {
        let _ = storage.persist();
    }
}
