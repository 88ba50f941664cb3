//! Making a keyring can be stopped, and begun again.

use anyhow::ensure;
use veilsum_e2e::keys;
use veilsum_e2e::screens::keyring;
use veilsum_e2e::story::play;
use veilsum_e2e::wait::SOON;

/// Clicks "Cancel" as soon as it is there, sooner than two primes can be found.
const CANCEL_AT_ONCE: &str = "
    const look = setInterval(() => {
        const cancel = document.querySelector('[data-testid=\"keygen-cancel\"]');
        if (cancel) { clearInterval(look); cancel.click(); }
    }, 1);
    return true;";

#[test]
fn a_keyring_in_the_making_can_be_cancelled() {
    play("a_keyring_in_the_making_can_be_cancelled", async |story| {
        let browser = story.browser().await?;
        browser.go("/keyring").await?;
        browser.fill("create-passphrase", keys::PASSPHRASE).await?;
        browser.fill("create-passphrase-repeat", keys::PASSPHRASE).await?;
        browser.script::<bool>(CANCEL_AT_ONCE, &[]).await?;
        browser.click("create-keyring").await?;
        browser.wait_for("create-error", SOON).await?;
        let code = browser.attribute("create-error", "data-code").await?;
        ensure!(code == "cancelled", "the page calls it {code}");
        keyring::wait_state(&browser, "absent").await?;

        keyring::create(&browser, keys::PASSPHRASE, 2_048).await
    });
}
