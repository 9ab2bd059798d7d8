//! Writes a report's file as a whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a report could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The document could not be made.
    #[error("cannot make the {what}: {detail}; please report this as a bug of minke")]
    Document {
        /// Which report it is, such as "JUnit report".
        what: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A file or directory could not be written.
    #[error("cannot write the {what} {}: {error}", path.display())]
    File {
        /// Which report it is.
        what: &'static str,
        /// Where the report was to be.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Writes `contents` to `path`; missing directories are made, and the file appears whole or not at all. `what` names the
/// report in an error.
///
/// # Errors
/// The file or its directory cannot be written; the error names the path.
pub(crate) fn replace(what: &'static str, path: &Path, contents: &[u8]) -> Result<(), WriteError> {
    replace_with(what, path, |file| file.write_all(contents))
}

/// Lets `fill` write to `path` as [`replace`] does, for contents that are not in memory; returns what it returns.
///
/// # Errors
/// Fails as [`replace`] does, and if `fill` fails: then the file stays what it was.
pub(crate) fn replace_with<T>(
    what: &'static str,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> Result<T, WriteError> {
    replace_file(path, fill).map_err(|error| WriteError::File { what, path: path.to_owned(), error })
}

/// Puts a file in the place of another in one step, for a reader to see the old one or the new one. What is no plain file,
/// such as a pipe or a device, stays what it is and is written to; a link stays a link.
fn replace_file<T>(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return fill(&mut fs::File::options().write(true).open(path)?);
    }
    let real = fs::canonicalize(path);
    let path = real.as_deref().unwrap_or(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".minke-");
    // Other users collect reports; the umask takes from these what it has to.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    let filled = fill(&mut file)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(filled)
}
