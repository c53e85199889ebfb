//! What Linux tells about processes (proc(5)).

use std::path::Path;

/// The current folder of each process (proc_pid_cwd(5)) that this user may see.
pub(super) fn works_in(folder: &Path) -> Option<bool> {
    // Not even this process is seen: /proc is not mounted here.
    std::fs::read_link("/proc/self").ok()?;
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut numbered = processes.filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    let is_in = |cwd: &Path| std::fs::read_link(cwd).is_ok_and(|place| place.starts_with(folder));
    Some(numbered.any(|entry| is_in(&entry.path().join("cwd"))))
}

/// One entry for each thread (proc_pid_task(5)).
pub(super) fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}
