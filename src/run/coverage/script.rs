//! The shell text that combines coverage.py's data.

use super::transfer::DIR;

/// The exit codes of [`script`]: there is no coverage.py, or its `combine` failed.
pub(super) const NO_TOOL: i64 = 97;
pub(super) const NOT_COMBINED: i64 = 96;

/// Writes what is run: coverage.py is looked for beside the framework first. Old versions have no `lcov`, which is no fault.
pub(super) fn script(framework: &[String]) -> String {
    let candidates = candidates(framework);
    let listed = candidates.iter().map(|words| shell_words::quote(words).into_owned()).collect::<Vec<_>>().join(" ");
    format!(
        "tool=\n\
         for candidate in {listed}; do\n\
         case $(eval \"$candidate --version\" 2>/dev/null) in *overage.py*) tool=$candidate; break ;; esac\n\
         done\n\
         [ -n \"$tool\" ] || exit {NO_TOOL}\n\
         eval \"$tool combine {DIR}/data\" || exit {NOT_COMBINED}\n\
         if eval \"$tool lcov --help\" >/dev/null 2>&1; then eval \"$tool lcov --fail-under=0 -o {DIR}/out/lcov.info\"; fi\n\
         eval \"$tool xml --fail-under=0 -o {DIR}/out/coverage.xml\"\n\
         exit 0\n"
    )
}

/// Lists commands that may be coverage.py, as shell text: of `/venv/bin/python -m pytest`, `/venv/bin/python -m coverage`.
fn candidates(framework: &[String]) -> Vec<String> {
    let beside = framework.split_last().map(|(last, before)| {
        let dir = last.rsplit_once('/').map(|(dir, _)| format!("{dir}/")).unwrap_or_default();
        let words = before.iter().cloned().chain([format!("{dir}coverage")]);
        shell_words::join(words.collect::<Vec<_>>())
    });
    let usual = ["coverage", "python3 -m coverage", "python -m coverage"].map(str::to_owned);
    beside.into_iter().chain(usual).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_looked_for_beside_the_framework() {
        let first = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            candidates(&words).remove(0)
        };
        assert_eq!(first(&["python3", "-m", "pytest"]), "python3 -m coverage");
        assert_eq!(first(&["/opt/my venv/bin/pytest"]), "'/opt/my venv/bin/coverage'");
        assert_eq!(first(&["uv", "run", "pytest"]), "uv run coverage");
        assert_eq!(first(&[]), "coverage");
    }
}
