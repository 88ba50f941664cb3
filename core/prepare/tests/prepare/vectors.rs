//! What comes out is what scikit-learn, imbalanced-learn and NumPy make of the same tables; `tests/vectors/generate.py`
//! wrote the vectors.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use veilsum_prepare::density::local_outlier_factors;
use veilsum_prepare::forest::{Forest, usual_path};
use veilsum_prepare::nearest::Points;
use veilsum_prepare::synthetic::{Class, Draw};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Table, recipe, run};

const RECIPES: &str = include_str!("../vectors/recipes.json");
const SCORES: &str = include_str!("../vectors/scores.json");
const SMOTE: &str = include_str!("../vectors/smote.json");

/// The first rows of a table, as the script takes them.
fn table(name: &str) -> Table {
    let mut table = Table::from_csv(match name {
        "breast_cancer.csv" => include_str!("../../../analysis/tests/fixtures/breast_cancer.csv"),
        "diabetes.csv" => include_str!("../../../analysis/tests/fixtures/diabetes.csv"),
        "iris.csv" => include_str!("../../../analysis/tests/fixtures/iris.csv"),
        other => panic!("no table {other}"),
    });
    table.rows.truncate(200);
    table
}

#[derive(Deserialize)]
struct Recipes<'a> {
    #[serde(borrow)]
    cases: Vec<Case<'a>>,
}

#[derive(Deserialize)]
struct Case<'a> {
    name: &'a str,
    table: &'a str,
    columns: Vec<String>,
    blank: Vec<(usize, usize)>,
    #[serde(borrow)]
    steps: &'a RawValue,
    expected: BTreeMap<String, Vec<Option<f64>>>,
    flagged: Option<Vec<(u64, Option<String>)>>,
    /// Cells for which equally near rows leave the value open.
    open: Vec<(usize, usize)>,
    tolerance: f64,
}

#[test]
fn steps_agree_with_scikit_learn() {
    let recipes: Recipes<'_> = serde_json::from_str(RECIPES).unwrap();
    assert!(recipes.cases.len() > 30);
    for case in recipes.cases {
        let mut table = table(case.table);
        for &(row, column) in &case.blank {
            let at = table.header.iter().position(|name| *name == case.columns[column]).unwrap();
            table.rows[row][at].clear();
        }
        let done = run(&recipe(case.steps.get()), &table).unwrap();
        assert!(case.open.len() * 5 <= case.blank.len(), "{}: too much is open", case.name);
        for (column, expected) in case.expected {
            let found = done.table.numbers(&column);
            assert_eq!(found.len(), expected.len(), "{}", case.name);
            for (row, pair) in found.into_iter().zip(expected).enumerate() {
                let close = match pair {
                    (Some(found), Some(expected)) => {
                        (found - expected).abs() <= case.tolerance * expected.abs().max(1.0)
                    }
                    (found, expected) => found == expected,
                };
                let is_open = case.open.iter().any(|(at, of)| *at == row && case.columns[*of] == column);
                assert!(close || is_open, "{}, row {row} of {column}: {pair:?}", case.name);
            }
        }
        if let Some(expected) = case.flagged {
            let listed = &done.prepared.report.last().unwrap().flagged.listed;
            let found: Vec<_> = listed.iter().map(|one| (one.row, one.column.clone())).collect();
            assert!(!found.is_empty());
            assert_eq!(found, expected, "{}", case.name);
        }
    }
}

#[derive(Deserialize)]
struct Scores<'a> {
    table: &'a str,
    columns: Vec<String>,
    k: usize,
    local_outlier_factor: Vec<f64>,
    novelty_of_rows_from_100: Vec<f64>,
    isolation_forest_mean_of_20_seeds: Vec<f64>,
    usual_path: Vec<(usize, f64)>,
}

impl Scores<'_> {
    fn points(&self) -> Points {
        let table = table(self.table);
        let columns: Vec<Vec<Option<f64>>> = self.columns.iter().map(|name| table.numbers(name)).collect();
        let mut points = Points::new(columns.len());
        for row in 0..table.rows.len() {
            points.push(columns.iter().filter_map(|column| column[row]));
        }
        points
    }
}

#[test]
fn local_outlier_factors_agree_with_scikit_learn() {
    let scores: Scores<'_> = serde_json::from_str(SCORES).unwrap();
    let points = scores.points();
    let all: Vec<usize> = (0..points.len()).collect();
    let check = |found: &[f64], expected: &[f64]| {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    };
    check(&local_outlier_factors(&points, &all, scores.k), &scores.local_outlier_factor);
    let novel = local_outlier_factors(&points, &all[..100], scores.k);
    check(&novel[100..], &scores.novelty_of_rows_from_100);
}

