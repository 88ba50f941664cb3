//! Paillier by GMP: as anyone would write it, and by our algorithm.

use std::iter::zip;

use old_rand_core::RngCore;
use rug::Integer;
use rug::integer::{IsPrime, Order};

/// Rounds of Miller and Rabin, as `paillier-bigint` and GMP's manual have them.
const PRIMALITY_ROUNDS: u32 = 25;

/// A key, and what a careful implementation precomputes from it.
pub struct Gmp {
    pub n: Integer,
    n_square: Integer,
    sides: [Side; 2],
    /// `p⁻¹ mod q`.
    p_inverse: Integer,
    /// `(p²)⁻¹ mod q²`.
    p_square_inverse: Integer,
}

/// One of the primes.
struct Side {
    prime: Integer,
    square: Integer,
    /// p − 1.
    order: Integer,
    /// `L((1 + n)^(p−1) mod p²)⁻¹ mod p`.
    scale: Integer,
}

/// `base^(j·2^(w·i))` modulo p² and q² for all windows i of w bits and all j.
pub struct PowersByTable {
    width: u32,
    windows: [Vec<Vec<Integer>>; 2],
}

impl Gmp {
    pub fn new(p: Integer, q: Integer) -> Self {
        let n = Integer::from(&p * &q);
        let n_square = Integer::from(n.square_ref());
        let p_inverse = invert(&p, &q);
        let p_square_inverse = invert(&Integer::from(p.square_ref()), &Integer::from(q.square_ref()));
        let sides = [p, q].map(|prime| {
            let square = Integer::from(prime.square_ref());
            let order = Integer::from(&prime - 1);
            let generator = Integer::from(&n + 1);
            let scale = invert(&logarithm(&power(&generator, &order, &square), &prime), &prime);
            Side { prime, square, order, scale }
        });
        Self { n, n_square, sides, p_inverse, p_square_inverse }
    }

    /// `base^exponent mod n²`.
    pub fn power(&self, base: &Integer, exponent: &Integer) -> Integer {
        power(base, exponent, &self.n_square)
    }

    /// The product of all modulo n², one multiplication and one division for each.
    pub fn product(&self, factors: &[Integer]) -> Integer {
        let mut product = Integer::from(1);
        for factor in factors {
            product *= factor;
            product %= &self.n_square;
        }
        product
    }

    /// `Π base^weight mod n²`, column by column.
    pub fn dot(&self, bases: &[Integer], weights: &[Integer]) -> Integer {
        let mut product = Integer::from(1);
        for (base, weight) in zip(bases, weights) {
            product *= self.power(base, weight);
            product %= &self.n_square;
        }
        product
    }

    /// The same with the squarings shared by all columns, and windows of two bits.
    pub fn dot_shared(&self, bases: &[Integer], weights: &[u32]) -> Integer {
        const WIDTH: u32 = 2;
        let tables: Vec<Vec<Integer>> =
            bases.iter().map(|base| powers(base, 1 << WIDTH, &self.n_square)).collect();
        let mut product = Integer::from(1);
        for window in (0..16 / WIDTH).rev() {
            for _ in 0..WIDTH {
                product.square_mut();
                product %= &self.n_square;
            }
            for (table, weight) in zip(&tables, weights) {
                let choice = weight >> (window * WIDTH) & ((1 << WIDTH) - 1);
                if choice != 0 {
                    product *= &table[choice as usize];
                    product %= &self.n_square;
                }
            }
        }
        product
    }

    /// `(1 + m·n)·rⁿ mod n²`.
    pub fn encrypt(&self, message: &Integer, rng: &mut impl RngCore) -> Integer {
        let r = loop {
            let candidate = random_below(&self.n, rng);
            if Integer::from(candidate.gcd_ref(&self.n)) == 1 {
                break candidate;
            }
        };
        let product = self.power(&r, &self.n) * (Integer::from(message * &self.n) + 1);
        product % &self.n_square
    }

    /// The table for [`Self::encrypt_by_table`] with windows of `width` bits. Its base is the p-th power of 2, whatever
    /// the order of 2 is: that changes the distribution, not the cost.
    pub fn table(&self, width: u32) -> PowersByTable {
        let windows = self.sides.each_ref().map(|side| {
            let mut step = power(&Integer::from(2), &side.prime, &side.square);
            let windows = side.order.significant_bits().div_ceil(width);
            let window = |_| {
                let entries = powers(&step, 1 << width, &side.square);
                for _ in 0..width {
                    step.square_mut();
                    step %= &side.square;
                }
                entries
            };
            (0..windows).map(window).collect()
        });
        PowersByTable { width, windows }
    }

