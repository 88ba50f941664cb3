//! The stories: what a person does with Veilsum, and what must come of it. One file for each.

mod analyses;
mod broken_files;
mod canary;
mod cancel;
mod engines;
mod faults;
mod formats;
mod golden;
mod gone;
mod hostile_names;
mod keygen;
mod kills;
mod large;
mod looks;
mod modules;
mod passphrase;
mod readings;
mod refine;
mod resume;
mod sums;
mod training;
mod two_browsers;
mod workbench;
