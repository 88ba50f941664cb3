//! The exact fit of a regression.

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

use super::design::{Cross, Design};
use crate::elimination::{Dependence, Elimination, eliminate};
use crate::rational::{Rational, divide, ratio, unit, whole};

/// The penalty of a ridge fit.
#[derive(Debug, Clone)]
pub(super) struct Penalty {
    /// λ, above 0.
    pub lambda: Rational,
    /// Whether coefficients are multiplied by the standard deviations of their columns before they are penalised.
    pub is_standardised: bool,
}

/// A fitted regression, in the units of the columns.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    /// Means of the columns that explain, and of y.
    pub means: Vec<Rational>,
    /// The coefficients, none for what was left out.
    pub coefficients: Vec<Option<Coefficient>>,
    /// The intercept.
    pub intercept: Coefficient,
    /// Columns that are constant or a combination of others before them.
    pub dependent: Vec<Dependence>,
    /// Residual sum of squares.
    pub rss: Rational,
    /// Sum of squares of y about its mean.
    pub tss: Rational,
    /// Degrees of freedom of the residuals; `None` for ridge.
    pub freedom: Option<u64>,
}

/// A coefficient of a fit.
#[derive(Debug, Clone)]
pub(super) struct Coefficient {
    /// The estimate.
    pub estimate: Rational,
    /// Its variance over that of the residuals; `None` for ridge.
    pub variance_factor: Option<Rational>,
    /// Variance of its column over that of y; `None` for the intercept and if y does not vary.
    pub variance_ratio: Option<Rational>,
}

impl Fit {
    /// The fit; `Some(None)` without rows, and `None` if no rows have such sums.
    #[expect(clippy::option_option, reason = "the outer is impossible sums, the inner nothing to fit")]
    pub(super) fn new(design: &Design, cross: &Cross, penalty: Option<&Penalty>) -> Option<Option<Self>> {
        let Some(means) = design.means(cross) else {
            let is_empty = cross.scatter.iter().flatten().all(Zero::is_zero);
            return is_empty.then_some(None);
        };
        // Never negative, and neither is any of its parts.
        let whole_elimination = eliminate(cross.scatter.clone())?;
        let y = design.xs().len();
        let dependent: Vec<Dependence> =
            whole_elimination.dependent.into_iter().filter(|found| found.column < y).collect();
        let solved = match penalty {
            None => Solved::least_squares(cross, &dependent)?,
            Some(penalty) => Solved::ridge(design, cross, penalty)?,
        };
        let scales: Vec<u32> = design.variables.iter().map(|variable| variable.scale).collect();
        let per_unit = |at: usize| divide(&unit(scales[y]), &unit(scales[at])).unwrap_or_else(Rational::one);
        let count = whole(cross.count);
        let rss_dev = solved.residual_scatter(cross);
        let in_units = |scatter: Rational| scatter / &count * unit(2 * scales[y]);

        let mut intercept = means[y].clone();
        let mut coefficients = vec![None; y];
        for (&at, slope) in solved.columns.iter().zip(&solved.slopes) {
            let estimate = slope * per_unit(at);
            intercept -= &estimate * &means[at];
            let inverse = solved.inverse(at, at).map(|inverse| &count * inverse / unit(2 * scales[at]));
            let of_units = whole(cross.scatter[at][at].clone()) * unit(2 * scales[at]);
            let variance_ratio =
                divide(&of_units, &(whole(cross.scatter[y][y].clone()) * unit(2 * scales[y])));
            coefficients[at] = Some(Coefficient { estimate, variance_factor: inverse, variance_ratio });
        }
        let intercept_factor = penalty.is_none().then(|| {
            let mut factor = ratio(1, cross.count).unwrap_or_else(Rational::zero);
            for &i in &solved.columns {
                for &j in &solved.columns {
                    let inverse = solved.inverse(i, j).unwrap_or_else(Rational::zero);
                    factor += &means[i] * &means[j] * inverse * &count / unit(scales[i] + scales[j]);
                }
            }
            factor
        });
        let freedom = penalty.is_none().then(|| cross.count.checked_sub(solved.columns.len() as u64 + 1));
        Some(Some(Self {
            means,
            coefficients,
            intercept: Coefficient {
                estimate: intercept,
                variance_factor: intercept_factor,
                variance_ratio: None,
            },
            dependent,
            rss: in_units(rss_dev),
            tss: in_units(whole(cross.scatter[y][y].clone())),
            freedom: freedom.map(|freedom| freedom.unwrap_or(0)),
        }))
    }

