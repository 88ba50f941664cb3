//! Recipes and files that are wrong, and tables that do not fit them.

use proptest::prelude::*;
use veilsum_prepare::recipe::{MAX_RECIPE_BYTES, MAX_STEPS};
use veilsum_prepare::step::outliers::{Action, Cut, Method};
use veilsum_prepare::step::scale::Scaling;
use veilsum_prepare::step::{Outliers, Scale};
use veilsum_prepare::{Fitted, PrepareError, Recipe, RecipeError, Runner, Step, StepError};

use crate::support::{Table, recipe, run, run_again, run_with, secret};

fn read(steps: &str) -> Result<Recipe, RecipeError> {
    Recipe::from_json(format!(r#"{{"format":"veilsum-recipe","version":1,"steps":{steps}}}"#).as_bytes())
}

fn table() -> Table {
    Table::new(&["a", "b"], &[&["1", "x"], &["2", "y"], &["4", ""]])
}

/// Why the first step that is refused is refused.
fn fault(steps: &str) -> StepError {
    match run(&recipe(steps), &table()) {
        Err(PrepareError::Step { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn refuses_files_that_are_no_recipes() {
    let other = RecipeError::OtherFormat { expected: "recipe" };
    assert_eq!(Recipe::from_json(b"{}"), Err(other.clone()));
    assert_eq!(Recipe::from_json(b"[]"), Err(other.clone()));
    assert_eq!(
        Recipe::from_json(br#"{"format":"veilsum-fitted-recipe","version":1,"steps":[]}"#),
        Err(other)
    );
    for bytes in [&b""[..], b"{", b"\xff\xfe", br#"{"format":"veilsum-recipe","version":1}"#] {
        assert!(matches!(Recipe::from_json(bytes), Err(RecipeError::Malformed { .. })), "{bytes:?}");
    }
    assert_eq!(
        Recipe::from_json(br#"{"format":"veilsum-recipe","version":2,"steps":"other"}"#),
        Err(RecipeError::NewerVersion { actual: 2, known: 1 })
    );
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(read(&deep), Err(RecipeError::Malformed { .. })));
    let long = vec![b' '; MAX_RECIPE_BYTES + 1];
    assert!(matches!(Recipe::from_json(&long), Err(RecipeError::TooLong { .. })));
    let step = r#"{"step":"drop-columns","columns":["a"]}"#;
    let many = format!("[{}]", vec![step; 10_000].join(","));
    assert_eq!(read(&many), Err(RecipeError::TooManySteps { actual: 10_000, limit: MAX_STEPS }));
}

#[test]
fn refuses_steps_that_are_none() {
    for step in [
        r#"{"step":"format-disk"}"#,
        r#"{"step":"drop-columns","columns":["a"],"rows":1}"#,
        r#"{"step":"drop-columns","columns":"a"}"#,
        r#"{"step":"scale","columns":["a"],"method":{"kind":"standard"},"decimals":-1}"#,
        r#"{"step":"scale","columns":["a"],"method":{"kind":"standard"},"decimals":256}"#,
        r#"{"step":"scale","columns":["a"],"method":{"kind":"min-max","low":NaN,"high":1}}"#,
        r#"{"step":"scale","columns":["a"],"method":{"kind":"min-max","low":0,"high":1e999}}"#,
        r#"{"step":"split","column":"p","test-share":0.5,"seed":-1}"#,
    ] {
        assert!(matches!(read(&format!("[{step}]")), Err(RecipeError::Malformed { .. })), "{step}");
    }
}

#[test]
fn refuses_parameters_out_of_range_before_any_row() {
    let outliers = |method| {
        let columns = vec!["a".to_owned()];
        Step::Outliers(Outliers { columns, method, action: Action::Drop, decimals: Some(6) })
    };
    let scale = |low, high| {
        let method = Scaling::MinMax { low, high };
        Step::Scale(Scale { columns: vec!["a".to_owned()], method, decimals: Some(6) })
    };
    let nan = f64::NAN;
    let table = table();
    for step in [
        outliers(Method::ZScore { threshold: nan }),
        outliers(Method::InterquartileRange { factor: -1.0 }),
        outliers(Method::LocalOutlierFactor { k: u32::MAX, cut: Cut::Above { score: 1.5 } }),
        outliers(Method::LocalOutlierFactor { k: 5, cut: Cut::Above { score: f64::INFINITY } }),
        outliers(Method::LocalOutlierFactor { k: 5, cut: Cut::Share { share: nan } }),
        outliers(Method::IsolationForest {
            trees: u32::MAX,
            sample: 256,
            cut: Cut::Share { share: 0.1 },
            seed: 0,
        }),
        outliers(Method::IsolationForest { trees: 100, sample: 0, cut: Cut::Share { share: 0.1 }, seed: 0 }),
        scale(nan, 1.0),
        scale(1.0, 1.0),
        scale(0.0, f64::INFINITY),
    ] {
        let recipe = Recipe { steps: vec![step] };
        let error = Runner::new(&recipe, &table.header, &table.types, None).unwrap_err();
        assert!(matches!(error, PrepareError::Step { step: 1, .. }), "{error}");
    }
    let huge = r#"[{"step":"impute","columns":["a"],"filling":{"kind":"nearest","k":4294967295}}]"#;
    assert_eq!(fault(huge), StepError::Neighbours { actual: u32::MAX, limit: 100 });
    let bins = r#"[{"step":"bin","columns":["a"],"edges":{"kind":"equal-width","bins":4294967295},"label":"number"}]"#;
    assert!(matches!(fault(bins), StepError::Parameter { .. }));
    let capped = r#"[{"step":"outliers","columns":["a"],"action":"cap",
                      "method":{"kind":"local-outlier-factor","k":1,"cut":{"kind":"above","score":1.5}}}]"#;
    assert_eq!(fault(capped), StepError::CapOfRows);
}

#[test]
fn refuses_columns_that_are_not_there_at_that_place() {
    let gone = r#"[{"step":"drop-columns","columns":["a"]},{"step":"impute","columns":["a"],"filling":{"kind":"mean"}}]"#;
    let error = run(&recipe(gone), &table()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Step 2 (impute): there is no column “a” at this place. Choose another, or change the steps before."
    );
    assert_eq!(fault(r#"[{"step":"drop-columns","columns":[]}]"#), StepError::NoColumns);
    assert_eq!(fault(r#"[{"step":"drop-columns","columns":["a","b"]}]"#), StepError::NoColumnLeft);
    assert_eq!(
        fault(r#"[{"step":"drop-columns","columns":["a","a"]}]"#),
        StepError::NamedTwice { column: "a".to_owned() }
    );
    // Whether a category comes out shows only when the data have been seen.
    let late = r#"[{"step":"one-hot","columns":["b"],"most":9},{"step":"drop-columns","columns":["b=z"]}]"#;
    assert_eq!(fault(late), StepError::NoSuchColumn { column: "b=z".to_owned() });
    let names: Vec<String> = (0..50_000).map(|at| format!("\"b={at}\"")).collect();
    let many = format!(
        r#"[{{"step":"one-hot","columns":["b"],"most":9}},{{"step":"drop-columns","columns":[{}]}}]"#,
        names.join(",")
    );
    assert_eq!(fault(&many), StepError::TooManyNamed { actual: 50_000, limit: 2_000 });
    let taken = r#"[{"step":"split","column":"a","test-share":0.5,"seed":1}]"#;
    assert_eq!(fault(taken), StepError::NameTaken { column: "a".to_owned() });
    let mut colliding = table();
    colliding.header[0] = "b=x".to_owned();
    let one_hot = recipe(r#"[{"step":"one-hot","columns":["b"],"most":9}]"#);
    let error = run(&one_hot, &colliding).unwrap_err();
    let fault = StepError::NameTaken { column: "b=x".to_owned() };
    assert_eq!(error, PrepareError::Step { step: 1, name: "one-hot", fault });
}

#[test]
fn refuses_steps_out_of_their_order() {
    let smote = r#"{"step":"smote","class":"b","features":["a"],"k":1,"share-of-largest":1,"seed":1}"#;
    let split = r#"{"step":"split","column":"part","test-share":0.3,"seed":1}"#;
    assert_eq!(fault(&format!("[{smote},{split}]")), StepError::NoSplit);
    let other = split.replace("part", "other");
    assert_eq!(fault(&format!("[{split},{other}]")), StepError::SecondSplit);
    let made = |x: &str, smote: &str| {
        let (usual, rare) = (["1", "usual"], [x, "rare"]);
        let rows: Vec<&[&str]> = [vec![usual.as_slice(); 20], vec![rare.as_slice(); 10]].concat();
        let by_class = split.replace("\"seed\"", "\"by\":\"b\",\"seed\"");
        match run(&recipe(&format!("[{by_class},{smote}]")), &Table::new(&["a", "b"], &rows)) {
            Err(PrepareError::Step { step: 2, fault, .. }) => fault,
            other => panic!("{other:?}"),
        }
    };
    let few = StepError::ClassTooSmall { class: "rare".to_owned(), rows: 7, needed: 8 };
    assert_eq!(made("2", &smote.replace("\"k\":1", "\"k\":7")), few);
    assert!(matches!(made("", smote), StepError::BlankFeature { .. }));
    assert!(matches!(made("two", smote), StepError::NotANumber { .. }));
}

const RELEASE: &str = r#"{"step":"release","risk-threshold":0.2,"method":{"kind":"partition"},
    "models":[{"kind":"k-anonymity","k":3}],"quasi-identifiers":[{"column":"a","generalise":{"kind":"automatic"}}]}"#;

/// Each would leave classes that are smaller than was promised, or tell their rows apart.
#[test]
fn a_release_comes_last() {
    for step in [
        r#"{"step":"filter","matching":"drop","combine":"all","conditions":[
             {"column":"b","test":{"kind":"one-of","values":["x"]}}]}"#,
        r#"{"step":"impute","columns":["b"],"filling":{"kind":"most-frequent"}}"#,
        r#"{"step":"one-hot","columns":["a"],"most":9}"#,
        r#"{"step":"split","column":"part","test-share":0.3,"seed":1}"#,
        &RELEASE.replace("\"a\"", "\"b\""),
    ] {
        assert_eq!(fault(&format!("[{RELEASE},{step}]")), StepError::AfterRelease, "{step}");
    }
    let pseudonyms = |column: &str| {
        let step = format!(
            r#"{{"step":"pseudonymise","study":"s","columns":[{{"column":"{column}","treatment":"identifier"}}]}}"#
        );
        run_with(&recipe(&format!("[{RELEASE},{step}]")), &table(), &secret())
    };
    let fault = StepError::Released { column: "a".to_owned() };
    assert_eq!(pseudonyms("a"), Err(PrepareError::Step { step: 2, name: "pseudonymise", fault }));
    assert_eq!(pseudonyms("b").unwrap().table.column("a"), ["[1, 4]"; 3]);
    let dropped =
        run(&recipe(&format!(r#"[{RELEASE},{{"step":"drop-columns","columns":["b"]}}]"#)), &table());
    assert_eq!(dropped.unwrap().table.rows, [["[1, 4]"]; 3]);
}

/// Of two people and rows made between them a class of three would come.
#[test]
fn rows_that_are_made_up_hide_nobody() {
    let rows: Vec<&[&str]> = [vec![&["1", "usual"][..]; 20], vec![&["50", "rare"][..]; 4]].concat();
    let table = Table::new(&["a", "b"], &rows);
    let steps = |last: &str| {
        recipe(&format!(
            r#"[{{"step":"split","column":"part","test-share":0.3,"seed":1,"by":"b"}},
                {{"step":"smote","class":"b","features":["a"],"k":1,"share-of-largest":1,"seed":1}}{last}]"#
        ))
    };
    assert!(run(&steps(""), &table).unwrap().table.rows.len() > table.rows.len());
    let error = run(&steps(&format!(",{RELEASE}")), &table).unwrap_err();
    let fault = StepError::ReleaseOfMadeRows;
    assert_eq!(error, PrepareError::Step { step: 3, name: "release", fault });
}

#[test]
fn names_the_cell_that_is_no_number_and_says_nothing_of_it() {
    let steps = r#"[{"step":"filter","matching":"keep","combine":"all","conditions":[
                      {"column":"b","test":{"kind":"present"}}]},
                    {"step":"scale","columns":["b"],"method":{"kind":"standard"}}]"#;
    let error = run(&recipe(steps), &table()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Step 2 (scale): row 1 of column “b” holds no number. Correct it, filter the row out, or leave the column out."
    );
    let bound = r#"[{"step":"filter","matching":"keep","combine":"all","conditions":[
                      {"column":"a","test":{"kind":"above","bound":"x"}}]}]"#;
    assert_eq!(fault(bound), StepError::BoundNotANumber { column: "a".to_owned() });
}

#[test]
fn names_rows_by_their_numbers_whatever_was_left_out_before() {
    let table = Table::new(&["a", "b"], &[&["1", "5"], &["2", "6"], &["3", "x"], &["4", "7"]]);
    let filter = r#"{"step":"filter","matching":"drop","combine":"all","conditions":[
                       {"column":"a","test":{"kind":"one-of","values":["1"]}}]}"#;
    let closeness = r#"{"kind":"closeness","column":"b","t":0.5,"ordered":true}"#;
    let levels = r#"{"column":"b","generalise":{"kind":"numbers"}}"#;
    let own = r#"{"column":"b","generalise":{"kind":"hierarchy","csv":"6;*\n7;*\n","delimiter":";"}}"#;
    let by_a = r#"{"column":"a","generalise":{"kind":"automatic"}}"#;
    let k = r#"{"kind":"k-anonymity","k":2}"#;
    for method in [r#"{"kind":"partition"}"#, r#"{"kind":"search","suppression":0}"#] {
        for (model, quasi) in [(closeness, by_a), (k, levels), (k, own)] {
            let steps = format!(
                r#"[{filter},{{"step":"release","risk-threshold":0.2,"method":{method},"models":[{model}],
                    "quasi-identifiers":[{quasi}]}}]"#
            );
            let error = run(&recipe(&steps), &table).unwrap_err().to_string();
            assert!(error.contains("row 3"), "{error}");
        }
    }
    let fault = StepError::Undefined { column: "a".to_owned(), row: 0 };
    assert!(fault.to_string().starts_with("a row made by SMOTE of column “a” has no value"));
}

