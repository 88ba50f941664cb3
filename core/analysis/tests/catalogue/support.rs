//! Tables in clear, and what an owner's browser and the cloud would make of them.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use veilsum_analysis::answer::{Answer, Cell, ChartKind, Value};
use veilsum_analysis::derive::{self, Deriver, Facts};
use veilsum_analysis::schema::Schema;
use veilsum_analysis::totals::Totals;
use veilsum_analysis::{FinishError, PlanError, Request};
use veilsum_protocol::manifest::{
    Column, DerivedColumn, EncryptedNumber, LIMB_BITS, MAX_CATEGORIES, Treatment,
};
use veilsum_protocol::term::{Indicator, Term};

/// A table in clear with the columns of its manifest.
#[derive(Debug, Clone)]
pub struct Table {
    pub columns: Vec<Column>,
    facts: Vec<Facts>,
    rows: Vec<Vec<derive::Cell>>,
}

/// The cells of one column.
#[derive(Debug, Clone)]
pub enum Cells {
    /// Stored integers and their scale.
    Numbers(Vec<Option<i64>>, u32),
    /// Text.
    Words(Vec<Option<String>>),
}

impl Table {
    pub fn new(columns: impl IntoIterator<Item = (&'static str, Cells)>) -> Self {
        let columns = columns.into_iter().map(|(name, cells)| (name.to_owned(), cells));
        Self::of(columns.collect())
    }

    fn of(named: Vec<(String, Cells)>) -> Self {
        let row_count = named.first().map_or(0, |(_, cells)| cells.len());
        let mut rows = vec![Vec::new(); row_count];
        let (mut columns, mut facts) = (Vec::new(), Vec::new());
        for (position, (name, cells)) in (0..).zip(named) {
            assert_eq!(cells.len(), row_count, "{name}");
            let (treatment, fact) = cells.describe(position);
            let categories = fact.categories.clone().unwrap_or_default();
            for (at, row) in rows.iter_mut().enumerate() {
                let text = cells.text(at);
                let category = text.and_then(|text| categories.iter().position(|category| *category == text));
                row.push(derive::Cell {
                    integer: cells.integer(at),
                    category: category.map(|category| u32::try_from(category).unwrap()),
                });
            }
            columns.push(Column::new(name, treatment));
            facts.push(fact);
        }
        Self { columns, facts, rows }
    }

    /// Comma-separated, without quotes; a column in which every cell that is there is a decimal is one of numbers.
    pub fn csv(text: &str) -> Self {
        let mut lines = text.lines();
        let names = lines.next().unwrap().split(',');
        let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
        let columns = names.enumerate().map(|(at, name)| {
            let cells: Vec<&str> = rows.iter().map(|row| row[at]).collect();
            (name.to_owned(), Cells::parse(&cells))
        });
        Self::of(columns.collect())
    }

    pub fn row_count(&self) -> u64 {
        self.rows.len() as u64
    }

    pub fn position(&self, name: &str) -> u32 {
        let found = self.columns.iter().position(|column| column.name == name);
        u32::try_from(found.unwrap_or_else(|| panic!("no column {name}"))).unwrap()
    }

    pub fn schema(&self) -> Schema<'_> {
        Schema::new(&self.columns)
    }

    /// With the centres, categories and bins that a request needs.
    pub fn prepared(&self, request: &Request) -> Result<Self, PlanError> {
        let mut prepared = self.clone();
        derive::prepare(&mut prepared.columns, &self.facts, std::slice::from_ref(request))?;
        Ok(prepared)
    }

    /// The answer, from totals that were checked to be the same by definition and by derived columns.
    pub fn ask(&self, request: &Request) -> Answer {
        let table = self.prepared(request).unwrap();
        let answer = table.finish(request).unwrap();
        check(&answer);
        answer
    }

    /// The answer over columns that are prepared.
    pub fn finish(&self, request: &Request) -> Result<Answer, FinishError> {
        let terms = request.terms(self.schema()).unwrap();
        request.finish(self.schema(), &self.totals(&terms))
    }

    /// The totals of terms by definition; those that derived columns hold are checked against these.
    pub fn totals(&self, terms: &[Term]) -> Totals {
        let sums: BTreeMap<Term, BigInt> = terms.iter().map(|term| (term.clone(), self.sum(term))).collect();
        for (term, sum) in self.derived_sums(terms) {
            assert_eq!(sum, sums[&term], "{term:?}");
        }
        Totals::new(self.row_count(), sums)
    }

