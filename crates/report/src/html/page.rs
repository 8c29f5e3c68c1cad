//! What is around the sections.

use crate::markup::{Element, bdi, el, text};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The page may load nothing, whatever its text says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src data:; base-uri 'none'; form-action 'none'";

/// A part of the page with a heading.
pub(super) struct Section {
    id: &'static str,
    title: String,
    body: Vec<Element>,
}

impl Section {
    /// `id` is the anchor, `title` the heading and the entry in the contents.
    pub(super) fn new(id: &'static str, title: impl Into<String>) -> Self {
        Self { id, title: title.into(), body: Vec::new() }
    }

    /// A sentence or two on what is to be seen.
    pub(super) fn lead(self, words: impl std::fmt::Display) -> Self {
        self.with(text("p", words).class("lead"))
    }

    pub(super) fn with(mut self, part: impl Into<Option<Element>>) -> Self {
        self.body.extend(part.into());
        self
    }

    fn render(self) -> Element {
        let heading = format!("{}-heading", self.id);
        el("section")
            .attr("id", self.id)
            .attr("aria-labelledby", &heading)
            .with(text("h2", &self.title).attr("id", heading))
            .with_all(self.body)
    }
}

/// The whole document.
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    pub(super) version: &'a str,
    pub(super) head: Element,
    pub(super) sections: Vec<Section>,
}

impl Page<'_> {
    pub(super) fn render(self) -> String {
        let skip = text("a", "Skip to the figures").class("skip").attr("href", "#main");
        let contents = contents(&self.sections);
        let main =
            el("main").attr("id", "main").with_all(self.sections.into_iter().map(Section::render));
        let body = el("div").class("columns").with(contents).with(main);
        let footer = text("footer", format!("Written by canto {}.", self.version));
        let body = el("body").with(skip).with(self.head).with(body).with(footer);
        let body = body.with(el("script").literal(SCRIPT));
        let page = el("html").attr("lang", "en").with(head(self.title)).with(body);
        format!("<!DOCTYPE html>\n{page}\n")
    }
}

fn head(title: &str) -> Element {
    let policy = el("meta").attr("http-equiv", "Content-Security-Policy").attr("content", POLICY);
    let viewport = "width=device-width, initial-scale=1";
    el("head")
        .with(el("meta").attr("charset", "utf-8"))
        .with(policy)
        .with(el("meta").attr("name", "viewport").attr("content", viewport))
        .with(el("meta").attr("name", "color-scheme").attr("content", "light dark"))
        .with(text("title", format!("{title} · canto report")))
        .with(el("link").attr("rel", "icon").attr("href", "data:,"))
        .with(el("style").literal(STYLE))
}

fn contents(sections: &[Section]) -> Element {
    let entries = sections.iter().map(|section| {
        let link = text("a", &section.title).attr("href", format!("#{}", section.id));
        el("li").with(link)
    });
    el("nav").attr("aria-label", "Contents").with(el("ol").with_all(entries))
}

/// The top of the page: its title, what it is about, and the switch of the colours.
pub(super) fn header(
    kicker: &str,
    title: &str,
    facts: impl IntoIterator<Item = Element>,
) -> Element {
    let switch = text("button", "Colours: as the system")
        .attr("type", "button")
        .attr("id", "theme")
        .attr("hidden", "hidden");
    let line = el("div").class("kicker").with(text("span", kicker)).with(switch);
    el("header")
        .with(line)
        .with(el("h1").with(bdi(title)))
        .with(el("ul").class("facts").with_all(facts))
}
