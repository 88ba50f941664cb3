//! What the second engine costs: `cargo bench -p veilsum-owner --bench bfv`.

#![expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use veilsum_crypto::bfv::evaluate::{self, Lifted, ProductSum, multiply, switch_down};
use veilsum_crypto::bfv::{Ciphertext, ParameterSet};
use veilsum_owner::bfv::SecretKey;

/// How long an operation is repeated, for the shortest time.
const PATIENCE: Duration = Duration::from_secs(1);

fn main() {
    for set in ParameterSet::ALL {
        println!("\n{set:?}");
        bfv(set);
    }
}

fn bfv(set: ParameterSet) {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let start = Instant::now();
    let key = SecretKey::generate(set, &mut rng);
    let values: Vec<i64> = (0..8_192).map(|row| row * 127 - 500_000).collect();
    let fresh = key.encrypt_block(0, &values, &mut rng).expect("a block");
    println!("{:<46} {:>10.3} ms", "first key and block, tables included", milliseconds(start.elapsed()));
    let start = Instant::now();
    let product = multiply(&fresh, &fresh).expect("a product");
    println!("{:<46} {:>10.3} ms", "first product, tables included", milliseconds(start.elapsed()));

    let encrypt = report("encrypt a block (one prime)", || {
        black_box(key.encrypt_block(0, &values, &mut rng).expect("a block").to_bytes());
    });
    println!("{:<46} {:>10.0} values/s", "", 8_192.0 / encrypt.as_secs_f64());
    let bytes = fresh.to_bytes();
    report("read a block", || {
        black_box(Ciphertext::from_bytes(&bytes).expect("a ciphertext"));
    });
    let mut sum = fresh.clone();
    report("add a block", || evaluate::add(&mut sum, &fresh).expect("they match"));
    report("lift a block", || {
        black_box(Lifted::new(&fresh).expect("fresh"));
    });
    let lifted = Lifted::new(&fresh).expect("fresh");
    let mut products = ProductSum::new(set, 0);
    report("add a product of lifted blocks", || products.add(&lifted, &lifted).expect("they match"));
    report("ciphertext × ciphertext, all of it", || {
        black_box(multiply(&fresh, &sum).expect("a product"));
    });
    let column = [bytes.as_slice(); 8].concat();
    report("read, multiply and add 8 pairs of blocks", || {
        black_box(evaluate::sum_of_products(set, 0, &[&column, &column], 1).expect("an answer"));
    });
    report("bring a product to level 1", || {
        black_box(switch_down(&product, 1).expect("a level"));
    });
    let answer = switch_down(&product, 1).expect("a level");
    report("decrypt a product of level 1", || {
        let _ = black_box(key.decrypt(std::slice::from_ref(&answer), 1 << 28, 8_192));
    });
    for (what, ciphertext) in
        [("block", &fresh), ("product of level 0", &product), ("product of level 1", &answer)]
    {
        let length = ciphertext.to_bytes().len();
        let length = f64::from(u32::try_from(length).expect("small"));
        println!("{what:<46} {length:>10} bytes, {:.2} a value", length / 8_192.0);
    }
}

fn report(what: &str, mut operation: impl FnMut()) -> Duration {
    let start = Instant::now();
    let mut best = Duration::MAX;
    while start.elapsed() < PATIENCE {
        let once = Instant::now();
        operation();
        best = best.min(once.elapsed());
    }
    println!("{what:<46} {:>10.3} ms", milliseconds(best));
    best
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
