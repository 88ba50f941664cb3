//! The pieces into which all binnings of a column cut its values, with how many values each holds.

use veilsum_protocol::manifest::Binning;
use veilsum_protocol::term::{Indicator, Term};

use crate::catalogue::value;
use crate::derive::describe;
use crate::error::FinishError;
use crate::schema::Schema;
use crate::totals::Totals;

/// Bins into which a piece is cut to find a value.
const FINER_BINS: u64 = 32;

/// Stored integers from `low` to below `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The smallest integer.
    pub low: i128,
    /// One more than the largest, above `low`.
    pub high: i128,
    /// Values in it.
    pub count: u64,
}

/// Pieces by ascending integer, without overlaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pieces(Vec<Piece>);

/// The indicator of a bin.
pub(crate) fn bin(column: u32, binning: u32, bin: u32) -> Term {
    Term::indicator(Indicator::Bin { column, binning, bin })
}

impl Pieces {
    /// From the counts of the bins of all binnings.
    pub(crate) fn read(schema: Schema<'_>, totals: &Totals, column: u32) -> Result<Self, FinishError> {
        let binnings = schema.column(column).map(|column| column.binnings.as_slice()).unwrap_or_default();
        let mut pieces = Self(Vec::new());
        for (at, binning) in (0..).zip(binnings) {
            let counts = (0..binning.count)
                .map(|number| value::count(schema, totals, &bin(column, at, number)))
                .collect::<Result<Vec<_>, _>>()?;
            pieces
                .cut(binning, &counts)
                .ok_or_else(|| FinishError { question: describe(schema, &bin(column, at, 0)) })?;
        }
        Ok(pieces)
    }

    /// Puts the bins of a binning in the place of the piece that begins with them; those of the first where nothing is.
    /// A binning that begins within a piece says nothing and is passed over. `None` if the counts contradict each other.
    fn cut(&mut self, binning: &Binning, counts: &[u64]) -> Option<()> {
        let bins = (0..).zip(counts).map(|(bin, &count)| {
            let (low, high) = binning.edges(bin);
            Piece { low, high, count }
        });
        if self.0.is_empty() {
            self.0 = bins.collect();
            return Some(());
        }
        let lower = i128::from(binning.lower);
        let Some(at) = self.0.iter().position(|piece| piece.low == lower) else { return Some(()) };
        let whole = self.0[at];
        let mut finer: Vec<Piece> = Vec::new();
        let mut left = whole.count;
        for piece in bins.take_while(|piece| piece.low < whole.high) {
            if piece.high > whole.high {
                // The rest of this bin belongs to other pieces.
                let inside = Piece { high: whole.high, count: left, ..piece };
                (left <= piece.count).then_some(())?;
                left = 0;
                finer.push(inside);
            } else {
                left = left.checked_sub(piece.count)?;
                finer.push(piece);
            }
        }
        let covered = finer.last().map_or(whole.low, |piece| piece.high);
        if covered < whole.high {
            finer.push(Piece { low: covered, high: whole.high, count: left });
        } else if left > 0 {
            return None;
        }
        self.0.splice(at..=at, finer);
        Some(())
    }

    /// Values in all pieces.
    pub(crate) fn count(&self) -> u64 {
        self.0.iter().fold(0, |sum, piece| sum.saturating_add(piece.count))
    }

    /// The piece that holds the value of this rank, from 0.
    pub(crate) fn at(&self, rank: u64) -> Option<&Piece> {
        let mut before = 0_u64;
        self.0.iter().find(|piece| {
            before = before.saturating_add(piece.count);
            rank < before
        })
    }

    /// Binnings of the pieces that hold the values of these ranks, where a piece holds more than one integer.
    pub(crate) fn refinements(&self, ranks: impl Iterator<Item = u64>) -> Vec<Binning> {
        let mut pieces: Vec<&Piece> = ranks.filter_map(|rank| self.at(rank)).collect();
        pieces.sort_unstable_by_key(|piece| piece.low);
        pieces.dedup();
        pieces.into_iter().filter_map(Piece::finer).collect()
    }
}

impl Piece {
    /// A binning of this piece; `None` if it holds one integer.
    fn finer(&self) -> Option<Binning> {
        let span = u64::try_from(self.high - self.low).ok().filter(|&span| span > 1)?;
        let width = span.div_ceil(FINER_BINS);
        let count = u32::try_from(span.div_ceil(width)).ok()?;
        Some(Binning { lower: i64::try_from(self.low).ok()?, width, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn piece(low: i128, high: i128, count: u64) -> Piece {
        Piece { low, high, count }
    }

    fn first() -> Pieces {
        let mut pieces = Pieces(Vec::new());
        pieces.cut(&Binning { lower: 0, width: 10, count: 3 }, &[4, 5, 6]).unwrap();
        pieces
    }

    #[test]
    fn a_finer_binning_replaces_the_bin_that_begins_with_it() {
        let mut pieces = first();
        // Its last bin overhangs: two of the three values from 19 to below 22 are in the next bin.
        pieces.cut(&Binning { lower: 10, width: 3, count: 4 }, &[1, 0, 3, 3]).unwrap();
        let expected = [
            piece(0, 10, 4),
            piece(10, 13, 1),
            piece(13, 16, 0),
            piece(16, 19, 3),
            piece(19, 20, 1),
            piece(20, 30, 6),
        ];
        assert_eq!(pieces, Pieces(expected.to_vec()));
        assert_eq!(pieces.at(4), Some(&expected[1]));
        assert_eq!(pieces.at(8), Some(&expected[4]));
        assert_eq!(pieces.at(15), None);
    }

    #[test]
    fn what_a_finer_binning_leaves_is_a_piece() {
        let mut pieces = first();
        pieces.cut(&Binning { lower: 0, width: 4, count: 2 }, &[1, 1]).unwrap();
        assert_eq!(pieces.0[..3], [piece(0, 4, 1), piece(4, 8, 1), piece(8, 10, 2)]);
    }

    #[test]
    fn a_binning_that_begins_within_a_piece_says_nothing() {
        let mut pieces = first();
        pieces.cut(&Binning { lower: 11, width: 1, count: 2 }, &[1, 1]).unwrap();
        assert_eq!(pieces, first());
    }

    #[test]
    fn counts_that_contradict_each_other_are_refused() {
        let more = Binning { lower: 10, width: 5, count: 2 };
        assert_eq!(first().cut(&more, &[3, 3]), None);
        assert_eq!(first().cut(&more, &[3, 1]), None);
        assert_eq!(first().cut(&Binning { lower: 10, width: 8, count: 2 }, &[1, 3]), None);
        assert_eq!(first().cut(&more, &[3, 2]), Some(()));
    }

    #[test]
    fn finer_bins_cover_the_piece_and_are_at_most_32() {
        assert_eq!(piece(5, 6, 1).finer(), None);
        assert_eq!(piece(-3, 4, 1).finer(), Some(Binning { lower: -3, width: 1, count: 7 }));
        assert_eq!(piece(0, 65, 1).finer(), Some(Binning { lower: 0, width: 3, count: 22 }));
        let whole = piece(i64::MIN.into(), i128::from(i64::MAX), 1).finer().unwrap();
        assert_eq!((whole.width, whole.count), (1 << 59, 32));
    }
}
