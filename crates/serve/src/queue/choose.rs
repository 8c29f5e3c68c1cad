//! Which of the waiting songs are scored together.

/// Positions of the songs to score next, shortest first: the first one of `lengths`, which has
/// waited longest, and those nearest to it in length, as long as all of them padded to the longest
/// stay within `budget` tokens. The first one always goes, so none waits for ever.
pub(crate) fn choose(lengths: &[usize], budget: usize) -> Vec<usize> {
    let Some(&first) = lengths.first() else { return Vec::new() };
    let mut others: Vec<usize> = (1..lengths.len()).collect();
    // A stable sort: of two as near, the one goes that has waited longer.
    others.sort_by_key(|&at| lengths[at].abs_diff(first));
    let (mut chosen, mut longest) = (vec![0], first);
    for at in others {
        let padded = longest.max(lengths[at]);
        if padded.saturating_mul(chosen.len() + 1) <= budget {
            chosen.push(at);
            longest = padded;
        }
    }
    chosen.sort_by_key(|&at| lengths[at]);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_oldest_takes_along_those_of_its_length() {
        assert_eq!(choose(&[10, 100, 11, 9, 12], 40), [3, 0, 2]);
        assert_eq!(choose(&[100, 10, 11, 9, 90], 200), [4, 0]);
        assert_eq!(choose(&[], 40), [0; 0]);
    }

    proptest! {
        #[test]
        fn a_batch_keeps_its_budget(lengths in prop::collection::vec(0..600_usize, 1..80), budget in 0..9000_usize) {
            let chosen = choose(&lengths, budget);
            prop_assert!(chosen.contains(&0));
            prop_assert!(chosen.is_sorted_by_key(|&at| lengths[at]));
            let mut once = chosen.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), chosen.len());
            let longest = chosen.iter().map(|&at| lengths[at]).max().unwrap();
            prop_assert!(chosen.len() == 1 || longest * chosen.len() <= budget);
        }

        #[test]
        fn all_go_where_there_is_room(lengths in prop::collection::vec(0..100_usize, 1..50)) {
            prop_assert_eq!(choose(&lengths, 100 * 50).len(), lengths.len());
        }
    }
}
