//! Sealed files: the C2SP *chunked-encryption* format [C2SP] in its instantiation Cobblestone-256 (AES-256-GCM and
//! SHA-512), which python's `cryptography.cobblestone` opens too.
//!
//! ```text
//! key(32) ‖ base nonce(12) ‖ commitment(32) =
//!     HKDF-Expand-SHA512(seal key, "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" ‖ 0 ‖ salt ‖ context)
//! sealed file = salt(24) ‖ commitment(32) ‖ chunk 0 ‖ chunk 1 ‖ …
//! chunk i     = AES-256-GCM(key, base nonce XOR i, 16 KiB of plaintext), the last chunk shorter, maybe empty
//! ```
//!
//! Any chunk can be sealed or opened by its number, so that a lost part of an upload is made again without the
//! others. Sealing is deterministic in seal key, salt and context: **one salt belongs to one content**. If a file
//! has changed, seal it under a new salt; two contents under one salt would expose both.
//!
//! [C2SP]: https://c2sp.org/chunked-encryption

use core::fmt;
use core::ops::Range;

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a seal key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a salt.
pub const SALT_BYTES: usize = 24;
/// Bytes in front of the chunks: salt and commitment.
pub const HEADER_BYTES: usize = SALT_BYTES + COMMITMENT_BYTES;
/// Bytes of plaintext in every chunk but the last.
pub const CHUNK_BYTES: usize = 16 << 10;
/// Bytes that sealing adds to a chunk.
pub const TAG_BYTES: usize = 16;
/// Bytes of every sealed chunk but the last.
pub const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// Most chunks in one file.
pub const MAX_CHUNKS: u64 = 1 << 38;

const COMMITMENT_BYTES: usize = 32;
const HASH_BYTES: usize = 64;
const NONCE_BYTES: usize = 12;
const INFO_PREFIX: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";

/// Why a sealed file, or a chunk of it, does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The bytes end where no sealed file can end.
    #[error("the sealed file is cut off: no sealed file is {actual} bytes long")]
    Truncated {
        /// Bytes that are there.
        actual: u64,
    },
    /// The commitment does not belong to this key and context.
    #[error("the sealed file belongs to another key or place, or its first {HEADER_BYTES} bytes are damaged")]
    WrongKey,
    /// A chunk is not what was sealed at its place.
    #[error("the sealed file is damaged in chunk {chunk} (counted from 0)")]
    Damaged {
        /// The chunk, from 0.
        chunk: u64,
    },
}

/// A key under which files are sealed; each file has its own salt.
///
/// Uniformly random or the output of a key derivation.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SealKey(Box<[u8; KEY_BYTES]>);

impl SealKey {
    /// Wraps raw key bytes.
    #[must_use]
    pub fn from_secret_bytes(bytes: &[u8; KEY_BYTES]) -> Self {
        Self(Box::new(*bytes))
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealKey(redacted)")
    }
}

/// Draws a salt for one file.
#[must_use]
pub fn random_salt(rng: &mut impl CryptoRng) -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    rng.fill_bytes(&mut salt);
    salt
}

/// Bytes of the sealed form of `plaintext_bytes` bytes.
#[must_use]
pub const fn sealed_len(plaintext_bytes: u64) -> u64 {
    let chunk_count = plaintext_bytes / CHUNK_BYTES as u64 + 1;
    HEADER_BYTES as u64 + plaintext_bytes + chunk_count * TAG_BYTES as u64
}

/// Bytes that open from a sealed file of `sealed_bytes` bytes; `None` if no sealed file has that length.
#[must_use]
pub const fn plaintext_len(sealed_bytes: u64) -> Option<u64> {
    let Some(chunk_bytes) = sealed_bytes.checked_sub(HEADER_BYTES as u64) else { return None };
    let full_chunks = chunk_bytes / SEALED_CHUNK_BYTES as u64;
    match (chunk_bytes % SEALED_CHUNK_BYTES as u64).checked_sub(TAG_BYTES as u64) {
        Some(last) if full_chunks < MAX_CHUNKS => Some(full_chunks * CHUNK_BYTES as u64 + last),
        _ => None,
    }
}

/// Where chunk number `chunk` lies in a sealed file; the last chunk ends earlier.
#[must_use]
pub const fn chunk_range(chunk: u64) -> Range<u64> {
    let start = HEADER_BYTES as u64 + chunk * SEALED_CHUNK_BYTES as u64;
    start..start + SEALED_CHUNK_BYTES as u64
}

