//! What the cloud sees of a run: host, method, form and length of every request, in order.

use veilsum_e2e::recorder::Exchange;

/// Shortest hex word that is an id.
const ID_LETTERS: usize = 32;

/// The requests of a run, without what differs between any two runs: ids and signatures are left out, looks at the same
/// job count once, and requests that are under way at the same time stand in the order of the alphabet.
pub fn shapes(requests: &[Exchange]) -> Vec<String> {
    let mut shapes: Vec<String> =
        requests.iter().filter(|exchange| !exchange.is_chromiums_own()).map(shape).collect();
    shapes.dedup_by(|next, one| next == one && one.starts_with("GET ") && one.contains("/api/v1/jobs/"));
    for at_once in shapes.chunk_by_mut(|one, next| are_at_once(one, next)) {
        at_once.sort();
    }
    shapes
}

fn shape(exchange: &Exchange) -> String {
    let (address, query) = exchange.url.split_once('?').unwrap_or((&exchange.url, ""));
    let host = address.split('/').nth(2).unwrap_or_default();
    let path: Vec<&str> =
        address.split('/').skip(3).map(|word| if is_id(word) { "{id}" } else { word }).collect();
    let names: Vec<&str> = query.split('&').filter_map(|field| field.split('=').next()).collect();
    let is_range = exchange.headers.lines().any(|line| line.to_ascii_lowercase().starts_with("range:"));
    let range = if is_range { " (sample)" } else { "" };
    let (method, path, names) = (&exchange.method, path.join("/"), names.join("&"));
    format!("{method} {host}/{path}?{names} {} bytes{range}", exchange.body.len())
}

fn is_id(word: &str) -> bool {
    word.len() >= ID_LETTERS && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The page fetches several samples of objects, and several manifests of a list, at a time.
fn are_at_once(one: &str, next: &str) -> bool {
    let is_sample = |shape: &str| shape.ends_with(" (sample)");
    let is_manifest = |shape: &str| shape.contains("/m/") && !is_sample(shape);
    is_sample(one) && is_sample(next) || is_manifest(one) && is_manifest(next)
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::*;

    fn exchange(method: &str, url: &str, headers: &str) -> Exchange {
        let (method, url, headers) = (method.to_owned(), url.to_owned(), headers.to_owned());
        Exchange { method, url, headers, body: Bytes::new(), status: Some(200) }
    }

    #[test]
    fn only_what_every_run_has_is_left() {
        let id = "0123456789abcdef0123456789abcdef";
        let job = format!("http://127.0.0.1:1/api/v1/jobs/{id}");
        let sample = |name: &str| {
            exchange("GET", &format!("http://127.0.0.1:2/veilsum/t/{id}/{name}?x=1"), "Range: bytes=0-3\n")
        };
        let requests = [exchange("GET", &job, ""), exchange("GET", &job, ""), sample("b"), sample("a")];
        assert_eq!(
            shapes(&requests),
            [
                "GET 127.0.0.1:1/api/v1/jobs/{id}? 0 bytes",
                "GET 127.0.0.1:2/veilsum/t/{id}/a?x 0 bytes (sample)",
                "GET 127.0.0.1:2/veilsum/t/{id}/b?x 0 bytes (sample)",
            ]
        );
    }
}
