//! Partials, as `combine` reads them.

use num_bigint::{BigInt, BigUint};
use veilsum_crypto::packing::{CHECK_BITS, CHECK_MODULUS, Plaintext};
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
use veilsum_e2e::liar::Lie;
use veilsum_protocol::answer::{Answer, HEADER_BYTES, Partial};

use super::kind;
use crate::jobs::{Kind, Shows, Tamper, Told};
use crate::judge::RIGHT;

const REFUSED: &[&str] = &["Refused"];
const UNUSABLE: &[&str] = &["partial-unusable"];

pub const KINDS: &[Kind] = &[
    kind("partial-doubled-over-another", Shows::Bytes, UNUSABLE, |tamper| {
        let (from, to) = tamper.two_of(tamper.stage.partials.len());
        let mut partial = partial(tamper, from);
        partial.aggregates.job = tamper.job;
        vec![Told::to_functions(place(tamper, to), Lie::Other(partial.to_bytes()))]
    }),
    kind("partial-doubled-and-dressed-up", Shows::Number, REFUSED, |tamper| {
        // The first two row groups have the same number of blocks.
        let (from, to) = tamper.two_of(2);
        let mut partial = partial(tamper, from);
        partial.aggregates.job = tamper.job;
        partial.row_group = u32::try_from(to).expect("a small number");
        vec![Told::to_functions(place(tamper, to), Lie::Other(partial.to_bytes()))]
    }),
    kind("partial-of-an-earlier-job", Shows::Bytes, UNUSABLE, |tamper| {
        let at = tamper.below(tamper.stage.partials.len());
        vec![Told::to_functions(place(tamper, at), Lie::Other(tamper.stage.partials[at].clone()))]
    }),
    kind("partial-of-an-earlier-job-dressed-up", Shows::Same, &[RIGHT], |tamper| {
        // It is what this job computes, too.
        let at = tamper.below(tamper.stage.partials.len());
        let mut partial = partial(tamper, at);
        partial.aggregates.job = tamper.job;
        vec![Told::to_functions(place(tamper, at), Lie::Other(partial.to_bytes()))]
    }),
    kind("partial-scaled", Shows::Number, REFUSED, |tamper| {
        let factor = BigInt::from(2 + tamper.numbers.below(1_000));
        one(tamper, move |key, ciphertext| key.multiply_integer(ciphertext, &factor))
    }),
    kind("partial-negated", Shows::Number, REFUSED, |tamper| {
        one(tamper, |key, ciphertext| key.multiply_integer(ciphertext, &(-1).into()))
    }),
    kind("partial-plus-p", Shows::Number, REFUSED, |tamper| {
        one(tamper, |key, ciphertext| plus(key, ciphertext, BigInt::from(CHECK_MODULUS) << CHECK_BITS))
    }),
    kind("partial-plus-constant", Shows::Number, REFUSED, |tamper| {
        let amount = BigInt::from(1 + tamper.numbers.below(1_000)) << (CHECK_BITS + 64);
        one(tamper, move |key, ciphertext| plus(key, ciphertext, amount.clone()))
    }),
    kind("partial-dropped", Shows::Number, REFUSED, |tamper| {
        // An encryption of zero under a residue that is as good as any.
        one(tamper, |key, _| key.encrypt_with_residue(&Plaintext::from_integer(0.into()), &4_u32.into()))
    }),
    kind("partial-rerandomised", Shows::Same, &[RIGHT], |tamper| {
        let mut rng = tamper.rng();
        let zero = tamper.key.encrypt(&Plaintext::from_integer(0.into()), &mut rng);
        one(tamper, move |key, ciphertext| key.add(ciphertext, &zero))
    }),
    kind("partial-aggregates-swapped", Shows::Number, REFUSED, |tamper| {
        let count = tamper.honest().columns().len();
        let (from, to) = tamper.two_of(count);
        changed(tamper, move |partial| partial.aggregates.ciphertexts.swap(from, to))
    }),
    kind("partial-is-no-ciphertext", Shows::Bytes, UNUSABLE, |tamper| {
        let n = tamper.key.modulus().clone();
        let square = tamper.key.square().value().clone();
        let numbers = [BigUint::ZERO, 1_u32.into(), n, square];
        let number = numbers[tamper.below(numbers.len())].clone();
        changed(tamper, move |partial| {
            let bytes = &mut partial.aggregates.ciphertexts[0];
            let length = bytes.len();
            *bytes = number.to_bytes_le();
            bytes.resize(length, 0);
        })
    }),
    kind("partial-header-bit-flipped", Shows::Bytes, UNUSABLE, |tamper| {
        let bit = tamper.below(8 * HEADER_BYTES);
        flipped(tamper, bit)
    }),
    kind("partial-ciphertext-bit-flipped", Shows::Bytes, &["Refused", "partial-unusable"], |tamper| {
        let length = tamper.stage.partials[0].len();
        let bit = 8 * HEADER_BYTES + tamper.below(8 * (length - HEADER_BYTES));
        flipped(tamper, bit)
    }),
    kind("partial-truncated", Shows::Bytes, UNUSABLE, |tamper| {
        let length = tamper.below(tamper.stage.partials[0].len());
        told(tamper, move |truth| truth[..length].to_vec())
    }),
    kind("partial-with-wrong-block-count", Shows::Bytes, UNUSABLE, |tamper| {
        let more = 1 + tamper.numbers.below(1 << 40);
        changed(tamper, move |partial| partial.aggregates.block_count += more)
    }),
    kind("partial-with-fewer-aggregates", Shows::Bytes, UNUSABLE, |tamper| {
        changed(tamper, |partial| {
            partial.aggregates.ciphertexts.pop();
        })
    }),
    kind("answer-in-place-of-partial", Shows::Bytes, UNUSABLE, |tamper| {
        told(tamper, |truth| {
            let Partial { row_group, aggregates } = Partial::from_bytes(truth).expect("a partial");
            Answer { row_group_count: row_group, aggregates }.to_bytes()
        })
    }),
];

