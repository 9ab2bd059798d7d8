//! `.dockerignore`: which files a build does not see.
//!
//! The rules are Docker's own (<https://pkg.go.dev/github.com/moby/patternmatcher>): the last line that matches decides, `!`
//! makes an exception, `**` crosses directories, and what holds for a directory holds for all that is below it.

/// The lines of a `.dockerignore`.
#[derive(Debug, Default)]
pub(crate) struct DockerIgnore {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    text: String,
    tokens: Vec<Token>,
    is_exception: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Segment,
    /// `**/`: any directories, or none.
    Directories,
    /// What [`Token::Directories`] has begun and not ended; it always follows one.
    WithinDirectories,
    /// `**` at the end: anything.
    Rest,
    /// `[a-z]`, `[^a-z]`
    Class {
        ranges: Vec<(char, char)>,
        is_negated: bool,
    },
}

impl DockerIgnore {
    /// Reads the lines of a `.dockerignore`.
    pub(crate) fn read(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines();
        let lines = lines.filter(|line| !line.starts_with('#')).map(str::trim).filter(|line| !line.is_empty());
        Self { rules: lines.filter_map(Rule::read).collect() }
    }

    /// Makes an exception of a path, whatever the lines say.
    pub(crate) fn always_send(&mut self, path: &str) {
        self.rules.push(Rule::plain(path, true));
    }

    /// Leaves a path out, whatever the lines say.
    pub(crate) fn never_send(&mut self, path: &str) {
        self.rules.push(Rule::plain(path, false));
    }

    /// Tells whether a path, relative to the context and with `/` between its parts, is left out.
    pub(crate) fn leaves_out(&self, path: &str) -> bool {
        self.rules.iter().rev().find(|rule| rule.holds_for(path)).is_some_and(|rule| !rule.is_exception)
    }

    /// Tells whether something below a directory that is left out may be an exception. As in BuildKit, an exception without
    /// wildcards is looked for only where it can be.
    pub(crate) fn may_have_exceptions_below(&self, dir: &str) -> bool {
        let below = format!("{dir}/");
        self.rules.iter().filter(|rule| rule.is_exception).any(|rule| {
            let is_plain = rule.tokens.iter().all(|token| matches!(token, Token::Char(_)));
            !is_plain || format!("{}/", rule.text).starts_with(&below)
        })
    }
}

impl Rule {
    fn plain(path: &str, is_exception: bool) -> Self {
        Self { text: path.to_owned(), tokens: path.chars().map(Token::Char).collect(), is_exception }
    }

    fn read(line: &str) -> Option<Self> {
        let (line, is_exception) = match line.strip_prefix('!') {
            Some(rest) => (rest.trim(), true),
            None => (line, false),
        };
        let text = clean(line);
        let tokens = tokens(&text)?;
        (!text.is_empty()).then_some(Self { text, tokens, is_exception })
    }

    fn holds_for(&self, path: &str) -> bool {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        parents.chain([path]).any(|path| matches(&self.tokens, path))
    }
}

/// Makes a path as plain as `filepath.Clean` does, without the `/` that it may begin with.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Reads a pattern; `None` when a class in it has no end, so that it can match nothing.
fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                if chars.peek().is_none() {
                    tokens.push(Token::Rest);
                } else {
                    tokens.extend([Token::Directories, Token::WithinDirectories]);
                }
            }
            '*' => tokens.push(Token::Segment),
            '?' => tokens.push(Token::One),
            '[' => tokens.push(class(&mut chars)?),
            '\\' => tokens.push(Token::Char(chars.next().unwrap_or('\\'))),
            char => tokens.push(Token::Char(char)),
        }
    }
    Some(tokens)
}

fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let is_negated = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let first = match chars.next()? {
            ']' if !ranges.is_empty() => return Some(Token::Class { ranges, is_negated }),
            '\\' => chars.next()?,
            char => char,
        };
        let mut last = first;
        if chars.next_if_eq(&'-').is_some() {
            match chars.next()? {
                ']' => {
                    ranges.extend([(first, first), ('-', '-')]);
                    return Some(Token::Class { ranges, is_negated });
                }
                '\\' => last = chars.next()?,
                char => last = char,
            }
        }
        ranges.push((first, last));
    }
}

