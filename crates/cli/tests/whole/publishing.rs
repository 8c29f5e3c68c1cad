//! publish → the Hub → predict, good and bad.

use crate::hub_server::{Files, HubServer, REPOSITORY, Reply, Request, TOKEN, answer, sha256};
use crate::{Said, canto, copied, said, say, trained};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// `canto args` against `server`, with the Hub's cache in `here/hf` and no token but `TOKEN`.
fn online(here: &Path, server: &HubServer, args: &[&str]) -> Said {
    said(at(here, &server.endpoint, args).env("HF_TOKEN", TOKEN))
}

fn at(here: &Path, endpoint: &str, args: &[&str]) -> assert_cmd::Command {
    let mut command = canto(here);
    command.args(args).env("HF_ENDPOINT", endpoint).env("HF_HOME", here.join("hf"));
    // Chunks that the server can read without a decompressor.
    command.env("HF_XET_XORB_COMPRESSION_POLICY", "none");
    // A broken connection is tried again soon.
    command.env("HF_XET_CLIENT_RETRY_BASE_DELAY", "10ms");
    for name in ["HF_HUB_OFFLINE", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HF_XET_CACHE"] {
        command.env_remove(name);
    }
    command
}

const RUN: &str = "artifacts/micro";

fn publish(more: &[&'static str]) -> Vec<&'static str> {
    [&["publish", RUN, "--repo", REPOSITORY], more].concat()
}

/// Says why, and prints no token.
#[track_caller]
fn fails(server: &HubServer, more: &[&'static str], parts: &[&str]) {
    let here = copied();
    let said = online(here.path(), server, &publish(more)).badly(parts);
    assert!(said.err.contains("hint: "), "{}", said.err);
    assert!(!said.err.contains(TOKEN), "{}", said.err);
}

/// A server with the published micro model.
fn published() -> HubServer {
    let (server, here) = (HubServer::new(), copied());
    online(here.path(), &server, &publish(&[])).well();
    server
}

/// Name and SHA-256 of what a dry run lists.
fn listed(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().take_while(|line| !line.contains(" files, "));
    let pair = |line: &str| {
        let mut words = line.split_whitespace();
        let hash = words.next().unwrap().to_owned();
        (words.last().unwrap().to_owned(), hash)
    };
    let mut files: Vec<_> = lines.map(pair).collect();
    files.sort();
    files
}

fn hashes(files: &Files) -> Vec<(String, String)> {
    let published = files.iter().filter(|(name, _)| *name != ".gitattributes");
    published.map(|(name, bytes)| (name.clone(), sha256(bytes))).collect()
}

#[test]
fn a_dry_run_lists_and_sends_nothing() {
    let here = copied();
    say(here.path(), &["eval", RUN]).well();
    let dry = say(here.path(), &publish(&["--dry-run", "--license", "mit"])).well();
    for part in [
        "model.safetensors",
        "report.html",
        "license: \"mit\"",
        "- \"en\"",
        "pipeline_tag: \"text-classification\"",
        "type: \"roc_auc\"",
        "95% interval",
        "interval_low: 0.",
        "| songs left |",
        "raw_scores",
        "canto predict user/genres",
    ] {
        assert!(dry.out.contains(part), "no `{part}` in:\n{}", dry.out);
    }
    let names: Vec<_> = listed(&dry.out).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 16, "{names:?}");
}

#[test]
fn one_commit_holds_exactly_what_was_listed() {
    let (here, server) = (copied(), HubServer::new());
    say(here.path(), &["eval", RUN]).well();
    let dry = say(here.path(), &publish(&["--dry-run"])).well();
    let more = ["--private", "--tag", "v1", "--message", "First"];
    let said = online(here.path(), &server, &publish(&more)).well();
    assert_eq!(said.out, format!("{}/{REPOSITORY}\n", server.endpoint));
    assert!(!said.err.contains(TOKEN), "{}", said.err);
    let repository = server.repository.lock().unwrap();
    assert_eq!(hashes(repository.files("main")), listed(&dry.out));
    assert_eq!(repository.titles, ["First"]);
    assert!(repository.private);
    assert_eq!(repository.tags["v1"], repository.branches["main"]);
    let report = String::from_utf8_lossy(&repository.files("main")["report.json"]).into_owned();
    assert!(report.contains("\"examples\": []"), "no line of lyrics is published");
}

#[test]
fn a_branch_is_made_and_main_stays() {
    let (here, server) = (copied(), HubServer::new().with_repository(false));
    let said = online(here.path(), &server, &publish(&["--revision", "trial"])).well();
    assert!(said.out.ends_with("/tree/trial\n"), "{}", said.out);
    let repository = server.repository.lock().unwrap();
    assert_eq!(repository.files("main").len(), 1);
    assert!(repository.files("trial").contains_key("model.safetensors"));
}

#[test]
fn the_token_comes_from_an_env_file_or_the_log_in() {
    let (here, server) = (copied(), HubServer::new());
    let run = || said(&mut at(here.path(), &server.endpoint, &publish(&[])));
    run().badly(&["not logged in", "HF_TOKEN", ".env"]);
    fs::write(here.path().join(".env"), format!("HF_TOKEN=\"{TOKEN}\"\n")).unwrap();
    run().well();
    fs::remove_file(here.path().join(".env")).unwrap();
    fs::create_dir_all(here.path().join("hf")).unwrap();
    fs::write(here.path().join("hf/token"), format!("{TOKEN}\n")).unwrap();
    run().well();
}

#[test]
fn what_is_refused_is_refused_before_anything_is_sent() {
    let taken = HubServer::new().with_repository(false);
    let main = taken.repository.lock().unwrap().branches["main"].clone();
    taken.repository.lock().unwrap().tags.insert("v1".to_owned(), main);
    fails(&taken, &["--tag", "v1"], &["tag `v1` already"]);
    fails(&taken, &["--private"], &["is public"]);
    assert!(taken.repository.lock().unwrap().seen.iter().all(|line| line.starts_with("GET ")));
    let here = copied();
    let offline = ["publish", RUN, "--repo", "user/genres"];
    say(here.path(), &offline).badly(&["HF_HUB_OFFLINE", "--dry-run"]);
    let bad = ["publish", RUN, "--repo", "genres"];
    say(here.path(), &bad).badly(&["`genres` is no repository", "user/name"]);
}

/// A server that answers every request whose path has `part` with `status`.
fn with_fault(part: &'static str, status: u16) -> HubServer {
    HubServer::failing(move |request: &Request, _| {
        let reply = || Reply::status(status).with("Retry-After", "17");
        request.path.contains(part).then(reply)
    })
}

#[test]
fn every_refusal_has_its_words() {
    fails(&with_fault("/api/models", 401), &[], &["does not accept the token", "expired"]);
    fails(&with_fault("/repos/create", 403), &[], &["may not create", "so it is"]);
    let there = |part, status| with_fault(part, status).with_repository(false);
    fails(&there("/commit/", 403), &[], &["may not write to", "kind"]);
    fails(&there("/preupload/", 404), &[], &["404", "--repo"]);
    fails(&there("/commit/", 409), &[], &["changed by someone else", "again"]);
    fails(&there("/commit/", 400), &[], &["status 400: so it is", "--dry-run"]);
    fails(&there("/tag/", 403), &["--tag", "v2"], &["the files are published", "`v2`"]);
}

#[test]
fn a_busy_or_failing_hub_is_asked_again_and_then_told() {
    let busy = with_fault("/preupload/", 429).with_repository(false);
    fails(&busy, &[], &["429", "wait 17 s"]);
    let failing = with_fault("/commit/", 503).with_repository(false);
    fails(&failing, &[], &["status 503", "later"]);
    let repository = failing.repository.lock().unwrap();
    let tries = repository.seen.iter().filter(|line| line.contains("/commit/")).count();
    assert!(tries > 1, "{tries}");
    assert_eq!(repository.files("main").len(), 1, "as it was");
}

#[test]
fn an_upload_that_breaks_off_leaves_the_repository_as_it_was() {
    let server = with_fault("/v1/xorbs/", 403).with_repository(false);
    let said = online(copied().path(), &server, &publish(&[]));
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", said.err);
    for part in ["broke off", "hint: ", "no commit was made"] {
        assert!(said.err.contains(part), "no `{part}` in:\n{}", said.err);
    }
    assert!(!said.err.contains(TOKEN), "{}", said.err);
    let repository = server.repository.lock().unwrap();
    assert_eq!(repository.files("main").len(), 1);
    assert!(repository.titles.is_empty());
}

#[test]
fn a_cut_connection_leaves_the_repository_as_it_was() {
    for part in ["/preupload/", "/lfs/objects/batch", "/v1/xorbs/", "/commit/"] {
        let server = HubServer::hanging_up(part, usize::MAX).with_repository(false);
        let said = online(copied().path(), &server, &publish(&["--tag", "v1"]));
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{part}: {}", said.err);
        assert!(
            said.err.contains("hint: ") && said.err.contains("no commit was made"),
            "{}",
            said.err
        );
        assert!(!said.err.contains(TOKEN) && !said.err.contains("panicked"), "{}", said.err);
        let repository = server.repository.lock().unwrap();
        assert_eq!(repository.files("main").len(), 1, "{part}");
        assert!(repository.titles.is_empty() && repository.tags.is_empty(), "{part}");
    }
}

#[test]
fn a_connection_that_is_cut_once_is_made_again() {
    for part in ["/preupload/", "/v1/xorbs/", "/commit/"] {
        let server = HubServer::hanging_up(part, 1).with_repository(false);
        online(copied().path(), &server, &publish(&[])).well();
        let repository = server.repository.lock().unwrap();
        assert!(repository.files("main").contains_key("model.safetensors"), "{part}");
        assert_eq!(repository.titles.len(), 1, "{part}");
    }
}

/// The client asks once more, and the Hub sees a branch that is no longer where it was.
#[test]
fn a_commit_whose_answer_is_lost_may_be_ours() {
    let server = HubServer::failing(|request, repository| {
        let lost = request.path.contains("/commit/") && repository.titles.is_empty();
        lost.then(|| {
            answer(request, repository, "");
            Reply::silence()
        })
    });
    let server = server.with_repository(false);
    fails(&server, &[], &["changed by someone else", "may be this very commit"]);
    assert_eq!(server.repository.lock().unwrap().titles.len(), 1);
}

#[test]
fn what_had_to_be_made_first_is_told_of() {
    let server = with_fault("/commit/", 400);
    let parts = ["the repository `user/genres` was made and stays", "status 400", "or delete"];
    fails(&server, &[], &parts);
    assert_eq!(server.repository.lock().unwrap().files("main").len(), 1, "nothing but its own");
    let server = with_fault("/commit/", 400).with_repository(false);
    let parts = ["the branch `trial` of `user/genres` was made and stays", "status 400"];
    fails(&server, &["--revision", "trial"], &parts);
    let repository = server.repository.lock().unwrap();
    assert_eq!(repository.branches["trial"], repository.branches["main"]);
}

#[test]
fn no_log_tells_the_token() {
    let (here, server) = (copied(), HubServer::new());
    let said = online(here.path(), &server, &publish(&["--tag", "v1", "-vv"])).well();
    assert!(!said.err.contains(TOKEN) && !said.err.contains("Bearer"), "{}", said.err);
    let said = online(here.path(), &server, &[&predict("user/genres@v1")[..], &["-vv"]].concat());
    assert!(!said.well().err.contains(TOKEN));
}

#[test]
fn a_change_in_between_is_not_overwritten() {
    let server = HubServer::failing(|request, repository| {
        if request.path.contains("/preupload/") {
            repository.branches.insert("main".to_owned(), "someone else's".to_owned());
        }
        repository.commits.entry("someone else's".to_owned()).or_default();
        None
    });
    fails(&server, &[], &["changed by someone else", "412"]);
}

const LYRICS: [&str; 2] = ["--text", "Daddy had a muddy truck\nand a fiddle on the porch"];

fn predict(model: &'static str) -> Vec<&'static str> {
    [&["predict", model], &LYRICS[..]].concat()
}

#[test]
fn what_was_published_predicts_the_same_and_then_offline() {
    let (server, here) = (published(), TempDir::new().unwrap());
    let expected = say(trained(), &predict(RUN)).well().out;
    let first = online(here.path(), &server, &predict(REPOSITORY)).well();
    assert_eq!(first.out, expected);
    assert!(first.err.contains("downloading model.safetensors"), "{}", first.err);
    let requests = server.repository.lock().unwrap().seen.len();
    assert_eq!(online(here.path(), &server, &predict("user/genres@main")).well().out, expected);
    assert_eq!(server.repository.lock().unwrap().seen.len(), requests, "nothing more was asked");
    let mut offline = at(here.path(), "http://127.0.0.1:1", &predict(REPOSITORY));
    assert_eq!(said(offline.env("HF_HUB_OFFLINE", "1")).well().out, expected);
    let tune = online(here.path(), &server, &["tune", REPOSITORY]);
    tune.badly(&["cache, which is never changed", "copy it"]);
}

#[test]
fn a_folder_here_wins_over_the_hub() {
    let (server, here) = (HubServer::new(), copied());
    fs::create_dir(here.path().join("user")).unwrap();
    fs::rename(here.path().join("artifacts/micro"), here.path().join("user/genres")).unwrap();
    online(here.path(), &server, &predict(REPOSITORY)).well();
    let typo = online(here.path(), &server, &predict("user/generes"));
    typo.badly(&["`user/generes` does not exist", "`user/generes@main`"]);
    assert!(server.repository.lock().unwrap().seen.is_empty());
}

#[test]
fn a_name_that_is_neither_folder_nor_model_is_told_so() {
    let (server, here) = (HubServer::new(), TempDir::new().unwrap());
    let neither = ["is no folder here", "has no such model", "hint: "];
    online(here.path(), &server, &predict("user/other")).badly(&neither);
    let mut offline = at(here.path(), &server.endpoint, &predict(REPOSITORY));
    let said = said(offline.env("HF_HUB_OFFLINE", "1"));
    said.badly(&["is no folder here", "HF_HUB_OFFLINE", "fetch it once"]);
}

#[test]
fn a_wrong_hash_is_found_and_thrown_away() {
    let (server, here) = (published(), TempDir::new().unwrap());
    let change = || {
        let mut repository = server.repository.lock().unwrap();
        let commit = repository.branches["main"].clone();
        let files = repository.commits.get_mut(&commit).unwrap();
        files.get_mut("model.safetensors").unwrap().last_mut().map(|byte| *byte ^= 1)
    };
    change();
    let parts = ["is not as its manifest says", "model.safetensors", "run it again"];
    online(here.path(), &server, &predict(REPOSITORY)).badly(&parts);
    change();
    online(here.path(), &server, &predict(REPOSITORY)).well();
}

/// A server whose repository answers requests for its files by `status`, if they are for `part`.
fn refusing(part: &'static str, reply: fn() -> Reply) -> HubServer {
    let server = HubServer::failing(move |request, _| {
        let asked = request.path.contains("/resolve/") && request.path.contains(part);
        asked.then(reply)
    });
    server.with_repository(false)
}

#[test]
fn every_refusal_of_a_model_has_its_words() {
    let here = TempDir::new().unwrap();
    let fails = |reply: fn() -> Reply, parts: &[&str]| {
        let said = online(here.path(), &refusing("config.json", reply), &predict(REPOSITORY));
        let said = said.badly(parts);
        assert!(said.err.contains("hint: ") && !said.err.contains(TOKEN), "{}", said.err);
    };
    fails(|| Reply::status(401), &["refuses access", "HF_TOKEN"]);
    let gated = || Reply::status(403).with("X-Error-Code", "GatedRepo");
    fails(gated, &["gated", "ask for access on", "user/genres`"]);
    fails(|| Reply::status(404).with("X-Error-Code", "RepoNotFound"), &["has no such model"]);
    fails(|| Reply::status(429).with("Retry-After", "17"), &["status 429", "wait 17 s"]);
    fails(|| Reply::status(503), &["status 503", "later"]);
    fails(Reply::silence, &["cannot reach", "check the network"]);
}

#[test]
fn a_download_that_is_cut_goes_on_later() {
    let (server, here) = (published(), TempDir::new().unwrap());
    let cutting = HubServer::failing(|request, repository| {
        let asked = request.method == "GET" && request.path.ends_with("model.safetensors");
        asked.then(|| {
            let whole = answer(request, repository, "");
            Reply { cut: whole.body.len() / 2, ..whole }
        })
    });
    cutting.copy(&server);
    let said = online(here.path(), &cutting, &predict(REPOSITORY));
    said.badly(&["the download of `model.safetensors`", "broke off", "are kept"]);
    let asked = server.repository.lock().unwrap().seen.len();
    online(here.path(), &server, &predict(REPOSITORY)).well();
    let repository = server.repository.lock().unwrap();
    let again = |name: &str| {
        let got = |line: &&String| line.starts_with("GET ") && line.ends_with(name);
        repository.seen[asked..].iter().filter(got).count()
    };
    assert_eq!(
        (again("/model.safetensors"), again("/config.json")),
        (1, 0),
        "what is whole is kept"
    );
}

/// What is downloaded goes to a file of a known name first, so that it can be a full device.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_is_told_and_leaves_no_model() {
    let (server, here) = (published(), TempDir::new().unwrap());
    let hash = sha256(&server.repository.lock().unwrap().files("main")["model.safetensors"]);
    let blobs = here.path().join("hf/hub/models--user--genres/blobs");
    fs::create_dir_all(&blobs).unwrap();
    let unfinished = blobs.join(format!("{hash}.incomplete"));
    std::os::unix::fs::symlink("/dev/full", &unfinished).unwrap();
    let said = online(here.path(), &server, &predict(REPOSITORY));
    said.badly(&["`model.safetensors`", "No space left", "free some space", "HF_HOME"]);
    let mut offline = at(here.path(), &server.endpoint, &predict(REPOSITORY));
    said_of(&mut offline).badly(&["not complete in the cache"]);
    fs::remove_file(unfinished).unwrap();
    online(here.path(), &server, &predict(REPOSITORY)).well();
}

fn said_of(command: &mut assert_cmd::Command) -> Said {
    said(command.env("HF_HUB_OFFLINE", "1"))
}
