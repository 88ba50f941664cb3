//! How records stand in the plaintexts of a query, where scores stand in those of an answer, and what hides the rest.
//!
//! # Two layouts
//! A *table* is packed by records: input i of record j stands in slot j of a block of input i, from bit 127 on in steps of 64
//! bits, as in a dataset, but without a check value and with **one record less than there are slots**. A score is the
//! weighted sum of the blocks of all inputs; slot j of it is the score of record j.
//!
//! A *record* is packed by inputs, G at once, 160 bits apart: `x₀ + x₁·2¹⁶⁰ + … + x_{G−1}·2^(160·(G−1))`. Multiplied by
//! `Σ wᵢ·2^(160·(G−1−i))` it has the score as the middle term of a convolution, at bit `160·(G−1)`: one ciphertext for G inputs,
//! G = 10 under 3072 bits. Terms of both sides are products of the wrong pairs. The powers of two are taken once for all
//! forms.
//!
//! # What hides the rest
//! Of an answer, a *window* is read: the slots of the records that the query names (and that are counted), 64 bits each.
//! Under it and above it the model's side adds fresh random numbers, in the encryption of the constant that it multiplies
//! by anyway: this also re-randomises, as the key has proven that rⁿ hides residues.
//!
//! ```text
//! plaintext = …  random, up to n  …  | score | … | score | …  random  …
//!             above the window         64·count bits        below the window
//! ```
//!
//! Below a table's window stand 127 bits that are uniform; a query as it should be has 0 there, so nothing is carried. Below a
//! record's window stands a random number of one bit less than there is room, which hides honest terms (at most
//! 2⁹⁵·2^(160·(G−2))) but for 2⁻⁶⁴ and carries nothing either. Above the window stands a multiple of `2^top` that is uniform among
//! all that leave room for honest terms, below n.
//!
//! A hostile query may hold anything everywhere. What it gets is 64 bits for each record that is counted, whatever it hides
//! where (a feature at `2^(64·c)` lies under a random number), and at either end of the window whether there was a
//! carry or n was passed: a bit each, and two for a record's lower end. So **an answer tells at most 64·count + 4 bits**, where
//! count scores tell as much anyway. That d + 1 scores determine d weights cannot be hidden by any of this; rows are counted
//! and limited for that.

use num_bigint::{BigInt, BigRng010, BigUint};
use num_traits::One;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use veilsum_crypto::packing::{CHECK_BITS, Plaintext, SLOT_BITS, SLOT_VALUE_BITS};
use veilsum_crypto::paillier::{Ciphertext, PublicKey};

use crate::feature::Input;
use crate::model::Form;

/// Bits from one input of a record to the next.
pub const RECORD_STRIDE: u32 = 160;
/// Every |term| of a record's convolution is below `2^TERM_BITS`.
pub const TERM_BITS: u32 = RECORD_STRIDE - 65;

/// How records are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packing {
    /// Any number of records, a block of them for each input.
    Table,
    /// One record, as many of its inputs in a ciphertext as fit.
    Record,
}

/// The slots of an answer's plaintext that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where it begins.
    low: u32,
    /// Slots of 64 bits.
    count: u32,
    /// Bits above the window that honest terms need.
    above: u32,
    packing: Packing,
}

impl Packing {
    /// Its number in stored bytes.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Table => 1,
            Self::Record => 2,
        }
    }

    /// The packing of that number.
    #[must_use]
    pub const fn from_id(id: u8) -> Option<Self> {
        match id {
            1 => Some(Self::Table),
            2 => Some(Self::Record),
            _ => None,
        }
    }

    /// Ciphertexts that `row_count` records take, for each input (table) or in all (record).
    #[must_use]
    pub fn block_count(self, key: &PublicKey, input_count: usize, row_count: u32) -> usize {
        match self {
            Self::Table => row_count.div_ceil(rows_per_block(key)) as usize,
            Self::Record => input_count.div_ceil(inputs_per_record_block(key, input_count)),
        }
    }

    /// Ciphertexts of a whole query.
    #[must_use]
    pub fn query_ciphertexts(self, key: &PublicKey, input_count: usize, row_count: u32) -> usize {
        let blocks = self.block_count(key, input_count, row_count);
        match self {
            Self::Table => blocks.saturating_mul(input_count),
            Self::Record => blocks,
        }
    }

    /// Ciphertexts of a score, over all records.
    #[must_use]
    pub fn answer_blocks(self, key: &PublicKey, row_count: u32) -> usize {
        match self {
            Self::Table => self.block_count(key, 1, row_count),
            Self::Record => 1,
        }
    }

    /// What is read of block `index` of an answer.
    #[must_use]
    pub fn window(self, key: &PublicKey, input_count: usize, row_count: u32, index: usize) -> Window {
        match self {
            Self::Table => {
                let rows = rows_per_block(key);
                let before = u32::try_from(index).unwrap_or(u32::MAX).saturating_mul(rows);
                let count = row_count.saturating_sub(before).min(rows);
                Window { low: CHECK_BITS, count, above: 0, packing: self }
            }
            Self::Record => {
                let low = record_low(inputs_per_record_block(key, input_count));
                Window { low, count: 1, above: low + TERM_BITS + 1 - SLOT_BITS, packing: self }
            }
        }
    }
}

/// Records in a block of a table: one less than there are slots, which is left to what hides.
#[must_use]
pub fn rows_per_block(key: &PublicKey) -> u32 {
    // A layout has one slot at least; keys have 1024 bits at least, and so 14.
    (key.layout().slot_count() - 1).max(1)
}

