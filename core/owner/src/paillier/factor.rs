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
    /// g, a primitive root modulo p, where one is known.
    generator: Option<NonZeroU32>,
    /// Powers of `ω = g^p mod p²`, made when the first residue is drawn.
    powers: OnceLock<FixedBase>,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Small enough to look at every element: 2·k·s + 1 with k = 3, s = 5, and 3 as a primitive root.
    fn tiny(generator: Option<NonZeroU32>) -> Factor {
        Factor::new(&BigUint::from(31u32), &BigUint::from(43u32), generator).unwrap()
    }

    #[test]
    fn powers_of_the_generator_are_exactly_the_nth_residues() {
        let generator = NonZeroU32::new(3).unwrap();
        let factor = tiny(Some(generator));
        let numbers = |residues: Vec<SecretInteger>| {
            let mut numbers: Vec<BigUint> = residues.iter().map(|residue| residue.expose().clone()).collect();
            numbers.sort();
            numbers
        };
        let integer = |value: u32| SecretInteger::new(BigUint::from(value));
        let generated = numbers((0..30).map(|a| factor.generated_residue(generator, &integer(a))).collect());
        let powers = numbers((1..31).map(|x| factor.residue(&integer(x))).collect());
        assert_eq!(generated, powers);

        // Paillier's own: rⁿ mod p² over all units r modulo n, each residue equally often.
        let n = 31u32 * 43;
        let mut paillier: Vec<BigUint> = (1..n)
            .filter(|r| r % 31 != 0 && r % 43 != 0)
            .map(|r| BigUint::from(r).modpow(&BigUint::from(n), factor.square()))
            .collect();
        paillier.sort();
        let expected: Vec<BigUint> = powers.iter().flat_map(|power| vec![power.clone(); 42]).collect();
        assert_eq!(paillier, expected);
    }

    #[test]
    fn drawn_residues_cover_the_group_with_and_without_a_generator() {
        use rand_chacha::rand_core::SeedableRng;
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        for generator in [None, NonZeroU32::new(3)] {
            let factor = tiny(generator);
            let drawn: std::collections::BTreeSet<BigUint> =
                (0..600).map(|_| factor.random_residue(&mut rng).expose().clone()).collect();
            assert_eq!(drawn.len(), 30);
        }
    }
}
