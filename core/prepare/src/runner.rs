//! A recipe at work on a table that the caller reads as often as it takes.
//!
//! Steps that learn need to see all rows before they change the first, and what they see is what the steps before them
//! pass on. So the table is read several times: in each pass one or more steps learn, and in the last all of them
//! change the rows on their way out. From the first step on that needs all rows at once, rows are held in memory and
//! the rest is done there when the last pass ends.

mod passes;
mod slot;

use std::fmt;

use veilsum_anonymise::pseudonym::StudySecret;
use veilsum_table::types::ColumnType;

use self::passes::Lesson;
use self::slot::Slot;
use crate::error::{PrepareError, StepError};
use crate::fitted::{Fitted, Learnt};
use crate::recipe::{MAX_STEPS, Recipe};
use crate::report::StepReport;
use crate::row::{Row, as_count};
use crate::schema::{MAX_COLUMNS, Schema};
use crate::stage::Progress;
use crate::step::{Context, Step};

/// Rows that go through the steps together.
const BATCH_ROWS: usize = 256;
/// Most MiB that rows take that are held.
const HELD_MIB: usize = 512;
/// What a cell takes beside its text.
const CELL_BYTES: usize = 40;

/// One reading of all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// From 1.
    pub number: usize,
    /// Passes in all.
    pub of: usize,
    /// Whether rows come out: in the last pass.
    pub writes_rows: bool,
}

/// What came out, beside the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Names of the columns.
    pub header: Vec<String>,
    /// Their types: those of the table for columns that hold what they held, else plain.
    pub types: Vec<ColumnType>,
    /// The recipe with what its steps have learnt.
    pub fitted: Fitted,
    /// One for each step.
    pub report: Vec<StepReport>,
}

/// A recipe at work.
///
/// The caller makes passes until there is none left: [`Self::next_pass`], [`Self::row`] for every row in the same order,
/// [`Self::end_pass`]. An error ends the work; rows that came out before do not count.
pub struct Runner {
    recipe: Recipe,
    /// What steps go by that learnt before.
    given: Vec<Option<Learnt>>,
    context: Context,
    /// `schemas[i]` are the columns before step i, as far as they are known.
    schemas: Vec<Schema>,
    /// Steps at work, as far as their columns are known.
    slots: Vec<Slot>,
    /// The passes but the last, in which steps learn.
    lessons: Vec<Lesson>,
    /// The first step that needs all rows at once.
    whole_from: usize,
    /// The pass that is made or comes next, from 0.
    pass: usize,
    state: State,
    /// Rows that wait to go through the steps.
    batch: Vec<Row>,
    /// Rows to be filled anew.
    spare: Vec<Row>,
    /// Rows that are held for the steps from `whole_from` on.
    held: Vec<Row>,
    /// Bytes that they take.
    held_bytes: usize,
    rows_of_pass: u64,
    rows_of_first: Option<u64>,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Between,
    Reading,
    Done,
    Failed,
}

impl Runner {
    /// A recipe at work on a table with these columns. Cells are plain decimals (such as
    /// [`veilsum_table::types::Converter`] gives), text, or blank; dates and times stay as they are written, and those
    /// that a step computes are spelt like them. Pseudonyms need the `secret`.
    ///
    /// # Errors
    /// [`PrepareError`] if a step does not fit the columns that it meets.
    pub fn new(
        recipe: &Recipe,
        header: &[String],
        types: &[ColumnType],
        secret: Option<&StudySecret>,
    ) -> Result<Self, PrepareError> {
        Self::start(recipe, vec![None; recipe.steps.len()], header, types, secret)
    }

