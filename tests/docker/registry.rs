//! A real registry on this machine, and images in it.

use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::{docker, until};

/// Debian's `docker-registry` as a child process, with its data in a directory of its own. Dropped, it ends, and the images
/// that were named after it are removed from the engine.
pub(crate) struct Registry {
    child: Child,
    dir: tempfile::TempDir,
    host: String,
    users: Vec<(String, String)>,
    trusted: Option<PathBuf>,
    names: RefCell<Vec<String>>,
}

impl Registry {
    /// A registry that gives everything to everybody.
    pub(crate) fn open() -> Self {
        Self::start("127.0.0.1", "localhost", &[], false)
    }

    /// A registry with users and their passwords.
    pub(crate) fn with_users(users: &[(&str, &str)]) -> Self {
        Self::start("127.0.0.1", "localhost", users, false)
    }

    /// A registry with a certificate of a CA that nobody knows, at an address where the engine insists on one it trusts.
    pub(crate) fn with_tls(users: &[(&str, &str)]) -> Self {
        let addresses = Command::new("hostname").arg("-I").output().unwrap().stdout;
        let addresses = String::from_utf8(addresses).unwrap();
        let address =
            addresses.split_whitespace().next().expect("this machine has an address besides those of loopback");
        Self::start(address, address, users, true)
    }

    fn start(address: &str, name: &str, users: &[(&str, &str)], tls: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let root = dir.path().display();
        let mut config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {root}/data}}}}\n\
             http:\n  addr: {address}:{port}\n"
        );
        if tls {
            certify(dir.path(), address);
            config += &format!("  tls: {{certificate: {root}/server.crt, key: {root}/server.key}}\n");
        }
        if !users.is_empty() {
            let mut lines = String::new();
            for (user, password) in users {
                let made = Command::new("htpasswd").args(["-nbB", "-C", "4", user, password]).output().unwrap();
                lines += String::from_utf8(made.stdout).unwrap().trim();
                lines.push('\n');
            }
            fs::write(dir.path().join("htpasswd"), lines).unwrap();
            config += &format!("auth: {{htpasswd: {{realm: minke-test, path: {root}/htpasswd}}}}\n");
        }
        fs::write(dir.path().join("config.yml"), config).unwrap();
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(dir.path().join("config.yml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("docker-registry is installed");
        let users = users.iter().map(|(user, password)| ((*user).to_owned(), (*password).to_owned())).collect();
        let host = format!("{name}:{port}");
        let registry = Self { child, dir, host, users, trusted: None, names: RefCell::default() };
        until("the registry answers", || TcpStream::connect((address, port)).is_ok());
        registry
    }

    /// `HOST:PORT`
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Lets the engine trust the registry's CA.
    pub(crate) fn trust(&mut self) {
        let dir = Path::new("/etc/docker/certs.d").join(&self.host);
        fs::create_dir_all(&dir).unwrap();
        fs::copy(self.dir.path().join("ca.crt"), dir.join("ca.crt")).unwrap();
        self.trusted = Some(dir);
    }

    /// Puts an image of the engine into the registry and takes its new name from the engine again. Returns the name.
    pub(crate) fn push(&self, image: &str, repository: &str) -> String {
        let name = self.name(repository);
        docker(&["tag", image, &name]);
        let config = self.dir.path().join("push");
        fs::create_dir_all(&config).unwrap();
        let (user, password) = self.users.first().cloned().unwrap_or_default();
        fs::write(config.join("config.json"), auths(&self.host, &user, &password)).unwrap();
        docker(&["--config", config.to_str().unwrap(), "push", "--quiet", &name]);
        self.forget(&name);
        name
    }

    /// A name in this registry, removed from the engine in the end.
    pub(crate) fn name(&self, repository: &str) -> String {
        let name = format!("{}/{repository}", self.host);
        self.names.borrow_mut().push(name.clone());
        name
    }

    /// Takes a name from the engine.
    pub(crate) fn forget(&self, name: &str) {
        docker(&["rmi", "--force", name]);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for name in self.names.borrow().iter() {
            let _ = Command::new("docker").args(["rmi", "--force", name]).output();
        }
        // What lost its tag to a newer image still has its digest.
        let (filter, format) = (format!("reference={}/*/*", self.host), "{{.Repository}}@{{.Digest}}");
        for name in docker(&["images", "--digests", "--filter", &filter, "--format", format]).lines() {
            let _ = Command::new("docker").args(["rmi", "--force", name]).output();
        }
        if let Some(dir) = &self.trusted {
            let _ = fs::remove_dir_all(dir);
        }
    }
}

