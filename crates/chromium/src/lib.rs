//! Headless Chromium, driven over a pipe by its `DevTools` protocol: one JSON message a time, a zero
//! byte after each. No driver and no port are needed.
//!
//! Owns what the tests of pages do with a browser: open, look, click, type, drop, take pictures.
//! Refuses to know any page. Only tests use it, so whatever goes wrong panics and fails them.

#![expect(clippy::missing_panics_doc, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const NAMES: [&str; 5] =
    ["chromium", "chromium-headless-shell", "chromium-browser", "google-chrome", "chrome"];

/// A browser with one tab. Dropped, it ends.
pub struct Chromium {
    child: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    sent: u64,
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

/// So long a browser may be silent before it is taken for dead, rather than waited for forever.
const PATIENCE: Duration = Duration::from_mins(2);

/// So long is waited for what a page is to do.
const DEADLINE: Duration = Duration::from_secs(20);

/// Between two looks whether a page has done it.
const BREATH: Duration = Duration::from_millis(20);

/// Passes messages on until the browser ends.
fn listen(stdout: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let messages = BufReader::new(stdout).split(0);
        for bytes in messages.map_while(Result::ok) {
            let message = serde_json::from_slice(&bytes);
            if message.is_ok_and(|message| sender.send(message).is_ok()) {
                continue;
            }
            break;
        }
    });
    receiver
}

/// The browser to run: `CHROMIUM` where it is set, or the first found.
fn program() -> OsString {
    if let Some(named) = env::var_os("CHROMIUM") {
        return named;
    }
    let folders: Vec<PathBuf> =
        env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let found = NAMES.iter().find(|name| folders.iter().any(|folder| folder.join(name).is_file()));
    let Some(found) = found else {
        panic!(
            "no browser found, looked for {NAMES:?}: install Chromium (Debian: `apt-get install \
             chromium-headless-shell`) or name one by CHROMIUM=<program>"
        )
    };
    found.into()
}

impl Chromium {
    /// Starts the browser, or says what to install.
    pub fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut user_data = OsString::from("--user-data-dir=");
        user_data.push(profile.path());
        // The protocol is spoken on descriptors 3 and 4; the shell makes them our two pipes.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 >/dev/null", "sh"])
            .arg(program())
            .args(["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu"])
            .args(["--no-first-run", "--disable-dev-shm-usage", "--disable-sync"])
            // It asks nobody but the page's server.
            .args(["--disable-background-networking", "--disable-component-update"])
            .args([user_data, "about:blank".into()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let messages = listen(child.stdout.take().unwrap());
        let mut browser = Self {
            child,
            commands,
            messages,
            session: None,
            sent: 0,
            events: Vec::new(),
            _profile: profile,
        };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let target = self.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("Target.attachToTarget", &target);
        self.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
    }

    /// Sends a command and returns its result; events in between are kept.
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).unwrap();
        loop {
            let answer = self.message();
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn message(&self) -> Value {
        let message = self.messages.recv_timeout(PATIENCE);
        message.expect("the browser ended or fell silent; is it a Chromium with `--headless`?")
    }

    /// Opens a page and waits until it is loaded.
    pub fn open(&mut self, url: &str) {
        self.events.clear();
        let loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        self.call("Page.navigate", &json!({ "url": url }));
        while !self.events.iter().any(loaded) {
            let event = self.message();
            self.events.push(event);
        }
    }

    /// What an expression of JavaScript gives, or what its promise comes to; an exception fails
    /// the test.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression of JavaScript is true.
    #[track_caller]
    pub fn wait_for(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.evaluate(&format!("Boolean({expression})")) != true {
            assert!(begun.elapsed() < DEADLINE, "waited in vain for {expression}");
            thread::sleep(BREATH);
        }
    }

    /// A click of the mouse in the middle of an element.
    pub fn click(&mut self, selector: &str) {
        let selector = json!(selector);
        let place = self.evaluate(&format!(
            "(() => {{ const it = document.querySelector({selector}); \
             it.scrollIntoView({{ block: 'center', inline: 'center', behavior: 'instant' }}); \
             const box = it.getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// Text as if it were typed where the focus is.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Chooses files in a file input.
    pub fn choose_files(&mut self, selector: &str, paths: &[&Path]) {
        let selector = json!(selector);
        let input = json!({ "expression": format!("document.querySelector({selector})") });
        let input = self.call("Runtime.evaluate", &input)["result"]["objectId"].clone();
        let files = json!({ "files": paths, "objectId": input });
        self.call("DOM.setFileInputFiles", &files);
    }

    /// Drags files over the page and drops them at a place in the window.
    pub fn drop_files(&mut self, (x, y): (u32, u32), paths: &[&Path]) {
        let data = json!({ "items": [], "files": paths, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": x, "y": y, "data": data });
            self.call("Input.dispatchDragEvent", &event);
        }
    }

    /// Lets pages save files to a folder.
    pub fn save_to(&mut self, folder: &Path) {
        let how = json!({ "behavior": "allow", "downloadPath": folder });
        self.call("Browser.setDownloadBehavior", &how);
    }

    /// The languages that a page opened from now on is told, the first preferred: `es-ES,en`.
    pub fn speak(&mut self, languages: &str) {
        let agent = self.evaluate("navigator.userAgent");
        let how = json!({ "userAgent": agent, "acceptLanguage": languages });
        self.call("Network.setUserAgentOverride", &how);
    }

    /// A key: `Tab`, `Enter` or a space.
    pub fn press(&mut self, key: &str) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            _ => ("Space", 32, " "),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({
                "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "text": text,
            });
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// The size of the window and whether its system is dark.
    pub fn resize(&mut self, width: u32, height: u32, dark: bool) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if dark { "dark" } else { "light" };
        // Nothing moves while a test aims at it.
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Messages on the console, exceptions and violations of the page's policy since it was opened.
    pub fn complaints(&mut self) -> Vec<String> {
        // Whatever was said before this answer has arrived with it.
        self.evaluate("0");
        let said = ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"];
        let events =
            self.events.iter().filter(|event| said.iter().any(|name| event["method"] == *name));
        events.map(|event| event["params"].to_string()).collect()
    }

    /// Everything asked for since the page was opened, the page itself first.
    pub fn requests(&mut self) -> Vec<String> {
        self.evaluate("0");
        let asked = |event: &&Value| event["method"] == "Network.requestWillBeSent";
        let urls = self.events.iter().filter(asked).map(|event| &event["params"]["request"]["url"]);
        let urls = urls.filter_map(Value::as_str).filter(|url| !url.starts_with("data:"));
        urls.map(str::to_owned).collect()
    }

    /// The whole page as PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let height = self.evaluate("document.documentElement.scrollHeight");
        let width = self.evaluate("innerWidth");
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let how = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        base64(self.call("Page.captureScreenshot", &how)["data"].as_str().unwrap())
    }

    /// The page as it prints, PDF.
    pub fn print(&mut self) -> Vec<u8> {
        let how = json!({ "printBackground": true, "preferCSSPageSize": true });
        base64(self.call("Page.printToPDF", &how)["data"].as_str().unwrap())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The bytes that base64 text stands for.
fn base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0, 0_u32);
    let digits = text.bytes().filter_map(|digit| match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    });
    for digit in digits {
        held = held << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_stands_for_bytes() {
        assert_eq!(base64("Y2FudG8="), b"canto");
        assert_eq!(base64("/+8A"), [0xff, 0xef, 0]);
        assert_eq!(base64(""), b"");
    }
}
