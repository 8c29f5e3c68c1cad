use crate::event::Event;
use crate::step::{Reading, Stepped};
use canto_batch::PaddingWaste;
use std::time::Instant;

/// What happened since the last log line.
#[derive(Debug)]
pub(crate) struct Meter {
    since: Instant,
    songs: usize,
    skipped: usize,
    loss: f64,
    tokens: PaddingWaste,
    last: Option<(Stepped, Reading)>,
}

impl Default for Meter {
    fn default() -> Self {
        let tokens = PaddingWaste::default();
        Self { since: Instant::now(), songs: 0, skipped: 0, loss: 0.0, tokens, last: None }
    }
}

impl Meter {
    pub(crate) fn add(&mut self, stepped: &Stepped, reading: Reading) {
        self.songs += stepped.songs;
        self.skipped += usize::from(stepped.skipped);
        // Weighted by songs: a short last batch must not count as much as a full one.
        self.loss += reading.loss * stepped.songs as f64;
        self.tokens.real += stepped.tokens.real;
        self.tokens.padded += stepped.tokens.padded;
        self.last = Some((stepped.clone(), reading));
    }

    /// A log line, if there is anything to tell.
    pub(crate) fn report(&self, step: usize, epoch: f64) -> Option<Event> {
        let (last, reading) = self.last.as_ref()?;
        let seconds = self.since.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
        Some(Event::Step {
            step,
            epoch,
            loss: self.loss / self.songs.max(1) as f64,
            learning_rate: last.rate,
            grad_norm: reading.grad_norm,
            songs: self.songs,
            songs_per_second: self.songs as f64 / seconds,
            tokens_per_second: self.tokens.real as f64 / seconds,
            padding: self.tokens.share(),
            loss_scale: last.loss_scale,
            skipped: self.skipped,
        })
    }
}
