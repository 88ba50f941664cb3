//! Owners, key holders and strangers who do what they should not.

use axum::http::Method;
use veilsum_crypto::paillier::Ciphertext;
use veilsum_joint::contribution::{Contribution, HEADER_BYTES, Scope};
use veilsum_joint::lead::{Next, lead};
use veilsum_joint::outcome::Outcome;
use veilsum_joint::round::Round;
use veilsum_joint::terms::Terms;
use veilsum_protocol::TrainingId;
use veilsum_protocol::api::training::{
    ContributionObject, ContributionUpload, CreateTraining, End, JoinTraining, OpenRound, TrainingStatus,
};
use veilsum_train::rounds::Contribution as Sums;

use super::act::{
    TRAINING, Table, contribute, contribution, count, create, encrypted, finish, join, object, open,
    open_next, opened, put, request, small_terms, status, text, total,
};
use crate::cloud::{Cloud, NOTHING, Tenant, storage};
use crate::scoring::ask::KEY;

/// A training of two owners whose first round is open.
struct World {
    cloud: Cloud,
    holder: Tenant,
    owners: [Tenant; 2],
    stranger: Tenant,
    terms: Terms,
    round: Round,
}

async fn world() -> World {
    let cloud = Cloud::start().await;
    let holder = cloud.sign_in(1).await;
    let owners = [cloud.sign_in(2).await, cloud.sign_in(3).await];
    let stranger = cloud.sign_in(4).await;
    let terms = small_terms();
    create(&cloud, &holder, &terms).await;
    for (owner, name) in owners.iter().zip(["A", "B"]) {
        assert_eq!(join(&cloud, owner, &terms, name).await.status, 200);
    }
    let round = open_next(&cloud, &holder, &terms, &[]).await;
    World { cloud, holder, owners, stranger, terms, round }
}

impl World {
    fn bytes(&self, owner: usize) -> Vec<u8> {
        let rows = Table::named("iris").part(owner).rows(&self.terms);
        contribution(&self.terms, &self.round, &self.owners[owner], &rows)
    }

    async fn all_contribute(&self) {
        for (at, owner) in self.owners.iter().enumerate() {
            assert_eq!(contribute(&self.cloud, owner, 0, &self.bytes(at)).await.status, 200);
        }
    }
}

#[tokio::test]
async fn an_owner_counts_once_in_a_round() {
    let world = world().await;
    let World { cloud, holder, owners: [a, _], .. } = &world;
    // Two were sent before the first was counted.
    let (first, second) = (world.bytes(0), world.bytes(0));
    put(cloud, a, 0, &first).await;
    put(cloud, a, 0, &second).await;
    assert_eq!(count(cloud, a, 0, &object(&first)).await.status, 200);
    count(cloud, a, 0, &object(&second)).await.is_problem(409, "contributed");
    request(cloud, a, 0, &object(&second)).await.is_problem(409, "contributed");
    total(cloud, holder, 0).await.is_problem(409, "contributions-missing");
    let told = status(cloud, holder).await;
    assert_eq!(told.rounds[0].contributed, [a.id]);
    // Nor in two places of the training.
    assert_eq!(join(cloud, a, &world.terms, "A again").await.status, 200);
    assert_eq!(status(cloud, holder).await.entry.owners.len(), 2);
}

#[tokio::test]
async fn a_total_needs_all_owners_and_only_the_key_holder_gets_it() {
    let world = world().await;
    let World { cloud, holder, owners: [a, b], stranger, .. } = &world;
    total(cloud, holder, 0).await.is_problem(409, "contributions-missing");
    contribute(cloud, a, 0, &world.bytes(0)).await;
    total(cloud, holder, 0).await.is_problem(409, "contributions-missing");
    contribute(cloud, b, 0, &world.bytes(1)).await;
    for tenant in [a, b, stranger] {
        total(cloud, tenant, 0).await.is_problem(404, "not-found");
    }
    assert!(cloud.keys().iter().any(|key| key.contains("/sent/00000000/")));
    let sums = opened(cloud, holder, &KEY, &world.terms, 0).await;
    assert_eq!(sums.slots[..2], [100, 2]);
    assert!(
        !cloud.keys().iter().any(|key| key.contains("/sent/")),
        "they are deleted once they are added up"
    );
    total(cloud, holder, 1).await.is_problem(409, "round-closed");
    // The round is closed now.
    count(cloud, a, 0, &object(&world.bytes(0))).await.is_problem(409, "round-closed");
}

