use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha512};
use veilsum_owner::seal::{
    self, CHUNK_BYTES, HEADER_BYTES, KEY_BYTES, MAX_CHUNKS, OpenError, Opener, SALT_BYTES,
    SEALED_CHUNK_BYTES, SealKey, Sealer, TAG_BYTES,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn key(byte: u8) -> SealKey {
    SealKey::from_secret_bytes(&[byte; KEY_BYTES])
}

fn sealer(context: &[u8]) -> Sealer {
    Sealer::new(&key(1), [2; SALT_BYTES], context)
}

fn open(bytes: &[u8]) -> Result<Vec<u8>, OpenError> {
    seal::open(&key(1), b"context", bytes)
}

/// The plaintext rule of `generate_seal.py`.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from((7 * index + index / 251) % 256).unwrap()).collect()
}

mod python {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[derive(Deserialize)]
    struct Vectors {
        key: String,
        salt: String,
        files: Vec<File>,
        recipe_files: Vec<RecipeFile>,
        far_chunks: Vec<FarChunk>,
    }

    #[derive(Deserialize)]
    struct File {
        context: String,
        plaintext_bytes: usize,
        sealed_bytes: u64,
        sealed_sha256: String,
        sealed: Option<String>,
    }

    #[derive(Deserialize)]
    struct RecipeFile {
        context: String,
        plaintext_bytes: usize,
        sealed: String,
    }

    #[derive(Deserialize)]
    struct FarChunk {
        index: String,
        plaintext: String,
        sealed: String,
    }

    fn vectors() -> (Vectors, SealKey, [u8; SALT_BYTES]) {
        let vectors: Vectors = serde_json::from_str(include_str!("../vectors/seal.json")).unwrap();
        let key = hex::decode(&vectors.key).unwrap().try_into().unwrap();
        let salt = hex::decode(&vectors.salt).unwrap().try_into().unwrap();
        (vectors, SealKey::from_secret_bytes(&key), salt)
    }

    #[test]
    fn seals_the_same_bytes() {
        let (vectors, key, salt) = vectors();
        assert_eq!(vectors.files.len(), 20);
        for file in vectors.files {
            let context = hex::decode(file.context).unwrap();
            let sealed = Sealer::new(&key, salt, &context).seal(&pattern(file.plaintext_bytes));
            assert_eq!(sealed.len() as u64, file.sealed_bytes);
            assert_eq!(hex::encode(Sha256::digest(&sealed)), file.sealed_sha256);
        }
    }

    #[test]
    fn sealed_what_we_open() {
        let (vectors, key, _) = vectors();
        let mut opened = 0;
        for file in vectors.files {
            let Some(sealed) = file.sealed else { continue };
            let context = hex::decode(file.context).unwrap();
            let plaintext = seal::open(&key, &context, &hex::decode(sealed).unwrap()).unwrap();
            assert_eq!(plaintext, pattern(file.plaintext_bytes));
            opened += 1;
        }
        assert_eq!(opened, 10);
    }

    #[test]
    fn sealed_with_its_own_recipe_what_we_open() {
        let (vectors, key, _) = vectors();
        assert_eq!(vectors.recipe_files.len(), 3);
        for file in vectors.recipe_files {
            let context = hex::decode(file.context).unwrap();
            let plaintext = seal::open(&key, &context, &hex::decode(file.sealed).unwrap()).unwrap();
            assert_eq!(plaintext, pattern(file.plaintext_bytes));
        }
    }

    #[test]
    fn agrees_on_chunks_far_out() {
        let (vectors, key, salt) = vectors();
        let sealer = Sealer::new(&key, salt, b"");
        let opener = Opener::new(&key, &sealer.header(), b"").unwrap();
        assert_eq!(vectors.far_chunks.len(), 5);
        for chunk in vectors.far_chunks {
            let index = chunk.index.parse().unwrap();
            let plaintext = hex::decode(chunk.plaintext).unwrap();
            assert_eq!(hex::encode(sealer.chunk(index, &plaintext)), chunk.sealed, "chunk {index}");
            let sealed = hex::decode(chunk.sealed).unwrap();
            assert_eq!(opener.open_chunk(index, true, &sealed), Ok(plaintext));
        }
    }
}

mod wycheproof {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[derive(Deserialize)]
    struct Vectors {
        tests: Vec<Test>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Test {
        tc_id: u32,
        key: String,
        ctx: String,
        ct: Vec<Piece>,
        msg_length: Option<usize>,
        msg_sha512: Option<String>,
        error: Option<String>,
    }

    #[derive(Deserialize)]
    struct Piece {
        hex: String,
        times: usize,
    }

