//! A wrong passphrase is told so, and costs nothing but another try.

use anyhow::ensure;
use veilsum_e2e::keys;
use veilsum_e2e::screens::{enter, keyring};
use veilsum_e2e::story::play;
use veilsum_e2e::wait::{SOON, until};

#[test]
fn a_wrong_passphrase_is_named_and_the_right_one_still_works() {
    play("a_wrong_passphrase_is_named_and_the_right_one_still_works", async |story| {
        let browser = story.browser().await?;
        enter(&browser).await?;
        let tenant = keyring::tenant(&browser).await?;
        keyring::lock(&browser).await?;

        keyring::try_unlock(&browser, "something else entirely").await?;
        let code = browser.attribute("unlock-error", "data-code").await?;
        ensure!(code == "wrong-passphrase", "the page calls it {code}");
        let sentence = browser.text("unlock-error").await?;
        ensure!(sentence.to_lowercase().contains("passphrase"), "the page says only: {sentence}");
        keyring::wait_state(&browser, "locked").await?;

        keyring::unlock(&browser, keys::PASSPHRASE).await?;
        ensure!(keyring::tenant(&browser).await? == tenant, "another keyring was opened");

        // A reload forgets the keys, not the keyring.
        browser.reload().await?;
        keyring::wait_state(&browser, "locked").await?;
        keyring::unlock(&browser, keys::PASSPHRASE).await?;
        ensure!(keyring::tenant(&browser).await? == tenant, "another keyring was opened");
        Ok(())
    });
}

#[test]
fn key_files_that_do_not_open_change_nothing() {
    play("key_files_that_do_not_open_change_nothing", async |story| {
        let browser = story.browser().await?;
        browser.go("/keyring").await?;
        let good = keys::write_key_file(browser.folder())?;

        let mut damaged = keys::key_file()?.to_vec();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        let bad_files = [
            ("no.veilsum-key", b"LOS,age\n5,68\n".to_vec(), keys::PASSPHRASE),
            ("empty.veilsum-key", Vec::new(), keys::PASSPHRASE),
            ("damaged.veilsum-key", damaged, keys::PASSPHRASE),
            ("good.veilsum-key", keys::key_file()?.to_vec(), "something else entirely"),
        ];
        let mut sentences = Vec::new();
        for (name, bytes, passphrase) in bad_files {
            let file = browser.folder().join(name);
            std::fs::write(&file, bytes)?;
            keyring::import(&browser, &file, passphrase).await?;
            let last = sentences.last().cloned();
            let sentence = until(&format!("what is wrong with {name}"), SOON, async || {
                let Some(note) = browser.find("import-error").await? else { return Ok(None) };
                let text = note.text().await.unwrap_or_default();
                Ok((!text.is_empty() && Some(&text) != last.as_ref()).then_some(text))
            })
            .await?;
            sentences.push(sentence);
            keyring::wait_state(&browser, "absent").await?;
        }
        let code = browser.attribute("import-error", "data-code").await?;
        ensure!(code == "wrong-passphrase", "the page calls a wrong passphrase {code}");

        keyring::import(&browser, &good, keys::PASSPHRASE).await?;
        keyring::wait_unlocked(&browser).await
    });
}
