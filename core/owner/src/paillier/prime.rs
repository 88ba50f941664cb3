//! Primes of the form `p = 2·k·s + 1` with s prime and k small, so that p − 1 is completely factored.
//!
//! Knowing the factors of p − 1 makes primality provable and a primitive root recognisable:
//! - Pocklington: if `a^(p−1) = 1 (mod p)`, `gcd(a^((p−1)/s) − 1, p) = 1` and s > √p is prime, then p is prime.
//! - Lucas: if `g^(p−1) = 1 (mod p)` and `g^((p−1)/r) ≠ 1` for every prime r that divides p − 1, then p is prime and
//!   g a primitive root modulo p.
//!
//! s itself is found and checked by crate `crypto-primes`. Before it or Pocklington look at a candidate c, Fermat's
//! `2^(c−1) = 1 (mod c)` is asked of several candidates at once in the kernel's lanes: nearly all candidates end there.

use core::num::NonZeroU32;

use crypto_bigint::BoxedUint;
use crypto_primes::hazmat::{SetBits, SieveFactory, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime};
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{One, Zero};
use rand_core::CryptoRng;
use veilsum_crypto::kernel::{Arithmetic, Batch, Modulus};
use zeroize::Zeroize;

use super::secret_integer::SecretInteger;

/// k stays below `2^COFACTOR_BITS`.
const COFACTOR_BITS: u32 = 20;
/// Candidates for p are first divided by all primes below this.
const TRIAL_DIVISION_LIMIT: u32 = 1 << 16;
/// Primitive roots are looked for among the integers below this; about 3 of 8 are.
const GENERATOR_LIMIT: u32 = 1 << 10;

/// How `p − 1` factors, and a generator: what is stored beside p.
#[derive(Clone, Copy)]
pub(super) struct Structure {
    /// k of `p = 2·k·s + 1`.
    pub(super) cofactor: NonZeroU32,
    /// g, a primitive root modulo p.
    pub(super) generator: NonZeroU32,
}

/// A prime with its structure.
pub(super) struct StructuredPrime {
    pub(super) prime: SecretInteger,
    pub(super) structure: Structure,
}

/// Finds a prime of exactly `bits` bits whose two highest bits are set.
///
/// `tried` is called for each candidate, about [`expected_trials`] times on average.
/// `None` if the search ran dry, which happens with probability below 2⁻¹⁰⁰ unless the RNG is broken.
pub(super) fn generate(
    bits: u32,
    rng: &mut impl CryptoRng,
    tried: &mut dyn FnMut(),
) -> Option<StructuredPrime> {
    let large = random_prime(bits - COFACTOR_BITS, rng, tried)?;
    let step = SecretInteger::new(large.expose() << 1u32);

    // p = k·(2s) + 1 between 3·2^(bits−2) and 2^bits.
    let lowest = ((BigUint::from(3u32) << (bits - 2)) / step.expose()).iter_u32_digits().next()? + 1;
    let highest = ((BigUint::one() << bits) / step.expose()).iter_u32_digits().next()? - 1;
    let range = NonZeroU32::new(highest.checked_sub(lowest)?)?;
    let residues: Vec<(u32, u32)> = small_primes(TRIAL_DIVISION_LIMIT)
        .into_iter()
        .map(|small| (small, low_u32(&(step.expose() % small))))
        .collect();

    // From a random k upwards and around, so that even with broken randomness the search ends.
    let start = random_below(range, rng);
    let divides = |cofactor: u32, &(small, step): &(u32, u32)| {
        (u64::from(step) * u64::from(cofactor) + 1).is_multiple_of(u64::from(small))
    };
    let mut candidates = (0..range.get())
        .map(|offset| lowest + (start + offset) % range)
        .filter(|&cofactor| !residues.iter().any(|residue| divides(cofactor, residue)))
        .map(|cofactor| (SecretInteger::new(step.expose() * cofactor + 1u32), cofactor));
    loop {
        let (primes, cofactors): (Vec<_>, Vec<_>) = candidates.by_ref().take(lanes()).unzip();
        if primes.is_empty() {
            return None;
        }
        let pass = pass_fermat(&primes, tried);
        for ((prime, cofactor), pass) in primes.into_iter().zip(cofactors).zip(pass) {
            if pass && is_proven_by_pocklington(&prime, cofactor) {
                let cofactor = NonZeroU32::new(cofactor)?;
                let generator = find_generator(&prime, cofactor, tried)?;
                return Some(StructuredPrime { prime, structure: Structure { cofactor, generator } });
            }
        }
    }
}

