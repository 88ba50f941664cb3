//! The page: files of a folder, and `index.html` for every address that the page itself routes.

use std::path::PathBuf;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY};
use hyper::{Request, Response, StatusCode, Uri};
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use super::problem::Trouble;
use super::{Body, full, is_read};

pub(super) struct Site {
    files: ServeDir,
}

impl Site {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { files: ServeDir::new(folder).precompressed_br().append_index_html_on_directories(false) }
    }

    pub(super) async fn answer(&self, mut request: Request<Incoming>) -> Response<Body> {
        if !is_read(request.method()) {
            return Trouble::WrongMethod.into_response();
        }
        let is_route = !request.uri().path().rsplit('/').next().unwrap_or_default().contains('.');
        if is_route {
            *request.uri_mut() = Uri::from_static("/index.html");
        }
        let found = self.files.clone().oneshot(request).await;
        let mut response = match found {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => missing(is_route),
            Ok(response) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
            Err(never) => match never {},
        };
        let headers = response.headers_mut();
        // The modules of a page and its workers must come from the same build, so browsers ask every time; the answer is
        // mostly 304.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
        response
    }
}

fn missing(is_route: bool) -> Response<Body> {
    let text = if is_route {
        "The page is not built: its folder has no index.html. Run `cargo xtask up`.\n"
    } else {
        "There is no such file.\n"
    };
    let mut response = Response::new(full(text));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
