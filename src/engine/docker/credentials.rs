//! Credentials for registries, from where the `docker` and `podman` clients keep them.
//!
//! What is found goes to the engine and nowhere else: nothing here that holds a secret can be printed.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bollard::auth::DockerCredentials;
use serde::Deserialize;

use super::helper;
use crate::engine::reference::Reference;

/// The key of Docker's own registry in the files of the `docker` client.
const DEFAULT_REGISTRY_KEY: &str = "https://index.docker.io/v1/";
/// The user's name by which a helper says that the secret is an identity token.
const TOKEN_USER: &str = "<token>";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The files in which credentials are looked for, in this order.
#[derive(Debug, Clone, Default)]
pub(super) struct CredentialFiles(pub(super) Vec<PathBuf>);

/// What was found for a registry, and where.
#[derive(Default)]
pub(super) struct Found {
    pub(super) credentials: Option<DockerCredentials>,
    /// Where they come from, or where they were looked for, with what was wrong there; for people, without any secret.
    pub(super) origin: String,
}

/// A file of the `docker` or the `podman` client, as far as it is about credentials.
#[derive(Default, Deserialize)]
struct AuthFile {
    auths: Option<BTreeMap<String, Entry>>,
    #[serde(rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
}

#[derive(Default, Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl CredentialFiles {
    /// Finds the credentials for the registry of an image: in each file its helper for the registry, then its store, then
    /// what is in the file itself.
    pub(super) async fn of_image(&self, reference: &Reference<'_>) -> Found {
        let mut remarks = Vec::new();
        let mut looked_in = Vec::new();
        for path in &self.0 {
            let file = match read(path) {
                Ok(Some(file)) => file,
                Ok(None) => continue,
                Err(remark) => {
                    remarks.push(remark);
                    continue;
                }
            };
            looked_in.push(format!("`{}`", path.display()));
            for (program, keys) in file.helpers_for(reference) {
                match ask(&program, &keys, reference).await {
                    Ok(Some(credentials)) => {
                        let origin = format!(
                            "minke sent the credentials of `{}`, which `{}` names",
                            helper::program_name(&program),
                            path.display()
                        );
                        return Found { credentials: Some(credentials), origin };
                    }
                    Ok(None) => {}
                    Err(wrong) => remarks.push(format!(
                        "`{}`, which `{}` names, {wrong}",
                        helper::program_name(&program),
                        path.display()
                    )),
                }
            }
            match file.entry(reference) {
                Some((key, Some(credentials))) => {
                    let origin = format!("minke sent the credentials of `{key}` in `{}`", path.display());
                    return Found { credentials: Some(credentials), origin };
                }
                Some((key, None)) => {
                    remarks.push(format!("the credentials of `{key}` in `{}` cannot be decoded", path.display()));
                }
                None => {}
            }
        }
        let nowhere = match looked_in.is_empty() {
            true => "no file of credentials was found".to_owned(),
            false => format!("no credentials for it are in {}", looked_in.join(", ")),
        };
        Found { credentials: None, origin: [vec![nowhere], remarks].concat().join("; ") }
    }

    /// Finds the credentials for the registries of several images, by the key that the engine knows a registry by.
    pub(super) async fn of_images(&self, names: &[String]) -> HashMap<String, DockerCredentials> {
        let mut found = HashMap::new();
        for name in names {
            let reference = Reference::of(name);
            let key = server_key(&reference);
            if !found.contains_key(key)
                && let Some(credentials) = self.of_image(&reference).await.credentials
            {
                found.insert(key.to_owned(), credentials);
            }
        }
        found
    }
}

impl AuthFile {
    /// Returns the helpers that may know the registry, each with the keys to ask for.
    fn helpers_for(&self, reference: &Reference<'_>) -> Vec<(String, Vec<String>)> {
        let keys = registry_keys(reference);
        let own = self.helpers.iter().flatten().find(|(key, _)| keys.contains(key));
        let own = own.map(|(key, program)| (program.clone(), vec![key.clone()]));
        let store = self.store.clone().filter(|program| !program.is_empty()).map(|program| (program, keys));
        own.into_iter().chain(store).collect()
    }

