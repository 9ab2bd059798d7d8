//! How a framework is recognised by a project's files.

use std::collections::BTreeMap;

/// Files whose contents tell which framework a project uses, relative to its root.
pub const TELLING_FILES: &[&str] = &[
    "package.json",
    "jest.config.js",
    "jest.config.ts",
    "jest.config.mjs",
    "jest.config.cjs",
    "jest.config.json",
    "vitest.config.js",
    "vitest.config.ts",
    "vitest.config.mjs",
    "vitest.config.mts",
    "vitest.config.cjs",
    "vitest.config.cts",
    "vitest.workspace.js",
    "vitest.workspace.ts",
    "vitest.workspace.json",
    "vite.config.js",
    "vite.config.ts",
    "vite.config.mjs",
    "vite.config.mts",
    "pyproject.toml",
    "pytest.ini",
    "setup.cfg",
    "tox.ini",
    "behave.ini",
    ".behaverc",
    ".rspec",
    "Gemfile",
    "Cargo.toml",
    "go.mod",
    "Makefile.PL",
    "cpanfile",
    "dist.ini",
    ".proverc",
    ".mocharc.json",
    ".mocharc.jsonc",
    ".mocharc.yml",
    ".mocharc.yaml",
    ".mocharc.js",
    ".mocharc.cjs",
    ".config/nextest.toml",
    "cucumber.yml",
    "config/cucumber.yml",
    "cucumber.js",
    "cucumber.json",
    "cucumber.cjs",
    "cucumber.mjs",
];

/// What is known of a project's files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFiles {
    /// The paths of its files, relative to the project's root, sorted.
    pub paths: Vec<String>,
    /// Those of them that are selected, or are below what is.
    pub selected: Vec<String>,
    /// The contents of those [`TELLING_FILES`] that there are.
    pub texts: BTreeMap<String, String>,
}

/// That a project uses a framework.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// How much it says.
    pub strength: Strength,
    /// What was seen, as a clause: "`pytest.ini` is there".
    pub reason: String,
}

/// How much a sign says, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Files that this framework could run, and that are usually another's.
    Possible,
    /// Files that this framework usually runs.
    Usual,
    /// A configuration, a dependency or support code of this framework.
    Certain,
}

impl Sign {
    /// Makes a sign of a file that is there.
    pub(super) fn file(strength: Strength, path: &str) -> Self {
        Self { strength, reason: format!("`{path}` is there") }
    }

    /// Makes a sign of something in a file.
    pub(super) fn inside(path: &str, what: &str) -> Self {
        Self { strength: Strength::Certain, reason: format!("`{path}` has {what}") }
    }
}

impl ProjectFiles {
    /// Returns the first of the telling files of these names that is there.
    pub(super) fn one_of(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.texts.contains_key(*name))
    }

    /// Tells whether a telling file is there and has a text.
    pub(super) fn has(&self, file: &str, text: &str) -> bool {
        self.texts.get(file).is_some_and(|contents| contents.contains(text))
    }

    /// Returns the first path that is as asked.
    pub(super) fn path(&self, is_wanted: impl Fn(&str) -> bool) -> Option<&str> {
        self.paths.iter().map(String::as_str).find(|path| is_wanted(path))
    }
}
