//! Polynomials modulo X^N + 1: coefficients modulo q, and modulo a plaintext prime t.
//!
//! Nothing here knows whether a polynomial is secret. All of it takes the same time for all values, but for
//! [`RingElement::from_seed`], whose result is public. Secret elements are wiped by whoever holds them
//! (`Zeroizing<RingElement>`).

use core::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use chacha20::ChaCha8;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use fhe_math::rns::ScalingFactor;
use fhe_math::rq::scaler::Scaler;
use fhe_math::rq::traits::TryConvertFrom;
use fhe_math::rq::{Context, Poly, Representation};
use num_bigint_of_fhe::BigUint;
use zeroize::{Zeroize, Zeroizing};

use super::parameters::ParameterSet;

/// The moduli that products are computed modulo, beside q: the largest primes ≡ 1 mod 2N of 62 bits that are not in q.
const WIDE_MODULI: [u64; 4] =
    [0x3fff_ffff_fffe_8001, 0x3fff_ffff_fff1_c001, 0x3fff_ffff_ffee_c001, 0x3fff_ffff_ffe8_0001];

/// What is computed once for the ring that the sets share.
pub(super) struct Ring {
    /// The moduli of each level.
    pub(super) levels: Vec<Arc<Context>>,
    wide: OnceLock<Wide>,
}

/// The ring that products live in before they are scaled down: modulo q·P.
pub(super) struct Wide {
    pub(super) context: Arc<Context>,
    /// To the integer of least magnitude in each class modulo q.
    pub(super) lift: Scaler,
}

/// What is computed once for a plaintext prime.
pub(super) struct Plain {
    prime: u64,
    context: Arc<Context>,
    /// Where in the transform each slot stands.
    places: Vec<u32>,
    /// q mod t.
    modulus_mod_prime: u64,
    /// −t⁻¹ modulo each modulus of q.
    minus_inverse: Vec<u64>,
    /// ⌊· t/q'⌉ mod t, for q' of each level.
    round: Vec<Scaler>,
    scale_product: OnceLock<Scaler>,
}

/// An element of ℤ_q[X]/(X^N + 1) at some level, by its coefficients.
#[derive(Clone, PartialEq, Eq)]
pub struct RingElement(Poly);

/// An element as [`RingElement::times`] takes it.
#[derive(Clone)]
pub struct Multiplicand(Poly);

impl RingElement {
    /// The uniform element of level 0 that `seed` stands for.
    ///
    /// For each modulus of q in turn, N coefficients: the keystream of ChaCha8 with the key `seed` and an all-zero nonce,
    /// one stream for all, is cut into 8-byte little-endian numbers of which the low bits, as many as the modulus has, are
    /// kept; numbers that are not below the modulus are skipped.
    ///
    /// The element is public. Nothing depends on its being hard to predict, only on its being uniform; so eight rounds will
    /// do, as in crate `fhe`.
    ///
    /// # Panics
    /// Never: the keystream is far longer than what is read of it.
    #[must_use]
    pub fn from_seed(set: ParameterSet, seed: &[u8; 32]) -> Self {
        let mut stream = ChaCha8::new(seed.into(), &[0; 12].into());
        let moduli = set.ciphertext_moduli();
        let mut coefficients = Vec::with_capacity(moduli.len() * set.degree());
        let mut buffer = [0; 4_096];
        let mut numbers = buffer[..0].chunks_exact(8);
        for (index, &modulus) in moduli.iter().enumerate() {
            let mask = u64::MAX >> modulus.leading_zeros();
            while coefficients.len() < (index + 1) * set.degree() {
                let Some(number) = numbers.next() else {
                    buffer.fill(0);
                    stream.try_apply_keystream(&mut buffer).expect("a keystream has 256 GiB");
                    numbers = buffer.chunks_exact(8);
                    continue;
                };
                let number = u64::from_le_bytes(number.try_into().expect("8 bytes")) & mask;
                if number < modulus {
                    coefficients.push(number);
                }
            }
        }
        Self(polynomial(&ring(set).levels[0], coefficients, false))
    }

    /// The element with these N small coefficients; `None` if there is no such level.
    #[must_use]
    pub fn from_small(set: ParameterSet, level: u8, coefficients: &[i8]) -> Option<Self> {
        let context = ring(set).levels.get(usize::from(level))?;
        let mut residues = Vec::with_capacity(context.moduli().len() * coefficients.len());
        for &modulus in context.moduli() {
            residues.extend(coefficients.iter().map(|&coefficient| {
                let wide = i64::from(coefficient);
                // The modulus is added where the sign bit is set.
                wide.wrapping_add(modulus.cast_signed() & (wide >> 63)).cast_unsigned()
            }));
        }
        Some(Self(polynomial(context, residues, false)))
    }

