//! Exact elimination on symmetric matrices of integers: rank, dependences, solutions and inverse, without a fraction.
//!
//! The fraction-free Gauss–Jordan method [Bar68]: after each pivot every entry is a minor of the matrix, so that the
//! division by the pivot before is exact and entries stay as short as determinants are. Costs about p³ products.
//!
//! [Bar68] E. Bareiss, *Sylvester's identity and multistep integer-preserving Gaussian elimination*, 1968.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use crate::rational::Rational;

/// What elimination leaves.
#[derive(Debug, Clone)]
pub(crate) struct Elimination {
    /// Columns that depend on none before them, ascending.
    pub independent: Vec<usize>,
    /// The other columns.
    pub dependent: Vec<Dependence>,
    /// The minor of the independent columns; 1 if there is none.
    determinant: BigInt,
    rows: Vec<Vec<BigInt>>,
}

/// A column that is a combination of independent ones before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependence {
    /// The column.
    pub column: usize,
    /// Columns with their factors, none of which is 0; none at all for a column of zeros.
    pub combination: Vec<(usize, Rational)>,
}

impl Elimination {
    /// An entry of row `row`, one of [`Self::independent`]: right of the matrix stand the solutions.
    pub(crate) fn entry(&self, row: usize, column: usize) -> Rational {
        Rational::new(self.rows[row][column].clone(), self.determinant.clone())
    }
}

/// Eliminates the left square part of `rows`, which may be wider, from left to right. The square part must be symmetric;
/// `None` if it is not positive semidefinite, as every matrix of sums of products is.
pub(crate) fn eliminate(mut rows: Vec<Vec<BigInt>>) -> Option<Elimination> {
    let mut previous = BigInt::one();
    let (mut independent, mut dependent) = (Vec::new(), Vec::new());
    for pivot in 0..rows.len() {
        let diagonal = rows[pivot][pivot].clone();
        if diagonal.is_negative() {
            return None;
        }
        if diagonal.is_zero() {
            if rows[pivot][..rows.len()].iter().any(|entry| !entry.is_zero()) {
                return None;
            }
            let factor = |&row: &usize| (row, Rational::new(rows[row][pivot].clone(), previous.clone()));
            let combination = independent.iter().map(factor).filter(|(_, factor)| !factor.is_zero());
            dependent.push(Dependence { column: pivot, combination: combination.collect() });
            continue;
        }
        let pivot_row = rows[pivot].clone();
        for (at, row) in rows.iter_mut().enumerate() {
            if at == pivot {
                continue;
            }
            let factor = row[pivot].clone();
            for (entry, above) in row.iter_mut().zip(&pivot_row) {
                *entry = (&diagonal * &*entry - &factor * above) / &previous;
            }
        }
        previous = diagonal;
        independent.push(pivot);
    }
    Some(Elimination { independent, dependent, determinant: previous, rows })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rational::whole;

    /// Gauss–Jordan in fractions, one division after the other.
    fn naive_solution(matrix: &[Vec<i64>], right: &[i64]) -> Option<Vec<Rational>> {
        let size = matrix.len();
        let mut rows: Vec<Vec<Rational>> = matrix
            .iter()
            .zip(right)
            .map(|(row, right)| row.iter().chain([right]).map(|&entry| whole(entry)).collect())
            .collect();
        for pivot in 0..size {
            let found = (pivot..size).find(|&row| !rows[row][pivot].is_zero())?;
            rows.swap(pivot, found);
            let scale = rows[pivot][pivot].clone();
            rows[pivot].iter_mut().for_each(|entry| *entry = &*entry / &scale);
            let pivot_row = rows[pivot].clone();
            for row in (0..size).filter(|&row| row != pivot) {
                let factor = rows[row][pivot].clone();
                for (entry, above) in rows[row].iter_mut().zip(&pivot_row) {
                    *entry = &*entry - &factor * above;
                }
            }
        }
        Some(rows.into_iter().map(|mut row| row.pop().expect("the right side")).collect())
    }

    /// `AᵀA`.
    fn gram(vectors: &[Vec<i64>], size: usize) -> Vec<Vec<i64>> {
        let product = |a: usize, b: usize| vectors.iter().map(|row| row[a] * row[b]).sum();
        (0..size).map(|a| (0..size).map(|b| product(a, b)).collect()).collect()
    }

    fn augmented(matrix: &[Vec<i64>], right: &[i64]) -> Vec<Vec<BigInt>> {
        let row = |(row, right): (&Vec<i64>, &i64)| row.iter().chain([right]).map(|&v| v.into()).collect();
        matrix.iter().zip(right).map(row).collect()
    }

    #[test]
    fn names_columns_that_depend_on_others() {
        // The third is twice the first minus the second, the fourth is 0.
        let rows = [vec![1, 0, 2, 0], vec![0, 1, -1, 0], vec![2, 5, -1, 0]];
        let found = eliminate(augmented(&gram(&rows, 4), &[0; 4])).expect("semidefinite");
        assert_eq!(found.independent, [0, 1]);
        assert_eq!(
            found.dependent,
            [
                Dependence { column: 2, combination: vec![(0, whole(2)), (1, whole(-1))] },
                Dependence { column: 3, combination: vec![] },
            ]
        );
    }

    #[test]
    fn refuses_what_no_sums_of_products_can_be() {
        for matrix in [vec![vec![-1]], vec![vec![0, 1], vec![1, 0]], vec![vec![1, 2], vec![2, 1]]] {
            assert!(eliminate(augmented(&matrix, &vec![0; matrix.len()])).is_none(), "{matrix:?}");
        }
    }

    proptest! {
        #[test]
        fn solves_as_elimination_in_fractions_does(
            size in 1_usize..6,
            vectors in prop::collection::vec(prop::collection::vec(-50_i64..50, 6), 1..9),
            right in prop::collection::vec(-1_000_i64..1_000, 6),
        ) {
            let matrix = gram(&vectors, size);
            let found = eliminate(augmented(&matrix, &right[..size])).expect("a Gram matrix is semidefinite");
            match naive_solution(&matrix, &right[..size]) {
                Some(expected) => {
                    prop_assert_eq!(&found.independent, &(0..size).collect::<Vec<_>>());
                    let solution: Vec<Rational> = (0..size).map(|row| found.entry(row, size)).collect();
                    prop_assert_eq!(solution, expected);
                }
                None => prop_assert!(!found.dependent.is_empty()),
            }
        }

        #[test]
        fn a_dependent_column_is_its_combination_in_every_row(
            vectors in prop::collection::vec(prop::collection::vec(-3_i64..4, 5), 1..5),
        ) {
            let found = eliminate(augmented(&gram(&vectors, 5), &[0; 5])).expect("semidefinite");
            prop_assert_eq!(found.independent.len() + found.dependent.len(), 5);
            prop_assert!(found.independent.len() <= vectors.len());
            for Dependence { column, combination } in &found.dependent {
                for row in &vectors {
                    let sum: Rational = combination.iter().map(|(at, factor)| factor * whole(row[*at])).sum();
                    prop_assert_eq!(sum, whole(row[*column]));
                }
            }
        }
    }
}