/// Seals one file, whole or chunk by chunk in any order.
pub struct Sealer {
    cipher: ChunkCipher,
    header: [u8; HEADER_BYTES],
}

impl Sealer {
    /// Starts a file with a fresh `salt` (see [`random_salt`]), or goes on with the *same content* under its old one.
    ///
    /// `context` says what the file is; it opens under the same context only.
    #[must_use]
    pub fn new(key: &SealKey, salt: [u8; SALT_BYTES], context: &[u8]) -> Self {
        let (cipher, commitment) = ChunkCipher::derive(key, &salt, context);
        let mut header = [0; HEADER_BYTES];
        header[..SALT_BYTES].copy_from_slice(&salt);
        header[SALT_BYTES..].copy_from_slice(&commitment);
        Self { cipher, header }
    }

    /// The first bytes of the sealed file: salt and commitment.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER_BYTES] {
        self.header
    }

    /// Seals chunk number `index`: [`CHUNK_BYTES`] of plaintext, fewer (maybe none) only in the last chunk.
    ///
    /// # Panics
    /// If `plaintext` is longer than [`CHUNK_BYTES`] or `index` is not below [`MAX_CHUNKS`]: the caller cut the
    /// file wrongly.
    #[must_use]
    pub fn chunk(&self, index: u64, plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plaintext.len() + TAG_BYTES);
        self.append_chunk(index, plaintext, &mut sealed);
        sealed
    }

    /// Seals consecutive chunks, the first with number `first_chunk`; with `is_last`, `plaintext` ends the file.
    ///
    /// # Panics
    /// If `plaintext` is not a whole number of chunks and not the end of the file, or the file has more than
    /// [`MAX_CHUNKS`] chunks: the caller cut the file wrongly.
    #[must_use]
    pub fn seal_range(&self, first_chunk: u64, plaintext: &[u8], is_last: bool) -> Vec<u8> {
        let (chunks, rest) = plaintext.as_chunks::<CHUNK_BYTES>();
        assert!(is_last || rest.is_empty(), "only the last chunk of a sealed file may be short");
        let mut sealed = Vec::with_capacity(plaintext.len() + (chunks.len() + 1) * TAG_BYTES);
        let mut index = first_chunk;
        for chunk in chunks {
            self.append_chunk(index, chunk, &mut sealed);
            index += 1;
        }
        if is_last {
            self.append_chunk(index, rest, &mut sealed);
        }
        sealed
    }

    /// Seals a whole file, header included.
    #[must_use]
    pub fn seal(&self, plaintext: &[u8]) -> Vec<u8> {
        let mut sealed = self.header.to_vec();
        sealed.append(&mut self.seal_range(0, plaintext, true));
        sealed
    }

    fn append_chunk(&self, index: u64, plaintext: &[u8], sealed: &mut Vec<u8>) {
        assert!(plaintext.len() <= CHUNK_BYTES, "a chunk holds at most {CHUNK_BYTES} bytes");
        let start = sealed.len();
        sealed.extend_from_slice(plaintext);
        let nonce = self.cipher.nonce(index).expect("callers keep below the largest number of chunks");
        let tag = self
            .cipher
            .aead
            .encrypt_inout_detached(&nonce, &[], sealed[start..].as_mut().into())
            .expect("a chunk is far shorter than what AES-GCM encrypts at once");
        sealed.extend_from_slice(&tag);
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sealer(redacted)")
    }
}

/// Opens one sealed file, whole or chunk by chunk in any order.
pub struct Opener {
    cipher: ChunkCipher,
}

impl Opener {
    /// Starts from the first bytes of a sealed file.
    ///
    /// # Errors
    /// [`OpenError::WrongKey`] if they do not belong to `key` and `context`.
    pub fn new(key: &SealKey, header: &[u8; HEADER_BYTES], context: &[u8]) -> Result<Self, OpenError> {
        let (salt, commitment) = header.split_at(SALT_BYTES);
        let (cipher, expected) = ChunkCipher::derive(key, salt, context);
        if bool::from(expected.as_slice().ct_eq(commitment)) {
            Ok(Self { cipher })
        } else {
            Err(OpenError::WrongKey)
        }
    }

    /// Opens chunk number `index` from exactly its bytes; `is_last` says whether the file ends with them.
    ///
    /// A file is whole only once its last chunk has opened with `is_last`.
    ///
    /// # Errors
    /// [`OpenError::Truncated`] for bytes of a wrong number, [`OpenError::Damaged`] if these bytes were not sealed
    /// as this chunk of this file.
    pub fn open_chunk(&self, index: u64, is_last: bool, bytes: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut plaintext = Vec::with_capacity(bytes.len().saturating_sub(TAG_BYTES));
        self.append_chunk(index, is_last, bytes, &mut plaintext)?;
        Ok(plaintext)
    }

