//! Data that have no answer get a sentence, not a number that is none: every analysis over every kind of it.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use veilsum_analysis::catalogue::{
    Anova, Contingency, Correlation, Count, Covariance, GroupBy, Histogram, Mean, MissingCount, Quantiles,
    Regression, Shape, Sum, TTest, Variance, WeightedMean,
};
use veilsum_analysis::totals::Totals;
use veilsum_analysis::{PlanError, Request};
use veilsum_protocol::term::Term;

use super::support::{Cells, Table, check, figure, fixture, value};

/// All requests over columns x, y (numbers) and g, h (words).
fn requests() -> Vec<Request> {
    let regression = |ridge: &str| Regression {
        y: 1,
        xs: vec![0],
        categories: vec![2],
        ridge: ridge.to_owned(),
        standardised: true,
        level: 950,
    };
    vec![
        Request::Count(Count { column: 0 }),
        Request::Sum(Sum { column: 0 }),
        Request::Mean(Mean { column: 0 }),
        Request::MissingCount(MissingCount { column: 0 }),
        Request::MissingCount(MissingCount { column: 2 }),
        Request::Variance(Variance { column: 0, level: 950 }),
        Request::Shape(Shape { column: 0 }),
        Request::Quantiles(Quantiles { column: 0 }),
        Request::Histogram(Histogram { column: 0, by_category: false }),
        Request::Histogram(Histogram { column: 2, by_category: true }),
        Request::Covariance(Covariance { columns: [0, 1] }),
        Request::Correlation(Correlation { columns: vec![0, 1] }),
        Request::GroupBy(GroupBy { column: 0, by: vec![2] }),
        Request::GroupBy(GroupBy { column: 0, by: vec![2, 3] }),
        Request::Contingency(Contingency { columns: [2, 3] }),
        Request::TTest(TTest { column: 0, by: 2, categories: [0, 1], level: 950 }),
        Request::Anova(Anova { column: 0, by: 2 }),
        Request::WeightedMean(WeightedMean { column: 0, weight: 1 }),
        Request::Regression(regression("")),
        Request::Regression(regression("1.5")),
    ]
}

/// Rows of x, y, g, h. The categories and bins are those of other rows, as if more had been uploaded before.
fn table(rows: &[(Option<i64>, Option<i64>, &'static str, &'static str)], scale: u32) -> Table {
    let full = Table::new([
        ("x", Cells::Numbers(rows.iter().map(|row| row.0).collect(), scale)),
        ("y", Cells::Numbers(rows.iter().map(|row| row.1).collect(), scale)),
        ("g", Cells::words(rows.iter().map(|row| row.2))),
        ("h", Cells::words(rows.iter().map(|row| row.3))),
    ]);
    let mut table = full;
    for column in &mut table.columns[2..] {
        column.categories = vec!["a".to_owned(), "b".to_owned()];
    }
    let lower = rows.iter().filter_map(|row| row.0).min().unwrap_or(0);
    let most = rows.iter().filter_map(|row| row.0).max().unwrap_or(0);
    let width = most.abs_diff(lower) / 32 + 1;
    table.columns[0].binnings.push(veilsum_protocol::manifest::Binning { lower, width, count: 32 });
    table
}

