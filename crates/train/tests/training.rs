//! The loop on a tiny model: exact accumulation, exact resumption, and it learns.

mod tiny;

use burn::module::{AutodiffModule, Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use canto_encoder::{Backend, Classifier, Precision};
use canto_evaluate::Scored;
use canto_score::Scorer;
use canto_song::{Genre, Silent};
use canto_train::{
    Checkpoint, EffectiveBatch, Error, Event, Inputs, MicroBatchSize, Observer, Outcome, Reading,
    TrainConfig, Trainer, fit, validate,
};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use tiny::Tiny;

struct Values(Vec<f32>);

impl ModuleVisitor<Backend> for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Backend, D>>) {
        self.0.extend(param.val().into_data().to_vec::<f32>().unwrap());
    }
}

fn values(model: &Classifier) -> Vec<f32> {
    let mut values = Values(Vec::new());
    model.visit(&mut values);
    values.0
}

/// Keeps every event, and asks to stop after a number of optimiser steps.
#[derive(Default)]
struct Recorder {
    events: Vec<Event>,
    stop_after: Option<usize>,
    stop: AtomicBool,
}

struct Watch<'a>(&'a mut Vec<Event>, Option<usize>, &'a AtomicBool);

impl Observer for Watch<'_> {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        if let Event::Step { step, .. } = event
            && Some(*step) == self.1
        {
            self.2.store(true, Ordering::Relaxed);
        }
        self.0.push(event.clone());
        Ok(())
    }
}

fn run(tiny: &Tiny, config: &TrainConfig, recorder: &mut Recorder) -> Result<Outcome, Error> {
    recorder.stop.store(false, Ordering::Relaxed);
    let mut watch = Watch(&mut recorder.events, recorder.stop_after, &recorder.stop);
    fit(tiny.inputs(), config, &mut watch, &recorder.stop)
}

fn config() -> TrainConfig {
    TrainConfig {
        epochs: 3,
        effective_batch: 8,
        micro_batch: MicroBatchSize::Windows(3),
        learning_rate: 3e-3,
        warmup_ratio: 0.1,
        validate_every: 5,
        log_every: 1,
        ..TrainConfig::default()
    }
}

#[test]
fn accumulation_equals_one_large_batch() {
    let _alone = tiny::alone();
    let tiny = Tiny::without_dropout();
    let stepped = |windows: usize| {
        let mut trainer =
            Trainer::new(tiny.model(), &tiny.device, &config(), &tiny.train.targets, 10, 1);
        trainer.step = 2;
        let batch = tiny.batch(&[0, 1, 2, 3, 4, 5, 6], windows);
        let Reading { loss, grad_norm } = trainer.step(&batch).unwrap().read().unwrap();
        (loss, grad_norm, values(&trainer.model().valid()), batch.passes())
    };
    let (loss, norm, whole, passes) = stepped(7);
    let (split_loss, split_norm, split, more_passes) = stepped(2);
    assert_eq!((passes, more_passes), (1, 3));
    assert!((loss - split_loss).abs() < 1e-6, "{loss} {split_loss}");
    assert!((norm - split_norm).abs() < 1e-5 * norm, "{norm} {split_norm}");
    let start = values(&tiny.model().valid());
    assert_ne!(start, whole);
    // Adam divides by the gradient's own size, so parameters whose gradient is rounding alone
    // may move either way; all others agree.
    let far = whole.iter().zip(&split).filter(|(a, b)| (*a - *b).abs() > 1e-6).count();
    assert!(far * 200 < whole.len(), "{far} of {} parameters differ", whole.len());
}

/// Each device computes some of the passes; more devices than songs is no harm.
#[test]
fn several_devices_take_the_step_of_one() {
    let _alone = tiny::alone();
    let tiny = Tiny::without_dropout();
    let songs: Vec<usize> = (0..7).collect();
    let stepped = |others: usize, precision: Precision| {
        let config = TrainConfig { precision, ..config() };
        let others = vec![tiny.device.clone(); others];
        let mut trainer =
            Trainer::new(tiny.model(), &tiny.device, &config, &tiny.train.targets, 10, 1)
                .shared_with(&others, &config);
        trainer.step = 2;
        let batch = tiny.batch_for(1 + others.len(), &songs, 7);
        let Reading { loss, grad_norm } = trainer.step(&batch).unwrap().read().unwrap();
        (loss, grad_norm, values(&trainer.model().valid()), batch.passes())
    };
    for precision in [Precision::F32, Precision::Bf16] {
        let (loss, norm, weights, _) = stepped(0, precision);
        for (others, passes) in [(1, 2), (2, 3), (8, 7)] {
            let shared = stepped(others, precision);
            assert_eq!(shared.3, passes);
            assert!((shared.0 - loss).abs() < 1e-6, "{} {loss}", shared.0);
            assert!((shared.1 - norm).abs() < 1e-5 * norm, "{} {norm}", shared.1);
            // As with accumulation: what is rounding alone may move either way.
            let pairs = shared.2.iter().zip(&weights);
            let far = pairs.filter(|(a, b)| (*a - *b).abs() > 1e-6).count();
            assert!(far * 200 < weights.len(), "{far} of {} parameters differ", weights.len());
        }
    }
}

