//! What stands in front of a screen that needs the keys: create a keyring, or unlock the one that is here.
//!
//! The forms have no field for a user name, not even a hidden one for password managers: with one, Chromium asks a
//! server of its maker whether the pair was leaked, and something derived from the passphrase leaves the browser.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::import_key_file::ImportKeyFile;
use super::title::focus_heading;
use crate::messages::{Fault, KeyringStatus};
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::progress::{Bar, ProgressBar, Skeleton};
use crate::ui::vault_client::Vault;

const MIN_PASSPHRASE_CHARACTERS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Waiting,
    Absent,
    Locked,
    Open,
}

/// Shows its children once the keyring is unlocked, and until then how to get there.
#[component]
pub(in crate::page) fn KeyringGate(children: ChildrenFn) -> impl IntoView {
    let vault = expect_context::<Vault>();
    // A memo, so that children are not rebuilt when only details of the status change.
    let gate = Memo::new(move |_| match vault.keyring.get() {
        None => Gate::Waiting,
        Some(KeyringStatus::Absent) => Gate::Absent,
        Some(KeyringStatus::Locked { .. }) => Gate::Locked,
        Some(KeyringStatus::Unlocked { .. }) => Gate::Open,
    });
    // The form that had the focus is gone: start again from the heading.
    Effect::new(move |before: Option<Gate>| {
        let now = gate.get();
        if before.is_some_and(|before| before != Gate::Waiting && before != now) {
            focus_heading();
        }
        now
    });
    move || match gate.get() {
        Gate::Waiting => {
            if vault.stopped.get().is_some() {
                ().into_any()
            } else {
                view! { <Skeleton label="Starting the vault…"/> }.into_any()
            }
        }
        Gate::Absent => view! {
            <section class="panel browser-side gate" aria-labelledby="gate-title">
                <CreateKeyring/>
                <ImportKeyFile folded=true/>
            </section>
        }
        .into_any(),
        Gate::Locked => view! {
            <section class="panel browser-side gate" aria-labelledby="gate-title">
                <UnlockKeyring/>
                <ImportKeyFile folded=true/>
            </section>
        }
        .into_any(),
        Gate::Open => children().into_any(),
    }
}

