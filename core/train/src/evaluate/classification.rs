//! Predicted classes against known ones.

use serde::{Deserialize, Serialize};

use super::{EvaluateError, check_lengths, ratio};

/// What was predicted for rows whose class is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Rows of each known class (outer) that were predicted to be of each class (inner).
    pub confusion: Vec<Vec<u64>>,
    /// Share of rows that were predicted rightly.
    pub accuracy: f64,
    /// Of each class. For two classes, the second is the positive one.
    pub by_class: Vec<Scores>,
    /// The plain mean of the classes that occur, known or predicted.
    pub macro_average: Scores,
    /// The mean of the classes, each weighted by its known rows.
    pub weighted_average: Scores,
}

/// Precision, recall and F1; 0 where there is nothing to divide by, as scikit-learn's `zero_division=0`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Of the rows predicted to be of the class, the share that is.
    pub precision: f64,
    /// Of the rows of the class, the share predicted to be.
    pub recall: f64,
    /// `2·P·R/(P + R)`: the harmonic mean, which lies between both.
    pub f1: f64,
    /// Known rows.
    pub rows: u64,
}

/// Counts and scores of predictions; classes are positions below `classes`.
///
/// # Errors
/// [`EvaluateError`] if lengths differ, there is no row, or a class is not below `classes`.
pub fn report(actual: &[usize], predicted: &[usize], classes: usize) -> Result<Report, EvaluateError> {
    check_lengths(actual.len(), predicted.len())?;
    let mut confusion = vec![vec![0_u64; classes]; classes];
    for (row, (&known, &guess)) in actual.iter().zip(predicted).enumerate() {
        let class = known.max(guess);
        let count = confusion.get_mut(known).and_then(|of_known| of_known.get_mut(guess));
        *count.ok_or(EvaluateError::NoSuchClass { row, class, classes })? += 1;
    }
    let right: u64 = (0..classes).map(|class| confusion[class][class]).sum();
    let predicted_rows = |class: usize| confusion.iter().map(|of_known| of_known[class]).sum::<u64>();
    let scores = |class: usize| {
        let (hits, known, guessed) =
            (confusion[class][class], confusion[class].iter().sum::<u64>(), predicted_rows(class));
        let f1 = ratio(2 * hits, known + guessed);
        Scores { precision: ratio(hits, guessed), recall: ratio(hits, known), f1, rows: known }
    };
    let by_class: Vec<Scores> = (0..classes).map(scores).collect();
    let occurs = |class: usize| u8::from(by_class[class].rows > 0 || predicted_rows(class) > 0);
    let occurring: Vec<f64> = (0..classes).map(|class| f64::from(occurs(class))).collect();
    let known: Vec<f64> = by_class.iter().map(|scores| scores.rows as f64).collect();
    Ok(Report {
        accuracy: ratio(right, actual.len() as u64),
        macro_average: average(&by_class, &occurring),
        weighted_average: average(&by_class, &known),
        confusion,
        by_class,
    })
}

fn average(by_class: &[Scores], weights: &[f64]) -> Scores {
    let total: f64 = weights.iter().sum();
    let mean = |of: fn(&Scores) -> f64| {
        by_class.iter().zip(weights).map(|(scores, weight)| of(scores) * weight).sum::<f64>() / total
    };
    Scores {
        precision: mean(|scores| scores.precision),
        recall: mean(|scores| scores.recall),
        f1: mean(|scores| scores.f1),
        rows: by_class.iter().map(|scores| scores.rows).sum(),
    }
}
