//! Keyring: what it is, the key file, lock, bring another one, remove.

use leptos::prelude::*;

use crate::messages::KeyringStatus;
use crate::page::components::import_key_file::ImportKeyFile;
use crate::page::components::key_file::SaveKeyFile;
use crate::page::components::keyring_gate::KeyringGate;
use crate::page::components::remove_keyring::RemoveKeyring;
use crate::page::components::title::PageTitle;
use crate::ui::vault_client::Vault;

/// The screen.
#[component]
pub(in crate::page) fn KeyringPage() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let locked = move || matches!(vault.keyring.get(), Some(KeyringStatus::Locked { .. }));
    view! {
        <div class="screen narrow">
            <PageTitle text="Keyring"/>
            <KeyringGate>
                <Unlocked/>
            </KeyringGate>
            <Show when=locked><RemoveKeyring/></Show>
        </div>
    }
}

#[component]
fn Unlocked() -> impl IntoView {
    let vault = expect_context::<Vault>();
    let details = move || match vault.keyring.get() {
        Some(KeyringStatus::Unlocked { tenant, modulus_bits, kept, persisted }) => {
            Some((tenant.to_string(), modulus_bits, kept, persisted))
        }
        Some(KeyringStatus::Absent | KeyringStatus::Locked { .. }) | None => None,
    };
    view! {
        <section class="panel browser-side" aria-labelledby="keys-title">
            <h2 id="keys-title">"In this browser"</h2>
            {move || details().map(|(tenant, modulus_bits, kept, persisted)| view! {
                <dl class="pairs">
                    <div><dt>"Fingerprint"</dt><dd class="mono wrap" data-testid="tenant">{tenant}</dd></div>
                    <div><dt>"Key size"</dt><dd data-testid="modulus-bits">{key_size(modulus_bits)}</dd></div>
                    <div><dt>"Key file"</dt><dd>{if kept { "saved" } else { "not saved yet" }}</dd></div>
                    <div><dt>"Storage"</dt><dd>{if persisted {
                        "the browser keeps it"
                    } else {
                        "the browser may clear it when space runs out: keep the key file safe"
                    }}</dd></div>
                </dl>
            })}
            <p class="hint">
                "The fingerprint is your account: there is no other name. The key file is wrapped under your "
                "passphrase and opens your datasets in any browser."
            </p>
            <SaveKeyFile primary=true/>
        </section>
        <section class="panel" aria-labelledby="import-title">
            <h2 id="import-title">"Use another keyring"</h2>
            <ImportKeyFile/>
        </section>
        <RemoveKeyring/>
    }
}

fn key_size(modulus_bits: u32) -> String {
    match modulus_bits {
        2048 => "2048 bits (112-bit security, not after 2030)".into(),
        3072 => "3072 bits (128-bit security)".into(),
        other => format!("{other} bits"),
    }
}
