//! Steps and what they did, in sentences.

use veilsum_prepare::step::bin::{Edges, Label};
use veilsum_prepare::step::filter::{Condition, Matching, Test};
use veilsum_prepare::step::impute::Filling;
use veilsum_prepare::step::outliers::{Action, Method};
use veilsum_prepare::step::release::Model;
use veilsum_prepare::step::scale::Scaling;
use veilsum_prepare::step::transform::Function;
use veilsum_prepare::{Step, StepReport};

use crate::ui::chart::scale::short;
use crate::ui::words::{count, counted};

/// Columns that are named before the others are only counted.
const NAMED_COLUMNS: usize = 4;

/// What a step is told to do.
pub(super) fn of_step(step: &Step) -> String {
    match step {
        Step::Impute(step) => {
            let with = match &step.filling {
                Filling::Mean => "the mean".to_owned(),
                Filling::Median => "the median".to_owned(),
                Filling::MostFrequent => "the most frequent cell".to_owned(),
                Filling::Constant { value } => format!("“{value}”"),
                Filling::Nearest { k, .. } => format!("the mean of the {k} nearest rows"),
            };
            format!("Fill blanks of {} with {with}", columns(&step.columns))
        }
        Step::Outliers(step) => {
            let what = match step.method {
                Method::ZScore { threshold } => {
                    format!("values more than {} standard deviations from the mean", short(threshold))
                }
                Method::InterquartileRange { factor } => {
                    format!("values more than {} interquartile ranges beyond the quartiles", short(factor))
                }
                Method::IsolationForest { .. } => "rows that an isolation forest finds".to_owned(),
                Method::LocalOutlierFactor { .. } => "rows by their local outlier factor".to_owned(),
            };
            let verb = match step.action {
                Action::Keep => "List",
                Action::Cap => "Cap",
                Action::Drop => "Drop",
            };
            format!("{verb} {what}, in {}", columns(&step.columns))
        }
        Step::Scale(step) => {
            let how = match step.method {
                Scaling::Standard => "to mean 0 and standard deviation 1".to_owned(),
                Scaling::MinMax { low, high } => format!("to {} … {}", short(low), short(high)),
                Scaling::Robust => "to median 0 and interquartile range 1".to_owned(),
            };
            format!("Scale {} {how}", columns(&step.columns))
        }
        Step::Transform(step) => format!("{} of {}", function(step.function), columns(&step.columns)),
        Step::OneHot(step) => format!("Split {} into a column per category", columns(&step.columns)),
        Step::Bin(step) => {
            let how = match &step.edges {
                Edges::EqualWidth { bins } => format!("{bins} equally wide bins"),
                Edges::EqualCount { bins } => format!("{bins} bins with equally many rows"),
                Edges::Given { edges } => format!("{} bins with given edges", edges.len().saturating_sub(1)),
            };
            let label = if step.label == Label::Number { ", numbered" } else { "" };
            format!("Put {} into {how}{label}", columns(&step.columns))
        }
        Step::Filter(step) => {
            let verb = if step.matching == Matching::Keep { "Keep" } else { "Drop" };
            let conditions: Vec<String> = step.conditions.iter().map(condition).collect();
            format!("{verb} rows where {}", conditions.join(" and "))
        }
        Step::DropColumns(step) => format!("Leave out {}", columns(&step.columns)),
        Step::Split(step) => format!(
            "Split into training and test: {} % test rows, seed {}",
            short(step.test_share * 100.0),
            step.seed
        ),
        Step::Smote(step) => {
            let name = if step.categories.is_empty() { "SMOTE" } else { "SMOTE-NC" };
            format!(
                "Balance the classes of “{}” by {name}, {} neighbours, seed {}",
                step.class, step.k, step.seed
            )
        }
        Step::Pseudonymise(step) => {
            let names: Vec<String> = step.columns.iter().map(|treated| treated.column.clone()).collect();
            format!("Replace {} by pseudonyms of the study “{}”", columns(&names), step.study)
        }
        Step::Release(step) => {
            let names: Vec<String> =
                step.quasi_identifiers.iter().map(|quasi| quasi.column.clone()).collect();
            let models: Vec<String> = step.models.iter().map(model).collect();
            format!("Generalise {} until {}", columns(&names), models.join(" and "))
        }
    }
}

