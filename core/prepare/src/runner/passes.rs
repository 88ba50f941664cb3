//! Which steps learn in which pass.

use std::collections::HashSet;

use crate::fitted::Learnt;
use crate::step::Step;

/// A pass in which steps learn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Lesson {
    /// Positions of the steps that learn, ascending; at least one.
    pub(super) learners: Vec<usize>,
    /// Positions of steps before the last of them that are passed over: what they change, no later learner looks at.
    pub(super) passed_over: Vec<usize>,
}

/// The passes but the last.
///
/// A step may learn together with one before it if what that one will do makes no difference: if it leaves rows and
/// columns where they are, and no later learner of the pass looks at what it changes, or at what steps change that do.
pub(super) fn of(steps: &[Step], given: &[Option<Learnt>]) -> Vec<Lesson> {
    let mut lessons: Vec<Lesson> = Vec::new();
    // Columns whose cells are not yet what they will be.
    let mut unsettled: HashSet<&str> = HashSet::new();
    let mut is_closed = true;
    for (at, step) in steps.iter().enumerate() {
        let looks_at = step.columns();
        let is_concerned = looks_at.iter().any(|column| unsettled.contains(column.as_str()));
        let learns = step.learns(given.get(at).is_some_and(Option::is_some));
        match lessons.last_mut() {
            Some(lesson) if learns && !is_closed && !is_concerned => lesson.learners.push(at),
            Some(_) | None if learns => {
                lessons.push(Lesson { learners: vec![at], passed_over: Vec::new() });
                unsettled.clear();
                is_closed = false;
            }
            Some(lesson) if is_concerned && step.only_changes_cells() => lesson.passed_over.push(at),
            Some(_) | None => {
                // Which columns go does not depend on any cell.
                is_closed |= is_concerned && !matches!(step, Step::DropColumns(_));
                continue;
            }
        }
        is_closed |= !step.only_changes_cells();
        unsettled.extend(looks_at.into_iter().map(String::as_str));
    }
    lessons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;

    fn lessons(steps: &str) -> Vec<(Vec<usize>, Vec<usize>)> {
        let file = format!(r#"{{"format":"veilsum-recipe","version":1,"steps":[{steps}]}}"#);
        let steps = Recipe::from_json(file.as_bytes()).unwrap().steps;
        of(&steps, &[]).into_iter().map(|lesson| (lesson.learners, lesson.passed_over)).collect()
    }

    #[test]
    fn steps_learn_together_where_that_makes_no_difference() {
        let impute = |column: &str| {
            format!(r#"{{"step":"impute","columns":["{column}"],"filling":{{"kind":"mean"}}}}"#)
        };
        let scale = |column: &str| {
            format!(r#"{{"step":"scale","columns":["{column}"],"method":{{"kind":"standard"}}}}"#)
        };
        let log = |column: &str| {
            format!(r#"{{"step":"transform","columns":["{column}"],"function":{{"kind":"log"}}}}"#)
        };
        let filter = |column: &str| {
            format!(
                r#"{{"step":"filter","matching":"keep","combine":"all","conditions":[
                     {{"column":"{column}","test":{{"kind":"above","bound":"0"}}}}]}}"#
            )
        };
        let drop = |column: &str| format!(r#"{{"step":"drop-columns","columns":["{column}"]}}"#);
        let split = r#"{"step":"split","column":"part","test-share":0.5,"seed":1}"#.to_owned();
        let of = |steps: &[String]| lessons(&steps.join(","));
        assert_eq!(of(&[impute("a"), scale("b")]), [(vec![0, 1], vec![])]);
        assert_eq!(of(&[impute("a"), scale("a")]), [(vec![0], vec![]), (vec![1], vec![])]);
        assert_eq!(of(&[impute("a"), log("a"), scale("b")]), [(vec![0, 2], vec![1])]);
        assert_eq!(of(&[impute("a"), log("a"), scale("a")]), [(vec![0], vec![1]), (vec![2], vec![])]);
        assert_eq!(of(&[impute("a"), filter("a"), scale("b")]), [(vec![0], vec![]), (vec![2], vec![])]);
        assert_eq!(of(&[impute("a"), filter("b"), scale("b")]), [(vec![0, 2], vec![])]);
        assert_eq!(of(&[impute("a"), drop("a"), scale("b")]), [(vec![0, 2], vec![])]);
        assert_eq!(
            of(&[impute("a"), log("a"), split, scale("b")]),
            [(vec![0, 2], vec![1]), (vec![3], vec![])]
        );
        assert_eq!(of(&[log("a"), filter("a")]), []);
    }
}
