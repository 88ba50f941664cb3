//! Measures against those that `scripts/check.py` computes from the exported tables alone, in Python.
//!
//! Every case is anonymised, written below cargo's target folder and compared with the stored results of the script.

#![expect(clippy::disallowed_methods, reason = "the tables are written for a script to read")]
#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

#[path = "support/census.rs"]
mod census;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use veilsum_anonymise::hierarchy::{Hierarchy, NumberLevels};
use veilsum_anonymise::lattice::{self, Domain, Suppression};
use veilsum_anonymise::measure::{Population, attained, loss, risk};
use veilsum_anonymise::model::{Distance, Model};
use veilsum_anonymise::mondrian::{self, Dimension, Recoding};
use veilsum_anonymise::progress::unwatched;
use veilsum_anonymise::{Release, Table};

const STORED: &str = include_str!("vectors/check.json");
const DIABETES: &str = include_str!("../../table/tests/fixtures/diabetes.csv");
const TOLERANCE: f64 = 1e-9;

struct Case<'a> {
    name: &'static str,
    table: &'a Table,
    /// The sensitive column that is measured.
    sensitive: usize,
    distance: Distance,
    recursive_l: u32,
    models: Vec<Model>,
    method: Method,
}

enum Method {
    Mondrian(Vec<Dimension>),
    Lattice(Vec<Domain>, f64),
}

fn diabetes() -> Table {
    let mut lines = DIABETES.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    Table::from_rows(&names, lines).unwrap()
}

fn cases<'a>(diabetes: &'a Table, adults: &'a Table) -> Vec<Case<'a>> {
    let progression = diabetes.columns().iter().position(|column| column.name() == "progression").unwrap();
    let s4 = diabetes.columns().iter().position(|column| column.name() == "s4").unwrap();
    let patients = || {
        let numbers = |column| Dimension { column, recoding: Recoding::Numbers };
        let sex = Dimension { column: 1, recoding: Recoding::Sets };
        Method::Mondrian(vec![numbers(0), sex, numbers(2), numbers(3)])
    };
    let patients_by_level = |limit| {
        let numbers = |at: usize| {
            let column = &diabetes.columns()[at];
            Hierarchy::numbers(column, &NumberLevels::automatic(column).unwrap()).unwrap()
        };
        let sex = Hierarchy::all_or_nothing(&diabetes.columns()[1]);
        let all = [numbers(0), sex, numbers(2), numbers(3)].into_iter().enumerate();
        Method::Lattice(all.map(|(column, hierarchy)| Domain { column, hierarchy }).collect(), limit)
    };
    let people = || {
        let trees = census::hierarchies(adults).into_iter().enumerate();
        let recode = |(column, tree): (usize, Hierarchy)| {
            let recoding = match column {
                1 => Recoding::Numbers,
                0 | 2 | 7 => Recoding::Sets,
                _ => Recoding::Hierarchy(tree),
            };
            Dimension { column, recoding }
        };
        Method::Mondrian(trees.map(recode).collect())
    };
    let people_by_level = |limit| {
        let trees = census::hierarchies(adults).into_iter().enumerate();
        Method::Lattice(trees.map(|(column, hierarchy)| Domain { column, hierarchy }).collect(), limit)
    };
    let patient = |name, sensitive, distance, models, method| Case {
        name,
        table: diabetes,
        sensitive,
        distance,
        recursive_l: 2,
        models,
        method,
    };
    let adult = |name, models, method| Case {
        name,
        table: adults,
        sensitive: census::OCCUPATION,
        distance: Distance::Equal,
        recursive_l: 3,
        models,
        method,
    };
    let k = |k| Model::KAnonymity { k };
    let column = census::OCCUPATION;
    let ordered = |t| Model::Closeness { column: progression, t, distance: Distance::Ordered };
    let by_order = || Distance::Ordered;
    let by_tree = || Distance::Hierarchical(census::occupations());
    let equal = |t| Model::Closeness { column, t, distance: Distance::Equal };
    vec![
        patient("diabetes-mondrian-k5", progression, by_order(), vec![k(5)], patients()),
        patient("diabetes-mondrian-k3-t", progression, by_order(), vec![k(3), ordered(0.2)], patients()),
        patient("diabetes-lattice-k5", progression, by_order(), vec![k(5)], patients_by_level(0.05)),
        patient(
            "diabetes-lattice-k4-t",
            progression,
            by_order(),
            vec![k(4), ordered(0.25)],
            patients_by_level(0.1),
        ),
        patient(
            "diabetes-lattice-k3-entropy",
            s4,
            Distance::Equal,
            vec![k(3), Model::EntropyDiversity { column: s4, l: 2.5 }],
            patients_by_level(0.1),
        ),
        adult("adult-mondrian-k5", vec![k(5)], people()),
        adult("adult-mondrian-k10-l4", vec![k(10), Model::DistinctDiversity { column, l: 4 }], people()),
        adult("adult-mondrian-k5-entropy", vec![k(5), Model::EntropyDiversity { column, l: 5.0 }], people()),
        adult(
            "adult-mondrian-k5-recursive",
            vec![k(5), Model::RecursiveDiversity { column, c: 0.8, l: 3 }],
            people(),
        ),
        adult("adult-mondrian-k5-t", vec![k(5), equal(0.25)], people()),
        Case {
            distance: by_tree(),
            ..adult(
                "adult-mondrian-k5-t-tree",
                vec![k(5), Model::Closeness { column, t: 0.2, distance: by_tree() }],
                people(),
            )
        },
        adult("adult-lattice-k5", vec![k(5)], people_by_level(0.02)),
        adult("adult-lattice-k2-all", vec![k(2)], people_by_level(0.0)),
        adult(
            "adult-lattice-k10-l5",
            vec![k(10), Model::DistinctDiversity { column, l: 5 }],
            people_by_level(0.05),
        ),
        adult(
            "adult-lattice-k5-entropy",
            vec![k(5), Model::EntropyDiversity { column, l: 5.0 }],
            people_by_level(0.1),
        ),
        adult("adult-lattice-k5-t", vec![k(5), equal(0.3)], people_by_level(0.1)),
    ]
}

