//! What must hold whatever the data is.

use num_bigint::BigInt;
use num_rational::Ratio;
use proptest::prelude::*;
use veilsum_analysis::Request;
use veilsum_analysis::answer::Answer;
use veilsum_analysis::catalogue::{
    Anova, Contingency, Correlation, GroupBy, Histogram, Quantiles, Regression, Sum, TTest, Variance,
};

use super::references::refine;
use super::support::{Cells, Table, figure, value};

/// A decimal as the fraction that it is.
fn exact(answer: &Answer, key: &str) -> Ratio<BigInt> {
    decimal(&value(answer, key).unwrap().exact)
}

fn decimal(text: &str) -> Ratio<BigInt> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().unwrap();
    Ratio::new(digits, BigInt::from(10).pow(u32::try_from(fraction.len()).unwrap()))
}

fn cells(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Option<i64>>> {
    prop::collection::vec(prop::option::weighted(0.9, -1_000_i64..1_000), count)
}

fn groups(count: usize) -> impl Strategy<Value = Vec<Option<String>>> {
    let word = prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned);
    prop::collection::vec(prop::option::weighted(0.9, word), count)
}

const fn variance(column: u32) -> Request {
    Request::Variance(Variance { column, level: 950 })
}

fn least_squares(y: u32, xs: Vec<u32>) -> Regression {
    Regression { y, xs, categories: vec![], ridge: String::new(), standardised: true, level: 950 }
}