#[test]
fn every_analysis_of_degenerate_data_has_a_sentence_and_nothing_that_is_no_number() {
    const LARGEST: i64 = (1 << 56) - 1;
    let full = |x: i64, y: i64, g, h| (Some(x), Some(y), g, h);
    let tables: Vec<(&str, Table)> = vec![
        ("no row", table(&[], 0)),
        ("one row", table(&[full(3, 4, "a", "b")], 2)),
        ("all blank", table(&[(None, None, "", ""); 4], 1)),
        ("never together", table(&[(Some(1), None, "a", ""), (None, Some(2), "", "b")], 1)),
        (
            "constant",
            table(
                &[full(5, 5, "a", "a"), full(5, 5, "b", "b"), full(5, 5, "a", "b"), full(5, 5, "b", "a")],
                0,
            ),
        ),
        ("one category", table(&[full(5, 1, "a", "a"), full(6, 7, "a", "a"), full(8, 5, "a", "a")], 0)),
        ("two rows", table(&[full(5, 1, "a", "a"), full(6, 7, "b", "b")], 3)),
        (
            "on a line",
            table(
                &[full(1, 2, "a", "a"), full(2, 4, "b", "b"), full(3, 6, "a", "b"), full(4, 8, "b", "a")],
                0,
            ),
        ),
        (
            "nothing varies within groups",
            table(
                &[full(1, 2, "a", "a"), full(1, 2, "a", "a"), full(4, 3, "b", "b"), full(4, 3, "b", "b")],
                0,
            ),
        ),
        (
            "extreme magnitudes",
            table(
                &[
                    full(LARGEST, -LARGEST, "a", "a"),
                    full(-LARGEST, LARGEST, "b", "b"),
                    full(0, 1, "a", "b"),
                    full(1, 0, "b", "a"),
                    full(7, LARGEST, "a", "a"),
                ],
                18,
            ),
        ),
        (
            "extreme magnitudes without decimals",
            table(
                &[
                    full(LARGEST, LARGEST, "a", "a"),
                    full(LARGEST - 1, LARGEST, "b", "b"),
                    full(LARGEST, LARGEST - 1, "a", "b"),
                    full(LARGEST, 0, "b", "a"),
                ],
                0,
            ),
        ),
        (
            "smallest steps",
            table(
                &[full(0, 1, "a", "a"), full(0, 0, "b", "b"), full(1, 1, "a", "b"), full(1, 0, "b", "a")],
                18,
            ),
        ),
        ("weights that add up to nothing", table(&[full(1, 3, "a", "a"), full(2, -3, "b", "b")], 0)),
        ("negative weights", table(&[full(1, -3, "a", "a"), full(2, -3, "b", "b")], 0)),
    ];
    for (what, table) in &tables {
        for request in requests() {
            let ready = table.prepared(&request).unwrap();
            check(&ready.finish(&request).unwrap_or_else(|error| panic!("{what}, {request:?}: {error}")));
        }
    }
}

/// The first sentence that a request gets over a table.
fn sentence(table: &Table, request: Request) -> String {
    table.ask(&request).sentences[0].clone()
}

#[test]
fn sentences_say_what_is_wrong() {
    let full = |x: i64, y: i64, g, h| (Some(x), Some(y), g, h);
    let variance = || Request::Variance(Variance { column: 0, level: 950 });
    let anova = || Request::Anova(Anova { column: 0, by: 2 });
    let welch = || Request::TTest(TTest { column: 0, by: 2, categories: [0, 1], level: 950 });
    let weighted = || Request::WeightedMean(WeightedMean { column: 0, weight: 1 });
    let none = table(&[], 0);
    let one = table(&[full(3, 4, "a", "b")], 2);
    let constant =
        table(&[full(5, 5, "a", "a"), full(5, 5, "b", "b"), full(5, 5, "a", "b"), full(5, 5, "b", "a")], 0);
    let parted =
        table(&[full(1, 0, "a", "a"), full(1, 0, "a", "a"), full(4, 0, "b", "b"), full(4, 0, "b", "b")], 0);
    for (expected, actual) in [
        ("“x” has no mean and no variance: no cell has a value.", sentence(&none, variance())),
        ("“x” has one value, 0.03: how values vary can be told from two on.", sentence(&one, variance())),
        (
            "All 4 values of “x” are 5: they do not vary, and an interval says nothing.",
            sentence(&constant, variance()),
        ),
        ("The means of “x” cannot be compared: no group of “g” has rows.", sentence(&none, anova())),
        ("The means of “x” cannot be compared: only one group of “g” has rows.", sentence(&one, anova())),
        ("“x” does not vary: all 4 rows are the same.", sentence(&constant, anova())),
        (
            "“x” does not vary within any group of “g”, only between them (4 rows).",
            sentence(&parted, anova()),
        ),
        (
            "The means of “x” cannot be compared: “a” has 1 row, and each group needs at least two.",
            sentence(&one, welch()),
        ),
        (
            "The means of “x” cannot be tested: it varies neither in “a” nor in “b”.",
            sentence(&constant, welch()),
        ),
        ("“x” has no weighted mean: the weights “y” add up to 0.", sentence(&parted, weighted())),
        (
            "“g” or “h” has one category only in the 1 row with both: nothing can be compared.",
            sentence(&one, Request::Contingency(Contingency { columns: [2, 3] })),
        ),
        (
            "“x” and “y” have no correlation: one of them does not vary in the 4 rows with both.",
            sentence(&constant, Request::Correlation(Correlation { columns: vec![0, 1] })),
        ),
    ] {
        assert_eq!(actual, expected);
    }
}