#[test]
fn forests_score_as_scikit_learns_do_on_average() {
    use rand_chacha::rand_core::SeedableRng;
    let scores: Scores<'_> = serde_json::from_str(SCORES).unwrap();
    for (count, path) in &scores.usual_path {
        assert!((usual_path(*count) - path).abs() < 1e-12, "{count}");
    }
    let points = scores.points();
    let all: Vec<usize> = (0..points.len()).collect();
    // The mean of 20 forests with the same number of trees is one forest of all of them.
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let forest = Forest::grow(&points, &all, 2_000, 256, &mut rng);
    for (at, expected) in scores.isolation_forest_mean_of_20_seeds.iter().enumerate() {
        // Scores of single forests of 100 trees differ by some 0.01.
        assert!((forest.score(points.point(at)) - expected).abs() < 0.01, "row {at}");
    }
}

#[derive(Deserialize)]
struct Made {
    smote: Plain,
    smote_nc: Nominal,
}

#[derive(Deserialize)]
struct Plain {
    k: usize,
    classes: Vec<OfClass>,
}

#[derive(Deserialize)]
struct OfClass {
    rows: Vec<Vec<f64>>,
    neighbours: Vec<Vec<usize>>,
    draws: Vec<OfDraw>,
    made: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Nominal {
    k: usize,
    rows: Vec<Vec<f64>>,
    categories: Vec<Vec<String>>,
    draws: Vec<OfDraw>,
    made: Vec<Vec<f64>>,
    made_categories: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct OfDraw {
    row: usize,
    neighbour: usize,
    step: f64,
}

impl OfDraw {
    fn draw(&self) -> Draw {
        Draw { row: self.row, neighbour: self.neighbour, step: self.step }
    }
}

fn points(rows: &[Vec<f64>]) -> Points {
    let mut points = Points::new(rows.first().map_or(0, Vec::len));
    rows.iter().for_each(|row| points.push(row.iter().copied()));
    points
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?} {expected:?}");
}

#[test]
fn smote_makes_what_imbalanced_learn_makes_of_the_same_draws() {
    let vectors: Made = serde_json::from_str(SMOTE).unwrap();
    assert_eq!(vectors.smote.classes.len(), 2);
    for class in vectors.smote.classes {
        let of_class = Class { numbers: points(&class.rows), categories: Vec::new() };
        let neighbours = of_class.neighbours(vectors.smote.k);
        assert_eq!(neighbours, class.neighbours);
        assert_eq!(class.draws.len(), class.made.len());
        for (draw, made) in class.draws.iter().zip(&class.made) {
            assert_close(&of_class.numbers_at(draw.draw(), &neighbours), made);
        }
    }
}

#[test]
fn smote_nc_makes_what_imbalanced_learn_makes_of_the_same_draws() {
    let vectors = serde_json::from_str::<Made>(SMOTE).unwrap().smote_nc;
    // Numbers of categories in alphabetical order, as the letters are.
    let names = [["blue", "green", "red"].as_slice(), &["large", "small"]];
    let code = |(name, names): (&String, &&[&str])| {
        (0..).zip(names.iter()).find(|(_, known)| *known == name).unwrap().0
    };
    let categories =
        vectors.categories.iter().map(|row| row.iter().zip(&names).map(code).collect()).collect();
    let class = Class { numbers: points(&vectors.rows), categories };
    let neighbours = class.neighbours(vectors.k);
    let mut tied = 0;
    for ((draw, made), expected) in vectors.draws.iter().zip(&vectors.made).zip(&vectors.made_categories) {
        assert_close(&class.numbers_at(draw.draw(), &neighbours), made);
        let expected: Vec<u32> = expected.iter().zip(&names).map(code).collect();
        // Of equally frequent categories theirs is drawn otherwise: it must be one that ours can be.
        let choices: Vec<Vec<u32>> =
            (0..3).map(|choice| class.categories_at(draw.row, &neighbours, |_| choice)).collect();
        tied += usize::from(choices[0] != choices[2]);
        for (column, expected) in expected.iter().enumerate() {
            assert!(choices.iter().any(|choice| choice[column] == *expected), "row {}", draw.row);
        }
    }
    assert!(tied < vectors.draws.len(), "every draw was tied, so that nothing was compared");
}
