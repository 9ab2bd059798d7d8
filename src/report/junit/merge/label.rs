//! Names for reports whose suites have the names of other reports' suites.

use std::collections::{BTreeSet, HashMap};

use super::gather::{limits, open};
use super::name::suite_name;
use super::options::{Input, MergeOptions};
use crate::model::Case;
use crate::report::junit::clean;
use crate::report::junit::group::{CaseDetails, Follower, Group};
use crate::report::junit::reader::follow;

/// The names of a report's suites.
struct Names<'a> {
    options: &'a MergeOptions,
    found: BTreeSet<String>,
}

/// Reads all inputs for their suites. Returns what to put before a suite's name, for each input and suite that shares its
/// name with a suite of another input.
pub(super) fn labels(inputs: &[Input], options: &MergeOptions) -> HashMap<(u32, String), String> {
    let mut files: HashMap<String, Vec<u32>> = HashMap::new();
    for (number, input) in (0..).zip(inputs) {
        let mut names = Names { options, found: BTreeSet::new() };
        if let Ok(opened) = open(input) {
            follow("", opened.bytes, &limits(options), &mut names);
        }
        names.found.into_iter().for_each(|name| files.entry(name).or_default().push(number));
    }
    let short = short_paths(inputs);
    let clashing = files.into_iter().filter(|(_, files)| files.len() > 1);
    clashing
        .flat_map(|(name, files)| files.into_iter().map(move |file| (file, name.clone())))
        .map(|(file, name)| {
            let label = short[file as usize].clone();
            ((file, name), label)
        })
        .collect()
}

/// Returns the last part of each path, without extension, and as many parts before it as it takes to tell them apart.
fn short_paths(inputs: &[Input]) -> Vec<String> {
    let paths: Vec<Vec<String>> = inputs
        .iter()
        .map(|input| {
            let path = clean::attribute(&input.path, 1024).replace('\\', "/");
            let path = path.strip_suffix(".xml").unwrap_or(&path);
            path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
        })
        .collect();
    let end = |path: &[String], length: usize| path[path.len().saturating_sub(length)..].join("/");
    let depth = paths.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let is_enough = |&length: &usize| {
        let ends: BTreeSet<String> = paths.iter().map(|path| end(path, length)).collect();
        ends.len() == paths.len()
    };
    let length = (1..depth).find(is_enough).unwrap_or(depth);
    paths.iter().map(|path| end(path, length)).collect()
}

impl Follower for Names<'_> {
    fn case(&mut self, suite: &Group, _: Case, _: CaseDetails, _: bool) {
        let name = suite_name(&suite.path, self.options);
        if !self.found.contains(&name) {
            self.found.insert(name);
        }
    }

    fn suite(&mut self, suite: Group, _: Option<String>) {
        if !suite.is_root {
            self.found.insert(suite_name(&suite.path, self.options));
        }
    }
}