    /// The element of level 0 that stands for a plaintext: `⌊q·m/t⌋`, coefficient by coefficient.
    ///
    /// From `⌊q·m/t⌋ · t = q·m − [q·m]_t` it is `−t⁻¹·[q·m]_t` modulo q [FV12; crate `fhe` does the same].
    ///
    /// `None` if there is no such prime.
    #[must_use]
    pub fn from_plaintext(set: ParameterSet, prime: u8, plaintext: &Plaintext) -> Option<Self> {
        let plain = plain(set, prime)?;
        let mut scaled = Zeroizing::new(plaintext.0.to_vec());
        plain.context.moduli_operators()[0].scalar_mul_vec(&mut scaled, plain.modulus_mod_prime);
        let context = &ring(set).levels[0];
        let mut coefficients = Vec::with_capacity(context.moduli().len() * scaled.len());
        for (modulus, &factor) in context.moduli_operators().iter().zip(&plain.minus_inverse) {
            let start = coefficients.len();
            coefficients.extend_from_slice(&scaled);
            modulus.reduce_vec(&mut coefficients[start..]);
            modulus.scalar_mul_vec(&mut coefficients[start..], factor);
        }
        Some(Self(polynomial(context, coefficients, false)))
    }

    /// The element of `level` with these residues: for each modulus N coefficients below it. `None` if there is no such
    /// level, or the number of residues or one of them does not fit.
    #[must_use]
    pub fn from_residues(set: ParameterSet, level: u8, residues: &[u64]) -> Option<Self> {
        let context = ring(set).levels.get(usize::from(level))?;
        let rows = residues.chunks_exact(set.degree());
        let fits = residues.len() == context.moduli().len() * set.degree()
            && rows.zip(context.moduli()).all(|(row, modulus)| row.iter().all(|residue| residue < modulus));
        fits.then(|| Self(polynomial(context, residues.to_vec(), false)))
    }

    /// What [`Self::from_residues`] takes.
    #[must_use]
    pub fn to_residues(&self) -> Vec<u64> {
        Vec::<u64>::from(&self.0)
    }

    /// Makes the element ready to be a factor, often.
    #[must_use]
    pub fn into_multiplicand(mut self) -> Multiplicand {
        // Moves: nothing is left behind that would have to be wiped.
        self.0.change_representation(Representation::NttShoup);
        Multiplicand(self.0)
    }

    /// The product with an element of the same level.
    ///
    /// # Panics
    /// If the levels differ.
    #[must_use]
    pub fn times(mut self, factor: &Multiplicand) -> Self {
        assert_eq!(self.0.ctx().moduli(), factor.0.ctx().moduli(), "both factors have one level");
        self.0.change_representation(Representation::Ntt);
        self.0 *= &factor.0;
        self.0.change_representation(Representation::PowerBasis);
        self
    }

    /// Adds an element of the same level.
    ///
    /// # Panics
    /// If the levels differ.
    pub fn add(&mut self, other: &Self) {
        assert_eq!(self.0.ctx().moduli(), other.0.ctx().moduli(), "both summands have one level");
        self.0 += &other.0;
    }

    /// Subtracts an element of the same level.
    ///
    /// # Panics
    /// If the levels differ.
    pub fn subtract(&mut self, other: &Self) {
        assert_eq!(self.0.ctx().moduli(), other.0.ctx().moduli(), "both have one level");
        self.0 -= &other.0;
    }

    /// The plaintext that this element stands for: `⌊t·x/q⌉ mod t`, coefficient by coefficient. `None` if there is no such
    /// prime.
    ///
    /// # Panics
    /// Never: the scaler is the one of this element's level.
    #[must_use]
    pub fn round_to_plaintext(&self, set: ParameterSet, prime: u8) -> Option<Plaintext> {
        let plain = plain(set, prime)?;
        let level = set.ciphertext_moduli().len() - self.0.ctx().moduli().len();
        let rounded = self.0.scale(&plain.round[level]).expect("the scaler of this level");
        let rounded = Zeroizing::new(rounded);
        Some(Plaintext(Zeroizing::new(Vec::<u64>::from(&*rounded))))
    }
}

impl Zeroize for RingElement {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for RingElement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RingElement(coefficients hidden)")
    }
}

impl Zeroize for Multiplicand {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Multiplicand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Multiplicand(hidden)")
    }
}

/// A polynomial modulo a plaintext prime, by its coefficients. Wiped when dropped.
pub struct Plaintext(Zeroizing<Vec<u64>>);

impl Plaintext {
    /// Puts a residue below t into each slot; slots that are left over hold 0.
    ///
    /// Slot i is the value of the polynomial at the i-th smallest primitive 2N-th root of unity modulo t. `None` for more
    /// residues than slots, a residue that is not below t, or if there is no such prime.
    #[must_use]
    pub fn encode(set: ParameterSet, prime: u8, residues: &[u64]) -> Option<Self> {
        let plain = plain(set, prime)?;
        if residues.len() > set.degree() || residues.iter().any(|&residue| residue >= plain.prime) {
            return None;
        }
        let mut values = vec![0; set.degree()];
        for (&place, &residue) in plain.places.iter().zip(residues) {
            values[place as usize] = residue;
        }
        let mut polynomial =
            Zeroizing::new(Poly::try_convert_from(values, &plain.context, false, Representation::Ntt).ok()?);
        polynomial.change_representation(Representation::PowerBasis);
        Some(Self(Zeroizing::new(Vec::<u64>::from(&*polynomial))))
    }

