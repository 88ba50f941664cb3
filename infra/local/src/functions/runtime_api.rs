//! The Lambda Runtime API, version 2018-06-01: where a function process asks for work and leaves its results.
//!
//! Every process has its own base path (its *slot*), so that the host knows who asks.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use super::{Function, InvokeError, PAYLOAD_LIMIT_BYTES, RunningProcess};
use crate::server::{self, Server};

/// Takes the result of an invocation to whoever waits for it.
type Reply = oneshot::Sender<Result<Bytes, InvokeError>>;

/// One call of a function, on its way to a process.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) deadline_ms: u64,
    pub(super) reply: Reply,
}

/// What the runtime API knows of one process.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) function: Function,
    work: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    current: Mutex<Option<(String, Reply)>>,
    /// Turns true when the process asks for work for the first time.
    pub(super) ready: watch::Sender<bool>,
    /// Why the process says that it could not start.
    pub(super) init_error: Mutex<Option<String>>,
    pub(super) pid: Mutex<Option<u32>>,
}

/// All processes by the id in their path.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    slots: Arc<Mutex<HashMap<String, Arc<Slot>>>>,
}

impl Slots {
    /// Makes a slot; what is sent goes to the process that uses it.
    pub(super) fn add(&self, id: &str, function: Function) -> (Arc<Slot>, mpsc::Sender<Invocation>) {
        let (sender, work) = mpsc::channel(1);
        let slot = Arc::new(Slot {
            function,
            work: tokio::sync::Mutex::new(work),
            current: Mutex::default(),
            ready: watch::Sender::new(false),
            init_error: Mutex::default(),
            pid: Mutex::default(),
        });
        self.lock().insert(id.to_owned(), Arc::clone(&slot));
        (slot, sender)
    }

    pub(super) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    pub(super) fn processes(&self) -> Vec<RunningProcess> {
        let running = |slot: &Arc<Slot>| {
            let pid = (*slot.pid.lock().unwrap_or_else(PoisonError::into_inner))?;
            Some(RunningProcess { function: slot.function, pid, is_busy: slot.request_id().is_some() })
        };
        self.lock().values().filter_map(running).collect()
    }

    fn get(&self, id: &str) -> Option<Arc<Slot>> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// The invocation that the process has taken and not answered.
    pub(super) fn request_id(&self) -> Option<String> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().map(|(request_id, _)| request_id.clone())
    }

    /// Hands the result to whoever waits for this invocation; `false` if nobody does.
    fn reply(&self, request_id: &str, result: Result<Bytes, InvokeError>) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match current.take_if(|(found, _)| found == request_id) {
            Some((_, reply)) => reply.send(result).is_ok(),
            None => false,
        }
    }
}

/// Serves the API on a free loopback port.
pub(super) async fn serve(slots: Slots) -> io::Result<Server> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let service = service_fn(move |request: Request<Incoming>| {
        let slots = slots.clone();
        async move { Ok::<_, Infallible>(answer(&slots, request).await) }
    });
    server::spawn(listener, service)
}

async fn answer(slots: &Slots, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let path: Vec<_> = parts.uri.path().trim_start_matches('/').split('/').collect();
    let Some((id, ["2018-06-01", "runtime", call @ ..])) = path.split_first() else {
        return error(StatusCode::NOT_FOUND, "UnknownPath");
    };
    let Some(slot) = slots.get(id) else { return error(StatusCode::FORBIDDEN, "UnknownProcess") };
    match (&parts.method, call) {
        (&Method::GET, ["invocation", "next"]) => next(&slot).await,
        (&Method::POST, ["invocation", request_id, "response"]) => response(&slot, request_id, body).await,
        (&Method::POST, ["invocation", request_id, "error"]) => failure(&slot, request_id, body).await,
        (&Method::POST, ["init", "error"]) => init_error(&slot, body).await,
        _ => error(StatusCode::NOT_FOUND, "UnknownPath"),
    }
}

async fn next(slot: &Slot) -> Response<Full<Bytes>> {
    slot.ready.send_replace(true);
    let Some(invocation) = slot.work.lock().await.recv().await else {
        return error(StatusCode::GONE, "HostStopping");
    };
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", &invocation.request_id)
        .header("lambda-runtime-deadline-ms", invocation.deadline_ms)
        .header("lambda-runtime-invoked-function-arn", arn(slot.function))
        .body(Full::new(invocation.payload))
        .unwrap_or_else(|_| error(StatusCode::INTERNAL_SERVER_ERROR, "Headers"));
    let mut current = slot.current.lock().unwrap_or_else(PoisonError::into_inner);
    *current = Some((invocation.request_id, invocation.reply));
    response
}

async fn response(slot: &Slot, request_id: &str, body: Incoming) -> Response<Full<Bytes>> {
    let limit = PAYLOAD_LIMIT_BYTES;
    match read(body).await {
        Body::Whole(bytes) if slot.reply(request_id, Ok(bytes.clone())) => accepted(),
        Body::Whole(_) => error(StatusCode::BAD_REQUEST, "InvalidRequestID"),
        Body::TooLarge => {
            slot.reply(
                request_id,
                Err(InvokeError::ResponseTooLarge { function: slot.function.name(), limit }),
            );
            error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
        }
        // The process is going away; whoever waits learns it from its end.
        Body::Broken => error(StatusCode::BAD_REQUEST, "BrokenBody"),
    }
}

/// An error as the runtime reports it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Diagnostic {
    error_type: String,
    error_message: String,
}

impl Default for Diagnostic {
    fn default() -> Self {
        Self { error_type: "Unknown".to_owned(), error_message: String::new() }
    }
}

async fn read_diagnostic(body: Incoming) -> Diagnostic {
    match read(body).await {
        Body::Whole(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Body::TooLarge | Body::Broken => Diagnostic::default(),
    }
}

async fn failure(slot: &Slot, request_id: &str, body: Incoming) -> Response<Full<Bytes>> {
    let function = slot.function.name();
    let Diagnostic { error_type: kind, error_message: message } = read_diagnostic(body).await;
    tracing::warn!(function, kind, message, "function reports an error");
    if slot.reply(request_id, Err(InvokeError::Failed { function, kind })) {
        accepted()
    } else {
        error(StatusCode::BAD_REQUEST, "InvalidRequestID")
    }
}

async fn init_error(slot: &Slot, body: Incoming) -> Response<Full<Bytes>> {
    let Diagnostic { error_type: kind, error_message: message } = read_diagnostic(body).await;
    tracing::error!(function = slot.function.name(), kind, message, "function could not start");
    *slot.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(kind);
    accepted()
}

enum Body {
    Whole(Bytes),
    TooLarge,
    Broken,
}

async fn read(body: Incoming) -> Body {
    match Limited::new(body, PAYLOAD_LIMIT_BYTES).collect().await {
        Ok(whole) => Body::Whole(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Body::TooLarge,
        Err(_) => Body::Broken,
    }
}

fn arn(function: Function) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:veilsum-{}", function.name())
}

fn accepted() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from("{\"status\":\"OK\"}"));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn error(status: StatusCode, kind: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "errorType": kind, "errorMessage": kind });
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response
}
