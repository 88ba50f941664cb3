//! What the workbench and the vault say to each other, and the vault and the worker that trains. All of it travels as
//! [`Encoded`](super::Encoded): the first module of the page need not know it.

use serde::{Deserialize, Serialize};
use veilsum_model::interface::Interface;
use veilsum_train::evaluate::calibration::Bin;
use veilsum_train::evaluate::ranking::{PrecisionRecallPoint, RocPoint};
use veilsum_train::evaluate::{classification, regression};
use veilsum_train::network::Epoch;

use super::training::{JointAsk, JointDone, JointProgress, JointRefused, JointTask, JointTold};

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Ask {
    /// Reads a table for training: a bundled sample, the table that is open in Prepare, or the `File` beside. →
    /// [`Told::Table`].
    Open(TableSource),
    /// Trains on the table that was read. Events: [`Progress::Training`]. → [`Told::Trained`].
    Train(Training),
    /// With a `File` that `export_sklearn.py` wrote: quantises the model in it, which is published next. →
    /// [`Told::Imported`].
    Import,
    /// Publishes the model that was trained or imported last. → [`Told::Published`].
    Publish(Publishing),
    /// → [`Told::Models`].
    Models,
    /// Withdraws a model; it is scored no more. → [`Told::Done`].
    Withdraw {
        /// Its id.
        model: String,
    },
    /// Encrypts records, has them scored, and decrypts. Events: [`Progress::Scoring`]. → [`Told::Scored`].
    Score(Scoring),
    /// Makes two primes of the keyring's size and throws them away. → [`Told::Keygen`].
    MeasureKeygen,
    /// What is known of the key, without asking the cloud. → [`Told::Key`].
    Key,
    /// About trainings of several owners. → [`Told::Joint`].
    Joint(JointAsk),
    /// Stops what runs. → [`Told::Done`].
    Cancel,
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Told {
    /// Nothing to tell.
    Done,
    /// The table.
    Table(TableHead),
    /// The model.
    Trained(Box<Trained>),
    /// The model of a file.
    Imported(Box<Imported>),
    /// What the cloud knows the model as.
    Published(ModelEntry),
    /// Models of this keyring, newest first.
    Models(Vec<ModelEntry>),
    /// Scores.
    Scored(Box<Scored>),
    /// Seconds that it took.
    Keygen {
        /// Of two primes.
        seconds: f64,
        /// Of the modulus.
        modulus_bits: u32,
    },
    /// The key.
    Key(KeyView),
    /// About trainings of several owners.
    Joint(Box<JointTold>),
}

/// What is told meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Progress {
    /// Of a training.
    Training(TrainingProgress),
    /// Of scoring.
    Scoring(ScoringProgress),
    /// Of a round of several owners.
    Joint(JointProgress),
}

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableSource {
    /// A bundled sample.
    Sample(String),
    /// The table that Prepare has open.
    Open,
    /// The file beside the message.
    File,
}

/// A table that can be learned from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableHead {
    /// Name of the file.
    pub file_name: String,
    /// Rows.
    pub rows: u64,
    /// Columns, in the order of the file.
    pub columns: Vec<ColumnHead>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnHead {
    /// Name.
    pub name: String,
    /// Whether every cell that is not blank is a number.
    pub is_number: bool,
    /// Different cells, up to 257.
    pub distinct: u32,
    /// Blank cells.
    pub blanks: u64,
    /// Largest absolute value of a column of numbers.
    pub largest: f64,
    /// Decimals of the finest number.
    pub decimals: u8,
    /// The two different cells of a column that has two, in their order.
    pub classes: Option<[String; 2]>,
}

/// The families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// Linear regression.
    Linear,
    /// Logistic regression.
    Logistic,
    /// k-means.
    KMeans,
    /// A dense network.
    Network,
}

