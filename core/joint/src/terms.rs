//! What all owners agree on before the first round.
//!
//! ```text
//! {"format":"veilsum-training","version":1,"content":{"nonce":…,"name":…,"key_holder":…,"family":{"kind":"logistic",…},
//!  "features":[{"name":…,"bound":"64","decimals":2},…],"owners":3,"most_rows":100000,"least_rows":10,
//!  "key":{"modulus":…,"proof":…}}}
//! ```
//!
//! Fields stand in this order, without white space; floats are text. A training's id is made from the document's digest, so that
//! an invitation, which names the id, binds the terms and the key in them: nobody can give an owner others.

use serde::{Deserialize, Serialize};
use veilsum_crypto::order_proof::OrderProof;
use veilsum_crypto::paillier::PublicKey;
use veilsum_model::foreign_key::{ForeignKeyError, ProvenKey};
use veilsum_model::text::Real;
use veilsum_protocol::{Digest, TrainingId};
use veilsum_train::rounds::{self, scale_bits};

use crate::document::Format;

pub use crate::document::DocumentError;

/// Most bytes of terms.
pub const MAX_BYTES: usize = 96 << 10;
/// Most features.
pub const MAX_FEATURES: usize = 125;
/// Most owners.
pub const MAX_OWNERS: u32 = 64;
/// Most rows of all owners together.
pub const MAX_ROWS: u64 = 1 << 26;
/// Most slots of a contribution.
pub const MAX_SLOTS: usize = 8_192;
/// Most rounds of a training, that of the moments among them.
pub const MAX_ROUNDS: u32 = 361;
/// Most rounds of one start of k-means: one that has not settled by then is taken as it is.
pub const MAX_ROUNDS_OF_A_START: u32 = 60;
/// Most starts of k-means.
pub const MAX_STARTS: u32 = 6;
/// Most bytes of a name.
pub const MAX_NAME_BYTES: usize = 200;

const WHAT: &str = "the terms of a training";
const MAX_CLUSTERS: u32 = 32;
const MAX_DECIMALS: u8 = 15;
/// Most of a penalty, either way.
const MAX_PENALTY: f64 = 1e12;
/// Most bits of the key holder's n.
const MAX_MODULUS_BITS: usize = 4_096;

const FORMAT: Format = Format { what: WHAT, name: "veilsum-training", version: 1, most_bytes: MAX_BYTES };

/// The terms of a training.
///
/// Invariant of those that [`Self::from_bytes`] reads: every total that they allow fits its slots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// 16 random bytes in hex, so that no two trainings are one.
    pub nonce: String,
    /// What the training is called.
    pub name: String,
    /// Who holds the key, in words that owners know them by.
    pub key_holder: String,
    /// What is learned.
    pub family: Family,
    /// The columns that it is learned from, in the order of the weights.
    pub features: Vec<Column>,
    /// Owners who take part, from 2.
    pub owners: u32,
    /// Most rows of all owners together.
    pub most_rows: u64,
    /// Fewest rows of each owner.
    pub least_rows: u64,
    /// The key that contributions are encrypted under.
    pub key: Key,
}

/// What is learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Family {
    /// Linear regression from encrypted second moments.
    Linear {
        /// What is predicted.
        target: Column,
        /// The penalty on standardised columns; 0 for least squares.
        ridge: Real,
    },
    /// Logistic regression of two classes by rounds of encrypted gradients and Hessians.
    Logistic {
        /// The column of the classes.
        label: String,
        /// The negative class and the positive one, as cells say them.
        classes: [String; 2],
        /// C, the inverse of the L2 penalty on standardised columns.
        c: Real,
    },
    /// k-means by rounds of encrypted sums of clusters.
    KMeans {
        /// k
        clusters: u32,
        /// Random starts, of which the one with the least inertia is kept.
        starts: u32,
        /// What starts are drawn from.
        seed: u64,
        /// Whether distances are measured in standardised columns, or in columns as they are.
        standardised: bool,
    },
}

/// A column of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in every owner's table.
    pub name: String,
    /// No number in it is larger in absolute value.
    pub bound: Real,
    /// Digits after the point that a published model keeps.
    pub decimals: u8,
}

/// The key holder's public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// n, as [`PublicKey::to_hex`] writes it.
    pub modulus: String,
    /// The proof of \[GRSB19\] that gcd(n, φ(n)) = 1, [`OrderProof::to_bytes`] in hex.
    pub proof: String,
}

