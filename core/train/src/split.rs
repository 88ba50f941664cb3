//! Rows to learn from and rows to be judged by, chosen at random and reproducible from the generator's seed.

use rand_core::Rng;

use crate::data::Labels;
use crate::error::TrainError;
use crate::random::shuffle;

/// Positions of the rows of both parts, ascending. Together all rows, none twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to be judged by.
    pub test: Vec<usize>,
}

/// `round(test_share · row_count)` rows to be judged by, the others to learn from; at least one of each.
///
/// # Errors
/// [`TrainError`] if there are fewer than two rows, or the share is not between 0 and 1.
pub fn shuffled(row_count: usize, test_share: f64, rng: &mut impl Rng) -> Result<Split, TrainError> {
    let test_count = test_count(row_count, test_share)?;
    let mut order: Vec<usize> = (0..row_count).collect();
    shuffle(rng, &mut order);
    let train = order.split_off(test_count);
    Ok(sorted(train, order))
}

/// As [`shuffled`], with each class in both parts in its proportion, up to one row.
///
/// # Errors
/// [`TrainError`] as [`shuffled`]; [`TrainError::ClassTooSmall`] if a class has a single row.
pub fn stratified(labels: &Labels, test_share: f64, rng: &mut impl Rng) -> Result<Split, TrainError> {
    let total = test_count(labels.of_rows().len(), test_share)?;
    let groups = shuffled_classes(labels, 2, rng)?;
    // Whole rows first, then one more where the largest parts of a row are left, to the total.
    let ideal: Vec<f64> = groups.iter().map(|rows| rows.len() as f64 * test_share).collect();
    let mut counts: Vec<usize> =
        groups.iter().zip(&ideal).map(|(rows, &ideal)| whole(ideal, rows.len())).collect();
    let mut by_remainder: Vec<usize> = (0..groups.len()).collect();
    by_remainder.sort_by(|&a, &b| ideal[b].fract().total_cmp(&ideal[a].fract()));
    let mut missing = total.saturating_sub(counts.iter().sum());
    for class in by_remainder {
        if missing > 0 && counts[class] + 1 < groups[class].len() {
            counts[class] += 1;
            missing -= 1;
        }
    }
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for (rows, count) in groups.iter().zip(counts) {
        let count = if rows.is_empty() { 0 } else { count.max(1) };
        test.extend(&rows[..count]);
        train.extend(&rows[count..]);
    }
    Ok(sorted(train, test))
}

/// k splits; each row is in the test part of exactly one. Sizes of the test parts differ by one at most.
///
/// # Errors
/// [`TrainError`] if `folds` is below 2 or above the rows.
pub fn folds(row_count: usize, folds: usize, rng: &mut impl Rng) -> Result<Vec<Split>, TrainError> {
    let mut order: Vec<usize> = (0..row_count).collect();
    shuffle(rng, &mut order);
    dealt(&order, folds)
}

/// As [`folds()`], with the rows of each class spread evenly: each fold has as many as any other, up to one.
///
/// # Errors
/// [`TrainError`] as [`folds()`]; [`TrainError::ClassTooSmall`] if a class has fewer rows than there are folds.
pub fn stratified_folds(labels: &Labels, folds: usize, rng: &mut impl Rng) -> Result<Vec<Split>, TrainError> {
    let order = shuffled_classes(labels, folds, rng)?.concat();
    // Dealt one after the other, the rows of a class go to consecutive folds, and the next class goes on from there.
    dealt(&order, folds)
}

fn dealt(order: &[usize], folds: usize) -> Result<Vec<Split>, TrainError> {
    if folds < 2 {
        return Err(TrainError::Choice { what: "the number of folds", expected: "at least 2" });
    }
    if order.len() < folds {
        return Err(TrainError::TooFewRows { needed: folds, actual: order.len() });
    }
    let part = |fold: usize| {
        let in_fold = |(place, _): &(usize, &usize)| place % folds == fold;
        let (test, train): (Vec<_>, Vec<_>) = order.iter().enumerate().partition(in_fold);
        let rows = |part: Vec<(usize, &usize)>| part.into_iter().map(|(_, &row)| row).collect();
        sorted(rows(train), rows(test))
    };
    Ok((0..folds).map(part).collect())
}

/// Rows of each class, shuffled.
fn shuffled_classes(
    labels: &Labels,
    needed: usize,
    rng: &mut impl Rng,
) -> Result<Vec<Vec<usize>>, TrainError> {
    let mut groups = vec![Vec::new(); labels.classes().len()];
    for (row, &class) in labels.of_rows().iter().enumerate() {
        groups[class].push(row);
    }
    if let Some(small) = groups.iter().position(|rows| !rows.is_empty() && rows.len() < needed) {
        let class = labels.classes()[small].clone();
        return Err(TrainError::ClassTooSmall { class, needed, actual: groups[small].len() });
    }
    groups.iter_mut().for_each(|rows| shuffle(rng, rows));
    Ok(groups)
}

