//! Verify: a certificate of answers, checked in this browser, by anybody.

use leptos::html::H2;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::answers::CheckedAnswer;
use crate::messages::{CertificateView, Fault};
use crate::ui::fault::FaultNote;
use crate::ui::file_input::FileInput;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::progress::Skeleton;
use crate::ui::vault_client::Vault;
use crate::ui::words;

/// How a check goes.
#[derive(Clone)]
enum Check {
    Idle,
    Running,
    Done(Box<CertificateView>),
    Failed(Fault),
}

/// The screen under the heading.
#[component]
pub(super) fn Verify() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let text = RwSignal::new(String::new());
    let check = RwSignal::new(Check::Idle);
    let verify = move |certificate: String| {
        check.set(Check::Running);
        spawn_local(async move {
            let result = vault.verify_certificate(certificate).await;
            check.try_set(match result {
                Ok(view) => Check::Done(Box::new(view)),
                Err(fault) => Check::Failed(fault),
            });
        });
    };
    let on_file = Callback::new(move |file: File| {
        spawn_local(async move {
            match JsFuture::from(file.text()).await {
                Ok(read) => {
                    let read = read.as_string().unwrap_or_default();
                    text.try_set(read.clone());
                    verify(read);
                }
                Err(_) => {
                    let message = "The file could not be read. Choose it again.";
                    check.try_set(Check::Failed(Fault::new("file-unreadable", message)));
                }
            }
        });
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        verify(text.get_untracked());
    };
    view! {
        <p class="lead">
            "A certificate says what was asked of which dataset and what came of it, signed by the dataset’s owner. "
            "It is checked in this browser: nothing is sent, and no keyring is needed."
        </p>
        <section class="panel browser-side" aria-labelledby="certificate-title">
            <h2 id="certificate-title"><Icon symbol=Symbol::File/>"Certificate"</h2>
            <form class="fields" on:submit=submit>
                <FileInput id="certificate-file" label="Choose a certificate" accept=".json,application/json" class="primary" on_file/>
                <div class="field wide">
                    <label for="certificate-text">"Or paste it"</label>
                    <textarea
                        id="certificate-text" data-testid="certificate-text" rows="6" spellcheck="false" class="mono"
                        prop:value=text on:input:target=move |event| text.set(event.target().value())
                    ></textarea>
                </div>
                <button
                    type="submit" class="button" data-testid="certificate-check"
                    disabled=move || text.with(|text| text.trim().is_empty())
                >"Check"</button>
            </form>
        </section>
        {move || match check.get() {
            Check::Idle => ().into_any(),
            Check::Running => view! { <Skeleton label="Checking…"/> }.into_any(),
            Check::Failed(fault) => view! { <FaultNote fault testid="certificate-fault"/> }.into_any(),
            Check::Done(view) => view! { <Checked view=*view/> }.into_any(),
        }}
    }
}

#[component]
fn Checked(view: CertificateView) -> impl IntoView {
    let CertificateView { checks, facts, answers, made_at } = view;
    let heading = NodeRef::<H2>::new();
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            let _ = heading.focus();
        }
    });
    let failed = checks.iter().filter(|(passed, _)| !passed).count() as u64;
    let title = match failed {
        0 => format!("Every check passed ({})", checks.len()),
        failed => format!("{} failed: do not rely on this certificate", words::counted(failed, "check")),
    };
    view! {
        <section class="panel" aria-labelledby="checks-title" data-testid="certificate" data-failed=failed.to_string()>
            <h2 id="checks-title" tabindex="-1" node_ref=heading class=if failed == 0 { "passed" } else { "failed" }>
                <Icon symbol=if failed == 0 { Symbol::Check } else { Symbol::Cross }/>{title}
            </h2>
            <ul class="checks">
                {checks.into_iter().map(|(passed, sentence)| view! {
                    <li data-testid="certificate-check-row" data-passed=passed.to_string() class=if passed { "passed" } else { "failed" }>
                        <Icon symbol=if passed { Symbol::Check } else { Symbol::Cross }/>
                        <span class="wrap"><strong>{if passed { "Passed: " } else { "Failed: " }}</strong>{sentence}</span>
                    </li>
                }).collect_view()}
            </ul>
            <dl class="pairs">
                <div><dt>"Made"</dt><dd>{words::moment(made_at)}</dd></div>
                {facts.into_iter().map(|(label, value)| view! { <div><dt>{label}</dt><dd class="wrap">{value}</dd></div> }).collect_view()}
            </dl>
        </section>
        {(!answers.is_empty()).then(|| view! {
            <section class="panel browser-side" aria-labelledby="recomputed-title" data-testid="certificate-answers">
                <h2 id="recomputed-title"><Icon symbol=Symbol::Browser/>"Answers, computed again from its totals"</h2>
                {answers.into_iter().map(|answer| {
                    let (title, name) = (answer.title.clone(), answer.title.clone());
                    view! { <article class="answer"><h3 class="wrap">{title}</h3><CheckedAnswer answer twin=None name/></article> }
                }).collect_view()}
            </section>
        })}
    }
}
