//! The page in a real browser, used as a person would: by mouse, by keyboard, with files, with a
//! server that goes away.
//!
//! No part of `cargo test`, because it needs Chromium and axe-core: `make page-check`. Without
//! them it fails and says what to do. With `CANTO_SCREENSHOTS=<folder>` it also leaves pictures of
//! the page there.
#![expect(clippy::format_collect, clippy::format_push_string, reason = "files of a few lines")]

#[path = "../invented/mod.rs"]
mod invented;

mod files;
mod languages;
mod list;
mod looks;
mod server;
mod song;

use canto_chromium::Chromium;
use canto_serve::Settings;
use serde_json::{Value, json};
use server::Server;

/// A server and a browser that shows its page.
struct Page {
    browser: Chromium,
    server: Server,
}

impl Page {
    /// In English, on a desktop.
    fn open(settings: Settings) -> Self {
        Self::of(Server::start(settings))
    }

    /// The same over a server that is there.
    fn of(server: Server) -> Self {
        let mut browser = Chromium::start();
        browser.speak("en-GB,en");
        browser.resize(1280, 900, false);
        browser.open(&server.url());
        Self { browser, server }
    }

    fn click(&mut self, selector: &str) {
        self.browser.click(selector);
    }

    /// The text of an element as it is shown: nothing where it is hidden.
    fn text(&mut self, selector: &str) -> String {
        let text =
            self.browser.evaluate(&format!("document.querySelector('{selector}').innerText"));
        text.as_str().unwrap().to_owned()
    }

    /// The texts of all elements of a kind.
    fn texts(&mut self, selector: &str) -> Vec<String> {
        let script =
            format!("[...document.querySelectorAll('{selector}')].map((it) => it.innerText)");
        strings(&self.browser.evaluate(&script))
    }

    fn shows(&mut self, selector: &str) -> bool {
        let script = format!("document.querySelector('{selector}').checkVisibility()");
        self.browser.evaluate(&script) == true
    }

    #[track_caller]
    fn wait_to_show(&mut self, selector: &str) {
        self.browser.wait_for(&format!("document.querySelector('{selector}')?.checkVisibility()"));
    }

    #[track_caller]
    fn wait_to_hide(&mut self, selector: &str) {
        self.browser.wait_for(&format!("!document.querySelector('{selector}')?.checkVisibility()"));
    }

    /// Waits until the text of an element has something in it.
    #[track_caller]
    fn wait_to_say(&mut self, selector: &str, words: &str) {
        let words = json!(words);
        let script = format!("document.querySelector('{selector}').textContent.includes({words})");
        self.browser.wait_for(&script);
    }

    /// Puts lyrics where they are typed, all at once.
    fn fill_in(&mut self, lyrics: &str) {
        self.browser.evaluate("document.querySelector('#lyrics').value = ''");
        self.click("#lyrics");
        self.browser.write(lyrics);
    }

    /// Nothing on the console, no exception, nothing that the page's policy forbids.
    #[track_caller]
    fn is_quiet(&mut self) {
        assert_eq!(self.browser.complaints(), [""; 0]);
    }

    /// The same, but for requests that failed: a browser notes each.
    #[track_caller]
    fn is_quiet_but_for_requests(&mut self) {
        let complaints = self.browser.complaints();
        let others = complaints.iter().filter(|one| !one.contains(r#""source":"network""#));
        assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
    }
}

/// A score as the page shows it in English; the model's scores are whole thousandths.
fn percent(score: f32) -> String {
    let thousandths = (1000.0 * score).round() as u32;
    format!("{}%", (thousandths + 5) / 10)
}

fn strings(list: &Value) -> Vec<String> {
    let text = |one: &Value| one.as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}