#[test]
fn measures_agree_with_the_script() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("anonymise-exports");
    fs::create_dir_all(&folder).unwrap();
    let stored: Value = serde_json::from_str(STORED).unwrap();
    let (diabetes, adults) = (diabetes(), census::table(3_000, 1));
    let cases = cases(&diabetes, &adults);
    let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    // All of them are written before the first is compared, for the script to read.
    let releases: Vec<Release> = cases
        .iter()
        .map(|case| {
            let (release, columns) = anonymised(case, &folder);
            export(case, &release, columns, &folder);
            release
        })
        .collect();
    for (case, release) in cases.iter().zip(&releases) {
        let expected = &stored["cases"][case.name];
        for (part, actual) in [
            ("after", measures(case, release)),
            ("before", measures(case, &Release::unchanged(case.table, release.quasi_identifiers()).unwrap())),
        ] {
            let differences = differences(&expected[part], &actual, case.name);
            assert!(differences.is_empty(), "{part}: {differences}");
        }
        assert_eq!(expected["models_hold"], json!(true), "{}", case.name);
        assert_eq!(expected["uncovered_cells"], json!(0), "{}", case.name);
    }
    let known = stored["cases"].as_object().unwrap();
    assert!(known.len() == names.len() && names.iter().all(|name| known.contains_key(*name)), "{names:?}");
}

/// The release, and what the script needs to know of each generalised column.
fn anonymised(case: &Case<'_>, folder: &Path) -> (Release, Value) {
    let hierarchy_file = |column: usize, hierarchy: &Hierarchy| {
        let file = format!("{}.{column}.hierarchy.csv", case.name);
        fs::write(folder.join(&file), hierarchy.to_csv(b';')).unwrap();
        file
    };
    match &case.method {
        Method::Mondrian(dimensions) => {
            let columns = dimensions.iter().map(|dimension| match &dimension.recoding {
                Recoding::Numbers => json!({ "column": dimension.column, "kind": "numbers" }),
                Recoding::Sets => json!({ "column": dimension.column, "kind": "sets" }),
                Recoding::Hierarchy(tree) => json!({
                    "column": dimension.column, "kind": "tree", "file": hierarchy_file(dimension.column, tree),
                }),
                Recoding::Dates(_) => unreachable!("no case has dates"),
            });
            let columns = columns.collect();
            let release =
                mondrian::partition(case.table, dimensions, &case.models, &mut unwatched()).unwrap();
            (release, columns)
        }
        Method::Lattice(domains, limit) => {
            let suppression = Suppression { limit: *limit };
            let found =
                lattice::search(case.table, domains, &case.models, suppression, &mut unwatched()).unwrap();
            let columns = domains.iter().zip(&found.levels).map(|(domain, level)| {
                json!({
                    "column": domain.column, "kind": "tree", "level": level,
                    "file": hierarchy_file(domain.column, &domain.hierarchy),
                })
            });
            (found.release, columns.collect())
        }
    }
}

