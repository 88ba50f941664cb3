//! Isolation forests [LTZ08]: what random cuts isolate quickly is unlike the rest.
//!
//! The crates that there are do not fit: `extended-isolation-forest` wants the number of columns when it is compiled,
//! and both it and `isolation_forest` make randomness of their own.

use rand_chacha::rand_core::Rng;

use crate::nearest::Points;
use crate::random::{index, unit};

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Trees of random cuts.
#[derive(Debug, Clone)]
pub struct Forest {
    trees: Vec<Vec<Node>>,
    /// The path length that a score of ½ stands for.
    usual_path: f64,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    Cut {
        column: usize,
        at: f64,
        left: usize,
        right: usize,
    },
    /// Path length to here, and to where its points would be isolated on average.
    Leaf {
        path: f64,
    },
}

/// Mean path length of an unsuccessful search in a binary tree of `count` points: `2 H(n − 1) − 2 (n − 1) / n` with
/// `H(i) ≈ ln i + γ`; 1 for two points, and 0 below.
#[must_use]
pub fn usual_path(count: usize) -> f64 {
    match count {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let others = (count - 1) as f64;
            2.0 * (others.ln() + EULER) - 2.0 * others / count as f64
        }
    }
}

impl Forest {
    /// Grows `trees` trees, each on `sample` of the points `among`, drawn without replacement, or all if there are fewer.
    /// Points have no missing coordinate.
    #[must_use]
    pub fn grow(points: &Points, among: &[usize], trees: usize, sample: usize, rng: &mut impl Rng) -> Self {
        let sample = sample.min(among.len());
        let height = sample.max(2).next_power_of_two().ilog2();
        let mut order = among.to_vec();
        let mut grown = Vec::with_capacity(trees);
        for _ in 0..trees {
            for at in 0..sample {
                let other = at + index(rng, order.len() - at);
                order.swap(at, other);
            }
            let mut nodes = Vec::new();
            let mut drawn = order[..sample].to_vec();
            branch(points, &mut drawn, 0, height, &mut nodes, rng);
            grown.push(nodes);
        }
        Self { trees: grown, usual_path: usual_path(sample) }
    }

    /// `2^(−E(h) / c)` for the mean path length E(h) over the trees and the usual one c: near 1 for what is isolated at
    /// once, ½ for what is like any other.
    #[must_use]
    pub fn score(&self, point: &[f64]) -> f64 {
        let paths: f64 = self.trees.iter().map(|tree| path(tree, point)).sum();
        let mean = paths / self.trees.len().max(1) as f64;
        if self.usual_path > 0.0 { (-mean / self.usual_path).exp2() } else { 0.5 }
    }
}

/// Grows the tree of these points and returns its position among the nodes. At most `height` deep.
fn branch(
    points: &Points,
    members: &mut [usize],
    depth: u32,
    height: u32,
    nodes: &mut Vec<Node>,
    rng: &mut impl Rng,
) -> usize {
    let here = nodes.len();
    nodes.push(Node::Leaf { path: f64::from(depth) + usual_path(members.len()) });
    let spread: Vec<(usize, f64, f64)> =
        if depth < height && members.len() > 1 { spread(points, members) } else { Vec::new() };
    if spread.is_empty() {
        return here;
    }
    let (column, low, high) = spread[index(rng, spread.len())];
    // Rounding may reach the upper end, which belongs to the right.
    let drawn = low + unit(rng) * (high - low);
    let at = if drawn < high { drawn } else { low };
    let mut below = 0;
    for next in 0..members.len() {
        if points.point(members[next])[column] <= at {
            members.swap(below, next);
            below += 1;
        }
    }
    let (lower, upper) = members.split_at_mut(below);
    let left = branch(points, lower, depth + 1, height, nodes, rng);
    let right = branch(points, upper, depth + 1, height, nodes, rng);
    nodes[here] = Node::Cut { column, at, left, right };
    here
}

/// Columns in which the members differ, with smallest and largest value.
fn spread(points: &Points, members: &[usize]) -> Vec<(usize, f64, f64)> {
    let range = |column: usize| {
        let values = members.iter().map(|member| points.point(*member)[column]);
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        (column, low, high)
    };
    (0..points.width()).map(range).filter(|(_, low, high)| low < high).collect()
}

fn path(tree: &[Node], point: &[f64]) -> f64 {
    let mut here = 0;
    loop {
        match tree.get(here) {
            Some(Node::Cut { column, at, left, right }) => {
                here = if point[*column] <= *at { *left } else { *right };
            }
            Some(Node::Leaf { path }) => return *path,
            None => return 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{FOREST, generator};

    #[test]
    fn usual_paths_are_those_of_the_paper() {
        assert_eq!((usual_path(0), usual_path(1), usual_path(2)), (0.0, 0.0, 1.0));
        // The paper's example: c(256).
        assert!((usual_path(256) - 10.244_770_920_116_851).abs() < 1e-9, "{}", usual_path(256));
    }

    #[test]
    fn what_is_far_has_the_highest_score() {
        let mut points = Points::new(2);
        let mut rng = generator(FOREST, 3);
        for _ in 0..300 {
            points.push([unit(&mut rng), unit(&mut rng)]);
        }
        points.push([8.0, 0.5]);
        let all: Vec<usize> = (0..points.len()).collect();
        let forest = Forest::grow(&points, &all, 100, 256, &mut rng);
        let scores: Vec<f64> = all.iter().map(|at| forest.score(points.point(*at))).collect();
        assert!(scores[..300].iter().all(|score| *score < 0.65 && *score > 0.3));
        assert!(scores[300] > 0.75, "{}", scores[300]);
        let again = Forest::grow(&points, &all, 100, 256, &mut generator(FOREST, 3));
        let same = Forest::grow(&points, &all, 100, 256, &mut generator(FOREST, 3));
        assert_eq!(again.score(&[0.1, 0.2]).to_bits(), same.score(&[0.1, 0.2]).to_bits());
    }

    #[test]
    fn equal_points_are_like_any_other() {
        let mut points = Points::new(1);
        (0..10).for_each(|_| points.push([4.0]));
        let all: Vec<usize> = (0..10).collect();
        let forest = Forest::grow(&points, &all, 5, 256, &mut generator(FOREST, 0));
        assert!((forest.score(&[4.0]) - 0.5).abs() < 1e-12);
        let one = Forest::grow(&points, &all[..1], 5, 256, &mut generator(FOREST, 0));
        assert_eq!(one.score(&[4.0]), 0.5);
    }
}
