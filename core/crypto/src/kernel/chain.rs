//! Products of powers `∏ xᵢ^wᵢ` with the same small exponents for many rows of bases: one addition chain for all rows.
//!
//! The chain is de Rooij's [dR94]: the largest exponent `w₁` and the second largest `w₂ = (w₁ − r)/q` are replaced by
//! `r` and `w₂`, because `x₁^w₁ · x₂^w₂ = x₁^r · (x₂ · x₁^q)^w₂`. That is Euclid's algorithm on all exponents at once:
//! for 30 exponents of 16 bits about 130 multiplications, where 30 separate powers take 700.
//!
//! [dR94] P. de Rooij, *Efficient exponentiation using precomputation and vector addition chains*, Eurocrypt 1994.
//! [Mon87] P. Montgomery, *Speeding the Pollard and elliptic curve methods of factorization*, Math. Comp. 48, 1987.

use std::collections::BinaryHeap;

use num_bigint::BigUint;

use super::batch::Batch;
use super::residue::Residues;

/// Public exponents `wᵢ` and the chains that raise to them.
///
/// Made once per query; the chains depend on the exponents only.
#[derive(Debug, Clone)]
pub struct Exponents {
    count: usize,
    positive: Chain,
    negative: Chain,
}

impl Exponents {
    /// Finds the chains. Costs next to nothing beside one multiplication.
    #[must_use]
    pub fn new(exponents: &[i64]) -> Self {
        let part = |sign: i64| {
            let of_sign =
                |&exponent: &i64| if exponent.signum() == sign { exponent.unsigned_abs() } else { 0 };
            Chain::new(exponents.iter().map(of_sign))
        };
        Self { count: exponents.len(), positive: part(1), negative: part(-1) }
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Multiplications for one row, without those that put the result right: one, or seven with negative exponents.
    #[must_use]
    pub const fn multiplications(&self) -> usize {
        self.positive.steps.len() + self.negative.steps.len()
    }
}

/// The steps from bases to `∏ xᵢ^wᵢ` for exponents that are not negative.
#[derive(Debug, Clone)]
struct Chain {
    /// Position of the base that each register starts from.
    bases: Vec<usize>,
    steps: Vec<Step>,
    /// The register that holds the product at the end; `None` if all exponents are 0.
    result: Option<usize>,
    /// `Σ wᵢ`
    total: u128,
}

/// One multiplication. Registers are numbered as bases are; one more, the last, is for powers on their way.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// `target ← factor²`
    Square { target: usize, factor: usize },
    /// `target ← target · factor`
    Multiply { target: usize, factor: usize },
}

impl Chain {
    fn new(exponents: impl Iterator<Item = u64>) -> Self {
        let (bases, exponents): (Vec<_>, Vec<_>) =
            exponents.enumerate().filter(|(_, exponent)| *exponent > 0).unzip();
        let total = exponents.iter().copied().map(u128::from).sum();
        let mut chain = Self { bases, steps: Vec::new(), result: None, total };
        let spare = chain.bases.len();
        let mut left: BinaryHeap<(u64, usize)> = exponents.into_iter().zip(0..).collect();
        while let Some((largest, register)) = left.pop() {
            let Some(&(second, into)) = left.peek() else {
                chain.result = Some(chain.power(register, largest, spare));
                break;
            };
            let power = chain.power(register, largest / second, spare);
            chain.steps.push(Step::Multiply { target: into, factor: power });
            if largest % second > 0 {
                left.push((largest % second, register));
            }
        }
        chain
    }

    /// Steps that leave `base^exponent` in the register that is returned: `base` for the first power, else `spare`.
    fn power(&mut self, base: usize, exponent: u64, spare: usize) -> usize {
        let mut power = base;
        for bit in (0..exponent.ilog2()).rev() {
            self.steps.push(Step::Square { target: spare, factor: power });
            power = spare;
            if exponent >> bit & 1 == 1 {
                self.steps.push(Step::Multiply { target: spare, factor: base });
            }
        }
        power
    }
}