    /// Returns the entry that is most particular about the image: `host/group/name` before `host/group` before `host`
    /// (containers-auth.json(5)); `None` in the place of what cannot be decoded. An entry without a secret only says that
    /// there is one in the store.
    fn entry(&self, reference: &Reference<'_>) -> Option<(&str, Option<DockerCredentials>)> {
        let entries = self.auths.as_ref()?;
        let whole = format!("{}/{}", reference.registry, reference.repository);
        let ends = whole.match_indices('/').map(|(at, _)| at).chain([whole.len()]);
        let particular: Vec<&str> = ends.map(|end| &whole[..end]).rev().collect();
        let rank = |key: &str| match host_of_url(key) {
            Some(host) => registry_keys(reference).iter().any(|own| own == host).then_some(usize::MAX),
            None if key == "index.docker.io" && reference.is_default_registry() => Some(usize::MAX),
            None => particular.iter().position(|own| *own == key),
        };
        let with_secret = entries.iter().filter(|(_, entry)| !entry.is_empty());
        let (_, key, entry) =
            with_secret.filter_map(|(key, entry)| Some((rank(key)?, key, entry))).min_by_key(|it| it.0)?;
        Some((key, entry.credentials(reference)))
    }
}

impl Entry {
    fn is_empty(&self) -> bool {
        let texts = [&self.auth, &self.username, &self.password, &self.identitytoken, &self.registrytoken];
        texts.into_iter().all(|text| text.as_ref().is_none_or(String::is_empty))
    }

    fn credentials(&self, reference: &Reference<'_>) -> Option<DockerCredentials> {
        let not_empty = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (mut username, mut password) = (not_empty(&self.username), not_empty(&self.password));
        if let Some(auth) = not_empty(&self.auth) {
            let decoded = String::from_utf8(BASE64.decode(auth.trim()).ok()?).ok()?;
            let (user, secret) = decoded.split_once(':')?;
            // As the `docker` client does, which pads what it encodes.
            (username, password) = (Some(user.to_owned()), Some(secret.trim_matches('\0').to_owned()));
        }
        Some(DockerCredentials {
            username,
            password,
            identitytoken: not_empty(&self.identitytoken),
            registrytoken: not_empty(&self.registrytoken),
            serveraddress: Some(server_key(reference).to_owned()),
            ..DockerCredentials::default()
        })
    }
}

/// Reads a file; `None` when it is not there.
fn read(path: &Path) -> Result<Option<AuthFile>, String> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("`{}` cannot be read: {error}", path.display())),
    };
    // The parser's own words may repeat what stands there.
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| format!("`{}` is not what it should be, see line {}", path.display(), error.line()))
}

async fn ask(program: &str, keys: &[String], reference: &Reference<'_>) -> Result<Option<DockerCredentials>, String> {
    for key in keys {
        let Some(kept) = helper::ask(program, key, helper::LIMIT).await? else { continue };
        let is_token = kept.username == TOKEN_USER;
        let (username, password) =
            if is_token { (None, None) } else { (Some(kept.username), Some(kept.secret.clone())) };
        return Ok(Some(DockerCredentials {
            username,
            password,
            identitytoken: is_token.then_some(kept.secret),
            serveraddress: Some(server_key(reference).to_owned()),
            ..DockerCredentials::default()
        }));
    }
    Ok(None)
}

/// Returns the names by which helpers and URLs know a registry.
fn registry_keys(reference: &Reference<'_>) -> Vec<String> {
    let names: &[&str] =
        if reference.is_default_registry() { &[DEFAULT_REGISTRY_KEY, "index.docker.io", "docker.io"] } else { &[] };
    let own = if names.is_empty() { vec![reference.registry] } else { names.to_vec() };
    own.into_iter().map(str::to_owned).collect()
}

/// Returns the name by which the engine knows a registry.
fn server_key<'name>(reference: &Reference<'name>) -> &'name str {
    if reference.is_default_registry() { DEFAULT_REGISTRY_KEY } else { reference.registry }
}

