//! S3 in a folder: a [`Backend`] that stores, and [`serve`], which speaks the protocol.

mod backend;
mod checksum;
mod error;
mod key_name;
mod multipart;
mod object_file;
mod operations;
mod service;

pub(crate) use backend::now_ms;
pub use backend::{Backend, Condition, Created};
pub use checksum::{Algorithm, Checksums};
pub use error::StoreError;
pub use object_file::ObjectInfo;
pub use service::{Faults, Options, serve};

pub use crate::secrets::Credentials;
pub use crate::server::Server;
