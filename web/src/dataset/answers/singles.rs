//! One table of all answers that are a single number.

use leptos::prelude::*;
use veilsum_analysis::Request;
use veilsum_analysis::answer::{Answer, Value};

use crate::dataset::answers::checked::short;
use crate::dataset::decimal_text::shown;
use crate::dataset::twin::{TwinCells, Verdict};
use crate::messages::AnswerValue;
use crate::ui::words;

/// The table.
#[component]
pub(super) fn Singles(
    /// Place in the run, and answer.
    singles: Vec<(usize, AnswerValue)>,
    requests: Vec<Request>,
    /// Names of the columns by position.
    names: Vec<String>,
    /// One per request; empty where there are none.
    twins: Vec<Answer>,
) -> impl IntoView {
    let inexact = inexact(&singles);
    let rows = singles
        .into_iter()
        .map(|(at, value)| row(requests.get(at), value, twins.get(at), &names))
        .collect_view();
    view! {
        {(!inexact.is_empty()).then(|| view! {
            <details class="note" data-testid="inexact">
                <summary>"How exact the answers are"</summary>
                <ul>{inexact.into_iter().map(|line| view! { <li class="wrap">{line}</li> }).collect_view()}</ul>
            </details>
        })}
        <div class="table-scroll" tabindex="0" role="region" aria-label="Answers">
            <table class="stacking" data-testid="answers">
                <thead>
                    <tr>
                        <th scope="col">"Column"</th>
                        <th scope="col">"Statistic"</th>
                        <th scope="col" class="number">"Answer from the cloud"</th>
                        <th scope="col" class="number">"Same, computed in this browser"</th>
                        <th scope="col">"Compared"</th>
                        <th scope="col">"Known from"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// What keeps answers from being exact, each with the answers that it concerns.
fn inexact(singles: &[(usize, AnswerValue)]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (_, value) in singles {
        let Some(number) = number(&value.answer).filter(|number| !number.error.is_empty()) else { continue };
        let which = value.answer.title.as_str();
        match reasons.iter_mut().find(|(reason, _)| *reason == number.error) {
            Some((_, concerned)) => concerned.push(which),
            None => reasons.push((&number.error, vec![which])),
        }
    }
    reasons
        .into_iter()
        .map(|(reason, concerned)| format!("{}: {}.", words::capitalised(reason), concerned.join(", ")))
        .collect()
}

fn number(answer: &Answer) -> Option<&Value> {
    answer.figures.first().and_then(|figure| figure.value.as_ref())
}

/// Whether an answer is a single number of one column.
pub(super) fn is_single(request: &Request) -> bool {
    asked(request).is_some()
}

/// The short name and the name of a statistic, and its column; `None` where it is not one of one column.
fn asked(request: &Request) -> Option<(&'static str, &'static str, u32)> {
    match request {
        Request::Sum(asked) => Some(("sum", "Sum", asked.column)),
        Request::Mean(asked) => Some(("mean", "Mean", asked.column)),
        Request::Count(asked) => Some(("count", "Count", asked.column)),
        Request::MissingCount(asked) => Some(("missing", "Missing", asked.column)),
        Request::Variance(_)
        | Request::Shape(_)
        | Request::Quantiles(_)
        | Request::Histogram(_)
        | Request::Covariance(_)
        | Request::Correlation(_)
        | Request::GroupBy(_)
        | Request::Contingency(_)
        | Request::TTest(_)
        | Request::Anova(_)
        | Request::WeightedMean(_)
        | Request::Regression(_) => None,
    }
}

fn row(
    request: Option<&Request>,
    value: AnswerValue,
    twin: Option<&Answer>,
    names: &[String],
) -> impl IntoView + use<> {
    let asked = request.and_then(asked);
    let label = value.answer.figures.first().map_or_else(String::new, |figure| figure.label.clone());
    let (kind, statistic, heading, column) = match asked {
        Some((kind, statistic, column)) => {
            let name = usize::try_from(column).ok().and_then(|at| names.get(at)).cloned();
            (kind, statistic.to_owned(), name.unwrap_or_default(), column)
        }
        None => ("other", label, value.answer.title.clone(), 0),
    };
    let exact = |answer: &Answer| number(answer).map_or_else(String::new, |number| number.exact.clone());
    let twin_cells = match twin {
        Some(twin) => {
            let verdict = Verdict::of(&value.answer, twin);
            view! { <TwinCells testid=format!("twin-{kind}-{column}") exact=exact(twin) verdict/> }.into_any()
        }
        None => view! { <td class="number muted" data-label="In this browser">"–"</td><td class="muted" data-label="Compared">"not compared"</td> }.into_any(),
    };
    let ours = exact(&value.answer);
    let float = number(&value.answer).map(|number| format!("{:?}", number.float));
    view! {
        <tr>
            <th scope="row" class="wrap">{heading}</th>
            <td data-label="Statistic">{statistic}</td>
            <td
                class="number" data-label="From the cloud" data-testid=format!("answer-{kind}-{column}")
                data-exact=ours.clone() data-float=float data-count=value.answer.row_count.to_string()
            ><span class="mono digits">{shown(&ours)}</span></td>
            {twin_cells}
            <td data-label="Known from">{short(value.checked)}</td>
        </tr>
    }
}
