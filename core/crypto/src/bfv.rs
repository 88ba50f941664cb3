//! BFV: ciphertexts that can be added *and multiplied*, slot by slot [FV12].
//!
//! A plaintext is 8,192 integers modulo a prime t, one *slot* per row; what is done to ciphertexts happens in every slot
//! by itself. Exact integers wider than t are held as residues modulo several primes, one ciphertext for each
//! ([`ParameterSet::primes_for`] says how many a result needs). The cloud multiplies without any key: a product of two
//! ciphertexts has three polynomials, one of three has four, and whoever has the secret key decrypts these as they are.
//!
//! | module | what it is |
//! |---|---|
//! | [`parameters`](ParameterSet) | the named sets: degree, moduli, primes, security |
//! | [`noise`] | what fits: the worst-case noise of a circuit, and how small its answer may be |
//! | [`ring`] | polynomials modulo q and modulo t: all that a holder of a secret needs, without naming one |
//! | [`Ciphertext`] | ciphertexts and their bytes |
//! | [`evaluate`] | sums, products, sums of products |
//! | [`forms`] | linear forms with public weights, and their squares |
//!
//! # What is whose
//! Number-theoretic transforms and the exact scaling of residue vectors are those of crate `fhe-math`. The four formulas
//! of the scheme are ours, each a few lines, and tested to be, bit for bit, those of crate `fhe`. That crate's own
//! `SecretKey` is not used: it draws the uniform half of every ciphertext from a random number generator that the caller
//! does not hand in, its `Debug` prints the key, and its ciphertexts are read without looking at their size or whether
//! their coefficients are in range.
//!
//! Bytes depend on no choice of a library: polynomials are stored by their coefficients, seeds are expanded by
//! [`ring::RingElement::from_seed`] as written there, and slots are ordered by the size of their roots of unity.
//!
//! No circuit privacy: whoever decrypts an answer may learn which ciphertexts were combined. A ciphertext can be changed
//! by anyone, and nothing in it shows that it was.
//!
//! [FV12]: J. Fan, F. Vercauteren, *Somewhat practical fully homomorphic encryption*, ePrint 2012/144.

mod bits;
mod ciphertext;
pub mod evaluate;
pub mod forms;
pub mod noise;
mod parameters;
pub mod ring;

pub use ciphertext::{Ciphertext, FormatError, HEADER_BYTES, SEED_BYTES};
pub use parameters::ParameterSet;
