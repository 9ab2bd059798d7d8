//! Chromium without a window, spoken to in its own protocol over a pipe: <https://chromedevtools.github.io/devtools-protocol/>.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the programs are called.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) theme: &'static str,
    pub(crate) media: &'static str,
    pub(crate) scripts: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 1400, height: 900, theme: "light", media: "screen", scripts: true }
    }
}

/// One page in a browser of its own.
pub(crate) struct Page {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: String,
    number: u64,
    /// What was written to the console, thrown, or refused by the page's policy.
    pub(crate) complaints: Vec<String>,
    /// What the page asked for besides itself.
    pub(crate) fetched: Vec<String>,
    _files: TempDir,
}

impl Page {
    /// Opens a document as a file.
    pub(crate) fn open(html: &str, look: Look) -> Self {
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("report.html");
        fs::write(&path, html).unwrap();
        Self::open_in(files, &path, look)
    }

    /// Opens a file; `files` is a directory that the browser may write to.
    pub(crate) fn open_in(files: TempDir, path: &Path, look: Look) -> Self {
        // The protocol is spoken on the descriptors 3 and 4, which a shell can make of the usual ones.
        let script = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(program())
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
            .args([
                "--no-first-run",
                "--disable-extensions",
                "--disable-background-networking",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", files.path().join("profile").display()))
            // It leaves directories of its own there when it is killed.
            .env("TMPDIR", files.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let requests = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut page = Self {
            child,
            requests,
            answers,
            session: String::new(),
            number: 0,
            complaints: Vec::new(),
            fetched: Vec::new(),
            _files: files,
        };
        let target = page.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = page.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        page.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.look(look);
        page.call("Emulation.setScriptExecutionDisabled", json!({"value": !look.scripts}));
        page.navigate(path);
        page
    }

    /// Goes to a file and waits until it is loaded.
    pub(crate) fn navigate(&mut self, path: &Path) {
        self.call("Page.navigate", json!({"url": format!("file://{}", path.display())}));
        self.wait_for("Page.loadEventFired");
    }

    /// Changes the size and the theme.
    pub(crate) fn look(&mut self, look: Look) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": false}),
        );
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"media": look.media, "features": [{"name": "prefers-color-scheme", "value": look.theme}]}),
        );
    }

    /// Evaluates an expression; a promise is awaited.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", parameters);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Evaluates an expression that gives a text.
    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.eval(expression).as_str().unwrap_or_default().to_owned()
    }

    /// Counts the elements that a selector finds.
    pub(crate) fn count(&mut self, selector: &str) -> u64 {
        self.eval(&format!("document.querySelectorAll({}).length", json!(selector))).as_u64().unwrap()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_until(&mut self, expression: &str) {
        let check = format!(
            "new Promise(done => {{ const look = () => ({expression}) ? done(true) : requestAnimationFrame(look); look(); }})"
        );
        self.eval(&check);
    }

    /// Presses and releases a key.
    pub(crate) fn press(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        self.call("Input.dispatchKeyEvent", json!({"type": "keyDown", "key": key, "text": text}));
        self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key}));
    }

    /// Types a text.
    pub(crate) fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Takes a picture of what is seen, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        self.capture(json!({"format": "png"}))
    }

    /// Takes a picture of an element and a little around it, wherever on the page it is, as PNG.
    pub(crate) fn picture_of(&mut self, selector: &str) -> Vec<u8> {
        let place = format!(
            "(({{x, y, width, height}}) => ({{x: x + scrollX - 16, y: y + scrollY - 16, width: width + 32, height: height + 32, scale: 1}}))\
             (document.querySelector({}).getBoundingClientRect())",
            json!(selector)
        );
        let clip = self.eval(&place);
        self.capture(json!({"format": "png", "captureBeyondViewport": true, "clip": clip}))
    }

    fn capture(&mut self, parameters: Value) -> Vec<u8> {
        let answer = self.call("Page.captureScreenshot", parameters);
        from_base64(answer["data"].as_str().unwrap())
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut request = json!({"id": self.number, "method": method, "params": parameters});
        if !self.session.is_empty() {
            request["sessionId"] = json!(self.session);
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).unwrap();
        self.requests.flush().unwrap();
        loop {
            let message = self.message();
            if message["id"] == self.number {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn wait_for(&mut self, event: &str) {
        while self.message()["method"] != event {}
    }

    fn message(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.answers.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser has ended");
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        match message["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => {
                self.complaints.push(message["params"].to_string());
            }
            "Network.requestWillBeSent" => {
                self.fetched.push(message["params"]["request"]["url"].as_str().unwrap_or_default().to_owned());
            }
            _ => {}
        }
        message
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // The shell has become the browser, so this is the browser's process.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name))).find(|file| file.is_file());
    found.expect("the report is tested in Chromium: apt-get install chromium")
}

fn from_base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let sextets: Vec<u8> = text.bytes().filter_map(value).collect();
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0_u32, |bits, sextet| bits << 6 | u32::from(*sextet)) << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    };
    sextets.chunks(4).flat_map(group).collect()
}
