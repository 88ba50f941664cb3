//! The worker's clock: dates, durations, sleeping and giving way to other tasks.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use futures_channel::oneshot;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel};

/// Work that takes longer than this without giving way would delay a cancel or a message.
const TURN: Duration = Duration::from_millis(20);

/// The worker's global object.
pub(crate) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Seconds since 1970-01-01 UTC, by this device's clock.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a date is positive and far below 2^53"
)]
pub(crate) fn now_seconds() -> u64 {
    (js_sys::Date::now() / 1_000.0) as u64
}

/// Measures a duration; unaffected by changes of the clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch {
    started: f64,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { started: milliseconds() }
    }

    /// Seconds since the start.
    pub(crate) fn seconds(self) -> f64 {
        (milliseconds() - self.started) / 1_000.0
    }

    /// Seconds since the start; starts again.
    pub(crate) fn lap(&mut self) -> f64 {
        let now = milliseconds();
        let seconds = (now - self.started) / 1_000.0;
        self.started = now;
        seconds
    }
}

fn milliseconds() -> f64 {
    scope().performance().map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// Waits.
pub(crate) async fn sleep(duration: Duration) {
    let milliseconds = i32::try_from(duration.as_millis()).unwrap_or(i32::MAX);
    let elapsed = js_sys::Promise::new(&mut |resolve, _| {
        // Fails for strings as handlers only.
        let _ = scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
    });
    let _ = JsFuture::from(elapsed).await;
}

/// Lets messages and timers that are due run, then goes on. Unlike a timer it is never delayed by the browser.
pub(crate) async fn give_way() {
    thread_local! {
        static TURNS: Turns = Turns::new();
    }
    let turn = TURNS.with(Turns::next);
    let _ = turn.await;
}

/// Gives way where more than [`TURN`] has passed since it last did.
#[derive(Debug)]
pub(crate) struct Turn {
    since: Stopwatch,
}

impl Turn {
    pub(crate) fn begin() -> Self {
        Self { since: Stopwatch::start() }
    }

    /// Whether others have waited long enough.
    pub(crate) fn is_over(&self) -> bool {
        self.since.seconds() > TURN.as_secs_f64()
    }

    /// Lets others run.
    pub(crate) async fn pass(&mut self) {
        give_way().await;
        self.since = Stopwatch::start();
    }
}

/// Tells whether something shown should be shown anew: at most ten times a second.
#[derive(Debug)]
pub(crate) struct Pace {
    last: Option<Stopwatch>,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { last: None }
    }

    pub(crate) fn is_due(&mut self) -> bool {
        let due = self.last.is_none_or(|last| last.seconds() >= 0.1);
        if due {
            self.last = Some(Stopwatch::start());
        }
        due
    }
}

/// A message to oneself is a task of its own: whatever came before it runs first.
struct Turns {
    channel: Option<MessageChannel>,
    waiting: &'static RefCell<VecDeque<oneshot::Sender<()>>>,
}

impl Turns {
    fn new() -> Self {
        // One per worker, for its whole life.
        let waiting: &'static RefCell<VecDeque<oneshot::Sender<()>>> = Box::leak(Box::default());
        let channel = MessageChannel::new().ok();
        if let Some(channel) = &channel {
            let wake = Closure::<dyn Fn()>::new(|| {
                let next = waiting.borrow_mut().pop_front();
                if let Some(next) = next {
                    let _ = next.send(());
                }
            });
            channel.port1().set_onmessage(Some(wake.as_ref().unchecked_ref()));
            wake.forget();
        }
        Self { channel, waiting }
    }

    /// Resolves in a later task (at once where the browser has no message channels).
    fn next(&self) -> oneshot::Receiver<()> {
        let (wake, turn) = oneshot::channel();
        if let Some(channel) = &self.channel {
            self.waiting.borrow_mut().push_back(wake);
            let _ = channel.port2().post_message(&JsValue::NULL);
        }
        turn
    }
}
