//! How a lie ends, and the count of all of them.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{bail, ensure};
use veilsum_analysis::Request;
use veilsum_e2e::client::{Answered, Refusal};
use veilsum_e2e::exact::{Decimal, Table};
use veilsum_e2e::product;
use veilsum_e2e::tables::Numbers;

/// The end of a lie that changed nothing.
pub const RIGHT: &str = "the right answer";

/// The end of a run: [`RIGHT`], or the name of the error.
///
/// # Errors
/// A wrong number, or trouble of the test itself.
pub fn end_of(result: Result<Vec<Answered>, Refusal>, table: &Table) -> anyhow::Result<String> {
    match result {
        Ok(answers) => check(&answers, table).map(|()| RIGHT.to_owned()),
        Err(refusal) => refusal.name(),
    }
}

/// Holds shown values against sums that are worked out without the product.
///
/// # Errors
/// One of them is wrong.
pub fn check(answers: &[Answered], table: &Table) -> anyhow::Result<()> {
    ensure!(!answers.is_empty(), "nothing is shown");
    for answered in answers {
        #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is, it is not asked here")]
        let (column, key) = match &answered.request {
            Request::Count(asked) => (asked.column, "count"),
            Request::Sum(asked) => (asked.column, "sum"),
            Request::Mean(asked) => (asked.column, "mean"),
            Request::Variance(asked) => (asked.column, "variance/population"),
            other => bail!("{other:?} is not asked here"),
        };
        let (count, sum) = table.column(usize::try_from(column)?)?;
        let exact = answered.exact(key);
        let is_right = answered.answer.row_count == count
            && match key {
                "count" => exact == count.to_string(),
                "sum" => Decimal::parse(exact)? == sum,
                "variance/population" => {
                    let squares = table.squares(usize::try_from(column)?)?;
                    (count == 0 && exact.is_empty())
                        || Decimal::parse(exact)?.is_variance(&sum, &squares, count)
                }
                _ if count == 0 => exact.is_empty(),
                _ => Decimal::parse(exact)?.is_mean(&sum, count),
            };
        ensure!(is_right, "A WRONG NUMBER IS SHOWN: {answered:?}, where {count} cells have the sum {sum:?}");
    }
    Ok(())
}

/// How many lies of each kind ended how.
#[derive(Debug, Default)]
pub struct Tally {
    told: usize,
    /// Lies for which a careless owner would have shown a wrong number.
    fooling: usize,
    ends: BTreeMap<(&'static str, String), usize>,
    faults: Vec<String>,
}

impl Tally {
    /// Counts the end of a lie, which must be one of `expected`.
    pub fn count(&mut self, kind: &'static str, seed: u64, end: anyhow::Result<String>, expected: &[&str]) {
        self.told += 1;
        match end {
            Ok(end) => {
                if !expected.contains(&end.as_str()) {
                    self.faults.push(format!("{kind}:{seed} ended in {end:?}, not in {expected:?}"));
                }
                *self.ends.entry((kind, end)).or_default() += 1;
            }
            Err(error) => self.faults.push(format!("{kind}:{seed}: {error:#}")),
        }
    }

    /// Counts a lie for which an owner who does not check would have shown a wrong number.
    pub fn count_fooling(&mut self) {
        self.fooling += 1;
    }

    pub fn add(&mut self, other: Self) {
        self.told += other.told;
        self.fooling += other.fooling;
        for (end, count) in other.ends {
            *self.ends.entry(end).or_default() += count;
        }
        self.faults.extend(other.faults);
    }

    /// Lies that were told.
    pub fn told(&self) -> usize {
        self.told
    }

    /// Lies for which a careless owner would have shown a wrong number.
    pub fn fooling(&self) -> usize {
        self.fooling
    }

    /// Kinds of lies that were told.
    pub fn kinds(&self) -> usize {
        let mut kinds: Vec<_> = self.ends.keys().map(|(kind, _)| kind).collect();
        kinds.dedup();
        kinds.len()
    }

    /// Tells what happened, and leaves a table of it in `target/e2e`.
    ///
    /// # Errors
    /// A lie ended otherwise than it should; the message has kind and seed of each.
    pub fn report(&self, what: &str) -> anyhow::Result<()> {
        std::fs::write(product::output()?.join(format!("lies-{what}.txt")), self.to_string())?;
        eprintln!(
            "{what}: {} lies of {} kinds; to {} of them a careless owner would have shown a wrong number",
            self.told,
            self.kinds(),
            self.fooling
        );
        if !self.faults.is_empty() {
            bail!("{} of {} lies ended badly:\n{}", self.faults.len(), self.told, self.faults.join("\n"));
        }
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((kind, end), count) in &self.ends {
            writeln!(formatter, "{count:>5}  {kind}: {end}")?;
        }
        Ok(())
    }
}

/// The seeds of a kind that one of several workers takes: its share of `0..count`, or the one that `VEILSUM_LIE` names,
/// if it names this kind.
pub fn seeds(kind: &str, count: usize, workers: usize, worker: usize) -> Vec<u64> {
    let all: Vec<u64> = match std::env::var("VEILSUM_LIE") {
        Err(_) => (0..count as u64).collect(),
        Ok(wanted) => {
            let wanted = wanted.split_once(':').filter(|(wanted, _)| *wanted == kind);
            wanted.and_then(|(_, seed)| seed.parse().ok()).into_iter().collect()
        }
    };
    all.into_iter().filter(|seed| seed % workers as u64 == worker as u64).collect()
}

/// What a lie draws from: nothing but its kind and its seed.
pub fn numbers(kind: &str, seed: u64) -> Numbers {
    // FNV-1a.
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let name = kind.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, hash);
    Numbers::new(name ^ seed.wrapping_mul(0x9e37_79b9))
}

/// Whether one lie alone is to be told: then nothing is said about how many there must be.
pub fn is_replay() -> bool {
    std::env::var_os("VEILSUM_LIE").is_some()
}
