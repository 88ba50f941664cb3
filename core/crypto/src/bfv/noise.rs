//! What fits: the worst-case noise of `Σ over blocks of a product of k fresh ciphertexts`.
//!
//! Pure arithmetic over the parameters; no noise is ever measured outside of tests.
//!
//! # The bound
//! For a ciphertext c lifted to integers of least magnitude, write `(t/q)·c(s) = u + w` with u ∈ ℤ[X]/(X^N + 1), u ≡ m mod
//! t. Decryption rounds, so it is right while ‖w‖ < ½, where ‖·‖ is the largest coefficient [FV12, lemma 1; the *invariant
//! noise* of BEHZ16]. For polynomials ‖x·y‖ ≤ N·‖x‖·‖y‖.
//!
//! *The secret.* s and e are centred binomial with variance 10: a sum of 40 independent ±½, so subgaussian with parameter
//! √10 and |e| ≤ 20 always. Its squared length is at most 12.5·N but for probability 2⁻¹⁴⁰ (Laurent and Massart 2000, lemma 1,
//! whose moment bound holds for subgaussian coordinates: N·10·(1 + 2√(x/N) + 2x/N) with e⁻ˣ = 2⁻¹⁴⁰). Then S₂ = √(12.5·N)
//! bounds the length of s, and S₁ = √N·S₂ the sum of its |coefficients|.
//!
//! *Fresh.* c₀ + c₁·s = ⌊q·m/t⌋ + e, hence `w₁ = (t/q)·21`. A coefficient of c₁·s is a combination of independent uniform
//! numbers of magnitude ≤ q/2, subgaussian with parameter (q/2)·S₂ (Hoeffding's lemma), below 16 times that but for
//! probability 2·e⁻¹²⁸ < 2⁻¹⁸³. Hence `u₁ = t·(½ + 8·S₂) + w₁`. Over the 2¹³ coefficients of 2⁴⁰ ciphertexts, and the key,
//! something is larger with probability below 2⁻¹²⁸: the only way for the bound to fail.
//!
//! *Product.* (u_a + w_a)·(u_b + w_b) is u_a·u_b plus `w_a·u_b + w_b·u_a + w_a·w_b`, and rounding the d + 1 polynomials of the
//! result adds `r_d = (t/q)·(1 + S₁ + … + S₁ᵈ)` (half of it if rounding were exact; the residue scaling is to 2⁻⁶⁰); a plain
//! sum rounds nothing, `r₁ = 0`. So
//! `w₂ = N·(2·w₁·u₁ + w₁²)`, and for the third factor, with `u₂ = (t/2)·(1 + S₁ + S₁²) + w₂ + r₂`,
//! `w₃ = N·((w₂ + r₂)·u₁ + w₁·u₂ + (w₂ + r₂)·w₁)`. This holds for equal factors too.
//!
//! *Sum and answer.* Noises add up, weighted: a query has `Σ|weight|·w_k`, and per partial answer once r_k and the rounding
//! of the switch to q', `(t/q')·0.51·(1 + S₁ + … + S₁ᵈ)`.
//!
//! *Squared forms.* `Σₖ vₖ·(Σᵢ wₖᵢ·cᵢ + bₖ)²` with public integers: `w = Σ|wₖᵢ|·w₁ + t/q` before the square, as rounding ⌊q·b/t⌋
//! is worth 1, and `u = (t/2)·(1 + S₁) + w` without anything being assumed of the sum's coefficients; then
//! `Σ|vₖ|·(N·(2·w·u + w²) + r₂) + t/q`, once more for a constant or a mask.
//!
//! [BEHZ16]: Bajard, Eynard, Hasan, Zucca, *A full RNS variant of FV like somewhat homomorphic encryption schemes*, ePrint
//! 2016/510.

use super::parameters::ParameterSet;

/// `Σ over blocks of weight · product of factors`, computed in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circuit {
    /// How many fresh ciphertexts are multiplied with one another: 1 for a plain sum.
    pub factors: u8,
    /// The sum of |weight| over all blocks of all row groups: the number of blocks if they are only added.
    pub weight: u64,
    /// How many partial answers are brought to the answer's level and then added: the number of row groups.
    pub partials: u32,
}

/// `Σₖ vₖ·(Σᵢ wₖᵢ·cᵢ + bₖ)² + b` over fresh ciphertexts: a network of two dense layers with a square between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SquaredForms {
    /// The largest `Σᵢ |wₖᵢ|` of any form.
    pub inner: u64,
    /// `Σₖ |vₖ|`.
    pub outer: u64,
}

/// Why a circuit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The set cannot bear that many factors, or none were named.
    #[error(
        "products of {actual} ciphertexts are not possible under this parameter set, at most of {largest}"
    )]
    Factors {
        /// Factors asked for.
        actual: u8,
        /// Most that are possible.
        largest: u8,
    },
    /// The sum is over too many blocks.
    #[error("a sum over {actual} blocks would drown in noise; at most {largest} fit")]
    TooManyBlocks {
        /// Blocks asked for.
        actual: u64,
        /// Most that fit, in as many parts.
        largest: u64,
    },
}

