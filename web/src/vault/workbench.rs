//! The workbench's side of the vault: tables to learn from, models that are published, records that are scored.
//!
//! Records, keys and decrypted scores stay here; a table in clear goes to the worker that trains, which has no network.

mod engine;
mod exchange;
mod joint;
mod learn_table;
mod models;
mod records;
mod score;
mod trainer;

use std::cell::RefCell;
use std::rc::Rc;

use veilsum_model::model::Model;
use veilsum_model::network;
use veilsum_owner::paillier::ModulusSize;
use web_sys::File;

use self::trainer::Trainer;
use crate::messages::workbench::{
    Ask, FromTrainer, KeyView, LearnTable, Learned, Progress, Task, TestRow, Told, Trained, Training,
};
use crate::messages::{Encoded, Event, Fault};
use crate::time::Stopwatch;
use crate::vault::Vault;
use crate::vault::primes;
use crate::vault::processes::Work;

/// What the workbench works with.
#[derive(Default)]
pub struct Bench {
    table: RefCell<Option<Rc<LearnTable>>>,
    trained: RefCell<Option<Rc<TrainedModel>>>,
    /// Kept after a training, as it knows the space that distances are in.
    trainer: RefCell<Option<Rc<Trainer>>>,
    /// The proof of the key, which takes a moment and never changes: fingerprint and proof, both in hex.
    proof: RefCell<Option<(String, String)>>,
    /// Trainings of several owners that were looked at.
    joint: joint::Joints,
}

/// A model that was trained here.
struct TrainedModel {
    model: Model,
    /// Rows that it had not seen.
    test: Vec<TestRow>,
    /// The column that it predicts, or is compared with.
    target: Option<String>,
}

impl Bench {
    /// Lets go of all that belongs to the keyring.
    pub fn forget(&self) {
        self.proof.take();
        self.joint.forget();
    }

    /// The model of this digest, if it was trained here.
    fn trained_as(&self, digest: &str) -> Option<Rc<TrainedModel>> {
        let trained = self.trained.borrow().clone()?;
        (trained.model.interface().model == digest).then_some(trained)
    }
}

/// Carries out one request; `file` is what travelled beside it.
///
/// # Errors
/// A [`Fault`] in words.
pub async fn perform(vault: &Rc<Vault>, ask: Ask, file: Option<File>) -> Result<Told, Fault> {
    match ask {
        Ask::Open(source) => learn_table::open(vault, source, file).await.map(Told::Table),
        Ask::Train(training) => train(vault, training).await.map(|trained| Told::Trained(Box::new(trained))),
        Ask::Import => models::import(vault, file).await.map(|imported| Told::Imported(Box::new(imported))),
        Ask::Publish(publishing) => models::publish(vault, &publishing).await.map(Told::Published),
        Ask::Models => models::list(vault).await.map(Told::Models),
        Ask::Withdraw { model } => models::withdraw(vault, &model).await.map(|()| Told::Done),
        Ask::Score(scoring) => {
            score::score(vault, &scoring, file).await.map(|scored| Told::Scored(Box::new(scored)))
        }
        Ask::MeasureKeygen => measure_keygen(vault).await,
        Ask::Key => key(vault).map(Told::Key),
        Ask::Joint(ask) => joint::perform(vault, ask).await,
        Ask::Cancel => {
            vault.processes.stop(Work::Joint).await;
            vault.processes.stop(Work::Training).await;
            vault.processes.stop(Work::Scoring).await;
            Ok(Told::Done)
        }
    }
}

fn tell(vault: &Vault, progress: &Progress) {
    vault.tell(Event::Workbench(Encoded::of(progress)));
}

/// Trains in a worker, which is ended if the training is cancelled.
async fn train(vault: &Vault, training: Training) -> Result<Trained, Fault> {
    let process = vault.processes.begin_only(Work::Training)?;
    let table = vault.bench.table.borrow().clone().ok_or_else(|| {
        Fault::new(
            "no-table",
            "No table is open in the workbench. Choose a sample or a file, then try again.",
        )
    })?;
    vault.bench.trainer.take();
    let trainer = Rc::new(Trainer::start()?);
    let target =
        training.target.and_then(|at| table.columns.get(at as usize)).map(|column| column.name.clone());
    let task = Task::Train { table: (*table).clone(), training };
    let told = |progress| tell(vault, &Progress::Training(progress));
    let ended = process.or(trainer.ask(&task, told)).await.map_err(|_| {
        Fault::new("cancelled", "The training was cancelled. The table and your choices are kept.")
    })??;
    let FromTrainer::Trained(trained) = ended else { return Err(trainer::not_understood()) };
    let Learned { trained: view, document, test } =
        *trained.map_err(|reason| Fault::new("not-trained", &reason))?;
    let model = Model::from_bytes(&document).map_err(|error| {
        Fault::new("not-trained", "The trained model cannot be read. Train it again.")
            .with_detail(error.to_string())
    })?;
    vault.bench.trained.replace(Some(Rc::new(TrainedModel { model, test, target })));
    vault.bench.trainer.replace(Some(trainer));
    Ok(view)
}

/// Looks for two primes as for a new key, and throws them away.
async fn measure_keygen(vault: &Vault) -> Result<Told, Fault> {
    let bits = vault.unlocked()?.keyring.paillier().public_key().modulus_bits();
    let process = vault.processes.begin_only(Work::Scoring)?;
    let size = ModulusSize::from_bits(bits.into()).ok_or_else(|| {
        Fault::new("modulus-bits", "Keys of the size that this keyring has are not made any more.")
    })?;
    let watch = Stopwatch::start();
    drop(process.or(primes::find(size, Rc::new(|_| ()))).await??);
    Ok(Told::Keygen { seconds: watch.seconds(), modulus_bits: bits })
}

fn key(vault: &Vault) -> Result<KeyView, Fault> {
    let keyring = &vault.unlocked()?.keyring;
    Ok(KeyView {
        fingerprint: keyring.key_fingerprint().to_string(),
        modulus_bits: keyring.paillier().public_key().modulus_bits(),
        bfv_fingerprint: keyring.bfv_fingerprint(network::SET).to_string(),
    })
}
