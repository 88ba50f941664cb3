//! Recipes on small tables, read by eye.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Table, recipe, run, run_again};
use veilsum_prepare::Fitted;

#[test]
fn fills_filters_drops_and_scales() {
    let table = Table::new(
        &["name", "age", "city"],
        &[&["a", "20", "Bern"], &["b", "", "Bern"], &["c", "40", ""], &["d", "99", "Chur"]],
    );
    let steps = r#"[
        {"step": "filter", "matching": "drop", "combine": "all",
         "conditions": [{"column": "age", "test": {"kind": "above", "bound": "90"}}]},
        {"step": "impute", "columns": ["age"], "filling": {"kind": "mean"}},
        {"step": "impute", "columns": ["city"], "filling": {"kind": "most-frequent"}},
        {"step": "drop-columns", "columns": ["name"]},
        {"step": "scale", "columns": ["age"], "method": {"kind": "min-max", "low": 0.0, "high": 1.0}}
    ]"#;
    let done = run(&recipe(steps), &table).unwrap();
    assert_eq!(done.table.header, ["age", "city"]);
    assert_eq!(done.table.rows, [["0", "Bern"], ["0.5", "Bern"], ["1", "Bern"]]);
    let report = &done.prepared.report;
    assert_eq!(report.iter().map(|step| step.cells_changed).collect::<Vec<_>>(), [0, 1, 1, 0, 3]);
    assert_eq!((report[0].rows_in, report[0].rows_out), (4, 3));
    let age = &report[1].columns[0];
    assert_eq!(age.before.as_ref().map(|column| column.missing), Some(1));
    assert_eq!(age.after.as_ref().map(|column| (column.count, column.missing)), Some((3, 0)));

    let json = done.prepared.fitted.to_json();
    let fitted = Fitted::from_json(json.as_bytes()).unwrap();
    assert_eq!(fitted, done.prepared.fitted);
    assert_eq!(run_again(&fitted, &table).unwrap().table, done.table);
    let next = Table::new(&["city", "age", "name"], &[&["", "60", "x"], &["Thun", "", "y"]]);
    let next = run_again(&fitted, &next).unwrap().table;
    assert_eq!(next.header, ["city", "age"]);
    assert_eq!(next.rows, [["Bern", "2"], ["Thun", "0.5"]]);
}
