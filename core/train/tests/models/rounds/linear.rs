use veilsum_train::data::Features;
use veilsum_train::rounds::RoundError;
use veilsum_train::rounds::linear::{contribution, solve};

use super::{TERMS, owners, standardised, total};
use crate::support::{Table, distance, features, numbers, references};

/// The table's features, and its target as the last column.
fn with_target(table: &Table, target: &[f64]) -> Features {
    let names = table.features.names().iter().cloned().chain(["target".to_owned()]).collect();
    let rows = table.features.rows().zip(target);
    let values = rows.flat_map(|(row, target)| row.iter().copied().chain([*target]));
    Features::new(names, values.collect()).expect("test data")
}

#[test]
fn three_owners_get_the_least_squares_and_ridge_fits_of_all_rows() {
    let table = Table::named("diabetes.csv");
    let columns = with_target(&table, &table.values());
    let (parts, pooled) = standardised(&columns, &owners(442));
    let total = total(&parts, |_, part| contribution(part, &TERMS));
    assert_eq!(total.slots.len(), 2 + 66);
    let fit = solve(&total, 11, 0.0, &TERMS).unwrap();
    let model = fit.model(&pooled).unwrap();
    let direct = veilsum_train::linear::fit(&table.features, &table.values(), 0.0).unwrap();
    let largest = direct.coefficients.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    assert!(distance(&model.coefficients, &direct.coefficients) < 1e-9 * largest);
    assert!((model.intercept - direct.intercept).abs() < 1e-7 * direct.intercept.abs());
    assert!((fit.r_squared - 0.5177).abs() < 1e-4, "{}", fit.r_squared);
    // A penalty is on standardised columns; weights stand in deviations of the target.
    for case in references()["linear_standardised_ridge"].as_array().unwrap() {
        let fit = solve(&total, 11, case["alpha"].as_f64().unwrap(), &TERMS).unwrap();
        let model = fit.model(&pooled).unwrap();
        let expected = numbers(&case["coefficients"]);
        assert!(distance(&model.coefficients, &expected) < 1e-8, "{:?}", model.coefficients);
        assert!((model.intercept - case["intercept"].as_f64().unwrap()).abs() < 1e-7);
    }
}

#[test]
fn columns_that_follow_from_others_are_named_unless_there_is_a_penalty() {
    let rows = (0..30_u16).flat_map(|row| {
        let (a, b) = (f64::from(row) - 14.5, f64::from(row * row % 7) - 3.0);
        [a, b, a - b, a + 0.5 * b]
    });
    let columns = features(4, &rows.collect::<Vec<_>>());
    let (parts, _) = standardised(&columns, &[0..10, 10..20, 20..30].map(Iterator::collect));
    let total = total(&parts, |_, part| contribution(part, &TERMS));
    assert_eq!(solve(&total, 4, 0.0, &TERMS), Err(RoundError::Collinear { column: 2 }));
    assert!(solve(&total, 4, 1.0, &TERMS).unwrap().weights.iter().all(|weight| weight.is_finite()));
    assert!(matches!(solve(&total, 4, -1.0, &TERMS), Err(RoundError::Choice { .. })));
    assert_eq!(solve(&total, 3, 0.0, &TERMS), Err(RoundError::WrongShape { expected: 8, actual: 12 }));
    assert!(matches!(solve(&total, 1, 0.0, &TERMS), Err(RoundError::Choice { .. })));
}
