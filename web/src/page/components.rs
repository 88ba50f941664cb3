//! Small parts of screens: values in, events out; no HTTP and no cryptography.

pub(super) mod column_card;
pub(super) mod column_details;
pub(super) mod engine_choice;
pub(super) mod identifying_gate;
pub(super) mod import_key_file;
pub(super) mod key_file;
pub(super) mod keyring_gate;
pub(super) mod parts;
pub(super) mod prepare_analyses;
pub(super) mod preview;
pub(super) mod remove_keyring;
pub(super) mod title;
pub(super) mod unfinished;
