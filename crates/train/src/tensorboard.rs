//! Event files that TensorBoard reads.
//!
//! A file is a row of records, each an `Event` message in Protocol Buffers' wire format, framed as
//! in TFRecord:
//!
//! ```text
//! length: u64   masked CRC-32C of length: u32   message   masked CRC-32C of message: u32
//! ```
//!
//! All numbers are little-endian. Written here since the crates that do it bring a compiler of
//! Protocol Buffers along for the five fields that a curve needs.

use crate::event::{Event, Observer};
use canto_evaluate::METRIC_NAMES;
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes losses, rates and metrics as scalars, one file a process.
///
/// A process that goes on from a checkpoint says so in its file, and TensorBoard forgets what an
/// earlier one wrote of later steps.
pub struct TensorBoard(fs_err::File);

impl TensorBoard {
    /// Begins a file of its own in `folder`, which is made where it is missing.
    pub fn create(folder: &Path) -> io::Result<Self> {
        fs_err::create_dir_all(folder)?;
        let now = now();
        let process = std::process::id();
        // TensorBoard knows its files by this part of the name, and reads them in its order.
        let name = format!("events.out.tfevents.{:010}.canto.{process}.{now:.6}", now as u64);
        let mut file =
            fs_err::OpenOptions::new().write(true).create_new(true).open(folder.join(name))?;
        file.write_all(&record(&Message::event(now, 0).text(FILE_VERSION, "brain.Event:2")))?;
        Ok(Self(file))
    }
}

impl Observer for TensorBoard {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        let (step, scalars) = match event {
            Event::Started { done, .. } => {
                let begun = Message::event(now(), *done).message(SESSION_LOG, &session_start());
                return self.0.write_all(&record(&begun));
            }
            Event::Step { step, .. } => (*step, of_step(event)),
            Event::Validated { step, metrics, .. } => {
                let named = |name: &&str| {
                    metrics.get(name).map(|value| (format!("validation/{name}"), value))
                };
                (*step, METRIC_NAMES.iter().filter_map(named).collect())
            }
            _ => return Ok(()),
        };
        let summary = summary(scalars.iter().map(|(tag, value)| (tag.as_str(), *value)));
        self.0.write_all(&record(&Message::event(now(), step).message(SUMMARY, &summary)))
    }
}

/// What is worth a curve of a step.
fn of_step(event: &Event) -> Vec<(String, f64)> {
    let Event::Step {
        epoch,
        loss,
        learning_rate,
        grad_norm,
        songs_per_second,
        tokens_per_second,
        padding,
        loss_scale,
        mfu,
        memory,
        overflows,
        ..
    } = event
    else {
        return Vec::new();
    };
    let always = [
        ("train/loss", Some(*loss)),
        ("train/learning_rate", Some(*learning_rate)),
        ("train/grad_norm", Some(*grad_norm)),
        ("train/epoch", Some(*epoch)),
        ("train/loss_scale", *loss_scale),
        ("train/overflows", loss_scale.and(Some(*overflows))),
        ("speed/songs_per_second", Some(*songs_per_second)),
        ("speed/tokens_per_second", Some(*tokens_per_second)),
        ("speed/padding", Some(*padding)),
        ("speed/mfu", *mfu),
        ("speed/memory_bytes", memory.map(|bytes| bytes as f64)),
    ];
    let given = always.into_iter().filter_map(|(tag, value)| Some((tag.to_owned(), value?)));
    given.collect()
}

// Fields of `Event` in tensorflow/core/util/event.proto.
const WALL_TIME: u64 = 1;
const STEP: u64 = 2;
const FILE_VERSION: u64 = 3;
const SUMMARY: u64 = 5;
const SESSION_LOG: u64 = 7;
// Of `Summary`, and of its `Value`.
const VALUE: u64 = 1;
const TAG: u64 = 1;
const SIMPLE_VALUE: u64 = 2;
// Of `SessionLog`.
const STATUS: u64 = 1;
const START: u64 = 1;

// Wire types of Protocol Buffers.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED_32: u64 = 5;

/// A message in Protocol Buffers' wire format, field by field.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn event(wall_time: f64, step: usize) -> Self {
        let message = Self::default().key(WALL_TIME, FIXED_64).raw(&wall_time.to_le_bytes());
        // A field with its default is left out.
        if step == 0 { message } else { message.key(STEP, VARINT).varint(step as u64) }
    }

    fn key(self, field: u64, wire_type: u64) -> Self {
        self.varint(field << 3 | wire_type)
    }

    fn varint(mut self, mut value: u64) -> Self {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn bytes(self, field: u64, bytes: &[u8]) -> Self {
        self.key(field, LENGTH_DELIMITED).varint(bytes.len() as u64).raw(bytes)
    }

    fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(self, field: u64, message: &Message) -> Self {
        self.bytes(field, &message.0)
    }
}

fn summary<'a>(scalars: impl Iterator<Item = (&'a str, f64)>) -> Message {
    scalars.fold(Message::default(), |summary, (tag, value)| {
        let value = (value as f32).to_le_bytes();
        let scalar = Message::default().text(TAG, tag).key(SIMPLE_VALUE, FIXED_32).raw(&value);
        summary.message(VALUE, &scalar)
    })
}

fn session_start() -> Message {
    Message::default().key(STATUS, VARINT).varint(START)
}

/// A message in its frame.
fn record(message: &Message) -> Vec<u8> {
    let length = (message.0.len() as u64).to_le_bytes();
    let parts = [&length[..], &masked_crc(&length), &message.0, &masked_crc(&message.0)];
    parts.concat()
}

/// TFRecord's checksum: stored checksums would otherwise be checksums of checksums.
fn masked_crc(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What TensorBoard's own writer makes of the same events (`reference/tensorboard_events.py`).
    const EXPECTED: &[u8] = include_bytes!("../reference/tensorboard_events.bin");

    #[test]
    fn records_equal_tensorboard_s_own() {
        let scalars = [("train/loss", 0.625), ("speed/songs_per_second", 1234.5)];
        let messages = [
            Message::event(1_700_000_000.25, 0).text(FILE_VERSION, "brain.Event:2"),
            Message::event(1_700_000_001.0, 300).message(SESSION_LOG, &session_start()),
            Message::event(1_700_000_002.5, 301).message(SUMMARY, &summary(scalars.into_iter())),
        ];
        let found: Vec<u8> = messages.iter().flat_map(record).collect();
        assert_eq!(found, EXPECTED);
    }

    #[test]
    fn each_process_has_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("tensorboard");
        for _ in 0..2 {
            TensorBoard::create(&runs).unwrap();
        }
        let names: Vec<_> = std::fs::read_dir(&runs).unwrap().collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }
}
