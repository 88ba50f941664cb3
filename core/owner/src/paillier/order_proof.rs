//! The prover of [`veilsum_crypto::order_proof`]: n-th roots, which only who knows the factors can take.

use num_bigint::BigUint;
use veilsum_crypto::kernel::Modulus;
use veilsum_crypto::order_proof::{OrderProof, challenges};

use super::secret_integer::SecretInteger;
use super::secret_key::SecretKey;

impl SecretKey {
    /// The proof that `gcd(n, φ(n)) = 1`, for whoever computes under this key without knowing its owner.
    ///
    /// It is a function of the key: made once and sent with every query. Costs eight exponentiations modulo n, and says
    /// nothing else about the factors: an n-th root of a hashed number is what anyone can make by choosing the root first.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "a secret key was checked to have n coprime to its order")]
    pub fn prove_order(&self) -> OrderProof {
        let public = self.public_key();
        let [p, q] = self.primes();
        let order = SecretInteger::new((p - 1u32) * (q - 1u32));
        let root = public.modulus().modinv(order.expose()).expect("n is coprime to its order");
        let root = SecretInteger::new(root);
        let modulus = Modulus::new(public.modulus()).expect("a modulus of a key is odd");
        let take = |challenge: &BigUint| modulus.pow_secret(challenge, root.expose());
        OrderProof::from_roots(challenges(public).iter().map(take).collect())
    }
}
