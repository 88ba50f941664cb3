//! Manifests: older ones, others, altered ones, and such as only somebody with other keys could have made.

use serde_json::Value;
use veilsum_e2e::keys;
use veilsum_e2e::liar::Lie;
use veilsum_owner::identity::IdentityKey;
use veilsum_owner::keyring::Keyring;
use veilsum_owner::manifest::{HEADER_BYTES, seal_manifest};
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::api::DatasetDetail;
use veilsum_protocol::manifest::{Manifest, Scheme};

use super::kind;
use crate::jobs::{Kind, Lies, Shows, Tamper, Told};
use crate::judge::RIGHT;

const WIRE: &[&str] = &["Wire"];
const ROLLBACK: &[&str] = &["RollbackError"];
const WRONG_SIGNATURE: &[&str] = &["WrongSignature"];
/// Where the clear header has the sequence, the predecessor and the identity key.
const SEQUENCE_AT: usize = 24;
const PREVIOUS_AT: usize = 32;
const IDENTITY_AT: usize = 64;

pub const KINDS: &[Kind] = &[
    bytes("manifest-rolled-back", ROLLBACK, |tamper| tamper.stage.manifests[0].clone()),
    kind("manifest-rolled-back-in-the-listing", Shows::Bytes, ROLLBACK, |tamper| {
        detail(tamper, |detail| {
            let mut objects = detail.objects.iter();
            let older = objects.find(|object| object.key.ends_with("/m/00000001"));
            detail.entry.manifest_url.clone_from(&older.expect("it is stored").url);
            detail.entry.sequence = 1;
            detail.objects.retain(|object| !object.key.ends_with("/m/00000002"));
        })
    }),
    bytes("manifest-of-another-dataset", &["OtherDataset"], |tamper| tamper.stage.sibling_manifest.clone()),
    kind("listing-of-another-dataset", Shows::Bytes, &["NotUnderstood"], |tamper| {
        let other = tamper.stage.sibling_detail.clone();
        detail(tamper, move |detail| *detail = other.clone())
    }),
    kind("listing-names-another-manifest", Shows::Bytes, &["OtherDataset"], |tamper| {
        let url = tamper.stage.sibling_detail.entry.manifest_url.clone();
        detail(tamper, move |detail| detail.entry.manifest_url.clone_from(&url))
    }),
    kind("listing-withholds-row-groups", Shows::Bytes, &[RIGHT], |tamper| {
        let kept = tamper.below(3);
        detail(tamper, move |detail| {
            let mut row_groups = 0;
            detail.objects.retain(|object| {
                row_groups += usize::from(object.key.contains("/rg/"));
                !object.key.contains("/rg/") || row_groups <= kept
            });
        })
    }),
    kind("listing-with-wrong-counts", Shows::Bytes, &[RIGHT], |tamper| {
        let wrong = tamper.numbers.draw() >> 1;
        detail(tamper, move |detail| {
            detail.entry.sequence = wrong;
            detail.entry.size_bytes = wrong / 3;
            detail.entry.stored_at = 17;
            detail.objects.iter_mut().for_each(|object| object.size_bytes += 1);
        })
    }),
    kind("listing-is-garbage", Shows::Bytes, &["NotUnderstood"], |tamper| {
        let keep = tamper.below(100);
        let lie = Lie::changed(move |truth| truth[..keep].to_vec());
        vec![Told::to_owner(listing_place(tamper), lie)]
    }),
    kind("manifest-gone", Shows::Bytes, &["status 404"], |tamper| {
        vec![Told::to_owner(tamper.manifest_place(), Lie::Gone)]
    }),
    kind("dataset-gone", Shows::Bytes, &["status 404"], |tamper| {
        vec![Told::to_owner(listing_place(tamper), Lie::Gone)]
    }),
    bytes("manifest-bit-flipped", &["Wire", "OtherOwner", "WrongSignature"], |tamper| {
        tamper.flipped(&tamper.stage.manifests[1])
    }),
    bytes("manifest-header-bit-flipped", &["Wire", "OtherOwner", "WrongSignature"], |tamper| {
        let (header, rest) = tamper.stage.manifests[1].split_at(HEADER_BYTES);
        [tamper.flipped(header), rest.to_vec()].concat()
    }),
    bytes("manifest-truncated", WIRE, |tamper| {
        let length = tamper.below(tamper.stage.manifests[1].len());
        tamper.stage.manifests[1][..length].to_vec()
    }),
    bytes("manifest-lengthened", WIRE, |tamper| {
        let more = 1 + tamper.below(1_000);
        [tamper.stage.manifests[1].as_slice(), &vec![0; more]].concat()
    }),
    bytes("manifest-of-a-newer-version", WIRE, |tamper| {
        let version = u8::try_from(2 + tamper.below(200)).expect("a byte");
        patched(tamper, 4, &[version])
    }),
    bytes("manifest-is-a-row-group", WIRE, |tamper| tamper.stage.world.dataset.row_groups[0].bytes.clone()),
    bytes("manifest-with-another-number", WRONG_SIGNATURE, |tamper| {
        let number = 3 + tamper.numbers.below(1_000);
        patched(tamper, SEQUENCE_AT, &number.to_le_bytes())
    }),
    bytes("manifest-with-another-predecessor", WRONG_SIGNATURE, |tamper| {
        let other = tamper.numbers.draw().to_le_bytes();
        patched(tamper, PREVIOUS_AT, &other)
    }),
    bytes("older-manifest-under-the-newest-number", WRONG_SIGNATURE, |tamper| {
        let [older, newest] = &tamper.stage.manifests;
        [&older[..SEQUENCE_AT], &newest[SEQUENCE_AT..IDENTITY_AT], &older[IDENTITY_AT..]].concat()
    }),
    bytes("manifest-signed-by-the-cloud", &["OtherOwner"], by_the_cloud),
    bytes("manifest-signed-by-the-cloud-in-the-owners-name", WRONG_SIGNATURE, |tamper| {
        let mut bytes = by_the_cloud(tamper);
        let owners = &tamper.stage.manifests[1][IDENTITY_AT..HEADER_BYTES - 8];
        bytes[IDENTITY_AT..HEADER_BYTES - 8].copy_from_slice(owners);
        bytes
    }),
    bytes("manifest-under-another-public-key", &["OtherKey"], |tamper| {
        let keyring = keys::fixed_keyring_with_other_key(2_048).expect("a key of the test vectors");
        sealed_under(tamper, &keyring)
    }),
    bytes("manifest-under-a-shorter-key", &["OtherKey"], |tamper| {
        let keyring = keys::fixed_keyring_with_other_key(1_024).expect("a key of the test vectors");
        sealed_under(tamper, &keyring)
    }),
];