impl Terms {
    /// The bytes of the format above.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        FORMAT.write(self)
    }

    /// Reads exactly what [`Self::to_bytes`] writes, and checks it as [`Self::check`] does.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let terms: Self = FORMAT.read(bytes)?;
        terms.check()?;
        Ok(terms)
    }

    /// SHA-256 of [`Self::to_bytes`].
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// The id of the training with these terms: the first 16 bytes of [`Self::digest`].
    #[must_use]
    pub fn training(&self) -> TrainingId {
        let mut id = [0; TrainingId::BYTES];
        id.copy_from_slice(&self.digest().as_bytes()[..TrainingId::BYTES]);
        TrainingId::from_bytes(id)
    }

    /// Whether every field is in its range, every sum fits its slot, and the key has the form of one. Whether the proof of the
    /// key holds, [`Self::proven_key`] says.
    ///
    /// # Errors
    /// [`DocumentError::OutOfRange`] names the first field that is not.
    pub fn check(&self) -> Result<(), DocumentError> {
        let is_name = |name: &str| !name.trim().is_empty() && name.len() <= MAX_NAME_BYTES;
        let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        require(self.nonce.len() == 32 && self.nonce.bytes().all(is_digit), "nonce", "16 bytes in hex")?;
        require(is_name(&self.name), "name", "a text of at most 200 bytes")?;
        require(is_name(&self.key_holder), "key_holder", "a text of at most 200 bytes")?;
        require((1..=MAX_FEATURES).contains(&self.features.len()), "features", "from 1 to 125 columns")?;
        require((2..=MAX_OWNERS).contains(&self.owners), "owners", "from 2 to 64")?;
        require((2..=MAX_ROWS).contains(&self.least_rows), "least_rows", "from 2 to 67108864")?;
        let fewest = self.least_rows * u64::from(self.owners);
        require(
            (fewest..=MAX_ROWS).contains(&self.most_rows),
            "most_rows",
            "at least the fewest rows of all owners, and at most 67108864",
        )?;
        let mut names: Vec<&str> = self.columns().map(|column| column.name.as_str()).collect();
        if let Family::Logistic { label, .. } = &self.family {
            names.push(label);
        }
        require(
            names.iter().all(|name| is_name(name)),
            "features",
            "columns with a name of at most 200 bytes",
        )?;
        names.sort_unstable();
        require(names.windows(2).all(|pair| pair[0] != pair[1]), "features", "columns of different names")?;
        for column in self.columns() {
            let bound = column.bound.get();
            require((1e-9..=1e15).contains(&bound), "bound", "from a billionth to 1e15")?;
            require(column.decimals <= MAX_DECIMALS, "decimals", "at most 15")?;
        }
        self.check_family()?;
        self.check_key()?;
        require(
            self.slots_of_a_round() <= MAX_SLOTS,
            "features",
            "so few that a contribution has at most 8192 numbers",
        )?;
        require(self.has_room(), "most_rows", "so few, and bounds so small, that all sums fit 62 bits")
    }

    fn check_family(&self) -> Result<(), DocumentError> {
        match &self.family {
            Family::Linear { ridge, .. } => {
                require((0.0..=MAX_PENALTY).contains(&ridge.get()), "ridge", "from 0 to 1e12")
            }
            Family::Logistic { classes: [negative, positive], c, .. } => {
                let fits = |class: &str| !class.is_empty() && class.len() <= MAX_NAME_BYTES;
                require(
                    fits(negative) && fits(positive) && negative != positive,
                    "classes",
                    "two different words of at most 200 bytes",
                )?;
                require((1.0 / MAX_PENALTY..=MAX_PENALTY).contains(&c.get()), "c", "from 1e-12 to 1e12")
            }
            Family::KMeans { clusters, starts, standardised, .. } => {
                require((2..=MAX_CLUSTERS).contains(clusters), "clusters", "from 2 to 32")?;
                require((1..=MAX_STARTS).contains(starts), "starts", "from 1 to 6")?;
                let largest = self.largest_bound();
                require(
                    *standardised || (1.0..=1_048_576.0).contains(&largest),
                    "standardised",
                    "true where no bound of a feature is from 1 to 1048576",
                )
            }
        }
    }

    fn check_key(&self) -> Result<(), DocumentError> {
        const FIELD: &str = "key";
        const ALLOWED: &str = "a public key of at most 4096 bits with its proof";
        let Key { modulus, proof } = &self.key;
        require(
            modulus.len() <= MAX_MODULUS_BITS / 4 && proof.len() <= 5 * MAX_MODULUS_BITS,
            FIELD,
            ALLOWED,
        )?;
        let key = PublicKey::from_hex(modulus).ok();
        let proof = hex::decode(proof).ok().filter(|proof_bytes| hex::encode(proof_bytes) == *proof);
        let has_form =
            key.zip(proof).is_some_and(|(key, proof)| OrderProof::from_bytes(&key, &proof).is_ok());
        require(has_form, FIELD, ALLOWED)
    }

    /// Whether sums of each kind of round have at least 8 bits after the point.
    fn has_room(&self) -> bool {
        let terms = self.rounds();
        let rows = terms.most_rows as f64;
        let moments = self.columns().flat_map(|column| {
            let bound = column.bound.get();
            [rows * bound, rows * bound * bound]
        });
        // The widest of each family; that of k-means holds squared distances of up to 2·B in each column.
        let widest = match &self.family {
            Family::Linear { .. } | Family::Logistic { .. } => rows * terms.bound * terms.bound,
            Family::KMeans { .. } => rows * self.features.len() as f64 * 4.0 * terms.bound * terms.bound,
        };
        terms.check().is_ok() && moments.chain([widest]).all(|bound| scale_bits(bound).is_ok())
    }

    /// The key, if its proof holds: under another, contributions might not be hidden from the cloud. Costs eight exponentiations
    /// modulo n.
    ///
    /// # Errors
    /// [`ForeignKeyError`].
    pub fn proven_key(&self) -> Result<ProvenKey, ForeignKeyError> {
        // What is not hex is no proof either.
        ProvenKey::from_parts(&self.key.modulus, &hex::decode(&self.key.proof).unwrap_or_default())
    }

    /// The key, whose proof was checked before or does not matter: nothing is encrypted under it.
    #[must_use]
    pub fn public_key(&self) -> Option<PublicKey> {
        PublicKey::from_hex(&self.key.modulus).ok()
    }

    /// The columns of numbers, standardised in this order: the features, then the target of a linear regression.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        let target = match &self.family {
            Family::Linear { target, .. } => Some(target),
            Family::Logistic { .. } | Family::KMeans { .. } => None,
        };
        self.features.iter().chain(target)
    }

    /// The terms as rounds know them. No standardised number is above √(`most_rows` − 1); of k-means in columns as they are,
    /// none is above the largest bound.
    #[must_use]
    pub fn rounds(&self) -> rounds::Terms {
        let bound = match &self.family {
            Family::KMeans { standardised: false, .. } => self.largest_bound(),
            Family::Linear { .. } | Family::Logistic { .. } | Family::KMeans { .. } => {
                // Rounded up, as deviations come from rounded sums; at least 2, where random centroids are drawn from.
                (self.most_rows.max(5) as f64).sqrt().ceil()
            }
        };
        rounds::Terms { owners: self.owners, most_rows: self.most_rows, least_rows: self.least_rows, bound }
    }

    fn largest_bound(&self) -> f64 {
        self.features.iter().map(|column| column.bound.get()).fold(0.0, f64::max)
    }

    /// Numbers of a contribution to a round: to round 0 moments, to others what the family needs.
    #[must_use]
    pub fn slot_count(&self, round: u32) -> usize {
        if round == 0 { 2 + 2 * self.columns().count() } else { self.slots_of_a_round() }
    }

    fn slots_of_a_round(&self) -> usize {
        let features = self.features.len();
        match &self.family {
            Family::Linear { .. } => 2 + (features + 1) * (features + 2) / 2,
            Family::Logistic { .. } => 2 + (features + 1) + (features + 1) * (features + 2) / 2,
            Family::KMeans { clusters, .. } => 2 + *clusters as usize * (features + 1) + 1,
        }
    }

    /// Rounds that there may be, that of the moments among them.
    #[must_use]
    pub fn most_rounds(&self) -> u32 {
        match &self.family {
            Family::Linear { .. } => 2,
            Family::Logistic { .. } => 51,
            Family::KMeans { starts, .. } => (1 + starts * MAX_ROUNDS_OF_A_START).min(MAX_ROUNDS),
        }
    }
}

fn require(holds: bool, field: &'static str, allowed: &'static str) -> Result<(), DocumentError> {
    if holds { Ok(()) } else { Err(DocumentError::OutOfRange { what: WHAT, field, allowed }) }
}
