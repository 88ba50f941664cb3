//! Analyses that are prepared while a table is encrypted, in bundles that people choose by what they are for.

use veilsum_analysis::Request;
use veilsum_analysis::catalogue::{
    Contingency, Correlation, GroupBy, Quantiles, Regression, Shape, Variance,
};
use veilsum_table::treat::Choice;

/// Confidence of intervals in thousandths; what is encrypted is the same for all.
const LEVEL: u16 = 950;

/// What is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Presets {
    /// Of every number.
    pub(super) spread: bool,
    /// Quantiles and histograms of every number.
    pub(super) quantiles: bool,
    /// Skewness and kurtosis of every number.
    pub(super) shape: bool,
    /// Correlations of, and regressions on, all numbers.
    pub(super) relations: bool,
    /// Columns by which every number is grouped.
    pub(super) groupings: Vec<u32>,
}

impl Default for Presets {
    fn default() -> Self {
        Self { spread: true, quantiles: false, shape: false, relations: false, groupings: Vec::new() }
    }
}

impl Presets {
    /// The analyses, as far as the columns are encrypted for them.
    pub(super) fn requests(&self, choices: &[Choice]) -> Vec<Request> {
        let of = |wanted: fn(&Choice) -> bool| {
            let columns = (0_u32..).zip(choices).filter(move |(_, choice)| wanted(choice));
            columns.map(|(column, _)| column).collect::<Vec<_>>()
        };
        let numbers = of(|choice| matches!(choice, Choice::Number { .. }));
        let mut groupings = of(|choice| matches!(choice, Choice::Category));
        groupings.retain(|column| self.groupings.contains(column));

        let mut requests = Vec::new();
        for &column in &numbers {
            if self.spread {
                requests.push(Request::Variance(Variance { column, level: LEVEL }));
            }
            if self.quantiles {
                requests.push(Request::Quantiles(Quantiles { column }));
            }
            if self.shape {
                requests.push(Request::Shape(Shape { column }));
            }
        }
        for (at, &by) in groupings.iter().enumerate() {
            requests.extend(numbers.iter().map(|&column| Request::GroupBy(GroupBy { column, by: vec![by] })));
            let others = groupings.iter().skip(at + 1);
            requests.extend(others.map(|&other| Request::Contingency(Contingency { columns: [by, other] })));
        }
        if self.relations
            && let [y, xs @ ..] = numbers.as_slice()
            && !xs.is_empty()
        {
            requests.push(Request::Correlation(Correlation { columns: numbers.clone() }));
            // Whichever of them is explained. Where cells are blank, its products leave out more rows.
            requests.push(Request::Regression(Regression {
                y: *y,
                xs: xs.to_vec(),
                categories: Vec::new(),
                ridge: String::new(),
                standardised: false,
                level: LEVEL,
            }));
        }
        requests
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn only_what_is_encrypted_is_prepared() {
        let choices = [
            Choice::Category,
            Choice::Number { scale: 0 },
            Choice::Drop,
            Choice::Number { scale: 2 },
            Choice::Category,
        ];
        let variance = |column| Request::Variance(Variance { column, level: LEVEL });
        assert_eq!(Presets::default().requests(&choices), [variance(1), variance(3)]);

        let presets =
            Presets { spread: false, relations: true, groupings: vec![0, 2, 4], ..Presets::default() };
        let grouped = |column, by| Request::GroupBy(GroupBy { column, by: vec![by] });
        assert_eq!(
            presets.requests(&choices),
            [
                grouped(1, 0),
                grouped(3, 0),
                Request::Contingency(Contingency { columns: [0, 4] }),
                grouped(1, 4),
                grouped(3, 4),
                Request::Correlation(Correlation { columns: vec![1, 3] }),
                Request::Regression(Regression {
                    y: 1,
                    xs: vec![3],
                    categories: Vec::new(),
                    ridge: String::new(),
                    standardised: false,
                    level: LEVEL,
                }),
            ]
        );
    }
}
