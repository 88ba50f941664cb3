//! Trainings of several owners: the list, a new one, and one of them with its rounds.

mod create;
pub(super) mod desk;
mod list;
mod outcome;
mod owners;
mod rounds;
mod show;
mod words;

pub(super) use self::list::TrainingList;
pub(super) use self::show::TrainingPage;