fn partial(tamper: &Tamper<'_>, row_group: usize) -> Partial {
    Partial::from_bytes(&tamper.stage.partials[row_group]).expect("an honest partial")
}

fn place(tamper: &Tamper<'_>, row_group: usize) -> String {
    format!("j/{}/part/{row_group:08}", tamper.job)
}

/// Some partial of the job is replaced by what `change` makes of it.
fn told(tamper: &mut Tamper<'_>, change: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Vec<Told> {
    let at = tamper.below(tamper.stage.partials.len());
    vec![Told::to_functions(place(tamper, at), Lie::changed(change))]
}

fn changed(tamper: &mut Tamper<'_>, change: impl Fn(&mut Partial) + Send + Sync + 'static) -> Vec<Told> {
    told(tamper, move |truth| {
        let mut partial = Partial::from_bytes(truth).expect("an honest partial");
        change(&mut partial);
        partial.to_bytes()
    })
}

/// The ciphertext for the first column, which holds values, is replaced.
fn one(
    tamper: &mut Tamper<'_>,
    change: impl Fn(&PublicKey, &Ciphertext) -> Ciphertext + Send + Sync + 'static,
) -> Vec<Told> {
    let key = tamper.key.clone();
    changed(tamper, move |partial| {
        let bytes = &mut partial.aggregates.ciphertexts[0];
        let ciphertext = key.ciphertext_from_bytes(bytes).expect("an honest ciphertext");
        *bytes = change(&key, &ciphertext).to_bytes(&key);
    })
}

fn flipped(tamper: &mut Tamper<'_>, bit: usize) -> Vec<Told> {
    told(tamper, move |truth| {
        let mut bytes = truth.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    })
}

fn plus(key: &PublicKey, ciphertext: &Ciphertext, integer: BigInt) -> Ciphertext {
    let constant = Plaintext::from_integer(integer);
    key.add(ciphertext, &key.encrypt_with_residue(&constant, &1_u32.into()))
}
