//! `Π c_j^{w_j} mod n²` over the columns j of a table, for several row blocks with the same weights: a linear form of
//! encrypted columns.

use num_bigint::{BigRng010, BigUint};
use rand_core::CryptoRng;
use veilsum_crypto::kernel::Exponents;
use veilsum_crypto::paillier::{Ciphertext, PublicKey};

/// Columns of the table.
pub const COLUMNS: usize = 30;
/// Row blocks in one call.
pub const ROWS: usize = 16;

/// A table of ciphertexts and a weight for each of its columns.
#[derive(Debug)]
pub struct Table {
    /// [`ROWS`] rows of [`COLUMNS`] ciphertexts.
    pub rows: Vec<Vec<BigUint>>,
    /// The same, column by column.
    columns: Vec<Vec<Ciphertext>>,
    /// Weights of exactly 16 bits.
    pub weights: Vec<u32>,
}

impl Table {
    /// Random numbers modulo n², which cost what ciphertexts cost.
    #[must_use]
    pub fn random(public: &PublicKey, rng: &mut impl CryptoRng) -> Self {
        let square = public.square().value();
        let mut row = || (0..COLUMNS).map(|_| rng.random_biguint_below(square)).collect();
        let rows: Vec<Vec<BigUint>> = (0..ROWS).map(|_| row()).collect();
        let column = |at: usize| {
            rows.iter().map(|row| Ciphertext::from_integer_unchecked(row[at].clone())).collect()
        };
        let columns = (0..COLUMNS).map(column).collect();
        let weights = (0..COLUMNS).map(|_| 1 << 15 | rng.next_u32() & 0x7fff).collect();
        Self { rows, columns, weights }
    }
}

/// The weighted sum of every row, as an integer modulo n².
#[must_use]
pub fn weighted_sums(public: &PublicKey, table: &Table) -> Vec<BigUint> {
    let weights: Vec<i64> = table.weights.iter().copied().map(i64::from).collect();
    let columns: Vec<&[Ciphertext]> = table.columns.iter().map(Vec::as_slice).collect();
    // The chain is found here, once per query.
    let sums = public.weighted_sums(&Exponents::new(&weights), &columns);
    sums.iter().map(|sum| sum.as_integer().clone()).collect()
}
