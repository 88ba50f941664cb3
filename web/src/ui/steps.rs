//! The line of named steps from a file to an answer.

use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// A step of the whole way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Read,
    Prepare,
    Encrypt,
    Compute,
    Decrypt,
    /// All are done.
    Answered,
}

const STEPS: [(Step, &str); 5] = [
    (Step::Read, "Read"),
    (Step::Prepare, "Prepare"),
    (Step::Encrypt, "Encrypt & upload"),
    (Step::Compute, "Compute"),
    (Step::Decrypt, "Decrypt"),
];

/// Shows which steps are done and which one is next.
#[component]
pub(crate) fn Steps(#[prop(into)] current: Signal<Step>) -> impl IntoView {
    let item = move |(place, (step, name)): (usize, (Step, &'static str))| {
        let state = move || match step.cmp(&current.get()) {
            core::cmp::Ordering::Less => "done",
            core::cmp::Ordering::Equal => "current",
            core::cmp::Ordering::Greater => "ahead",
        };
        view! {
            <li class="step" data-state=state aria-current=move || (state() == "current").then_some("step")>
                <span class="step-sign" aria-hidden="true">
                    {move || if state() == "done" {
                        view! { <Icon symbol=Symbol::Check/> }.into_any()
                    } else {
                        (place + 1).into_any()
                    }}
                </span>
                <span class="step-name">{name}</span>
                <span class="visually-hidden">{move || if state() == "done" { " (done)" } else { "" }}</span>
            </li>
        }
    };
    view! {
        <ol class="steps" aria-label="Steps from file to answer">
            {STEPS.into_iter().enumerate().map(item).collect_view()}
        </ol>
    }
}
