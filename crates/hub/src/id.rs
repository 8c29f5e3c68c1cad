/// A Hub id: `owner/name[@revision]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Id<'a> {
    pub(crate) owner: &'a str,
    pub(crate) name: &'a str,
    /// A branch, tag or commit.
    pub(crate) revision: &'a str,
}

impl<'a> Id<'a> {
    /// The id that `base` spells, if it has the shape of one.
    pub(crate) fn parse(base: &'a str) -> Option<Self> {
        let (model, revision) = base.split_once('@').unwrap_or((base, "main"));
        let (owner, name) = model.split_once('/')?;
        let good = is_word(owner) && is_word(name) && !revision.trim().is_empty();
        good.then_some(Self { owner, name, revision })
    }
}

/// Letters, digits, `-`, `_` and `.`, not beginning with a dot: `./x` and `../x` are paths.
fn is_word(word: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    !word.is_empty() && !word.starts_with('.') && word.len() <= 96 && word.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_paths() {
        let id = Id::parse("FacebookAI/roberta-base@v1.0").unwrap();
        assert_eq!((id.owner, id.name, id.revision), ("FacebookAI", "roberta-base", "v1.0"));
        assert_eq!(Id::parse("a/b").unwrap().revision, "main");
        for base in ["", "a", "/a/b", "./a", "../a", "a/b/c", "a/", "a b/c", "a/b@", "~/a", "a\\b"]
        {
            assert_eq!(Id::parse(base), None, "{base}");
        }
    }
}
