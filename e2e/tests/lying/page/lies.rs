//! A lie of every sort, and what the page must say to it.

use num_bigint::BigInt;
use veilsum_crypto::packing::{CHECK_BITS, CHECK_MODULUS, Plaintext, SLOT_BITS};
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
use veilsum_e2e::liar::{Change, Lie};
use veilsum_protocol::Digest;
use veilsum_protocol::answer::{Answer, Partial};

use crate::cloud::rng;
use crate::jobs::Stage;

/// A lie and how the page must end.
pub struct Lied {
    pub name: &'static str,
    pub is_for_owner: bool,
    pub place: String,
    /// `None`: an honest run.
    pub lie: Option<Lie>,
    /// Code of the refusal; `None` if the right answer must be shown.
    pub code: Option<&'static str>,
    /// What the page must say.
    pub words: &'static [&'static str],
}

const REFUSED: Option<&str> = Some("answer-refused");
/// The first column is called “price”.
const OF_PRICE: &[&str] = &["answer for “price” was refused", "No number is shown", "Run the analysis again"];
const OF_ANSWER: &[&str] = &["answer was refused", "No number is shown", "Run the analysis again"];

impl Lied {
    pub fn none() -> Self {
        Self { name: "no lie", is_for_owner: true, place: String::new(), lie: None, code: None, words: &[] }
    }

    /// Whether it ends in a verdict on an answer: then the cloud must see what it sees of an honest run.
    pub fn is_verdict(&self) -> bool {
        self.code.is_none() || self.code == REFUSED
    }