fn test_count(row_count: usize, share: f64) -> Result<usize, TrainError> {
    if !(share > 0.0 && share < 1.0) {
        return Err(TrainError::Choice { what: "the share of test rows", expected: "between 0 and 1" });
    }
    if row_count < 2 {
        return Err(TrainError::TooFewRows { needed: 2, actual: row_count });
    }
    Ok(whole((row_count as f64 * share).round(), row_count).clamp(1, row_count - 1))
}

/// `⌊value⌋`, within `0..=most`.
fn whole(value: f64, most: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounds down, and saturates at 0"
    )]
    let whole = value as usize;
    whole.min(most)
}

fn sorted(mut train: Vec<usize>, mut test: Vec<usize>) -> Split {
    train.sort_unstable();
    test.sort_unstable();
    Split { train, test }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    fn is_partition(split: &Split, rows: usize) -> bool {
        let mut all = [split.train.as_slice(), &split.test].concat();
        all.sort_unstable();
        all == (0..rows).collect::<Vec<_>>()
    }

    proptest! {
        #[test]
        fn every_row_is_in_one_part(rows in 2_usize..200, share in 0.01_f64..0.99, seed: u64) {
            let split = shuffled(rows, share, &mut rng(seed)).unwrap();
            prop_assert!(is_partition(&split, rows));
            prop_assert!(!split.train.is_empty() && !split.test.is_empty());
            prop_assert_eq!(&split, &shuffled(rows, share, &mut rng(seed)).unwrap());
        }

        #[test]
        fn classes_keep_their_proportions(
            counts in prop::collection::vec(2_usize..60, 1..5),
            share in 0.05_f64..0.95,
            seed: u64,
        ) {
            let of_rows: Vec<usize> =
                counts.iter().enumerate().flat_map(|(class, &count)| vec![class; count]).collect();
            let classes = (0..counts.len()).map(|class| class.to_string()).collect();
            let labels = Labels::new(classes, of_rows).unwrap();
            let split = stratified(&labels, share, &mut rng(seed)).unwrap();
            prop_assert!(is_partition(&split, labels.of_rows().len()));
            for (class, count) in labels.select(&split.test).unwrap().counts().into_iter().enumerate() {
                prop_assert!(count >= 1 && count < counts[class]);
                prop_assert!((count as f64 - counts[class] as f64 * share).abs() <= 1.0);
            }
        }

        #[test]
        fn folds_share_rows_and_classes_evenly(
            counts in prop::collection::vec(5_usize..40, 1..4),
            k in 2_usize..6,
            seed: u64,
        ) {
            let of_rows: Vec<usize> =
                counts.iter().enumerate().flat_map(|(class, &count)| vec![class; count]).collect();
            let classes = (0..counts.len()).map(|class| class.to_string()).collect();
            let labels = Labels::new(classes, of_rows).unwrap();
            let rows = labels.of_rows().len();
            for splits in [
                folds(rows, k, &mut rng(seed)).unwrap(),
                stratified_folds(&labels, k, &mut rng(seed)).unwrap(),
            ] {
                let mut tested: Vec<usize> = splits.iter().flat_map(|split| split.test.clone()).collect();
                tested.sort_unstable();
                prop_assert_eq!(tested, (0..rows).collect::<Vec<_>>());
                prop_assert!(splits.iter().all(|split| is_partition(split, rows)));
                prop_assert!(splits.iter().all(|split| split.test.len().abs_diff(rows / k) <= 1));
            }
            for split in stratified_folds(&labels, k, &mut rng(seed)).unwrap() {
                let tested = labels.select(&split.test).unwrap().counts();
                prop_assert!(tested.iter().zip(&counts).all(|(&tested, &all)| tested.abs_diff(all / k) <= 1));
            }
        }
    }

    #[test]
    fn another_seed_is_another_split() {
        let split = |seed| shuffled(100, 0.2, &mut rng(seed)).unwrap();
        assert_eq!((split(1).train.len(), split(1).test.len()), (80, 20));
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn refuses_what_cannot_be_split() {
        let share = TrainError::Choice { what: "the share of test rows", expected: "between 0 and 1" };
        for bad in [0.0, 1.0, -0.1, f64::NAN] {
            assert_eq!(shuffled(10, bad, &mut rng(0)), Err(share.clone()));
        }
        assert_eq!(shuffled(1, 0.2, &mut rng(0)), Err(TrainError::TooFewRows { needed: 2, actual: 1 }));
        assert_eq!(folds(3, 4, &mut rng(0)), Err(TrainError::TooFewRows { needed: 4, actual: 3 }));
        assert!(matches!(folds(3, 1, &mut rng(0)), Err(TrainError::Choice { .. })));
        let labels = Labels::from_words(&["a", "a", "a", "b", "b"]).unwrap();
        let error = stratified_folds(&labels, 3, &mut rng(0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "class “b” has 2 rows and the split needs 3: use fewer folds or add rows"
        );
    }
}
