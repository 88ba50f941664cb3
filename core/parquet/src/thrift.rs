//! The compact protocol of Thrift, read from a slice, as far as it is needed here.

/// Structs, lists and maps inside each other.
const MAX_DEPTH: u32 = 40;

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
pub(crate) const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
pub(crate) const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// Why nothing can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The slice ends too early.
    CutOff,
    /// It is not of this protocol, or announces what cannot be there.
    Malformed,
}

pub(crate) type Read<T> = Result<T, Fault>;

/// A field of a struct.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) id: i16,
    pub(crate) kind: u8,
}

pub(crate) struct Input<'b> {
    bytes: &'b [u8],
    at: usize,
    /// Entries of all lists so far.
    pub(crate) entries: u64,
}

impl<'b> Input<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, entries: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Read<u8> {
        let byte = *self.bytes.get(self.at).ok_or(Fault::CutOff)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip_bytes(&mut self, count: u64) -> Read<()> {
        let left = u64::try_from(self.bytes.len() - self.at).unwrap_or(u64::MAX);
        if count > left {
            return Err(Fault::CutOff);
        }
        self.at += usize::try_from(count).unwrap_or(usize::MAX);
        Ok(())
    }

    fn varint(&mut self) -> Read<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::Malformed)
    }

    fn zigzag(&mut self) -> Read<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    pub(crate) fn i32(&mut self) -> Read<i32> {
        i32::try_from(self.zigzag()?).map_err(|_| Fault::Malformed)
    }

    /// The next field, `None` at the end of the struct. `last` is the identifier of the one before.
    pub(crate) fn field(&mut self, last: i16) -> Read<Option<Field>> {
        let byte = self.byte()?;
        let kind = byte & 0x0f;
        if byte == 0 {
            return Ok(None);
        }
        let id = match byte >> 4 {
            0 => i16::try_from(self.zigzag()?).map_err(|_| Fault::Malformed)?,
            delta => last.checked_add(delta.into()).ok_or(Fault::Malformed)?,
        };
        Ok(Some(Field { id, kind }))
    }

    /// The kind and the number of the elements of a list. Each element takes at least a byte.
    pub(crate) fn list(&mut self) -> Read<(u8, u64)> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.varint()?,
            count => count.into(),
        };
        let left = u64::try_from(self.bytes.len() - self.at).unwrap_or(u64::MAX);
        if count > left {
            return Err(Fault::Malformed);
        }
        self.entries = self.entries.saturating_add(count);
        Ok((byte & 0x0f, count))
    }

    /// The truth of a field that is a boolean; it is in the field's own head.
    pub(crate) fn boolean(field: Field) -> Read<bool> {
        match field.kind {
            TRUE => Ok(true),
            FALSE => Ok(false),
            _ => Err(Fault::Malformed),
        }
    }

    /// Goes past a value that stands in a field.
    pub(crate) fn skip(&mut self, kind: u8) -> Read<()> {
        self.skip_at(kind, 0, true)
    }

    fn skip_at(&mut self, kind: u8, depth: u32, is_field: bool) -> Read<()> {
        if depth > MAX_DEPTH {
            return Err(Fault::Malformed);
        }
        match kind {
            TRUE | FALSE if is_field => Ok(()),
            TRUE | FALSE | BYTE => self.skip_bytes(1),
            I16 | I32 | I64 => self.varint().map(|_| ()),
            DOUBLE => self.skip_bytes(8),
            UUID => self.skip_bytes(16),
            BINARY => {
                let length = self.varint()?;
                self.skip_bytes(length)
            }
            LIST | SET => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_at(kind, depth + 1, false))
            }
            MAP => {
                let count = self.varint()?;
                if count == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                (0..count).try_for_each(|_| {
                    self.skip_at(kinds >> 4, depth + 1, false)?;
                    self.skip_at(kinds & 0x0f, depth + 1, false)
                })
            }
            STRUCT => {
                let mut last = 0;
                while let Some(field) = self.field(last)? {
                    last = field.id;
                    self.skip_at(field.kind, depth + 1, true)?;
                }
                Ok(())
            }
            _ => Err(Fault::Malformed),
        }
    }
}

