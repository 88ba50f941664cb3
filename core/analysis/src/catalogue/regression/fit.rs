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
        let y = design.xs().len();
        let solved = match penalty {
            None => Solved::least_squares(cross)?,
            Some(penalty) => Solved::ridge(design, cross, penalty)?,
        };
        let scales: Vec<u32> = design.variables.iter().map(|variable| variable.scale).collect();
        let per_unit = |at: usize| divide(&unit(scales[y]), &unit(scales[at])).unwrap_or_else(Rational::one);
        let count = whole(cross.count);
        let rss_dev = solved.residual_scatter(cross)?;
        let in_units = |scatter: Rational| scatter / &count * unit(2 * scales[y]);

        let mut intercept = means[y].clone();
        let mut coefficients = vec![None; y];
        for (place, &at) in solved.columns.iter().enumerate() {
            let estimate = solved.elimination.entry(solved.rows[place], solved.right) * per_unit(at);
            intercept -= &estimate * &means[at];
            let inverse = solved.inverse(place, place).map(|numerator| {
                let inverse =
                    Rational::new(numerator * cross.count, solved.elimination.determinant().clone());
                inverse / unit(2 * scales[at])
            });
            let of_units = whole(cross.scatter[at][at].clone()) * unit(2 * scales[at]);
            let variance_ratio =
                divide(&of_units, &(whole(cross.scatter[y][y].clone()) * unit(2 * scales[y])));
            coefficients[at] = Some(Coefficient { estimate, variance_factor: inverse, variance_ratio });
        }
        let intercept_factor = solved.intercept_factor(design, cross);
        let freedom = penalty.is_none().then(|| cross.count.checked_sub(solved.columns.len() as u64 + 1));
        Some(Some(Self {
            means,
            coefficients,
            intercept: Coefficient {
                estimate: intercept,
                variance_factor: intercept_factor,
                variance_ratio: None,
            },
            dependent: solved.dependent,
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

/// Slopes in units of deviations, as integers over one determinant.
struct Solved {
    elimination: Elimination,
    /// The columns that were kept, ascending.
    columns: Vec<usize>,
    /// Their rows in the elimination.
    rows: Vec<usize>,
    /// The column of the right side in the elimination; for least squares, the identity stands right of it.
    right: usize,
    has_inverse: bool,
    dependent: Vec<Dependence>,
}

impl Solved {
    /// Solves `S·β = s` over the columns that depend on none before them.
    fn least_squares(cross: &Cross) -> Option<Self> {
        let y = cross.scatter.len() - 1;
        let row = |at: usize| {
            let identity = (0..y).map(|other| if other == at { BigInt::one() } else { BigInt::zero() });
            cross.scatter[at].iter().cloned().chain(identity).collect()
        };
        let elimination = eliminate((0..y).map(row).collect())?;
        let mut dependent = elimination.dependent.iter();
        // What is 0 in every row has nothing in common with y.
        if dependent.any(|found| !elimination.numerator(found.column, y).is_zero()) {
            return None;
        }
        let (columns, dependent) = (elimination.independent.clone(), elimination.dependent.clone());
        Some(Self { rows: columns.clone(), columns, right: y, has_inverse: true, dependent, elimination })
    }

    /// Solves `(S + D)·β = s` over all columns that vary, in integers; D is the diagonal penalty.
    fn ridge(design: &Design, cross: &Cross, penalty: &Penalty) -> Option<Self> {
        let y = cross.scatter.len() - 1;
        let dependent = eliminate((0..y).map(|at| cross.scatter[at][..y].to_vec()).collect())?.dependent;
        let columns: Vec<usize> = (0..y).filter(|&at| !cross.scatter[at][at].is_zero()).collect();
        let (above, below) = (penalty.lambda.numer(), penalty.lambda.denom());
        // All is multiplied by the denominators of the penalty.
        let (factor, penalties): (BigInt, Vec<BigInt>) = if penalty.is_standardised {
            let penalties = columns.iter().map(|&at| above * &cross.scatter[at][at]);
            (below * cross.count, penalties.collect())
        } else {
            let power = |at: usize| BigInt::from(100).pow(design.variables[at].scale);
            (below.clone(), columns.iter().map(|&at| above * cross.count * power(at)).collect())
        };
        let row = |(at, &i): (usize, &usize)| {
            let mut row: Vec<BigInt> =
                columns.iter().chain([&y]).map(|&j| &cross.scatter[i][j] * &factor).collect();
            row[at] += &penalties[at];
            row
        };
        let elimination = eliminate(columns.iter().enumerate().map(row).collect())?;
        let (rows, right) = ((0..columns.len()).collect(), columns.len());
        Some(Self { elimination, columns, rows, right, has_inverse: false, dependent })
    }

    /// The numerator of an entry of `S⁻¹`; `None` if it is not known.
    fn inverse(&self, i: usize, j: usize) -> Option<&BigInt> {
        let column = self.right + 1 + self.rows[j];
        self.has_inverse.then(|| self.elimination.numerator(self.rows[i], column))
    }

    /// `1/n + x̄ᵀ(XᵀX)⁻¹x̄`; `None` without the inverse.
    fn intercept_factor(&self, design: &Design, cross: &Cross) -> Option<Rational> {
        let totals: Vec<BigInt> = self.columns.iter().map(|&at| design.total(cross, at)).collect();
        let mut factor = BigInt::zero();
        for (i, left) in totals.iter().enumerate() {
            for (j, right) in totals.iter().enumerate() {
                factor += left * right * self.inverse(i, j)?;
            }
        }
        let whole = ratio(factor, self.elimination.determinant() * cross.count)?;
        self.has_inverse.then_some(whole + ratio(1, cross.count)?)
    }

    /// `s_yy − 2·β·s + βᵀ·S·β`: n times the residual sum of squares, in units of deviations of y; `None` if it is
    /// negative, as no rows make it.
    fn residual_scatter(&self, cross: &Cross) -> Option<Rational> {
        let y = cross.scatter.len() - 1;
        let determinant = self.elimination.determinant();
        let slope = |place: usize| self.elimination.numerator(self.rows[place], self.right);
        let mut residual = &cross.scatter[y][y] * determinant * determinant;
        for (place, &i) in self.columns.iter().enumerate() {
            let mut with_others = &cross.scatter[i][y] * determinant * -2;
            for (other, &j) in self.columns.iter().enumerate() {
                with_others += &cross.scatter[i][j] * slope(other);
            }
            residual += slope(place) * with_others;
        }
        if residual.is_negative() { None } else { ratio(residual, determinant * determinant) }
    }
}
