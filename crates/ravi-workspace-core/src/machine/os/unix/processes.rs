//! Other processes, and the threads of this one.

#[cfg(any(target_os = "android", target_os = "linux"))]
#[path = "processes_linux.rs"]
mod told;
#[cfg(target_os = "macos")]
#[path = "processes_macos.rs"]
mod told;
#[cfg(not(any(target_os = "android", target_os = "linux", target_os = "macos")))]
#[path = "processes_untold.rs"]
mod told;

use std::path::Path;

use rustix::io::Errno;
use rustix::process::Pid;

/// Whether a process of this user is in the folder or below it; `None` if the system does not tell.
pub(crate) fn works_in(folder: &Path) -> Option<bool> {
    told::works_in(folder)
}

/// Whether this process has one thread; also `false` if the system does not tell.
pub fn has_one_thread() -> bool {
    told::threads() == Some(1)
}

/// Whether no process has this number. Another user's process, which we may not signal, is alive.
pub(crate) fn is_dead(number: u32) -> bool {
    let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_seen_where_it_is_and_nobody_where_nobody_is() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("below")).unwrap();
        assert_eq!(works_in(&root), Some(false));
        let mut child = Command::new("cat")
            .current_dir(root.join("below"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        assert_eq!(works_in(&root), Some(true));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(works_in(&root), Some(false));
    }

    #[test]
    fn threads_are_counted() {
        let before = told::threads().unwrap();
        std::thread::scope(|scope| {
            let (tell, told) = std::sync::mpsc::channel::<()>();
            let waiting = scope.spawn(move || told.recv());
            assert!(told::threads().unwrap() > 1 && before >= 1);
            drop(tell);
            assert!(waiting.join().unwrap().is_err());
        });
        assert!(!has_one_thread(), "the test runner has its own");
    }

    #[test]
    fn a_number_that_cannot_be_a_process_is_not_called_dead() {
        assert!(!is_dead(0) && !is_dead(u32::MAX), "a group, and every process");
        assert!(!is_dead(std::process::id()) && !is_dead(1));
    }
}
