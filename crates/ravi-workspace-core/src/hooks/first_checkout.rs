//! Whether the checkout that was just made is a worktree's first.
//!
//! `git worktree add` runs the `post-checkout` hook with an old commit of zeros. With `--no-checkout` and `--orphan` it
//! runs no hook at all, and what comes first is an ordinary checkout or switch. Such a worktree is recognised by what
//! it lacks: the `ORIG_HEAD` of the reset that ends a complete `worktree add`, and an earlier checkout in its log. This
//! room must not know what follows.

use std::path::Path;

use crate::machine::files;

/// The log of a worktree that is in use is longer.
const LIMIT: usize = 64 * 1024;

/// Whether this is the first checkout, according to `old`, the previous commit that git reports, or to the worktree's
/// private git dir.
pub(crate) fn is_first(old: &str, git_dir: &Path) -> bool {
    is_none(old) || (!git_dir.join("ORIG_HEAD").exists() && log_begins(git_dir))
}

/// Like `is_first`, for git's arguments to its hook: the commits before and after, and whether a branch was checked
/// out.
pub fn may_be(arguments: &[String], git_dir: &Path) -> bool {
    matches!(arguments, [old, _, flag, ..] if flag == "1" && is_first(old, git_dir))
}

fn is_none(commit: &str) -> bool {
    !commit.is_empty() && commit.bytes().all(|byte| byte == b'0')
}

/// Whether the log goes back to the worktree's beginning and has no checkout before its last line. That line belongs to
/// this checkout, if it moved HEAD.
fn log_begins(git_dir: &Path) -> bool {
    let Ok(log) = files::read_bounded(&git_dir.join("logs/HEAD"), LIMIT) else { return false };
    let log = String::from_utf8_lossy(&log);
    let mut lines = log.lines();
    let begins = log.split(' ').next().is_some_and(is_none);
    lines.next_back();
    begins && !lines.any(|line| line.split_once('\t').is_some_and(|(_, what)| what.starts_with("checkout: ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_worktree_that_nobody_checked_out_before_is_new() {
        let none = "0".repeat(40);
        let line = |old: &str, what: &str| format!("{old} {} H <h@x> 1 +0000{what}\n", "a".repeat(40));
        let (made, later) = (line(&none, ""), |what: &str| line(&"a".repeat(40), &format!("\t{what}")));
        let first = |old: &str, log: Option<&str>, orig: bool| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("logs")).unwrap();
            let files = [("logs/HEAD", log), ("ORIG_HEAD", orig.then_some("a"))];
            for (name, text) in files.iter().filter_map(|(name, text)| Some((name, (*text)?))) {
                std::fs::write(dir.path().join(name), text).unwrap();
            }
            is_first(old, dir.path())
        };
        let (some, moved) = ("a".repeat(40), later("checkout: moving from a to b"));
        assert!(first(&none, None, true), "a whole `worktree add`");
        assert!(first(&some, Some(&made), false), "--no-checkout, then `git checkout`");
        assert!(first(&some, Some(&format!("{made}{moved}")), false), "--no-checkout, then `git switch`");
        let commit = line(&none, "\tcommit (initial): checkout: it");
        assert!(first(&some, Some(&format!("{commit}{}{moved}", later("commit: x"))), false), "--orphan with commits");
        assert!(!first(&some, Some(&format!("{made}{moved}{moved}")), false), "it was checked out before");
        assert!(!first(&some, Some(&format!("{made}{moved}")), true), "it was made whole");
        assert!(!first(&some, Some(&moved), false), "its log does not go back far enough");
        assert!(!first(&some, None, false) && !first("", None, false), "nothing is known");
    }
}
