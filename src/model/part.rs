//! Parts of a test file, as frameworks name them.

/// The extensions of files of which `::` divides the name of a part.
const SCRIPTS: [&str; 9] = [".py", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"];

/// Splits a selector into the test file, or the directory, and the part of it that is meant; `None` for the whole.
///
/// The forms are those of the frameworks: `a.py::Class::test[row]`, `a.test.js::group > test`, `a.feature:12:30`,
/// `a_spec.rb:12`, `a_spec.rb[1:2]`,
/// `package::TestName` for Go, and `binary-id$module::test` for cargo-nextest.
pub fn split_part(selector: &str) -> (&str, Option<&str>) {
    let at = |separator: &str, length: usize| selector.find(separator).map(|at| at + length);
    let is_script = |&(at, _): &(usize, &str)| SCRIPTS.iter().any(|extension| selector[..at].ends_with(extension));
    if let Some((end, _)) = selector.match_indices("::").find(is_script) {
        return (&selector[..end], Some(&selector[end + 2..]).filter(|part| !part.is_empty()));
    }
    let ends = [at(".feature:", 8), at(".rb:", 3)];
    if let Some(end) = ends.into_iter().flatten().next() {
        let lines = &selector[end + 1..];
        let are_lines = lines.split(':').all(|line| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()));
        return if are_lines { (&selector[..end], Some(lines)) } else { (selector, None) };
    }
    if let Some(end) = at(".rb[", 3).filter(|_| selector.ends_with(']')) {
        return (&selector[..end], Some(&selector[end..]));
    }
    let rust = selector.split_once('$').filter(|(binary, test)| is_binary_id(binary) && is_binary_id(test));
    if let Some((binary, test)) = rust {
        return (binary, Some(test));
    }
    let go = selector
        .split_once("::")
        .filter(|(_, part)| ["Test", "Example", "Fuzz", "Benchmark"].iter().any(|kind| part.starts_with(kind)));
    go.map_or((selector, None), |(package, part)| (package, Some(part)))
}

/// Tells whether a text could be the id of a Rust test binary, or the name of a test in it.
fn is_binary_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '/'))
}

#[cfg(test)]
mod tests {
    use super::split_part;

    #[test]
    fn every_framework_s_form_is_split() {
        for (selector, file, part) in [
            ("t/test_a.py::TestX::test_y[a::b]", "t/test_a.py", Some("TestX::test_y[a::b]")),
            ("t/a.test.js::reads a.py::x > b", "t/a.test.js", Some("reads a.py::x > b")),
            ("t/test_a.py::test_y[a.js::b]", "t/test_a.py", Some("test_y[a.js::b]")),
            ("a.spec.tsx::$x", "a.spec.tsx", Some("$x")),
            ("f/a b.feature:12:30", "f/a b.feature", Some("12:30")),
            ("spec/a_spec.rb[1:2,1:3]", "spec/a_spec.rb", Some("[1:2,1:3]")),
            ("spec/a_spec.rb:7", "spec/a_spec.rb", Some("7")),
            ("pkg/sub::TestSub/b c", "pkg/sub", Some("TestSub/b c")),
            ("shop::bin/till$tests::opens", "shop::bin/till", Some("tests::opens")),
        ] {
            assert_eq!(split_part(selector), (file, part));
        }
    }

    #[test]
    fn what_is_no_part_is_left_whole() {
        for selector in [
            "t/test_a.py",
            "a.feature:",
            "a.feature:x",
            "a.feature:1:",
            "a.rb",
            "core::alloc",
            "x.py::",
            "$(touch x).py",
            "a$b.t",
        ] {
            let (file, part) = split_part(selector);
            assert!(part.is_none() && selector.starts_with(file), "{selector}");
        }
    }
}
