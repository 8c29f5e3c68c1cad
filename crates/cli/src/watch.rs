//! Training as it is watched: a bar on a terminal, plain lines elsewhere, a log file, TensorBoard's
//! event files and a drawing of the learning curve.

use crate::console::Console;
use crate::progress::grouped;
use crate::run_folder::RunFolder;
use crate::songs::headline;
use canto_train::{Event, JsonLines, Observer, TensorBoard};
use indicatif::{ProgressBar, ProgressStyle};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Set by the first Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// Makes the first Ctrl-C ask for a stop and the second one stop at once.
pub(crate) fn stop_on_interrupt() -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        tracing::info!("finishing this step, then saving; Ctrl-C again stops at once");
    })?;
    Ok(&STOP)
}

/// Shows and logs what happens in training.
pub(crate) struct Watch {
    folder: RunFolder,
    log: JsonLines,
    tensorboard: TensorBoard,
    bar: ProgressBar,
    interactive: bool,
    steps: usize,
    begun: Instant,
    done_before: usize,
    told: Option<Instant>,
}

/// Time between two plain lines about steps.
const PATIENCE: Duration = Duration::from_secs(20);

impl Watch {
    /// Logs into `folder`; what an earlier process left there stays.
    pub(crate) fn new(console: &Console, folder: &RunFolder) -> anyhow::Result<Self> {
        let template = "train {wide_bar} {pos}/{len} {msg}";
        let style = ProgressStyle::with_template(template)?;
        let bar = console.bars().add(ProgressBar::new(0).with_style(style));
        Ok(Self {
            log: JsonLines::open(&folder.log())?,
            tensorboard: TensorBoard::create(&folder.tensorboard())?,
            folder: folder.clone(),
            bar,
            interactive: console.is_interactive(),
            steps: 0,
            begun: Instant::now(),
            done_before: 0,
            told: None,
        })
    }

    fn left(&self, step: usize) -> String {
        let done = step.saturating_sub(self.done_before).max(1);
        let left = self.steps.saturating_sub(step);
        let seconds = self.begun.elapsed().as_secs_f64() / done as f64 * left as f64;
        format!("{} left", clock(seconds))
    }

    /// A bar redraws itself; lines come at most every so often.
    fn is_time_to_tell(&mut self) -> bool {
        let due = self.told.is_none_or(|told| told.elapsed() > PATIENCE);
        if due {
            self.told = Some(Instant::now());
        }
        due
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::Started {
                steps,
                done,
                songs,
                validation_songs,
                parameters,
                truncated,
                tokens_per_pass,
                ..
            } => {
                (self.steps, self.done_before, self.begun) = (*steps, *done, Instant::now());
                self.bar.set_length(*steps as u64);
                self.bar.set_position(*done as u64);
                tracing::info!(
                    "{} songs to learn from, {} to validate on; {} parameters; {:.1}% of the \
                     songs are read in part; up to {} tokens in a pass",
                    grouped(*songs as u64),
                    grouped(*validation_songs as u64),
                    grouped(*parameters as u64),
                    100.0 * truncated,
                    grouped(*tokens_per_pass as u64)
                );
                if *done > 0 {
                    tracing::info!("going on after step {done} of {steps}");
                }
            }
            Event::Canary { logits, gradients } => tracing::info!(
                "the device agrees with the cpu: logits to {logits:.1e}, gradients to {gradients:.1e}"
            ),
            Event::MemoryGrowth { before, now, step } => tracing::warn!(
                "memory in use grew from {} to {} MB by step {step}",
                grouped(before >> 20),
                grouped(now >> 20)
            ),
            Event::Step { step, .. } => {
                let facts = facts(event);
                let left = self.left(*step);
                self.bar.set_position(*step as u64);
                self.bar.set_message(format!("{facts}  {left}"));
                if !self.interactive && (self.is_time_to_tell() || *step == self.steps) {
                    tracing::info!("step {step}/{}  {facts}  {left}", self.steps);
                }
            }
            Event::Validating { songs } => {
                self.bar.set_message(format!("validating on {} songs", grouped(*songs as u64)));
            }
            Event::Validated { step, improved, metrics, .. } => {
                let mark = if *improved { "best so far" } else { "not better" };
                tracing::info!("validation at step {step}: {} ({mark})", headline(metrics));
            }
            Event::StoppedEarly { step } => {
                tracing::info!("stopped early at step {step}: it got no better");
            }
            Event::Interrupted { .. } => self.bar.finish_and_clear(),
            Event::Finished { step, best, seconds } => {
                self.bar.finish_and_clear();
                let time = clock(*seconds);
                tracing::info!("trained {step} steps in {time}; best at step {}", best.step);
            }
        }
    }
}

/// What a bar or a line says of a step.
fn facts(event: &Event) -> String {
    let Event::Step {
        epoch,
        loss,
        learning_rate,
        songs_per_second,
        tokens_per_second,
        padding,
        mfu,
        loss_scale,
        overflows,
        ..
    } = event
    else {
        return String::new();
    };
    let mut facts = vec![
        format!("epoch {epoch:.2}"),
        format!("loss {loss:.4}"),
        format!("rate {learning_rate:.2e}"),
        format!("{songs_per_second:.1} songs/s"),
    ];
    if let Some(mfu) = mfu {
        facts.push(format!("{} tokens/s", grouped(*tokens_per_second as u64)));
        facts.push(format!("{:.0}% of peak", 100.0 * mfu));
        facts.push(format!("{:.0}% padding", 100.0 * padding));
    }
    if let Some(scale) = loss_scale {
        facts.push(format!("scale {scale:.0}"));
        facts.push(format!("{:.0}% overflow", 100.0 * overflows));
    }
    facts.join("  ")
}

impl Observer for Watch {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        self.show(event);
        self.log.on(event)?;
        self.tensorboard.on(event)?;
        if let Event::Validated { .. } = event {
            self.folder.draw_learning_curve().map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn advance(&mut self, _songs: usize) {
        self.bar.inc(1);
    }
}

impl Drop for Watch {
    /// An error leaves no bar behind.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// `95.0` → `1:35`.
fn clock(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_on_a_clock() {
        for (seconds, text) in [(0.0, "0:00"), (95.0, "1:35"), (3661.2, "1:01:01")] {
            assert_eq!(clock(seconds), text);
        }
    }
}
