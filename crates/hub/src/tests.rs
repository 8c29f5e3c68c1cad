//! The Hub as a small server on this machine, good and bad.

use super::*;
use canto_song::Silent;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// One tensor of four bytes.
fn weights() -> Vec<u8> {
    let header = br#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header);
    bytes.extend_from_slice(&1f32.to_le_bytes());
    bytes
}

/// What the server says to one request.
struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Bytes of the body that are announced and not sent.
    cut: usize,
}

impl Reply {
    fn file(body: &[u8]) -> Self {
        let etag = format!(
            "\"{:x}\"",
            body.iter().fold(7u64, |sum, &b| sum * 31 % (1 << 40) + u64::from(b))
        );
        let headers = vec![("ETag", etag), ("X-Repo-Commit", COMMIT.to_owned())];
        Self { status: 200, headers, body: body.to_vec(), cut: 0 }
    }

    fn status(status: u16) -> Self {
        Self { status, headers: vec![], body: b"a page about an error".to_vec(), cut: 0 }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn send(&self, stream: &mut TcpStream, head: bool) -> std::io::Result<()> {
        let length = self.body.len();
        write!(
            stream,
            "HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {length}\r\n",
            self.status
        )?;
        for (name, value) in &self.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        stream.write_all(b"\r\n")?;
        if !head {
            stream.write_all(&self.body[..length - self.cut])?;
        }
        Ok(())
    }
}

/// A request: the method, the path, and all of it.
struct Request {
    method: String,
    path: String,
    text: String,
}

/// A server and an empty cache.
struct Stage {
    hub: Hub,
    cache: tempfile::TempDir,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let cache = tempfile::tempdir().unwrap();
        let seen = Arc::new(Mutex::new(vec![]));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { break };
                let Some(request) = read(&stream) else { continue };
                log.lock().unwrap().push(request.text.clone());
                let _ = answer(&request).send(&mut stream, request.method == "HEAD");
            }
        });
        let hub = Hub {
            endpoint: Some(endpoint),
            cache: Some(cache.path().to_owned()),
            token: Some("hf_secret".to_owned()),
            offline: false,
            retry_delay: Some(Duration::from_millis(1)),
            patience: None,
        };
        Self { hub, cache, seen }
    }

    /// A server that has the three files, but for what `answer` says of a file.
    fn with(answer: impl Fn(&str, &Request) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self::new(move |request| {
            let file = request.path.rsplit('/').next().unwrap_or_default();
            answer(file, request).unwrap_or_else(|| match file {
                "config.json" => Reply::file(br#"{"model_type":"bert"}"#),
                "tokenizer.json" => Reply::file(br#"{"version":"1.0"}"#),
                "model.safetensors" => Reply::file(&weights()),
                _ => Reply::status(404).with("X-Error-Code", "EntryNotFound"),
            })
        })
    }

    fn resolve(&self) -> Result<PathBuf, Error> {
        self.hub.resolve("owner/name", &Silent)
    }

    /// The error, as it is printed, and its hint.
    fn fails(&self) -> (Error, String) {
        let error = self.resolve().unwrap_err();
        let mut printed = format!("{error}\nhint: {}", error.hint().unwrap());
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            printed = format!("{printed}\n{cause}");
            source = cause.source();
        }
        assert!(!printed.contains("hf_secret") && !format!("{error:?}").contains("hf_secret"));
        (error, printed)
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    Some(Request { method, path, text: format!("{first}\n{}", headers.join("\n")) })
}

#[test]
fn a_folder_is_used_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert_eq!(resolve(path, &Silent).unwrap(), folder.path());
}

