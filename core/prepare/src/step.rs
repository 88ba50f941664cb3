//! The steps of a recipe: one file each, with its parameters, what it learns and what it does.

pub mod bin;
pub mod drop_columns;
pub mod filter;
pub mod impute;
pub mod one_hot;
pub mod outliers;
pub mod pseudonymise;
pub mod release;
pub mod scale;
mod seen;
pub mod smote;
pub mod split;
pub mod transform;

use serde::{Deserialize, Serialize};
use veilsum_anonymise::pseudonym::{StudyKey, StudySecret};

pub use self::bin::Bin;
pub use self::drop_columns::DropColumns;
pub use self::filter::Filter;
pub use self::impute::Impute;
pub use self::one_hot::OneHot;
pub use self::outliers::Outliers;
pub use self::pseudonymise::Pseudonymise;
pub use self::release::Release;
pub use self::scale::Scale;
pub use self::smote::Smote;
pub use self::split::Split;
pub use self::transform::Transform;
use crate::error::StepError;
use crate::fitted::Learnt;
use crate::schema::Schema;
use crate::stage::Stage;

/// One step of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Fills blank cells.
    Impute(Impute),
    /// Finds values or rows far from the others.
    Outliers(Outliers),
    /// Brings columns of numbers to one scale.
    Scale(Scale),
    /// Applies a function to numbers.
    Transform(Transform),
    /// Makes a column of 1 and 0 for each category.
    OneHot(OneHot),
    /// Puts numbers into bins.
    Bin(Bin),
    /// Keeps or drops rows by their cells.
    Filter(Filter),
    /// Leaves columns out.
    DropColumns(DropColumns),
    /// Puts every row into the training or the test part.
    Split(Split),
    /// Makes up training rows of small classes.
    Smote(Smote),
    /// Replaces what identifies directly.
    Pseudonymise(Pseudonymise),
    /// Generalises what identifies together.
    Release(Release),
}

impl Step {
    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Impute(_) => "impute",
            Self::Outliers(_) => "outliers",
            Self::Scale(_) => "scale",
            Self::Transform(_) => "transform",
            Self::OneHot(_) => "one-hot",
            Self::Bin(_) => "bin",
            Self::Filter(_) => "filter",
            Self::DropColumns(_) => "drop columns",
            Self::Split(_) => "split",
            Self::Smote(_) => "SMOTE",
            Self::Pseudonymise(_) => "pseudonymise",
            Self::Release(_) => "release",
        }
    }

    /// Most rows that the step takes, where it needs all of them at once; `None` where it streams.
    #[must_use]
    pub fn row_limit(&self) -> Option<usize> {
        match self {
            Self::Impute(step) => step.row_limit(),
            Self::Outliers(step) => step.row_limit(),
            Self::Smote(_) => Some(smote::ROW_LIMIT),
            Self::Release(_) => Some(release::ROW_LIMIT),
            Self::Scale(_)
            | Self::Transform(_)
            | Self::OneHot(_)
            | Self::Bin(_)
            | Self::Filter(_)
            | Self::DropColumns(_)
            | Self::Split(_)
            | Self::Pseudonymise(_) => None,
        }
    }
}

/// What steps need beside their parameters.
pub(crate) struct Context {
    /// For each step that makes pseudonyms; `None` without a secret.
    keys: Vec<Option<StudyKey>>,
    has_secret: bool,
}

impl Context {
    pub(crate) fn new(steps: &[Step], secret: Option<&StudySecret>) -> Self {
        let key = |step: &Step| {
            let Step::Pseudonymise(step) = step else { return None };
            secret.map(|secret| StudyKey::derive(secret, &step.study))
        };
        Self { keys: steps.iter().map(key).collect(), has_secret: secret.is_some() }
    }
}

impl Step {
    /// Refuses what does not fit these columns, and turns them into those after the step, as far as they are known
    /// without the data. After a release only columns are left out or replaced: other steps may leave classes smaller than
    /// it promises.
    pub(crate) fn check(&self, schema: &mut Schema, context: &Context) -> Result<(), StepError> {
        if schema.released.is_some() && !matches!(self, Self::DropColumns(_) | Self::Pseudonymise(_)) {
            return Err(StepError::AfterRelease);
        }
        match self {
            Self::Impute(step) => step.check(schema),
            Self::Outliers(step) => step.check(schema),
            Self::Scale(step) => step.check(schema),
            Self::Transform(step) => step.check(schema),
            Self::OneHot(step) => step.check(schema),
            Self::Bin(step) => step.check(schema),
            Self::Filter(step) => step.check(schema),
            Self::DropColumns(step) => step.check(schema),
            Self::Split(step) => step.check(schema),
            Self::Smote(step) => step.check(schema),
            Self::Pseudonymise(step) => step.check(schema, context.has_secret),
            Self::Release(step) => step.check(schema),
        }
    }