impl Batch {
    /// `∏ columns[i][row]^exponents[i]` for every row (none without columns), modulo the modulus of the first lane.
    ///
    /// Rows fill the lanes. Bases are taken as they are, without a conversion: a product of k of them has the factor
    /// `R^(1−k)`, and k is the same for all rows, so one multiplication takes it off. Negative exponents share one
    /// inversion per lane over all rows [Mon87] and cost six multiplications more per row.
    /// Variable time: for public operands.
    ///
    /// `None` if a base that has a negative exponent has no inverse.
    ///
    /// # Panics
    /// Unless there is a column per exponent, all of one length, and all lanes have the same modulus.
    #[must_use]
    pub fn products_of_powers_vartime(
        &self,
        exponents: &Exponents,
        columns: &[Vec<&BigUint>],
    ) -> Option<Vec<BigUint>> {
        assert_eq!(columns.len(), exponents.count(), "a column per exponent");
        let row_count = columns.first().map_or(0, Vec::len);
        assert!(columns.iter().all(|column| column.len() == row_count), "columns of one length");
        assert!((1..self.lanes()).all(|lane| self.modulus(lane) == self.modulus(0)), "one modulus");

        let one = BigUint::from(1u32);
        let rows: Vec<usize> = (0..row_count).step_by(self.lanes()).collect();
        let mut registers = Registers::new(self, exponents);
        let mut apply = |chain: &Chain, repair: &Residues, row: usize| {
            let bases = |base: usize| columns[base][row..].iter().copied().chain(core::iter::repeat(&one));
            registers.run(self, chain, bases, repair)
        };
        let mut integers = Vec::with_capacity(rows.len() * self.lanes());
        if exponents.negative.result.is_none() {
            let repair = self.repair(&exponents.positive, false);
            for &row in &rows {
                integers.extend(self.engine.moduli.integers(&apply(&exponents.positive, &repair, row)));
            }
        } else {
            let repair = self.repair(&exponents.negative, true);
            let denominators: Vec<Residues> =
                rows.iter().map(|&row| apply(&exponents.negative, &repair, row)).collect();
            let repair = self.repair(&exponents.positive, true);
            for (&row, inverse) in rows.iter().zip(self.inverses(&denominators)?) {
                let product = self.multiplied(&apply(&exponents.positive, &repair, row), &inverse);
                integers.extend(self.from_montgomery(&product));
            }
        }
        integers.truncate(row_count);
        Some(integers)
    }

    /// What a chain's result is multiplied by, to be the product itself or its Montgomery form.
    fn repair(&self, chain: &Chain, montgomery: bool) -> Residues {
        // k raw factors leave R^(1−k). R² stands for R, so its power e is R^(e+1), of which the multiplication takes one.
        let power =
            |exponent: u128| self.power_vartime(&self.engine.moduli.radix_square, &BigUint::from(exponent));
        match (chain.total, montgomery) {
            (0, true) => self.one().clone(),
            (0, false) => self.raw(core::iter::repeat(&BigUint::from(1u32))),
            (total, true) => power(total),
            (total, false) => power(total - 1),
        }
    }

    /// The inverses of all, lane by lane, from one inversion per lane.
    fn inverses(&self, values: &[Residues]) -> Option<Vec<Residues>> {
        let mut products: Vec<Residues> = Vec::with_capacity(values.len());
        for value in values {
            products.push(products.last().map_or_else(|| value.clone(), |last| self.multiplied(last, value)));
        }
        let Some(all) = products.last() else { return Some(Vec::new()) };
        let inverted: Option<Vec<BigUint>> =
            self.from_montgomery(all).iter().map(|product| product.modinv(self.modulus(0))).collect();
        let mut inverse = self.to_montgomery(&inverted?);
        let mut inverses = Vec::with_capacity(values.len());
        for index in (1..values.len()).rev() {
            inverses.push(self.multiplied(&inverse, &products[index - 1]));
            inverse = self.multiplied(&inverse, &values[index]);
        }
        inverses.push(inverse);
        inverses.reverse();
        Some(inverses)
    }
}

/// The numbers that a chain works on.
struct Registers {
    registers: Vec<Residues>,
    free: Residues,
}

impl Registers {
    fn new(batch: &Batch, exponents: &Exponents) -> Self {
        // One more for powers, and the result of a chain without bases.
        let count = exponents.positive.bases.len().max(exponents.negative.bases.len()) + 1;
        Self { registers: vec![batch.one().clone(); count], free: batch.one().clone() }
    }

