//! Owners with tables, and a key holder.

use std::sync::LazyLock;

use num_bigint::BigUint;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use veilsum_crypto::paillier::PublicKey;
use veilsum_joint::contribution::{Contribution, Scope, plaintexts};
use veilsum_joint::lead::{Lead, Next, lead};
use veilsum_joint::outcome::Outcome;
use veilsum_joint::round::Round;
use veilsum_joint::rows::{Cells, OwnRows, RowsError};
use veilsum_joint::terms::{Column, Family, Key, Terms};
use veilsum_joint::total::Total;
use veilsum_model::text::Real;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::{TenantId, TrainingId};
use veilsum_train::rounds::Contribution as Sums;

/// Two primes of 512 bits: a key far too small for data, and fast.
const P: &[u8] = b"fe9192ad606f4283ae9970b5e6a9371474d4c84eace2fb646cd23e0fa11c716ac51efd5d6c52594dc7653ed52625f56a0b744cd3375bc5a5b19dbfeced4531d7";
const Q: &[u8] = b"ed4f626613e95504ba8bc806642328514113b3dfa758d29281700c838b5d609570e9777bff4265473a88c316dd56167b826b177334e5f33e4e884cd76246a54f";

pub static KEY: LazyLock<SecretKey> = LazyLock::new(|| {
    let prime = |hex| BigUint::parse_bytes(hex, 16).unwrap();
    SecretKey::from_primes(prime(P), prime(Q)).unwrap()
});

pub const TRAINING: TrainingId = TrainingId::from_bytes([0x77; 16]);

pub fn rng(seed: u64) -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(seed)
}

pub fn tenant(number: u8) -> TenantId {
    TenantId::from_bytes([number; 32])
}

pub fn real(number: f64) -> Real {
    Real::new(number).unwrap()
}

/// The key with its proof, which takes a moment to make.
pub static PROVEN: LazyLock<Key> = LazyLock::new(|| {
    let public = KEY.public_key();
    Key { modulus: public.to_hex(), proof: hex::encode(KEY.prove_order().to_bytes(public)) }
});

/// A column both ways; of numbers where all cells that are not blank are.
struct CellsOfColumn {
    numbers: Vec<Option<f64>>,
    words: Vec<Option<String>>,
    is_number: bool,
}

/// A table by columns.
pub struct Table {
    pub names: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub fn named(name: &str) -> Self {
        let text = match name {
            "breast_cancer" => include_str!("../../../analysis/tests/fixtures/breast_cancer.csv"),
            "diabetes" => include_str!("../../../analysis/tests/fixtures/diabetes.csv"),
            "iris" => include_str!("../../../analysis/tests/fixtures/iris.csv"),
            other => panic!("no table {other}"),
        };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        Self { names, rows }
    }

    /// The rows of three owners, dealt out in turns of different size.
    pub fn owners(&self) -> [Self; 3] {
        let of = |wanted: fn(usize) -> bool| Self {
            names: self.names.clone(),
            rows: self
                .rows
                .iter()
                .enumerate()
                .filter(|(at, _)| wanted(*at))
                .map(|(_, row)| row.clone())
                .collect(),
        };
        [of(|at| at % 9 == 0), of(|at| at % 3 == 1), of(|at| at % 9 != 0 && at % 3 != 1)]
    }

    /// The cells of a column.
    fn column(&self, name: &str) -> Option<CellsOfColumn> {
        let at = self.names.iter().position(|found| found == name)?;
        let words: Vec<Option<String>> =
            self.rows.iter().map(|row| Some(row[at].clone()).filter(|cell| !cell.is_empty())).collect();
        let is_number = words.iter().flatten().all(|word| word.parse::<f64>().is_ok());
        let numbers = words.iter().map(|word| word.as_ref().and_then(|word| word.parse().ok())).collect();
        Some(CellsOfColumn { numbers, words, is_number })
    }

    pub fn own_rows(&self, terms: &Terms) -> Result<OwnRows, RowsError> {
        let columns: Vec<_> = self.names.iter().map(|name| self.column(name).unwrap()).collect();
        OwnRows::new(terms, |name| {
            let found = &columns[self.names.iter().position(|found| found == name)?];
            Some(if found.is_number { Cells::Numbers(&found.numbers) } else { Cells::Words(&found.words) })
        })
    }

