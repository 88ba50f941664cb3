//! A forward proxy between a browser and everything: it sees every request that leaves the browser, with its body.
//!
//! The browser is told to send all its HTTP through here, also what goes to this machine, and nothing bypasses it.
//! Requests to other machines are recorded and refused. Uploads can be held back, so that a story can act exactly
//! in the middle of one. What the cloud answers can be replaced by lies.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderName, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant};

use crate::liar::{Asked, Liar};
use crate::wait::{SOON, until};

/// How long nothing is asked or answered before a page counts as quiet.
const QUIET: Duration = Duration::from_millis(500);

/// A request that left the browser.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// E.g. `PUT`.
    pub method: String,
    /// The full address.
    pub url: String,
    /// Names and values, a line each.
    pub headers: String,
    /// What was sent.
    pub body: Bytes,
    /// What was answered, once it was.
    pub status: Option<u16>,
}

impl Exchange {
    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
    }

    /// Whether Chromium itself sent it: its updates, its start page, its sign-in. No flag keeps it from trying, and
    /// no page can use these hosts: the content security policy forbids it, and the recorder refuses them.
    #[must_use]
    pub fn is_chromiums_own(&self) -> bool {
        let host = self.url.trim_start_matches("http://").split(['/', ':']).next().unwrap_or_default();
        ["update.googleapis.com", "start.duckduckgo.com", "accounts.google.com"].contains(&host)
    }

    /// Whether it stored something: a PUT that was answered with success.
    #[must_use]
    pub fn is_stored_put(&self) -> bool {
        self.method == "PUT" && self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// What happens to uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// They pass.
    Open,
    /// They pass while their number is smaller, and then wait.
    HoldFrom(usize),
    /// They are dropped, as if the line had gone.
    Drop,
}

#[derive(Debug)]
struct Shared {
    exchanges: Mutex<Vec<Exchange>>,
    gate: watch::Sender<Gate>,
    puts: Mutex<usize>,
    held: watch::Sender<usize>,
    liar: Liar,
}

/// The proxy; dropping it ends it.
#[derive(Debug)]
pub struct Recorder {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Recorder {
    /// Starts on a free port.
    ///
    /// # Errors
    /// There is none.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            exchanges: Mutex::default(),
            gate: watch::Sender::new(Gate::Open),
            puts: Mutex::default(),
            held: watch::Sender::new(0),
            liar: Liar::default(),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { port, shared, task })
    }

    /// Address for the browser's `--proxy-server`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything that left the browser so far.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        locked(&self.shared.exchanges).clone()
    }

    /// Waits until nothing has been asked or answered for a while. A page may still fetch when all that a story waits
    /// for is on the screen, and a look at "everything since" must not begin in the middle of it.
    ///
    /// # Errors
    /// There is no end of it.
    pub async fn until_quiet(&self) -> anyhow::Result<()> {
        let mut seen = (0, 0);
        let mut since = Instant::now();
        until("the page to ask for nothing more", SOON, async || {
            let now = {
                let exchanges = locked(&self.shared.exchanges);
                (exchanges.len(), exchanges.iter().filter(|exchange| exchange.status.is_some()).count())
            };
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
            Ok((since.elapsed() >= QUIET).then_some(()))
        })
        .await
    }

    /// The PUTs that stored something so far.
    #[must_use]
    pub fn stored_puts(&self) -> Vec<Exchange> {
        self.exchanges().into_iter().filter(Exchange::is_stored_put).collect()
    }

    /// Who lies to the browser.
    #[must_use]
    pub fn liar(&self) -> &Liar {
        &self.shared.liar
    }

    /// Lets `count` more PUTs pass and holds those after them.
    pub fn hold_puts_after(&self, count: usize) {
        *locked(&self.shared.puts) = 0;
        self.shared.gate.send_replace(Gate::HoldFrom(count));
    }

    /// Waits until a PUT is being held.
    ///
    /// # Errors
    /// None is, for longer than an upload takes.
    pub async fn until_held(&self) -> anyhow::Result<()> {
        let mut held = self.shared.held.subscribe();
        let waiting = tokio::time::timeout(crate::wait::SOON, held.wait_for(|held| *held > 0));
        waiting.await.context("no upload was held: the browser sends none")??;
        Ok(())
    }

    /// Lets all PUTs pass, those that are held too.
    pub fn release_puts(&self) {
        self.shared.gate.send_replace(Gate::Open);
    }

    /// Drops the PUTs that are held and later ones, as if the line had gone, until [`Recorder::release_puts`].
    pub fn drop_puts(&self) {
        self.shared.gate.send_replace(Gate::Drop);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((connection, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service);
            // The browser closes connections whenever it likes.
            let _ = connection.await;
        });
    }
}

