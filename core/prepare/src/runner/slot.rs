//! A step at work, and what is told of it.

use crate::error::StepError;
use crate::fitted::Learnt;
use crate::number::Reading;
use crate::report::{ColumnChange, StepReport, Warning};
use crate::row::{Row, as_count};
use crate::schema::Schema;
use crate::stage::{Notes, Progress, Stage};
use crate::step::{Context, Step};
use crate::summary::{Detail, Summary};

/// Most columns of a step that are described before and after.
const DESCRIBED_COLUMNS: usize = 200;

/// How much each of the summaries of a recipe keeps.
pub(super) fn detail(steps: &[Step]) -> Detail {
    Detail::of_each(steps.iter().map(|step| 2 * step.columns().len().min(DESCRIBED_COLUMNS)).sum())
}

/// A step at work.
pub(super) struct Slot {
    stage: Box<dyn Stage>,
    notes: Notes,
    rows_in: u64,
    rows_out: u64,
    before: Vec<Watched>,
    after: Vec<Watched>,
}

/// A column that is described.
struct Watched {
    at: usize,
    name: String,
    summary: Summary,
}

impl Slot {
    pub(super) fn new(stage: Box<dyn Stage>) -> Self {
        let (before, after) = (Vec::new(), Vec::new());
        Self { stage, notes: Notes::default(), rows_in: 0, rows_out: 0, before, after }
    }

    /// These steps before a split learn from rows that it makes test rows.
    pub(super) fn warn_of_learners(&mut self, steps: Vec<usize>) {
        if !steps.is_empty() {
            self.notes.warn(Warning::LearntFromTestRows { steps });
        }
    }

    /// All rows come once more.
    pub(super) fn restart(&mut self) {
        self.stage.restart();
    }

    pub(super) fn learns(&self) -> bool {
        self.stage.learns()
    }

    pub(super) fn learnt(&self) -> Learnt {
        self.stage.learnt()
    }

    /// The columns after it.
    pub(super) fn output(
        &self,
        step: &Step,
        before: &Schema,
        context: &Context,
    ) -> Result<Schema, StepError> {
        if let Some(output) = self.stage.output(before)? {
            return Ok(output);
        }
        let mut output = before.clone();
        step.check(&mut output, context)?;
        Ok(output)
    }

    /// In a pass in which steps learn: this one does, or has done so before and passes rows on.
    pub(super) fn learn_or_pass(&mut self, rows: &mut Vec<Row>) -> Result<(), StepError> {
        if self.stage.learns() {
            self.stage.learn(rows)
        } else {
            // What it tells counts in the last pass.
            self.stage.change(rows, &mut Notes::default())
        }
    }

    pub(super) fn settle(&mut self) -> Result<(), StepError> {
        self.stage.settle(&mut self.notes)
    }

    /// From now on the columns that the step works on are described.
    pub(super) fn watch(&mut self, step: &Step, (before, after): (&Schema, &Schema), detail: Detail) {
        let names = step.columns();
        let watched = |schema: &Schema, name: &String| {
            let at = schema.position(name)?;
            let summary = Summary::new(Reading::of(&schema.types[at]), detail);
            Some(Watched { at, name: name.clone(), summary })
        };
        self.before = names.iter().filter_map(|name| watched(before, name)).take(DESCRIBED_COLUMNS).collect();
        let made = after.names.iter().filter(|name| before.position(name).is_none());
        let names = names.iter().copied().chain(made);
        self.after = names.filter_map(|name| watched(after, name)).take(DESCRIBED_COLUMNS).collect();
    }

    /// In the last pass: rows change, and are described.
    pub(super) fn run(&mut self, rows: &mut Vec<Row>) -> Result<(), StepError> {
        self.rows_in += as_count(rows.len());
        describe(&mut self.before, rows);
        self.stage.change(rows, &mut self.notes)?;
        describe(&mut self.after, rows);
        self.rows_out += as_count(rows.len());
        Ok(())
    }

    /// As [`Self::run`], with all rows at once; it is told how far it is.
    pub(super) fn run_all(&mut self, rows: &mut Vec<Row>, progress: &mut Progress) -> Result<(), StepError> {
        std::mem::swap(&mut self.notes.progress, progress);
        let done = self.run(rows);
        std::mem::swap(&mut self.notes.progress, progress);
        done
    }

    pub(super) fn report(mut self) -> StepReport {
        self.stage.finish(&mut self.notes);
        let mut columns: Vec<ColumnChange> = Vec::new();
        for Watched { name, summary, .. } in self.before {
            columns.push(ColumnChange { name, before: Some(summary.finish()), after: None });
        }
        for Watched { name, summary, .. } in self.after {
            let after = Some(summary.finish());
            match columns.iter_mut().find(|column| column.name == name) {
                Some(column) => column.after = after,
                None => columns.push(ColumnChange { name, before: None, after }),
            }
        }
        let Notes { cells_changed, flagged, classes, parts, privacy, warnings, progress: _ } = self.notes;
        let (rows_in, rows_out) = (self.rows_in, self.rows_out);
        StepReport { rows_in, rows_out, cells_changed, columns, flagged, classes, parts, privacy, warnings }
    }
}

fn describe(watched: &mut [Watched], rows: &[Row]) {
    for Watched { at, summary, .. } in watched {
        rows.iter().for_each(|row| summary.push(&row.cells[*at]));
    }
}
