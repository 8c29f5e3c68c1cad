//! `canto serve`, over a real connection.

use crate::{say, trained};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

const SONGS: [&str; 5] = [
    "Daddy had a muddy truck\nand a fiddle on the porch",
    "Blood upon the altar and the frozen mountain breaks\nBurn the throne, let the ravens feed",
    "la la la",
    "[Chorus]\nSpit a verse in the booth and the bass starts to bang\nCame up from the block, keep \
     it real with the gang\nStack up the paper, count the chain and the grind\nMicrophone is heavy \
     but the hustle on my mind, and all the night the engine hums along the river road",
    "No me digas que la noche es larga, porque el río canta y yo te espero en la ventana",
];

/// A server on a port of its own.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    rest: JoinHandle<String>,
}

impl Server {
    pub(crate) fn start(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("canto"))
            .current_dir(trained())
            .args(["serve", "artifacts/micro", "--port", "0"])
            .args(args)
            .env_remove("CANTO_API_KEY")
            .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        let address = loop {
            let from = told.len();
            assert_ne!(log.read_line(&mut told).unwrap(), 0, "{told}");
            if let Some((_, address)) = told[from..].split_once("listening on http://") {
                break address.split(['"', '\n']).next().unwrap().to_owned();
            }
        };
        let rest = thread::spawn(move || {
            log.read_to_string(&mut told).unwrap();
            told
        });
        Self { child, address, rest }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, String) {
        self.post_with(path, "", body)
    }

    pub(crate) fn post_with(&self, path: &str, headers: &str, body: &Value) -> (u16, String) {
        let body = body.to_string();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    pub(crate) fn get(&self, path: &str, headers: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n"))
    }

    fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, if head.contains("chunked") { joined(body) } else { body.to_owned() })
    }

    /// Sends a signal, and tells the status and the log.
    pub(crate) fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let killed = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(killed.unwrap().success());
        let status = self.child.wait().unwrap();
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert_eq!(out, "", "logs belong on stderr");
        (status.code(), self.rest.join().unwrap())
    }
}

/// The chunks of a body, joined.
fn joined(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.push_str(&rest[..size]);
        body = &rest[size + 2..];
    }
    whole
}

#[track_caller]
fn same(one: &Value, other: &Value) {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            assert!((one - other).abs() <= 1e-5, "{one} and {other}");
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len());
            one.iter().zip(other).for_each(|(one, other)| same(one, other));
        }
        (Value::Object(one), Value::Object(other)) => {
            assert!(one.keys().eq(other.keys()), "{one:?} and {other:?}");
            one.values().zip(other.values()).for_each(|(one, other)| same(one, other));
        }
        _ => assert_eq!(one, other),
    }
}

fn from_the_command(lyrics: &str, more: &[&str]) -> Value {
    let args = ["predict", "artifacts/micro", "--json", "--text", lyrics];
    serde_json::from_str(&say(trained(), &[&args[..], more].concat()).well().out).unwrap()
}

#[test]
fn answers_are_the_same_alone_in_a_batch_and_on_the_command_line() {
    let server = Server::start(&[], &[]);
    let many: Vec<&str> = SONGS.into_iter().cycle().take(60).collect();
    let (status, lines) = server.post("/predict/batch", &json!({"lyrics": many, "all": true}));
    assert_eq!(status, 200, "{lines}");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), many.len());
    for (at, lyrics) in SONGS.into_iter().enumerate() {
        let command = from_the_command(lyrics, &[]);
        let (status, alone) = server.post("/predict", &json!({"lyrics": lyrics, "all": true}));
        assert_eq!(status, 200, "{alone}");
        same(&serde_json::from_str(&alone).unwrap(), &command);
        for mut line in lines.iter().skip(at).step_by(SONGS.len()).cloned() {
            let index = line.as_object_mut().unwrap().remove("index").unwrap();
            assert_eq!(index.as_u64().unwrap() as usize % SONGS.len(), at);
            same(&line, &command);
        }
    }
    assert_eq!(server.stop("-TERM").0, Some(0));
}