/// Passphrase twice, key size, and the search for primes.
#[component]
fn CreateKeyring() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let passphrase = RwSignal::new(String::new());
    let repeat = RwSignal::new(String::new());
    let bits = RwSignal::new("3072".to_owned());
    let problem = RwSignal::new(None::<&'static str>);
    let running = RwSignal::new(false);
    let fault = RwSignal::new(None::<Fault>);

    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let chosen = passphrase.get_untracked();
        if chosen.chars().count() < MIN_PASSPHRASE_CHARACTERS {
            problem.set(Some("The passphrase needs at least 8 characters."));
            return;
        }
        if chosen != repeat.get_untracked() {
            problem.set(Some("The two passphrases differ. Type the same one twice."));
            return;
        }
        problem.set(None);
        fault.set(None);
        running.set(true);
        let bits = if bits.get_untracked() == "2048" { 2048 } else { 3072 };
        spawn_local(async move {
            let result = vault.create_keyring(chosen, bits).await;
            running.try_set(false);
            if let Err(error) = result {
                fault.try_set(Some(error));
            }
        });
    };
    let bar = Signal::derive(move || match vault.activity.keygen.get() {
        Some((stage, tried, expected)) => Bar {
            label: stage,
            // Luck may be bad: then nobody can tell how far it is.
            share: (tried <= expected).then_some((tried.into(), expected.into())),
            facts: vec![format!("{tried} candidates tried, {expected} on average")],
        },
        None => Bar { label: "Making the keys".into(), share: None, facts: Vec::new() },
    });

    view! {
        <h2 id="gate-title"><Icon symbol=Symbol::Lock/>"Create your keyring"</h2>
        <p class="lead">
            "The keys are made in this browser and stay here. A passphrase wraps them; nobody can reset it."
        </p>
        <form class="fields" on:submit=submit>
            <fieldset disabled=move || running.get()>
                <div class="field">
                    <label for="create-passphrase">"Passphrase"</label>
                    <input
                        type="password" id="create-passphrase" data-testid="create-passphrase"
                        autocomplete="new-password" required aria-describedby="create-hint create-problem"
                        prop:value=passphrase on:input:target=move |event| passphrase.set(event.target().value())
                    />
                    <p class="hint" id="create-hint">"At least 8 characters. Four or more unrelated words are better."</p>
                </div>
                <div class="field">
                    <label for="create-passphrase-repeat">"Passphrase again"</label>
                    <input
                        type="password" id="create-passphrase-repeat" data-testid="create-passphrase-repeat"
                        autocomplete="new-password" required aria-describedby="create-problem"
                        prop:value=repeat on:input:target=move |event| repeat.set(event.target().value())
                    />
                </div>
                <div class="field">
                    <label for="create-key-size">"Key size"</label>
                    <select
                        id="create-key-size" data-testid="create-key-size"
                        prop:value=bits on:change:target=move |event| bits.set(event.target().value())
                    >
                        <option value="3072">"3072 bits (128-bit security)"</option>
                        <option value="2048">"2048 bits (112-bit security, not after 2030)"</option>
                    </select>
                    <p class="hint">"2048 bits encrypt about three times as fast; the key and every dataset under it should retire by 2030."</p>
                </div>
                <p class="problem" id="create-problem" role="alert" data-testid="create-problem">{move || problem.get()}</p>
                {move || fault.get().map(|fault| view! { <FaultNote fault testid="create-error"/> })}
                <button type="submit" class="button primary" data-testid="create-keyring">
                    {move || if running.get() { "Making the keys…" } else { "Create keyring" }}
                </button>
            </fieldset>
        </form>
        <Show when=move || running.get()>
            <ProgressBar bar testid="keygen-progress"/>
            <button
                type="button" class="button" data-testid="keygen-cancel"
                // The command that is cancelled ends with the fault `cancelled`, which says what happened.
                on:click=move |_| spawn_local(async move { let _ = vault.cancel_keyring().await; })
            >
                "Cancel"
            </button>
        </Show>
    }
}

/// The passphrase of the keyring that is here.
#[component]
fn UnlockKeyring() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let passphrase = RwSignal::new(String::new());
    let running = RwSignal::new(false);
    let fault = RwSignal::new(None::<Fault>);
    let input = NodeRef::<leptos::html::Input>::new();

    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        fault.set(None);
        running.set(true);
        spawn_local(async move {
            let result = vault.unlock_keyring(passphrase.get_untracked()).await;
            running.try_set(false);
            if let Err(error) = result {
                fault.try_set(Some(error));
                if let Some(input) = input.try_get_untracked().flatten() {
                    let _ = input.focus();
                    input.select();
                }
            }
        });
    };

    view! {
        <h2 id="gate-title"><Icon symbol=Symbol::Lock/>"Unlock your keyring"</h2>
        <p class="lead">"Open keys are only in this tab's memory: after a reload, or once locked, they must be unlocked again. The passphrase opens them here; it is not sent anywhere."</p>
        <form class="fields" on:submit=submit>
            <div class="field">
                <label for="unlock-passphrase">"Passphrase"</label>
                <input
                    type="password" id="unlock-passphrase" data-testid="unlock-passphrase" node_ref=input
                    autocomplete="current-password" required
                    aria-invalid=move || fault.with(Option::is_some).then_some("true")
                    prop:value=passphrase on:input:target=move |event| passphrase.set(event.target().value())
                />
            </div>
            {move || fault.get().map(|fault| view! { <FaultNote fault testid="unlock-error"/> })}
            <button type="submit" class="button primary" data-testid="unlock" disabled=move || running.get()>
                {move || if running.get() { "Unlocking…" } else { "Unlock" }}
            </button>
        </form>
    }
}
