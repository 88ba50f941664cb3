//! The k, l and t that a release has, whatever was asked for.

use serde::{Deserialize, Serialize};

use crate::model::closeness::Closeness;
use crate::model::{Distance, ModelError, column_of, entropy, recursive_ratio};
use crate::release::Release;
use crate::table::Table;

/// What holds for every class with regard to one sensitive column.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Attained {
    /// Rows of the smallest class: k.
    pub k: u64,
    /// Least number of different sensitive values: distinct l.
    pub distinct: u64,
    /// `e` to the power of the least entropy: entropy l.
    pub entropy: f64,
    /// Largest `r₁ / (r_l + … + r_m)`: recursive (c, l)-diversity holds for every c above. `None` if it holds for no
    /// c, because a class has fewer than l values.
    pub recursive: Option<f64>,
    /// Largest distance from the whole original table: t.
    pub closeness: f64,
}

/// The k, l and t of a release; all 0 or `None` if nothing is published.
///
/// `recursive_l` is the l of the recursive measure, `distance` that of closeness.
///
/// # Errors
/// [`ModelError`] if the column is not there or has no such distance.
pub fn attained(
    table: &Table,
    release: &Release,
    column: usize,
    recursive_l: u32,
    distance: &Distance,
) -> Result<Attained, ModelError> {
    let column = column_of(table, column)?;
    let closeness = Closeness::new(column, distance)?;
    let mut counts = vec![0_u32; column.values().len()];
    let mut worst: Option<Attained> = None;
    for class in &release.classes {
        let mut touched = Vec::new();
        for row in &class.rows {
            let code = column.codes()[*row as usize];
            if counts[code as usize] == 0 {
                touched.push(code);
            }
            counts[code as usize] += 1;
        }
        let present: Vec<u32> = touched.iter().map(|code| counts[*code as usize]).collect();
        let size = class.rows.len();
        let this = Attained {
            k: size as u64,
            distinct: touched.len() as u64,
            entropy: entropy(present.iter().copied(), size).exp(),
            recursive: recursive_ratio(present, recursive_l as usize),
            closeness: closeness.distance(&counts, &touched, size),
        };
        for code in touched {
            counts[code as usize] = 0;
        }
        worst = Some(worst.map_or(this, |worst| Attained {
            k: worst.k.min(this.k),
            distinct: worst.distinct.min(this.distinct),
            entropy: worst.entropy.min(this.entropy),
            recursive: worst.recursive.zip(this.recursive).map(|(a, b)| a.max(b)),
            closeness: worst.closeness.max(this.closeness),
        }));
    }
    Ok(worst.unwrap_or(Attained { k: 0, distinct: 0, entropy: 0.0, recursive: None, closeness: 0.0 }))
}
