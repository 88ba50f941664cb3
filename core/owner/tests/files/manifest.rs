use proptest::prelude::*;
use veilsum_owner::keyring::Keyring;
use veilsum_owner::labels::SignatureLabel;
use veilsum_owner::manifest::{
    HEADER_BYTES, ManifestError, check_chain, check_successor, open_manifest, seal_manifest,
};
use veilsum_owner::seal::{SALT_BYTES, Sealer, sealed_len};
use veilsum_protocol::manifest::{
    Column, EncryptedNumber, Manifest, PartEntry, RowGroupEntry, Scheme, Source, Treatment,
};
use veilsum_protocol::wire::WireError;
use veilsum_protocol::{DatasetId, Digest, KeyFingerprint, UploadId};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::hostile::meets_every_fault;
use crate::{KEYRING, keyring, rng, unhex};

const FROZEN: &str = include_str!("../frozen/manifest_v1.hex");
const DATASET: DatasetId = DatasetId::from_bytes([0x22; 16]);

pub fn sample(keyring: &Keyring) -> Manifest {
    let public_key = keyring.paillier().public_key();
    Manifest {
        version: 1,
        dataset: DATASET,
        sequence: 2,
        previous: Some(Digest::from_bytes([0x66; 32])),
        created_at: 1_700_000_000,
        expires_at: 1_900_000_000,
        scheme: Scheme::Paillier {
            modulus_bits: public_key.modulus_bits(),
            key: keyring.key_fingerprint(),
            modulus: public_key.to_hex(),
        },
        source: Source {
            file_name: "Größen.csv".to_owned(),
            size_bytes: 18_500,
            sha256: Digest::from_bytes([0x77; 32]),
            row_count: 442,
            skipped_row_count: 0,
            missing_words: Vec::new(),
            first_row_is_data: false,
            decimal_comma: false,
            column_types: Vec::new(),
            preparation: None,
        },
        columns: vec![Column::new(
            "height".to_owned(),
            Treatment::Number(EncryptedNumber {
                column: 0,
                presence: None,
                scale: 1,
                rounded: false,
                largest_magnitude: 2_113,
                bound_bits: 16,
                missing_count: 0,
                centring: None,
            }),
        )],
        row_groups: vec![RowGroupEntry {
            index: 0,
            row_count: 442,
            upload: UploadId::from_bytes([0x33; 16]),
            parts: vec![PartEntry { size_bytes: 7_800, sha256: Digest::from_bytes([0x88; 32]) }],
            batch: 0,
            column_set: 0,
        }],
        original: None,
        appended: Vec::new(),
        derived: Vec::new(),
        factors: Vec::new(),
        identifying: Vec::new(),
    }
}

fn first() -> Manifest {
    Manifest { sequence: 1, previous: None, ..sample(&KEYRING) }
}

/// What someone with all of the owner's keys, or a faulty program, could store.
struct Forgery {
    dataset: DatasetId,
    sequence: u64,
    previous: [u8; 32],
    payload: Vec<u8>,
    context_of_seal: Option<Vec<u8>>,
}

