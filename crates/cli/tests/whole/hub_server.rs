//! A Hub of one repository on this machine, as the Hub's client speaks to it, uploads included.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// The only token that it takes.
pub(crate) const TOKEN: &str = "hf_never_to_be_printed";

/// The only repository that there can be.
pub(crate) const REPOSITORY: &str = "user/genres";

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What the server keeps.
#[derive(Default)]
pub(crate) struct Repository {
    /// Commit by branch; none before it is created.
    pub(crate) branches: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) commits: BTreeMap<String, Files>,
    pub(crate) private: bool,
    /// Titles of the commits.
    pub(crate) titles: Vec<String>,
    /// Blocks of large files that arrived: the client joins small ones.
    stored: Vec<Vec<u8>>,
    /// Method and path of every request.
    pub(crate) seen: Vec<String>,
}

impl Repository {
    /// The files of a branch.
    pub(crate) fn files(&self, branch: &str) -> &Files {
        &self.commits[&self.branches[branch]]
    }

    fn commit(&mut self, branch: &str, files: Files) -> String {
        let commit = format!("{:040x}", self.commits.len() + 1);
        self.commits.insert(commit.clone(), files);
        self.branches.insert(branch.to_owned(), commit.clone());
        commit
    }

    /// The large file of this SHA-256 and size, at the beginning or the end of a block.
    fn large(&self, sha: &str, size: usize) -> Option<&[u8]> {
        let fits = self.stored.iter().filter(|block| block.len() >= size);
        let mut parts = fits.flat_map(|block| [&block[..size], &block[block.len() - size..]]);
        parts.find(|part| sha256(part) == sha)
    }

    fn create(&mut self, private: bool) {
        self.private = private;
        self.commit("main", Files::from([(".gitattributes".to_owned(), b"# lfs".to_vec())]));
    }

    fn at(&self, revision: &str) -> Option<(&String, &Files)> {
        let named = self.branches.get(revision).or_else(|| self.tags.get(revision));
        self.commits.get_key_value(named.map_or(revision, |commit| commit))
    }
}

/// A request.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What is answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Bytes of the body that are announced and not sent.
    pub(crate) cut: usize,
}

/// A status that is none: the connection is closed without an answer.
const SILENCE: u16 = 0;

impl Reply {
    pub(crate) fn silence() -> Self {
        Self::status(SILENCE)
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: vec![], body: b"{\"error\": \"so it is\"}".to_vec(), cut: 0 }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn json(value: &Value) -> Self {
        let headers = vec![("Content-Type", "application/json".to_owned())];
        Self { status: 200, headers, body: value.to_string().into_bytes(), cut: 0 }
    }

    fn send(&self, stream: &mut TcpStream, head: bool) -> std::io::Result<()> {
        if self.status == SILENCE {
            return Ok(());
        }
        let length = self.body.len();
        let mut text = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", self.status);
        let _ = write!(text, "Content-Length: {length}\r\n");
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        stream.write_all((text + "\r\n").as_bytes())?;
        if head { Ok(()) } else { stream.write_all(&self.body[..length - self.cut]) }
    }
}

type Fault = dyn Fn(&Request, &mut Repository) -> Option<Reply> + Send + Sync;

/// The server; `fault` may answer in its place.
pub(crate) struct HubServer {
    pub(crate) endpoint: String,
    pub(crate) repository: Arc<Mutex<Repository>>,
}

impl HubServer {
    pub(crate) fn new() -> Self {
        Self::failing(|_, _| None)
    }

    /// It closes the connection as soon as it has read the head of a request whose path has `part`,
    /// the first `times`.
    pub(crate) fn hanging_up(part: &'static str, times: usize) -> Self {
        Self::start(|_, _| None, Cuts { part, left: AtomicUsize::new(times) })
    }

    pub(crate) fn failing(
        fault: impl Fn(&Request, &mut Repository) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::start(fault, Cuts { part: "", left: AtomicUsize::new(0) })
    }

