//! The native half: ours beside GMP, `fast-paillier` and python `phe`.

use std::cell::RefCell;
use std::hint::black_box;
use std::path::Path;

use anyhow::{Context, ensure};
use getrandom::SysRng;
use num_bigint::{BigRng010, BigUint};
use old_rand_core::OsRng;
use rand_core::UnwrapErr;
use rug::Integer;
use rug::integer::Order;
use veilsum_bench_ours::dot::{self, Table};
use veilsum_bench_ours::{BLOCKS, Ours, generate_key};

use crate::keys::{self, Key};
use crate::measure::{Contestant, Patience, draw, interleave};
use crate::report::{self, Row};

mod gmp;
mod phe;

use gmp::{Gmp, PowersByTable};
use phe::Phe;

type FastInteger = fast_paillier::backend::Integer;
type FastKey = fast_paillier::DecryptionKey;

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
const PLACE: &str = "native";
/// Blocks of 1,000,000 values under a 2048-bit key.
const SUMMANDS: usize = 33_000;
/// A value of 32 bits, which is what a peer encrypts.
const VALUE: u32 = 2_718_281_828;

/// Measures all operations.
pub fn measure(bits: &[u32], python: Option<&Path>, patience: &Patience) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for bits in bits {
        let bench = Bench::new(*bits, python)?;
        bench.agree()?;
        for operation in
            [Bench::encrypt, Bench::decrypt, Bench::modpow, Bench::sum, Bench::dot, Bench::keygen]
        {
            rows.extend(operation(&bench, patience)?);
        }
    }
    Ok(rows)
}

/// Everybody with the same key.
struct Bench {
    bits: u32,
    ours: Ours,
    gmp: Gmp,
    fast: FastKey,
    phe: Option<RefCell<Phe>>,
}

