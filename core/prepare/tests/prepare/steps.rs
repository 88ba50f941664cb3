//! Each step on a table that is read by eye.

use veilsum_prepare::report::{Parts, Reason, Warning};
use veilsum_prepare::{PrepareError, StepError};
use veilsum_table::types::{ColumnType, DateOrder};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Table, recipe, run, run_again};

/// One row for each number, in one column.
fn numbers(name: &str, cells: &[&str]) -> Table {
    let rows: Vec<&[&str]> = cells.iter().map(std::slice::from_ref).collect();
    Table::new(&[name], &rows)
}

#[test]
fn outliers_are_listed_capped_or_dropped() {
    let table = numbers("x", &["1", "2", "3", "4", "", "100"]);
    let steps = |action: &str| {
        let method = r#"{"kind": "interquartile-range", "factor": 1.5}"#;
        recipe(&format!(
            r#"[{{"step": "outliers", "columns": ["x"], "method": {method}, "action": "{action}"}}]"#
        ))
    };
    // Quartiles 2 and 4 of 1, 2, 3, 4, 100: up to 7.
    let kept = run(&steps("keep"), &table).unwrap();
    assert_eq!(kept.table.rows, table.rows);
    let flagged = &kept.prepared.report[0].flagged;
    assert_eq!((flagged.total, flagged.listed[0].row), (1, 6));
    assert_eq!(flagged.listed[0].value.as_deref(), Some("100"));
    assert_eq!(flagged.listed[0].reason, Reason::Above { bound: 7.0 });
    let capped = run(&steps("cap"), &table).unwrap();
    assert_eq!(capped.table.column("x"), ["1", "2", "3", "4", "", "7"]);
    let dropped = run(&steps("drop"), &table).unwrap();
    assert_eq!(dropped.table.column("x"), ["1", "2", "3", "4", ""]);
    // The next batch is judged by the same bounds.
    let next = run_again(&dropped.prepared.fitted, &numbers("x", &["7", "7.1", "-1.1", "-1"])).unwrap();
    assert_eq!(next.table.column("x"), ["7", "-1"]);
}

#[test]
fn rows_far_from_the_others_are_found_together() {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for at in 0..60 {
        let (x, y) = (at % 8, at / 8);
        rows.push(vec![x.to_string(), y.to_string()]);
    }
    rows.push(vec!["40".to_owned(), "-30".to_owned()]);
    rows.push(vec!["".to_owned(), "3".to_owned()]);
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let table = Table::new(&["x", "y"], &rows);
    for method in [
        r#"{"kind": "local-outlier-factor", "k": 10, "cut": {"kind": "above", "score": 1.5}}"#,
        r#"{"kind": "isolation-forest", "trees": 100, "sample": 256, "seed": 5, "cut": {"kind": "above", "score": 0.7}}"#,
        r#"{"kind": "isolation-forest", "trees": 50, "sample": 32, "seed": 1, "cut": {"kind": "share", "share": 0.016}}"#,
    ] {
        let steps = format!(
            r#"[{{"step": "outliers", "columns": ["x", "y"], "method": {method}, "action": "drop"}}]"#
        );
        let done = run(&recipe(&steps), &table).unwrap();
        let report = &done.prepared.report[0];
        assert_eq!(report.flagged.listed.iter().map(|row| row.row).collect::<Vec<_>>(), [61], "{method}");
        assert_eq!((report.rows_in, report.rows_out), (62, 61));
        assert_eq!(report.warnings, [Warning::NotJudged { rows: 1 }]);
    }
}

#[test]
fn functions_apply_where_they_are_defined() {
    let table = numbers("x", &["1", "100", "", "0"]);
    let steps = |undefined: &str| {
        recipe(&format!(
            r#"[{{"step": "transform", "columns": ["x"], "function": {{"kind": "log10"}}, "undefined": "{undefined}"}}]"#
        ))
    };
    assert_eq!(run(&steps("blank"), &table).unwrap().table.column("x"), ["0", "2", "", ""]);
    let error = run(&steps("refuse"), &table).unwrap_err();
    let fault = StepError::Undefined { column: "x".to_owned(), row: 4 };
    assert_eq!(error, PrepareError::Step { step: 1, name: "transform", fault });
    assert_eq!(
        error.to_string(),
        "Step 1 (transform): row 4 of column “x” has no value of this function. Filter the row out, or have it left blank."
    );
}

