//! Small numbers keep their digits, and are told of where they cannot.

use veilsum_prepare::report::Warning;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Table, recipe, run, run_again};

/// Concentrations, in moles per litre.
const CONCENTRATIONS: [&str; 6] = ["0.0000002", "0.00000025", "", "0.0000003", "0.00000035", "0.0000095"];

fn table() -> Table {
    let rows: Vec<&[&str]> = CONCENTRATIONS.iter().map(std::slice::from_ref).collect();
    Table::new(&["x"], &rows)
}

/// The numbers that a step makes of the concentrations, and whether it says that some were lost.
fn numbers(step: &str) -> (Vec<f64>, bool) {
    let steps = recipe(&format!("[{}]", step.replace("STEP", r#""columns":["x"],"step""#)));
    let done = run(&steps, &table()).expect("a table");
    let again = run_again(&done.prepared.fitted, &table()).expect("the same table");
    assert_eq!(again.table, done.table);
    let is_of_rounding =
        |warning: &Warning| matches!(warning, Warning::Rounded { column, .. } if column == "x");
    let is_told = done.prepared.report[0].warnings.iter().any(is_of_rounding);
    (done.table.numbers("x").into_iter().flatten().collect(), is_told)
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-3 * expected.abs(), "{found} {expected}");
}

#[test]
fn what_is_filled_in_or_capped_keeps_its_digits() {
    for (filling, expected) in [
        (r#"{"kind":"mean"}"#, 2.12e-6),
        (r#"{"kind":"median"}"#, 3e-7),
        (r#"{"kind":"nearest","k":5}"#, 2.12e-6),
    ] {
        let step = format!(r#"{{STEP:"impute","filling":{filling}}}"#);
        let (found, is_told) = numbers(&step);
        assert_near(found[2], expected);
        assert!(!is_told);
        let (found, is_told) = numbers(&step.replace("}}", r#"},"decimals":5}"#));
        assert_eq!((found[2], is_told), (0.0, true));
    }
    // Quartiles 2.5e-7 and 3.5e-7.
    let cap = r#"{STEP:"outliers","action":"cap","method":{"kind":"interquartile-range","factor":1.5}}"#;
    let (found, is_told) = numbers(cap);
    assert_near(found[4], 5e-7);
    assert!(!is_told);
    let (found, is_told) = numbers(&cap.replace("1.5}", r#"1.5},"decimals":6"#));
    assert_eq!((found[4], is_told), (0.0, true));
}

#[test]
fn functions_and_scales_keep_digits() {
    for (function, of_first) in [
        (r#"{"kind":"linear","factor":0.1,"offset":0}"#, 2e-8),
        (r#"{"kind":"log1p"}"#, 2e-7),
        (r#"{"kind":"absolute"}"#, 2e-7),
        (r#"{"kind":"clip","low":0.0000001,"high":1}"#, 2e-7),
        (r#"{"kind":"square-root"}"#, 4.472e-4),
    ] {
        let (found, is_told) = numbers(&format!(r#"{{STEP:"transform","function":{function}}}"#));
        assert_near(found[0], of_first);
        assert!(!is_told, "{function}");
        let (found, is_told) =
            numbers(&format!(r#"{{STEP:"transform","function":{function},"decimals":3}}"#));
        assert_eq!((found[0], is_told), (0.0, true), "{function}");
    }
    let table = Table::new(&["x"], &[&["3000000"], &["0.3"]]);
    let reciprocal = recipe(r#"[{"step":"transform","columns":["x"],"function":{"kind":"reciprocal"}}]"#);
    assert_eq!(run(&reciprocal, &table).unwrap().table.column("x"), ["0.00000033333", "3.333333"]);
    // What is left of a difference of floats is no digit of it.
    let difference = recipe(
        r#"[{"step":"transform","columns":["x"],"function":{"kind":"linear","factor":3,"offset":-0.9}}]"#,
    );
    assert_eq!(run(&difference, &table).unwrap().table.column("x"), ["8999999.1", "0"]);

    let narrow = |decimals: &str| {
        numbers(&format!(
            r#"{{STEP:"scale","method":{{"kind":"min-max","low":0,"high":0.000001}}{decimals}}}"#
        ))
    };
    let (found, is_told) = narrow("");
    assert!((found[1] - 5e-8 / 9.3e-6 * 1e-6).abs() <= 1e-10, "{found:?}");
    assert!(!is_told);
    assert_eq!(narrow(r#","decimals":6"#), (vec![0.0, 0.0, 0.0, 0.0, 1e-6], true));
}

#[test]
fn rows_that_are_made_are_as_small_as_their_class() {
    let rows: Vec<[String; 2]> = (0..24)
        .map(|at| [format!("{}e-9", 300 + at), if at < 20 { "usual" } else { "rare" }.to_owned()])
        .collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let steps = recipe(
        r#"[{"step":"split","column":"part","test-share":0.25,"seed":1,"by":"class"},
            {"step":"smote","class":"class","features":["x"],"k":2,"share-of-largest":1,"seed":1}]"#,
    );
    let done = run(&steps, &Table::new(&["x", "class"], &rows)).unwrap();
    let made = &done.table.numbers("x")[24..];
    assert!(!made.is_empty());
    assert!(made.iter().flatten().all(|x| (3.2e-7..=3.23e-7).contains(x)), "{made:?}");
}

/// No two bins have one label, however near their edges are.
#[test]
fn bins_have_labels_that_differ() {
    for (low, high) in [(0.0, 1e-6), (0.0, 1e-13), (0.5, 0.500_000_01), (1e6, 1e6 + 1e-3), (-1e9, 1e9)] {
        let numbers: Vec<String> =
            (0..=20).map(|at| (low + (high - low) * f64::from(at) / 20.0).to_string()).collect();
        let rows: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let rows: Vec<&[&str]> = rows.iter().map(std::slice::from_ref).collect();
        for kind in ["equal-width", "equal-count"] {
            let steps = recipe(&format!(
                r#"[{{"step":"bin","columns":["x"],"edges":{{"kind":"{kind}","bins":5}},"label":"interval"}}]"#
            ));
            let done = run(&steps, &Table::new(&["x"], &rows)).unwrap();
            let mut labels = done.table.column("x");
            labels.dedup();
            assert_eq!(labels.len(), 5, "{kind} {low} {high}: {labels:?}");
            let mut sides: Vec<&str> = labels.iter().flat_map(|label| label.split([' ', ','])).collect();
            sides.retain(|side| !side.is_empty());
            assert!(sides.chunks(2).all(|pair| pair[0][1..] != pair[1][..pair[1].len() - 1]), "{labels:?}");
            assert_eq!(done.prepared.report[0].warnings, []);
        }
    }
    let steps = recipe(
        r#"[{"step":"bin","columns":["x"],"edges":{"kind":"equal-width","bins":5},"label":"interval"}]"#,
    );
    let table = Table::new(&["x"], &[&["0"], &["0.000001"]]);
    let binned = run(&steps, &table).unwrap();
    assert_eq!(binned.table.column("x"), ["[0, 0.0000002)", "[0.0000008, 0.000001]"]);
}
