//! A big integer that must not outlive its use.

use core::fmt;

use num_bigint::BigUint;
use veilsum_crypto::kernel::wipe;

/// A secret integer, wiped when dropped as well as `num-bigint` lets us (see [`wipe`]).
pub(super) struct SecretInteger(BigUint);

impl SecretInteger {
    pub(super) const fn new(value: BigUint) -> Self {
        Self(value)
    }

    /// The integer itself. Whatever is computed from it and kept must be a [`SecretInteger`] again.
    pub(super) const fn expose(&self) -> &BigUint {
        &self.0
    }
}

impl Drop for SecretInteger {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl fmt::Debug for SecretInteger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretInteger(hidden)")
    }
}
