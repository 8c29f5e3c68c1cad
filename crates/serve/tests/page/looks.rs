//! Every state of the page at every width, in light and dark and both languages: axe finds
//! nothing, nothing sticks out, and pictures are left where they are asked for.

use crate::Page;
use crate::server::Server;
use canto_serve::{Keys, Settings};
use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Every rule of axe, the best practices too; each violation in a line.
const RULES: &str = "axe.run().then(({ violations }) => violations.flatMap((rule) =>
  rule.nodes.map((node) => `${rule.id}: ${node.html} ${node.failureSummary}`)))";

const TOO_WIDE: &str =
    "document.documentElement.scrollWidth - document.documentElement.clientWidth";

/// Whether a text is missing from a language.
const UNTRANSLATED: &str = "/undefined|null|\\[object/.test(document.body.innerText)";

fn axe() -> String {
    let path =
        env::var_os("AXE").expect("name the script by AXE=<axe.min.js>, or `make page-check`");
    let axe = fs::read_to_string(&path);
    let axe = axe.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    format!("{axe}; 0")
}

struct Look {
    axe: String,
    pictures: Option<PathBuf>,
    /// Width, tone and language.
    way: String,
}

impl Look {
    #[track_caller]
    fn at(&self, page: &mut Page, state: &str) {
        let Self { axe, way, .. } = self;
        page.browser.evaluate(axe);
        let found = page.browser.evaluate(RULES);
        assert_eq!(found, Value::Array(Vec::new()), "{state} {way}");
        assert_eq!(page.browser.evaluate(TOO_WIDE), 0, "{state} {way}");
        assert_eq!(page.browser.evaluate(UNTRANSLATED), false, "{state} {way}");
        if let Some(folder) = &self.pictures {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(format!("{state}-{way}.png")), page.browser.picture()).unwrap();
        }
    }
}

fn look_through(width: u32, dark: bool, language: &str) {
    let tone = if dark { "dark" } else { "light" };
    let pictures = env::var_os("CANTO_SCREENSHOTS").map(PathBuf::from);
    let look = Look { axe: axe(), pictures, way: format!("{width}-{tone}-{language}") };
    let mut page = Page::of(Server::slow(Settings::default(), Duration::from_millis(60)));
    page.browser.speak(language);
    page.browser.resize(width, 900, dark);
    page.browser.open(&page.server.url());
    page.wait_to_say("#model", "invented");
    look.at(&mut page, "empty");
    page.click("#form .primary");
    page.wait_to_show("#problem");
    look.at(&mut page, "no-lyrics");
    page.click("#example");
    page.wait_to_show("#lines .telling");
    look.at(&mut page, "result");
    page.fill_in(&"a line that goes on, lo que no se sabe\n".repeat(60));
    page.click("#form .primary");
    page.wait_to_show("#notices li:nth-child(2)");
    page.wait_to_show("#lines .telling");
    look.at(&mut page, "notices");
    let folder = tempfile::tempdir().unwrap();
    let path = songs(folder.path());
    page.browser.choose_files("#files", &[&path, &folder.path().join("cover.png")]);
    page.wait_to_show("#cancel");
    look.at(&mut page, "reading");
    page.wait_to_hide("#cancel");
    look.at(&mut page, "table");
    page.server.stop();
    page.click("#example");
    page.wait_to_show("#problem");
    page.browser.choose_files("#files", &[&path]);
    page.wait_to_show("#list-problem");
    look.at(&mut page, "gone");
    page.is_quiet_but_for_requests();
    page.server = Server::start(Settings { keys: Keys::new("sesame"), ..Settings::default() });
    page.browser.open(&page.server.url());
    page.wait_to_show("#key");
    page.browser.write("wrong");
    page.browser.press("Enter");
    page.wait_to_show("#key-wrong");
    look.at(&mut page, "key");
    page.is_quiet_but_for_requests();
}

/// Songs of every kind, one with a name without spaces, and a picture.
fn songs(folder: &Path) -> PathBuf {
    fs::write(folder.join("cover.png"), "").unwrap();
    let mut text = "title,artist,lyrics\n".to_owned();
    for number in 0..30 {
        text += &format!("The song of number {number},Band {},la number {number}\n", number % 4);
    }
    text += &format!(
        "{},,la\nEmpty,,\nOtra,,lo que la\nLong,,{}\n",
        "Long".repeat(20),
        "la ".repeat(500)
    );
    let path = folder.join("songs.csv");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_desktop_in_light() {
    look_through(1280, false, "en");
}

#[test]
fn a_desktop_in_dark() {
    look_through(1280, true, "es");
}

#[test]
fn a_phone_in_light() {
    look_through(390, false, "es");
}

#[test]
fn a_phone_in_dark() {
    look_through(390, true, "en");
}

#[test]
fn a_small_phone_and_a_tablet() {
    look_through(320, false, "es");
    look_through(768, false, "en");
}