#[test]
fn constant_columns_of_the_pancreatitis_table_are_named_and_left_out() {
    let table = fixture("pancreatitis");
    let answer = table.ask(&Request::Regression(Regression {
        y: table.position("LOS"),
        xs: ["AP", "sex", "age", "female", "mi0", "chf0"].map(|name| table.position(name)).to_vec(),
        categories: vec![],
        ridge: String::new(),
        standardised: false,
        level: 950,
    }));
    for column in ["AP", "sex", "female"] {
        assert!(answer.sentences.contains(&format!("“{column}” is constant and was left out.")));
        assert_eq!(value(&answer, &format!("coefficient/{column}/estimate")), None);
    }
    let estimate = figure(&answer, "coefficient/age/estimate").unwrap();
    assert!((estimate - -0.059_519_665_854_507_436).abs() < 1e-15);
}

#[test]
fn a_combination_of_columns_is_named_with_its_factors() {
    let rows = [(1, 2, 9), (2, 5, 7), (3, 1, 4), (4, 4, 1), (5, 9, 3)];
    let table = Table::new([
        ("a", Cells::Numbers(rows.iter().map(|row| Some(row.0)).collect(), 1)),
        ("b", Cells::numbers(rows.iter().map(|row| row.1))),
        ("y", Cells::numbers(rows.iter().map(|row| row.2))),
        // In units: c = 20·a − b/2 − 3.
        ("c", Cells::Numbers(rows.iter().map(|row| Some(20 * row.0 - 5 * row.1 - 30)).collect(), 1)),
    ]);
    let request = |ridge: &str| {
        Request::Regression(Regression {
            y: 2,
            xs: vec![0, 1, 3],
            categories: vec![],
            ridge: ridge.to_owned(),
            standardised: false,
            level: 950,
        })
    };
    let named = "“c” is a combination of “a” and “b” (“c” = 20·“a” − 0.5·“b” − 3)";
    let plain = table.ask(&request(""));
    assert!(plain.sentences.contains(&format!("{named} and was left out.")), "{:?}", plain.sentences);
    let ridge = table.ask(&request("0.1"));
    assert!(
        ridge.sentences.contains(&format!("{named}; they share what they explain.")),
        "{:?}",
        ridge.sentences
    );
    assert!(figure(&ridge, "coefficient/c/estimate").is_some());
    assert_eq!(value(&ridge, "coefficient/c/p"), None);
}

#[test]
fn names_are_quoted_as_they_are() {
    let hostile = "<img src=x onerror=alert(1)>";
    let table =
        Table::new([("=cmd()", Cells::numbers([1, 2, 4])), (hostile, Cells::words(["</b>", "{}", "</b>"]))]);
    let answer = table.ask(&Request::GroupBy(GroupBy { column: 0, by: vec![1] }));
    assert_eq!(
        answer.sentences[0],
        "The mean of “=cmd()” is highest for “</b>”, 2.5 (2 rows), and lowest for “{}”, 2 (1 row)."
    );
    assert_eq!(figure(&answer, "group/</b>/mean"), Some(2.5));
}

