//! The command of every container: it writes a report with one passed case a unit, and then does its work.

use minke::framework::{Framework, Pytest};
use minke::plan::FrameworkCall;

/// Writes the report that the first argument names, then runs the work with the last unit's name in `$unit`.
const REPORT: &str = r#"report=${1#--junitxml=}
mkdir -p "${report%/*}"
{
  printf '<testsuite name="bench">'
  for unit do
    case $unit in --*) ;; *) printf '<testcase classname="%s" name="case" time="0"/>' "$unit" ;; esac
  done
  printf '</testsuite>\n'
} >"$report"
"#;

/// Returns the framework's call with the work in it.
pub(crate) fn call(work: &str) -> FrameworkCall {
    let command = ["/bin/sh", "-c", &format!("{REPORT}{work}\n"), "sh"].map(str::to_owned).to_vec();
    FrameworkCall::new("pytest", command, Vec::new())
}

/// Returns the whole command for some units, as minke makes it.
pub(crate) fn argv(work: &str, units: &[&str]) -> Vec<String> {
    Pytest.argv(&call(work), units)
}
