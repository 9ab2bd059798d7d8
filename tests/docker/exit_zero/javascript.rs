//! What the frameworks for JavaScript have in common: one image, and two good files in each suite.

use minke::model::CaseCounts;

use crate::support::{Ended, JAVASCRIPT, Project};

/// A suite of misbehaving files.
pub(super) struct Suite {
    framework: &'static str,
    project: Project,
}

impl Suite {
    pub(super) fn of(framework: &'static str) -> Self {
        Self { framework, project: Project::fixture(&format!("misbehaving/{framework}")) }
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        self.project.minke(
            &[&["run", "--framework", self.framework, "--image", JAVASCRIPT, "--source", "mount"], arguments].concat(),
        )
    }

    /// Runs files in one container, and then alone where need be, beside two good ones that must not suffer by it. Asserts
    /// how each file ended.
    pub(super) fn ends(&self, code: i32, good: [&str; 2], expected: &[(&str, &str)]) -> Ended {
        let files: Vec<&str> = expected.iter().map(|(file, _)| *file).chain(good).collect();
        let ended = self.run(&[&["--shards", "1"], &files[..]].concat());
        ended.expect(code).left_nothing();
        for (file, outcome) in expected {
            assert_eq!(ended.outcome(file), *outcome, "{file}:\n{}", ended.stderr);
        }
        for file in good {
            assert_eq!(ended.outcome(file), "passed", "{file}:\n{}", ended.stderr);
            assert_ne!(CaseCounts::of(&ended.unit(file).cases).passed, 0, "{file}");
        }
        ended
    }
}
