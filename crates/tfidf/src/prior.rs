use crate::Error;

/// The prior-only baseline: every row's scores are the labels' shares of positives.
///
/// `targets` is row-major [train rows, `labels`]; the scores are row-major [`rows`, `labels`].
pub fn prior(targets: &[bool], labels: usize, rows: usize) -> Result<Vec<f32>, Error> {
    let train_rows = targets.len().checked_div(labels).unwrap_or(0);
    if train_rows == 0 {
        return Err(Error::Empty { rows: train_rows, labels });
    }
    if targets.len() != train_rows * labels {
        return Err(Error::Shape { rows: train_rows, labels, found: targets.len() });
    }
    let share = |&count: &usize| (count as f64 / train_rows as f64) as f32;
    Ok(positives(targets, labels).iter().map(share).collect::<Vec<_>>().repeat(rows))
}

/// How many rows have each label.
pub(crate) fn positives(targets: &[bool], labels: usize) -> Vec<usize> {
    let mut counts = vec![0; labels];
    for row in targets.chunks_exact(labels) {
        for (count, &target) in counts.iter_mut().zip(row) {
            *count += usize::from(target);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prior_is_the_share_of_positives() {
        let targets = [true, false, true, true, false, false, true, false];
        assert_eq!(prior(&targets, 2, 2).unwrap(), [0.75, 0.25, 0.75, 0.25]);
        assert_eq!(prior(&targets, 2, 0).unwrap(), [0.0; 0]);
    }

    #[test]
    fn targets_that_fill_no_rows_are_refused() {
        assert!(matches!(prior(&[true; 3], 2, 1), Err(Error::Shape { .. })));
        assert!(matches!(prior(&[true; 1], 2, 1), Err(Error::Empty { .. })));
        assert!(matches!(prior(&[], 0, 1), Err(Error::Empty { .. })));
    }
}
