//! Keys of trainings.

use veilsum_protocol::{Digest, TenantId, TrainingId};

use super::Key;

/// The entry that names who holds the key of a training.
#[must_use]
pub fn announced(training: &TrainingId) -> Key {
    Key(format!("trainings/{training}"))
}

/// The folder of all trainings whose key a tenant holds.
#[must_use]
pub fn held_trainings(tenant: &TenantId) -> String {
    format!("t/{tenant}/tr/")
}

/// The folder of markers of the trainings that a tenant takes part in.
#[must_use]
pub fn joined_trainings(tenant: &TenantId) -> String {
    format!("t/{tenant}/joined/")
}

/// The marker that a tenant takes part in a training.
#[must_use]
pub fn joined(tenant: &TenantId, training: &TrainingId) -> Key {
    Key(format!("{}{training}", joined_trainings(tenant)))
}

/// The training that this marker is of.
#[must_use]
pub fn joined_training(tenant: &TenantId, key: &Key) -> Option<TrainingId> {
    key.0.strip_prefix(&joined_trainings(tenant))?.parse().ok()
}

/// The keys of one training, which lie in its key holder's folder.
#[derive(Debug, Clone)]
pub struct TrainingKeys {
    folder: String,
}

impl TrainingKeys {
    /// The keys of training `training`, whose key `key_holder` holds.
    #[must_use]
    pub fn new(key_holder: &TenantId, training: &TrainingId) -> Self {
        Self { folder: format!("{}{training}/", held_trainings(key_holder)) }
    }

    /// What every key of the training starts with.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The terms.
    #[must_use]
    pub fn terms(&self) -> Key {
        self.named("terms")
    }

    /// Who takes part.
    #[must_use]
    pub fn owners(&self) -> Key {
        self.named("owners")
    }

    /// How it ended.
    #[must_use]
    pub fn end(&self) -> Key {
        self.named("end")
    }

    /// The public numbers of a round; storing them opens it.
    #[must_use]
    pub fn round(&self, round: u32) -> Key {
        self.named(&format!("round/{round:08}"))
    }

    /// The number of the round that lies at `key`.
    #[must_use]
    pub fn round_number(&self, key: &Key) -> Option<u32> {
        key.0.strip_prefix(&self.folder)?.strip_prefix("round/")?.parse().ok()
    }

    /// What every contribution that was sent to any round starts with.
    #[must_use]
    pub fn all_sent(&self) -> String {
        format!("{}sent/", self.folder)
    }

    /// What every contribution that was sent to a round starts with.
    #[must_use]
    pub fn sent_to(&self, round: u32) -> String {
        format!("{}{round:08}/", self.all_sent())
    }

    /// A contribution that an owner sent to a round. It counts if [`Self::contribution`] names its hash.
    #[must_use]
    pub fn sent(&self, round: u32, owner: &TenantId, sha256: &Digest) -> Key {
        Key(format!("{}{owner}/{sha256}", self.sent_to(round)))
    }

    /// Which contribution of an owner counts in a round. Written once, so that an owner counts once.
    #[must_use]
    pub fn contribution(&self, round: u32, owner: &TenantId) -> Key {
        self.named(&format!("contribution/{round:08}/{owner}"))
    }

    /// Round and owner of the contribution that `key` marks.
    #[must_use]
    pub fn contributed(&self, key: &Key) -> Option<(u32, TenantId)> {
        let name = key.0.strip_prefix(&self.folder)?.strip_prefix("contribution/")?;
        let (round, owner) = name.split_once('/')?;
        Some((round.parse().ok()?, owner.parse().ok()?))
    }

    /// The total of a round.
    #[must_use]
    pub fn total(&self, round: u32) -> Key {
        self.named(&format!("total/{round:08}"))
    }

    fn named(&self, name: &str) -> Key {
        Key(format!("{}{name}", self.folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_bytes([0xaa; 32]);
    const OWNER: TenantId = TenantId::from_bytes([0xab; 32]);
    const TRAINING: TrainingId = TrainingId::from_bytes([0xbb; 16]);

    #[test]
    fn no_key_is_a_folder_of_another() {
        let keys = TrainingKeys::new(&TENANT, &TRAINING);
        let all = [
            announced(&TRAINING),
            joined(&TENANT, &TRAINING),
            keys.terms(),
            keys.owners(),
            keys.end(),
            keys.round(1),
            keys.sent(1, &OWNER, &Digest::of(b"")),
            keys.contribution(1, &OWNER),
            keys.total(1),
        ];
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        for key in &all {
            assert!(!all.iter().any(|other| other.starts_with(&format!("{key}/"))), "{key}");
        }
        assert_eq!(all[5], format!("t/{}/tr/{}/round/00000001", "aa".repeat(32), "bb".repeat(16)));
    }

    #[test]
    fn ids_and_numbers_are_read_back_from_their_keys() {
        let keys = TrainingKeys::new(&TENANT, &TRAINING);
        assert_eq!(keys.round_number(&keys.round(17)), Some(17));
        assert_eq!(keys.round_number(&keys.total(17)), None);
        assert_eq!(keys.contributed(&keys.contribution(3, &OWNER)), Some((3, OWNER)));
        assert_eq!(keys.contributed(&keys.sent(3, &OWNER, &Digest::of(b""))), None);
        assert_eq!(joined_training(&TENANT, &joined(&TENANT, &TRAINING)), Some(TRAINING));
        assert_eq!(joined_training(&OWNER, &joined(&TENANT, &TRAINING)), None);
    }
}
