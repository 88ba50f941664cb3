//! Small parts of screens: values in, events out; no HTTP and no cryptography.

pub(super) mod answers;
pub(super) mod cloud_saw;
pub(super) mod column_card;
pub(super) mod delete_dataset;
pub(super) mod fault;
pub(super) mod file_input;
pub(super) mod icon;
pub(super) mod import_key_file;
pub(super) mod key_file;
pub(super) mod keyring_gate;
pub(super) mod preview;
pub(super) mod progress;
pub(super) mod remove_keyring;
pub(super) mod run_form;
pub(super) mod schema;
pub(super) mod steps;
pub(super) mod timings;
pub(super) mod title;
pub(super) mod twin;
pub(super) mod unfinished;
pub(super) mod worlds;