const fn bytes(
    name: &'static str,
    ends: &'static [&'static str],
    lie: fn(&mut Tamper<'_>) -> Vec<u8>,
) -> Kind {
    Kind { name, shows: Shows::Bytes, ends, lies: Lies::Manifest(lie) }
}

fn listing_place(tamper: &Tamper<'_>) -> String {
    format!("/datasets/{}", tamper.stage.newest.dataset)
}

/// What the API says of the dataset is changed.
fn detail(tamper: &Tamper<'_>, change: impl Fn(&mut DatasetDetail) + Send + Sync + 'static) -> Vec<Told> {
    let lie = Lie::changed(move |truth| {
        let mut detail: DatasetDetail = serde_json::from_slice(truth).expect("what the API says");
        let before = serde_json::to_value(&detail).expect("JSON");
        change(&mut detail);
        assert_ne!(serde_json::to_value(&detail).unwrap_or(Value::Null), before, "this is no lie");
        serde_json::to_vec(&detail).expect("JSON")
    });
    vec![Told::to_owner(listing_place(tamper), lie)]
}

fn patched(tamper: &Tamper<'_>, at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut patched = tamper.stage.manifests[1].clone();
    patched[at..at + bytes.len()].copy_from_slice(bytes);
    patched
}

/// The newest manifest, as a cloud would seal and sign it that knew all that it says, but not the owner's keys.
fn by_the_cloud(tamper: &mut Tamper<'_>) -> Vec<u8> {
    let paillier = keys::fixed_keyring().expect("a key of the test vectors").paillier().to_secret_bytes();
    let paillier = SecretKey::from_secret_bytes(&paillier).expect("a stored key");
    let identity = IdentityKey::from_seed(&[77; 32]);
    let keyring = Keyring::from_keys(0, identity, MasterSecret::from_bytes([78; 32]), paillier);
    seal_manifest(&keyring, &tamper.stage.newest, &mut tamper.rng()).expect("a manifest that is consistent")
}

/// The newest manifest, as the owner would have signed it if the data were under another key.
fn sealed_under(tamper: &mut Tamper<'_>, keyring: &Keyring) -> Vec<u8> {
    let public = keyring.paillier().public_key();
    let scheme = Scheme::Paillier {
        modulus_bits: public.modulus_bits(),
        key: keyring.key_fingerprint(),
        modulus: public.to_hex(),
    };
    let manifest = Manifest { scheme, ..tamper.stage.newest.clone() };
    seal_manifest(keyring, &manifest, &mut tamper.rng()).expect("a manifest that is consistent")
}
