//! Answers for people: sentences first, then tables, then charts. Nothing in them is not a number: what cannot be
//! computed is said in words.

use serde::{Deserialize, Serialize};
use veilsum_protocol::manifest::Binning;

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What was asked, in a few words: “Mean of length of stay”.
    pub title: String,
    /// The findings, most important first: “The mean of “LOS” is 4, 95 % interval 1.28 to 6.72.”
    pub sentences: Vec<String>,
    /// The numbers that programs look for, under stable keys such as `mean` or `coefficient/age`.
    pub figures: Vec<Figure>,
    /// The numbers as tables.
    pub tables: Vec<Table>,
    /// Where people would rather look than read.
    pub charts: Vec<Chart>,
    /// What should be known besides: rounding, rows left out, constant or collinear columns, assumptions.
    pub notes: Vec<String>,
    /// Rows that the answer rests on: complete cases.
    pub row_count: u64,
    /// Finer bins, per column position, that would make the answer more exact.
    pub refinements: Vec<(u32, Binning)>,
}

/// A number under a stable key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Stable, for programs.
    pub key: String,
    /// For people.
    pub label: String,
    /// The number; `None` where there is none, which a note explains.
    pub value: Option<Value>,
}

/// A number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// For reading: honest precision.
    pub text: String,
    /// All decimal digits that are known: exact, or rounded once to 17 significant digits.
    pub exact: String,
    /// The nearest float to the exact value. Finite.
    pub float: f64,
    /// Largest error of `exact` in words; empty if it is exact.
    pub error: String,
}

/// A table with a heading for every row and column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Headings of the columns, the first over the headings of rows.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its heading.
    pub heading: String,
    /// One cell per column but the first.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing to show; a note explains it.
    Nothing,
    /// Words.
    Text(String),
    /// A number.
    Number(Value),
}

/// A picture, as data. All numbers are finite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// States the finding.
    pub title: String,
    /// What is drawn, for people who do not see it.
    pub description: String,
    /// What is drawn.
    pub kind: ChartKind,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ChartKind {
    /// Rows per bin.
    Histogram {
        /// Name of the column.
        column: String,
        /// Edges, one more than counts, ascending.
        edges: Vec<f64>,
        /// Rows per bin.
        counts: Vec<u64>,
    },
    /// Boxes from quantiles.
    Boxes {
        /// What the axis measures.
        axis: String,
        /// One box each.
        boxes: Vec<BoxPlot>,
    },
    /// A bar or point per group, with an interval where there is one.
    Groups {
        /// What the axis measures.
        axis: String,
        /// Whether the axis starts at 0 and bars are drawn (counts, sums), or points with intervals (means).
        bars: bool,
        /// Groups in order.
        groups: Vec<Estimate>,
    },
    /// Bars side by side for two groupings.
    GroupedBars {
        /// What the axis measures.
        axis: String,
        /// Names of the series.
        series: Vec<String>,
        /// Name and one number per series.
        groups: Vec<(String, Vec<f64>)>,
    },
    /// A square matrix of correlations from -1 to 1.
    HeatMap {
        /// Names of rows and columns.
        names: Vec<String>,
        /// Row by row; `None` where there is no correlation.
        values: Vec<Vec<Option<f64>>>,
    },
    /// Coefficients with intervals around 0.
    Coefficients {
        /// What the axis measures.
        axis: String,
        /// Coefficients in order.
        estimates: Vec<Estimate>,
    },
    /// Points, with a line through them where there is a fit.
    Scatter {
        /// What the horizontal axis measures.
        x_axis: String,
        /// What the vertical axis measures.
        y_axis: String,
        /// Label, x, y.
        points: Vec<(String, f64, f64)>,
        /// Intercept and slope.
        line: Option<(f64, f64)>,
    },
}

/// Five numbers of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoxPlot {
    /// Name.
    pub name: String,
    /// Minimum, first quartile, median, third quartile, maximum.
    pub five: [f64; 5],
    /// The mean, if it is known.
    pub mean: Option<f64>,
}

/// A number with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Name.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Lower and upper end, if there is an interval.
    pub interval: Option<(f64, f64)>,
}

impl Answer {
    /// Whether every float in it is finite.
    pub(crate) fn is_finite(&self) -> bool {
        let of_figures = self.figures.iter().filter_map(|figure| figure.value.as_ref());
        let of_tables = self.tables.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells);
        let of_tables = of_tables.filter_map(|cell| match cell {
            Cell::Number(value) => Some(value),
            Cell::Nothing | Cell::Text(_) => None,
        });
        of_figures.chain(of_tables).all(|value| value.float.is_finite())
            && self.charts.iter().all(|chart| chart.kind.is_finite())
    }
}

impl ChartKind {
    fn is_finite(&self) -> bool {
        let all = |floats: &[f64]| floats.iter().all(|float| float.is_finite());
        let estimates = |estimates: &[Estimate]| {
            estimates.iter().all(|estimate| {
                let (low, high) = estimate.interval.unwrap_or_default();
                all(&[estimate.value, low, high])
            })
        };
        match self {
            Self::Histogram { edges, .. } => all(edges),
            Self::Boxes { boxes, .. } => {
                boxes.iter().all(|plot| all(&plot.five) && plot.mean.is_none_or(f64::is_finite))
            }
            Self::Groups { groups, .. } => estimates(groups),
            Self::GroupedBars { groups, .. } => groups.iter().all(|(_, bars)| all(bars)),
            Self::HeatMap { values, .. } => values.iter().flatten().flatten().all(|value| value.is_finite()),
            Self::Coefficients { estimates: all_estimates, .. } => estimates(all_estimates),
            Self::Scatter { points, line, .. } => {
                let (intercept, slope) = line.unwrap_or_default();
                points.iter().all(|(_, x, y)| all(&[*x, *y])) && all(&[intercept, slope])
            }
        }
    }
}
