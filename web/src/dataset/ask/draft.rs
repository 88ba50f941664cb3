//! An analysis that is being put together: from choices to requests.

use veilsum_analysis::Request;
use veilsum_analysis::catalogue::{
    Anova, Contingency, Correlation, Count, Covariance, GroupBy, Histogram, Mean, MissingCount, Quantiles,
    Regression, Shape, Sum, TTest, Variance, WeightedMean,
};

use super::columns::{Columns, Pick};

/// Most columns that are chosen to begin with.
const MOST_PRESELECTED: usize = 40;
/// Most that relations are asked of to begin with: they need a product for every two.
const MOST_RELATED: usize = 6;
/// Confidence in thousandths.
const USUAL_LEVEL: u16 = 950;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Describe,
    Groups,
    TwoGroups,
    Anova,
    WeightedMean,
    Covariance,
    Correlation,
    Contingency,
    Regression,
}

impl Kind {
    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Describe => "Describe columns",
            Self::Groups => "Compare groups",
            Self::TwoGroups => "Two groups, tested",
            Self::Anova => "All groups, tested (ANOVA)",
            Self::WeightedMean => "Weighted mean",
            Self::Covariance => "Covariance",
            Self::Correlation => "Correlation",
            Self::Contingency => "Contingency table",
            Self::Regression => "Regression",
        }
    }

    /// What it tells, in a line.
    pub(super) const fn explanation(self) -> &'static str {
        match self {
            Self::Describe => "Numbers that sum up one column at a time.",
            Self::Groups => {
                "Count, sum, mean and spread of a number in every group, by one or two groupings."
            }
            Self::TwoGroups => {
                "Whether the means of two groups differ by more than chance would (Welch’s test)."
            }
            Self::Anova => "Whether any of the groups’ means differ by more than chance would.",
            Self::WeightedMean => "A mean in which another column says how much each row counts.",
            Self::Covariance => "How two numbers move together, in their own units.",
            Self::Correlation => "How strongly numbers move together, from −1 to 1, every two of them.",
            Self::Contingency => "How often categories of two columns meet, with the χ² test.",
            Self::Regression => "How much a number changes with others: a line through all of them.",
        }
    }

    /// For tests.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Groups => "groups",
            Self::TwoGroups => "two-groups",
            Self::Anova => "anova",
            Self::WeightedMean => "weighted-mean",
            Self::Covariance => "covariance",
            Self::Correlation => "correlation",
            Self::Contingency => "contingency",
            Self::Regression => "regression",
        }
    }
}

/// A number that describes a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statistic {
    Sum,
    Mean,
    Count,
    Missing,
    Spread,
    Quantiles,
    Histogram,
    Shape,
}

impl Statistic {
    /// All of them, those that need nothing more first.
    pub(super) const ALL: [Self; 8] = [
        Self::Sum,
        Self::Mean,
        Self::Count,
        Self::Missing,
        Self::Spread,
        Self::Quantiles,
        Self::Histogram,
        Self::Shape,
    ];

    /// For tests and exports.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Count => "count",
            Self::Missing => "missing",
            Self::Spread => "spread",
            Self::Quantiles => "quantiles",
            Self::Histogram => "histogram",
            Self::Shape => "shape",
        }
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Mean => "Mean",
            Self::Count => "Count",
            Self::Missing => "Missing",
            Self::Spread => "Spread",
            Self::Quantiles => "Quantiles",
            Self::Histogram => "Histogram",
            Self::Shape => "Shape",
        }
    }

    /// What it tells.
    pub(super) const fn explanation(self) -> &'static str {
        match self {
            Self::Sum => "All values added up.",
            Self::Mean => "The average.",
            Self::Count => "Cells that are not blank.",
            Self::Missing => "Cells that are blank.",
            Self::Spread => "Variance and standard deviation, and an interval for the mean.",
            Self::Quantiles => "Minimum, quartiles, median and maximum, as a box.",
            Self::Histogram => "Rows per range of values, or per category.",
            Self::Shape => "Skewness and kurtosis: how lopsided it is, how heavy its ends are.",
        }
    }

    fn request(self, pick: &Pick, level: u16) -> Option<Request> {
        let column = pick.position;
        let counts = matches!(self, Self::Missing | Self::Histogram);
        if !pick.is_number && !counts {
            return None;
        }
        Some(match self {
            Self::Sum => Request::Sum(Sum { column }),
            Self::Mean => Request::Mean(Mean { column }),
            Self::Count => Request::Count(Count { column }),
            Self::Missing => Request::MissingCount(MissingCount { column }),
            Self::Spread => Request::Variance(Variance { column, level }),
            Self::Quantiles => Request::Quantiles(Quantiles { column }),
            Self::Histogram => Request::Histogram(Histogram { column, by_category: !pick.is_number }),
            Self::Shape => Request::Shape(Shape { column }),
        })
    }
}