impl Forgery {
    fn of(manifest: &Manifest) -> Self {
        Self {
            dataset: manifest.dataset,
            sequence: manifest.sequence,
            previous: manifest.previous.map_or([0; 32], |digest| *digest.as_bytes()),
            payload: manifest.to_bytes(),
            context_of_seal: None,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let header = [
            b"VSMF\x01\0\0\0".as_slice(),
            self.dataset.as_bytes(),
            &self.sequence.to_le_bytes(),
            &self.previous,
            &KEYRING.identity().public_bytes(),
            &sealed_len(self.payload.len() as u64).to_le_bytes(),
        ]
        .concat();
        let context = self.context_of_seal.as_ref().unwrap_or(&header);
        let key = KEYRING.seal_key_for_manifest(&self.dataset);
        let sealed = Sealer::new(&key, [5; SALT_BYTES], context).seal(&self.payload);
        let signed = [header, sealed].concat();
        let signature = KEYRING.identity().sign(SignatureLabel::MANIFEST, &signed);
        [signed, signature.to_vec()].concat()
    }

    fn open(&self) -> Result<Manifest, ManifestError> {
        open_manifest(&KEYRING, DATASET, &self.to_bytes())
    }
}

#[test]
fn frozen_manifest_is_still_written_and_read() {
    let frozen = unhex(FROZEN);
    assert_eq!(open_manifest(&KEYRING, DATASET, &frozen).unwrap(), sample(&KEYRING));
    assert_eq!(seal_manifest(&KEYRING, &sample(&KEYRING), &mut rng(3)).unwrap(), frozen);
}

#[test]
fn header_looks_like_its_picture() {
    let sealed_bytes = sealed_len(sample(&KEYRING).to_bytes().len() as u64);
    let picture = [
        "56534d46",                                                         // magic "VSMF"
        "0100",                                                             // format version 1
        "0000",                                                             // reserved
        "22222222222222222222222222222222",                                 // dataset
        "0200000000000000",                                                 // sequence 2
        "6666666666666666666666666666666666666666666666666666666666666666", // hash of the manifest before
        &hex::encode(KEYRING.identity().public_bytes()),                    // identity key
        &hex::encode(sealed_bytes.to_le_bytes()),                           // length of the sealed payload
    ];
    let bytes = unhex(FROZEN);
    assert_eq!(hex::encode(&bytes[..HEADER_BYTES]), picture.concat());
    assert_eq!(bytes.len() as u64, HEADER_BYTES as u64 + sealed_bytes + 64);
}

#[test]
fn the_first_manifest_has_none_before() {
    let bytes = seal_manifest(&KEYRING, &first(), &mut rng(4)).unwrap();
    assert_eq!(bytes[32..64], [0; 32]);
    assert_eq!(open_manifest(&KEYRING, DATASET, &bytes).unwrap(), first());
}

#[test]
fn stored_bytes_show_no_name() {
    let bytes = unhex(FROZEN);
    for marker in ["height", "csv", "Paillier", "paillier", "columns"] {
        assert!(!bytes.windows(marker.len()).any(|window| window == marker.as_bytes()), "{marker}");
    }
}

#[test]
fn meets_every_listed_fault_with_its_error() {
    let faults = include_str!("../vectors/manifest_faults.json");
    meets_every_fault(&unhex(FROZEN), faults, 24, |bytes| open_manifest(&KEYRING, DATASET, bytes));
}

#[test]
fn every_truncation_is_refused() {
    let good = unhex(FROZEN);
    for length in 0..good.len() {
        let error = open_manifest(&KEYRING, DATASET, &good[..length]).unwrap_err();
        assert!(matches!(error, ManifestError::Wire(WireError::Truncated { .. })), "{length}: {error}");
    }
}

#[test]
fn every_flipped_byte_is_refused() {
    let good = unhex(FROZEN);
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 1 << (place % 8);
        assert!(open_manifest(&KEYRING, DATASET, &bytes).is_err(), "byte {place}");
    }
}

#[test]
fn a_manifest_of_another_owner_is_refused_even_if_well_signed() {
    let other = keyring::with_other_identity();
    let bytes = seal_manifest(&other, &sample(&other), &mut rng(4)).unwrap();
    let expected =
        ManifestError::OtherOwner { dataset: DATASET, expected: KEYRING.tenant(), actual: other.tenant() };
    assert_eq!(open_manifest(&KEYRING, DATASET, &bytes), Err(expected));
}

#[test]
fn a_signature_for_another_purpose_is_refused() {
    let mut bytes = unhex(FROZEN);
    let signed = bytes.len() - 64;
    let signature = KEYRING.identity().sign(SignatureLabel::SIGN_IN, &bytes[..signed]);
    bytes[signed..].copy_from_slice(&signature);
    let expected = ManifestError::WrongSignature { dataset: DATASET };
    assert_eq!(open_manifest(&KEYRING, DATASET, &bytes), Err(expected));
}

#[test]
fn a_manifest_of_another_dataset_is_refused() {
    let asked = DatasetId::from_bytes([0x23; 16]);
    let expected = ManifestError::OtherDataset { expected: asked, actual: DATASET };
    assert_eq!(open_manifest(&KEYRING, asked, &unhex(FROZEN)), Err(expected));
}

#[test]
fn a_clear_header_that_contradicts_the_payload_is_refused() {
    let good = || Forgery::of(&sample(&KEYRING));
    assert_eq!(good().open().unwrap(), sample(&KEYRING));
    let inside = Manifest { dataset: DatasetId::from_bytes([0x23; 16]), ..sample(&KEYRING) };
    for (forgery, field) in [
        (Forgery { payload: inside.to_bytes(), ..good() }, "dataset"),
        (Forgery { sequence: 3, ..good() }, "sequence"),
        (Forgery { previous: [0x67; 32], ..good() }, "previous"),
        (Forgery { previous: [0; 32], ..good() }, "previous"),
    ] {
        assert_eq!(forgery.open(), Err(ManifestError::Inconsistent { dataset: DATASET, field }));
    }
}

