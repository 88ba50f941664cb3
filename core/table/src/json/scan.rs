//! Splits a JSON file into its records, without reading what is in them.

use std::io::{self, Read};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{JsonFault, Limits};
use crate::found::Found;
use crate::words::as_count;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 16;

/// How the records of a file are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `[{…}, {…}]`
    List,
    /// `{…, "data": [{…}, {…}], …}`: one object with a list of records in it. The other fields are not read.
    ListInObject,
    /// One record on each line.
    Lines,
    /// Records one below the other, each over several lines.
    Sequence,
}

/// One record, unread.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) bytes: Vec<u8>,
    /// Line on which it starts.
    pub(super) line: u64,
    /// What the scanner found wrong with this record alone.
    pub(super) fault: Option<JsonFault>,
}

pub(super) enum ScanError {
    Io(io::Error),
    Fault(JsonFault),
}

impl From<JsonFault> for ScanError {
    fn from(fault: JsonFault) -> Self {
        Self::Fault(fault)
    }
}

/// Whether `text` starts as a JSON table does: with an object, or with a list of objects or lists.
pub(crate) fn looks_like_records(text: &[u8]) -> bool {
    let first = text.trim_ascii_start();
    let second = first.get(1..).unwrap_or_default().trim_ascii_start().first();
    match (first.first(), second) {
        (Some(b'{'), Some(b'"' | b'}')) => true,
        (Some(b'['), Some(b'{' | b'[' | b']')) => true,
        // A list of cells on a line of its own, unlike the name `[a]` of a column.
        (Some(b'['), Some(_)) => {
            let line = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
            serde_json::from_slice::<Vec<IgnoredAny>>(line).is_ok()
        }
        _ => false,
    }
}

