//! The pages of one column of a row group, from the file to crate `parquet`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::Result as ParquetResult;

use crate::codec::Codec;
use crate::footer::as_count;
use crate::reader::Limits;
use crate::source::RandomAccess;
use crate::thrift::{self, PageHead};

/// Bytes of a column that are read at once.
const WINDOW_BYTES: u64 = 1 << 18;
/// First and largest length at which the head of a page is looked for: statistics may be long.
const HEAD_BYTES: std::ops::RangeInclusive<u64> = (1 << 12)..=(1 << 20);

const DATA_PAGE: i32 = 0;
const INDEX_PAGE: i32 = 1;
const DICTIONARY_PAGE: i32 = 2;
const DATA_PAGE_V2: i32 = 3;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum PageFault {
    Io(std::io::Error),
    Damaged,
    TooLarge { actual: u64 },
}

impl From<std::io::Error> for PageFault {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Pages on their way: `parquet` takes them from here, and wants a reader that can be sent to other threads, which a file
/// of a browser cannot be.
#[derive(Clone, Default)]
pub(crate) struct Queue(Arc<Mutex<VecDeque<Page>>>);

impl Queue {
    fn push(&self, page: Page) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(page);
    }

    fn pop(&self) -> Option<Page> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl Iterator for Queue {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pop().map(Ok)
    }
}

impl PageReader for Queue {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        Ok(self.pop())
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(pages.front().map(|page| {
            let is_dict = matches!(page, Page::DictionaryPage { .. });
            let values = usize::try_from(page.num_values()).ok().filter(|_| !is_dict);
            PageMetadata { num_rows: values, num_levels: values, is_dict }
        }))
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.pop();
        Ok(())
    }
}

/// The pages of one column of a row group.
pub(crate) struct Pages {
    queue: Queue,
    codec: Codec,
    /// Offset of the next page and of the end.
    next: u64,
    end: u64,
    window: Vec<u8>,
    window_start: u64,
    /// Values that were given to the queue and not yet asked for.
    supplied: u64,
    /// Values that are still to come.
    left: u64,
    /// Bytes of the dictionary and of the largest page.
    dictionary_bytes: u64,
    page_bytes: u64,
}

impl Pages {
    /// The pages in `start..end` of the file, which hold `values` values.
    pub(crate) fn new(codec: Codec, start: u64, end: u64, values: u64) -> Self {
        Self {
            queue: Queue::default(),
            codec,
            next: start,
            end,
            window: Vec::new(),
            window_start: start,
            supplied: 0,
            left: values,
            dictionary_bytes: 0,
            page_bytes: 0,
        }
    }

