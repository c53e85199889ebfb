//! Inspecting a folder before anything is done to it: what it is, and whether it is what it claims to be.

use std::path::{Path, PathBuf};

use super::error::WorkspaceError;
use super::own_git_dir;
use crate::git::{self, Git};
use crate::machine::os::disk_of;
use crate::model::workspace::FolderState;

/// A folder that may be provisioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inspected {
    /// Real path of the worktree's top, or of the folder itself outside any repository.
    pub(crate) root: PathBuf,
    /// Its place in a repository.
    pub(crate) git: Option<Place>,
}

/// A worktree's place in its repository; real paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The worktree's private git dir: `<common>/worktrees/<name>` for a linked one, the common dir for the main one.
    pub(crate) git_dir: PathBuf,
    /// The git dir that all worktrees share.
    pub(crate) common_dir: PathBuf,
}

impl Inspected {
    /// Whether it is the main checkout of a repository: where a person works, unless it was cloned for an agent.
    pub(crate) fn is_main(&self) -> bool {
        self.git.as_ref().is_some_and(|git| git.git_dir == git.common_dir)
    }

    /// The worktree's private git dir, if it is a worktree.
    pub(crate) fn git_dir(&self) -> Option<&Path> {
        self.git.as_ref().map(|git| git.git_dir.as_path())
    }
}

/// Inspects `path`. Blocks on git.
pub(crate) fn inspect(path: &Path) -> Result<Inspected, WorkspaceError> {
    let folder = real_folder(path)?;
    git::check_version()?;
    let Some(located) = Git::at(&folder).locate()? else {
        return Ok(Inspected { root: folder, git: None });
    };
    own_git_dir::check(&folder, &located)?;
    for path in [&located.top, &located.git_dir, &located.common_dir] {
        must_be_text(path)?;
    }
    Ok(Inspected { root: located.top, git: Some(Place { git_dir: located.git_dir, common_dir: located.common_dir }) })
}

fn real_folder(path: &Path) -> Result<PathBuf, WorkspaceError> {
    let fail = |reason: String| WorkspaceError::Folder { path: path.to_owned(), reason };
    if path.as_os_str().is_empty() {
        return Err(fail("the path is empty".into()));
    }
    let real = path.canonicalize().map_err(|e| fail(e.to_string()))?;
    let meta = real.metadata().map_err(|e| fail(e.to_string()))?;
    if !meta.is_dir() {
        return Err(fail("it is not a folder".into()));
    }
    must_be_text(&real)?;
    Ok(real)
}

/// Refuses a path that is not UTF-8: paths are reported as JSON, which only knows text.
fn must_be_text(path: &Path) -> Result<(), WorkspaceError> {
    match path.to_str() {
        Some(_) => Ok(()),
        None => Err(WorkspaceError::Folder { path: path.to_owned(), reason: "its name is not UTF-8".into() }),
    }
}

/// Returns the private git dir of the worktree that `folder` lies in; `None` outside any repository.
pub fn git_dir_of(folder: &Path) -> Result<Option<PathBuf>, WorkspaceError> {
    Ok(Git::at(folder).locate()?.map(|located| located.git_dir))
}

/// Returns the git dir that all worktrees of the repository around `folder` share; `None` outside any repository.
pub(crate) fn common_dir_of(folder: &Path) -> Result<Option<PathBuf>, WorkspaceError> {
    Ok(Git::at(folder).common_dir()?)
}

/// Returns the disk of the nearest existing folder above `path`.
///
/// It tells a folder that is gone, perhaps with its parents, from a disk that is not mounted.
pub(crate) fn device_above(path: &Path) -> Option<i64> {
    disk_of(nearest_above(path)?)
}

/// Returns the nearest existing folder above `path`. `None` if that cannot be told, for lack of permission.
fn nearest_above(path: &Path) -> Option<&Path> {
    for above in path.ancestors().skip(1) {
        match above.symlink_metadata() {
            Ok(_) => return Some(above),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(_) => return None,
        }
    }
    None
}

/// Returns what can be seen of a folder that existed once.
///
/// It counts as gone only if the nearest existing folder above it can be read: an unreadable folder proves nothing.
/// Whether that folder is on the same disk as before is for [`device_above`] to tell.
pub(crate) fn folder_state(path: &Path) -> FolderState {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => FolderState::Present,
        Ok(_) => FolderState::Gone,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => match nearest_above(path).map(std::fs::read_dir) {
            Some(Ok(_)) => FolderState::Gone,
            _ => FolderState::Unseen,
        },
        Err(_) => FolderState::Unseen,
    }
}