    /// A recipe at work on the next batch, with what it has learnt. Columns are found by their names. Steps that compare
    /// rows with each other, and splits, do so within the batch.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn again(
        fitted: &Fitted,
        header: &[String],
        types: &[ColumnType],
        secret: Option<&StudySecret>,
    ) -> Result<Self, PrepareError> {
        let given = fitted.learnt().iter().map(|learnt| Some(learnt.clone())).collect();
        Self::start(fitted.recipe(), given, header, types, secret)
    }

    fn start(
        recipe: &Recipe,
        given: Vec<Option<Learnt>>,
        header: &[String],
        types: &[ColumnType],
        secret: Option<&StudySecret>,
    ) -> Result<Self, PrepareError> {
        if recipe.steps.len() > MAX_STEPS {
            return Err(PrepareError::TooManySteps { actual: recipe.steps.len(), limit: MAX_STEPS });
        }
        let first = first_schema(header, types)?;
        let context = Context::new(&recipe.steps, secret);
        let mut schema = first.clone();
        for (at, step) in recipe.steps.iter().enumerate() {
            step.check(&mut schema, &context).map_err(|fault| fault_of(at, step, fault))?;
        }
        let whole_from =
            recipe.steps.iter().position(|step| step.row_limit().is_some()).unwrap_or(recipe.steps.len());
        let lessons = passes::of(&recipe.steps[..whole_from], &given);
        let mut runner = Self {
            recipe: recipe.clone(),
            given,
            context,
            schemas: vec![first],
            slots: Vec::new(),
            lessons,
            whole_from,
            pass: 0,
            state: State::Between,
            batch: Vec::with_capacity(BATCH_ROWS),
            spare: Vec::new(),
            held: Vec::new(),
            held_bytes: 0,
            rows_of_pass: 0,
            rows_of_first: None,
            progress: Progress::default(),
        };
        runner.get_ready()?;
        Ok(runner)
    }

    /// Whether a step needs all rows at once, so that the last [`Self::end_pass`] has work to do.
    #[must_use]
    pub fn holds_rows(&self) -> bool {
        self.whole_from < self.recipe.steps.len()
    }

    /// `tell` is called during the last [`Self::end_pass`] with how much of its work is done, from 0 to 1, if there are
    /// steps that need all rows at once: at the start of each, and between where the step counts its work.
    pub fn on_progress(&mut self, tell: impl FnMut(f64) + 'static) {
        self.progress = Progress::new(Box::new(tell));
    }

    /// The pass to make now; `None` after the last, or if one is being made.
    pub fn next_pass(&mut self) -> Option<Pass> {
        if self.state != State::Between {
            return None;
        }
        self.state = State::Reading;
        self.rows_of_pass = 0;
        self.slots.iter_mut().for_each(Slot::restart);
        let of = self.lessons.len() + 1;
        Some(Pass { number: self.pass + 1, of, writes_rows: self.pass + 1 == of })
    }

    /// Takes a row; `number` is what messages and reports call it. `out` takes the number and the cells of
    /// each row that comes out, in the last pass; 0 is the number of a row that was made up. Some come only with later rows or with [`Self::end_pass`].
    ///
    /// # Errors
    /// [`PrepareError`], of this row or of one shortly before.
    pub fn row(
        &mut self,
        number: u64,
        cells: &[impl AsRef<str>],
        out: &mut dyn FnMut(u64, &[String]),
    ) -> Result<(), PrepareError> {
        if self.state != State::Reading {
            return Err(PrepareError::OutOfOrder);
        }
        let expected = self.schemas[0].names.len();
        if cells.len() != expected {
            self.state = State::Failed;
            return Err(PrepareError::RowLength { row: number, expected, actual: cells.len() });
        }
        let mut row = self.spare.pop().unwrap_or_default();
        row.refill(number, cells);
        self.batch.push(row);
        self.rows_of_pass += 1;
        if self.batch.len() < BATCH_ROWS {
            return Ok(());
        }
        let done = self.run_batch(out);
        self.failing(done)
    }

    /// Ends a pass. `out` takes the rows that are still held.
    ///
    /// # Errors
    /// [`PrepareError`].
    pub fn end_pass(&mut self, out: &mut dyn FnMut(u64, &[String])) -> Result<(), PrepareError> {
        if self.state != State::Reading {
            return Err(PrepareError::OutOfOrder);
        }
        let done = self.run_batch(out).and_then(|()| self.close_pass(out));
        self.failing(done)
    }

    /// What came out beside the rows.
    ///
    /// # Errors
    /// [`PrepareError::OutOfOrder`] before the last pass has ended.
    pub fn finish(self) -> Result<Prepared, PrepareError> {
        let last = self.schemas.into_iter().nth(self.recipe.steps.len());
        let (State::Done, Some(schema)) = (self.state, last) else {
            return Err(PrepareError::OutOfOrder);
        };
        let learnt = self.slots.iter().map(Slot::learnt).collect();
        Ok(Prepared {
            header: schema.names,
            types: schema.types,
            fitted: Fitted::new(self.recipe, learnt),
            report: self.slots.into_iter().map(Slot::report).collect(),
        })
    }

    fn failing(&mut self, done: Result<(), PrepareError>) -> Result<(), PrepareError> {
        if done.is_err() {
            self.state = State::Failed;
        }
        done
    }

    /// Puts the steps of the coming pass to work.
    fn get_ready(&mut self) -> Result<(), PrepareError> {
        match self.lessons.get(self.pass).and_then(|lesson| lesson.learners.last()) {
            Some(last) => self.build(last + 1),
            None => {
                self.build(self.whole_from)?;
                let detail = slot::detail(&self.recipe.steps);
                for at in 0..self.whole_from {
                    let columns = (&self.schemas[at], &self.schemas[at + 1]);
                    self.slots[at].watch(&self.recipe.steps[at], columns, detail);
                }
                Ok(())
            }
        }
    }

    /// Puts the steps before `end` to work, each on the columns that the one before leaves.
    fn build(&mut self, end: usize) -> Result<(), PrepareError> {
        for at in self.slots.len()..end {
            let step = &self.recipe.steps[at];
            let built = step.build(at, &self.schemas[at], self.given[at].as_ref(), &self.context);
            let mut slot = Slot::new(built.map_err(|fault| fault_of(at, step, fault))?);
            if matches!(step, Step::Split(_)) {
                slot.warn_of_learners(self.learners_before(at));
            }
            self.slots.push(slot);
            self.schemas.truncate(at + 1);
            let next = self.next_schema(at)?;
            self.schemas.push(next);
        }
        Ok(())
    }

    /// Numbers of the steps before a split, from 1, that learn from the same rows.
    fn learners_before(&self, split: usize) -> Vec<usize> {
        let learns = |at: &usize| {
            let step = &self.recipe.steps[*at];
            // Steps that compare rows with each other learn from every batch.
            step.learns_from_rows() && (self.given[*at].is_none() || step.row_limit().is_some())
        };
        (0..split).filter(learns).map(|at| at + 1).collect()
    }

    /// The columns after step `at`. While it has still to learn they are those before: only steps for which that makes no
    /// difference learn together with later ones.
    fn next_schema(&self, at: usize) -> Result<Schema, PrepareError> {
        let (slot, step, before) = (&self.slots[at], &self.recipe.steps[at], &self.schemas[at]);
        if slot.learns() {
            return Ok(before.clone());
        }
        slot.output(step, before, &self.context).map_err(|fault| fault_of(at, step, fault))
    }

    fn run_batch(&mut self, out: &mut dyn FnMut(u64, &[String])) -> Result<(), PrepareError> {
        let mut rows = std::mem::take(&mut self.batch);
        let steps = &self.recipe.steps;
        if let Some(Lesson { learners, passed_over }) = self.lessons.get(self.pass) {
            let until = learners.last().map_or(0, |last| last + 1);
            for (at, slot) in self.slots.iter_mut().enumerate().take(until) {
                if passed_over.contains(&at) {
                    continue;
                }
                slot.learn_or_pass(&mut rows).map_err(|fault| fault_of(at, &steps[at], fault))?;
            }
        } else {
            for (at, slot) in self.slots.iter_mut().enumerate().take(self.whole_from) {
                slot.run(&mut rows).map_err(|fault| fault_of(at, &steps[at], fault))?;
            }
            if self.whole_from < steps.len() {
                let cells = rows.iter().flat_map(|row| &row.cells);
                self.held_bytes += cells.map(|cell| cell.len() + CELL_BYTES).sum::<usize>();
                self.held.append(&mut rows);
                check_room(self.whole_from, &steps[self.whole_from], self.held.len(), self.held_bytes)?;
            }
            rows.iter().for_each(|row| out(row.number, &row.cells));
        }
        self.spare.append(&mut rows);
        self.batch = rows;
        Ok(())
    }

    fn close_pass(&mut self, out: &mut dyn FnMut(u64, &[String])) -> Result<(), PrepareError> {
        let before = *self.rows_of_first.get_or_insert(self.rows_of_pass);
        if before != self.rows_of_pass {
            return Err(PrepareError::RowsChanged { before, now: self.rows_of_pass });
        }
        if let Some(lesson) = self.lessons.get(self.pass) {
            for at in lesson.learners.iter().copied() {
                self.slots[at].settle().map_err(|fault| fault_of(at, &self.recipe.steps[at], fault))?;
            }
            for at in 0..self.slots.len() {
                self.schemas[at + 1] = self.next_schema(at)?;
            }
            self.pass += 1;
            self.state = State::Between;
            return self.get_ready();
        }
        let mut rows = std::mem::take(&mut self.held);
        for at in self.whole_from..self.recipe.steps.len() {
            self.progress.begin(at - self.whole_from, self.recipe.steps.len() - self.whole_from);
            self.build(at + 1)?;
            let step = &self.recipe.steps[at];
            check_room(at, step, rows.len(), 0)?;
            let fault = |fault| fault_of(at, step, fault);
            if self.slots[at].learns() {
                self.slots[at]
                    .learn_or_pass(&mut rows)
                    .and_then(|()| self.slots[at].settle())
                    .map_err(fault)?;
                self.schemas[at + 1] = self.next_schema(at)?;
            }
            let cells = rows.len().saturating_mul(self.schemas[at + 1].names.len());
            check_room(at, step, rows.len(), cells.saturating_mul(CELL_BYTES))?;
            let slot = &mut self.slots[at];
            slot.watch(step, (&self.schemas[at], &self.schemas[at + 1]), slot::detail(&self.recipe.steps));
            slot.run_all(&mut rows, &mut self.progress).map_err(fault)?;
        }
        self.progress.tell(1, 1);
        rows.iter().for_each(|row| out(row.number, &row.cells));
        self.state = State::Done;
        Ok(())
    }
}