    /// `(1 + m·n)·ω^a` modulo p² and q², by a table of powers of ω, put together by the Chinese remainder theorem.
    pub fn encrypt_by_table(
        &self,
        table: &PowersByTable,
        message: &Integer,
        rng: &mut impl RngCore,
    ) -> Integer {
        let factor = Integer::from(message * &self.n) + 1;
        let mut parts = zip(&self.sides, &table.windows).map(|(side, windows)| {
            let exponent = random_below(&side.order, rng).to_digits::<u64>(Order::Lsf);
            let mut product = Integer::from(&factor % &side.square);
            for (index, window) in zip(0.., windows) {
                product *= &window[bits(&exponent, index * table.width, table.width)];
                product %= &side.square;
            }
            product
        });
        let [at_p, at_q] = [parts.next().unwrap_or_default(), parts.next().unwrap_or_default()];
        let [p_square, q_square] = self.sides.each_ref().map(|side| &side.square);
        let difference = ((at_q - &at_p) * &self.p_square_inverse).modulo(q_square);
        at_p + difference * p_square
    }

    /// The plaintext, by the Chinese remainder theorem [Pai99, §7].
    pub fn decrypt(&self, ciphertext: &Integer) -> Integer {
        let mut parts = self.sides.iter().map(|side| {
            let reduced = Integer::from(ciphertext % &side.square);
            logarithm(&power(&reduced, &side.order, &side.square), &side.prime) * &side.scale % &side.prime
        });
        let [at_p, at_q] = [parts.next().unwrap_or_default(), parts.next().unwrap_or_default()];
        let [p, q] = self.sides.each_ref().map(|side| &side.prime);
        let difference = ((at_q - &at_p) * &self.p_inverse).modulo(q);
        at_p + difference * p
    }
}

/// Two probable primes of `bits`, by trial of random numbers.
pub fn primes(bits: u32, rng: &mut impl RngCore) -> [Integer; 2] {
    [(); 2].map(|()| {
        loop {
            let mut candidate = random_below(&(Integer::from(1) << bits), rng);
            candidate.set_bit(0, true);
            candidate.set_bit(bits - 1, true);
            candidate.set_bit(bits - 2, true);
            if candidate.is_probably_prime(PRIMALITY_ROUNDS) != IsPrime::No {
                break candidate;
            }
        }
    })
}

/// `base⁰ … base^(count − 1)`.
fn powers(base: &Integer, count: usize, modulus: &Integer) -> Vec<Integer> {
    let next = |power: &Integer| Some(Integer::from(power * base) % modulus);
    std::iter::successors(Some(Integer::from(1)), next).take(count).collect()
}

fn power(base: &Integer, exponent: &Integer, modulus: &Integer) -> Integer {
    base.pow_mod_ref(exponent, modulus).map(Integer::from).unwrap_or_default()
}

fn invert(a: &Integer, modulus: &Integer) -> Integer {
    a.invert_ref(modulus).map(Integer::from).unwrap_or_default()
}

/// `L(x) = (x − 1) / p`.
fn logarithm(x: &Integer, prime: &Integer) -> Integer {
    Integer::from(x - 1).div_exact(prime)
}

fn random_below(bound: &Integer, rng: &mut impl RngCore) -> Integer {
    let bits = bound.significant_bits();
    let mut words = vec![0_u8; bits.div_ceil(8) as usize];
    loop {
        rng.fill_bytes(&mut words);
        let candidate = Integer::from_digits(&words, Order::Lsf).keep_bits(bits);
        if candidate < *bound {
            return candidate;
        }
    }
}

/// `count` bits of `words` from bit `first` on.
fn bits(words: &[u64], first: u32, count: u32) -> usize {
    let word = |index: u32| u128::from(words.get(index as usize).copied().unwrap_or(0));
    let both = word(first / 64) | word(first / 64 + 1) << 64;
    usize::try_from(both >> (first % 64) & ((1 << count) - 1)).unwrap_or_default()
}
