//! What a person sees while canto works, all of it on stderr: log lines, and bars on a terminal.

use crate::log_line::LogFormat;
use crate::progress::Stages;
use crate::traces::Traces;
use canto_serve::TRACES;
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::{self, IsTerminal, Write};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The terminal, or whatever stderr is.
pub(crate) struct Console {
    bars: MultiProgress,
    interactive: bool,
}

impl Console {
    /// Sets logging up: 0 tells what happens, 1 and 2 more of it, `quiet` only errors; lines look as
    /// `format` says. Spans of requests go to `traces`.
    pub(crate) fn start(
        verbose: u8,
        quiet: bool,
        format: LogFormat,
        traces: Option<&Traces>,
    ) -> Self {
        let interactive = io::stderr().is_terminal() && !quiet;
        let target =
            if interactive { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let (ours, theirs) = match verbose {
            _ if quiet => (LevelFilter::ERROR, LevelFilter::ERROR),
            0 => (LevelFilter::INFO, LevelFilter::WARN),
            1 => (LevelFilter::DEBUG, LevelFilter::INFO),
            _ => (LevelFilter::TRACE, LevelFilter::DEBUG),
        };
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .event_format(format)
            .with_writer(BetweenBars(bars.clone()));
        // What the Hub's client logs as errors it also returns, and we tell it in our words.
        let hub = if verbose == 0 { LevelFilter::OFF } else { theirs };
        let filter = Targets::new()
            .with_target("canto", ours)
            .with_targets(["hf_hub", "xet"].map(|name| (name, hub)))
            .with_target(TRACES, LevelFilter::OFF)
            .with_default(theirs);
        let lines = lines.with_filter(filter);
        tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).init();
        Self { bars, interactive }
    }

    /// Reports the stages of one command.
    pub(crate) fn stages(&self) -> Stages {
        Stages::new(self.bars.clone(), self.interactive)
    }

    /// Where bars are drawn.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Whether bars are seen.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }
}

/// Writes log lines above the bars, which would otherwise be torn.
struct BetweenBars(MultiProgress);

impl<'a> MakeWriter<'a> for BetweenBars {
    type Writer = &'a BetweenBars;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &BetweenBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
