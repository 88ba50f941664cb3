//! Files, read slice by slice.

use std::io::Read as _;

use js_sys::{Array, Uint8Array};
use veilsum_protocol::Digest;
use veilsum_web::vault::source::Source;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::File;

/// A file as a person would choose it.
pub fn file(name: &str, content: &[u8]) -> File {
    File::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(content)), name).unwrap()
}

#[wasm_bindgen_test]
fn a_file_of_several_slices_is_read_and_hashed_whole() {
    let content: Vec<u8> = (0..700_001_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let source = Source::from_file(file("several.bin", &content));
    assert_eq!((source.name(), source.size_bytes()), ("several.bin", 700_001));

    let mut reader = source.reader();
    let hash = reader.running_hash();
    let mut found = Vec::new();
    reader.read_to_end(&mut found).unwrap();
    assert!(found == content);
    assert_eq!(hash.digest(), Digest::of(&content));
}

#[wasm_bindgen_test]
fn ranges_are_read_exactly() {
    let source = Source::from_file(file("range.txt", b"0123456789"));
    assert_eq!(source.read_range(3..7).unwrap(), b"3456");
    assert_eq!(source.read_range(10..10).unwrap(), b"");
    source.read_range(8..12).unwrap_err();
}

#[wasm_bindgen_test]
fn an_empty_file_ends_at_once() {
    let mut reader = Source::from_file(file("empty.csv", b"")).reader();
    assert_eq!(reader.read(&mut [0; 16]).unwrap(), 0);
}
