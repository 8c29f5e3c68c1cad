//! Matrices whose rows may lie apart.

use crate::lasting::{LINE, Lasting, PAGE};
use crate::spread::Spread;
use pulp::bytemuck::Zeroable;
use rayon::prelude::*;
use std::ops::{Deref, DerefMut, Range};

/// A matrix [rows, columns], read: row r begins at element r·stride.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    values: &'a [T],
    count: usize,
    columns: usize,
    stride: usize,
}

impl<'a, T> Rows<'a, T> {
    /// The matrix in `values`.
    ///
    /// # Panics
    /// Where `values` is too short or the rows would overlap.
    pub fn new(values: &'a [T], rows: usize, columns: usize, stride: usize) -> Self {
        assert_fits(values.len(), rows, columns, stride);
        Self { values, count: rows, columns, stride }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.count
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Elements from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// One row.
    #[inline]
    pub fn row(&self, row: usize) -> &'a [T] {
        &self.values[row * self.stride..][..self.columns]
    }

    /// Some of the rows.
    ///
    /// # Panics
    /// Where they are not in the matrix.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.count, "rows outside the matrix");
        let start = (rows.start * self.stride).min(self.values.len());
        Self::new(&self.values[start..], rows.len(), self.columns, self.stride)
    }

    /// `rows` rows, `apart` rows apart, from one on.
    ///
    /// # Panics
    /// Where they are not in the matrix.
    #[must_use]
    pub(crate) fn every(&self, first: usize, apart: usize, rows: usize) -> Self {
        assert!(rows > 0 && first + (rows - 1) * apart < self.count, "rows outside the matrix");
        Self::new(&self.values[first * self.stride..], rows, self.columns, apart * self.stride)
    }

    /// Some of the columns.
    ///
    /// # Panics
    /// Where they are not in the matrix.
    #[must_use]
    pub fn columns_of(&self, columns: Range<usize>) -> Self {
        assert!(columns.start <= columns.end && columns.end <= self.columns, "columns outside");
        let start = columns.start.min(self.values.len());
        Self::new(&self.values[start..], self.count, columns.len(), self.stride)
    }

    pub(crate) fn as_ptr(&self) -> *const T {
        self.values.as_ptr()
    }
}

/// A matrix [rows, columns], written: row r begins at element r·stride.
#[derive(Debug)]
pub struct RowsMut<'a, T> {
    values: &'a mut [T],
    count: usize,
    columns: usize,
    stride: usize,
}

impl<'a, T> RowsMut<'a, T> {
    /// The matrix in `values`.
    ///
    /// # Panics
    /// Where `values` is too short or the rows would overlap.
    pub fn new(values: &'a mut [T], rows: usize, columns: usize, stride: usize) -> Self {
        assert_fits(values.len(), rows, columns, stride);
        Self { values, count: rows, columns, stride }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.count
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Elements from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// One row.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.values[row * self.stride..][..self.columns]
    }

    /// Some of the rows.
    ///
    /// # Panics
    /// Where they are not in the matrix.
    #[must_use]
    pub fn slice(&mut self, rows: Range<usize>) -> RowsMut<'_, T> {
        assert!(rows.start <= rows.end && rows.end <= self.count, "rows outside the matrix");
        let start = (rows.start * self.stride).min(self.values.len());
        RowsMut::new(&mut self.values[start..], rows.len(), self.columns, self.stride)
    }

    /// The matrix cut into blocks of `rows` rows, the last of fewer.
    ///
    /// # Panics
    /// Where `rows` is 0.
    pub fn par_blocks(&mut self, rows: usize) -> impl IndexedParallelIterator<Item = RowsMut<'_, T>>
    where
        T: Send,
    {
        let (all, columns, stride) = (self.count, self.columns, self.stride);
        let end = (all * stride).min(self.values.len());
        let blocks = self.values[..end].par_chunks_mut((rows * stride).max(1));
        blocks.enumerate().map(move |(block, values)| {
            RowsMut::new(values, rows.min(all - block * rows), columns, stride)
        })
    }

    /// Calls `work` with every row and its number.
    pub(crate) fn each_row(&mut self, spread: Spread, work: impl Fn(usize, &mut [T]) + Sync)
    where
        T: Send,
    {
        /// Rows a task.
        const ROWS: usize = 16;
        let (rows, columns, stride) = (self.count, self.columns, self.stride);
        let end = (rows * stride).min(self.values.len());
        spread.chunks(&mut self.values[..end], (stride * ROWS).max(1), |piece, values| {
            let first = piece * ROWS;
            for (i, row) in values.chunks_mut(stride).take(rows - first.min(rows)).enumerate() {
                work(first + i, &mut row[..columns]);
            }
        });
    }

    /// The same matrix, read.
    pub fn as_rows(&self) -> Rows<'_, T> {
        Rows::new(self.values, self.count, self.columns, self.stride)
    }

    /// The elements with those between the rows.
    pub(crate) fn values(&mut self) -> &mut [T] {
        self.values
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        self.values.as_mut_ptr()
    }
}

