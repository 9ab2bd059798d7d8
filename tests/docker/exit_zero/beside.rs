//! Runs bad files by themselves and beside good ones.

use minke::model::CaseCounts;

use crate::support::{Ended, Project};

/// A folder of bad files, and how it is run.
pub(super) struct Suite {
    /// The folder below `fixtures/misbehaving`.
    pub(super) fixture: &'static str,
    pub(super) image: &'static str,
    pub(super) framework: &'static str,
    /// Two files that pass, and how many cases each has.
    pub(super) good: [(&'static str, usize); 2],
}

/// What one file's end must be: its outcome, and its cases as passed, failed, errored, skipped.
pub(super) struct Ending {
    file: &'static str,
    outcome: &'static str,
    cases: [usize; 4],
}

pub(super) const fn ends(file: &'static str, outcome: &'static str, cases: [usize; 4]) -> Ending {
    Ending { file, outcome, cases }
}

pub(super) const NONE: [usize; 4] = [0; 4];

impl Suite {
    /// Makes a copy of the folder.
    pub(super) fn project(&self) -> Project {
        Project::fixture(&format!("misbehaving/{}", self.fixture))
    }

    /// Runs minke over a copy of the folder.
    pub(super) fn run(&self, project: &Project, arguments: &[&str]) -> Ended {
        let own = ["run", "--framework", self.framework, "--image", self.image, "--source", "mount"];
        project.minke(&[&own, arguments].concat())
    }

    /// Runs each file by itself, all in one run, and then each between two good ones in one container.
    pub(super) fn check(&self, endings: &[Ending]) {
        let project = self.project();
        let files: Vec<&str> = endings.iter().map(|ending| ending.file).collect();
        let alone = self.run(&project, &[&["--isolation", "file"], &files[..]].concat());
        alone.left_nothing();
        for Ending { file, outcome, cases } in endings {
            assert_eq!((alone.outcome(file).as_str(), counted(&alone, file)), (*outcome, *cases), "{file} alone");
        }
        for Ending { file, outcome, cases } in endings {
            let beside = self.run(&project, &["--shards", "1", self.good[0].0, self.good[1].0, file]);
            let code = match *outcome {
                "passed" => 0,
                "failed" => 1,
                _ => 3,
            };
            beside.expect(code).left_nothing();
            assert_eq!(
                (beside.outcome(file).as_str(), counted(&beside, file)),
                (*outcome, *cases),
                "{file} in a shard"
            );
            for (good, passed) in self.good {
                assert_eq!(counted(&beside, good), [passed, 0, 0, 0], "{good} beside {file}");
            }
        }
    }
}

/// Counts a unit's cases as passed, failed, errored, skipped.
pub(super) fn counted(ended: &Ended, file: &str) -> [usize; 4] {
    let counts = CaseCounts::of(&ended.unit(file).cases);
    [counts.passed, counts.failed, counts.errored, counts.skipped]
}