    /// Σ over rows of Π x^exponent · Π [indicator], 0 where a cell is blank.
    fn sum(&self, term: &Term) -> BigInt {
        self.rows.iter().map(|row| self.product(term, row)).sum()
    }

    fn product(&self, term: &Term, row: &[derive::Cell]) -> BigInt {
        let mut product = BigInt::from(1);
        for power in term.powers() {
            let column = power.column as usize;
            let centre = self.columns[column].number().unwrap().centring().centre;
            let Some(integer) = row[column].integer else { return BigInt::ZERO };
            for _ in 0..power.exponent {
                product *= BigInt::from(integer) - centre;
            }
        }
        for indicator in term.indicators() {
            let cell = row[indicator.column() as usize];
            let holds = match *indicator {
                Indicator::Present { .. } => cell.integer.is_some() || cell.category.is_some(),
                Indicator::Category { category, .. } => cell.category == Some(category),
                Indicator::Bin { column, binning, bin } => {
                    let (lower, upper) = self.columns[column as usize].binnings[binning as usize].edges(bin);
                    cell.integer.is_some_and(|integer| (lower..upper).contains(&i128::from(integer)))
                }
            };
            if !holds {
                return BigInt::ZERO;
            }
        }
        product
    }

    /// The totals of the terms that derived columns hold, from their limbs and digits.
    fn derived_sums(&self, terms: &[Term]) -> Vec<(Term, BigInt)> {
        let blocks = self.row_count().max(1);
        let derived = derive::derive(&self.columns, &[], terms.to_vec(), 1, 1_000, blocks).unwrap();
        let mut deriver = Deriver::new(&self.columns, &derived).unwrap();
        let limb_count = derived.iter().map(|column| column.limbs.len()).sum();
        let mut sums = vec![0_i128; limb_count];
        for row in &self.rows {
            let mut integers = Vec::new();
            deriver.derive(row, &mut integers).unwrap();
            assert_eq!(integers.len(), limb_count);
            let limbs = derived.iter().flat_map(|column| &column.limbs);
            for ((sum, integer), limb) in sums.iter_mut().zip(integers).zip(limbs) {
                assert!(integer.unsigned_abs() <= limb.largest_magnitude, "a limb is beyond its bound");
                *sum += i128::from(integer);
            }
        }
        let mut found = Vec::new();
        let mut rest = &sums[..];
        for column in &derived {
            let (limbs, others) = rest.split_at(column.limbs.len());
            rest = others;
            found.extend(recombine(column, limbs));
        }
        found
    }
}

/// The totals of a derived column's terms: by the definition of limbs and digits.
fn recombine(column: &DerivedColumn, limbs: &[i128]) -> Vec<(Term, BigInt)> {
    if let [term] = &column.terms[..] {
        let limbs = limbs.iter().rev();
        let sum = limbs.fold(BigInt::ZERO, |sum, &limb| sum * (BigInt::from(1) << LIMB_BITS) + limb);
        return vec![(term.clone(), sum)];
    }
    let mask = (1_i128 << column.digit_bits) - 1;
    let digit = |(at, term): (usize, &Term)| {
        (term.clone(), BigInt::from(limbs[0] >> (at * usize::from(column.digit_bits)) & mask))
    };
    column.terms.iter().enumerate().map(digit).collect()
}

impl Cells {
    pub fn numbers(values: impl IntoIterator<Item = i64>) -> Self {
        Self::Numbers(values.into_iter().map(Some).collect(), 0)
    }

