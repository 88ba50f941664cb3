//! What holds for any recipe and table.

use proptest::prelude::*;
use veilsum_anonymise::date::DateFormat;
use veilsum_prepare::{Fitted, Recipe, Runner};

use crate::support::{Done, Table, drive, recipe, run, run_again, run_with, secret};

/// Steps on the columns of [`tables`], none of which drops or renames a column that another names, and which are refused
/// by no table.
const STEPS: [&str; 18] = [
    r#"{"step":"impute","columns":["x","y"],"filling":{"kind":"mean"}}"#,
    r#"{"step":"impute","columns":["y"],"filling":{"kind":"median"},"decimals":2}"#,
    r#"{"step":"impute","columns":["colour","z"],"filling":{"kind":"most-frequent"}}"#,
    r#"{"step":"impute","columns":["colour"],"filling":{"kind":"constant","value":"grey"}}"#,
    r#"{"step":"impute","columns":["x","z"],"filling":{"kind":"nearest","k":3,"by":["y"],"weights":"distance"}}"#,
    r#"{"step":"outliers","columns":["x","y"],"method":{"kind":"z-score","threshold":1.5},"action":"cap"}"#,
    r#"{"step":"outliers","columns":["z"],"method":{"kind":"interquartile-range","factor":1.0},"action":"drop"}"#,
    r#"{"step":"scale","columns":["x","z"],"method":{"kind":"standard"}}"#,
    r#"{"step":"scale","columns":["y"],"method":{"kind":"min-max","low":-1,"high":1},"decimals":4}"#,
    r#"{"step":"scale","columns":["x","y","z"],"method":{"kind":"robust"}}"#,
    r#"{"step":"transform","columns":["y"],"function":{"kind":"log"},"undefined":"blank"}"#,
    r#"{"step":"transform","columns":["x"],"function":{"kind":"square"},"decimals":3,"undefined":"blank"}"#,
    r#"{"step":"transform","columns":["z"],"function":{"kind":"linear","factor":-0.5,"offset":3}}"#,
    r#"{"step":"filter","matching":"drop","combine":"any","conditions":[
         {"column":"x","test":{"kind":"above","bound":"30"}},{"column":"colour","test":{"kind":"one-of","values":["red"]}}]}"#,
    r#"{"step":"filter","matching":"keep","combine":"any","conditions":[
         {"column":"y","test":{"kind":"missing"}},{"column":"z","test":{"kind":"at-most","bound":"12.5"}}]}"#,
    r#"{"step":"one-hot","columns":["shape"],"most":10,"missing":"category"}"#,
    r#"{"step":"bin","columns":["w"],"edges":{"kind":"equal-count","bins":4},"label":"number"}"#,
    r#"{"step":"drop-columns","columns":["extra"]}"#,
];
/// Steps that can be there but once: they take or make names.
const ONCE: std::ops::Range<usize> = 15..18;

const SPLIT_BY_CLASS: &str = r#"{"step":"split","column":"part","test-share":0.3,"seed":4,"by":"class"}"#;
/// Steps after it that find what they go by anew in each batch, and bins with labels.
const TRAINING: [&str; 5] = [
    r#"{"step":"impute","columns":["z"],"filling":{"kind":"nearest","k":2,"by":["x"]}}"#,
    r#"{"step":"outliers","columns":["x","y"],"action":"keep","method":{"kind":"isolation-forest","trees":20,"sample":16,
        "cut":{"kind":"share","share":0.1},"seed":5}}"#,
    r#"{"step":"outliers","columns":["x","y"],"action":"keep","method":{"kind":"local-outlier-factor","k":3,
        "cut":{"kind":"above","score":4}}}"#,
    r#"{"step":"smote","class":"class","features":["x","y"],"k":2,"share-of-largest":0.8,"seed":3}"#,
    r#"{"step":"bin","columns":["x"],"edges":{"kind":"equal-count","bins":4},"label":"interval"}"#,
];
/// Steps before a release.
const BEFORE_RELEASE: [&str; 3] = [
    r#"{"step":"pseudonymise","study":"s","person":["id"],"shift-days":9,"columns":[
        {"column":"id","treatment":"identifier"},{"column":"day","treatment":{"date":null}}]}"#,
    r#"{"step":"outliers","columns":["x","y"],"action":"drop","method":{"kind":"isolation-forest","trees":20,"sample":16,
        "cut":{"kind":"share","share":0.1},"seed":5}}"#,
    r#"{"step":"bin","columns":["y"],"edges":{"kind":"equal-width","bins":3},"label":"interval"}"#,
];
const RELEASE: &str = r#"{"step":"release","risk-threshold":0.2,"method":{"kind":"partition"},"models":[{"kind":"k-anonymity","k":5}],
        "quasi-identifiers":[{"column":"x","generalise":{"kind":"automatic"}},{"column":"day","generalise":{"kind":"dates"}}]}"#;