/// What is chosen. A draft holds what any kind may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) kind: Kind,
    /// What describes each column.
    pub(super) statistics: Vec<Statistic>,
    /// Several columns.
    pub(super) columns: Vec<u32>,
    /// The one that is looked at, or explained.
    pub(super) column: Option<u32>,
    /// The second one, or the weight.
    pub(super) other: Option<u32>,
    /// Groupings.
    pub(super) by: Option<u32>,
    pub(super) also_by: Option<u32>,
    /// Two of the groups, as positions among the categories.
    pub(super) groups: [u32; 2],
    /// Categories that explain.
    pub(super) categories: Vec<u32>,
    /// A decimal; empty for none.
    pub(super) ridge: String,
    pub(super) standardised: bool,
    /// In thousandths.
    pub(super) level: u16,
}

impl Draft {
    /// One with choices that make sense for these columns.
    pub(super) fn suggested(kind: Kind, columns: &Columns) -> Self {
        let numbers: Vec<u32> = columns.numbers().map(|pick| pick.position).collect();
        let groupings = columns.groupings();
        let grouping = |place: usize| groupings.get(place).map(|pick| pick.position);
        let by = grouping(0);
        let column = numbers.iter().copied().find(|&number| Some(number) != by);
        let most = match kind {
            Kind::Groups | Kind::Describe => MOST_PRESELECTED,
            Kind::Correlation
            | Kind::Regression
            | Kind::TwoGroups
            | Kind::Anova
            | Kind::WeightedMean
            | Kind::Covariance
            | Kind::Contingency => MOST_RELATED,
        };
        let chosen = numbers.iter().copied().filter(|&number| match kind {
            Kind::Groups => Some(number) != by,
            Kind::Regression => Some(number) != column,
            Kind::Describe
            | Kind::Correlation
            | Kind::TwoGroups
            | Kind::Anova
            | Kind::WeightedMean
            | Kind::Covariance
            | Kind::Contingency => true,
        });
        // One number is enough to begin with: every group of every number is a column of its own.
        let chosen = chosen.take(if kind == Kind::Groups { 1 } else { most });
        Self {
            kind,
            statistics: vec![Statistic::Mean],
            columns: chosen.collect(),
            column,
            other: numbers.iter().copied().find(|&number| Some(number) != column),
            by,
            also_by: if kind == Kind::Contingency { grouping(1) } else { None },
            groups: [0, 1],
            categories: Vec::new(),
            ridge: String::new(),
            standardised: false,
            level: USUAL_LEVEL,
        }
    }

    /// The mean of every number.
    pub(super) fn usual(columns: &Columns) -> Self {
        Self::suggested(Kind::Describe, columns)
    }

    /// Describes the columns by these, too.
    pub(super) fn also(&mut self, statistics: &[Statistic]) {
        for statistic in statistics {
            if !self.statistics.contains(statistic) {
                self.statistics.push(*statistic);
            }
        }
    }

