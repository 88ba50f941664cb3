//! Claims across tabs: two tabs of the same browser must not go on with the same upload at once.

use futures_channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;

use crate::messages::Fault;
use crate::time::scope;

/// A name that no other tab can claim until this is dropped.
#[derive(Debug)]
pub struct Claim {
    /// Ends the browser's lock; `None` where the browser has none.
    release: Option<Function>,
}

impl Claim {
    /// Claims `name`.
    ///
    /// # Errors
    /// A [`Fault`] if another tab has claimed it.
    pub async fn of(name: &str) -> Result<Self, Fault> {
        match request(name).await {
            // A browser without locks: nothing keeps a second tab away, and the worst it does is send parts again.
            Err(_) => Ok(Self { release: None }),
            Ok(Some(release)) => Ok(Self { release: Some(release) }),
            Ok(None) => Err(Fault::new(
                "other-tab",
                "Another tab of this browser works on this upload. Go on there, or close it and try again.",
            )),
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Asks for a lock: a function that releases it, or `None` if it is taken.
async fn request(name: &str) -> Result<Option<Function>, JsValue> {
    let locks = Reflect::get(&scope().navigator(), &"locks".into())?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &true.into())?;
    let (sender, answer) = oneshot::channel();
    let granted = Closure::once(move |lock: JsValue| -> JsValue {
        if lock.is_null() || lock.is_undefined() {
            let _ = sender.send(None);
            return JsValue::UNDEFINED;
        }
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let _ = sender.send(release);
        held.into()
    });
    request.call3(&locks, &name.into(), &options, granted.as_ref())?;
    let answer = answer.await.map_err(|_| JsValue::UNDEFINED)?;
    Ok(answer)
}
