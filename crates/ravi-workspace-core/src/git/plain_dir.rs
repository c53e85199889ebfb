//! Checks that what git would read first in a folder are plain files.
//!
//! git reads whatever has the names it knows, to the end: a pipe keeps it waiting, and a device such as `/dev/zero`
//! fills the memory. A folder may come out of an archive, and git is asked about it as soon as somebody opens it. So
//! the few files that decide where a repository lies are checked before git is started. Of their content, this module
//! must know only where it leads.

use std::path::{Path, PathBuf};

use super::error::GitError;
use crate::machine::files::{self, FileError};
use crate::machine::os::text::os_string;

/// What git reads to find a repository and its configuration (gitrepository-layout(5)).
const FILES: [&str; 7] = ["HEAD", "commondir", "config", "config.worktree", "gitdir", "index", "packed-refs"];

/// Longer than any path.
const LIMIT: usize = 64 * 1024;

/// Refuses a folder whose repository would keep git reading for ever.
pub(crate) fn check(folder: &Path) -> Result<(), GitError> {
    let Some(dot_git) = folder.ancestors().map(|above| above.join(".git")).find(|path| path.exists()) else {
        return Ok(());
    };
    let git_dir = match led_to(&dot_git, "gitdir: ")? {
        Some(git_dir) => git_dir,
        None => dot_git,
    };
    check_files(&git_dir)?;
    match led_to(&git_dir.join("commondir"), "")? {
        Some(common_dir) => check_files(&common_dir),
        None => Ok(()),
    }
}

fn check_files(git_dir: &Path) -> Result<(), GitError> {
    let wrong = |path: &PathBuf| path.metadata().is_ok_and(|meta| !meta.is_file());
    match FILES.map(|name| git_dir.join(name)).into_iter().find(wrong) {
        Some(path) => Err(FileError::NotRegular { path }.into()),
        None => Ok(()),
    }
}

/// Where a file that holds one path leads; `None` if there is no file, or a folder in its place.
fn led_to(file: &Path, before: &str) -> Result<Option<PathBuf>, GitError> {
    let content = match files::read_bounded_following(file, LIMIT) {
        Err(FileError::NotFound { .. } | FileError::Directory { .. }) => return Ok(None),
        content => content?,
    };
    let path = content.trim_ascii_end().strip_prefix(before.as_bytes()).map(os_string);
    Ok(path.map(|path| file.parent().unwrap_or(Path::new("")).join(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(folder: &Path) -> Option<PathBuf> {
        match check(folder) {
            Err(GitError::File(FileError::NotRegular { path })) => Some(path),
            other => other.map(|()| None).unwrap(),
        }
    }

    #[test]
    fn git_is_not_asked_of_a_folder_where_it_would_read_without_end() {
        let dir = tempfile::tempdir().unwrap();
        let link = |path: &Path| std::os::unix::fs::symlink("/dev/zero", path).unwrap();
        let folder = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.join(".git")).unwrap();
            path
        };
        for name in FILES {
            let top = folder(&format!("{name}-of-a-repository"));
            std::fs::create_dir(top.join("below")).unwrap();
            assert_eq!(refused(&top.join("below")), None, "{name}");
            link(&top.join(".git").join(name));
            assert_eq!(refused(&top.join("below")), Some(top.join(".git").join(name)));
        }
        let (linked, common) = (dir.path().join("linked"), folder("common").join(".git"));
        std::fs::create_dir_all(common.join("worktrees/one")).unwrap();
        std::fs::create_dir(&linked).unwrap();
        std::fs::write(linked.join(".git"), format!("gitdir: {}\n", common.join("worktrees/one").display())).unwrap();
        std::fs::write(common.join("worktrees/one/commondir"), "../..\n").unwrap();
        assert_eq!(refused(&linked), None);
        link(&common.join("config"));
        assert!(refused(&linked).is_some_and(|path| path.ends_with("config")));
        std::fs::remove_file(linked.join(".git")).unwrap();
        link(&linked.join(".git"));
        assert_eq!(refused(&linked), Some(linked.join(".git")));
    }
}
