//! One file per screen: it reads the route, owns resources and actions, and lays out components.

pub(super) mod dataset;
pub(super) mod datasets;
pub(super) mod keyring;
pub(super) mod not_found;
pub(super) mod prepare;
pub(super) mod start;
pub(super) mod upload;
pub(super) mod verify;
pub(super) mod workbench;
