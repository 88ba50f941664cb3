//! The vault's commands, as far as they need no cloud.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::join;
use veilsum_table::treat::Choice;
use veilsum_web::messages::{
    Command, Engine, Event, Fault, KeyringStatus, ReadOptions, Reply, TableView, UploadChoices,
};
use veilsum_web::vault::Vault;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::File;

use crate::files::file;

type Events = Rc<RefCell<Vec<Event>>>;

async fn vault(database: &str) -> (Rc<Vault>, Events) {
    let events = Events::default();
    let heard = Rc::clone(&events);
    let tell = Rc::new(move |event| heard.borrow_mut().push(event));
    (Rc::new(Vault::open(database, tell).await.unwrap()), events)
}

async fn keyring(vault: &Rc<Vault>, command: Command, file: Option<File>) -> Result<KeyringStatus, Fault> {
    match vault.perform(command, file).await? {
        Reply::Keyring(status) => Ok(status),
        other => panic!("not a keyring status: {other:?}"),
    }
}

async fn open(vault: &Rc<Vault>, content: &[u8], options: ReadOptions) -> Result<TableView, Fault> {
    match vault.perform(Command::OpenTable(options), Some(file("table.csv", content))).await? {
        Reply::Table(table) => Ok(table.open().expect("a table")),
        other => panic!("not a table: {other:?}"),
    }
}

async fn fault_of(vault: &Rc<Vault>, content: &[u8]) -> Fault {
    open(vault, content, ReadOptions::default()).await.expect_err("the file is at fault")
}

#[wasm_bindgen_test]
async fn making_a_keyring_can_be_cancelled() {
    let (vault, _) = vault("keyring-cancelled").await;
    let create = Command::CreateKeyring { passphrase: "long enough".into(), modulus_bits: 3_072 };
    let (created, cancelled) =
        join(keyring(&vault, create, None), vault.perform(Command::CancelKeyring, None)).await;
    assert_eq!(created.unwrap_err().code, "cancelled");
    assert!(matches!(cancelled, Ok(Reply::Done)));
    assert_eq!(keyring(&vault, Command::KeyringStatus, None).await.unwrap(), KeyringStatus::Absent);
}

#[wasm_bindgen_test]
async fn a_keyring_is_made_locked_opened_kept_and_moved() {
    let (vault, events) = vault("keyring-story").await;
    assert_eq!(keyring(&vault, Command::KeyringStatus, None).await.unwrap(), KeyringStatus::Absent);

    let create =
        |passphrase: &str| Command::CreateKeyring { passphrase: passphrase.into(), modulus_bits: 2_048 };
    assert_eq!(keyring(&vault, create("short"), None).await.unwrap_err().code, "passphrase-too-short");
    let status = keyring(&vault, create("long enough"), None).await.unwrap();
    let KeyringStatus::Unlocked { tenant, modulus_bits: 2_048, kept: false, .. } = status else {
        panic!("{status:?}");
    };
    assert!(events.borrow().iter().any(|event| matches!(event, Event::Keygen { .. })));
    assert_eq!(keyring(&vault, create("long enough"), None).await.unwrap_err().code, "keyring-exists");

    let Reply::KeyFile { bytes, .. } = vault.perform(Command::ExportKeyFile, None).await.unwrap() else {
        panic!("not a key file");
    };
    let status = keyring(&vault, Command::LockKeyring, None).await.unwrap();
    assert_eq!(status, KeyringStatus::Locked { tenant });

    let unlock = |passphrase: &str| Command::UnlockKeyring { passphrase: passphrase.into() };
    assert_eq!(keyring(&vault, unlock("another one"), None).await.unwrap_err().code, "wrong-passphrase");
    let status = keyring(&vault, unlock("long enough"), None).await.unwrap();
    assert!(matches!(status, KeyringStatus::Unlocked { kept: true, .. }));

    let (other, _) = self::vault("keyring-story-elsewhere").await;
    let import = |passphrase: &str| Command::ImportKeyFile { passphrase: passphrase.into() };
    let key_file = || Some(file("veilsum.key", &bytes));
    assert_eq!(
        keyring(&other, import("another one"), key_file()).await.unwrap_err().code,
        "wrong-passphrase"
    );
    let no_key_file = Some(file("veilsum.key", b"a,b\n1,2\n"));
    assert_eq!(keyring(&other, import("long enough"), no_key_file).await.unwrap_err().code, "not-a-key-file");
    let cut_off = Some(file("veilsum.key", &bytes[..bytes.len() / 2]));
    assert_eq!(keyring(&other, import("long enough"), cut_off).await.unwrap_err().code, "key-file-damaged");
    assert_eq!(keyring(&other, Command::KeyringStatus, None).await.unwrap(), KeyringStatus::Absent);
    let status = keyring(&other, import("long enough"), key_file()).await.unwrap();
    assert!(matches!(status, KeyringStatus::Unlocked { tenant: found, kept: true, .. } if found == tenant));

    assert_eq!(keyring(&other, Command::RemoveKeyring, None).await.unwrap(), KeyringStatus::Absent);
    assert_eq!(keyring(&other, unlock("long enough"), None).await.unwrap_err().code, "no-keyring");
}

