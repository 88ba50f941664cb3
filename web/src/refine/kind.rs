//! The kinds of steps: what each asks for, and the step that is made of the answers.

use leptos::prelude::*;
use veilsum_prepare::Step;
use veilsum_prepare::step::bin::{Edges, Label};
use veilsum_prepare::step::filter::{Combine, Condition, Matching, Test};
use veilsum_prepare::step::impute::{Filling, Weights};
use veilsum_prepare::step::one_hot::{Missing, Unknown};
use veilsum_prepare::step::outliers::{Action, Cut, Method};
use veilsum_prepare::step::scale::Scaling;
use veilsum_prepare::step::transform::{Function, Undefined};
use veilsum_prepare::step::{
    Bin, DropColumns, Filter, Impute, OneHot, Outliers, Scale, Smote, Split, Transform,
};
use veilsum_table::profile::{ColumnProfile, Kind as Cells};

use super::form::{Field, Input, Values};
use crate::messages::TableView;

/// A kind of step. Pseudonyms and releases have a page of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Impute,
    Outliers,
    Filter,
    DropColumns,
    Scale,
    Transform,
    OneHot,
    Bin,
    Split,
    Smote,
}

/// A step that is being made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) values: RwSignal<Values>,
}

impl Kind {
    pub(super) const ALL: [Self; 10] = [
        Self::Impute,
        Self::Outliers,
        Self::Filter,
        Self::DropColumns,
        Self::Scale,
        Self::Transform,
        Self::OneHot,
        Self::Bin,
        Self::Split,
        Self::Smote,
    ];

    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Impute => "impute",
            Self::Outliers => "outliers",
            Self::Filter => "filter",
            Self::DropColumns => "drop-columns",
            Self::Scale => "scale",
            Self::Transform => "transform",
            Self::OneHot => "one-hot",
            Self::Bin => "bin",
            Self::Split => "split",
            Self::Smote => "smote",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Impute => "Fill blanks",
            Self::Outliers => "Find outliers",
            Self::Filter => "Filter rows",
            Self::DropColumns => "Leave columns out",
            Self::Scale => "Scale numbers",
            Self::Transform => "Transform numbers",
            Self::OneHot => "Split categories into columns",
            Self::Bin => "Put numbers into bins",
            Self::Split => "Split into training and test",
            Self::Smote => "Balance classes",
        }
    }

    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Impute => "Mean, median, most frequent, a constant, or the nearest rows",
            Self::Outliers => "z-score, quartiles, isolation forest or local factor; keep, cap or drop",
            Self::Filter => {
                "Keep or drop rows by what a cell holds; the sealed manifest keeps what you enter"
            }
            Self::DropColumns => "Their cells are not encrypted; the sealed manifest keeps their names",
            Self::Scale => "Standard, from 0 to 1, or robust",
            Self::Transform => "Logarithm, root, square, linear, limits",
            Self::OneHot => "A column of 1 and 0 for each category, which the sealed manifest lists",
            Self::Bin => "Equally wide, equally full, or your own edges",
            Self::Split => "Drawn from a seed; later steps learn from training rows only",
            Self::Smote => "SMOTE makes up training rows of small classes",
        }
    }

    /// What stands in the fields at first.
    pub(super) fn defaults(self) -> Values {
        let values = Values::default();
        match self {
            Self::Impute => {
                values.with("filling", "median").with("value", "0").with("k", "5").with("weights", "uniform")
            }
            Self::Outliers => values
                .with("method", "interquartile-range")
                .with("threshold", "3")
                .with("factor", "1.5")
                .with("trees", "100")
                .with("sample", "256")
                .with("neighbours", "20")
                .with("share", "0.02")
                .with("seed", "1")
                .with("action", "keep"),
            Self::Filter => values.with("matching", "drop").with("test", "missing"),
            Self::DropColumns => values,
            Self::Scale => values.with("method", "standard").with("low", "0").with("high", "1"),
            Self::Transform => values
                .with("function", "log")
                .with("factor", "1")
                .with("offset", "0")
                .with("low", "0")
                .with("high", "100")
                .with("undefined", "refuse"),
            Self::OneHot => values
                .with("most", "20")
                .with("drop-first", "no")
                .with("missing", "blank")
                .with("unknown", "zeros"),
            Self::Bin => values.with("edges", "equal-width").with("bins", "5").with("label", "interval"),
            Self::Split => values.with("column", "part").with("share", "0.2").with("seed", "1"),
            Self::Smote => values.with("k", "5").with("share", "1").with("seed", "1"),
        }
    }

    /// The fields for what was entered so far.
    pub(super) fn fields(self, values: &Values, table: &TableView) -> Vec<Field> {
        let columns = || Field::new("columns", "Columns", Input::Columns(names(table, |_| true)));
        let numbers = || Field::new("columns", "Columns of numbers", Input::Columns(names(table, is_number)));
        let decimals = || {
            Field::new("decimals", "Decimals", Input::Number)
                .hint("Of what is written, at most 15. Blank for as many as the numbers need.")
        };
        let seed = || Field::new("seed", "Seed", Input::Number).hint("The same seed draws the same.");
        let choice = |id, label, options: &[(&'static str, &'static str)]| {
            Field::new(id, label, Input::Choice(options.to_vec()))
        };
        match self {
            Self::Impute => impute_fields(values, table),
            Self::Outliers => outlier_fields(values, numbers()),
            Self::Filter => filter_fields(values, table),
            Self::DropColumns => vec![columns()],
            Self::Scale => {
                let method = choice(
                    "method",
                    "How",
                    &[
                        ("standard", "Mean 0, standard deviation 1"),
                        ("min-max", "From a lowest to a highest value"),
                        ("robust", "Median 0, interquartile range 1"),
                    ],
                );
                let mut fields = vec![numbers(), method];
                if values.text("method") == "min-max" {
                    fields.push(Field::new("low", "Lowest becomes", Input::Number));
                    fields.push(Field::new("high", "Highest becomes", Input::Number));
                }
                fields.push(decimals());
                fields
            }
            Self::Transform => {
                let mut fields = vec![
                    numbers(),
                    choice(
                        "function",
                        "Function",
                        &[
                            ("log", "Natural logarithm"),
                            ("log10", "Logarithm to base 10"),
                            ("log1p", "Logarithm of 1 + x"),
                            ("square-root", "Square root"),
                            ("square", "Square"),
                            ("reciprocal", "1 / x"),
                            ("absolute", "Without sign"),
                            ("linear", "Factor · x + offset"),
                            ("clip", "Between two limits"),
                            ("round", "Rounded to the decimals"),
                        ],
                    ),
                ];
                match values.text("function") {
                    "linear" => fields.extend([
                        Field::new("factor", "Factor", Input::Number),
                        Field::new("offset", "Offset", Input::Number),
                    ]),
                    "clip" => fields.extend([
                        Field::new("low", "Lower limit", Input::Number),
                        Field::new("high", "Upper limit", Input::Number),
                    ]),
                    "log" | "log10" | "log1p" | "square-root" | "reciprocal" => {
                        fields.push(choice(
                            "undefined",
                            "Where it is not defined",
                            &[("refuse", "Refuse, and name the row"), ("blank", "Leave the cell blank")],
                        ));
                    }
                    _ => {}
                }
                fields.push(decimals());
                fields
            }
            Self::OneHot => vec![
                Field::new("columns", "Columns of categories", Input::Columns(names(table, |_| true))),
                Field::new("most", "Most categories of a column", Input::Number)
                    .hint("More are refused; at most 1,000."),
                choice(
                    "drop-first",
                    "First category",
                    &[("no", "Has a column, too"), ("yes", "Has none (for regressions)")],
                ),
                choice(
                    "missing",
                    "Blank cells",
                    &[
                        ("blank", "Stay blank in all columns"),
                        ("zeros", "Are 0 in all columns"),
                        ("category", "Are a category of their own"),
                    ],
                ),
                choice(
                    "unknown",
                    "New categories in a later file",
                    &[("zeros", "Are 0 in all columns, and listed"), ("refuse", "The file is refused")],
                ),
            ],
            Self::Bin => {
                let mut fields = vec![
                    numbers(),
                    choice(
                        "edges",
                        "Bins",
                        &[
                            ("equal-width", "Equally wide"),
                            ("equal-count", "With equally many rows"),
                            ("given", "With these edges"),
                        ],
                    ),
                ];
                fields.push(if values.text("edges") == "given" {
                    Field::new("given", "Edges, separated by spaces", Input::Text)
                        .hint("Ascending, such as 0 18 65 120.")
                } else {
                    Field::new("bins", "How many", Input::Number)
                });
                fields.push(choice(
                    "label",
                    "What is written",
                    &[("interval", "The edges, as [20, 30)"), ("number", "The number of the bin, from 0")],
                ));
                fields
            }
            Self::Split => vec![
                Field::new("share", "Share of test rows", Input::Number).hint("Between 0 and 1."),
                Field::new(
                    "by",
                    "Same proportion in each class of",
                    Input::Column { names: names(table, |_| true), none: Some("no column") },
                ),
                Field::new("column", "Name of the new column", Input::Text)
                    .hint("It says “train” or “test”."),
                seed(),
            ],
            Self::Smote => vec![
                Field::new(
                    "class",
                    "Column of classes",
                    Input::Column { names: names(table, |_| true), none: None },
                ),
                Field::new("features", "Columns of numbers", Input::Columns(names(table, is_number))),
                Field::new(
                    "categories",
                    "Columns of categories",
                    Input::Columns(names(table, |column| !is_number(column))),
                ),
                Field::new("k", "Neighbours", Input::Number),
                Field::new("share", "Size of each class", Input::Number)
                    .hint("As a share of the largest; 1 makes all equally large."),
                seed(),
            ],
        }
    }

    /// The step.
    ///
    /// # Errors
    /// A sentence that names the field at fault.
    pub(super) fn step(self, values: &Values) -> Result<Step, String> {
        let decimals = || match values.text("decimals") {
            // To be rounded is to be told to how many.
            "" if values.text("function") != "round" => Ok(None),
            _ => values.count("decimals", "Decimals").map(Some),
        };
        let columns = || values.some_columns("columns");
        Ok(match self {
            Self::Impute => Step::Impute(Impute {
                columns: columns()?,
                filling: match values.text("filling") {
                    "mean" => Filling::Mean,
                    "median" => Filling::Median,
                    "most-frequent" => Filling::MostFrequent,
                    "constant" => Filling::Constant { value: values.text("value").to_owned() },
                    _ => Filling::Nearest {
                        k: values.count("k", "Neighbours")?,
                        by: values.columns("by"),
                        weights: if values.text("weights") == "distance" {
                            Weights::Distance
                        } else {
                            Weights::Uniform
                        },
                    },
                },
                decimals: decimals()?,
            }),
            Self::Outliers => {
                let cut = || Ok::<_, String>(Cut::Share { share: values.number("share", "Share of rows")? });
                Step::Outliers(Outliers {
                    columns: columns()?,
                    method: match values.text("method") {
                        "z-score" => {
                            Method::ZScore { threshold: values.number("threshold", "Standard deviations")? }
                        }
                        "interquartile-range" => Method::InterquartileRange {
                            factor: values.number("factor", "Interquartile ranges")?,
                        },
                        "isolation-forest" => Method::IsolationForest {
                            trees: values.count("trees", "Trees")?,
                            sample: values.count("sample", "Rows of a tree")?,
                            cut: cut()?,
                            seed: values.count("seed", "Seed")?,
                        },
                        _ => Method::LocalOutlierFactor {
                            k: values.count("neighbours", "Neighbours")?,
                            cut: cut()?,
                        },
                    },
                    action: match values.text("action") {
                        "cap" => Action::Cap,
                        "drop" => Action::Drop,
                        _ => Action::Keep,
                    },
                    decimals: None,
                })
            }
            Self::Filter => Step::Filter(Filter {
                matching: if values.text("matching") == "keep" { Matching::Keep } else { Matching::Drop },
                conditions: vec![Condition {
                    column: values.column("column", "Column")?,
                    test: test(values)?,
                }],
                combine: Combine::All,
            }),
            Self::DropColumns => Step::DropColumns(DropColumns { columns: columns()? }),
            Self::Scale => Step::Scale(Scale {
                columns: columns()?,
                method: match values.text("method") {
                    "min-max" => Scaling::MinMax {
                        low: values.number("low", "Lowest becomes")?,
                        high: values.number("high", "Highest becomes")?,
                    },
                    "robust" => Scaling::Robust,
                    _ => Scaling::Standard,
                },
                decimals: decimals()?,
            }),
            Self::Transform => Step::Transform(Transform {
                columns: columns()?,
                function: function(values)?,
                undefined: if values.text("undefined") == "blank" {
                    Undefined::Blank
                } else {
                    Undefined::Refuse
                },
                decimals: decimals()?,
            }),
            Self::OneHot => Step::OneHot(OneHot {
                columns: columns()?,
                most: values.count("most", "Most categories")?,
                drop_first: values.text("drop-first") == "yes",
                missing: match values.text("missing") {
                    "zeros" => Missing::Zeros,
                    "category" => Missing::Category,
                    _ => Missing::Blank,
                },
                unknown: if values.text("unknown") == "refuse" { Unknown::Refuse } else { Unknown::Zeros },
            }),
            Self::Bin => Step::Bin(Bin {
                columns: columns()?,
                edges: match values.text("edges") {
                    "equal-count" => Edges::EqualCount { bins: values.count("bins", "How many")? },
                    "given" => Edges::Given { edges: edges(values.text("given"))? },
                    _ => Edges::EqualWidth { bins: values.count("bins", "How many")? },
                },
                label: if values.text("label") == "number" { Label::Number } else { Label::Interval },
            }),
            Self::Split => Step::Split(Split {
                column: values.text("column").to_owned(),
                test_share: values.number("share", "Share of test rows")?,
                seed: values.count("seed", "Seed")?,
                by: Some(values.text("by")).filter(|by| !by.is_empty()).map(str::to_owned),
            }),
            Self::Smote => Step::Smote(Smote {
                class: values.column("class", "Column of classes")?,
                features: values.columns("features"),
                categories: values.columns("categories"),
                k: values.count("k", "Neighbours")?,
                share_of_largest: values.number("share", "Size of each class")?,
                seed: values.count("seed", "Seed")?,
                decimals: decimals()?,
            }),
        })
    }
}