    /// Variance of the residuals, `RSS/(n − k − 1)`; `None` for ridge, and if no row is left for it.
    pub(super) fn residual_variance(&self) -> Option<Rational> {
        ratio(1, self.freedom?).map(|share| &self.rss * share)
    }

    /// `1 − RSS/TSS`; `None` if y does not vary.
    pub(super) fn r_squared(&self) -> Option<Rational> {
        divide(&self.rss, &self.tss).map(|share| whole(1) - share)
    }

    /// Columns that were kept.
    pub(super) fn kept(&self) -> u64 {
        self.coefficients.iter().flatten().count() as u64
    }
}

/// Slopes in units of deviations.
struct Solved {
    /// The columns that were kept, ascending.
    columns: Vec<usize>,
    slopes: Vec<Rational>,
    /// Right of the kept columns: the right side and, for least squares, the identity.
    elimination: Elimination,
    has_inverse: bool,
}

impl Solved {
    /// Solves `S·β = s` over the columns that depend on none before them.
    fn least_squares(cross: &Cross, dependent: &[Dependence]) -> Option<Self> {
        let y = cross.scatter.len() - 1;
        let is_kept = |at: &usize| dependent.iter().all(|dependence| dependence.column != *at);
        let columns: Vec<usize> = (0..y).filter(is_kept).collect();
        let size = columns.len();
        let row = |(at, &i): (usize, &usize)| {
            let left = columns.iter().map(|&j| cross.scatter[i][j].clone());
            let identity = (0..size).map(|other| if other == at { BigInt::one() } else { BigInt::zero() });
            left.chain([cross.scatter[i][y].clone()]).chain(identity).collect()
        };
        Self::solve(columns.iter().enumerate().map(row).collect(), columns.clone(), true)
    }

    /// Solves `(S + D)·β = s` over all columns that vary, in integers; D is the diagonal penalty.
    fn ridge(design: &Design, cross: &Cross, penalty: &Penalty) -> Option<Self> {
        let y = cross.scatter.len() - 1;
        let columns: Vec<usize> = (0..y).filter(|&at| !cross.scatter[at][at].is_zero()).collect();
        let (above, below) = (penalty.lambda.numer(), penalty.lambda.denom());
        // All is multiplied by the denominators of the penalty.
        let (factor, penalty_of): (BigInt, Vec<BigInt>) = if penalty.is_standardised {
            let penalties = columns.iter().map(|&at| above * &cross.scatter[at][at]);
            (below * cross.count, penalties.collect())
        } else {
            let power = |at: usize| BigInt::from(100).pow(design.variables[at].scale);
            (below.clone(), columns.iter().map(|&at| above * cross.count * power(at)).collect())
        };
        let row = |(at, &i): (usize, &usize)| {
            let mut row: Vec<BigInt> =
                columns.iter().chain([&y]).map(|&j| &cross.scatter[i][j] * &factor).collect();
            row[at] += &penalty_of[at];
            row
        };
        Self::solve(columns.iter().enumerate().map(row).collect(), columns.clone(), false)
    }

    fn solve(rows: Vec<Vec<BigInt>>, columns: Vec<usize>, has_inverse: bool) -> Option<Self> {
        let size = columns.len();
        let elimination = eliminate(rows)?;
        if elimination.independent.len() != size {
            return None;
        }
        let slopes = (0..size).map(|row| elimination.entry(row, size)).collect();
        Some(Self { columns, slopes, elimination, has_inverse })
    }

    /// An entry of `S⁻¹`; `None` if it is not known or the columns were not kept.
    fn inverse(&self, i: usize, j: usize) -> Option<Rational> {
        let place = |column: usize| self.columns.iter().position(|&kept| kept == column);
        let (row, column) = (place(i)?, place(j)?);
        self.has_inverse.then(|| self.elimination.entry(row, self.columns.len() + 1 + column))
    }

    /// `s_yy − 2·β·s + βᵀ·S·β`: n times the residual sum of squares, in units of deviations of y. Never negative.
    fn residual_scatter(&self, cross: &Cross) -> Rational {
        let y = cross.scatter.len() - 1;
        let mut residual = whole(cross.scatter[y][y].clone());
        for (&i, slope) in self.columns.iter().zip(&self.slopes) {
            let with_others: Rational = self
                .columns
                .iter()
                .zip(&self.slopes)
                .map(|(&j, other)| whole(cross.scatter[i][j].clone()) * other)
                .sum();
            residual += slope * (with_others - whole(cross.scatter[i][y].clone()) * whole(2));
        }
        debug_assert!(!residual.is_negative());
        residual
    }
}