    pub fn words<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let word = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        Self::Words(values.into_iter().map(word).collect())
    }

    fn parse(cells: &[&str]) -> Self {
        let decimal = |cell: &str| {
            let digits = cell.strip_prefix('-').unwrap_or(cell);
            digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        };
        if !cells.iter().all(|cell| decimal(cell)) {
            return Self::words(cells.iter().copied());
        }
        let fraction = |cell: &str| cell.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let scale = cells.iter().map(|cell| fraction(cell)).max().unwrap_or(0);
        let integer = |cell: &&str| {
            let digits = format!("{}{}", cell.replace('.', ""), "0".repeat(scale - fraction(cell)));
            (!cell.is_empty()).then(|| digits.parse().unwrap())
        };
        Self::Numbers(cells.iter().map(integer).collect(), u32::try_from(scale).unwrap())
    }

    fn len(&self) -> usize {
        match self {
            Self::Numbers(values, _) => values.len(),
            Self::Words(values) => values.len(),
        }
    }

    fn integer(&self, at: usize) -> Option<i64> {
        match self {
            Self::Numbers(values, _) => values[at],
            Self::Words(_) => None,
        }
    }

    fn text(&self, at: usize) -> Option<String> {
        match self {
            Self::Numbers(values, _) => values[at].map(|value| value.to_string()),
            Self::Words(values) => values[at].clone(),
        }
    }

    fn describe(&self, position: u32) -> (Treatment, Facts) {
        let mut categories: Vec<String> = (0..self.len()).filter_map(|at| self.text(at)).collect();
        categories.sort();
        categories.dedup();
        if let Self::Numbers(..) = self {
            categories.sort_by_key(|category| category.parse::<i64>().unwrap());
        }
        let categories = (1..=MAX_CATEGORIES).contains(&categories.len()).then_some(categories);
        let missing_count = (0..self.len()).filter(|&at| self.text(at).is_none()).count() as u64;
        let Self::Numbers(values, scale) = self else {
            return (Treatment::Category { missing_count }, Facts { range: None, categories });
        };
        let present = || values.iter().copied().flatten();
        let largest_magnitude = present().map(i64::unsigned_abs).max().unwrap_or(0);
        let number = EncryptedNumber {
            column: 2 * position,
            presence: (missing_count > 0).then_some(2 * position + 1),
            scale: *scale,
            rounded: false,
            largest_magnitude,
            bound_bits: 56,
            missing_count,
            centring: None,
        };
        (Treatment::Number(number), Facts { range: present().min().zip(present().max()), categories })
    }
}

/// What holds for every answer: sentences, nothing that is not a number, texts that say the same as floats.
pub fn check(answer: &Answer) {
    assert!(!answer.title.is_empty() && !answer.sentences.is_empty(), "{answer:?}");
    for sentence in answer.sentences.iter().chain(&answer.notes) {
        assert!(sentence.ends_with('.'), "{sentence}");
        assert!(!sentence.contains("NaN") && !sentence.contains("inf "), "{sentence}");
    }
    let mut keys: Vec<&str> = answer.figures.iter().map(|figure| figure.key.as_str()).collect();
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "a key is there twice: {keys:?}");
    answer.figures.iter().filter_map(|figure| figure.value.as_ref()).for_each(check_value);
    for table in &answer.tables {
        for row in &table.rows {
            assert_eq!(row.cells.len() + 1, table.columns.len(), "{}", table.caption);
            for cell in &row.cells {
                if let Cell::Number(value) = cell {
                    check_value(value);
                }
            }
        }
    }
    for chart in &answer.charts {
        assert!(!chart.title.is_empty() && !chart.description.is_empty());
        if let ChartKind::Histogram { edges, counts, .. } = &chart.kind {
            assert_eq!(edges.len(), counts.len() + 1);
        }
    }
    // JSON has no numbers but finite ones.
    assert!(!serde_json::to_string(&answer.charts).unwrap().contains(":null,\"interval"));
}

fn check_value(value: &Value) {
    assert!(value.float.is_finite(), "{value:?}");
    let exact: f64 = value.exact.parse().unwrap();
    let tolerance = value.float.abs() * 1e-15 + f64::MIN_POSITIVE;
    assert!((exact - value.float).abs() <= tolerance, "{value:?}");
}

/// The float of a figure.
pub fn figure(answer: &Answer, key: &str) -> Option<f64> {
    value(answer, key).map(|value| value.float)
}

/// The number of a figure; `None` if there is none.
pub fn value<'a>(answer: &'a Answer, key: &str) -> Option<&'a Value> {
    let found = answer.figures.iter().find(|figure| figure.key == key);
    found.unwrap_or_else(|| panic!("no figure {key}: {:?}", answer.figures)).value.as_ref()
}

/// The tables beside the references.
pub fn fixture(name: &str) -> Table {
    Table::csv(match name {
        "blanks" => include_str!("../fixtures/blanks.csv"),
        "breast_cancer" => include_str!("../fixtures/breast_cancer.csv"),
        "diabetes" => include_str!("../fixtures/diabetes.csv"),
        "income" => include_str!("../fixtures/income.csv"),
        "iris" => include_str!("../fixtures/iris.csv"),
        "pancreatitis" => include_str!("../fixtures/pancreatitis.csv"),
        _ => panic!("no table {name}"),
    })
}
