//! A workspace's values for git: a file of ours in the worktree's private git dir, which git includes there and nowhere
//! else.
//!
//! This needs no switch of the repository, and changes no file of the person's apart from one include, which
//! [`super::include`] keeps. The file is written and removed as a whole. This room must not know whose values these
//! are.

use std::path::{Path, PathBuf};

use super::error::WorkspaceError;
use crate::machine::disk;
use crate::machine::files::FileError;

/// The file's name in a private git dir. Only git reads it, through the include.
pub(crate) const VALUES_FILE: &str = "ravi-workspace.gitconfig";

/// The same for repositories below the workspace's folder, without what concerns this repository's remotes. Only git
/// reads it, in processes of the workspace that are told to.
pub(crate) const BELOW_FILE: &str = "ravi-workspace-below.gitconfig";

/// Whether the origin of a value, as git names it, is a file of ours.
pub fn is_origin(origin: &str) -> bool {
    [VALUES_FILE, BELOW_FILE].iter().any(|name| origin.ends_with(name))
}

/// Larger than any workspace's values.
pub(super) const FILE_LIMIT: usize = 1024 * 1024;

const HEAD: &str = "# Made by ravi-workspace, which writes it anew: what is changed here does not last.\n";

/// Names of values and what they should be, in the order in which git is to read them.
pub(crate) type Wanted = [(String, Vec<String>)];

/// Returns the path of the file in this private git dir.
pub(crate) fn file(git_dir: &Path) -> PathBuf {
    git_dir.join(VALUES_FILE)
}

/// Makes the files hold exactly these values.
pub(super) fn write(git_dir: &Path, wanted: &Wanted) -> Result<(), FileError> {
    let below: Vec<_> = wanted.iter().filter(|(key, _)| !key.starts_with("remote.")).cloned().collect();
    for (path, values) in [(file(git_dir), wanted), (git_dir.join(BELOW_FILE), &below)] {
        let text = format!("{HEAD}{}", text(values));
        if disk::read_if_there(&path, FILE_LIMIT)?.as_deref() != Some(text.as_bytes()) {
            disk::write_like(&path, text.as_bytes(), &git_dir.join("HEAD"))?;
        }
    }
    Ok(())
}

/// Removes the files.
pub(super) fn remove(git_dir: &Path) -> Result<(), WorkspaceError> {
    disk::remove_if_there(&git_dir.join(BELOW_FILE))?;
    Ok(disk::remove_if_there(&file(git_dir))?)
}

/// Returns the values as the text of a file (git-config(1), "Syntax"), written as git writes them.
pub(super) fn text(wanted: &Wanted) -> String {
    let (mut text, mut last) = (String::new(), "");
    for (key, values) in wanted {
        let (section, name) = key.rsplit_once('.').unwrap_or_default();
        if section != last {
            text += &match section.split_once('.') {
                Some((section, below)) => format!("[{section} \"{}\"]\n", escaped(below)),
                None => format!("[{section}]\n"),
            };
            last = section;
        }
        text.extend(values.iter().map(|value| format!("\t{name} = {}\n", quoted(value))));
    }
    text
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

pub(super) fn quoted(value: &str) -> String {
    let escaped = escaped(value).replace('\n', "\\n").replace('\t', "\\t");
    let bare = value.trim() == value && !value.contains([';', '#', '\r']);
    if bare { escaped } else { format!("\"{escaped}\"") }
}

/// Undoes [`quoted`].
pub(super) fn unquoted(text: &str) -> String {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let (mut plain, mut chars) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                other => other.unwrap_or('\\'),
            },
            c => c,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Git;

    #[test]
    fn git_reads_the_text_as_it_is_meant() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        let odd =
            ["plain", "a  b", " led", "end ", "x;y", "x#y", "\"q\"", "back\\slash", "tab\there", "line\nend", "", "é"];
        let all: Vec<String> = odd.map(str::to_owned).to_vec();
        assert!(all.iter().all(|value| unquoted(&quoted(value)) == *value));
        let helper = vec![String::new(), "!'/it'\\''s/ravi' git-credential".to_owned()];
        let wanted = [
            ("user.name", all),
            ("credential.https://github.com.helper", helper),
            ("url.https://a\"b\\c/.insteadOf", vec!["git@a:".to_owned()]),
            ("user.email", vec!["payments-agent@example.com".to_owned()]),
        ]
        .map(|(key, values)| (key.to_owned(), values));
        std::fs::write(&file, text(&wanted)).unwrap();
        for (key, values) in wanted {
            assert_eq!(Git::at(dir.path()).values_in(&file, &key).unwrap(), values, "{key}");
        }
    }
}