/// Runs all ways of matching at once, so that no pattern takes long: `at[n]` says that the first n tokens can be behind.
fn matches(tokens: &[Token], path: &str) -> bool {
    let mut at = vec![false; tokens.len() + 1];
    at[0] = true;
    pass_empty(tokens, &mut at);
    for char in path.chars() {
        let mut next = vec![false; at.len()];
        for (index, token) in tokens.iter().enumerate().filter(|(index, _)| at[*index]) {
            match token {
                Token::Char(own) => next[index + 1] |= *own == char,
                Token::One => next[index + 1] |= char != '/',
                Token::Segment => next[index] |= char != '/',
                Token::Rest => next[index] = true,
                Token::Class { ranges, is_negated } => {
                    let is_in = ranges.iter().any(|(first, last)| (*first..=*last).contains(&char));
                    next[index + 1] |= is_in != *is_negated && char != '/';
                }
                Token::Directories => {
                    next[index + 1] = true;
                    next[index + 2] |= char == '/';
                }
                Token::WithinDirectories => {
                    next[index] = true;
                    next[index + 1] |= char == '/';
                }
            }
        }
        pass_empty(tokens, &mut next);
        at = next;
    }
    at[tokens.len()]
}

/// Steps over the tokens that may stand for nothing.
fn pass_empty(tokens: &[Token], at: &mut [bool]) {
    for index in 0..tokens.len() {
        if at[index] {
            match tokens[index] {
                Token::Segment | Token::Rest => at[index + 1] = true,
                Token::Directories => at[index + 2] = true,
                Token::Char(_) | Token::One | Token::WithinDirectories | Token::Class { .. } => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(text: &str, paths: &[&'static str]) -> Vec<&'static str> {
        let ignore = DockerIgnore::read(text);
        paths.iter().copied().filter(|path| ignore.leaves_out(path)).collect()
    }

    #[test]
    fn a_star_stays_within_a_directory_and_two_cross_them() {
        let paths = ["a.log", "x/a.log", "x/y/a.log", "temp", "x/temp/b", "b"];
        assert_eq!(left_out("*.log", &paths), ["a.log"]);
        assert_eq!(left_out("*/*.log", &paths), ["x/a.log"]);
        assert_eq!(left_out("**/*.log", &paths), ["a.log", "x/a.log", "x/y/a.log"]);
        assert_eq!(left_out("**/temp", &paths), ["temp", "x/temp/b"]);
        assert_eq!(left_out("x/**", &paths), ["x/a.log", "x/y/a.log", "x/temp/b"]);
        assert_eq!(left_out("te?p\n[a-b]", &paths), ["temp", "b"]);
        assert_eq!(left_out("[^a-b]", &["a", "c", "-"]), ["c", "-"]);
    }

    #[test]
    fn the_last_line_that_matches_decides() {
        let paths = ["README.md", "README-secret.md", "other.md", "docs/x.md"];
        assert_eq!(left_out("*.md\n!README*.md\nREADME-secret.md", &paths), ["README-secret.md", "other.md"]);
        assert_eq!(left_out("*.md\nREADME-secret.md\n!README*.md", &paths), ["other.md"]);
        assert_eq!(left_out("docs\n!docs/x.md", &["docs", "docs/x.md", "docs/y"]), ["docs", "docs/y"]);
        assert_eq!(left_out("**\n!src/**/*.py", &["a", "src/b/c.py", "src/c.py", "src/c.sh"]), ["a", "src/c.sh"]);
    }

    #[test]
    fn lines_are_read_as_docker_reads_them() {
        assert_eq!(
            left_out("\u{feff}# note\n\n  a  \n/b/\n./c/../d\n! a", &["a", "b", "d", "c", "# note"]),
            ["b", "d"]
        );
        assert_eq!(left_out(r"\!a", &["!a", "a"]), ["!a"]);
        assert_eq!(left_out("a[", &["a["]), [""; 0]);
        assert_eq!(left_out("é*", &["éa", "e"]), ["éa"]);
    }

    #[test]
    fn the_dockerfile_is_sent_even_if_everything_is_left_out() {
        let mut ignore = DockerIgnore::read("**\n");
        ignore.always_send("docker/Dockerfile");
        assert!(ignore.leaves_out("docker/other") && !ignore.leaves_out("docker/Dockerfile"));
        assert!(ignore.may_have_exceptions_below("docker") && !ignore.may_have_exceptions_below("src"));
        assert!(DockerIgnore::read("src\n!**/*.py").may_have_exceptions_below("src"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_others() {
        let ignore = DockerIgnore::read(&"*a".repeat(200));
        assert!(!ignore.leaves_out(&"a".repeat(2000).replace("aa", "ab")));
        assert!(!DockerIgnore::read(&"**/a".repeat(100)).leaves_out(&"a/b".repeat(1000)));
    }
}
