use crate::tiny::{device, labels, model, names, parts, thresholds, written};
use canto_bundle::{Bundle, Error, FILES, Source};
use canto_encoder::logits;

#[test]
fn what_is_written_is_read() {
    let run = tempfile::tempdir().unwrap();
    let dir = run.path().join("deep/er/model");
    let parts = parts();
    let model = model(&parts);
    Bundle::write(&dir, &model, &parts).unwrap();
    let bundle = Bundle::open(&dir).unwrap();
    assert_eq!(bundle.source(), Source::Canto);
    assert_eq!(bundle.labels(), labels());
    assert_eq!(*bundle.thresholds(), parts.thresholds);
    assert_eq!(*bundle.cleaning(), parts.cleaning);
    assert_eq!(*bundle.language(), parts.language);
    assert_eq!(*bundle.windows().config(), parts.batch);
    assert_eq!(*bundle.provenance(), parts.provenance);
    assert_eq!(*bundle.metrics(), parts.metrics);
    assert_eq!(bundle.run_config(), Some(parts.run_config.as_str()));
    assert_eq!(bundle.lyrics_column().as_deref(), Some("words"));

    let read = bundle.load_model(&device()).unwrap();
    let song = bundle.windows().encode("rain on the old tin roof").unwrap();
    let ids = &song.windows[0];
    let of = |model| logits(model, &device(), ids, &vec![true; ids.len()], 1, ids.len()).unwrap();
    assert_eq!(of(&read), of(&model), "weights come back bit for bit");
}

#[test]
fn the_folder_holds_its_files_and_nothing_is_left_beside_it() {
    let (run, dir) = written();
    let mut expected: Vec<_> = FILES.map(str::to_owned).to_vec();
    expected.push("manifest.json".to_owned());
    expected.sort();
    assert_eq!(names(&dir), expected);
    assert_eq!(names(run.path()), ["model"]);
}

#[test]
fn a_bundle_is_written_over_a_bundle_only() {
    let (run, dir) = written();
    let changed = canto_bundle::Parts { thresholds: thresholds([0.1, 0.2, 0.3]), ..parts() };
    Bundle::write(&dir, &model(&changed), &changed).unwrap();
    assert_eq!(Bundle::open(&dir).unwrap().thresholds().values(), [0.1, 0.2, 0.3]);
    assert_eq!(names(run.path()), ["model"]);

    let precious = run.path().join("precious");
    std::fs::create_dir(&precious).unwrap();
    std::fs::write(precious.join("notes.txt"), "keep").unwrap();
    let error = Bundle::write(&precious, &model(&changed), &changed).unwrap_err();
    assert!(matches!(error, Error::NotOurs { .. }), "{error}");
    assert_eq!(names(&precious), ["notes.txt"]);
}

#[test]
fn parts_that_do_not_fit_are_refused_before_anything_is_written() {
    let run = tempfile::tempdir().unwrap();
    let dir = run.path().join("model");
    let write = |change: &dyn Fn(&mut canto_bundle::Parts)| {
        let mut parts = parts();
        let model = model(&parts);
        change(&mut parts);
        Bundle::write(&dir, &model, &parts).unwrap_err()
    };
    let error = write(&|parts| parts.batch.max_tokens = 33);
    assert!(matches!(error, Error::TooLong { found: 33, maximum: 32, .. }), "{error}");
    let error = write(&|parts| parts.thresholds.values[1].label = "Polka".to_owned());
    assert!(matches!(error, Error::Misfit { .. }), "{error}");
    let error = write(&|parts| parts.architecture.vocab_size -= 1);
    assert!(matches!(error, Error::Vocabulary { .. }), "{error}");
    let error = write(&|parts| parts.tokenizer_json.truncate(99));
    assert!(matches!(error, Error::Tokenizer(_)), "{error}");
    assert_eq!(names(run.path()), [""; 0]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let run = tempfile::tempdir().unwrap();
    let file = run.path().join("file");
    std::fs::write(&file, "").unwrap();
    let parts = parts();
    let error = Bundle::write(&file.join("model"), &model(&parts), &parts).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    assert!(error.to_string().contains("file"), "{error}");
}
