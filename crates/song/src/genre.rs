use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

macro_rules! genres {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// A macro-genre. The set is closed and its order, alphabetical, is the label order
        /// of every model trained here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Genre { $($(#[$doc])* $variant),+ }

        impl Genre {
            /// Every genre, in label order.
            pub const ALL: [Genre; [$($name),+].len()] = [$(Genre::$variant),+];

            /// The name used in files, reports and answers.
            pub const fn name(self) -> &'static str {
                match self { $(Genre::$variant => $name),+ }
            }
        }
    };
}

genres! {
    /// Alternative and indie.
    Alternative = "Alternative",
    /// Classical.
    Classical = "Classical",
    /// Comedy.
    Comedy = "Comedy",
    /// Electronic and dance.
    Electronic = "Electronic",
    /// Folk and country.
    FolkCountry = "Folk/Country",
    /// Hip-hop and rap.
    HipHop = "Hip-Hop",
    /// Jazz and blues.
    JazzBlues = "Jazz/Blues",
    /// Metal.
    Metal = "Metal",
    /// Pop.
    Pop = "Pop",
    /// R&B and soul.
    RnbSoul = "R&B/Soul",
    /// Reggae and Latin.
    ReggaeLatin = "Reggae/Latin",
    /// Christian and other religious music.
    Religious = "Religious",
    /// Rock and punk.
    Rock = "Rock",
    /// Soundtracks.
    Soundtrack = "Soundtrack",
}

impl Genre {
    /// Position in the label order.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Every name, in label order.
    pub fn names() -> Vec<String> {
        Self::ALL.map(|genre| genre.name().to_owned()).to_vec()
    }
}

impl fmt::Display for Genre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no macro-genre.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown genre `{0}`, expected one of {names}", names = Genre::ALL.map(|g| format!("`{g}`")).join(", "))]
pub struct UnknownGenre(pub String);

impl FromStr for Genre {
    type Err = UnknownGenre;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Genre::ALL
            .into_iter()
            .find(|genre| genre.name() == name)
            .ok_or_else(|| UnknownGenre(name.to_owned()))
    }
}

impl Serialize for Genre {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Genre {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of genres that iterates in label order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct GenreSet(u16);

impl GenreSet {
    /// No genre.
    pub const EMPTY: GenreSet = GenreSet(0);

    /// Adds `genre`.
    pub fn insert(&mut self, genre: Genre) {
        self.0 |= 1 << genre.index();
    }

    /// Whether `genre` is in the set.
    pub const fn contains(self, genre: Genre) -> bool {
        self.0 & (1 << genre.index()) != 0
    }

    /// Number of genres.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether the set holds no genre.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Genres of either set.
    #[must_use]
    pub const fn union(self, other: GenreSet) -> GenreSet {
        GenreSet(self.0 | other.0)
    }

    /// The genres, in label order.
    pub fn iter(self) -> impl Iterator<Item = Genre> {
        Genre::ALL.into_iter().filter(move |&genre| self.contains(genre))
    }

    /// One flag a label, in label order.
    pub fn flags(self) -> [bool; Genre::ALL.len()] {
        Genre::ALL.map(|genre| self.contains(genre))
    }

    /// The names, in label order.
    pub fn to_names(self) -> Vec<&'static str> {
        self.iter().map(Genre::name).collect()
    }

    /// The set of the named genres.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownGenre> {
        names.into_iter().map(str::parse).collect()
    }
}

impl FromIterator<Genre> for GenreSet {
    fn from_iter<I: IntoIterator<Item = Genre>>(genres: I) -> Self {
        let mut set = GenreSet::EMPTY;
        for genre in genres {
            set.insert(genre);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn label_order_is_alphabetical() {
        assert!(Genre::names().is_sorted());
    }

    #[test]
    fn unknown_names_list_the_known_ones() {
        let error = "Polka".parse::<Genre>().unwrap_err().to_string();
        assert!(error.contains("`Polka`") && error.contains("`R&B/Soul`"), "{error}");
    }

    proptest! {
        #[test]
        fn sets_equal_their_names(bits in 0u16..(1 << 14)) {
            let set: GenreSet = Genre::ALL.into_iter().filter(|g| bits & (1 << g.index()) != 0).collect();
            prop_assert_eq!(GenreSet::from_names(set.to_names()), Ok(set));
            prop_assert_eq!(set.len(), set.flags().iter().filter(|&&flag| flag).count());
        }
    }
}
