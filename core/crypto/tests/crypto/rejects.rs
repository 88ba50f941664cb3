//! One file, one fault: each is refused with the error that it names.

use serde::Deserialize;
use veilsum_crypto::paillier::PublicKey;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Deserialize)]
struct BadPublicKey {
    fault: String,
    error: String,
    modulus: String,
}

#[derive(Deserialize)]
struct BadCiphertexts {
    fault: String,
    error: String,
    modulus: String,
    ciphertexts: String,
}

macro_rules! reject_vectors {
    ($($name:literal),* $(,)?) => {
        [$(include_str!(concat!("../vectors/reject/", $name, ".json"))),*]
            .map(|json| serde_json::from_str(json).unwrap())
    };
}

#[test]
fn bad_public_keys_are_refused_by_name() {
    let vectors: [BadPublicKey; _] = reject_vectors![
        "public_key_absurdly_long",
        "public_key_empty",
        "public_key_even",
        "public_key_leading_zero",
        "public_key_not_whole_bytes",
        "public_key_one",
        "public_key_prefix",
        "public_key_prime_factor_only",
        "public_key_sign",
        "public_key_square_of_a_prime",
        "public_key_too_large",
        "public_key_too_small",
        "public_key_underscore",
        "public_key_upper_case",
        "public_key_zero",
    ];
    for vector in vectors {
        let error = PublicKey::from_hex(&vector.modulus).unwrap_err();
        assert_eq!(format!("{error:?}"), vector.error, "{}", vector.fault);
    }
}

#[test]
fn bad_ciphertexts_are_refused_by_name() {
    let vectors: [BadCiphertexts; _] = reject_vectors![
        "ciphertext_above_n_squared",
        "ciphertext_all_bits_set",
        "ciphertext_big_endian_of_a_small_number",
        "ciphertext_empty",
        "ciphertext_multiple_of_n",
        "ciphertext_multiple_of_p",
        "ciphertext_n",
        "ciphertext_n_squared",
        "ciphertext_one",
        "ciphertext_one_byte_long",
        "ciphertext_one_byte_short",
        "ciphertext_second_is_cut_off",
        "ciphertext_second_is_one",
        "ciphertext_second_is_zero",
        "ciphertext_third_is_multiple_of_p",
        "ciphertext_zero",
    ];
    for vector in vectors {
        let key = PublicKey::from_hex(&vector.modulus).unwrap();
        let bytes = hex::decode(&vector.ciphertexts).unwrap();
        if !bytes.is_empty() {
            let error = key.ciphertexts_from_bytes(&bytes).unwrap_err();
            assert_eq!(format!("{error:?}"), vector.error, "{}", vector.fault);
        }
        if bytes.len() < 2 * key.ciphertext_bytes() {
            let error = key.ciphertext_from_bytes(&bytes).unwrap_err();
            assert_eq!(format!("{error:?}"), vector.error, "{}", vector.fault);
        }
    }
}
