//! Summaries of the golden tables are those that others have computed.

use std::collections::BTreeMap;

use serde::Deserialize;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Table, recipe, run};

const GOLDEN: &str = include_str!("../../../analysis/tests/fixtures/golden.json");

#[derive(Deserialize)]
struct Golden {
    pancreatitis: OfTable,
    diabetes: OfTable,
    breast_cancer: OfTable,
    iris: OfTable,
}

#[derive(Deserialize)]
struct OfTable {
    columns: BTreeMap<String, OfColumn>,
}

#[derive(Deserialize)]
struct OfColumn {
    n: u64,
    mean: f64,
    std_sample: f64,
    min: f64,
    max: f64,
}

#[test]
fn summaries_are_the_golden_ones() {
    let golden: Golden = serde_json::from_str(GOLDEN).unwrap();
    let tables = [
        (golden.pancreatitis, include_str!("../../../analysis/tests/fixtures/pancreatitis.csv")),
        (golden.diabetes, include_str!("../../../analysis/tests/fixtures/diabetes.csv")),
        (golden.breast_cancer, include_str!("../../../analysis/tests/fixtures/breast_cancer.csv")),
        (golden.iris, include_str!("../../../analysis/tests/fixtures/iris.csv")),
    ];
    for (golden, csv) in tables {
        let names: Vec<String> = golden.columns.keys().map(|name| format!("{name:?}")).collect();
        let steps = format!(
            r#"[{{"step":"scale","columns":[{}],"method":{{"kind":"standard"}},"decimals":12}}]"#,
            names.join(",")
        );
        let done = run(&recipe(&steps), &Table::from_csv(csv)).unwrap();
        let columns = &done.prepared.report[0].columns;
        assert!(!columns.is_empty() && columns.len() == golden.columns.len());
        for change in columns {
            let golden = &golden.columns[&change.name];
            let before = change.before.as_ref().unwrap();
            let numbers = before.numbers.as_ref().unwrap();
            let close =
                |found: f64, expected: f64| (found - expected).abs() <= 1e-12 * expected.abs().max(1.0);
            assert_eq!((before.count, numbers.min, numbers.max), (golden.n, golden.min, golden.max));
            assert!(close(numbers.mean, golden.mean), "{}", change.name);
            assert!(close(numbers.deviation, golden.std_sample), "{}", change.name);
            let after = change.after.as_ref().unwrap().numbers.as_ref().unwrap();
            let spread = if golden.std_sample == 0.0 {
                0.0
            } else {
                (golden.n as f64 / (golden.n as f64 - 1.0)).sqrt()
            };
            assert!(after.mean.abs() < 1e-9 && (after.deviation - spread).abs() < 1e-9, "{}", change.name);
        }
    }
}