proptest! {
    #[test]
    fn a_variance_does_not_care_where_zero_is(cells in cells(3..30), shift in -1_000_000_000_i64..1_000_000_000) {
        let moved = cells.iter().map(|cell| cell.map(|cell| cell + shift)).collect();
        let [first, second] = [cells, moved].map(|cells| {
            Table::new([("x", Cells::Numbers(cells, 2))]).ask(&variance(0))
        });
        for key in ["variance/sample", "variance/population", "sd/sample", "standard-error"] {
            prop_assert_eq!(value(&first, key), value(&second, key));
        }
    }

    #[test]
    fn a_variance_grows_with_the_square_of_the_unit(cells in cells(3..30), scale in 0_u32..19) {
        let plain = Table::new([("x", Cells::Numbers(cells.clone(), 0))]).ask(&variance(0));
        let scaled = Table::new([("x", Cells::Numbers(cells, scale))]).ask(&variance(0));
        let factor = 10_f64.powi(2 * i32::try_from(scale).unwrap());
        let [plain, scaled] = [plain, scaled].map(|answer| figure(&answer, "variance/population"));
        if let (Some(plain), Some(scaled)) = (plain, scaled) {
            prop_assert!((scaled * factor - plain).abs() <= plain * 1e-14);
        }
    }

    #[test]
    fn groups_add_up_to_the_whole(cells in prop::collection::vec(-1_000_i64..1_000, 20), groups in groups(20)) {
        let kept: Vec<Option<i64>> =
            cells.iter().zip(&groups).map(|(&cell, group)| group.as_ref().map(|_| cell)).collect();
        prop_assume!(groups.iter().flatten().count() > 0);
        let table = Table::new([
            ("x", Cells::Numbers(cells.into_iter().map(Some).collect(), 1)),
            ("by", Cells::Words(groups)),
            ("kept", Cells::Numbers(kept, 1)),
        ]);
        let answer = table.ask(&Request::GroupBy(GroupBy { column: 0, by: vec![1] }));
        let total = table.ask(&Request::Sum(Sum { column: 2 }));
        let of_groups = |part: &str| {
            answer.figures.iter().filter(|figure| figure.key.ends_with(part)).map(|figure| figure.key.clone())
        };
        let sum: Ratio<BigInt> = of_groups("/sum").map(|key| exact(&answer, &key)).sum();
        prop_assert_eq!(sum, exact(&total, "sum"));
        let count: f64 = of_groups("/count").map(|key| figure(&answer, &key).unwrap()).sum();
        prop_assert_eq!(count as u64, answer.row_count);
    }

    #[test]
    fn sums_of_squares_between_and_within_are_the_total(
        cells in prop::collection::vec(-1_000_i64..1_000, 20),
        groups in groups(20),
    ) {
        prop_assume!(groups.iter().flatten().count() > 0);
        let kept = cells.iter().zip(&groups).map(|(&cell, group)| group.as_ref().map(|_| cell)).collect();
        let table = Table::new([
            ("x", Cells::numbers(cells)),
            ("by", Cells::Words(groups)),
            ("kept", Cells::Numbers(kept, 0)),
        ]);
        let answer = table.ask(&Request::Anova(Anova { column: 0, by: 1 }));
        let whole = table.ask(&variance(2));
        let rows = figure(&whole, "count").unwrap();
        let expected = figure(&whole, "variance/population").unwrap() * rows;
        let sum = figure(&answer, "sum-of-squares/between").unwrap()
            + figure(&answer, "sum-of-squares/within").unwrap();
        prop_assert!((sum - expected).abs() <= expected * 1e-13);
        // Rounded once, so it is next to the exact total.
        let total = figure(&answer, "sum-of-squares/total").unwrap();
        prop_assert!((total - expected).abs() <= expected * 1e-15);
    }

    #[test]
    fn two_groups_of_one_variance_have_the_same_t_by_welch_and_by_anova(
        cells in prop::collection::vec(-1_000_i64..1_000, 10),
        shift in -1_000_i64..1_000,
    ) {
        // The second group is the first, moved: both tests then have F = t².
        prop_assume!(cells.iter().any(|cell| *cell != cells[0]));
        let both = cells.iter().copied().chain(cells.iter().map(|cell| cell + shift));
        let by = ["a"; 10].into_iter().chain(["b"; 10]);
        let table = Table::new([("x", Cells::numbers(both)), ("by", Cells::words(by))]);
        let welch = table.ask(&Request::TTest(TTest { column: 0, by: 1, categories: [0, 1], level: 950 }));
        let anova = table.ask(&Request::Anova(Anova { column: 0, by: 1 }));
        let (t, f) = (figure(&welch, "t").unwrap(), figure(&anova, "f").unwrap());
        prop_assert!((t * t - f).abs() <= f * 1e-14);
        let (p, q) = (figure(&welch, "p").unwrap(), figure(&anova, "p").unwrap());
        prop_assert!((p - q).abs() <= p * 1e-12);
        prop_assert_eq!(figure(&welch, "difference").unwrap(), -shift as f64);
    }

    #[test]
    fn residuals_are_orthogonal_to_every_column(
        rows in prop::collection::vec((-20_i64..20, -20_i64..20, -100_i64..100), 5..20),
    ) {
        let column = |pick: fn(&(i64, i64, i64)) -> i64| Cells::numbers(rows.iter().map(pick));
        let table = Table::new([("a", column(|row| row.0)), ("b", column(|row| row.1)), ("y", column(|row| row.2))]);
        let answer = table.ask(&Request::Regression(least_squares(2, vec![0, 1])));
        let estimate = |key: &str| {
            value(&answer, key).map_or_else(|| Ratio::from_integer(0.into()), |value| decimal(&value.exact))
        };
        let [c, a, b] = ["intercept/estimate", "coefficient/a/estimate", "coefficient/b/estimate"].map(estimate);
        let whole = |value: i64| Ratio::from_integer(BigInt::from(value));
        let residual = |row: &(i64, i64, i64)| whole(row.2) - &c - &a * whole(row.0) - &b * whole(row.1);
        // 17 digits of numbers below 10^5, times cells below 20, of fewer than 20 rows.
        let small = Ratio::new(1.into(), BigInt::from(10).pow(8));
        for weight in [|_: &(i64, i64, i64)| 1, |row: &(i64, i64, i64)| row.0, |row: &(i64, i64, i64)| row.1] {
            let sum: Ratio<BigInt> = rows.iter().map(|row| residual(row) * whole(weight(row))).sum();
            prop_assert!(sum < small && -sum < small);
        }
    }

    #[test]
    fn one_column_explains_the_square_of_its_correlation(
        rows in prop::collection::vec((-50_i64..50, -50_i64..50), 4..20),
    ) {
        let table = Table::new([
            ("x", Cells::numbers(rows.iter().map(|row| row.0))),
            ("y", Cells::numbers(rows.iter().map(|row| row.1))),
        ]);
        let fit = table.ask(&Request::Regression(least_squares(1, vec![0])));
        let correlation = table.ask(&Request::Correlation(Correlation { columns: vec![0, 1] }));
        if let (Some(r), Some(r_squared)) = (figure(&correlation, "correlation/x/y"), figure(&fit, "r-squared")) {
            prop_assert!((r * r - r_squared).abs() < 1e-14);
            prop_assert!((figure(&fit, "coefficient/x/standardised").unwrap() - r).abs() < 1e-14);
        }
        if let (Some(p), Some(q)) = (figure(&correlation, "p/x/y"), figure(&fit, "coefficient/x/p")) {
            prop_assert!((p - q).abs() <= p * 1e-12);
            prop_assert!((p - figure(&fit, "f/p").unwrap()).abs() <= p * 1e-12);
        }
    }

    #[test]
    fn a_copy_of_a_column_changes_nothing_but_is_named(
        rows in prop::collection::vec((-50_i64..50, -50_i64..50), 4..12),
        factor in 1_i64..5,
    ) {
        let copied = rows.iter().map(|row| row.0 * factor + 3);
        let table = Table::new([
            ("x", Cells::numbers(rows.iter().map(|row| row.0))),
            ("y", Cells::numbers(rows.iter().map(|row| row.1))),
            ("copy", Cells::numbers(copied)),
        ]);
        prop_assume!(rows.iter().any(|row| row.0 != rows[0].0));
        prop_assume!(rows.iter().any(|row| row.1 != rows[0].1));
        let plain = table.ask(&Request::Regression(least_squares(1, vec![0])));
        let doubled = table.ask(&Request::Regression(least_squares(1, vec![0, 2])));
        for key in ["intercept/estimate", "coefficient/x/estimate", "coefficient/x/p", "r-squared", "f", "rank"] {
            prop_assert_eq!(value(&plain, key), value(&doubled, key));
        }
        prop_assert_eq!(value(&doubled, "coefficient/copy/estimate"), None);
        let times = if factor == 1 { String::new() } else { format!("{factor}·") };
        let named = format!("“copy” repeats “x” (“copy” = {times}“x” + 3) and was left out.");
        prop_assert!(doubled.sentences.contains(&named), "{:?}", doubled.sentences);
    }

    #[test]
    fn refined_quantiles_are_those_of_the_sorted_values(
        cells in prop::collection::vec(prop::option::weighted(0.9, -5_000_000_i64..5_000_000), 1..60),
        spread in 0_u32..6,
    ) {
        let cells: Vec<Option<i64>> =
            cells.into_iter().map(|cell| cell.map(|cell| cell >> (4 * spread))).collect();
        let mut sorted: Vec<i64> = cells.iter().flatten().copied().collect();
        prop_assume!(!sorted.is_empty());
        sorted.sort_unstable();
        let table = Table::new([("x", Cells::Numbers(cells, 1))]);
        let request = Request::Quantiles(Quantiles { column: 0 });
        // The first answer is off by no more than it says.
        let first = table.ask(&request);
        let exactly = refine(&table, &request);
        for (key, quarters) in [
            ("quantile/minimum", 0),
            ("quantile/q1", 1),
            ("quantile/median", 2),
            ("quantile/q3", 3),
            ("quantile/maximum", 4),
        ] {
            // numpy's default: h = (n − 1)·p.
            let rank = (sorted.len() - 1) * quarters;
            let (low, way) = (sorted[rank / 4], BigInt::from(rank % 4));
            let high = sorted[(rank / 4 + 1).min(sorted.len() - 1)];
            let expected =
                Ratio::new(BigInt::from(low) * 4 + (BigInt::from(high) - low) * way, BigInt::from(40));
            prop_assert_eq!(&exact(&exactly, key), &expected);
            prop_assert_eq!(value(&exactly, key).unwrap().error.as_str(), "");
            let rough = value(&first, key).unwrap();
            let error = rough.error.strip_prefix("off by at most ").and_then(|rest| rest.split(',').next());
            let error = error.map_or_else(|| Ratio::from_integer(0.into()), decimal);
            let difference = decimal(&rough.exact) - expected;
            // The error is shown with six digits.
            let error = &error + &error / BigInt::from(100_000);
            prop_assert!(difference <= error && -difference <= error, "{}", rough.error);
        }
    }

    #[test]
    fn bars_and_cells_add_up_to_the_rows(cells in cells(1..40), words in groups(40), others in groups(40)) {
        prop_assume!(cells.iter().flatten().count() > 0);
        let (words, others) = (words[..cells.len()].to_vec(), others[..cells.len()].to_vec());
        prop_assume!(words.iter().flatten().count() > 0 && others.iter().flatten().count() > 0);
        let both = words.iter().zip(&others).filter(|(a, b)| a.is_some() && b.is_some()).count();
        let there = cells.iter().flatten().count();
        let table = Table::new([
            ("x", Cells::Numbers(cells, 0)),
            ("a", Cells::Words(words)),
            ("b", Cells::Words(others)),
        ]);
        let total = |answer: &Answer, prefix: &str| -> f64 {
            let of = answer.figures.iter().filter(|figure| figure.key.starts_with(prefix));
            of.map(|figure| figure.value.as_ref().unwrap().float).sum()
        };
        let histogram = table.ask(&Request::Histogram(Histogram { column: 0, by_category: false }));
        prop_assert_eq!(total(&histogram, "bin/") as usize, there);
        prop_assert_eq!(figure(&histogram, "outside"), Some(0.0));
        let contingency = table.ask(&Request::Contingency(Contingency { columns: [1, 2] }));
        prop_assert_eq!(total(&contingency, "count/") as usize, both);
        prop_assert!((total(&contingency, "expected/") - both as f64).abs() < 1e-9);
    }
}
