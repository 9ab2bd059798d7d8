//! Reads any JUnit file that a framework may leave behind, in bounded memory.

use std::borrow::Cow;
use std::io::Read;

use quick_xml::events::attributes;

use super::decode::Input;
use super::group::Follower;
use super::markup::name;
use super::node::Attributes;
use super::reference::unescape;
use super::tokens::{Piece, Token, Tokens};
use super::tree::Tree;
use crate::model::{ReportFile, ReportProblem};

/// How much of a report file is read. What is beyond a limit is left out, and the file is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadLimits {
    /// How many bytes of the file are read.
    pub file_bytes: u64,
    /// How many bytes of a text or an attribute are kept, its beginning and its end; at least 256.
    pub text_bytes: usize,
    /// How many cases are kept, and as many findings and as many properties of all cases together.
    pub cases: usize,
    /// How deep elements may be nested.
    pub depth: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { file_bytes: 256 * 1024 * 1024, text_bytes: 256 * 1024, cases: 1_000_000, depth: 64 }
    }
}

/// Reads a report file and flattens it to its cases. `path` only names the result.
///
/// Never fails: what is wrong with the file is in [`ReportFile::problems`], and the cases before it are kept. Entities
/// are never expanded. A failure or an error of a suite itself becomes a case that is named after the suite.
pub fn read(path: &str, input: impl Read, limits: &ReadLimits) -> ReportFile {
    let (tree, problems) = parse(input, limits, Tree::new(limits));
    ReportFile { path: path.to_owned(), cases: tree.cases, ran: Vec::new(), problems }
}

/// Reads a report file as [`read`] does, and hands every case and suite to `follower` as soon as it is read, so that memory
/// holds one case at a time. Texts that are cut point to `path`. Returns what is wrong with the file.
pub(crate) fn follow(
    path: &str,
    input: impl Read,
    limits: &ReadLimits,
    follower: &mut dyn Follower,
) -> Vec<ReportProblem> {
    parse(input, limits, Tree::followed(limits, follower, path)).1
}

fn parse<'a>(input: impl Read, limits: &ReadLimits, tree: Tree<'a>) -> (Tree<'a>, Vec<ReportProblem>) {
    let mut tokens = Tokens::new(input, limits.file_bytes, limits.text_bytes);
    let mut contents = Contents { tree, entities: false };
    let end = loop {
        match tokens.next().map(|token| contents.take(token)) {
            None => break End::Input,
            Some(Ok(())) => {}
            Some(Err(detail)) => break End::Limit(detail),
        }
    };
    let problems = problems(end, &tokens, &contents, limits);
    let whole = !problems.iter().any(ReportProblem::loses_cases);
    contents.tree.finish(whole);
    (contents.tree, problems)
}

/// Why reading ended.
enum End {
    Input,
    Limit(String),
}

struct Contents<'a> {
    tree: Tree<'a>,
    /// Whether an entity was met that is left as it is.
    entities: bool,
}

impl Contents<'_> {
    fn take(&mut self, token: Token<'_>) -> Result<(), String> {
        match token {
            Token::Start { tag, empty } => {
                let attributes = self.attributes(tag);
                self.tree.start(&local_name(name(tag)), &attributes)?;
                if empty {
                    self.tree.end();
                }
            }
            Token::End => self.tree.end(),
            Token::Text(piece) => self.text(piece),
            Token::Cdata(piece) => self.tree.text(piece.text, piece.at),
        }
        Ok(())
    }

    fn attributes<'t>(&mut self, tag: &'t str) -> Attributes<'t> {
        let mut attributes = Attributes::default();
        for attribute in attributes::Attributes::html(tag, name(tag).len()).with_checks(false).flatten() {
            let value = match attribute.value {
                Cow::Borrowed(value) => self.unescaped(part_of(tag, value)),
                Cow::Owned(value) => Cow::Owned(self.unescaped(&String::from_utf8_lossy(&value)).into_owned()),
            };
            attributes.0.push((local_name(part_of(tag, attribute.key.0)), value));
        }
        attributes
    }

    fn text(&mut self, piece: Piece<'_>) {
        match self.unescaped(piece.text) {
            Cow::Borrowed(text) => self.tree.text(text, piece.at),
            Cow::Owned(text) => self.tree.text(&text, None),
        }
    }

    fn unescaped<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let (text, unknown) = unescape(text);
        self.entities |= unknown;
        text
    }
}

/// Returns the part of a text that these bytes are, which need not be looked at for that.
fn part_of<'t>(text: &'t str, bytes: &[u8]) -> &'t str {
    let start = (bytes.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    text.get(start..start.wrapping_add(bytes.len())).unwrap_or_default()
}

/// Makes an element's or an attribute's name comparable.
fn local_name(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
        return name.into();
    }
    let name = name.split_once(':').map_or(name, |(_, local)| local);
    name.to_ascii_lowercase().into()
}

fn problems<R: Read>(end: End, tokens: &Tokens<R>, contents: &Contents<'_>, limits: &ReadLimits) -> Vec<ReportProblem> {
    let (tree, remarks) = (&contents.tree, tokens.remarks());
    let (_, undecodable) = tokens.input();
    let mut problems: Vec<ReportProblem> = match end {
        End::Limit(detail) => Some(ReportProblem::TooLarge { detail }),
        End::Input => problem_at_end(tokens, tree, limits),
    }
    .into_iter()
    .collect();
    if remarks.long_tag {
        problems
            .push(ReportProblem::TooLarge { detail: "a tag is too long; attributes of it were left out".to_owned() });
    }
    if let Some(detail) = &tree.missing_failures {
        problems.push(ReportProblem::FailuresMissing { detail: detail.clone() });
    }
    if let Some(detail) = &tree.difference {
        problems.push(ReportProblem::CountsDiffer { detail: detail.clone() });
    }
    if tree.repaired || undecodable || remarks.stray_bracket || (tree.has_stray_text && tree.has_element) {
        problems.push(ReportProblem::Repaired);
    }
    if contents.entities || remarks.document_type {
        problems.push(ReportProblem::EntitiesIgnored);
    }
    problems
}

/// Tells what is wrong with a file of which every token was taken.
fn problem_at_end<R: Read>(tokens: &Tokens<R>, tree: &Tree<'_>, limits: &ReadLimits) -> Option<ReportProblem> {
    let remarks = tokens.remarks();
    match tokens.input().0 {
        Input::TooLong => {
            let detail = format!("the file has more than {} bytes", limits.file_bytes);
            return Some(ReportProblem::TooLarge { detail });
        }
        Input::Failed(error) => return Some(malformed(&format!("the file cannot be read: {error}"), tokens)),
        Input::Open | Input::Ended => {}
    }
    if let Some(detail) = &remarks.not_xml {
        return Some(malformed(detail, tokens));
    }
    if !tree.has_element && tree.has_stray_text {
        return Some(malformed("there is text, and no element", tokens));
    }
    if tree.is_open() || remarks.cut_token || (!tree.has_element && remarks.left_out) {
        return Some(ReportProblem::Truncated);
    }
    if !tree.has_element {
        return Some(ReportProblem::Empty);
    }
    (!tree.has_report).then(|| malformed("there is no <testsuite> and no <testcase>", tokens))
}

fn malformed<R: Read>(detail: &str, tokens: &Tokens<R>) -> ReportProblem {
    ReportProblem::Malformed { detail: format!("{detail} (near byte {})", tokens.position()) }
}