/// G: inputs of a record in a ciphertext. The last term stands at bit `160·(2·G − 2)` and has 95 bits; above it 64 more are for
/// what hides it.
#[must_use]
pub fn inputs_per_record_block(key: &PublicKey, input_count: usize) -> usize {
    let most = (key.modulus_bits() + RECORD_STRIDE - 1) / (2 * RECORD_STRIDE);
    input_count.clamp(1, most as usize)
}

/// Whether products of wrong pairs stay below `2^TERM_BITS`: `Σ over inputs of max|w|·max|x|`.
#[must_use]
pub fn record_fits(forms: &[Form], magnitudes: &[u64]) -> bool {
    let weights = forms.iter().flat_map(|form| &form.weights);
    let weight = u128::from(weights.map(|weight| weight.unsigned_abs()).max().unwrap_or(0));
    let input = u128::from(magnitudes.iter().copied().max().unwrap_or(0));
    let terms = weight.checked_mul(input).and_then(|term| term.checked_mul(magnitudes.len() as u128));
    terms.is_some_and(|terms| terms < 1 << TERM_BITS)
}

/// The inputs of a record from its integers. `None` if a product is beyond 62 bits: no model with such a feature is
/// published.
#[must_use]
pub fn inputs(inputs: &[Input], integers: &[i64]) -> Option<Vec<i64>> {
    let input = |input: &Input| match *input {
        Input::Value(index) => integers.get(index).copied(),
        Input::Product(left, right) => {
            let product = integers.get(left)?.checked_mul(*integers.get(right)?)?;
            Some(product).filter(|product| product.unsigned_abs() < 1 << SLOT_VALUE_BITS)
        }
    };
    inputs.iter().map(input).collect()
}

/// The plaintexts of a table: for each input its blocks. `rows` are records of equally many inputs.
///
/// `None` if there is no record, they differ in length, or an input is beyond 62 bits.
#[must_use]
pub fn pack_table(key: &PublicKey, rows: &[Vec<i64>]) -> Option<Vec<Vec<Plaintext>>> {
    let width = rows.first()?.len();
    if rows.iter().any(|row| row.len() != width) {
        return None;
    }
    let block = |rows: &[Vec<i64>], input: usize| {
        let slots: Vec<i64> = rows.iter().map(|row| row[input]).collect();
        key.layout().encode(&slots, 0).ok()
    };
    let per_block = rows_per_block(key) as usize;
    (0..width).map(|input| rows.chunks(per_block).map(|rows| block(rows, input)).collect()).collect()
}

/// The plaintexts of one record: G inputs in each.
#[must_use]
pub fn pack_record(key: &PublicKey, inputs: &[i64]) -> Vec<Plaintext> {
    let pack = |inputs: &[i64]| {
        let terms =
            (0_u32..).zip(inputs).map(|(index, &input)| BigInt::from(input) << (RECORD_STRIDE * index));
        Plaintext::from_integer(terms.sum())
    };
    inputs.chunks(inputs_per_record_block(key, inputs.len())).map(pack).collect()
}

/// For each input of a record a ciphertext in which it stands where the score does: what forms are taken of. Input i of G is
/// multiplied by `2^(160·(G−1−i))`.
#[must_use]
pub fn align_record(key: &PublicKey, input_count: usize, ciphertexts: &[Ciphertext]) -> Vec<Ciphertext> {
    let per_block = inputs_per_record_block(key, input_count);
    let shifted = key.shifted(ciphertexts, RECORD_STRIDE, per_block);
    shifted.into_iter().flat_map(|column| column.into_iter().rev()).take(input_count).collect()
}

impl Window {
    /// Slots that are read.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// What a block of an answer is multiplied with: `constant` in every slot of the window, and random numbers below and
    /// above it.
    #[must_use]
    pub fn mask(self, key: &PublicKey, constant: i128, rng: &mut impl CryptoRng) -> Plaintext {
        let constants = (0..self.count).map(|slot| BigInt::from(constant) << (self.low + SLOT_BITS * slot));
        let below = match (self.packing, self.low) {
            (Packing::Table, low) => rng.random_biguint_below(&(BigUint::one() << low)),
            (Packing::Record, 0) => BigUint::ZERO,
            (Packing::Record, low) => {
                (BigUint::one() << (low - 2)) + rng.random_biguint_below(&(BigUint::one() << (low - 1)))
            }
        };
        let top = self.top();
        // Twice what honest terms need, from 0 and from n.
        let margin = BigUint::from(2u32) << self.above;
        let end = (key.modulus() >> top) - &margin;
        let above = rng.random_biguint_range(&margin, &end) << top;
        Plaintext::from_integer(constants.sum::<BigInt>() + BigInt::from(below + above))
    }

    /// The slots of the window of a decrypted block.
    #[must_use]
    pub fn read(self, key: &PublicKey, plaintext: &Plaintext) -> Vec<i64> {
        let mut slots = plaintext.residue(key) >> self.low;
        // With a bias of 2⁶³ in every slot no digit is negative.
        slots +=
            (0..self.count).map(|slot| BigUint::one() << (SLOT_BITS * slot + SLOT_BITS - 1)).sum::<BigUint>();
        let mut digits = slots.iter_u64_digits();
        (0..self.count).map(|_| digits.next().unwrap_or(0).wrapping_sub(1 << 63).cast_signed()).collect()
    }

    const fn top(self) -> u32 {
        self.low + SLOT_BITS * self.count
    }
}

/// `160·(G−1)`.
fn record_low(per_block: usize) -> u32 {
    RECORD_STRIDE * u32::try_from(per_block.saturating_sub(1)).unwrap_or(u32::MAX)
}
