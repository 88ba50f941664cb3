//! A key holder and owners, as their browsers are.

use axum::http::Method;
use veilsum_crypto::paillier::PublicKey;
use veilsum_joint::contribution::{Contribution, Scope, plaintexts};
use veilsum_joint::lead::{Next, lead};
use veilsum_joint::outcome::Outcome;
use veilsum_joint::round::Round;
use veilsum_joint::rows::{Cells, OwnRows};
use veilsum_joint::terms::{Column, Family, Key, Terms};
use veilsum_joint::total::Total;
use veilsum_model::text::Real;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::api::training::{
    ContributionObject, ContributionUpload, CreateTraining, FinishTraining, JoinTraining, OpenRound,
    RoundTotal, TrainingStatus,
};
use veilsum_protocol::{Digest, TrainingId};
use veilsum_train::rounds::Contribution as Sums;

use crate::cloud::{Cloud, NOTHING, Reply, Tenant, get, storage};
use crate::scoring::ask::{KEY, rng};

pub const TRAINING: TrainingId = TrainingId::from_bytes([0x77; 16]);

/// A table of numbers, by columns.
pub struct Table {
    pub names: Vec<String>,
    pub columns: Vec<Vec<Option<f64>>>,
}

impl Table {
    /// A sample; cells that are no numbers are blank.
    pub fn named(name: &str) -> Self {
        let text = match name {
            "breast_cancer" => include_str!("../../../../web/samples/breast_cancer.csv"),
            "diabetes" => include_str!("../../../../web/samples/diabetes.csv"),
            "iris" => include_str!("../../../../web/samples/iris.csv"),
            other => panic!("no table {other}"),
        };
        let mut lines = text.lines();
        let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
        let mut columns = vec![Vec::new(); names.len()];
        for line in lines {
            for (column, cell) in columns.iter_mut().zip(line.split(',')) {
                column.push(cell.parse().ok());
            }
        }
        Self { names, columns }
    }

    /// The rows of owner `index` of three.
    pub fn part(&self, index: usize) -> Self {
        let columns =
            self.columns.iter().map(|column| column.iter().skip(index).step_by(3).copied().collect());
        Self { names: self.names.clone(), columns: columns.collect() }
    }

    pub fn rows(&self, terms: &Terms) -> OwnRows {
        let find = |name: &str| {
            let at = self.names.iter().position(|found| found == name)?;
            Some(Cells::Numbers(&self.columns[at]))
        };
        OwnRows::new(terms, find).unwrap()
    }

    /// The first columns, with powers of two as bounds.
    pub fn features(&self, count: usize) -> Vec<Column> {
        let columns = self.names.iter().zip(&self.columns).take(count);
        let column = |(name, numbers): (&String, &Vec<Option<f64>>)| {
            let largest = numbers.iter().flatten().fold(0.0, |most: f64, number| most.max(number.abs()));
            let bounds = (-20..40).map(|exponent| f64::powi(2.0, exponent));
            Column {
                name: name.clone(),
                bound: real(bounds.clone().find(|bound| *bound > largest).unwrap()),
                decimals: 4,
            }
        };
        columns.map(column).collect()
    }
}

pub fn real(number: f64) -> Real {
    Real::new(number).unwrap()
}

pub fn terms(key: &SecretKey, owners: u32, features: Vec<Column>, family: Family) -> Terms {
    let public = key.public_key();
    let proof = hex::encode(key.prove_order().to_bytes(public));
    Terms {
        nonce: "5a".repeat(16),
        name: "A training".to_owned(),
        key_holder: "University".to_owned(),
        family,
        features,
        owners,
        most_rows: 10_000,
        least_rows: 10,
        key: Key { modulus: public.to_hex(), proof },
    }
}

/// k-means over two columns of iris, for two owners: small and quick.
pub fn small_terms() -> Terms {
    let family = Family::KMeans { clusters: 2, starts: 1, seed: 1, standardised: true };
    terms(&KEY, 2, Table::named("iris").features(2), family)
}

pub fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

pub fn object(bytes: &[u8]) -> ContributionObject {
    ContributionObject { size_bytes: bytes.len() as u64, sha256: Digest::of(bytes) }
}

pub async fn create(cloud: &Cloud, holder: &Tenant, terms: &Terms) -> Reply {
    holder
        .post(cloud, "/trainings", &CreateTraining { training: TRAINING, terms: text(terms.to_bytes()) })
        .await
}

pub async fn join(cloud: &Cloud, owner: &Tenant, terms: &Terms, name: &str) -> Reply {
    let message = JoinTraining { terms: terms.digest(), name: name.to_owned() };
    owner.post(cloud, &format!("/trainings/{TRAINING}/owners"), &message).await
}

pub async fn status(cloud: &Cloud, tenant: &Tenant) -> TrainingStatus {
    tenant.get(cloud, &format!("/trainings/{TRAINING}")).await.json()
}

pub async fn open(cloud: &Cloud, holder: &Tenant, round: &Round) -> Reply {
    let message = OpenRound { number: round.number, document: text(round.to_bytes()) };
    holder.post(cloud, &format!("/trainings/{TRAINING}/rounds"), &message).await
}

