//! vitest: the cases of its JUnit file.

use super::{alone, of_framework, tally};
use crate::support::{JAVASCRIPT, Project};

#[test]
fn vitest_cases_equal_those_of_vitest_alone() {
    let project = Project::fixture("vitest");
    let command = ["vitest", "run", "--cache=false", "--reporter=junit", "--outputFile=/reports/report.xml"];
    let expected = alone(&project, JAVASCRIPT, &command);
    assert_eq!(expected.len(), 46);
    for isolation in ["shard", "file"] {
        let arguments = ["run", "--image", JAVASCRIPT, "--source", "mount", "--shards", "3", "--isolation", isolation];
        let ended = project.minke(&arguments);
        ended.expect(1).says("framework vitest, because `package.json` has `vitest` in `devDependencies`");
        assert_eq!(tally(&of_framework(ended.left_nothing().junit())), tally(&expected), "--isolation {isolation}");
        // Told to run it, vitest alone also runs three others whose paths end alike, one of which fails.
        assert_eq!(ended.outcome("signal.test.js"), "passed");
        assert_eq!(ended.outcome("tests/odd/-a (b) [c] +$d é.test.js"), "passed");
        assert!(!project.path().join("node_modules").exists(), "a cache was left in the project");
    }
}
