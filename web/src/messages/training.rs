//! What page and vault say to each other about trainings of several owners, and the vault and the worker that computes with rows
//! in clear.

use serde::{Deserialize, Serialize};
use veilsum_joint::lead::Progress as RoundProgress;

use super::Fault;
use super::workbench::LearnTable;

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum JointAsk {
    /// Creates a training, whose key this keyring holds. → [`JointTold::Created`].
    Create(NewTraining),
    /// → [`JointTold::List`].
    List,
    /// Asks the cloud where a training stands; whoever holds its key opens new totals. → [`JointTold::View`].
    Look {
        /// Its id.
        training: String,
    },
    /// Takes part with the table that was read last, or, after a reload, brings it again. → [`JointTold::View`].
    TakePart {
        /// The training.
        training: String,
        /// What others are told.
        name: String,
    },
    /// Contributes to the newest round. Events: [`JointProgress`]. → [`JointTold::View`].
    Contribute {
        /// The training.
        training: String,
    },
    /// Has the newest round added up and opens the next, or ends the training with its model. Events: [`JointProgress`]. →
    /// [`JointTold::View`].
    Lead {
        /// The training.
        training: String,
    },
    /// Ends a training, or leaves it. → [`JointTold::View`].
    End {
        /// The training.
        training: String,
    },
    /// Compares the model with one of the own rows alone. → [`JointTold::Comparison`].
    Compare {
        /// The training.
        training: String,
    },
    /// Quantises the model, which is published next. → [`Told::Imported`](super::workbench::Told::Imported).
    TakeModel {
        /// The training.
        training: String,
    },
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum JointTold {
    /// The new training's id.
    Created(String),
    /// Newest first.
    List(Vec<JointEntry>),
    /// Where it stands.
    View(Box<JointView>),
    /// Beside the own rows alone.
    Comparison(Comparison),
}

/// The terms of a new training. The key is the keyring's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewTraining {
    /// What it is called.
    pub name: String,
    /// What owners are told of who holds the key.
    pub key_holder: String,
    /// What is learned.
    pub family: JointFamily,
    /// What it is learned from.
    pub features: Vec<JointColumn>,
    /// Owners.
    pub owners: u32,
    /// Most rows of all owners together.
    pub most_rows: u64,
    /// Fewest rows of each owner.
    pub least_rows: u64,
}

/// What is learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum JointFamily {
    /// Linear regression.
    Linear {
        /// What is predicted.
        target: JointColumn,
        /// The penalty.
        ridge: f64,
    },
    /// Logistic regression.
    Logistic {
        /// The column of classes.
        label: String,
        /// The negative and the positive one.
        classes: [String; 2],
        /// The inverse of the penalty.
        c: f64,
    },
    /// k-means.
    KMeans {
        /// k
        clusters: u32,
        /// Starts.
        starts: u32,
        /// What starts are drawn from.
        seed: u64,
        /// Whether columns are standardised.
        standardised: bool,
    },
}

impl JointFamily {
    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "linear regression",
            Self::Logistic { .. } => "logistic regression",
            Self::KMeans { .. } => "k-means",
        }
    }
}

/// A column of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointColumn {
    /// Name.
    pub name: String,
    /// The largest absolute value that it may hold.
    pub bound: f64,
    /// Decimals that a published model keeps.
    pub decimals: u8,
}

/// A training in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointEntry {
    /// Its id.
    pub training: String,
    /// What it is called.
    pub name: String,
    /// Name of the family.
    pub family: String,
    /// Whether this keyring holds the key.
    pub is_key_holder: bool,
    /// Whether this keyring takes part with rows.
    pub is_owner: bool,
    /// Owners who take part, and owners of the terms.
    pub owners: (u32, u32),
    /// Rounds so far.
    pub rounds: u32,
    /// Seconds since 1970.
    pub created_at: u64,
    /// Whether it ended with a model (`Some(true)`) or without.
    pub ended: Option<bool>,
}

/// A training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointView {
    /// Its id.
    pub training: String,
    /// The terms.
    pub terms: NewTraining,
    /// SHA-256 of the terms.
    pub digest: String,
    /// Fingerprint of the key.
    pub key: String,
    /// Bits of its n.
    pub modulus_bits: u32,
    /// Fingerprint of the key holder's identity.
    pub key_holder: String,
    /// Whether this keyring holds the key.
    pub is_key_holder: bool,
    /// Whether this keyring takes part with rows.
    pub is_owner: bool,
    /// Who takes part.
    pub owners: Vec<JointOwner>,
    /// Rounds, ascending; empty for those who take no part.
    pub rounds: Vec<RoundView>,
    /// How many rounds there are, for everybody.
    pub round_count: u32,
    /// How it ended.
    pub end: Option<JointEnd>,
    /// The rows that this tab contributes.
    pub own_rows: Option<OwnTable>,
    /// Why the totals so far lead nowhere, where this keyring holds the key.
    pub fault: Option<Fault>,
}

impl JointView {
    /// Whether the newest round waits for a contribution of this keyring.
    #[must_use]
    pub fn waits_for_me(&self) -> bool {
        let Some(newest) = self.rounds.last() else { return false };
        let has_contributed = self.owners.iter().any(|owner| owner.is_me && owner.has_contributed);
        self.is_owner && self.end.is_none() && !newest.is_added_up && !has_contributed
    }