/// Opens the round that the totals lead to.
pub async fn open_next(cloud: &Cloud, holder: &Tenant, terms: &Terms, totals: &[Sums]) -> Round {
    let Next::Round(round) = lead(TRAINING, terms, totals).unwrap().next else { panic!("it has ended") };
    assert_eq!(open(cloud, holder, &round).await.status, 201);
    round
}

/// The encrypted sums of an owner.
pub fn contribution(terms: &Terms, round: &Round, owner: &Tenant, rows: &OwnRows) -> Vec<u8> {
    encrypted(terms, round.number, owner, &rows.contribution(terms, round).unwrap())
}

pub fn encrypted(terms: &Terms, round: u32, owner: &Tenant, sums: &Sums) -> Vec<u8> {
    let public = terms.public_key().unwrap();
    let ciphertexts = public.encrypt_many(&plaintexts(&public, sums).unwrap(), &mut rng());
    let scope = Scope::new(TRAINING, terms, &public, round);
    Contribution::new(&public, scope, owner.id, ciphertexts).unwrap().to_bytes(&public)
}

pub async fn request(cloud: &Cloud, owner: &Tenant, round: u32, object: &ContributionObject) -> Reply {
    owner.post(cloud, &format!("/trainings/{TRAINING}/rounds/{round}/uploads"), object).await
}

pub async fn count(cloud: &Cloud, owner: &Tenant, round: u32, object: &ContributionObject) -> Reply {
    owner.post(cloud, &format!("/trainings/{TRAINING}/rounds/{round}/contributions"), object).await
}

/// PUTs bytes where the cloud says.
pub async fn put(cloud: &Cloud, owner: &Tenant, round: u32, bytes: &[u8]) {
    let upload: ContributionUpload = request(cloud, owner, round, &object(bytes)).await.json();
    let sent = storage(Method::PUT, &upload.url, &upload.headers, bytes.to_vec()).await;
    assert_eq!(sent.status, 200, "{sent:?}");
}

/// Sends a contribution and has it counted.
pub async fn contribute(cloud: &Cloud, owner: &Tenant, round: u32, bytes: &[u8]) -> Reply {
    put(cloud, owner, round, bytes).await;
    count(cloud, owner, round, &object(bytes)).await
}

pub async fn total(cloud: &Cloud, holder: &Tenant, round: u32) -> Reply {
    let path = format!("/trainings/{TRAINING}/rounds/{round}/total");
    cloud.call("POST", &path, Some(&holder.token), NOTHING).await
}

/// What the key holder reads of a round.
pub async fn opened(cloud: &Cloud, holder: &Tenant, key: &SecretKey, terms: &Terms, round: u32) -> Sums {
    let found: RoundTotal = total(cloud, holder, round).await.json();
    let bytes = get(&found.url).await.body.to_vec();
    assert_eq!(bytes.len() as u64, found.size_bytes);
    let public: &PublicKey = key.public_key();
    let total = Total::from_bytes(public, &Scope::new(TRAINING, terms, public, round), &bytes).unwrap();
    let owners: Vec<_> = status(cloud, holder).await.entry.owners.iter().map(|owner| owner.tenant).collect();
    total.require_owners(&owners).unwrap();
    total.open(public, &key.decrypt_many(total.ciphertexts()).unwrap()).unwrap()
}

pub async fn finish(cloud: &Cloud, holder: &Tenant, outcome: &Outcome) -> Reply {
    let message = FinishTraining { document: text(outcome.to_bytes()) };
    holder.post(cloud, &format!("/trainings/{TRAINING}/outcome"), &message).await
}

/// Rounds of owners with their rows until the end.
pub async fn train(
    cloud: &Cloud,
    holder: &Tenant,
    key: &SecretKey,
    terms: &Terms,
    owners: &[(&Tenant, OwnRows)],
) -> Outcome {
    let mut totals = Vec::new();
    loop {
        let round = match lead(TRAINING, terms, &totals).unwrap().next {
            Next::Finished(outcome) => {
                assert_eq!(finish(cloud, holder, &outcome).await.status, 200);
                return outcome;
            }
            Next::Round(round) => round,
        };
        assert_eq!(open(cloud, holder, &round).await.status, 201);
        for (owner, rows) in owners {
            // Owners read the round where the cloud tells it.
            let told = status_after(cloud, owner, round.number).await;
            let [.., newest] = told.rounds.as_slice() else { panic!("{told:?}") };
            let read = Round::from_bytes(TRAINING, terms, newest.document.as_bytes()).unwrap();
            let bytes = contribution(terms, &read, owner, rows);
            assert_eq!(contribute(cloud, owner, round.number, &bytes).await.status, 200);
        }
        totals.push(opened(cloud, holder, key, terms, round.number).await);
    }
}

/// Where a training stands, with rounds from this one on.
pub async fn status_after(cloud: &Cloud, tenant: &Tenant, round: u32) -> TrainingStatus {
    let after = round.checked_sub(1).map_or_else(String::new, |before| format!("?after={before}"));
    tenant.get(cloud, &format!("/trainings/{TRAINING}{after}")).await.json()
}
