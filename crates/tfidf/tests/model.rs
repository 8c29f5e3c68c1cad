//! What holds for every model: order, threads, constants, the file and bad input.

use canto_song::Silent;
use canto_tfidf::{Analyzer, Error, Tfidf, TfidfConfig, Vectorizer, VectorizerConfig};
use proptest::prelude::*;

const LYRICS: [&str; 6] = [
    "amber bell over the harbour",
    "the harbour bell rings amber",
    "jade kite over the hill",
    "the kite flies over jade fern",
    "amber kite and amber bell",
    "fern and jade and the hill",
];

/// Ten labels, so more than one group; the ninth no lyric has and the tenth all.
const LABELS: usize = 10;

fn targets() -> Vec<bool> {
    let of_row = |row: usize| (0..LABELS).map(move |label| (row * 7 + label * 3) % 4 < 2);
    let mut targets: Vec<bool> = (0..LYRICS.len()).flat_map(of_row).collect();
    for row in targets.chunks_mut(LABELS) {
        (row[8], row[9]) = (false, true);
    }
    targets
}

fn labels(count: usize) -> Vec<String> {
    (0..count).map(|label| format!("label {label}")).collect()
}

/// However rare an n-gram.
fn counted() -> VectorizerConfig {
    VectorizerConfig { min_document_frequency: 1, ..VectorizerConfig::default() }
}

fn config() -> TfidfConfig {
    let words = counted();
    let characters =
        VectorizerConfig { analyzer: Analyzer::CharWb, ngrams: [2, 3], ..words.clone() };
    let vectorizers = vec![words, characters];
    TfidfConfig { vectorizers, tolerance: 1e-7, ..TfidfConfig::default() }
}

fn fit() -> Tfidf {
    Tfidf::fit(&LYRICS, &targets(), &labels(LABELS), &config(), &Silent).unwrap()
}

fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    assert_eq!(in_pool(1, fit), in_pool(3, fit));
    let model = fit();
    assert_eq!(in_pool(1, || model.score(&LYRICS)), in_pool(3, || model.score(&LYRICS)));
}

#[test]
fn a_label_takes_no_notice_of_the_others() {
    let all = fit().score(&LYRICS);
    let second: Vec<bool> = targets().chunks(LABELS).map(|row| row[1]).collect();
    let alone = Tfidf::fit(&LYRICS, &second, &labels(1), &config(), &Silent).unwrap();
    let expected: Vec<f32> = all.chunks(LABELS).map(|row| row[1]).collect();
    assert_eq!(alone.score(&LYRICS), expected);
}

#[test]
fn constant_labels_get_their_prior() {
    let model = fit();
    assert_eq!(model.constant(), ["label 8", "label 9"]);
    for row in model.score(&["amber", "unknown"]).chunks(LABELS) {
        assert!((row[8] - 0.5 / 6.0).abs() < 1e-6, "{row:?}");
        assert!((row[9] - 5.5 / 6.0).abs() < 1e-6, "{row:?}");
    }
}

#[test]
fn contributions_sum_up_to_the_logit() {
    let model = fit();
    let shares = model.contributions(LYRICS[4], 0);
    assert!(shares.is_sorted_by(|one, other| one.1.abs() >= other.1.abs()));
    assert!(shares.iter().any(|(term, _)| term == "amber kite"));
    let logit = shares.iter().map(|share| share.1).sum::<f32>() + model.intercepts()[0];
    let score = model.score(&[LYRICS[4]])[0];
    assert!((1.0 / (1.0 + (-logit).exp()) - score).abs() < 1e-6);
    assert_eq!(model.contributions(LYRICS[4], LABELS), []);
    assert_eq!(model.contributions("夜の歌", 0), []);
}

#[test]
fn a_fit_cut_short_is_named() {
    let config = TfidfConfig { max_iterations: 1, ..config() };
    let model = Tfidf::fit(&LYRICS, &targets(), &labels(LABELS), &config, &Silent).unwrap();
    assert_eq!(model.unconverged(), &labels(8)[..]);
}

#[test]
fn equally_frequent_ngrams_are_kept_in_alphabetical_order() {
    let config = VectorizerConfig { max_features: 2, ..counted() };
    let vectorizer = Vectorizer::fit(&["dd cc bb aa dd"], &config).unwrap();
    assert_eq!(vectorizer.terms().collect::<Vec<_>>(), ["aa", "dd"]);
}

