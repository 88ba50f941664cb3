//! What the cells of a column mean beyond plain numbers: dates, yes and no, amounts of money, percentages, numbers with
//! separators between thousands, digits that are names. Each type is found with a reason, can be chosen instead, and
//! says exactly which number a cell becomes.

mod find;
mod moment;
mod number;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::find::TypeFinder;
pub use self::moment::DateOrder;
use self::moment::{date_cell, date_time_cell, time_cell};
pub use self::number::{NumberStyle, Thousands};
use crate::cell::MissingWords;
use crate::decimal::{Decimal, DecimalMark};
use crate::found::Found;
use crate::row::Row;

/// What the cells of a column mean.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ColumnType {
    /// As they stand: numbers with the decimal mark of the file, or text.
    Plain,
    /// Names made of digits, such as postcodes: text, whose leading zeros stay.
    Identifier,
    /// Numbers that are written in their own way.
    Number {
        /// How.
        style: NumberStyle,
    },
    /// Amounts of money, which become numbers of that currency.
    Money {
        /// How the amount is written.
        style: NumberStyle,
        /// The sign or code, as it is in the file.
        currency: String,
    },
    /// `12.5 %` is the number 0.125.
    Percent {
        /// How the number is written.
        style: NumberStyle,
    },
    /// Yes is 1 and no is 0.
    Boolean {
        /// The words for both.
        words: BooleanWords,
    },
    /// Whole days since 1970-01-01.
    Date {
        /// The order of day, month and year.
        order: DateOrder,
    },
    /// Seconds since 1970-01-01 00:00, with decimals where there are any. A time with an offset (`Z`, `+02:00`) counts
    /// in UTC; one without is taken as it stands. A date alone is its midnight.
    DateTime {
        /// The order of day, month and year.
        order: DateOrder,
    },
    /// Seconds since midnight.
    Time,
}

/// Two words, in capitals or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BooleanWords {
    /// `true`, `false`
    TrueFalse,
    /// `yes`, `no`
    YesNo,
    /// `y`, `n`
    YN,
    /// `t`, `f`
    TF,
    /// `1`, `0`
    OneZero,
}

impl BooleanWords {
    const ALL: [Self; 5] = [Self::TrueFalse, Self::YesNo, Self::YN, Self::TF, Self::OneZero];

    /// The word for yes and the word for no.
    #[must_use]
    pub fn words(self) -> [&'static str; 2] {
        match self {
            Self::TrueFalse => ["true", "false"],
            Self::YesNo => ["yes", "no"],
            Self::YN => ["y", "n"],
            Self::TF => ["t", "f"],
            Self::OneZero => ["1", "0"],
        }
    }
}

impl ColumnType {
    /// Every type that an owner can choose for a column; `currency` is what amounts of money have.
    #[must_use]
    pub fn choices(currency: &str) -> Vec<Self> {
        let mut choices = vec![Self::Plain, Self::Identifier];
        choices.extend(NumberStyle::ALL.map(|style| Self::Number { style }));
        choices.extend(NumberStyle::ALL.map(|style| Self::Money { style, currency: currency.to_owned() }));
        choices.extend(NumberStyle::ALL.map(|style| Self::Percent { style }));
        choices.extend(BooleanWords::ALL.map(|words| Self::Boolean { words }));
        choices.extend(DateOrder::ALL.map(|order| Self::Date { order }));
        choices.extend(DateOrder::ALL.map(|order| Self::DateTime { order }));
        choices.push(Self::Time);
        choices
    }

    /// What it is called, with an example.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Plain => "as it stands".to_owned(),
            Self::Identifier => "names made of digits, kept as text".to_owned(),
            Self::Number { style } => format!("numbers like {}", style.example()),
            Self::Money { style, currency } => format!("amounts like {} in {currency}", style.example()),
            Self::Percent { style } => {
                format!("percentages like {} %, as hundredths", style.percent_example())
            }
            Self::Boolean { words } => {
                let [yes, no] = words.words();
                format!("{yes} or {no}, as 1 or 0")
            }
            Self::Date { order } => format!("dates like {}, as days since 1970-01-01", order.example()),
            Self::DateTime { order } => {
                format!("dates with a time like {} 13:05, as seconds since 1970-01-01", order.example())
            }
            Self::Time => "times like 13:05, as seconds since midnight".to_owned(),
        }
    }

    /// Whether cells stay as they are.
    fn is_as_written(&self) -> bool {
        matches!(self, Self::Plain | Self::Identifier | Self::Boolean { words: BooleanWords::OneZero })
    }

    /// The number that a cell of this type is; `None` for a cell that is not of this type, and for types that are no
    /// numbers of their own.
    #[must_use]
    pub fn number(&self, cell: &str) -> Option<Decimal> {
        let cell = cell.trim();
        match self {
            Self::Plain | Self::Identifier => None,
            Self::Number { style } => style.parse(cell),
            Self::Money { style, currency } => {
                let (found, amount) = number::split_currency(cell)?;
                (found.is_empty() || found == currency).then(|| number::parse_amount(*style, amount))?
            }
            Self::Percent { style } => {
                let number = style.parse(cell.strip_suffix('%')?.trim_end())?;
                number.scale().checked_add(2).map(|scale| Decimal::new(number.mantissa(), scale))
            }
            Self::Boolean { words } => {
                let at = words.words().iter().position(|word| word.eq_ignore_ascii_case(cell))?;
                Some(Decimal::new(i128::from(at == 0), 0))
            }
            Self::Date { order } => date_cell(cell, *order).map(|days| Decimal::new(days.into(), 0)),
            Self::DateTime { order } => date_time_cell(cell, *order),
            Self::Time => time_cell(cell),
        }
    }
}

