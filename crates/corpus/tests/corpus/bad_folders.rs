//! Folders that cannot be written or replaced.

use crate::fixture::{Desk, config, csv, thirty};
use canto_corpus::{Error, Prepared, prepare};
use canto_song::Silent;

#[test]
fn a_parent_that_is_a_file() {
    let desk = Desk::new();
    let source = desk.file("songs.csv", csv(&thirty()));
    let error = prepare(&source, &source.join("out"), &config(), &Silent).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    assert!(error.to_string().contains("songs.csv"), "{error}");
}

#[test]
fn a_place_where_nobody_may_write() {
    let desk = Desk::new();
    let source = desk.file("songs.csv", csv(&thirty()));
    let error =
        prepare(&source, std::path::Path::new("/proc/out"), &config(), &Silent).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}

#[test]
fn a_foreign_folder_stays_as_it_is() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("out")).unwrap();
    std::fs::write(desk.path("out/diary.txt"), "mine").unwrap();
    let error = desk.csv(csv(&thirty())).unwrap_err();
    assert!(matches!(error, Error::OutNotOurs { .. }), "{error}");
    assert_eq!(std::fs::read(desk.path("out/diary.txt")).unwrap(), b"mine");
}

#[test]
fn an_empty_folder_is_filled() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("out")).unwrap();
    desk.csv(csv(&thirty())).unwrap();
    assert_eq!(desk.entries(), ["out", "songs.csv"]);
}

#[test]
fn a_prepared_folder_is_replaced_whole() {
    let desk = Desk::new();
    desk.csv(csv(&thirty())).unwrap();
    std::fs::write(desk.path("out/left-over"), "x").unwrap();
    desk.csv(csv(&thirty()[..20])).unwrap();
    assert!(!desk.path("out/left-over").exists());
    assert_eq!(Prepared::open(&desk.path("out")).unwrap().manifest().rows, 20);
    assert_eq!(desk.entries(), ["out", "songs.csv"]);
}

#[test]
fn a_failure_leaves_the_older_folder() {
    let desk = Desk::new();
    desk.csv(csv(&thirty())).unwrap();
    desk.csv("Artist(s),song,text,Genre\nA,b,\"c,pop\n").unwrap_err();
    assert_eq!(Prepared::open(&desk.path("out")).unwrap().manifest().rows, 30);
}
