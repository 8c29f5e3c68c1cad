/// The one of `known` that `word` was probably meant to be: at most a third of it mistyped, or
/// one the beginning of the other.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(word, name);
    let close = known.iter().copied().filter(|name| distance(name) <= name.len().div_ceil(3));
    let begun =
        |name: &&&str| word.len() >= 3 && (name.starts_with(word) || word.starts_with(**name));
    close.min_by_key(|name| distance(name)).or_else(|| known.iter().find(begun).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_find_their_word_and_other_words_none() {
        let known = ["learning_rate", "epochs", "patience"];
        assert_eq!(nearest("learnin_rate", &known), Some("learning_rate"));
        assert_eq!(nearest("epoch", &known), Some("epochs"));
        assert_eq!(nearest("learn", &known), Some("learning_rate"));
        assert_eq!(nearest("flavour", &known), None);
    }
}
