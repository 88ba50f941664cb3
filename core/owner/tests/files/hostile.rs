//! Reads lists of faults: each entry is one change to frozen good bytes, named after the fault, with the error that
//! must meet it.

use std::fmt::Debug;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    name: String,
    change: Vec<Change>,
    /// How the `Debug` form of the error begins.
    error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Change {
    /// Writes bytes over those at an offset; a negative one counts from the end.
    Overwrite { at: i64, hex: String },
    /// Flips the bits of one byte that are set in the mask.
    Flip { at: i64, mask: u8 },
    /// Cuts off all but the first bytes; a negative number counts from the end.
    Keep { bytes: i64 },
    /// Adds bytes at the end.
    Append { hex: String },
    /// Makes the keyring's hash fit again, as whoever forges a file would.
    FixChecksum {},
}

/// Checks that `read` meets every fault of `list` with the error named in it.
pub fn meets_every_fault<T: Debug, E: Debug>(
    good: &[u8],
    list: &str,
    least: usize,
    read: impl Fn(&[u8]) -> Result<T, E>,
) {
    let faults: Vec<Fault> = serde_json::from_str(list).unwrap();
    assert!(faults.len() >= least, "only {} faults", faults.len());
    read(good).expect("the frozen bytes are good");
    for fault in faults {
        let bytes = fault.change.iter().fold(good.to_vec(), apply);
        assert_ne!(bytes, good, "{} changes nothing", fault.name);
        let error = format!("{:?}", read(&bytes).expect_err(&fault.name));
        assert!(error.starts_with(&fault.error), "{}: {error}", fault.name);
    }
}

fn apply(mut bytes: Vec<u8>, change: &Change) -> Vec<u8> {
    let place = |offset: i64| {
        let place = if offset < 0 {
            bytes.len().checked_add_signed(isize::try_from(offset).unwrap())
        } else {
            usize::try_from(offset).ok()
        };
        place.unwrap()
    };
    match change {
        Change::Overwrite { at, hex } => {
            let (at, new) = (place(*at), hex::decode(hex).unwrap());
            bytes[at..at + new.len()].copy_from_slice(&new);
        }
        Change::Flip { at, mask } => {
            let at = place(*at);
            bytes[at] ^= mask;
        }
        Change::Keep { bytes: count } => {
            let count = place(*count);
            bytes.truncate(count);
        }
        Change::Append { hex } => bytes.extend(hex::decode(hex).unwrap()),
        Change::FixChecksum {} => fix_checksum(&mut bytes),
    }
    bytes
}

/// Writes the hash that belongs at the end of a wrapped keyring.
pub fn fix_checksum(bytes: &mut [u8]) {
    use sha2::{Digest as _, Sha256};
    let (body, checksum) = bytes.split_last_chunk_mut::<32>().unwrap();
    *checksum = Sha256::new()
        .chain_update(veilsum_owner::labels::KEYRING_CHECKSUM)
        .chain_update(&*body)
        .finalize()
        .into();
}
