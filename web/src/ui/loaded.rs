//! A value that the vault is asked for, and asked for again when what it depends on changes.

use core::future::Future;
use core::pin::Pin;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::messages::Fault;

type Answer<T> = Pin<Box<dyn Future<Output = Result<T, Fault>>>>;

/// A value on its way, there, or refused.
pub(crate) struct Loaded<T: Send + Sync + 'static> {
    value: RwSignal<Option<Result<T, Fault>>>,
    /// Counts what was asked, so that only the answer to the newest question counts.
    asked: RwSignal<u32>,
    /// Whether the newest question has no answer yet.
    pending: RwSignal<bool>,
}

impl<T: Send + Sync + 'static> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Loaded<T> {}

impl<T: Clone + Send + Sync + 'static> Loaded<T> {
    /// Asks now, and whenever a signal that `ask` reads has changed. The old value stays until the new one is there.
    pub(crate) fn new(ask: impl Fn() -> Answer<T> + 'static) -> Self {
        let loaded =
            Self { value: RwSignal::new(None), asked: RwSignal::new(0), pending: RwSignal::new(true) };
        let newest = StoredValue::new(0_u32);
        Effect::new(move |_| {
            loaded.asked.track();
            let number = newest.get_value().wrapping_add(1);
            newest.set_value(number);
            loaded.pending.set(true);
            let answer = ask();
            spawn_local(async move {
                let answer = answer.await;
                if newest.try_get_value() == Some(number) {
                    loaded.value.try_set(Some(answer));
                    loaded.pending.try_set(false);
                }
            });
        });
        loaded
    }

    /// The value; `None` while the first answer is awaited.
    pub(crate) fn get(self) -> Option<Result<T, Fault>> {
        self.value.get()
    }

    /// Looks at the value.
    pub(crate) fn with<U>(self, look: impl FnOnce(Option<&Result<T, Fault>>) -> U) -> U {
        self.value.with(|value| look(value.as_ref()))
    }

    /// Whether what [`Self::get`] gives is the answer to an older question.
    pub(crate) fn is_pending(self) -> bool {
        self.pending.get()
    }

    /// Asks again; a refusal does not stay meanwhile.
    pub(crate) fn again(self) {
        if self.value.with_untracked(|value| matches!(value, Some(Err(_)))) {
            self.value.set(None);
        }
        self.asked.update(|asked| *asked = asked.wrapping_add(1));
    }
}
