//! Where links lead: to logs of the run, and to files of the project.

use std::path::{Component, Path};

use super::HtmlOptions;
use super::text::name;
use super::words::size;
use crate::model::{OutputFile, ShardRecord};

/// A text that leads somewhere, if there is something to lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) href: Option<String>,
}

/// Links to the logs and the artifacts of a shard that are not empty.
pub(super) fn logs(shard: &ShardRecord, options: &HtmlOptions) -> Vec<Link> {
    let link = |file: &OutputFile| {
        let run_dir = options.run_dir.as_deref()?;
        let is_written = !file.path.is_empty() && file.bytes > 0;
        let is_inside = Path::new(&file.path).components().all(|part| matches!(part, Component::Normal(_)));
        (is_written && is_inside).then(|| Link {
            text: format!("{} ({})", name(&file.path), size(file.bytes)),
            href: href(&run_dir.join(&file.path), options.folder.as_deref()),
        })
    };
    let services = shard.kept.services.iter().map(|service| &service.log);
    let files = [&shard.stdout, &shard.stderr]
        .into_iter()
        .chain(services)
        .chain(&shard.kept.artifacts)
        .chain(&shard.kept.coverage);
    files.filter_map(link).collect()
}

/// Links to a file of the project, and names a line of it. Only a file that exists is led to.
pub(super) fn source(file: &str, line: Option<u32>, options: &HtmlOptions) -> Link {
    let text = match line {
        Some(line) => format!("{}:{line}", name(file)),
        None => name(file).into_owned(),
    };
    let is_inside = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    let path = options.project.as_ref().filter(|_| is_inside).map(|project| project.join(file));
    let path = path.filter(|path| path.is_file());
    let href = path.and_then(|path| href(&path, options.folder.as_deref()));
    Link { text, href }
}

/// Returns the address of a file for a document in `folder`: relative when the file is below it, so that the two can be
/// moved together; else whole, as far as the path is.
fn href(path: &Path, folder: Option<&Path>) -> Option<String> {
    if let Some(relative) = folder.and_then(|folder| path.strip_prefix(folder).ok()) {
        // A first part with a colon would be taken for a scheme.
        return Some(format!("./{}", encoded(relative.to_str()?)));
    }
    if path.is_absolute() { Some(format!("file://{}", encoded(path.to_str()?))) } else { None }
}

/// Encodes a path for an address: RFC 3986, section 2.1.
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_below_the_report_is_linked_to_by_a_relative_path() {
        let href = |path: &str, folder: &str| href(Path::new(path), Some(Path::new(folder)));
        assert_eq!(href("/r/run/shards/1/a b.log", "/r/run").unwrap(), "./shards/1/a%20b.log");
        assert_eq!(href("/r/run/\u{e9}?#.log", "/r/out").unwrap(), "file:///r/run/%C3%A9%3F%23.log");
        assert_eq!(href("run/x.log", "out"), None);
    }

    #[test]
    fn only_files_of_the_project_are_led_to() {
        let project = tempfile::tempdir().unwrap();
        std::fs::write(project.path().join("a.py"), "").unwrap();
        let options = HtmlOptions {
            project: Some(project.path().to_owned()),
            folder: Some(project.path().to_owned()),
            ..HtmlOptions::default()
        };
        assert_eq!(source("a.py", Some(3), &options).href.unwrap(), "./a.py");
        for file in ["b.py", "../a.py", "/etc/passwd", "javascript:alert(1)", "a\0.py"] {
            assert_eq!(source(file, None, &options).href, None, "{file}");
        }
    }
}