fn first_schema(header: &[String], types: &[ColumnType]) -> Result<Schema, PrepareError> {
    if header.is_empty() || header.len() > MAX_COLUMNS || header.len() != types.len() {
        let (columns, types) = (header.len(), types.len());
        return Err(PrepareError::Header { columns, types, limit: MAX_COLUMNS });
    }
    let mut sorted: Vec<&String> = header.iter().collect();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(PrepareError::SameName { column: pair[0].clone() });
    }
    Ok(Schema { names: header.to_vec(), types: types.to_vec(), ..Schema::default() })
}

fn fault_of(at: usize, step: &Step, fault: StepError) -> PrepareError {
    PrepareError::Step { step: at + 1, name: step.name(), fault }
}

fn check_room(at: usize, step: &Step, rows: usize, bytes: usize) -> Result<(), PrepareError> {
    if let Some(limit) = step.row_limit().filter(|limit| rows > *limit) {
        return Err(fault_of(at, step, StepError::TooManyRows { limit }));
    }
    if bytes >> 20 >= HELD_MIB {
        return Err(fault_of(at, step, StepError::TooLarge { limit: HELD_MIB }));
    }
    Ok(())
}

impl Row {
    fn refill(&mut self, number: u64, cells: &[impl AsRef<str>]) {
        self.number = number;
        self.is_test = false;
        self.cells.resize_with(cells.len(), String::new);
        for (room, cell) in self.cells.iter_mut().zip(cells) {
            room.clear();
            room.push_str(cell.as_ref());
        }
    }
}

/// Says how far it is; cells stay out of logs.
impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows_of_pass.max(as_count(self.held.len()));
        let mut shown = f.debug_struct("Runner");
        shown.field("steps", &self.recipe.steps.len()).field("pass", &self.pass).field("rows", &rows);
        shown.finish_non_exhaustive()
    }
}
