//! Many songs.

use crate::server::{Server, told, without_genre};
use crate::{Page, percent, strings};
use canto_serve::Settings;
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn lyrics(number: usize) -> String {
    format!("hum number {number},\nsaid \"la\"")
}

/// A table of so many songs.
fn table(folder: &TempDir, songs: usize) -> PathBuf {
    let mut text = "title,lyrics\r\n".to_owned();
    for number in 0..songs {
        let quoted = lyrics(number).replace('"', "\"\"");
        write!(text, "Song {number},\"{quoted}\"\r\n").unwrap();
    }
    file(folder, "songs.csv", &text)
}

fn choose(page: &mut Page, paths: &[&Path]) {
    page.browser.choose_files("#files", paths);
    page.wait_to_show("#list");
}

fn finished(page: &mut Page) {
    page.wait_to_say("#list-status", "Done: ");
}

/// Of each row: its song, its genres and its top score.
fn rows(page: &mut Page) -> Vec<Vec<String>> {
    let script = "[...document.querySelectorAll('#table tbody tr')].map((row) => \
        [...row.cells].map((cell) => cell.innerText.replace(/\\s+/g, ' ').trim()))";
    let rows = page.browser.evaluate(script);
    rows.as_array().unwrap().iter().map(strings).collect()
}

fn column(page: &mut Page, at: usize) -> Vec<String> {
    rows(page).into_iter().map(|mut row| row.swap_remove(at)).collect()
}

#[test]
fn files_become_a_table_asked_for_in_parts_that_the_server_takes() {
    let folder = tempfile::tempdir().unwrap();
    let csv = table(&folder, 7);
    let txt = file(&folder, "alone.txt", "one song\nof two lines");
    let lines = format!("{}\n", json!({"title": "Line", "lyrics": "of a stream"}));
    let ndjson = file(&folder, "stream.ndjson", &lines);
    let mut page = Page::open(Settings { max_songs: 4, ..Settings::default() });
    choose(&mut page, &[&csv, &txt, &ndjson]);
    finished(&mut page);
    let songs = (0..7).map(|number| (format!("Song {number}"), lyrics(number)));
    let others = [("alone", "one song\nof two lines"), ("Line", "of a stream")];
    let others = others.map(|(title, lyrics)| (title.to_owned(), lyrics.to_owned()));
    for (row, (title, lyrics)) in rows(&mut page).iter().zip(songs.chain(others)) {
        let told = told(&lyrics);
        let genres =
            told.genres.iter().map(|genre| format!("{} {}", genre.label, percent(genre.score)));
        let genres = genres.collect::<Vec<_>>().join(" ");
        let top = told.labels.iter().map(|label| label.score).fold(0.0, f32::max);
        assert_eq!(row[1], title);
        if told.genres.is_empty() {
            assert!(row[2].starts_with("none nearest: "), "{row:?}");
        } else {
            assert_eq!(row[2], genres);
        }
        assert_eq!(row[3], percent(top));
    }
    assert_eq!(rows(&mut page).len(), 9);
    let asked = page.browser.requests();
    assert_eq!(asked.iter().filter(|url| url.ends_with("/predict/batch")).count(), 3, "4 + 4 + 1");
    page.is_quiet();
}

#[test]
fn bytes_are_kept_within_the_limit_too() {
    let folder = tempfile::tempdir().unwrap();
    let songs: String = (0..6)
        .map(|number| format!("{{\"lyrics\": \"{number} {}\"}}\n", "é".repeat(100)))
        .collect();
    let large = format!("{songs}{{\"lyrics\": \"{}\"}}\n", "la ".repeat(400));
    let ndjson = file(&folder, "songs.jsonl", &large);
    let mut page = Page::open(Settings { max_batch_body: 500, ..Settings::default() });
    choose(&mut page, &[&ndjson]);
    finished(&mut page);
    assert!(
        page.text("#progress-text").ends_with("1 not scored"),
        "{}",
        page.text("#progress-text")
    );
    assert!(column(&mut page, 1)[6].contains("more text than the server takes"));
    let asked = page.browser.requests();
    assert_eq!(
        asked.iter().filter(|url| url.ends_with("/predict/batch")).count(),
        3,
        "2 a request"
    );
    page.is_quiet();
}

#[test]
fn files_may_be_dropped_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, other) = (table(&folder, 3), file(&folder, "cover.png", "not a song"));
    let mut page = Page::open(Settings::default());
    page.browser.drop_files((1000, 800), &[&csv, &other]);
    page.wait_to_show("#list");
    finished(&mut page);
    assert_eq!(rows(&mut page).len(), 3);
    assert!(page.text("#file-problems").starts_with("cover.png: not a .txt"));
    // More files go below.
    page.browser.drop_files((10, 10), &[&csv]);
    page.browser.wait_for("document.querySelectorAll('#table tbody tr').length === 6");
    finished(&mut page);
    page.click("#clear");
    page.wait_to_hide("#list");
    page.is_quiet();
}

