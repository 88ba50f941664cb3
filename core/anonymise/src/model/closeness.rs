//! The earth mover's distance between a class and the whole table [LLV07, §4].

use super::{ModelError, numeric_ranks};
use crate::hierarchy::{Hierarchy, HierarchyError};
use crate::table::Column;

/// How far apart two sensitive values are, from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Distance {
    /// 1 between any two: the distance of the shares is `½ Σ |pᵢ − qᵢ|`.
    Equal,
    /// `|i − j| / (m − 1)` between the i-th and the j-th of m numbers: `Σᵢ |Σ_{j ≤ i} (pⱼ − qⱼ)| / (m − 1)`.
    Ordered,
    /// Height of the lowest group that holds both over the height of the hierarchy.
    Hierarchical(Hierarchy),
}

/// The shares of the whole table, ready to be compared with.
pub(crate) enum Closeness {
    Equal {
        whole: Vec<f64>,
    },
    Ordered {
        /// Place of each value.
        ranks: Vec<u32>,
        /// For each place the share of all rows up to it, the place included.
        up_to: Vec<f64>,
        /// Sums of `up_to` over the places before each place, and over all.
        sums: Vec<f64>,
    },
    Hierarchical {
        whole: Vec<f64>,
        /// For each level but that of the values the group of each value, and the number of groups.
        levels: Vec<(Vec<u32>, usize)>,
    },
}

impl Closeness {
    pub(crate) fn new(column: &Column, distance: &Distance) -> Result<Self, ModelError> {
        let total = column.codes().len().max(1) as f64;
        let shares: Vec<f64> = column.counts().iter().map(|count| *count as f64 / total).collect();
        match distance {
            Distance::Equal => Ok(Self::Equal { whole: shares }),
            Distance::Ordered => {
                let (ranks, places) = numeric_ranks(column)?;
                let mut up_to = vec![0.0; places];
                for (share, rank) in shares.iter().zip(&ranks) {
                    up_to[*rank as usize] += share;
                }
                let mut sums = vec![0.0; places + 1];
                let (mut carried, mut sum) = (0.0, 0.0);
                for (at, share) in up_to.iter_mut().enumerate() {
                    carried += *share;
                    *share = carried;
                    sum += carried;
                    sums[at + 1] = sum;
                }
                Ok(Self::Ordered { ranks, up_to, sums })
            }
            Distance::Hierarchical(hierarchy) => {
                let bound =
                    hierarchy.bind(column).map_err(|error: HierarchyError| ModelError::from(error))?;
                let levels = hierarchy
                    .levels()
                    .iter()
                    .map(|level| {
                        let groups = bound.iter().map(|at| level.group_of[*at as usize]).collect();
                        (groups, level.groups.len())
                    })
                    .collect();
                Ok(Self::Hierarchical { whole: shares, levels })
            }
        }
    }

    /// The distance of a class of `row_count` rows, `counts[i]` of them with value i; `touched` are the values that
    /// occur. Costs some steps for each of those; with a hierarchy, for each value of the whole table and each level.
    pub(crate) fn distance(&self, counts: &[u32], touched: &[u32], row_count: usize) -> f64 {
        let share = |code: u32| f64::from(counts[code as usize]) / row_count as f64;
        match self {
            Self::Equal { whole } => {
                // Values that are not there add qᵢ; Σ qᵢ = 1.
                let (apart, seen) = touched.iter().fold((0.0, 0.0), |(apart, seen), code| {
                    let q = whole[*code as usize];
                    (apart + (share(*code) - q).abs(), seen + q)
                });
                (apart + (1.0 - seen)) / 2.0
            }
            Self::Ordered { ranks, up_to, sums } => {
                let mut steps: Vec<(usize, f64)> =
                    touched.iter().map(|code| (ranks[*code as usize] as usize, share(*code))).collect();
                steps.sort_unstable_by_key(|(place, _)| *place);
                ordered(&steps, up_to, sums)
            }
            Self::Hierarchical { whole, levels } => {
                let mut extra: Vec<f64> = whole.iter().map(|q| -q).collect();
                for code in touched {
                    extra[*code as usize] += share(*code);
                }
                hierarchical(&extra, levels)
            }
        }
    }
}

/// `Σᵢ |P − up_toᵢ| / (m − 1)` where P, the class's share up to place i, changes only at its own values. Between two of
/// them `up_to` grows, so that it crosses P once, and sums before and behind are known.
fn ordered(steps: &[(usize, f64)], up_to: &[f64], sums: &[f64]) -> f64 {
    let places = up_to.len();
    if places < 2 {
        return 0.0;
    }
    let stretch = |from: usize, to: usize, share: f64| {
        let crossing = from + up_to[from..to].partition_point(|whole| *whole <= share);
        let below = share * (crossing - from) as f64 - (sums[crossing] - sums[from]);
        let above = sums[to] - sums[crossing] - share * (to - crossing) as f64;
        below + above
    };
    let (mut moved, mut share, mut from) = (0.0, 0.0, 0);
    for (place, step) in steps {
        moved += stretch(from, *place, share);
        share += step;
        from = *place;
    }
    moved += stretch(from, places, share);
    moved / (places - 1) as f64
}

/// `Σ over inner nodes N of height(N)/H · min(Σ⁺ extra, Σ⁻ extra)` over the extras of N's children [LLV07, §4.3].
fn hierarchical(extra: &[f64], levels: &[(Vec<u32>, usize)]) -> f64 {
    let height = levels.len() - 1;
    let mut moved = 0.0;
    for at in 1..=height {
        let (children, child_count) = &levels[at - 1];
        let (parents, parent_count) = &levels[at];
        let mut of_child = vec![0.0; *child_count];
        let mut parent_of = vec![0_u32; *child_count];
        for ((value, child), parent) in extra.iter().zip(children).zip(parents) {
            of_child[*child as usize] += value;
            parent_of[*child as usize] = *parent;
        }
        let mut plus = vec![0.0; *parent_count];
        let mut minus = vec![0.0; *parent_count];
        for (extra, parent) in of_child.iter().zip(&parent_of) {
            if *extra > 0.0 {
                plus[*parent as usize] += extra;
            } else {
                minus[*parent as usize] -= extra;
            }
        }
        let cost: f64 = plus.iter().zip(&minus).map(|(plus, minus)| plus.min(*minus)).sum();
        moved += cost * at as f64 / height as f64;
    }
    moved
}
