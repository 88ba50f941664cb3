//! Answers that were given before, sealed in this browser; and their certificates.

use veilsum_analysis::answer::Answer;
use veilsum_analysis::certificate::{Certificate, CertificateError, Signed, Verification};
use veilsum_analysis::plan::Planned;
use veilsum_analysis::totals::Totals;
use veilsum_owner::identity::{self, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use veilsum_owner::keyring::Keyring;
use veilsum_owner::labels::{PAST_ANSWER_CONTEXT, SignatureLabel};
use veilsum_owner::seal::{self, Sealer};
use veilsum_protocol::manifest::{Manifest, Scheme};
use veilsum_protocol::{DatasetId, Digest, JobId, TenantId};

use crate::fault::sentence;
use crate::messages::{AnswerView, CertificateView, Fault, from_bytes, to_bytes};
use crate::time::now_seconds;
use crate::vault::Vault;
use crate::vault::keyring::Unlocked;
use crate::vault::random::rng;

/// Answers that are kept of one dataset; older ones are forgotten.
const MAX_KEPT: usize = 100;

/// Keeps an answer. What the cloud stored of its job is not kept with it.
///
/// # Errors
/// A [`Fault`] of the store.
pub(crate) async fn keep(vault: &Vault, unlocked: &Unlocked, answer: &AnswerView) -> Result<(), Fault> {
    let kept = AnswerView { objects: Vec::new(), ..answer.clone() };
    let dataset = answer.run.dataset;
    let bytes = to_bytes(&kept).map_err(|_| unreadable())?;
    let salt = seal::random_salt(&mut rng());
    let context = context(dataset, &answer.id);
    let sealed = Sealer::new(&unlocked.keyring.local_seal_key(), salt, &context).seal(&bytes);
    vault.store.put_answer(unlocked.tenant(), dataset, &answer.id, &sealed).await?;
    let sealed = vault.store.answers(unlocked.tenant(), dataset).await?;
    if sealed.len() > MAX_KEPT {
        for old in opened(unlocked, dataset, &sealed).into_iter().skip(MAX_KEPT) {
            vault.store.remove_answer(unlocked.tenant(), dataset, &old.id).await?;
        }
    }
    Ok(())
}

/// The answers that were given for a dataset, newest first. One that cannot be read, because another version made it,
/// is left out.
///
/// # Errors
/// A [`Fault`] if the keyring is locked, or of the store.
pub async fn list(vault: &Vault, dataset: DatasetId) -> Result<Vec<AnswerView>, Fault> {
    let unlocked = vault.unlocked()?;
    let sealed = vault.store.answers(unlocked.tenant(), dataset).await?;
    Ok(opened(&unlocked, dataset, &sealed))
}

/// The answers that can be read, newest first.
fn opened(unlocked: &Unlocked, dataset: DatasetId, sealed: &[(String, Vec<u8>)]) -> Vec<AnswerView> {
    let key = unlocked.keyring.local_seal_key();
    let open = |(id, sealed): &(String, Vec<u8>)| {
        let bytes = seal::open(&key, &context(dataset, id), sealed).ok()?;
        from_bytes::<AnswerView>(&bytes).ok()
    };
    let mut answers: Vec<AnswerView> = sealed.iter().filter_map(open).collect();
    answers.sort_by_key(|answer| core::cmp::Reverse(answer.answered_at));
    answers
}

/// Forgets an answer.
///
/// # Errors
/// A [`Fault`] if the keyring is locked, or of the store.
pub async fn forget(vault: &Vault, dataset: DatasetId, id: &str) -> Result<(), Fault> {
    let unlocked = vault.unlocked()?;
    Ok(vault.store.remove_answer(unlocked.tenant(), dataset, id).await?)
}

/// The certificate of answers, signed.
pub(crate) fn certify(
    keyring: &Keyring,
    (manifest, manifest_sha256): (&Manifest, Digest),
    planned: &Planned,
    job: Option<JobId>,
    verification: Verification,
    totals: &Totals,
    answers: &[Answer],
) -> String {
    let identity = keyring.identity();
    let certificate = Certificate {
        made_at: now_seconds(),
        owner: hex::encode(identity.public_bytes()),
        ..Certificate::new(manifest, manifest_sha256, planned, job, verification, totals, answers)
    };
    let signature = identity.sign(SignatureLabel::CERTIFICATE, &certificate.to_bytes());
    Signed { certificate, signature: hex::encode(signature) }.to_json()
}

/// Checks a certificate, without keyring and network.
///
/// # Errors
/// A [`Fault`] if it is none.
pub fn verify(text: &str) -> Result<CertificateView, Fault> {
    let Signed { certificate, signature } = Signed::from_json(text)?;
    let answers = certificate.recompute();
    let is_signed = is_signed(&certificate, &signature);
    let tenant = owner_key(&certificate).map(|key| TenantId::of_identity_key(&key).to_string());
    let plan_names_dataset = certificate.plan.as_ref().is_none_or(|plan| {
        plan.dataset == certificate.dataset
            && plan
                .row_groups
                .iter()
                .map(|group| group.index)
                .eq(certificate.row_groups.iter().map(|g| g.index))
    });
    let computed = answers.as_ref().is_ok_and(|answers| certificate.claims(answers));
    let is_listed = |index: &u32| certificate.row_groups.iter().any(|group| group.index == *index);
    let verdict_fits = match &certificate.verification {
        Verification::CheckValues => !certificate.scheme.multiplies() && certificate.plan.is_some(),
        Verification::Manifest => certificate.plan.is_none(),
        Verification::SpotChecked { picked } => {
            certificate.scheme.multiplies()
                && !picked.is_empty()
                && picked.is_sorted_by(|one, next| one < next)
                && picked.iter().all(is_listed)
        }
        Verification::NotChecked { .. } => certificate.scheme.multiplies(),
    };
    let checks = vec![
        check(
            is_signed,
            "The signature is the owner's: nothing in this file was changed since it was signed.",
            "The signature does not fit: this file was changed, or another key signed it. Do not rely on it.",
        ),
        check(
            computed,
            "The answers follow from the totals in this file: they were computed again here.",
            "The answers do not follow from the totals in this file. Do not rely on them.",
        ),
        check(
            plan_names_dataset,
            "The plan covers exactly the row groups that are listed.",
            "The plan and the list of row groups contradict each other.",
        ),
        check(
            verdict_fits,
            "How the answer is said to have been checked is possible for such a dataset.",
            "How the answer is said to have been checked is not possible for such a dataset. Do not rely on it.",
        ),
    ];
    let scheme = match &certificate.scheme {
        Scheme::Paillier { modulus_bits, key, .. } => format!("Paillier, {modulus_bits} bits, key {key}"),
        Scheme::Bfv { parameter_set, primes, key } => {
            format!("BFV, parameter set {parameter_set}, {primes} plaintext primes, key {key}")
        }
    };
    let facts = [
        ("Owner", tenant.unwrap_or_else(|| "unreadable".to_owned())),
        ("Dataset", certificate.dataset.to_string()),
        ("Manifest", format!("number {}, SHA-256 {}", certificate.manifest, certificate.manifest_sha256)),
        ("Rows", certificate.row_count.to_string()),
        ("Row groups", certificate.row_groups.len().to_string()),
        ("Scheme", scheme),
        (
            "Checked when decrypted",
            match &certificate.verification {
                Verification::CheckValues => {
                    "every sum carried a check value that fits the planned rows".to_owned()
                }
                Verification::Manifest => "the answers follow from the signed manifest alone".to_owned(),
                Verification::SpotChecked { picked } => {
                    let (checked, all) = (picked.len(), certificate.row_groups.len());
                    let others = if checked < all { "; the others were not checked" } else { "" };
                    format!("spot-checked {checked} of {all} row groups against the cleartext{others}")
                }
                Verification::NotChecked { why } => format!("not checked: {why}"),
            },
        ),
        ("Program", format!("Veilsum {}", certificate.program)),
    ];
    Ok(CertificateView {
        made_at: certificate.made_at,
        checks,
        facts: facts.into_iter().map(|(label, value)| (label.to_owned(), value)).collect(),
        answers: answers.unwrap_or_default(),
    })
}

fn check(passed: bool, yes: &str, no: &str) -> (bool, String) {
    (passed, if passed { yes } else { no }.to_owned())
}

fn owner_key(certificate: &Certificate) -> Option<[u8; PUBLIC_KEY_BYTES]> {
    hex::decode(&certificate.owner).ok()?.try_into().ok()
}

fn is_signed(certificate: &Certificate, signature: &str) -> bool {
    let signature: Option<[u8; SIGNATURE_BYTES]> =
        hex::decode(signature).ok().and_then(|bytes| bytes.try_into().ok());
    match (owner_key(certificate), signature) {
        (Some(key), Some(signature)) => {
            identity::verify(&key, SignatureLabel::CERTIFICATE, &certificate.to_bytes(), &signature).is_ok()
        }
        (None, _) | (_, None) => false,
    }
}

fn context(dataset: DatasetId, id: &str) -> Vec<u8> {
    [PAST_ANSWER_CONTEXT, dataset.as_bytes(), id.as_bytes()].concat()
}

fn unreadable() -> Fault {
    Fault::new("no-storage", "This answer cannot be kept in this browser. Download what you need of it.")
}

impl From<CertificateError> for Fault {
    fn from(error: CertificateError) -> Self {
        Self::new("no-certificate", &sentence(&error))
    }
}