#[test]
fn each_column_sorts_by_mouse_and_by_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    let csv = table(&folder, 12);
    let empty = file(&folder, "empty.txt", " ");
    let mut page = Page::open(Settings::default());
    choose(&mut page, &[&empty, &csv]);
    finished(&mut page);
    page.click("[data-column=score] button");
    let scores = column(&mut page, 3);
    let values: Vec<u32> =
        scores.iter().filter_map(|text| text.trim_end_matches('%').parse().ok()).collect();
    assert!(values.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert_eq!(scores.last().unwrap(), "", "what has no score comes last");
    assert_eq!(
        page.browser.evaluate("document.querySelector('[data-column=score]').ariaSort"),
        "descending"
    );
    // The button has the focus.
    page.browser.press("Enter");
    let scores = column(&mut page, 3);
    let values: Vec<u32> =
        scores.iter().filter_map(|text| text.trim_end_matches('%').parse().ok()).collect();
    assert!(values.is_sorted(), "{scores:?}");
    assert_eq!(scores.last().unwrap(), "");
    page.click("[data-column=song] button");
    let songs = column(&mut page, 1);
    assert!(songs[0].starts_with("empty"), "{songs:?}");
    assert_eq!((&songs[3][..], &songs[12][..]), ("Song 2", "Song 11"), "numbers as numbers");
    page.click("[data-column=number] button");
    assert!(column(&mut page, 1)[0].starts_with("empty"));
    page.is_quiet();
}

#[test]
fn it_can_be_stopped_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let csv = table(&folder, 20);
    let mut page = Page::of(Server::slow(Settings::default(), Duration::from_millis(100)));
    choose(&mut page, &[&csv]);
    page.browser.wait_for("document.querySelector('#progress').value >= 2");
    assert!(page.text("#progress-text").ends_with("of 20 songs"));
    page.click("#cancel");
    page.wait_to_say("#list-status", "Stopped: ");
    let done = column(&mut page, 3).iter().filter(|score| !score.is_empty()).count();
    assert!((2..20).contains(&done), "{done}");
    assert!(page.text("#progress-text").ends_with(&format!("{} still to do", 20 - done)));
    assert!(page.shows("#download"));
    page.click("#resume");
    finished(&mut page);
    assert!(column(&mut page, 3).iter().all(|score| !score.is_empty()));
    assert!(!page.shows("#resume"));
    page.is_quiet();
}

#[test]
fn a_server_that_goes_away_midway_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let csv = table(&folder, 12);
    let settings = Settings { max_songs: 6, ..Settings::default() };
    let mut page = Page::of(Server::slow(settings, Duration::from_millis(150)));
    choose(&mut page, &[&csv]);
    page.browser.wait_for("document.querySelector('#progress').value >= 2");
    page.server.stop();
    page.wait_to_show("#list-problem");
    let problem = page.text("#list-problem");
    assert!(problem.contains("does not answer") && problem.contains("are kept"), "{problem}");
    assert!(page.shows("#cancel"), "one need not wait");
    page.server.start_again();
    finished(&mut page);
    assert!(!page.shows("#list-problem"));
    assert!(column(&mut page, 3).iter().all(|score| !score.is_empty()));
    page.is_quiet_but_for_requests();
}

#[test]
fn a_server_that_is_busy_is_asked_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let csv = table(&folder, 4);
    let settings = Settings { max_songs: 1, rate: Some(1), ..Settings::default() };
    let mut page = Page::open(settings);
    choose(&mut page, &[&csv]);
    page.wait_to_say("#list-problem", "it goes on in 1 second");
    finished(&mut page);
    assert_eq!(rows(&mut page).len(), 4);
    assert!(column(&mut page, 3).iter().all(|score| !score.is_empty()));
    page.is_quiet_but_for_requests();
}

#[test]
fn a_song_that_has_no_answer_costs_no_other_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "{\"lyrics\": \"la la\"}\n{\"words\": 1}\nnot json\n\n{\"lyrics\": \" \"}\n\"text\"\n";
    let ndjson = file(&folder, "songs.ndjson", text);
    let mut page = Page::open(Settings::default());
    choose(&mut page, &[&ndjson]);
    finished(&mut page);
    let songs = column(&mut page, 1);
    assert_eq!(songs[0], "songs.ndjson, row 1");
    assert_eq!(songs[1], "songs.ndjson, row 2 This line is not JSON with a key “lyrics”.");
    assert!(
        songs[2].contains("not JSON")
            && songs[4].contains("row 6")
            && songs[4].contains("not JSON")
    );
    assert!(songs[3].contains("row 5") && songs[3].contains("no lyrics"), "{songs:?}");
    assert!(
        page.text("#progress-text").ends_with("4 not scored"),
        "{}",
        page.text("#progress-text")
    );
    assert!(!page.shows("#resume"), "asking again would not help");
    page.is_quiet();
}