    /// Whether the key holder can go on.
    #[must_use]
    pub fn waits_for_key_holder(&self) -> bool {
        let is_full = self.owners.len() == self.terms.owners as usize;
        let is_complete = match self.rounds.last() {
            None => is_full,
            Some(newest) => {
                newest.is_added_up || (is_full && self.owners.iter().all(|owner| owner.has_contributed))
            }
        };
        self.is_key_holder && self.end.is_none() && is_complete
    }
}

/// Whoever takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JointOwner {
    /// Fingerprint of the identity.
    pub tenant: String,
    /// As they call themselves.
    pub name: String,
    /// Whether it is this keyring.
    pub is_me: bool,
    /// Whether they contributed to the newest round.
    pub has_contributed: bool,
}

/// Rows that this tab contributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnTable {
    /// Name of the file.
    pub file_name: String,
    /// Whole rows.
    pub rows: u64,
    /// Rows with blanks, which are left out.
    pub dropped: u64,
}

/// A round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundView {
    /// From 0.
    pub number: u32,
    /// Whether contributions are added up.
    pub is_added_up: bool,
    /// Its public numbers.
    pub numbers: RoundNumbers,
    /// What the total told; only to the key holder.
    pub progress: Option<RoundProgress>,
}

/// The public numbers of a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RoundNumbers {
    /// None: sums of columns as they are.
    Moments,
    /// Mean and deviation of each column.
    Scales {
        /// Means.
        centres: Vec<f64>,
        /// Deviations.
        scales: Vec<f64>,
    },
    /// A weight for each feature and the intercept.
    Coefficients(Vec<f64>),
    /// Centres of clusters.
    Centroids {
        /// Which start, from 1.
        start: u32,
        /// A number for each feature of each cluster.
        centroids: Vec<Vec<f64>>,
    },
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum JointEnd {
    /// With a model, which only those who take part are told.
    Finished(Option<JointModel>),
    /// Without one.
    Stopped {
        /// Name of who stopped it.
        by: String,
    },
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointModel {
    /// Rounds.
    pub rounds: u32,
    /// Rows of all owners.
    pub rows: u64,
    /// The numbers.
    pub numbers: JointNumbers,
}

/// A model's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum JointNumbers {
    /// A coefficient for each feature as it is.
    Linear {
        /// Coefficients.
        coefficients: Vec<f64>,
        /// Intercept.
        intercept: f64,
        /// Over all rows.
        r_squared: f64,
    },
    /// A weight for each standardised feature, then the intercept.
    Logistic(Vec<f64>),
    /// Centres of clusters.
    KMeans {
        /// Which start was the best, from 1.
        start: u32,
        /// A number for each feature of each cluster.
        centroids: Vec<Vec<f64>>,
        /// Over all rows.
        inertia: f64,
    },
}

/// A model of all owners' rows beside one of the own rows alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Own rows.
    pub rows: u64,
    /// Measures over the own rows: name, of the joint model, of the own.
    pub measures: Vec<(String, f64, f64)>,
    /// Coefficients: name, joint, own. Of clusters there are none.
    pub coefficients: Vec<(String, f64, f64)>,
}

/// Where long work stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JointProgress {
    /// What is being done.
    pub stage: String,
    /// Done and total.
    pub share: Option<(u64, u64)>,
}

/// What the worker with the rows is given. Documents are bytes of `veilsum_joint`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum JointTask {
    /// Whether a table fits the terms. → [`JointDone::Checked`].
    Check {
        /// The table.
        table: LearnTable,
        /// The terms.
        terms: Vec<u8>,
    },
    /// What its rows add to a round. → [`JointDone::Sums`].
    Contribute {
        /// The table.
        table: LearnTable,
        /// The terms.
        terms: Vec<u8>,
        /// The training.
        training: String,
        /// The round.
        round: String,
    },
    /// Where totals lead. → [`JointDone::Led`].
    Lead {
        /// The terms.
        terms: Vec<u8>,
        /// The training.
        training: String,
        /// Totals of all rounds.
        totals: Vec<Vec<i64>>,
    },
    /// A model of the own rows alone. → [`JointDone::Compared`].
    Compare {
        /// The table.
        table: LearnTable,
        /// The terms.
        terms: Vec<u8>,
        /// The training.
        training: String,
        /// What came out.
        outcome: String,
    },
}

/// What the worker with the rows gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum JointDone {
    /// Rows that take part, and rows that are left out for a blank cell.
    Checked {
        /// Whole rows.
        rows: u64,
        /// Others.
        dropped: u64,
    },
    /// Integers, one for each slot.
    Sums(Vec<i64>),
    /// Where totals lead.
    Led(Led),
    /// The comparison.
    Compared(Comparison),
}

/// Where totals lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Led {
    /// The rounds that totals are of, as documents.
    pub rounds: Vec<String>,
    /// What each total told.
    pub progress: Vec<RoundProgress>,
    /// The next round, or the outcome, as a document.
    pub next: NextDocument,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NextDocument {
    /// A round.
    Round(String),
    /// The outcome.
    Finished(String),
}

/// Why the worker with the rows did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JointRefused {
    /// Stable code.
    pub code: String,
    /// A sentence.
    pub message: String,
}
