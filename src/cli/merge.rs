//! `minke merge`: many JUnit reports in, one out.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::args::{DialectName, FlakyForm, MergeArgs};
use super::error::CliError;
use crate::model::ExitCode;
use crate::report::junit::merge::{
    Dialect, Flaky, Input, Merge, MergeOptions, Source, Summary, Written, files_of_earlier_split, root_of_another_kind,
};
use crate::report::replace_with;

const WHAT: &str = "merged report";

/// What GitLab takes at most as one file.
const GITLAB_BYTES: u64 = 30 * 1000 * 1000;

/// Standard input in place of a report, standard output in place of the result.
const STANDARD_STREAM: &str = "-";

/// Stands below the options in the help.
pub(super) const HELP: &str = "\
Examples:
  minke merge shard-*/ -o junit.xml                     every report below the shards' directories
  minke merge first.xml again.xml -o junit.xml          what failed first and passed again is flaky
  minke merge linux/ mac/ -o junit.xml --suite-prefix   two platforms are no retry of each other
  minke merge build/ --split reports --dialect surefire TEST-*.xml files for Jenkins
  minke merge out/ -o - --dialect gitlab | gzip > junit.xml.gz
  zcat old.xml.gz | minke merge - new.xml -o junit.xml

How it merges:
  Suites of one name are one suite. Rows of one name and file (the case's, else its suite's) in ONE
  report are different cases. In different reports they are one case: the same content is kept once,
  other content is another attempt. The attempt of the suite with the latest timestamp has the last
  word; a failure without a timestamp is never taken for repaired, and a skip never counts against a
  case that ran elsewhere. Rows of one name and different files are different cases.
  The result depends neither on the order of the inputs nor on how often they are merged.
  Counters are counted, not added up; `minke.remark` properties keep what a report had claimed.
  Bytes that XML forbids are removed, whatever the encoding. Of a long text the beginning and the
  end are kept, with a line that names the report that has it all.
  A report that is empty, broken off or missing becomes an error of its own in the result. XML of
  another kind, such as coverage.xml, is left out of a directory, with a note; named, it is an error.
  Of a run of minke its junit.xml is taken, and not the frameworks' own reports that went into it.

Exit codes:
    0  every report was read; failed tests do not matter here
    2  usage
    5  a report could not be read whole, or the output not be written";

/// Merges reports, writes the result and tells on `progress` what was done.
///
/// # Errors
/// The result cannot be written, or the temporary file that a merge needs.
pub fn merge(args: &MergeArgs, out: &mut dyn Write, progress: &mut dyn Write) -> Result<ExitCode, CliError> {
    let mut teller = Teller { progress };
    let inputs = inputs(args, &mut teller);
    let options = options(args);
    let spilled = |source| CliError::System { operation: "write the temporary file of the merge", source };
    let merge = Merge::read(inputs, &options).map_err(spilled)?;
    for remark in &merge.summary().remarks {
        teller.tell(&format!("warning: {}: {}", remark.path, remark.text));
    }
    let mut written = Written::default();
    if let Some(dir) = &args.split {
        let (of_files, files) = merge.split(dir)?;
        written = of_files;
        teller.tell(&format!("wrote {} to {}", counted(files.len(), "file", "files"), dir.display()));
    }
    if let Some(path) = &args.output {
        written = if path.as_os_str() == STANDARD_STREAM {
            let written = merge.write(out)?;
            out.flush()?;
            written
        } else {
            replace_with(WHAT, path, |file| merge.write(file))?
        };
        teller.remark_on(path, options.dialect, &written);
    }
    teller.sum_up(merge.summary(), &written);
    Ok(if merge.summary().is_whole() { ExitCode::Passed } else { ExitCode::Incomplete })
}

fn options(args: &MergeArgs) -> MergeOptions {
    MergeOptions {
        flaky: match args.flaky {
            FlakyForm::Surefire => Flaky::Surefire,
            FlakyForm::Repeat => Flaky::Repeat,
            FlakyForm::Last => Flaky::Last,
        },
        dialect: match args.dialect {
            DialectName::Plain => Dialect::Plain,
            DialectName::Surefire => Dialect::Surefire,
            DialectName::Gitlab => Dialect::Gitlab,
            DialectName::Azure => Dialect::Azure,
        },
        strip_prefix: args.strip_prefix.clone(),
        suite_prefix: args.suite_prefix,
    }
}

/// Finds the reports that the arguments name, each once. What this merge is about to write is taken for a report only when
/// it is named itself: a directory that is merged into a file inside of it can be merged again.
fn inputs(args: &MergeArgs, teller: &mut Teller<'_>) -> Vec<Input> {
    let mut own: HashSet<PathBuf> = args.output.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    let split = args.split.iter().flat_map(|dir| files_of_earlier_split(dir));
    own.extend(split.filter_map(|path| fs::canonicalize(path).ok()));
    let mut search = Search { own, seen: HashSet::new(), inputs: Vec::new() };
    for path in &args.inputs {
        if path.is_dir() { search.directory(path, teller) } else { search.file(path) }
    }
    search.inputs
}

struct Search {
    own: HashSet<PathBuf>,
    seen: HashSet<PathBuf>,
    inputs: Vec<Input>,
}

