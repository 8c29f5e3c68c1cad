use crate::event::Event;
use crate::step::Stepped;
use canto_batch::PaddingWaste;
use std::time::Instant;

/// What happened since the last log line.
#[derive(Debug)]
pub(crate) struct Meter {
    since: Instant,
    steps: usize,
    songs: usize,
    loss: f64,
    tokens: PaddingWaste,
}

impl Default for Meter {
    fn default() -> Self {
        let tokens = PaddingWaste::default();
        Self { since: Instant::now(), steps: 0, songs: 0, loss: 0.0, tokens }
    }
}

impl Meter {
    pub(crate) fn add(&mut self, stepped: &Stepped, songs: usize) {
        self.steps += 1;
        self.songs += songs;
        // Weighted by songs: a short last window must not count as much as a full one.
        self.loss += stepped.loss * songs as f64;
        self.tokens.real += stepped.tokens.real;
        self.tokens.padded += stepped.tokens.padded;
    }

    pub(crate) fn report(&self, step: usize, epoch: f64, last: &Stepped) -> Event {
        let seconds = self.since.elapsed().as_secs_f64().max(f64::MIN_POSITIVE);
        Event::Step {
            step,
            epoch,
            loss: self.loss / self.songs.max(1) as f64,
            learning_rate: last.rate,
            grad_norm: last.grad_norm,
            songs: self.songs,
            songs_per_second: self.songs as f64 / seconds,
            tokens_per_second: self.tokens.real as f64 / seconds,
            padding: self.tokens.share(),
        }
    }
}
