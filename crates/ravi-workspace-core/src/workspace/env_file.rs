//! The env file that an agent's tools may read: a marked block in a file that belongs to a person.
//!
//! It holds no secret, only the identity's address, phone number and id. Everything outside the block stays.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::error::WorkspaceError;
use crate::git::Git;
use crate::machine::files::{Dir, FileError, Mode};
use crate::machine::places::{self, PlaceError};
use crate::model::workspace::IdentityInfo;

const BEGIN: &str = "# >>> ravi-workspace >>>";
/// The marker for a file whose last line had no end and was given one.
const BEGIN_AT_OPEN_LINE: &str = "# >>> ravi-workspace (the line before had no end) >>>";
/// The marker for a file that existed but was empty.
const BEGIN_IN_EMPTY: &str = "# >>> ravi-workspace (the file was empty) >>>";
const END: &str = "# <<< ravi-workspace <<<";
const LIMIT: usize = 4 * 1024 * 1024;

/// Returns the file's path, or refuses a file that must not be written: one outside the worktree, a tracked one, or a
/// link.
pub(crate) fn check(root: &Path, file: &Path, in_git: bool) -> Result<PathBuf, WorkspaceError> {
    let bad = |reason: &str| WorkspaceError::Request { field: "env file", reason: reason.to_owned() };
    if file.as_os_str().is_empty() || !file.components().all(|c| matches!(c, Component::Normal(_))) {
        return Err(bad("it must be a path below the worktree, without `..`"));
    }
    let path = root.join(file);
    places::check_text_file(&path)?;
    if file.components().any(|part| is_gits_or_ours(part.as_os_str())) {
        return Err(PlaceError::Reserved { path }.into());
    }
    let folder = path.parent().unwrap_or(root);
    let real = folder.canonicalize().map_err(|_| bad("its folder does not exist"))?;
    if real != folder {
        return Err(WorkspaceError::NotOurs { path, reason: "a symbolic link leads to it".into() });
    }
    if path.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
        return Err(WorkspaceError::EnvFileLink { path });
    }
    if in_git && Git::at(root).tracks(file)? {
        return Err(WorkspaceError::Tracked { path });
    }
    Ok(path)
}

/// Whether a path component is git's or ours.
///
/// A line in git's own files would break the repository. Case is ignored, as on file systems that ignore it.
fn is_gits_or_ours(part: &OsStr) -> bool {
    part.eq_ignore_ascii_case(".git") || part.eq_ignore_ascii_case(".ravi")
}

/// Writes the block for this identity into the file, replacing an earlier one.
pub(crate) fn write(path: &Path, identity: &IdentityInfo) -> Result<(), WorkspaceError> {
    let (dir, name) = Dir::around_real(path)?;
    let before = dir.read_if_there(name, LIMIT)?;
    let text = before.as_deref().unwrap_or_default();
    let found = Found::in_text(text);
    let (begin, head, tail) = match &found {
        Some(found) => (found.begin, found.head, found.tail),
        None => (begin_for(before.as_deref()), text, &b""[..]),
    };
    let newline: &[u8] = if head.is_empty() || head.ends_with(b"\n") { b"" } else { b"\n" };
    let after = [head, newline, block(begin, identity).as_bytes(), tail].concat();
    if before.as_deref() == Some(after.as_slice()) {
        return Ok(());
    }
    let mode = if before.is_some() { Mode::KeepOr(0o644) } else { Mode::Wished(0o600) };
    Ok(dir.write(name, &after, mode)?)
}

/// Takes the block out, and deletes the file if nothing else is in it. A path that is no longer a file, or that could
/// never have been written, holds no block.
pub(crate) fn remove(path: &Path) -> Result<(), WorkspaceError> {
    let (dir, name) = match Dir::around_real(path) {
        Err(FileError::NotFound { .. } | FileError::Symlink { .. }) => return Ok(()),
        around => around?,
    };
    let text = match dir.read(name, LIMIT) {
        Err(
            FileError::NotFound { .. }
            | FileError::Symlink { .. }
            | FileError::NotRegular { .. }
            | FileError::Directory { .. },
        ) => return Ok(()),
        text => text?,
    };
    let Some(Found { begin, head, tail }) = Found::in_text(&text) else { return Ok(()) };
    let head =
        if begin == BEGIN_AT_OPEN_LINE && tail.is_empty() { head.strip_suffix(b"\n").unwrap_or(head) } else { head };
    let rest = [head, tail].concat();
    if rest.is_empty() && begin != BEGIN_IN_EMPTY {
        dir.sweep();
        return Ok(dir.remove(name)?);
    }
    Ok(dir.write(name, &rest, Mode::KeepOr(0o644))?)
}