impl Search {
    fn directory(&mut self, dir: &Path, teller: &mut Teller<'_>) {
        let mut found = false;
        let enter = |entry: &DirEntry| entry.depth() == 0 || !is_in_a_run_s_report(entry);
        for entry in WalkDir::new(dir).follow_links(true).sort_by_file_name().into_iter().filter_entry(enter) {
            let entry = match entry {
                Ok(entry) => entry,
                // A link to a directory above leads nowhere new.
                Err(error) if error.loop_ancestor().is_some() => continue,
                Err(error) => {
                    let path = error.path().unwrap_or(dir).to_owned();
                    found = true;
                    self.missing(&path, format!("cannot be read: {error}"));
                    continue;
                }
            };
            let is_xml = entry.path().extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
            if !entry.file_type().is_file() || !is_xml {
                continue;
            }
            if fs::canonicalize(entry.path()).is_ok_and(|path| self.own.contains(&path)) {
                teller.tell(&format!("left out {}: an earlier merge wrote it", entry.path().display()));
                continue;
            }
            let is_named = fs::canonicalize(entry.path()).is_ok_and(|path| self.seen.contains(&path));
            if let Some(root) = (!is_named).then(|| root_of_another_kind(entry.path())).flatten() {
                teller.tell(&format!("left out {}: <{root}> is no JUnit report", entry.path().display()));
                continue;
            }
            found = true;
            self.file(entry.path());
        }
        if !found {
            self.missing(dir, "has no report: no *.xml file in it is one".to_owned());
        }
    }

    fn file(&mut self, path: &Path) {
        let path = if path.as_os_str() == STANDARD_STREAM { Path::new("/dev/stdin") } else { path };
        // What is no plain file can be read once, and a merge may have to read it twice.
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            match fs::read(path) {
                Ok(bytes) if self.seen.insert(path.to_owned()) => {
                    self.inputs.push(Input { path: name(path), source: Source::Bytes(bytes) });
                }
                Ok(_) => {}
                Err(error) => self.missing(path, format!("cannot be read: {error}")),
            }
            return;
        }
        match fs::canonicalize(path) {
            Ok(real) => {
                if self.seen.insert(real) {
                    self.inputs.push(Input { path: name(path), source: Source::File(path.to_owned()) });
                }
            }
            Err(error) => self.missing(path, format!("cannot be opened: {error}")),
        }
    }

    fn missing(&mut self, path: &Path, why: String) {
        if self.seen.insert(path.to_owned()) {
            self.inputs.push(Input { path: name(path), source: Source::Missing(why) });
        }
    }
}

/// Tells whether a directory holds the frameworks' own reports of a minke run, whose report has all that is in them.
fn is_in_a_run_s_report(entry: &DirEntry) -> bool {
    let has = |file: &str| entry.path().parent().is_some_and(|run| run.join(file).is_file());
    entry.file_type().is_dir() && entry.file_name() == "shards" && has("events.jsonl") && has("junit.xml")
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Tells a person what is done. Nobody's leaving keeps a merge from being made.
struct Teller<'a> {
    progress: &'a mut dyn Write,
}

impl Teller<'_> {
    fn tell(&mut self, line: &str) {
        // A name with a line break or a terminal sequence in it must not look like something that was said here.
        let line: String = line.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
        let _ = writeln!(self.progress, "{line}");
    }

    fn remark_on(&mut self, path: &Path, dialect: Dialect, written: &Written) {
        if written.bytes >= GITLAB_BYTES {
            let size = written.bytes / 1_000_000;
            self.tell(&format!("note: {} has {size} MB; GitLab takes less than 30: see --split", path.display()));
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let is_found = file.starts_with("TEST-") && file.ends_with(".xml");
        if dialect == Dialect::Azure && !is_found && file != STANDARD_STREAM {
            self.tell(&format!(
                "note: Azure Pipelines looks for TEST-*.xml: name the output so, or set testResultsFiles to {file}"
            ));
        }
    }

    fn sum_up(&mut self, summary: &Summary, written: &Written) {
        for case in &written.retried {
            self.tell(&format!("retried: {case}"));
        }
        if written.unnamed > 0 {
            let more = counted(written.unnamed, "more retried case", "more retried cases");
            self.tell(&format!("and {more}"));
        }
        if written.left_out > 0 {
            let outputs = counted(written.left_out, "output", "outputs");
            self.tell(&format!("left out {outputs} of suites: Surefire's form has no place for them"));
        }
        let skips = match written.skips {
            0 => String::new(),
            skips => format!(", skipped {skips}"),
        };
        let entries = match written.entries {
            0 => String::new(),
            entries => {
                format!("; {} not read whole, each an error in the result", counted(entries, "report", "reports"))
            }
        };
        let of_suites = match summary.of_suites {
            0 => String::new(),
            found => format!(", {} of a suite and no test", counted(found, "of them an error", "of them errors")),
        };
        self.tell(&format!(
            "{} in {}{of_suites}; {} out, {} merged (retries {}, identical {}{skips}){entries}",
            counted(summary.cases, "case", "cases"),
            counted(summary.files, "file", "files"),
            counted(written.cases, "case", "cases"),
            written.merged(),
            written.retries,
            written.identical,
        ));
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::Teller;

    #[test]
    fn what_is_told_is_one_line() {
        let mut told = Vec::new();
        Teller { progress: &mut told }.tell("a\nb\u{1B}[31m");
        assert_eq!(String::from_utf8(told).unwrap(), "a\u{FFFD}b\u{FFFD}[31m\n");
    }
}
