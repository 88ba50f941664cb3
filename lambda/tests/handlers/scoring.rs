//! Models that are published and records that are scored, from bytes to integers that equal the twin's.

pub mod ask;
mod hostile;
mod publish;
mod rows;
mod score;
mod stack;
mod withdraw;