/// What a step did.
pub(super) fn of_report(report: &StepReport) -> String {
    let mut parts = Vec::new();
    if report.rows_in != report.rows_out {
        parts.push(format!("{} → {} rows", count(report.rows_in), count(report.rows_out)));
    }
    if report.cells_changed > 0 {
        parts.push(format!("{} changed", counted(report.cells_changed, "cell")));
    }
    if report.flagged.total > 0 {
        parts.push(format!("{} flagged", count(report.flagged.total)));
    }
    if let Some(split) = &report.parts {
        parts.push(format!("{} training and {} test rows", count(split.train), count(split.test)));
    }
    let made = report.columns.iter().filter(|column| column.before.is_none()).count() as u64;
    if made > 0 {
        parts.push(format!("{} made", counted(made, "column")));
    }
    if parts.is_empty() { "Changed nothing".to_owned() } else { parts.join(" · ") }
}

/// Names, up to some.
pub(super) fn columns(names: &[String]) -> String {
    let named: Vec<String> = names.iter().take(NAMED_COLUMNS).map(|name| format!("“{name}”")).collect();
    match names.len().saturating_sub(NAMED_COLUMNS) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn function(function: Function) -> String {
    match function {
        Function::Log => "Natural logarithm".to_owned(),
        Function::Log10 => "Logarithm to base 10".to_owned(),
        Function::Log1p => "Logarithm of 1 + x".to_owned(),
        Function::SquareRoot => "Square root".to_owned(),
        Function::Square => "Square".to_owned(),
        Function::Reciprocal => "Reciprocal".to_owned(),
        Function::Absolute => "Absolute value".to_owned(),
        Function::Linear { factor, offset } => format!("{} · x + {}", short(factor), short(offset)),
        Function::Clip { low, high } => format!("Limits {} and {}", short(low), short(high)),
        Function::Round => "Rounding".to_owned(),
    }
}

fn condition(condition: &Condition) -> String {
    let column = &condition.column;
    match &condition.test {
        Test::Missing => format!("“{column}” is blank"),
        Test::Present => format!("“{column}” is not blank"),
        Test::OneOf { values } => format!("“{column}” is one of {}", values.join(", ")),
        Test::NoneOf { values } => format!("“{column}” is none of {}", values.join(", ")),
        Test::AtLeast { bound } => format!("“{column}” is at least {bound}"),
        Test::AtMost { bound } => format!("“{column}” is at most {bound}"),
        Test::Above { bound } => format!("“{column}” is above {bound}"),
        Test::Below { bound } => format!("“{column}” is below {bound}"),
    }
}

fn model(model: &Model) -> String {
    match model {
        Model::KAnonymity { k } => format!("every row is like at least {} others", k.saturating_sub(1)),
        Model::DistinctDiversity { column, l } => {
            format!("each class has {l} different values of “{column}”")
        }
        Model::EntropyDiversity { column, l } => {
            format!("“{column}” has an entropy of ln {} in each class", short(*l))
        }
        Model::RecursiveDiversity { column, c, l } => {
            format!("“{column}” is recursively ({}, {l})-diverse in each class", short(*c))
        }
        Model::Closeness { column, t, .. } => {
            format!("“{column}” is spread in each class as in the table, up to {}", short(*t))
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn many_columns_are_counted() {
        let names: Vec<String> = (0..6).map(|at| format!("c{at}")).collect();
        assert_eq!(columns(&names[..2]), "“c0”, “c1”");
        assert_eq!(columns(&names), "“c0”, “c1”, “c2”, “c3” and 2 more");
    }

    #[test]
    fn what_a_step_did_is_told_by_its_numbers() {
        let report =
            StepReport { rows_in: 1_200, rows_out: 1_150, cells_changed: 1, ..StepReport::default() };
        assert_eq!(of_report(&report), "1,200 → 1,150 rows · 1 cell changed");
        assert_eq!(of_report(&StepReport::default()), "Changed nothing");
    }
}
