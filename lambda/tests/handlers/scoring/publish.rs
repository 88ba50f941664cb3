//! Publishing models, and what others see of them.

use veilsum_model::interface::Interface;
use veilsum_model::model::{Card, Family, Form, Layer, Model};
use veilsum_model::scale::Scale;
use veilsum_model::text::Wide;
use veilsum_protocol::ModelId;
use veilsum_protocol::api::scoring::{
    MAX_ROWS_PER_CLIENT, ModelDetail, Models, PublishModel, PublishVersion, ScoreEngine, Terms,
};

use super::ask::{MODEL, model, publish, terms};
use crate::cloud::{BUCKET, Cloud};

fn document(model: &Model) -> String {
    String::from_utf8(model.to_bytes()).unwrap()
}

/// The model with another training set on its card: another version.
fn changed(model: &Model) -> Model {
    let card = Card { training_data: "more of it".to_owned(), ..model.card().clone() };
    Model::new(model.features().to_vec(), model.family().clone(), model.output_scale(), card).unwrap()
}

/// A network that only a round for each layer can score.
fn deep() -> Model {
    let features = model("diabetes").features()[..1].to_vec();
    let layer = || Layer { units: vec![Form { weights: vec![1], constant: Wide(0) }] };
    let family = Family::Network { classes: Vec::new(), layers: vec![layer(), layer(), layer()] };
    Model::new(features, family, Scale::ONE, Card::default()).unwrap()
}

#[tokio::test]
async fn a_published_model_is_seen_by_all_tenants_and_its_weights_by_none() {
    let cloud = Cloud::start().await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    let model = model("breast_cancer");
    let published = publish(&cloud, &company, &model, None).await;
    assert!(published.entry.is_own);
    assert_eq!((published.entry.version, published.budget.limit), (1, None));

    let seen: Models = client.get(&cloud, "/models").await.json();
    let [entry] = seen.models.as_slice() else { panic!("{seen:?}") };
    assert_eq!((entry.model, entry.publisher, entry.is_own), (MODEL, company.id, false));
    assert_eq!((entry.family.as_str(), entry.feature_count), ("logistic", 30));
    assert_eq!(serde_json::from_value::<Card>(entry.card.clone()).unwrap(), *model.card());
    assert_eq!(entry.digest.as_bytes(), &model.digest());
    assert_eq!(entry.engines, [ScoreEngine::Packed]);

    let reply = client.get(&cloud, &format!("/models/{MODEL}")).await;
    let detail: ModelDetail = reply.json();
    let interface = Interface::from_bytes(&serde_json::to_vec(&detail.interface).unwrap()).unwrap();
    assert_eq!(interface, model.interface());
    assert_eq!((detail.budget.used, detail.budget.limit), (0, Some(Terms::default().rows_per_client)));
    let Family::Logistic { forms, .. } = model.family() else { panic!("a logistic model") };
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    for form in forms {
        assert!(form.weights.iter().all(|weight| !text.contains(&weight.to_string())), "{text}");
        assert!(!text.contains(&form.constant.0.to_string()));
    }
    assert!(!text.contains("weights") && !text.contains("document/"));
}

#[tokio::test]
async fn publishing_again_changes_nothing_and_nobody_else_gets_the_id() {
    let cloud = Cloud::start().await;
    let (company, other) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    let model = model("diabetes");
    let first = publish(&cloud, &company, &model, terms(7, false)).await;
    let before = cloud.keys();
    let again = publish(&cloud, &company, &model, terms(9, false)).await;
    assert_eq!((&again, cloud.keys()), (&first, before.clone()));
    assert_eq!(again.entry.terms.rows_per_client, 7);
    let taken = PublishModel { model: MODEL, document: document(&model), terms: None };
    other.post(&cloud, "/models", &taken).await.is_problem(409, "model-id-taken");
    let differs = PublishModel { model: MODEL, document: document(&changed(&model)), terms: None };
    company.post(&cloud, "/models", &differs).await.is_problem(409, "version-taken");
    // Nor does anyone change it.
    let path = format!("/models/{MODEL}");
    let version = PublishVersion { version: 2, document: document(&model) };
    other.post(&cloud, &format!("{path}/versions"), &version).await.is_problem(404, "not-found");
    other.delete(&cloud, &path).await.is_problem(404, "not-found");
    let other_terms = serde_json::json!({ "rows_per_client": 1, "by_layers": true });
    let reply = cloud.call("PUT", &format!("{path}/terms"), Some(&other.token), Some(&other_terms)).await;
    reply.is_problem(404, "not-found");
    assert_eq!(cloud.keys(), before);
}