/// Finds the types of all columns in a whole pass, where the first rows may not tell: whether `01/02/2024` is the first
/// of February may show only where a month has more than twelve days.
#[derive(Debug, Clone)]
pub struct Typer {
    missing_words: MissingWords,
    finders: Vec<TypeFinder>,
}

impl Typer {
    /// A finder for `columns` columns of a file with this decimal mark; a cell that is one of `missing_words` says
    /// nothing.
    #[must_use]
    pub fn new(columns: usize, mark: DecimalMark, missing_words: &[String]) -> Self {
        let finders = vec![TypeFinder::with_mark(mark); columns];
        Self { missing_words: MissingWords::new(missing_words), finders }
    }

    /// Takes note of a row as it is in the file.
    pub fn push(&mut self, row: &Row) {
        for (finder, cell) in self.finders.iter_mut().zip(row.cells()) {
            if !self.missing_words.hold(cell.trim()) {
                finder.push(cell);
            }
        }
    }

    /// The type of each column, and why.
    #[must_use]
    pub fn finish(self) -> Vec<Found<ColumnType>> {
        self.finders.into_iter().map(TypeFinder::finish).collect()
    }
}

/// The type of each column: what its owner chose, else what was found. `chosen` may be shorter than `found`.
#[must_use]
pub fn settle(found: &[Found<ColumnType>], chosen: &[Option<ColumnType>]) -> Vec<Found<ColumnType>> {
    let chosen = |at: usize| chosen.get(at).cloned().flatten();
    found
        .iter()
        .enumerate()
        .map(|(at, found)| chosen(at).map_or_else(|| found.clone(), Found::chosen))
        .collect()
}

/// Rewrites cells of special types as the plain numbers that they are, for [`crate::profile`] and [`crate::encode`].
///
/// A cell that is not of the type of its column stays as it is: it is then text, and the profile says where.
#[derive(Debug, Clone)]
pub struct Converter {
    types: Vec<ColumnType>,
    text_columns: Option<Arc<[bool]>>,
    changes_cells: bool,
}

impl Converter {
    /// A converter for columns of these types, in file order.
    #[must_use]
    pub fn new(types: &[ColumnType]) -> Self {
        let is_text: Vec<bool> = types.iter().map(|column| *column == ColumnType::Identifier).collect();
        Self {
            text_columns: is_text.contains(&true).then(|| is_text.into()),
            changes_cells: types.iter().any(|column| !column.is_as_written()),
            types: types.to_vec(),
        }
    }

    /// The types, in file order.
    #[must_use]
    pub fn types(&self) -> &[ColumnType] {
        &self.types
    }

    /// `row` with its cells as plain numbers: `row` itself where nothing changes, else `room`, which is overwritten.
    pub fn convert<'r>(&self, row: &'r Row, room: &'r mut Row) -> &'r Row {
        if !self.changes_cells && self.text_columns.is_none() {
            return row;
        }
        room.cells.clear();
        room.number = row.number;
        room.line = row.line;
        room.decimal_mark = row.decimal_mark;
        room.text_columns.clone_from(&self.text_columns);
        for (at, cell) in row.cells().enumerate() {
            let column = self.types.get(at).filter(|column| !column.is_as_written());
            match column.and_then(|column| column.number(cell)) {
                None => room.cells.push_field(cell),
                Some(number) => {
                    let text = number.to_string();
                    match row.decimal_mark {
                        DecimalMark::Point => room.cells.push_field(&text),
                        DecimalMark::Comma => room.cells.push_field(&text.replace('.', ",")),
                    }
                }
            }
        }
        room
    }
}
