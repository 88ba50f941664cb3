//! BFV as its owner uses it: the secret key, encryption of blocks, decryption of answers, and spot checks.
//!
//! What ciphertexts are and what is computed on them is in [`veilsum_crypto::bfv`]. The formulas here are those of [FV12]
//! for a secret s and a plaintext m:
//!
//! - *encrypt*, with a uniform a and a small e: `(⌊q·m/t⌋ + e − a·s, a)`. The owner encrypts under the secret itself, so that a
//!   is public randomness and a seed of 32 bytes stands for it: half the bytes.
//! - *decrypt*: `⌊t/q · (c₀ + c₁·s + c₂·s² + …)⌉ mod t`.
//!
//! # Slots without a row
//! The last block of a column has slots that no row fills. They are encrypted as 0, and 0 is what any sum of products makes of
//! them, since a product with a factor 0 is 0 and all sums run over blocks, never across slots: each slot is a ring of its
//! own. So unused slots of an answer hold 0 whatever the other slots hold, and [`SecretKey::decrypt`] refuses anything else.
//! Adding a public constant would break this; there is no such operation.
//!
//! # What is not promised
//! A wrong answer is not recognised as such: a cloud can add the encryption of anything it likes to an answer, and check
//! values as for Paillier do not help, since the cloud can multiply. Only what is out of bounds is refused. The decryption
//! under another key, or of random bytes, is uniform modulo t in every slot, so that a bound well below t and 8,192 slots
//! refuse it for certain, for all practical purposes; that is a guard against mistakes, not against a liar. [`spot`] is what
//! can be done about a liar.

pub mod answer;
mod secret_key;
pub mod spot;

pub use secret_key::{BfvKeyError, DecryptError, EncryptError, SecretKey};
