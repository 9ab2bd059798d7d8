//! The README's tables are those of the program.

use minke::model::ExitCode;

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
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
