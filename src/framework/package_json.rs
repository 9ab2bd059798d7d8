//! What a JavaScript project's `package.json` tells of its test framework.

use serde_json::Value;

use super::{ProjectFiles, Sign};

/// The file, relative to the project's root.
const FILE: &str = "package.json";

/// Where a package lists what it needs.
const LISTS: [&str; 4] = ["devDependencies", "dependencies", "peerDependencies", "optionalDependencies"];

/// Tells that `package.json` lists a framework, or has its settings under a key of the framework's name.
pub(super) fn sign(project: &ProjectFiles, name: &str) -> Option<Sign> {
    let package: Value = serde_json::from_str(project.texts.get(FILE)?).ok()?;
    if let Some(list) = LISTS.into_iter().find(|list| package[*list].get(name).is_some()) {
        return Some(Sign::inside(FILE, &format!("`{name}` in `{list}`")));
    }
    package[name].is_object().then(|| Sign::inside(FILE, &format!("the key `{name}`")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn reason(package: &str) -> Option<String> {
        let texts = BTreeMap::from([(FILE.to_owned(), package.to_owned())]);
        sign(&ProjectFiles { texts, ..ProjectFiles::default() }, "jest").map(|sign| sign.reason)
    }

    #[test]
    fn dependencies_and_settings_are_signs_and_mere_words_are_not() {
        let dependency = "`package.json` has `jest` in `devDependencies`";
        assert_eq!(reason(r#"{"devDependencies": {"jest": "^29"}}"#).as_deref(), Some(dependency));
        assert_eq!(reason(r#"{"jest": {"bail": 1}}"#).as_deref(), Some("`package.json` has the key `jest`"));
        for package in [r#"{"keywords": ["jest"]}"#, r#"{"name": "jest"}"#, r#"["jest"]"#, "{\"jest\": {", "", "7"] {
            assert_eq!(reason(package), None, "{package}");
        }
    }
}
