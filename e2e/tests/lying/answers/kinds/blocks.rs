//! Other blocks are added than the plan names.

use veilsum_crypto::paillier::Ciphertext;

use super::{bytes, number, plaintext};
use crate::answers::{Forger, Kind};
use crate::world;

pub const KINDS: &[Kind] = &[
    number("drops-block", |forger| {
        let at = forger.value();
        forger.over(at, |forger, blocks| drop(blocks.remove(forger.below(blocks.len()))))
    }),
    number("drops-row-group", |forger| {
        let at = forger.value();
        forger.over_groups(at, |forger, groups| drop(groups.remove(forger.below(groups.len()))))
    }),
    number("drops-all-but-one-block", |forger| {
        let at = forger.value();
        forger.over(at, |forger, blocks| {
            let kept = forger.below(blocks.len());
            blocks.swap(0, kept);
            blocks.truncate(1);
        })
    }),
    number("doubles-block", |forger| {
        let at = forger.value();
        forger.over(at, |forger, blocks| blocks.push(blocks[forger.below(blocks.len())].clone()))
    }),
    number("doubles-row-group", |forger| {
        let at = forger.value();
        forger.over_groups(at, |forger, groups| groups.push(groups[forger.below(groups.len())].clone()))
    }),
    number("replaces-block", |forger| {
        let at = forger.value();
        forger.over(at, |forger, blocks| {
            let (from, to) = forger.two_of(blocks.len());
            blocks[to] = blocks[from].clone();
        })
    }),
    number("replaces-row-group", |forger| {
        let at = forger.value();
        forger.over_groups(at, |forger, groups| {
            let (from, to) = forger.two_of(groups.len());
            groups[to] = groups[from].clone();
        })
    }),
    number("adds-and-takes-blocks", |forger| {
        let at = forger.value();
        forger.over(at, |forger, blocks| {
            let (more, less) = forger.two_of(blocks.len());
            let less = forger.key.multiply_integer(&blocks[less], &(-1).into());
            blocks.extend([blocks[more].clone(), less]);
        })
    }),
    number("block-of-another-column", |forger| {
        let at = forger.value();
        let other = forger.other_than(at);
        let others = forger.groups_of(&forger.world.dataset, other).concat();
        one_of(forger, at, &others)
    }),
    plaintext("row-group-of-another-column", |forger| {
        let at = forger.any();
        let other = forger.other_than(at);
        let others = forger.groups_of(&forger.world.dataset, other);
        group_of(forger, at, &others)
    }),
    plaintext("block-of-an-earlier-upload", |forger| {
        let at = forger.any();
        let earlier = forger.groups_of(&forger.world.earlier, at).concat();
        one_of(forger, at, &earlier)
    }),
    plaintext("row-group-of-an-earlier-upload", |forger| {
        let at = forger.any();
        let earlier = forger.groups_of(&forger.world.earlier, at);
        group_of(forger, at, &earlier)
    }),
    plaintext("all-of-an-earlier-upload", |forger| {
        let at = forger.any();
        let earlier = forger.groups_of(&forger.world.earlier, at).concat();
        forger.over(at, |_, blocks| *blocks = earlier)
    }),
    plaintext("block-of-another-dataset", |forger| {
        let at = forger.any();
        let others = forger.groups_of(&forger.world.sibling, at).concat();
        one_of(forger, at, &others)
    }),
    plaintext("row-group-of-another-dataset", |forger| {
        let at = forger.any();
        let others = forger.groups_of(&forger.world.sibling, at);
        group_of(forger, at, &others)
    }),
    plaintext("all-of-another-dataset", |forger| {
        let at = forger.any();
        let others = forger.groups_of(&forger.world.sibling, at).concat();
        forger.over(at, |_, blocks| *blocks = others)
    }),
    plaintext("block-under-another-key", |forger| {
        let at = forger.any();
        let reduced = |block: Ciphertext| {
            let integer = block.as_integer() % forger.key.square().value();
            forger.key.ciphertext_from_integer(integer).expect("a random number is coprime to n")
        };
        let foreign: Vec<_> = foreign_blocks(forger, at).into_iter().map(reduced).collect();
        one_of(forger, at, &foreign)
    }),
    bytes("answer-under-another-key", &["Refused", "Damaged"], |forger| {
        let at = forger.any();
        let key = &forger.world.foreign_key;
        forger.with_bytes(at, key.sum(&foreign_blocks(forger, at)).to_bytes(key))
    }),
];

/// One block is replaced by that of `others` at the same place.
fn one_of(forger: &mut Forger<'_>, at: usize, others: &[Ciphertext]) -> Vec<u8> {
    forger.over(at, |forger, blocks| {
        let block = forger.below(blocks.len());
        blocks[block] = others[block].clone();
    })
}

/// One row group is replaced by that of `others` at the same place.
fn group_of(forger: &mut Forger<'_>, at: usize, others: &[Vec<Ciphertext>]) -> Vec<u8> {
    forger.over_groups(at, |forger, groups| {
        let group = forger.below(groups.len());
        groups[group].clone_from(&others[group]);
    })
}

fn foreign_blocks(forger: &Forger<'_>, at: usize) -> Vec<Ciphertext> {
    let (key, dataset) = (&forger.world.foreign_key, &forger.world.foreign);
    world::blocks(key, dataset, forger.honest.columns()[at]).concat()
}
