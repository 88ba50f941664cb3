//! The key holder's side: from the totals of all rounds so far to the next round, or to the outcome.
//!
//! [`lead`] is a function of the terms and the totals alone. Totals stay in the cloud, so that whoever holds the key goes
//! on in another tab, or another browser, where the last one stopped; the rounds that were opened must be those that the
//! function finds again.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use veilsum_model::text::Real;
use veilsum_protocol::TrainingId;
use veilsum_train::rounds::{Contribution as Sums, RoundError, kmeans, linear, logistic, moments};
use veilsum_train::standardise::Standardisation;

use crate::outcome::{Learned, Outcome};
use crate::round::{Numbers, Round, Scales, reals};
use crate::rows::is_standardised;
use crate::terms::{Family, MAX_ROUNDS_OF_A_START, Terms};

/// Where the totals lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// The rounds that the totals are of.
    pub rounds: Vec<Round>,
    /// What each total told.
    pub progress: Vec<Progress>,
    /// What follows.
    pub next: Next,
}

/// What follows after the last total.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// A round to contribute to.
    Round(Round),
    /// The end.
    Finished(Outcome),
}

/// What a total told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Progress {
    /// Means and deviations.
    Moments {
        /// Rows of all owners.
        rows: u64,
    },
    /// A linear regression is solved by one total.
    Solved {
        /// Share of the target's variance that the fit explains.
        r_squared: f64,
    },
    /// A step of a logistic regression.
    Step {
        /// Length of the gradient at the coefficients of the round.
        gradient_length: f64,
        /// Most that a coefficient moved.
        largest_move: f64,
    },
    /// An iteration of k-means.
    Iteration {
        /// Which start, from 1.
        start: u32,
        /// `Σᵢ |xᵢ − c(xᵢ)|²` at the centroids of the round.
        inertia: f64,
        /// Rows of the smallest cluster that has any.
        smallest_cluster: u64,
        /// The longest way of a centroid.
        longest_move: f64,
    },
}

/// Why totals lead nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeadError {
    /// A column is the same in all rows of all owners.
    #[error("column “{column}” is the same in every row of every owner: create a training without it")]
    Constant {
        /// The column.
        column: String,
    },
    /// A column follows from others.
    #[error(
        "column “{column}” follows from the columns before it: create a training without it, or with a ridge penalty"
    )]
    Collinear {
        /// The column.
        column: String,
    },
    /// An owner contributed to a round with other rows than before.
    #[error(
        "round {round} is over {now} rows, and the rounds before over {before}: an owner chose another file. End this training \
         and create another one; owners keep to one file from the first round to the last"
    )]
    RowsChanged {
        /// The round, from 0.
        round: u32,
        /// Rows of the rounds before.
        before: i64,
        /// Rows of this one.
        now: i64,
    },
    /// A total does not go on from the one before.
    #[error("round {round} leads nowhere: {reason}")]
    Round {
        /// The round, from 0.
        round: u32,
        /// Why.
        reason: RoundError,
    },
    /// There are more totals than rounds.
    #[error("there are totals of rounds after the last: the training has ended before")]
    AfterEnd,
}

/// Goes on from all totals so far, in their order; without any, to round 0.
///
/// # Errors
/// [`LeadError`] if a total does not fit the terms or the one before, or nothing can be learned from it.
pub fn lead(training: TrainingId, terms: &Terms, totals: &[Sums]) -> Result<Lead, LeadError> {
    let mut leader = Leader { terms, rounds: Vec::new(), progress: Vec::new() };
    let mut rows = None;
    let digest = terms.digest();
    let round = |number: u32, numbers: Numbers| Round { training, terms: digest, number, numbers };
    let mut next = round(0, Numbers::Moments);
    let mut state = State::Moments;
    for (number, total) in (0..).zip(totals) {
        leader.rounds.push(next);
        // Every sum is over the rows that the columns were standardised over, or what comes out fits neither.
        let now = total.slots.first().copied().unwrap_or_default();
        let before = *rows.get_or_insert(now);
        if before != now {
            return Err(LeadError::RowsChanged { round: number, before, now });
        }
        let after = leader.take(number, state, total)?;
        match after {
            After::Round(numbers, after) => {
                next = round(number + 1, numbers);
                state = *after;
            }
            After::End(learned, rows) => {
                if totals.len() > number as usize + 1 {
                    return Err(LeadError::AfterEnd);
                }
                let outcome = Outcome { training, terms: digest, rounds: number + 1, rows, numbers: learned };
                let Leader { rounds, progress, .. } = leader;
                return Ok(Lead { rounds, progress, next: Next::Finished(outcome) });
            }
        }
    }
    let Leader { rounds, progress, .. } = leader;
    Ok(Lead { rounds, progress, next: Next::Round(next) })
}