/// The head of a page, as far as it is needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PageHead {
    pub(crate) kind: i32,
    pub(crate) unpacked_bytes: i32,
    pub(crate) packed_bytes: i32,
    pub(crate) value_count: i32,
    pub(crate) encoding: i32,
    pub(crate) definition_encoding: i32,
    pub(crate) repetition_encoding: i32,
    pub(crate) null_count: i32,
    pub(crate) row_count: i32,
    pub(crate) definition_bytes: i32,
    pub(crate) repetition_bytes: i32,
    pub(crate) is_packed: bool,
}

/// Reads a page's head; also how long it is.
pub(crate) fn page_head(bytes: &[u8]) -> Read<(PageHead, usize)> {
    let mut input = Input::new(bytes);
    let mut head = PageHead { is_packed: true, ..PageHead::default() };
    let mut last = 0;
    while let Some(field) = input.field(last)? {
        last = field.id;
        match (field.id, field.kind) {
            (1, I32) => head.kind = input.i32()?,
            (2, I32) => head.unpacked_bytes = input.i32()?,
            (3, I32) => head.packed_bytes = input.i32()?,
            // Data page, dictionary page and data page of version 2; a page is only one of them.
            (id @ (5 | 7 | 8), STRUCT) => page_kind_head(&mut input, id, &mut head)?,
            (_, kind) => input.skip(kind)?,
        }
    }
    Ok((head, input.position()))
}

fn page_kind_head(input: &mut Input<'_>, of: i16, head: &mut PageHead) -> Read<()> {
    let mut last = 0;
    while let Some(field) = input.field(last)? {
        last = field.id;
        let place = match (of, field.id) {
            (_, 1) => &mut head.value_count,
            (5 | 7, 2) | (8, 4) => &mut head.encoding,
            (5, 3) => &mut head.definition_encoding,
            (5, 4) => &mut head.repetition_encoding,
            (8, 2) => &mut head.null_count,
            (8, 3) => &mut head.row_count,
            (8, 5) => &mut head.definition_bytes,
            (8, 6) => &mut head.repetition_bytes,
            (8, 7) => {
                head.is_packed = Input::boolean(field)?;
                continue;
            }
            _ => {
                input.skip(field.kind)?;
                continue;
            }
        };
        if field.kind != I32 {
            return Err(Fault::Malformed);
        }
        *place = input.i32()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_page_head() {
        // type 0, 100 bytes, packed to 40; values 7, encoding 0, levels 3 and 3.
        let bytes = [0x15, 0, 0x15, 200, 1, 0x15, 80, 0x2c, 0x15, 14, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0, 99];
        let (head, length) = page_head(&bytes).unwrap();
        assert_eq!(length, bytes.len() - 1);
        let expected = PageHead {
            unpacked_bytes: 100,
            packed_bytes: 40,
            value_count: 7,
            definition_encoding: 3,
            repetition_encoding: 3,
            is_packed: true,
            ..PageHead::default()
        };
        assert_eq!(head, expected);
        for end in 0..bytes.len() - 1 {
            assert_eq!(page_head(&bytes[..end]), Err(Fault::CutOff));
        }
    }

    #[test]
    fn nesting_and_lengths_are_capped() {
        assert_eq!(Input::new(&[0x1c; 1_000]).skip(STRUCT), Err(Fault::Malformed));
        assert_eq!(Input::new(&[0xfc, 0xff, 0xff, 0xff, 0xff, 7, 0]).skip(LIST), Err(Fault::Malformed));
        assert_eq!(Input::new(&[0xff; 20]).skip(I64), Err(Fault::Malformed));
        assert_eq!(Input::new(&[0xff, 0xff, 3]).skip(BINARY), Err(Fault::CutOff));
    }
}
