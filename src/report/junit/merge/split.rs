//! A file for each suite.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::count::{Counted, Division, Parts, count};
use super::element::{DECLARATION, push_root_start, push_suite_start};
use super::gather::Gathered;
use super::name::fnv;
use super::options::{Dialect, MergeOptions};
use super::rows::Rows;
use super::sources::Sources;
use super::suite::{SuiteMeta, Totals};
use super::summary::Written;
use super::unite::United;
use super::walk::{Visitor, walk};
use crate::report::{WriteError, replace};

/// The most bytes of the rows of a file: GitLab takes no file of 30 MB or more, and the start of a file needs some too.
const PART_BYTES: u64 = 28 * 1000 * 1000;

/// Lists the files that a merge wrote into a directory, one a line, so that the next one knows which to remove.
const LIST: &str = ".minke-merge";

const WHAT: &str = "merged report";

/// How many bytes are written at a time.
const BUFFER: usize = 256 * 1024;

/// The most bytes of a suite's name in a file's name.
const NAME_BYTES: usize = 100;

struct Files<'a> {
    dir: &'a Path,
    dialect: Dialect,
    /// Names in lower case, for file systems that take no other.
    taken: HashSet<String>,
    /// Written files that have not got their names yet.
    pending: Vec<(TempPath, String)>,
    largest: u64,
    parts: Parts,
    division: Division,
    /// The suite that is being written.
    suite: (String, SuiteMeta),
    open: Option<Open>,
}

/// A file that is being written.
struct Open {
    file: BufWriter<NamedTempFile>,
    /// From 1.
    number: usize,
    bytes: u64,
}

/// Writes everything that was gathered into a directory.
pub(super) fn write(
    gathered: &Gathered,
    options: &MergeOptions,
    dir: &Path,
) -> Result<(Written, Vec<PathBuf>), WriteError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| WriteError::File { what: WHAT, path, error }
    };
    fs::create_dir_all(dir).map_err(failed(dir))?;
    let division = Division::new(Some(PART_BYTES));
    let Counted { mut written, parts, .. } = count(gathered, options, division, false).map_err(failed(dir))?;
    let mut files = Files {
        dir,
        dialect: options.dialect,
        taken: HashSet::new(),
        pending: Vec::new(),
        largest: 0,
        parts,
        division,
        suite: <(String, SuiteMeta)>::default(),
        open: None,
    };
    walk(gathered, options, &mut files).map_err(failed(dir))?;
    written.bytes = files.largest;
    let new: BTreeSet<String> = files.pending.iter().map(|(_, name)| name.clone()).collect();
    let old: BTreeSet<String> = names(dir).into_iter().collect();
    // Whatever happens on the way, no file is left that no list names.
    list(dir, old.union(&new))?;
    for (file, name) in files.pending {
        let path = dir.join(name);
        file.persist(&path).map_err(|error| failed(&path)(error.error))?;
    }
    for stale in old.difference(&new) {
        let path = dir.join(stale);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&path)(error)),
            Ok(()) | Err(_) => {}
        }
    }
    list(dir, new.iter())?;
    Ok((written, new.iter().map(|name| dir.join(name)).collect()))
}

/// Returns the files that an earlier merge wrote into a directory.
pub(super) fn listed(dir: &Path) -> Vec<PathBuf> {
    names(dir).into_iter().map(|name| dir.join(name)).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let list = fs::read_to_string(dir.join(LIST)).unwrap_or_default();
    // Nothing else is ever removed, whatever the list says.
    let is_ours = |name: &&str| name.starts_with("TEST-") && name.ends_with(".xml") && !name.contains(['/', '\\']);
    list.lines().filter(is_ours).map(str::to_owned).collect()
}

fn list<'a>(dir: &Path, names: impl Iterator<Item = &'a String>) -> Result<(), WriteError> {
    let lines: String = names.map(|name| format!("{name}\n")).collect();
    replace(WHAT, &dir.join(LIST), lines.as_bytes())
}

impl Files<'_> {
    fn begin_file(&mut self, number: usize) -> io::Result<()> {
        let (suite, meta) = &self.suite;
        let totals = self.parts.next()?;
        let mut start = DECLARATION.to_owned();
        if !self.dialect.is_strict() {
            push_root_start(&mut start, &totals, meta.time);
        }
        // The rows of a strict form name their file in their `group`; the suite says that this is what it means.
        let itself = [suite.clone()];
        let made_of = if self.dialect.is_strict() { itself.as_slice() } else { &[] };
        push_suite_start(&mut start, suite, meta, &totals, self.dialect, made_of);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".minke-");
        // Other users collect reports; the umask takes from these what it has to.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = BufWriter::with_capacity(BUFFER, builder.tempfile_in(self.dir)?);
        file.write_all(start.as_bytes())?;
        self.open = Some(Open { file, number, bytes: start.len() as u64 });
        Ok(())
    }

    /// Ends the file that is open; returns its number.
    fn end_file(&mut self) -> io::Result<Option<usize>> {
        let Some(Open { mut file, number, bytes }) = self.open.take() else { return Ok(None) };
        let end = if self.dialect.is_strict() { "</testsuite>\n" } else { "</testsuite>\n</testsuites>\n" };
        file.write_all(end.as_bytes())?;
        self.largest = self.largest.max(bytes + end.len() as u64);
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let name = self.name(&self.suite.0.clone(), number);
        self.pending.push((file.into_temp_path(), name));
        Ok(Some(number))
    }

    /// Names the file of a part. A suite whose name cannot stand in a file's name as it is gets a number made of it.
    fn name(&mut self, suite: &str, number: usize) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let mut stem: String = suite.chars().map(|c| if is_plain(c) { c } else { '_' }).take(NAME_BYTES).collect();
        if stem != suite {
            stem = format!("{stem}-{:08x}", fnv(suite.as_bytes()) as u32);
        }
        if number > 1 {
            stem = format!("{stem}.part{number}");
        }
        if !self.taken.insert(stem.to_ascii_lowercase()) {
            stem = format!("{stem}-{:016x}", fnv(format!("{suite}\0{number}").as_bytes()));
            self.taken.insert(stem.to_ascii_lowercase());
        }
        format!("TEST-{stem}.xml")
    }
}

impl Visitor for Files<'_> {
    fn wants_rows(&self) -> bool {
        true
    }

    fn case(&mut self, _: &str, _: &str, _: &str, _: &United<'_>) {}

    fn leave_out(&mut self) {}

    fn begin(&mut self, suite: &str, meta: &SuiteMeta) -> io::Result<()> {
        self.division.begin();
        self.suite = (suite.to_owned(), meta.clone());
        self.begin_file(1)
    }

    fn rows(&mut self, rows: &Rows, _: Totals, sources: &mut Sources<'_>) -> io::Result<()> {
        if self.division.take(rows)
            && let Some(number) = self.end_file()?
        {
            self.begin_file(number + 1)?;
        }
        match &mut self.open {
            Some(open) => {
                open.bytes += rows.bytes();
                rows.write(sources, &mut open.file)
            }
            None => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.end_file().map(|_| ())
    }
}