#[test]
fn categories_become_columns_in_their_place() {
    let table = Table::new(
        &["id", "colour", "n"],
        &[&["1", "red", "5"], &["2", " blue ", "6"], &["3", "", "7"], &["4", "red", "8"]],
    );
    let steps = |missing: &str| {
        recipe(&format!(
            r#"[{{"step": "one-hot", "columns": ["colour"], "most": 10, "missing": "{missing}"}}]"#
        ))
    };
    let blank = run(&steps("blank"), &table).unwrap();
    assert_eq!(blank.table.header, ["id", "colour=blue", "colour=red", "n"]);
    assert_eq!(
        blank.table.rows,
        [["1", "0", "1", "5"], ["2", "1", "0", "6"], ["3", "", "", "7"], ["4", "0", "1", "8"]]
    );
    let own = run(&steps("category"), &table).unwrap();
    assert_eq!(own.table.header, ["id", "colour=blue", "colour=red", "colour=", "n"]);
    assert_eq!(own.table.rows[2], ["3", "0", "0", "1", "7"]);
    assert_eq!(run_again(&own.prepared.fitted, &table).unwrap().table, own.table);
    // A later step may name a column that is made.
    let later = recipe(
        r#"[{"step": "one-hot", "columns": ["colour"], "most": 2, "drop-first": true},
            {"step": "drop-columns", "columns": ["id", "n"]},
            {"step": "filter", "matching": "keep", "combine": "all",
             "conditions": [{"column": "colour=red", "test": {"kind": "one-of", "values": ["1.0"]}}]}]"#,
    );
    let later = run(&later, &table).unwrap();
    assert_eq!((later.table.header.as_slice(), later.table.rows.len()), (&["colour=red".to_owned()][..], 2));
    // What was not there is 0 everywhere, and listed.
    let next = Table::new(&["colour", "id", "n"], &[&["green", "9", "0"]]);
    let next = run_again(&blank.prepared.fitted, &next).unwrap();
    assert_eq!(next.table.header, ["colour=blue", "colour=red", "id", "n"]);
    assert_eq!(next.table.rows, [["0", "0", "9", "0"]]);
    assert_eq!(next.prepared.report[0].flagged.listed[0].reason, Reason::UnknownCategory);
}

/// 0 in all columns is blue, and blue alone.
#[test]
fn nothing_looks_like_the_category_without_a_column() {
    let table = Table::new(&["colour"], &[&["red"], &["blue"], &[""], &["green"]]);
    let steps = |missing: &str| {
        recipe(&format!(
            r#"[{{"step": "one-hot", "columns": ["colour"], "most": 10, "missing": "{missing}", "drop-first": true}}]"#
        ))
    };
    let error = run(&steps("zeros"), &table).unwrap_err();
    assert_eq!(error, PrepareError::Step { step: 1, name: "one-hot", fault: StepError::BlankAsFirst });
    let blank = run(&steps("blank"), &table).unwrap();
    assert_eq!(blank.table.header, ["colour=green", "colour=red"]);
    assert_eq!(blank.table.rows, [["0", "1"], ["0", "0"], ["", ""], ["1", "0"]]);
    let own = run(&steps("category"), &table).unwrap();
    assert_eq!(own.table.header, ["colour=green", "colour=red", "colour="]);
    assert_eq!(own.table.rows[1..3], [["0", "0", "0"], ["0", "0", "1"]]);
    let next = run_again(&blank.prepared.fitted, &Table::new(&["colour"], &[&["violet"]])).unwrap();
    assert_eq!(next.table.rows, [["", ""]]);
    assert_eq!(next.prepared.report[0].flagged.total, 1);
}

