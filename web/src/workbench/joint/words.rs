//! What trainings are called, how far they are, and what their rounds reveal: in words.

use crate::messages::training::{JointEnd, JointFamily, JointView, RoundNumbers};
use crate::ui::chart::scale::short;
use crate::ui::words;

/// Where a training stands, in a sentence.
pub(super) fn state(view: &JointView) -> String {
    let (there, wanted) = (view.owners.len() as u64, u64::from(view.terms.owners));
    match &view.end {
        Some(JointEnd::Finished(Some(model))) => format!(
            "Finished: a model of {} of {} after {}.",
            words::counted(model.rows, "row"),
            words::counted(wanted, "owner"),
            words::counted(u64::from(model.rounds), "round")
        ),
        Some(JointEnd::Finished(None)) => "Finished. Those who took part were told the model.".to_owned(),
        Some(JointEnd::Stopped { by }) => format!("Ended by {by}, without a model."),
        None if view.round_count == 0 && there < wanted => {
            format!("Waiting for owners: {there} of {wanted} take part.")
        }
        None if view.round_count == 0 => {
            "All owners take part. The key holder starts the first round.".to_owned()
        }
        None => {
            let round = view.round_count - 1;
            let contributed = view.owners.iter().filter(|owner| owner.has_contributed).count();
            match view.rounds.last() {
                Some(newest) if newest.is_added_up => {
                    format!("Round {round} is added up; the key holder opens the next.")
                }
                Some(_) => format!("Round {round}: {contributed} of {wanted} owners contributed."),
                None => format!("Round {round} is open."),
            }
        }
    }
}

/// What the public numbers of a round are.
pub(super) const fn public(numbers: &RoundNumbers) -> &'static str {
    match numbers {
        RoundNumbers::Moments => "none yet",
        RoundNumbers::Scales { .. } => "mean and deviation of each column",
        RoundNumbers::Coefficients(_) => "coefficients",
        RoundNumbers::Centroids { .. } => "centres of clusters",
    }
}

/// Names beside what they reveal.
pub(super) fn reveals(family: &JointFamily) -> Vec<(&'static str, &'static str)> {
    let first = (
        "Round 0",
        "Everybody who takes part is told mean and deviation of each column over all owners' rows. The key holder decrypts the \
         number of rows, and the sum and the sum of squares of each column, over all owners.",
    );
    let further = match family {
        JointFamily::Linear { .. } => (
            "Round 1",
            "The key holder decrypts the sum of the products of each two columns over all rows: their correlations. \
             Everybody is told the coefficients that follow. There is no further round.",
        ),
        JointFamily::Logistic { .. } => (
            "Each further round",
            "Everybody is told the coefficients. The key holder decrypts the gradient and the Hessian at these coefficients over \
             all rows; in the first of these rounds they are the covariances of the columns, and of the columns with the class.",
        ),
        JointFamily::KMeans { .. } => (
            "Each further round",
            "Everybody is told the centre of each cluster, which is the mean of its rows over all owners. The key holder decrypts \
             how many rows each cluster has, their sums, and the sum of squared distances. A cluster with fewer rows than \
             each owner has at least keeps its centre, as the mean of few rows would show them.",
        ),
    };
    vec![
        first,
        further,
        (
            "By subtraction",
            "Every owner is told means, deviations and, at the end, the number of rows, and knows its own: with two owners each \
             can work out mean and deviation of the other's columns, with more of all others together. Two trainings over nearly \
             the same rows differ by the rows that changed: take part with the same rows, or with many others. So every owner \
             takes part with a fewest number of rows.",
        ),
        (
            "Key holder and cloud together",
            "They could read the sums of each single owner: the cloud has each contribution as ciphertext until it is added up, \
             the key holder has the key. Take part only if you trust that these two do not join. A cloud that follows the \
             protocol reads none and hands the key holder none; one that passes off a single contribution as the total would \
             have the key holder publish that owner's sums.",
        ),
        (
            "The cloud",
            "It is told the terms, with names and bounds of columns and the names that people call themselves, the public numbers of \
             each round and the model, besides sizes and times. It is told no row and no sum of one owner.",
        ),
        (
            "What is not prevented",
            "The key holder chooses the numbers of each round. This page refuses numbers that cannot follow from the round before, \
             but not all that were chosen to single out rows. Other places may be the key holder's own: take part if you know \
             who the others are. Owners who make up rows are not noticed either.",
        ),
    ]
}

/// A number as tables show it.
pub(super) fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-4 {
        return format!("{value:.2e}").replace('-', "−");
    }
    short(value)
}
