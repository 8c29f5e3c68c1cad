use crate::Error;
use std::collections::BTreeMap;

/// Which rows belong together: songs of an artist. Rows of one group resemble each other, so they
/// are resampled and cross-validated together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    of_row: Vec<u32>,
    count: u32,
}

impl Groups {
    /// Rows of one name, such as an artist's, are one group. One name a row.
    pub fn new(names: &[impl AsRef<str>]) -> Self {
        let mut numbers = BTreeMap::new();
        let number = |name| {
            let next = numbers.len() as u32;
            *numbers.entry(name).or_insert(next)
        };
        let of_row: Vec<u32> = names.iter().map(AsRef::as_ref).map(number).collect();
        Self { of_row, count: numbers.len() as u32 }
    }

    /// Every row a group of its own.
    pub fn of_rows(rows: usize) -> Self {
        Self { of_row: (0..rows as u32).collect(), count: rows as u32 }
    }

    /// Number of groups.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.of_row.len()
    }

    /// The group of every row, from 0.
    pub(crate) fn of_row(&self) -> &[u32] {
        &self.of_row
    }

    /// The groups of some rows, numbered anew.
    pub(crate) fn of(&self, rows: &[usize]) -> Self {
        let names: Vec<String> = rows.iter().map(|row| self.of_row[*row].to_string()).collect();
        Self::new(&names)
    }

    /// That there is one group a row.
    pub(crate) fn check_rows(&self, rows: usize) -> Result<(), Error> {
        if self.rows() == rows {
            return Ok(());
        }
        Err(Error::RowCount { what: "groups", expected: rows, found: self.rows() })
    }
}