#[test]
fn several_devices_train_to_the_end_and_resume() {
    let _alone = tiny::alone();
    let tiny = Tiny::without_dropout();
    let others = [tiny.device.clone(), tiny.device.clone()];
    let shared = |tiny: &Tiny, checkpoint: Option<&Checkpoint>, recorder: &mut Recorder| {
        recorder.stop.store(false, Ordering::Relaxed);
        let inputs = checkpoint.map_or_else(|| tiny.inputs(), |found| tiny.resumed(found));
        let mut watch = Watch(&mut recorder.events, recorder.stop_after, &recorder.stop);
        fit(Inputs { others: &others, ..inputs }, &config(), &mut watch, &recorder.stop).unwrap()
    };
    let Outcome::Finished { model: whole, .. } = shared(&tiny, None, &mut Recorder::default())
    else {
        panic!("expected the run to finish");
    };
    let broken = Tiny::like(&tiny);
    let mut stopping = Recorder { stop_after: Some(7), ..Recorder::default() };
    assert!(matches!(shared(&broken, None, &mut stopping), Outcome::Interrupted { .. }));
    let checkpoint = Checkpoint::find(broken.folder.path()).unwrap();
    let Outcome::Finished { model, .. } =
        shared(&broken, Some(&checkpoint), &mut Recorder::default())
    else {
        panic!("expected the resumed run to finish");
    };
    assert_eq!(values(&model), values(&whole));
}

/// One step of the first eight songs: how far each parameter moved.
fn moved(tiny: &Tiny, config: &TrainConfig) -> Vec<f32> {
    let mut trainer = Trainer::new(tiny.model(), &tiny.device, config, &tiny.train.targets, 10, 1);
    let songs: Vec<usize> = (0..8).collect();
    trainer.step(&tiny.batch(&songs, 8)).unwrap();
    let (start, end) = (values(&tiny.model().valid()), values(&trainer.model().valid()));
    start.iter().zip(end).map(|(start, end)| (end - start).abs()).collect()
}

/// What the head reads is the same whether the encoder has read a song just now or before.
#[test]
fn a_frozen_encoder_reads_once_for_all_steps() {
    let _alone = tiny::alone();
    let tiny = Tiny::without_dropout();
    let config = TrainConfig { frozen_layers: 1, warmup_ratio: 0.0, ..config() };
    let plain = tiny.model().valid();
    let scorer = Scorer::new(&plain, &tiny.device, &tiny.windows, Genre::ALL.len());
    let pooled = scorer.pool(&tiny.train.tokenized, &Silent).unwrap();
    let songs: Vec<usize> = (3..11).collect();
    let stepped = |batch: &EffectiveBatch| {
        let mut trainer =
            Trainer::new(tiny.model(), &tiny.device, &config, &tiny.train.targets, 10, 1);
        let Reading { loss, grad_norm } = trainer.step(batch).unwrap().read().unwrap();
        (loss, grad_norm)
    };
    let (loss, norm) = stepped(&tiny.batch(&songs, 8));
    let (loss_before, norm_before) = stepped(&EffectiveBatch::pooled(&tiny.train, &songs, &pooled));
    assert!((loss - loss_before).abs() < 1e-6, "{loss} {loss_before}");
    assert!((norm - norm_before).abs() < 1e-5 * norm, "{norm} {norm_before}");

    let mut recorder = Recorder::default();
    let config = TrainConfig { epochs: 1, ..config };
    let Outcome::Finished { model, validation, .. } = run(&tiny, &config, &mut recorder).unwrap()
    else {
        panic!("expected the run to finish");
    };
    let whole = validate(&model, &tiny.device, &tiny.windows, &tiny.validation).unwrap();
    let pairs = whole.scores().values().iter().zip(validation.scores().values());
    let furthest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
    // The engine reads songs on the CPU, Burn scores them here.
    assert!(furthest < 1e-5, "{furthest}");
}

/// Parameters of the head: the last ones of the model.
fn of_head(tiny: &Tiny) -> usize {
    let (width, labels) = (32, tiny.train.targets[0].flags().into_iter().count());
    width * width + width + width * labels + labels
}