/// Up to 600 rows: more than go through the steps together.
fn tables() -> impl Strategy<Value = Table> {
    let number = prop_oneof![
        1 => Just(String::new()),
        4 => (-50_i32..50).prop_map(|number| number.to_string()),
        2 => (-5_000_i32..5_000).prop_map(|number| format!("{:.2}", f64::from(number) / 100.0)),
    ];
    let word = |words: &'static [&'static str]| proptest::sample::select(words).prop_map(str::to_owned);
    let row = (
        [number.clone(), number.clone(), number.clone(), number],
        word(&["red", "green", "blue", ""]),
        word(&["round", "square", ""]),
        word(&["1", "2"]),
    );
    proptest::collection::vec(row, 3..600).prop_map(|rows| {
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|(numbers, colour, shape, extra)| [&numbers[..], &[colour, shape, extra]].concat())
            .collect();
        let header = ["x", "y", "z", "w", "colour", "shape", "extra"];
        Table { rows, ..Table::new(&header, &[]) }
    })
}

fn recipes() -> impl Strategy<Value = Recipe> {
    proptest::collection::vec(0..STEPS.len(), 1..8).prop_map(|chosen| {
        let mut kept: Vec<usize> = Vec::new();
        for step in chosen {
            if !(ONCE.contains(&step) && kept.contains(&step)) {
                kept.push(step);
            }
        }
        let steps: Vec<&str> = kept.into_iter().map(|step| STEPS[step]).collect();
        recipe(&format!("[{}]", steps.join(",")))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Taking back the last steps gives the table before them; so steps learn together only where that makes no
    /// difference, and rows in batches come out as rows one after the other.
    #[test]
    fn steps_in_one_recipe_are_steps_one_after_the_other(table in tables(), whole in recipes()) {
        let Ok(done) = run(&whole, &table) else {
            // A table of which a filter has left nothing, or a square of squares too large: refused either way.
            let mut step_by_step = Ok(table);
            for step in whole.steps {
                step_by_step = step_by_step.and_then(|table| run(&Recipe { steps: vec![step] }, &table)).map(|done| done.table);
            }
            prop_assert!(step_by_step.is_err());
            return Ok(());
        };
        let mut table = table;
        for (at, step) in whole.steps.iter().enumerate() {
            let alone = run(&Recipe { steps: vec![step.clone()] }, &table).unwrap();
            // Rows that were dropped before are not counted any more.
            let flagged = |done: &Done, at: usize| {
                let listed = done.prepared.report[at].flagged.listed.iter();
                listed.map(|one| (one.column.clone(), one.value.clone(), one.reason)).collect::<Vec<_>>()
            };
            prop_assert_eq!(flagged(&alone, 0), flagged(&done, at));
            prop_assert_eq!(alone.prepared.report[0].rows_out, done.prepared.report[at].rows_out);
            prop_assert_eq!(alone.prepared.report[0].cells_changed, done.prepared.report[at].cells_changed);
            prop_assert_eq!(&alone.prepared.fitted.learnt()[0], &done.prepared.fitted.learnt()[at]);
            table = alone.table;
        }
        prop_assert_eq!(table.header, done.table.header);
        prop_assert_eq!(table.rows, done.table.rows);
    }

    /// From a file, and applied to the same rows.
    #[test]
    fn what_was_learnt_makes_the_same_table_again(table in tables(), recipe in recipes(), seed: u64) {
        let mut recipe = recipe;
        let split = format!(r#"[{{"step":"split","column":"part","test-share":0.4,"seed":{seed},"by":"extra"}}]"#);
        recipe.steps.insert(0, crate::support::recipe(&split).steps.remove(0));
        let recipe = Recipe::from_json(recipe.to_json().as_bytes()).unwrap();
        let done = run(&recipe, &table);
        // Such as a table of which a filter has left nothing. If too many are, the test fails.
        prop_assume!(done.is_ok());
        let done = done.unwrap();
        let fitted = Fitted::from_json(done.prepared.fitted.to_json().as_bytes()).unwrap();
        prop_assert_eq!(&fitted, &done.prepared.fitted);
        let again = run_again(&fitted, &table).unwrap();
        prop_assert_eq!(again.table, done.table);
        prop_assert_eq!(again.prepared.fitted, fitted);
    }

    /// Steps that compare rows with each other find the same in the same rows, and are refused by none of these tables.
    #[test]
    fn what_compares_rows_makes_the_same_table_of_the_same_rows(
        rows in proptest::collection::vec((-50_i32..50, -50_i32..50, 0..3_usize, 0..400_i64), 40..200),
        training in proptest::sample::subsequence(TRAINING.to_vec(), 1..=TRAINING.len()),
        before_release in proptest::sample::subsequence(BEFORE_RELEASE.to_vec(), 0..=BEFORE_RELEASE.len()),
        is_for_training: bool,
    ) {
        let mut table = Table { rows: Vec::new(), ..Table::new(&["x", "y", "z", "class", "id", "day"], &[]) };
        for (at, (x, y, class, day)) in rows.into_iter().enumerate() {
            // Not all of one day, so that a release has something to do.
            let day = DateFormat::YearMonthDay.shift("2024-01-01", day + i64::from(at % 2 == 0)).unwrap();
            let z = if at % 5 == 0 { String::new() } else { (x - y).to_string() };
            // Every class is there often enough.
            let class = ["a", "b", "c"][if at < 30 { at % 3 } else { class }];
            let cells = [x.to_string(), y.to_string(), z, class.to_owned(), format!("P{at}"), day];
            table.rows.push(cells.to_vec());
        }
        let steps = if is_for_training {
            [&[SPLIT_BY_CLASS][..], &training].concat()
        } else {
            [&before_release[..], &[RELEASE]].concat()
        };
        let recipe = recipe(&format!("[{}]", steps.join(",")));
        let done = run_with(&recipe, &table, &secret()).unwrap();
        prop_assert_ne!(&done.table.rows, &table.rows);
        let fitted = Fitted::from_json(done.prepared.fitted.to_json().as_bytes()).unwrap();
        let again = Runner::again(&fitted, &table.header, &table.types, Some(&secret())).unwrap();
        let again = drive(again, &table).unwrap();
        prop_assert_eq!(again.table, done.table);
        prop_assert_eq!(again.prepared.fitted, fitted);
    }

    #[test]
    fn splits_have_the_sizes_that_were_asked_for(rows in 2_usize..700, share in 0.01_f64..0.99, seed: u64) {
        let table = Table { rows: vec![vec!["1".to_owned()]; rows], ..Table::new(&["x"], &[]) };
        let steps = format!(r#"[{{"step":"split","column":"part","test-share":{share},"seed":{seed}}}]"#);
        let done = run(&recipe(&steps), &table).unwrap();
        let test = done.table.column("part").iter().filter(|part| **part == "test").count();
        let wanted = (rows as f64 * share).round().clamp(1.0, rows as f64 - 1.0);
        prop_assert_eq!(test as f64, wanted);
        prop_assert_eq!(done.table.rows.len(), rows);
    }

    /// Between others of its class in every column, whatever the draws.
    #[test]
    fn made_rows_lie_within_their_class(
        rare in proptest::collection::vec((-100_i32..100, -100_i32..100), 8..30),
        k in 1_u32..5,
        seed: u64,
    ) {
        let mut table = Table { rows: Vec::new(), ..Table::new(&["x", "y", "class", "id"], &[]) };
        for (at, (x, y)) in rare.iter().enumerate() {
            table.rows.push([*x, *y].iter().map(i32::to_string).chain(["rare".to_owned(), at.to_string()]).collect());
        }
        for at in 0..60 {
            table.rows.push(["0", "500", "usual"].iter().map(|cell| (*cell).to_owned()).chain([at.to_string()]).collect());
        }
        let steps = format!(
            r#"[{{"step":"split","column":"part","test-share":0.2,"seed":{seed},"by":"class"}},
                {{"step":"smote","class":"class","features":["x","y"],"k":{k},"share-of-largest":0.75,"seed":{seed}}}]"#
        );
        let done = run(&recipe(&steps), &table).unwrap();
        let (before, made) = done.table.rows.split_at(table.rows.len());
        let train = |class: &str| before.iter().filter(|row| row[2] == class && row[4] == "train").count();
        prop_assert_eq!(train("rare") + made.len(), (train("usual") * 3 / 4).max(train("rare")));
        for column in 0..2 {
            let of_rare = before.iter().filter(|row| row[2] == "rare" && row[4] == "train");
            let numbers: Vec<f64> = of_rare.map(|row| row[column].parse().unwrap()).collect();
            let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for row in made {
                let value: f64 = row[column].parse().unwrap();
                prop_assert!(low <= value && value <= high);
                prop_assert_eq!((row[2].as_str(), row[3].as_str(), row[4].as_str()), ("rare", "", "train"));
            }
        }
    }
}
