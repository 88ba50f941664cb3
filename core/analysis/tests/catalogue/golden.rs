//! Against the project's golden statistics, in double precision.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use veilsum_analysis::Request;
use veilsum_analysis::catalogue::{Correlation, GroupBy, Quantiles, Regression, Variance};

use super::references::refine;
use super::support::{Table, figure, fixture};

/// Of each number, how far two implementations in double precision may be apart.
const TOLERANCE: f64 = 1e-12;

fn golden() -> Json {
    serde_json::from_str(include_str!("../fixtures/golden.json")).unwrap()
}

#[track_caller]
fn close(actual: Option<f64>, expected: &Json, what: &str) {
    let (actual, expected) = (actual.unwrap_or_else(|| panic!("no {what}")), expected.as_f64().unwrap());
    let difference = (actual - expected).abs();
    assert!(difference <= TOLERANCE * expected.abs(), "{what}: {actual} is not {expected}");
}

fn column_statistics(table: &Table, name: &str, expected: &Json) {
    let column = table.position(name);
    let request = Request::Variance(Variance { column, level: 950 });
    let variance = table.ask(&request);
    let quantiles = refine(table, &Request::Quantiles(Quantiles { column }));
    for (key, expected) in expected.as_object().unwrap() {
        let actual = match key.as_str() {
            "n" => figure(&variance, "count"),
            "sum" => figure(&table.ask(&Request::Sum(veilsum_analysis::catalogue::Sum { column })), "sum"),
            "mean" => figure(&variance, "mean"),
            "var_sample" => figure(&variance, "variance/sample"),
            "var_population" => figure(&variance, "variance/population"),
            "std_sample" => figure(&variance, "sd/sample"),
            "min" => figure(&quantiles, "quantile/minimum"),
            "median" => figure(&quantiles, "quantile/median"),
            "max" => figure(&quantiles, "quantile/maximum"),
            other => panic!("{other} is not compared"),
        };
        close(actual, expected, &format!("{name} {key}"));
    }
}

#[test]
fn every_column_has_its_golden_statistics() {
    let golden = golden();
    let mut columns = 0;
    for name in ["pancreatitis", "diabetes", "breast_cancer", "iris"] {
        let table = fixture(name);
        for (column, expected) in golden[name]["columns"].as_object().unwrap() {
            column_statistics(&table, column, expected);
            columns += 1;
        }
    }
    column_statistics(&fixture("income"), "income", &golden["income"]);
    assert_eq!(columns, 54);
}

#[test]
fn correlations_are_golden() {
    let golden = golden();
    let expected = golden["diabetes"]["correlation"].as_object().unwrap();
    let table = fixture("diabetes");
    let columns = expected.keys().map(|name| table.position(name)).collect();
    let answer = table.ask(&Request::Correlation(Correlation { columns }));
    let mut compared = 0;
    for (a, row) in expected {
        for (b, expected) in row.as_object().unwrap() {
            if a == b {
                continue;
            }
            let key = format!("correlation/{a}/{b}");
            let key = if answer.figures.iter().any(|figure| figure.key == key) {
                key
            } else {
                format!("correlation/{b}/{a}")
            };
            close(figure(&answer, &key), expected, &key);
            compared += 1;
        }
    }
    assert_eq!(compared, 110);

    let table = fixture("pancreatitis");
    let columns = vec![table.position("age"), table.position("LOS")];
    let answer = table.ask(&Request::Correlation(Correlation { columns }));
    close(
        figure(&answer, "correlation/age/LOS"),
        &golden["pancreatitis"]["correlation_age_LOS"],
        "age and LOS",
    );
    assert!(
        answer.sentences[0].starts_with("“age” and “LOS” are barely correlated: r = 0.09 (p = 0.80"),
        "{}",
        answer.sentences[0]
    );
}

#[test]
fn groups_are_golden() {
    let (golden, table) = (golden(), fixture("iris"));
    let by = vec![table.position("species")];
    let means = golden["iris"]["group_mean_by_species"].as_object().unwrap();
    for (species, columns) in means {
        for (name, expected) in columns.as_object().unwrap() {
            let request = Request::GroupBy(GroupBy { column: table.position(name), by: by.clone() });
            let answer = table.ask(&request);
            close(figure(&answer, &format!("group/{species}/mean")), expected, name);
            let count = &golden["iris"]["group_count"][species];
            close(figure(&answer, &format!("group/{species}/count")), count, species);
        }
    }
}

#[test]
fn regressions_are_golden() {
    let golden = golden();
    for (name, key) in [
        ("pancreatitis", "linear_LOS_on_age"),
        ("pancreatitis", "linear_LOS_on_age_mi0_chf0"),
        ("diabetes", "linear_progression_on_all"),
    ] {
        let (table, expected) = (fixture(name), &golden[name][key]);
        let position = |name: &Json| table.position(name.as_str().unwrap());
        let answer = table.ask(&Request::Regression(Regression {
            y: position(&expected["y"]),
            xs: expected["x"].as_array().unwrap().iter().map(position).collect(),
            categories: vec![],
            ridge: String::new(),
            standardised: false,
            level: 950,
        }));
        let mut figures: BTreeMap<String, &Json> = BTreeMap::from([
            ("intercept/estimate".to_owned(), &expected["intercept"]),
            ("r-squared".to_owned(), &expected["r2"]),
            ("rmse".to_owned(), &expected["rmse"]),
            ("rank".to_owned(), &expected["rank"]),
        ]);
        for (x, estimate) in expected["coefficients"].as_object().unwrap() {
            figures.insert(format!("coefficient/{x}/estimate"), estimate);
        }
        for (key, expected) in figures {
            close(figure(&answer, &key), expected, &key);
        }
    }
}
