//! A switch that stops a process and everything it waits for.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};

/// The process was stopped by its [`Abort`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aborted;

/// Stops a process; clones are the same switch.
#[derive(Debug, Clone, Default)]
pub struct Abort {
    inner: Rc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    aborted: Cell<bool>,
    /// Whoever waits for the switch holds the other ends; dropping these is the signal.
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

impl Abort {
    /// A switch that has not been used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the process: what it waits for is dropped at once, its loops end at their next check.
    pub fn abort(&self) {
        self.inner.aborted.set(true);
        let waiting = self.inner.waiting.take();
        drop(waiting);
    }

    /// Whether the process was stopped.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.inner.aborted.get()
    }

    /// # Errors
    /// [`Aborted`] once the process was stopped.
    pub fn check(&self) -> Result<(), Aborted> {
        if self.is_aborted() { Err(Aborted) } else { Ok(()) }
    }

    /// The outcome of `work`, unless the process is stopped first.
    ///
    /// # Errors
    /// [`Aborted`] if so; `work` is dropped then.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Result<T, Aborted> {
        self.check()?;
        match select(pin!(work), pin!(self.aborted())).await {
            Either::Left((outcome, _)) => Ok(outcome),
            Either::Right(((), _)) => Err(Aborted),
        }
    }

    async fn aborted(&self) {
        let (wake, aborted) = oneshot::channel();
        {
            let mut waiting = self.inner.waiting.borrow_mut();
            waiting.retain(|wake| !wake.is_canceled());
            waiting.push(wake);
        }
        let _ = aborted.await;
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use std::future::pending;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn ends_what_waits() {
        let abort = Abort::new();
        let mut waiting = pin!(abort.or(pending::<()>()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        abort.clone().abort();
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Ready(Err(Aborted)));
    }

    #[test]
    fn starts_nothing_once_aborted() {
        let abort = Abort::new();
        abort.abort();
        let mut never = pin!(abort.or(async { unreachable!("must not be polled") }));
        let outcome: Poll<Result<(), _>> = never.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(outcome, Poll::Ready(Err(Aborted)));
    }
}
