//! Who sees what: another key sees nothing, the same key sees the same.

use std::fs;

use anyhow::ensure;
use veilsum_e2e::check::check_exactly;
use veilsum_e2e::product::fixture;
use veilsum_e2e::screens::{choose_sample, dataset, enter, keyring, prepare, upload};
use veilsum_e2e::story::play;
use veilsum_e2e::wait::SOON;

#[test]
fn another_key_sees_nothing_and_the_same_key_sees_the_same() {
    play("another_key_sees_nothing_and_the_same_key_sees_the_same", async |story| {
        let owner = story.browser().await?;
        enter(&owner).await?;
        let tenant = keyring::tenant(&owner).await?;
        choose_sample(&owner, "sample-pancreatitis").await?;
        prepare::wait_open(&owner).await?;
        prepare::next(&owner).await?;
        let id = upload::wait_done(&owner).await?;
        owner.click("key-status").await?;
        let key_file = keyring::save_key_file(&owner).await?;

        let stranger = story.browser().await?;
        stranger.go("/keyring").await?;
        keyring::create(&stranger, "the stranger's own words", 2048).await?;
        ensure!(keyring::tenant(&stranger).await? != tenant, "two keyrings have one fingerprint");
        ensure!(dataset::list(&stranger).await?.is_empty(), "a stranger sees a dataset");
        // Knowing the address does not help; a new load locks the keyring first.
        stranger.go(&format!("/datasets/{id}")).await?;
        keyring::unlock(&stranger, "the stranger's own words").await?;
        stranger.wait_for("fault", SOON).await?;
        ensure!(stranger.find("analysis-run").await?.is_none(), "a stranger opens the dataset");

        let second = story.browser().await?;
        second.go("/keyring").await?;
        keyring::import(&second, &key_file, veilsum_e2e::keys::PASSPHRASE).await?;
        keyring::wait_unlocked(&second).await?;
        ensure!(keyring::tenant(&second).await? == tenant, "the key file holds another keyring");
        let seen = dataset::list(&second).await?;
        ensure!(seen == [(id.clone(), "pancreatitis.csv".to_owned())], "the second browser sees {seen:?}");
        dataset::open(&second, &id).await?;
        let answers = dataset::run_everything(&second).await?;
        check_exactly(&answers, &fs::read_to_string(fixture("pancreatitis.csv"))?)?;

        // Deleted in one browser, gone in the other, and in the cloud.
        dataset::delete(&second, "pancreatitis.csv").await?;
        ensure!(dataset::list(&owner).await?.is_empty(), "the first browser still sees the dataset");
        let left = story.stack.count_objects(&id)?;
        ensure!(left == 0, "{left} objects of the deleted dataset are left");
        Ok(())
    });
}
