//! Nothing is lost between a lyric and the rows a model reads.

use canto_batch::{
    Batch, BatchConfig, Buckets, EpochOrder, Error, LyricTokenizer, PaddingWaste, Tokenized,
    Window, Windows, collate, inference_batches,
};
use proptest::prelude::*;
use std::path::Path;

const PAD: u32 = 1;

fn tokenizer(name: &str) -> LyricTokenizer {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
    LyricTokenizer::from_file(&folder.join(name)).unwrap()
}

fn buckets(max_tokens: usize) -> Buckets {
    Buckets::new(&BatchConfig { max_tokens, ..Default::default() })
}

/// The tokens of a window between its special ones.
fn body(window: &[u32]) -> &[u32] {
    &window[1..window.len() - 1]
}

fn song(lengths: &[usize]) -> Tokenized {
    let window = |&length: &usize| (0..length as u32).map(|id| id + 2).collect();
    let windows: Vec<Vec<u32>> = lengths.iter().map(window).collect();
    Tokenized { tokens: windows.iter().map(Vec::len).sum(), windows, truncated: false }
}

/// The rows of batches without their padding, by owner.
fn unpadded(batches: &[Batch]) -> Vec<(usize, Vec<u32>)> {
    let mut rows = Vec::new();
    for batch in batches {
        assert_eq!(batch.input_ids.len(), batch.rows * batch.length);
        assert_eq!(batch.attention_mask.len(), batch.rows * batch.length);
        assert_eq!(batch.owners.len(), batch.rows);
        for (row, &owner) in batch.owners.iter().enumerate() {
            let at = row * batch.length..(row + 1) * batch.length;
            let (ids, mask) = (&batch.input_ids[at.clone()], &batch.attention_mask[at]);
            let real = mask.iter().take_while(|&&real| real).count();
            assert!(mask[real..].iter().all(|&real| !real), "padding is on the right only");
            assert!(ids[real..].iter().all(|&id| id == PAD), "padding is the padding token");
            rows.push((owner, ids[..real].to_vec()));
        }
    }
    rows
}

