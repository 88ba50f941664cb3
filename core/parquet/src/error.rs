//! What can be wrong with a Parquet file, in sentences.

use std::io;

use thiserror::Error;

/// Why a file cannot be read as a table. Names columns and rows, never what a cell holds.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no Parquet file.
    #[error("The file is not a Parquet file. Choose another, or export the table as CSV.")]
    NotParquet,
    /// It starts as one and does not end as one.
    #[error("The Parquet file is cut off: its end is missing. Copy or download it again.")]
    CutOff,
    /// It is encrypted by its writer.
    #[error("The Parquet file is encrypted, and its key is not known here. Export it without encryption.")]
    Encrypted,
    /// Its footer is damaged.
    #[error(
        "The Parquet file is damaged: its list of columns and row groups cannot be read. Copy or download it again, or \
         write it anew."
    )]
    Footer,
    /// Its footer announces more than is read.
    #[error(
        "The Parquet file announces more {what} than can be read ({actual}, and the most is {maximum}). Write it with fewer."
    )]
    TooMany {
        /// Of what.
        what: &'static str,
        /// What it announces.
        actual: u64,
        /// The most that can be read.
        maximum: u64,
    },
    /// A column cannot be a column of cells.
    #[error(
        "Column \"{name}\" of the Parquet file holds {what}, which is no cell of a table. Leave it out, or flatten it and \
         write the file anew."
    )]
    Unsupported {
        /// Its path.
        name: String,
        /// What it holds.
        what: &'static str,
    },
    /// A column is packed in a way that is not read.
    #[error(
        "Column \"{name}\" of the Parquet file is packed with {codec}, which cannot be unpacked here. Write the file with \
         snappy, gzip, lz4 or zstd."
    )]
    Codec {
        /// Its path.
        name: String,
        /// Name of the codec.
        codec: &'static str,
    },
    /// A page of a column is damaged.
    #[error(
        "Column \"{name}\" of the Parquet file is damaged in row group {row_group}. Copy or download the file again, or \
         write it anew."
    )]
    Damaged {
        /// Its path.
        name: String,
        /// Row group, from 1.
        row_group: usize,
    },
    /// A page of a column is too large.
    #[error(
        "Column \"{name}\" of the Parquet file has a page of {actual} bytes, and the most is {maximum}. Write the file with \
         smaller pages."
    )]
    PageTooLarge {
        /// Its path.
        name: String,
        /// Its size.
        actual: u64,
        /// The most.
        maximum: u64,
    },
    /// The pages that must be held at once are too large.
    #[error(
        "The columns of the Parquet file take more than {maximum} bytes at once. Write the file with smaller pages, or leave \
         out columns."
    )]
    TooLarge {
        /// The most.
        maximum: u64,
    },
    /// There are no rows or no columns.
    #[error("The Parquet file has no rows or no columns. Choose a file with at least one row.")]
    Empty,
    /// A cell is not UTF-8.
    #[error(
        "Column \"{name}\" of row {row} holds bytes that are not UTF-8 text. Leave the column out, or choose to skip such \
         rows."
    )]
    InvalidUtf8 {
        /// Row, from 1.
        row: u64,
        /// Its path.
        name: String,
    },
    /// The file could not be read.
    #[error("The file could not be read: it may have been changed, moved or removed. Choose it again.")]
    Io(#[from] io::Error),
    /// The reader was used on after an error.
    #[error("The file was not read to its end because of an earlier error. Choose it again.")]
    AfterError,
}
