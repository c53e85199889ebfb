//! Worktrees that git's hook should have set up but did not. `git worktree add` runs no hook with `--no-checkout` and
//! `--orphan`, and some programs switch hooks off.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::hooks::{git_hook_file, is_ours};
use crate::workspace::{common_dir_of, unmarked_worktrees};

const CHECK: &str = "worktrees";
/// How many paths are named for each repository.
const MOST: usize = 5;

/// Checks the repositories with these shared git dirs, and the one around the current directory, if git's hook is
/// installed there.
pub(crate) fn worktrees(known: impl IntoIterator<Item = PathBuf>) -> Vec<Finding> {
    let here = std::env::current_dir().ok().and_then(|folder| common_dir_of(&folder).ok()?);
    let all: BTreeSet<PathBuf> = known.into_iter().chain(here).filter(|dir| dir.is_dir()).collect();
    let hooked = |dir: &&PathBuf| git_hook_file(dir).is_ok_and(|file| is_ours(&file));
    let hooked: Vec<&PathBuf> = all.iter().filter(hooked).collect();
    let found: Vec<Finding> = hooked.iter().filter_map(|dir| without_workspace(dir)).collect();
    match (found.is_empty(), hooked.len()) {
        (false, _) => found,
        (true, 0) => vec![Finding::ok(CHECK, "git's hook is installed in no known repository")],
        (true, count) => {
            let message = format!("each worktree of {count} repositories with git's hook has a workspace");
            vec![Finding::ok(CHECK, message)]
        }
    }
}

fn without_workspace(common_dir: &Path) -> Option<Finding> {
    let all = unmarked_worktrees(common_dir);
    let first = all.first()?;
    let mut named: Vec<String> = all.iter().take(MOST).map(|path| path.display().to_string()).collect();
    if all.len() > MOST {
        named.push(format!("{} more", all.len() - MOST));
    }
    let message = format!(
        "git's hook is installed in {}, and these worktrees have no workspace: {}",
        common_dir.display(),
        named.join(", ")
    );
    let fix = format!(
        "Run `ravi-workspace provision \"{}\"`. One without files or commits is set up at its first checkout or \
         switch; your own worktrees may stay as they are.",
        first.display()
    );
    Some(Finding::warn(CHECK, message, fix))
}
