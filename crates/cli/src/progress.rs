use canto_song::Progress;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shows stages one after the other: a bar each on a terminal, plain lines elsewhere.
pub(crate) struct Stages {
    bars: MultiProgress,
    interactive: bool,
    current: Mutex<Option<Stage>>,
}

struct Stage {
    name: String,
    bar: ProgressBar,
    total: Option<u64>,
    done: u64,
    begun: Instant,
    told: Instant,
}

/// Time between two plain lines about the same stage.
const PATIENCE: Duration = Duration::from_secs(15);

impl Stages {
    pub(crate) fn new(bars: MultiProgress, interactive: bool) -> Self {
        Self { bars, interactive, current: Mutex::new(None) }
    }

    fn current(&self) -> MutexGuard<'_, Option<Stage>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Stages {
    fn start(&self, stage: &str, total: Option<u64>) {
        self.finish();
        let bar = match total {
            Some(total) => ProgressBar::new(total).with_style(counted()),
            None => ProgressBar::new_spinner(),
        };
        let bar = self.bars.add(bar.with_message(stage.to_owned()));
        if self.interactive {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let now = Instant::now();
        let name = stage.to_owned();
        *self.current() = Some(Stage { name, bar, total, done: 0, begun: now, told: now });
    }

    fn advance(&self, units: u64) {
        if let Some(stage) = self.current().as_mut() {
            stage.done += units;
            stage.bar.inc(units);
            if !self.interactive && stage.told.elapsed() > PATIENCE {
                stage.told = Instant::now();
                tracing::info!("{}", stage.so_far());
            }
        }
    }

    fn finish(&self) {
        if let Some(stage) = self.current().take() {
            stage.bar.finish_and_clear();
            tracing::info!("{}", stage.summary());
        }
    }
}

impl Drop for Stages {
    /// A stage that an error cut short leaves no bar behind.
    fn drop(&mut self) {
        if let Some(stage) = self.current().take() {
            stage.bar.finish_and_clear();
        }
    }
}

impl Stage {
    fn so_far(&self) -> String {
        let of = self.total.map(|total| format!(" of {}", grouped(total))).unwrap_or_default();
        format!("{}: {}{of}", self.name, grouped(self.done))
    }

    fn summary(&self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64();
        match self.done {
            0 => format!("{}: done in {seconds:.1} s", self.name),
            done => format!("{}: {} in {seconds:.1} s", self.name, grouped(done)),
        }
    }
}

fn counted() -> ProgressStyle {
    let template = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// `1234567` → `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_new_stage_ends_the_one_before() {
        let stages = Stages::new(MultiProgress::new(), false);
        stages.start("first", Some(3));
        stages.advance(3);
        stages.start("second", None);
        assert_eq!(
            stages.current().as_ref().map(|stage| stage.name.clone()),
            Some("second".into())
        );
        stages.finish();
        stages.finish();
        assert!(stages.current().is_none());
    }
}
