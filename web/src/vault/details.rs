//! What a closer look at a column found, in words for its card.

use veilsum_table::Found;
use veilsum_table::survey::{ColumnSurvey, Histogram, Numbers, Survey};
use veilsum_table::types::ColumnType;

use crate::messages::{Bars, ColumnDetails};

/// Characters of a cell that the page shows beside a bar.
const SHOWN_CHARACTERS: usize = 40;
/// Quantiles that are shown, in thousandths.
const QUANTILES: [(u16, &str); 5] = [
    (50, "5 % are at most"),
    (250, "A quarter is at most"),
    (500, "Median"),
    (750, "Three quarters are at most"),
    (950, "95 % are at most"),
];

/// A type as it is written down; [`ColumnType`] itself has no form without names.
pub(super) fn code(column_type: &ColumnType) -> String {
    // Never fails for this type.
    serde_json::to_string(column_type).unwrap_or_default()
}

/// Every type that can be chosen, written down and in words.
pub(super) fn type_choices(types: &[Found<ColumnType>]) -> Vec<(String, String)> {
    let currency = types.iter().find_map(|found| {
        if let ColumnType::Money { currency, .. } = &found.value { Some(currency.as_str()) } else { None }
    });
    let choices = ColumnType::choices(currency.unwrap_or("$"));
    choices.iter().map(|choice| (code(choice), choice.in_words())).collect()
}

/// The details of each column; without a survey only its type.
pub(super) fn of_columns(types: &[Found<ColumnType>], survey: Option<&Survey>) -> Vec<ColumnDetails> {
    let surveyed = |at: usize| survey.and_then(|survey| survey.columns.get(at));
    types.iter().enumerate().map(|(at, found)| of_column(found, surveyed(at))).collect()
}

fn of_column(found: &Found<ColumnType>, survey: Option<&ColumnSurvey>) -> ColumnDetails {
    ColumnDetails {
        column_type: code(&found.value),
        type_in_words: found.value.in_words(),
        type_reason: found.reason.clone(),
        is_doubtful: found.is_doubtful,
        warnings: survey
            .map(|survey| survey.warnings.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        facts: survey.map(facts).unwrap_or_default(),
        charts: survey.map(charts).unwrap_or_default(),
    }
}

fn facts(survey: &ColumnSurvey) -> Vec<(String, String)> {
    let distinct = &survey.distinct;
    let different = match distinct.approximate {
        None => distinct.count.to_string(),
        Some([low, high]) => format!("about {} ({low} to {high})", distinct.count),
    };
    let mut facts = vec![("Different".to_owned(), different)];
    let Some(numbers) = &survey.numbers else { return facts };
    let about = if numbers.is_approximate { "about " } else { "" };
    for (per_thousand, name) in QUANTILES {
        let quantile = numbers.quantiles.iter().find(|quantile| quantile.per_thousand == per_thousand);
        facts.extend(quantile.map(|quantile| (name.to_owned(), format!("{about}{}", short(quantile.value)))));
    }
    facts
}

fn charts(survey: &ColumnSurvey) -> Vec<Bars> {
    let mut charts: Vec<Bars> = survey.numbers.iter().map(histogram).collect();
    let frequent = &survey.most_frequent;
    // Where every cell is another, none is frequent.
    if frequent.cells.first().is_some_and(|cell| cell.count > 1) {
        let title = match frequent.error {
            0 => "Most frequent".to_owned(),
            error => format!("Most frequent (each at most {error} more)"),
        };
        let bars = frequent.cells.iter().map(|cell| (shown(&cell.text), cell.count)).collect();
        charts.push(Bars { title, bars });
    }
    charts
}

fn histogram(numbers: &Numbers) -> Bars {
    let Histogram { start, width, counts } = &numbers.histogram;
    let edges = counts.iter().scan(*start, |edge, count| {
        let low = *edge;
        *edge += width;
        Some((low, *edge, *count))
    });
    let bars = edges.map(|(low, high, count)| (format!("{} to {}", short(low), short(high)), count));
    let title = if numbers.is_approximate { "Spread (approximate)" } else { "Spread" };
    Bars { title: title.to_owned(), bars: bars.collect() }
}

/// A number with about six digits.
fn short(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 100_000.0 => 0,
        large if large >= 100.0 => 2,
        large if large >= 1.0 => 4,
        _ => 6,
    };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn shown(cell: &str) -> String {
    match cell.char_indices().nth(SHOWN_CHARACTERS) {
        None => cell.to_owned(),
        Some((end, _)) => format!("{}…", &cell[..end]),
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn numbers_are_shown_without_needless_digits() {
        assert_eq!(short(0.0), "0");
        assert_eq!(short(-0.000_000_01), "0");
        assert_eq!(short(4.5), "4.5");
        assert_eq!(short(1_234.567_8), "1234.57");
        assert_eq!(short(1_234_567.8), "1234568");
    }

    #[test]
    fn every_type_that_can_be_chosen_is_read_back() {
        for (code, words) in type_choices(&[]) {
            let read: ColumnType = serde_json::from_str(&code).unwrap();
            assert_eq!(read.in_words(), words);
        }
    }
}
