use memmap2::MmapMut;
use pulp::bytemuck::Zeroable;
use std::alloc::{Layout, handle_alloc_error};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A large page.
pub(crate) const PAGE: usize = 2 << 20;
/// What is taken from the system at a time; pages that nothing was written to take no memory.
const CHUNK: usize = 16 * PAGE;
/// A cache line.
pub(crate) const LINE: usize = 64;

/// Values that last as long as a model: side by side in large pages, where the system has them.
/// Weights are read from end to end for every few rows, and with small pages the addresses of
/// those have to be looked up again and again.
pub(crate) struct Lasting<T> {
    values: NonNull<T>,
    length: usize,
    /// Keeps the memory.
    _chunk: Arc<Chunk>,
}

/// Memory that is given out in order, each byte once.
struct Chunk {
    /// The first whole page.
    start: NonNull<u8>,
    bytes: usize,
    _map: MmapMut,
}

// SAFETY: only a pointer is kept and handed on; whoever writes through it owns those bytes.
#[expect(unsafe_code)]
unsafe impl Send for Chunk {}
// SAFETY: as above.
#[expect(unsafe_code)]
unsafe impl Sync for Chunk {}
// SAFETY: the values are its own, as those of a boxed slice.
#[expect(unsafe_code)]
unsafe impl<T: Send> Send for Lasting<T> {}
// SAFETY: as above.
#[expect(unsafe_code)]
unsafe impl<T: Sync> Sync for Lasting<T> {}

/// The chunk that is given out now, while anything in it is in use, and how much of it is.
static CURRENT: Mutex<(Weak<Chunk>, usize)> = Mutex::new((Weak::new(), 0));

impl<T: Zeroable + Copy> Lasting<T> {
    /// So many, every byte 0.
    pub(crate) fn zeroed(length: usize) -> Self {
        let (chunk, offset) = take(Self::bytes(length));
        Self::at(chunk, offset, length)
    }

    /// The same, in memory that goes when they go.
    pub(crate) fn apart(length: usize) -> Self {
        Self::at(Arc::new(Chunk::new(Self::bytes(length))), 0, length)
    }

    /// In whole lines.
    fn bytes(length: usize) -> usize {
        assert!(align_of::<T>() <= LINE, "values of more than a cache line");
        length.checked_mul(size_of::<T>()).unwrap_or(usize::MAX / 2).next_multiple_of(LINE)
    }

    fn at(chunk: Arc<Chunk>, offset: usize, length: usize) -> Self {
        // SAFETY: the offset is in the chunk, and on a line.
        #[expect(unsafe_code)]
        let values = unsafe { chunk.start.add(offset) }.cast();
        Self { values, length, _chunk: chunk }
    }
}

/// Bytes that nobody else has, and where in the chunk they are.
fn take(bytes: usize) -> (Arc<Chunk>, usize) {
    // A lock that was left by a panic still counts what was given out before it.
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(chunk) = current.0.upgrade()
        && bytes <= chunk.bytes - current.1
    {
        let offset = current.1;
        current.1 += bytes;
        return (chunk, offset);
    }
    let chunk = Arc::new(Chunk::new(bytes.max(CHUNK)));
    *current = (Arc::downgrade(&chunk), bytes);
    (chunk, 0)
}

impl Chunk {
    fn new(bytes: usize) -> Self {
        let Ok(mut map) = MmapMut::map_anon(bytes + PAGE) else {
            handle_alloc_error(Layout::from_size_align(bytes, LINE).unwrap_or(Layout::new::<u8>()))
        };
        // Where large pages are not to be had, small ones do.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        let offset = map.as_ptr().align_offset(PAGE);
        let start = NonNull::from(&mut map[offset..][..bytes]).cast();
        Self { start, bytes, _map: map }
    }
}

impl<T> Deref for Lasting<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `zeroed` made so many, of bytes that are 0 or were written as values since, and the
        // chunk lives as long as this.
        #[expect(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts(self.values.as_ptr(), self.length)
        }
    }
}

impl<T> DerefMut for Lasting<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above; nobody else was given these bytes.
        #[expect(unsafe_code)]
        unsafe {
            std::slice::from_raw_parts_mut(self.values.as_ptr(), self.length)
        }
    }
}

impl<T> fmt::Debug for Lasting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lasting").field("length", &self.length).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Lasting};

    #[test]
    fn nobody_shares_a_byte() {
        let lengths = [0, 1, 5, 1000, 63, CHUNK / 8, 7, CHUNK / 2, 3 * CHUNK, 100];
        let mut all = Vec::new();
        for (i, length) in lengths.into_iter().enumerate() {
            let mut values = Lasting::<u16>::zeroed(length);
            assert!(values.len() == length && values.iter().all(|&x| x == 0));
            assert!(values.as_ptr().cast::<[u8; 64]>().is_aligned() || length == 0);
            values.fill(i as u16 + 1);
            all.push(values);
        }
        for (i, values) in all.iter().enumerate() {
            assert!(values.iter().all(|&x| x == i as u16 + 1), "{i}");
        }
        // The last ones keep what they lie in.
        all.drain(..7);
        assert!(all[0].iter().all(|&x| x == 8) && all[2].iter().all(|&x| x == 10));
    }
}
