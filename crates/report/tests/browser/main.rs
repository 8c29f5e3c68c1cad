//! The pages in a real browser: no message on the console, no request, no sideways scrolling,
//! and tables that sort by mouse and by keyboard.
//!
//! No part of `cargo test`, because it needs Chromium: `cargo test -p canto-report --test
//! browser`. Without Chromium it fails and says what to install. With `CANTO_SCREENSHOTS=<folder>`
//! it also leaves pictures of the pages there, and the page as it prints.

#[path = "../invented/mod.rs"]
mod invented;

use canto_chromium::Chromium;
use canto_report::{Comparison, FORMAT_VERSION, Report, comparison_html, html, write};
use invented::{Invention, report};
use std::path::Path;

/// By how many pixels the page is wider than the window.
const TOO_WIDE: &str =
    "document.documentElement.scrollWidth - document.documentElement.clientWidth";

fn page(name: &str, html: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, html).unwrap();
    let url = format!("file://{}", path.display());
    (folder, url)
}

fn invented_page() -> (tempfile::TempDir, String) {
    page("report.html", &html(&report(&Invention::default())))
}

/// The text of a column of the table of labels, row by row.
fn column(browser: &mut Chromium, column: usize) -> Vec<String> {
    let script = format!(
        "JSON.stringify([...document.querySelectorAll('table.sorts tbody tr')]\
         .map(row => row.cells[{column}].dataset.sort))"
    );
    serde_json::from_str(browser.evaluate(&script).as_str().unwrap()).unwrap()
}

fn numbers(browser: &mut Chromium, at: usize) -> Vec<f64> {
    column(browser, at).iter().map(|text| text.parse().unwrap()).collect()
}

/// What the header of a column says of its order.
fn order(browser: &mut Chromium, column: usize) -> String {
    let script = format!("document.querySelectorAll('table.sorts thead th')[{column}].ariaSort");
    browser.evaluate(&script).as_str().unwrap().to_owned()
}

fn is_sorted_by(values: &[f64], in_order: impl Fn(f64, f64) -> bool) -> bool {
    values.windows(2).all(|two| in_order(two[0], two[1]))
}

#[test]
fn nothing_is_complained_of_and_nothing_is_asked_of_the_network() {
    let (_folder, url) = invented_page();
    let mut browser = Chromium::start();
    browser.open(&url);
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.requests(), [url]);
}

#[test]
fn a_click_sorts_and_another_turns_the_order() {
    let (_folder, url) = invented_page();
    let mut browser = Chromium::start();
    browser.open(&url);
    let before = column(&mut browser, 0);
    browser.click("table.sorts thead th:nth-child(2) button");
    let songs = numbers(&mut browser, 1);
    assert!(is_sorted_by(&songs, |one, next| one >= next), "{songs:?}");
    assert_eq!(order(&mut browser, 1), "descending");
    browser.click("table.sorts thead th:nth-child(2) button");
    let songs = numbers(&mut browser, 1);
    assert!(is_sorted_by(&songs, |one, next| one <= next), "{songs:?}");
    assert_eq!(order(&mut browser, 1), "ascending");
    browser.click("table.sorts thead th:first-child button");
    assert_eq!(column(&mut browser, 0), before);
    assert_eq!(
        (order(&mut browser, 0), order(&mut browser, 1)),
        ("ascending".into(), "none".into())
    );
}

#[test]
fn the_keyboard_sorts() {
    let (_folder, url) = invented_page();
    let mut browser = Chromium::start();
    browser.open(&url);
    browser.evaluate("document.querySelector('table.sorts thead th:nth-child(3) button').focus()");
    browser.press("Tab");
    browser.press("Enter");
    assert_eq!(order(&mut browser, 3), "descending");
    let aucs = numbers(&mut browser, 3);
    assert!(is_sorted_by(&aucs, |one, next| one >= next), "{aucs:?}");
    browser.press(" ");
    assert_eq!(order(&mut browser, 3), "ascending");
}

#[test]
fn what_is_undefined_sorts_last_either_way() {
    let mut report = report(&Invention::default());
    report.labels[4].roc_auc = None;
    let (_folder, url) = page("report.html", &html(&report));
    let mut browser = Chromium::start();
    browser.open(&url);
    for _ in 0..2 {
        browser.click("table.sorts thead th:nth-child(4) button");
        let aucs = column(&mut browser, 3);
        assert_eq!(aucs.iter().position(String::is_empty), Some(aucs.len() - 1), "{aucs:?}");
    }
}

#[test]
fn no_width_scrolls_sideways_with_one_label_or_many() {
    let names = ["Extraordinarily-Long-Unbroken-Name-Of-A-Genre-Nobody-Would-Choose", "R&B", "ש"];
    let labels = (0..40).map(|at| format!("{} {at}", names[at % 3])).collect();
    let many = Invention { labels, songs: 300, ..Invention::default() };
    let one = Invention { labels: vec!["Pop".to_owned()], ..Invention::default() };
    let mut browser = Chromium::start();
    for invention in [Invention::default(), many, one] {
        let (_folder, url) = page("report.html", &html(&report(&invention)));
        for width in [400, 768, 1280] {
            browser.resize(width, 900, false);
            browser.open(&url);
            let labels = invention.labels.len();
            assert_eq!(browser.evaluate(TOO_WIDE), 0, "{labels} labels, {width} pixels");
        }
    }
}