/// Returns the first line of the block for a file with this content; it records what the file was like before.
fn begin_for(before: Option<&[u8]>) -> &'static str {
    match before {
        Some(b"") => BEGIN_IN_EMPTY,
        Some(text) if !text.ends_with(b"\n") => BEGIN_AT_OPEN_LINE,
        _ => BEGIN,
    }
}

fn block(begin: &str, identity: &IdentityInfo) -> String {
    let phone = identity.phone.as_deref().unwrap_or_default();
    let lines = [
        begin.to_owned(),
        assignment("AGENT_EMAIL", &identity.email),
        assignment("AGENT_PHONE", phone),
        assignment("RAVI_IDENTITY", &identity.uuid),
        END.to_owned(),
    ];
    lines.join("\n") + "\n"
}

/// Formats `NAME=value` in the way that shells and dotenv readers agree on. The server chooses the values, so
/// characters that are not plainly safe are left out rather than quoted.
fn assignment(name: &str, value: &str) -> String {
    let safe = |c: &char| c.is_ascii_alphanumeric() || "@.+-_".contains(*c);
    format!("{name}={}", value.chars().filter(safe).collect::<String>())
}

/// A whole block in a file: its first line, and what comes before and after it.
struct Found<'a> {
    begin: &'static str,
    head: &'a [u8],
    tail: &'a [u8],
}

impl<'a> Found<'a> {
    fn in_text(text: &'a [u8]) -> Option<Found<'a>> {
        let begins = [BEGIN, BEGIN_AT_OPEN_LINE, BEGIN_IN_EMPTY];
        let (start, begin) = begins.iter().find_map(|begin| Some((find_line(text, begin.as_bytes(), 0)?, *begin)))?;
        let end = find_line(text, END.as_bytes(), start)?;
        let after = text[end..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| end + n + 1);
        Some(Found { begin, head: &text[..start], tail: &text[after..] })
    }
}

/// Finds the first line at or after `from` that is exactly `line`.
fn find_line(text: &[u8], line: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    for piece in text[from..].split_inclusive(|b| *b == b'\n') {
        if piece.trim_ascii_end() == line {
            return Some(start);
        }
        start += piece.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(phone: Option<&str>) -> IdentityInfo {
        IdentityInfo {
            uuid: "0000-made-up".into(),
            name: "payments agent".into(),
            email: "payments-agent@example.test".into(),
            phone: phone.map(Into::into),
        }
    }

    #[test]
    fn the_block_is_added_replaced_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        std::fs::write(&path, "A=1").unwrap();
        write(&path, &identity(None)).unwrap();
        write(&path, &identity(Some("+15550100"))).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("AGENT_EMAIL=").count(), 1);
        assert!(text.starts_with("A=1\n# >>>") && text.contains("AGENT_PHONE=+15550100\n"), "{text}");
        std::fs::write(&path, text + "B=2\n").unwrap();
        remove(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "A=1\nB=2\n");
    }

    #[test]
    fn a_file_comes_back_byte_for_byte_however_it_ended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        for before in ["", "\n", "A=1", "A=1\n", "A=1\n\n", "A=1\r\nB=2", "A=1\nB=2 ", "# \u{e9}"] {
            std::fs::write(&path, before).unwrap();
            write(&path, &identity(None)).unwrap();
            write(&path, &identity(Some("+15550100"))).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap().matches("AGENT_EMAIL=").count(), 1, "{before:?}");
            remove(&path).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
        }
    }

    #[test]
    fn a_file_that_held_only_the_block_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        write(&path, &identity(None)).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn paths_out_of_the_worktree_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for file in ["", "../x", "/etc/x", "a/../../x", "./x/.."] {
            assert!(check(&root, Path::new(file), false).is_err(), "{file}");
        }
        std::os::unix::fs::symlink("/tmp", root.join("link")).unwrap();
        assert!(check(&root, Path::new("link/x"), false).is_err());
        std::os::unix::fs::symlink("/tmp/nowhere", root.join("x")).unwrap();
        assert!(check(&root, Path::new("x"), false).is_err());
    }
}
