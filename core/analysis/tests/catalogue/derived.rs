//! Derived columns against the definition of a term: [`super::support::Table::totals`] compares them.

use proptest::prelude::*;
use veilsum_protocol::manifest::Binning;
use veilsum_protocol::term::{Indicator, MAX_EXPONENT, Power, Term};

use super::support::{Cells, Table};
use veilsum_analysis::Request;
use veilsum_analysis::catalogue::{GroupBy, Mean};

fn numbers(bits: u32) -> impl Strategy<Value = Vec<Option<i64>>> {
    let largest = (1_i64 << bits) - 1;
    prop::collection::vec(prop::option::weighted(0.8, -largest..=largest), 12)
}

fn words() -> impl Strategy<Value = Vec<Option<String>>> {
    prop::collection::vec(prop::option::weighted(0.8, prop::sample::select(vec!["a", "b", "c"])), 12)
        .prop_map(|words| words.into_iter().map(|word| word.map(str::to_owned)).collect())
}

/// Factors about two columns of numbers (0, 1) and one of words (2).
fn term() -> impl Strategy<Value = Term> {
    let power = (0_u32..2, 0..=MAX_EXPONENT).prop_map(|(column, exponent)| Power { column, exponent });
    let indicator = prop_oneof![
        (0_u32..3).prop_map(|column| Indicator::Present { column }),
        (0_u32..2).prop_map(|category| Indicator::Category { column: 2, category }),
        (0_u32..4).prop_map(|bin| Indicator::Bin { column: 0, binning: 0, bin }),
    ];
    (prop::collection::vec(power, 0..3), prop::collection::vec(indicator, 0..3))
        .prop_map(|(powers, indicators)| Term::new(powers, indicators))
        .prop_filter("exponents have a limit", Term::is_canonical)
}

proptest! {
    #[test]
    fn limbs_and_digits_recombine_to_the_sums_of_terms(
        first in numbers(56),
        second in numbers(20),
        mut words in words(),
        terms in prop::collection::vec(term(), 1..20),
    ) {
        // All categories are there, so that every term is about something.
        words[0] = Some("a".to_owned());
        words[1] = Some("b".to_owned());
        let table = Table::new([
            ("first", Cells::Numbers(first, 3)),
            ("second", Cells::Numbers(second, 0)),
            ("words", Cells::Words(words)),
        ]);
        let request = Request::GroupBy(GroupBy { column: 0, by: vec![2] });
        let mut table = table.prepared(&request).unwrap();
        table.columns[0].binnings.push(Binning { lower: -1 << 56, width: 1 << 55, count: 4 });
        let schema = table.schema();
        let mut terms: Vec<Term> = terms.iter().map(|term| schema.reduced(term)).collect();
        terms.sort_unstable();
        terms.dedup();
        let totals = table.totals(&terms);
        for term in &terms {
            prop_assert!(totals.sum(term).is_some());
        }
    }
}

#[test]
fn the_smallest_and_the_largest_integer_have_derived_columns() {
    for (cells, exponent) in
        [(vec![i64::MIN / 256, i64::MAX / 256], 4), (vec![0, 1], 4), (vec![7], 3), (vec![-1], 2)]
    {
        let table = Table::new([("x", Cells::numbers(cells))]);
        let table = table.prepared(&Request::Mean(Mean { column: 0 })).unwrap();
        table.totals(&[Term::power(0, exponent)]);
    }
}