/// Makes a CA and a certificate of it for an address.
fn certify(dir: &Path, address: &str) {
    fs::write(dir.join("names"), format!("subjectAltName=IP:{address}\n")).unwrap();
    let script = "
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=minke-test-ca -keyout ca.key -out ca.crt
        openssl req -newkey rsa:2048 -nodes -subj /CN=minke-test -keyout server.key -out server.csr
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt";
    let output = Command::new("sh").args(["-ec", script]).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The text of a file that holds credentials as the `docker` and `podman` clients write it.
pub(crate) fn auths(host: &str, user: &str, password: &str) -> String {
    format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"{}\"}}}}}}", base64(&format!("{user}:{password}")))
}

fn base64(text: &str) -> String {
    let mut child = Command::new("base64").arg("-w0").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// An image with one file of random bytes in it; removed when dropped.
pub(crate) struct Tiny(pub(crate) String);

impl Tiny {
    /// `platform` is such as `linux/amd64`.
    pub(crate) fn new(name: &str, bytes: usize, platform: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut random = vec![0; bytes];
        fs::File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
        fs::write(dir.path().join("random"), random).unwrap();
        fs::write(dir.path().join("Dockerfile"), "FROM scratch\nCOPY random /\n").unwrap();
        let image = format!("minke-test/tiny-{name}-{}", std::process::id());
        let mut build = Command::new("docker");
        build.args(["build", "--quiet", "--platform", platform, "--tag", &image]).arg(dir.path());
        let built = build.env("DOCKER_BUILDKIT", "0").output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Self(image)
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        docker(&["rmi", "--force", &self.0]);
    }
}

/// A way to a registry that goes down when so many bytes have come through it: what is under way breaks off, and whoever
/// comes after is sent away. (To a way that is silent the engine comes back for more than a minute.)
pub(crate) struct BrittleWay {
    port: u16,
    passed: Arc<AtomicUsize>,
    is_broken: Arc<AtomicBool>,
}

impl BrittleWay {
    pub(crate) fn to(registry: &Registry, bytes: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (passed, is_broken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let way = Self { port, passed: Arc::clone(&passed), is_broken: Arc::clone(&is_broken) };
        let host = registry.host.clone();
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let mut near = near.unwrap();
                if is_broken.load(Ordering::SeqCst) {
                    if passed.load(Ordering::SeqCst) == ENDED {
                        return;
                    }
                    let _ = near.write_all(b"HTTP/1.1 410 Gone\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone");
                    continue;
                }
                let (near, far) = (near, TcpStream::connect(&host).unwrap());
                let (mut asks, mut asked) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut asks, &mut asked));
                let (passed, is_broken) = (Arc::clone(&passed), Arc::clone(&is_broken));
                std::thread::spawn(move || pass(far, near, &passed, &is_broken, bytes));
            }
        });
        way
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::SeqCst)
    }
}

impl Drop for BrittleWay {
    fn drop(&mut self) {
        self.is_broken.store(true, Ordering::SeqCst);
        self.passed.store(ENDED, Ordering::SeqCst);
        // Wakes the thread that waits for somebody to come.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Stands in for the bytes that have passed when nobody is going to come any more.
const ENDED: usize = usize::MAX / 2;

fn pass(mut from: TcpStream, mut to: TcpStream, passed: &AtomicUsize, is_broken: &AtomicBool, limit: usize) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if passed.fetch_add(length, Ordering::SeqCst) + length > limit {
            is_broken.store(true, Ordering::SeqCst);
            break;
        }
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