/// How many times [`generate`] calls `tried` on average, for a progress bar: half of the work goes into s. Measured.
pub(super) const fn expected_trials(bits: u32) -> u32 {
    bits / 13
}

/// Whether `prime` is a prime with this structure: s prime, k small, `p = 2·k·s + 1`, g a primitive root.
pub(super) fn is_structured(prime: &SecretInteger, structure: Structure) -> bool {
    let cofactor = structure.cofactor.get();
    if cofactor >> COFACTOR_BITS != 0 || structure.generator.get() >= GENERATOR_LIMIT {
        return false;
    }
    let order = SecretInteger::new(prime.expose() - 1u32);
    let (large, remainder) = order.expose().div_rem(&(BigUint::from(cofactor) << 1u32));
    let large = SecretInteger::new(large);
    // s must exceed √p; with k below 2²⁰ it does from 42 bits on.
    remainder.is_zero()
        && large.expose().bits() > u64::from(2 * COFACTOR_BITS)
        && is_probably_prime(&large)
        && is_primitive_root(prime, cofactor, structure.generator.get())
}

/// Whether `value` is prime, as far as the test of crate `crypto-primes` [Baillie 2021] can tell.
pub(super) fn is_probably_prime(value: &SecretInteger) -> bool {
    let mut bytes = value.expose().to_bytes_le();
    let mut candidate = BoxedUint::from_le_slice_vartime(&bytes);
    bytes.zeroize();
    let prime = is_prime(Flavor::Any, &candidate);
    candidate.zeroize();
    prime
}

/// A random prime of exactly `bits` bits.
fn random_prime(bits: u32, rng: &mut impl CryptoRng, tried: &mut dyn FnMut()) -> Option<SecretInteger> {
    let mut factory = SmallFactorsSieveFactory::<BoxedUint>::new(Flavor::Any, bits, SetBits::Msb).ok()?;
    // A sieve ends only at the highest number of its size: a second one is needed next to never.
    for _ in 0..8 {
        let mut sieve = factory.make_sieve(rng, None).ok()??.map(from_boxed);
        loop {
            let candidates: Vec<SecretInteger> = sieve.by_ref().take(lanes()).collect();
            if candidates.is_empty() {
                break;
            }
            let pass = pass_fermat(&candidates, tried);
            let mut passed = candidates.into_iter().zip(pass).filter(|(_, pass)| *pass);
            if let Some((prime, _)) = passed.find(|(candidate, _)| is_probably_prime(candidate)) {
                return Some(prime);
            }
        }
    }
    None
}

/// Candidates that are tried at once.
fn lanes() -> usize {
    Arithmetic::fastest().lanes().unwrap_or(1)
}

/// For which of the candidates, odd and at most [`lanes`] of them, `2^(c−1) = 1 (mod c)` holds: for all primes, and for
/// hardly any other number. `tried` is called for each.
fn pass_fermat(candidates: &[SecretInteger], tried: &mut dyn FnMut()) -> Vec<bool> {
    candidates.iter().for_each(|_| tried());
    let moduli: Vec<&BigUint> = candidates.iter().map(SecretInteger::expose).collect();
    let Ok(batch) = Batch::new(&moduli) else { return vec![false; candidates.len()] };
    let orders: Vec<_> = moduli.iter().map(|&modulus| SecretInteger::new(modulus - 1u32)).collect();
    let two = batch.to_montgomery(core::iter::repeat_n(&BigUint::from(2u32), batch.lanes()));
    let powers = batch.power(&two, &orders.iter().map(SecretInteger::expose).collect::<Vec<_>>());
    batch.from_montgomery(&powers).iter().take(candidates.len()).map(BigUint::is_one).collect()
}