#[test]
fn frozen_layers_stay_and_the_head_learns() {
    let _alone = tiny::alone();
    let tiny = Tiny::without_dropout();
    let config = TrainConfig { frozen_layers: 1, warmup_ratio: 0.0, ..config() };
    let moved = moved(&tiny, &config);
    let (below, head) = moved.split_at(moved.len() - of_head(&tiny));
    assert!(below.iter().all(|distance| *distance == 0.0));
    assert!(head.iter().filter(|distance| **distance > 0.0).count() * 10 > 9 * head.len());
}

/// Adam's first step is the learning rate itself, whatever the gradient's size.
#[test]
fn lower_layers_move_as_much_less_as_the_decay_says() {
    let _alone = tiny::alone();
    let tiny = Tiny::without_dropout();
    let config = TrainConfig {
        warmup_ratio: 0.0,
        weight_decay: 0.0,
        max_grad_norm: 0.0,
        learning_rate: 1e-3,
        ..config()
    };
    let whole = moved(&tiny, &config);
    let decayed = moved(&tiny, &TrainConfig { layer_decay: 0.5, ..config });
    let head = whole.len() - of_head(&tiny);
    let ratio = |at: usize| decayed[at] / whole[at];
    let is = |at: usize, share: f32| (ratio(at) - share).abs() < 1e-2;
    let learnt: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] > 9e-4).collect();
    let (below, of_head): (Vec<usize>, Vec<usize>) = learnt.iter().partition(|&&at| at < head);
    assert!(!of_head.is_empty() && of_head.iter().all(|&at| is(at, 1.0)));
    assert!(below.iter().all(|&at| is(at, 0.5) || is(at, 0.25)), "the layer, or the embeddings");
    for share in [0.5, 0.25] {
        assert!(below.iter().filter(|&&at| is(at, share)).count() > 100, "{share}");
    }
}

#[test]
fn a_resumed_run_equals_an_uninterrupted_one_bit_for_bit() {
    resumes(&config());
}

#[test]
fn so_does_one_with_a_frozen_encoder() {
    resumes(&TrainConfig { frozen_layers: 1, ..config() });
}

fn resumes(config: &TrainConfig) {
    let _alone = tiny::alone();
    let (whole, broken) = (Tiny::new(), Tiny::new());
    let mut recorder = Recorder::default();
    let Outcome::Finished { model: expected, .. } = run(&whole, config, &mut recorder).unwrap()
    else {
        panic!("expected the run to finish");
    };
    // Steps before, at and after a validation, and within and across epochs.
    for stop_after in [1, 5, 21] {
        let tiny = Tiny::like(&broken);
        let mut recorder = Recorder { stop_after: Some(stop_after), ..Recorder::default() };
        let Outcome::Interrupted { step, .. } = run(&tiny, config, &mut recorder).unwrap() else {
            panic!("expected an interruption");
        };
        assert_eq!(step, stop_after);
        let checkpoint = Checkpoint::find(tiny.folder.path()).unwrap();
        let resumed = tiny.resumed(&checkpoint);
        let mut rest = Recorder::default();
        let mut watch = Watch(&mut rest.events, None, &rest.stop);
        let outcome = fit(resumed, config, &mut watch, &AtomicBool::new(false)).unwrap();
        let Outcome::Finished { model, .. } = outcome else {
            panic!("expected the resumed run to finish");
        };
        assert_eq!(values(&model), values(&expected), "stopped after step {stop_after}");
    }
}

#[test]
fn it_learns_and_keeps_the_best() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let mut recorder = Recorder::default();
    let config = TrainConfig { epochs: 40, ..config() };
    let Outcome::Finished { best, .. } = run(&tiny, &config, &mut recorder).unwrap() else {
        panic!("expected the run to finish");
    };
    let losses: Vec<f64> = recorder
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Step { loss, .. } => Some(*loss),
            _ => None,
        })
        .collect();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (first, last) = (mean(&losses[..5]), mean(&losses[losses.len() - 5..]));
    assert!(last < 0.5 * first, "loss went from {first} to {last}");
    let best = best.value.unwrap();
    assert!(best > 0.98, "best macro ROC-AUC {best}");
    let validated: Vec<f64> = recorder
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Validated { metrics, .. } => metrics.get("macro_roc_auc"),
            _ => None,
        })
        .collect();
    assert!(validated.iter().all(|&value| value <= best));
}

