//! The five steps on top: which are done, which one is shown; and a bar for all of them.

use leptos::prelude::*;

use super::desk::{Desk, ScoringProcess};
use crate::ui::icon::{Icon, Symbol};

/// A step of the workbench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Input,
    Encryption,
    Cloud,
    Decryption,
    Performance,
}

impl Step {
    const ALL: [Self; 5] = [Self::Input, Self::Encryption, Self::Cloud, Self::Decryption, Self::Performance];

    const fn name(self) -> &'static str {
        match self {
            Self::Input => "Input",
            Self::Encryption => "Encryption",
            Self::Cloud => "Cloud",
            Self::Decryption => "Decryption",
            Self::Performance => "Performance",
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Input => "step-input",
            Self::Encryption => "step-encryption",
            Self::Cloud => "step-cloud",
            Self::Decryption => "step-decryption",
            Self::Performance => "step-performance",
        }
    }
}

/// The last step that has something to show.
fn reached(desk: Desk) -> Step {
    let has_model = desk.model.with(Option::is_some);
    desk.scoring.with(|scoring| match scoring {
        ScoringProcess::Done(_) => Step::Performance,
        ScoringProcess::Running => Step::Cloud,
        ScoringProcess::None | ScoringProcess::Failed(_) if has_model => Step::Encryption,
        ScoringProcess::None | ScoringProcess::Failed(_) => Step::Input,
    })
}

/// The line of steps, with the bar under it.
#[component]
pub(super) fn BenchSteps() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let reached = Memo::new(move |_| reached(desk));
    let item = move |(place, step): (usize, Step)| {
        let state = move || {
            if desk.step.get() == step {
                "current"
            } else if step <= reached.get() {
                "done"
            } else {
                "ahead"
            }
        };
        view! {
            <li class="step" data-state=state>
                <button
                    type="button" class="step-button" data-testid=step.id()
                    aria-current=move || (state() == "current").then_some("step")
                    disabled=move || reached.get() < step && desk.step.get() != step
                    on:click=move |_| desk.step.set(step)
                >
                    <span class="step-sign" aria-hidden="true">
                        {move || if state() == "done" && step < reached.get() {
                            view! { <Icon symbol=Symbol::Check/> }.into_any()
                        } else {
                            (place + 1).into_any()
                        }}
                    </span>
                    <span class="step-name">{step.name()}</span>
                </button>
            </li>
        }
    };
    let percent = move || (reached.get() as usize * 100 / (Step::ALL.len() - 1)).to_string();
    view! {
        <nav class="bench-steps" aria-label="Steps of the workbench">
            <ol class="steps">{Step::ALL.into_iter().enumerate().map(item).collect_view()}</ol>
            <progress max="100" value=percent aria-label="How far the workbench is" data-testid="bench-progress"></progress>
        </nav>
    }
}
