//! Reads a table into a configuration and collects every fault instead of stopping at the first.

use super::spelling::nearest;
use canto_song::Problem;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use toml::{Table, Value};

/// `table` as a `T`, with what is wrong with it: an unknown key is dropped, a value of a wrong
/// type gives way to its default, and reading starts over until nothing is in the way.
pub(crate) fn read<T: DeserializeOwned + Default>(mut table: Table) -> (T, Vec<Problem>) {
    let mut problems = Vec::new();
    loop {
        let error = match serde_path_to_error::deserialize(Value::Table(table.clone())) {
            Ok(value) => return (value, problems),
            Err(error) => error,
        };
        let message = readable(error.inner().message());
        let cut = remove(&mut table, error.path());
        problems.push(Problem::new(error.path().to_string(), message));
        if !cut {
            return (T::default(), problems);
        }
    }
}

/// Removes the key that `path` leads to, or the longest part of it that is there.
fn remove(table: &mut Table, path: &Path) -> bool {
    let keys = path.iter().map_while(|segment| match segment {
        Segment::Map { key } => Some(key.as_str()),
        _ => None,
    });
    let keys: Vec<&str> = keys.collect();
    remove_keys(table, &keys)
}

fn remove_keys(table: &mut Table, keys: &[&str]) -> bool {
    let [key, rest @ ..] = keys else { return false };
    let inner = table.get_mut(*key).and_then(Value::as_table_mut);
    inner.is_some_and(|inner| remove_keys(inner, rest)) || table.remove(*key).is_some()
}

/// serde's message in the words of the person who wrote the file.
fn readable(message: &str) -> String {
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return unknown(rest);
    }
    for (start, found) in
        [("unknown variant ", "is "), ("invalid type: ", "is "), ("invalid value: ", "is ")]
    {
        if let Some(rest) = message.strip_prefix(start) {
            return format!("{found}{}", in_words(rest));
        }
    }
    message.to_owned()
}

/// `` `x`, expected one of `a`, `b` `` → what `x` may have been meant for.
fn unknown(rest: &str) -> String {
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let found = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    match nearest(found, &known) {
        Some(near) => format!("is no known key, did you mean `{near}`?"),
        None => format!("is no known key, expected one of `{}`", known.join("`, `")),
    }
}

/// Names of Rust's types as what one writes in TOML.
fn in_words(text: &str) -> String {
    let Some((found, expected)) = text.rsplit_once(", expected ") else {
        return text.to_owned();
    };
    let expected = match expected {
        "usize" | "u64" | "u32" => "a whole number, 0 or more",
        "f32" | "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a string" | "path string" => "a text in quotes",
        "a sequence" => "a list in brackets",
        other if other.starts_with("struct ") || other == "a map" => "a section",
        other => other,
    };
    format!("{found}, expected {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Default, PartialEq, Debug)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        inner: Inner,
        list: Vec<usize>,
        name: String,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        rate: f64,
        kind: Kind,
        maybe: Option<bool>,
    }

    #[derive(Deserialize, Default, PartialEq, Debug)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        #[default]
        Flat,
        Steep,
    }

    impl Default for Inner {
        fn default() -> Self {
            Self { rate: 0.5, kind: Kind::Flat, maybe: None }
        }
    }

    fn problems(text: &str) -> (Outer, Vec<String>) {
        let (outer, problems) = read(text.parse().unwrap());
        (outer, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn good_values_are_kept_beside_bad_ones() {
        let (outer, found) = problems(
            "name = 3\nlist = [1, -2]\n[inner]\nrate = \"fast\"\nkind = \"steep\"\nmabe = true",
        );
        assert_eq!(outer.inner, Inner { rate: 0.5, kind: Kind::Steep, maybe: None });
        let expected = [
            "`name`: is integer `3`, expected a text in quotes",
            "`list[1]`: is integer `-2`, expected a whole number, 0 or more",
            "`inner.rate`: is string \"fast\", expected a number",
            "`inner.mabe`: is no known key, did you mean `maybe`?",
        ];
        let mut found = found;
        found.sort();
        let mut expected = expected.map(str::to_owned);
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_word_that_is_no_choice_lists_the_choices() {
        let (_, found) = problems("[inner]\nkind = \"round\"");
        assert_eq!(found, ["`inner.kind`: is `round`, expected `flat` or `steep`"]);
    }

    #[test]
    fn a_value_in_the_place_of_a_section_is_one_problem() {
        let (outer, found) = problems("inner = 3\nname = \"x\"");
        assert_eq!(found, ["`inner`: is integer `3`, expected a section"]);
        assert_eq!(outer.name, "x");
    }

    #[test]
    fn a_key_that_resembles_none_lists_the_known_ones() {
        let (_, found) = problems("[somewhere_else]\nx = 1");
        assert_eq!(
            found,
            ["`somewhere_else`: is no known key, expected one of `inner`, `list`, `name`"]
        );
    }
}