#[wasm_bindgen_test]
async fn commands_that_need_keys_say_so_when_locked() {
    let (vault, _) = vault("locked").await;
    for command in [Command::ExportKeyFile, Command::ListDatasets, Command::UnfinishedUploads] {
        assert_eq!(vault.perform(command, None).await.unwrap_err().code, "locked");
    }
    let choices = UploadChoices {
        treatments: Vec::new(),
        keep_original: false,
        rows_per_group: None,
        analyses: Vec::new(),
        engine: Engine::Paillier,
        identifying: Vec::new(),
    };
    assert_eq!(vault.perform(Command::Estimate(choices), None).await.unwrap_err().code, "no-table");
}

#[wasm_bindgen_test]
async fn a_table_is_profiled_and_treatments_proposed() {
    let (vault, events) = vault("table").await;
    let table =
        open(&vault, b"name,age,weight\nada,36,61.5\nbob,,80\n", ReadOptions::default()).await.unwrap();
    assert_eq!((table.profile.row_count, table.size_bytes), (2, 36));
    assert_eq!(table.first_rows, [["ada", "36", "61.5"], ["bob", "", "80"]]);
    let choices: Vec<Choice> = table.proposals.iter().map(|proposal| proposal.choice).collect();
    assert_eq!(
        choices,
        [Choice::SealedOriginalOnly, Choice::Number { scale: 0 }, Choice::Number { scale: 1 }]
    );
    assert_eq!(table.profile.columns[2].exact_sum.as_deref(), Some("141.5"));
    assert!(
        matches!(events.borrow().last(), Some(Event::Reading(progress)) if progress.done == progress.total)
    );
}

#[wasm_bindgen_test]
async fn broken_files_get_a_fault_with_a_code() {
    let (vault, _) = vault("broken").await;
    assert_eq!(fault_of(&vault, b"").await.code, "empty-table");
    assert_eq!(fault_of(&vault, b"a,b\n").await.code, "empty-table");
    assert_eq!(fault_of(&vault, b"a,b\n1\n").await.code, "ragged-row");
    assert_eq!(fault_of(&vault, b"a,b\n1,\xff\xfe\n").await.code, "not-utf8");
    assert_eq!(fault_of(&vault, b"PK\x03\x04abcdefgh").await.code, "not-a-table");
    assert_eq!(fault_of(&vault, b"a,b\n1,\"2\n").await.code, "unreadable-table");
    let skipping = ReadOptions { skip_ragged_rows: true, ..ReadOptions::default() };
    let table = open(&vault, b"a,b\n1\n2,3\n", skipping).await.unwrap();
    assert_eq!((table.profile.row_count, table.profile.skipped.row_count), (1, 1));
}

#[wasm_bindgen_test]
async fn what_is_found_in_a_file_is_told_and_can_be_chosen() {
    let (vault, _) = vault("found").await;
    let file = b"1,5;2\n2,5;3\n";
    let found = open(&vault, file, ReadOptions::default()).await.unwrap();
    assert_eq!((found.reading.first_row_is_data, found.reading.decimal_comma), (true, true));
    assert!(found.reading.notes[0].contains("no header row"), "{:?}", found.reading.notes);
    assert_eq!(found.profile.columns[0].exact_sum.as_deref(), Some("4"));
    let otherwise =
        ReadOptions { first_row_is_data: Some(false), decimal_comma: Some(false), ..ReadOptions::default() };
    let chosen = open(&vault, file, otherwise).await.unwrap();
    assert_eq!(chosen.profile.columns[0].name, "1,5");
    // Whatever the file's mark is said to be: “2,5” can be read in one way only.
    assert_eq!((chosen.profile.row_count, chosen.profile.columns[0].text_count), (1, 0));
    assert_eq!(chosen.profile.columns[0].exact_sum.as_deref(), Some("2.5"));
    assert!(chosen.reading.notes.is_empty(), "{:?}", chosen.reading.notes);
}

