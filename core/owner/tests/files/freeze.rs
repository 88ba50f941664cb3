//! Makes frozen files. They are made once for each format version and kept for ever, so that this runs by hand only:
//! `cargo test -p veilsum-owner --test files -- --ignored freeze`.

use std::fs;
use std::path::Path;

use veilsum_owner::key_file::KeyFile;
use veilsum_owner::keyring::Keyring;
use veilsum_owner::manifest::seal_manifest;
use veilsum_owner::paillier::ModulusSize;

use crate::{PASSPHRASE, key_file, manifest, rng};

#[test]
#[expect(clippy::disallowed_methods, reason = "this writes the frozen files; nothing in the crate does")]
#[ignore = "makes frozen files; those that are there must never change"]
fn freeze() {
    let keyring = Keyring::generate(ModulusSize::Bits2048, 1_700_000_000, &mut rng(0), &mut |_| {}).unwrap();
    let wrapped = keyring.wrap(PASSPHRASE, &mut rng(1)).unwrap();
    let exported = KeyFile::export(&wrapped, &keyring, &key_file::newest(), &mut rng(2)).unwrap();
    let sealed = seal_manifest(&keyring, &manifest::sample(&keyring), &mut rng(3)).unwrap();
    for (name, bytes) in [("keyring_v1", wrapped), ("key_file_v1", exported), ("manifest_v1", sealed)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/frozen/{name}.hex"));
        assert!(fs::metadata(&path).map_or(true, |file| file.len() == 0), "{name} is frozen already");
        let lines: Vec<_> = bytes.chunks(48).map(hex::encode).collect();
        fs::write(path, lines.join("\n") + "\n").unwrap();
    }
}
