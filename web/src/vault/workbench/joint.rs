//! Trainings of several owners, from this keyring's side: as the one who holds the key, as an owner with rows, or both.
//!
//! Rows stay in the vault and in the worker that adds them up; encrypted sums leave. Only totals of trainings whose key this
//! keyring holds are decrypted, and only if they are over exactly the owners who take part.

mod key_holder;
mod owner;
mod view;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use veilsum_joint::outcome::Outcome;
use veilsum_joint::round::Round;
use veilsum_joint::terms::Terms;
use veilsum_model::foreign_key::ProvenKey;
use veilsum_model::model::Card;
use veilsum_model::plan::Engine;
use veilsum_model::quantise::{Options, WEIGHT_BITS, quantise};
use veilsum_protocol::TrainingId;
use veilsum_protocol::api::training::{End, RoundEntry, TrainingEntry, TrainingStatus};

use super::trainer::{self, Trainer};
use super::{TrainedModel, tell};
use crate::abort::Abort;
use crate::api::{How, Patience};
use crate::fault::sentence;
use crate::messages::Fault;
use crate::messages::training::{
    Comparison, JointAsk, JointDone, JointProgress, JointTask, JointTold, JointView, Led, OwnTable,
};
use crate::messages::workbench::{FromTrainer, Imported, LearnTable, Progress, Task, Told};
use crate::vault::Vault;
use crate::vault::keyring::Unlocked;
use crate::vault::processes::Work;

/// Owners encrypt under a key by themselves: none that is shorter than keyrings have at least.
const MIN_KEY_BITS: u32 = 2_048;

/// What is known of trainings that were looked at. Nothing of it has to outlive the tab but the file of an owner, who chooses it
/// again.
#[derive(Default)]
pub(super) struct Joints {
    known: RefCell<HashMap<TrainingId, Rc<Joint>>>,
    trainer: RefCell<Option<Rc<Trainer>>>,
}

/// A training.
struct Joint {
    terms: Terms,
    document: Vec<u8>,
    /// The key, whose proof was checked.
    key: ProvenKey,
    progress: RefCell<Known>,
}

/// What of a training may change.
#[derive(Default)]
struct Known {
    entry: Option<TrainingEntry>,
    /// All rounds, in their order.
    rounds: Vec<(RoundEntry, Round)>,
    /// Decrypted totals of the first rounds.
    totals: Vec<Vec<i64>>,
    /// Where so many totals lead.
    led: Option<(usize, Led)>,
    rows: Option<(Rc<LearnTable>, OwnTable)>,
}

impl Joints {
    /// Lets go of all that belongs to the keyring.
    pub(super) fn forget(&self) {
        self.known.take();
        self.trainer.take();
    }

    /// Has the worker with the rows do something.
    async fn work(&self, task: JointTask, abort: &Abort) -> Result<JointDone, Fault> {
        let kept = self.trainer.borrow().clone();
        let trainer = match kept {
            Some(trainer) => trainer,
            None => Rc::new(Trainer::start()?),
        };
        self.trainer.replace(Some(Rc::clone(&trainer)));
        let done = abort.or(trainer.ask(&Task::Joint(task), |_| ())).await;
        if !matches!(done, Ok(Ok(_))) {
            // Whatever it does still is not wanted any more.
            self.trainer.take();
        }
        match done?? {
            FromTrainer::Joint(Ok(done)) => Ok(done),
            FromTrainer::Joint(Err(refused)) => Err(Fault::new(&refused.code, &refused.message)),
            FromTrainer::Progress(_) | FromTrainer::Trained(_) | FromTrainer::Judged(_) => {
                Err(trainer::not_understood())
            }
        }
    }
}

