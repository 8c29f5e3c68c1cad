//! HTML and SVG elements that cannot be written unescaped.
//!
//! Text and attributes come from lyrics, artists and file names. Whatever goes through
//! [`Element::text`] and [`Element::attr`] is escaped, and there is no other way in but
//! [`Element::literal`], which takes only text of the program.

use std::fmt::{self, Display, Write};

/// Elements of HTML that have no end tag.
const VOID: [&str; 4] = ["meta", "link", "br", "col"];

/// An element with all that it holds, already rendered.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

/// Begins an element.
pub(crate) fn el(name: &'static str) -> Element {
    Element { name, attributes: String::new(), content: String::new() }
}

impl Element {
    pub(crate) fn attr(mut self, name: &'static str, value: impl Display) -> Self {
        self.attributes.push(' ');
        self.attributes.push_str(name);
        self.attributes.push_str("=\"");
        escape(&mut self.attributes, value);
        self.attributes.push('"');
        self
    }

    pub(crate) fn class(self, value: impl Display) -> Self {
        self.attr("class", value)
    }

    pub(crate) fn text(mut self, text: impl Display) -> Self {
        escape(&mut self.content, text);
        self
    }

    /// Text of the program itself, as it stands: the style sheet and the script.
    pub(crate) fn literal(mut self, text: &'static str) -> Self {
        self.content.push_str(text);
        self
    }

    pub(crate) fn with(mut self, child: impl Into<Option<Element>>) -> Self {
        if let Some(child) = child.into() {
            child.render(&mut self.content);
        }
        self
    }

    pub(crate) fn with_all(self, children: impl IntoIterator<Item = Element>) -> Self {
        children.into_iter().fold(self, Element::with)
    }

    fn render(&self, to: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(to, "{self}");
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, attributes, content } = self;
        write!(f, "<{name}{attributes}>")?;
        if VOID.contains(name) { Ok(()) } else { write!(f, "{content}</{name}>") }
    }
}

/// Shorthand for an element that holds text and nothing else.
pub(crate) fn text(name: &'static str, text: impl Display) -> Element {
    el(name).text(text)
}

/// Text from outside in a direction of its own: names and lyrics may run from right to left, and
/// must not turn what stands beside them.
pub(crate) fn bdi(content: impl Display) -> Element {
    text("bdi", content)
}

fn escape(to: &mut String, value: impl Display) {
    // Neither the string nor the escaping fails.
    let _ = write!(Escaping(to), "{value}");
}

struct Escaping<'a>(&'a mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                letter => self.0.extend(shown(letter)),
            }
        }
        Ok(())
    }
}

/// The letter, unless a page cannot hold it or it would turn the direction of what follows.
pub(crate) fn shown(letter: char) -> Option<char> {
    match letter {
        '\n' | '\t' => Some(letter),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => None,
        letter if letter.is_control() => Some('\u{FFFD}'),
        letter => Some(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let found = el("p").attr("title", "\"><b>").text("<i>'&").with(text("b", "ok")).to_string();
        assert_eq!(found, "<p title=\"&quot;&gt;&lt;b&gt;\">&lt;i&gt;&#39;&amp;<b>ok</b></p>");
    }

    #[test]
    fn what_turns_or_breaks_a_page_is_taken_out() {
        assert_eq!(
            text("p", "a\u{202E}b\u{2066}c\0d\u{7}").to_string(),
            "<p>abc\u{FFFD}d\u{FFFD}</p>"
        );
        assert_eq!(bdi("שלום 🎵").to_string(), "<bdi>שלום 🎵</bdi>");
    }

    #[test]
    fn void_elements_have_no_end() {
        assert_eq!(el("br").to_string(), "<br>");
        assert_eq!(el("td").to_string(), "<td></td>");
    }
}
