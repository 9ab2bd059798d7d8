//! How coverage.py's data get into the container in which they are combined, and what it made gets out. That is hostile input.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::PathBuf;

use bytes::Bytes;
use futures::StreamExt;

use crate::engine::TarStream;
use crate::run::collect::inside;

/// The directory in the container; at the root, where no mount covers it.
pub(super) const DIR: &str = "/minke-coverage";
/// How many bytes are taken out of the container.
const MOST_BYTES: u64 = 2 << 30;
/// How many bytes are sent at once.
const PIECE_BYTES: u64 = 256 << 10;

/// What coverage.py has made; each file is open at its beginning.
#[derive(Default)]
pub(super) struct Combined {
    /// The data.
    pub(super) data: Option<File>,
    /// The report in Cobertura's form.
    pub(super) xml: Option<File>,
    /// The report in lcov's form.
    pub(super) lcov: Option<File>,
    /// Why they are not whole.
    pub(super) problems: Vec<String>,
}

/// What is left in the container's directory.
#[derive(Default)]
pub(super) struct Left {
    pub(super) combined: Combined,
    /// The numbers of the data that coverage.py did not take.
    pub(super) data: Vec<usize>,
}

/// Returns where a file of data is in the container. `combine` takes what is called as its result is, with a dot and more.
pub(super) fn data_path(number: usize) -> String {
    format!("{DIR}/data/.coverage.{number}")
}

/// Packs data and the directories around them, which any user may write to, into a file without a name.
pub(super) fn pack(paths: &[PathBuf]) -> io::Result<TarStream> {
    let mut builder = tar::Builder::new(tempfile::tempfile()?);
    let entry = |mode: u32, kind: tar::EntryType, bytes: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_entry_type(kind);
        header.set_size(bytes);
        header
    };
    let name = |path: &str| path.trim_start_matches('/').to_owned();
    for dir in ["", "/data", "/out"] {
        builder.append_data(
            &mut entry(0o777, tar::EntryType::Directory, 0),
            name(&format!("{DIR}{dir}")),
            io::empty(),
        )?;
    }
    for (number, path) in paths.iter().enumerate() {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut header = entry(0o666, tar::EntryType::Regular, bytes);
        builder.append_data(&mut header, name(&data_path(number)), file.take(bytes))?;
    }
    let mut file = builder.into_inner()?;
    file.rewind()?;
    Ok(stream(file))
}

/// Takes what is known by name, and nothing else.
pub(super) fn unpack(reader: impl Read) -> io::Result<Left> {
    let mut left = Left::default();
    let mut room = MOST_BYTES;
    for entry in tar::Archive::new(reader).entries()? {
        let mut entry = entry?;
        let Some(path) = inside(&entry.path()?) else { continue };
        let kind = entry.header().entry_type();
        if !kind.is_file() && !kind.is_gnu_sparse() {
            continue;
        }
        let slot = match path.to_str().unwrap_or_default() {
            "out/.coverage" => &mut left.combined.data,
            "out/coverage.xml" => &mut left.combined.xml,
            "out/lcov.info" => &mut left.combined.lcov,
            other => {
                left.data.extend(other.strip_prefix("data/.coverage.").and_then(|number| number.parse::<usize>().ok()));
                continue;
            }
        };
        if entry.size() > room {
            return Err(io::Error::other(format!("there is more than {}", indicatif::HumanBytes(MOST_BYTES))));
        }
        let mut file = tempfile::tempfile()?;
        room -= io::copy(&mut entry, &mut file)?;
        file.rewind()?;
        *slot = Some(file);
    }
    left.data.sort_unstable();
    Ok(left)
}

/// Reads a file to its end, piece by piece.
fn stream(file: File) -> TarStream {
    let next = async |file: File| {
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::new();
            (&file).take(PIECE_BYTES).read_to_end(&mut piece).map(|_| (Bytes::from(piece), file))
        });
        let (piece, file) = reading.await.unwrap_or_else(|panic| Err(io::Error::other(panic)))?;
        Ok((!piece.is_empty()).then_some((piece, file)))
    };
    futures::stream::try_unfold(file, next).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_by_name_is_taken() {
        use tar::EntryType::{Directory, Regular, Symlink};
        let entries: [(&str, tar::EntryType, &str); 8] = [
            ("minke-coverage/", Directory, ""),
            ("minke-coverage/data/.coverage.11", Regular, "left"),
            ("minke-coverage/data/.coverage.2", Regular, "left"),
            ("minke-coverage/data/other", Regular, "x"),
            ("minke-coverage/out/../../escaped", Regular, "x"),
            ("minke-coverage/out/lcov.info", Symlink, ""),
            ("minke-coverage/out/.coverage", Regular, "data"),
            ("minke-coverage/out/coverage.xml", Regular, "<coverage/>"),
        ];
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, content) in entries {
            let mut header = tar::Header::new_ustar();
            // Set by hand: the builder itself refuses hostile names.
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            if kind.is_symlink() {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        let mut left = unpack(&builder.into_inner().unwrap()[..]).unwrap();
        assert_eq!(left.data, [2, 11]);
        assert!(left.combined.lcov.is_none());
        let read = |file: &mut Option<File>| io::read_to_string(file.as_mut().unwrap()).unwrap();
        assert_eq!(read(&mut left.combined.data), "data");
        assert_eq!(read(&mut left.combined.xml), "<coverage/>");
    }

    #[tokio::test]
    async fn data_are_packed_whole_and_anybody_may_write_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let content: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let pieces: Vec<_> = pack(&[path]).unwrap().map(Result::unwrap).collect().await;
        assert!(pieces.len() > 1);
        let bytes = pieces.concat();
        let mut found = Vec::new();
        for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.push((entry.path().unwrap().display().to_string(), entry.header().mode().unwrap(), content));
        }
        let dirs = ["minke-coverage", "minke-coverage/data", "minke-coverage/out"];
        let names: Vec<(&str, u32)> = found.iter().map(|(name, mode, _)| (name.trim_end_matches('/'), *mode)).collect();
        assert_eq!(names[..3], dirs.map(|dir| (dir, 0o777)));
        assert_eq!(names[3], ("minke-coverage/data/.coverage.0", 0o666));
        assert!(found[3].2 == content);
    }
}
