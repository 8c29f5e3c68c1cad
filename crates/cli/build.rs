//! Hands the versions that `canto doctor` prints to the compiler, read from `Cargo.lock`.

use std::process::Command;

fn main() {
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
    println!("cargo::rerun-if-changed={lock}");
    println!("cargo::rerun-if-changed=build.rs");
    let text = std::fs::read_to_string(lock).unwrap_or_default();
    for package in ["burn", "tokenizers", "polars"] {
        let version = version(&text, package).unwrap_or("unknown");
        println!("cargo::rustc-env=CANTO_VERSION_{}={version}", package.to_uppercase());
    }
    println!("cargo::rustc-env=CANTO_RUSTC={}", compiler());
    println!("cargo::rustc-env=CANTO_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}

fn version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    // The newest comes last: an optional feature of Burn names an older one that is never built.
    let (_, rest) = lock.rsplit_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split('"').next()
}

fn compiler() -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("--version").output();
    let line = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    line.unwrap_or_else(|_| "rustc of unknown version".to_owned())
}
