//! The key holder's side: creating a training, opening totals, and going on from them.

use std::rc::Rc;

use veilsum_joint::contribution::Scope;
use veilsum_joint::terms::{Column, Family, Key, Terms};
use veilsum_joint::total::Total;
use veilsum_model::text::Real;
use veilsum_protocol::TrainingId;
use veilsum_protocol::api::training::{CreateTraining, FinishTraining, OpenRound};

use super::super::score;
use super::super::trainer;
use super::{Joint, changed, how, refreshed, say, unreadable};
use crate::abort::Abort;
use crate::fault::sentence;
use crate::messages::Fault;
use crate::messages::training::{
    JointColumn, JointDone, JointFamily, JointTask, Led, NewTraining, NextDocument,
};
use crate::time::Turn;
use crate::vault::Vault;
use crate::vault::keyring::Unlocked;
use crate::vault::processes::Work;
use crate::vault::random::training_nonce;

/// Ciphertexts between two looks at the clock.
const AT_ONCE: usize = 8;

/// Creates a training under this keyring's key, and gives its id.
///
/// # Errors
/// A [`Fault`] that names the term that is out of range.
pub(super) async fn create(vault: &Vault, new: NewTraining) -> Result<String, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let key = score::proven(vault, &unlocked);
    let terms = Terms {
        nonce: training_nonce(),
        name: new.name,
        key_holder: new.key_holder,
        family: family(new.family)?,
        features: new.features.into_iter().map(column).collect::<Result<_, _>>()?,
        owners: new.owners,
        most_rows: new.most_rows,
        least_rows: new.least_rows,
        key: Key { modulus: key.modulus, proof: key.proof },
    };
    terms.check().map_err(|error| Fault::new("terms-invalid", &sentence(&error)))?;
    let training = terms.training();
    // Documents are JSON.
    let terms = String::from_utf8(terms.to_bytes()).unwrap_or_default();
    unlocked.api.create_training(&CreateTraining { training, terms }, how(&process)).await?;
    Ok(training.to_string())
}

fn family(family: JointFamily) -> Result<Family, Fault> {
    Ok(match family {
        JointFamily::Linear { target, ridge } => {
            Family::Linear { target: column(target)?, ridge: real(ridge)? }
        }
        JointFamily::Logistic { label, classes, c } => Family::Logistic { label, classes, c: real(c)? },
        JointFamily::KMeans { clusters, starts, seed, standardised } => {
            Family::KMeans { clusters, starts, seed, standardised }
        }
    })
}

fn column(column: JointColumn) -> Result<Column, Fault> {
    Ok(Column { name: column.name, bound: real(column.bound)?, decimals: column.decimals })
}

fn real(number: f64) -> Result<Real, Fault> {
    Real::new(number).ok_or_else(|| {
        Fault::new(
            "terms-invalid",
            "A number of the terms is none. Correct it, then create the training again.",
        )
    })
}

/// Fetches and decrypts totals that are new, where this keyring holds the key, and finds where they lead.
///
/// # Errors
/// A [`Fault`] if a total is not one of exactly the owners who take part, or the rounds are not those that totals lead to.
pub(super) async fn open_totals(
    vault: &Vault,
    unlocked: &Unlocked,
    id: TrainingId,
    joint: &Rc<Joint>,
    abort: &Abort,
) -> Result<(), Fault> {
    let holds = joint.progress.borrow().entry.as_ref().is_some_and(|entry| entry.is_key_holder);
    if !holds {
        return Ok(());
    }
    if joint.key.key() != unlocked.keyring.paillier().public_key() {
        return Err(changed("the key of the terms is not this keyring's"));
    }
    loop {
        let next = {
            let progress = joint.progress.borrow();
            let at = progress.totals.len();
            progress.rounds.get(at).filter(|(round, _)| round.is_added_up).map(|(round, _)| round.number)
        };
        let Some(round) = next else { break };
        let sums = open_total(vault, unlocked, id, joint, round, abort).await?;
        let mut progress = joint.progress.borrow_mut();
        // Another look may have opened the same one meanwhile.
        if progress.totals.len() == round as usize {
            progress.totals.push(sums);
        }
    }
    let totals = {
        let progress = joint.progress.borrow();
        let is_known = progress.led.as_ref().is_some_and(|(count, _)| *count == progress.totals.len());
        (!is_known).then(|| progress.totals.clone())
    };
    if let Some(totals) = totals {
        let count = totals.len();
        let task = JointTask::Lead { terms: joint.document.clone(), training: id.to_string(), totals };
        let JointDone::Led(led) = vault.bench.joint.work(task, abort).await? else {
            return Err(trainer::not_understood());
        };
        let stored = joint
            .progress
            .borrow()
            .rounds
            .iter()
            .map(|(round, _)| round.document.clone())
            .collect::<Vec<_>>();
        let expected = led.rounds.iter().chain(match &led.next {
            NextDocument::Round(next) => Some(next),
            NextDocument::Finished(_) => None,
        });
        let expected: Vec<&String> = expected.collect();
        let is_as_far = (expected.len().saturating_sub(1)..=expected.len()).contains(&stored.len());
        if !is_as_far || !stored.iter().zip(expected).all(|(stored, expected)| stored == expected) {
            return Err(changed("a round was opened with numbers that the totals do not lead to"));
        }
        joint.progress.borrow_mut().led = Some((count, led));
    }
    Ok(())
}

