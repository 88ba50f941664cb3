//! The named parameter sets. There is no way to choose anything else.

/// A parameter set: it fixes degree, ciphertext moduli and plaintext primes.
///
/// Both sets have degree N = 8192 and a modulus q of 162 bits; secret and errors are centred binomial with variance 10
/// (σ = 3.16). That is at least 128 bits of security, against quantum computers too:
///
/// | source, N = 8192, 128 bits, log₂ q at most | classical | quantum |
/// |---|---|---|
/// | Homomorphic Encryption Standard 1.1 (2018), tables 1 and 2, ternary secret | 218 | 202 |
/// | Bossuat et al., *Security guidelines*, ePrint 2024/463, ternary secret | 214 | 161 |
/// | the same, Gaussian secret with σ = 3.19 | 216 | 163 |
///
/// The secret here is as wide as the errors, so that the last line is the one that counts; σ = 3.16 instead of 3.19 is worth
/// less than 0.02 bits of q.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ParameterSet {
    /// Plaintext primes of 57 bits: sums, and sums of products of two. The set to take unless three factors are needed.
    N8192T57,
    /// Plaintext primes of 30 bits: sums of products of up to three (value · value · indicator).
    N8192T30,
}

/// Both sets, as there is one ring: q = q₀·q₁·q₂, each ≡ 1 mod 2N and the largest such primes of their size.
const CIPHERTEXT_MODULI: [u64; 3] = [0x3_ffff_ffff_c001, 0x3_ffff_fffc_c001, 0x3fff_ffff_ffff_0001];
/// The largest primes ≡ 1 mod 2N below 2⁵⁷.
const PRIMES_57: [u64; 3] = [144_115_188_075_593_729, 144_115_188_075_134_977, 144_115_188_074_889_217];
/// The largest primes ≡ 1 mod 2N below 2³⁰.
const PRIMES_30: [u64; 5] = [1_073_692_673, 1_073_643_521, 1_073_479_681, 1_073_430_529, 1_073_299_457];

impl ParameterSet {
    /// All sets.
    pub const ALL: [Self; 2] = [Self::N8192T57, Self::N8192T30];

    /// The number of the set in stored bytes.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::N8192T57 => 1,
            Self::N8192T30 => 2,
        }
    }

    /// The set of that number.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.id() == id)
    }

    /// N: the coefficients of a polynomial, and the rows of a block.
    #[must_use]
    pub const fn degree(self) -> usize {
        8_192
    }

    /// The primes whose product is q. A ciphertext at level l is modulo the product of all but the last l.
    #[must_use]
    pub const fn ciphertext_moduli(self) -> &'static [u64] {
        &CIPHERTEXT_MODULI
    }

    /// The moduli of a ciphertext at `level`; `None` if there is no such level.
    #[must_use]
    pub fn moduli_at(self, level: u8) -> Option<&'static [u64]> {
        let moduli = self.ciphertext_moduli();
        let count = moduli.len().checked_sub(usize::from(level)).filter(|&count| count > 0)?;
        moduli.get(..count)
    }

    /// The primes t that a value can be held modulo, in the order in which they are taken.
    #[must_use]
    pub const fn plaintext_primes(self) -> &'static [u64] {
        match self {
            Self::N8192T57 => &PRIMES_57,
            Self::N8192T30 => &PRIMES_30,
        }
    }

    /// The most ciphertexts that may be multiplied with one another.
    #[must_use]
    pub const fn max_factors(self) -> u8 {
        match self {
            Self::N8192T57 => 2,
            Self::N8192T30 => 3,
        }
    }

    /// How many primes, from the first on, hold every integer of at most `bound` in magnitude: the fewest with
    /// `2·bound < ∏ t`. `None` if all of them are not enough.
    ///
    /// A column is encrypted once, under as many primes as the widest result needs that the owner wants to compute from
    /// it; that number is fixed at upload. A query for a smaller result uses only the first few of them.
    #[must_use]
    pub fn primes_for(self, bound: u128) -> Option<u8> {
        let mut capacity = 1_u128;
        for (count, &prime) in (1..).zip(self.plaintext_primes()) {
            // The sets have no product between 2¹²⁸ and 2¹²⁹: one that overflows holds the double of every u128.
            let Some(product) = capacity.checked_mul(prime.into()) else { return Some(count) };
            capacity = product;
            if bound <= (capacity - 1) / 2 {
                return Some(count);
            }
        }
        None
    }

    /// One line for whoever chooses.
    #[must_use]
    pub const fn security_note(self) -> &'static str {
        match self {
            Self::N8192T57 | Self::N8192T30 => {
                "128-bit security, against quantum computers too (log q = 162)"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn moduli_fit_the_degree_and_the_security_table() {
        for set in ParameterSet::ALL {
            let product: BigUint =
                set.ciphertext_moduli().iter().map(|&modulus| BigUint::from(modulus)).product();
            assert_eq!(product.bits(), 162);
            let step = 2 * set.degree() as u64;
            let all: Vec<_> = set.ciphertext_moduli().iter().chain(set.plaintext_primes()).collect();
            for (index, modulus) in all.iter().enumerate() {
                assert_eq!(*modulus % step, 1);
                assert!(!all[..index].contains(modulus));
            }
            assert_eq!(ParameterSet::from_id(set.id()), Some(set));
        }
        assert_eq!(ParameterSet::from_id(0), None);
        assert_eq!(ParameterSet::from_id(3), None);
    }

    #[test]
    fn takes_the_fewest_primes_that_hold_the_bound() {
        let set = ParameterSet::N8192T57;
        let half = (u128::from(PRIMES_57[0]) - 1) / 2;
        assert_eq!(set.primes_for(0), Some(1));
        assert_eq!(set.primes_for(half), Some(1));
        assert_eq!(set.primes_for(half + 1), Some(2));
        assert_eq!(set.primes_for(1 << 112), Some(2));
        assert_eq!(set.primes_for(u128::MAX), Some(3));
        let set = ParameterSet::N8192T30;
        assert_eq!(set.primes_for((1 << 29) - 1_000_000), Some(1));
        assert_eq!(set.primes_for(1 << 29), Some(2));
        assert_eq!(set.primes_for(u128::MAX), Some(5));
    }
}
