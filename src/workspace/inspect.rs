//! Looking at a folder before anything is done to it: what it is, and whether it is what it claims to be.

use std::path::{Path, PathBuf};

use super::error::WorkspaceError;
use super::git::{self, Git, Located};
use super::model::FolderState;

/// A folder that may be provisioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inspected {
    /// Real path of the worktree's top, or of the folder where it is in no repository.
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
    /// Whether it is the main checkout of a repository: where its person works, unless it was cloned for an agent.
    pub(crate) fn is_main(&self) -> bool {
        self.git.as_ref().is_some_and(|git| git.git_dir == git.common_dir)
    }

    /// The worktree's private git dir, where it is one.
    pub(crate) fn git_dir(&self) -> Option<&Path> {
        self.git.as_ref().map(|git| git.git_dir.as_path())
    }
}

/// Looks at `path`. Blocks on git.
pub(crate) fn inspect(path: &Path) -> Result<Inspected, WorkspaceError> {
    let folder = real_folder(path)?;
    git::check_version()?;
    let Some(located) = Git::at(&folder).locate()? else {
        return Ok(Inspected { root: folder, git: None });
    };
    check_points_back(&located)?;
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

/// JSON, in which paths are answered, knows only text.
fn must_be_text(path: &Path) -> Result<(), WorkspaceError> {
    match path.to_str() {
        Some(_) => Ok(()),
        None => Err(WorkspaceError::Folder { path: path.to_owned(), reason: "its name is not UTF-8".into() }),
    }
}

/// A `.git` file is the repository's own text and may name any git dir; writing there on its word would change somebody
/// else's repository. The git dir must name this folder in turn, as git makes it: `gitdir` in a linked worktree's
/// (gitrepository-layout(5)), `core.worktree` in a submodule's.
fn check_points_back(located: &Located) -> Result<(), WorkspaceError> {
    let dot_git = located.top.join(".git");
    let meta = dot_git.symlink_metadata();
    if meta.is_ok_and(|m| m.is_dir()) && located.git_dir == dot_git {
        return Ok(());
    }
    let foreign = |reason: String| WorkspaceError::ForeignGitDir {
        path: located.top.clone(),
        git_dir: located.git_dir.clone(),
        reason,
    };
    let linked = located.git_dir != located.common_dir;
    if linked {
        if located.git_dir.parent() != Some(located.common_dir.join("worktrees").as_path()) {
            return Err(foreign("it is no worktree of the repository it names".into()));
        }
        let back = git::first_line(&located.git_dir.join("gitdir")).map_err(|e| foreign(format!("gitdir: {e}")))?;
        // Relative since git 2.48 where `worktree.useRelativePaths` is set; relative to the git dir then.
        let back = located.git_dir.join(back);
        return match back.canonicalize() {
            Ok(real) if Some(real.as_path()) == dot_git.canonicalize().ok().as_deref() => Ok(()),
            _ => Err(foreign(format!("it belongs to {}", back.display()))),
        };
    }
    let worktree = Git::at(&located.top).values("core.worktree")?;
    let back = worktree.last().map(|w| located.git_dir.join(w).canonicalize());
    match back {
        Some(Ok(real)) if real == located.top => Ok(()),
        _ => Err(foreign("its core.worktree is not this folder".into())),
    }
}

/// The private git dir of the worktree that `folder` lies in; `None` outside of repositories.
pub(crate) fn git_dir_of(folder: &Path) -> Result<Option<PathBuf>, WorkspaceError> {
    Ok(Git::at(folder).locate()?.map(|located| located.git_dir))
}

/// The device that holds the folder's parent; tells a folder that is gone from a disk that is not mounted.
pub(crate) fn parent_device(path: &Path) -> Option<i64> {
    use std::os::unix::fs::MetadataExt as _;
    let meta = path.parent()?.metadata().ok()?;
    Some(i64::from_ne_bytes(meta.dev().to_ne_bytes()))
}

/// What can be seen of a folder that was there once. Gone only when its parent can be read and does not have it: a disk
/// that is not mounted, or a parent that may not be read, is no proof.
pub(crate) fn folder_state(path: &Path) -> FolderState {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => FolderState::Present,
        Ok(_) => FolderState::Gone,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => match path.parent().map(std::fs::read_dir) {
            Some(Ok(_)) => FolderState::Gone,
            _ => FolderState::Unseen,
        },
        Err(_) => FolderState::Unseen,
    }
}