async fn open_total(
    vault: &Vault,
    unlocked: &Unlocked,
    id: TrainingId,
    joint: &Joint,
    round: u32,
    abort: &Abort,
) -> Result<Vec<i64>, Fault> {
    say(vault, "Fetching the total of all owners", None);
    let found = unlocked.api.add_up_round(id, round, how(abort)).await?;
    let bytes = unlocked.api.get_stored(&found.url, None, how(abort)).await?;
    let key = unlocked.keyring.paillier();
    let scope = Scope::new(id, &joint.terms, key.public_key(), round);
    let total = Total::from_bytes(key.public_key(), &scope, &bytes).map_err(|error| unreadable(&error))?;
    let owners: Vec<_> = joint
        .progress
        .borrow()
        .entry
        .iter()
        .flat_map(|entry| entry.owners.iter().map(|owner| owner.tenant))
        .collect();
    total.require_owners(&owners).map_err(|error| unreadable(&error))?;
    let mut plaintexts = Vec::with_capacity(total.ciphertexts().len());
    let mut turn = Turn::begin();
    for some in total.ciphertexts().chunks(AT_ONCE) {
        plaintexts.extend(key.decrypt_many(some).map_err(|error| unreadable(&error))?);
        if turn.is_over() {
            say(
                vault,
                "Decrypting the total",
                Some((plaintexts.len() as u64, total.ciphertexts().len() as u64)),
            );
            turn.pass().await;
            abort.check()?;
        }
    }
    Ok(total.open(key.public_key(), &plaintexts).map_err(|error| unreadable(&error))?.slots)
}

/// Goes one step on: the first round, or the next one after the newest was added up, or the end.
///
/// # Errors
/// A [`Fault`] if owners are missing, or the totals lead nowhere.
pub(super) async fn lead(vault: &Rc<Vault>, id: TrainingId, abort: &Abort) -> Result<(), Fault> {
    let unlocked = vault.unlocked()?;
    let joint = refreshed(vault, &unlocked, id, abort).await?;
    let newest = {
        let progress = joint.progress.borrow();
        progress.rounds.last().filter(|(round, _)| !round.is_added_up).map(|(round, _)| round.number)
    };
    if let Some(newest) = newest {
        say(vault, "The cloud adds up the ciphertexts of all owners", None);
        unlocked.api.add_up_round(id, newest, how(abort)).await?;
        refreshed(vault, &unlocked, id, abort).await?;
    }
    open_totals(vault, &unlocked, id, &joint, abort).await?;
    let next = joint.progress.borrow().led.as_ref().map(|(_, Led { next, .. })| next.clone());
    match next {
        Some(NextDocument::Round(document)) => {
            say(vault, "Opening the next round", None);
            let opened = u32::try_from(joint.progress.borrow().totals.len()).unwrap_or(u32::MAX);
            unlocked.api.open_round(id, &OpenRound { number: opened, document }, how(abort)).await?;
        }
        Some(NextDocument::Finished(document)) => {
            say(vault, "Telling all owners the model", None);
            unlocked.api.finish_training(id, &FinishTraining { document }, how(abort)).await?;
        }
        None => return Err(changed("the training is not one whose key this keyring holds")),
    }
    Ok(())
}
