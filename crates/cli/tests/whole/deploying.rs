//! The files of `deploy/` name what there is.

use crate::serving::Server;
use crate::{say, trained};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn path(name: &str) -> PathBuf {
    PathBuf::from(format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR")))
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// What follows `before` up to the end of its word.
fn after<'a>(text: &'a str, before: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no `{before}`"));
    rest.split(['"', '\n', ' ', ',']).next().unwrap()
}

#[test]
fn the_health_check_tells_a_server_from_none() {
    let server = Server::start(&[], &[]);
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    let healthy = || {
        let check = Command::new("bash").arg(path("deploy/healthy.sh")).arg(&port).output();
        check.unwrap().status.success()
    };
    assert!(healthy());
    server.stop("-TERM");
    assert!(!healthy());
}

#[test]
fn every_share_of_the_job_is_done() {
    let job = text("deploy/kubernetes/score.yaml");
    let shares = after(&job, "completions: ");
    assert_eq!(after(&job, "--shard=$(JOB_COMPLETION_INDEX)/"), shares);
    let last: u32 = shares.parse::<u32>().unwrap() - 1;
    let shard = format!("--shard={last}/{shares}");
    let predict = ["predict", "artifacts/micro", "--input=nowhere", "--output=out", &shard];
    say(trained(), &predict).badly(&["no file at `nowhere`"]);
}

#[test]
fn what_is_served_is_called_as_the_command_has_it() {
    let image = text("deploy/Dockerfile");
    let compose = text("deploy/compose.yaml");
    let kubernetes = text("deploy/kubernetes/serve.yaml");
    for (name, text) in [("image", &image), ("compose", &compose), ("kubernetes", &kubernetes)] {
        let plain = text.replace('"', "");
        assert!(plain.contains("--host, 0.0.0.0, --log-format, json"), "{name}");
    }
    let server = Server::start(&["--host", "0.0.0.0", "--log-format", "json"], &[]);
    for route in ["/health", "/ready", "/metrics"] {
        assert!(kubernetes.contains(&format!("path: {route}")), "{route}");
        assert_eq!(server.get(route, "").0, 200, "{route}");
    }
    server.stop("-TERM");
}

#[test]
fn the_image_is_built_by_the_compiler_that_the_workspace_asks_for() {
    let wanted = text("Cargo.toml");
    assert_eq!(after(&text("deploy/Dockerfile"), "ARG RUST="), after(&wanted, "rust-version = \""));
    let version = after(&wanted, "version = \"").to_owned();
    for manifest in ["serve", "score"] {
        let image = text(&format!("deploy/kubernetes/{manifest}.yaml"));
        assert_eq!(after(&image, "image: registry.example/canto:cpu-"), version);
    }
}

/// What `make` would do, or what it prints.
fn make(args: &[&str]) -> String {
    let output = Command::new("make").arg("-C").arg(path("")).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn targets_are_called_as_ever() {
    let help = make(&["help"]);
    let described = |target: &str| help.lines().any(|line| line.trim_start().starts_with(target));
    for target in
        ["help", "install", "api", "ui", "docker-build", "docker-up", "docker-down", "clean"]
    {
        assert!(described(&format!("{target} ")), "no `{target}` in:\n{help}");
    }
    for target in ["api", "ui"] {
        let does = make(&["-n", target, "MODEL=user/name", "PORT=8123"]);
        assert!(does.contains("canto serve user/name --port 8123"), "{does}");
    }
    assert!(make(&["-n", "ui"]).contains("http://localhost:8000/"));
    let up = make(&["-n", "docker-up", "MODEL=user/name", "SERVICE=cuda"]);
    assert!(up.contains("CANTO_MODEL=user/name") && up.contains("up --detach --wait cuda"), "{up}");
    for variable in ["CANTO_MODEL", "CANTO_PORT"] {
        assert!(text("deploy/compose.yaml").contains(&format!("${{{variable}:-")), "{variable}");
    }
}
