//! Numbers for combinations of levels, and the steps between them.

use super::{MAX_NODES, SearchError};

/// All combinations of levels. A node is a number in mixed radix: `Σ levelᵢ · strideᵢ`.
pub(super) struct Lattice {
    level_counts: Vec<usize>,
    strides: Vec<usize>,
    node_count: usize,
}

impl Lattice {
    pub(super) fn new(level_counts: impl Iterator<Item = usize>) -> Result<Self, SearchError> {
        let level_counts: Vec<usize> = level_counts.collect();
        let mut strides = Vec::with_capacity(level_counts.len());
        let mut node_count: usize = 1;
        for count in &level_counts {
            strides.push(node_count);
            node_count = node_count.checked_mul(*count).ok_or(SearchError::TooManyNodes { actual: None })?;
        }
        if node_count > MAX_NODES {
            return Err(SearchError::TooManyNodes { actual: Some(node_count) });
        }
        Ok(Self { level_counts, strides, node_count })
    }

    pub(super) fn node_count(&self) -> usize {
        self.node_count
    }

    pub(super) fn levels(&self, node: usize) -> Vec<usize> {
        self.level_counts.iter().zip(&self.strides).map(|(count, stride)| node / stride % count).collect()
    }

    /// Steps from the least general node.
    pub(super) fn height(&self, node: usize) -> usize {
        self.levels(node).iter().sum()
    }

    /// Nodes one step more general.
    pub(super) fn above(&self, node: usize) -> impl Iterator<Item = usize> {
        self.level_counts
            .iter()
            .zip(&self.strides)
            .filter(move |(count, stride)| node / **stride % **count + 1 < **count)
            .map(move |(_, stride)| node + stride)
    }

    /// Nodes one step less general.
    pub(super) fn below(&self, node: usize) -> impl Iterator<Item = usize> {
        self.level_counts
            .iter()
            .zip(&self.strides)
            .filter(move |(count, stride)| !(node / **stride).is_multiple_of(**count))
            .map(move |(_, stride)| node - stride)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lead_up_and_down() {
        let lattice = Lattice::new([2, 3].into_iter()).unwrap();
        assert_eq!(lattice.node_count(), 6);
        let top = (0..6).find(|node| lattice.levels(*node) == [1, 2]).unwrap();
        assert_eq!(lattice.height(top), 3);
        assert_eq!(lattice.above(top).count(), 0);
        assert_eq!(lattice.below(top).count(), 2);
        for node in 0..6 {
            for above in lattice.above(node) {
                assert_eq!(lattice.height(above), lattice.height(node) + 1);
                assert!(lattice.below(above).any(|below| below == node));
            }
        }
    }

    #[test]
    fn refuses_what_is_too_large() {
        assert_eq!(
            Lattice::new([10; 6].into_iter()).err(),
            Some(SearchError::TooManyNodes { actual: Some(1_000_000) })
        );
        assert_eq!(
            Lattice::new([32; 20].into_iter()).err(),
            Some(SearchError::TooManyNodes { actual: None })
        );
    }
}