impl Bench {
    fn new(bits: u32, python: Option<&Path>) -> anyhow::Result<Self> {
        let key: Key = keys::key(bits)?;
        let secret: Vec<u8> = (0..key.secret.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&key.secret[at..at + 2], 16))
            .collect::<Result<_, _>>()?;
        let [p, q] = [&key.p, &key.q].map(|prime| Integer::from_str_radix(prime, 16));
        let (p, q) = (p?, q?);
        let fast = [&p, &q].map(|prime| FastInteger::from_rug(prime.clone()));
        let [fast_p, fast_q] = fast;
        Ok(Self {
            bits,
            ours: Ours::new(&secret, &mut rng())?,
            gmp: Gmp::new(p, q),
            fast: FastKey::from_primes(fast_p, fast_q)?,
            phe: python.map(|python| Phe::start(python, &key)).transpose()?.map(RefCell::new),
        })
    }

    /// Makes sure that all compute the same scheme.
    fn agree(&self) -> anyhow::Result<()> {
        let (ciphertext, plaintext) = self.ours.known().swap_remove(0);
        let (ciphertext, plaintext) = (to_gmp(&ciphertext), to_gmp(&plaintext));
        ensure!(self.gmp.decrypt(&ciphertext) == plaintext, "GMP decrypts to something else");
        let decrypted = self.fast.decrypt(&FastInteger::from_rug(ciphertext))?.to_rug();
        ensure!(decrypted.modulo(&self.gmp.n) == plaintext, "fast-paillier decrypts to something else");
        let table = self.gmp.table(6);
        let (theirs, _) = self.fast.encrypt_with_random(&mut OsRng, &FastInteger::from_rug(VALUE.into()))?;
        let ciphertexts = [
            theirs.to_rug(),
            self.gmp.encrypt(&VALUE.into(), &mut OsRng),
            self.gmp.encrypt_by_table(&table, &VALUE.into(), &mut OsRng),
        ];
        for ciphertext in ciphertexts {
            let decrypted = self.ours.decrypt(from_gmp(&ciphertext));
            ensure!(decrypted == BigUint::from(VALUE), "a ciphertext of GMP decrypts to something else");
        }
        let powers = self.ours.powers(&mut rng());
        let [base, exponent] = [&powers.bases[0], &powers.exponent].map(to_gmp);
        ensure!(to_gmp(&powers.run()[0]) == self.gmp.power(&base, &exponent), "powers differ");
        ensure!(powers.run_one() == powers.run()[0], "one power differs from many");
        Ok(())
    }

    fn encrypt(&self, patience: &Patience) -> anyhow::Result<Vec<Row>> {
        let value = Integer::from(VALUE);
        let fast_value = FastInteger::from_rug(value.clone());
        let table: PowersByTable = self.gmp.table(6);
        let packed = to_gmp(&self.ours.known()[0].1);
        let mut contestants = vec![
            Contestant::ours("batch", BLOCKS, || {
                black_box(self.ours.encrypt(&mut rng()));
            }),
            Contestant::peer("fast-paillier, owner", 1, || {
                black_box(self.fast.encrypt_with_random(&mut OsRng, &fast_value).ok());
            }),
            Contestant::peer("GMP, public key", 1, || {
                black_box(self.gmp.encrypt(&value, &mut OsRng));
            }),
            Contestant::peer("GMP, our algorithm", 1, || {
                black_box(self.gmp.encrypt_by_table(&table, &packed, &mut OsRng));
            }),
        ];
        contestants.extend(self.phe("phe + gmpy2", "encrypt"));
        let rows = report::rows("encrypt", PLACE, self.bits, &interleave(&mut contestants, patience)?);
        let values = report::per_value(&rows, self.ours.slot_count());
        Ok(rows.into_iter().chain(values).collect())
    }

    fn decrypt(&self, patience: &Patience) -> anyhow::Result<Vec<Row>> {
        let ciphertext = to_gmp(&self.ours.known()[0].0);
        let fast_ciphertext = FastInteger::from_rug(ciphertext.clone());
        let mut contestants = vec![
            Contestant::ours("batch", BLOCKS, || {
                black_box(self.ours.decrypt_many());
            }),
            Contestant::ours("single", BLOCKS, || {
                black_box(self.ours.decrypt_each());
            }),
            Contestant::peer("fast-paillier, owner", 1, || {
                black_box(self.fast.decrypt(&fast_ciphertext).ok());
            }),
            Contestant::peer("GMP, our algorithm", 1, || {
                black_box(self.gmp.decrypt(&ciphertext));
            }),
        ];
        contestants.extend(self.phe("phe + gmpy2", "decrypt"));
        Ok(report::rows("decrypt", PLACE, self.bits, &interleave(&mut contestants, patience)?))
    }

    fn modpow(&self, patience: &Patience) -> anyhow::Result<Vec<Row>> {
        let powers = self.ours.powers(&mut rng());
        let [base, exponent] = [&powers.bases[0], &powers.exponent].map(to_gmp);
        let mut contestants = [
            Contestant::ours("batch", powers.bases.len(), || {
                black_box(powers.run());
            }),
            Contestant::ours("single", 1, || {
                black_box(powers.run_one());
            }),
            Contestant::peer("GMP", 1, || {
                black_box(self.gmp.power(&base, &exponent));
            }),
        ];
        Ok(report::rows("modpow", PLACE, self.bits, &interleave(&mut contestants, patience)?))
    }

    fn sum(&self, patience: &Patience) -> anyhow::Result<Vec<Row>> {
        let public = self.ours.public_key();
        let ciphertexts: Vec<_> = (0..SUMMANDS)
            .map(|_| rng().random_biguint_below(public.square().value()))
            .map(veilsum_bench_ours::ciphertext)
            .collect();
        let integers: Vec<_> = ciphertexts.iter().map(|ciphertext| to_gmp(ciphertext.as_integer())).collect();
        ensure!(to_gmp(public.sum(&ciphertexts).as_integer()) == self.gmp.product(&integers), "sums differ");
        let mut contestants = [
            Contestant::ours("batch", 1, || {
                black_box(public.sum(&ciphertexts));
            }),
            Contestant::peer("GMP", 1, || {
                black_box(self.gmp.product(&integers));
            }),
        ];
        Ok(report::rows("sum_33000", PLACE, self.bits, &interleave(&mut contestants, patience)?))
    }

    fn dot(&self, patience: &Patience) -> anyhow::Result<Vec<Row>> {
        let public = self.ours.public_key();
        let table = Table::random(public, &mut rng());
        let row: Vec<_> = table.rows[0].iter().map(to_gmp).collect();
        let weights: Vec<_> = table.weights.iter().copied().map(Integer::from).collect();
        let first = dot::weighted_sums(public, &table).swap_remove(0);
        ensure!(to_gmp(&first) == self.gmp.dot(&row, &weights), "weighted sums differ");
        ensure!(to_gmp(&first) == self.gmp.dot_shared(&row, &table.weights), "weighted sums differ");
        let mut contestants = [
            Contestant::ours("batch", dot::ROWS, || {
                black_box(dot::weighted_sums(public, &table));
            }),
            Contestant::peer("GMP", 1, || {
                black_box(self.gmp.dot(&row, &weights));
            }),
            Contestant::peer("GMP, our algorithm", 1, || {
                black_box(self.gmp.dot_shared(&row, &table.weights));
            }),
        ];
        Ok(report::rows("dot_30x16", PLACE, self.bits, &interleave(&mut contestants, patience)?))
    }

    fn keygen(&self, patience: &Patience) -> anyhow::Result<Vec<Row>> {
        let size = veilsum_bench_ours::size(self.bits).context("keys have 2048 or 3072 bits")?;
        let mut contestants = vec![
            Contestant::ours("proven primes", 1, || {
                black_box(generate_key(size, &mut rng()));
            }),
            Contestant::peer("GMP, probable primes", 1, || {
                black_box(gmp::primes(self.bits / 2, &mut OsRng));
            }),
        ];
        contestants.extend(self.phe("phe + gmpy2", "keygen"));
        Ok(report::rows("keygen", PLACE, self.bits, &draw(&mut contestants, patience)?))
    }

    fn phe(&self, name: &'static str, operation: &'static str) -> Option<Contestant<'_>> {
        let phe = self.phe.as_ref()?;
        Some(Contestant::elsewhere(name, 1, move |calls| phe.borrow_mut().run(operation, calls)))
    }
}

fn to_gmp(integer: &BigUint) -> Integer {
    Integer::from_digits(&integer.to_u64_digits(), Order::Lsf)
}

fn from_gmp(integer: &Integer) -> BigUint {
    BigUint::from_bytes_le(&integer.to_digits::<u8>(Order::Lsf))
}