#[tokio::test]
async fn versions_follow_each_other_and_stay_as_they_are() {
    let cloud = Cloud::start().await;
    let company = cloud.sign_in(1).await;
    let (first, second) = (model("iris"), changed(&model("iris")));
    publish(&cloud, &company, &first, None).await;
    let path = format!("/models/{MODEL}/versions");
    let version = |version, model: &Model| PublishVersion { version, document: document(model) };
    company.post(&cloud, &path, &version(3, &second)).await.is_problem(409, "version-out-of-sequence");
    company.post(&cloud, &path, &version(0, &second)).await.is_problem(422, "out-of-range");
    for _ in 0..2 {
        let detail: ModelDetail = company.post(&cloud, &path, &version(2, &second)).await.json();
        assert_eq!((detail.entry.version, detail.versions.len()), (2, 2));
        assert_eq!(detail.entry.digest.as_bytes(), &second.digest());
    }
    company.post(&cloud, &path, &version(2, &first)).await.is_problem(409, "version-taken");
    let stored = format!("t/{}/m/{MODEL}/document/00000001", company.id);
    assert_eq!(cloud.backend.read(BUCKET, &stored).await.unwrap(), first.to_bytes());
}

#[tokio::test]
async fn refuses_what_is_no_model_before_anything_is_stored() {
    let cloud = Cloud::start().await;
    let company = cloud.sign_in(1).await;
    let model = model("diabetes");
    let with = |document: String, terms| PublishModel { model: MODEL, document, terms };
    let before = cloud.keys();
    let spaced = document(&model).replacen(',', ", ", 1);
    let newer = document(&model).replacen("\"version\":1", "\"version\":2", 1);
    let too_many = terms(MAX_ROWS_PER_CLIENT + 1, false);
    for (message, code) in [
        (with(String::new(), None), "model-invalid"),
        (with("{}".to_owned(), None), "model-invalid"),
        (with(spaced, None), "model-invalid"),
        (with(newer, None), "model-invalid"),
        (with(document(&model)[1..].to_owned(), None), "model-invalid"),
        (with(" ".repeat((4 << 20) + 1), None), "out-of-range"),
        (with(document(&model), too_many), "out-of-range"),
        (with(document(&deep()), None), "model-not-scorable"),
    ] {
        company.post(&cloud, "/models", &message).await.is_problem(422, code);
    }
    assert_eq!(cloud.keys(), before);
    // Where its publisher wants it.
    let detail = publish(&cloud, &company, &deep(), terms(9, true)).await;
    assert_eq!(detail.entry.engines, [ScoreEngine::ByLayers]);
}

#[tokio::test]
async fn lists_have_pages() {
    let cloud = Cloud::start().await;
    let (company, client) = (cloud.sign_in(1).await, cloud.sign_in(2).await);
    let document = document(&model("diabetes"));
    for number in 0..30 {
        let message = PublishModel {
            model: ModelId::from_bytes([number; 16]),
            document: document.clone(),
            terms: None,
        };
        assert_eq!(company.post(&cloud, "/models", &message).await.status, 201);
    }
    let first: Models = client.get(&cloud, "/models").await.json();
    let next = first.next.unwrap();
    let second: Models = client.get(&cloud, &format!("/models?after={next}")).await.json();
    assert_eq!((first.models.len(), second.models.len(), second.next), (25, 5, None));
    let ids: Vec<_> = first.models.iter().chain(&second.models).map(|entry| entry.model).collect();
    assert!(ids.is_sorted() && ids.len() == 30);
}
