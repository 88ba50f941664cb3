//! What is to become of each column, and whether it fits.
//!
//! A cell v that is encrypted as a number becomes the integer `v · 10^scale`. A column's integers stay below
//! `2^bound_bits` in size, where `bound_bits` is 8, 16, … or 56, and so that the sum over all blocks stays within
//! [`SLOT_SUM_BITS`] bits: `2^bound_bits · block_count ≤ 2^62`.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::decimal::Decimal;
use crate::place::Place;
use crate::profile::{ColumnProfile, Kind, MAX_CATEGORIES, Profile};
use crate::words::{counted, grouped};

/// Bits that the sum over all blocks may reach in one slot.
pub const SLOT_SUM_BITS: u8 = 62;
/// The widest bound class.
pub const MAX_BOUND_BITS: u8 = 56;
/// Bound classes are multiples of this.
const BOUND_STEP_BITS: u8 = 8;
/// Most different cells of a column that is proposed as one of categories.
const MOST_PROPOSED_CATEGORIES: usize = 32;
/// Largest scale that is offered beyond what a column's own decimals need.
const MAX_CHOSEN_SCALE: u32 = 18;

/// What is to become of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Choice {
    /// Encrypted as a number.
    Number {
        /// Decimals that are kept.
        scale: u32,
    },
    /// Encrypted as categories: as 1 or 0 for each different cell, where an analysis groups by it.
    Category,
    /// Kept only in the sealed original: encrypted, but nothing is computed with it.
    SealedOriginalOnly,
    /// Does not leave the browser.
    Drop,
}

/// How much the table takes up: decides how large a number may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Blocks (ciphertexts) of one column over the whole table.
    pub block_count: u64,
    /// Rows in one block.
    pub slot_count: u32,
}

/// What is proposed for a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The proposal.
    pub choice: Choice,
    /// What it means, in words.
    pub explanation: String,
    /// The largest scale that fits; the owner may choose any from 0 to this. `None` if the column cannot be
    /// encrypted as a number.
    pub largest_scale: Option<u32>,
}

/// How a column of numbers is encoded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberEncoding {
    /// Position in the file, from 0.
    pub column: usize,
    /// Name.
    pub name: String,
    /// A cell v becomes the integer `v · 10^scale`.
    pub scale: u32,
    /// Whether cells have more decimals than that and are rounded, half to even.
    pub rounded: bool,
    /// The largest |integer|.
    pub largest_magnitude: u64,
    /// Bound class: `largest_magnitude < 2^bound_bits`.
    pub bound_bits: u8,
    /// Missing cells. If there are any, the column needs a second one that holds 1 for each cell that is present.
    pub missing_count: u64,
}

/// Why a choice cannot be carried out. Names the column and what would fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TreatError {
    /// There must be one choice for each column.
    #[error("There are {actual} choices for {expected} columns. Load the file again.")]
    ChoiceCount {
        /// Columns.
        expected: usize,
        /// Choices.
        actual: usize,
    },
    /// The column holds text.
    #[error(
        "Column \"{name}\" cannot be encrypted as a number: {} no number, the first at {first}. Keep it in the \
         sealed original, drop it, or correct the file.",
        if *.text_count == 1 { "1 cell is".to_owned() } else { format!("{} cells are", grouped(*.text_count)) }
    )]
    Text {
        /// Name of the column.
        name: String,
        /// Cells that are no numbers.
        text_count: u64,
        /// The first of them.
        first: Place,
    },
    /// The column holds too many different cells to be one of categories.
    #[error(
        "Column \"{name}\" cannot be encrypted as categories: it has more than {MAX_CATEGORIES} different cells, or \
         very long ones. Keep it in the sealed original, or drop it."
    )]
    TooManyCategories {
        /// Name of the column.
        name: String,
    },
    /// The column holds nothing.
    #[error("Column \"{name}\" cannot be encrypted as a number: every cell is blank. Drop it.")]
    Blank {
        /// Name of the column.
        name: String,
    },
    /// The numbers do not fit at that scale, and they do at a smaller one.
    #[error(
        "Column \"{name}\" does not fit with {}. Choose at most {largest_scale}: each cell is then rounded by at \
         most {}.",
        counted((*.scale).into(), "decimal", "decimals"), rounding_error(*.largest_scale)
    )]
    ScaleTooLarge {
        /// Name of the column.
        name: String,
        /// The scale asked for.
        scale: u32,
        /// The largest scale that fits.
        largest_scale: u32,
    },
    /// The numbers do not fit at any scale in a table of so many rows, and they do in a shorter one.
    #[error(
        "Column \"{name}\" holds numbers so large that they only fit a table of at most {}, and this one has {}. \
         Keep it in the sealed original, or split the table.",
        counted(*.largest_row_count, "row", "rows"), counted(*.row_count, "row", "rows")
    )]
    TooManyRows {
        /// Name of the column.
        name: String,
        /// Rows of the table.
        row_count: u64,
        /// Most rows of a table in which the numbers fit as whole numbers.
        largest_row_count: u64,
    },
    /// The numbers do not fit at all.
    #[error(
        "Column \"{name}\" holds numbers beyond {}, the largest that can be encrypted. Keep it in the sealed \
         original, or write it in a larger unit.",
        grouped(1 << MAX_BOUND_BITS)
    )]
    TooLarge {
        /// Name of the column.
        name: String,
    },
}

