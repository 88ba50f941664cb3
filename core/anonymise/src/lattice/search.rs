//! The search itself.

use std::sync::Arc;

use super::node::Lattice;
use super::{Domain, Optimum, SearchError, Suppression};
use crate::model::Judge;
use crate::progress::{Watch, report};
use crate::release::{Class, Grouped, Grouping, Release};
use crate::table::Table;

/// Rows in the classes that are kept for roll-ups, of four bytes each.
const HISTORY_ROWS: usize = 16_000_000;
/// Most nodes whose classes are kept.
const MAX_HISTORY: usize = 128;

pub(super) struct Search<'a> {
    domains: Vec<Column<'a>>,
    lattice: Lattice,
    judge: Judge,
    row_count: usize,
    /// Most rows that may be left out.
    allowance: usize,
    /// What is known of each node.
    tags: Vec<Tag>,
    /// Loss of each node if no row is suppressed: never above its loss.
    floors: Vec<f64>,
    best: Option<Best>,
    /// Classes of nodes that were checked, for roll-ups.
    history: Vec<(Vec<usize>, Grouped)>,
    checked_count: usize,
    decided_count: usize,
}

/// One column: for each level the group of each row is `group_of[value_of[code]]`.
struct Column<'a> {
    at: usize,
    domain: &'a Domain,
    codes: &'a [u32],
    value_of: &'a [u32],
}

struct Best {
    node: usize,
    loss: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Open,
    /// Applied to the table, or shown not to matter.
    Decided,
}

