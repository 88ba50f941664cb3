//! Holding the page's answers against what the stories work out themselves.

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::exact::{Decimal, Table, is_nearest_float};
use crate::product;
use crate::screens::dataset::{Answer, answer};

/// Checks sum, mean and count of every column of a CSV text, exactly.
///
/// # Errors
/// One differs; the message names it.
pub fn check_exactly(answers: &[Answer], text: &str) -> anyhow::Result<()> {
    let table = Table::read(text)?;
    for (index, column) in table.header.iter().enumerate() {
        let (count, sum) = table.column(index)?;
        let given = |kind| answer(answers, kind, column);
        ensure!(given("sum")?.decimal()? == sum, "the sum of {column} is {}", given("sum")?.exact);
        ensure!(
            given("count")?.exact == count.to_string(),
            "the count of {column} is {}",
            given("count")?.exact
        );
        let mean = given("mean")?;
        ensure!(mean.decimal()?.is_mean(&sum, count), "the mean of {column} is {}", mean.exact);
        // Against the exact quotient: the text of a mean is rounded already, and rounding twice may miss.
        for (answer, count) in [(given("sum")?, 1), (mean, count)] {
            ensure!(
                is_nearest_float(answer.float.parse()?, &sum, count)?,
                "the float of {answer:?} is not the nearest one"
            );
        }
    }
    ensure!(answers.len() == 3 * table.header.len(), "there are {} answers", answers.len());
    Ok(())
}

/// Checks that the page put the same numbers beside every answer, worked out from the cleartext.
///
/// # Errors
/// One differs.
pub fn check_twins(answers: &[Answer]) -> anyhow::Result<()> {
    for answer in answers {
        ensure!(answer.verdict.as_deref() == Some("equal"), "the page says of {answer:?} that it differs");
        let twin = answer.twin.as_deref().context("an answer without its twin")?;
        ensure!(Decimal::parse(twin)? == answer.decimal()?, "the twin of {answer:?} differs");
    }
    Ok(())
}

/// Checks every float against the reference statistics of `golden.json`, to 1e-12 of its size.
///
/// # Errors
/// One differs; the message names it.
pub fn check_golden(answers: &[Answer], table: &str) -> anyhow::Result<()> {
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(product::fixture("golden.json"))?)?;
    let columns = golden[table]["columns"].as_object().context("golden.json does not know this table")?;
    ensure!(!columns.is_empty(), "golden.json knows no column of {table}");
    for (column, statistics) in columns {
        for (kind, name) in [("sum", "sum"), ("mean", "mean"), ("count", "n")] {
            let expected = statistics[name].as_f64().context("a statistic that is no number")?;
            let actual: f64 = answer(answers, kind, column)?.float.parse()?;
            let difference = (actual - expected).abs();
            ensure!(
                difference <= 1e-12 * expected.abs(),
                "the {kind} of {column} is {actual}, not {expected}"
            );
        }
    }
    Ok(())
}