/// Whether every cell that is not blank is a number.
pub(super) fn is_number(column: &ColumnProfile) -> bool {
    matches!(column.kind, Cells::Integer | Cells::Decimal)
}

/// The columns of a table that meet a condition.
pub(super) fn names(table: &TableView, meets: impl Fn(&ColumnProfile) -> bool) -> Vec<String> {
    table.profile.columns.iter().filter(|column| meets(column)).map(|column| column.name.clone()).collect()
}

fn impute_fields(values: &Values, table: &TableView) -> Vec<Field> {
    let filling = Field::new(
        "filling",
        "Fill with",
        Input::Choice(vec![
            ("median", "The median"),
            ("mean", "The mean"),
            ("most-frequent", "The most frequent cell"),
            ("constant", "Always the same"),
            ("nearest", "The mean of the nearest rows"),
        ]),
    );
    let is_of_numbers = matches!(values.text("filling"), "median" | "mean" | "nearest");
    let wanted = |column: &ColumnProfile| !is_of_numbers || is_number(column);
    let mut fields = vec![filling, Field::new("columns", "Columns", Input::Columns(names(table, wanted)))];
    match values.text("filling") {
        "constant" => fields.push(Field::new("value", "The cell", Input::Text)),
        "nearest" => fields.extend([
            Field::new("k", "Neighbours", Input::Number)
                .hint("Up to 20,000 rows: each is compared with every other."),
            Field::new("by", "Columns that only say what is near", Input::Columns(names(table, is_number))),
            Field::new(
                "weights",
                "Nearer rows",
                Input::Choice(vec![("uniform", "Count as much as others"), ("distance", "Count more")]),
            ),
        ]),
        _ => {}
    }
    if is_of_numbers {
        fields.push(
            Field::new("decimals", "Decimals", Input::Number)
                .hint("Of what is filled in, at most 15. Blank for as many as the numbers need."),
        );
    }
    fields
}

