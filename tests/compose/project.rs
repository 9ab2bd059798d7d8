//! A directory with compose files, and variables to read them with.

use std::fs;
use std::path::{Path, PathBuf};

use minke::compose::{ComposeError, Read, ReadOptions, read};
use minke::model::Service;

pub(crate) struct Project {
    directory: tempfile::TempDir,
    pub(crate) options: ReadOptions,
}

impl Project {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = ReadOptions { project_dir: directory.path().to_owned(), ..ReadOptions::default() };
        Self { directory, options }
    }

    /// Makes a project of one `compose.yaml`.
    pub(crate) fn of(text: &str) -> Self {
        Self::new().file("compose.yaml", text)
    }

    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.top().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.options.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn profile(mut self, name: &str) -> Self {
        self.options.profiles.push(name.to_owned());
        self
    }

    pub(crate) fn services(mut self, names: &[&str]) -> Self {
        self.options.services = Some(names.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    pub(crate) fn top(&self) -> &Path {
        self.directory.path()
    }

    /// Reads files of the project, the later ones over the earlier ones.
    pub(crate) fn read(&self, files: &[&str]) -> Result<Read, ComposeError> {
        let files: Vec<PathBuf> = files.iter().map(|name| self.top().join(name)).collect();
        read(&files, &self.options)
    }

    /// Reads `compose.yaml`, which must be good.
    pub(crate) fn good(&self) -> Read {
        self.read(&["compose.yaml"]).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the error of `compose.yaml` as text, with its advice.
    pub(crate) fn error(&self) -> String {
        self.error_of(&["compose.yaml"])
    }

    pub(crate) fn error_of(&self, files: &[&str]) -> String {
        match self.read(files) {
            Ok(read) => panic!("it is accepted: {read:?}"),
            Err(error) => format!("{error}\nhelp: {}", error.help().unwrap_or_default()),
        }
    }
}

/// Returns the names of services.
pub(crate) fn names(read: &Read) -> Vec<&str> {
    read.services.iter().map(|service| service.name.as_str()).collect()
}

/// Returns the service of this name.
pub(crate) fn named<'read>(read: &'read Read, name: &str) -> &'read Service {
    read.services.iter().find(|service| service.name == name).unwrap()
}

/// Reads a file with one service, of which only keys besides its image are given, and warns of nothing.
pub(crate) fn service(keys: &str) -> Service {
    let read = Project::of(&below_service(keys)).good();
    assert_eq!(read.warnings, [""; 0], "{keys}");
    read.services.into_iter().next().unwrap()
}

/// Writes a file with a service `s` that has an image and these keys.
pub(crate) fn below_service(keys: &str) -> String {
    let lines: Vec<String> = keys.lines().map(|line| format!("    {line}\n")).collect();
    format!("services:\n  s:\n    image: i\n{}volumes: {{v: , w: }}\nnetworks: {{n: , m: }}\n", lines.concat())
}

/// Returns the variables of a service as `NAME=VALUE`.
pub(crate) fn env(service: &Service) -> Vec<String> {
    service.container.env.iter().map(|variable| format!("{}={}", variable.name, variable.value)).collect()
}
