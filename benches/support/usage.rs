//! What this process has used, as `/proc` tells it.

use std::time::Duration;
use std::{fs, io};

/// The unit of times in `/proc/PID/stat`: 100 a second wherever Linux runs (`sysconf(_SC_CLK_TCK)`).
const TICK: Duration = Duration::from_millis(10);

/// Returns the processor time of all of this process's threads, in user and kernel mode, to a tick of 10 ms.
pub(crate) fn processor_time() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is the command in parentheses; user and kernel time are the fields 14 and 15 (proc(5)).
    let after_command = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u32 =
        after_command.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    Ok(TICK * ticks)
}

/// Returns the most memory that this process ever had resident, in bytes.
pub(crate) fn peak_memory() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.trim().parse().ok());
    kibibytes.map(|kibibytes: u64| kibibytes << 10).ok_or_else(|| io::Error::other("/proc/self/status has no VmHWM"))
}
