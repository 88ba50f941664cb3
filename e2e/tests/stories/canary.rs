//! The canary scan: a table full of marker words and numbers goes through everything the product does; then every
//! stored object, every request and every log line is searched for them.

use std::fs;

use anyhow::{Context as _, ensure};
use veilsum_crypto::bfv::ParameterSet;
use veilsum_e2e::canary::{Marker, Place, scan};
use veilsum_e2e::keys;
use veilsum_e2e::recorder::Exchange;
use veilsum_e2e::screens::{choose_made_file, dataset, keyring, open_start, prepare, refine, upload};
use veilsum_e2e::stack::StoredFile;
use veilsum_e2e::story::play;
use veilsum_e2e::wait::SOON;

const FILE: &str = "canary-file-name.csv";
const PASSPHRASE: &str = "canary passphrase nobody stores";
const COLUMNS: [&str; 4] =
    ["canaryBalanceColumn", "canaryWeightColumn", "canaryWordColumn", "canaryDroppedColumn"];
/// Balance, its integer of tenths; weight, its integer of millionths; a word that stays in the sealed original.
const ROWS: [(&str, i64, &str, i64, &str); 3] = [
    ("481516234.2", 4_815_162_342, "-73914.826154", -73_914_826_154, "Zeppelin-7731"),
    ("-918273645.5", -9_182_736_455, "86420.135797", 86_420_135_797, "Marzipan-8842"),
    ("971828182.8", 9_718_281_828, "31415.926535", 31_415_926_535, "Quasar-9953"),
];
const DROPPED: &str = "Obsidian-6664";
/// What a step of the recipe would fill blanks with.
const FILLING: &str = "Sapphire-5511";
/// The answers: the cloud computes them, and must not know them.
const SUMS: [(&str, i64); 2] = [("535070771.5", 5_350_707_715), ("43921.236178", 43_921_236_178)];

fn table() -> String {
    let mut text = format!("{}\n", COLUMNS.join(","));
    for (balance, _, weight, _, word) in ROWS {
        text += &format!("{balance},{weight},{word},{DROPPED}\n");
    }
    text
}

fn markers(key_file: &[u8]) -> anyhow::Result<Vec<Marker>> {
    let mut markers = vec![
        Marker::text("the file name", FILE),
        Marker::text("the passphrase", PASSPHRASE),
        Marker::text("a wrong passphrase", "a canary that does not open"),
        Marker::text("a dropped cell", DROPPED),
        Marker::text("a parameter of a step", FILLING),
    ];
    markers.extend(COLUMNS.map(|column| Marker::text(format!("the column name {column}"), column)));
    for (balance, tenths, weight, millionths, word) in ROWS {
        markers.push(Marker::number("a balance", balance, tenths));
        markers.push(Marker::number("a weight", weight, millionths));
        markers.push(Marker::text("a word", word));
    }
    markers.extend(SUMS.map(|(sum, integer)| Marker::number("a sum", sum, integer)));
    markers.extend(key_markers(key_file)?);
    Ok(markers)
}

/// Pieces of the secret keys, of 16 bytes each.
fn key_markers(key_file: &[u8]) -> anyhow::Result<Vec<Marker>> {
    let keyring = keys::open(key_file, PASSPHRASE)?;
    let public = hex::decode(keyring.paillier().public_key().to_hex())?;
    let mut secrets =
        vec![keyring.paillier().to_secret_bytes().to_vec(), keyring.check_key().to_secret_bytes().to_vec()];
    secrets.push(keyring.pseudonym_secret().to_vec());
    // The first byte is the number of the set.
    secrets.extend(ParameterSet::ALL.map(|set| keyring.bfv_secret_bytes(set)[1..].to_vec()));
    let mut markers = Vec::new();
    for secret in &secrets {
        for piece in secret.chunks_exact(16) {
            // Lengths and other fields that are no key, and the fingerprint, which is public.
            let is_field = piece.iter().filter(|byte| **byte == 0).count() > 2;
            let is_public = keyring
                .key_fingerprint()
                .as_bytes()
                .windows(16)
                .chain(public.windows(16))
                .any(|known| known == piece);
            if !is_field && !is_public {
                markers.push(Marker::bytes("a piece of a secret key", piece));
                let reversed: Vec<u8> = piece.iter().rev().copied().collect();
                markers.push(Marker::bytes("a piece of a secret key, backwards", &reversed));
            }
        }
    }
    ensure!(markers.len() > 20, "only {} pieces of secret keys are looked for", markers.len());
    Ok(markers)
}