fn outlier_fields(values: &Values, columns: Field) -> Vec<Field> {
    let share =
        Field::new("share", "Share of rows", Input::Number).hint("Those that stand out most, such as 0.02.");
    let mut fields = vec![
        columns,
        Field::new(
            "method",
            "What is far from the rest",
            Input::Choice(vec![
                ("interquartile-range", "Beyond the quartiles"),
                ("z-score", "Many standard deviations away"),
                ("isolation-forest", "Rows that random cuts isolate (forest)"),
                ("local-outlier-factor", "Rows in thinner places than their neighbours"),
            ]),
        ),
    ];
    match values.text("method") {
        "z-score" => fields.push(Field::new("threshold", "Standard deviations", Input::Number)),
        "isolation-forest" => fields.extend([
            share.hint("Up to 100,000 rows are taken."),
            Field::new("trees", "Trees", Input::Number),
            Field::new("sample", "Rows of a tree", Input::Number),
            Field::new("seed", "Seed", Input::Number),
        ]),
        "local-outlier-factor" => fields.extend([
            share.hint("Up to 20,000 rows are taken: each is compared with every other."),
            Field::new("neighbours", "Neighbours", Input::Number),
        ]),
        _ => fields.push(Field::new("factor", "Interquartile ranges", Input::Number)),
    }
    let mut actions = vec![("keep", "List them, and keep them"), ("drop", "Drop their rows")];
    if matches!(values.text("method"), "z-score" | "interquartile-range") {
        actions.insert(1, ("cap", "Bring them to the bound"));
    }
    fields.push(Field::new("action", "What becomes of them", Input::Choice(actions)));
    fields
}

