//! Reads files, fills in variables, lets services extend each other, and merges the files into one tree.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::ReadOptions;
use super::canonical::Canonical;
use super::dotenv;
use super::error::ComposeError;
use super::interpolate::{Unfit, Variables, interpolate};
use super::merge::{merge, merge_maps, settle};
use super::yaml;
use crate::notation::{At, Fault, Fields, Map, Node, Value};

/// How much of a file is read, in bytes.
const MAX_FILE: u64 = 8 << 20;
/// How many services may extend each other in a row.
const MAX_EXTENDS: usize = 64;

/// Reads files, and remembers what was strange.
pub(super) struct Loader<'a> {
    options: &'a ReadOptions,
    /// The variables handed in, and those of `.env` that they lack.
    pub(super) variables: BTreeMap<String, String>,
    pub(super) warnings: Vec<String>,
    /// The services of files that others extend from.
    bases: BTreeMap<PathBuf, Rc<Map>>,
    missing: Vec<String>,
}

/// A service that is extended, on the way to it.
type Trail = Vec<(PathBuf, String)>;

impl<'a> Loader<'a> {
    /// Begins with the variables that were handed in and those of the project's `.env`.
    pub(super) fn new(options: &'a ReadOptions) -> Result<Self, ComposeError> {
        let mut variables = options.variables.clone();
        let (mut warnings, mut missing) = (Vec::new(), Vec::new());
        let path = options.project_dir.join(".env");
        match read_text(&path) {
            Ok(text) => {
                let find = |name: &str| options.variables.get(name).cloned();
                let entries = dotenv::parse(&text, &find, &mut missing);
                let entries = entries.map_err(|bad| bad_line(shown(&path, options), bad))?;
                warnings.extend(missing.iter().map(|name| unset(&shown(&path, options).display().to_string(), name)));
                let mut own = BTreeMap::new();
                own.extend(entries.into_iter().filter_map(|(name, value)| Some((name, value?))));
                own.append(&mut variables);
                variables = own;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ComposeError::Unreadable { path: shown(&path, options), source }),
        }
        Ok(Self { options, variables, warnings, bases: BTreeMap::new(), missing })
    }

    /// Reads and merges files, the later ones over the earlier ones.
    pub(super) fn load(&mut self, files: &[PathBuf]) -> Result<Map, ComposeError> {
        let mut merged = Map::new();
        for path in files {
            let base = self.options.project_dir.clone();
            for mut document in self.documents(path, &base)? {
                let services = document.get("services").and_then(Node::as_map).cloned().unwrap_or_default();
                for name in services.keys() {
                    let whole = self.extended(&services, path, &base, name, &mut Vec::new())?;
                    if let Some(Value::Map(map)) = document.get_mut("services").map(|node| &mut node.value) {
                        map.insert(name.clone(), whole);
                    }
                }
                merge_maps(&mut merged, document, &mut Vec::new())?;
            }
        }
        merged.values_mut().for_each(settle);
        Ok(merged)
    }

    /// Reads the variables of a file that a service names.
    pub(super) fn env_file(&mut self, path: &Path, is_raw: bool) -> io::Result<Result<dotenv::Entries, ComposeError>> {
        let text = read_text(path)?;
        let find = |name: &str| self.variables.get(name).cloned();
        let mut missing = Vec::new();
        let entries = if is_raw { dotenv::parse_raw(&text) } else { dotenv::parse(&text, &find, &mut missing) };
        let shown_path = shown(path, self.options);
        for name in missing {
            self.warn_of_missing(name, &shown_path.display().to_string());
        }
        Ok(entries.map_err(|bad| bad_line(shown_path, bad)))
    }

    /// Reads the documents of a file, with variables filled in and services in one form.
    fn documents(&mut self, path: &Path, base: &Path) -> Result<Vec<Map>, ComposeError> {
        let shown = shown(path, self.options);
        let text = read_text(path).map_err(|source| ComposeError::Unreadable { path: shown.clone(), source })?;
        let file: Arc<Path> = shown.into();
        let nodes = yaml::parse(&text, &file)?;
        if nodes.is_empty() {
            return Err(ComposeError::Empty { path: file.to_path_buf() });
        }
        let home = self.variables.get("HOME").cloned();
        let canonical = Canonical { base, home: home.as_deref() };
        let mut documents = Vec::new();
        for node in nodes {
            let Value::Map(mut document) = node.value else {
                let fault = Fault::new("must be a map").help("A compose file begins with `services:`.");
                return Err(ComposeError::value(&node.at, "the file", fault));
            };
            self.name_project(&mut document)?;
            for (name, node) in &mut document {
                self.fill(node, &mut vec![name.clone()])?;
            }
            if let Some(services) = document.get_mut("services").filter(|node| !node.is_null()) {
                services.expect_map("services")?;
                if let Value::Map(services) = &mut services.value {
                    for (name, node) in services {
                        let key = format!("services.{name}");
                        if let Value::Map(service) = &mut node.value {
                            canonical.service(service, &key)?;
                        } else if !node.is_null() {
                            return Err(node.unlike(&key, "must be a map").into());
                        }
                    }
                }
            }
            documents.push(document);
        }
        Ok(documents)
    }

    /// Lets the file's `name` be the variable `COMPOSE_PROJECT_NAME`, as compose does.
    fn name_project(&mut self, document: &mut Map) -> Result<(), ComposeError> {
        let Some(node) = document.get_mut("name") else { return Ok(()) };
        self.fill(node, &mut vec!["name".to_owned()])?;
        if let Some(name) = node.as_text() {
            self.variables.entry("COMPOSE_PROJECT_NAME".to_owned()).or_insert_with(|| name.to_owned());
        }
        // It is filled in already, and would be a second time.
        document.remove("name");
        Ok(())
    }