    /// About the answer of whatever job the page starts.
    fn answer(name: &'static str, words: &'static [&'static str], change: Change) -> Self {
        let lie = Some(Lie::Changed(change));
        Self { name, is_for_owner: true, place: "/answer".to_owned(), lie, code: REFUSED, words }
    }
}

/// All of them.
pub fn lies(stage: &Stage, key: &PublicKey) -> Vec<Lied> {
    [on_answers(stage, key), on_what_functions_read(stage), on_manifests(stage)]
        .into_iter()
        .flatten()
        .collect()
}

fn on_answers(stage: &Stage, key: &PublicKey) -> Vec<Lied> {
    let one = BigInt::from(1) << CHECK_BITS;
    let plus = |integer: BigInt| {
        ciphertext(key, move |key, ciphertext| {
            let constant = Plaintext::from_integer(integer.clone());
            key.add(ciphertext, &key.encrypt_with_residue(&constant, &1_u32.into()))
        })
    };
    let times = |factor: i64| {
        ciphertext(key, move |key, ciphertext| key.multiply_integer(ciphertext, &factor.into()))
    };
    let earlier = stage.world.jobs[0].answer.clone();
    let other = stage.world.other_job.parsed().aggregates.ciphertexts;
    let zero = key.encrypt(&Plaintext::from_integer(0.into()), &mut rng(5));
    let rerandomised = ciphertext(key, move |key, ciphertext| key.add(ciphertext, &zero));
    vec![
        Lied::answer("adds one to a slot", OF_PRICE, plus(one.clone())),
        Lied::answer("doubles", OF_PRICE, times(2)),
        Lied::answer("negates", OF_PRICE, times(-1)),
        Lied::answer("adds P", OF_PRICE, plus(&one * CHECK_MODULUS)),
        Lied::answer("carries at 64 bits", OF_PRICE, plus(&one << SLOT_BITS)),
        Lied::answer("adds to an unused slot", OF_PRICE, plus(&one << (29 * SLOT_BITS))),
        Lied::answer(
            "swaps two answers",
            OF_PRICE,
            answer(|answer| answer.aggregates.ciphertexts.swap(0, 2)),
        ),
        Lied::answer("replays an earlier job", OF_ANSWER, Box::new(move |_| earlier.clone())),
        Lied::answer(
            "replays other answers, dressed up",
            OF_PRICE,
            answer(move |answer| {
                let count = answer.aggregates.ciphertexts.len();
                answer.aggregates.ciphertexts = other[..count].to_vec();
            }),
        ),
        Lied::answer(
            "names another plan",
            OF_ANSWER,
            answer(|answer| answer.aggregates.plan = Digest::of(b"other")),
        ),
        Lied::answer("counts one block less", OF_ANSWER, answer(|answer| answer.aggregates.block_count -= 1)),
        Lied::answer("truncates", OF_ANSWER, Box::new(|truth| truth[..truth.len() - 1].to_vec())),
        Lied::answer("is the number 0", OF_PRICE, answer(|answer| answer.aggregates.ciphertexts[0].fill(0))),
        Lied::answer("flips a bit", OF_PRICE, answer(|answer| answer.aggregates.ciphertexts[0][9] ^= 4)),
        Lied { code: None, ..Lied::answer("rerandomises, which is no lie", &[], rerandomised) },
    ]
}

fn on_what_functions_read(stage: &Stage) -> Vec<Lied> {
    let place = format!("d/{}/rg/00000001", stage.newest.dataset);
    let row_group = |name, code, words, bytes: &[u8]| {
        let lie = Some(Lie::Other(bytes.to_vec()));
        Lied { name, is_for_owner: false, place: place.clone(), lie, code: Some(code), words }
    };
    let mut doubled = stage.world.dataset.row_groups[0].clone();
    doubled.header.index = 1;
    let header = doubled.header.to_bytes();
    doubled.bytes[..header.len()].copy_from_slice(&header);
    let first = Partial::from_bytes(&stage.partials[0]).expect("an honest partial");
    let partial = Lie::changed(move |truth| {
        let mut partial = Partial::from_bytes(truth).expect("an honest partial");
        let count = partial.aggregates.ciphertexts.len();
        partial.aggregates.ciphertexts = first.aggregates.ciphertexts[..count].to_vec();
        partial.to_bytes()
    });
    vec![
        row_group(
            "reads a row group of an earlier upload",
            "answer-refused",
            OF_PRICE,
            &stage.world.earlier.row_groups[1].bytes,
        ),
        row_group("reads a row group twice", "answer-refused", OF_PRICE, &doubled.bytes),
        row_group(
            "reads a row group of another dataset",
            "row-group-unusable",
            &["Row group 1 is not the one that the plan names", "upload the dataset again"],
            &stage.world.sibling.row_groups[1].bytes,
        ),
        Lied {
            name: "adds a partial twice",
            is_for_owner: false,
            place: "/part/00000001".to_owned(),
            lie: Some(partial),
            code: REFUSED,
            words: OF_PRICE,
        },
    ]
}

fn on_manifests(stage: &Stage) -> Vec<Lied> {
    let manifest = |name, code, words, bytes: Vec<u8>| {
        let place = format!("d/{}/m/00000002", stage.newest.dataset);
        Lied { name, is_for_owner: true, place, lie: Some(Lie::Other(bytes)), code: Some(code), words }
    };
    let mut flipped = stage.manifests[1].clone();
    flipped[200] ^= 1;
    vec![
        manifest(
            "rolls back to an older manifest",
            "rollback",
            &["shows manifest 1", "you have seen manifest 2", "newer data is being withheld"],
            stage.manifests[0].clone(),
        ),
        manifest(
            "sends the manifest of another dataset",
            "manifest-refused",
            &["in place of that of dataset"],
            stage.sibling_manifest.clone(),
        ),
        manifest(
            "alters a manifest",
            "manifest-refused",
            &["The signature of the manifest", "altered after you signed it"],
            flipped,
        ),
    ]
}

fn answer(change: impl Fn(&mut Answer) + Send + Sync + 'static) -> Change {
    Box::new(move |truth| {
        let mut answer = Answer::from_bytes(truth).expect("what combine stored");
        change(&mut answer);
        answer.to_bytes()
    })
}

/// The first ciphertext is replaced.
fn ciphertext(
    key: &PublicKey,
    change: impl Fn(&PublicKey, &Ciphertext) -> Ciphertext + Send + Sync + 'static,
) -> Change {
    let key = key.clone();
    answer(move |answer| {
        let bytes = &mut answer.aggregates.ciphertexts[0];
        let ciphertext = key.ciphertext_from_bytes(bytes).expect("an honest ciphertext");
        *bytes = change(&key, &ciphertext).to_bytes(&key);
    })
}
