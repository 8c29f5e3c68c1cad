//! Tables that can be read aloud, scrolled and sorted.

use crate::figure::{UNDEFINED, optional};
use crate::markup::{Element, bdi, el, text};
use std::fmt::Display;

/// A table in a frame that scrolls by itself, so that the page need not.
pub(super) fn table(
    caption: &str,
    head: Element,
    bodies: impl IntoIterator<Item = Element>,
) -> Element {
    let caption_element = el("caption").with(text("span", caption));
    let table = el("table").with(caption_element).with(el("thead").with(head)).with_all(bodies);
    scrolling(caption, table)
}

/// A frame that scrolls sideways, by keyboard too.
pub(super) fn scrolling(name: &str, content: Element) -> Element {
    el("div")
        .class("scroll")
        .attr("role", "region")
        .attr("aria-label", name)
        .attr("tabindex", "0")
        .with(content)
}

/// A header row; names that end in `>` stand above figures, on the right.
pub(super) fn heads<'a>(names: impl IntoIterator<Item = &'a str>) -> Element {
    el("tr").with_all(names.into_iter().map(|name| match name.strip_suffix('>') {
        Some(name) => column(name).class("number"),
        None => column(name),
    }))
}

pub(super) fn column(name: &str) -> Element {
    text("th", name).attr("scope", "col")
}

/// The head of a row, from outside.
pub(super) fn row_head(name: impl Display) -> Element {
    el("th").attr("scope", "row").with(bdi(name))
}

pub(super) fn number(value: impl Display) -> Element {
    text("td", value).class("number")
}

/// A figure with three decimals that the script can sort by; none sorts last.
pub(super) fn sortable(value: Option<f64>) -> Element {
    sorted_as(value).text(optional(value))
}

/// An empty cell that sorts as `value`.
pub(super) fn sorted_as(value: Option<f64>) -> Element {
    let value = value.filter(|value| value.is_finite());
    let cell = el("td").class("number");
    match value {
        Some(value) => cell.attr("data-sort", value),
        None => cell.attr("data-sort", ""),
    }
}

/// A figure with its range in smaller type under or beside it.
pub(super) fn figure_cell(value: &str, range: &str) -> Element {
    let cell = el("td").class("number").text(value);
    if range.is_empty() || value == UNDEFINED {
        cell
    } else {
        cell.text(" ").with(text("small", range))
    }
}
