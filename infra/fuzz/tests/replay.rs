//! Every input of every target, and changed copies of each. Nothing panics, and nothing takes long or much.

use std::collections::BTreeSet;

use veilsum_fuzz::{TARGETS, Target, mutated, root};

/// Bytes of changed copies that each input gets, so that long ones do not take all the time; and the most copies.
const BYTES_OF_COPIES: usize = 128 << 10;
const MOST_COPIES: u64 = 60;

#[test]
fn no_input_and_no_changed_copy_panics() {
    std::thread::scope(|scope| TARGETS.iter().for_each(|target| drop(scope.spawn(|| replay(target)))));
}

fn replay(target: &Target) {
    let inputs = target.inputs().expect("the inputs are in the tree");
    for (name, bytes) in &inputs {
        (target.run)(bytes);
        let copies = (BYTES_OF_COPIES / bytes.len().max(1)) as u64;
        for seed in 0..copies.min(MOST_COPIES) {
            // Its name and seed are what repeats a failure.
            let caught = std::panic::catch_unwind(|| (target.run)(&mutated(bytes, seed)));
            assert!(caught.is_ok(), "{}: copy {seed} of {name} panics", target.name);
        }
    }
    (target.run)(&[]);
}

#[test]
fn every_target_runs_under_libfuzzer() {
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len(), "every name is there once");
    let folder = root().join("infra/fuzz/libfuzzer/fuzz_targets");
    let files: BTreeSet<String> = folder
        .read_dir()
        .expect("the folder is in the tree")
        .map(|file| {
            file.expect("and can be listed")
                .path()
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(files, names);
    let manifest =
        std::fs::read_to_string(root().join("infra/fuzz/libfuzzer/Cargo.toml")).expect("its manifest");
    for name in &names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is no binary of it");
    }
}

/// What is made as an example of a format is one, or a fuzzer starts from nothing.
#[test]
fn made_recipes_are_recipes() {
    let target = TARGETS.iter().find(|target| target.name == "recipe").expect("it is a target");
    let read =
        (target.made)().iter().filter(|bytes| veilsum_prepare::Recipe::from_json(bytes).is_ok()).count();
    assert_eq!(read, 2, "first inputs of recipes");
}