fn host_of_url(key: &str) -> Option<&str> {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"))?;
    rest.split('/').next()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Looks in files with these texts, and returns who was found, with what secret, and what is told of it.
    async fn found(name: &str, texts: &[&str]) -> (Option<String>, Option<String>, String) {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..texts.len()).map(|number| dir.path().join(format!("{number}.json"))).collect();
        for (path, text) in paths.iter().zip(texts) {
            fs::write(path, text).unwrap();
        }
        let found = CredentialFiles(paths).of_image(&Reference::of(name)).await;
        let origin = found.origin.replace(&format!("{}/", dir.path().display()), "");
        let credentials = found.credentials.unwrap_or_default();
        (credentials.username, credentials.password.or(credentials.identitytoken), origin)
    }

    fn auth(user: &str, password: &str) -> String {
        format!("{{\"auth\":\"{}\"}}", BASE64.encode(format!("{user}:{password}")))
    }

    #[tokio::test]
    async fn an_entry_is_found_by_the_registry_in_all_of_its_forms() {
        let (user, password) = (Some("me".to_owned()), Some("a:?".to_owned()));
        for (key, name) in [
            ("localhost:5000", "localhost:5000/a/b:1"),
            ("https://localhost:5000", "localhost:5000/a"),
            ("http://localhost:5000/v2/", "localhost:5000/a"),
            ("localhost:5000/a", "localhost:5000/a/b"),
            ("https://index.docker.io/v1/", "python"),
            ("docker.io", "python:3"),
            ("index.docker.io", "me/app"),
        ] {
            let text = format!("{{\"auths\":{{\"{key}\":{}}}}}", auth("me", "a:?"));
            let origin = format!("minke sent the credentials of `{key}` in `0.json`");
            assert_eq!(found(name, &[&text]).await, (user.clone(), password.clone(), origin));
        }
        for (key, name) in [("localhost:5000/other", "localhost:5000/a"), ("localhost", "localhost:5000/a")] {
            let text = format!("{{\"auths\":{{\"{key}\":{}}}}}", auth("me", "a"));
            assert_eq!(found(name, &[&text]).await.2, "no credentials for it are in `0.json`");
        }
    }

    #[tokio::test]
    async fn the_most_particular_entry_counts_and_the_first_file() {
        let general = format!("{{\"auths\":{{\"h:1\":{},\"h:1/a\":{}}}}}", auth("all", "1"), auth("a", "2"));
        let empty = "{\"auths\":{\"h:1\":{}},\"credHelpers\":null}";
        assert_eq!(found("h:1/a/b", &[empty, &general]).await.0.as_deref(), Some("a"));
        assert_eq!(found("h:1/c", &[&general, empty]).await.0.as_deref(), Some("all"));
        let token = "{\"auths\":{\"h:1\":{\"auth\":\"\",\"identitytoken\":\"t\"}}}";
        assert_eq!(
            found("h:1/c", &[token, &general]).await,
            (None, Some("t".into()), "minke sent the credentials of `h:1` in `0.json`".into())
        );
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_and_no_secret_with_it() {
        let (_, _, origin) =
            found("h:1/a", &["{\"auths\":\"hunter2\"}", "{\"auths\":{\"h:1\":{\"auth\":\"hunter2!\"}}}"]).await;
        assert!(origin.contains("`0.json` is not what it should be, see line 1"), "{origin}");
        assert!(origin.contains("the credentials of `h:1` in `1.json` cannot be decoded"), "{origin}");
        assert!(!origin.contains("hunter2"), "{origin}");
        let (_, _, origin) = found("h:1/a", &["{\"credsStore\":\"minke-nowhere\"}"]).await;
        assert!(
            origin.ends_with("`docker-credential-minke-nowhere`, which `0.json` names, is not installed"),
            "{origin}"
        );
        let none = CredentialFiles(vec!["/nowhere/config.json".into()]).of_image(&Reference::of("h:1/a")).await;
        assert_eq!(none.origin, "no file of credentials was found");
    }

    #[tokio::test]
    async fn a_helper_that_hangs_is_given_up_with_all_that_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("docker-credential-minke-hangs");
        fs::write(&path, "#!/bin/sh\nsleep 1000 & echo $! > \"$0.child\"; wait\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let told = helper::ask_program(path.to_str().unwrap(), "h:1", std::time::Duration::from_millis(300)).await;
        assert_eq!(told.err().as_deref(), Some("did not answer within 0.3 s"));
        let child = fs::read_to_string(dir.path().join("docker-credential-minke-hangs.child")).unwrap();
        let is_gone =
            || !fs::read_to_string(format!("/proc/{}/stat", child.trim())).is_ok_and(|stat| !stat.contains(") Z"));
        while !is_gone() {
            tokio::task::yield_now().await;
        }
    }
}
