//! Every file altered, cut short and removed; versions, unknown keys, files that disagree.

use crate::tiny::written;
use canto_bundle::{Bundle, Error, FILES, Manifest};
use serde_json::Value;
use std::path::Path;

fn refusal(dir: &Path) -> Error {
    Bundle::open(dir).map(|_| ()).expect_err("a damaged bundle opened")
}

#[test]
fn an_altered_byte_is_found_in_every_file() {
    for name in FILES {
        let (_run, dir) = written();
        let path = dir.join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = refusal(&dir);
        assert!(matches!(error, Error::Altered { .. }), "{name}: {error}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains("SHA-256"), "{text}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_missing_byte_is_found_in_every_file() {
    for name in FILES {
        let (_run, dir) = written();
        let path = dir.join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.pop();
        std::fs::write(&path, bytes).unwrap();
        let error = refusal(&dir);
        assert!(matches!(error, Error::Size { .. }), "{name}: {error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    for name in FILES {
        let (_run, dir) = written();
        std::fs::remove_file(dir.join(name)).unwrap();
        let error = refusal(&dir);
        assert!(matches!(error, Error::MissingFile { .. }), "{name}: {error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_bundle_without_its_manifest_is_not_trusted() {
    let (_run, dir) = written();
    std::fs::remove_file(dir.join("manifest.json")).unwrap();
    assert!(matches!(refusal(&dir), Error::NoManifest { .. }));
}

/// Rewrites a JSON file of the bundle, and the manifest so that it agrees.
fn rewrite(dir: &Path, name: &str, change: impl FnOnce(&mut Value)) {
    let path = dir.join(name);
    let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(&path, value.to_string()).unwrap();
    if name != "manifest.json" {
        let manifest = dir.join("manifest.json");
        let text = std::fs::read(&manifest).unwrap();
        let mut of: Manifest = serde_json::from_slice(&text).unwrap();
        let (bytes, sha256) = digest(&path);
        for record in of.files.iter_mut().filter(|record| record.name == name) {
            (record.bytes, record.sha256) = (bytes, sha256.clone());
        }
        std::fs::write(&manifest, serde_json::to_vec(&of).unwrap()).unwrap();
    }
}

fn digest(path: &Path) -> (u64, String) {
    use sha2::Digest;
    use std::fmt::Write;
    let bytes = std::fs::read(path).unwrap();
    let hash = sha2::Sha256::digest(&bytes);
    let hex = hash.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    (bytes.len() as u64, hex)
}

#[test]
fn a_newer_format_asks_for_a_newer_canto() {
    let (_run, dir) = written();
    rewrite(&dir, "manifest.json", |manifest| {
        manifest["format_version"] = 2.into();
        manifest["a_key_of_the_future"] = true.into();
    });
    let error = refusal(&dir);
    assert!(matches!(error, Error::NewerFormat { found: 2, supported: 1, .. }), "{error}");
    assert!(error.hint().unwrap().contains("upgrade canto"));
}

#[test]
fn unknown_keys_are_refused() {
    for name in ["manifest.json", "canto.json", "thresholds.json"] {
        let (_run, dir) = written();
        rewrite(&dir, name, |value| value["surprise"] = 1.into());
        let error = refusal(&dir);
        assert!(matches!(error, Error::Malformed { .. }), "{name}: {error}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("surprise"), "{source}");
    }
}

#[test]
fn files_that_disagree_are_refused() {
    let (_run, dir) = written();
    rewrite(&dir, "canto.json", |settings| settings["labels"][0] = "Polka".into());
    assert!(matches!(refusal(&dir), Error::Labels { .. }));

    let (_run, dir) = written();
    rewrite(&dir, "thresholds.json", |value| value["values"][0]["label"] = "Polka".into());
    assert!(matches!(refusal(&dir), Error::Misfit { .. }));
}

#[test]
fn a_manifest_cannot_point_outside_its_folder() {
    for name in ["../secret", "/etc/passwd", "a/b", ""] {
        let (_run, dir) = written();
        rewrite(&dir, "manifest.json", |manifest| manifest["files"][0]["name"] = name.into());
        assert!(matches!(refusal(&dir), Error::BadName { .. }), "{name}");
    }
    let (_run, dir) = written();
    rewrite(&dir, "manifest.json", |manifest| {
        manifest["files"].as_array_mut().unwrap().pop();
    });
    assert!(matches!(refusal(&dir), Error::NotListed { .. }));
}
