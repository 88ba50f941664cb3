//! What is asked of the vault about a dataset: one typed method per command.

use leptos::prelude::Set as _;
use veilsum_protocol::DatasetId;
use web_sys::File;

use crate::messages::{
    AnswerView, CertificateView, CloudObject, Command, DatasetView, Fault, Reply, Run, RunEstimate, TwinView,
};
use crate::ui::vault_client::{Vault, variant};

/// An original that was downloaded and opened.
pub(super) struct Original {
    pub(super) file_name: String,
    pub(super) url: String,
    pub(super) exact: bool,
}

impl Vault {
    /// Asks about a dataset, and takes note if it is gone.
    async fn expect_of<T>(
        self,
        dataset: DatasetId,
        command: Command,
        file: Option<File>,
        pick: fn(Reply) -> Option<T>,
    ) -> Result<T, Fault> {
        let result = self.expect(command, file, pick).await;
        if let Err(fault) = &result
            && fault.code == "dataset-gone"
        {
            self.gone.set(Some((dataset, fault.clone())));
        }
        result
    }

    pub(super) async fn dataset(self, dataset: DatasetId) -> Result<DatasetView, Fault> {
        self.expect_of(
            dataset,
            Command::OpenDataset { dataset },
            None,
            variant!(Reply::Dataset(view) => view.open()?),
        )
        .await
    }

    pub(super) async fn delete_dataset(self, dataset: DatasetId) -> Result<(), Fault> {
        self.expect(Command::DeleteDataset { dataset }, None, variant!(Reply::Done => ())).await
    }

    pub(super) async fn open_original(self, dataset: DatasetId) -> Result<Original, Fault> {
        let pick = variant!(Reply::Original { file_name, url, exact } => Original { file_name, url, exact });
        let original = self.expect_of(dataset, Command::OpenOriginal { dataset }, None, pick).await;
        self.activity.download.set(None);
        original
    }

    pub(super) async fn cloud_objects(self, dataset: DatasetId) -> Result<Vec<CloudObject>, Fault> {
        self.expect_of(
            dataset,
            Command::CloudObjects { dataset },
            None,
            variant!(Reply::CloudObjects(list) => list.open()?),
        )
        .await
    }

    pub(super) async fn estimate_run(self, run: Run) -> Result<RunEstimate, Fault> {
        let pick = variant!(Reply::RunEstimate(estimate) => estimate.open()?);
        self.expect_of(run.dataset, Command::EstimateRun(run), None, pick).await
    }

    pub(super) async fn run_analyses(self, run: Run) -> Result<AnswerView, Fault> {
        self.activity.job.set(None);
        let pick = variant!(Reply::Answer(answer) => answer.open()?);
        let answer = self.expect_of(run.dataset, Command::RunAnalyses(run), None, pick).await;
        self.activity.job.set(None);
        answer
    }

    pub(super) async fn cancel_job(self) -> Result<(), Fault> {
        self.expect(Command::CancelJob, None, variant!(Reply::Done => ())).await
    }

    pub(super) async fn twin(self, run: Run, file: Option<File>) -> Result<TwinView, Fault> {
        self.expect_of(run.dataset, Command::Twin(run), file, variant!(Reply::Twin(twin) => twin.open()?))
            .await
    }

    pub(super) async fn past_answers(self, dataset: DatasetId) -> Result<Vec<AnswerView>, Fault> {
        let pick = variant!(Reply::PastAnswers(list) => list.open()?);
        self.expect_of(dataset, Command::PastAnswers { dataset }, None, pick).await
    }

    pub(super) async fn forget_answer(self, dataset: DatasetId, id: String) -> Result<(), Fault> {
        self.expect(Command::ForgetAnswer { dataset, id }, None, variant!(Reply::Done => ())).await
    }

    pub(super) async fn verify_certificate(self, text: String) -> Result<CertificateView, Fault> {
        let pick = variant!(Reply::Certificate(view) => view.open()?);
        self.expect(Command::VerifyCertificate { text }, None, pick).await
    }
}
