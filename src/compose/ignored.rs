//! The keys of compose that are not honoured, and why.

use crate::notation::{At, Unread};

/// Keys of a service, or below one, and why they have no effect.
const REASONS: &[(&str, &str)] = &[
    ("annotations", "nothing reads them"),
    ("attach", "the output of services is kept, and shown with a failure"),
    ("blkio_config", "only memory, cpus, pids and ulimits are limited"),
    ("cgroup", ""),
    ("cgroup_parent", ""),
    ("configs", "mount a file instead"),
    ("cpu_count", "give `cpus`"),
    ("cpu_percent", "give `cpus`"),
    ("cpu_period", "give `cpus`"),
    ("cpu_quota", "give `cpus`"),
    ("cpu_rt_period", "give `cpus`"),
    ("cpu_rt_runtime", "give `cpus`"),
    ("cpu_shares", "give `cpus`"),
    ("cpuset", "give `cpus`"),
    ("consistency", "it means nothing on Linux"),
    ("create_host_path", "make the directory; one that is missing is an error"),
    ("credential_spec", ""),
    ("develop", "a run uses the files as they are"),
    ("device_cgroup_rules", "give `devices`"),
    ("dns_opt", ""),
    ("dns_search", ""),
    ("domainname", ""),
    ("external_links", "a service sees those of its own shard only"),
    ("gpus", "give `devices`"),
    ("group_add", ""),
    ("ipc", "a service has an IPC namespace of its own"),
    ("isolation", ""),
    ("label_file", "give `labels`"),
    ("links", "a service is reached by its name and by its aliases"),
    ("logging", "the output of services is kept in the run's directory"),
    ("mac_address", ""),
    ("mem_reservation", "give `mem_limit`"),
    ("mem_swappiness", "a service has no swap"),
    ("memswap_limit", "a service has no swap"),
    ("models", ""),
    ("network_mode", "a service is on the network of its shard"),
    ("oom_kill_disable", "a service that needs more than its memory is ended"),
    ("oom_score_adj", ""),
    ("pid", "a service has a PID namespace of its own"),
    ("platform", "the image that the engine takes is used"),
    ("post_start", ""),
    ("pre_stop", ""),
    ("privileged", "a service has the least rights; name what it needs with `cap_add` or `devices`"),
    ("provider", ""),
    ("pull_policy", "an image that is missing is pulled, as `--pull` says"),
    ("restart", "a service that ends is not started again"),
    ("runtime", ""),
    ("scale", "there is one container of a service"),
    ("secrets", "mount a file, or set a variable"),
    ("security_opt", ""),
    ("start_interval", ""),
    ("stdin_open", "nobody types into a service"),
    ("storage_opt", ""),
    ("sysctls", ""),
    ("tty", "nobody types into a service"),
    ("use_api_socket", "a service does not see the engine"),
    ("userns_mode", ""),
    ("uts", ""),
    ("volumes_from", "give `volumes`"),
    ("replicas", "there is one container of a service"),
    ("additional_contexts", "the build has one context"),
    ("ssh", "a build has no SSH agent"),
];

/// Writes the warning about the name that a volume or a network would have.
pub(super) fn name_warning(at: &At, key: &str) -> String {
    let reason = "each shard has its own, named by the run, and services see it by the name in the file";
    said(&Unread { at: at.clone(), key: key.to_owned(), suggestion: None }, Some(reason))
}

/// Keys of a file beside `services`, `volumes` and `networks`, and why they have no effect.
const TOP: &[(&str, &str)] = &[
    ("configs", "mount files instead"),
    ("secrets", "mount files, or set variables"),
    ("include", "give the file with `-f`"),
    ("models", ""),
];

/// Writes the warning about a key of a service that has no effect.
pub(super) fn warning(unread: &Unread) -> String {
    let name = unread.key.rsplit(['.', ':']).next().unwrap_or_default();
    said(unread, REASONS.iter().find(|(key, _)| *key == name).map(|(_, reason)| *reason))
}

/// Writes the warning about a key of a file that has no effect.
pub(super) fn top_warning(unread: &Unread) -> String {
    said(unread, TOP.iter().find(|(key, _)| *key == unread.key).map(|(_, reason)| *reason))
}

fn said(unread: &Unread, reason: Option<&str>) -> String {
    let (file, line, key) = (unread.at.file.display(), unread.at.line, &unread.key);
    let more = match (reason, unread.suggestion) {
        (Some(""), _) | (None, None) => String::new(),
        (Some(reason), _) => format!(": {reason}"),
        (None, Some(close)) => format!(": did you mean `{close}`?"),
    };
    format!("{file}:{line}: `{key}` is not honoured{more}")
}
