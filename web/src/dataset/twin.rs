//! The plaintext twin: what this browser computes from the cleartext, beside the answer from the cloud.

use leptos::prelude::*;
use veilsum_table::decimal::Decimal;

use super::decimal_text::{canonical, shown};
use crate::messages::{AnalysisKind, AnswerValue, NumberView, TwinColumn};
use crate::ui::icon::{Icon, Symbol};

/// How an answer and its twin compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The same exact decimal number.
    Equal,
    /// As far apart as the stated rounding of single cells allows.
    WithinRounding,
    /// Further apart than that.
    Differs,
}

impl Verdict {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::WithinRounding => "within-rounding",
            Self::Differs => "differs",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::WithinRounding => "equal up to the rounding chosen",
            Self::Differs => "differs",
        }
    }
}

/// The twin of one answer.
pub(super) fn exact_of(kind: AnalysisKind, twin: &TwinColumn) -> String {
    match kind {
        AnalysisKind::Count => twin.count.to_string(),
        AnalysisKind::Sum => twin.sum.clone(),
        AnalysisKind::Mean => twin.mean.clone(),
    }
}

/// Compares an answer with its twin.
pub(super) fn verdict(answer: &AnswerValue, twin: &str, number: Option<&NumberView>) -> Verdict {
    let both_have_a_value = !answer.exact.is_empty() && !twin.is_empty();
    if answer.exact == twin || (both_have_a_value && canonical(&answer.exact) == canonical(twin)) {
        return Verdict::Equal;
    }
    let rounded = number.filter(|number| number.rounded);
    match rounded.and_then(|number| is_within_rounding(answer, twin, number.scale)) {
        Some(true) => Verdict::WithinRounding,
        Some(false) | None => Verdict::Differs,
    }
}

/// Whether the two are at most half a step of the scale apart, per cell; `None` if that cannot be told.
fn is_within_rounding(answer: &AnswerValue, twin: &str, scale: u32) -> Option<bool> {
    let cells: i128 = match answer.request.kind {
        AnalysisKind::Count => return Some(false),
        AnalysisKind::Sum => answer.count.into(),
        AnalysisKind::Mean => 1,
    };
    let ours = Decimal::parse(&answer.exact).ok()??;
    let theirs = Decimal::parse(twin).ok()??;
    let places = ours.scale().max(theirs.scale()).max(scale + 1);
    let at_places = |mantissa: i128, scale: u32| mantissa.checked_mul(10_i128.checked_pow(places - scale)?);
    let apart = at_places(ours.mantissa(), ours.scale())?
        .checked_sub(at_places(theirs.mantissa(), theirs.scale())?)?
        .checked_abs()?;
    let allowed = at_places(cells.checked_mul(5)?, scale + 1)?;
    // A mean that does not end is itself rounded, by at most one in its last place.
    let last_place = at_places(1, ours.scale().min(theirs.scale()).max(scale + 1))?;
    Some(apart <= allowed.checked_add(last_place)?)
}

/// The twin's value and how it compares.
#[component]
pub(super) fn TwinCell(testid: String, exact: String, verdict: Verdict) -> impl IntoView {
    let symbol = match verdict {
        Verdict::Equal | Verdict::WithinRounding => Symbol::Check,
        Verdict::Differs => Symbol::Cross,
    };
    view! {
        <td class="number" data-label="In this browser" data-testid=testid data-exact=exact.clone() data-verdict=verdict.code()>
            <span class="mono">{shown(&exact)}</span>
        </td>
        <td data-label="Compared">
            <span class="verdict" data-verdict=verdict.code()><Icon symbol/>{verdict.words()}</span>
        </td>
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::messages::AnalysisRequest;

    fn answer(kind: AnalysisKind, exact: &str) -> AnswerValue {
        AnswerValue {
            request: AnalysisRequest { kind, column: "x".into() },
            exact: exact.into(),
            float: exact.parse().unwrap(),
            count: 10,
            error: String::new(),
            from_ciphertext: true,
        }
    }

    fn number(scale: u32, rounded: bool) -> NumberView {
        NumberView { column: 0, presence: None, scale, rounded, bound_bits: 8, missing_count: 0 }
    }

    #[test]
    fn equal_numbers_may_be_written_differently() {
        let exact = number(2, false);
        assert_eq!(verdict(&answer(AnalysisKind::Sum, "40.00"), "40", Some(&exact)), Verdict::Equal);
    }

    #[test]
    fn a_difference_without_rounding_is_named() {
        let exact = number(2, false);
        assert_eq!(verdict(&answer(AnalysisKind::Sum, "40.01"), "40", Some(&exact)), Verdict::Differs);
        assert_eq!(verdict(&answer(AnalysisKind::Sum, "40.01"), "40", None), Verdict::Differs);
    }

    #[test]
    fn a_rounded_column_may_differ_by_half_a_step_per_cell() {
        let rounded = number(1, true);
        let sum = |exact| verdict(&answer(AnalysisKind::Sum, exact), "40", Some(&rounded));
        assert_eq!(sum("40.5"), Verdict::WithinRounding);
        assert_eq!(sum("40.7"), Verdict::Differs);
        let mean = |exact| verdict(&answer(AnalysisKind::Mean, exact), "4", Some(&rounded));
        assert_eq!(mean("4.05"), Verdict::WithinRounding);
        assert_eq!(mean("4.07"), Verdict::Differs);
    }
}