    fn start(
        fault: impl Fn(&Request, &mut Repository) -> Option<Reply> + Send + Sync + 'static,
        cuts: Cuts,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let repository = Arc::new(Mutex::new(Repository::default()));
        let (shared, address) = (Arc::clone(&repository), endpoint.clone());
        let (fault, cuts): (Arc<Fault>, _) = (Arc::new(fault), Arc::new(cuts));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, address) = (Arc::clone(&shared), address.clone());
                let (fault, cuts) = (Arc::clone(&fault), Arc::clone(&cuts));
                thread::spawn(move || serve(stream, &shared, &address, &*fault, &cuts));
            }
        });
        Self { endpoint, repository }
    }

    /// It has what another one has.
    pub(crate) fn copy(&self, other: &Self) {
        let other = other.repository.lock().unwrap();
        let mut repository = self.repository.lock().unwrap();
        (repository.branches, repository.commits) = (other.branches.clone(), other.commits.clone());
    }

    /// It has a repository already.
    pub(crate) fn with_repository(self, private: bool) -> Self {
        self.repository.lock().unwrap().create(private);
        self
    }
}

/// Which connections are cut.
struct Cuts {
    part: &'static str,
    left: AtomicUsize,
}

impl Cuts {
    fn has(&self, path: &str) -> bool {
        let fewer = |left: usize| left.checked_sub(1);
        path.contains(self.part)
            && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok()
    }
}

fn serve(
    mut stream: TcpStream,
    shared: &Mutex<Repository>,
    endpoint: &str,
    fault: &Fault,
    cuts: &Cuts,
) {
    let Some(request) = read(&stream, cuts) else { return };
    let reply = {
        let mut repository = shared.lock().unwrap();
        repository.seen.push(format!("{} {}", request.method, request.path));
        fault(&request, &mut repository)
            .unwrap_or_else(|| answer(&request, &mut repository, endpoint))
    };
    let _ = reply.send(&mut stream, request.method == "HEAD");
}

fn read(stream: &TcpStream, cuts: &Cuts) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    while let Some(header) = line().filter(|header| !header.is_empty()) {
        let (name, value) = header.split_once(':')?;
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    if cuts.has(&path) {
        return None;
    }
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = u64::from_str_radix(size.trim(), 16).ok()?;
            (&mut reader).take(size).read_to_end(&mut body).ok()?;
            reader.read_line(&mut String::new()).ok()?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = headers.get("content-length") {
        reader.take(length.parse().ok()?).read_to_end(&mut body).ok()?;
    }
    Some(Request { method, path, headers, body })
}

pub(crate) fn answer(request: &Request, repository: &mut Repository, endpoint: &str) -> Reply {
    let path = request.path.split('?').next().unwrap();
    if let Some(rest) = path.strip_prefix("/v1/").or_else(|| path.strip_prefix("/v2/")) {
        return store(rest, path.starts_with("/v1/"), request, repository);
    }
    if request.headers.get("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return Reply::status(401);
    }
    if path == "/api/repos/create" {
        let asked: Value = serde_json::from_slice(&request.body).unwrap();
        repository.create(asked["private"] == true);
        return Reply::json(&json!({ "url": format!("{endpoint}/{REPOSITORY}") }));
    }
    if repository.branches.is_empty() {
        return Reply::status(404).with("X-Error-Code", "RepoNotFound");
    }
    if let Some(rest) = path.strip_prefix(&format!("/{REPOSITORY}/resolve/")) {
        return resolve(rest, repository);
    }
    if path == format!("/{REPOSITORY}.git/info/lfs/objects/batch") {
        return Reply::json(&json!({ "transfer": "xet", "objects": [] }));
    }
    match path.strip_prefix(&format!("/api/models/{REPOSITORY}")) {
        Some(rest) => api(rest.trim_start_matches('/'), request, repository, endpoint),
        None => Reply::status(404),
    }
}

