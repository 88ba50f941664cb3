#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| veilsum_fuzz::run("training_sums", bytes));
