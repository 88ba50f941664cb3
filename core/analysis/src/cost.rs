//! What a run costs in the cloud: seconds of work and a price, by published prices and measured speed.

use serde::Deserialize;

/// Prices and speeds: data, not code, so that they can be checked against their sources.
const PRICES: &str = include_str!("../prices.json");

/// The work of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Row groups that are evaluated.
    pub row_groups: u64,
    /// Bytes that are read from storage.
    pub read_bytes: u64,
    /// Modular multiplications.
    pub multiplications: u64,
    /// Ciphertexts of the second engine that are made ready to be multiplied.
    pub lifts: u64,
    /// Products of two of these.
    pub products: u64,
    /// Bytes of the encrypted answer, which leaves the cloud.
    pub answer_bytes: u64,
    /// Bits of the modulus n.
    pub modulus_bits: u32,
}

#[derive(Debug, Deserialize)]
struct Prices {
    function_gb_second: f64,
    function_call: f64,
    storage_put: f64,
    storage_get: f64,
    transfer_out_gb: f64,
    speed: Speed,
}

#[derive(Debug, Deserialize)]
struct Speed {
    function_memory_gb: f64,
    multiplication_3072_seconds: f64,
    lift_seconds: f64,
    product_seconds: f64,
    read_bytes_per_second: f64,
    call_seconds: f64,
    read_piece_bytes: f64,
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
impl Work {
    /// Seconds of work of all functions together.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        let speed = prices().speed;
        // A multiplication takes time with the square of the size of its numbers.
        let size = f64::from(self.modulus_bits) / 3_072.0;
        self.multiplications as f64 * speed.multiplication_3072_seconds * size * size
            + self.lifts as f64 * speed.lift_seconds
            + self.products as f64 * speed.product_seconds
            + self.read_bytes as f64 / speed.read_bytes_per_second
            + (self.row_groups + 1) as f64 * speed.call_seconds
    }

    /// The price in US dollars.
    #[must_use]
    pub fn price(&self) -> f64 {
        let prices = prices();
        let calls = (self.row_groups + 1) as f64;
        let gets = calls * 2.0 + self.read_bytes as f64 / prices.speed.read_piece_bytes;
        self.seconds() * prices.speed.function_memory_gb * prices.function_gb_second
            + calls * prices.function_call
            + gets * prices.storage_get
            + (calls * 2.0 + 1.0) * prices.storage_put
            + self.answer_bytes as f64 / 1e9 * prices.transfer_out_gb
    }
}

fn prices() -> Prices {
    serde_json::from_str(PRICES).expect("the prices are part of this crate and tested")
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const WORK: Work = Work {
        row_groups: 16,
        read_bytes: 200_000_000,
        multiplications: 260_000,
        lifts: 0,
        products: 0,
        answer_bytes: 6_000,
        modulus_bits: 3_072,
    };

    #[test]
    fn prices_can_be_read_and_are_positive() {
        assert!(WORK.seconds() > 0.0 && WORK.seconds().is_finite());
        assert!(WORK.price() > 0.0 && WORK.price() < 1.0);
    }

    #[test]
    fn more_work_costs_more() {
        let twice = Work { multiplications: 2 * WORK.multiplications, ..WORK };
        assert!(twice.seconds() > WORK.seconds() && twice.price() > WORK.price());
        let smaller = Work { modulus_bits: 2_048, ..WORK };
        assert!(smaller.seconds() < WORK.seconds());
        let multiplied = Work { lifts: 80, products: 360, ..WORK };
        assert!(multiplied.seconds() > WORK.seconds());
    }
}