fn from_boxed(mut candidate: BoxedUint) -> SecretInteger {
    let mut bytes = candidate.to_le_bytes();
    let integer = SecretInteger::new(BigUint::from_bytes_le(&bytes));
    bytes.zeroize();
    candidate.zeroize();
    integer
}

/// Pocklington's criterion with base 2, for `p = 2·cofactor·s + 1` with s prime and larger than √p.
fn is_proven_by_pocklington(prime: &SecretInteger, cofactor: u32) -> bool {
    let Ok(modulus) = Modulus::new(prime.expose()) else { return false };
    let two = BigUint::from(2u32);
    let order = SecretInteger::new(prime.expose() - 1u32);
    if !modulus.pow_secret(&two, order.expose()).is_one() {
        return false;
    }
    let short = modulus.pow_secret(&two, &(BigUint::from(cofactor) << 1u32));
    (short + prime.expose() - 1u32).gcd(prime.expose()).is_one()
}

/// The smallest primitive root modulo a prime `p = 2·cofactor·s + 1`.
fn find_generator(
    prime: &SecretInteger,
    cofactor: NonZeroU32,
    tried: &mut dyn FnMut(),
) -> Option<NonZeroU32> {
    (2..GENERATOR_LIMIT)
        .inspect(|_| tried())
        .find(|&candidate| is_primitive_root(prime, cofactor.get(), candidate))
        .and_then(NonZeroU32::new)
}

/// Whether `generator^(p−1) = 1` and `generator^((p−1)/r) ≠ 1` for every prime r that divides `p − 1 = 2·cofactor·s`.
fn is_primitive_root(prime: &SecretInteger, cofactor: u32, generator: u32) -> bool {
    let Ok(modulus) = Modulus::new(prime.expose()) else { return false };
    let base = BigUint::from(generator);
    let order = SecretInteger::new(prime.expose() - 1u32);
    let power_is_one = |divisor: u32| {
        let exponent = SecretInteger::new(order.expose() / divisor);
        modulus.pow_secret(&base, exponent.expose()).is_one()
    };
    let mut small_factors = prime_factors(cofactor);
    small_factors.retain(|&factor| factor != 2);
    // r = 2 first: it rejects half of all candidates.
    !power_is_one(2)
        && !small_factors.into_iter().any(power_is_one)
        && !modulus.pow_secret(&base, &(BigUint::from(cofactor) << 1u32)).is_one()
        && power_is_one(1)
}

/// The distinct prime factors of a small number.
fn prime_factors(mut number: u32) -> Vec<u32> {
    let mut factors = Vec::new();
    let mut divisor = 2;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            factors.push(divisor);
            while number.is_multiple_of(divisor) {
                number /= divisor;
            }
        }
        divisor += 1;
    }
    if number > 1 {
        factors.push(number);
    }
    factors
}

/// The odd primes below `limit`, by the sieve of Eratosthenes.
fn small_primes(limit: u32) -> Vec<u32> {
    let mut composite = vec![false; limit as usize];
    let mut primes = Vec::new();
    for number in (3..limit).step_by(2) {
        if composite[number as usize] {
            continue;
        }
        primes.push(number);
        for multiple in (number as usize * number as usize..limit as usize).step_by(2 * number as usize) {
            composite[multiple] = true;
        }
    }
    primes
}

/// Uniform in `[0, bound)`, by rejection.
fn random_below(bound: NonZeroU32, rng: &mut impl CryptoRng) -> u32 {
    let mask = u32::MAX >> bound.leading_zeros();
    loop {
        let candidate = rng.next_u32() & mask;
        if candidate < bound.get() {
            return candidate;
        }
    }
}

fn low_u32(value: &BigUint) -> u32 {
    value.iter_u32_digits().next().unwrap_or(0)
}