    /// All columns but the last, with the power of two that none of their numbers reaches.
    pub fn features(&self) -> Vec<Column> {
        self.names[..self.names.len() - 1].iter().map(|name| self.bounded(name)).collect()
    }

    pub fn bounded(&self, name: &str) -> Column {
        let CellsOfColumn { numbers, .. } = self.column(name).unwrap();
        let largest = numbers.into_iter().flatten().fold(0.0, |most: f64, number| most.max(number.abs()));
        let bound =
            (-20..40).map(|exponent| f64::powi(2.0, exponent)).find(|bound| *bound > largest).unwrap();
        Column { name: name.to_owned(), bound: real(bound), decimals: 3 }
    }
}

pub fn terms(features: Vec<Column>, family: Family) -> Terms {
    Terms {
        nonce: "5a".repeat(16),
        name: "A training".to_owned(),
        key_holder: "University".to_owned(),
        family,
        features,
        owners: 3,
        most_rows: 1_000,
        least_rows: 10,
        key: PROVEN.clone(),
    }
}

/// An owner's contribution to a round, as bytes.
pub fn contribute(terms: &Terms, round: &Round, owner: TenantId, rows: &OwnRows) -> Vec<u8> {
    let key = terms.proven_key().unwrap();
    let public = key.key();
    let sums = rows.contribution(terms, round).unwrap();
    encrypted(public, terms, round.number, owner, &sums)
}

pub fn encrypted(public: &PublicKey, terms: &Terms, round: u32, owner: TenantId, sums: &Sums) -> Vec<u8> {
    let scope = Scope::new(TRAINING, terms, public, round);
    let ciphertexts = public.encrypt_many(&plaintexts(public, sums).unwrap(), &mut rng(9));
    Contribution::new(public, scope, owner, ciphertexts).unwrap().to_bytes(public)
}

/// What the cloud does: bytes of contributions to bytes of their total.
pub fn total(terms: &Terms, round: u32, contributions: &[(TenantId, Vec<u8>)]) -> Vec<u8> {
    let public = terms.public_key().unwrap();
    let scope = Scope::new(TRAINING, terms, &public, round);
    let mut read = contributions
        .iter()
        .map(|(owner, bytes)| Contribution::from_bytes(&public, &scope, *owner, bytes).unwrap());
    let mut total = Total::of(&read.next().unwrap());
    read.for_each(|contribution| total.add(&public, &contribution).unwrap());
    total.to_bytes(&public)
}

/// What the key holder does with a total.
pub fn open(terms: &Terms, round: u32, owners: &[TenantId], bytes: &[u8]) -> Sums {
    let public = KEY.public_key();
    let total = Total::from_bytes(public, &Scope::new(TRAINING, terms, public, round), bytes).unwrap();
    total.require_owners(owners).unwrap();
    total.open(public, &KEY.decrypt_many(total.ciphertexts()).unwrap()).unwrap()
}

/// A whole training over ciphertexts; every document travels as bytes.
pub fn train(terms: &Terms, tables: &[Table]) -> (Outcome, Lead) {
    let terms = Terms::from_bytes(&terms.to_bytes()).unwrap();
    let rows: Vec<OwnRows> = tables.iter().map(|table| table.own_rows(&terms).unwrap()).collect();
    let owners: Vec<TenantId> = (1..).take(rows.len()).map(tenant).collect();
    let mut totals = Vec::new();
    loop {
        let found = lead(TRAINING, &terms, &totals).unwrap();
        let round = match &found.next {
            Next::Finished(outcome) => {
                let read = Outcome::from_bytes(TRAINING, &terms, &outcome.to_bytes()).unwrap();
                assert_eq!(read, *outcome);
                return (read, found);
            }
            Next::Round(round) => Round::from_bytes(TRAINING, &terms, &round.to_bytes()).unwrap(),
        };
        assert_eq!(Next::Round(round.clone()), found.next);
        let contributions: Vec<_> = owners
            .iter()
            .zip(&rows)
            .map(|(owner, rows)| (*owner, contribute(&terms, &round, *owner, rows)))
            .collect();
        let bytes = total(&terms, round.number, &contributions);
        totals.push(open(&terms, round.number, &owners, &bytes));
    }
}
