//! Changed copies of an input, as fuzzers make them, by a seed.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// Numbers that are at the edge of something.
const EDGES: [u64; 10] = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX];
/// Most changes of one copy.
const MOST_CHANGES: usize = 4;

/// Copy number `seed` of `bytes` with one to four changes: bits flipped, edge numbers written, pieces cut out, doubled,
/// swapped, zeroed, the end cut off.
#[must_use]
pub fn mutated(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut bytes = bytes.to_vec();
    for _ in 0..=below(&mut rng, MOST_CHANGES) {
        change(&mut bytes, &mut rng);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, rng: &mut ChaCha20Rng) {
    if bytes.is_empty() {
        bytes.extend(rng.next_u64().to_le_bytes());
        return;
    }
    let at = below(rng, bytes.len());
    let length = 1 + below(rng, (bytes.len() - at).min(64));
    match below(rng, 7) {
        0 => bytes[at] ^= 1 << below(rng, 8),
        1 => {
            let edge = EDGES[below(rng, EDGES.len())].to_le_bytes();
            let width = [1, 2, 4, 8][below(rng, 4)].min(bytes.len() - at);
            bytes[at..at + width].copy_from_slice(&edge[..width]);
        }
        2 => drop(bytes.drain(at..at + length)),
        3 => {
            let piece = bytes[at..at + length].to_vec();
            let to = below(rng, bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        4 => {
            let other = below(rng, bytes.len());
            bytes.swap(at, other);
        }
        5 => bytes[at..at + length].fill(0),
        _ => bytes.truncate(at),
    }
}

/// A number below `end`, which is not 0.
fn below(rng: &mut ChaCha20Rng, end: usize) -> usize {
    usize::try_from(rng.next_u64() % end as u64).expect("it is below a usize")
}