struct Leader<'a> {
    terms: &'a Terms,
    rounds: Vec<Round>,
    progress: Vec<Progress>,
}

/// What the next total is of.
enum State {
    Moments,
    Products { scales: Scales },
    Steps { scales: Scales, fit: logistic::Fit },
    Iterations { scales: Scales, clusters: Box<Clusters> },
}

/// Starts of k-means.
struct Clusters {
    start: u32,
    iteration: u32,
    fit: kmeans::Fit,
    rng: ChaCha12Rng,
    best: Option<Best>,
}

/// The best start so far.
struct Best {
    start: u32,
    inertia: f64,
    centroids: Vec<Vec<f64>>,
}

enum After {
    Round(Numbers, Box<State>),
    End(Learned, u64),
}

impl Leader<'_> {
    fn take(&mut self, number: u32, state: State, total: &Sums) -> Result<After, LeadError> {
        match state {
            State::Moments => self.moments(total),
            State::Products { scales } => self.products(number, scales, total),
            State::Steps { scales, fit } => self.step(number, scales, fit, total),
            State::Iterations { scales, clusters } => self.iteration(number, scales, clusters, total),
        }
    }

    fn moments(&mut self, total: &Sums) -> Result<After, LeadError> {
        let agreed = self.terms.rounds();
        let bounds: Vec<f64> = self.terms.columns().map(|column| column.bound.get()).collect();
        let standardisation =
            moments::standardisation(total, &bounds, &agreed).map_err(|reason| self.refused(0, reason))?;
        let scales = Scales::of(&standardisation).ok_or_else(|| self.refused(0, RoundError::OutOfRange))?;
        // Whoever opens a total knows that the first slot holds the number of rows.
        let rows = total.slots.first().and_then(|&rows| u64::try_from(rows).ok()).unwrap_or_default();
        self.progress.push(Progress::Moments { rows });
        let refused = |reason| self.refused(1, reason);
        Ok(match &self.terms.family {
            Family::Linear { .. } => {
                let numbers = Numbers::Products { standardisation: scales.clone() };
                After::Round(numbers, Box::new(State::Products { scales }))
            }
            Family::Logistic { c, .. } => {
                let fit = logistic::Fit::new(self.terms.features.len(), c.get(), agreed).map_err(refused)?;
                After::Round(
                    coefficients(&scales, &fit).map_err(refused)?,
                    Box::new(State::Steps { scales, fit }),
                )
            }
            Family::KMeans { clusters, seed, .. } => {
                let mut rng = ChaCha12Rng::seed_from_u64(*seed);
                let drawn = self.draw(&standardisation, *clusters, &mut rng);
                let fit = kmeans::Fit::new(drawn, agreed).map_err(refused)?;
                let clusters = Box::new(Clusters { start: 1, iteration: 1, fit, rng, best: None });
                let numbers = centroids(&scales, &clusters).map_err(refused)?;
                After::Round(numbers, Box::new(State::Iterations { scales, clusters }))
            }
        })
    }

    fn products(&mut self, number: u32, scales: Scales, total: &Sums) -> Result<After, LeadError> {
        let Family::Linear { ridge, .. } = &self.terms.family else {
            return Err(self.refused(number, RoundError::Settled));
        };
        let columns = self.terms.columns().count();
        let refused = |reason| self.refused(number, reason);
        let fit = linear::solve(total, columns, ridge.get(), &self.terms.rounds()).map_err(refused)?;
        let model = fit.model(&scales.standardisation()).map_err(refused)?;
        let learned = reals(&model.coefficients)
            .zip(Real::new(model.intercept).zip(Real::new(fit.r_squared)))
            .map(|(coefficients, (intercept, r_squared))| Learned::Linear {
                standardisation: scales,
                coefficients,
                intercept,
                r_squared,
            });
        let learned = learned.ok_or_else(|| refused(RoundError::OutOfRange))?;
        self.progress.push(Progress::Solved { r_squared: fit.r_squared });
        Ok(After::End(learned, fit.rows))
    }

    fn step(
        &mut self,
        number: u32,
        scales: Scales,
        mut fit: logistic::Fit,
        total: &Sums,
    ) -> Result<After, LeadError> {
        let refused = |reason| self.refused(number, reason);
        let told = fit.update(total).map_err(refused)?;
        let numbers = coefficients(&scales, &fit).map_err(refused)?;
        let (gradient_length, largest_move) = (told.gradient_length, told.largest_move);
        self.progress.push(Progress::Step { gradient_length, largest_move });
        if told.is_settled
            && let Numbers::Coefficients { standardisation, coefficients } = numbers
        {
            return Ok(After::End(Learned::Logistic { standardisation, coefficients }, told.rows));
        }
        Ok(After::Round(numbers, Box::new(State::Steps { scales, fit })))
    }

    fn iteration(
        &mut self,
        number: u32,
        scales: Scales,
        mut clusters: Box<Clusters>,
        total: &Sums,
    ) -> Result<After, LeadError> {
        let Family::KMeans { clusters: count, starts, .. } = &self.terms.family else {
            return Err(self.refused(number, RoundError::Settled));
        };
        let refused = |reason| self.refused(number, reason);
        // The inertia is that at the centroids of the round.
        let at = clusters.fit.round().centroids.clone();
        let told = clusters.fit.update(total).map_err(refused)?;
        let progress = Progress::Iteration {
            start: clusters.start,
            inertia: told.inertia,
            smallest_cluster: told.smallest_cluster,
            longest_move: told.longest_move,
        };
        if !told.is_settled && clusters.iteration < MAX_ROUNDS_OF_A_START {
            clusters.iteration += 1;
        } else {
            if clusters.best.as_ref().is_none_or(|best| told.inertia < best.inertia) {
                clusters.best = Some(Best { start: clusters.start, inertia: told.inertia, centroids: at });
            }
            if clusters.start == *starts {
                let learned = clusters.best.and_then(|best| learned_clusters(scales, &best));
                let learned = learned.ok_or_else(|| refused(RoundError::OutOfRange))?;
                self.progress.push(progress);
                return Ok(After::End(learned, told.rows));
            }
            let drawn = self.draw(&scales.standardisation(), *count, &mut clusters.rng);
            clusters.fit = kmeans::Fit::new(drawn, self.terms.rounds()).map_err(refused)?;
            clusters.start += 1;
            clusters.iteration = 1;
        }
        let numbers = centroids(&scales, &clusters).map_err(refused)?;
        self.progress.push(progress);
        Ok(After::Round(numbers, Box::new(State::Iterations { scales, clusters })))
    }

    /// Centroids within √3 deviations of the mean of each column, as a uniform distribution of that deviation has them: nobody
    /// sees a row to start from.
    fn draw(&self, pooled: &Standardisation, clusters: u32, rng: &mut ChaCha12Rng) -> Vec<Vec<f64>> {
        let is_standardised = is_standardised(&self.terms.family);
        let columns = self.terms.features.iter().zip(pooled.centres.iter().zip(&pooled.scales));
        let columns: Vec<(f64, f64, f64)> = columns
            .map(|(column, (&centre, &scale))| {
                if is_standardised { (0.0, 1.0, f64::INFINITY) } else { (centre, scale, column.bound.get()) }
            })
            .collect();
        let mut number = |&(centre, scale, bound): &(f64, f64, f64)| {
            // A multiple of 2⁻⁵³ in [0, 1).
            let unit = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            (centre + scale * 3.0_f64.sqrt() * (2.0 * unit - 1.0)).clamp(-bound, bound)
        };
        (0..clusters).map(|_| columns.iter().map(&mut number).collect()).collect()
    }

    /// A reason of a round, with columns by their names.
    fn refused(&self, round: u32, reason: RoundError) -> LeadError {
        let name = |column: usize| {
            self.terms.columns().nth(column).map(|column| column.name.clone()).unwrap_or_default()
        };
        if let RoundError::ConstantColumn { column } = reason {
            LeadError::Constant { column: name(column) }
        } else if let RoundError::Collinear { column } = reason {
            LeadError::Collinear { column: name(column) }
        } else {
            LeadError::Round { round, reason }
        }
    }
}

fn coefficients(scales: &Scales, fit: &logistic::Fit) -> Result<Numbers, RoundError> {
    let coefficients = reals(&fit.round().coefficients).ok_or(RoundError::OutOfRange)?;
    Ok(Numbers::Coefficients { standardisation: scales.clone(), coefficients })
}

fn centroids(scales: &Scales, clusters: &Clusters) -> Result<Numbers, RoundError> {
    let centroids: Option<Vec<Vec<Real>>> =
        clusters.fit.round().centroids.iter().map(|centroid| reals(centroid)).collect();
    Ok(Numbers::Centroids {
        standardisation: scales.clone(),
        start: clusters.start,
        iteration: clusters.iteration,
        centroids: centroids.ok_or(RoundError::OutOfRange)?,
    })
}

fn learned_clusters(scales: Scales, best: &Best) -> Option<Learned> {
    let centroids: Option<Vec<Vec<Real>>> = best.centroids.iter().map(|centroid| reals(centroid)).collect();
    Some(Learned::KMeans {
        standardisation: scales,
        start: best.start,
        centroids: centroids?,
        inertia: Real::new(best.inertia)?,
    })
}
