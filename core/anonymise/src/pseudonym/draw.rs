//! Pseudo-random numbers from a seed.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::key::keyed;

/// Characters of tags: the digits and letters that are not mistaken for each other (Crockford's base 32).
const TAG_CHARACTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The stream `HMAC(seed, 0) ‖ HMAC(seed, 1) ‖ …`.
pub(crate) struct Draw {
    keyed: Hmac<Sha256>,
    block: Zeroizing<[u8; 32]>,
    used: usize,
    next_block: u64,
}

impl Draw {
    pub(super) fn new(seed: Zeroizing<[u8; 32]>) -> Self {
        Self { keyed: keyed(&seed), block: Zeroizing::new([0; 32]), used: 32, next_block: 0 }
    }

    fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            let mut mac = self.keyed.clone();
            mac.update(&self.next_block.to_be_bytes());
            *self.block = mac.finalize().into_bytes().into();
            self.next_block += 1;
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    fn word(&mut self) -> u64 {
        (0..8).fold(0, |word, _| word << 8 | u64::from(self.byte()))
    }

    /// A uniform number below `bound`, by rejection; 0 if there is none.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound < 2 {
            return 0;
        }
        let highest = u64::MAX - u64::MAX % bound;
        loop {
            let word = self.word();
            if word < highest {
                return word % bound;
            }
        }
    }

    /// One of a list; nothing if it is empty.
    pub(super) fn pick(&mut self, of: &[&'static str]) -> &'static str {
        let at = usize::try_from(self.below(of.len() as u64)).unwrap_or(0);
        of.get(at).copied().unwrap_or_default()
    }

    /// One line of a text; nothing if it is empty.
    pub(super) fn line(&mut self, of: &'static str) -> &'static str {
        let lines = of.lines().count();
        let at = usize::try_from(self.below(lines as u64)).unwrap_or(0);
        of.lines().nth(at).unwrap_or_default()
    }

    /// `length` characters of 5 bits each.
    pub(super) fn tag(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(TAG_CHARACTERS[usize::from(self.byte() % 32)])).collect()
    }
}