    #[test]
    fn agrees_on_what_opens_and_why_not() {
        let vectors = include_str!("../vectors/wycheproof_chunked_encryption.json");
        let vectors: Vectors = serde_json::from_str(vectors).unwrap();
        assert_eq!(vectors.tests.len(), 24);
        for test in vectors.tests {
            let key = SealKey::from_secret_bytes(&hex::decode(test.key).unwrap().try_into().unwrap());
            let context = hex::decode(test.ctx).unwrap();
            let bytes: Vec<u8> = test
                .ct
                .iter()
                .flat_map(|piece| hex::decode(&piece.hex).unwrap().repeat(piece.times))
                .collect();
            let opened = seal::open(&key, &context, &bytes);
            let error = match &opened {
                Ok(_) => None,
                Err(OpenError::Truncated { .. }) => Some("truncated"),
                Err(OpenError::WrongKey) => Some("wrong-key"),
                Err(_) => Some("damaged"),
            };
            assert_eq!(error, test.error.as_deref(), "test {}", test.tc_id);
            if let Ok(plaintext) = opened {
                assert_eq!(Some(plaintext.len()), test.msg_length);
                assert_eq!(Some(hex::encode(Sha512::digest(&plaintext))), test.msg_sha512);
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_a_small_file_is_refused() {
    let good = sealer(b"context").seal(b"small file");
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let expected =
            if bit / 8 < HEADER_BYTES { OpenError::WrongKey } else { OpenError::Damaged { chunk: 0 } };
        assert_eq!(open(&bytes), Err(expected), "bit {bit}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let good = sealer(b"context").seal(b"small file");
    for length in 0..good.len() {
        let expected = if length < HEADER_BYTES + TAG_BYTES {
            OpenError::Truncated { actual: length as u64 }
        } else {
            OpenError::Damaged { chunk: 0 }
        };
        assert_eq!(open(&good[..length]), Err(expected), "{length}");
    }
}

#[test]
fn truncation_at_and_around_chunk_ends_is_refused() {
    let plaintext = pattern(2 * CHUNK_BYTES + 9);
    let good = sealer(b"context").seal(&plaintext);
    for full_chunks in 0..=2 {
        let boundary = HEADER_BYTES + full_chunks * SEALED_CHUNK_BYTES;
        for length in boundary.saturating_sub(20)..(boundary + 20).min(good.len()) {
            assert!(open(&good[..length]).is_err(), "{length}");
        }
        assert_eq!(open(&good[..boundary]), Err(OpenError::Truncated { actual: boundary as u64 }));
    }
}

#[test]
fn chunks_deleted_doubled_or_swapped_are_refused() {
    let plaintext = pattern(3 * CHUNK_BYTES + 9);
    let good = sealer(b"context").seal(&plaintext);
    assert_eq!(open(&good).unwrap(), plaintext);
    let (header, chunks) = good.split_at(HEADER_BYTES);
    let chunks: Vec<&[u8]> = chunks.chunks(SEALED_CHUNK_BYTES).collect();
    let rearranged = |order: &[usize]| {
        let chosen: Vec<&[u8]> = order.iter().map(|&index| chunks[index]).collect();
        open(&[header, &chosen.concat()].concat())
    };
    assert_eq!(rearranged(&[0, 1, 2, 3]).unwrap(), plaintext);
    let damaged = |chunk| Err(OpenError::Damaged { chunk });
    assert_eq!(rearranged(&[1, 2, 3]), damaged(0));
    assert_eq!(rearranged(&[0, 2, 3]), damaged(1));
    assert_eq!(rearranged(&[0, 1, 3]), damaged(2));
    assert_eq!(rearranged(&[0, 0, 1, 2, 3]), damaged(1));
    assert_eq!(rearranged(&[0, 1, 2, 2, 3]), damaged(3));
    assert_eq!(rearranged(&[1, 0, 2, 3]), damaged(0));
    assert_eq!(rearranged(&[0, 2, 1, 3]), damaged(1));
    assert!(rearranged(&[0, 1, 2]).is_err());
    assert!(rearranged(&[0, 1, 2, 3, 3]).is_err());
}

#[test]
fn chunks_of_another_file_are_refused() {
    let (one, other) = (sealer(b"context"), Sealer::new(&key(1), [3; SALT_BYTES], b"context"));
    let mixed = [&one.header()[..], &other.chunk(0, b"small file")].concat();
    assert_eq!(open(&mixed), Err(OpenError::Damaged { chunk: 0 }));
}

#[test]
fn another_key_salt_or_context_does_not_open() {
    let good = sealer(b"context").seal(b"small file");
    assert_eq!(seal::open(&key(2), b"context", &good), Err(OpenError::WrongKey));
    assert_eq!(seal::open(&key(1), b"", &good), Err(OpenError::WrongKey));
    assert_eq!(seal::open(&key(1), b"contexts", &good), Err(OpenError::WrongKey));
}

#[test]
fn a_full_chunk_is_never_last_and_a_short_one_always() {
    let sealer = sealer(b"context");
    let opener = Opener::new(&key(1), &sealer.header(), b"context").unwrap();
    let (full, short) = (sealer.chunk(0, &pattern(CHUNK_BYTES)), sealer.chunk(0, b"short"));
    assert!(opener.open_chunk(0, false, &full).is_ok());
    assert!(matches!(opener.open_chunk(0, true, &full), Err(OpenError::Truncated { .. })));
    assert!(opener.open_chunk(0, true, &short).is_ok());
    assert!(matches!(opener.open_chunk(0, false, &short), Err(OpenError::Truncated { .. })));
    assert!(matches!(opener.open_chunk(0, true, &[0; TAG_BYTES - 1]), Err(OpenError::Truncated { .. })));
    assert_eq!(opener.open_chunk(MAX_CHUNKS, true, &short), Err(OpenError::Damaged { chunk: MAX_CHUNKS }));
    assert_eq!(opener.open_chunk(u64::MAX, true, &short), Err(OpenError::Damaged { chunk: u64::MAX }));
    assert_eq!(opener.open_chunk(1, true, &short), Err(OpenError::Damaged { chunk: 1 }));
}

#[test]
#[should_panic(expected = "only the last chunk of a sealed file may be short")]
fn sealing_a_short_chunk_in_the_middle_panics() {
    let _ = sealer(b"context").seal_range(0, b"short", false);
}

#[test]
fn lengths_are_told_in_advance() {
    let chunk = CHUNK_BYTES as u64;
    for plaintext_bytes in [0, 1, chunk - 1, chunk, chunk + 1, 1 << 40] {
        assert_eq!(seal::plaintext_len(seal::sealed_len(plaintext_bytes)), Some(plaintext_bytes));
    }
    let impossible = [0, HEADER_BYTES, HEADER_BYTES + 15, HEADER_BYTES + SEALED_CHUNK_BYTES + 15];
    for sealed_bytes in impossible {
        assert_eq!(seal::plaintext_len(sealed_bytes as u64), None, "{sealed_bytes}");
    }
    assert_eq!(seal::plaintext_len(u64::MAX), None);
}

#[test]
fn debug_shows_no_key() {
    let sealer = sealer(b"context");
    let opener = Opener::new(&key(1), &sealer.header(), b"context").unwrap();
    let shown = format!("{:?} {sealer:?} {opener:?}", key(0xab));
    assert_eq!(shown, "SealKey(redacted) Sealer(redacted) Opener(redacted)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_file_opens_as_it_was(
        length in prop_oneof![0_usize..100, 16_370_usize..16_400, 0_usize..100_000],
        context in prop::collection::vec(any::<u8>(), 0..40),
        secret: [u8; KEY_BYTES],
        salt: [u8; SALT_BYTES],
    ) {
        let (key, plaintext) = (SealKey::from_secret_bytes(&secret), pattern(length));
        let sealed = Sealer::new(&key, salt, &context).seal(&plaintext);
        prop_assert_eq!(sealed.len() as u64, seal::sealed_len(length as u64));
        prop_assert_eq!(seal::open(&key, &context, &sealed).unwrap(), plaintext);
    }

    #[test]
    fn a_lost_part_is_made_again_byte_for_byte(length in 0_usize..100_000, first in 0_u64..6, count in 1_usize..4) {
        let (sealer, plaintext) = (sealer(b""), pattern(length));
        let whole = sealer.seal(&plaintext);
        let chunk_count = (length / CHUNK_BYTES) as u64 + 1;
        prop_assume!(first < chunk_count);
        let start = usize::try_from(first).unwrap() * CHUNK_BYTES;
        let end = (start + count * CHUNK_BYTES).min(length);
        let is_last = start + count * CHUNK_BYTES > length;
        let part = sealer.seal_range(first, &plaintext[start..end], is_last);
        let at = usize::try_from(seal::chunk_range(first).start).unwrap();
        prop_assert_eq!(&part[..], &whole[at..at + part.len()]);
        prop_assert_eq!(at + part.len() == whole.len(), is_last);
    }

    #[test]
    fn opening_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(open(&bytes).is_err());
    }
}