/// Carries out one request.
///
/// # Errors
/// A [`Fault`] in words.
pub(super) async fn perform(vault: &Rc<Vault>, ask: JointAsk) -> Result<Told, Fault> {
    let told = match ask {
        JointAsk::Create(new) => JointTold::Created(key_holder::create(vault, new).await?),
        JointAsk::List => JointTold::List(view::list(vault).await?),
        JointAsk::Look { training } => {
            let process = vault.processes.begin(Work::Other);
            look(vault, parsed(&training)?, &process).await?
        }
        JointAsk::TakePart { training, name } => {
            let process = vault.processes.begin_only(Work::Joint)?;
            owner::take_part(vault, parsed(&training)?, &name, &process).await?;
            look(vault, parsed(&training)?, &process).await?
        }
        JointAsk::Contribute { training } => {
            let process = vault.processes.begin_only(Work::Joint)?;
            owner::contribute(vault, parsed(&training)?, &process).await?;
            look(vault, parsed(&training)?, &process).await?
        }
        JointAsk::Lead { training } => {
            let process = vault.processes.begin_only(Work::Joint)?;
            key_holder::lead(vault, parsed(&training)?, &process).await?;
            look(vault, parsed(&training)?, &process).await?
        }
        JointAsk::End { training } => {
            let process = vault.processes.begin(Work::Other);
            vault.unlocked()?.api.end_training(parsed(&training)?, how(&process)).await?;
            look(vault, parsed(&training)?, &process).await?
        }
        JointAsk::Compare { training } => {
            let process = vault.processes.begin_only(Work::Joint)?;
            JointTold::Comparison(compare(vault, parsed(&training)?, &process).await?)
        }
        JointAsk::TakeModel { training } => {
            let process = vault.processes.begin(Work::Other);
            return take_model(vault, parsed(&training)?, &process)
                .await
                .map(|imported| Told::Imported(Box::new(imported)));
        }
    };
    Ok(Told::Joint(Box::new(told)))
}

async fn look(vault: &Rc<Vault>, id: TrainingId, abort: &Abort) -> Result<JointTold, Fault> {
    let unlocked = vault.unlocked()?;
    let joint = refreshed(vault, &unlocked, id, abort).await?;
    // Where totals lead nowhere, the training can still be looked at, and ended.
    let fault = match key_holder::open_totals(vault, &unlocked, id, &joint, abort).await {
        Ok(()) => None,
        Err(fault) if fault.code == "cancelled" => return Err(fault),
        Err(fault) => Some(fault),
    };
    let view = JointView { fault, ..view::view(&unlocked, id, &joint)? };
    Ok(JointTold::View(Box::new(view)))
}

/// A training as the cloud says that it stands now. Terms are those of the first look, and rounds stay what they were.
async fn refreshed(
    vault: &Vault,
    unlocked: &Unlocked,
    id: TrainingId,
    abort: &Abort,
) -> Result<Rc<Joint>, Fault> {
    let known = vault.bench.joint.known.borrow().get(&id).cloned();
    let added_up = known.as_ref().map_or(0, |joint| {
        joint.progress.borrow().rounds.iter().take_while(|(round, _)| round.is_added_up).count()
    });
    let after = added_up.checked_sub(1).and_then(|last| u32::try_from(last).ok());
    let status: TrainingStatus = unlocked.api.training(id, after, how(abort)).await?;
    let joint = match known {
        Some(joint) if joint.document == status.entry.terms.as_bytes() => joint,
        Some(_) => return Err(changed("the terms are others than before")),
        None => {
            let document = status.entry.terms.clone().into_bytes();
            let terms = Terms::from_bytes(&document).map_err(|error| unreadable(&error))?;
            if terms.training() != id {
                return Err(changed("the terms are not those that the invitation was made of"));
            }
            let key = terms.proven_key().map_err(|error| Fault::new("key-refused", &sentence(&error)))?;
            if key.key().modulus_bits() < MIN_KEY_BITS {
                return Err(Fault::new(
                    "key-refused",
                    "The key of this training is shorter than 2048 bits, and what is encrypted under it would not stay secret. \
                     Ask the key holder for a training under another keyring.",
                ));
            }
            let joint = Rc::new(Joint { terms, document, key, progress: RefCell::default() });
            vault.bench.joint.known.borrow_mut().insert(id, Rc::clone(&joint));
            joint
        }
    };
    {
        let mut progress = joint.progress.borrow_mut();
        for entry in status.rounds {
            let (at, count) = (entry.number as usize, progress.rounds.len());
            match progress.rounds.get_mut(at) {
                Some((known, _)) if known.document == entry.document => *known = entry,
                Some(_) => return Err(changed("a round has other numbers than before")),
                None if at == count => {
                    let round = Round::from_bytes(id, &joint.terms, entry.document.as_bytes())
                        .map_err(|error| unreadable(&error))?;
                    round
                        .follows(progress.rounds.last().map(|(_, before)| before))
                        .map_err(|error| unreadable(&error))?;
                    progress.rounds.push((entry, round));
                }
                None => return Err(changed("a round is missing")),
            }
        }
        progress.entry = Some(status.entry);
    }
    Ok(joint)
}

