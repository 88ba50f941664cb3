//! Rows per second of streaming steps over a generated table of 1,000,000 rows and 10 columns, and seconds of steps that
//! need all rows at once, at their limits: `cargo bench -p veilsum-prepare`.

#![expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use veilsum_prepare::{Recipe, Runner};
use veilsum_table::types::ColumnType;

const ROWS: usize = 1_000_000;
/// Numbers n0 … n7, categories c0 and c1.
const NUMBERS: usize = 8;

fn main() {
    let header: Vec<String> =
        (0..NUMBERS).map(|at| format!("n{at}")).chain(["c0", "c1"].map(str::to_owned)).collect();
    let rows = generated();
    let all = r#"["n0","n1","n2","n3","n4","n5","n6","n7"]"#;
    let filter = r#"{"step":"filter","matching":"drop","combine":"all","conditions":[{"column":"n0","test":{"kind":"above","bound":"900"}}]}"#;
    let impute = format!(r#"{{"step":"impute","columns":{all},"filling":{{"kind":"mean"}}}}"#);
    let cap = format!(
        r#"{{"step":"outliers","columns":{all},"method":{{"kind":"interquartile-range","factor":1.5}},"action":"cap"}}"#
    );
    let log = format!(
        r#"{{"step":"transform","columns":{all},"function":{{"kind":"log1p"}},"undefined":"blank"}}"#
    );
    let scale = format!(r#"{{"step":"scale","columns":{all},"method":{{"kind":"standard"}}}}"#);
    let one_hot = r#"{"step":"one-hot","columns":["c0","c1"],"most":20,"missing":"zeros"}"#;
    let bin =
        r#"{"step":"bin","columns":["n0","n1"],"edges":{"kind":"equal-count","bins":10},"label":"number"}"#;
    let split = r#"{"step":"split","column":"part","test-share":0.2,"seed":1,"by":"c0"}"#;
    let chain = [filter, &impute, &cap, &log, split, &scale, one_hot].join(",");
    println!("{ROWS} rows x {} columns", header.len());
    for (name, steps) in [
        ("filter", filter),
        ("impute 8 means", &impute),
        ("cap 8 outliers (IQR)", &cap),
        ("log of 8", &log),
        ("scale 8", &scale),
        ("one-hot 2", one_hot),
        ("bin 2", bin),
        ("split", split),
        ("filter, impute, cap, log, split, scale, one-hot", &chain),
    ] {
        report(name, steps, &header, &rows);
    }

    let nearest =
        r#"{"step":"impute","columns":["n0","n1","n2","n3"],"filling":{"kind":"nearest","k":5,"by":["n4"]}}"#;
    let outliers =
        |method: &str| format!(r#"{{"step":"outliers","columns":{all},"method":{method},"action":"keep"}}"#);
    let factor = outliers(r#"{"kind":"local-outlier-factor","k":20,"cut":{"kind":"above","score":1.5}}"#);
    let forest = outliers(
        r#"{"kind":"isolation-forest","trees":100,"sample":256,"cut":{"kind":"share","share":0.01},"seed":1}"#,
    );
    let smote = format!(
        r#"{impute},{split},{{"step":"smote","class":"c1","features":{all},"categories":["c0"],"k":5,"share-of-largest":1.0,"seed":1}}"#
    );
    for (name, steps, rows) in [
        ("nearest neighbours", nearest, &rows[..20_000]),
        ("local outlier factors", &factor, &rows[..20_000]),
        ("isolation forest", &forest, &rows[..100_000]),
        ("SMOTE-NC", &smote, &rows[..50_000]),
    ] {
        report(name, steps, &header, rows);
    }
}

fn report(name: &str, steps: &str, header: &[String], rows: &[Vec<String>]) {
    let file = format!(r#"{{"format":"veilsum-recipe","version":1,"steps":[{steps}]}}"#);
    let recipe = Recipe::from_json(file.as_bytes()).expect("the steps are sound");
    let types = vec![ColumnType::Plain; header.len()];
    let start = Instant::now();
    let mut runner = Runner::new(&recipe, header, &types, None).expect("the steps fit");
    let (mut passes, mut written) = (0, 0_u64);
    let mut out = |_: u64, cells: &[String]| {
        black_box(cells);
        written += 1;
    };
    while runner.next_pass().is_some() {
        passes += 1;
        for (number, row) in (1..).zip(rows) {
            runner.row(number, row, &mut out).expect("the rows are sound");
        }
        runner.end_pass(&mut out).expect("the rows are sound");
    }
    black_box(runner.finish().expect("all passes were made"));
    let seconds = start.elapsed().as_secs_f64();
    let rate = rows.len() as f64 / seconds;
    println!(
        "{name}: {} rows, {passes} passes, {seconds:.2} s, {rate:.0} rows a second, {written} rows out",
        rows.len()
    );
}

/// Decimals with 2 places and 2 % blanks, categories of 5 and 3 uneven kinds; from a linear congruential generator.
fn generated() -> Vec<Vec<String>> {
    let mut state = 1_u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..ROWS)
        .map(|_| {
            let mut row: Vec<String> = Vec::with_capacity(NUMBERS + 2);
            for _ in 0..NUMBERS {
                let (blank, number) = (next(50) == 0, next(100_000) as f64 / 100.0);
                row.push(if blank { String::new() } else { format!("{number:.2}") });
            }
            row.push(["a", "b", "c", "d", "e"][usize::try_from(next(5)).unwrap_or(0)].to_owned());
            row.push(
                ["usual", "usual", "usual", "usual", "some", "rare"][usize::try_from(next(6)).unwrap_or(0)]
                    .to_owned(),
            );
            row
        })
        .collect()
}
