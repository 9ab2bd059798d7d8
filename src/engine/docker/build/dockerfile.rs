//! What has to be known of a Dockerfile before it is built: the images that it is based on.

use std::collections::{HashMap, HashSet};

/// Returns the names of the images that a Dockerfile needs from elsewhere, each once, in its order.
///
/// What cannot be read is left out: the engine says what is wrong with it.
pub(super) fn base_images(text: &str, args: &[(String, String)]) -> Vec<String> {
    let given: HashMap<&str, &str> = args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut known: HashMap<String, String> = HashMap::new();
    let mut stages = HashSet::new();
    let mut images: Vec<String> = Vec::new();
    let mut need = |name: &str, stages: &HashSet<String>| {
        let is_stage = stages.contains(&name.to_lowercase()) || name.parse::<u32>().is_ok();
        if !is_stage && name != "scratch" && !name.is_empty() && !images.iter().any(|image| image == name) {
            images.push(name.to_owned());
        }
    };
    for line in logical_lines(text) {
        let mut words = line.split_whitespace();
        match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
            // Only those before the first FROM are seen by one.
            "ARG" if stages.is_empty() => {
                for word in words {
                    let (name, default) = word.split_once('=').unwrap_or((word, ""));
                    let value = given.get(name).map_or_else(|| unquoted(default), |value| (*value).to_owned());
                    known.insert(name.to_owned(), value);
                }
            }
            "FROM" => {
                let words: Vec<&str> = words.filter(|word| !word.starts_with("--")).collect();
                need(&expand(words.first().unwrap_or(&""), &known), &stages);
                let name = words.get(2).filter(|_| words[1].eq_ignore_ascii_case("as"));
                // A stage without a name cannot be referred to by an empty one.
                stages.insert(name.map_or(String::new(), |name| name.to_lowercase()));
            }
            "COPY" | "ADD" => {
                if let Some(from) = words.find_map(|word| word.strip_prefix("--from=")) {
                    need(from, &stages);
                }
            }
            _ => {}
        }
    }
    images
}

/// Joins lines that end with the escape character, and drops comments.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    let directive = text.lines().next().unwrap_or_default().replace(' ', "").to_lowercase();
    let escape = if directive == "#escape=`" { '`' } else { '\\' };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_suffix(escape) {
            Some(part) => begun = format!("{begun}{part} "),
            None => lines.push(std::mem::take(&mut begun) + line),
        }
    }
    lines.extend((!begun.is_empty()).then_some(begun));
    lines
}

fn unquoted(text: &str) -> String {
    text.trim_matches(['"', '\'']).to_owned()
}

/// Puts `$NAME`, `${NAME}` and `${NAME:-default}` in.
fn expand(text: &str, known: &HashMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (name, default, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((inner, behind)) => {
                let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
                (name, default, behind)
            }
            None => {
                let end = after.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(after.len());
                (&after[..end], "", &after[end..])
            }
        };
        let value = known.get(name).filter(|value| !value.is_empty()).map_or(default, String::as_str);
        expanded.push_str(value);
        rest = behind;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_and_scratch_are_no_images_from_elsewhere() {
        let text = "# syntax=x\nFROM a:1 AS Build\nRUN x\nFROM --platform=linux/amd64 \\\n  scratch\nCOPY --from=build /a /b\n\
                    COPY --chown=1 --from=h:5000/c /a /\nCOPY --from=0 / /\nfrom build\nfrom a:1";
        assert_eq!(base_images(text, &[]), ["a:1", "h:5000/c"]);
        assert!(base_images("", &[]).is_empty() && base_images("FROM", &[]).is_empty());
    }

    #[test]
    fn arguments_before_the_first_stage_are_put_in() {
        let text = "ARG TAG=\"1\"\nARG REG\nFROM ${REG:-docker.io}/a:$TAG\nARG TAG=2\nFROM $REG/b:${TAG}\n";
        let args = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(base_images(text, &args("REG", "h:1")), ["h:1/a:1", "h:1/b:1"]);
        assert_eq!(base_images(text, &args("TAG", "3"))[0], "docker.io/a:3");
    }
}
