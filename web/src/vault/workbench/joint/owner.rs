//! An owner's side: taking part with a table, and contributing to a round.

use std::rc::Rc;

use veilsum_joint::contribution::{Contribution, Scope, plaintexts};
use veilsum_protocol::api::training::{ContributionObject, JoinTraining};
use veilsum_protocol::{Digest, TrainingId};
use veilsum_train::rounds::Contribution as Sums;

use super::super::exchange::blob;
use super::super::trainer;
use super::{how, no_rows, refreshed, say, unreadable};
use crate::abort::Abort;
use crate::messages::Fault;
use crate::messages::training::{JointDone, JointTask, OwnTable};
use crate::time::Turn;
use crate::vault::Vault;
use crate::vault::random::rng;

/// Ciphertexts between two looks at the clock: each is a power modulo n² of a stranger's key.
const AT_ONCE: usize = 2;

/// Takes part with the table that was read last, if it fits the terms. After a reload it brings the table again.
///
/// # Errors
/// A [`Fault`] that says what of the table does not fit.
pub(super) async fn take_part(
    vault: &Rc<Vault>,
    id: TrainingId,
    name: &str,
    abort: &Abort,
) -> Result<(), Fault> {
    let unlocked = vault.unlocked()?;
    let joint = refreshed(vault, &unlocked, id, abort).await?;
    let table = vault
        .bench
        .table
        .borrow()
        .clone()
        .ok_or_else(|| Fault::new("no-table", "No table is open. Choose your file, then take part."))?;
    say(vault, "Holding your rows against the terms", None);
    let task = JointTask::Check { table: (*table).clone(), terms: joint.document.clone() };
    let JointDone::Checked { rows, dropped } = vault.bench.joint.work(task, abort).await? else {
        return Err(trainer::not_understood());
    };
    let is_owner = joint.progress.borrow().entry.as_ref().is_some_and(|entry| entry.is_owner);
    if !is_owner {
        let message = JoinTraining { terms: joint.terms.digest(), name: name.trim().to_owned() };
        unlocked.api.join_training(id, &message, how(abort)).await?;
    }
    let own = OwnTable { file_name: table.file_name.clone(), rows, dropped };
    joint.progress.borrow_mut().rows = Some((table, own));
    Ok(())
}

/// Contributes to the newest round.
///
/// # Errors
/// A [`Fault`] if the rows do not go with the round, or the cloud refuses the contribution.
pub(super) async fn contribute(vault: &Rc<Vault>, id: TrainingId, abort: &Abort) -> Result<(), Fault> {
    let unlocked = vault.unlocked()?;
    let joint = refreshed(vault, &unlocked, id, abort).await?;
    let (newest, rows) = {
        let progress = joint.progress.borrow();
        let newest =
            progress.rounds.last().filter(|(round, _)| !round.is_added_up).map(|(round, _)| round.clone());
        (newest, progress.rows.clone())
    };
    let Some(newest) = newest else { return Ok(()) };
    let (table, _) = rows.ok_or_else(no_rows)?;
    let tenant = unlocked.tenant();
    if newest.contributed.contains(&tenant) {
        return Ok(());
    }
    let round = newest.number;
    say(vault, "Adding up your rows", None);
    let task = JointTask::Contribute {
        table: (*table).clone(),
        terms: joint.document.clone(),
        training: id.to_string(),
        round: newest.document,
    };
    let JointDone::Sums(slots) = vault.bench.joint.work(task, abort).await? else {
        return Err(trainer::not_understood());
    };
    let key = joint.key.key();
    let plaintexts = plaintexts(key, &Sums { slots }).map_err(|error| unreadable(&error))?;
    let mut ciphertexts = Vec::with_capacity(plaintexts.len());
    let mut turn = Turn::begin();
    for some in plaintexts.chunks(AT_ONCE) {
        ciphertexts.extend(key.encrypt_many(some, &mut rng()));
        if turn.is_over() {
            let share = (ciphertexts.len() as u64, plaintexts.len() as u64);
            say(vault, "Encrypting your sums under the key holder's key", Some(share));
            turn.pass().await;
            abort.check()?;
        }
    }
    let scope = Scope::new(id, &joint.terms, key, round);
    let bytes =
        Contribution::new(key, scope, tenant, ciphertexts).map_err(|error| unreadable(&error))?.to_bytes(key);
    say(vault, "Sending ciphertext", None);
    let object = ContributionObject { size_bytes: bytes.len() as u64, sha256: Digest::of(&bytes) };
    let upload = unlocked.api.request_contribution(id, round, &object, how(abort)).await?;
    unlocked.api.put_object(&upload.url, &upload.headers, &blob(&bytes)?, how(abort)).await?;
    unlocked.api.contribute(id, round, &object, how(abort)).await?;
    Ok(())
}