#[test]
fn totals_that_no_rows_can_have_are_refused() {
    let full = |x: i64, y: i64, g, h| (Some(x), Some(y), g, h);
    let table = table(
        &[
            full(1, 5, "a", "a"),
            full(2, 3, "b", "b"),
            full(4, 4, "a", "b"),
            full(9, 8, "b", "a"),
            (None, None, "", ""),
        ],
        0,
    );
    for request in requests() {
        let table = table.prepared(&request).unwrap();
        let schema = table.schema();
        let terms = request.terms(schema).unwrap();
        assert!(request.finish(schema, &table.totals(&terms)).is_ok());
        // Not a single total may be missing.
        for left_out in terms.iter().filter(|term| !term.is_one()) {
            let sums = terms.iter().filter(|term| *term != left_out);
            let sums: BTreeMap<_, _> = sums.map(|term| (term.clone(), BigInt::from(1))).collect();
            assert!(
                request.finish(schema, &Totals::new(5, sums)).is_err(),
                "{request:?} without {left_out:?}"
            );
        }
        // Whatever the others are: an answer of numbers, or an error, but no panic.
        let huge = BigInt::from(10).pow(400);
        for wrong in [huge.clone(), -huge, BigInt::from(-1), BigInt::from(6), BigInt::ZERO] {
            for at in 0..terms.len() {
                let sums = table.totals(&terms);
                let sums = terms.iter().enumerate().map(|(other, term)| {
                    (term.clone(), if other == at { wrong.clone() } else { sums.sum(term).unwrap() })
                });
                if let Ok(answer) = request.finish(schema, &Totals::new(5, sums.collect())) {
                    check(&answer);
                }
            }
        }
    }
}

/// Each of these totals can be, but not all of them together.
#[test]
fn totals_that_contradict_each_other_are_refused() {
    let full = |x: i64, y: i64, g, h| (Some(x), Some(y), g, h);
    let table = table(&[full(1, 5, "a", "a"), full(2, 3, "b", "b")], 0);
    let refused = |request: Request, sum: fn(&Term) -> i64| {
        let table = table.prepared(&request).unwrap();
        let terms = request.terms(table.schema()).unwrap();
        let sums = terms.into_iter().map(|term| (term.clone(), BigInt::from(sum(&term))));
        request.finish(table.schema(), &Totals::new(2, sums.collect())).unwrap_err().question
    };
    // Two rows whose squares add up to less than half of the squared sum.
    let variance = Request::Variance(Variance { column: 0, level: 950 });
    assert_eq!(refused(variance, |term| if term.degree() == 2 { 1 } else { 2 }), "“x”^2");
    // A covariance beyond the geometric mean of the variances.
    let correlation = Request::Correlation(Correlation { columns: vec![0, 1] });
    let beyond = |term: &Term| match (term.degree(), term.columns().len()) {
        (2, 1) => 1,
        (2, 2) => 2,
        _ => 0,
    };
    assert_eq!(refused(correlation, beyond), "“x” × “y”");
    // Two rows in each of four cells, of two rows.
    let contingency = Request::Contingency(Contingency { columns: [2, 3] });
    assert_eq!(refused(contingency, |_| 2), "“g” and “h”");
    let anova = Request::Anova(Anova { column: 0, by: 2 });
    assert!(refused(anova, |_| 2).contains("“x” by “g”"));
}

#[test]
fn values_outside_the_bins_leave_no_quantiles() {
    let mut table = Table::new([("x", Cells::numbers([1, 2, 30]))]);
    table.columns[0].binnings.push(veilsum_protocol::manifest::Binning { lower: 0, width: 1, count: 10 });
    let answer = table.ask(&Request::Quantiles(Quantiles { column: 0 }));
    assert_eq!(
        answer.sentences,
        ["1 of 3 values of “x” lie outside its bins, so that no quantile can be told."]
    );
    assert!(answer.refinements.is_empty());
    assert_eq!(value(&answer, "quantile/median"), None);
}

#[test]
fn a_column_of_text_is_no_number() {
    let table = Table::new([("g", Cells::words(["a", "b"]))]);
    let refused = table.prepared(&Request::Quantiles(Quantiles { column: 0 })).unwrap_err();
    assert_eq!(refused, PlanError::NoBins { column: "g".to_owned() });
}
