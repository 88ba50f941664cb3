//! Parsing requests: every limit is checked here or by the route, before anything is loaded.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use http_body_util::LengthLimitError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// Largest body of a message. A function's payload holds at most 6 MB, which includes headers.
pub(crate) const MAX_BODY_BYTES: usize = 5 << 20;

/// A JSON message.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let too_large = || ApiError::BodyTooLarge { maximum: MAX_BODY_BYTES };
        let length =
            request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: usize| length > MAX_BODY_BYTES) {
            return Err(too_large());
        }
        let bytes = to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|error| {
            let over = std::error::Error::source(&error).is_some_and(|cause| cause.is::<LengthLimitError>());
            if over { too_large() } else { ApiError::BodyUnreadable }
        })?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| ApiError::BodyMalformed { line: error.line(), column: error.column() })
    }
}

/// An id in the path; anything that is no id is absent.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found.map(|Path(id)| Self(id)).map_err(|_| ApiError::NotFound)
    }
}

/// Where in a list to go on.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// `next` of the page before; absent for the first page.
    pub(crate) after: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = Query::<Self>::from_request_parts(parts, state).await;
        found.map(|Query(page)| page).map_err(|_| ApiError::OutOfRange {
            field: "query",
            allowed: "empty, or ?after= with the next of a page",
        })
    }
}

impl Page {
    /// The next at most `size` of `names`, which ascend, and where to go on behind them.
    pub(crate) fn of<T>(
        &self,
        names: Vec<T>,
        size: usize,
        name: impl Fn(&T) -> &str,
    ) -> (Vec<T>, Option<String>) {
        let after = self.after.as_deref().unwrap_or_default();
        let mut rest = names.into_iter().skip_while(|item| !after.is_empty() && name(item) <= after);
        let page: Vec<T> = rest.by_ref().take(size).collect();
        let next = rest.next().and(page.last()).map(|last| name(last).to_owned());
        (page, next)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body as HttpBody;

    use super::*;

    async fn parse<T: DeserializeOwned>(body: impl Into<HttpBody>) -> Result<T, ApiError> {
        Body::from_request(Request::new(body.into()), &()).await.map(|Body(message)| message)
    }

    #[tokio::test]
    async fn reads_a_message() {
        assert_eq!(parse::<Vec<u8>>("[1,2]").await.unwrap(), [1, 2]);
    }

    #[tokio::test]
    async fn rejects_a_body_over_the_limit() {
        let body = vec![b' '; MAX_BODY_BYTES + 1];
        assert!(matches!(parse::<u8>(body).await, Err(ApiError::BodyTooLarge { .. })));
        let stream = HttpBody::from_stream(futures_util::stream::iter(
            (0..6).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 20])),
        ));
        assert!(matches!(parse::<u8>(stream).await, Err(ApiError::BodyTooLarge { .. })));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_unreadable() {
        let broken = HttpBody::from_stream(futures_util::stream::iter([Err::<Vec<u8>, _>(
            std::io::Error::from(std::io::ErrorKind::UnexpectedEof),
        )]));
        assert!(matches!(parse::<u8>(broken).await, Err(ApiError::BodyUnreadable)));
    }

    #[tokio::test]
    async fn names_the_place_of_a_fault_and_not_its_content() {
        let error = parse::<Vec<u8>>("[1,\n  \"patient\"]").await.unwrap_err();
        assert!(matches!(error, ApiError::BodyMalformed { line: 2, .. }));
        assert!(!error.problem().detail.contains("patient"));
    }

    #[tokio::test]
    async fn survives_deep_nesting() {
        let deep = "[".repeat(100_000);
        assert!(matches!(parse::<serde_json::Value>(deep).await, Err(ApiError::BodyMalformed { .. })));
    }

    fn pages(names: &[&str], size: usize) -> Vec<Vec<String>> {
        let (mut page, mut pages) = (Page::default(), Vec::new());
        loop {
            let (names, next) =
                page.of(names.iter().map(ToString::to_string).collect(), size, String::as_str);
            pages.push(names);
            match next {
                Some(next) => page = Page { after: Some(next) },
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_cover_a_list_once() {
        let names = ["a", "b", "c", "d"];
        assert_eq!(pages(&names, 2), [vec!["a", "b"], vec!["c", "d"]]);
        assert_eq!(pages(&names, 3), [vec!["a", "b", "c"], vec!["d"]]);
        assert_eq!(pages(&names, 9), [names.to_vec()]);
        assert_eq!(pages(&[], 9), [Vec::<String>::new()]);
    }
}