    fn append_chunk(
        &self,
        index: u64,
        is_last: bool,
        bytes: &[u8],
        plaintext: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        // A full chunk is never the last one and a shorter chunk always is.
        let truncated = || OpenError::Truncated {
            actual: chunk_range(index.min(MAX_CHUNKS)).start.saturating_add(bytes.len() as u64),
        };
        let (ciphertext, tag) = bytes.split_last_chunk::<TAG_BYTES>().ok_or_else(truncated)?;
        if ciphertext.len() > CHUNK_BYTES || (ciphertext.len() < CHUNK_BYTES) != is_last {
            return Err(truncated());
        }
        let damaged = OpenError::Damaged { chunk: index };
        let Some(nonce) = self.cipher.nonce(index) else { return Err(damaged) };
        let start = plaintext.len();
        plaintext.extend_from_slice(ciphertext);
        self.cipher
            .aead
            .decrypt_inout_detached(&nonce, &[], plaintext[start..].as_mut().into(), &Tag::from(*tag))
            .map_err(|_| damaged)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Opener(redacted)")
    }
}

/// Opens a whole sealed file: all of its plaintext or an error.
///
/// The plaintext is written into one allocation only, so that a caller who wipes the result has wiped it all.
///
/// # Errors
/// [`OpenError`] unless `bytes` are exactly what was sealed under `key` and `context`.
pub fn open(key: &SealKey, context: &[u8], bytes: &[u8]) -> Result<Vec<u8>, OpenError> {
    let actual = bytes.len() as u64;
    let truncated = OpenError::Truncated { actual };
    let (header, chunks) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(truncated.clone())?;
    let opener = Opener::new(key, header, context)?;
    if plaintext_len(actual).is_none() {
        return Err(truncated);
    }
    let (full_chunks, last) = chunks.as_chunks::<SEALED_CHUNK_BYTES>();
    // Wiped if a later chunk fails: an early chunk may hold a secret.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(chunks.len()));
    let mut index = 0;
    for chunk in full_chunks {
        opener.append_chunk(index, false, chunk, &mut plaintext)?;
        index += 1;
    }
    opener.append_chunk(index, true, last, &mut plaintext)?;
    Ok(core::mem::take(&mut *plaintext))
}

/// What one file's chunks are sealed with. `aes-gcm` wipes its key schedule when dropped.
struct ChunkCipher {
    aead: Aes256Gcm,
    base_nonce: Zeroizing<[u8; NONCE_BYTES]>,
}

impl ChunkCipher {
    fn derive(key: &SealKey, salt: &[u8], context: &[u8]) -> (Self, [u8; COMMITMENT_BYTES]) {
        let mut output = Zeroizing::new([0; KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES]);
        // The format takes the key itself for HKDF's pseudo-random key; the crate wants one as long as a hash. HMAC
        // pads short keys with zeros, so that padding here changes nothing.
        let mut padded_key = Zeroizing::new([0; HASH_BYTES]);
        padded_key[..KEY_BYTES].copy_from_slice(&*key.0);
        Hkdf::<Sha512>::from_prk(&*padded_key)
            .expect("the padded key is as long as a SHA-512 hash")
            .expand_multi_info(&[INFO_PREFIX, salt, context], &mut *output)
            .expect("76 bytes are far fewer than 255 hashes");
        let (aead_key, rest) = output.split_at(KEY_BYTES);
        let (nonce, tail) = rest.split_at(NONCE_BYTES);
        let mut base_nonce = Zeroizing::new([0; NONCE_BYTES]);
        base_nonce.copy_from_slice(nonce);
        let mut commitment = [0; COMMITMENT_BYTES];
        commitment.copy_from_slice(tail);
        let aead = Aes256Gcm::new_from_slice(aead_key).expect("the key was split off with the right length");
        (Self { aead, base_nonce }, commitment)
    }

    /// The base nonce XOR the chunk number, big-endian; `None` beyond the largest chunk number.
    fn nonce(&self, index: u64) -> Option<Nonce<aes_gcm::aead::consts::U12>> {
        if index >= MAX_CHUNKS {
            return None;
        }
        let mut nonce = *self.base_nonce;
        for (byte, counter) in nonce[NONCE_BYTES - 8..].iter_mut().zip(index.to_be_bytes()) {
            *byte ^= counter;
        }
        Some(nonce.into())
    }
}
