//! Texts set aside on disk between judging them and writing them.
//!
//! Which songs stay is known only after the last row; holding a gigabyte of lyrics until then
//! would make memory grow with the file.

use crate::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The texts of a song.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(crate) artist: String,
    pub(crate) title: Option<String>,
    pub(crate) micro_genres: String,
    pub(crate) lyrics: String,
}

/// Length that stands for no text at all.
const NONE: u32 = u32::MAX;

/// Takes texts in.
pub(crate) struct Spool {
    /// The folder it lies in, for errors.
    folder: PathBuf,
    file: BufWriter<File>,
}

impl Spool {
    /// An unnamed file on the disk of `folder`; it goes when it is closed.
    pub(crate) fn new(folder: &Path) -> Result<Self, Error> {
        let file = tempfile::tempfile_in(folder).map_err(Error::file("write to", folder))?;
        Ok(Self { folder: folder.to_owned(), file: BufWriter::with_capacity(1 << 20, file) })
    }

    pub(crate) fn push(&mut self, texts: &Texts) -> Result<(), Error> {
        let fields = [
            Some(&texts.artist),
            texts.title.as_ref(),
            Some(&texts.micro_genres),
            Some(&texts.lyrics),
        ];
        for field in fields {
            self.write(field.map(String::as_str)).map_err(Error::file("write to", &self.folder))?;
        }
        Ok(())
    }

    fn write(&mut self, field: Option<&str>) -> std::io::Result<()> {
        let length = match field {
            Some(text) => u32::try_from(text.len())
                .ok()
                .filter(|&length| length != NONE)
                .ok_or_else(|| std::io::Error::new(ErrorKind::InvalidData, "a text of 4 GB"))?,
            None => NONE,
        };
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(field.unwrap_or_default().as_bytes())
    }

    /// Gives the texts back in order.
    pub(crate) fn read_back(self) -> Result<SpoolReader, Error> {
        let folder = self.folder;
        let mut file = self
            .file
            .into_inner()
            .map_err(|failed| Error::file("write to", &folder)(failed.into_error()))?;
        file.rewind().map_err(Error::file("read back from", &folder))?;
        Ok(SpoolReader { folder, file: BufReader::with_capacity(1 << 20, file) })
    }
}

/// Gives texts back in the order they came.
pub(crate) struct SpoolReader {
    folder: PathBuf,
    file: BufReader<File>,
}

impl SpoolReader {
    /// The next texts; asking for more than went in is an error.
    pub(crate) fn read(&mut self) -> Result<Texts, Error> {
        self.texts().map_err(Error::file("read back from", &self.folder))
    }

    fn texts(&mut self) -> std::io::Result<Texts> {
        Ok(Texts {
            artist: self.field()?.unwrap_or_default(),
            title: self.field()?,
            micro_genres: self.field()?.unwrap_or_default(),
            lyrics: self.field()?.unwrap_or_default(),
        })
    }

    fn field(&mut self) -> std::io::Result<Option<String>> {
        let mut length = [0; 4];
        self.file.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length == NONE {
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        self.file.read_exact(&mut bytes)?;
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_in_order() {
        let texts = |n: usize| Texts {
            artist: format!("artist {n}"),
            title: n.is_multiple_of(2).then(|| "título".to_owned()),
            micro_genres: String::new(),
            lyrics: "la\n".repeat(n),
        };
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path()).unwrap();
        for n in 0..100 {
            spool.push(&texts(n)).unwrap();
        }
        let mut back = spool.read_back().unwrap();
        for n in 0..100 {
            assert_eq!(back.read().unwrap(), texts(n));
        }
        assert!(back.read().is_err());
    }
}