proptest! {
    #[test]
    fn windows_cover_the_song_or_say_that_they_do_not(
        words in proptest::collection::vec("[a-z]{1,5}", 0..60),
        window in prop_oneof![Just(Window::Head), Just(Window::HeadTail), Just(Window::Chunks)],
        max_tokens in 8_usize..40,
        (stride, head_tokens) in (0_usize..6, 0_usize..6),
        max_chunks in 1_usize..6,
    ) {
        let text = words.join(" ");
        let config = BatchConfig { max_tokens, window, head_tokens, stride, max_chunks, ..Default::default() };
        let windows = Windows::new(tokenizer("roberta.json"), config).unwrap();
        let whole = windows.tokenizer().ids(&text).unwrap();
        let song = windows.encode(&text).unwrap();
        let room = max_tokens - 2;
        prop_assert_eq!(song.tokens, whole.len() + 2);
        prop_assert!(!song.windows.is_empty() && song.longest() <= max_tokens);
        for window in &song.windows {
            prop_assert_eq!((window[0], window[window.len() - 1]), (0, 2));
        }
        let first = body(&song.windows[0]);
        if whole.len() <= room {
            prop_assert_eq!((first, song.truncated), (&whole[..], false));
            prop_assert_eq!(song.windows.len(), 1);
            return Ok(());
        }
        match window {
            Window::Head => {
                prop_assert_eq!((first, song.truncated), (&whole[..room], true));
            }
            Window::HeadTail => {
                let expected = [&whole[..head_tokens], &whole[whole.len() - (room - head_tokens)..]].concat();
                prop_assert_eq!((first, song.truncated), (&expected[..], true));
            }
            Window::Chunks => {
                let mut joined = first.to_vec();
                for chunk in &song.windows[1..] {
                    prop_assert_eq!(&body(chunk)[..stride], &joined[joined.len() - stride..]);
                    joined.extend_from_slice(&body(chunk)[stride..]);
                }
                prop_assert_eq!(&joined[..], &whole[..joined.len()]);
                prop_assert_eq!(song.truncated, joined.len() < whole.len());
                prop_assert!(song.windows.len() == max_chunks || !song.truncated);
            }
        }
    }

    #[test]
    fn inference_loses_no_row_and_keeps_the_budget(
        lengths in proptest::collection::vec(proptest::collection::vec(2_usize..=100, 1..4), 0..40),
        budget in 1_usize..600,
    ) {
        let songs: Vec<Tokenized> = lengths.iter().map(|lengths| song(lengths)).collect();
        let buckets = buckets(100);
        let batches = inference_batches(&songs, &buckets, PAD, budget);
        for batch in &batches {
            prop_assert!(batch.rows == 1 || batch.rows * batch.length <= budget);
            prop_assert!(buckets.lengths().contains(&batch.length));
        }
        prop_assert!(batches.is_sorted_by(|a, b| a.length >= b.length));
        let mut found = unpadded(&batches);
        let mut expected: Vec<(usize, Vec<u32>)> = songs.iter().enumerate()
            .flat_map(|(owner, song)| song.windows.iter().map(move |ids| (owner, ids.clone())))
            .collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn an_epoch_reads_every_song_once_in_full_batches(
        lengths in proptest::collection::vec(2_usize..=100, 0..200),
        micro_batch in 1_usize..9,
        (seed, number) in (any::<u64>(), 0_u64..5),
    ) {
        let order = EpochOrder::new(lengths.clone(), &buckets(100), micro_batch, seed);
        let batches = order.epoch(number);
        prop_assert_eq!(batches.len(), order.batches());
        prop_assert!(batches.iter().all(|batch| (1..=micro_batch).contains(&batch.len())));
        prop_assert!(batches.iter().filter(|batch| batch.len() < micro_batch).count() <= 1);
        let mut read: Vec<usize> = batches.concat();
        read.sort_unstable();
        prop_assert_eq!(read, (0..lengths.len()).collect::<Vec<_>>());
        prop_assert_eq!(order.epoch(number), batches);
    }
}

/// 10,000 songs between 10 and 512 tokens, short ones more often.
fn lengths() -> Vec<usize> {
    (0..10_000_usize).map(|song| 10 + (song * song * 7 % 503) * (song % 10 + 1) / 10).collect()
}

#[test]
fn epochs_and_seeds_differ() {
    let order = |seed| EpochOrder::new(lengths(), &buckets(512), 8, seed);
    assert_ne!(order(1).epoch(0), order(1).epoch(1));
    assert_ne!(order(1).epoch(0), order(2).epoch(0));
    let sorted = |mut batches: Vec<Vec<usize>>| {
        for batch in &mut batches {
            batch.sort_unstable();
        }
        batches.sort();
        batches
    };
    let meet = |epoch| sorted(order(1).epoch(epoch));
    assert_ne!(meet(0), meet(1), "other songs meet in a batch");
}

#[test]
fn long_and_short_batches_come_mixed() {
    let lengths = lengths();
    let batches = EpochOrder::new(lengths.clone(), &buckets(512), 8, 3).epoch(0);
    let mean = |batches: &[Vec<usize>]| {
        let songs: Vec<usize> = batches.concat();
        songs.iter().map(|&song| lengths[song]).sum::<usize>() as f64 / songs.len() as f64
    };
    let (first, second) = batches.split_at(batches.len() / 2);
    assert!((mean(first) / mean(second) - 1.0).abs() < 0.1);
}

#[test]
fn an_epoch_pads_little() {
    let lengths = lengths();
    let buckets = buckets(512);
    let waste = |batches: Vec<Vec<usize>>| {
        let mut waste = PaddingWaste::default();
        for batch in batches {
            let ids: Vec<Vec<u32>> = batch.iter().map(|&song| vec![9; lengths[song]]).collect();
            let rows: Vec<(usize, &[u32])> = ids.iter().map(|ids| (0, ids.as_slice())).collect();
            waste.add(&collate(&rows, &buckets, PAD));
        }
        waste.share()
    };
    let ordered = waste(EpochOrder::new(lengths.clone(), &buckets, 16, 3).epoch(0));
    let unordered =
        waste((0..lengths.len()).collect::<Vec<_>>().chunks(16).map(<[_]>::to_vec).collect());
    let alone = waste((0..lengths.len()).map(|song| vec![song]).collect());
    assert!(ordered < alone + 0.005, "{ordered}, and {alone} with each song in its own bucket");
    assert!(unordered > 2.0 * ordered, "{unordered}");
}

#[test]
fn a_batch_is_as_long_as_the_bucket_of_its_longest_row() {
    let batch = collate(&[(7, &[5, 6, 7]), (3, &[8])], &buckets(32), PAD);
    assert_eq!((batch.rows, batch.length, batch.padding()), (2, 8, 12));
    assert_eq!(batch.input_ids, [5, 6, 7, 1, 1, 1, 1, 1, 8, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(batch.owners, [7, 3]);
    let mut waste = PaddingWaste::default();
    assert!(waste.share().abs() < f64::EPSILON);
    waste.add(&batch);
    assert_eq!(waste, PaddingWaste { real: 4, padded: 12 });
    assert!((waste.share() - 0.75).abs() < f64::EPSILON);
}

#[test]
fn special_tokens_come_from_the_post_processor() {
    let windows = |name| Windows::new(tokenizer(name), BatchConfig::default()).unwrap();
    let (roberta, bert) = (windows("roberta.json"), windows("bert.json"));
    assert_eq!(roberta.encode("").unwrap().windows, [[0, 2]]);
    assert_eq!(bert.encode("").unwrap().windows, [[2, 3]]);
    assert_eq!((roberta.tokenizer().pad_id(), bert.tokenizer().pad_id()), (1, 0));
    let empty = Tokenized { windows: vec![vec![0, 2]], tokens: 2, truncated: false };
    assert_eq!(roberta.encode("").unwrap(), empty);
}

#[test]
fn lyrics_in_parallel_come_back_in_order() {
    let windows = Windows::new(tokenizer("bert.json"), BatchConfig::default()).unwrap();
    let lyrics: Vec<String> = (0..300).map(|song| "ooh ".repeat(song % 17)).collect();
    let lyrics: Vec<&str> = lyrics.iter().map(String::as_str).collect();
    let alone: Vec<Tokenized> = lyrics.iter().map(|lyric| windows.encode(lyric).unwrap()).collect();
    assert_eq!(windows.encode_all(&lyrics).unwrap(), alone);
}

#[test]
fn a_lyric_of_ten_megabytes_is_read_whole() {
    let windows = Windows::new(tokenizer("roberta.json"), BatchConfig::default()).unwrap();
    let line = "lanterns over the harbour\n";
    let lyric = line.repeat(10_000_000 / line.len());
    let song = windows.encode(&lyric).unwrap();
    let per_line = windows.tokenizer().ids(line).unwrap().len();
    assert_eq!(song.tokens, per_line * (lyric.len() / line.len()) + 2);
    assert!(song.truncated && song.windows.len() == 1 && song.longest() == 512);
}

#[test]
fn values_that_leave_no_room_are_named() {
    let config = BatchConfig { max_tokens: 3, tokens_per_batch: 0, ..Default::default() };
    let error = Windows::new(tokenizer("bert.json"), config).unwrap_err();
    let expected = "bad `batch` values: `max_tokens`: is 3, expected at least 4; \
                    `tokens_per_batch`: is 0, expected at least 1";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_bad_tokenizer_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    assert!(matches!(LyricTokenizer::from_file(&path), Err(Error::Read { .. })));
    for text in ["", "{}", "{\"model\": 3}", "\0\u{ff}", "[]"] {
        std::fs::write(&path, text).unwrap();
        let error = LyricTokenizer::from_file(&path).unwrap_err();
        assert!(matches!(error, Error::Parse { .. }), "{text:?} {error}");
        assert!(error.to_string().contains("tokenizer.json") && error.hint().is_some());
    }
}

#[test]
fn a_tokenizer_without_a_padding_token_is_refused() {
    let json = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/roberta.json"),
    );
    let mut json: serde_json::Value = serde_json::from_str(&json.unwrap()).unwrap();
    json["padding"] = serde_json::Value::Null;
    assert_eq!(LyricTokenizer::from_json(&json.to_string()).unwrap().pad_id(), 1);
    let renamed = json.to_string().replace("<pad>", "<fill>");
    let error = LyricTokenizer::from_json(&renamed).unwrap_err();
    assert!(matches!(error, Error::NoPadding { .. }), "{error}");
}
