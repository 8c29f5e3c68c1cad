//! One song.

use crate::server::{told, without_genre};
use crate::{Page, percent};
use canto_serve::{Keys, Settings};

fn bars(page: &mut Page) -> Vec<(String, String)> {
    let (labels, scores) = (page.texts("#bars .label"), page.texts("#bars .percent"));
    labels.into_iter().zip(scores).collect()
}

#[test]
fn the_example_has_bars_and_telling_lines() {
    let mut page = Page::open(Settings::default());
    page.click("#example");
    page.wait_to_show("#lines .telling");
    let lyrics = page.browser.evaluate("document.querySelector('#lyrics').value");
    let mut labels = told(lyrics.as_str().unwrap()).labels;
    labels.sort_by(|a, b| b.score.total_cmp(&a.score));
    let expected: Vec<_> =
        labels.iter().map(|label| (label.label.clone(), percent(label.score))).collect();
    assert_eq!(bars(&mut page), expected);
    let counted = labels.iter().filter(|label| label.predicted).count();
    assert_eq!(page.texts("#bars .counts").len(), counted);
    // The mark stands at the threshold, 0.6 of the bar's width.
    let mark = "(() => { const bar = document.querySelector('#bars .bar'); \
        const left = parseFloat(getComputedStyle(bar, '::after').left); \
        return Math.abs(left / bar.clientWidth - 0.6) < 0.02; })()";
    assert_eq!(page.browser.evaluate(mark), true);
    assert_eq!(page.text("#lines-title"), format!("What speaks for {}", labels[0].label));
    let lines = lyrics.as_str().unwrap().lines().count();
    assert_eq!(page.texts("#lines p").len(), lines);
    assert!(page.texts("#lines .points").iter().all(|points| points.starts_with('+')));
    page.is_quiet();
}

#[test]
fn another_genre_has_other_lines_without_another_question() {
    let mut page = Page::open(Settings::default());
    page.click("#example");
    page.wait_to_show("#lines .telling");
    let points = page.texts("#lines .points");
    let asked = page.browser.requests().len();
    page.click("#bars li:nth-child(2) button");
    let second = page.text("#bars li:nth-child(2) .label");
    page.wait_to_say("#lines-title", &second);
    assert_ne!(page.texts("#lines .points"), points);
    assert_eq!(page.browser.requests().len(), asked);
    let pressed = "[...document.querySelectorAll('#bars button')].map((it) => it.ariaPressed)";
    let pressed = crate::strings(&page.browser.evaluate(pressed));
    assert_eq!(pressed.iter().position(|it| it == "true"), Some(1));
    assert_eq!(pressed.iter().filter(|it| *it == "true").count(), 1);
    page.is_quiet();
}

#[test]
fn what_is_typed_is_asked_about_by_itself() {
    let mut page = Page::open(Settings::default());
    page.click("#lyrics");
    page.browser.write("rain on the highway");
    page.wait_to_show("#bars li");
    let first = bars(&mut page);
    assert!(!page.shows("#lines-block"), "lines cost more and are asked for");
    page.browser.write(", radio low");
    let scores =
        "[...document.querySelectorAll('#bars .percent')].map((it) => it.innerText).join()";
    let first: Vec<_> = first.into_iter().map(|(_, score)| score).collect();
    let differs = format!("{scores} !== '{}'", first.join(","));
    page.browser.wait_for(&differs);
    page.fill_in(" ");
    page.wait_to_hide("#result");
    assert!(!page.shows("#problem"), "nothing was asked for");
    page.is_quiet();
}

#[test]
fn without_lyrics_it_says_so() {
    let mut page = Page::open(Settings::default());
    page.click("#form .primary");
    page.wait_to_show("#problem");
    assert!(page.text("#problem").contains("no lyrics yet"), "{}", page.text("#problem"));
    assert_eq!(page.browser.evaluate("document.activeElement.id"), "lyrics");
    assert_eq!(page.browser.evaluate("document.activeElement.ariaInvalid"), "true");
    page.browser.write("rain on the highway");
    page.wait_to_show("#bars li");
    assert!(!page.shows("#problem"));
    page.is_quiet();
}

