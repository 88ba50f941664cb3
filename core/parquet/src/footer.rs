//! The footer of a file: where it is, whether it announces what can be read, and what it says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::error::ReadError;
use crate::reader::Limits;
use crate::source::RandomAccess;
use crate::thrift::{Input, LIST, Read, STRUCT};

const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED_MAGIC: &[u8] = b"PARE";
/// Magic at the start; length of the footer and magic at the end.
const START_BYTES: u64 = 4;
const END_BYTES: u64 = 8;
/// Groups inside each other in a schema.
const MAX_SCHEMA_DEPTH: usize = 64;
/// Entries of all lists of a footer: a column of a row group has about ten.
const MAX_ENTRIES: u64 = 1_000_000;

/// Reads and checks the footer.
pub(crate) fn read(source: &impl RandomAccess, limits: &Limits) -> Result<ParquetMetaData, ReadError> {
    let length = source.length();
    let start = source.read(0..length.min(START_BYTES))?;
    if start == ENCRYPTED_MAGIC {
        return Err(ReadError::Encrypted);
    }
    if start != MAGIC {
        return Err(ReadError::NotParquet);
    }
    if length < START_BYTES + END_BYTES {
        return Err(ReadError::CutOff);
    }
    let end = source.read(length - END_BYTES..length)?;
    let (footer_length, magic) = end.split_at_checked(4).ok_or(ReadError::CutOff)?;
    if magic == ENCRYPTED_MAGIC {
        return Err(ReadError::Encrypted);
    }
    if magic != MAGIC {
        return Err(ReadError::CutOff);
    }
    let footer_length = footer_length.try_into().map(u32::from_le_bytes).map_err(|_| ReadError::Footer)?;
    let (footer_length, maximum) = (u64::from(footer_length), limits.max_footer_bytes);
    if footer_length > length - START_BYTES - END_BYTES {
        return Err(ReadError::Footer);
    }
    if footer_length > maximum {
        return Err(ReadError::TooMany { what: "bytes of metadata", actual: footer_length, maximum });
    }
    let footer = source.read(length - END_BYTES - footer_length..length - END_BYTES)?;
    let counted = count(&footer).map_err(|_| ReadError::Footer)?;
    let check = |what, actual, maximum| {
        if actual > maximum { Err(ReadError::TooMany { what, actual, maximum }) } else { Ok(()) }
    };
    check("entries of metadata", counted.entries, MAX_ENTRIES)?;
    check("levels of nesting", counted.schema_depth, as_count(MAX_SCHEMA_DEPTH))?;
    let metadata = catch_unwind(AssertUnwindSafe(|| ParquetMetaDataReader::decode_metadata(&footer)));
    let metadata = metadata.ok().and_then(Result::ok).ok_or(ReadError::Footer)?;
    let columns = as_count(metadata.file_metadata().schema_descr().num_columns());
    check("columns", columns, as_count(limits.max_columns))?;
    Ok(metadata)
}

pub(crate) fn as_count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

struct Counted {
    entries: u64,
    schema_depth: u64,
}

/// Goes through the footer without keeping anything of it: what it announces is there, and how much it is.
fn count(footer: &[u8]) -> Read<Counted> {
    let mut input = Input::new(footer);
    let mut last = 0;
    let mut schema_depth = 0;
    while let Some(field) = input.field(last)? {
        last = field.id;
        if (field.id, field.kind) == (2, LIST) {
            schema_depth = depth_of_schema(&mut input)?;
        } else {
            input.skip(field.kind)?;
        }
    }
    Ok(Counted { entries: input.entries, schema_depth: as_count(schema_depth) })
}

/// The schema is a tree written from its root, each node with the number of its children.
fn depth_of_schema(input: &mut Input<'_>) -> Read<usize> {
    let (kind, count) = input.list()?;
    let mut deepest = 0;
    // Children that are still to come, from the root on.
    let mut open: Vec<u64> = Vec::new();
    for _ in 0..count {
        let children = if kind == STRUCT { children(input)? } else { input.skip(kind).map(|()| 0)? };
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if children > 0 && open.len() <= MAX_SCHEMA_DEPTH {
            open.push(children);
        }
        deepest = deepest.max(open.len());
    }
    Ok(deepest)
}

fn children(input: &mut Input<'_>) -> Read<u64> {
    let mut children = 0;
    let mut last = 0;
    while let Some(field) = input.field(last)? {
        last = field.id;
        match field.id {
            5 => children = u64::try_from(input.i32()?).unwrap_or(0),
            _ => input.skip(field.kind)?,
        }
    }
    Ok(children)
}
