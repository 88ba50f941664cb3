//! Against numpy, scipy and statsmodels: `../fixtures/references.py` made the numbers.

use std::collections::BTreeMap;

use serde::Deserialize;
use veilsum_analysis::Request;
use veilsum_analysis::answer::Answer;

use super::support::{Table, figure, fixture};

#[derive(Deserialize)]
struct References {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    table: String,
    request: Request,
    figures: BTreeMap<String, f64>,
    tolerance: f64,
}

/// Asks until no finer bins are proposed, as the page does.
pub fn refine(table: &Table, request: &Request) -> Answer {
    let mut table = table.prepared(request).unwrap();
    for _ in 0..20 {
        let answer = table.finish(request).unwrap();
        if answer.refinements.is_empty() {
            return answer;
        }
        for (column, binning) in answer.refinements {
            table.columns[usize::try_from(column).unwrap()].binnings.push(binning);
        }
    }
    panic!("refinements do not end");
}

#[test]
fn figures_are_those_of_numpy_scipy_and_statsmodels() {
    let references: References = serde_json::from_str(include_str!("../fixtures/references.json")).unwrap();
    let mut compared = 0;
    for Case { table, request, figures, tolerance } in references.cases {
        let answer = match request {
            Request::Quantiles(_) => refine(&fixture(&table), &request),
            _ => fixture(&table).ask(&request),
        };
        for (key, expected) in figures {
            let actual = figure(&answer, &key).unwrap_or_else(|| panic!("{table} {request:?}: no {key}"));
            let difference = (actual - expected).abs();
            assert!(
                difference <= tolerance * expected.abs().max(1e-290),
                "{table} {request:?}: {key} is {actual:e}, not {expected:e}: off by {:e} of it",
                difference / expected.abs()
            );
            compared += 1;
        }
    }
    assert!(compared > 700, "{compared}");
}