fn assert_fits(length: usize, rows: usize, columns: usize, stride: usize) {
    let needed = rows.checked_sub(1).map_or(0, |last| last * stride + columns);
    assert!(columns <= stride || rows <= 1, "rows of {columns} overlap at stride {stride}");
    assert!(length >= needed, "[{rows}, {columns}] needs {needed} elements, found {length}");
}

/// A matrix that keeps its memory from one use to the next. Rows begin with a cache line: a vector
/// that is read or written lies in one line then.
#[derive(Debug, Default)]
pub struct Buffer<T> {
    /// The matrix, from the first whole line on.
    values: Memory<T>,
    count: usize,
    columns: usize,
    stride: usize,
}

impl<T: Copy + Zeroable> Buffer<T> {
    /// Gives it a shape; what it holds is then anything. Allocates only where it never was as
    /// large.
    pub fn reshape(&mut self, rows: usize, columns: usize) -> RowsMut<'_, T> {
        self.stride = stride::<T>(columns);
        (self.count, self.columns) = (rows, columns);
        let needed = rows * self.stride + LINE / size_of::<T>();
        if self.values.len() < needed {
            self.values = Memory::zeroed(needed);
        }
        self.rows_mut()
    }

    /// The matrix, read.
    pub fn rows(&self) -> Rows<'_, T> {
        let values = self.values.get(self.start()..).unwrap_or_default();
        Rows::new(values, self.count, self.columns, self.stride)
    }

    /// The matrix, written.
    pub fn rows_mut(&mut self) -> RowsMut<'_, T> {
        let start = self.start();
        let values = self.values.get_mut(start..).unwrap_or_default();
        RowsMut::new(values, self.count, self.columns, self.stride)
    }

    /// Elements before the first whole line.
    fn start(&self) -> usize {
        self.values.as_ptr().align_offset(LINE)
    }
}

/// Memory that is written over and over: much of it in large pages.
#[derive(Debug)]
enum Memory<T> {
    Little(Vec<T>),
    Much(Lasting<T>),
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self::Little(Vec::new())
    }
}

impl<T: Copy + Zeroable> Memory<T> {
    fn zeroed(length: usize) -> Self {
        if length * size_of::<T>() < PAGE {
            Self::Little(vec![T::zeroed(); length])
        } else {
            Self::Much(Lasting::apart(length))
        }
    }
}

impl<T> Deref for Memory<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Little(values) => values,
            Self::Much(values) => values,
        }
    }
}

impl<T> DerefMut for Memory<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Little(values) => values,
            Self::Much(values) => values,
        }
    }
}

/// Whole cache lines a row, and not so many that the same column of neighbouring rows falls on
/// the same few sets of the first cache.
fn stride<T>(columns: usize) -> usize {
    let line = LINE / size_of::<T>();
    let rounded = columns.next_multiple_of(line);
    if (rounded * size_of::<T>()).is_multiple_of(1024) { rounded + line } else { rounded }
}
