//! The routes, one file per resource. Each handler parses, loads, computes, stores and responds, in this order.

mod commits;
mod datasets;
mod jobs;
mod models;
mod scores;
mod sessions;
mod trainings;
mod uploads;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use veilsum_protocol::api::StoredObject;

use crate::api::Api;
use crate::error::ApiError;
use crate::keys::Key;
use crate::store::{ObjectInfo, Store};

/// The only routes that need no session, as method and path. A test compares them with what the router does.
pub const ROUTES_WITHOUT_SESSION: [(&str, &str); 3] =
    [("POST", "/api/v1/sessions/challenge"), ("POST", "/api/v1/sessions"), ("GET", "/api/v1/openapi.json")];

/// Calls to storage that one request makes at a time.
const CONCURRENT_CALLS: usize = 32;

/// All routes. The document is made from the same table, so that neither can have one that the other lacks.
pub(crate) fn all() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(sessions::challenge))
        .routes(routes!(sessions::sign_in))
        .routes(routes!(sessions::show))
        .routes(routes!(datasets::create, datasets::list))
        .routes(routes!(datasets::show, datasets::delete))
        .routes(routes!(uploads::request))
        .routes(routes!(uploads::complete))
        .routes(routes!(commits::commit))
        .routes(routes!(jobs::start))
        .routes(routes!(jobs::show, jobs::cancel))
        .routes(routes!(models::publish, models::list))
        .routes(routes!(models::show, models::withdraw))
        .routes(routes!(models::publish_version))
        .routes(routes!(models::change_terms))
        .routes(routes!(scores::start))
        .routes(routes!(scores::show, scores::cancel))
        .routes(routes!(trainings::create, trainings::list))
        .routes(routes!(trainings::show, trainings::end))
        .routes(routes!(trainings::join))
        .routes(routes!(trainings::rounds::open))
        .routes(routes!(trainings::rounds::request))
        .routes(routes!(trainings::rounds::contribute))
        .routes(routes!(trainings::rounds::total))
        .routes(routes!(trainings::finish))
        .routes(routes!(document))
}

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "document", tag = "about", security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")),
)]
async fn document(State(api): State<Api>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], api.document().to_owned())
}

/// An object as the cloud sees it, with a URL to read it.
async fn as_stored(store: &Store, key: &Key, info: ObjectInfo) -> Result<StoredObject, ApiError> {
    Ok(StoredObject {
        key: key.to_string(),
        size_bytes: info.size_bytes,
        checksum: info.checksum,
        url: store.presign_read(key).await?,
    })
}
