//! A larger table, as far as a test run has time for it; `cargo xtask load` measures 20,000 rows and more.

use veilsum_e2e::check::check_exactly;
use veilsum_e2e::load::measure;
use veilsum_e2e::tables;

const ROWS: u64 = 2_000;
/// A person notices a page that does not answer for this long.
const LONGEST_PAUSE_MS: f64 = 1_000.0;
/// More than the tab needs, and less than it would need if it kept plaintexts, ciphertexts and copies of a file.
const TAB_MEMORY_BYTES: u64 = 400 << 20;

#[test]
fn a_larger_table_is_summed_exactly_without_freezing_the_page() {
    let folder = tempfile::TempDir::new().unwrap();
    let text = tables::numeric(ROWS, 5);
    let file = folder.path().join("numbers.csv");
    std::fs::write(&file, &text).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let measured = runtime.block_on(measure(&file, ROWS)).unwrap();
    check_exactly(&measured.answers, &text).unwrap();
    assert!(
        measured.longest_pause_ms < LONGEST_PAUSE_MS,
        "the page froze for {} ms",
        measured.longest_pause_ms
    );
    assert!(
        measured.tab_memory_bytes() < TAB_MEMORY_BYTES,
        "the tab took {} bytes",
        measured.tab_memory_bytes()
    );
}
