//! The OpenAPI 3.1 document, generated from the routes themselves: the table that routes requests also makes it.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use veilsum_protocol::api::Problem;

use crate::api::{Api, PREFIX};

/// Name of the security scheme: a bearer token.
const SESSION: &str = "session";

/// How a route may fail, the same for all.
#[derive(utoipa::IntoResponses)]
#[response(
    status = "default",
    description = "A problem document (RFC 9457)",
    content_type = "application/problem+json"
)]
pub(crate) struct Failed(#[expect(dead_code, reason = "only its schema is used")] Problem);

/// `routes` under the prefix of the API, in a document that says what every route needs unless it says otherwise.
pub(crate) fn nested(routes: OpenApiRouter<Api>) -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(head()).nest(PREFIX, routes)
}

fn head() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token of POST /sessions"))
        .build();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Veilsum")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Stores and aggregates encrypted tables, scores encrypted records by published models, and adds up what several owners contribute to a training. Ciphertext goes straight to storage through presigned \
                     URLs; what passes here are small JSON documents.",
                ))
                .build(),
        )
        .components(Some(
            ComponentsBuilder::new().schema_from::<Problem>().security_scheme(SESSION, SecurityScheme::Http(bearer)).build(),
        ))
        .security(Some([SecurityRequirement::new(SESSION, Vec::<String>::new())]))
        .build()
}
