//! `--set section.key=value`.

use canto_song::Problem;
use std::fmt;
use std::str::FromStr;
use toml::{Table, Value};

/// One `--set`: a dotted path and the value to put there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Override {
    pub(crate) path: String,
    value: Value,
}

/// A `--set` that is no `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotAnOverride(String);

impl fmt::Display for NotAnOverride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no `section.key=value`, such as `train.epochs=3`", self.0)
    }
}

impl std::error::Error for NotAnOverride {}

/// What one may write for a long key.
const SHORT: [(&str, &str); 1] = [("train.lr", "train.learning_rate")];

impl FromStr for Override {
    type Err = NotAnOverride;

    /// The value is TOML where it parses as such, and otherwise the text as it stands.
    fn from_str(text: &str) -> Result<Self, NotAnOverride> {
        let refused = || NotAnOverride(text.to_owned());
        let (path, value) = text.split_once('=').ok_or_else(refused)?;
        let path = path.trim();
        if path.split('.').any(|key| key.is_empty() || key.contains(char::is_whitespace)) {
            return Err(refused());
        }
        let short = SHORT.iter().find(|(short, _)| *short == path);
        let path = short.map_or(path, |(_, long)| long).to_owned();
        Ok(Self { path, value: value_of(value.trim()) })
    }
}

fn value_of(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok();
    // A second line would be a second key: then the text is no single value.
    let single = parsed.filter(|table| table.len() == 1).and_then(|mut t| t.remove("value"));
    single.unwrap_or_else(|| Value::String(text.to_owned()))
}

impl Override {
    /// A text at `path`, whatever it looks like: for options with a name of their own.
    pub(crate) fn text(path: &str, value: impl Into<String>) -> Self {
        Self { path: path.to_owned(), value: Value::String(value.into()) }
    }

    /// Texts at `path`, likewise.
    pub(crate) fn texts(path: &str, values: impl Iterator<Item = String>) -> Self {
        Self { path: path.to_owned(), value: Value::Array(values.map(Value::String).collect()) }
    }

    /// Puts the value into `table`, making sections on the way.
    pub(crate) fn apply(&self, table: &mut Table) -> Result<(), Problem> {
        let mut keys: Vec<&str> = self.path.split('.').collect();
        let last = keys.pop().unwrap_or_default();
        let mut at = table;
        for (depth, key) in keys.iter().enumerate() {
            let section = at.entry(*key).or_insert_with(|| Value::Table(Table::new()));
            at = section.as_table_mut().ok_or_else(|| {
                let value = keys[..=depth].join(".");
                Problem::new(&self.path, format!("lies inside `{value}`, which is a value"))
            })?;
        }
        at.insert(last.to_owned(), self.value.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        text.parse::<Override>().unwrap().value
    }

    #[test]
    fn values_are_toml_or_bare_text() {
        assert_eq!(value("a.b=1e-5"), Value::Float(1e-5));
        assert_eq!(value("a.b = 3"), Value::Integer(3));
        assert_eq!(value("a.b=true"), Value::Boolean(true));
        assert_eq!(value("a.b=[1, 2]").as_array().map(Vec::len), Some(2));
        for (written, text) in [("data/x", "data/x"), ("\"7\"", "7"), ("", ""), ("a=b", "a=b")] {
            assert_eq!(value(&format!("a.b={written}")), Value::String(text.into()));
        }
        assert_eq!(value("a.b=1\nc=2"), Value::String("1\nc=2".into()));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for text in ["train.epochs", "=3", "a..b=1", "a b=1", ".=1"] {
            assert!(text.parse::<Override>().is_err(), "{text}");
        }
    }

    #[test]
    fn sections_are_made_but_values_are_not_opened() {
        let mut table: Table = "x = 1".parse().unwrap();
        "a.b.c=2".parse::<Override>().unwrap().apply(&mut table).unwrap();
        assert_eq!(table["a"]["b"]["c"], Value::Integer(2));
        let problem = "x.y=3".parse::<Override>().unwrap().apply(&mut table).unwrap_err();
        assert_eq!(problem.to_string(), "`x.y`: lies inside `x`, which is a value");
    }
}
