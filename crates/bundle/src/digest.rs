//! SHA-256 of files, read in blocks: weights are larger than what should be held twice.

use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::io::{self, Read};
use std::path::Path;

const BLOCK: usize = 1 << 20;

/// Size in bytes and SHA-256 in hexadecimal digits.
pub(crate) fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = fs_err::File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut bytes = 0;
    loop {
        match file.read(&mut block)? {
            0 => return Ok((bytes, hex(&hash.finalize()))),
            read => {
                hash.update(&block[..read]);
                bytes += read as u64;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
