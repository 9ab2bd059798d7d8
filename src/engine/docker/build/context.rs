//! The files that a build sees: which they are, how large they are, and their way to the engine as a tar stream.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use tokio::task::JoinHandle;
use tokio_util::io::{ReaderStream, SyncIoBridge};

use crate::engine::TarStream;
use crate::model::Build;
use crate::notation::DockerIgnore;

/// How large a context may be, in bytes; what is larger is nearly always a mistake.
const MOST_BYTES: u64 = 2 << 30;
/// How much waits between the reader of files and the engine, in bytes.
const BUFFER: usize = 256 << 10;
/// The name under which a Dockerfile from outside of the context is sent; the engine removes it with the ignore file.
const FOREIGN_DOCKERFILE: &str = ".minke.Dockerfile";
const IGNORE_FILE: &str = ".dockerignore";

/// Why there is no context.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadContext {
    pub(super) detail: String,
    pub(super) help: String,
}

/// A context that has been looked through.
#[derive(Debug)]
pub(super) struct Context {
    root: PathBuf,
    entries: Vec<Entry>,
    /// Files that are not from the context, or not as they are there, by their names.
    made: Vec<(String, Vec<u8>)>,
    /// The Dockerfile's path in the context.
    pub(super) dockerfile: String,
    /// The Dockerfile's text.
    pub(super) dockerfile_text: String,
    /// The size of all files in bytes.
    pub(super) bytes: u64,
}

/// A path of the context, relative to it, and what it is.
#[derive(Debug)]
struct Entry {
    path: PathBuf,
    metadata: Metadata,
}

impl Context {
    /// Looks through a context, `leave_out` excepted. Nothing is read but the Dockerfile and the ignore file.
    ///
    /// # Errors
    /// When something is missing or cannot be read, or when it is too large; then with its largest part by name.
    pub(super) fn look(build: &Build, leave_out: &[PathBuf]) -> Result<Self, BadContext> {
        let root = build.context.clone();
        if !root.is_dir() {
            return Err(bad(
                format!("the context `{}` is not a directory", root.display()),
                "`--build` takes the directory with the Dockerfile; write `--build . PATH...` when paths of tests follow",
            ));
        }
        let path = build.dockerfile.clone().unwrap_or_else(|| root.join("Dockerfile"));
        let dockerfile_text = fs::read_to_string(&path).map_err(|error| {
            let what = if error.kind() == io::ErrorKind::NotFound { "does not exist".to_owned() } else { error.to_string() };
            bad(
                format!("the Dockerfile `{}` {what}", path.display()),
                "name it with `--dockerfile`, and its context with `--build`; write `--build . PATH...` when paths of tests follow",
            )
        })?;
        let inside = relative(&path, &root);
        let IgnoreFile { text, is_own } = read_ignore(&path, &root)?;
        let mut ignore = DockerIgnore::read(&text);
        let dockerfile = inside.clone().unwrap_or_else(|| FOREIGN_DOCKERFILE.to_owned());
        ignore.always_send(&dockerfile);
        ignore.always_send(IGNORE_FILE);
        leave_out.iter().filter_map(|path| relative(path, &root)).for_each(|path| ignore.never_send(&path));
        let mut made = Vec::new();
        if inside.is_none() {
            made.push((FOREIGN_DOCKERFILE.to_owned(), dockerfile_text.clone().into_bytes()));
        }
        if inside.is_none() || is_own {
            // By this file the engine's builder decides whether these two are seen by `COPY . .`.
            let foreign = if inside.is_none() { FOREIGN_DOCKERFILE } else { "" };
            made.push((IGNORE_FILE.to_owned(), format!("{text}\n{foreign}\n{IGNORE_FILE}\n").into_bytes()));
        }
        let mut entries = walk(&root, &ignore)?;
        entries.retain(|entry| !made.iter().any(|(name, _)| entry.path == Path::new(name)));
        let bytes = check_size(&root, &entries)?;
        Ok(Self { root, entries, made, dockerfile, dockerfile_text, bytes })
    }

