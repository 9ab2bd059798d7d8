//! What a project holds, file by file: pure data, and what changed between two of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The first line of a written manifest, with the version of its format.
const HEADER: &str = "minke sources 1";

/// The files of a project, by their paths relative to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The entries.
    pub entries: BTreeMap<PathBuf, Entry>,
}

/// A file, directory or symbolic link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The permissions, at most `0o777`.
    pub mode: u32,
    /// What it is.
    pub kind: Kind,
}

/// What an entry is, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File {
        /// Its size in bytes.
        bytes: u64,
        /// The SHA-256 of its content, in hexadecimal digits.
        hash: String,
    },
    /// A directory.
    Directory,
    /// A symbolic link.
    Link {
        /// Where it leads, as it stands there.
        target: PathBuf,
    },
}

/// What must be done to make one manifest of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// What is new or different, in order.
    pub written: Vec<PathBuf>,
    /// What is gone, or is of another kind now.
    pub removed: Vec<PathBuf>,
}

impl Manifest {
    /// Returns the sum of the files' sizes in bytes.
    pub fn bytes(&self) -> u64 {
        self.entries.values().map(Entry::bytes).sum()
    }

    /// Returns a digest of everything that a container can see of it, in hexadecimal digits.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.to_text()))
    }

    /// Says what changed since `old`.
    pub fn change_since(&self, old: &Self) -> Change {
        let same_kind = |a: &Kind, b: &Kind| std::mem::discriminant(a) == std::mem::discriminant(b);
        let written = self.entries.iter().filter(|(path, entry)| old.entries.get(*path) != Some(entry));
        let removed = old
            .entries
            .iter()
            .filter(|(path, entry)| !self.entries.get(*path).is_some_and(|now| same_kind(&now.kind, &entry.kind)));
        Change {
            written: written.map(|(path, _)| path.clone()).collect(),
            removed: removed.map(|(path, _)| path.clone()).collect(),
        }
    }

    /// Writes one line for each entry: what it is, its mode in octal digits, size and digest or `-`, path, and a link's
    /// target after a tab. Bytes of names other than printable ASCII are written as `%XX`.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for (path, Entry { mode, kind }) in &self.entries {
            let path = escaped(path);
            let written = match kind {
                Kind::File { bytes, hash } => writeln!(text, "f {mode:o} {bytes} {hash} {path}"),
                Kind::Directory => writeln!(text, "d {mode:o} - - {path}"),
                Kind::Link { target } => writeln!(text, "l {mode:o} - - {path}\t{}", escaped(target)),
            };
            written.expect("a string takes everything");
        }
        text
    }

    /// Reads what [`Manifest::to_text`] wrote; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return None;
        }
        lines.map(entry).collect::<Option<_>>().map(|entries| Self { entries })
    }
}

impl Entry {
    /// Returns the size of a file, and 0 for everything else.
    pub fn bytes(&self) -> u64 {
        match self.kind {
            Kind::File { bytes, .. } => bytes,
            Kind::Directory | Kind::Link { .. } => 0,
        }
    }
}

fn entry(line: &str) -> Option<(PathBuf, Entry)> {
    let mut parts = line.splitn(5, ' ');
    let (kind, mode) = (parts.next()?, u32::from_str_radix(parts.next()?, 8).ok()?);
    let (bytes, hash, path) = (parts.next()?, parts.next()?, parts.next()?);
    let (path, kind) = match kind {
        "f" => (path, Kind::File { bytes: bytes.parse().ok()?, hash: hash.to_owned() }),
        "d" => (path, Kind::Directory),
        "l" => {
            let (path, target) = path.split_once('\t')?;
            (path, Kind::Link { target: unescaped(target)? })
        }
        _ => return None,
    };
    Some((unescaped(path)?, Entry { mode, kind }))
}

/// Writes a path of any bytes as one word of printable ASCII.
pub(super) fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02x}").expect("a string takes everything");
        }
    }
    text
}

/// Reads what [`escaped`] wrote.
pub(super) fn unescaped(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

/// Writes bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_path() -> impl Strategy<Value = PathBuf> {
        proptest::collection::vec(1..=255_u8, 1..12).prop_map(|bytes| PathBuf::from(OsString::from_vec(bytes)))
    }

    fn any_manifest() -> impl Strategy<Value = Manifest> {
        let kind = prop_oneof![
            (any::<u64>(), "[0-9a-f]{8}").prop_map(|(bytes, hash)| Kind::File { bytes, hash }),
            Just(Kind::Directory),
            any_path().prop_map(|target| Kind::Link { target }),
        ];
        let entry = (0..=0o777_u32, kind).prop_map(|(mode, kind)| Entry { mode, kind });
        proptest::collection::btree_map(any_path(), entry, 0..12).prop_map(|entries| Manifest { entries })
    }

    proptest! {
        #[test]
        fn a_written_manifest_is_read_back(manifest in any_manifest()) {
            prop_assert_eq!(Manifest::from_text(&manifest.to_text()), Some(manifest));
        }

        #[test]
        fn a_change_makes_the_new_manifest_of_the_old_one(old in any_manifest(), new in any_manifest()) {
            let change = new.change_since(&old);
            let mut made = old.entries.clone();
            made.retain(|path, _| !change.removed.contains(path));
            for path in &change.written {
                made.insert(path.clone(), new.entries[path].clone());
            }
            prop_assert_eq!(made, new.entries);
        }
    }

    #[test]
    fn what_is_no_manifest_is_none() {
        for text in ["", "minke sources 0\n", "minke sources 1\nf 644 x y z\n", "minke sources 1\nl 777 - - a\n"] {
            assert_eq!(Manifest::from_text(text), None, "{text:?}");
        }
    }
}
