//! The gate between a file and crate `csv`: it lets one record through at a time.
//!
//! Every read ends at the latest where a record ends, so that at any time the gate knows of the record in progress
//! where it starts, how long it is and whether a quotation mark is open. Its transitions are those of `csv`: a
//! quotation mark counts only at the start of a cell, and CR, LF and CRLF end a line.

use std::io::{self, Read};

use super::sniff::Delimiter;

/// Where in a record the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a record: ends of line are blank lines.
    RecordStart,
    CellStart,
    Plain,
    Quoted,
    /// Behind a quotation mark in a quoted cell: the closing one, or the first of two that stand for one.
    QuoteInQuoted,
}

/// Why the gate lets no more of a record through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooLong,
    /// Text between a closing quotation mark and the next delimiter. More often than not the mark was meant to open
    /// a cell, an earlier one is without its partner, and the rows between are not what they seem.
    TextAfterQuote,
}

pub(super) struct Gate<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The bytes of `buffer` that are not yet through: `at..filled`.
    at: usize,
    filled: usize,
    /// Bytes let through, the byte order mark included.
    position: u64,
    has_ended: bool,
    delimiter: u8,
    max_record_bytes: usize,
    state: State,
    /// The last byte was CR: LF belongs to the same end of line.
    after_cr: bool,
    /// Line of the next byte.
    line: u64,
    blank_line_count: u64,
    /// The last read ended a record.
    is_between_records: bool,
    record_line: u64,
    record_last_line: u64,
    record_bytes: usize,
    record_cells: u64,
    fault: Option<Fault>,
}

impl<R: Read> Gate<R> {
    /// Lets `head[skip..]` through and then the rest of `reader`. `head` becomes the buffer.
    pub(super) fn new(
        reader: R,
        head: Vec<u8>,
        skip: usize,
        delimiter: Delimiter,
        max_record_bytes: usize,
    ) -> Self {
        Self {
            reader,
            at: skip,
            filled: head.len(),
            buffer: head,
            position: skip.try_into().unwrap_or(u64::MAX),
            has_ended: false,
            delimiter: delimiter.byte(),
            max_record_bytes,
            state: State::RecordStart,
            after_cr: false,
            line: 1,
            blank_line_count: 0,
            is_between_records: false,
            record_line: 1,
            record_last_line: 1,
            record_bytes: 0,
            record_cells: 0,
            fault: None,
        }
    }

    /// Offset in the file behind the last byte let through.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Whether the file has been read to its end.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Line on which the record in progress starts.
    pub(super) fn record_line(&self) -> u64 {
        self.record_line
    }

    /// Line on which the record in progress ends, as far as it was read.
    pub(super) fn last_line(&self) -> u64 {
        self.record_last_line
    }

    /// Lines with nothing on them so far.
    pub(super) fn blank_line_count(&self) -> u64 {
        self.blank_line_count
    }

    /// What is wrong with the record in progress.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Column, from 1, that the record in progress has reached.
    pub(super) fn column(&self) -> u64 {
        self.record_cells
    }

    /// Whether a quotation mark is open.
    pub(super) fn is_quote_open(&self) -> bool {
        self.state == State::Quoted
    }

    /// Makes bytes available; `false` at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        if self.at < self.filled {
            return Ok(true);
        }
        if self.has_ended {
            return Ok(false);
        }
        self.buffer.resize(super::sniff::HEAD_BYTES, 0);
        self.at = 0;
        self.filled = 0;
        self.filled = loop {
            match self.reader.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.has_ended = self.filled == 0;
        Ok(!self.has_ended)
    }

    /// Takes note of one byte; `true` if it ends the record.
    fn step(&mut self, byte: u8) -> bool {
        let ends_line = matches!(byte, b'\n' | b'\r');
        let is_second_half = byte == b'\n' && self.after_cr;
        self.after_cr = byte == b'\r';
        if self.state == State::RecordStart {
            if ends_line {
                if !is_second_half {
                    self.line += 1;
                    self.blank_line_count += 1;
                }
                return false;
            }
            self.record_line = self.line;
            self.state = State::CellStart;
            self.record_cells = 1;
        }
        self.record_last_line = self.line;
        if ends_line && !is_second_half {
            self.line += 1;
        }
        self.state = match (self.state, byte) {
            (State::CellStart | State::QuoteInQuoted, b'"') => State::Quoted,
            (State::Quoted, b'"') => State::QuoteInQuoted,
            (State::Quoted, _) => State::Quoted,
            (_, byte) if byte == self.delimiter => {
                self.record_cells += 1;
                State::CellStart
            }
            (_, b'\n' | b'\r') => return true,
            (State::QuoteInQuoted, _) => {
                self.fault = Some(Fault::TextAfterQuote);
                State::Plain
            }
            _ => State::Plain,
        };
        self.record_bytes += 1;
        if self.record_bytes > self.max_record_bytes {
            self.fault = Some(Fault::TooLong);
        }
        false
    }
}

impl<R: Read> Read for Gate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if !self.fill()? {
            return Ok(0);
        }
        if self.is_between_records {
            self.is_between_records = false;
            self.state = State::RecordStart;
            self.record_bytes = 0;
        }
        let available = out.len().min(self.filled - self.at);
        let mut taken = 0;
        while taken < available && !self.is_between_records {
            let byte = self.buffer[self.at + taken];
            out[taken] = byte;
            taken += 1;
            self.is_between_records = self.step(byte);
            if self.fault.is_some() {
                return Err(io::Error::other("the record is at fault"));
            }
        }
        self.at += taken;
        self.position += u64::try_from(taken).unwrap_or(u64::MAX);
        Ok(taken)
    }
}