    /// The residue in each slot. `None` if there is no such prime.
    ///
    /// # Panics
    /// Never: a plaintext has N coefficients.
    #[must_use]
    pub fn decode(&self, set: ParameterSet, prime: u8) -> Option<Zeroizing<Vec<u64>>> {
        let plain = plain(set, prime)?;
        let mut polynomial = Zeroizing::new(polynomial(&plain.context, self.0.to_vec(), false));
        polynomial.change_representation(Representation::Ntt);
        let coefficients = polynomial.coefficients();
        let values = coefficients.as_slice().expect("one row");
        Some(Zeroizing::new(plain.places.iter().map(|&place| values[place as usize]).collect()))
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Plaintext(hidden)")
    }
}

impl Ring {
    fn new(set: ParameterSet) -> Self {
        let levels = (0..set.ciphertext_moduli().len())
            .map(|level| context(&set.ciphertext_moduli()[..set.ciphertext_moduli().len() - level], set))
            .collect();
        Self { levels, wide: OnceLock::new() }
    }

    /// Built when the first product is computed: whoever encrypts needs none of it.
    pub(super) fn wide(&self, set: ParameterSet) -> &Wide {
        self.wide.get_or_init(|| {
            let context = context(&[set.ciphertext_moduli(), &WIDE_MODULI].concat(), set);
            let lift = Scaler::new(&self.levels[0], &context, ScalingFactor::one())
                .expect("both have the same degree");
            Wide { context, lift }
        })
    }
}

impl Plain {
    fn new(set: ParameterSet, prime: u64) -> Self {
        let ring = ring(set);
        let context = context(&[prime], set);
        let round = ring
            .levels
            .iter()
            .map(|level| {
                let factor = ScalingFactor::new(&BigUint::from(prime), level.modulus());
                Scaler::new(level, &context, factor).expect("both have the same degree")
            })
            .collect();
        let modulus_mod_prime =
            u64::try_from(ring.levels[0].modulus() % prime).expect("a remainder is below the divisor");
        let minus_inverse = ring.levels[0]
            .moduli_operators()
            .iter()
            .map(|modulus| modulus.neg(modulus.inv(modulus.reduce(prime)).expect("distinct primes")))
            .collect();
        let places = slot_places(&context, set);
        Self {
            prime,
            context,
            places,
            modulus_mod_prime,
            minus_inverse,
            round,
            scale_product: OnceLock::new(),
        }
    }

    /// `⌊· t/q⌉` from modulo q·P to modulo q.
    pub(super) fn scale_product(&self, set: ParameterSet) -> &Scaler {
        self.scale_product.get_or_init(|| {
            let ring = ring(set);
            let factor = ScalingFactor::new(&BigUint::from(self.prime), ring.levels[0].modulus());
            Scaler::new(&ring.wide(set).context, &ring.levels[0], factor).expect("both have the same degree")
        })
    }
}

/// Where the transform has the value at each root of unity, in the order of the roots' size: the transform of X is the
/// list of the roots. So the order of slots does not depend on which root the transform was built from.
fn slot_places(context: &Arc<Context>, set: ParameterSet) -> Vec<u32> {
    let mut x = vec![0; set.degree()];
    x[1] = 1;
    let mut x = polynomial(context, x, true);
    x.change_representation(Representation::Ntt);
    let roots = Vec::<u64>::from(&x);
    let mut places: Vec<u32> = (0..).take(roots.len()).collect();
    places.sort_by_key(|&place| roots[place as usize]);
    places
}

/// A polynomial by its residues: for each modulus N coefficients below it.
pub(super) fn polynomial(context: &Arc<Context>, residues: Vec<u64>, variable_time: bool) -> Poly {
    // With a residue for each, the conversion takes them as they are.
    Poly::try_convert_from(residues, context, variable_time, Representation::PowerBasis)
        .expect("a residue for every modulus and coefficient")
}

fn context(moduli: &[u64], set: ParameterSet) -> Arc<Context> {
    Context::new_arc(moduli, set.degree()).expect("the moduli are primes that have 2N-th roots of unity")
}

pub(super) fn ring(set: ParameterSet) -> &'static Ring {
    // One ring for both sets: a test holds that their moduli are the same.
    static RING: LazyLock<Ring> = LazyLock::new(|| Ring::new(ParameterSet::N8192T57));
    match set {
        ParameterSet::N8192T57 | ParameterSet::N8192T30 => &RING,
    }
}

pub(super) fn plain(set: ParameterSet, prime: u8) -> Option<&'static Plain> {
    static T57: [OnceLock<Plain>; 3] = [const { OnceLock::new() }; 3];
    static T30: [OnceLock<Plain>; 5] = [const { OnceLock::new() }; 5];
    let cells: &[_] = match set {
        ParameterSet::N8192T57 => &T57,
        ParameterSet::N8192T30 => &T30,
    };
    let value = *set.plaintext_primes().get(usize::from(prime))?;
    Some(cells.get(usize::from(prime))?.get_or_init(|| Plain::new(set, value)))
}
