//! Dividing cases among units by the absolute paths of test files that a report names.

use std::collections::{BTreeSet, HashMap};

use super::file_of;
use crate::model::{Division, ReportFile, Unit};

/// Divides cases by the file that each of them names. A case that names none, or a file that could be either of two units,
/// is a stray; with a single unit every case is its.
pub(super) fn divide(units: &[Unit], reports: Vec<ReportFile>) -> Division {
    let mut division = Division::begin(units.len(), &reports);
    let places = {
        let of_cases = reports.iter().flat_map(|report| &report.cases).filter_map(|case| case.file.as_deref());
        let ran = reports.iter().flat_map(|report| &report.ran).map(String::as_str);
        let files: BTreeSet<&str> = ran.chain(of_cases).collect();
        if let [unit] = units {
            division.foreign_unit = foreign_file(file_of(unit.id.as_str()), &files).map(str::to_owned);
        }
        places(units, &files)
    };
    for case in reports.into_iter().flat_map(|report| report.cases) {
        let place = case.file.as_ref().and_then(|file| places.get(file).copied());
        match place.or((units.len() == 1).then_some(0)) {
            Some(place) => division.by_unit[place].push(case),
            None => division.strays.push(case),
        }
    }
    division
}

/// Returns the place of each file among the units.
///
/// The working directory is not known here. It is the one below which most of the files are units; when two serve equally
/// well, no file has a place.
pub(super) fn places(units: &[Unit], files: &BTreeSet<&str>) -> HashMap<String, usize> {
    let ids = || units.iter().map(|unit| file_of(unit.id.as_str()));
    let mut votes: HashMap<&str, usize> = HashMap::new();
    for file in files {
        for directory in ids().filter_map(|id| directory_above(file, id)) {
            *votes.entry(directory).or_default() += 1;
        }
    }
    let most = votes.values().copied().max().unwrap_or_default();
    let mut best = votes.iter().filter(|(_, count)| **count == most).map(|(directory, _)| *directory);
    let directory = best.next().filter(|_| best.next().is_none());
    let by_id: HashMap<&str, usize> = ids().enumerate().map(|(place, id)| (id, place)).collect();
    let place = |file: &str| {
        let below = directory.and_then(|directory| file.strip_prefix(directory));
        by_id.get(file).or_else(|| by_id.get(below?)).copied()
    };
    files.iter().filter_map(|file| Some(((*file).to_owned(), place(file)?))).collect()
}

/// Returns what stands before a unit's path in the path of a file, with its slash.
fn directory_above<'f>(file: &'f str, unit: &str) -> Option<&'f str> {
    file.strip_suffix(unit).filter(|directory| directory.ends_with('/'))
}

/// Returns a file that was run and is another than the unit. The unit itself may be a link to a file elsewhere.
fn foreign_file<'f>(unit: &str, files: &BTreeSet<&'f str>) -> Option<&'f str> {
    let is_unit = |file: &&str| *file == unit || directory_above(file, unit).is_some();
    let own = files.iter().copied().filter(is_unit).min_by_key(|file| file.len());
    let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
    let own = own.or_else(|| files.iter().copied().find(|file| name(file) == name(unit)));
    files.iter().copied().find(|file| Some(*file) != own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Case;

    fn divide_files(units: &[&str], files: &[&str]) -> Division {
        let units: Vec<Unit> = units.iter().map(|unit| Unit::new(*unit)).collect();
        let case = |file: &&str| Case { file: Some((*file).to_owned()), ..Case::default() };
        divide(&units, vec![ReportFile { cases: files.iter().map(case).collect(), ..ReportFile::default() }])
    }

    fn counts(division: &Division) -> (Vec<usize>, usize) {
        (division.by_unit.iter().map(Vec::len).collect(), division.strays.len())
    }

    #[test]
    fn a_path_that_ends_like_another_is_told_apart() {
        let units = ["a.test.js", "src/a.test.js", "b.test.js"];
        let files = ["/w/src/a.test.js", "/w/a.test.js", "/w/b.test.js", "/w/src/a.test.js"];
        assert_eq!(counts(&divide_files(&units, &files)), (vec![1, 2, 1], 0));
        // The working directory is itself called `src`.
        let files = ["/w/src/src/a.test.js", "/w/src/a.test.js", "/w/src/b.test.js"];
        assert_eq!(counts(&divide_files(&units, &files)), (vec![1, 1, 1], 0));
    }

    #[test]
    fn what_could_be_either_of_two_is_a_stray() {
        assert_eq!(counts(&divide_files(&["a.test.js", "src/a.test.js"], &["/w/src/a.test.js"])), (vec![0, 0], 1));
        assert_eq!(counts(&divide_files(&["a.test.js", "b.test.js"], &["/w/a.test.js", "/x/c.js"])), (vec![1, 0], 1));
    }

    #[test]
    fn a_single_unit_takes_every_case_and_another_file_is_foreign() {
        assert_eq!(counts(&divide_files(&["a.js"], &["/w/a.js", "/w/a.js"])), (vec![2], 0));
        for (files, foreign) in [
            (&["/w/a.js"][..], None),
            (&["/real/place/a.js"], None),
            (&["/w/b.js"], Some("/w/b.js")),
            (&["/w/a.js", "/w/src/a.js"], Some("/w/src/a.js")),
            (&["/w/a.js", "/w/ba.js"], Some("/w/ba.js")),
            (&[], None),
        ] {
            assert_eq!(divide_files(&["a.js"], files).foreign_unit.as_deref(), foreign, "{files:?}");
        }
    }
}
