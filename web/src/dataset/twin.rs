//! The plaintext twin: what this browser computes from the cleartext, beside the answer from the cloud.

use leptos::prelude::*;
use veilsum_analysis::answer::{Answer, Cell, Value};

use super::decimal_text::{canonical, shown};
use crate::ui::icon::{Icon, Symbol};

/// How an answer and its twin compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every number is the same exact decimal number.
    Equal,
    /// What is not the same.
    Differs(Vec<String>),
}

impl Verdict {
    /// Compares every figure and every number of a table, by their exact digits.
    pub(super) fn of(answer: &Answer, twin: &Answer) -> Self {
        let mut differing = Vec::new();
        for figure in &answer.figures {
            let other = twin.figures.iter().find(|other| other.key == figure.key);
            if !other.is_some_and(|other| is_same(figure.value.as_ref(), other.value.as_ref())) {
                differing.push(figure.label.clone());
            }
        }
        if twin.figures.len() != answer.figures.len() || twin.tables.len() != answer.tables.len() {
            differing.push("how many numbers there are".into());
        }
        for (table, other) in answer.tables.iter().zip(&twin.tables) {
            let ours = table.rows.iter().flat_map(|row| &row.cells);
            let theirs = other.rows.iter().flat_map(|row| &row.cells);
            let same_size = ours.clone().count() == theirs.clone().count();
            if !same_size || !ours.zip(theirs).all(|(ours, theirs)| is_same_cell(ours, theirs)) {
                differing.push(table.caption.clone());
            }
        }
        if differing.is_empty() { Self::Equal } else { Self::Differs(differing) }
    }

    /// For tests and styles.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Differs(_) => "differs",
        }
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Equal => "identical".into(),
            Self::Differs(what) => format!("differs: {}", what.join(", ")),
        }
    }
}

fn is_same(ours: Option<&Value>, theirs: Option<&Value>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => canonical(&ours.exact) == canonical(&theirs.exact),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn is_same_cell(ours: &Cell, theirs: &Cell) -> bool {
    match (ours, theirs) {
        (Cell::Number(ours), Cell::Number(theirs)) => is_same(Some(ours), Some(theirs)),
        (Cell::Text(ours), Cell::Text(theirs)) => ours == theirs,
        (Cell::Nothing, Cell::Nothing) => true,
        (Cell::Number(_) | Cell::Text(_) | Cell::Nothing, _) => false,
    }
}

/// A verdict as a sign and words.
#[component]
pub(super) fn VerdictNote(verdict: Verdict) -> impl IntoView {
    let symbol = match verdict {
        Verdict::Equal => Symbol::Check,
        Verdict::Differs(_) => Symbol::Cross,
    };
    view! { <span class="verdict" data-verdict=verdict.code()><Icon symbol/>{verdict.words()}</span> }
}

/// The twin's value and how it compares, in a table.
#[component]
pub(super) fn TwinCells(testid: String, exact: String, verdict: Verdict) -> impl IntoView {
    view! {
        <td class="number" data-label="In this browser" data-testid=testid data-exact=exact.clone() data-verdict=verdict.code()>
            <span class="mono">{shown(&exact)}</span>
        </td>
        <td data-label="Compared"><VerdictNote verdict/></td>
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use veilsum_analysis::answer::{Figure, Row, Table};

    use super::*;

    fn value(exact: &str) -> Value {
        Value { text: exact.into(), exact: exact.into(), float: 0.0, error: String::new() }
    }

    fn answer(sum: Option<&str>, cell: &str) -> Answer {
        let figure = Figure { key: "sum".into(), label: "Sum".into(), value: sum.map(value) };
        let row = Row { heading: "a".into(), cells: vec![Cell::Number(value(cell)), Cell::Nothing] };
        let columns = vec!["Group".into(), "Mean".into(), "Interval".into()];
        Answer {
            title: String::new(),
            sentences: Vec::new(),
            figures: vec![figure],
            tables: vec![Table { caption: "Groups".into(), columns, rows: vec![row] }],
            charts: Vec::new(),
            notes: Vec::new(),
            row_count: 10,
            refinements: Vec::new(),
        }
    }

    #[test]
    fn equal_numbers_may_be_written_differently() {
        assert_eq!(Verdict::of(&answer(Some("40.00"), "1"), &answer(Some("40"), "1.0")), Verdict::Equal);
        assert_eq!(Verdict::of(&answer(None, "1"), &answer(None, "1")), Verdict::Equal);
    }

    #[test]
    fn what_differs_is_named() {
        let ours = answer(Some("40"), "1");
        let differs = |other| Verdict::of(&ours, &other);
        assert_eq!(differs(answer(Some("40.01"), "1")), Verdict::Differs(vec!["Sum".into()]));
        assert_eq!(differs(answer(None, "1")), Verdict::Differs(vec!["Sum".into()]));
        assert_eq!(differs(answer(Some("40"), "2")), Verdict::Differs(vec!["Groups".into()]));
    }
}
