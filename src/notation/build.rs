//! How an image is built, as the Compose specification writes it.

use super::Fault;
use super::fields::{Fields, Reading, parse};
use super::mounts::host_path;
use super::node::{Node, Wrong};
use super::words::pairs;
use crate::model::Build;

/// Reads a context, or `{context, dockerfile, target, args, no_cache}`, with `no-cache` where a file has such keys.
pub(crate) fn build(node: &Node, key: &str, no_cache: &'static str, reading: &mut Reading<'_>) -> Result<Build, Wrong> {
    let (base, home) = (reading.base, reading.home);
    let directory = |text: &str| {
        let is_remote = text.contains("://") || text.starts_with("git@") || text.starts_with("github.com/");
        match is_remote {
            true => Err(Fault::new("must be a directory of this machine").help("Clone it, and name the clone.")),
            false => host_path(text, base, home),
        }
    };
    if node.as_text().is_some() {
        return Ok(Build { context: parse(node, key, directory)?, ..Build::default() });
    }
    let mut fields = Fields::of(node, key)?;
    if let Some(inline) = fields.take("dockerfile_inline") {
        let fault = Fault::new("is not supported").help("Write it to a file and name that as `dockerfile`.");
        return Err(inline.wrong(&fields.path("dockerfile_inline"), fault));
    }
    let context = fields.parse("context", directory)?.map_or_else(|| host_path(".", base, home), Ok);
    let context = context.map_err(|fault| node.wrong(key, fault))?;
    let dockerfile = fields.parse("dockerfile", |text| host_path(text, &context, home))?;
    let args = fields.read("args", pairs)?.unwrap_or_default();
    let valued = |(name, value): (String, Option<String>)| {
        let value = value.or_else(|| (reading.variable)(&name))?;
        Some((name, value))
    };
    let build = Build {
        dockerfile,
        target: fields.text("target")?,
        args: args.into_iter().filter_map(valued).collect(),
        no_cache: fields.flag(no_cache)?.unwrap_or(false),
        context,
    };
    fields.end(reading);
    Ok(build)
}