#[test]
fn refuses_tables_that_are_none_or_change() {
    let recipe = recipe(r#"[{"step":"impute","columns":["a"],"filling":{"kind":"mean"}}]"#);
    let table = table();
    let start = |header: &[&str]| {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        Runner::new(&recipe, &header, &table.types[..header.len().min(2)], None)
    };
    assert!(matches!(start(&[]), Err(PrepareError::Header { .. })));
    assert!(matches!(start(&["a", "b", "c"]), Err(PrepareError::Header { .. })));
    assert!(matches!(start(&["a", "a"]), Err(PrepareError::SameName { .. })));

    let mut runner = start(&["a", "b"]).unwrap();
    let mut out = |_: u64, _: &[String]| {};
    assert_eq!(runner.row(1, &["1", "2"], &mut out), Err(PrepareError::OutOfOrder));
    assert_eq!(runner.next_pass().map(|pass| (pass.number, pass.of, pass.writes_rows)), Some((1, 2, false)));
    assert_eq!(runner.next_pass(), None);
    runner.row(1, &["1", "2"], &mut out).unwrap();
    runner.end_pass(&mut out).unwrap();
    runner.next_pass().unwrap();
    assert_eq!(runner.end_pass(&mut out), Err(PrepareError::RowsChanged { before: 1, now: 0 }));
    assert_eq!(runner.next_pass(), None);
    assert_eq!(runner.finish().unwrap_err(), PrepareError::OutOfOrder);

    let mut runner = start(&["a", "b"]).unwrap();
    runner.next_pass().unwrap();
    let short = runner.row(7, &["1"], &mut out);
    assert_eq!(short, Err(PrepareError::RowLength { row: 7, expected: 2, actual: 1 }));
    assert_eq!(runner.row(8, &["1", "2"], &mut out), Err(PrepareError::OutOfOrder));
}

#[test]
fn refuses_more_rows_than_a_step_takes_and_says_so() {
    let steps = r#"[{"step":"impute","columns":["a"],"filling":{"kind":"nearest","k":1}}]"#;
    let recipe = recipe(steps);
    let table = table();
    let mut runner = Runner::new(&recipe, &table.header, &table.types, None).unwrap();
    runner.next_pass().unwrap();
    let mut fed = 0_u64;
    let error = loop {
        fed += 1;
        if let Err(error) = runner.row(fed, &["1", "2"], &mut |_, _| {}) {
            break error;
        }
    };
    assert!((20_001..21_000).contains(&fed), "{fed}");
    assert_eq!(
        error,
        PrepareError::Step { step: 1, name: "impute", fault: StepError::TooManyRows { limit: 20_000 } }
    );
    assert_eq!(recipe.steps[0].row_limit(), Some(20_000));
}

#[test]
fn what_was_learnt_must_fit_the_steps() {
    let steps = recipe(
        r#"[{"step":"scale","columns":["a"],"method":{"kind":"standard"}},
            {"step":"one-hot","columns":["b"],"most":5}]"#,
    );
    let done = run(&steps, &table()).unwrap();
    let json = done.prepared.fitted.to_json();
    let fitted = |from: &str, to: &str| {
        assert!(json.contains(from), "{json}");
        Fitted::from_json(json.replacen(from, to, 1).as_bytes())
    };
    assert!(matches!(fitted(r#""lines""#, r#""line""#), Err(RecipeError::Malformed { .. })));
    assert!(matches!(fitted(r#""scale": ""#, r#""scale": "NaN"#), Err(RecipeError::Malformed { .. })));
    for tampered in [
        fitted(r#""scale": ""#, r#""scale": "-"#),
        fitted(r#""x""#, r#""z""#),
        fitted(r#""kind": "lines""#, r#""kind": "nothing""#),
    ] {
        let error = run_again(&tampered.unwrap(), &table()).unwrap_err();
        assert!(matches!(error, PrepareError::Step { fault: StepError::OtherLearnt, .. }), "{error}");
    }
    let head = r#"{"format":"veilsum-fitted-recipe","version":1,"recipe":{"steps":[]},"learnt":[{"kind":"nothing"}]}"#;
    assert_eq!(Fitted::from_json(head.as_bytes()), Err(RecipeError::LearntMismatch));
}

/// All steps but a release, with most of what they can be told.
const FOR_TRAINING: &str = r#"[
  {"step":"impute","columns":["x","y"],"filling":{"kind":"median"},"decimals":3},
  {"step":"outliers","columns":["x"],"method":{"kind":"z-score","threshold":2.5},"action":"cap"},
  {"step":"bin","columns":["w"],"edges":{"kind":"given","edges":[0,2.5,9]},"label":"interval"},
  {"step":"filter","matching":"keep","combine":"any","conditions":[
    {"column":"x","test":{"kind":"at-least","bound":"-3"}},{"column":"kind","test":{"kind":"none-of","values":["c"]}}]},
  {"step":"transform","columns":["y"],"function":{"kind":"linear","factor":2,"offset":1},"undefined":"blank"},
  {"step":"split","column":"part","test-share":0.25,"seed":12,"by":"kind"},
  {"step":"scale","columns":["x"],"method":{"kind":"min-max","low":0,"high":5}},
  {"step":"pseudonymise","study":"s","columns":[{"column":"id","treatment":"identifier"}],"shift-days":3},
  {"step":"outliers","columns":["x","y"],"action":"keep","method":{"kind":"isolation-forest","trees":9,"sample":16,
    "cut":{"kind":"share","share":0.1},"seed":5}},
  {"step":"smote","class":"kind","features":["x","y"],"categories":["w"],"k":2,"share-of-largest":0.9,"seed":3},
  {"step":"one-hot","columns":["kind"],"most":7,"missing":"zeros"},
  {"step":"drop-columns","columns":["id"]}]"#;

/// A release, what may come before it and what after.
const FOR_OTHERS: &str = r#"[
  {"step":"impute","columns":["x","y"],"filling":{"kind":"nearest","k":3,"by":["w"],"weights":"distance"}},
  {"step":"outliers","columns":["x","y"],"action":"drop","method":{"kind":"local-outlier-factor","k":5,
    "cut":{"kind":"above","score":3}}},
  {"step":"release","quasi-identifiers":[{"column":"x","generalise":{"kind":"numbers","levels":{"start":0.0,"width":1.0,
    "factor":2,"levels":3}}}],"models":[{"kind":"k-anonymity","k":2},{"kind":"distinct-diversity","column":"kind","l":2}],
    "method":{"kind":"search","suppression":0.5},"risk-threshold":0.2},
  {"step":"pseudonymise","study":"s","columns":[{"column":"id","treatment":"identifier"},
    {"column":"x","treatment":"keep"}],"shift-days":3},
  {"step":"drop-columns","columns":["w"]}]"#;

fn small() -> Table {
    let mut table = Table { rows: Vec::new(), ..Table::new(&["id", "x", "y", "w", "kind"], &[]) };
    for at in 0..40 {
        let number = |of: i32| if at % of == 0 { String::new() } else { (at * of % 23 - 7).to_string() };
        let kind = if at % 4 == 3 { "b" } else { "a" }.to_owned();
        table.rows.push(vec![format!("P{at:03}"), number(7), number(11), (at % 9).to_string(), kind]);
    }
    table
}

#[test]
fn recipes_of_all_steps_go_through() {
    let done = run_with(&recipe(FOR_TRAINING), &small(), &secret()).unwrap();
    assert_eq!(done.table.header, ["x", "y", "w", "kind=a", "kind=b", "part"].map(str::to_owned));
    assert_eq!(done.prepared.report.len(), 12);
    assert!(done.prepared.report[9].rows_out > done.prepared.report[9].rows_in);
    let done = run_with(&recipe(FOR_OTHERS), &small(), &secret()).unwrap();
    assert_eq!(done.table.header, ["id", "x", "y", "kind"].map(str::to_owned));
    for steps in [FOR_TRAINING, FOR_OTHERS] {
        assert_eq!(read(steps).unwrap(), Recipe::from_json(recipe(steps).to_json().as_bytes()).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever stands in a file and in a table: a table comes out, or a sentence.
    #[test]
    fn nothing_panics(
        steps in proptest::sample::select(&[FOR_TRAINING, FOR_OTHERS]),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), r#"[-0-9.e"a-z\[\]{},:]{0,3}"#), 0..4),
        cells in proptest::collection::vec((any::<proptest::sample::Index>(), 0..5_usize, "\\PC{0,6}|[0-9.e+-]{0,8}"), 0..4),
    ) {
        let mut file = recipe(steps).to_json();
        for (at, text) in changes {
            let at = at.index(file.len());
            if file.is_char_boundary(at) && file.is_char_boundary(at + 1) {
                file.replace_range(at..=at, &text);
            }
        }
        let mut table = small();
        for (row, column, text) in cells {
            let row = row.index(table.rows.len());
            table.rows[row][column] = text;
        }
        if let Ok(recipe) = Recipe::from_json(file.as_bytes()) {
            match run_with(&recipe, &table, &secret()) {
                Ok(done) => prop_assert_eq!(done.prepared.report.len(), recipe.steps.len()),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