#[wasm_bindgen_test]
async fn declared_words_count_as_missing() {
    let (vault, _) = vault("missing").await;
    let options = ReadOptions { missing_words: vec!["unknown".into()], ..ReadOptions::default() };
    let table = open(&vault, b"v\n1\nUnknown\n3\n", options).await.unwrap();
    assert_eq!((table.profile.columns[0].missing, table.profile.columns[0].count), (1, 2));
}

#[wasm_bindgen_test]
async fn opening_another_file_ends_reading_the_first() {
    let (vault, _) = vault("replaced").await;
    let long: String =
        core::iter::once("v\n".to_owned()).chain((0..400_000).map(|row| format!("{row}\n"))).collect();
    let first = open(&vault, long.as_bytes(), ReadOptions::default());
    let second = open(&vault, b"v\n1\n", ReadOptions::default());
    let (first, second) = futures_util::future::join(first, second).await;
    assert_eq!(first.unwrap_err().code, "cancelled");
    assert_eq!(second.unwrap().profile.row_count, 1);
}

#[wasm_bindgen_test]
async fn nothing_is_uploaded_before_the_key_file_is_saved() {
    let (vault, _) = vault("not-kept").await;
    let create = Command::CreateKeyring { passphrase: "long enough".into(), modulus_bits: 2_048 };
    keyring(&vault, create, None).await.unwrap();
    let table = open(&vault, b"v\n1\n", ReadOptions::default()).await.unwrap();
    let treatments = table.proposals.iter().map(|proposal| proposal.choice).collect();
    let choices = UploadChoices {
        treatments,
        keep_original: false,
        rows_per_group: None,
        analyses: Vec::new(),
        engine: Engine::Paillier,
        identifying: Vec::new(),
    };
    let fault = vault.perform(Command::StartUpload(choices), None).await.unwrap_err();
    assert_eq!(fault.code, "key-file-needed");
}

#[wasm_bindgen_test]
async fn cells_are_read_as_what_they_mean() {
    let (vault, _) = vault("types").await;
    let file = b"[{\"when\":\"01/02/2024\",\"share\":\"50 %\"},{\"when\":\"03/04/2024\",\"share\":\"5 %\"}]";
    let found = open(&vault, file, ReadOptions::default()).await.unwrap();
    assert!(found.reading.words.starts_with("JSON, one list of records"), "{}", found.reading.words);
    assert!(!found.reading.asks_first_row && !found.reading.asks_decimal_mark);
    assert!(found.details[0].is_doubtful, "{:?}", found.details[0]);
    assert_eq!(found.first_rows[0], ["01/02/2024", "50 %"]);
    let sums = |table: &TableView| -> Vec<_> {
        table.profile.columns.iter().map(|column| column.exact_sum.clone().unwrap_or_default()).collect()
    };
    // The second of January and the fourth of March.
    assert_eq!(sums(&found), [(19_724 + 19_786).to_string(), "0.55".to_owned()]);

    let day_first = found.type_choices.iter().find(|(_, words)| words.starts_with("dates like 31.1.2024"));
    let types = Some(vec![day_first.unwrap().0.clone(), String::new()]);
    let chosen = open(&vault, file, ReadOptions { types, ..ReadOptions::default() }).await.unwrap();
    assert_eq!(chosen.details[0].type_reason, "chosen by you");
    assert_eq!(sums(&chosen), [(19_754 + 19_816).to_string(), "0.55".to_owned()]);

    let as_they_stand = ReadOptions { types: Some(Vec::new()), ..ReadOptions::default() };
    let plain = open(&vault, file, as_they_stand).await.unwrap();
    assert_eq!(plain.profile.columns[0].text_count, 2);
}

#[wasm_bindgen_test]
async fn rows_at_fault_are_skipped_and_listed() {
    let (vault, _) = vault("bad-rows").await;
    let file = b"{\"a\":1}\n{\"a\":\n{\"a\":3}\n";
    assert_eq!(fault_of(&vault, file).await.code, "bad-row");
    let skipping = ReadOptions { skip_ragged_rows: true, ..ReadOptions::default() };
    let table = open(&vault, file, skipping).await.unwrap();
    assert_eq!((table.profile.row_count, table.profile.skipped.row_count), (2, 1));
    assert!(table.bad_rows.starts_with("row,line,reason\n2,2,"), "{}", table.bad_rows);
    assert_eq!(fault_of(&vault, b"\x1f\x8bnothing of the kind").await.code, "not-unpacked");
}