    /// Sends the context: a tar stream, and what came of reading the files.
    pub(super) fn send(self: Arc<Self>) -> (TarStream, JoinHandle<Result<(), BadContext>>) {
        let (near, far) = tokio::io::duplex(BUFFER);
        let pipe = SyncIoBridge::new(near);
        let sending = tokio::task::spawn_blocking(move || self.write(pipe));
        (ReaderStream::with_capacity(far, BUFFER).boxed(), sending)
    }

    fn write(&self, pipe: impl Write) -> Result<(), BadContext> {
        let mut tar = tar::Builder::new(pipe);
        for (name, bytes) in &self.made {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            if tar.append_data(&mut header, name, bytes.as_slice()).is_err() {
                return Ok(());
            }
        }
        for entry in &self.entries {
            let path = self.root.join(&entry.path);
            match append(&mut tar, entry, &path) {
                Ok(()) => {}
                // The engine has stopped listening, and says why.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(error) => {
                    let help = format!("make it readable, or leave it out in `{IGNORE_FILE}`");
                    return Err(bad(format!("`{}` cannot be sent: {error}", path.display()), &help));
                }
            }
        }
        // A pipe that is closed here has had all of it.
        let _ = tar.into_inner().and_then(|mut pipe| pipe.flush());
        Ok(())
    }
}

/// What is left out, and whether the file that says so is the Dockerfile's own.
#[derive(Default)]
struct IgnoreFile {
    text: String,
    is_own: bool,
}

fn bad(detail: String, help: &str) -> BadContext {
    BadContext { detail, help: help.to_owned() }
}

/// Returns a path relative to a directory, with links resolved; `None` when it lies outside.
fn relative(path: &Path, root: &Path) -> Option<String> {
    let plain = |path: &Path, root: &Path| path.strip_prefix(root).ok()?.to_str().map(str::to_owned);
    let parent = fs::canonicalize(path.parent()?).ok()?;
    plain(&parent.join(path.file_name()?), &fs::canonicalize(root).ok()?)
}

/// Reads the Dockerfile's own ignore file, or else that of the context.
fn read_ignore(dockerfile: &Path, root: &Path) -> Result<IgnoreFile, BadContext> {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(IGNORE_FILE);
    for (path, is_own) in [(PathBuf::from(own), true), (root.join(IGNORE_FILE), false)] {
        match fs::read(&path) {
            Ok(text) => return Ok(IgnoreFile { text: String::from_utf8_lossy(&text).into_owned(), is_own }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(bad(format!("`{}` cannot be read: {error}", path.display()), "make it readable")),
        }
    }
    Ok(IgnoreFile::default())
}

/// Lists what is sent, directories before what is in them, in the order of names, so that equal contexts are equal streams.
fn walk(root: &Path, ignore: &DockerIgnore) -> Result<Vec<Entry>, BadContext> {
    let mut entries = Vec::new();
    let mut walking = walkdir::WalkDir::new(root).min_depth(1).sort_by_file_name().into_iter();
    while let Some(found) = walking.next() {
        let unreadable = |error: walkdir::Error| {
            let path = error.path().unwrap_or(root).display().to_string();
            let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
            bad(format!("`{path}` cannot be read: {why}"), "make it readable, or leave it out in `.dockerignore`")
        };
        let found = match found {
            Ok(found) => found,
            // What is left out need not be readable.
            Err(error) if error.path().is_some_and(|path| is_left_out(path, root, ignore)) => continue,
            Err(error) => return Err(unreadable(error)),
        };
        let path = found.path().strip_prefix(root).expect("a walk stays below its root").to_owned();
        let name = path.to_string_lossy();
        let is_dir = found.file_type().is_dir();
        if ignore.leaves_out(&name) {
            if is_dir && !ignore.may_have_exceptions_below(&name) {
                walking.skip_current_dir();
            }
            continue;
        }
        let kind = found.file_type();
        if kind.is_file() || kind.is_symlink() || is_dir {
            let metadata = found.metadata().map_err(unreadable)?;
            entries.push(Entry { path, metadata });
        }
    }
    Ok(entries)
}

fn is_left_out(path: &Path, root: &Path, ignore: &DockerIgnore) -> bool {
    path.strip_prefix(root).is_ok_and(|path| ignore.leaves_out(&path.to_string_lossy()))
}

/// Adds the sizes up, and refuses what can only be a mistake.
fn check_size(root: &Path, entries: &[Entry]) -> Result<u64, BadContext> {
    let mut parts: BTreeMap<&Path, u64> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.metadata.is_file()) {
        let top = entry.path.components().next().map_or(Path::new(""), |part| Path::new(part.as_os_str()));
        *parts.entry(top).or_default() += entry.metadata.len();
    }
    let bytes = parts.values().sum();
    if bytes <= MOST_BYTES {
        return Ok(bytes);
    }
    let (largest, size) = parts.into_iter().max_by_key(|(_, size)| *size).unwrap_or((Path::new(""), 0));
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    Err(bad(
        format!(
            "the context `{}` has {:.1} GiB, more than {:.0} GiB; the largest part is `{}` with {:.1} GiB",
            root.display(),
            gib(bytes),
            gib(MOST_BYTES),
            largest.display(),
            gib(size)
        ),
        &format!(
            "leave out what the image does not need: write `{}` into `{IGNORE_FILE}`, for example",
            largest.display()
        ),
    ))
}