fn export(case: &Case<'_>, release: &Release, columns: Value, folder: &Path) {
    let mut names: Vec<String> = vec!["row".to_owned()];
    names.extend(case.table.columns().iter().map(|column| column.name().to_owned()));
    let with_row_numbers = (0..case.table.row_count()).map(|row| {
        let cells =
            (0..case.table.columns().len()).map(|column| case.table.cell(row, column).unwrap().to_owned());
        std::iter::once(row.to_string()).chain(cells).collect::<Vec<_>>()
    });
    let original = csv_text(&names, with_row_numbers);
    let published = release.to_table(case.table, &[]).unwrap();
    let kept = (0..case.table.row_count())
        .filter(|row| !release.suppressed().iter().any(|suppressed| *suppressed as usize == *row));
    let published = csv_text(
        &names,
        kept.enumerate().map(|(at, row)| {
            let cells =
                (0..published.columns().len()).map(|column| published.cell(at, column).unwrap().to_owned());
            std::iter::once(row.to_string()).chain(cells).collect::<Vec<_>>()
        }),
    );
    let limit = match &case.method {
        Method::Mondrian(_) => 0.0,
        Method::Lattice(_, limit) => *limit,
    };
    let models: Vec<Value> = case
        .models
        .iter()
        .map(|model| match model {
            Model::KAnonymity { k } => json!({ "model": "k", "k": k }),
            Model::DistinctDiversity { l, .. } => json!({ "model": "distinct", "l": l }),
            Model::EntropyDiversity { l, .. } => json!({ "model": "entropy", "l": l }),
            Model::RecursiveDiversity { c, l, .. } => json!({ "model": "recursive", "c": c, "l": l }),
            Model::Closeness { t, .. } => json!({ "model": "closeness", "t": t }),
        })
        .collect();
    let distance = match &case.distance {
        Distance::Equal => json!("equal"),
        Distance::Ordered => json!("ordered"),
        Distance::Hierarchical(tree) => {
            let file = format!("{}.distance.csv", case.name);
            fs::write(folder.join(&file), tree.to_csv(b';')).unwrap();
            json!(file)
        }
    };
    let about = json!({
        "columns": columns,
        "sensitive": case.sensitive,
        "distance": distance,
        "recursive_l": case.recursive_l,
        "suppression_limit": limit,
        "models": models,
    });
    fs::write(folder.join(format!("{}.original.csv", case.name)), original).unwrap();
    fs::write(folder.join(format!("{}.release.csv", case.name)), published).unwrap();
    fs::write(folder.join(format!("{}.about.json", case.name)), about.to_string()).unwrap();
}

fn csv_text(names: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(names).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

fn measures(case: &Case<'_>, release: &Release) -> Value {
    let k = case
        .models
        .iter()
        .find_map(|model| if let Model::KAnonymity { k } = model { Some(*k) } else { None });
    let loss = loss(release, k.unwrap());
    let attained = attained(case.table, release, case.sensitive, case.recursive_l, &case.distance).unwrap();
    let risk = risk(release, 0.2, &Population::SampledAt(0.1)).unwrap();
    json!({
        "k": attained.k,
        "distinct": attained.distinct,
        "entropy": attained.entropy,
        "recursive": attained.recursive,
        "closeness": attained.closeness,
        "class_count": loss.class_count,
        "smallest_class": loss.smallest_class,
        "largest_class": loss.largest_class,
        "average_class": loss.average_class,
        "suppressed": loss.suppressed,
        "discernibility": u64::try_from(loss.discernibility).unwrap(),
        "normalised_average_class": loss.normalised_average_class,
        "certainty_penalties": loss.certainty_penalties,
        "generalised_certainty_penalty": loss.generalised_certainty_penalty,
        "prosecutor": [risk.prosecutor.highest, risk.prosecutor.average, risk.prosecutor.share_at_risk],
        "journalist": [risk.journalist.highest, risk.journalist.average, risk.journalist.share_at_risk],
        "marketer": risk.marketer,
    })
}

/// What differs between two values, numbers compared within the tolerance; nothing if they agree.
fn differences(expected: &Value, actual: &Value, at: &str) -> String {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) if expected.len() == actual.len() => actual
            .iter()
            .map(|(key, actual)| {
                differences(expected.get(key).unwrap_or(&Value::Null), actual, &format!("{at}.{key}"))
            })
            .collect(),
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            expected.iter().zip(actual).map(|(expected, actual)| differences(expected, actual, at)).collect()
        }
        (Value::Number(expected), Value::Number(actual)) => {
            let (expected, actual) = (expected.as_f64().unwrap(), actual.as_f64().unwrap());
            let close = (expected - actual).abs() <= TOLERANCE * expected.abs().max(1.0);
            if close { String::new() } else { message(at, &expected, &actual) }
        }
        (expected, actual) if expected == actual => String::new(),
        (expected, actual) => message(at, expected, actual),
    }
}

fn message(at: &str, expected: &dyn std::fmt::Display, actual: &dyn std::fmt::Display) -> String {
    let mut text = String::new();
    writeln!(text, "{at}: the script says {expected}, the crate {actual}").unwrap();
    text
}