#[test]
fn it_stops_when_patience_runs_out() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let mut recorder = Recorder::default();
    let config = TrainConfig { learning_rate: 1e-12, validate_every: 1, patience: 2, ..config() };
    run(&tiny, &config, &mut recorder).unwrap();
    let stopped = recorder.events.iter().find_map(|event| match event {
        Event::StoppedEarly { step } => Some(*step),
        _ => None,
    });
    assert_eq!(stopped, Some(3), "one best, then two no better");
}

#[test]
fn a_loss_that_is_no_number_names_the_step_and_the_songs() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let mut recorder = Recorder::default();
    // The second step's weights overflow.
    let config =
        TrainConfig { learning_rate: 1e38, warmup_ratio: 0.0, effective_batch: 4, ..config() };
    let Err(error) = run(&tiny, &config, &mut recorder) else {
        panic!("expected an error");
    };
    let Error::NotFinite { step, rows, .. } = &error else { panic!("{error}") };
    assert!(*step >= 2 && rows.len() == 4, "{error}");
    assert!(error.hint().unwrap().contains("learning_rate"));
}

#[test]
fn a_canary_goes_first_where_the_format_is_not_the_cpu_s_own() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let first = |precision: Precision| {
        let mut recorder = Recorder { stop_after: Some(1), ..Recorder::default() };
        run(&tiny, &TrainConfig { precision, ..config() }, &mut recorder).unwrap();
        recorder.events.swap_remove(0)
    };
    assert!(matches!(first(Precision::F32), Event::Started { .. }));
    for precision in [Precision::F16, Precision::Bf16] {
        let Event::Canary { logits, gradients } = first(precision) else {
            panic!("expected the canary first")
        };
        assert!(logits > 0.0 && gradients > 0.0, "{precision:?}: {logits} {gradients}");
    }
}

#[test]
fn a_canary_that_falls_stops_the_run_before_the_first_step() {
    let _alone = tiny::alone();
    let mut tiny = Tiny::new();
    // What the head sends back leaves the range of f16, though not that of f32.
    tiny.make_head_huge();
    let mut recorder = Recorder::default();
    let config = TrainConfig { precision: Precision::F16, ..config() };
    let Err(error) = run(&tiny, &config, &mut recorder) else {
        panic!("expected an error");
    };
    assert!(matches!(error, Error::Canary { .. }), "{error}");
    let hint = error.hint().unwrap();
    assert!(
        ["bf16", "autotune", "activation_checkpointing"].iter().all(|way| hint.contains(way)),
        "{hint}"
    );
    assert!(recorder.events.is_empty());
    assert!(run(&tiny, &TrainConfig { canary: false, ..config }, &mut recorder).is_err());
    assert!(!recorder.events.is_empty(), "without the canary it begins");
}

/// As many windows as make the tokens, the longest first, whatever song they are of.
#[test]
fn passes_keep_within_their_tokens() {
    let tiny = Tiny::new();
    let songs: Vec<usize> = (0..16).collect();
    let all = tiny.batch(&songs, 16);
    assert_eq!(all.passes(), 1);
    for windows in 1..8 {
        let batch = tiny.batch(&songs, windows);
        assert!(batch.passes() > 1 && batch.passes() <= 16_usize.div_ceil(windows));
        assert_eq!(batch.tokens().real, all.tokens().real);
        assert!(batch.tokens().padded <= all.tokens().padded);
        assert_eq!(batch.songs(), songs);
    }
}

#[test]
fn older_checkpoints_are_kept_as_asked_and_the_best_apart() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let config = TrainConfig { checkpoint_every: 2, keep_checkpoints: 3, ..config() };
    run(&tiny, &config, &mut Recorder::default()).unwrap();
    let entries = std::fs::read_dir(tiny.folder.path().join("checkpoints")).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
    names.sort();
    // 54 steps, a validation every 5.
    assert_eq!(names, ["best", "last", "step-50", "step-52"]);
}

#[test]
fn a_checkpoint_of_another_recipe_is_refused() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let mut recorder = Recorder { stop_after: Some(2), ..Recorder::default() };
    run(&tiny, &config(), &mut recorder).unwrap();
    let checkpoint = Checkpoint::find(tiny.folder.path()).unwrap();
    let other = TrainConfig { learning_rate: 1e-4, ..config() };
    let mut rest = Recorder::default();
    let mut watch = Watch(&mut rest.events, None, &rest.stop);
    let outcome = fit(tiny.resumed(&checkpoint), &other, &mut watch, &AtomicBool::new(false));
    assert!(matches!(outcome, Err(Error::Checkpoint { .. })));
    // What does not touch the weights may change.
    let same = TrainConfig { log_every: 3, checkpoint_every: 7, keep_checkpoints: 2, ..config() };
    fit(tiny.resumed(&checkpoint), &same, &mut watch, &AtomicBool::new(false)).unwrap();
}
