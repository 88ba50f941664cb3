//! Object keys as file names: flat, reversible by eye, safe on every file system.

use sha2::{Digest as _, Sha256};

/// Longest name that is written out; file systems end at 255 bytes.
const LONGEST_NAME: usize = 240;

/// File name for an object key.
///
/// `/` becomes `,`; everything but `a–z`, `0–9`, `-` and `_` becomes `%XX`, so that no name has a dot or an upper
/// case letter of the key (some file systems ignore case) and no key can reach another folder. Longer names become
/// `~` and the SHA-256 of the key. The true key is stored inside the file.
pub(crate) fn file_name(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 16);
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'/' => name.push(','),
            _ => push_percent(&mut name, byte),
        }
    }
    if name.len() > LONGEST_NAME { format!("~{}", hex::encode(Sha256::digest(key))) } else { name }
}

/// A key in the URL encoding that a listing may ask for.
pub(crate) fn url_encoded(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => push_percent(&mut encoded, byte),
        }
    }
    encoded
}

fn push_percent(text: &mut String, byte: u8) {
    text.push('%');
    text.push_str(&hex::encode_upper([byte]));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn is_one_plain_name_whatever_the_key() {
        for key in
            ["..", "../../etc/passwd", "/", "a/../b", ".hidden", "a\0b", "ü", "a\\b", "A", &"x".repeat(1024)]
        {
            let name = file_name(key);
            assert!(name.len() <= 255, "{name}");
            assert!(!name.contains(['/', '\\', '.', '\0']), "{name}");
        }
    }

    #[test]
    fn differs_for_different_keys() {
        let keys = ["a", "A", "a/b", "a,b", "a%2Cb", "%41", "~", ".", "..", "a/", "a", "/a"];
        let names: BTreeSet<_> = keys.iter().map(|key| file_name(key).to_lowercase()).collect();
        assert_eq!(names.len(), keys.len() - 1, "only the repeated key repeats");
    }

    #[test]
    fn stays_readable_for_keys_of_the_product() {
        assert_eq!(file_name("t/ab12/d/00/rg/00000001"), "t,ab12,d,00,rg,00000001");
    }
}