/// Records a request, passes it on, and passes the answer back.
///
/// Where there is no answer the connection is closed without one, which a page sees as a lost line.
async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    let index = {
        let mut exchanges = locked(&shared.exchanges);
        exchanges.push(Exchange {
            method: parts.method.to_string(),
            url: parts.uri.to_string(),
            headers: headers.collect(),
            body: body.clone(),
            status: None,
        });
        exchanges.len() - 1
    };
    let is_local = parts.uri.host().is_some_and(|host| host == "127.0.0.1" || host == "localhost");
    if parts.method == Method::CONNECT || !is_local {
        let mut refusal = Response::new(Full::default());
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        return Ok(refusal);
    }
    if parts.method == Method::PUT && !pass(&shared).await {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let asked = Asked::of(&parts);
    let authority = parts.uri.authority().map(ToString::to_string).unwrap_or_default();
    let request = Request::from_parts(parts, Full::new(body));
    let response = forward(request, &authority).await.map_err(io::Error::other)?;
    let response = shared.liar.answer(asked.as_ref(), response).await;
    if let Some(exchange) = locked(&shared.exchanges).get_mut(index) {
        exchange.status = Some(response.status().as_u16());
    }
    Ok(response)
}

/// Waits at the gate; whether the PUT may pass.
async fn pass(shared: &Shared) -> bool {
    let number = {
        let mut puts = locked(&shared.puts);
        *puts += 1;
        *puts - 1
    };
    let mut gate = shared.gate.subscribe();
    let is_held = |gate: &Gate| matches!(gate, Gate::HoldFrom(first) if number >= *first);
    let first_look = *gate.borrow();
    if !is_held(&first_look) {
        return first_look != Gate::Drop;
    }
    let _counted = Held::count(&shared.held);
    gate.wait_for(|gate| !is_held(gate)).await.is_ok_and(|gate| *gate != Gate::Drop)
}

/// Counts a held PUT as long as it is held, also when the browser gives it up.
struct Held<'a>(&'a watch::Sender<usize>);

impl<'a> Held<'a> {
    fn count(held: &'a watch::Sender<usize>) -> Self {
        held.send_modify(|held| *held += 1);
        Self(held)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|held| *held -= 1);
    }
}

/// Passes a request on to `authority`, a host with its port.
pub(crate) async fn forward(
    mut request: Request<Full<Bytes>>,
    authority: &str,
) -> anyhow::Result<Response<Full<Bytes>>> {
    let path = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    *request.uri_mut() = path.parse::<Uri>()?;
    request.headers_mut().remove(HeaderName::from_static("proxy-connection"));
    request.headers_mut().remove(CONNECTION);
    let stream = TcpStream::connect(authority).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driving = tokio::spawn(connection);
    let (mut parts, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    driving.abort();
    parts.headers.remove(CONNECTION);
    parts.headers.remove(TRANSFER_ENCODING);
    Ok(Response::from_parts(parts, Full::new(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_scheme_host_and_port() {
        let exchange = Exchange {
            method: "PUT".to_owned(),
            url: "http://127.0.0.1:4781/veilsum/t/x?partNumber=1".to_owned(),
            headers: String::new(),
            body: Bytes::new(),
            status: Some(200),
        };
        assert_eq!(exchange.origin(), "http://127.0.0.1:4781");
        assert!(exchange.is_stored_put());
    }

    #[tokio::test]
    async fn puts_after_the_allowed_ones_are_held_until_released() {
        let recorder = Recorder::start().await.unwrap();
        recorder.hold_puts_after(1);
        assert!(pass(&recorder.shared).await);
        let shared = Arc::clone(&recorder.shared);
        let held = tokio::spawn(async move { pass(&shared).await });
        recorder.until_held().await.unwrap();
        recorder.release_puts();
        assert!(held.await.unwrap());
    }

    #[tokio::test]
    async fn dropped_puts_do_not_pass() {
        let recorder = Recorder::start().await.unwrap();
        recorder.hold_puts_after(0);
        let shared = Arc::clone(&recorder.shared);
        let held = tokio::spawn(async move { pass(&shared).await });
        recorder.until_held().await.unwrap();
        recorder.drop_puts();
        assert!(!held.await.unwrap());
        assert!(!pass(&recorder.shared).await);
        recorder.release_puts();
        assert!(pass(&recorder.shared).await);
    }
}
