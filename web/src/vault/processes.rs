//! Long work that can be stopped: which runs, and waiting until it has ended.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use futures_channel::oneshot;

use crate::abort::Abort;
use crate::messages::Fault;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Reading a table; a new one replaces the one that runs.
    Reading,
    /// The upload; one at a time.
    Upload,
    /// The job; one at a time.
    Job,
    /// Reading a table to learn from; a new one replaces the one that runs.
    LearnTable,
    /// Training a model; one at a time.
    Training,
    /// Having records scored; one at a time.
    Scoring,
    /// A step of a training of several owners; one at a time.
    Joint,
    /// Making, opening, importing or removing the keyring; one at a time.
    Keyring,
    /// Preparing the rows of the open table; a new one replaces the one that runs.
    Refining,
    /// Making the rows of the open table ready to be looked at; a new one replaces the one that runs.
    Rows,
    /// Anything else that needs the keyring.
    Other,
}

/// The processes that run.
#[derive(Debug, Default, Clone)]
pub struct Processes {
    inner: Rc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next_id: Cell<u64>,
    running: RefCell<Vec<(u64, Work, Abort)>>,
    /// Dropped whenever a process ends.
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

/// A process that runs until this is dropped. Dereferences to its switch.
#[derive(Debug)]
pub struct Process {
    id: u64,
    abort: Abort,
    inner: Rc<Inner>,
}

impl Processes {
    /// Begins work of a kind that may run any number of times.
    #[must_use]
    pub fn begin(&self, work: Work) -> Process {
        let id = self.inner.next_id.get();
        self.inner.next_id.set(id + 1);
        let abort = Abort::new();
        self.inner.running.borrow_mut().push((id, work, abort.clone()));
        Process { id, abort, inner: Rc::clone(&self.inner) }
    }

    /// Begins work of a kind that runs once at a time.
    ///
    /// # Errors
    /// A [`Fault`] if it runs already.
    pub fn begin_only(&self, work: Work) -> Result<Process, Fault> {
        if self.runs(work) {
            let what = match work {
                Work::Reading | Work::LearnTable => "A file is being read",
                Work::Upload => "An upload is running",
                Work::Job => "An analysis is running",
                Work::Training => "A training is running",
                Work::Scoring => "A scoring or a measurement is running",
                Work::Joint => "A step of a training is running",
                Work::Keyring => "The keyring is being changed",
                Work::Refining => "The table is being prepared",
                Work::Rows => "Rows are being made ready",
                Work::Other => "A request is running",
            };
            return Err(Fault::new(
                "busy",
                &format!("{what} already. Wait until it ends, or cancel it first."),
            ));
        }
        Ok(self.begin(work))
    }

    /// Whether work of this kind runs.
    #[must_use]
    pub fn runs(&self, work: Work) -> bool {
        self.inner.running.borrow().iter().any(|(_, running, _)| *running == work)
    }

    /// Stops all work of this kind and waits until it has ended.
    pub async fn stop(&self, work: Work) {
        self.stop_where(|running| running == work).await;
    }

    /// Stops everything but work on the keyring itself, and waits until it has ended.
    pub async fn stop_all(&self) {
        self.stop_where(|running| running != Work::Keyring).await;
    }

    async fn stop_where(&self, chosen: impl Fn(Work) -> bool) {
        loop {
            let aborts: Vec<Abort> = self
                .inner
                .running
                .borrow()
                .iter()
                .filter(|(_, work, _)| chosen(*work))
                .map(|(_, _, abort)| abort.clone())
                .collect();
            if aborts.is_empty() {
                return;
            }
            aborts.iter().for_each(Abort::abort);
            let (sender, ended) = oneshot::channel();
            self.inner.waiting.borrow_mut().push(sender);
            let _ = ended.await;
        }
    }
}

impl Deref for Process {
    type Target = Abort;

    fn deref(&self) -> &Abort {
        &self.abort
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.inner.running.borrow_mut().retain(|(id, _, _)| *id != self.id);
        let waiting = self.inner.waiting.take();
        drop(waiting);
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn work_of_one_kind_runs_once() {
        let processes = Processes::default();
        let upload = processes.begin_only(Work::Upload).unwrap();
        assert_eq!(processes.begin_only(Work::Upload).unwrap_err().code, "busy");
        assert!(processes.begin_only(Work::Job).is_ok());
        drop(upload);
        assert!(processes.begin_only(Work::Upload).is_ok());
    }

    #[test]
    fn stopping_waits_for_the_end() {
        let processes = Processes::default();
        let upload = processes.begin(Work::Upload);
        let job = processes.begin(Work::Job);
        let mut context = Context::from_waker(Waker::noop());
        let mut stopped = pin!(processes.stop(Work::Upload));
        assert!(stopped.as_mut().poll(&mut context).is_pending());
        assert!(upload.is_aborted() && !job.is_aborted());
        drop(upload);
        assert_eq!(stopped.as_mut().poll(&mut context), Poll::Ready(()));
    }
}
