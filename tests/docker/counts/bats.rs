//! bats: one report for each file.

use std::path::Path;

use super::{of_framework, tally};
use crate::support::{Project, SHELL, cases_of, docker};

/// Runs bats for each file and returns the cases of its reports, which it is given the time to write.
fn alone(project: &Project, files: &[String]) -> Vec<minke::model::Case> {
    let reports = Project::empty();
    let mount = format!("{}:/project:ro", project.path().display());
    let out = format!("{}:/reports", reports.path().display());
    let each = "n=0; for file; do n=$((n + 1)); mkdir /reports/$n; bats --report-formatter junit --output /reports/$n \
                \"./$file\" >/dev/null 2>&1; until grep -q '^</testsuites>' /reports/$n/report.xml; do sleep 0.01; done; done";
    let mut arguments =
        vec!["run", "--rm", "--init", "-v", &mount, "-v", &out, "-w", "/project", SHELL, "sh", "-c", each];
    arguments.push("sh");
    arguments.extend(files.iter().map(String::as_str));
    docker(&arguments);
    let report = |number: usize| reports.path().join(number.to_string()).join("report.xml");
    (1..=files.len()).flat_map(|number| cases_of(Path::new(&report(number)))).collect()
}

#[test]
fn bats_cases_equal_those_of_bats_alone() {
    let project = Project::fixture("bats");
    for isolation in ["shard", "file"] {
        let arguments = ["run", "--image", SHELL, "--source=mount", "--shards=3", "--isolation", isolation];
        let ended = project.minke(&arguments);
        let state = ended.expect(1).left_nothing().says("framework bats, because").state();
        let files: Vec<String> = state.units().iter().map(|unit| unit.unit.to_string()).collect();
        assert_eq!(files.len(), 11);
        let alone = alone(&project, &files);
        assert_eq!(alone.len(), 19);
        assert_eq!(tally(&of_framework(ended.junit())), tally(&alone), "--isolation {isolation}");
        for file in ["test/sub/stack.bats", "test/all_skipped.bats", "test/name with space; $(touch pwned).bats"] {
            assert_eq!(ended.outcome(file), "passed", "{file}");
        }
        assert_eq!(ended.outcome("test/empty.bats"), "no-cases");
        assert!(!project.path().join("pwned").exists());
    }
}