#[test]
fn options_do_what_they_do_on_the_command_line() {
    let server = Server::start(&["--batch-tokens", "64", "--workers", "2"], &[]);
    let lyrics = SONGS[1];
    let body = json!({
        "lyrics": lyrics, "all": true, "explain": true,
        "threshold": 0.01, "thresholds": {"Rock": 1, "R&B/Soul": 0},
    });
    let (status, answer) = server.post("/predict", &body);
    assert_eq!(status, 200, "{answer}");
    let thresholds = ["--threshold", "0.01", "--thresholds", "Rock=1,R&B/Soul=0"];
    let answer: Value = serde_json::from_str(&answer).unwrap();
    same(&answer, &from_the_command(lyrics, &[&thresholds[..], &["--explain"]].concat()));
    let (_, without) = server.post("/predict", &json!({
        "lyrics": lyrics, "all": true, "threshold": 0.01, "thresholds": {"Rock": 1, "R&B/Soul": 0},
    }));
    same(&serde_json::from_str(&without).unwrap(), &from_the_command(lyrics, &thresholds));
    let (status, error) = server.post("/predict", &json!({"lyrics": "[Intro]"}));
    assert!(status == 422 && error.contains("\"empty_after_cleaning\""), "{error}");
    assert_eq!(server.stop("-INT").0, Some(0));
}

#[test]
fn the_model_is_told_of() {
    let server = Server::start(&[], &[]);
    let info: Value = serde_json::from_str(&server.get("/info", "").1).unwrap();
    assert_eq!((&info["name"], &info["model"]["max_tokens"]), (&json!("micro"), &json!(32)));
    let manifest = trained().join("artifacts/micro/model/manifest.json");
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    assert_eq!(info["files"], manifest["files"]);
    let labels: Value = serde_json::from_str(&server.get("/labels", "").1).unwrap();
    assert_eq!(labels["labels"], info["labels"]);
    assert_eq!(labels["labels"].as_array().unwrap().len(), 14);
    assert!(!info.to_string().contains(trained().to_str().unwrap()), "{info}");
    server.stop("-TERM");
}

#[test]
fn keys_come_from_a_file_or_the_environment_and_stay_out_of_the_log() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("keys");
    std::fs::write(&file, "open-sesame\n").unwrap();
    let from_file = Server::start(
        &["--api-key-file", file.to_str().unwrap(), "--log-format", "json", "-vv"],
        &[("CANTO_API_KEY", "not-this-one")],
    );
    let from_environment = Server::start(&[], &[("CANTO_API_KEY", "open-sesame")]);
    for server in [from_file, from_environment] {
        assert_eq!(server.get("/labels", "").0, 401);
        assert_eq!(server.get("/labels", "x-api-key: not-this-one\r\n").0, 401);
        assert_eq!(server.get("/labels", "authorization: Bearer open-sesame\r\n").0, 200);
        assert_eq!(server.get("/health", "").0, 200);
        let (code, log) = server.stop("-TERM");
        assert_eq!(code, Some(0));
        assert!(!log.contains("open-sesame") && !log.contains("not-this-one"), "{log}");
    }
}

#[test]
fn log_lines_are_json_where_that_is_asked_for() {
    let server = Server::start(&["--log-format", "json"], &[]);
    server.post("/predict", &json!({"lyrics": "moonlight on the water"}));
    let (_, log) = server.stop("-TERM");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["time"].is_string() && line["level"] == "info"), "{log}");
    let request = lines.iter().find(|line| line["message"] == "request").unwrap();
    assert_eq!((&request["status"], &request["route"]), (&json!(200), &json!("/predict")));
    assert_eq!(request["client"], "127.0.0.1");
    assert!(!log.contains("moonlight"), "{log}");
}

#[test]
fn what_cannot_be_served_is_told_before_it_is_tried() {
    let server = Server::start(&[], &[]);
    let port = server.address.rsplit(':').next().unwrap();
    let serve = |more: &[&str]| say(trained(), &[&["serve", "artifacts/micro"], more].concat());
    serve(&["--port", port]).badly(&["cannot listen on", port, "hint: ", "--port"]);
    serve(&["--host", "203.0.113.1"]).badly(&["203.0.113.1", "hint: ", "--host"]);
    serve(&["--api-key-file", "nowhere"]).badly(&["`nowhere`"]);
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    serve(&["--api-key-file", empty.to_str().unwrap()]).badly(&["holds no key", "hint: "]);
    say(Path::new("."), &["serve", "nowhere"]).badly(&["`nowhere`", "hint: "]);
    for wrong in [
        ["--cors-origin", "songs.example"],
        ["--timeout", "0"],
        ["--queue", "0"],
        ["--host", "localhost"],
        ["--rate-limit", "0"],
    ] {
        assert_eq!(serve(&wrong).code, Some(2), "{wrong:?}");
    }
    server.stop("-TERM");
}
