//! Files that are written into a container before it starts, filled in on this side.
//!
//! Templates are those of minijinja, whose language is Jinja's; a name that means nothing is an error.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use bytes::Bytes;
use futures::StreamExt;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::engine::TarStream;
use crate::model::{PlacedFile, RunId, ShardTemplate, Slot};

/// What a template can name.
#[derive(Debug, Clone, Serialize)]
pub struct FileContext {
    /// The environment: minke's own, and over it that of the containers.
    pub env: BTreeMap<String, String>,
    /// The number of the slot, as `MINKE_SHARD`.
    pub shard: u32,
    /// How many containers run at once.
    pub shards: u32,
    /// The run's id.
    pub run: String,
    /// The services by their names.
    pub service: BTreeMap<String, ServiceContext>,
}

impl FileContext {
    /// Makes the context of a container of a slot; `addresses` are those of the services by their names.
    pub fn new(
        template: &ShardTemplate,
        slot: Slot,
        shards: NonZeroU32,
        run: RunId,
        addresses: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let env = template.file_env.iter().chain(&template.container.env);
        let addresses = addresses.into_iter();
        Self {
            env: env.map(|var| (var.name.clone(), var.value.clone())).collect(),
            shard: slot.0,
            shards: shards.get(),
            run: run.to_string(),
            service: addresses.map(|(host, address)| (host.clone(), ServiceContext { host, address })).collect(),
        }
    }
}

/// What a template can name of a service.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceContext {
    /// The name by which it is reached.
    pub host: String,
    /// Its address.
    pub address: String,
}

/// Fills in the files' templates.
///
/// # Errors
/// A sentence that names the file, for a template that is broken or names what there is not.
pub fn fill_in(files: &[PlacedFile], context: &FileContext) -> Result<Vec<PlacedFile>, String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    let filled = |file: &PlacedFile| {
        if !file.is_template {
            return Ok(file.clone());
        }
        let text = std::str::from_utf8(&file.content).map_err(|_| format!("file `{}`: it is not UTF-8", file.path))?;
        let rendered = environment.render_named_str(&file.path, text, Serde(context));
        let rendered = rendered.map_err(|error| {
            let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
            let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
            format!("file `{}`: {line}{}{detail}", file.path, error.kind())
        })?;
        Ok(PlacedFile { content: rendered.into_bytes(), ..file.clone() })
    };
    files.iter().map(filled).collect()
}

/// Packs files for the root directory of a container.
pub(super) fn archive(files: &[PlacedFile], owner: (u32, u32)) -> std::io::Result<TarStream> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files {
        let (uid, gid) = file.owner.unwrap_or(owner);
        let mut header = tar::Header::new_gnu();
        header.set_mode(file.mode);
        header.set_uid(uid.into());
        header.set_gid(gid.into());
        header.set_size(file.content.len() as u64);
        builder.append_data(&mut header, file.path.trim_start_matches('/'), file.content.as_slice())?;
    }
    let bytes = Bytes::from(builder.into_inner()?);
    Ok(futures::stream::once(async { Ok(bytes) }).boxed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> FileContext {
        let db = ServiceContext { host: "db".to_owned(), address: "10.0.0.2".to_owned() };
        FileContext {
            env: BTreeMap::from([("USER".to_owned(), "me".to_owned())]),
            shard: 2,
            shards: 4,
            run: "run".to_owned(),
            service: BTreeMap::from([("db".to_owned(), db)]),
        }
    }

    fn filled(text: &str) -> Result<String, String> {
        let file = PlacedFile {
            path: "/etc/app.conf".to_owned(),
            content: text.as_bytes().to_vec(),
            is_template: true,
            mode: PlacedFile::MODE,
            owner: None,
        };
        let files = fill_in(&[file], &context())?;
        Ok(String::from_utf8(files[0].content.clone()).unwrap())
    }

    #[test]
    fn templates_are_filled_in() {
        let text = "{{ env.USER }}@{{ service.db.host }}:{{ service['db'].address }} {{ shard }}/{{ shards }}\n";
        assert_eq!(filled(text).unwrap(), "me@db:10.0.0.2 2/4\n");
        assert_eq!(filled("{% for n in range(shards) %}{{ n }}{% endfor %}").unwrap(), "0123");
    }

    #[test]
    fn what_a_template_does_not_find_is_named_with_its_line() {
        let error = filled("a\n{{ service.cache.host }}").unwrap_err();
        assert!(error.starts_with("file `/etc/app.conf`: line 2: undefined value"), "{error}");
        let error = filled("{{ unclosed").unwrap_err();
        assert!(error.starts_with("file `/etc/app.conf`: line 1: syntax error"), "{error}");
    }
}