/// What came out for one node.
enum Verdict {
    Satisfies,
    /// It fails; less general nodes may not.
    Fails,
    /// It fails by counts alone, and so do all less general nodes.
    FailsBelow,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        table: &'a Table,
        columns: &'a [(&'a Domain, Vec<u32>)],
        lattice: Lattice,
        judge: Judge,
        suppression: Suppression,
    ) -> Self {
        let row_count = table.row_count();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of at most 1 of at most MAX_ROWS"
        )]
        let allowance = (suppression.limit * row_count as f64 + 1e-9).floor() as usize;
        let domains: Vec<Column<'_>> = columns
            .iter()
            .map(|(domain, value_of)| Column {
                at: domain.column,
                domain,
                codes: table.columns()[domain.column].codes(),
                value_of,
            })
            .collect();
        let losses: Vec<Vec<f64>> = domains.iter().map(Column::losses).collect();
        let cells = (domains.len() * row_count).max(1) as f64;
        let floors = (0..lattice.node_count())
            .map(|node| {
                let levels = lattice.levels(node);
                losses.iter().zip(levels).map(|(of_column, level)| of_column[level]).sum::<f64>() / cells
            })
            .collect();
        let tags = vec![Tag::Open; lattice.node_count()];
        Self {
            domains,
            lattice,
            judge,
            row_count,
            allowance,
            tags,
            floors,
            best: None,
            history: Vec::new(),
            checked_count: 0,
            decided_count: 0,
        }
    }

    pub(super) fn run(mut self, watch: &mut Watch<'_>) -> Result<Optimum, SearchError> {
        let node_count = self.lattice.node_count();
        let table = vec![0; self.domains.len()];
        let classes = self.classes(&table);
        self.remember(table, classes);
        let mut order: Vec<(usize, f64, usize)> =
            (0..node_count).map(|node| (self.lattice.height(node), self.floors[node], node)).collect();
        order.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for (_, _, node) in order {
            report(watch, self.decided_count, node_count)?;
            while self.is_worth_it(node) {
                let chain = self.chain(node);
                self.halve(&chain, watch)?;
            }
        }
        let Some(best) = &self.best else { return Err(SearchError::Unreachable) };
        let levels = self.lattice.levels(best.node);
        let loss = best.loss;
        let release = self.release(&levels);
        report(watch, node_count, node_count)?;
        Ok(Optimum { release, levels, loss, node_count, checked_count: self.checked_count })
    }

    /// Whether a node is undecided and could be better than the best so far.
    fn is_worth_it(&self, node: usize) -> bool {
        self.tags[node] == Tag::Open && self.best.as_ref().is_none_or(|best| self.floors[node] < best.loss)
    }

    /// A chain of nodes that are worth it, from `node` up, by the least loss first.
    fn chain(&self, node: usize) -> Vec<usize> {
        let mut chain = vec![node];
        let mut last = node;
        loop {
            let next = self.lattice.above(last).filter(|above| self.is_worth_it(*above));
            match next.min_by(|a, b| self.floors[*a].total_cmp(&self.floors[*b])) {
                Some(above) => {
                    chain.push(above);
                    last = above;
                }
                None => return chain,
            }
        }
    }

    /// Binary search of a chain for its lowest node that satisfies; decides at least one node.
    fn halve(&mut self, chain: &[usize], watch: &mut Watch<'_>) -> Result<(), SearchError> {
        let (mut low, mut high) = (0, chain.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let node = chain[middle];
            if self.tags[node] == Tag::Decided {
                // Everything below a node that failed by counts is decided; the rest of the chain is above.
                low = middle + 1;
                continue;
            }
            report(watch, self.decided_count, self.lattice.node_count())?;
            match self.check(node) {
                Verdict::Satisfies => high = middle,
                Verdict::Fails => low = middle + 1,
                Verdict::FailsBelow => {
                    self.decide_below(node);
                    low = middle + 1;
                }
            }
        }
        Ok(())
    }

    fn decide(&mut self, node: usize) {
        if self.tags[node] == Tag::Open {
            self.tags[node] = Tag::Decided;
            self.decided_count += 1;
        }
    }

    fn decide_below(&mut self, node: usize) {
        let mut open: Vec<usize> = vec![node];
        while let Some(node) = open.pop() {
            let below: Vec<usize> =
                self.lattice.below(node).filter(|below| self.tags[*below] == Tag::Open).collect();
            for below in below {
                self.decide(below);
                open.push(below);
            }
        }
    }

    /// Applies a node to the table and keeps it if it is the best.
    fn check(&mut self, node: usize) -> Verdict {
        self.decide(node);
        self.checked_count += 1;
        let levels = self.lattice.levels(node);
        let grouped = self.classes(&levels);
        let verdict = self.judge_classes(node, &levels, &grouped);
        self.remember(levels, grouped);
        verdict
    }

    fn judge_classes(&mut self, node: usize, levels: &[usize], grouped: &Grouped) -> Verdict {
        let (mut suppressed, mut relaxed_suppressed) = (0, 0);
        let mut kept_loss = 0.0;
        for class in grouped.iter() {
            if self.judge.accepts(class) {
                kept_loss += self.class_loss(levels, class[0]) * class.len() as f64;
                continue;
            }
            suppressed += class.len();
            if !self.judge.is_countable() && self.allowance > 0 {
                self.judge.relax(true);
                let passes = self.judge.accepts(class);
                self.judge.relax(false);
                relaxed_suppressed += if passes { 0 } else { class.len() };
            } else {
                relaxed_suppressed += class.len();
            }
            if relaxed_suppressed > self.allowance {
                return Verdict::FailsBelow;
            }
        }
        if suppressed > self.allowance {
            return Verdict::Fails;
        }
        let columns = self.domains.len() as f64;
        let loss = (kept_loss + suppressed as f64 * columns) / (columns * self.row_count.max(1) as f64);
        if self.best.as_ref().is_none_or(|best| loss < best.loss) {
            self.best = Some(Best { node, loss });
        }
        Verdict::Satisfies
    }

    /// The classes of a node, put together from those of a less general node where one is known.
    fn classes(&self, levels: &[usize]) -> Grouped {
        let below = |known: &[usize]| known.iter().zip(levels).all(|(known, level)| known <= level);
        let known = self.history.iter().filter(|(known, _)| below(known)).map(|(_, grouped)| grouped);
        match known.min_by_key(|grouped| grouped.class_count()) {
            Some(known) => {
                let first: Vec<u32> = known.iter().map(|class| class[0]).collect();
                known.merged(&self.grouped(levels, &first))
            }
            None => {
                let all: Vec<u32> = (0_u32..).take(self.row_count).collect();
                self.grouped(levels, &all)
            }
        }
    }

    /// Positions in `rows`, put together by what their rows are published as.
    fn grouped(&self, levels: &[usize], rows: &[u32]) -> Grouped {
        let mut grouping = Grouping::new(rows.len());
        for (column, level) in self.domains.iter().zip(levels) {
            let level = &column.domain.hierarchy.levels()[*level];
            // Codes of values first: a column has far fewer of them than rows.
            let of_code: Vec<u32> = column.value_of.iter().map(|at| level.group_of[*at as usize]).collect();
            let groups = rows.iter().map(|row| of_code[column.codes[*row as usize] as usize]);
            grouping.refine(groups, level.groups.len());
        }
        grouping.classes()
    }

    /// Keeps the classes of a node, in place of the oldest but one.
    fn remember(&mut self, levels: Vec<usize>, grouped: Grouped) {
        let most = (HISTORY_ROWS / self.row_count.max(1)).clamp(2, MAX_HISTORY);
        if self.history.len() >= most {
            // The first is the table itself, of use to every node.
            self.history.remove(1);
        }
        self.history.push((levels, grouped));
    }

    /// Sum over the columns of what a row of the class loses.
    fn class_loss(&self, levels: &[usize], row: u32) -> f64 {
        self.domains.iter().zip(levels).map(|(column, level)| column.group(*level, row).loss).sum()
    }

    fn release(&mut self, levels: &[usize]) -> Release {
        let grouped = self.classes(levels);
        let (mut classes, mut suppressed) = (Vec::new(), Vec::new());
        for rows in grouped.iter() {
            if self.judge.accepts(rows) {
                let columns = self.domains.iter().zip(levels);
                let groups = columns.map(|(column, level)| column.group(*level, rows[0]).clone()).collect();
                let mut rows = rows.to_vec();
                rows.sort_unstable();
                classes.push(Class { rows, groups });
            } else {
                suppressed.extend_from_slice(rows);
            }
        }
        suppressed.sort_unstable();
        let quasi_identifiers = self.domains.iter().map(|column| column.at).collect();
        Release { row_count: self.row_count, quasi_identifiers, classes, suppressed }
    }
}

impl Column<'_> {
    fn group(&self, level: usize, row: u32) -> &Arc<crate::hierarchy::Group> {
        let level = &self.domain.hierarchy.levels()[level];
        let value = self.value_of[self.codes[row as usize] as usize];
        &level.groups[level.group_of[value as usize] as usize]
    }

    /// For each level the loss over all rows.
    fn losses(&self) -> Vec<f64> {
        let mut counts = vec![0_u64; self.value_of.len()];
        for code in self.codes {
            counts[*code as usize] += 1;
        }
        let levels = self.domain.hierarchy.levels().iter();
        levels
            .map(|level| {
                let values = counts.iter().zip(self.value_of);
                values
                    .map(|(count, at)| {
                        *count as f64 * level.groups[level.group_of[*at as usize] as usize].loss
                    })
                    .sum()
            })
            .collect()
    }
}
