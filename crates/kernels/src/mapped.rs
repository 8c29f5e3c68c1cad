use memmap2::{Mmap, UncheckedAdvice};
use std::fs::File;
use std::io;
use std::path::Path;

/// A file mapped into memory, read only.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps the whole file. An empty file is an error of the operating system on some systems.
    ///
    /// The file must stay as it is while it is mapped: one that is written to changes what is
    /// read, one that is cut short ends the process. canto itself writes model files aside and
    /// renames them, which leaves the mapped one alone.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the map is read only and read as bytes alone, for which every value is valid;
        // that the file stays as it is, is asked of the user above.
        #[expect(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }?;
        Ok(Self(map))
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Lets the system take back the memory of `part`, a part of [`bytes`](Self::bytes); it is
    /// read from the file again where it is touched again.
    pub fn release(&self, part: &[u8]) {
        /// No system has smaller pages.
        const PAGE: usize = 4096;
        let offset = (part.as_ptr() as usize).wrapping_sub(self.0.as_ptr() as usize);
        if offset >= self.0.len() || part.len() > self.0.len() - offset {
            return;
        }
        let start = offset.next_multiple_of(PAGE);
        let end = (offset + part.len()) / PAGE * PAGE;
        if start < end {
            // SAFETY: the map is shared with the file and never written, so what is dropped is
            // read back the same. A failure only leaves the memory in use.
            #[expect(unsafe_code)]
            let advised = unsafe {
                self.0.unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start)
            };
            drop(advised);
        }
    }
}
