use crate::args::SampleArgs;
use crate::console::Console;
use crate::progress::grouped;
use canto_sample::SampleConfig;

/// Writes invented songs.
pub(crate) fn run(args: &SampleArgs, console: &Console) -> anyhow::Result<()> {
    let config = SampleConfig { songs: args.songs, seed: args.seed };
    let summary = canto_sample::write(&config, &args.out, &console.stages())?;
    tracing::info!(
        "wrote {} songs of {} artists to {}",
        grouped(summary.songs),
        grouped(summary.artists),
        args.out.display()
    );
    Ok(())
}