#[tokio::test]
async fn no_answer_says_where_a_contribution_can_be_read() {
    let world = world().await;
    let World { cloud, holder, owners: [a, b], .. } = &world;
    contribute(cloud, a, 0, &world.bytes(0)).await;
    for tenant in [holder, a, b] {
        let told = tenant.get(cloud, &format!("/trainings/{TRAINING}")).await;
        let text = String::from_utf8(told.body.to_vec()).unwrap();
        assert!(!text.contains("/sent/") && !text.contains("http"), "{text}");
    }
    // A URL to PUT to is none to read from.
    let bytes = world.bytes(1);
    let upload: ContributionUpload = request(cloud, b, 0, &object(&bytes)).await.json();
    let put = storage(Method::PUT, &upload.url, &upload.headers, bytes.clone()).await;
    assert_eq!(put.status, 200);
    assert_eq!(storage(Method::GET, &upload.url, &[], Vec::new()).await.status, 403);
    // Nor does it take other bytes.
    let other = world.bytes(1);
    assert_ne!(other, bytes);
    assert!(storage(Method::PUT, &upload.url, &upload.headers, other).await.status.is_client_error());
}

#[tokio::test]
async fn who_takes_no_part_contributes_nothing() {
    let world = world().await;
    let World { cloud, holder, owners, stranger, terms, .. } = &world;
    let before = cloud.keys();
    for tenant in [holder, stranger] {
        let bytes = encrypted(terms, 0, tenant, &Sums { slots: vec![1; terms.slot_count(0)] });
        request(cloud, tenant, 0, &object(&bytes)).await.is_problem(404, "not-found");
        count(cloud, tenant, 0, &object(&bytes)).await.is_problem(404, "not-found");
    }
    join(cloud, stranger, terms, "C").await.is_problem(409, "training-full");
    open(cloud, &owners[0], &world.round).await.is_problem(404, "not-found");
    let elsewhere = TrainingId::from_bytes([1; 16]);
    stranger.get(cloud, &format!("/trainings/{elsewhere}")).await.is_problem(404, "not-found");
    stranger.delete(cloud, &format!("/trainings/{TRAINING}")).await.is_problem(404, "not-found");
    // Who has the invitation sees terms and owners, and no round.
    let told = status(cloud, stranger).await;
    assert_eq!((told.entry.owners.len(), told.entry.round_count, told.rounds.len()), (2, 1, 0));
    assert_eq!(cloud.keys(), before);
}

#[tokio::test]
async fn contributions_of_another_length_round_owner_or_training_are_refused() {
    let world = world().await;
    let World { cloud, owners: [a, b], terms, round, .. } = &world;
    let good = world.bytes(0);
    for size_bytes in [0, good.len() as u64 - 1, good.len() as u64 + 1, u64::MAX] {
        let wrong = ContributionObject { size_bytes, ..object(&good) };
        request(cloud, a, 0, &wrong).await.is_problem(422, "out-of-range");
        count(cloud, a, 0, &wrong).await.is_problem(422, "out-of-range");
    }
    for round in [1, 7, u32::MAX] {
        request(cloud, a, round, &object(&good)).await.is_problem(409, "round-closed");
        count(cloud, a, round, &object(&good)).await.is_problem(409, "round-closed");
    }
    count(cloud, a, 0, &object(&good)).await.is_problem(409, "contribution-not-stored");
    let public = KEY.public_key();
    let with = |scope: Scope, owner: &Tenant| {
        let ciphertexts =
            Contribution::from_bytes(public, &Scope::new(TRAINING, terms, public, 0), a.id, &good);
        let ciphertexts: Vec<Ciphertext> = ciphertexts.unwrap().ciphertexts().to_vec();
        Contribution::new(public, scope, owner.id, ciphertexts).unwrap().to_bytes(public)
    };
    let scope = Scope::new(TRAINING, terms, public, 0);
    let mut no_ciphertext = good.clone();
    no_ciphertext[HEADER_BYTES..].fill(0);
    for bytes in [
        with(scope, b),
        with(Scope { training: TrainingId::from_bytes([1; 16]), ..scope }, a),
        with(Scope { round: 1, ..scope }, a),
        no_ciphertext,
        vec![0; good.len()],
    ] {
        put(cloud, a, 0, &bytes).await;
        count(cloud, a, 0, &object(&bytes)).await.is_problem(422, "contribution-invalid");
    }
    // None of them counts, and the owner may still do it right.
    assert_eq!(contribute(cloud, a, round.number, &good).await.status, 200);
}

