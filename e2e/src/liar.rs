//! What a lying cloud puts in the place of the truth: lies about what was asked for by GET, told by whoever stands
//! between the cloud and those who ask.
//!
//! A lie is about a place: the end of the path, e.g. `j/{job}/answer` for an object or `/jobs/{job}` for a message.

use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, RANGE};
use hyper::http::request;
use hyper::{Method, Response, StatusCode};

/// What S3 says about the bytes of an object; it would give a lie away to whoever looks.
const CHECKSUM_HEADERS: &str = "x-amz-checksum-";

/// What is answered in place of the truth.
pub enum Lie {
    /// Another object, or another message.
    Other(Vec<u8>),
    /// What a function makes of the truth. Ranges of an object are left as they are.
    Changed(Change),
    /// That there is no such thing.
    Gone,
}

/// Makes a lie of the truth.
pub type Change = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

impl Lie {
    /// What `change` makes of the truth.
    pub fn changed(change: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::Changed(Box::new(change))
    }
}

impl fmt::Debug for Lie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(bytes) => write!(formatter, "Other({} bytes)", bytes.len()),
            Self::Changed(_) => formatter.write_str("Changed"),
            Self::Gone => formatter.write_str("Gone"),
        }
    }
}

#[derive(Debug)]
struct Told {
    place: String,
    lie: Lie,
    times: usize,
}

/// The lies that are told now; none at first.
#[derive(Debug, Default)]
pub struct Liar(Mutex<Vec<Told>>);

/// A GET request that may be lied to.
#[derive(Debug)]
pub(crate) struct Asked {
    path: String,
    range: Option<String>,
}

impl Asked {
    /// `None` if it is no GET request.
    pub(crate) fn of(request: &request::Parts) -> Option<Self> {
        let range = request.headers.get(RANGE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        (request.method == Method::GET).then(|| Self { path: request.uri.path().to_owned(), range })
    }

    /// The range that is asked for, within an object of `length` bytes; all of it where no range is asked for.
    fn range_within(&self, length: usize) -> Option<Range<usize>> {
        let Some(range) = &self.range else { return Some(0..length) };
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let first: usize = first.parse().ok()?;
        let end = last.parse::<usize>().map_or(length, |last| length.min(last.saturating_add(1)));
        (first < end).then_some(first..end)
    }
}

impl Liar {
    /// Tells this lie about a place, from now on, in place of an earlier one.
    pub fn tell(&self, place: impl Into<String>, lie: Lie) {
        let place = place.into();
        let mut lies = self.locked();
        lies.retain(|told| told.place != place);
        lies.push(Told { place, lie, times: 0 });
    }

    /// Tells the truth about a place again; says how often it was lied about.
    pub fn recant(&self, place: &str) -> usize {
        let mut lies = self.locked();
        let at = lies.iter().position(|told| told.place == place);
        at.map_or(0, |at| lies.swap_remove(at).times)
    }

    /// The answer, or the lie that is told in its place.
    pub(crate) async fn answer(
        &self,
        asked: Option<&Asked>,
        truth: Response<Full<Bytes>>,
    ) -> Response<Full<Bytes>> {
        let Some(asked) = asked else { return truth };
        if !truth.status().is_success() {
            return truth;
        }
        let (mut parts, body) = truth.into_parts();
        let Ok(body) = body.collect().await;
        let body = body.to_bytes();
        let mut lies = self.locked();
        let Some(told) = lies.iter_mut().find(|told| asked.path.ends_with(&told.place)) else {
            return Response::from_parts(parts, Full::new(body));
        };
        let lie = match &told.lie {
            Lie::Gone => {
                parts.status = StatusCode::NOT_FOUND;
                Some(Bytes::new())
            }
            Lie::Changed(_) if asked.range.is_some() => None,
            Lie::Changed(change) => Some(change(&body).into()),
            Lie::Other(object) => Some(part_of(object, asked, &mut parts.headers, &mut parts.status)),
        };
        told.times += usize::from(lie.is_some());
        let body = lie.unwrap_or(body);
        parts.headers.insert(CONTENT_LENGTH, body.len().into());
        let checksums: Vec<_> = parts
            .headers
            .keys()
            .filter(|name| name.as_str().starts_with(CHECKSUM_HEADERS))
            .cloned()
            .collect();
        for name in checksums {
            parts.headers.remove(name);
        }
        Response::from_parts(parts, Full::new(body))
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of `object` that are asked for, with the headers that S3 would send.
fn part_of(object: &[u8], asked: &Asked, headers: &mut HeaderMap, status: &mut StatusCode) -> Bytes {
    let Some(range) = asked.range_within(object.len()) else {
        *status = StatusCode::RANGE_NOT_SATISFIABLE;
        headers.remove(CONTENT_RANGE);
        return Bytes::new();
    };
    if asked.range.is_some() {
        let text = format!("bytes {}-{}/{}", range.start, range.end - 1, object.len());
        headers.insert(CONTENT_RANGE, text.parse().expect("digits are valid in a header"));
    }
    Bytes::copy_from_slice(&object[range])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str, range: Option<&str>) -> Asked {
        Asked { path: path.to_owned(), range: range.map(str::to_owned) }
    }

    async fn body(response: Response<Full<Bytes>>) -> Vec<u8> {
        response.into_body().collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn lies_are_told_about_their_place_only_and_counted() {
        let liar = Liar::default();
        liar.tell("/answer", Lie::changed(|truth| [truth, b"!"].concat()));
        let truth = || Response::new(Full::from("truth"));
        let lied_to = liar.answer(Some(&asked("/veilsum/j/1/answer", None)), truth()).await;
        assert_eq!(lied_to.headers()[CONTENT_LENGTH], "6");
        assert_eq!(body(lied_to).await, b"truth!");
        assert_eq!(body(liar.answer(Some(&asked("/veilsum/j/1/plan", None)), truth()).await).await, b"truth");
        assert_eq!(body(liar.answer(None, truth()).await).await, b"truth");
        assert_eq!(liar.recant("/answer"), 1);
        assert_eq!(liar.recant("/answer"), 0);
        assert_eq!(body(liar.answer(Some(&asked("/answer", None)), truth()).await).await, b"truth");
    }

    #[tokio::test]
    async fn any_range_of_another_object_can_be_had() {
        let liar = Liar::default();
        liar.tell("/rg/00000000", Lie::Other(b"0123456789".to_vec()));
        let ranged = async |range| {
            liar.answer(Some(&asked("/rg/00000000", Some(range))), Response::new(Full::from("truth"))).await
        };
        let part = ranged("bytes=2-4").await;
        assert_eq!(part.headers()[CONTENT_RANGE], "bytes 2-4/10");
        assert_eq!(body(part).await, b"234");
        assert_eq!(body(ranged("bytes=8-4095").await).await, b"89");
        assert_eq!(ranged("bytes=10-20").await.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    }
}