/// A hair below one half, for the rounding of this very arithmetic and of the residue scaling.
const LARGEST_NOISE: f64 = 0.5 - 1.0 / 1_048_576.0;

/// Says that the circuit fits, and the last level that its partial answers may be brought to.
///
/// Whether the *values* fit, is for [`ParameterSet::primes_for`] to say.
///
/// # Errors
/// [`PlanError`] if noise could make the answer wrong; it names the most that fits.
pub fn plan(set: ParameterSet, circuit: Circuit) -> Result<u8, PlanError> {
    let Circuit { factors, weight, partials } = circuit;
    let bounds = Bounds::new(set);
    let refused = PlanError::Factors { actual: factors, largest: set.max_factors() };
    if factors > set.max_factors() {
        return Err(refused);
    }
    let product = bounds.product(factors).ok_or(refused)?;
    let noise = bound(set, circuit).ok_or(refused)?;
    let fixed = f64::from(partials) * bounds.product_rounding(factors);
    let largest = whole((LARGEST_NOISE - fixed) / product);
    if weight > largest {
        return Err(PlanError::TooManyBlocks { actual: weight, largest });
    }
    let fits = |&level: &u8| {
        let switch = if level == 0 { 0.0 } else { 0.51 * bounds.rounding(level, factors) };
        noise + f64::from(partials) * switch < LARGEST_NOISE
    };
    let levels = u8::try_from(set.ciphertext_moduli().len()).unwrap_or_default();
    // Level 0 fits, or the weight would have been refused.
    Ok((0..levels).rev().find(fits).unwrap_or_default())
}

/// Says that the circuit fits, and the last level that its result may be brought to.
///
/// # Errors
/// How many bits the weights have too many, in both layers together: 1 at least.
pub fn plan_squared_forms(set: ParameterSet, circuit: SquaredForms) -> Result<u8, u32> {
    let noise = squared_forms_bound(set, circuit);
    let bounds = Bounds::new(set);
    if noise >= LARGEST_NOISE {
        return Err((1..).find(|&bits| noise / power_of_two(bits) < LARGEST_NOISE).unwrap_or(1));
    }
    let levels = u8::try_from(set.ciphertext_moduli().len()).unwrap_or_default();
    let fits = |&level: &u8| level == 0 || noise + 0.51 * bounds.rounding(level, 2) < LARGEST_NOISE;
    Ok((0..levels).rev().find(fits).unwrap_or_default())
}

/// The bound on ‖w‖ of the result at level 0.
#[must_use]
pub fn squared_forms_bound(set: ParameterSet, circuit: SquaredForms) -> f64 {
    let bounds = Bounds::new(set);
    let plain = bounds.t / bounds.q[0];
    let w = approximate(circuit.inner) * 21.0 * plain + plain;
    let u = bounds.t / 2.0 * bounds.powers(1) + w;
    approximate(circuit.outer) * (bounds.n * (2.0 * w * u + w * w) + bounds.rounding(0, 2)) + plain
}

/// The bound on ‖w‖ of the sum at level 0, before it is brought to the answer's level; `None` for an impossible number of
/// factors.
#[must_use]
pub fn bound(set: ParameterSet, circuit: Circuit) -> Option<f64> {
    let bounds = Bounds::new(set);
    Some(
        approximate(circuit.weight) * bounds.product(circuit.factors)?
            + f64::from(circuit.partials) * bounds.product_rounding(circuit.factors),
    )
}

/// The numbers of the derivation.
struct Bounds {
    n: f64,
    /// The largest plaintext prime.
    t: f64,
    /// q' of each level.
    q: Vec<f64>,
    /// S₂.
    length: f64,
    /// S₁.
    taxicab: f64,
}

impl Bounds {
    fn new(set: ParameterSet) -> Self {
        let n = approximate(set.degree() as u64);
        let t = set.plaintext_primes().iter().copied().max().map(approximate).unwrap_or_default();
        let moduli = set.ciphertext_moduli();
        let q = (0..moduli.len())
            .map(|level| moduli[..moduli.len() - level].iter().copied().map(approximate).product())
            .collect();
        let length = (12.5 * n).sqrt();
        Self { n, t, q, length, taxicab: n.sqrt() * length }
    }

    /// `w_k`, without the last rounding; `None` for anything but 1 to 3 factors.
    fn product(&self, factors: u8) -> Option<f64> {
        let w1 = 21.0 * self.t / self.q[0];
        let u1 = self.t * (0.5 + 8.0 * self.length) + w1;
        let w2 = self.n * (2.0 * w1 * u1 + w1 * w1);
        let rounded = w2 + self.rounding(0, 2);
        let u2 = self.t / 2.0 * self.powers(2) + rounded;
        let w3 = self.n * (rounded * u1 + w1 * u2 + rounded * w1);
        match factors {
            1 => Some(w1),
            2 => Some(w2),
            3 => Some(w3),
            _ => None,
        }
    }

