//! A failure, where its cause is: the sentence, and the technical detail folded.

use leptos::prelude::*;

use super::icon::{Icon, Symbol};
use crate::messages::Fault;

/// One failure.
#[component]
pub(crate) fn FaultNote(
    fault: Fault,
    /// For tests; `fault` unless the screen needs to tell several apart.
    #[prop(default = "fault")]
    testid: &'static str,
) -> impl IntoView {
    // What the owner stopped is no alarm.
    let class = if fault.code == "cancelled" { "note" } else { "note danger" };
    view! {
        <div class=class role="alert" data-testid=testid data-code=fault.code.clone()>
            <Icon symbol=Symbol::Warning/>
            <div>
                <p>{fault.message}</p>
                {fault.detail.map(|detail| view! {
                    <details>
                        <summary>"Technical detail"</summary>
                        <p class="mono wrap">{format!("{}: {detail}", fault.code)}</p>
                    </details>
                })}
            </div>
        </div>
    }
}
