//! Secrets as files that containers mount: in memory, for this user alone, and gone with the run.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::Owner;
use crate::model::Secret;

/// What the names of the directories begin with.
const PREFIX: &str = "minke-secrets-";
/// The file that tells whose a directory is.
const OWNER_FILE: &str = "owner";
/// The directory in it that containers mount.
const MOUNTED: &str = "secrets";

/// The secrets of a run as files. They are removed when it is dropped; what a killed process left is removed by
/// [`SecretDir::sweep`].
#[derive(Debug)]
pub struct SecretDir {
    top: PathBuf,
}

impl SecretDir {
    /// Writes the secrets, for a container's user and group. Only if this process may not give files away, every user inside
    /// a container can read them; on this machine nobody else can in any case.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn create(secrets: &[Secret], owner: (u32, u32)) -> io::Result<Self> {
        let top =
            tempfile::Builder::new().prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(base())?;
        // From here on it is removed with this.
        let dir = Self { top: top.keep() };
        fs::write(dir.top.join(OWNER_FILE), Owner::this_process().to_string())?;
        DirBuilder::new().mode(0o755).create(dir.mounted())?;
        for secret in secrets {
            let path = dir.mounted().join(&secret.name);
            let mut file = File::create_new(&path)?;
            let given = chown(&path, Some(owner.0), Some(owner.1)).is_ok();
            file.set_permissions(Permissions::from_mode(if given { 0o400 } else { 0o444 }))?;
            file.write_all(&secret.value)?;
        }
        Ok(dir)
    }

    /// Returns the directory that containers mount.
    pub fn mounted(&self) -> PathBuf {
        self.top.join(MOUNTED)
    }

    /// Removes the directories of processes that are gone.
    pub fn sweep() {
        for entry in fs::read_dir(base()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
                // One of another user cannot be removed, and is that user's to remove.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for SecretDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.top);
    }
}

fn is_abandoned(dir: &Path) -> bool {
    let owner = fs::read_to_string(dir.join(OWNER_FILE)).ok().and_then(|text| text.parse::<Owner>().ok());
    owner.is_some_and(|owner| owner.is_dead())
}

/// Returns a file system in memory where there is one.
fn base() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}
