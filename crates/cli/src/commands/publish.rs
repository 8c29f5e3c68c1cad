//! `canto publish`: a run's model, its report and its card → the Hub.

use crate::args::PublishArgs;
use crate::console::Console;
use crate::progress::grouped;
use crate::run_folder::RunFolder;
use canto_bundle::Bundle;
use canto_hub::{Card, CardFacts, Publication, Target, card};
use canto_report::Report;
use std::io::{self, Write};

const CARD: &str = "README.md";

/// Shows what would be sent, or sends it and prints its address.
pub(crate) fn run(args: &PublishArgs, console: &Console) -> anyhow::Result<()> {
    canto_hub::check_repository(&args.repo)?;
    let bundle = Bundle::open(&Bundle::locate(&args.run)?)?;
    let report = report(&bundle)?;
    let facts = facts(args);
    let text = card(&Card {
        bundle: &bundle,
        int8: bundle.is_int8()?,
        report: report.as_ref(),
        repository: &args.repo,
        facts: &facts,
    });
    tell_what_is_missing(&bundle, report.as_ref(), args);
    let mut beside = vec![(CARD.to_owned(), text.clone())];
    if let Some(report) = &report {
        beside.push(("report.json".to_owned(), report.to_json()?));
        beside.push(("report.md".to_owned(), canto_report::markdown(report)));
        beside.push(("report.html".to_owned(), canto_report::html(report)));
    }
    let publication = Publication::new(&bundle, beside)?;
    if args.dry_run {
        return show(&publication, &text);
    }
    let published = canto_hub::publish(&publication, &target(args), &console.stages())?;
    if let Some(commit) = &published.commit {
        tracing::info!("commit {commit}");
    }
    writeln!(io::stdout().lock(), "{}", published.address)?;
    Ok(())
}

/// The report beside the model, without its examples, which quote lyrics.
fn report(bundle: &Bundle) -> anyhow::Result<Option<Report>> {
    let run = RunFolder::around(bundle.dir());
    let path = run.map(|run| run.metrics().join("report.json")).filter(|path| path.is_file());
    let Some(path) = path else { return Ok(None) };
    let mut report = Report::read(&path)?;
    report.examples.clear();
    let of_these = |record: &canto_bundle::FileRecord| {
        record.name != "model.safetensors"
            || report.hashes.get(&record.name) == Some(&record.sha256)
    };
    if bundle.manifest()?.files.iter().all(of_these) {
        return Ok(Some(report));
    }
    tracing::warn!("{} tells of other weights: left out", path.display());
    Ok(None)
}

fn facts(args: &PublishArgs) -> CardFacts {
    CardFacts {
        license: args.license.clone(),
        datasets: args.datasets.clone(),
        base_model: args.base_model.clone(),
    }
}

fn target(args: &PublishArgs) -> Target {
    Target {
        repository: args.repo.clone(),
        private: args.private,
        branch: args.revision.clone(),
        tag: args.tag.clone(),
        message: args.message.clone(),
    }
}

/// What would make a better card.
fn tell_what_is_missing(bundle: &Bundle, report: Option<&Report>, args: &PublishArgs) {
    if report.is_none() {
        let run = args.run.display();
        tracing::warn!("there is no report: `canto eval {run}` first gives the card its figures");
    }
    if args.license.is_none() {
        tracing::warn!("the card says that the license is unknown: name it with `--license ID`");
    }
    let base = bundle.provenance().base_model.as_deref();
    if let Some(base) = base.filter(|base| std::path::Path::new(base).is_dir()) {
        let advice =
            if args.base_model.is_none() { "; `--base-model` names it in the card" } else { "" };
        tracing::warn!("`run.toml` names the folder `{base}`, which all will read{advice}");
    }
}

/// One line a file, the largest sizes right-aligned, then the card.
fn show(publication: &Publication, card: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let mut total = 0;
    for upload in publication.uploads() {
        total += upload.bytes;
        writeln!(out, "{}  {:>15}  {}", upload.sha256, grouped(upload.bytes), upload.name)?;
    }
    let files = publication.uploads().len();
    writeln!(out, "{files} files, {} bytes\n\n{CARD}:\n", grouped(total))?;
    out.write_all(card.as_bytes())?;
    Ok(())
}
