//! What is refused before anything is sent.

use veilsum_analysis::catalogue::{
    Anova, Contingency, Correlation, Covariance, GroupBy, Histogram, MissingCount, Quantiles, Regression,
    TTest, Variance, WeightedMean,
};
use veilsum_analysis::{PlanError, Request};
use veilsum_protocol::manifest::Treatment;

use super::support::{Cells, Table};

/// Numbers x, y, words g, h with categories, and w, which stays at home.
fn table() -> Table {
    let mut table = Table::new([
        ("x", Cells::numbers([1, 2])),
        ("y", Cells::numbers([1, 2])),
        ("g", Cells::words(["a", "b"])),
        ("h", Cells::words(["a", "b"])),
        ("w", Cells::numbers([1, 2])),
    ]);
    for column in &mut table.columns[2..4] {
        column.categories = vec!["a".to_owned(), "b".to_owned()];
    }
    table.columns[4].treatment = Treatment::Dropped;
    table
}

#[track_caller]
fn refused(request: Request, expected: PlanError) {
    assert_eq!(request.terms(table().schema()).unwrap_err(), expected, "{request:?}");
}

fn regression() -> Regression {
    Regression {
        y: 1,
        xs: vec![0],
        categories: vec![],
        ridge: String::new(),
        standardised: false,
        level: 950,
    }
}

#[test]
fn choices_that_make_no_sense_are_refused() {
    let same = |column: &str| PlanError::SameColumn { column: column.to_owned() };
    let level = || PlanError::Choice { what: "the confidence level", expected: "from 50 % to 99.9 %" };
    for wrong in [0, 499, 1_000] {
        refused(Request::Variance(Variance { column: 0, level: wrong }), level());
        refused(Request::TTest(TTest { column: 0, by: 2, categories: [0, 1], level: wrong }), level());
        refused(Request::Regression(Regression { level: wrong, ..regression() }), level());
    }
    let ridge =
        || PlanError::Choice { what: "the ridge penalty", expected: "a decimal that is not negative" };
    for wrong in ["-1", "1e3", "x", " "] {
        refused(Request::Regression(Regression { ridge: wrong.to_owned(), ..regression() }), ridge());
    }
    refused(Request::Covariance(Covariance { columns: [0, 0] }), same("x"));
    refused(Request::Correlation(Correlation { columns: vec![0, 1, 0] }), same("x"));
    refused(Request::Contingency(Contingency { columns: [2, 2] }), same("g"));
    refused(Request::GroupBy(GroupBy { column: 0, by: vec![2, 2] }), same("g"));
    refused(Request::WeightedMean(WeightedMean { column: 1, weight: 1 }), same("y"));
    refused(Request::Regression(Regression { xs: vec![0, 1], ..regression() }), same("y"));
    refused(
        Request::TTest(TTest { column: 0, by: 2, categories: [1, 1], level: 950 }),
        PlanError::Choice { what: "the two groups", expected: "different categories" },
    );
    refused(
        Request::TTest(TTest { column: 0, by: 2, categories: [0, 2], level: 950 }),
        PlanError::Choice { what: "each group", expected: "one of the categories of the column" },
    );
    refused(
        Request::GroupBy(GroupBy { column: 0, by: vec![2, 3, 2] }),
        PlanError::Choice { what: "the groupings", expected: "one or two columns" },
    );
}

#[test]
fn too_few_columns_are_refused() {
    let few = |analysis, needed, actual| PlanError::TooFewColumns { analysis, needed, actual };
    refused(Request::Correlation(Correlation { columns: vec![0] }), few("a correlation", 2, 1));
    refused(Request::GroupBy(GroupBy { column: 0, by: vec![] }), few("a grouping", 1, 0));
    refused(Request::Regression(Regression { xs: vec![], ..regression() }), few("a regression", 2, 1));
}

#[test]
fn columns_that_do_not_serve_are_refused() {
    let no_number = |column: &str| PlanError::NotANumber { column: column.to_owned() };
    refused(Request::MissingCount(MissingCount { column: 4 }), no_number("w"));
    refused(Request::Variance(Variance { column: 2, level: 950 }), no_number("g"));
    refused(Request::Correlation(Correlation { columns: vec![0, 2] }), no_number("g"));
    refused(Request::Quantiles(Quantiles { column: 0 }), PlanError::NoBins { column: "x".to_owned() });
    let no_bins = PlanError::NoBins { column: "x".to_owned() };
    refused(Request::Histogram(Histogram { column: 0, by_category: false }), no_bins);
    let no_categories = PlanError::NoCategories { column: "y".to_owned() };
    refused(Request::Anova(Anova { column: 0, by: 1 }), no_categories.clone());
    refused(
        Request::Regression(Regression { y: 0, xs: vec![], categories: vec![1], ..regression() }),
        no_categories,
    );
    refused(Request::Variance(Variance { column: 9, level: 950 }), PlanError::NoSuchColumn { position: 9 });
}

#[test]
fn too_many_groups_are_refused() {
    let mut table = table();
    for column in &mut table.columns[2..4] {
        column.categories = (0..17).map(|at| at.to_string()).collect();
    }
    let refused = Request::Contingency(Contingency { columns: [2, 3] }).terms(table.schema()).unwrap_err();
    assert_eq!(refused, PlanError::TooManyGroups { needed: 289, largest: 256 });
}

#[test]
fn too_many_dummies_are_refused() {
    let mut table = table();
    table.columns[2].categories = (0..60).map(|at| at.to_string()).collect();
    let request = |ridge: &str| {
        Request::Regression(Regression { categories: vec![2], ridge: ridge.to_owned(), ..regression() })
    };
    assert!(matches!(request("").terms(table.schema()), Err(PlanError::Choice { .. })));
    table.columns[2].categories.pop();
    assert!(matches!(request("").terms(table.schema()), Err(PlanError::Choice { .. })));
    table.columns[2].categories.pop();
    let terms = request("0.5").terms(table.schema()).unwrap();
    // One, 60 sums, and 60·61/2 products less those of two dummies of one column.
    assert!(terms.iter().all(veilsum_protocol::term::Term::is_canonical));
}

#[test]
fn every_request_tells_the_columns_to_prepare() {
    let regression = Request::Regression(Regression { categories: vec![2, 3], ..regression() });
    assert_eq!((regression.grouped(), regression.binned()), (vec![2, 3], vec![]));
    let quantiles = Request::Quantiles(Quantiles { column: 1 });
    assert_eq!((quantiles.grouped(), quantiles.binned()), (vec![], vec![1]));
    let histogram = |by_category| Request::Histogram(Histogram { column: 1, by_category });
    assert_eq!((histogram(true).grouped(), histogram(true).binned()), (vec![1], vec![]));
    assert_eq!((histogram(false).grouped(), histogram(false).binned()), (vec![], vec![1]));
    assert_eq!(
        Request::Correlation(Correlation { columns: vec![0, 1] }).name(table().schema()),
        "the correlation of “x” and “y”"
    );
}
