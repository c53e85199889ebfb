//! `git worktree lock`: whether somebody still wants a worktree whose folder is gone.
//!
//! A lock says that the folder is only away, perhaps on a disk that is not plugged in. Claude Code locks its agents'
//! worktrees with its process number in the reason, `… (pid 4711)` or `… (pid 4711 start …)`, and never unlocks one
//! when it is killed. Such a lock holds for as long as any process has that number: numbers are reused, and when in
//! doubt a worktree is not given up. This module must not know what follows from it.

use std::path::Path;

use crate::machine::files::{self, FileError};
use crate::machine::os::is_dead;

/// Longer than any reason that is meant to be read.
const LIMIT: usize = 16 * 1024;

/// Whether the worktree with this git dir is locked by anybody who may still be alive.
pub(crate) fn holds(git_dir: &Path) -> bool {
    match files::read_bounded(&git_dir.join("locked"), LIMIT) {
        Err(FileError::NotFound { .. }) => false,
        Ok(reason) => !locker(&reason).is_some_and(is_dead),
        Err(_) => true,
    }
}

/// The number of the process that a reason names, if it names exactly one.
fn locker(reason: &[u8]) -> Option<u32> {
    let (_, named) = std::str::from_utf8(reason).ok()?.split_once("(pid ")?;
    let (inside, rest) = named.split_once(')')?;
    if !rest.trim().is_empty() {
        return None;
    }
    let number = inside.split_once(' ').map_or(inside, |(number, _)| number);
    number.parse().ok().filter(|_| inside.as_bytes()[0].is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of a process that has ended.
    fn dead() -> u32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    fn held(reason: &[u8]) -> bool {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("locked"), reason).unwrap();
        holds(dir.path())
    }

    #[test]
    fn a_lock_ends_with_the_process_that_it_names() {
        let dead = dead();
        for form in ["claude agent a (pid N)", "claude agent a (pid N)\n", "claude session a b (pid N start 12345)\n"] {
            let of = |pid: u32| form.replace('N', &pid.to_string());
            assert!(!held(of(dead).as_bytes()), "{form}");
            assert!(held(of(std::process::id()).as_bytes()), "{form}");
        }
        assert!(held(b"claude agent a (pid 1)"), "another user's process is one");
        assert!(!holds(tempfile::tempdir().unwrap().path()), "there is no lock");
    }

    #[test]
    fn a_lock_that_names_no_process_for_certain_holds() {
        let dead = dead();
        let odd =
            ["", "\n", "on my USB stick", "(pid", "(pid )", "(pid 0)", "(pid -1)", "(pid +7)", "(pid 4294967296)"];
        odd.iter().for_each(|reason| assert!(held(reason.as_bytes()), "{reason}"));
        for reason in ["(pid N) (pid M)", "(pid N) on a disk", "(pid N", "(pidN)", "(PID N)", "(pid N,M)", "(pid  N)"] {
            assert!(held(reason.replace('N', &dead.to_string()).as_bytes()), "{reason}");
        }
        assert!(held(&[b"\xff\xfe (pid ".as_slice(), dead.to_string().as_bytes(), b")"].concat()), "no text");
        assert!(held(format!("{} (pid {dead})", "x".repeat(LIMIT)).as_bytes()), "endless");
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        std::fs::write(&elsewhere, format!("(pid {dead})")).unwrap();
        std::os::unix::fs::symlink(&elsewhere, dir.path().join("locked")).unwrap();
        assert!(holds(dir.path()), "a link is nothing that git made");
    }
}