fn append(tar: &mut tar::Builder<impl Write>, entry: &Entry, path: &Path) -> io::Result<()> {
    let metadata = &entry.metadata;
    let mut header = tar::Header::new_gnu();
    header.set_mode(metadata.mode() & 0o7777);
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or(0));
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    if metadata.is_dir() {
        header.set_entry_type(tar::EntryType::Directory);
        return tar.append_data(&mut header, &entry.path, io::empty());
    }
    if metadata.is_symlink() {
        header.set_entry_type(tar::EntryType::Symlink);
        return tar.append_link(&mut header, &entry.path, fs::read_link(path)?);
    }
    let file = File::open(path)?;
    header.set_size(metadata.len());
    let mut content = file.take(metadata.len());
    tar.append_data(&mut header, &entry.path, &mut content)?;
    match content.limit() {
        0 => Ok(()),
        _ => Err(io::Error::other("it became shorter meanwhile")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn write(dir: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn build(context: &Path) -> Build {
        Build { context: context.to_owned(), ..Build::default() }
    }

    /// The names of a tar, with what is special of each.
    fn sent(context: Context) -> Vec<String> {
        let mut bytes = Vec::new();
        context.write(&mut bytes).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            let link = entry.link_name().unwrap().map_or(String::new(), |link| format!(" -> {}", link.display()));
            let mode = if header.mode().unwrap() & 0o111 != 0 && link.is_empty() { " x" } else { "" };
            format!("{}{link}{mode}", entry.path().unwrap().display())
        });
        entries.collect()
    }

    #[test]
    fn a_context_is_sent_without_what_is_ignored_and_with_links_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let long = format!("{}/{}", "d".repeat(90), "f".repeat(90));
        let files = [("Dockerfile", "FROM scratch"), (".dockerignore", "*\n!src\nsrc/*.log\n!dir2/keep"), ("a", "a")];
        write(
            dir.path(),
            &[&files[..], &[("src/run", "x"), ("src/b.log", "x"), ("dir2/keep", "k"), ("dir2/no", "")]].concat(),
        );
        write(&dir.path().join("src"), &[(&long, "long")]);
        fs::set_permissions(dir.path().join("src/run"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/nowhere", dir.path().join("src/link")).unwrap();
        let context = Context::look(&build(dir.path()), &[]).unwrap();
        assert_eq!((context.dockerfile.as_str(), context.bytes), ("Dockerfile", 12 + 27 + 1 + 1 + 4));
        let dirs = "d".repeat(90);
        let expected = [
            ".dockerignore",
            "Dockerfile",
            "dir2/keep",
            "src x",
            &format!("src/{dirs} x"),
            &format!("src/{long}"),
            "src/link -> /nowhere",
            "src/run x",
        ];
        assert_eq!(sent(context), expected);
    }

    #[test]
    fn a_dockerfile_from_outside_is_sent_and_hidden_again() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(dir.path(), &[(".dockerignore", "a"), ("a", ""), ("b", "")]);
        write(other.path(), &[("my.Dockerfile", "FROM scratch")]);
        let mut build = build(dir.path());
        build.dockerfile = Some(other.path().join("my.Dockerfile"));
        let context = Context::look(&build, &[]).unwrap();
        assert_eq!(context.made[1].1, format!("a\n{FOREIGN_DOCKERFILE}\n.dockerignore\n").into_bytes());
        assert_eq!(context.dockerfile, FOREIGN_DOCKERFILE);
        assert_eq!(sent(context), [FOREIGN_DOCKERFILE, ".dockerignore", "b"]);
        // Its own ignore file stands in for that of the context.
        write(other.path(), &[("my.Dockerfile.dockerignore", "b")]);
        assert_eq!(sent(Context::look(&build, &[]).unwrap()), [FOREIGN_DOCKERFILE, ".dockerignore", "a"]);
    }

    #[test]
    fn a_context_that_is_huge_by_mistake_names_its_largest_part() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[("Dockerfile", "FROM scratch"), ("data/x/dump", ""), ("small/a", "a")]);
        File::options().write(true).open(dir.path().join("data/x/dump")).unwrap().set_len(20 << 30).unwrap();
        let error = Context::look(&build(dir.path()), &[]).unwrap_err();
        assert!(error.detail.ends_with("has 20.0 GiB, more than 2 GiB; the largest part is `data` with 20.0 GiB"));
        assert!(error.help.contains("write `data` into `.dockerignore`"), "{}", error.help);
        write(dir.path(), &[(".dockerignore", "data")]);
        assert!(Context::look(&build(dir.path()), &[]).is_ok());
    }

    #[test]
    fn an_ignore_file_of_the_dockerfile_alone_stands_in_for_the_other() {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &[("d/my", "FROM scratch"), ("d/my.dockerignore", "d\nb"), (".dockerignore", "a"), ("a", ""), ("b", "")],
        );
        let build = Build { dockerfile: Some(dir.path().join("d/my")), ..build(dir.path()) };
        let context = Context::look(&build, &[]).unwrap();
        assert_eq!((context.dockerfile.as_str(), context.made.len()), ("d/my", 1));
        assert_eq!(context.made[0].1, b"d\nb\n\n.dockerignore\n");
        assert_eq!(sent(context), [".dockerignore", "a", "d/my"]);
    }

    #[test]
    fn what_minke_writes_is_not_sent() {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &[("Dockerfile", "FROM scratch"), (".minke/runs/a", ""), ("b/.minke", ""), (".dockerignore", "!**")],
        );
        let context = Context::look(&build(dir.path()), &[dir.path().join(".minke"), "/elsewhere".into()]).unwrap();
        assert_eq!(sent(context), [".dockerignore", "Dockerfile", "b x", "b/.minke"]);
    }

    #[test]
    fn a_missing_dockerfile_or_context_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = Context::look(&build(dir.path()), &[]).unwrap_err();
        assert!(error.detail.contains("/Dockerfile` does not exist"), "{}", error.detail);
        let error = Context::look(&build(&dir.path().join("no")), &[]).unwrap_err();
        assert!(error.detail.contains("/no` is not a directory"), "{}", error.detail);
    }
}