impl Room {
    /// A table of `row_count` rows with `slot_count` rows in a block.
    #[must_use]
    pub fn for_rows(row_count: u64, slot_count: u32) -> Self {
        Self { block_count: row_count.div_ceil(u64::from(slot_count.max(1))), slot_count }
    }

    /// The widest bound class whose sum over all blocks fits; `None` if there are too many blocks for any.
    #[must_use]
    pub fn widest_bound_bits(self) -> Option<u8> {
        bound_classes().rev().find(|bits| self.block_count <= largest_block_count(*bits))
    }
}

impl NumberEncoding {
    /// Whether a second column is needed, which holds 1 for each cell that is present.
    #[must_use]
    pub fn needs_presence(&self) -> bool {
        self.missing_count > 0
    }

    /// The largest rounding error of a cell, as an exact decimal; `None` if every cell is exact.
    #[must_use]
    pub fn rounding_error(&self) -> Option<Decimal> {
        self.rounded.then(|| rounding_error(self.scale))
    }
}

/// Says how the column is encoded; its name and its values stay out of logs.
impl fmt::Debug for NumberEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumberEncoding")
            .field("column", &self.column)
            .field("scale", &self.scale)
            .field("rounded", &self.rounded)
            .field("bound_bits", &self.bound_bits)
            .finish_non_exhaustive()
    }
}

/// What is best done with a column: exact numbers where they fit, else the scale that does.
#[must_use]
pub fn propose(column: &ColumnProfile, room: Room) -> Proposal {
    let Some(range) = Range::of(column) else {
        let choice = match column.kind {
            Kind::Blank => Choice::Drop,
            Kind::Integer | Kind::Decimal | Kind::Text if is_grouping(column) => Choice::Category,
            Kind::Integer | Kind::Decimal | Kind::Text => Choice::SealedOriginalOnly,
        };
        return Proposal { choice, explanation: describe(column, choice), largest_scale: None };
    };
    match range.largest_scale(room) {
        Some(largest) => {
            let choice = Choice::Number { scale: column.max_decimals.min(largest) };
            Proposal { choice, explanation: describe(column, choice), largest_scale: Some(largest) }
        }
        None => Proposal {
            choice: Choice::SealedOriginalOnly,
            explanation: too_large(column, &range, room),
            largest_scale: None,
        },
    }
}

/// Whether a column of text looks like one to group by: few different cells, most of them more than once.
fn is_grouping(column: &ColumnProfile) -> bool {
    let cells = column.count + column.text_count;
    column.categories.as_ref().is_some_and(|categories| {
        categories.len() <= MOST_PROPOSED_CATEGORIES && categories.len() as u64 * 2 <= cells
    })
}

/// Why a column of numbers cannot be encrypted as one, and what can be done.
fn too_large(column: &ColumnProfile, range: &Range, room: Room) -> String {
    let at = column.largest_at.map_or_else(String::new, |place| format!(", at {place},"));
    let problem = match range.bound_bits(0) {
        Some(bits) => {
            let rows = largest_block_count(bits).saturating_mul(room.slot_count.into());
            format!(
                "the largest{at} can be added over at most {}, fewer than here",
                counted(rows, "row", "rows")
            )
        }
        None => format!(
            "the largest{at} is beyond {}, the most that can be encrypted",
            grouped(1 << MAX_BOUND_BITS)
        ),
    };
    format!(
        "These numbers are too large to be added exactly: {problem}. If that cell is wrong, correct it; otherwise write \
         the column in a larger unit, such as thousands, and choose the file again."
    )
}