#[test]
fn what_is_neither_folder_nor_id_is_named() {
    for base in ["./no-such-folder", "no-such-folder", "/no/such/folder"] {
        let error = resolve(base, &Silent).unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{base}` is neither")), "{error}");
    }
}

#[test]
fn a_model_is_fetched_once_and_offline_afterwards() {
    let mut stage = Stage::with(|_, _| None);
    let folder = stage.resolve().unwrap();
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), weights());
    let standard = format!("models--owner--name/snapshots/{COMMIT}");
    assert_eq!(folder, stage.cache.path().join(standard));
    let requests = stage.seen.lock().unwrap().clone();
    assert!(requests.iter().all(|request| request.contains("Bearer hf_secret")), "{requests:?}");
    assert!(requests[0].starts_with("HEAD /owner/name/resolve/main/config.json"));
    assert!(requests.iter().any(|r| r.contains(&format!("/resolve/{COMMIT}/model.safetensors"))));

    assert_eq!(stage.resolve().unwrap(), folder);
    assert_eq!(stage.seen.lock().unwrap().len(), requests.len(), "nothing more was asked");
    stage.hub.offline = true;
    stage.hub.endpoint = Some("http://127.0.0.1:1".to_owned());
    assert_eq!(stage.resolve().unwrap(), folder);
}

#[test]
fn progress_counts_every_byte() {
    #[derive(Default)]
    struct Count(AtomicU64, AtomicU64);
    impl Progress for Count {
        fn start(&self, stage: &str, total: Option<u64>) {
            assert!(stage.starts_with("downloading "));
            self.0.fetch_add(total.unwrap(), Ordering::Relaxed);
        }
        fn advance(&self, units: u64) {
            self.1.fetch_add(units, Ordering::Relaxed);
        }
        fn finish(&self) {}
    }
    let count = Count::default();
    Stage::with(|_, _| None).hub.resolve("owner/name@main", &count).unwrap();
    let (total, done) = (count.0.into_inner(), count.1.into_inner());
    assert!(total == done && total > weights().len() as u64, "{done} of {total}");
}

#[test]
fn an_unknown_model_may_be_a_mistyped_folder() {
    let (error, printed) = Stage::new(|_| Reply::status(404)).fails();
    assert!(matches!(error, Error::NotFound { .. }));
    assert!(printed.contains("is no folder here") && printed.contains("spelling"), "{printed}");
}

#[test]
fn refusals_ask_for_a_token_or_for_access() {
    let (error, printed) = Stage::new(|_| Reply::status(401)).fails();
    assert!(matches!(error, Error::Refused { gated: false, status: 401, .. }));
    assert!(printed.contains("HF_TOKEN"), "{printed}");
    let gated = || Reply::status(403).with("X-Error-Code", "GatedRepo");
    let (error, printed) = Stage::new(move |_| gated()).fails();
    assert!(matches!(error, Error::Refused { gated: true, status: 403, .. }));
    assert!(printed.contains("ask for access on `http://127.0.0.1"), "{printed}");
}

#[test]
fn a_busy_hub_says_how_long_to_wait() {
    let (error, printed) = Stage::new(|_| Reply::status(429).with("Retry-After", "17")).fails();
    assert!(matches!(error, Error::RateLimited { .. }));
    assert!(printed.contains("wait 17 s"), "{printed}");
}

#[test]
fn a_failing_hub_is_to_blame_itself() {
    let (error, printed) = Stage::new(|_| Reply::status(503)).fails();
    assert!(matches!(error, Error::Server { status: 503, .. }));
    assert!(printed.contains("later"), "{printed}");
}

#[test]
fn a_dead_network_names_the_endpoint() {
    let mut stage = Stage::with(|_, _| None);
    stage.hub.endpoint = Some("http://127.0.0.1:1".to_owned());
    let (error, printed) = stage.fails();
    assert!(matches!(error, Error::Network { .. }));
    assert!(printed.contains("cannot reach `http://127.0.0.1:1`"), "{printed}");
}

#[test]
fn a_silent_hub_is_not_waited_for_for_ever() {
    let mut stage = Stage::new(|_| {
        loop {
            thread::park();
        }
    });
    stage.hub.patience = Some(Duration::from_millis(200));
    let (error, printed) = stage.fails();
    assert!(matches!(error, Error::Stalled { .. }));
    assert!(printed.contains("check the network"), "{printed}");
}

#[test]
fn without_a_network_wanted_and_without_files_that_is_said() {
    let mut stage = Stage::with(|_, _| None);
    stage.hub.offline = true;
    let (error, printed) = stage.fails();
    assert!(matches!(error, Error::Offline { .. }));
    assert!(printed.contains("HF_HUB_OFFLINE"), "{printed}");
    assert!(stage.seen.lock().unwrap().is_empty());
}

#[test]
fn a_cut_body_is_not_kept() {
    let cut = Arc::new(Mutex::new(true));
    let broken = Arc::clone(&cut);
    let stage = Stage::with(move |file, _| {
        let cut = if *broken.lock().unwrap() { 3 } else { 0 };
        (file == "model.safetensors").then(|| Reply { cut, ..Reply::file(&weights()) })
    });
    let (error, printed) = stage.fails();
    assert!(matches!(error, Error::Cut { .. }), "{printed}");
    *cut.lock().unwrap() = false;
    assert!(stage.resolve().is_ok());
}

#[test]
fn an_error_page_in_a_files_place_is_thrown_away() {
    let failing = Arc::new(Mutex::new(true));
    let switch = Arc::clone(&failing);
    let stage = Stage::with(move |file, request| {
        let fails = file == "model.safetensors" && request.method == "GET";
        (fails && *switch.lock().unwrap()).then(|| Reply::status(403))
    });
    let (error, printed) = stage.fails();
    assert!(matches!(error, Error::Broken { kept: false, .. }), "{printed}");
    *failing.lock().unwrap() = false;
    assert!(stage.resolve().is_ok());
}

#[test]
fn a_file_broken_in_the_cache_is_named() {
    let stage = Stage::with(|_, _| None);
    let weights = stage.resolve().unwrap().join("model.safetensors");
    let blob = fs::canonicalize(&weights).unwrap();
    fs::write(&blob, &fs::read(&blob).unwrap()[..40]).unwrap();
    let (error, printed) = stage.fails();
    assert!(matches!(error, Error::Broken { kept: true, .. }), "{printed}");
    assert!(printed.contains("delete `"), "{printed}");
}

#[test]
fn missing_files_are_told_with_what_is_there_instead() {
    for (gone, instead) in
        [("tokenizer.json", "vocab.json"), ("model.safetensors", "model.safetensors.index.json")]
    {
        let stage = Stage::with(move |file, _| match file {
            file if file == gone => Some(Reply::status(404)),
            file if file == instead => Some(Reply::file(b"{}")),
            _ => None,
        });
        let (error, printed) = stage.fails();
        assert!(matches!(error, Error::Missing { found: Some(_), .. }), "{printed}");
        assert!(printed.contains(&format!("no `{gone}`, only `{instead}`")), "{printed}");
        assert!(printed.contains("save_pretrained"), "{printed}");
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let mut stage = Stage::with(|_, _| None);
    let file = stage.cache.path().join("file");
    fs::write(&file, "").unwrap();
    stage.hub.cache = Some(file);
    let (error, printed) = stage.fails();
    assert!(matches!(error, Error::Disk { .. }), "{printed}");
    assert!(printed.contains("HF_HOME"), "{printed}");
}

#[test]
fn a_full_disk_says_so() {
    let id = Id::parse("owner/name").unwrap();
    let source = Hub::default().source("owner/name", &id).unwrap();
    let full = HFError::Io(std::io::ErrorKind::StorageFull.into());
    assert!(source.error("f", full).hint().unwrap().contains("free some space"));
}

#[test]
fn a_bad_endpoint_is_a_setting_to_check() {
    let mut stage = Stage::with(|_, _| None);
    stage.hub.endpoint = Some("not an address".to_owned());
    let (error, printed) = stage.fails();
    assert!(matches!(error, Error::Settings { .. }));
    assert!(printed.contains("HF_ENDPOINT"), "{printed}");
}

/// Runs in a process of its own, started by the test below.
#[test]
fn child_that_reads_the_environment() {
    if let Ok(base) = std::env::var("CANTO_TEST_BASE") {
        let folder = resolve(&base, &Silent).unwrap();
        assert!(folder.starts_with(std::env::var("HF_HOME").unwrap()));
    }
}

#[test]
fn the_hubs_variables_are_honoured() {
    let stage = Stage::with(|_, _| None);
    let run = |endpoint: &str, offline: &str| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::child_that_reads_the_environment"])
            .env("CANTO_TEST_BASE", "owner/name")
            .env("HF_ENDPOINT", endpoint)
            .env("HF_TOKEN", "hf_other")
            .env("HF_HOME", stage.cache.path())
            .env("HF_HUB_OFFLINE", offline)
            .env_remove("HF_HUB_CACHE")
            .output()
            .unwrap()
    };
    let endpoint = stage.hub.endpoint.clone().unwrap();
    assert!(!run(&endpoint, "1").status.success(), "nothing is there yet");
    assert!(run(&endpoint, "").status.success());
    assert!(stage.seen.lock().unwrap().iter().all(|request| request.contains("Bearer hf_other")));
    assert!(run("http://127.0.0.1:1", "1").status.success());
}
