use crate::Error;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
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

    /// One of `count` folds for every row, from 0: groups stay whole, drawn in random order, each
    /// into the fold that has the fewest rows so far.
    pub(crate) fn folds(&self, count: usize, seed: u64) -> Vec<usize> {
        let mut sizes = vec![0_usize; self.len()];
        for group in &self.of_row {
            sizes[*group as usize] += 1;
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let (mut filled, mut fold_of) = (vec![0; count.max(1)], vec![0; self.len()]);
        for group in order {
            let smallest = (0..filled.len()).min_by_key(|fold| filled[*fold]).unwrap_or(0);
            filled[smallest] += sizes[group];
            fold_of[group] = smallest;
        }
        self.of_row.iter().map(|group| fold_of[*group as usize]).collect()
    }

    /// That there is one group a row.
    pub(crate) fn check_rows(&self, rows: usize) -> Result<(), Error> {
        if self.rows() == rows {
            return Ok(());
        }
        Err(Error::RowCount { what: "groups", expected: rows, found: self.rows() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_keep_groups_whole_and_are_even() {
        let names: Vec<String> = (0..100).map(|row| (row * row % 37).to_string()).collect();
        let groups = Groups::new(&names);
        let folds = groups.folds(5, 1);
        for (row, fold) in folds.iter().enumerate() {
            let same = names.iter().position(|name| *name == names[row]);
            assert_eq!(*fold, folds[same.unwrap()]);
        }
        for fold in 0..5 {
            let rows = folds.iter().filter(|of| **of == fold).count();
            assert!((15..=25).contains(&rows), "{rows}");
        }
        assert_ne!(folds, groups.folds(5, 2));
    }

    #[test]
    fn names_are_numbered_as_they_come() {
        let groups = Groups::new(&["b", "a", "b"]);
        assert_eq!((groups.of_row(), groups.len(), groups.rows()), (&[0, 1, 0][..], 2, 3));
        assert_eq!(groups.of(&[1]), Groups::of_rows(1));
    }
}
