//! The README's tables are those of the program.

use minke::config::OPTIONS;
use minke::model::ExitCode;

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}

#[test]
fn every_option_has_a_row_with_its_default_and_its_variable() {
    let readme = readme();
    for spec in OPTIONS {
        let variable = format!("`{}`", spec.env);
        let row = readme.lines().find(|line| line.starts_with('|') && line.contains(&variable));
        let row = row.unwrap_or_else(|| panic!("the README has no row for {variable}"));
        let flag = format!("--{}", spec.key);
        assert!(row.contains(&flag) || row.starts_with("| after `--`"), "{row}");
        if let Some(default) = spec.default {
            assert!(row.contains(&format!("| `{default}` |")), "{row}");
        }
    }
}

#[test]
fn every_exit_code_has_a_row() {
    let codes = [
        ExitCode::Passed,
        ExitCode::TestsFailed,
        ExitCode::Usage,
        ExitCode::Infrastructure,
        ExitCode::NothingSelected,
        ExitCode::Incomplete,
        ExitCode::Bug,
        ExitCode::Interrupted,
    ];
    for code in codes.map(ExitCode::code) {
        let row = |line: &&str| line.starts_with(&format!("| {code} |")) || line.starts_with(&format!("| {code}, "));
        assert!(readme().lines().any(|line| row(&line)), "exit code {code}");
    }
}
