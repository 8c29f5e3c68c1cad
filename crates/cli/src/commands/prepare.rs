use crate::args::PrepareArgs;
use crate::config::RunConfig;
use crate::console::Console;
use crate::progress::grouped;
use canto_corpus::{Manifest, NameReport, TaxonomyReport};
use canto_song::Split;

/// Micro-genres without a genre that are named in the summary.
const NAMED: usize = 5;

/// Prepares songs and says what became of the rows.
pub(crate) fn run(args: &PrepareArgs, console: &Console) -> anyhow::Result<()> {
    let config = RunConfig::open(&args.recipe.config, &args.recipe.sets.sets)?;
    let manifest =
        canto_corpus::prepare(&args.source, &args.out, &config.corpus, &console.stages())?;
    for line in summary(&manifest) {
        tracing::info!("{line}");
    }
    tracing::info!("wrote {}", args.out.display());
    Ok(())
}

fn summary(manifest: &Manifest) -> Vec<String> {
    let (rows, songs) = (manifest.rows, manifest.songs);
    let share = 100.0 * songs as f64 / rows.max(1) as f64;
    let mut lines =
        vec![format!("{} of {} rows are songs ({share:.1}%)", grouped(songs), grouped(rows))];
    for (reason, count) in &manifest.reasons {
        lines.push(format!("  rejected {:>9}  {}", grouped(*count), reason.name()));
    }
    for split in Split::ALL {
        if let Some(of) = manifest.splits.get(&split) {
            let (songs, artists) = (grouped(of.songs), grouped(of.artists));
            lines.push(format!("  {:<10} {songs:>7}  of {artists} artists", split.name()));
        }
    }
    lines.extend(unmapped(&manifest.taxonomy));
    lines
}

/// What the taxonomy leaves without a genre, the most frequent first.
fn unmapped(report: &TaxonomyReport) -> Option<String> {
    let mut names: Vec<&NameReport> = report.unmapped.iter().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.rows));
    let first: Vec<_> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("{} ({})", name.name, grouped(name.rows)))
        .collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    (!names.is_empty()).then(|| {
        format!("{} micro-genres map to no genre: {}{more}", names.len(), first.join(", "))
    })
}
