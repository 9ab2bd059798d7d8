//! The parts of an image's name: where it comes from, and what it is called there.

/// Docker's own registry, which a name without a registry means.
const DEFAULT_REGISTRY: &str = "docker.io";

/// An image's name, taken apart (<https://pkg.go.dev/github.com/distribution/reference>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'name> {
    /// The registry's host, and port if it has one.
    pub(super) registry: &'name str,
    /// The repository without tag and digest.
    pub(super) repository: &'name str,
    has_version: bool,
}

impl<'name> Reference<'name> {
    pub(super) fn of(name: &'name str) -> Self {
        let (registry, rest) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            Some(_) | None => (DEFAULT_REGISTRY, name),
        };
        let registry = if registry == "index.docker.io" { DEFAULT_REGISTRY } else { registry };
        let (tagged, has_digest) = rest.split_once('@').map_or((rest, false), |(tagged, _)| (tagged, true));
        let end = match (tagged.rfind(':'), tagged.rfind('/')) {
            (Some(colon), slash) if slash.is_none_or(|slash| slash < colon) => colon,
            (Some(_) | None, _) => tagged.len(),
        };
        Self { registry, repository: &tagged[..end], has_version: has_digest || end < tagged.len() }
    }

    /// Tells whether the registry is Docker's own.
    pub(super) fn is_default_registry(&self) -> bool {
        self.registry == DEFAULT_REGISTRY
    }

    /// Tells whether a registry digest, `NAME@sha256:...`, is one of this image.
    pub(super) fn owns_digest(&self, digest: &str) -> bool {
        let other = Reference::of(digest);
        (other.registry, other.repository) == (self.registry, self.repository)
    }

    /// Tells whether the name has neither tag nor digest.
    pub(super) fn is_bare(&self) -> bool {
        !self.has_version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_registry_and_a_repository() {
        let parts = |name| {
            let reference = Reference::of(name);
            (reference.registry, reference.repository, reference.is_bare())
        };
        assert_eq!(parts("python"), ("docker.io", "python", true));
        assert_eq!(parts("python:3"), ("docker.io", "python", false));
        assert_eq!(parts("me/app"), ("docker.io", "me/app", true));
        assert_eq!(parts("localhost/app:1"), ("localhost", "app", false));
        assert_eq!(parts("localhost:5000/a/b"), ("localhost:5000", "a/b", true));
        assert_eq!(parts("h.example:5000/a/b:7@sha256:00"), ("h.example:5000", "a/b", false));
        assert_eq!(parts("index.docker.io/a@sha256:00"), ("docker.io", "a", false));
    }

    #[test]
    fn a_digest_belongs_to_the_repository_that_it_names() {
        let reference = Reference::of("localhost:5000/a/b:7");
        assert!(reference.owns_digest("localhost:5000/a/b@sha256:00"));
        assert!(!reference.owns_digest("localhost:5000/a@sha256:00"));
        assert!(!reference.owns_digest("a/b@sha256:00"));
    }
}
