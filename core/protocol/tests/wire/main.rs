//! The wire formats: pictures of their bytes, frozen bytes that must be readable for ever, and hostile bytes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod aggregates;
mod api;
mod arbitrary;
mod json;
mod row_group;

use veilsum_protocol::wire::WireError;

/// Decodes hex text; line ends are skipped.
fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.split_ascii_whitespace().collect::<String>()).unwrap()
}

/// Checks that no proper prefix of `bytes` is read.
fn rejects_every_prefix<T: std::fmt::Debug>(
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T, WireError>,
    expected: impl Fn(&WireError) -> bool,
) {
    assert!(!bytes.is_empty());
    for length in 0..bytes.len() {
        let error = read(&bytes[..length]).unwrap_err();
        assert!(expected(&error), "prefix of {length} bytes: {error}");
    }
}

/// `bytes` with the little-endian `value` written at `offset`.
fn patched(bytes: &[u8], offset: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[offset..offset + value.len()].copy_from_slice(value);
    bytes
}