/// How to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// What is learned.
    pub family: Family,
    /// Position of the column that is predicted; of k-means of known classes, to compare with.
    pub target: Option<u32>,
    /// Positions of columns that are not used.
    pub left_out: Vec<u32>,
    /// Of split and start.
    pub seed: u64,
    /// Share of rows that is only for the test. k-means is judged by all rows.
    pub test_percent: u32,
    /// Columns of mean 0 and deviation 1.
    pub standardise: bool,
    /// C of logistic, ridge of linear regression.
    pub penalty: f64,
    /// Clusters of k-means.
    pub clusters: u32,
    /// Hidden units of a network.
    pub hidden: u32,
    /// Passes over the training part, at most.
    pub epochs: u32,
    /// Epochs without improvement after which training stops.
    pub patience: u32,
    /// Bits of the largest weight.
    pub weight_bits: u8,
}

/// Where a training stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingProgress {
    /// What is being done.
    pub stage: String,
    /// Done and total.
    pub share: Option<(u64, u64)>,
    /// The newest epoch.
    pub epoch: Option<Epoch>,
}

/// A trained, quantised and judged model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trained {
    /// What a client is told of it.
    pub interface: Interface,
    /// Of the family.
    pub family: Family,
    /// Rows of the training part, of the validation part, of the test part.
    pub parts: [u64; 3],
    /// Rows that were dropped for a blank cell.
    pub dropped_rows: u64,
    /// Columns that were left out because they are the same in every row.
    pub constant: Vec<String>,
    /// Seconds of training.
    pub seconds: f64,
    /// Of a network.
    pub epochs: Vec<Epoch>,
    /// Of k-means: inertia by iteration.
    pub inertia: Vec<f64>,
    /// Whether the network stopped early.
    pub stopped_early: bool,
    /// Accuracy and AUC of ten folds, or R² (all rows predicted by a model that had not seen them).
    pub cross_validation: Vec<(String, f64)>,
    /// R² over the rows that were learned from, where it is a regression.
    pub fit_r_squared: Option<f64>,
    /// By the test part, before quantisation.
    pub evaluation: Evaluation,
    /// Test rows, and for how many of them the quantised model says the same.
    pub agreement: (u64, u64),
    /// Bytes of the quantised model.
    pub model_bytes: u64,
    /// Bits of the largest weight.
    pub weight_bits: u8,
    /// The first rows of the test part, for the form.
    pub test_rows: Vec<TestRow>,
}

/// A model that was trained elsewhere, quantised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// What a client is told of it.
    pub interface: Interface,
    /// Bytes of the quantised model.
    pub model_bytes: u64,
}

/// A row of the test part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestRow {
    /// Its position in the file, from 1.
    pub row: u64,
    /// Its numbers, in the order of the features.
    pub numbers: Vec<f64>,
    /// What is known of it.
    pub known: Option<String>,
}

/// How good a model is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Evaluation {
    /// Of a classifier.
    Classes(Box<ClassEvaluation>),
    /// Of a regression.
    Values(ValueEvaluation),
    /// Of clusters.
    Clusters(ClusterEvaluation),
}

/// How good a classifier is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassEvaluation {
    /// The classes.
    pub classes: Vec<String>,
    /// Counts and scores.
    pub report: classification::Report,
    /// For two classes.
    pub ranking: Option<RankingEvaluation>,
}

/// How well probabilities rank, and what they mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankingEvaluation {
    /// The second class.
    pub positive: String,
    /// The curve.
    pub roc: Vec<RocPoint>,
    /// The area under it.
    pub auc: f64,
    /// The other curve.
    pub precision_recall: Vec<PrecisionRecallPoint>,
    /// Along it.
    pub average_precision: f64,
    /// Ten bins.
    pub calibration: Vec<Bin>,
    /// Mean squared difference of probability and truth.
    pub brier: f64,
    /// Whether a row is positive, and its probability: for the threshold.
    pub rows: Vec<(bool, f64)>,
}

/// How good a regression is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueEvaluation {
    /// What is predicted.
    pub target: String,
    /// Errors.
    pub report: regression::Report,
    /// Known and predicted.
    pub rows: Vec<(f64, f64)>,
}

