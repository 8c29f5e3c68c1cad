use crate::event::Event;
use crate::step::{Reading, Stepped};
use canto_batch::PaddingWaste;
use canto_encoder::{Device, memory};
use std::time::Instant;

/// Log lines after which the memory in use should not grow any more.
const SETTLED: usize = 5;
/// Growth by less than this share, and by less than so many bytes, is nothing to tell.
const GROWTH: f64 = 1.25;
const GROWTH_BYTES: u64 = 256 << 20;

/// What happened since the last log line, and how much memory there was before.
#[derive(Debug)]
pub(crate) struct Meter {
    device: Device,
    /// Operations for a token, and for each key that it looks at.
    operations: [f64; 2],
    /// Operations a second of one large product.
    peak: f64,
    lines: usize,
    settled: Option<u64>,
    span: Span,
}

#[derive(Debug)]
struct Span {
    since: Instant,
    steps: usize,
    songs: usize,
    skipped: usize,
    loss: f64,
    tokens: PaddingWaste,
    operations: f64,
    last: Option<(Stepped, Reading)>,
}

impl Default for Span {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            steps: 0,
            songs: 0,
            skipped: 0,
            loss: 0.0,
            tokens: PaddingWaste::default(),
            operations: 0.0,
            last: None,
        }
    }
}

impl Meter {
    pub(crate) fn new(device: &Device, operations: [f64; 2], peak: f64) -> Self {
        let device = device.clone();
        Self { device, operations, peak, lines: 0, settled: None, span: Span::default() }
    }

    /// Forgets what was added, and counts time from now.
    pub(crate) fn start_over(&mut self) {
        self.span = Span::default();
    }

    pub(crate) fn add(&mut self, stepped: &Stepped, reading: Reading) {
        let span = &mut self.span;
        span.steps += 1;
        span.songs += stepped.songs;
        span.skipped += usize::from(stepped.skipped);
        // Weighted by songs: a short last batch must not count as much as a full one.
        span.loss += reading.loss * stepped.songs as f64;
        span.tokens.real += stepped.tokens.real;
        span.tokens.padded += stepped.tokens.padded;
        span.operations +=
            self.operations[0] * stepped.tokens.real as f64 + self.operations[1] * stepped.scores;
        span.last = Some((stepped.clone(), reading));
    }

    /// A log line, if there is anything to tell.
    pub(crate) fn report(&self, step: usize, epoch: f64) -> Option<Event> {
        let span = &self.span;
        let (last, reading) = span.last.as_ref()?;
        let seconds = span.since.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
        let share = span.operations / seconds / self.peak;
        Some(Event::Step {
            step,
            epoch,
            loss: span.loss / span.songs.max(1) as f64,
            learning_rate: last.rate,
            grad_norm: reading.grad_norm,
            songs: span.songs,
            songs_per_second: span.songs as f64 / seconds,
            tokens_per_second: span.tokens.real as f64 / seconds,
            padding: span.tokens.share(),
            loss_scale: last.loss_scale,
            mfu: (span.tokens.real > 0).then_some(share),
            memory: memory(&self.device).map(|memory| memory.used),
            overflows: span.skipped as f64 / span.steps.max(1) as f64,
        })
    }

    /// Whether more memory is in use than when training had settled; told once for each bound.
    pub(crate) fn growth(&mut self, step: usize) -> Option<Event> {
        let now = memory(&self.device)?.used;
        self.lines += 1;
        if self.lines <= SETTLED {
            self.settled = self.settled.max(Some(now));
            return None;
        }
        let before = self.settled?;
        let grown = now as f64 > GROWTH * before as f64 && now > before + GROWTH_BYTES;
        grown.then(|| {
            self.settled = Some(now);
            Event::MemoryGrowth { step, before, now }
        })
    }
}