    /// `r_k`: a product is rounded once, a plain sum not at all.
    fn product_rounding(&self, factors: u8) -> f64 {
        if factors > 1 { self.rounding(0, factors) } else { 0.0 }
    }

    /// `(t/q')·(1 + S₁ + … + S₁ᵈ)`: what a rounding error of 1 in each polynomial amounts to.
    fn rounding(&self, level: u8, degree: u8) -> f64 {
        self.t / self.q[usize::from(level)] * self.powers(degree)
    }

    fn powers(&self, degree: u8) -> f64 {
        // Horner's rule; `powi` is not the same everywhere.
        (0..degree).fold(1.0, |sum, _| 1.0 + self.taxicab * sum)
    }
}

fn power_of_two(exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |power, _| 2.0 * power)
}

#[expect(clippy::cast_precision_loss, reason = "a relative error of 2^-53, far below the margin")]
const fn approximate(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates, from 0 on"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn largest(set: ParameterSet, factors: u8) -> u64 {
        match plan(set, Circuit { factors, weight: u64::MAX, partials: 1_000 }) {
            Err(PlanError::TooManyBlocks { largest, .. }) => largest,
            other => panic!("{other:?}"),
        }
    }

    /// Figures of the README: a hard limit only where a set is at its last factor.
    #[test]
    fn knows_how_many_blocks_fit() {
        assert_eq!(largest(ParameterSet::N8192T57, 2), 159_751);
        assert_eq!(largest(ParameterSet::N8192T30, 3), 127_793);
        for (set, factors) in
            [(ParameterSet::N8192T57, 1), (ParameterSet::N8192T30, 1), (ParameterSet::N8192T30, 2)]
        {
            assert!(plan(set, Circuit { factors, weight: u64::MAX >> 1, partials: 1_000 }).is_ok());
        }
    }

    #[test]
    fn refuses_the_first_block_that_does_not_fit() {
        let set = ParameterSet::N8192T57;
        let largest = largest(set, 2);
        let circuit = |weight| Circuit { factors: 2, weight, partials: 1_000 };
        assert!(plan(set, circuit(largest)).is_ok());
        assert_eq!(
            plan(set, circuit(largest + 1)),
            Err(PlanError::TooManyBlocks { actual: largest + 1, largest })
        );
    }

    #[test]
    fn refuses_more_factors_than_the_set_bears() {
        for (set, factors) in [
            (ParameterSet::N8192T57, 0),
            (ParameterSet::N8192T57, 3),
            (ParameterSet::N8192T30, 0),
            (ParameterSet::N8192T30, 4),
        ] {
            let largest = set.max_factors();
            assert_eq!(
                plan(set, Circuit { factors, weight: 1, partials: 1 }),
                Err(PlanError::Factors { actual: factors, largest })
            );
        }
    }

    #[test]
    fn answers_shrink_as_far_as_noise_allows() {
        let level = |set, factors, weight, partials| plan(set, Circuit { factors, weight, partials });
        assert_eq!(level(ParameterSet::N8192T57, 1, 1_000, 100), Ok(1));
        assert_eq!(level(ParameterSet::N8192T57, 2, 1_000, 100), Ok(1));
        assert_eq!(level(ParameterSet::N8192T57, 2, 1_000, 100_000), Ok(0));
        assert_eq!(level(ParameterSet::N8192T30, 1, 1_000, 32), Ok(2));
        assert_eq!(level(ParameterSet::N8192T30, 2, 1_000, 100), Ok(1));
        assert_eq!(level(ParameterSet::N8192T30, 3, 1_000, 100), Ok(1));
    }

    #[test]
    fn squared_forms_say_how_many_bits_are_too_many() {
        let set = ParameterSet::N8192T30;
        let level = plan_squared_forms(set, SquaredForms { inner: 1 << 18, outer: 1 << 18 });
        assert_eq!(level, Ok(1));
        // What is refused by so many bits fits with so many less, and not with one more than that.
        let (inner, outer) = (1 << 40, 1 << 60);
        let excess = plan_squared_forms(set, SquaredForms { inner, outer }).unwrap_err();
        assert!(excess > 20);
        assert!(plan_squared_forms(set, SquaredForms { inner, outer: outer >> excess }).is_ok());
        assert!(plan_squared_forms(set, SquaredForms { inner, outer: outer >> (excess - 2) }).is_err());
        // One product of two fresh ciphertexts is such a circuit, and its own bound is the narrower one.
        let one = squared_forms_bound(set, SquaredForms { inner: 1, outer: 1 });
        assert!(one > bound(set, Circuit { factors: 2, weight: 1, partials: 1 }).unwrap());
    }
}