#[test]
fn a_payload_sealed_for_another_header_is_refused() {
    let forgery = Forgery { context_of_seal: Some(vec![0; HEADER_BYTES]), ..Forgery::of(&sample(&KEYRING)) };
    assert!(matches!(forgery.open(), Err(ManifestError::Sealed { .. })));
}

#[test]
fn a_payload_that_is_no_manifest_is_refused() {
    let next = format!(r#"{{"version":{}}}"#, veilsum_protocol::manifest::VERSION + 1);
    for (payload, newer) in [("", false), ("{}", false), (next.as_str(), true)] {
        let forgery = Forgery { payload: payload.into(), ..Forgery::of(&sample(&KEYRING)) };
        let error = forgery.open().unwrap_err();
        let named = matches!(error, ManifestError::Wire(WireError::UnknownVersion { .. }));
        assert_eq!(named, newer, "{error}");
        assert!(matches!(error, ManifestError::Wire(_)), "{error}");
    }
}

#[test]
fn a_manifest_that_contradicts_itself_is_neither_sealed_nor_opened() {
    let good = || sample(&KEYRING);
    let own = KEYRING.key_fingerprint();
    let scheme = |modulus_bits, key, modulus: &str| Scheme::Paillier {
        modulus_bits,
        key,
        modulus: modulus.to_owned(),
    };
    let modulus = KEYRING.paillier().public_key().to_hex();
    let inconsistent = |field| ManifestError::Inconsistent { dataset: DATASET, field };
    let other = KeyFingerprint::from_bytes([0; 32]);
    for (manifest, expected) in [
        (Manifest { sequence: 0, previous: None, ..good() }, inconsistent("sequence")),
        (Manifest { sequence: 1, ..good() }, inconsistent("previous")),
        (Manifest { previous: None, ..good() }, inconsistent("previous")),
        (Manifest { previous: Some(Digest::from_bytes([0; 32])), ..good() }, inconsistent("previous")),
        (Manifest { scheme: scheme(1_024, own, &modulus), ..good() }, inconsistent("modulus_bits")),
        (Manifest { scheme: scheme(2_048, own, "c0ffee01"), ..good() }, inconsistent("modulus")),
        (
            Manifest { scheme: scheme(2_048, other, &modulus), ..good() },
            ManifestError::OtherKey { dataset: DATASET, expected: own, actual: other },
        ),
    ] {
        assert_eq!(seal_manifest(&KEYRING, &manifest, &mut rng(4)), Err(expected.clone()));
        let opened = Forgery::of(&manifest).open();
        // A header cannot say "none" and "all zeros" apart: that one contradicts its payload already.
        assert!(opened == Err(expected) || opened == Err(inconsistent("previous")), "{opened:?}");
    }
}

#[test]
fn an_older_manifest_than_the_newest_known_is_a_rollback() {
    let manifest = sample(&KEYRING);
    assert_eq!(check_successor(0, &manifest), Ok(()));
    assert_eq!(check_successor(2, &manifest), Ok(()));
    let error = check_successor(3, &manifest).unwrap_err();
    assert_eq!((error.dataset, error.actual, error.newest_known), (DATASET, 2, 3));
    assert!(error.to_string().contains("you have seen manifest 3"), "{error}");
}

#[test]
fn manifests_are_chained_by_the_hash_of_their_stored_bytes() {
    let before = seal_manifest(&KEYRING, &first(), &mut rng(4)).unwrap();
    let next = Manifest { previous: Some(Digest::of(&before)), ..sample(&KEYRING) };
    assert_eq!(check_chain(&first(), &before, &next), Ok(()));
    let broken = |field| Err(ManifestError::Inconsistent { dataset: DATASET, field });
    assert_eq!(check_chain(&first(), &before, &sample(&KEYRING)), broken("previous"));
    let skipping = Manifest { sequence: 3, ..next.clone() };
    assert_eq!(check_chain(&first(), &before, &skipping), broken("sequence"));
    let elsewhere = Manifest { dataset: DatasetId::from_bytes([1; 16]), ..first() };
    assert_eq!(check_chain(&elsewhere, &before, &next), broken("dataset"));
}

proptest! {
    #[test]
    fn opening_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400), with_magic: bool) {
        let bytes = if with_magic { [b"VSMF\x01\0\0\0".to_vec(), bytes].concat() } else { bytes };
        prop_assert!(open_manifest(&KEYRING, DATASET, &bytes).is_err());
    }
}
