//! Answers as files: every number in a line of its own, or all there is as JSON.

use veilsum_analysis::answer::{Answer, Cell, Value};
use veilsum_table::csv_out::without_formula;

use crate::dataset::answers::checked::short;
use crate::messages::AnswerValue;

/// An answer with its twin, where there is one.
#[derive(Debug, Clone)]
pub(super) struct Exported {
    pub(super) value: AnswerValue,
    pub(super) twin: Option<Answer>,
}

/// `answer,table,row,column,value,same_in_browser,inexact,known_from`, one number or word a line.
pub(super) fn csv(answers: &[Exported]) -> String {
    let mut text = String::from("answer,table,row,column,value,same_in_browser,inexact,known_from\r\n");
    for Exported { value, twin } in answers {
        let known = short(value.checked).replace(',', "");
        let mut line = |place: [&str; 3], value: &str, twin: &str, error: &str, title: &str| {
            let [table, row, column] = place;
            let cells = [title, table, row, column, value, twin, error, &known];
            let cells: Vec<String> = cells.into_iter().map(|cell| quoted(&without_formula(cell))).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        };
        let answer = &value.answer;
        for figure in &answer.figures {
            let other =
                twin.as_ref().and_then(|twin| twin.figures.iter().find(|other| other.key == figure.key));
            let (digits, error) = digits(figure.value.as_ref());
            let twin = other.map_or("", |other| self::digits(other.value.as_ref()).0);
            line(["", &figure.label, &figure.key], digits, twin, error, &answer.title);
        }
        for (at, table) in answer.tables.iter().enumerate() {
            let other = twin.as_ref().and_then(|twin| twin.tables.get(at));
            for (number, row) in table.rows.iter().enumerate() {
                let others = other.and_then(|other| other.rows.get(number));
                for (place, (cell, column)) in row.cells.iter().zip(table.columns.iter().skip(1)).enumerate()
                {
                    let twin = others
                        .and_then(|others| others.cells.get(place))
                        .map_or("", |cell| cell_digits(cell).0);
                    let (digits, error) = cell_digits(cell);
                    line([&table.caption, &row.heading, column], digits, twin, error, &answer.title);
                }
            }
        }
    }
    text
}

/// The answers as they are, in an array.
pub(super) fn json(answers: &[Exported]) -> String {
    let answers: Vec<&Answer> = answers.iter().map(|exported| &exported.value.answer).collect();
    serde_json::to_string_pretty(&answers).unwrap_or_default()
}

fn digits(value: Option<&Value>) -> (&str, &str) {
    value.map_or(("", ""), |value| (&value.exact, &value.error))
}

fn cell_digits(cell: &Cell) -> (&str, &str) {
    match cell {
        Cell::Nothing => ("", ""),
        Cell::Text(text) => (text, ""),
        Cell::Number(value) => digits(Some(value)),
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use veilsum_analysis::answer::{Figure, Row, Table};

    use super::*;
    use crate::messages::Checked;

    #[test]
    fn the_export_keeps_hostile_names_inert() {
        let number = |exact: &str, error: &str| Value {
            text: exact.into(),
            exact: exact.into(),
            float: -40.0,
            error: error.into(),
        };
        let answer = Answer {
            title: "=cmd(\"a\",1)".into(),
            sentences: Vec::new(),
            figures: vec![Figure {
                key: "sum".into(),
                label: "Sum".into(),
                value: Some(number("-40", "off by at most 5, because cells were rounded")),
            }],
            tables: vec![Table {
                caption: "Groups".into(),
                columns: vec!["Group".into(), "@mean".into()],
                rows: vec![Row { heading: "+1+1".into(), cells: vec![Cell::Number(number("4", ""))] }],
            }],
            charts: Vec::new(),
            notes: Vec::new(),
            row_count: 10,
            refinements: Vec::new(),
        };
        let twin = Some(answer.clone());
        let text = csv(&[Exported { value: AnswerValue { answer, checked: Checked::Verified }, twin }]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1],
            "\"'=cmd(\"\"a\"\",1)\",,Sum,sum,-40,-40,\"off by at most 5, because cells were rounded\",ciphertext verified"
        );
        assert_eq!(lines[2], "\"'=cmd(\"\"a\"\",1)\",Groups,'+1+1,'@mean,4,4,,ciphertext verified");
    }
}