    /// Warns of a variable without a value, the first time that it is found missing.
    fn warn_of_missing(&mut self, name: String, place: &str) {
        if !self.missing.contains(&name) {
            self.warnings.push(unset(place, &name));
            self.missing.push(name);
        }
    }

    /// Fills variables in everywhere below a value.
    fn fill(&mut self, node: &mut Node, path: &mut Vec<String>) -> Result<(), ComposeError> {
        match &mut node.value {
            Value::Null => Ok(()),
            Value::Scalar(text) => {
                let find = |name: &str| self.variables.get(name).cloned();
                let mut variables = Variables { find: &find, missing: Vec::new() };
                let filled = interpolate(text, &mut variables);
                let missing = variables.missing;
                *text = filled.map_err(|unfit| unfit_at(unfit, node.at.clone(), path.join(".")))?;
                for name in missing {
                    self.warn_of_missing(name, &format!("{}:{}", node.at.file.display(), node.at.line));
                }
                Ok(())
            }
            Value::List(list) => list.iter_mut().try_for_each(|node| self.fill(node, path)),
            Value::Map(map) => {
                for (name, node) in map {
                    path.push(name.clone());
                    self.fill(node, path)?;
                    path.pop();
                }
                Ok(())
            }
        }
    }

    /// Returns a service together with all that it extends.
    fn extended(
        &mut self,
        services: &Map,
        file: &Path,
        base: &Path,
        name: &str,
        trail: &mut Trail,
    ) -> Result<Node, ComposeError> {
        let mut service = services.get(name).expect("the caller has looked").clone();
        let at = service.at.clone();
        let Value::Map(map) = &mut service.value else { return Ok(service) };
        let Some(extends) = map.remove("extends").filter(|node| !node.is_null()) else { return Ok(service) };
        let key = format!("services.{name}.extends");
        trail.push((file.to_owned(), name.to_owned()));
        if trail.len() > MAX_EXTENDS {
            let fault = Fault::new(format!("is more than {MAX_EXTENDS} services away from its last base"));
            return Err(ComposeError::value(&extends.at, key, fault));
        }
        let (base_name, base_file) = match extends.as_text() {
            Some(name) => (name.to_owned(), None),
            None => {
                let mut fields = Fields::of(&extends, key.clone())?;
                let service = fields.required("service")?.expect_text(&key)?.to_owned();
                let other = fields.text("file")?;
                if let Some((name, at)) = fields.rest().first() {
                    let fault = Fault::new("is not a key of `extends`").help("It has `service` and `file`.");
                    return Err(ComposeError::value(at, format!("{key}.{name}"), fault));
                }
                (service, other)
            }
        };
        let other = base_file.map_or_else(|| file.to_owned(), |other| base.join(other));
        let start = trail.iter().position(|(file, name)| *file == other && *name == base_name);
        if let Some(start) = start {
            let mut names: Vec<String> = trail[start..].iter().map(|(_, name)| name.clone()).collect();
            names.push(base_name);
            return Err(ComposeError::ExtendsCycle { path: at.file.to_path_buf(), line: extends.at.line, names });
        }
        let weaker = if other == file {
            self.base(services, (file, base), (&at, name), &base_name, trail)?
        } else {
            let directory = other.parent().unwrap_or(&other).to_owned();
            let others = self.base_services(&other, &directory)?;
            self.base(&others, (&other, &directory), (&at, name), &base_name, trail)?
        };
        trail.pop();
        let path = &mut vec!["services".to_owned(), name.to_owned()];
        let duty = service.duty;
        let mut whole = merge(weaker, service, path)?;
        (whole.at, whole.duty) = (at, duty);
        Ok(whole)
    }

    /// Returns a service that another one extends, together with all that it extends itself.
    fn base(
        &mut self,
        services: &Map,
        (file, base): (&Path, &Path),
        (at, extending): (&At, &str),
        name: &str,
        trail: &mut Trail,
    ) -> Result<Node, ComposeError> {
        if !services.contains_key(name) {
            return Err(ComposeError::UnknownBase {
                path: at.file.to_path_buf(),
                line: at.line,
                service: extending.to_owned(),
                name: name.to_owned(),
                other: shown(file, self.options),
            });
        }
        self.extended(services, file, base, name, trail)
    }

    /// Returns the services of a file that others extend from.
    fn base_services(&mut self, path: &Path, directory: &Path) -> Result<Rc<Map>, ComposeError> {
        if let Some(services) = self.bases.get(path) {
            return Ok(services.clone());
        }
        let mut merged = Map::new();
        for document in self.documents(path, directory)? {
            merge_maps(&mut merged, document, &mut Vec::new())?;
        }
        let services = Rc::new(merged.get("services").and_then(Node::as_map).cloned().unwrap_or_default());
        self.bases.insert(path.to_owned(), services.clone());
        Ok(services)
    }
}

/// Reads a file that is no larger than compose files are.
fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {MAX_FILE} bytes")));
    }
    Ok(text)
}

fn shown(path: &Path, options: &ReadOptions) -> PathBuf {
    path.strip_prefix(&options.project_dir).unwrap_or(path).to_owned()
}

fn unset(place: &str, name: &str) -> String {
    format!("{place}: the variable `{name}` is not set, so it is empty")
}

fn bad_line(path: PathBuf, bad: dotenv::BadLine) -> ComposeError {
    ComposeError::EnvFile { path, line: bad.line, fault: bad.fault }
}

fn unfit_at(unfit: Unfit, at: At, key: String) -> ComposeError {
    match unfit {
        Unfit::Form(fault) => ComposeError::value(&at, key, fault),
        Unfit::Required { name, message } => {
            ComposeError::RequiredVariable { path: at.file.to_path_buf(), line: at.line, key, name, message }
        }
    }
}
