//! What the system says of a host's process.

use std::fs;

use patchbay_test_support::{HostProcess, Result, Trouble};

/// Resident bytes: now, and the most since [`forget_peak`].
///
/// # Errors
///
/// The process is gone.
pub fn memory(host: &HostProcess) -> Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{}/status", host.pid()))?;
    let line = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    let (now, most) = line("VmRSS:").zip(line("VmHWM:")).ok_or_else(|| Trouble::new("the system does not say"))?;
    Ok((now * 1024, most * 1024))
}

/// Counts the peak from now on.
///
/// # Errors
///
/// The system does not allow it.
pub fn forget_peak(host: &HostProcess) -> Result<()> {
    Ok(fs::write(format!("/proc/{}/clear_refs", host.pid()), "5")?)
}

/// Processes that the host started and that are still there, or dead and not yet asked for.
///
/// # Errors
///
/// The system does not say.
pub fn children(host: &HostProcess) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // Gone between the list and here: then it is none.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if parent == Some(host.pid()) {
            found.push(pid);
        }
    }
    Ok(found)
}