    /// The step at work on these columns, with what it has learnt before; `at` is its position in the recipe.
    pub(crate) fn build(
        &self,
        at: usize,
        schema: &Schema,
        given: Option<&Learnt>,
        context: &Context,
    ) -> Result<Box<dyn Stage>, StepError> {
        match self {
            Self::Impute(step) => step.build(schema, given),
            Self::Outliers(step) => step.build(schema, given),
            Self::Scale(step) => step.build(schema, given),
            Self::Transform(step) => step.build(schema),
            Self::OneHot(step) => step.build(schema, given),
            Self::Bin(step) => step.build(schema, given),
            Self::Filter(step) => step.build(schema),
            Self::DropColumns(step) => step.build(schema),
            Self::Split(step) => step.build(schema),
            Self::Smote(step) => step.build(schema),
            Self::Pseudonymise(step) => {
                let key = context.keys.get(at).and_then(Option::as_ref).ok_or(StepError::NoSecret)?;
                step.build(schema, given, key)
            }
            Self::Release(step) => step.build(schema),
        }
    }

    /// Whether it must see all rows before it can change the first; `is_given` says that it has learnt before.
    pub(crate) fn learns(&self, is_given: bool) -> bool {
        match self {
            Self::Impute(step) => !is_given && step.learns(),
            Self::Outliers(step) => !is_given && step.learns(),
            Self::Scale(_) | Self::OneHot(_) => !is_given,
            Self::Bin(step) => !is_given && step.learns(),
            Self::Pseudonymise(step) => !is_given && step.learns(),
            // It counts the rows of each batch.
            Self::Split(_) => true,
            Self::Transform(_)
            | Self::Filter(_)
            | Self::DropColumns(_)
            | Self::Smote(_)
            | Self::Release(_) => false,
        }
    }

    /// Whether it learns something from the rows that come to it that a model should not know of test rows.
    pub(crate) fn learns_from_rows(&self) -> bool {
        match self {
            Self::Impute(step) => !matches!(step.filling, impute::Filling::Constant { .. }),
            Self::Bin(step) => step.learns(),
            Self::Outliers(_) | Self::Scale(_) | Self::OneHot(_) => true,
            Self::Transform(_)
            | Self::Filter(_)
            | Self::DropColumns(_)
            | Self::Split(_)
            | Self::Smote(_)
            | Self::Pseudonymise(_)
            | Self::Release(_) => false,
        }
    }

    /// Whether it leaves rows and columns where they are.
    pub(crate) fn only_changes_cells(&self) -> bool {
        match self {
            Self::Impute(_) | Self::Scale(_) | Self::Transform(_) | Self::Bin(_) => true,
            Self::Outliers(step) => step.action != outliers::Action::Drop,
            Self::OneHot(_)
            | Self::Filter(_)
            | Self::DropColumns(_)
            | Self::Split(_)
            | Self::Smote(_)
            | Self::Pseudonymise(_)
            | Self::Release(_) => false,
        }
    }

    /// The columns that it looks at or changes, each once.
    pub(crate) fn columns(&self) -> Vec<&String> {
        match self {
            Self::Impute(step) => step.columns(),
            Self::Outliers(step) => step.columns.iter().collect(),
            Self::Scale(step) => step.columns.iter().collect(),
            Self::Transform(step) => step.columns.iter().collect(),
            Self::OneHot(step) => step.columns.iter().collect(),
            Self::Bin(step) => step.columns.iter().collect(),
            Self::Filter(step) => step.columns(),
            Self::DropColumns(step) => step.columns.iter().collect(),
            Self::Split(step) => step.by.iter().collect(),
            Self::Smote(step) => step.columns(),
            Self::Pseudonymise(step) => step.columns(),
            Self::Release(step) => step.columns(),
        }
    }
}
