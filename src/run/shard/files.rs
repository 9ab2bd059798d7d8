//! What goes into a shard's container before it starts, and what is taken out when it has ended.

use std::path::Path;

use tokio::time::timeout;

use super::{COLLECT_LIMIT, ShardTask};
use crate::engine::{ContainerId, EngineError};
use crate::model::OutputFile;
use crate::run::artifacts::{Taken, Wanted, collect_artifacts};
use crate::run::collect::{Collected, collect};
use crate::run::files::{FileContext, archive, fill_in};
use crate::run::named_reports::{NamedReports, collect_named};
use crate::run::services::Lease;

impl ShardTask {
    /// Writes the run's files into the created container. The inner error is a template's.
    pub(super) async fn place_files(
        &self,
        id: &ContainerId,
        lease: Option<&Lease>,
    ) -> Result<Result<(), String>, EngineError> {
        let shared = &self.shared;
        let template = shared.plan.template();
        if template.files.is_empty() {
            return Ok(Ok(()));
        }
        let addresses = match (&shared.services, lease) {
            (Some(pool), Some(lease)) => pool.addresses(lease).await?,
            (_, _) => Vec::new(),
        };
        let context = FileContext::new(template, self.slot, shared.plan.shards(), shared.labels.run, addresses);
        let files = match fill_in(&template.files, &context) {
            Ok(files) => files,
            Err(why) => return Ok(Err(why)),
        };
        let packed = archive(&files, template.owner).map_err(|source| EngineError::Operation {
            operation: "pack the files for a container".to_owned(),
            source: Box::new(source),
        })?;
        shared.engine.put(id, "/", packed).await.map(Ok)
    }

    /// Copies files out of the container into a directory of the shard's. What cannot be had is a remark: the tests' own results
    /// do not depend on it.
    pub(super) async fn keep(
        &self,
        id: &ContainerId,
        what: &'static str,
        globs: &[String],
        only_new: bool,
        remarks: &mut Vec<String>,
    ) -> Vec<OutputFile> {
        let shared = &*self.shared;
        if globs.is_empty() {
            return Vec::new();
        }
        let work_dir = shared.plan.template().container.work_dir.as_deref().unwrap_or(&shared.image.work_dir);
        let target = self.dir.join(what);
        let wanted = Wanted { what, globs, work_dir, target: &target, only_new };
        let taken = match timeout(COLLECT_LIMIT, collect_artifacts(&*shared.engine, id, &wanted)).await {
            Ok(Ok(taken)) => taken,
            Ok(Err(error)) => Taken { files: Vec::new(), remarks: vec![error.in_full()] },
            Err(_) => {
                let seconds = COLLECT_LIMIT.as_secs();
                let late = format!("the engine did not hand over the {what} within {seconds} s");
                Taken { files: Vec::new(), remarks: vec![late] }
            }
        };
        remarks.extend(taken.remarks);
        let relative = |file: OutputFile| OutputFile { path: self.in_run_dir(&target.join(file.path)), ..file };
        taken.files.into_iter().map(relative).collect()
    }

    /// Returns a path relative to the run's directory.
    pub(super) fn in_run_dir(&self, path: &Path) -> String {
        let run_dir = self.dir.parent().and_then(Path::parent).unwrap_or(&self.dir);
        path.strip_prefix(run_dir).unwrap_or(path).to_string_lossy().into_owned()
    }

    pub(super) async fn collect(&self, id: &ContainerId) -> Result<Collected, EngineError> {
        let shared = &*self.shared;
        let mut collected = collect(&*shared.engine, id, &self.dir, shared.framework, shared.redactor.clone()).await?;
        let [unit] = self.units.as_slice() else { return Ok(collected) };
        let globs = shared.framework.report_globs(shared.plan.framework(), unit.id.as_str());
        if !globs.is_empty() && collected.before_command.is_none() {
            let work_dir = shared.plan.template().container.work_dir.as_deref().unwrap_or(&shared.image.work_dir);
            let named = NamedReports { globs: &globs, work_dir, dir: &self.dir, redactor: shared.redactor.clone() };
            collect_named(&*shared.engine, id, &named, &mut collected).await?;
        }
        Ok(collected)
    }
}
