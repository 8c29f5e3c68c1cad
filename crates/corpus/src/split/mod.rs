//! Which songs train, tune and measure.
//!
//! Songs are first joined into groups that must stay together: clusters of duplicates, and
//! with `by = "artist"` every song of a first-named artist, transitively. Then whole groups
//! are assigned, see [`stratify`] and [`random`].

mod artist;
mod random;
mod stratify;

pub use artist::first_named_artist;

use crate::config::{SplitBy, SplitConfig};
use crate::union_find::UnionFind;
use canto_song::{Genre, GenreSet, Split};
use std::collections::HashMap;

/// What the split needs to know of a song.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Normalised first-named artist; empty where unknown.
    pub(crate) artist: String,
    pub(crate) genres: GenreSet,
    /// The first song of its cluster of duplicates, as a position.
    pub(crate) cluster: usize,
}

/// Songs that stay together.
#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    songs: u64,
    labels: [u64; Genre::ALL.len()],
}

/// The split of every song, in order.
pub(crate) fn assign(members: &[Member], config: &SplitConfig) -> Vec<Split> {
    let (group_of, groups) = groups(members, config.by);
    let splits = match config.by {
        SplitBy::Artist => stratify::assign(&groups, config.shares(), config.seed),
        SplitBy::Song => random::assign(&groups, config.shares(), config.seed),
    };
    group_of.into_iter().map(|group| splits[group]).collect()
}

/// Each song's group, and the groups in the order of their first songs.
fn groups(members: &[Member], by: SplitBy) -> (Vec<usize>, Vec<Group>) {
    let mut sets = UnionFind::new(members.len());
    let mut first_by: HashMap<&str, usize> = HashMap::new();
    for (song, member) in members.iter().enumerate() {
        sets.join(song, member.cluster);
        if by == SplitBy::Artist && !member.artist.is_empty() {
            sets.join(song, *first_by.entry(&member.artist).or_insert(song));
        }
    }
    let mut index: HashMap<usize, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of = Vec::with_capacity(members.len());
    for (song, member) in members.iter().enumerate() {
        let group = *index.entry(sets.find(song)).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Group::default());
        }
        groups[group].songs += 1;
        for genre in member.genres.iter() {
            groups[group].labels[genre.index()] += 1;
        }
        group_of.push(group);
    }
    (group_of, groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn members(raw: &[(u8, u16, bool)]) -> Vec<Member> {
        raw.iter()
            .enumerate()
            .map(|(at, &(artist, bits, joined))| Member {
                artist: if artist == 0 { String::new() } else { format!("artist {artist}") },
                genres: Genre::ALL.into_iter().filter(|g| bits >> g.index() & 1 == 1).collect(),
                cluster: if joined { at / 2 } else { at },
            })
            .collect()
    }

    fn straddles<K: std::hash::Hash + Eq>(
        keys: impl Iterator<Item = Option<K>>,
        splits: &[Split],
    ) -> bool {
        let mut seen: HashMap<K, HashSet<Split>> = HashMap::new();
        for (key, &split) in keys.zip(splits) {
            if let Some(key) = key {
                seen.entry(key).or_default().insert(split);
            }
        }
        seen.values().any(|splits| splits.len() > 1)
    }

    proptest! {
        #[test]
        fn neither_artists_nor_clusters_straddle(
            raw in prop::collection::vec((0u8..20, 1u16..1 << 14, any::<bool>()), 1..80),
            seed: u64,
        ) {
            let members = members(&raw);
            for by in [SplitBy::Artist, SplitBy::Song] {
                let config = SplitConfig { by, seed, ..SplitConfig::default() };
                let splits = assign(&members, &config);
                prop_assert_eq!(&splits, &assign(&members, &config));
                for (song, member) in members.iter().enumerate() {
                    prop_assert_eq!(splits[song], splits[member.cluster]);
                }
                let artists = members.iter().map(|m| (!m.artist.is_empty()).then_some(&m.artist));
                prop_assert!(by == SplitBy::Song || !straddles(artists, &splits));
            }
        }
    }

    /// Four hundred artists with one to twelve songs; a rare label at every twentieth.
    fn four_hundred_artists() -> Vec<Member> {
        let songs = |artist: usize| {
            let bits: u16 = 1 << (artist % 4) | u16::from(artist.is_multiple_of(20)) << 13;
            vec![(bits, artist); 1 + artist * 7 % 12]
        };
        (0..400)
            .flat_map(songs)
            .enumerate()
            .map(|(at, (bits, artist))| Member {
                artist: format!("artist {artist}"),
                genres: Genre::ALL.into_iter().filter(|g| bits >> g.index() & 1 == 1).collect(),
                cluster: at,
            })
            .collect()
    }

    #[test]
    fn shares_hold_for_songs_and_for_every_label() {
        let members = four_hundred_artists();
        let splits = assign(&members, &SplitConfig::default());
        let share = |wanted: Split, genre: Option<Genre>| {
            let of: Vec<Split> = members
                .iter()
                .zip(&splits)
                .filter(|(member, _)| genre.is_none_or(|genre| member.genres.contains(genre)))
                .map(|(_, &split)| split)
                .collect();
            of.iter().filter(|&&split| split == wanted).count() as f64 / of.len() as f64
        };
        for genre in [None, Some(Genre::ALL[0]), Some(Genre::ALL[3]), Some(Genre::Soundtrack)] {
            for (split, expected) in Split::ALL.into_iter().zip([0.6, 0.2, 0.2]) {
                let found = share(split, genre);
                assert!((found - expected).abs() < 0.02, "{genre:?} {split}: {found}");
            }
        }
    }

    #[test]
    fn another_seed_is_another_split() {
        let members = four_hundred_artists();
        for by in [SplitBy::Artist, SplitBy::Song] {
            let of = |seed| assign(&members, &SplitConfig { by, seed, ..SplitConfig::default() });
            assert_ne!(of(1), of(2), "{by:?}");
        }
    }
}
