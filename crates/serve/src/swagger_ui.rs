//! Swagger UI's files, taken out of the zip that its crate holds.
//!
//! A zip keeps each file as a DEFLATE stream, which is what gzip is made of: with gzip's head
//! before it and its checksum behind, it goes to the browser as it lies, and nothing is unpacked.

use std::collections::HashMap;
use std::sync::LazyLock;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

/// The script.
pub(crate) const SCRIPT: &str = "dist/swagger-ui-bundle.js";

/// The style.
pub(crate) const STYLE: &str = "dist/swagger-ui.css";

/// A file as gzip.
pub(crate) fn gzip(name: &str) -> Option<&'static [u8]> {
    static FILES: LazyLock<HashMap<&str, Vec<u8>>> = LazyLock::new(|| {
        let file = |name| Some((name, packed(SWAGGER_UI_VENDORED, name)?));
        [SCRIPT, STYLE].into_iter().filter_map(file).collect()
    });
    FILES.get(name).map(Vec::as_slice)
}

/// The entry of a zip whose path is a top folder and then `name`, as gzip (APPNOTE.TXT 4.3,
/// RFC 1952).
fn packed(zip: &[u8], name: &str) -> Option<Vec<u8>> {
    let entry = entries(zip)?.find(|entry| {
        entry.deflated && entry.path.split_once('/').is_some_and(|(_, inner)| inner == name)
    })?;
    let local = zip.get(entry.offset..)?;
    let begin = 30 + usize::from(u16_at(local, 26)?) + usize::from(u16_at(local, 28)?);
    let stream = local.get(begin..begin.checked_add(entry.packed)?)?;
    // No file name, no time, an unknown system.
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let parts = [&head[..], stream, &entry.checksum.to_le_bytes(), &entry.size.to_le_bytes()];
    Some(parts.concat())
}

/// A line of the central directory.
struct Entry<'a> {
    path: &'a str,
    deflated: bool,
    checksum: u32,
    packed: usize,
    size: u32,
    offset: usize,
}

/// The central directory, which a record near the end tells of; only a comment may follow it.
fn entries(zip: &[u8]) -> Option<impl Iterator<Item = Entry<'_>>> {
    let at = zip.windows(4).rposition(|bytes| bytes == b"PK\x05\x06")?;
    let end = zip.get(at..)?;
    let mut rest = zip.get(u32_at(end, 16)? as usize..)?;
    Some(std::iter::from_fn(move || {
        let (entry, after) = entry(rest)?;
        rest = after;
        Some(entry)
    }))
}

fn entry(line: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    if !line.starts_with(b"PK\x01\x02") {
        return None;
    }
    let length = |at| u16_at(line, at).map(usize::from);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let entry = Entry {
        path: std::str::from_utf8(line.get(46..46 + name)?).ok()?,
        deflated: u16_at(line, 10)? == 8,
        checksum: u32_at(line, 16)?,
        packed: u32_at(line, 20)? as usize,
        size: u32_at(line, 24)?,
        offset: u32_at(line, 42)? as usize,
    };
    Some((entry, line.get(46 + name + extra + comment..)?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn both_files_are_there_and_whole() {
        for (name, part) in [(SCRIPT, "SwaggerUIBundle"), (STYLE, ".swagger-ui")] {
            let mut text = String::new();
            let packed = gzip(name).unwrap();
            // Reading to the end compares the checksum.
            flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
            assert!(text.contains(part), "{name}");
        }
    }

    #[test]
    fn what_is_no_zip_has_no_files() {
        for bytes in [&b""[..], b"PK", &[0; 100], &SWAGGER_UI_VENDORED[..1000]] {
            assert!(packed(bytes, SCRIPT).is_none());
        }
        assert!(packed(SWAGGER_UI_VENDORED, "dist/none.js").is_none());
    }
}
