//! What to ask of a dataset: analyses with their columns, the rows that they cover, what they would take, and the button
//! that runs them.

mod columns;
mod draft;
mod estimate;
mod form;
mod item;
mod menu;
mod pickers;

pub(super) use self::columns::Columns;
pub(super) use self::form::RunForm;
