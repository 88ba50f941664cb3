//! Fakes that stand for several different cells.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::report::Warning;
use crate::stage::MAX_DIFFERENT;

/// What the fakes of a column stand for, up to 100,000 different ones.
#[derive(Default)]
pub(super) struct Sharing {
    cells: HashSet<u64>,
    /// For each fake the first cell and person that it stands for, and whether it stands for another, too.
    fakes: HashMap<u64, First>,
}

struct First {
    cell: u64,
    person: u64,
    is_shared: bool,
}

impl Sharing {
    /// A cell of a person has become a fake. Spellings of one cell are one, and so are all cells of a person.
    pub(super) fn push(&mut self, cell: &str, person: u64, fake: &str) {
        let cell = hash_of(&cell.to_lowercase().split_whitespace().collect::<Vec<_>>());
        if self.cells.len() < MAX_DIFFERENT {
            self.cells.insert(cell);
        }
        let fake = hash_of(fake);
        if let Some(first) = self.fakes.get_mut(&fake) {
            first.is_shared |= first.cell != cell && first.person != person;
        } else if self.fakes.len() < MAX_DIFFERENT {
            self.fakes.insert(fake, First { cell, person, is_shared: false });
        }
    }

    /// What is to be told, if any fake is shared.
    pub(super) fn warning(&self, column: &str) -> Option<Warning> {
        let shared = self.fakes.values().filter(|first| first.is_shared).count();
        (shared > 0).then(|| Warning::SharedFakes {
            column: column.to_owned(),
            cells: self.cells.len(),
            fakes: self.fakes.len(),
            shared,
        })
    }
}

/// The same for the same.
pub(super) fn hash_of(content: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