async fn compare(vault: &Vault, id: TrainingId, abort: &Abort) -> Result<Comparison, Fault> {
    let (joint, outcome) = finished(vault, id, abort).await?;
    let rows = joint.progress.borrow().rows.clone();
    let (table, _) = rows.ok_or_else(no_rows)?;
    let task = JointTask::Compare {
        table: (*table).clone(),
        terms: joint.document.clone(),
        training: id.to_string(),
        outcome: String::from_utf8(outcome.to_bytes()).unwrap_or_default(),
    };
    match vault.bench.joint.work(task, abort).await? {
        JointDone::Compared(comparison) => Ok(comparison),
        JointDone::Checked { .. } | JointDone::Sums(_) | JointDone::Led(_) => Err(trainer::not_understood()),
    }
}

/// Quantises the model, which is published next.
async fn take_model(vault: &Vault, id: TrainingId, abort: &Abort) -> Result<Imported, Fault> {
    let (joint, outcome) = finished(vault, id, abort).await?;
    let terms = &joint.terms;
    let card = Card {
        name: terms.name.clone(),
        training_data: format!(
            "{} rows of {} owners, which stayed with them; {} rounds of encrypted sums, of which totals were decrypted.",
            outcome.rows, terms.owners, outcome.rounds
        ),
        training_rows: outcome.rows,
        source: format!("Veilsum {}, trained by rounds of several owners", env!("CARGO_PKG_VERSION")),
        ..Card::default()
    };
    let options = Options { engine: Engine::Packed, weight_bits: WEIGHT_BITS };
    let model = quantise(&outcome.float_model(terms), options, card)
        .map_err(|error| Fault::new("not-quantised", &sentence(&error)))?;
    let imported = Imported { interface: model.interface(), model_bytes: model.to_bytes().len() as u64 };
    vault.bench.trained.replace(Some(Rc::new(TrainedModel { model, test: Vec::new(), target: None })));
    Ok(imported)
}

/// A training with what came out.
async fn finished(vault: &Vault, id: TrainingId, abort: &Abort) -> Result<(Rc<Joint>, Outcome), Fault> {
    let unlocked = vault.unlocked()?;
    let joint = refreshed(vault, &unlocked, id, abort).await?;
    let document = match joint.progress.borrow().entry.as_ref().and_then(|entry| entry.end.clone()) {
        Some(End::Finished { outcome: Some(document) }) => document,
        Some(End::Finished { outcome: None } | End::Stopped { .. }) | None => {
            return Err(Fault::new(
                "no-model",
                "This training has no model that you are told. Open it again once it has ended.",
            ));
        }
    };
    let outcome =
        Outcome::from_bytes(id, &joint.terms, document.as_bytes()).map_err(|error| unreadable(&error))?;
    Ok((joint, outcome))
}

fn say(vault: &Vault, stage: &str, share: Option<(u64, u64)>) {
    tell(vault, &Progress::Joint(JointProgress { stage: stage.to_owned(), share }));
}

const fn how(abort: &Abort) -> How<'_> {
    How { patience: Patience::Brief, abort }
}

/// An id from its text.
fn parsed(training: &str) -> Result<TrainingId, Fault> {
    training.parse().map_err(|_| {
        Fault::new(
            "not-found",
            "There is no training under this address. Ask the key holder for the invitation again.",
        )
    })
}

fn no_rows() -> Fault {
    Fault::new(
        "no-rows",
        "Your rows are not in this tab (any more). Choose your file again, the same one as before, and go on.",
    )
}

fn unreadable(error: &dyn core::fmt::Display) -> Fault {
    Fault::new(
        "training-unreadable",
        "What the cloud says of this training cannot be used, so that nothing is contributed to it. Tell the key holder.",
    )
    .with_detail(error.to_string())
}

fn changed(how: &str) -> Fault {
    Fault::new(
        "training-changed",
        "The cloud says something else of this training than before, which never happens by itself. Nothing is contributed \
         to it. Tell the key holder.",
    )
    .with_detail(how)
}
