//! What stands around every screen: header, notices, footer.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::address::{Address, Screen};
use super::theme::ThemeSwitch;
use crate::messages::KeyringStatus;
use crate::ui::fault::FaultNote;
use crate::ui::icon::{Icon, Symbol};
use crate::ui::module::WorkbenchScreen;
use crate::ui::vault_client::Vault;

/// Product mark, navigation, key status, colours.
#[component]
pub(super) fn Header() -> impl IntoView {
    let address = expect_context::<Address>();
    view! {
        <header class="top">
            <div class="top-inner">
                <a href="/" class="mark" data-testid="home">
                    <svg class="mark-sign" viewBox="0 0 32 32" aria-hidden="true">
                        <rect width="32" height="32" rx="7"/>
                        <path d="M22.5 11V8.5h-13L16 16l-6.5 7.5h13V21"/>
                        <path class="veil" d="M17 4v24M20.5 4v24M24 4v24M27.5 4v24"/>
                    </svg>
                    <span class="mark-name">"Veilsum"</span>
                </a>
                <nav aria-label="Main">
                    <a
                        href="/datasets" class="nav-link" data-testid="nav-datasets"
                        aria-current=move || (address.screen() == Screen::Datasets).then_some("page")
                    >"Datasets"</a>
                    <a
                        href="/workbench" class="nav-link" data-testid="nav-workbench"
                        aria-current=move || (address.screen() == Screen::Workbench(WorkbenchScreen::Workbench)).then_some("page")
                    >"Workbench"</a>
                    <a
                        href="/models" class="nav-link nav-models" data-testid="nav-models"
                        aria-current=move || (address.screen() == Screen::Workbench(WorkbenchScreen::Models)).then_some("page")
                    >"Models"</a>
                </nav>
                <div class="top-end">
                    <KeyStatus/>
                    <ThemeSwitch/>
                </div>
            </div>
        </header>
    }
}

#[component]
fn KeyStatus() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let words = move || match vault.keyring.get() {
        None => "Keyring",
        Some(KeyringStatus::Absent) => "No keyring",
        Some(KeyringStatus::Locked { .. }) => "Locked",
        Some(KeyringStatus::Unlocked { kept: true, .. }) => "Unlocked",
        Some(KeyringStatus::Unlocked { kept: false, .. }) => "Key file not saved",
    };
    let state = move || match vault.keyring.get() {
        None => "unknown",
        Some(KeyringStatus::Absent) => "absent",
        Some(KeyringStatus::Locked { .. }) => "locked",
        Some(KeyringStatus::Unlocked { .. }) => "unlocked",
    };
    let unlocked = Memo::new(move |_| vault.is_unlocked());
    let lock = move |_| {
        spawn_local(async move {
            if let Err(fault) = vault.lock_keyring().await {
                vault.stopped.set(Some(fault));
            }
        });
    };
    view! {
        <a href="/keyring" class="key-status" data-testid="key-status" data-state=state>
            <Icon symbol=Symbol::Key/>
            <span>{words}</span>
        </a>
        <Show when=move || unlocked.get()>
            <button
                type="button" class="button quiet lock" data-testid="lock" title="Lock the keyring" on:click=lock
            ><Icon symbol=Symbol::Lock/><span>"Lock"</span></button>
        </Show>
    }
}

/// Says above every screen when the vault does not work, or waits for something.
#[component]
pub(super) fn VaultNotice() -> impl IntoView {
    let vault = expect_context::<Vault>();
    view! {
        {move || vault.stopped.get().map(|fault| view! {
            <div class="notice"><FaultNote fault/></div>
        })}
        <div role="status" data-testid="waiting">
            {move || {
                let message = vault.activity.waiting.get();
                (!message.is_empty()).then(|| view! {
                    <p class="note warning"><Icon symbol=Symbol::Warning/>{message}</p>
                })
            }}
        </div>
    }
}

/// What the cloud learns, and what cannot be prevented.
#[component]
pub(super) fn Footer() -> impl IntoView {
    view! {
        <footer class="foot">
            <div class="foot-inner">
                <section>
                    <h2>"What the cloud learns"</h2>
                    <p>
                        "Ciphertext, and this about it: the fingerprint of your identity key, times and network "
                        "addresses, object sizes, the number of rows to the block, the number of encrypted columns "
                        "and how large their numbers can get, and which columns an analysis adds up. No cell, no "
                        "column name, no file name, no answer. Models and trainings tell it more, as their pages say."
                    </p>
                </section>
                <section>
                    <h2>"What we cannot promise"</h2>
                    <p>
                        "The server also ships this page's code: a server that turns malicious could ship other "
                        "code. A script injected into an unlocked session can use its keys. The passphrase and "
                        "the key file cannot be reset. Veilsum has not been audited."
                    </p>
                    <p><a href="/verify" class="foot-link" data-testid="foot-verify">"Verify a certificate"</a></p>
                </section>
            </div>
        </footer>
    }
}
