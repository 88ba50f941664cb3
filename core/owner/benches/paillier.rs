//! What the owner and the cloud wait for: `cargo bench -p veilsum-owner`.

#![expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use num_bigint::{BigInt, BigRng010, BigUint};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Deserialize;
use veilsum_crypto::kernel::{Arithmetic, Batch, Modulus};
use veilsum_crypto::packing::Plaintext;
use veilsum_owner::paillier::SecretKey;

/// How long an operation is repeated, for the shortest time.
const PATIENCE: Duration = Duration::from_secs(1);
/// Blocks of 1,000,000 values under a 2048-bit key.
const SUMMANDS: usize = 33_000;

#[derive(Deserialize)]
struct KeyVector {
    #[serde(with = "hex")]
    secret: Vec<u8>,
}

fn main() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for bits in [2_048, 3_072, 4_096, 6_144] {
        arithmetics(bits, &mut rng);
    }
    for json in [
        include_str!("../tests/vectors/secret-key-2048.json"),
        include_str!("../tests/vectors/secret-key-3072.json"),
    ] {
        let vector: KeyVector = serde_json::from_str(json).expect("the vector is sound");
        paillier(&vector.secret, &mut rng);
    }
}

/// Multiplications, squarings and powers, per lane.
fn arithmetics(bits: u64, rng: &mut ChaCha20Rng) {
    println!("\nmodulo {bits} bits, each of the operations that are done at once");
    let modulus = rng.random_biguint(bits) | BigUint::from(1u32) | (BigUint::from(1u32) << (bits - 1));
    for arithmetic in Arithmetic::ALL {
        let Ok(batch) = Batch::with_arithmetic(arithmetic, &[&modulus]) else { continue };
        let lanes = u32::try_from(batch.lanes()).expect("a handful");
        let bases: Vec<_> = (0..lanes).map(|_| rng.random_biguint(bits)).collect();
        let [mut a, b] = [batch.to_montgomery(&bases), batch.to_montgomery(&bases)];
        let mut product = b.clone();
        report(&format!("{arithmetic:?} multiply"), 50 * lanes, || {
            for _ in 0..50 {
                batch.multiply(&mut product, &a, &b);
                std::mem::swap(&mut product, &mut a);
            }
        });
        report(&format!("{arithmetic:?} square"), 50 * lanes, || {
            for _ in 0..50 {
                batch.square(&mut product, &a);
                std::mem::swap(&mut product, &mut a);
            }
        });
        report(&format!("{arithmetic:?} modpow, full exponent"), lanes, || {
            black_box(batch.power(&b, &[&modulus]));
        });
    }
    let exponent = rng.random_biguint(bits);
    report("num-bigint multiply", 10, || {
        for _ in 0..10 {
            black_box(&exponent * &exponent % &modulus);
        }
    });
    let whole = Modulus::new(&modulus).expect("odd");
    report("one multiplication of integers", 10, || {
        for _ in 0..10 {
            black_box(whole.multiply(&exponent, &exponent));
        }
    });
    report("num-bigint modpow, full exponent", 1, || {
        black_box(exponent.modpow(&exponent, &modulus));
    });
}

fn paillier(secret: &[u8], rng: &mut ChaCha20Rng) {
    let key = SecretKey::from_secret_bytes(secret).expect("the vector is sound");
    let public = key.public_key();
    println!("\nPaillier with n of {} bits", public.modulus_bits());
    let start = Instant::now();
    key.prepare(&mut |_, _| ());
    println!("{:>14.1} us  tables for encryption, once", start.elapsed().as_secs_f64() * 1e6);

    let plaintexts: Vec<_> = (0..64)
        .map(|_| Plaintext::from_integer(BigInt::from(rng.random_biguint_below(public.modulus()))))
        .collect();
    report("encrypt", 16, || {
        for plaintext in &plaintexts[..16] {
            black_box(key.encrypt(plaintext, rng));
        }
    });
    report("encrypt, each of 16", 16, || {
        black_box(key.encrypt_many(&plaintexts[..16], rng));
    });
    report("encrypt with the public key", 1, || {
        black_box(public.encrypt(&plaintexts[0], rng));
    });
    let ciphertexts = key.encrypt_many(&plaintexts, rng);
    report("decrypt", 4, || {
        for ciphertext in &ciphertexts[..4] {
            black_box(key.decrypt(ciphertext).expect("an own ciphertext"));
        }
    });
    report("decrypt, each of 16", 16, || {
        black_box(key.decrypt_many(&ciphertexts[..16]).expect("own ciphertexts"));
    });
    let many: Vec<_> = ciphertexts.iter().cycle().take(SUMMANDS).cloned().collect();
    report("sum of 33,000 ciphertexts", 1, || {
        black_box(public.sum(&many));
    });
    report("sum, each of 400 ciphertexts", 400, || {
        black_box(public.sum(&many[..400]));
    });
    let bytes: Vec<u8> = many.iter().flat_map(|ciphertext| ciphertext.to_bytes(public)).collect();
    report("read and check 33,000 ciphertexts", 1, || {
        black_box(public.ciphertexts_from_bytes(&bytes).expect("own ciphertexts"));
    });
}

/// Prints the shortest time of one of `count` operations.
fn report(name: &str, count: u32, mut operations: impl FnMut()) {
    let mut best = Duration::MAX;
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let start = Instant::now();
        operations();
        best = best.min(start.elapsed());
    }
    println!("{:>14.2} us  {name}", best.as_secs_f64() * 1e6 / f64::from(count));
}