/// How good clusters are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterEvaluation {
    /// Rows of each cluster.
    pub sizes: Vec<u64>,
    /// In squared units of the columns as they were trained on.
    pub inertia: f64,
    /// From −1 to 1.
    pub silhouette: Option<f64>,
    /// Agreement with the known classes, and the name of their column.
    pub adjusted_rand: Option<(String, f64)>,
    /// Place on two principal components, and cluster, of each row.
    pub places: Vec<(f64, f64, u32)>,
    /// Places of the centroids.
    pub centres: Vec<(f64, f64)>,
    /// Share of the variance along each.
    pub shares: [f64; 2],
}

/// What is published beside the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publishing {
    /// The model that this is a new version of; a new one if `None`.
    pub replaces: Option<String>,
    /// Rows that each client may have scored.
    pub row_limit: u64,
    /// Whether a new model may also be scored layer by layer: a teaching mode that shows its weights.
    pub by_layers: bool,
}

/// A published model, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Its id.
    pub model: String,
    /// Its version, from 1.
    pub version: u32,
    /// What clients are told.
    pub interface: Interface,
    /// Seconds since 1970.
    pub published_at: u64,
    /// Whether it is withdrawn.
    pub is_withdrawn: bool,
    /// Whether this keyring published it.
    pub is_own: bool,
    /// Rows that this client had scored.
    pub used: u64,
    /// Rows that it may; `None` for the publisher.
    pub limit: Option<u64>,
    /// Whether its publisher lets it be scored layer by layer, and it can be.
    pub by_layers: bool,
}

/// What is to be scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scoring {
    /// The model's id.
    pub model: String,
    /// The records.
    pub records: Records,
    /// How often, for the performance page.
    pub runs: u32,
    /// Layer by layer, for teaching.
    pub by_layers: bool,
}

/// Records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Records {
    /// One, as it was typed: name and text of each feature.
    Form(Vec<(String, String)>),
    /// One, as numbers with commas or blanks between them, in the order of the features.
    Line(String),
    /// The first rows of the test part.
    TestPart {
        /// At most so many.
        most: u32,
    },
    /// All rows of the file beside the message, whose columns are found by name.
    File,
}

/// A step of scoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// Records become integers.
    Encode,
    /// Integers become ciphertext.
    Encrypt,
    /// Ciphertext goes to the cloud.
    Upload,
    /// The cloud computes.
    Cloud,
    /// The encrypted scores come back.
    Download,
    /// Ciphertext becomes integers.
    Decrypt,
}

impl Step {
    /// All, in their order.
    pub const ALL: [Self; 6] =
        [Self::Encode, Self::Encrypt, Self::Upload, Self::Cloud, Self::Download, Self::Decrypt];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encode => "Encode",
            Self::Encrypt => "Encrypt",
            Self::Upload => "Upload",
            Self::Cloud => "Cloud",
            Self::Download => "Download",
            Self::Decrypt => "Decrypt",
        }
    }
}

/// Where scoring stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoringProgress {
    /// Which run, from 1.
    pub run: u32,
    /// Of how many.
    pub runs: u32,
    /// Which layer, from 1, and of how many; where they are scored one by one.
    pub layer: Option<(u32, u32)>,
    /// What is being done.
    pub step: Step,
    /// Seconds of the steps that are done.
    pub seconds: Vec<(Step, f64)>,
    /// Bytes of the query, once they are known.
    pub query_bytes: Option<u64>,
    /// Hex of some bytes of the query's ciphertext, once it is there.
    pub sample: Option<String>,
    /// Done and total of the step.
    pub share: Option<(u64, u64)>,
}

/// The key that records are encrypted under. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    /// Fingerprint of the Paillier key.
    pub fingerprint: String,
    /// Bits of n.
    pub modulus_bits: u32,
    /// Fingerprint of the BFV key.
    pub bfv_fingerprint: String,
}

/// One run, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Seconds of each step.
    pub seconds: Vec<(Step, f64)>,
    /// Seconds of the same on cleartext, in this browser.
    pub plaintext_seconds: Option<f64>,
    /// Milliseconds of work in the function, as it says.
    pub cloud_milliseconds: Option<u64>,
    /// Bytes of the query.
    pub query_bytes: u64,
    /// Bytes of the encrypted answer.
    pub answer_bytes: u64,
    /// Bytes of the same records and scores as text.
    pub plaintext_bytes: u64,
}

/// Scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The model that was asked.
    pub interface: Interface,
    /// Its version.
    pub version: u32,
    /// What did it: “Paillier, 3072 bits”, “BFV, one round”.
    pub scheme: String,
    /// How records were packed.
    pub packing: String,
    /// Fingerprint of the key.
    pub fingerprint: String,
    /// Ciphertexts of the query and of the answer.
    pub ciphertexts: (u64, u64),
    /// Hex of some bytes of ciphertext of the query, and of the answer.
    pub samples: (String, String),
    /// The runs.
    pub runs: Vec<Measured>,
    /// What the cloud says of its steps in the last run: name, milliseconds, bytes.
    pub cloud_steps: Vec<(String, u64, u64)>,
    /// Records that were scored.
    pub row_count: u64,
    /// The first records.
    pub rows: Vec<ScoredRow>,
    /// Whether all scores are the integers of the twin; `None` where the model is not at hand here.
    pub equal: Option<bool>,
    /// By the decrypted predictions, where something is known of the records.
    pub evaluation: Option<Evaluation>,
    /// Rows that this keyring had scored by this model, and may; `None` for its publisher.
    pub budget: (u64, Option<u64>),
    /// The layers of the first record, where they were scored one by one; else none.
    pub layers: Vec<LayerView>,
}

/// What a layer gave for the first record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerView {
    /// Numbers of a record that were encrypted for it.
    pub inputs: u32,
    /// The decrypted sums of its units, before squares.
    pub sums: Vec<String>,
    /// Those of the twin.
    pub twin: Option<Vec<String>>,
}

/// A scored record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredRow {
    /// Its position in its file, from 1; 0 for the form.
    pub row: u64,
    /// The decrypted integers.
    pub scores: Vec<String>,
    /// Those of the twin.
    pub twin: Option<Vec<String>>,
    /// What they say.
    pub prediction: PredictionView,
    /// What is known of it.
    pub known: Option<String>,
}

/// What a model says about a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PredictionView {
    /// A value.
    Value(f64),
    /// A class with its probability.
    Class {
        /// Name of the class.
        name: String,
        /// Its probability.
        probability: f64,
        /// Of the second of two classes; for rankings.
        positive: Option<f64>,
    },
    /// A cluster with the squared distance from its centroid.
    Cluster {
        /// From 1.
        cluster: u64,
        /// In squared units.
        squared_distance: f64,
    },
}

/// What the worker that trains is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Task {
    /// Learn.
    Train {
        /// From these.
        table: LearnTable,
        /// In this way.
        training: Training,
    },
    /// Judge predictions.
    Judge {
        /// What they are of.
        interface: Interface,
        /// The records' numbers.
        numbers: Vec<Vec<f64>>,
        /// What is known.
        known: Vec<Option<String>>,
        /// What was said.
        predictions: Vec<PredictionView>,
    },
    /// Something for a training of several owners.
    Joint(JointTask),
}

/// What the worker that trains gives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FromTrainer {
    /// Meanwhile.
    Progress(TrainingProgress),
    /// The end of a training, or why nothing was learned.
    Trained(Result<Box<Learned>, String>),
    /// The end of judging.
    Judged(Option<Evaluation>),
    /// For a training of several owners.
    Joint(Result<JointDone, JointRefused>),
}

/// What came of a training.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Learned {
    /// What the page is told.
    pub trained: Trained,
    /// The model, as it is published.
    pub document: Vec<u8>,
    /// Its whole test part.
    pub test: Vec<TestRow>,
}

/// Cells of a table, column by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearnTable {
    /// Name of the file.
    pub file_name: String,
    /// Columns.
    pub columns: Vec<LearnColumn>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearnColumn {
    /// Name.
    pub name: String,
    /// Its cells.
    pub cells: Cells,
}

/// Cells; `None` where one is blank.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Cells {
    /// Numbers, and the decimals of the finest.
    Numbers(Vec<Option<f64>>, u8),
    /// Words.
    Words(Vec<Option<String>>),
}