#[test]
fn colours_follow_the_system_and_the_switch() {
    let (_folder, url) = invented_page();
    let mut browser = Chromium::start();
    let ground = "getComputedStyle(document.body).backgroundColor";
    browser.resize(1280, 900, true);
    browser.open(&url);
    let dark = browser.evaluate(ground);
    browser.resize(1280, 900, false);
    let light = browser.evaluate(ground);
    assert_ne!(dark, light);
    browser.click("#theme");
    assert_eq!(browser.evaluate(ground), dark);
    browser.click("#theme");
    assert_eq!(browser.evaluate(ground), light);
}

/// Every text against the ground it stands on, as WCAG 2.2 reckons contrast; those below AA's 4.5.
const FAINT: &str = r"(() => {
  const brush = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    return [...brush.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (it) => {
    for (; it; it = it.parentElement) {
      const colour = rgba(getComputedStyle(it).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  for (const it of document.querySelectorAll('body *')) {
    const own = [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || ['SCRIPT', 'title', 'desc'].includes(it.nodeName)) continue;
    const style = getComputedStyle(it);
    const svg = it.namespaceURI.endsWith('svg');
    const pair = [light(rgba(svg ? style.fill : style.color)), light(ground(it))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) faint.add(it.nodeName + '.' + it.getAttribute('class') + ' ' + contrast.toFixed(2));
  }
  return [...faint].join(', ');
})()";

#[test]
fn every_text_stands_out_from_its_ground_in_the_light_and_in_the_dark() {
    let pages = [html(&report(&Invention::default())), comparison_html(&two_runs())];
    let mut browser = Chromium::start();
    for page_text in pages {
        let (_folder, url) = page("report.html", &page_text);
        for dark in [false, true] {
            browser.resize(1280, 900, dark);
            browser.open(&url);
            browser
                .evaluate("document.querySelectorAll('details').forEach((it) => it.open = true)");
            assert_eq!(browser.evaluate(FAINT), "", "dark: {dark}");
        }
    }
}

#[test]
fn hostile_text_runs_nothing() {
    let mut report = report(&Invention::default());
    let hostile = "</script><script>throw 1</script><img src=x onerror=throw/**/2>\"'><b>";
    report.run = hostile.to_owned();
    report.labels[0].metrics.label = hostile.to_owned();
    report.examples[0].telling[0].line = hostile.to_owned();
    report.settings = hostile.to_owned();
    let (_folder, url) = page("report.html", &html(&report));
    let mut browser = Chromium::start();
    browser.open(&url);
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.evaluate("document.scripts.length"), 1);
    assert_eq!(browser.evaluate("document.querySelector('h1').textContent"), hostile);
}

#[test]
fn the_page_that_compares_runs_is_as_quiet() {
    let (_folder, url) = page("comparison.html", &comparison_html(&two_runs()));
    let mut browser = Chromium::start();
    browser.resize(400, 900, false);
    browser.open(&url);
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.requests(), [url]);
    assert_eq!(browser.evaluate(TOO_WIDE), 0);
}

fn two_runs() -> Comparison {
    let first = report(&Invention::default());
    let second = Report {
        run: "second".to_owned(),
        ..report(&Invention { skill: 1.1, ..Invention::default() })
    };
    Comparison {
        format_version: FORMAT_VERSION,
        differences: vec![invented::differences(&first, &second)],
        runs: vec![first, second],
    }
}

#[test]
fn what_is_folded_is_printed_and_pictures_can_be_taken() {
    let folder = tempfile::tempdir().unwrap();
    write(&report(&Invention::default()), folder.path()).unwrap();
    let url = format!("file://{}", folder.path().join("report.html").display());
    let mut browser = Chromium::start();
    browser.open(&url);
    browser.evaluate("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(browser.evaluate("document.querySelectorAll('details:not([open])').length"), 0);
    browser.evaluate("dispatchEvent(new Event('afterprint'))");
    assert_eq!(browser.evaluate("document.querySelectorAll('details[open]').length"), 0);
    if let Some(pictures) = std::env::var_os("CANTO_SCREENSHOTS") {
        take_pictures(&mut browser, Path::new(&pictures), "report", &url);
        let (_folder, url) = page("comparison.html", &comparison_html(&two_runs()));
        take_pictures(&mut browser, Path::new(&pictures), "comparison", &url);
    }
}

fn take_pictures(browser: &mut Chromium, folder: &Path, name: &str, url: &str) {
    std::fs::create_dir_all(folder).unwrap();
    for (width, dark) in [(1280, false), (1280, true), (400, false), (400, true)] {
        browser.resize(width, 900, dark);
        browser.open(url);
        let tone = if dark { "dark" } else { "light" };
        let picture = folder.join(format!("{name}-{width}-{tone}.png"));
        std::fs::write(picture, browser.picture()).unwrap();
    }
    std::fs::write(folder.join(format!("{name}.pdf")), browser.print()).unwrap();
}
