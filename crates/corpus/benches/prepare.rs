//! How fast `prepare` is, and how much faster than the same steps in pandas and langdetect.
//!
//! ```text
//! cargo bench -p canto-corpus --bench prepare -- SONGS.csv [--peer PYTHON] [--characters N]
//! ```
//!
//! With `--peer`, `peer_pandas.py` prepares the same file right afterwards with the given
//! Python, and the ratio is printed; `--characters` makes it judge the language by the first
//! so many characters only. Without a file nothing is measured.

#![expect(clippy::print_stdout, reason = "a benchmark's results are its output")]

use canto_corpus::{CorpusConfig, prepare};
use canto_song::Progress;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

struct Arguments {
    songs: PathBuf,
    peer: Option<String>,
    characters: Option<String>,
}

fn arguments() -> Option<Arguments> {
    let mut given = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut songs, mut peer, mut characters) = (None, None, None);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--peer" => peer = given.next(),
            "--characters" => characters = given.next(),
            _ => songs = Some(PathBuf::from(argument)),
        }
    }
    Some(Arguments { songs: songs?, peer, characters })
}

/// Prints how long each stage takes.
#[derive(Default)]
struct Laps(Mutex<Option<(String, Instant)>>);

impl Progress for Laps {
    fn start(&self, stage: &str, _total: Option<u64>) {
        if let Ok(mut lap) = self.0.lock() {
            *lap = Some((stage.to_owned(), Instant::now()));
        }
    }

    fn advance(&self, _units: u64) {}

    fn finish(&self) {
        if let Ok(Some((stage, begin))) = self.0.lock().map(|mut lap| lap.take()) {
            println!("  {stage:<22} {:>8.3} s", begin.elapsed().as_secs_f64());
        }
    }
}

/// Seconds that canto takes.
fn ours(songs: &Path, folder: &Path, taxonomy: &Path) -> Result<f64, Box<dyn Error>> {
    let config = CorpusConfig { taxonomy: taxonomy.to_owned(), ..CorpusConfig::default() };
    let begin = Instant::now();
    let manifest = prepare(songs, &folder.join("prepared"), &config, &Laps::default())?;
    let seconds = begin.elapsed().as_secs_f64();
    let rate = manifest.rows as f64 / seconds;
    println!(
        "canto   {:>8} rows {:>8} songs {seconds:>9.3} s {rate:>8.0} rows/s",
        manifest.rows, manifest.songs
    );
    println!("        peak memory {}", peak_memory().unwrap_or_else(|| "unknown".into()));
    Ok(seconds)
}

fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}

/// Seconds that the peer takes, by its own clock: starting Python is not counted.
fn theirs(
    arguments: &Arguments,
    python: &str,
    folder: &Path,
    taxonomy: &Path,
) -> Result<f64, Box<dyn Error>> {
    let mut command = Command::new(python);
    command.arg(Path::new(HERE).join("benches/peer_pandas.py"));
    command.arg(&arguments.songs).arg(folder.join("peer.parquet")).arg(taxonomy);
    if let Some(characters) = &arguments.characters {
        command.args(["--characters", characters]);
    }
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last =
        text.lines().last().ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let found: serde_json::Value = serde_json::from_str(last)?;
    println!("pandas  {last}");
    found["seconds"].as_f64().ok_or_else(|| "the peer gave no time".into())
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(arguments) = arguments() else {
        println!("nothing to measure: -- SONGS.csv [--peer PYTHON] [--characters N]");
        return Ok(());
    };
    let taxonomy = Path::new(HERE).join("../../configs/taxonomy.toml");
    let folder = tempfile::tempdir()?;
    // The first run warms the page cache, for the peer as well.
    std::io::copy(&mut std::fs::File::open(&arguments.songs)?, &mut std::io::sink())?;
    let ours = ours(&arguments.songs, folder.path(), &taxonomy)?;
    if let Some(python) = &arguments.peer {
        let theirs = theirs(&arguments, python, folder.path(), &taxonomy)?;
        println!("ratio   {:.1}", theirs / ours);
    }
    Ok(())
}
