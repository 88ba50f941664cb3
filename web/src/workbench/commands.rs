//! What is asked of the vault in the workbench: one typed method per request.

use web_sys::File;

use crate::messages::training::{Comparison, JointAsk, JointEntry, JointTold, JointView, NewTraining};
use crate::messages::workbench::{
    Ask, Imported, KeyView, ModelEntry, Publishing, Scored, Scoring, TableHead, TableSource, Told, Trained,
    Training,
};
use crate::messages::{Command, Encoded, Fault, Reply};
use crate::ui::vault_client::{Vault, variant};

impl Vault {
    async fn at_bench<T>(
        self,
        ask: Ask,
        file: Option<File>,
        pick: fn(Told) -> Option<T>,
    ) -> Result<T, Fault> {
        let command = Command::Workbench(Encoded::of(&ask));
        let told = self.expect(command, file, variant!(Reply::Workbench(told) => told)).await?;
        told.open().and_then(pick).ok_or_else(|| {
            Fault::new("not-understood", "The vault gave an answer of another kind. Reload the page.")
        })
    }

    pub(super) async fn open_learn_table(
        self,
        source: TableSource,
        file: Option<File>,
    ) -> Result<TableHead, Fault> {
        self.at_bench(Ask::Open(source), file, variant!(Told::Table(head) => head)).await
    }

    pub(super) async fn train(self, training: Training) -> Result<Trained, Fault> {
        self.at_bench(Ask::Train(training), None, variant!(Told::Trained(trained) => *trained)).await
    }

    pub(super) async fn import_model(self, file: File) -> Result<Imported, Fault> {
        self.at_bench(Ask::Import, Some(file), variant!(Told::Imported(imported) => *imported)).await
    }

    pub(super) async fn publish(self, publishing: Publishing) -> Result<ModelEntry, Fault> {
        self.at_bench(Ask::Publish(publishing), None, variant!(Told::Published(entry) => entry)).await
    }

    pub(super) async fn models(self) -> Result<Vec<ModelEntry>, Fault> {
        self.at_bench(Ask::Models, None, variant!(Told::Models(models) => models)).await
    }

    pub(super) async fn withdraw(self, model: String) -> Result<(), Fault> {
        self.at_bench(Ask::Withdraw { model }, None, variant!(Told::Done => ())).await
    }

    pub(super) async fn score(self, scoring: Scoring, file: Option<File>) -> Result<Scored, Fault> {
        self.at_bench(Ask::Score(scoring), file, variant!(Told::Scored(scored) => *scored)).await
    }

    pub(super) async fn measure_keygen(self) -> Result<(f64, u32), Fault> {
        let pick = variant!(Told::Keygen { seconds, modulus_bits } => (seconds, modulus_bits));
        self.at_bench(Ask::MeasureKeygen, None, pick).await
    }

    pub(super) async fn bench_key(self) -> Result<KeyView, Fault> {
        self.at_bench(Ask::Key, None, variant!(Told::Key(key) => key)).await
    }

    pub(super) async fn cancel_bench(self) -> Result<(), Fault> {
        self.at_bench(Ask::Cancel, None, variant!(Told::Done => ())).await
    }

    async fn joint<T>(self, ask: JointAsk, pick: fn(JointTold) -> Option<T>) -> Result<T, Fault> {
        let told = self.at_bench(Ask::Joint(ask), None, variant!(Told::Joint(told) => *told)).await?;
        pick(told).ok_or_else(|| {
            Fault::new("not-understood", "The vault gave an answer of another kind. Reload the page.")
        })
    }

    pub(super) async fn joint_create(self, new: NewTraining) -> Result<String, Fault> {
        self.joint(JointAsk::Create(new), variant!(JointTold::Created(training) => training)).await
    }

    pub(super) async fn joint_list(self) -> Result<Vec<JointEntry>, Fault> {
        self.joint(JointAsk::List, variant!(JointTold::List(list) => list)).await
    }

    /// A request that is answered with where the training stands.
    pub(super) async fn joint_view(self, ask: JointAsk) -> Result<JointView, Fault> {
        self.joint(ask, variant!(JointTold::View(view) => *view)).await
    }

    pub(super) async fn joint_comparison(self, training: String) -> Result<Comparison, Fault> {
        let pick = variant!(JointTold::Comparison(comparison) => comparison);
        self.joint(JointAsk::Compare { training }, pick).await
    }

    pub(super) async fn joint_model(self, training: String) -> Result<Imported, Fault> {
        let ask = Ask::Joint(JointAsk::TakeModel { training });
        self.at_bench(ask, None, variant!(Told::Imported(imported) => *imported)).await
    }
}
