//! Trainings as the page shows them.

use veilsum_joint::outcome::{Learned, Outcome};
use veilsum_joint::round::{Numbers, Scales};
use veilsum_joint::terms::{Column, Family, Terms};
use veilsum_model::text::Real;
use veilsum_protocol::api::training::{End, TrainingEntry};
use veilsum_protocol::{KeyFingerprint, TenantId, TrainingId};

use super::{Joint, changed, how, unreadable};
use crate::messages::Fault;
use crate::messages::training::{
    JointColumn, JointEnd, JointEntry, JointFamily, JointModel, JointNumbers, JointOwner, JointView,
    NewTraining, RoundNumbers, RoundView,
};
use crate::vault::Vault;
use crate::vault::keyring::Unlocked;
use crate::vault::processes::Work;

/// The trainings of this keyring, newest first. One that cannot be read is left out.
///
/// # Errors
/// A [`Fault`] if they cannot be had.
pub(super) async fn list(vault: &Vault) -> Result<Vec<JointEntry>, Fault> {
    let unlocked = vault.unlocked()?;
    let process = vault.processes.begin(Work::Other);
    let mut found = unlocked.api.trainings(how(&process)).await?;
    found.sort_by_key(|entry| core::cmp::Reverse(entry.created_at));
    let entry = |entry: &TrainingEntry| {
        let terms = Terms::from_bytes(entry.terms.as_bytes()).ok()?;
        Some(JointEntry {
            training: entry.training.to_string(),
            family: family(&terms.family).name().to_owned(),
            name: terms.name,
            is_key_holder: entry.is_key_holder,
            is_owner: entry.is_owner,
            owners: (u32::try_from(entry.owners.len()).unwrap_or(u32::MAX), terms.owners),
            rounds: entry.round_count,
            created_at: entry.created_at,
            ended: entry.end.as_ref().map(|end| matches!(end, End::Finished { .. })),
        })
    };
    Ok(found.iter().filter_map(entry).collect())
}

/// A training that was just looked at.
pub(super) fn view(unlocked: &Unlocked, id: TrainingId, joint: &Joint) -> Result<JointView, Fault> {
    let progress = joint.progress.borrow();
    let entry = progress.entry.as_ref().ok_or_else(|| changed("there is no entry"))?;
    let me = unlocked.tenant();
    let newest = progress.rounds.last().map(|(round, _)| round);
    let told = |at: usize| progress.led.as_ref().and_then(|(_, led)| led.progress.get(at).copied());
    let owners = entry.owners.iter().map(|owner| JointOwner {
        tenant: owner.tenant.to_string(),
        name: owner.name.clone(),
        is_me: owner.tenant == me,
        has_contributed: newest.is_some_and(|round| round.contributed.contains(&owner.tenant)),
    });
    let rounds = progress.rounds.iter().enumerate().map(|(at, (entry, round))| RoundView {
        number: entry.number,
        is_added_up: entry.is_added_up,
        numbers: numbers(&round.numbers),
        progress: told(at),
    });
    let key = joint.key.key();
    Ok(JointView {
        training: id.to_string(),
        terms: terms(&joint.terms),
        digest: joint.terms.digest().to_string(),
        key: KeyFingerprint::from_bytes(key.fingerprint()).to_string(),
        modulus_bits: key.modulus_bits(),
        key_holder: entry.key_holder.to_string(),
        is_key_holder: entry.is_key_holder,
        is_owner: entry.is_owner,
        owners: owners.collect(),
        rounds: rounds.collect(),
        round_count: entry.round_count,
        end: entry.end.as_ref().map(|found| end(found, id, joint, entry)).transpose()?,
        own_rows: progress.rows.as_ref().map(|(_, own)| own.clone()),
        fault: None,
    })
}

fn end(end: &End, id: TrainingId, joint: &Joint, entry: &TrainingEntry) -> Result<JointEnd, Fault> {
    Ok(match end {
        End::Stopped { by } => JointEnd::Stopped { by: name_of(*by, joint, entry) },
        End::Finished { outcome: None } => JointEnd::Finished(None),
        End::Finished { outcome: Some(document) } => {
            let outcome = Outcome::from_bytes(id, &joint.terms, document.as_bytes())
                .map_err(|error| unreadable(&error))?;
            JointEnd::Finished(Some(model(&outcome)))
        }
    })
}

fn name_of(tenant: TenantId, joint: &Joint, entry: &TrainingEntry) -> String {
    if tenant == entry.key_holder {
        return joint.terms.key_holder.clone();
    }
    let owner = entry.owners.iter().find(|owner| owner.tenant == tenant);
    owner.map_or_else(|| tenant.to_string(), |owner| owner.name.clone())
}

fn model(outcome: &Outcome) -> JointModel {
    let numbers = match &outcome.numbers {
        Learned::Linear { coefficients, intercept, r_squared, .. } => JointNumbers::Linear {
            coefficients: floats(coefficients),
            intercept: intercept.get(),
            r_squared: r_squared.get(),
        },
        Learned::Logistic { coefficients, .. } => JointNumbers::Logistic(floats(coefficients)),
        Learned::KMeans { start, centroids, inertia, .. } => JointNumbers::KMeans {
            start: *start,
            centroids: centroids.iter().map(|centroid| floats(centroid)).collect(),
            inertia: inertia.get(),
        },
    };
    JointModel { rounds: outcome.rounds, rows: outcome.rows, numbers }
}

fn numbers(numbers: &Numbers) -> RoundNumbers {
    match numbers {
        Numbers::Moments => RoundNumbers::Moments,
        Numbers::Products { standardisation: Scales { centres, scales } } => {
            RoundNumbers::Scales { centres: floats(centres), scales: floats(scales) }
        }
        Numbers::Coefficients { coefficients, .. } => RoundNumbers::Coefficients(floats(coefficients)),
        Numbers::Centroids { start, centroids, .. } => RoundNumbers::Centroids {
            start: *start,
            centroids: centroids.iter().map(|centroid| floats(centroid)).collect(),
        },
    }
}

fn terms(terms: &Terms) -> NewTraining {
    NewTraining {
        name: terms.name.clone(),
        key_holder: terms.key_holder.clone(),
        family: family(&terms.family),
        features: terms.features.iter().map(column).collect(),
        owners: terms.owners,
        most_rows: terms.most_rows,
        least_rows: terms.least_rows,
    }
}

fn family(family: &Family) -> JointFamily {
    match family {
        Family::Linear { target, ridge } => {
            JointFamily::Linear { target: column(target), ridge: ridge.get() }
        }
        Family::Logistic { label, classes, c } => {
            JointFamily::Logistic { label: label.clone(), classes: classes.clone(), c: c.get() }
        }
        Family::KMeans { clusters, starts, seed, standardised } => JointFamily::KMeans {
            clusters: *clusters,
            starts: *starts,
            seed: *seed,
            standardised: *standardised,
        },
    }
}

fn column(column: &Column) -> JointColumn {
    JointColumn { name: column.name.clone(), bound: column.bound.get(), decimals: column.decimals }
}

fn floats(reals: &[Real]) -> Vec<f64> {
    reals.iter().map(|real| real.get()).collect()
}