    /// Where `parquet` takes them from.
    pub(crate) fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// Unpacked bytes that are held at most.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.dictionary_bytes + self.page_bytes
    }

    /// Reads on until `values` more can be asked for.
    pub(crate) fn supply(
        &mut self,
        source: &impl RandomAccess,
        values: u64,
        limits: &Limits,
    ) -> Result<(), PageFault> {
        while self.supplied < values {
            let before = self.next;
            self.read_page(source, limits)?;
            debug_assert!(self.next > before, "a page takes at least its head");
        }
        self.supplied -= values;
        Ok(())
    }

    fn read_page(&mut self, source: &impl RandomAccess, limits: &Limits) -> Result<(), PageFault> {
        let (head, head_bytes) = self.head(source)?;
        let size = |bytes: i32| u64::try_from(bytes).map_err(|_| PageFault::Damaged);
        let (packed, unpacked) = (size(head.packed_bytes)?, size(head.unpacked_bytes)?);
        let values = size(head.value_count)?;
        if packed > limits.max_page_bytes || unpacked > limits.max_page_bytes {
            return Err(PageFault::TooLarge { actual: packed.max(unpacked) });
        }
        let start = self.next + head_bytes;
        let end = start + packed;
        if end > self.end {
            return Err(PageFault::Damaged);
        }
        self.next = end;
        match head.kind {
            INDEX_PAGE => return Ok(()),
            DATA_PAGE | DATA_PAGE_V2 => {
                // Also more values than announced would be more rows than the row group has.
                self.left = self.left.checked_sub(values).ok_or(PageFault::Damaged)?;
                self.supplied += values;
                self.page_bytes = self.page_bytes.max(unpacked);
            }
            // Each value of a dictionary takes at least a byte; memory is taken for all.
            DICTIONARY_PAGE if values <= unpacked => self.dictionary_bytes = unpacked,
            _ => return Err(PageFault::Damaged),
        }
        let unpacked = usize::try_from(unpacked).map_err(|_| PageFault::Damaged)?;
        let codec = self.codec;
        let body = self.body(source, start, end)?;
        let page = page(&head, body, codec, unpacked).ok_or(PageFault::Damaged)?;
        self.queue.push(page);
        Ok(())
    }

    /// The head of the next page and its length.
    fn head(&mut self, source: &impl RandomAccess) -> Result<(PageHead, u64), PageFault> {
        let left = self.end - self.next;
        let mut length = *HEAD_BYTES.start();
        loop {
            let bytes = self.body(source, self.next, self.next + left.min(length))?;
            match thrift::page_head(bytes) {
                Ok((head, head_bytes)) => return Ok((head, as_count(head_bytes))),
                Err(thrift::Fault::CutOff) if length < left && length < *HEAD_BYTES.end() => length *= 4,
                Err(_) => return Err(PageFault::Damaged),
            }
        }
    }

    /// The bytes `start..end` of the file, and a few more for later.
    fn body(&mut self, source: &impl RandomAccess, start: u64, end: u64) -> Result<&[u8], PageFault> {
        let window_end = self.window_start + as_count(self.window.len());
        if start < self.window_start || end > window_end {
            let until = end.max(self.end.min(start + WINDOW_BYTES));
            self.window = source.read(start..until)?;
            self.window_start = start;
            if as_count(self.window.len()) != until - start {
                return Err(PageFault::Damaged);
            }
        }
        let offset = |at: u64| usize::try_from(at - self.window_start).map_err(|_| PageFault::Damaged);
        let range = offset(start)?..offset(end)?;
        self.window.get(range).ok_or(PageFault::Damaged)
    }
}

/// A page as `parquet` takes it; `None` if it is not what its head announces.
fn page(head: &PageHead, packed: &[u8], codec: Codec, unpacked: usize) -> Option<Page> {
    let count = |count: i32| u32::try_from(count).ok();
    // The levels of a page of version 2 are never packed.
    let levels = match head.kind {
        DATA_PAGE_V2 => {
            let levels = head.definition_bytes.checked_add(head.repetition_bytes)?;
            let is_sound = head.definition_bytes >= 0 && head.repetition_bytes >= 0;
            usize::try_from(levels).ok().filter(|_| is_sound)?
        }
        _ => 0,
    };
    if levels > unpacked || levels > packed.len() {
        return None;
    }
    let mut body = Vec::with_capacity(unpacked);
    body.extend_from_slice(&packed[..levels]);
    let codec = if head.is_packed { codec } else { Codec::None };
    // A page of nothing but nulls has nothing packed.
    if unpacked > levels {
        codec.unpack(&packed[levels..], unpacked - levels, &mut body)?;
    }
    let buf = Bytes::from(body);
    Some(match head.kind {
        DATA_PAGE => Page::DataPage {
            buf,
            num_values: count(head.value_count)?,
            encoding: encoding(head.encoding)?,
            def_level_encoding: encoding(head.definition_encoding)?,
            rep_level_encoding: encoding(head.repetition_encoding)?,
            statistics: None,
        },
        DATA_PAGE_V2 => Page::DataPageV2 {
            buf,
            num_values: count(head.value_count)?,
            encoding: encoding(head.encoding)?,
            num_nulls: count(head.null_count)?,
            num_rows: count(head.row_count)?,
            def_levels_byte_len: count(head.definition_bytes)?,
            rep_levels_byte_len: count(head.repetition_bytes)?,
            is_compressed: false,
            statistics: None,
        },
        _ => Page::DictionaryPage {
            buf,
            num_values: count(head.value_count)?,
            encoding: encoding(head.encoding)?,
            is_sorted: false,
        },
    })
}

fn encoding(number: i32) -> Option<Encoding> {
    Some(match number {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        #[expect(deprecated, reason = "old writers give the levels of a page so")]
        4 => Encoding::BIT_PACKED,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        _ => return None,
    })
}
