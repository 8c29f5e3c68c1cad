use fs_err as fs;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// What is wrong with a file that should have arrived whole.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not what its name says, such as a page with an error message.
    #[error("it does not hold {expected}")]
    Content {
        /// What it should hold.
        expected: &'static str,
    },
    /// It ends early or goes on too long.
    #[error("it has {found} bytes where its header announces {expected}")]
    Length {
        /// Bytes of the file.
        found: u64,
        /// Bytes that its header announces.
        expected: u64,
    },
}

/// Headers are far smaller; the format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;

/// Whether a JSON or safetensors file is all there. The Hub client stores whatever body the
/// server sent, an error page included, so nothing is believed unseen.
pub(crate) fn check(path: &Path) -> Result<(), Flaw> {
    let mut file = BufReader::new(fs::File::open(path)?);
    if path.extension().is_some_and(|extension| extension == "json") {
        return serde_json::from_reader(file)
            .map(|_: serde_json::Map<String, serde_json::Value>| ())
            .map_err(|_| Flaw::Content { expected: "a JSON object" });
    }
    let expected = announced(&mut file)?.ok_or(Flaw::Content { expected: "safetensors" })?;
    let found = fs::metadata(path)?.len();
    if found == expected { Ok(()) } else { Err(Flaw::Length { found, expected }) }
}

/// The length a safetensors file should have: 8 bytes that tell the length of the header, the
/// header in JSON, and the data up to the last offset in it.
fn announced(file: &mut impl Read) -> Result<Option<u64>, io::Error> {
    let mut length = [0; 8];
    if file.take(8).read(&mut length)? < 8 {
        return Ok(None);
    }
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER {
        return Ok(None);
    }
    let header: Result<serde_json::Map<String, serde_json::Value>, _> =
        serde_json::from_reader(file.take(length));
    let Ok(header) = header else {
        return Ok(None);
    };
    let ends = header.values().filter_map(|tensor| tensor["data_offsets"][1].as_u64());
    Ok(Some(ends.max().unwrap_or(0).saturating_add(8 + length)))
}
