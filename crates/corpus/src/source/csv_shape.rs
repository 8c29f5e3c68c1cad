//! The shape of a CSV file: rows, fields and quotes, without their content.
//!
//! Polars splits lines by counting quotes, so that one stray quote silently shifts every row
//! after it. This check walks the bytes once beforehand, names the row where the quotes break
//! and counts the rows, against which those that Polars reads are counted.

use crate::error::QuoteFault;

/// A fault and where it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Row, counted from 1 without the header; 0 is the header itself.
    pub(super) row: u64,
    /// Byte in the file.
    pub(super) offset: u64,
    pub(super) kind: FaultKind,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    Quotes(QuoteFault),
    Fields { found: u64, expected: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the beginning of a field.
    Start,
    /// In a field without quotes around it; whether it holds an odd number of quotes.
    Bare { odd: bool },
    /// In a quoted field.
    Quoted,
    /// Behind a quote in a quoted field: its end, or the first of a doubled quote.
    Closing,
    /// Behind `\r` behind a closed field.
    Return,
}

/// Walks a CSV file block by block.
#[derive(Debug)]
pub(super) struct Shape {
    state: State,
    /// Rows begun, the header included.
    records: u64,
    fields: u64,
    header_fields: Option<u64>,
    record_start: u64,
    quote_at: u64,
    offset: u64,
}

impl Shape {
    pub(super) const fn new() -> Self {
        Self {
            state: State::Start,
            records: 0,
            fields: 0,
            header_fields: None,
            record_start: 0,
            quote_at: 0,
            offset: 0,
        }
    }

    /// The row that the walk stands in, counted from 1 without the header.
    pub(super) const fn row(&self) -> u64 {
        self.records
    }

    /// Walks one more block.
    pub(super) fn feed(&mut self, block: &[u8]) -> Result<(), Fault> {
        let base = self.offset;
        let mut at = 0;
        while at < block.len() {
            // Most bytes stand in long fields: jump to the next byte that means something.
            let rest = &block[at..];
            let jump = match self.state {
                State::Quoted => memchr::memchr(b'"', rest),
                State::Bare { .. } => memchr::memchr3(b'"', b',', b'\n', rest),
                _ => Some(0),
            };
            let Some(jump) = jump else { break };
            at += jump;
            self.offset = base + at as u64;
            self.step(block[at])?;
            at += 1;
        }
        self.offset = base + block.len() as u64;
        Ok(())
    }

    /// The number of rows, the header apart, once the file is at its end.
    pub(super) fn finish(mut self) -> Result<u64, Fault> {
        if self.state == State::Quoted {
            let kind = FaultKind::Quotes(QuoteFault::NeverClosed);
            return Err(Fault { row: self.records, offset: self.quote_at, kind });
        }
        if self.offset > self.record_start {
            self.end_of_row()?;
        }
        Ok(self.records.saturating_sub(1))
    }

    fn step(&mut self, byte: u8) -> Result<(), Fault> {
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Closing,
            (State::Quoted, _) | (State::Closing, b'"') => State::Quoted,
            (State::Start, b'"') => {
                self.quote_at = self.offset;
                State::Quoted
            }
            (State::Closing, b'\r') => State::Return,
            (_, b',') => self.end_of_field()?,
            (_, b'\n') => return self.end_of_row(),
            (State::Start, _) => State::Bare { odd: false },
            (State::Bare { odd }, b'"') => State::Bare { odd: !odd },
            (State::Bare { odd }, _) => State::Bare { odd },
            (State::Closing | State::Return, found) => {
                return Err(self.fault(FaultKind::Quotes(QuoteFault::TextAfterQuote { found })));
            }
        };
        Ok(())
    }

    fn end_of_field(&mut self) -> Result<State, Fault> {
        if self.state == (State::Bare { odd: true }) {
            return Err(self.fault(FaultKind::Quotes(QuoteFault::OddInside)));
        }
        self.fields += 1;
        Ok(State::Start)
    }

    fn end_of_row(&mut self) -> Result<(), Fault> {
        let blank = self.fields == 0 && self.state == State::Start;
        self.state = self.end_of_field()?;
        let expected = *self.header_fields.get_or_insert(self.fields);
        // The reader takes a blank line for a row of nulls, which becomes a reject.
        if self.fields != expected && !blank {
            let kind = FaultKind::Fields { found: self.fields, expected };
            return Err(Fault { row: self.records, offset: self.record_start, kind });
        }
        self.fields = 0;
        self.records += 1;
        self.record_start = self.offset + 1;
        Ok(())
    }

    const fn fault(&self, kind: FaultKind) -> Fault {
        Fault { row: self.records, offset: self.offset, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str) -> Result<u64, Fault> {
        let mut shape = Shape::new();
        shape.feed(text.as_bytes())?;
        shape.finish()
    }

    #[test]
    fn rows_are_counted_with_their_line_breaks_inside() {
        assert_eq!(rows("a,b\n1,\"x\ny\"\n2,\"\"\"z\"\"\"\r\n3,"), Ok(3));
        assert_eq!(rows("a,b\n1,2\n\n3,4\n"), Ok(3), "a blank line is a row of nulls");
        assert_eq!(rows("a,b\n"), Ok(0));
        assert_eq!(rows("a,b\nThe \"Boss\",x\n"), Ok(1), "pairs of quotes inside a bare field");
    }

    #[test]
    fn faults_name_row_and_byte() {
        let quotes =
            |row, offset, fault| Err(Fault { row, offset, kind: FaultKind::Quotes(fault) });
        assert_eq!(rows("a,b\n1,2\n3,\"x\ny,z\n"), quotes(2, 10, QuoteFault::NeverClosed));
        assert_eq!(
            rows("a,b\n1,\"x\"y\n"),
            quotes(1, 9, QuoteFault::TextAfterQuote { found: b'y' })
        );
        assert_eq!(rows("a,b\n5\" disc,x\n"), quotes(1, 11, QuoteFault::OddInside));
        let kind = FaultKind::Fields { found: 3, expected: 2 };
        assert_eq!(rows("a,b\n1,2\n1,2,3\n"), Err(Fault { row: 2, offset: 8, kind }));
    }

    proptest! {
        #[test]
        fn blocks_do_not_matter(text in "[a,\"\n\r]{0,40}", cut in 0usize..40) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let mut shape = Shape::new();
            let fed = shape.feed(&bytes[..cut]).and_then(|()| shape.feed(&bytes[cut..]));
            let in_two = fed.and_then(|()| shape.finish());
            prop_assert_eq!(in_two, rows(&text));
        }

        #[test]
        fn written_rows_are_counted(fields in prop::collection::vec((".*", ".*"), 0..20)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["a", "b"]).unwrap();
            for (a, b) in &fields {
                writer.write_record([a, b]).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(rows(&text), Ok(fields.len() as u64));
        }
    }
}
