//! Files as they come: what is read of them, and what is said of those that are none.

use crate::Page;
use canto_serve::Settings;
use serde_json::{Value, json};

/// What the page's script reads of a file, `[title, lyrics]` a song, or what it says of it.
fn read(page: &mut Page, name: &str, bytes: &[u8]) -> Value {
    let script = format!(
        "import('/page/files.js').then(async ({{ songsOf }}) => {{ \
         const file = new File([new Uint8Array({})], {}); \
         const {{ songs, problem }} = await songsOf(file); \
         return problem ? problem() : songs.map((song) => [song.title, song.lyrics]); }})",
        json!(bytes),
        json!(name)
    );
    page.browser.evaluate(&script)
}

#[test]
fn csv_is_read_as_spreadsheets_write_it() {
    let mut page = Page::open(Settings::default());
    let mut songs = |text: &str| read(&mut page, "a.csv", text.as_bytes());
    let plain = json!([["One", "la\nla"], ["Two", "said \"la\", once"]]);
    let quoted = "title,lyrics\r\nOne,\"la\nla\"\r\nTwo,\"said \"\"la\"\", once\"\r\n";
    assert_eq!(songs(quoted), plain);
    assert_eq!(songs(&format!("\u{feff}{quoted}")), plain);
    assert_eq!(songs(quoted.trim_end()), plain);
    assert_eq!(songs("title;lyrics\nOne;la, la\n"), json!([["One", "la, la"]]));
    assert_eq!(songs("lyrics\ttitle\rla\tOne\r"), json!([["One", "la"]]));
    assert_eq!(
        songs("Artist,Title,LYRICS \nBand,One,la\n,Two\n"),
        json!([["One · Band", "la"], ["Two", ""]])
    );
    assert_eq!(songs("\"lyrics\"\n\n\"\"\nla\n"), json!([["", "la"]]), "blank lines are no songs");
    assert_eq!(
        songs("title,words\nOne,la\n"),
        "a.csv: no column “lyrics”, there are “title”, “words”"
    );
    assert_eq!(songs("lyrics\nla\n\"la\n\n"), "a.csv: a quotation mark in row 3 is never closed");
    assert_eq!(songs("lyrics\n"), "a.csv: there are no songs in it");
    assert_eq!(songs(""), "a.csv: there are no songs in it");
    let mut bytes = |bytes: &[u8]| read(&mut page, "a.tsv", bytes);
    assert_eq!(
        bytes(b"title\tlyrics\nCanci\xf3n\tla\n"),
        json!([["Canción", "la"]]),
        "Windows-1252"
    );
    let utf16: Vec<u8> =
        "\u{feff}title\tlyrics\nñ\tla\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(bytes(&utf16), json!([["ñ", "la"]]));
    page.is_quiet();
}

#[test]
fn other_files_are_read_or_refused_by_their_names() {
    let mut page = Page::open(Settings::default());
    let mut songs = |name: &str, text: &str| read(&mut page, name, text.as_bytes());
    assert_eq!(songs("My song.v2.TXT", "la\nla"), json!([["My song.v2", "la\nla"]]));
    let lines =
        "{\"lyrics\": \"la\", \"artist\": \"Band\", \"song\": \"One\"}\r\n\r\n{\"text\": \"la\"}";
    assert_eq!(songs("a.jsonl", lines), json!([["One · Band", "la"], ["", "la"]]));
    assert_eq!(songs("a.ndjson", " \n"), "a.ndjson: there are no songs in it");
    assert_eq!(songs("a.pdf", "la"), "a.pdf: not a .txt, .csv, .ndjson or .jsonl file");
    assert_eq!(songs("lyrics", "la"), "lyrics: not a .txt, .csv, .ndjson or .jsonl file");
    assert_eq!(songs("constructor", "la"), "constructor: not a .txt, .csv, .ndjson or .jsonl file");
    page.is_quiet();
}
