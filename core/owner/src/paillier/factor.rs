//! One prime factor of n, with what encryption and decryption need to know about it.

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;

use super::secret_integer::SecretInteger;

/// A prime factor p of n = p·q and the constants that depend on it.
#[derive(Debug)]
pub(super) struct Factor {
    /// p.
    pub(super) prime: SecretInteger,
    /// p − 1, the order of the units modulo p and the exponent of decryption.
    pub(super) order: SecretInteger,
    /// `q mod p`.
    other: SecretInteger,
    /// `h = L((1 + n)^(p−1) mod p²)⁻¹ mod p` with `L(x) = (x − 1) / p` [Pai99, §7].
    scale: SecretInteger,
}

impl Factor {
    /// Prepares the odd prime `prime`, where `n = prime · other`; `None` if that makes no key.
    pub(super) fn new(prime: &BigUint, other: &BigUint) -> Option<Self> {
        let other = SecretInteger::new(other % prime);
        // (1 + n)^(p−1) = 1 + n·(p − 1) = 1 − n (mod p²), so L of it is −n/p = −other.
        let minus_other = SecretInteger::new(prime - other.expose());
        Some(Self {
            prime: SecretInteger::new(prime.clone()),
            order: SecretInteger::new(prime - 1u32),
            scale: SecretInteger::new(minus_other.expose().modinv(prime)?),
            other,
        })
    }

    /// `(1 + n)^m = 1 + m·n mod p²`, as `1 + p·(m·q mod p)`.
    pub(super) fn message(&self, m: &BigUint) -> SecretInteger {
        let prime = self.prime.expose();
        let reduced = SecretInteger::new(m % prime);
        let product = SecretInteger::new(reduced.expose() * self.other.expose() % prime);
        SecretInteger::new(prime * product.expose() + 1u32)
    }

    /// `m mod p` of a ciphertext c: `L(c^(p−1) mod p²) · h mod p`, where `power` is `c^(p−1) mod p²`.
    ///
    /// `None` if c shares the factor p with n.
    pub(super) fn logarithm(&self, power: &SecretInteger) -> Option<SecretInteger> {
        let prime = self.prime.expose();
        // x = 1 + p·L(x), so that dividing x gives L(x) and remainder 1.
        let (quotient, remainder) = power.expose().div_rem(prime);
        let quotient = SecretInteger::new(quotient);
        remainder.is_one().then(|| SecretInteger::new(quotient.expose() * self.scale.expose() % prime))
    }
}
