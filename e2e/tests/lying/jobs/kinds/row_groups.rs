//! Row groups, as `evaluate` reads them.

use num_bigint::{BigInt, BigUint};
use veilsum_crypto::packing::{CHECK_BITS, CHECK_MODULUS, Plaintext};
use veilsum_crypto::paillier::Ciphertext;
use veilsum_e2e::encrypted::RowGroup;
use veilsum_e2e::liar::Lie;
use veilsum_protocol::KeyFingerprint;
use veilsum_protocol::row_group::{Encryption, RowGroupHeader};

use super::kind;
use crate::jobs::{Kind, Shows, Tamper, Told};
use crate::judge::RIGHT;

const REFUSED: &[&str] = &["Refused"];
const UNUSABLE: &[&str] = &["row-group-unusable"];
const SAME: &[&str] = &[RIGHT];

pub const KINDS: &[Kind] = &[
    kind("stored-block-doubled-over-another", Shows::Number, REFUSED, |tamper| {
        let column = wide_column(tamper);
        let ((group, from), (other, to)) = two_blocks(tamper);
        let mut groups = groups(tamper);
        let block = block(&groups[group], column, from);
        put(&mut groups[other], column, to, &block);
        vec![stored(tamper, &groups[other])]
    }),
    kind("stored-blocks-of-row-groups-swapped", Shows::Same, SAME, |tamper| {
        let column = any_column(tamper);
        let (group, other) = two_groups(tamper);
        let mut groups = groups(tamper);
        let (one, two) = (block(&groups[group], column, 0), block(&groups[other], column, 0));
        put(&mut groups[group], column, 0, &two);
        put(&mut groups[other], column, 0, &one);
        vec![stored(tamper, &groups[group]), stored(tamper, &groups[other])]
    }),
    kind("stored-blocks-of-columns-swapped", Shows::Plaintext, REFUSED, |tamper| {
        let group = tamper.below(groups(tamper).len());
        let (column, other) = tamper.two_of(column_count(tamper));
        let (column, other) = (number(column), number(other));
        let mut changed = groups(tamper).swap_remove(group);
        let (one, two) = (block(&changed, column, 0), block(&changed, other, 0));
        put(&mut changed, column, 0, &two);
        put(&mut changed, other, 0, &one);
        vec![stored(tamper, &changed)]
    }),
    kind("stored-block-of-an-earlier-upload", Shows::Plaintext, REFUSED, |tamper| {
        let earlier = tamper.stage.world.earlier.row_groups.clone();
        one_block(tamper, |_, group, column, _| block(&earlier[group.header.index as usize], column, 0))
    }),
    kind("stored-block-of-another-dataset", Shows::Plaintext, REFUSED, |tamper| {
        let sibling = tamper.stage.world.sibling.row_groups.clone();
        one_block(tamper, |_, group, column, _| block(&sibling[group.header.index as usize], column, 0))
    }),
    kind("stored-row-group-of-an-earlier-upload", Shows::Plaintext, REFUSED, |tamper| {
        let index = tamper.below(groups(tamper).len());
        vec![stored(tamper, &tamper.stage.world.earlier.row_groups[index])]
    }),
    kind("stored-row-group-of-another-dataset", Shows::Bytes, UNUSABLE, |tamper| {
        let index = tamper.below(groups(tamper).len());
        vec![stored(tamper, &tamper.stage.world.sibling.row_groups[index])]
    }),
    kind("stored-row-group-of-another-dataset-dressed-up", Shows::Plaintext, REFUSED, |tamper| {
        let index = tamper.below(groups(tamper).len());
        let dataset = tamper.stage.newest.dataset;
        let mut sibling = tamper.stage.world.sibling.row_groups[index].clone();
        rewrite(&mut sibling, |header| header.dataset = dataset);
        vec![stored(tamper, &sibling)]
    }),
    kind("stored-row-group-doubled-over-another", Shows::Bytes, UNUSABLE, |tamper| {
        let (group, other) = two_groups(tamper);
        let bytes = groups(tamper)[group].bytes.clone();
        vec![Told::to_functions(place(tamper, other), Lie::Other(bytes))]
    }),
    kind("stored-row-group-doubled-and-dressed-up", Shows::Number, REFUSED, |tamper| {
        // The first two have the same shape.
        let (group, other) = tamper.two_of(2);
        let mut doubled = groups(tamper).swap_remove(group);
        rewrite(&mut doubled, |header| header.index = number(other));
        vec![stored(tamper, &doubled)]
    }),
    kind("stored-row-groups-permuted", Shows::Same, SAME, |tamper| {
        // Dressed up as each other: the sum stays the same.
        let [mut one, mut other] = [0, 1].map(|index| groups(tamper).swap_remove(index));
        rewrite(&mut one, |header| header.index = 1);
        rewrite(&mut other, |header| header.index = 0);
        vec![stored(tamper, &one), stored(tamper, &other)]
    }),
    kind("stored-block-scaled", Shows::Number, REFUSED, |tamper| {
        let factor = BigInt::from(2 + tamper.numbers.below(1_000));
        changed_block(tamper, |tamper, block| tamper.key.multiply_integer(block, &factor))
    }),
    kind("stored-block-negated", Shows::Number, REFUSED, |tamper| {
        changed_block(tamper, |tamper, block| tamper.key.multiply_integer(block, &(-1).into()))
    }),
    kind("stored-block-plus-p", Shows::Number, REFUSED, |tamper| {
        let amount = BigInt::from(CHECK_MODULUS) << CHECK_BITS;
        changed_block(tamper, |tamper, block| plus(tamper, block, amount))
    }),
    kind("stored-block-plus-constant", Shows::Number, REFUSED, |tamper| {
        let amount = BigInt::from(1 + tamper.numbers.below(1_000)) << (CHECK_BITS + 64);
        changed_block(tamper, |tamper, block| plus(tamper, block, amount))
    }),
    kind("stored-block-is-zero", Shows::Number, REFUSED, |tamper| {
        changed_block(tamper, |tamper, _| {
            tamper.key.encrypt(&Plaintext::from_integer(0.into()), &mut tamper.rng())
        })
    }),
    kind("stored-block-rerandomised", Shows::Same, SAME, |tamper| {
        changed_block(tamper, |tamper, block| tamper.key.rerandomise(block, &mut tamper.rng()))
    }),
    kind("stored-block-is-no-ciphertext", Shows::Bytes, UNUSABLE, |tamper| {
        let n = tamper.key.modulus().clone();
        let square = tamper.key.square().value().clone();
        let numbers =
            [BigUint::ZERO, 1_u32.into(), n.clone(), &n * 12_345_u32, square.clone(), square + 7_u32];
        let number = numbers[tamper.below(numbers.len())].clone();
        one_block(tamper, |tamper, _, _, _| {
            let mut bytes = number.to_bytes_le();
            bytes.resize(tamper.key.ciphertext_bytes(), 0);
            bytes
        })
    }),
    kind("stored-ciphertext-bit-flipped", Shows::Bytes, &["Refused", "row-group-unusable"], |tamper| {
        one_block(tamper, |tamper, _, _, block| tamper.flipped(&block))
    }),
    kind("stored-header-bit-flipped", Shows::Bytes, &["row-group-unusable", RIGHT], |tamper| {
        let mut group = any_group(tamper);
        let length = group.header.to_bytes().len();
        let header = tamper.flipped(&group.bytes[..length]);
        group.bytes[..length].copy_from_slice(&header);
        vec![stored(tamper, &group)]
    }),
    kind("stored-columns-renumbered", Shows::Number, REFUSED, |tamper| {
        let mut group = any_group(tamper);
        let (column, other) = tamper.two_of(column_count(tamper));
        rewrite(&mut group, |header| {
            let numbers = [header.columns[column].column, header.columns[other].column];
            [header.columns[other].column, header.columns[column].column] = numbers;
        });
        vec![stored(tamper, &group)]
    }),
    kind("stored-bound-class-lowered", Shows::Same, SAME, |tamper| {
        let mut group = any_group(tamper);
        rewrite(&mut group, |header| header.columns.iter_mut().for_each(|entry| entry.bound_bits = 8));
        vec![stored(tamper, &group)]
    }),
    kind("stored-row-count-changed", Shows::Bytes, UNUSABLE, |tamper| {
        let more = 1 + number(tamper.below(100));
        let mut group = any_group(tamper);
        rewrite(&mut group, |header| header.row_count += more);
        vec![stored(tamper, &group)]
    }),
    kind("stored-key-changed", Shows::Bytes, UNUSABLE, |tamper| {
        let key = tamper.stage.world.foreign.row_groups[0].header.key;
        let mut group = any_group(tamper);
        rewrite(&mut group, |header| header.key = key);
        vec![stored(tamper, &group)]
    }),
    kind("stored-row-group-under-another-key", Shows::Bytes, UNUSABLE, |tamper| {
        let index = tamper.below(groups(tamper).len());
        vec![stored(tamper, &tamper.stage.world.foreign.row_groups[index])]
    }),
    kind("stored-modulus-size-lowered", Shows::Bytes, UNUSABLE, |tamper| {
        let mut group = any_group(tamper);
        rewrite(&mut group, |header| {
            header.encryption = Encryption::Paillier { modulus_bits: 1_024 };
            header.key = KeyFingerprint::from_bytes([0; 32]);
        });
        vec![stored(tamper, &group)]
    }),
    kind(
        "stored-row-group-truncated",
        Shows::Bytes,
        &["row-group-unusable", "row-group-missing"],
        |tamper| {
            let mut group = any_group(tamper);
            let length = tamper.below(group.bytes.len());
            group.bytes.truncate(length);
            vec![stored(tamper, &group)]
        },
    ),
    kind("stored-row-group-lengthened", Shows::Bytes, UNUSABLE, |tamper| {
        let more = 1 + tamper.below(10_000);
        let mut group = any_group(tamper);
        group.bytes.extend(vec![0; more]);
        vec![stored(tamper, &group)]
    }),
];

