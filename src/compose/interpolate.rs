//! Variables in text: `$X`, `${X:-default}` and their like, as the Compose specification has them ("Interpolation").

use crate::notation::Fault;

/// How deep `${A:-${B:-...}}` may go.
const MAX_DEPTH: usize = 32;

/// Why text cannot be interpolated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Its form is wrong.
    Form(Fault),
    /// A variable that it says is needed has no value.
    Required {
        /// The variable.
        name: String,
        /// What the text says about it.
        message: String,
    },
}

/// Where values of variables come from, and which were missing.
pub(super) struct Variables<'a> {
    /// Finds the value of a variable.
    pub(super) find: &'a dyn Fn(&str) -> Option<String>,
    /// The variables without a value and without a default, each once.
    pub(super) missing: Vec<String>,
}

/// Puts values in the place of variables: `$X`, `${X}`, `${X:-d}`, `${X-d}`, `${X:?message}`, `${X?message}`, `${X:+a}` and
/// `${X+a}`, where `d`, `message` and `a` may hold variables, too. `$$` stands for `$`, and a variable without a value for
/// nothing. Values are not interpolated again.
pub(super) fn interpolate(text: &str, variables: &mut Variables<'_>) -> Result<String, Unfit> {
    if !text.contains('$') {
        return Ok(text.to_owned());
    }
    let mut scanner = Scanner { rest: text, variables, depth: 0, is_taken: true };
    let filled = scanner.until(None)?;
    Ok(filled)
}

/// Writes text so that [`interpolate`] gives it back.
#[cfg(test)]
pub(super) fn escape(text: &str) -> String {
    text.replace('$', "$$")
}

struct Scanner<'t, 'v, 'a> {
    rest: &'t str,
    variables: &'v mut Variables<'a>,
    depth: usize,
    /// Whether what is read will be used; in a default that is not needed nothing can be missing.
    is_taken: bool,
}

impl<'t> Scanner<'t, '_, '_> {
    /// Reads up to the end, or up to and with an end mark.
    fn until(&mut self, end: Option<char>) -> Result<String, Unfit> {
        let mut filled = String::new();
        loop {
            let stop = self.rest.find(|char| char == '$' || Some(char) == end);
            let Some(stop) = stop else {
                if end.is_some() {
                    return Err(malformed("has a `${` without its `}`"));
                }
                filled.push_str(self.rest);
                self.rest = "";
                return Ok(filled);
            };
            filled.push_str(&self.rest[..stop]);
            let is_end = !self.rest[stop..].starts_with('$');
            self.rest = &self.rest[stop + 1..];
            if is_end {
                return Ok(filled);
            }
            filled.push_str(&self.variable()?);
        }
    }

    /// Reads what follows a `$`.
    fn variable(&mut self) -> Result<String, Unfit> {
        if let Some(rest) = self.rest.strip_prefix('$') {
            self.rest = rest;
            return Ok("$".to_owned());
        }
        if let Some(rest) = self.rest.strip_prefix('{') {
            self.rest = rest;
            return self.braced();
        }
        let name = self.name().ok_or_else(|| malformed("has a `$` that begins no variable"))?;
        Ok(self.value_or_nothing(name))
    }

    fn braced(&mut self) -> Result<String, Unfit> {
        let name = self.name().ok_or_else(|| malformed("has a `${` without the name of a variable"))?;
        let value = (self.variables.find)(name);
        let (operator, rest) = match self.rest.chars().next() {
            Some('}') => {
                self.rest = &self.rest[1..];
                return Ok(self.value_or_nothing(name));
            }
            Some(':') => (self.rest.get(..2).unwrap_or_default(), self.rest.get(2..)),
            Some('-' | '?' | '+') => (&self.rest[..1], self.rest.get(1..)),
            Some(_) | None => ("", None),
        };
        let (Some(rest), ":-" | "-" | ":?" | "?" | ":+" | "+") = (rest, operator) else {
            return Err(malformed(&format!("has a `${{{name}` that ends with neither `}}` nor an operator")));
        };
        self.rest = rest;
        let is_set = value.as_ref().is_some_and(|value| !operator.starts_with(':') || !value.is_empty());
        let is_replacement = operator.ends_with('+');
        let word = self.word(self.is_taken && is_set == is_replacement)?;
        if operator.ends_with('?') && !is_set && self.is_taken {
            let message = if word.is_empty() { "it is not set".to_owned() } else { word };
            return Err(Unfit::Required { name: name.to_owned(), message });
        }
        Ok(match is_set == is_replacement {
            true => word,
            false if is_replacement => String::new(),
            false => value.unwrap_or_default(),
        })
    }

