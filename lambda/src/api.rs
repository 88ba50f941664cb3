//! The function `api`: the whole HTTP API as one axum router.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tracing::Instrument as _;

use crate::error::ApiError;
use crate::store::Store;
use crate::tokens::Tokens;
use crate::{openapi, routes};

/// What stands before every path.
pub const PREFIX: &str = "/api/v1";

/// What every route shares; built once, when the function starts.
#[derive(Debug, Clone)]
pub struct Api {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    tokens: Tokens,
    document: String,
}

impl Api {
    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.shared.tokens
    }

    /// The OpenAPI document.
    pub(crate) fn document(&self) -> &str {
        &self.shared.document
    }
}

/// The router: all routes, one 404 for whatever is not one, and a line in the log for each request.
///
/// # Panics
/// Never: the document is built from types whose JSON form has string keys only.
pub fn router(store: Store, tokens: Tokens) -> Router {
    let (router, document) = openapi::nested(routes::all()).split_for_parts();
    let document = document.to_json().expect("the document has string keys only");
    let api = Api { shared: Arc::new(Shared { store, tokens, document }) };
    router
        .fallback(|| async { ApiError::NotFound })
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .layer(from_fn(logged))
        .with_state(api)
}

/// Logs one request: method, route, tenant, status and duration.
async fn logged(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!(
        "request",
        method = %request.method(),
        route,
        tenant = tracing::field::Empty,
    );
    async {
        let response = next.run(request).await;
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), milliseconds, "request answered");
        response
    }
    .instrument(span)
    .await
}
