//! Two answers side by side.

use leptos::prelude::*;
use veilsum_analysis::answer::{Answer, Cell, Value};
use veilsum_table::decimal::Decimal;

use crate::dataset::decimal_text::shown;
use crate::messages::AnswerView;
use crate::ui::words;

/// A number of either answer, or of both.
struct Pair {
    name: String,
    one: Option<Value>,
    other: Option<Value>,
}

/// A table of the numbers of two answers and their differences.
#[component]
pub(super) fn Difference(one: AnswerView, other: AnswerView) -> impl IntoView {
    // The older one first, whichever was ticked first.
    let (one, other) = if one.answered_at <= other.answered_at { (one, other) } else { (other, one) };
    let head = |answer: &AnswerView| {
        format!("{}, {}", words::moment(answer.answered_at), words::counted(answer.row_count, "row"))
    };
    let heads = (head(&one), head(&other));
    let row = |pair: Pair| {
        let Pair { name, one, other } = pair;
        let apart =
            one.as_ref().zip(other.as_ref()).and_then(|(one, other)| difference(&one.exact, &other.exact));
        let exact = apart.clone();
        let cell = |value: Option<Value>, label| {
            let exact = value.as_ref().map(|value| value.exact.clone());
            let text = value.map_or_else(|| "–".to_owned(), |value| shown(&value.text));
            view! { <td class="number" data-label=label title=exact>{text}</td> }
        };
        view! {
            <tr data-testid="difference" data-difference=exact>
                <th scope="row" class="wrap">{name}</th>
                {cell(one, "First")}
                {cell(other, "Second")}
                <td class="number" data-label="Difference">{apart.map_or_else(|| "–".to_owned(), |apart| shown(&apart))}</td>
            </tr>
        }
    };
    let rows = pairs(&one, &other).into_iter().map(row).collect_view();
    view! {
        <section aria-labelledby="difference-title" data-testid="differences">
            <h3 id="difference-title">"Compared"</h3>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Compared">
                <table class="stacking">
                    <thead><tr>
                        <th scope="col">"Number"</th>
                        <th scope="col" class="number">{heads.0}</th>
                        <th scope="col" class="number">{heads.1}</th>
                        <th scope="col" class="number">"Difference"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

/// The numbers of both, in the order of the first, then what only the second has.
fn pairs(one: &AnswerView, other: &AnswerView) -> Vec<Pair> {
    let numbers =
        |view: &AnswerView| view.answers.iter().flat_map(|value| numbers(&value.answer)).collect::<Vec<_>>();
    let mut others = numbers(other);
    let mut pairs: Vec<Pair> = Vec::new();
    for (name, value) in numbers(one) {
        let place = others.iter().position(|(other, _)| *other == name);
        let other = place.map(|place| others.remove(place).1);
        pairs.push(Pair { name, one: Some(value), other });
    }
    pairs.extend(others.into_iter().map(|(name, value)| Pair { name, one: None, other: Some(value) }));
    pairs
}

/// Every number of an answer, by a name that another answer of the kind has, too.
fn numbers(answer: &Answer) -> Vec<(String, Value)> {
    let figures = answer
        .figures
        .iter()
        .filter_map(|figure| Some((format!("{}: {}", answer.title, figure.label), figure.value.clone()?)));
    let tables = answer.tables.iter().flat_map(|table| {
        table.rows.iter().flat_map(|row| {
            row.cells.iter().zip(table.columns.iter().skip(1)).filter_map(|(cell, column)| match cell {
                Cell::Number(value) => {
                    Some((format!("{}: {}, {column}", answer.title, row.heading), value.clone()))
                }
                Cell::Text(_) | Cell::Nothing => None,
            })
        })
    });
    let mut all: Vec<(String, Value)> = Vec::new();
    for (name, value) in figures.chain(tables) {
        // Tables say again what figures say.
        if !all
            .iter()
            .any(|(other, known)| *other == name || (known.exact == value.exact && same_end(other, &name)))
        {
            all.push((name, value));
        }
    }
    all
}

/// Whether two names end in the same word, as `mean` of a figure and of a table do.
fn same_end(one: &str, other: &str) -> bool {
    let end = |name: &str| name.rsplit([' ', ',', ':']).next().unwrap_or_default().to_lowercase();
    end(one) == end(other)
}

/// Exactly, where both are decimals that fit; `None` where they do not.
fn difference(one: &str, other: &str) -> Option<String> {
    let (one, other) = (Decimal::parse(one).ok()??, Decimal::parse(other).ok()??);
    let scale = one.scale().max(other.scale());
    let at_scale = |number: Decimal| {
        number.mantissa().checked_mul(10_i128.checked_pow(scale.checked_sub(number.scale())?)?)
    };
    Some(Decimal::new(at_scale(other)?.checked_sub(at_scale(one)?)?, scale).to_string())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::difference;

    #[test]
    fn differences_are_exact() {
        assert_eq!(difference("0.1", "0.3").as_deref(), Some("0.2"));
        assert_eq!(difference("5", "2.75").as_deref(), Some("-2.25"));
        assert_eq!(difference("", "1"), None);
    }
}
