//! Linear forms with public integer weights, squares of them, and public plaintexts added: what a network is made of.
//!
//! [`super::noise::plan_squared_forms`] says what fits.

use super::ciphertext::Ciphertext;
use super::evaluate::{EvaluateError, Lifted, ProductSum};
use super::ring::{Plaintext, RingElement};

/// `Σ weightᵢ·cᵢ`, slot by slot. Costs one multiplication of words per weight and coefficient, and one division per
/// coefficient.
///
/// # Errors
/// [`EvaluateError::Empty`] without ciphertexts; [`EvaluateError::Mismatch`] unless there is a weight for each and all have one
/// set, prime, level and degree; [`EvaluateError::Weights`] if the weights add up to 64 bits or more.
pub fn weighted_sum(weights: &[i64], ciphertexts: &[Ciphertext]) -> Result<Ciphertext, EvaluateError> {
    let first = ciphertexts.first().ok_or(EvaluateError::Empty)?;
    if weights.len() != ciphertexts.len() {
        return Err(EvaluateError::Mismatch { what: "number from the weights" });
    }
    for other in ciphertexts {
        super::evaluate::check_match(first, other)?;
        if other.degree() != first.degree() {
            return Err(EvaluateError::Mismatch { what: "degree" });
        }
    }
    let total = weights.iter().try_fold(0_u64, |total, weight| total.checked_add(weight.unsigned_abs()));
    total.ok_or(EvaluateError::Weights)?;

    let (set, moduli) = (first.set(), first.set().moduli_at(first.level()).unwrap_or_default());
    let mut sums = vec![0_i128; moduli.len() * set.degree()];
    let polynomials = (0..=first.degree()).map(|index| {
        sums.fill(0);
        for (&weight, ciphertext) in weights.iter().zip(ciphertexts).filter(|(weight, _)| **weight != 0) {
            // Below 2⁶²·2⁶⁴ in magnitude: moduli have 62 bits at most.
            for (sum, &coefficient) in sums.iter_mut().zip(&ciphertext.polynomials()[index]) {
                *sum += i128::from(coefficient) * i128::from(weight);
            }
        }
        let rows = sums.chunks_exact(set.degree()).zip(moduli);
        rows.flat_map(|(row, &modulus)| {
            // A remainder is below a modulus of 64 bits.
            row.iter().map(move |sum| u64::try_from(sum.rem_euclid(modulus.into())).unwrap_or_default())
        })
        .collect()
    });
    let polynomials = polynomials.collect();
    Ok(Ciphertext::from_polynomials(set, first.prime(), first.level(), polynomials))
}

/// Adds a public plaintext, slot by slot.
///
/// # Errors
/// [`EvaluateError::Level`] unless the ciphertext is of level 0.
pub fn add_plaintext(sum: &mut Ciphertext, plaintext: &Plaintext) -> Result<(), EvaluateError> {
    let (set, prime) = (sum.set(), sum.prime());
    if sum.level() != 0 {
        return Err(EvaluateError::Level { from: sum.level(), to: 0 });
    }
    let element = RingElement::from_plaintext(set, prime, plaintext)
        .ok_or(EvaluateError::Mismatch { what: "prime" })?
        .to_residues();
    let rows =
        set.ciphertext_moduli().iter().flat_map(|modulus| core::iter::repeat_n(*modulus, set.degree()));
    if let Some(first) = sum.polynomials_mut().first_mut() {
        for ((coefficient, added), modulus) in first.iter_mut().zip(element).zip(rows) {
            let total = *coefficient + added;
            *coefficient = if total >= modulus { total - modulus } else { total };
        }
    }
    Ok(())
}

/// The square, slot by slot: three polynomials, nothing is relinearised.
///
/// # Errors
/// [`EvaluateError`] under the conditions of [`Lifted::new`] and [`ProductSum::add`].
pub fn square(ciphertext: &Ciphertext) -> Result<Ciphertext, EvaluateError> {
    let lifted = Lifted::new(ciphertext)?;
    let mut sum = ProductSum::new(ciphertext.set(), ciphertext.prime());
    sum.add(&lifted, &lifted)?;
    sum.finish()
}
