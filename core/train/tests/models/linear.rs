use veilsum_train::data::Features;
use veilsum_train::linear;
use veilsum_train::standardise::Standardisation;

use crate::support::{Table, distance, golden, numbers, references};

#[test]
fn diabetes_has_the_golden_coefficients() {
    let table = Table::named("diabetes.csv");
    let model = linear::fit(&table.features, &table.values(), 0.0).unwrap();
    let expected = &golden()["diabetes"]["linear_progression_on_all"];
    for (name, coefficient) in table.features.names().iter().zip(&model.coefficients) {
        let golden = expected["coefficients"][name].as_f64().unwrap();
        assert!((coefficient - golden).abs() < 1e-9, "{name}: {coefficient} is not {golden}");
    }
    assert!((model.intercept - expected["intercept"].as_f64().unwrap()).abs() < 1e-9);
}

#[test]
fn standardised_columns_give_the_same_model() {
    let table = Table::named("diabetes.csv");
    let standardisation = Standardisation::fit(&table.features).unwrap();
    let standardised = standardisation.apply(&table.features).unwrap();
    let model = linear::fit(&standardised, &table.values(), 0.0).unwrap().unstandardised(&standardisation);
    let direct = linear::fit(&table.features, &table.values(), 0.0).unwrap();
    assert!(distance(&model.coefficients, &direct.coefficients) < 1e-10);
    assert!((model.intercept - direct.intercept).abs() < 1e-9);
}

#[test]
fn ridge_is_that_of_scikit_learn() {
    let table = Table::named("diabetes.csv");
    for case in references()["ridge"].as_array().unwrap() {
        let model = linear::fit(&table.features, &table.values(), case["alpha"].as_f64().unwrap()).unwrap();
        assert!(distance(&model.coefficients, &numbers(&case["coefficients"])) < 1e-9);
        assert!((model.intercept - case["intercept"].as_f64().unwrap()).abs() < 1e-8);
    }
}

#[test]
fn longley_keeps_nine_digits_of_the_certified_ones() {
    // NIST StRD, Longley: the table on which normal equations lose half of the digits.
    let certified = [
        15.061_872_271_373_3,
        -0.035_819_179_292_591_0,
        -2.020_229_803_816_83,
        -1.033_226_867_173_59,
        -0.051_104_105_653_580_7,
        1_829.151_464_613_55,
    ];
    let (features, target) = longley();
    let model = linear::fit(&features, &target, 0.0).unwrap();
    for (coefficient, certified) in model.coefficients.iter().zip(certified) {
        assert!(((coefficient - certified) / certified).abs() < 1e-9, "{coefficient} is not {certified}");
    }
    assert!(((model.intercept + 3_482_258.634_595_82) / 3_482_258.634_595_82).abs() < 1e-9);
}

fn longley() -> (Features, Vec<f64>) {
    let text = include_str!("../../../analysis/tests/fixtures/nist/longley.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names: Vec<String> = reader.headers().expect("test data").iter().map(str::to_owned).collect();
    let (mut values, mut target) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let cells: Vec<f64> =
            record.expect("test data").iter().map(|cell| cell.parse().expect("test data")).collect();
        target.push(cells[0]);
        values.extend(&cells[1..]);
    }
    (Features::new(names[1..].to_vec(), values).expect("test data"), target)
}
