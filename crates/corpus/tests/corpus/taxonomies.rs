//! The two taxonomy files of the repository.

use crate::fixture::taxonomy;
use canto_corpus::{Mapping, Taxonomy};

fn genres(file: &str, name: &str) -> Vec<&'static str> {
    Taxonomy::open(&taxonomy(file)).unwrap().map(name).genres().to_names()
}

#[test]
fn the_table_holds_eighty_eight_names() {
    let text = std::fs::read_to_string(taxonomy("taxonomy.toml")).unwrap();
    let file: toml::Table = text.parse().unwrap();
    let table = file["table"].as_table().unwrap();
    assert_eq!(table.len(), 88);
    let all = Taxonomy::open(&taxonomy("taxonomy.toml")).unwrap();
    for name in table.keys() {
        assert!(matches!(all.map(name), Mapping::Table(_)), "{name}");
    }
    for (name, expected) in [
        ("dance pop", ["Electronic", "Pop"].as_slice()),
        ("r&b", &["R&B/Soul"]),
        ("adult standards", &["Jazz/Blues", "Pop"]),
        ("latin pop", &["Pop", "Reggae/Latin"]),
        ("dancehall", &["Reggae/Latin"]),
    ] {
        assert_eq!(genres("taxonomy.toml", name), expected, "{name}");
    }
}

#[test]
fn names_outside_the_table_make_musical_sense() {
    for (name, expected) in [
        ("melodic death metal", ["Metal"].as_slice()),
        ("christian metalcore", &["Metal", "Religious"]),
        ("detroit hip hop", &["Hip-Hop"]),
        ("rocksteady", &["Reggae/Latin"]),
        ("rock steady", &["Reggae/Latin"]),
        ("trap queen", &["Hip-Hop", "R&B/Soul"]),
        ("mellow gold", &["Pop", "Rock"]),
        ("swedish pop", &["Pop"]),
        ("progressive trance", &["Electronic"]),
        ("alternative country", &["Alternative", "Folk/Country"]),
        ("polka", &[]),
        ("popping", &[]),
    ] {
        assert_eq!(genres("taxonomy.toml", name), expected, "{name}");
    }
}

#[test]
fn the_older_rules_keep_their_mistakes() {
    for (name, expected) in [
        ("dance pop", ["Electronic"].as_slice()),
        ("r&b", &[]),
        ("adult standards", &[]),
        ("latin pop", &["Pop"]),
        ("dancehall", &["Electronic"]),
        ("hip hop", &["Hip-Hop"]),
        ("rap metal", &["Metal"]),
        ("trip hop", &["Hip-Hop"]),
    ] {
        assert_eq!(genres("taxonomy-reglas.toml", name), expected, "{name}");
    }
}
