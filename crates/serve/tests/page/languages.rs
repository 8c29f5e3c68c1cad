//! English and Spanish.

use crate::{Page, strings};
use canto_serve::Settings;

#[test]
fn the_browser_s_language_is_taken_where_it_is_known() {
    let mut page = Page::open(Settings::default());
    for (languages, expected) in
        [("es-MX,en", "es"), ("fr-FR,es,en", "es"), ("de-DE", "en"), ("en-GB", "en")]
    {
        page.browser.speak(languages);
        page.browser.open(&page.server.url());
        assert_eq!(page.browser.evaluate("document.documentElement.lang"), expected, "{languages}");
    }
    page.is_quiet();
}

#[test]
fn another_language_is_chosen_at_once_and_remembered() {
    let mut page = Page::open(Settings::default());
    page.click("#example");
    page.wait_to_show("#lines .telling");
    page.fill_in("lo que la");
    page.click("#form .primary");
    page.wait_to_show("#notices li");
    page.wait_to_show("#lines .telling");
    page.click("[data-language=es]");
    page.wait_to_say("#notices", "parece estar en español (seguridad: 90");
    assert!(page.text("#lines-title").starts_with("Lo que habla a favor de"));
    assert_eq!(page.text("h2"), "Una canción");
    let unseen = page.browser.evaluate("document.querySelector('#bars .unseen').textContent");
    assert!(unseen.as_str().unwrap().contains("umbral 60"), "{unseen}");
    assert!(page.browser.evaluate("document.title").as_str().unwrap().contains("canción"));
    page.fill_in(" ");
    page.click("#form .primary");
    page.wait_to_say("#problem", "Todavía no hay letra");
    page.browser.open(&page.server.url());
    assert_eq!(page.text("h2"), "Una canción");
    page.click("[data-language=en]");
    assert_eq!(page.text("h2"), "One song");
    page.browser.open(&page.server.url());
    assert_eq!(page.text("h2"), "One song");
    page.is_quiet();
}

/// The paths of all words of a language, and of those that the page asks for.
const PATHS: &str = "Promise.all([import('/page/english.js'), import('/page/spanish.js')])
  .then(([{ english }, { spanish }]) => {
    const paths = (of) => Object.entries(of).flatMap(([key, value]) =>
      typeof value === 'object' ? paths(value).map((rest) => `${key}.${rest}`)
        : [`${key} ${typeof value} ${value.length && typeof value === 'function' ? value.length : ''}`]);
    const asked = [...document.querySelectorAll('[data-words], [data-label], [data-placeholder]')]
      .flatMap((it) => Object.entries(it.dataset))
      .filter(([kind]) => ['words', 'label', 'placeholder'].includes(kind)).map(([, key]) => key);
    return [paths(english).sort(), paths(spanish).sort(), asked.filter((key) => typeof english[key] !== 'string')];
  })";

#[test]
fn both_languages_have_all_words() {
    let mut page = Page::open(Settings::default());
    let found = page.browser.evaluate(PATHS);
    let (english, spanish) = (strings(&found[0]), strings(&found[1]));
    assert!(english.len() > 60, "{}", english.len());
    assert_eq!(english, spanish);
    assert_eq!(strings(&found[2]), [""; 0]);
    page.is_quiet();
}
