//! What the lies are about: two tables of one owner, encrypted and stored, with honest jobs over them; and what else a
//! cloud could have at hand: an earlier upload of the same table, another dataset with the same cells, other keys.

use std::fmt::Write as _;

use rand_chacha::ChaCha20Rng;
use veilsum_analysis::Request;
use veilsum_analysis::catalogue::{Count, Mean, Sum, Variance};
use veilsum_analysis::plan::plan;
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
use veilsum_e2e::client::Job;
use veilsum_e2e::encrypted::{Dataset, encrypt};
use veilsum_e2e::exact::Table;
use veilsum_e2e::keys;
use veilsum_e2e::tables::Numbers;
use veilsum_protocol::answer::Answer;
use veilsum_protocol::plan::Aggregate;

use crate::cloud::{Cloud, dataset_id, job_id};

/// Shape of a table.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub rows: usize,
    pub rows_per_group: usize,
}

/// Row groups of two blocks, two blocks and one partial block.
pub const LARGE: Shape = Shape { rows: 100, rows_per_group: 40 };
/// Row groups of one partial block each: every block leaves slots unused.
pub const SMALL: Shape = Shape { rows: 60, rows_per_group: 23 };

/// An honest job and its encrypted answer.
pub struct Honest {
    pub job: Job,
    pub answer: Vec<u8>,
}

pub struct World {
    /// The cleartext.
    pub table: Table,
    /// What is stored.
    pub dataset: Dataset,
    /// The same cells under the same dataset, of an upload that was given up.
    pub earlier: Dataset,
    /// The same cells in another dataset, which is stored too.
    pub sibling: Dataset,
    /// The same cells under another Paillier key.
    pub foreign: Dataset,
    /// Public half of that key.
    pub foreign_key: PublicKey,
    /// Everything that can be asked of the table.
    pub requests: Vec<Request>,
    /// Jobs that ask everything; each of them can be lied about by itself.
    pub jobs: Vec<Honest>,
    /// A job that asked everything in another order.
    pub other_job: Honest,
}

impl World {
    /// Stores the tables and runs the jobs, `jobs` of them.
    pub async fn make(
        cloud: &Cloud,
        shape: Shape,
        jobs: usize,
        rng: &mut ChaCha20Rng,
    ) -> anyhow::Result<Self> {
        let text = table(shape.rows);
        let foreign = keys::fixed_keyring_with_other_key(2_048)?;
        let (id, sibling_id) = (dataset_id(rng), dataset_id(rng));
        let earlier = encrypt(cloud.keyring(), &text, shape.rows_per_group, id, rng)?;
        let dataset = encrypt(cloud.keyring(), &text, shape.rows_per_group, id, rng)?;
        let sibling = encrypt(cloud.keyring(), &text, shape.rows_per_group, sibling_id, rng)?;
        cloud.client.upload(&dataset, rng).await?;
        cloud.client.upload(&sibling, rng).await?;
        let table = Table::read(&text)?;
        let requests = everything(&table);
        let mut honest = Vec::new();
        for _ in 0..jobs {
            honest.push(Honest::run(cloud, &dataset, &requests, rng).await?);
        }
        Ok(Self {
            other_job: Honest::run_backwards(cloud, &dataset, &requests, rng).await?,
            table,
            dataset,
            earlier,
            sibling,
            foreign: encrypt(&foreign, &text, shape.rows_per_group, id, rng)?,
            foreign_key: foreign.paillier().public_key().clone(),
            requests,
            jobs: honest,
        })
    }
}

impl Honest {
    pub async fn run(
        cloud: &Cloud,
        dataset: &Dataset,
        requests: &[Request],
        rng: &mut ChaCha20Rng,
    ) -> anyhow::Result<Self> {
        let manifest = cloud.client.open(dataset.manifest.dataset).await?;
        Self::of(cloud, cloud.client.run(manifest, requests, job_id(rng)).await?).await
    }

    /// The same with the aggregates in another order, which no planner makes: another plan about the same.
    async fn run_backwards(
        cloud: &Cloud,
        dataset: &Dataset,
        requests: &[Request],
        rng: &mut ChaCha20Rng,
    ) -> anyhow::Result<Self> {
        let manifest = cloud.client.open(dataset.manifest.dataset).await?;
        let mut planned = plan(&manifest, requests, &[])?;
        planned.plan.iter_mut().for_each(|plan| plan.aggregates.reverse());
        Self::of(cloud, cloud.client.run_planned(manifest, planned, job_id(rng)).await?).await
    }

    async fn of(cloud: &Cloud, job: Job) -> anyhow::Result<Self> {
        let answer = cloud.client.download(&job).await?;
        Ok(Self { job, answer })
    }

    pub fn parsed(&self) -> Answer {
        Answer::from_bytes(&self.answer).expect("an honest answer can be read")
    }

    /// The columns that are added, in the order of the answer.
    pub fn columns(&self) -> Vec<u32> {
        let plan = self.job.planned.plan.iter().flat_map(|plan| &plan.aggregates);
        plan.flat_map(Aggregate::columns).copied().collect()
    }

    /// Place of the answer for a liar.
    pub fn place(&self) -> String {
        format!("j/{}/answer", self.job.id)
    }
}

/// The blocks of one column, by row group.
pub fn blocks(key: &PublicKey, dataset: &Dataset, column: u32) -> Vec<Vec<Ciphertext>> {
    let group = |group: &veilsum_e2e::encrypted::RowGroup| {
        let bytes: Vec<u8> = group.blocks(column).flatten().copied().collect();
        key.ciphertexts_from_bytes(&bytes).expect("the owner encrypted them")
    };
    dataset.row_groups.iter().map(group).collect()
}

/// Count, sum, mean and variance of every column.
pub fn everything(table: &Table) -> Vec<Request> {
    columns(table).flat_map(ask).collect()
}

/// Positions of all columns.
pub fn columns(table: &Table) -> impl Iterator<Item = u32> {
    (0..).take(table.header.len())
}

/// Sum, mean, variance and count of one column.
pub fn ask(column: u32) -> [Request; 4] {
    [
        Request::Sum(Sum { column }),
        Request::Mean(Mean { column }),
        Request::Variance(Variance { column, level: 950 }),
        Request::Count(Count { column }),
    ]
}

/// Decimals with negatives and blanks, whole numbers, numbers of almost 56 bits, zeros and ones with blanks.
fn table(rows: usize) -> String {
    let mut numbers = Numbers::new(4_711);
    let mut text = "price,score,big,flag\n".to_owned();
    for _ in 0..rows {
        let sign = |numbers: &mut Numbers| if numbers.below(3) == 0 { "-" } else { "" };
        let blank = |numbers: &mut Numbers, cell: String| {
            if numbers.below(9) == 0 { String::new() } else { cell }
        };
        let price = format!("{}{}.{:02}", sign(&mut numbers), numbers.below(90_000), numbers.below(100));
        let price = blank(&mut numbers, price);
        let score = format!("{}{}", sign(&mut numbers), 1 + numbers.below(1_000));
        let big = format!("{}{}", sign(&mut numbers), (1 << 55) + numbers.below(1 << 55));
        let flag = numbers.below(2).to_string();
        let flag = blank(&mut numbers, flag);
        writeln!(text, "{price},{score},{big},{flag}").expect("text grows");
    }
    text
}