#[tokio::test]
async fn rounds_follow_each_other_and_stay_as_they_are() {
    let world = world().await;
    let World { cloud, holder, terms, round, .. } = &world;
    let message = |number, round: &Round| OpenRound { number, document: text(round.to_bytes()) };
    let path = format!("/trainings/{TRAINING}/rounds");
    let third = Round { number: 2, ..round.clone() };
    holder.post(cloud, &path, &message(2, &third)).await.is_problem(422, "round-invalid");
    holder.post(cloud, &path, &message(1, round)).await.is_problem(422, "out-of-range");
    let other = Round { training: TrainingId::from_bytes([1; 16]), ..round.clone() };
    holder.post(cloud, &path, &message(0, &other)).await.is_problem(422, "round-invalid");
    // What the key holder would make up without a total.
    world.all_contribute().await;
    let mut totals = vec![];
    let made_up = Sums { slots: vec![100, 2, 1 << 50, 1 << 50, 1 << 55, 1 << 55] };
    let Next::Round(made_up) = lead(TRAINING, terms, &[made_up]).unwrap().next else { panic!() };
    open(cloud, holder, &made_up).await.is_problem(409, "round-not-added-up");
    totals.push(opened(cloud, holder, &KEY, terms, 0).await);
    let later = Round { number: 2, ..made_up.clone() };
    open(cloud, holder, &later).await.is_problem(409, "round-out-of-sequence");
    open_next(cloud, holder, terms, &totals).await;
    open(cloud, holder, &made_up).await.is_problem(409, "round-taken");
}

#[tokio::test]
async fn the_first_round_waits_for_all_owners_and_terms_stay_as_they_are() {
    let cloud = Cloud::start().await;
    let (holder, owner, other) = (cloud.sign_in(1).await, cloud.sign_in(2).await, cloud.sign_in(3).await);
    let terms = small_terms();
    create(&cloud, &holder, &terms).await;
    let changed = Terms { least_rows: 11, ..terms.clone() };
    create(&cloud, &holder, &changed).await.is_problem(409, "training-id-taken");
    create(&cloud, &other, &terms).await.is_problem(409, "training-id-taken");
    join(&cloud, &owner, &changed, "A").await.is_problem(409, "terms-differ");
    join(&cloud, &owner, &terms, " ").await.is_problem(422, "out-of-range");
    join(&cloud, &owner, &terms, &"x".repeat(201)).await.is_problem(422, "out-of-range");
    join(&cloud, &owner, &terms, "A").await;
    let Next::Round(round) = lead(TRAINING, &terms, &[]).unwrap().next else { panic!() };
    open(&cloud, &holder, &round).await.is_problem(409, "owners-missing");
    // An owner who leaves before the first round frees the place.
    let left = owner.delete(&cloud, &format!("/trainings/{TRAINING}")).await;
    assert_eq!(left.json::<TrainingStatus>().entry.owners, []);
    for (owner, name) in [(&owner, "A"), (&other, "B")] {
        assert_eq!(join(&cloud, owner, &terms, name).await.status, 200);
    }
    assert_eq!(open(&cloud, &holder, &round).await.status, 201);
}

#[tokio::test]
async fn of_owners_who_come_at_once_no_more_than_agreed_on_get_a_place() {
    let cloud = Cloud::start().await;
    let holder = cloud.sign_in(1).await;
    let terms = small_terms();
    create(&cloud, &holder, &terms).await;
    let mut tenants = Vec::new();
    for seed in 10..18 {
        tenants.push(cloud.sign_in(seed).await);
    }
    let message = JoinTraining { terms: terms.digest(), name: "at once".to_owned() };
    let path = format!("/trainings/{TRAINING}/owners");
    let calls = tenants.iter().map(|tenant| tenant.post(&cloud, &path, &message));
    let replies = futures_util::future::join_all(calls).await;
    let places = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(places, 2);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.is_problem(409, "training-full");
    }
    assert_eq!(status(&cloud, &holder).await.entry.owners.len(), 2);
}

