//! The coverage of a run: what is taken of each container, and what all of it adds up to.
//!
//! Each container runs its framework once, so no invocation writes over the data of another, and files are taken as soon as it
//! has ended. coverage.py is sent to a place of its own, so that this also holds where containers share a directory.

mod combine;
mod merge;
mod script;
mod transfer;

use super::collect::MINKE_DIR;
use super::shard::Shared;

pub(super) use merge::merge_coverage;

/// The variable that tells coverage.py where its data go; it outweighs `data_file` of a configuration.
const DATA_VARIABLE: &str = "COVERAGE_FILE";
/// The directory of a shard's directory that its coverage is in, and that of the run's directory with what it adds up to.
pub(super) const COVERAGE_DIR: &str = "coverage";

/// Returns the variable that keeps coverage.py's data in a place of minke's, as name and value; `None` when no coverage is
/// wanted, or somebody else has set it. coverage.py makes the directory.
pub(super) fn data_variable(shared: &Shared) -> Option<(&'static str, String)> {
    let is_ours = is_wanted(shared) && data_place_of_user(shared).is_none();
    is_ours.then(|| (DATA_VARIABLE, format!("{MINKE_DIR}/{COVERAGE_DIR}/.coverage")))
}

/// Returns the globs of a container's coverage files; empty when no coverage is wanted.
pub(super) fn globs(shared: &Shared) -> Vec<String> {
    if !is_wanted(shared) {
        return Vec::new();
    }
    let mut globs = vec![format!("{MINKE_DIR}/{COVERAGE_DIR}/**")];
    if let Some(place) = data_place_of_user(shared).map(globset::escape) {
        // A process that measures in parallel adds its name to the file's.
        globs.extend([format!("{place}.*"), place]);
    }
    globs.extend(shared.plan.template().coverage.iter().cloned());
    globs
}

fn is_wanted(shared: &Shared) -> bool {
    !shared.plan.template().coverage.is_empty()
}

/// Returns where the user, or the image, has coverage.py write.
fn data_place_of_user(shared: &Shared) -> Option<&str> {
    let by_user = shared.plan.template().container.env.iter().rev().find(|var| var.name == DATA_VARIABLE);
    let by_image = || shared.image.env.iter().find_map(|var| var.strip_prefix("COVERAGE_FILE="));
    by_user.map(|var| var.value.as_str()).or_else(by_image).filter(|place| !place.is_empty())
}