fn filter_fields(values: &Values, table: &TableView) -> Vec<Field> {
    let mut fields = vec![
        Field::new(
            "matching",
            "Rows",
            Input::Choice(vec![("drop", "Drop those where"), ("keep", "Keep those where")]),
        ),
        Field::new("column", "Column", Input::Column { names: names(table, |_| true), none: None }),
        Field::new(
            "test",
            "Its cell",
            Input::Choice(vec![
                ("missing", "is blank"),
                ("present", "is not blank"),
                ("one-of", "is one of"),
                ("none-of", "is none of"),
                ("at-least", "is at least"),
                ("at-most", "is at most"),
                ("above", "is above"),
                ("below", "is below"),
            ]),
        ),
    ];
    match values.text("test") {
        "missing" | "present" => {}
        "one-of" | "none-of" => {
            fields.push(Field::new("values", "Values", Input::Text).hint("Separated by commas."));
        }
        _ => fields.push(Field::new("bound", "Bound", Input::Text)),
    }
    fields
}

fn test(values: &Values) -> Result<Test, String> {
    let list = || -> Vec<String> {
        values
            .text("values")
            .split(',')
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let bound = || match values.text("bound") {
        "" => Err("“Bound” is blank. Enter a number or a date.".to_owned()),
        bound => Ok(bound.to_owned()),
    };
    Ok(match values.text("test") {
        "present" => Test::Present,
        "one-of" => Test::OneOf { values: list() },
        "none-of" => Test::NoneOf { values: list() },
        "at-least" => Test::AtLeast { bound: bound()? },
        "at-most" => Test::AtMost { bound: bound()? },
        "above" => Test::Above { bound: bound()? },
        "below" => Test::Below { bound: bound()? },
        _ => Test::Missing,
    })
}

fn function(values: &Values) -> Result<Function, String> {
    Ok(match values.text("function") {
        "log10" => Function::Log10,
        "log1p" => Function::Log1p,
        "square-root" => Function::SquareRoot,
        "square" => Function::Square,
        "reciprocal" => Function::Reciprocal,
        "absolute" => Function::Absolute,
        "linear" => Function::Linear {
            factor: values.number("factor", "Factor")?,
            offset: values.number("offset", "Offset")?,
        },
        "clip" => Function::Clip {
            low: values.number("low", "Lower limit")?,
            high: values.number("high", "Upper limit")?,
        },
        "round" => Function::Round,
        _ => Function::Log,
    })
}

fn edges(text: &str) -> Result<Vec<f64>, String> {
    let edge = |word: &str| {
        word.parse().map_err(|_| format!("The edge “{word}” is no number. Enter numbers such as 0 18 65."))
    };
    text.split_whitespace().map(edge).collect()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_kind_makes_a_step_of_its_own_name() {
        for kind in Kind::ALL {
            let columns = vec!["a".to_owned()];
            let values =
                kind.defaults().with_columns("columns", columns.clone()).with_columns("features", columns);
            // Of those that ask for a single column.
            let values = if kind == Kind::Filter { values.with("column", "a") } else { values };
            let values = if kind == Kind::Smote { values.with("class", "c") } else { values };
            let step = kind.step(&values).unwrap();
            let written = serde_json::to_value(&step).unwrap();
            assert_eq!(written["step"], kind.id());
        }
    }

    #[test]
    fn a_step_without_columns_is_refused_in_a_sentence() {
        assert!(Kind::Scale.step(&Kind::Scale.defaults()).unwrap_err().contains("No column"));
        let values = Kind::Bin
            .defaults()
            .with("edges", "given")
            .with("given", "0 x")
            .with_columns("columns", vec!["a".to_owned()]);
        assert!(Kind::Bin.step(&values).unwrap_err().contains("“x”"));
    }
}