#[test]
fn bad_input_is_refused() {
    let fit = |lyrics: &[&str], targets: &[bool], count: usize, config: &TfidfConfig| {
        Tfidf::fit(lyrics, targets, &labels(count), config, &Silent).unwrap_err()
    };
    assert!(matches!(fit(&[], &[], 1, &config()), Error::Empty { .. }));
    assert!(matches!(fit(&["amber"], &[], 0, &config()), Error::Empty { .. }));
    assert!(matches!(fit(&["amber"], &[true; 3], 2, &config()), Error::Shape { found: 3, .. }));
    assert!(matches!(fit(&["a b"], &[true], 1, &config()), Error::EmptyVocabulary { .. }));
    let backwards = VectorizerConfig { ngrams: [0, 1], ..VectorizerConfig::default() };
    let wrong = TfidfConfig { vectorizers: vec![backwards], ..config() };
    assert!(matches!(fit(&["amber"], &[true], 1, &wrong), Error::Config { .. }));
}

fn saved() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    fit().save(&path).unwrap();
    (folder, path)
}

#[test]
fn a_saved_model_opens_as_it_was() {
    let (folder, path) = saved();
    assert_eq!(Tfidf::open(&path).unwrap(), fit());
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    assert!(matches!(fit().save(&path.join("below")), Err(Error::Write { .. })));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let (_folder, path) = saved();
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(41) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(Tfidf::open(&path), Err(Error::Damaged { .. })), "{length}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Tfidf::open(&path), Err(Error::Read { .. })));
}

/// The error after `from` is replaced by `to`, which is as long.
fn after(from: &str, to: &str) -> Error {
    assert_eq!(from.len(), to.len());
    let (_folder, path) = saved();
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
    bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    std::fs::write(&path, bytes).unwrap();
    Tfidf::open(&path).unwrap_err()
}

#[test]
fn a_file_that_does_not_fit_is_refused() {
    let version = after(r#"format_version\":1"#, r#"format_version\":9"#);
    assert!(matches!(version, Error::Version { found: 9, expected: 1, .. }), "{version}");
    let absent = after(r#""intercepts""#, r#""interrupts""#);
    assert!(matches!(&absent, Error::Tensor { name, .. } if name == "intercepts"), "{absent}");
    let fewer = after(r#"\"label 0\",\"label 1\""#, r#"\"label 0     label 1\""#);
    assert!(matches!(&fewer, Error::Tensor { name, .. } if name == "coefficients"), "{fewer}");
    let order = after("amber\namber bell", "zmber\namber bell");
    assert!(matches!(order, Error::Vocabulary { .. }), "{order}");
    let shorter = after("amber\namber bell", "amber amber bell");
    assert!(matches!(shorter, Error::Tensor { .. }), "{shorter}");
    let other = after(r#""canto-tfidf""#, r#""canto-other""#);
    assert!(matches!(other, Error::Undescribed { .. }), "{other}");
    let config = after("sublinear", "superline");
    assert!(matches!(config, Error::Description { .. }), "{config}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_the_rows_hardly_matters(order in Just((0..LYRICS.len()).collect::<Vec<_>>()).prop_shuffle()) {
        let all = targets();
        let lyrics: Vec<_> = order.iter().map(|&row| LYRICS[row]).collect();
        let targets: Vec<_> =
            order.iter().flat_map(|&row| &all[row * LABELS..][..LABELS]).copied().collect();
        let model = Tfidf::fit(&lyrics, &targets, &labels(LABELS), &config(), &Silent).unwrap();
        for (found, expected) in model.score(&LYRICS).iter().zip(fit().score(&LYRICS)) {
            prop_assert!((found - expected).abs() < 1e-3);
        }
    }

    #[test]
    fn any_text_has_scores(lyric in any::<String>()) {
        let scores = fit().score(&[&lyric]);
        prop_assert_eq!(scores.len(), LABELS);
        prop_assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
    }

    #[test]
    fn rows_are_of_length_one_or_empty(lyric in "[a-h ]{0,60}") {
        let vectorizer = Vectorizer::fit(&LYRICS, &config().vectorizers[0]).unwrap();
        let rows = vectorizer.transform(&[&lyric, LYRICS[0]]);
        for row in 0..2 {
            let (columns, values) = rows.row(row);
            let norm: f32 = values.iter().map(|value| value * value).sum();
            prop_assert!(columns.is_empty() || (norm - 1.0).abs() < 1e-5);
            prop_assert!(columns.is_sorted_by(|one, other| one < other));
        }
        prop_assert_eq!(rows.row(2).0.len(), 0);
    }
}
