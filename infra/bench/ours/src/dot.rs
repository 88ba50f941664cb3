//! `Π c_j^{w_j} mod n²` over the columns j of a table, for several row blocks with the same weights: a linear form of
//! encrypted columns.
//!
//! Built from exponentiations for now. When `veilsum-crypto` can do it in one call, [`weighted_sums`] is to be that
//! call.

use num_bigint::{BigRng010, BigUint};
use rand_core::CryptoRng;
use veilsum_crypto::paillier::PublicKey;

/// Columns of the table.
pub const COLUMNS: usize = 30;
/// Row blocks in one call.
pub const ROWS: usize = 16;

/// A table of ciphertexts and a weight for each of its columns.
#[derive(Debug)]
pub struct Table {
    /// [`ROWS`] rows of [`COLUMNS`] ciphertexts.
    pub rows: Vec<Vec<BigUint>>,
    /// Weights of exactly 16 bits.
    pub weights: Vec<u32>,
}

impl Table {
    /// Random numbers modulo n², which cost what ciphertexts cost.
    #[must_use]
    pub fn random(public: &PublicKey, rng: &mut impl CryptoRng) -> Self {
        let square = public.square().value();
        let mut row = || (0..COLUMNS).map(|_| rng.random_biguint_below(square)).collect();
        let rows = (0..ROWS).map(|_| row()).collect();
        let weights = (0..COLUMNS).map(|_| 1 << 15 | rng.next_u32() & 0x7fff).collect();
        Self { rows, weights }
    }
}

/// The weighted sum of every row, as an integer modulo n².
#[must_use]
pub fn weighted_sums(public: &PublicKey, table: &Table) -> Vec<BigUint> {
    let batch = public.square().batch();
    let mut sums = Vec::with_capacity(table.rows.len());
    for rows in table.rows.chunks(batch.lanes()) {
        let mut sum = batch.one().clone();
        for (column, weight) in table.weights.iter().enumerate() {
            let bases = batch.to_montgomery(rows.iter().map(|row| &row[column]));
            sum = batch.multiplied(&sum, &batch.power_vartime(&bases, &BigUint::from(*weight)));
        }
        sums.extend(batch.from_montgomery(&sum).into_iter().take(rows.len()));
    }
    sums
}
