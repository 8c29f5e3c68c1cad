/// A sparse matrix [rows, columns] by rows; columns ascend within a row.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseRows {
    width: usize,
    /// Where each row starts, and last where the last one ends.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl SparseRows {
    /// Rows of pairs of column and value.
    pub(crate) fn new(width: usize, rows: &[Vec<(u32, f32)>]) -> Self {
        let size = rows.iter().map(Vec::len).sum();
        let (mut columns, mut values) = (Vec::with_capacity(size), Vec::with_capacity(size));
        let mut starts = vec![0];
        for row in rows {
            columns.extend(row.iter().map(|entry| entry.0));
            values.extend(row.iter().map(|entry| entry.1));
            starts.push(columns.len());
        }
        Self { width, starts, columns, values }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.width
    }

    /// Columns and values of one row; nothing for a row that is not there.
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        match self.starts.get(row..row.saturating_add(2)) {
            Some(&[start, end]) => (&self.columns[start..end], &self.values[start..end]),
            _ => (&[], &[]),
        }
    }
}