    /// What to ask.
    ///
    /// # Errors
    /// What is still to be chosen, in a sentence.
    pub(super) fn requests(&self, columns: &Columns) -> Result<Vec<Request>, &'static str> {
        let number = |chosen: Option<u32>| chosen.ok_or("Choose a column of numbers.");
        let grouping = |chosen: Option<u32>| chosen.ok_or("Choose a column to group by.");
        let level = self.level;
        Ok(match self.kind {
            Kind::Describe => self.described(columns)?,
            Kind::Groups => {
                let mut by = vec![grouping(self.by)?];
                by.extend(self.also_by.filter(|also| Some(*also) != self.by));
                let chosen = self.columns.iter().filter(|column| !by.contains(column));
                let requests: Vec<Request> =
                    chosen.map(|&column| Request::GroupBy(GroupBy { column, by: by.clone() })).collect();
                if requests.is_empty() {
                    return Err("Choose at least one column of numbers.");
                }
                requests
            }
            Kind::TwoGroups => {
                let (column, by, categories) = (number(self.column)?, grouping(self.by)?, self.groups);
                if categories[0] == categories[1] {
                    return Err("Choose two different groups.");
                }
                vec![Request::TTest(TTest { column, by, categories, level })]
            }
            Kind::Anova => {
                vec![Request::Anova(Anova { column: number(self.column)?, by: grouping(self.by)? })]
            }
            Kind::WeightedMean => {
                let weight = self.other.ok_or("Choose a column of weights.")?;
                vec![Request::WeightedMean(WeightedMean { column: number(self.column)?, weight })]
            }
            Kind::Covariance => {
                let columns = [number(self.column)?, number(self.other)?];
                vec![Request::Covariance(Covariance { columns })]
            }
            Kind::Correlation => {
                if self.columns.len() < 2 {
                    return Err("Choose at least two columns of numbers.");
                }
                vec![Request::Correlation(Correlation { columns: self.columns.clone() })]
            }
            Kind::Contingency => {
                let columns = [grouping(self.by)?, grouping(self.also_by)?];
                vec![Request::Contingency(Contingency { columns })]
            }
            Kind::Regression => {
                let y = number(self.column)?;
                let others = |chosen: &[u32]| chosen.iter().copied().filter(|&x| x != y).collect::<Vec<_>>();
                let (xs, categories) = (others(&self.columns), others(&self.categories));
                if xs.is_empty() && categories.is_empty() {
                    return Err("Choose at least one column that explains.");
                }
                let (ridge, standardised) = (self.ridge.trim().to_owned(), self.standardised);
                vec![Request::Regression(Regression { y, xs, categories, ridge, standardised, level })]
            }
        })
    }

    fn described(&self, columns: &Columns) -> Result<Vec<Request>, &'static str> {
        if self.statistics.is_empty() {
            return Err("Choose at least one statistic.");
        }
        if self.columns.is_empty() {
            return Err("Choose at least one column.");
        }
        let chosen = columns.all().iter().filter(|pick| self.columns.contains(&pick.position));
        let asked = chosen.flat_map(|pick| {
            let statistics = Statistic::ALL.iter().filter(|statistic| self.statistics.contains(statistic));
            statistics.filter_map(|statistic| statistic.request(pick, self.level))
        });
        let requests: Vec<Request> = asked.collect();
        if requests.is_empty() {
            return Err("Categories can be counted: choose Missing or Histogram, or a column of numbers.");
        }
        Ok(requests)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::messages::{ColumnView, ManifestView, NumberView, SchemeView, TreatmentView};

    fn columns() -> Columns {
        let number = NumberView {
            column: 0,
            presence: None,
            scale: 0,
            rounded: false,
            bound_bits: 8,
            missing_count: 0,
        };
        let column = |name: &str, treatment, categories: &[&str]| ColumnView {
            name: name.into(),
            treatment,
            categories: categories.iter().map(|text| (*text).to_owned()).collect(),
        };
        Columns::of(&ManifestView {
            file_name: "t.csv".into(),
            row_count: 10,
            skipped_row_count: 0,
            created_at: 0,
            scheme: SchemeView::Paillier { modulus_bits: 2048 },
            columns: vec![
                column("a", TreatmentView::Number(number.clone()), &[]),
                column("id", TreatmentView::Dropped, &[]),
                column("b", TreatmentView::Number(number), &[]),
                column("sex", TreatmentView::Category { missing_count: 0 }, &["f", "m"]),
            ],
            has_original: false,
            batches: Vec::new(),
            derived_columns: 0,
            preparation: Vec::new(),
        })
    }

    #[test]
    fn the_usual_run_is_the_mean_of_every_number() {
        let columns = columns();
        let requests = Draft::usual(&columns).requests(&columns).unwrap();
        assert_eq!(requests, [Request::Mean(Mean { column: 0 }), Request::Mean(Mean { column: 2 })]);
    }

    #[test]
    fn descriptions_are_asked_column_by_column_where_they_apply() {
        let columns = columns();
        let mut draft = Draft::usual(&columns);
        draft.statistics = vec![Statistic::Count, Statistic::Histogram, Statistic::Sum];
        draft.columns = vec![3, 2];
        assert_eq!(
            draft.requests(&columns).unwrap(),
            [
                Request::Sum(Sum { column: 2 }),
                Request::Count(Count { column: 2 }),
                Request::Histogram(Histogram { column: 2, by_category: false }),
                Request::Histogram(Histogram { column: 3, by_category: true }),
            ]
        );
        draft.statistics = vec![Statistic::Sum];
        draft.columns = vec![3];
        assert!(draft.requests(&columns).is_err());
    }

    #[test]
    fn every_kind_suggests_something_that_can_be_asked() {
        let columns = columns();
        for kind in [
            Kind::Describe,
            Kind::Groups,
            Kind::TwoGroups,
            Kind::Anova,
            Kind::WeightedMean,
            Kind::Covariance,
            Kind::Correlation,
            Kind::Contingency,
            Kind::Regression,
        ] {
            let draft = Draft::suggested(kind, &columns);
            assert!(draft.requests(&columns).is_ok(), "{kind:?}: {draft:?}");
        }
        let grouped = Draft::suggested(Kind::Groups, &columns).requests(&columns).unwrap();
        assert_eq!(grouped, [Request::GroupBy(GroupBy { column: 0, by: vec![3] })]);
    }
}