fn number(position: usize) -> u32 {
    u32::try_from(position).expect("a small number")
}

fn groups(tamper: &Tamper<'_>) -> Vec<RowGroup> {
    tamper.stage.world.dataset.row_groups.clone()
}

fn any_group(tamper: &mut Tamper<'_>) -> RowGroup {
    let mut groups = groups(tamper);
    groups.swap_remove(tamper.below(groups.len()))
}

fn two_groups(tamper: &mut Tamper<'_>) -> (usize, usize) {
    tamper.two_of(tamper.stage.world.dataset.row_groups.len())
}

fn column_count(tamper: &Tamper<'_>) -> usize {
    tamper.stage.world.dataset.row_groups[0].header.columns.len()
}

fn any_column(tamper: &mut Tamper<'_>) -> u32 {
    number(tamper.below(column_count(tamper)))
}

/// A column whose blocks all have other sums: not of presences, nor of zeros and ones.
fn wide_column(tamper: &mut Tamper<'_>) -> u32 {
    let numbers = tamper.stage.newest.numbers().filter(|(name, _)| *name != "flag");
    let columns: Vec<u32> = numbers.map(|(_, number)| number.column).collect();
    columns[tamper.below(columns.len())]
}

/// The places of two different blocks: row group and block.
fn two_blocks(tamper: &mut Tamper<'_>) -> ((usize, u32), (usize, u32)) {
    let places =
        |(at, group): (usize, &RowGroup)| (0..group.header.block_count).map(move |block| (at, block));
    let places: Vec<_> = groups(tamper).iter().enumerate().flat_map(places).collect();
    let (one, other) = tamper.two_of(places.len());
    (places[one], places[other])
}

