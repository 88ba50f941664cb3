//! A client with a secret key, as the browser is.

#![allow(dead_code, reason = "not every test does all that a client does")]

use std::sync::LazyLock;

use num_bigint::BigUint;
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;
use veilsum_model::answer::Answer;
use veilsum_model::foreign_key::ProvenKey;
use veilsum_model::model::Model;
use veilsum_model::packing::{self, Packing};
use veilsum_model::query::{Header, Query};
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::{Digest, KeyFingerprint};

/// Two primes of 512 bits: a key far too small for data, and fast.
const P: &[u8] = b"fe9192ad606f4283ae9970b5e6a9371474d4c84eace2fb646cd23e0fa11c716ac51efd5d6c52594dc7653ed52625f56a0b744cd3375bc5a5b19dbfeced4531d7";
const Q: &[u8] = b"ed4f626613e95504ba8bc806642328514113b3dfa758d29281700c838b5d609570e9777bff4265473a88c316dd56167b826b177334e5f33e4e884cd76246a54f";

pub static KEY: LazyLock<SecretKey> = LazyLock::new(|| {
    let prime = |hex| BigUint::parse_bytes(hex, 16).unwrap();
    SecretKey::from_primes(prime(P), prime(Q)).unwrap()
});

pub static PROVEN: LazyLock<ProvenKey> = LazyLock::new(|| {
    let proof = KEY.prove_order().to_bytes(KEY.public_key());
    ProvenKey::from_parts(&KEY.public_key().to_hex(), &proof).unwrap()
});

pub fn rng(seed: u64) -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64(seed)
}

pub fn header(model: &Model, packing: Packing, rows: usize, inputs: usize) -> Header {
    let public = KEY.public_key();
    Header {
        packing,
        model: Digest::from_bytes(model.digest()),
        key: KeyFingerprint::from_bytes(public.fingerprint()),
        modulus_bits: public.modulus_bits(),
        row_count: u32::try_from(rows).unwrap(),
        input_count: u32::try_from(inputs).unwrap(),
        layer: 0,
    }
}

/// Encrypts records of inputs, as bytes that go to the cloud.
pub fn ask(header: Header, rows: &[Vec<i64>], seed: u64) -> Vec<u8> {
    let public = KEY.public_key();
    let plaintexts = match header.packing {
        Packing::Table => packing::pack_table(public, rows).unwrap().concat(),
        Packing::Record => packing::pack_record(public, &rows[0]),
    };
    let ciphertexts = KEY.encrypt_many(&plaintexts, &mut rng(seed));
    Query::new(public, header, ciphertexts).unwrap().to_bytes(public)
}

/// Decrypts an answer.
pub fn read(asked: &Header, bytes: &[u8], bound: u128) -> Vec<Vec<i128>> {
    let public = KEY.public_key();
    let answer = Answer::from_bytes(public, asked, bytes).unwrap();
    let plaintexts = KEY.decrypt_many(answer.ciphertexts()).unwrap();
    answer.scores(public, &plaintexts, bound).unwrap()
}
