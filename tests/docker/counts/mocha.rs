//! mocha: the cases of its JUnit file, one file at a time: a file that cannot be loaded or has an `only` hides all others.

use minke::model::{Case, CaseOutcome};

use super::{alone, of_framework, tally};
use crate::support::{JAVASCRIPT, Project};

const EACH_FILE: &str = "at=0; for file in ./test/*.?js ./test/*.js; do at=$((at + 1)); \
    mocha --reporter=xunit --reporter-option=output=/reports/$at.xml \"$file\"; done";

/// minke fills in the class names that mocha leaves out.
fn with_classes(cases: Vec<Case>, class: impl Fn(&Case) -> String) -> Vec<Case> {
    let with_class = |case: Case| Case {
        classname: if case.classname.is_empty() { class(&case) } else { case.classname.clone() },
        ..case
    };
    cases.into_iter().map(with_class).collect()
}

#[test]
fn mocha_cases_equal_those_of_mocha_alone() {
    let project = Project::fixture("mocha");
    let expected = alone(&project, JAVASCRIPT, &["sh", "-c", EACH_FILE]);
    assert_eq!(expected.len(), 176);
    let class_of = |case: &Case| {
        let file = case.file.as_deref().unwrap_or_default().trim_start_matches("/project/");
        let file = if file == "undefined" { "test/root_hook.js" } else { file };
        file.trim_end_matches(".js").replace('/', ".")
    };
    let expected = tally(&with_classes(expected, class_of));
    for isolation in ["shard", "file"] {
        let arguments = ["run", "--image", JAVASCRIPT, "--source", "mount", "--shards", "3", "--isolation", isolation];
        let ended = project.minke(&arguments);
        ended.expect(1).says("framework mocha, because `package.json` has `mocha` in `devDependencies`").left_nothing();
        assert_eq!(tally(&with_classes(of_framework(ended.junit()), class_of)), expected, "--isolation {isolation}");
        // 139 failures, and that exit code, are no crash.
        let many = ended.unit("test/as_many_failures_as_a_signal.js");
        assert_eq!(many.cases.iter().filter(|case| case.outcome() == CaseOutcome::Failed).count(), 139);
        assert_eq!(ended.outcome("test/as_many_failures_as_a_signal.js"), "failed");
        assert!(many.trouble.is_none());
        assert_eq!(ended.outcome("test/empty.js"), "no-cases");
        assert_eq!(ended.outcome("test/syntax_error.js"), "no-report");
        assert_eq!(ended.outcome("test/-a (b) [c] +$d é.js"), "passed");
    }
}