/// What a choice means for a column, in words.
#[must_use]
pub fn describe(column: &ColumnProfile, choice: Choice) -> String {
    match choice {
        Choice::Number { scale } if scale < column.max_decimals => format!(
            "Encrypted with {scale} of {}: each cell is rounded by at most {}.",
            counted(column.max_decimals.into(), "decimal", "decimals"),
            rounding_error(scale)
        ),
        Choice::Number { scale: 0 } => "Encrypted exactly, as whole numbers.".to_owned(),
        Choice::Number { scale } => {
            format!("Encrypted exactly, with {}.", counted(scale.into(), "decimal", "decimals"))
        }
        Choice::Category => {
            let count = column.categories.as_ref().map_or(0, Vec::len);
            format!(
                "Encrypted as {}: analyses can group by it, and their names are sealed.",
                counted(count as u64, "category", "categories")
            )
        }
        Choice::SealedOriginalOnly => match column.kind {
            Kind::Text => "Kept only in the sealed original: text cannot be added.".to_owned(),
            Kind::Integer | Kind::Decimal | Kind::Blank => "Kept only in the sealed original.".to_owned(),
        },
        Choice::Drop => "Dropped: it does not leave the browser.".to_owned(),
    }
}

/// Checks that every choice can be carried out, and says how each column of numbers is encoded.
///
/// # Errors
/// [`TreatError`] for the first column that does not fit, with what would.
pub fn check(profile: &Profile, choices: &[Choice], room: Room) -> Result<Vec<NumberEncoding>, TreatError> {
    let (expected, actual) = (profile.columns.len(), choices.len());
    if expected != actual {
        return Err(TreatError::ChoiceCount { expected, actual });
    }
    let mut encodings = Vec::new();
    for (at, (column, choice)) in profile.columns.iter().zip(choices).enumerate() {
        match choice {
            Choice::Number { scale } => {
                encodings.push(encoding(column, at, *scale, profile.row_count, room)?);
            }
            Choice::Category if column.categories.is_none() => {
                return Err(TreatError::TooManyCategories { name: column.name.clone() });
            }
            Choice::Category | Choice::SealedOriginalOnly | Choice::Drop => {}
        }
    }
    Ok(encodings)
}

fn encoding(
    column: &ColumnProfile,
    at: usize,
    scale: u32,
    row_count: u64,
    room: Room,
) -> Result<NumberEncoding, TreatError> {
    let name = column.name.clone();
    let Some(range) = Range::of(column) else {
        return Err(match column.first_text {
            Some(first) => TreatError::Text { name, text_count: column.text_count, first },
            None => TreatError::Blank { name },
        });
    };
    let Some(largest_scale) = range.largest_scale(room) else {
        return Err(match range.bound_bits(0) {
            Some(bits) => TreatError::TooManyRows {
                name,
                row_count,
                largest_row_count: largest_block_count(bits).saturating_mul(room.slot_count.into()),
            },
            None => TreatError::TooLarge { name },
        });
    };
    let magnitude = range.magnitude(scale).filter(|_| scale <= largest_scale);
    let (Some(largest_magnitude), Some(bound_bits)) = (magnitude, range.bound_bits(scale)) else {
        return Err(TreatError::ScaleTooLarge { name, scale, largest_scale });
    };
    Ok(NumberEncoding {
        column: at,
        name,
        scale,
        rounded: scale < column.max_decimals,
        largest_magnitude,
        bound_bits,
        missing_count: column.missing,
    })
}

/// The range of a column of numbers.
struct Range {
    min: Decimal,
    max: Decimal,
    decimals: u32,
}

impl Range {
    fn of(column: &ColumnProfile) -> Option<Self> {
        Some(Self { min: column.min?, max: column.max?, decimals: column.max_decimals })
    }

    /// The largest |integer| at a scale, where 64 bits hold it. Rounding keeps the order of numbers, so that no cell
    /// between the smallest and the largest goes beyond.
    fn magnitude(&self, scale: u32) -> Option<u64> {
        let min = self.min.to_scaled_rounded(scale).ok()?;
        let max = self.max.to_scaled_rounded(scale).ok()?;
        Some(min.unsigned_abs().max(max.unsigned_abs()))
    }

    /// The narrowest bound class that holds every integer at a scale.
    fn bound_bits(&self, scale: u32) -> Option<u8> {
        let magnitude = self.magnitude(scale)?;
        bound_classes().find(|bits| magnitude < 1 << bits)
    }

    fn largest_scale(&self, room: Room) -> Option<u32> {
        let widest = room.widest_bound_bits()?;
        let most = self.decimals.max(MAX_CHOSEN_SCALE);
        (0..=most).rev().find(|scale| self.bound_bits(*scale).is_some_and(|bits| bits <= widest))
    }
}

/// 8, 16, … 56.
fn bound_classes() -> impl DoubleEndedIterator<Item = u8> {
    (1..=MAX_BOUND_BITS / BOUND_STEP_BITS).map(|step| step * BOUND_STEP_BITS)
}

/// Most blocks whose sum fits if every value is below `2^bits`.
fn largest_block_count(bits: u8) -> u64 {
    1 << (SLOT_SUM_BITS - bits)
}

/// `0.5 · 10^-scale`.
fn rounding_error(scale: u32) -> Decimal {
    Decimal::new(5, scale.saturating_add(1))
}
