//! Independent operations modulo one or a few numbers, side by side in the lanes of one arithmetic.

use core::fmt;

use num_bigint::BigUint;
use num_traits::One;

use super::arithmetic::{Arithmetic, Engine};
use super::{ModulusError, Residues, check_modulus};

/// Arithmetic modulo one number per lane. As many operations are done at once as there are lanes.
///
/// Moduli may be secret: they are wiped when dropped, and `Debug` shows sizes only. Operations on [`Residues`] take the
/// same time for all values; what turns integers into residues and back does not (`num-bigint`).
///
/// Every operation panics if it is given [`Residues`] of a batch with other sizes.
pub struct Batch {
    pub(super) engine: Engine,
    one: Residues,
}

impl Batch {
    /// Prepares arithmetic modulo `moduli`, which are dealt to the lanes over and over: with p, q and four lanes, the
    /// lanes compute modulo p, q, p, q.
    ///
    /// # Errors
    /// [`ModulusError`] unless all are odd and larger than 1, and there is at least one. More than the machine has vector
    /// lanes go by words.
    pub fn new(moduli: &[&BigUint]) -> Result<Self, ModulusError> {
        Self::with_arithmetic(Arithmetic::fastest(), moduli)
            .or_else(|_| Self::with_arithmetic(Arithmetic::Words, moduli))
    }

    /// As [`Self::new`], by a certain arithmetic.
    ///
    /// # Errors
    /// As [`Self::new`], and [`ModulusError::NoArithmetic`] if this machine does not have the arithmetic or it does not
    /// take numbers of this size.
    pub fn with_arithmetic(arithmetic: Arithmetic, moduli: &[&BigUint]) -> Result<Self, ModulusError> {
        moduli.iter().try_for_each(|modulus| check_modulus(modulus))?;
        Self::of_engine(Engine::new(arithmetic, moduli))
    }

    fn of_engine(engine: Option<Engine>) -> Result<Self, ModulusError> {
        let engine = engine.ok_or(ModulusError::NoArithmetic)?;
        let mut batch = Self { one: engine.moduli.zero(), engine };
        let ones = vec![BigUint::one(); batch.lanes()];
        batch.one = batch.to_montgomery(&ones);
        Ok(batch)
    }

    /// As [`Self::new`] modulo the squares of `moduli`, at about 0.7 of the cost. Putting integers in costs a division
    /// more each.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_squares(moduli: &[&BigUint]) -> Result<Self, ModulusError> {
        Self::of_squares_with_arithmetic(Arithmetic::fastest(), moduli)
            .or_else(|_| Self::of_squares_with_arithmetic(Arithmetic::Words, moduli))
    }

    /// As [`Self::of_squares`], by a certain arithmetic.
    ///
    /// # Errors
    /// As [`Self::with_arithmetic`].
    pub fn of_squares_with_arithmetic(
        arithmetic: Arithmetic,
        moduli: &[&BigUint],
    ) -> Result<Self, ModulusError> {
        moduli.iter().try_for_each(|modulus| check_modulus(modulus))?;
        Self::of_engine(Engine::of_squares(arithmetic, moduli))
    }

    /// Operations that are done at once.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.engine.moduli.lanes()
    }

    /// The arithmetic behind it.
    #[must_use]
    pub const fn arithmetic(&self) -> Arithmetic {
        self.engine.arithmetic()
    }

    /// The modulus of a lane.
    ///
    /// # Panics
    /// If there is no such lane.
    #[must_use]
    pub fn modulus(&self, lane: usize) -> &BigUint {
        &self.engine.moduli.values()[lane]
    }

    /// One integer per lane, of any size, as residues. Lanes without an integer are 0.
    #[must_use]
    pub fn to_montgomery<'a>(&self, integers: impl IntoIterator<Item = &'a BigUint>) -> Residues {
        self.multiplied(&self.raw(integers), &self.engine.moduli.radix_square)
    }

    /// The integers of residues, one per lane.
    #[must_use]
    pub fn from_montgomery(&self, residues: &Residues) -> Vec<BigUint> {
        self.multiply_integers(residues, core::iter::repeat_n(&BigUint::one(), self.lanes()))
    }

    /// 1 in every lane.
    #[must_use]
    pub const fn one(&self) -> &Residues {
        &self.one
    }

    /// `a·integer` in every lane as integers: one multiplication instead of the three of going there and back.
    ///
    /// Integers may have any size; lanes without one are 0.
    #[must_use]
    pub fn multiply_integers<'a>(
        &self,
        a: &Residues,
        integers: impl IntoIterator<Item = &'a BigUint>,
    ) -> Vec<BigUint> {
        // Only one factor has R, which the multiplication takes.
        self.engine.moduli.integers(&self.multiplied(a, &self.raw(integers)))
    }

    /// `a·b` in every lane.
    #[must_use]
    pub fn multiplied(&self, a: &Residues, b: &Residues) -> Residues {
        let mut result = self.engine.moduli.zero();
        self.engine.multiply(&mut result, a, b);
        result
    }

    /// `result = a·b` in every lane. What was in `result` is lost.
    pub fn multiply(&self, result: &mut Residues, a: &Residues, b: &Residues) {
        self.engine.multiply(result, a, b);
    }

    /// `result = a²` in every lane, at less cost than [`Self::multiply`]. What was in `result` is lost.
    pub fn square(&self, result: &mut Residues, a: &Residues) {
        self.engine.square(result, a);
    }

    /// One integer per lane, reduced but not in Montgomery form.
    pub(super) fn raw<'a>(&self, integers: impl IntoIterator<Item = &'a BigUint>) -> Residues {
        let mut residues = self.engine.moduli.zero();
        for (lane, integer) in (0..self.lanes()).zip(integers) {
            self.set_raw(&mut residues, lane, integer);
        }
        residues
    }

    /// Sets a lane to an integer, reduced but not in Montgomery form.
    pub(super) fn set_raw(&self, residues: &mut Residues, lane: usize, integer: &BigUint) {
        let modulus = self.modulus(lane);
        if integer < modulus {
            self.engine.moduli.set(residues, lane, integer);
        } else {
            self.engine.moduli.set(residues, lane, &(integer % modulus));
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Batch({:?}, {:?})", self.arithmetic(), self.engine.moduli)
    }
}