#[test]
fn numbers_go_into_bins() {
    let table = numbers("x", &["0", "1", "2.5", "5", "10", ""]);
    let steps = |edges: &str, label: &str| {
        recipe(&format!(r#"[{{"step": "bin", "columns": ["x"], "edges": {edges}, "label": "{label}"}}]"#))
    };
    let wide = run(&steps(r#"{"kind": "equal-width", "bins": 4}"#, "interval"), &table).unwrap();
    assert_eq!(wide.table.column("x"), ["[0, 2.5)", "[0, 2.5)", "[2.5, 5)", "[5, 7.5)", "[7.5, 10]", ""]);
    let full = run(&steps(r#"{"kind": "equal-count", "bins": 2}"#, "number"), &table).unwrap();
    assert_eq!(full.table.column("x"), ["0", "0", "1", "1", "1", ""]);
    let given = run(&steps(r#"{"kind": "given", "edges": [1, 3, 4]}"#, "number"), &table).unwrap();
    assert_eq!(given.table.column("x"), ["0", "0", "0", "1", "1", ""]);
}

#[test]
fn a_split_is_exact_and_keeps_classes_in_proportion() {
    let rows: Vec<[String; 2]> =
        (0..103).map(|at| [at.to_string(), if at % 4 == 0 { "ill" } else { "well" }.to_owned()]).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let table = Table::new(&["id", "state"], &rows);
    let steps = |seed: u32| {
        recipe(&format!(
            r#"[{{"step": "split", "column": "part", "test-share": 0.2, "seed": {seed}, "by": "state"}}]"#
        ))
    };
    let done = run(&steps(1), &table).unwrap();
    assert_eq!(done.prepared.report[0].parts, Some(Parts { train: 82, test: 21 }));
    let of_class = |class: &str, part: &str| {
        done.table.rows.iter().filter(|row| row[1] == class && row[2] == part).count()
    };
    // 26 ill: 5.2; 77 well: 15.4, and the row that is left goes there.
    assert_eq!((of_class("ill", "test"), of_class("ill", "train")), (5, 21));
    assert_eq!((of_class("well", "test"), of_class("well", "train")), (16, 61));
    assert_eq!(run(&steps(1), &table).unwrap(), done);
    assert_ne!(run(&steps(2), &table).unwrap().table, done.table);
}

#[test]
fn nothing_is_learnt_from_test_rows() {
    let table = numbers("x", &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    let steps = recipe(
        r#"[{"step": "split", "column": "part", "test-share": 0.3, "seed": 3},
            {"step": "scale", "columns": ["x"], "method": {"kind": "min-max", "low": 0, "high": 1}},
            {"step": "filter", "matching": "keep", "combine": "all",
             "conditions": [{"column": "part", "test": {"kind": "one-of", "values": ["train"]}}]}]"#,
    );
    let done = run(&steps, &table).unwrap();
    let train = done.table.numbers("x");
    assert_eq!(train.len(), 7);
    let min = train.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let max = train.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    assert_eq!((min, max), (0.0, 1.0));
}

#[test]
fn steps_that_learn_before_a_split_are_told_of() {
    let table = Table::new(&["x", "y"], &[&["1", "a"], &["2", ""], &["", "b"], &["4", "a"]]);
    let [fill, constant, scale, keep, split] = [
        r#"{"step": "impute", "columns": ["x"], "filling": {"kind": "mean"}}"#,
        r#"{"step": "impute", "columns": ["y"], "filling": {"kind": "constant", "value": "c"}}"#,
        r#"{"step": "scale", "columns": ["x"], "method": {"kind": "standard"}}"#,
        r#"{"step": "filter", "matching": "keep", "combine": "all",
            "conditions": [{"column": "x", "test": {"kind": "present"}}]}"#,
        r#"{"step": "split", "column": "part", "test-share": 0.3, "seed": 3}"#,
    ];
    let done = |steps: &[&str]| run(&recipe(&format!("[{}]", steps.join(","))), &table).unwrap();
    let after = done(&[constant, keep, split, fill, scale]);
    assert!(after.prepared.report.iter().all(|step| step.warnings.is_empty()));
    let before = done(&[fill, constant, scale, keep, split]);
    let warning = Warning::LearntFromTestRows { steps: vec![1, 3] };
    assert_eq!(
        warning.to_string(),
        "Steps 1, 3 learnt from rows that are test rows now, so that a model looks better on these than it is. Move the \
         split before them."
    );
    assert_eq!(before.prepared.report[4].warnings, [warning]);
    // The next batch is another: nothing was learnt from its rows.
    let again = run_again(&before.prepared.fitted, &table).unwrap();
    assert_eq!(again.prepared.report[4].warnings, []);
}

#[test]
fn small_classes_grow_in_the_training_part_only() {
    let mut rows = Vec::new();
    for at in 0..40 {
        let class = if at % 5 == 0 { "rare" } else { "usual" };
        rows.push([at.to_string(), (at * 3).to_string(), class.to_owned(), ["a", "b"][at % 2].to_owned()]);
    }
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let table = Table::new(&["x", "y", "class", "kind"], &rows);
    let steps = recipe(
        r#"[{"step": "split", "column": "part", "test-share": 0.25, "seed": 3, "by": "class"},
            {"step": "smote", "class": "class", "features": ["x", "y"], "categories": ["kind"], "k": 3,
             "share-of-largest": 1.0, "seed": 11}]"#,
    );
    let done = run(&steps, &table).unwrap();
    let report = &done.prepared.report[1];
    let counts: Vec<_> =
        report.classes.as_ref().unwrap().counts.iter().map(|one| (one.before, one.after)).collect();
    assert_eq!(counts, [(6, 24), (24, 24)]);
    assert_eq!((report.rows_in, report.rows_out), (40, 58));
    let originals = &done.table.rows[..40];
    for made in &done.table.rows[40..] {
        assert_eq!((made[2].as_str(), made[4].as_str()), ("rare", "train"));
        let (x, y): (f64, f64) = (made[0].parse().unwrap(), made[1].parse().unwrap());
        // All rows lie on this line, and so does what is between them.
        assert!((y - 3.0 * x).abs() < 1e-5 && (0.0..=35.0).contains(&x), "{made:?}");
        assert!(["a", "b"].contains(&made[3].as_str()));
    }
    assert_eq!(originals.iter().filter(|row| row[4] == "test").count(), 10);
    assert_eq!(run(&steps, &table).unwrap(), done);
}

#[test]
fn dates_that_are_computed_are_spelt_like_those_of_their_column() {
    let mut table = Table::new(
        &["day", "at", "n"],
        &[
            &["28.2.2024", "10:00", "1"],
            &["", "12:00", "2"],
            &["2.3.2024", "", "3"],
            &["1.3.2024", "11:00", "2"],
        ],
    );
    table.types =
        vec![ColumnType::Date { order: DateOrder::DayMonthYear }, ColumnType::Time, ColumnType::Plain];
    let steps = recipe(
        r#"[{"step":"impute","columns":["day"],"filling":{"kind":"median"}},
            {"step":"impute","columns":["at"],"filling":{"kind":"nearest","k":2,"by":["n"]}},
            {"step":"filter","matching":"keep","combine":"all","conditions":[
              {"column":"day","test":{"kind":"at-least","bound":"1.3.2024"}}]},
            {"step":"bin","columns":["day"],"edges":{"kind":"equal-width","bins":1000},"label":"interval"}]"#,
    );
    let mut before_bins = steps.clone();
    before_bins.steps.pop();
    let done = run(&before_bins, &table).unwrap();
    assert_eq!(
        done.table.rows,
        [["01.03.2024", "12:00", "2"], ["2.3.2024", "11:30:00", "3"], ["1.3.2024", "11:00", "2"]]
    );
    assert_eq!(done.table.types, table.types);
    let binned = run(&steps, &table).unwrap();
    assert_eq!(binned.table.types[0], ColumnType::Plain);
    assert_eq!(binned.table.column("day")[0], "[01.03.2024, 02.03.2024]");
    assert_eq!(
        binned.prepared.report[3].warnings,
        [Warning::FewerBins { column: "day".to_owned(), bins: 1 }]
    );
    assert!(binned.table.column("day")[1].ends_with(", 02.03.2024]"), "{:?}", binned.table.column("day"));

    // A year alone is no date, and is not taken for a number of days.
    table.rows[0][0] = "2024".to_owned();
    let error = run(&before_bins, &table).unwrap_err();
    let fault = StepError::NotADate { column: "day".to_owned(), row: 1 };
    assert_eq!(error, PrepareError::Step { step: 1, name: "impute", fault });
}

#[test]
fn rows_come_out_with_their_numbers() {
    let (header, types) = (["x".to_owned(), "class".to_owned()], [ColumnType::Plain, ColumnType::Plain]);
    let steps = recipe(
        r#"[{"step":"filter","matching":"drop","combine":"all","conditions":[
             {"column":"x","test":{"kind":"one-of","values":["1"]}}]},
            {"step":"split","column":"part","test-share":0.2,"seed":1,"by":"class"},
            {"step":"smote","class":"class","features":["x"],"k":1,"share-of-largest":1,"seed":1}]"#,
    );
    let mut runner = veilsum_prepare::Runner::new(&steps, &header, &types, None).unwrap();
    let mut numbers = Vec::new();
    while runner.next_pass().is_some() {
        for at in 0..15_u64 {
            let class = if at < 10 { "usual" } else { "rare" };
            let cells = [at.to_string(), class.to_owned()];
            runner.row(100 + at, &cells, &mut |number, _| numbers.push(number)).unwrap();
        }
        runner.end_pass(&mut |number, _| numbers.push(number)).unwrap();
    }
    let (read, made): (Vec<u64>, Vec<u64>) = numbers.into_iter().partition(|number| *number > 0);
    assert_eq!(read, (100..115).filter(|number| *number != 101).collect::<Vec<u64>>());
    assert!(!made.is_empty());
}
