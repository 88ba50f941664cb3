//! Against the certified values of the NIST Statistical Reference Datasets: every digit that is certified.

use std::collections::BTreeMap;

use veilsum_analysis::Request;
use veilsum_analysis::answer::Answer;
use veilsum_analysis::catalogue::{Regression, Variance};

use super::support::{Table, value};

fn certified(name: &str) -> BTreeMap<String, String> {
    let all: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_str(include_str!("../fixtures/nist/certified.json")).unwrap();
    all[name].clone()
}

/// Rounds our float to 15 digits: there it must be the certified number.
fn check_digits(name: &str, answer: &Answer) {
    for (key, certified) in certified(name) {
        let actual = value(answer, &key).unwrap().float;
        let expected: f64 = certified.parse().unwrap();
        assert_eq!(format!("{actual:.14e}"), format!("{expected:.14e}"), "{name} {key}");
    }
}

fn regression(text: &str) -> Answer {
    let table = Table::csv(text);
    let xs = (1..).take(table.columns.len() - 1).collect();
    table.ask(&Request::Regression(Regression {
        y: 0,
        xs,
        categories: vec![],
        ridge: String::new(),
        standardised: false,
        level: 950,
    }))
}

#[test]
fn norris_has_all_certified_digits() {
    check_digits("norris", &regression(include_str!("../fixtures/nist/norris.csv")));
}

#[test]
fn longley_has_all_certified_digits() {
    check_digits("longley", &regression(include_str!("../fixtures/nist/longley.csv")));
}

#[test]
fn univariate_datasets_have_exact_means_and_deviations() {
    for (name, text) in [
        ("numacc1", include_str!("../fixtures/nist/numacc1.csv")),
        ("numacc2", include_str!("../fixtures/nist/numacc2.csv")),
        ("numacc3", include_str!("../fixtures/nist/numacc3.csv")),
        ("numacc4", include_str!("../fixtures/nist/numacc4.csv")),
    ] {
        let answer = Table::csv(text).ask(&Request::Variance(Variance { column: 0, level: 950 }));
        for (key, certified) in certified(name) {
            let value = value(&answer, &key).unwrap();
            assert_eq!(
                (value.exact.as_str(), value.error.as_str()),
                (certified.as_str(), ""),
                "{name} {key}"
            );
            assert_eq!(value.float, certified.parse::<f64>().unwrap());
        }
    }
}