#[test]
fn a_song_of_the_table_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let csv = table(&folder, 3);
    let mut page = Page::open(Settings::default());
    choose(&mut page, &[&csv]);
    finished(&mut page);
    page.click("#table tbody tr:nth-child(2) button");
    page.wait_to_show("#lines .telling");
    assert_eq!(page.browser.evaluate("document.querySelector('#lyrics').value"), lyrics(1));
    assert_eq!(page.browser.evaluate("document.activeElement.id"), "lyrics");
    page.is_quiet();
}

#[test]
fn the_download_is_a_table_that_no_spreadsheet_runs() {
    let folder = tempfile::tempdir().unwrap();
    let songs = [
        ("Plain", "la la"),
        ("=HYPERLINK(\"http://x\")", "said \"la\",\r\nand went"),
        ("@SUM(A1)", "la"),
        ("+1", "la"),
        (" -2", "la"),
        ("Two; parts, and a \"quote\"", "la"),
        ("Empty", ""),
    ];
    let lines: String = songs
        .iter()
        .map(|(title, lyrics)| format!("{}\n", json!({"title": title, "lyrics": lyrics})))
        .collect();
    let none = file(&folder, "none.txt", &without_genre());
    let ndjson = file(&folder, "=songs.ndjson", &lines);
    let saved = tempfile::tempdir().unwrap();
    let mut page = Page::open(Settings::default());
    page.browser.save_to(saved.path());
    choose(&mut page, &[&ndjson, &none]);
    finished(&mut page);
    page.click("#download");
    let text = downloaded(&saved.path().join("canto-genres.csv"));
    let text = text.strip_prefix('\u{feff}').expect("spreadsheets know UTF-8 by its mark");
    assert_eq!(text.matches("\r\n").count(), 9, "no line break but those between rows");
    assert_eq!(text.matches('\n').count(), 9);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |row: usize, name: &str| {
        let at = header.iter().position(|found| found == name).unwrap_or_else(|| panic!("{name}"));
        rows[row][at].to_owned()
    };
    let titles: Vec<_> = (0..7).map(|row| cell(row, "title")).collect();
    let guarded =
        ["Plain", "'=HYPERLINK(\"http://x\")", "'@SUM(A1)", "'+1", "-2", songs[5].0, "Empty"];
    assert_eq!(titles[..4], guarded[..4]);
    assert_eq!(titles[4], "'-2");
    assert_eq!(titles[5..], guarded[5..]);
    assert_eq!((cell(0, "file"), cell(6, "row")), ("'=songs.ndjson".to_owned(), "7".to_owned()));
    for (row, (_, lyrics)) in songs[..6].iter().enumerate() {
        let told = told(lyrics);
        let genres: Vec<_> = told.genres.iter().map(|genre| genre.label.clone()).collect();
        assert_eq!(cell(row, "genres"), genres.join(";"));
        for label in told.labels {
            let score: f32 = cell(row, &format!("score:{}", label.label)).parse().unwrap();
            assert!((score - label.score).abs() < 1e-6);
        }
        assert_eq!(cell(row, "tokens"), told.tokens.to_string());
        assert_eq!((cell(row, "truncated"), cell(row, "error")), ("false".into(), String::new()));
    }
    assert_eq!((cell(6, "error"), cell(6, "score:Pop")), ("missing_lyrics".into(), String::new()));
    assert_eq!((cell(7, "genres"), cell(7, "title")), (String::new(), "none".to_owned()));
    page.is_quiet();
}

/// Waits for a file; a browser gives it its name when it is whole.
#[track_caller]
fn downloaded(path: &Path) -> String {
    for _ in 0..500 {
        if let Ok(text) = std::fs::read_to_string(path) {
            return text;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("nothing was saved as {}", path.display());
}

#[test]
fn a_long_table_is_shown_in_parts_and_hostile_titles_are_text() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = "<img src=x onerror=throw/**/1><b>";
    let lines: String = (0..250)
        .map(|number| {
            format!(
                "{}\n",
                json!({"title": format!("{hostile}{number}"), "lyrics": lyrics(number)})
            )
        })
        .collect();
    let ndjson = file(&folder, "many.ndjson", &lines);
    let mut page = Page::open(Settings::default());
    choose(&mut page, &[&ndjson]);
    finished(&mut page);
    assert_eq!(rows(&mut page).len(), 100);
    assert_eq!(rows(&mut page)[0][1], format!("{hostile}0"));
    assert_eq!(page.text("#more"), "Show 100 more");
    page.click("#more");
    assert_eq!(page.text("#more"), "Show 50 more");
    page.click("#more");
    assert_eq!(rows(&mut page).len(), 250);
    assert!(!page.shows("#more"));
    assert_eq!(page.browser.evaluate("document.querySelectorAll('img, b').length"), 0);
    page.is_quiet();
}