    /// Runs a chain on the bases of some rows, and multiplies by `repair`.
    fn run<'a, I: Iterator<Item = &'a BigUint>>(
        &mut self,
        batch: &Batch,
        chain: &Chain,
        bases: impl Fn(usize) -> I,
        repair: &Residues,
    ) -> Residues {
        for (register, &base) in self.registers.iter_mut().zip(&chain.bases) {
            for (lane, integer) in (0..batch.lanes()).zip(bases(base)) {
                batch.set_raw(register, lane, integer);
            }
        }
        for &step in &chain.steps {
            let target = match step {
                Step::Square { target, factor } => {
                    batch.square(&mut self.free, &self.registers[factor]);
                    target
                }
                Step::Multiply { target, factor } => {
                    batch.multiply(&mut self.free, &self.registers[target], &self.registers[factor]);
                    target
                }
            };
            core::mem::swap(&mut self.free, &mut self.registers[target]);
        }
        let Some(result) = chain.result else { return batch.multiplied(batch.one(), repair) };
        batch.multiplied(&self.registers[result], repair)
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigRng010;
    use num_traits::One;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::super::Arithmetic;
    use super::*;

    fn check(exponents: &[i64], row_count: usize, seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let root = rng.random_biguint(512) | BigUint::one();
        let modulus = &root * &root;
        let table: Vec<Vec<BigUint>> = exponents
            .iter()
            .map(|_| (0..row_count).map(|_| rng.random_biguint_below(&modulus)).collect())
            .collect();
        let columns: Vec<Vec<&BigUint>> = table.iter().map(|column| column.iter().collect()).collect();
        let expected: Option<Vec<BigUint>> = (0..row_count)
            .map(|row| {
                table.iter().zip(exponents).try_fold(
                    BigUint::one() % &modulus,
                    |product, (column, &exponent)| {
                        let power = column[row].modpow(&exponent.unsigned_abs().into(), &modulus);
                        let factor = if exponent < 0 { power.modinv(&modulus)? } else { power };
                        Some(product * factor % &modulus)
                    },
                )
            })
            .collect();
        for arithmetic in Arithmetic::ALL.into_iter().filter(|arithmetic| arithmetic.is_available()) {
            for batch in [
                Batch::with_arithmetic(arithmetic, &[&modulus]).unwrap(),
                Batch::of_squares_with_arithmetic(arithmetic, &[&root]).unwrap(),
            ] {
                let actual = batch.products_of_powers_vartime(&Exponents::new(exponents), &columns);
                assert_eq!(actual, expected, "{arithmetic:?} {exponents:?}");
            }
        }
    }

    #[test]
    fn products_of_powers_agree_with_num_bigint() {
        let special: [&[i64]; 10] = [
            &[0],
            &[1],
            &[-1],
            &[5, 0, 0],
            &[3, 3, 3],
            &[1, i64::MAX],
            &[i64::MIN, 2],
            &[-7, 7, 0, 1],
            &[65_535, 1, 2, 4],
            &[-1, -1, -1],
        ];
        for (seed, exponents) in (0..).zip(special) {
            for row_count in [0, 1, 5] {
                check(exponents, row_count, seed);
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(99);
        for seed in 100..130 {
            let count = 1 + rng.next_u32() % 12;
            let shift = rng.next_u32() % 64;
            let exponents: Vec<i64> = (0..count).map(|_| rng.next_u64().cast_signed() >> shift).collect();
            check(&exponents, 3, seed);
        }
    }

    #[test]
    fn a_base_without_an_inverse_has_no_negative_power() {
        let modulus = BigUint::from(3u32 * 5 * 7);
        let batch = Batch::new(&[&modulus]).unwrap();
        let (three, eight) = (BigUint::from(3u32), BigUint::from(8u32));
        let columns = [vec![&eight, &three]];
        assert_eq!(batch.products_of_powers_vartime(&Exponents::new(&[-1]), &columns), None);
        let powers = batch.products_of_powers_vartime(&Exponents::new(&[2]), &columns).unwrap();
        assert_eq!(powers, [64u32, 9].map(BigUint::from));
    }

    #[test]
    fn thirty_exponents_of_sixteen_bits_take_few_multiplications() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        for _ in 0..20 {
            let exponents: Vec<i64> = (0..30).map(|_| i64::from(rng.next_u32() >> 16)).collect();
            let multiplications = Exponents::new(&exponents).multiplications();
            assert!(multiplications < 150, "{multiplications}");
        }
    }
}