    /// Reads what stands behind an operator.
    fn word(&mut self, is_taken: bool) -> Result<String, Unfit> {
        if self.depth == MAX_DEPTH {
            return Err(malformed(&format!("has more than {MAX_DEPTH} variables in each other")));
        }
        let outer = std::mem::replace(&mut self.is_taken, is_taken);
        self.depth += 1;
        let word = self.until(Some('}'));
        self.depth -= 1;
        self.is_taken = outer;
        word
    }

    fn name(&mut self) -> Option<&'t str> {
        let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let end = self.rest.find(|char| !is_part(char)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        Some(name)
    }

    fn value_or_nothing(&mut self, name: &str) -> String {
        let value = (self.variables.find)(name);
        if value.is_none() && self.is_taken && !self.variables.missing.iter().any(|missing| missing == name) {
            self.variables.missing.push(name.to_owned());
        }
        value.unwrap_or_default()
    }
}

fn malformed(must: &str) -> Unfit {
    Unfit::Form(Fault::new(must).help("Write `$$` for a `$` that is meant as one, and `${NAME}` for a variable."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(text: &str) -> Result<String, Unfit> {
        let find = |name: &str| match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            "DOLLAR" => Some("${A}".to_owned()),
            _ => None,
        };
        interpolate(text, &mut Variables { find: &find, missing: Vec::new() })
    }

    #[test]
    fn each_form_means_what_compose_says() {
        let table = [
            ("x$A-${A}", "xa-a"),
            ("$A.$NONE.", "a.."),
            ("${A:-d} ${EMPTY:-d} ${NONE:-d}", "a d d"),
            ("${A-d} ${EMPTY-d} ${NONE-d}", "a  d"),
            ("${A:+r} ${EMPTY:+r} ${NONE:+r}", "r  "),
            ("${A+r} ${EMPTY+r} ${NONE+r}", "r r "),
            ("${A:?m} ${EMPTY?m}", "a "),
            ("${NONE:-${EMPTY:-x$A}y}z", "xayz"),
            ("${NONE:-}", ""),
            ("$$A $${A}", "$A ${A}"),
            ("${DOLLAR}", "${A}"),
            ("${A:-${NONE:?m}}", "a"),
            ("${NONE:-http://h:1/?q={1}", "http://h:1/?q={1"),
            ("no variable, a }", "no variable, a }"),
        ];
        for (text, expected) in table {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_needed_variable_is_named_with_its_message() {
        let required =
            |name: &str, message: &str| Err(Unfit::Required { name: name.to_owned(), message: message.to_owned() });
        assert_eq!(filled("${NONE:?set it to $A}"), required("NONE", "set it to a"));
        assert_eq!(filled("${EMPTY:?}"), required("EMPTY", "it is not set"));
    }

    #[test]
    fn wrong_forms_are_refused() {
        for text in ["$", "a$ b", "$1", "${", "${}", "${A", "${A:", "${A:x}", "${A/b}", "${ A}", "${NONE:-x", "${1:-x}"]
        {
            assert!(matches!(filled(text), Err(Unfit::Form(_))), "{text}");
        }
        let deep = "${NONE:-".repeat(100_000);
        assert!(matches!(filled(&deep), Err(Unfit::Form(_))));
    }

    #[test]
    fn what_is_missing_is_noted_once_and_only_where_it_counts() {
        let mut variables = Variables { find: &|name| (name == "A").then(String::new), missing: Vec::new() };
        interpolate("$X $X ${Y} ${A-$Z} ${W:-1}", &mut variables).unwrap();
        assert_eq!(variables.missing, ["X", "Y"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[${}:?+A-C_é1 -]{0,40}") {
            _ = filled(&text);
        }

        #[test]
        fn escaped_text_comes_back(text in any::<String>()) {
            prop_assert_eq!(filled(&escape(&text)), Ok(text));
        }
    }
}
