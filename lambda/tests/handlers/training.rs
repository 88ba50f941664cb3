//! Trainings of several owners through the API: the story to its end, and those who do not keep to it.

pub mod act;
mod hostile;
mod story;