fn api(path: &str, request: &Request, repository: &mut Repository, endpoint: &str) -> Reply {
    let (verb, revision) = path.split_once('/').unwrap_or((path, ""));
    let body = || serde_json::from_slice::<Value>(&request.body).unwrap();
    match verb {
        "" => Reply::json(&json!({ "id": REPOSITORY, "private": repository.private })),
        "refs" => refs(repository),
        "branch" => {
            let commit = repository.branches["main"].clone();
            repository.branches.insert(revision.to_owned(), commit);
            Reply::json(&json!({}))
        }
        "preupload" => {
            let mode = |name: &str| if name.ends_with(".safetensors") { "lfs" } else { "regular" };
            let files = body()["files"].as_array().unwrap().clone();
            let file = |file: &Value| {
                let name = file["path"].as_str().unwrap();
                json!({ "path": name, "uploadMode": mode(name), "shouldIgnore": false })
            };
            Reply::json(&json!({ "files": files.iter().map(file).collect::<Vec<_>>() }))
        }
        "xet-write-token" => {
            let token =
                json!({ "accessToken": "cas", "exp": 9_999_999_999_u64, "casUrl": endpoint });
            Reply::json(&token)
        }
        "commit" => commit(revision, &request.body, repository, endpoint),
        "tag" => {
            let tag = body()["tag"].as_str().unwrap().to_owned();
            let at = repository.at(revision).map(|(commit, _)| commit.clone());
            repository.tags.insert(tag, at.unwrap());
            Reply::json(&json!({}))
        }
        _ => Reply::status(404),
    }
}

fn refs(repository: &Repository) -> Reply {
    let list = |kind: &str, refs: &BTreeMap<String, String>| {
        let one = |(name, commit): (&String, &String)| json!({ "name": name, "ref": format!("refs/{kind}/{name}"), "targetCommit": commit });
        refs.iter().map(one).collect::<Vec<_>>()
    };
    let (branches, tags) = (list("heads", &repository.branches), list("tags", &repository.tags));
    Reply::json(&json!({ "branches": branches, "tags": tags, "converts": [] }))
}

fn commit(branch: &str, body: &[u8], repository: &mut Repository, endpoint: &str) -> Reply {
    let mut files = repository.files(branch).clone();
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    for line in lines {
        let line: Value = serde_json::from_slice(line).unwrap();
        let value = &line["value"];
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        match line["key"].as_str().unwrap() {
            "header" if text("parentCommit") != repository.branches[branch] => {
                return Reply::status(412);
            }
            "header" => repository.titles.push(text("summary")),
            "file" => {
                files.insert(text("path"), base64(&text("content")));
            }
            // The Hub takes no pointer to what never arrived.
            "lfsFile" => {
                let size = value["size"].as_u64().unwrap_or_default() as usize;
                match repository.large(&text("oid"), size) {
                    Some(bytes) => drop(files.insert(text("path"), bytes.to_vec())),
                    None => return Reply::status(400),
                }
            }
            other => panic!("{other}"),
        }
    }
    let commit = repository.commit(branch, files);
    let address = format!("{endpoint}/{REPOSITORY}/commit/{commit}");
    Reply::json(&json!({ "commitUrl": address, "commitOid": commit, "success": true }))
}

/// The store of large files: blocks of chunks, each behind a header of eight bytes.
fn store(path: &str, first_version: bool, request: &Request, repository: &mut Repository) -> Reply {
    if path.starts_with("xorbs/") {
        let mut bytes = Vec::new();
        let mut rest = &request.body[..];
        while let [0, a, b, c, scheme, _, _, _, chunks @ ..] = rest {
            assert_eq!(*scheme, 0, "compressed");
            let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
            bytes.extend_from_slice(&chunks[..length]);
            rest = &chunks[length..];
        }
        repository.stored.push(bytes);
        return Reply::json(&json!({ "was_inserted": true }));
    }
    if path == "shards" && first_version {
        return Reply::json(&json!({ "result": 1 }));
    }
    Reply::status(404)
}

fn resolve(path: &str, repository: &Repository) -> Reply {
    let (revision, file) = path.split_once('/').unwrap();
    let Some((commit, files)) = repository.at(revision) else {
        return Reply::status(404).with("X-Error-Code", "RevisionNotFound");
    };
    let reply = match files.get(file) {
        Some(body) => Reply { body: body.clone(), ..Reply::status(200) },
        None => Reply::status(404).with("X-Error-Code", "EntryNotFound"),
    };
    let etag = format!("\"{}\"", sha256(&reply.body));
    reply.with("ETag", &etag).with("X-Repo-Commit", commit)
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        bits = bits << 6 | u32::from(digit(letter));
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}
