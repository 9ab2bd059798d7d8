//! Guards the layers: imports go down only, siblings of one layer never import each other, the core stays pure.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first. A module may import the modules of lower layers, and itself.
const LAYERS: [&[&str]; 5] = [
    &["model"],
    &["notation", "plan", "schedule"],
    &["compose", "config", "engine", "framework", "report", "source"],
    &["discover", "run", "snapshot"],
    &["cli"],
];

/// `schedule` divides what `plan` made, and a plan is data: the one import between siblings that is meant.
const ALLOWED_BETWEEN_SIBLINGS: [(&str, &str); 1] = [("schedule", "plan")];

/// What the pure modules never name.
const IMPURE: [&str; 9] =
    ["tokio", "std::fs", "std::net", "std::env", "bollard", "SystemTime", "Instant", "::now()", "rand::"];

/// Libraries that belong to one module alone.
const OWNED: [(&str, &str); 7] = [
    ("bollard", "engine"),
    ("granit_parser", "compose"),
    ("junit_report", "report/junit"),
    ("quick_xml", "report/"),
    ("clap", "cli"),
    ("askama", "report/html"),
    ("gherkin::", "framework"),
];

fn sources() -> Vec<(String, String)> {
    fn walk(dir: &Path, root: &Path, found: &mut Vec<(String, String)>) {
        let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    assert!(found.len() > 30, "the sources were not found");
    found
}

/// Returns a file's module of the first level; `None` for `lib.rs` and `main.rs`.
fn module(file: &str) -> Option<&str> {
    file.split_once('/').map(|(module, _)| module)
}

/// Returns a file's code without its tests and comments.
fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or(text);
    let lines = before_tests.lines().map(|line| line.split("//").next().unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn layer(module: &str) -> usize {
    let found = LAYERS.iter().position(|modules| modules.contains(&module));
    found.unwrap_or_else(|| panic!("`{module}` is in no layer: add it to the table, or move it"))
}

/// Returns the modules that a file imports, in every form of `crate::`.
fn imports(code: &str) -> Vec<&str> {
    code.split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next())
        .filter(|name| LAYERS.iter().any(|modules| modules.contains(name)))
        .collect()
}

#[test]
fn imports_go_down_only() {
    for (file, text) in sources() {
        let Some(own) = module(&file) else { continue };
        for imported in imports(&code(&text)) {
            let down = layer(imported) < layer(own) || imported == own;
            let allowed = ALLOWED_BETWEEN_SIBLINGS.contains(&(own, imported));
            assert!(down || allowed, "src/{file} imports `{imported}`, which is not below `{own}`");
        }
    }
}

#[test]
fn imports_name_no_group_that_the_guard_cannot_read() {
    for (file, text) in sources() {
        assert!(!code(&text).contains("crate::{"), "src/{file}: write `use crate::module::...`, one module a line");
    }
}

#[test]
fn the_core_is_pure() {
    for (file, text) in sources() {
        if module(&file).is_some_and(|own| layer(own) <= 1) {
            for word in IMPURE {
                assert!(!code(&text).contains(word), "src/{file} names `{word}`");
            }
        }
    }
}

#[test]
fn a_library_of_one_module_is_named_there_only() {
    for (file, text) in sources() {
        for (library, owner) in OWNED {
            let named = code(&text).contains(&format!("{library}::"));
            assert!(!named || file.starts_with(owner), "src/{file} names `{library}`, which belongs to `{owner}`");
        }
    }
}

#[test]
fn no_module_is_a_drawer() {
    for (file, _) in sources() {
        let name = file.rsplit('/').next().unwrap().trim_end_matches(".rs");
        assert!(!["utils", "util", "helpers", "common", "misc", "imp", "manager"].contains(&name), "src/{file}");
    }
}
