//! Veilsum's operations as the worker of the benchmark page calls them.

use core::hint::black_box;

use getrandom::SysRng;
use num_bigint::BigUint;
use rand_core::UnwrapErr;
use veilsum_bench_ours::{BLOCKS, Ours, Powers, generate_key};
use veilsum_crypto::kernel::Arithmetic;
use veilsum_owner::paillier::ModulusSize;
use wasm_bindgen::prelude::*;

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// A key, and values and ciphertexts under it. Integers are hexadecimal digits.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Owner {
    ours: Ours,
    powers: Powers,
}

#[wasm_bindgen]
impl Owner {
    /// Takes a stored key.
    ///
    /// # Errors
    /// The bytes are no key.
    #[wasm_bindgen(constructor)]
    pub fn new(secret: &[u8]) -> Result<Self, String> {
        let ours = Ours::new(secret, &mut rng()).map_err(|error| error.to_string())?;
        let powers = ours.powers(&mut rng());
        Ok(Self { ours, powers })
    }

    /// Values in a ciphertext.
    #[must_use]
    pub fn slot_count(&self) -> u32 {
        self.ours.slot_count()
    }

    /// Ciphertexts of a call of `encrypt`, `decrypt_many` or `decrypt_each`.
    #[must_use]
    pub fn blocks(&self) -> usize {
        BLOCKS
    }

    /// See [`Ours::encrypt`].
    #[must_use]
    pub fn encrypt(&self) -> Vec<u8> {
        self.ours.encrypt(&mut rng())
    }

    /// See [`Ours::decrypt_many`].
    pub fn decrypt_many(&self) {
        black_box(self.ours.decrypt_many());
    }

    /// A ciphertext and its plaintext.
    #[must_use]
    pub fn known(&self) -> Vec<String> {
        let (ciphertext, plaintext) = &self.ours.known()[0];
        vec![hex(ciphertext), hex(plaintext)]
    }

    /// The plaintext of somebody's ciphertext.
    #[must_use]
    pub fn decrypt(&self, ciphertext: &str) -> String {
        hex(&self.ours.decrypt(integer(ciphertext)))
    }

    /// Powers of a call of `powers`.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.powers.bases.len()
    }

    /// Base, exponent and modulus of one of the powers.
    #[must_use]
    pub fn power_operands(&self) -> Vec<String> {
        let Powers { bases, exponent, .. } = &self.powers;
        vec![hex(&bases[0]), hex(exponent), hex(self.ours.public_key().square().value())]
    }

    /// See [`Powers::run`]; the first of the powers.
    #[must_use]
    pub fn power(&self) -> String {
        hex(&self.powers.run()[0])
    }

    /// The same without the result.
    pub fn powers(&self) {
        black_box(self.powers.run());
    }
}

/// Makes a key.
///
/// # Errors
/// There are no keys of this size.
#[wasm_bindgen]
pub fn keygen(bits: u32) -> Result<(), String> {
    let size = ModulusSize::from_bits(bits.into()).ok_or("keys have 2048 or 3072 bits")?;
    black_box(generate_key(size, &mut rng()));
    Ok(())
}

/// The arithmetic that this module computes with here.
#[wasm_bindgen]
#[must_use]
pub fn arithmetic() -> String {
    format!("{:?}", Arithmetic::fastest())
}

fn hex(integer: &BigUint) -> String {
    format!("{integer:x}")
}

fn integer(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or_default()
}
