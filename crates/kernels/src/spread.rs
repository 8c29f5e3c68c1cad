use rayon::prelude::*;

/// Which threads an operation runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// All of the current rayon pool: for an operation on its own.
    Pool,
    /// The calling one: for one of many that run side by side.
    Here,
}

impl Spread {
    /// Calls `work` with every number below `tasks`.
    pub(crate) fn each(self, tasks: usize, work: impl Fn(usize) + Sync) {
        match self {
            Spread::Pool if tasks > 1 => {
                (0..tasks).into_par_iter().with_max_len(1).for_each(&work);
            }
            _ => (0..tasks).for_each(work),
        }
    }

    /// Calls `work` with every chunk of `size` values and its number.
    pub(crate) fn chunks<T: Send>(
        self,
        values: &mut [T],
        size: usize,
        work: impl Fn(usize, &mut [T]) + Sync,
    ) {
        match self {
            Spread::Pool if values.len() > size => {
                values.par_chunks_mut(size).enumerate().for_each(|(i, chunk)| work(i, chunk));
            }
            _ => values.chunks_mut(size).enumerate().for_each(|(i, chunk)| work(i, chunk)),
        }
    }
}