#[tokio::test]
async fn who_leaves_after_the_first_round_ends_it_and_contributions_are_deleted() {
    let world = world().await;
    let World { cloud, holder, owners: [a, b], .. } = &world;
    contribute(cloud, a, 0, &world.bytes(0)).await;
    let left: TrainingStatus = b.delete(cloud, &format!("/trainings/{TRAINING}")).await.json();
    assert_eq!(left.entry.end, Some(End::Stopped { by: b.id }));
    assert!(!cloud.keys().iter().any(|key| key.contains("/sent/")));
    request(cloud, b, 0, &object(&world.bytes(1))).await.is_problem(410, "training-ended");
    total(cloud, holder, 0).await.is_problem(409, "round-closed");
    let ended: TrainingStatus = holder.delete(cloud, &format!("/trainings/{TRAINING}")).await.json();
    assert_eq!(ended.entry.end, Some(End::Stopped { by: b.id }), "who ended it first stays named");
}

#[tokio::test]
async fn an_outcome_is_of_the_training_and_of_its_last_total() {
    let world = world().await;
    let World { cloud, holder, owners: [a, _], terms, .. } = &world;
    let mut totals = Vec::new();
    let made_up = |rounds: u32| -> Outcome {
        let text = format!(
            r#"{{"format":"veilsum-training-outcome","version":1,"content":{{"training":"{TRAINING}","terms":"{}","rounds":{rounds},"rows":100,"numbers":{{"kind":"k-means","standardisation":{{"centres":["0","0"],"scales":["1","1"]}},"start":1,"centroids":[["0","0"],["1","1"]],"inertia":"3"}}}}}}"#,
            terms.digest(),
        );
        Outcome::from_bytes(TRAINING, terms, text.as_bytes()).unwrap()
    };
    finish(cloud, holder, &made_up(1)).await.is_problem(409, "round-not-added-up");
    world.all_contribute().await;
    totals.push(opened(cloud, holder, &KEY, terms, 0).await);
    finish(cloud, holder, &made_up(2)).await.is_problem(409, "round-not-added-up");
    finish(cloud, a, &made_up(1)).await.is_problem(404, "not-found");
    let other = Outcome { training: TrainingId::from_bytes([1; 16]), ..made_up(1) };
    finish(cloud, holder, &other).await.is_problem(422, "outcome-invalid");
    for _ in 0..2 {
        assert_eq!(finish(cloud, holder, &made_up(1)).await.status, 200);
    }
    let second = Outcome { rows: 99, ..made_up(1) };
    finish(cloud, holder, &second).await.is_problem(409, "ended-otherwise");
    let Next::Round(next) = lead(TRAINING, terms, &totals).unwrap().next else { panic!() };
    open(cloud, holder, &next).await.is_problem(410, "training-ended");
}

#[tokio::test]
async fn what_is_no_terms_is_refused_before_anything_is_stored() {
    let cloud = Cloud::start().await;
    let holder = cloud.sign_in(1).await;
    let good = text(small_terms().to_bytes());
    let before = cloud.keys();
    for (terms, code) in [
        (String::new(), "terms-invalid"),
        ("{}".to_owned(), "terms-invalid"),
        (good.replacen("\"version\":1", "\"version\":2", 1), "terms-invalid"),
        (good.replacen("\"owners\":2", "\"owners\":1", 1), "terms-invalid"),
        (good.replacen("\"owners\":2", "\"owners\":65", 1), "terms-invalid"),
        (good.replacen("\"modulus\":\"", "\"modulus\":\"0", 1), "terms-invalid"),
        (" ".repeat(96 * 1_024 + 1), "out-of-range"),
    ] {
        let message = CreateTraining { training: TRAINING, terms };
        holder.post(&cloud, "/trainings", &message).await.is_problem(422, code);
    }
    assert_eq!(cloud.keys(), before);
    let path = format!("/trainings/{TRAINING}?after=x");
    create(&cloud, &holder, &small_terms()).await;
    cloud.call("GET", &path, Some(&holder.token), NOTHING).await.is_problem(422, "out-of-range");
}