fn offset(group: &RowGroup, column: u32, block: u32) -> usize {
    let range = group.header.column_range(column).expect("a column of the dataset");
    usize::try_from(range.start).expect("it is in memory")
        + (block * group.header.ciphertext_bytes()) as usize
}

fn block(group: &RowGroup, column: u32, block: u32) -> Vec<u8> {
    let start = offset(group, column, block);
    group.bytes[start..start + group.header.ciphertext_bytes() as usize].to_vec()
}

fn put(group: &mut RowGroup, column: u32, block: u32, bytes: &[u8]) {
    let start = offset(group, column, block);
    group.bytes[start..start + bytes.len()].copy_from_slice(bytes);
}

/// The row group with another header, of the same length.
fn rewrite(group: &mut RowGroup, change: impl FnOnce(&mut RowGroupHeader)) {
    change(&mut group.header);
    let header = group.header.to_bytes();
    group.bytes[..header.len()].copy_from_slice(&header);
}

fn place(tamper: &Tamper<'_>, index: usize) -> String {
    format!("d/{}/rg/{index:08}", tamper.stage.newest.dataset)
}

/// Lies that this is what is stored as the row group of its index.
fn stored(tamper: &Tamper<'_>, group: &RowGroup) -> Told {
    let index = group.header.index as usize;
    assert_ne!(group.bytes, tamper.stage.world.dataset.row_groups[index].bytes, "this is no lie");
    Told::to_functions(place(tamper, index), Lie::Other(group.bytes.clone()))
}

/// The first block of some column and row group is replaced by what `change` makes of it.
fn one_block(
    tamper: &mut Tamper<'_>,
    change: impl FnOnce(&mut Tamper<'_>, &RowGroup, u32, Vec<u8>) -> Vec<u8>,
) -> Vec<Told> {
    let column = wide_column(tamper);
    let mut group = any_group(tamper);
    let told = change(tamper, &group, column, block(&group, column, 0));
    put(&mut group, column, 0, &told);
    vec![stored(tamper, &group)]
}

fn changed_block(
    tamper: &mut Tamper<'_>,
    change: impl FnOnce(&mut Tamper<'_>, &Ciphertext) -> Ciphertext,
) -> Vec<Told> {
    one_block(tamper, |tamper, _, _, block| {
        let block = tamper.ciphertext(&block);
        change(tamper, &block).to_bytes(tamper.key)
    })
}

fn plus(tamper: &Tamper<'_>, ciphertext: &Ciphertext, integer: BigInt) -> Ciphertext {
    let constant = Plaintext::from_integer(integer);
    tamper.key.add(ciphertext, &tamper.key.encrypt_with_residue(&constant, &1_u32.into()))
}
