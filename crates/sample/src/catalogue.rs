use crate::dice::Dice;
use canto_song::Genre;

/// A micro-genre as the `Genre` column names it, and what its songs sound like. This is the
/// generator's own belief; how names map to labels is decided elsewhere.
pub(crate) struct MicroGenre {
    pub(crate) name: &'static str,
    weight: u32,
    pub(crate) themes: Vec<Genre>,
}

/// Names no taxonomy knows.
pub(crate) const INVENTED: [&str; 12] = [
    "glimmerwave",
    "kitchencore",
    "tidal murmur",
    "pillowgaze",
    "sub-orbital",
    "fjordstep",
    "library music of the north",
    "zolkiana",
    "velvet noise",
    "quokka beat",
    "harbour chant",
    "post-nap",
];

/// How often an artist of each genre appears, in label order. Pop, rock and hip-hop lead as they
/// do in the real data; the rare genres get enough that a few thousand songs hold some of each.
const GENRE_WEIGHTS: [u32; 14] = [80, 42, 42, 80, 75, 150, 45, 75, 165, 70, 50, 45, 155, 42];

/// Every micro-genre, by the genre that leads it.
pub(crate) struct Catalogue(Vec<Vec<MicroGenre>>);

impl Catalogue {
    /// Reads the embedded list: `name: weight: theme, theme`.
    pub(crate) fn read() -> Self {
        let mut lists: Vec<Vec<MicroGenre>> = Genre::ALL.iter().map(|_| Vec::new()).collect();
        for micro in include_str!("../lexicon/genres.txt").lines().filter_map(read) {
            lists[micro.themes[0].index()].push(micro);
        }
        Self(lists)
    }

    /// A genre, at its share of the artists.
    pub(crate) fn genre(dice: &mut Dice) -> Genre {
        Genre::ALL[dice.weighted(GENRE_WEIGHTS.into_iter())]
    }

    /// A micro-genre that `genre` leads.
    pub(crate) fn micro_genre(&self, genre: Genre, dice: &mut Dice) -> &MicroGenre {
        let list = &self.0[genre.index()];
        &list[dice.weighted(list.iter().map(|micro| micro.weight))]
    }
}

fn read(line: &'static str) -> Option<MicroGenre> {
    let mut fields = line.split(": ");
    let (name, weight, themes) = (fields.next()?, fields.next()?, fields.next()?);
    let themes: Vec<Genre> = themes.split(", ").filter_map(|t| t.parse().ok()).collect();
    let weight = weight.parse().ok()?;
    (!themes.is_empty()).then_some(MicroGenre { name, weight, themes })
}

/// Genres whose songs are easily taken for one another.
pub(crate) fn neighbours(genre: Genre) -> &'static [Genre] {
    use Genre::{
        Alternative, Classical, Comedy, Electronic, FolkCountry, HipHop, JazzBlues, Metal, Pop,
        ReggaeLatin, Religious, RnbSoul, Rock, Soundtrack,
    };
    match genre {
        Alternative => &[Rock, Pop, FolkCountry, Electronic],
        Classical => &[Soundtrack, Religious, JazzBlues],
        Comedy => &[Pop, HipHop, FolkCountry, Soundtrack],
        Electronic => &[Pop, HipHop, Alternative, RnbSoul],
        FolkCountry => &[Rock, Alternative, Pop, JazzBlues],
        HipHop => &[RnbSoul, Pop, Electronic, ReggaeLatin],
        JazzBlues => &[RnbSoul, Pop, FolkCountry, Rock],
        Metal => &[Rock, Alternative, Soundtrack],
        Pop => &[RnbSoul, Electronic, Rock, Alternative],
        ReggaeLatin => &[Pop, HipHop, RnbSoul],
        Religious => &[Pop, RnbSoul, FolkCountry, Rock],
        RnbSoul => &[Pop, HipHop, JazzBlues],
        Rock => &[Alternative, Metal, Pop, FolkCountry],
        Soundtrack => &[Pop, Classical, Rock],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_read() {
        let lines = include_str!("../lexicon/genres.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .count();
        let Catalogue(lists) = Catalogue::read();
        assert_eq!(lists.iter().map(Vec::len).sum::<usize>(), lines);
        assert!(lists.iter().all(|list| !list.is_empty()));
    }
}