#[test]
fn what_is_doubtful_is_said() {
    let mut page = Page::open(Settings::default());
    page.fill_in(&format!("lo que {}", "la ".repeat(400)));
    page.click("#form .primary");
    page.wait_to_show("#notices li:nth-child(2)");
    let notices = page.texts("#notices li").join(" ");
    assert!(notices.contains("seem to be in Spanish (90% sure). The model knows English"));
    assert!(notices.contains("The song is cut: it has 404 tokens"), "{notices}");
    page.fill_in(&without_genre());
    page.click("#form .primary");
    page.wait_to_say("#notices", "No genre reaches its threshold");
    assert_eq!(page.texts("#bars li").len(), 7);
    assert_eq!(page.texts("#bars .counts").len(), 0);
    page.is_quiet();
}

#[test]
fn a_server_that_is_gone_is_told_of_until_it_is_back() {
    let mut page = Page::open(Settings::default());
    page.click("#example");
    page.wait_to_show("#lines .telling");
    page.server.stop();
    page.click("#example");
    page.wait_to_show("#problem");
    assert!(page.text("#problem").contains("does not answer"), "{}", page.text("#problem"));
    assert!(!page.shows("#result"), "it was of other lyrics");
    page.server.start_again();
    page.wait_to_show("#lines .telling");
    assert!(!page.shows("#problem"));
    // By hand, too.
    page.server.stop();
    page.click("#form .primary");
    page.wait_to_show("#problem button");
    page.server.start_again();
    page.click("#problem button");
    page.wait_to_show("#lines .telling");
    page.is_quiet_but_for_requests();
}

#[test]
fn what_the_server_refuses_is_said_in_the_page_s_words() {
    let mut page = Page::open(Settings { max_body: 100, ..Settings::default() });
    page.fill_in(&"la ".repeat(100));
    page.click("#form .primary");
    page.wait_to_say("#problem", "more text than the server takes");
    page.is_quiet_but_for_requests();
}

#[test]
fn a_key_is_asked_for_and_used() {
    let mut page = Page::open(Settings { keys: Keys::new("sesame"), ..Settings::default() });
    page.wait_to_show("#key");
    assert!(!page.shows("#key-wrong"), "none was given yet");
    page.browser.write("wrong");
    page.browser.press("Enter");
    page.wait_to_say("#key-wrong", "does not take this key");
    page.browser.write("sesame");
    page.click("#key-form button");
    page.wait_to_say("#model", "invented");
    page.click("#example");
    page.wait_to_show("#lines .telling");
    assert!(!page.shows("#key-form"));
    page.is_quiet_but_for_requests();
}

#[test]
fn the_keyboard_is_enough() {
    let mut page = Page::open(Settings::default());
    let mut stops = Vec::new();
    for _ in 0..5 {
        page.browser.press("Tab");
        let focused = "document.activeElement.id || document.activeElement.textContent";
        stops.push(page.browser.evaluate(focused).as_str().unwrap().to_owned());
        if stops.last().unwrap() == "lyrics" {
            page.browser.write("rain on the highway\nradio low");
        }
    }
    assert_eq!(stops, ["English", "Español", "lyrics", "Tell its genres", "example"]);
    // Back to the button and press it.
    page.browser.evaluate("document.querySelector('#form .primary').focus()");
    page.browser.press("Enter");
    page.wait_to_show("#lines .telling");
    page.browser.press("Tab");
    page.browser.press("Tab");
    page.browser.press("Tab");
    assert_eq!(
        page.browser.evaluate("document.activeElement.closest('#bars') !== null"),
        true,
        "the second bar"
    );
    page.browser.press(" ");
    let second = page.text("#bars li:nth-child(2) .label");
    page.wait_to_say("#lines-title", &second);
    let stays = "document.activeElement === document.querySelector('#bars li:nth-child(2) button')";
    assert_eq!(page.browser.evaluate(stays), true);
    page.is_quiet();
}
