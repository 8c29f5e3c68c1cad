//! Shares of the work, for processes that know nothing of one another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::num::NonZeroU32;
use std::ops::Range;
use std::str::FromStr;

/// One share of several: `3/16` is the fourth of sixteen, since shares are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    of: NonZeroU32,
}

/// What is no share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it; fields are named after what they hold")]
pub enum BadShard {
    #[error("expected a shard and how many there are, such as `3/16`")]
    Shape,
    #[error("there cannot be 0 shards")]
    None,
    #[error("shards are counted from 0: expected `0/{of}` to `{}/{of}`", of.get() - 1)]
    Beyond { of: NonZeroU32 },
}

impl Shard {
    /// All of the work.
    pub const WHOLE: Self = Self { index: 0, of: NonZeroU32::MIN };

    /// Its number, from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of.get()
    }

    /// Which of the pieces of these sizes are its own, in their order. The largest goes first,
    /// each to the share that has the least so far, so that shares end at about the same time.
    pub(super) fn deal(self, sizes: &[u64]) -> Vec<usize> {
        let mut pieces: Vec<usize> = (0..sizes.len()).collect();
        // Stable: pieces of one size keep their order.
        pieces.sort_by_key(|&piece| Reverse(sizes[piece]));
        let mut shares: BinaryHeap<_> =
            (0..self.of()).map(|share| Reverse((0_u64, share))).collect();
        let mut own = Vec::new();
        for piece in pieces {
            let Some(Reverse((bytes, share))) = shares.pop() else { break };
            if share == self.index {
                own.push(piece);
            }
            // A piece without bytes counts as well.
            shares.push(Reverse((bytes.saturating_add(sizes[piece].max(1)), share)));
        }
        own.sort_unstable();
        own
    }

    /// Which of `total` rows are its own.
    pub(crate) fn rows(self, total: u64) -> Range<u64> {
        let until = |shares: u32| {
            let rows = u128::from(total) * u128::from(shares) / u128::from(self.of());
            // Never more than `total`.
            u64::try_from(rows).unwrap_or(total)
        };
        until(self.index)..until(self.index + 1)
    }

    /// `songs.csv` → `songs-00003-of-00016.csv`.
    pub(super) fn name(self, stem: &str, ending: &str) -> String {
        format!("{stem}-{:05}-of-{:05}.{ending}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u32>().ok()).flatten().ok_or(BadShard::Shape)
        };
        let (index, of) = text.split_once('/').ok_or(BadShard::Shape)?;
        let (index, of) = (number(index)?, number(of)?);
        let of = NonZeroU32::new(of).ok_or(BadShard::None)?;
        if index < of.get() { Ok(Self { index, of }) } else { Err(BadShard::Beyond { of }) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(of: u32) -> impl Iterator<Item = Shard> {
        (0..of).map(move |index| format!("{index}/{of}").parse().unwrap())
    }

    #[test]
    fn shards_are_counted_from_zero() {
        let shard: Shard = "3/16".parse().unwrap();
        assert_eq!((shard.index(), shard.of(), shard.to_string().as_str()), (3, 16, "3/16"));
        assert_eq!("0/1".parse(), Ok(Shard::WHOLE));
        let refused = |text: &str| text.parse::<Shard>().unwrap_err().to_string();
        for text in ["16/16", "17/16"] {
            assert_eq!(refused(text), "shards are counted from 0: expected `0/16` to `15/16`");
        }
        for text in
            ["a/b", "3", "3/", "/16", "-1/16", "+1/16", " 1/16", "1/2/3", "1/99999999999", ""]
        {
            assert!(refused(text).contains("such as `3/16`"), "{text}");
        }
        assert!(refused("0/0").contains("0 shards"));
    }

    #[test]
    fn the_largest_are_dealt_first() {
        let own = |index: u32| format!("{index}/2").parse::<Shard>().unwrap().deal(&[1, 7, 2, 3]);
        assert_eq!((own(0), own(1)), (vec![1], vec![0, 2, 3]));
        let equal = |index: u32| format!("{index}/3").parse::<Shard>().unwrap().deal(&[0; 7]);
        assert_eq!((equal(0), equal(1), equal(2)), (vec![0, 3, 6], vec![1, 4], vec![2, 5]));
    }

    proptest! {
        #[test]
        fn every_piece_is_in_one_shard(sizes in prop::collection::vec(0_u64..1000, 0..40), of in 1_u32..9) {
            let mut dealt: Vec<usize> = all(of).flat_map(|shard| shard.deal(&sizes)).collect();
            dealt.sort_unstable();
            prop_assert!(dealt.into_iter().eq(0..sizes.len()));
        }

        #[test]
        fn every_row_is_in_one_shard(total in 0_u64.., of in 1_u32..99) {
            let mut next = 0;
            for shard in all(of) {
                let rows = shard.rows(total);
                prop_assert_eq!(rows.start, next);
                prop_assert!(rows.end - rows.start <= total / u64::from(of) + 1);
                next = rows.end;
            }
            prop_assert_eq!(next, total);
        }
    }
}
