//! `canto doctor`: facts about this machine, one a line, none of them secret.

use crate::machine::{cpu, cpu_features};
use canto_encoder::DeviceChoice;
use std::env;
use std::io::{self, Write};
use std::path::PathBuf;

/// Prints them.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for (title, facts) in [
        ("canto", versions()),
        ("machine", machine()),
        ("devices", devices()),
        ("folders", folders()),
        ("environment", environment()),
    ] {
        writeln!(out, "{title}")?;
        for (name, fact) in facts {
            writeln!(out, "  {name:<22} {fact}")?;
        }
    }
    Ok(())
}

type Facts = Vec<(String, String)>;

fn fact(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn versions() -> Facts {
    let features: Vec<_> = [
        ("cuda", cfg!(feature = "cuda")),
        ("cuda-fusion", cfg!(feature = "cuda-fusion")),
        ("wgpu", cfg!(feature = "wgpu")),
        ("ndarray", cfg!(feature = "ndarray")),
    ]
    .into_iter()
    .filter_map(|(name, built)| built.then_some(name))
    .collect();
    vec![
        fact("version", env!("CARGO_PKG_VERSION")),
        fact(
            "cargo features",
            if features.is_empty() { "none".into() } else { features.join(", ") },
        ),
        fact("compiler", env!("CANTO_RUSTC")),
        fact("target", env!("CANTO_TARGET")),
        fact("burn", env!("CANTO_VERSION_BURN")),
        fact("tokenizers", env!("CANTO_VERSION_TOKENIZERS")),
        fact("polars", env!("CANTO_VERSION_POLARS")),
    ]
}

fn machine() -> Facts {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    vec![
        fact("system", format!("{} {}", env::consts::OS, env::consts::ARCH)),
        fact("threads", format!("{threads} (worker threads: {})", rayon::current_num_threads())),
        fact("cpu", cpu().unwrap_or_else(|| "unknown on this system".into())),
        fact("cpu features", cpu_features()),
        fact("memory", memory().unwrap_or_else(|| "unknown on this system".into())),
    ]
}

fn memory() -> Option<String> {
    let text = fs_err::read_to_string("/proc/meminfo").ok()?;
    let gibibytes = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        let kibibytes: f64 =
            line.trim_start_matches(':').split_whitespace().next()?.parse().ok()?;
        Some(kibibytes / 1024.0 / 1024.0)
    };
    let (total, free) = (gibibytes("MemTotal")?, gibibytes("MemAvailable")?);
    Some(format!("{total:.1} GiB, {free:.1} available"))
}

/// Each device is tried, so that what is printed is what a command would get.
fn devices() -> Facts {
    let choices = [
        DeviceChoice::Auto,
        DeviceChoice::Cpu,
        DeviceChoice::Cuda(0),
        DeviceChoice::Wgpu,
        DeviceChoice::NdArray,
    ];
    choices.map(tried).to_vec()
}

fn tried(choice: DeviceChoice) -> (String, String) {
    let found = match choice.open() {
        Ok(open) => {
            let note = open.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            format!("{}{note}", open.describe())
        }
        Err(error) => {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            format!("not there: {error}{hint}")
        }
    };
    (choice.to_string(), found)
}

fn folders() -> Facts {
    let cache = hub_cache();
    let state = |folder: &PathBuf| if folder.is_dir() { "there" } else { "not there yet" };
    let hub = cache.map_or_else(
        || "unknown: neither `HF_HUB_CACHE`, `HF_HOME` nor `HOME` is set".to_owned(),
        |folder| format!("{} ({})", folder.display(), state(&folder)),
    );
    let here =
        env::current_dir().map_or_else(|error| error.to_string(), |f| f.display().to_string());
    vec![fact("base models", hub), fact("current folder", here)]
}

/// Where the Hub's client keeps what it downloads.
fn hub_cache() -> Option<PathBuf> {
    let folder =
        |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("HF_HUB_CACHE")
        .or_else(|| folder("HF_HOME").map(|home| home.join("hub")))
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("huggingface/hub")))
        .or_else(|| folder("HOME").map(|home| home.join(".cache/huggingface/hub")))
}

fn environment() -> Facts {
    let shown = [
        "HF_ENDPOINT",
        "HF_HOME",
        "HF_HUB_CACHE",
        "HF_HUB_OFFLINE",
        "CUDA_PATH",
        "CUDA_VISIBLE_DEVICES",
        "LD_LIBRARY_PATH",
        "RAYON_NUM_THREADS",
        "NO_COLOR",
    ];
    let mut facts: Facts = shown.map(|name| fact(name, value(name))).to_vec();
    let token = env::var_os("HF_TOKEN").is_some_and(|token| !token.is_empty());
    facts.push(fact("HF_TOKEN", if token { "set" } else { "unset" }));
    facts
}

fn value(name: &str) -> String {
    env::var_os(name).map_or("unset".into(), |value| without_login(&value.to_string_lossy()))
}

/// An address may carry a name and a password before its host.
fn without_login(value: &str) -> String {
    match value.split_once("://") {
        Some((scheme, rest)) if rest.contains('@') => {
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://…@{host}")
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        assert_eq!(without_login("https://me:secret@hub.local/x"), "https://…@hub.local/x");
        assert_eq!(without_login("https://hub.local"), "https://hub.local");
        assert_eq!(without_login("2"), "2");
    }

    #[test]
    fn the_cpu_is_always_there() {
        let devices = devices();
        let cpu = devices.iter().find(|(name, _)| name == "cpu").unwrap();
        assert!(cpu.1.starts_with("cpu, "), "{devices:?}");
    }
}