#[test]
fn no_plaintext_and_no_key_leaves_the_browser() {
    play("no_plaintext_and_no_key_leaves_the_browser", async |story| {
        let browser = story.browser().await?;
        open_start(&browser).await?;
        browser.click("key-status").await?;
        keyring::create(&browser, PASSPHRASE, 2048).await?;
        let key_file = fs::read(keyring::save_key_file(&browser).await?)?;
        choose_made_file(&browser, FILE, table().as_bytes()).await?;
        prepare::wait_open(&browser).await?;
        // A step, whose recipe goes into the manifest.
        refine::open(&browser, "clean").await?;
        let filling = [("filling", "constant"), ("value", FILLING)];
        refine::begin_step(&browser, "impute", &[COLUMNS[2]], &filling).await?;
        refine::add_step(&browser, 1).await?;
        refine::open(&browser, "columns").await?;
        browser.choose("treatment-3", "drop").await?;
        prepare::next(&browser).await?;
        let id = upload::wait_done(&browser).await?;
        let answers = dataset::run_everything(&browser).await?;
        for (column, (sum, _)) in COLUMNS.iter().zip(SUMS) {
            let answered = dataset::answer(&answers, "sum", column)?;
            ensure!(answered.exact == sum, "the sum of {column} is {}, not {sum}", answered.exact);
        }

        // Everything else that touches the cloud or the secrets.
        browser.click("open-original").await?;
        let original = fs::read_to_string(browser.download(FILE).await?)?;
        ensure!(original.contains(ROWS[0].4), "the opened original is not the source");
        ensure!(!original.contains(DROPPED), "a dropped column is in the sealed original");
        keyring::lock(&browser).await?;
        keyring::try_unlock(&browser, "a canary that does not open").await?;
        browser.wait_for("unlock-error", SOON).await?;
        keyring::unlock(&browser, PASSPHRASE).await?;
        dataset::open(&browser, &id).await?;
        dataset::run_everything(&browser).await?;

        // The same through the second engine, and after a reload, when the file is not at hand.
        open_start(&browser).await?;
        choose_made_file(&browser, FILE, table().as_bytes()).await?;
        keyring::unlock(&browser, PASSPHRASE).await?;
        prepare::wait_open(&browser).await?;
        browser.choose("treatment-3", "drop").await?;
        browser.click("engine-bfv").await?;
        prepare::next(&browser).await?;
        upload::wait_done(&browser).await?;
        let answers = dataset::run_everything(&browser).await?;
        for (column, (sum, _)) in COLUMNS.iter().zip(SUMS) {
            let answered = dataset::answer(&answers, "sum", column)?;
            ensure!(answered.exact == sum, "the sum of {column} is {}, not {sum}", answered.exact);
        }
        browser.reload().await?;
        keyring::unlock(&browser, PASSPHRASE).await?;
        browser.wait_for("analysis-run", SOON).await?;
        dataset::run_everything(&browser).await?;

        let markers = markers(&key_file)?;
        let exchanges = browser.recorder().exchanges();
        let files = story.stack.stored_files()?;
        let places: Vec<_> =
            exchanges.iter().map(Place::request).chain(files.iter().map(Place::file)).collect();
        let puts = browser.recorder().stored_puts();
        ensure!(puts.iter().any(|put| put.body.len() > 500), "the recorder saw no upload");
        ensure!(files.iter().any(|file| file.path.contains("objects")), "no stored object was looked at");
        ensure!(files.iter().any(|file| file.path.contains("logs")), "no log was looked at");
        let findings = scan(&places, &markers);
        ensure!(
            findings.is_empty(),
            "{} of {} places hold what must stay in the browser:\n{}",
            findings.len(),
            places.len(),
            findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        );

        let secret = keys::open(&key_file, PASSPHRASE)?.paillier().to_secret_bytes();
        check_that_the_scan_can_fail(&files, &puts, &secret, &markers)
    });
}

/// Plants a word in an object, a number in a request and a piece of a key in a log line: each must be found, there.
fn check_that_the_scan_can_fail(
    files: &[StoredFile],
    puts: &[Exchange],
    secret: &[u8],
    markers: &[Marker],
) -> anyhow::Result<()> {
    let file =
        |part: &str| files.iter().find(|file| file.path.contains(part)).with_context(|| format!("no {part}"));
    let planted = |file: &StoredFile, planted: &[u8]| {
        Place::file(&StoredFile { path: file.path.clone(), bytes: [&file.bytes, planted].concat() })
    };
    let mut request = puts.first().context("no request")?.clone();
    request.body = [&request.body[..], &ROWS[0].1.to_le_bytes()].concat().into();
    for (place, what) in [
        (planted(file(",rg,")?, ROWS[1].4.as_bytes()), "a word"),
        (Place::request(&request), "a balance"),
        (
            planted(file("local.log")?, format!("key={}\n", hex::encode(secret)).as_bytes()),
            "a piece of a secret key",
        ),
    ] {
        let findings = scan(&[place], markers);
        ensure!(!findings.is_empty(), "the scan does not find {what} where it was planted");
        ensure!(
            findings.iter().all(|finding| finding.what.starts_with(what)),
            "the scan takes {what} for {findings:?}"
        );
    }
    Ok(())
}