/// The layout of a file that starts with `head`, and where in it the list or the first record starts.
pub(super) fn find_layout(head: &[u8], is_whole_file: bool) -> (Found<Layout>, usize) {
    let text = head.trim_ascii_start();
    let second = text.get(1..).unwrap_or_default().trim_ascii_start().first();
    if matches!((text.first(), second), (Some(b'['), Some(b'{' | b'[' | b']') | None)) {
        return (Found::surely(Layout::List, "the file starts with a list of records"), 0);
    }
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    let is_first_whole = matches!(values.next(), Some(Ok(_)));
    let first_bytes = values.byte_offset();
    // One object that is the whole file, or does not end here: with a list of records in it, it is no record itself.
    let is_only = match is_first_whole {
        true => is_whole_file && text[first_bytes..].trim_ascii().is_empty(),
        false => !is_whole_file,
    };
    if is_only && let Some((name, at)) = find_list(text) {
        let reason = format!("the file is one object, and its field \"{name}\" is a list of records");
        return (Found::surely(Layout::ListInObject, &reason), head.len() - text.len() + at);
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_whole = serde_json::from_slice::<IgnoredAny>(line).is_ok();
    // A record that is longer than the head says nothing yet; records over several lines are short.
    let found = if is_whole || line.len() == text.len() {
        Found::surely(Layout::Lines, "the first record ends on its line")
    } else {
        Found::surely(Layout::Sequence, "the first record goes over several lines")
    };
    (found, 0)
}

/// The first field of an object that is a list of objects: its name and where the list starts.
fn find_list(text: &[u8]) -> Option<(String, usize)> {
    let (mut depth, mut at) = (0_usize, 0);
    let mut name: &[u8] = &[];
    while at < text.len() {
        match text[at] {
            b'"' => {
                let end = end_of_text(text, at)?;
                let is_name = text[end..].trim_ascii_start().first() == Some(&b':');
                if depth == 1 && is_name {
                    name = &text[at..end];
                }
                at = end;
                continue;
            }
            b'[' if depth == 1 => {
                let inside = text[at + 1..].trim_ascii_start();
                if inside.first() == Some(&b'{') {
                    return Some((serde_json::from_slice(name).ok()?, at));
                }
                depth += 1;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Behind the closing quotation mark of the text that starts at `at`.
fn end_of_text(text: &[u8], at: usize) -> Option<usize> {
    let mut is_escaped = false;
    let rest = text.get(at + 1..)?;
    let length = rest.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some(at + length + 2)
}

/// Where between records the scanner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// Before the `[` of a list.
    Start,
    /// Behind `[`: a record, or the end.
    First,
    /// Behind a record of a list: a comma, or the end.
    Comma,
    /// Behind a comma: a record.
    Next,
    /// Behind the end of a list.
    End,
}

pub(super) struct Scanner<R> {
    reader: R,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    /// Offset in the file of `buffer[0]`.
    buffer_start: u64,
    has_ended: bool,
    line: u64,
    record_line: u64,
    blank_line_count: u64,
    layout: Layout,
    between: Between,
    max_record_bytes: usize,
    max_depth: usize,
}

impl<R: Read> Scanner<R> {
    /// Scans `head[skip..]` and then the rest of `reader`. `head` becomes the buffer.
    pub(super) fn new(reader: R, head: Vec<u8>, skip: usize, layout: Layout, limits: &Limits) -> Self {
        let lines_before = as_count(head[..skip].iter().filter(|byte| **byte == b'\n').count());
        Self {
            reader,
            at: skip,
            filled: head.len(),
            buffer: head,
            buffer_start: 0,
            has_ended: false,
            line: 1 + lines_before,
            record_line: 1,
            blank_line_count: 0,
            layout,
            between: Between::Start,
            max_record_bytes: limits.max_record_bytes,
            // serde_json itself refuses 128.
            max_depth: limits.max_depth.min(100),
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.buffer_start + as_count(self.at)
    }

    pub(super) fn record_line(&self) -> u64 {
        self.record_line
    }

    pub(super) fn blank_line_count(&self) -> u64 {
        self.blank_line_count
    }

    /// Makes bytes available; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, ScanError> {
        if self.at < self.filled {
            return Ok(true);
        }
        if self.has_ended {
            return Ok(false);
        }
        self.buffer_start += as_count(self.filled);
        self.buffer.resize(BUFFER_BYTES, 0);
        self.at = 0;
        self.filled = 0;
        self.filled = loop {
            match self.reader.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(ScanError::Io)?,
            }
        };
        self.has_ended = self.filled == 0;
        Ok(!self.has_ended)
    }

    /// Finds the next record; `false` at the end of the file.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, ScanError> {
        record.bytes.clear();
        record.fault = None;
        let found = match self.layout {
            Layout::List | Layout::ListInObject => self.next_of_list()?,
            Layout::Lines | Layout::Sequence => self.skip_blanks()?.is_some(),
        };
        if !found {
            return Ok(false);
        }
        self.record_line = self.line;
        record.line = self.line;
        self.take(record)?;
        Ok(true)
    }

    /// The next byte that is no blank, not taken.
    fn skip_blanks(&mut self) -> Result<Option<u8>, ScanError> {
        let mut is_line_blank = self.buffer_start + as_count(self.at) == 0;
        while self.fill()? {
            match self.buffer[self.at] {
                b'\n' => {
                    self.line += 1;
                    self.blank_line_count += u64::from(is_line_blank);
                    is_line_blank = true;
                }
                b' ' | b'\t' | b'\r' => {}
                byte => return Ok(Some(byte)),
            }
            self.at += 1;
        }
        Ok(None)
    }

    /// Goes to the next record of a list.
    fn next_of_list(&mut self) -> Result<bool, ScanError> {
        loop {
            let byte = self.skip_blanks()?;
            self.record_line = self.line;
            self.between = match (self.between, byte) {
                (Between::End, None) => return Ok(false),
                (Between::End, Some(_)) if self.layout == Layout::ListInObject => {
                    return self.skip_rest_of_object().map(|()| false);
                }
                (Between::End, Some(_)) => return Err(JsonFault::TextAfterList.into()),
                (_, None) => return Err(JsonFault::CutOff.into()),
                (Between::Start, Some(b'[')) => Between::First,
                (Between::First | Between::Comma, Some(b']')) => Between::End,
                (Between::Comma, Some(b',')) => Between::Next,
                (Between::Comma, Some(_)) => return Err(JsonFault::NoComma.into()),
                (Between::First | Between::Next, Some(b',' | b']')) | (Between::Start, Some(_)) => {
                    return Err(JsonFault::Syntax { byte: 1 }.into());
                }
                (Between::First | Between::Next, Some(_)) => {
                    self.between = Between::Comma;
                    return Ok(true);
                }
            };
            self.at += 1;
        }
    }

    /// Reads what follows a list in an object, which ends with the object.
    fn skip_rest_of_object(&mut self) -> Result<(), ScanError> {
        let mut last = None;
        while let Some(byte) = self.skip_blanks()? {
            last = Some(byte);
            self.at += 1;
        }
        if last == Some(b'}') { Ok(()) } else { Err(JsonFault::CutOff.into()) }
    }

    /// Takes one record, which starts here.
    fn take(&mut self, record: &mut Record) -> Result<(), ScanError> {
        let mut state = State { depth: 0, is_text: false, is_escaped: false, deepest: 0, begun: false };
        loop {
            if !self.fill()? {
                // On lines of their own, records are told apart without their brackets.
                return match self.layout {
                    Layout::Lines => Ok(()),
                    _ if state.depth == 0 && !state.is_text => Ok(()),
                    Layout::List | Layout::ListInObject | Layout::Sequence => Err(JsonFault::CutOff.into()),
                };
            }
            let (taken, lines, is_whole) = state.run(&self.buffer[self.at..self.filled], self.layout);
            let room = self.max_record_bytes - record.bytes.len();
            if record.fault.is_none() {
                record.bytes.extend_from_slice(&self.buffer[self.at..self.at + taken.min(room)]);
            }
            self.at += taken;
            self.line += lines;
            let maximum = self.max_depth;
            if state.deepest > maximum {
                return Err(JsonFault::TooDeep { maximum }.into());
            }
            if taken > room {
                return Err(JsonFault::TooLong { maximum: self.max_record_bytes }.into());
            }
            if is_whole {
                return Ok(());
            }
        }
    }
}

/// Where in a record the scanner is.
struct State {
    depth: usize,
    deepest: usize,
    is_text: bool,
    is_escaped: bool,
    /// Whether the record is a number or a word, which ends before a blank, a comma or a bracket.
    begun: bool,
}

impl State {
    /// Goes on to the end of the record or of `bytes`: bytes and lines passed, and whether the record has ended.
    fn run(&mut self, bytes: &[u8], layout: Layout) -> (usize, u64, bool) {
        let mut lines = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' {
                if layout == Layout::Lines {
                    return (at, lines, true);
                }
                lines += 1;
            }
            if self.is_text {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => {
                        self.is_text = false;
                        if self.depth == 0 && layout != Layout::Lines {
                            return (at + 1, lines, true);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.is_text = true,
                b'{' | b'[' => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                }
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 && layout != Layout::Lines {
                        return (at + 1, lines, true);
                    }
                }
                b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n'
                    if self.depth == 0 && self.begun && layout != Layout::Lines =>
                {
                    return (at, lines - u64::from(*byte == b'\n'), true);
                }
                _ => {}
            }
            self.begun = true;
        }
        (bytes.len(), lines, false)
    }
}
