//! Values in the worktree's own git configuration: set, and taken back.
//!
//! A file that is not there yet is written whole, under git's own lock; every other change goes through
//! `git config --worktree`. [`super::shared`] sees to it that both mean the worktree's own file. What the human had set there
//! before is kept in the [`Note`] and put back.

use std::path::{Path, PathBuf};

use super::disk;
use super::error::WorkspaceError;
use super::git::{Git, Scope, Values};
use super::note::{Note, Original, SetValue, noted_git_dirs};
use super::splice::{Splice, Undone};

const FILE_LIMIT: usize = 16 * 1024 * 1024;

/// Makes the worktree's own configuration hold exactly these values of ours. Values that an earlier run set and that
/// are not wanted any more are taken back.
pub(crate) fn set(
    top: &Path,
    git_dir: &Path,
    note: &mut Note,
    wanted: &[(&str, Vec<String>)],
) -> Result<(), WorkspaceError> {
    let (git, file) = (Git::at(top), config_file(git_dir));
    if note.values.is_empty() && note.pending.is_none() {
        drop_copied(git, git_dir, &file)?;
    }
    let content = disk::read_if_there(&file, FILE_LIMIT)?;
    let new = content.as_ref().is_none_or(Vec::is_empty);
    let now = if new { Values::default() } else { git.all(Scope::Worktree)? };
    if is_set(&now, note, wanted) {
        return Ok(());
    }
    let mut values = Vec::with_capacity(wanted.len());
    for (key, ours) in wanted {
        let known = note.values.iter().find(|v| v.key == *key);
        let before = known.map_or_else(|| now.of(key), |known| known.before.clone());
        values.push(SetValue { key: (*key).to_owned(), before, ours: ours.clone() });
    }
    let dropped: Vec<SetValue> =
        note.values.iter().filter(|v| wanted.iter().all(|(key, _)| *key != v.key)).cloned().collect();
    // Only the first change of a file that is as the human left it can be taken back as a whole.
    if note.values.is_empty() && note.pending.is_none() {
        note.pending = Some(Original { content });
    }
    note.config = None;
    note.values = values.into_iter().chain(dropped.iter().cloned()).collect();
    note.write(git_dir)?;
    for value in &dropped {
        take_back(git, value)?;
    }
    let written = new && disk::make_git_config(&file, &git_dir.join("HEAD"), text(wanted).as_bytes())?;
    if !(written && wanted.iter().all(|(key, ours)| is_plain(key, ours))) {
        // git has the last word on what the text means.
        let now = if written { git.all(Scope::Worktree)? } else { now };
        for (key, ours) in wanted.iter().filter(|(key, ours)| now.of(key) != *ours) {
            git.set(Scope::Worktree, key, ours)?;
        }
    }
    note.values.retain(|v| dropped.iter().all(|d| d.key != v.key));
    if let Some(Original { content: before }) = note.pending.take() {
        let after = disk::read_if_there(&file, FILE_LIMIT)?;
        let ours: Vec<&str> = wanted.iter().map(|(key, _)| *key).collect();
        note.config = after.and_then(|after| Splice::after_crash(before.as_deref(), &after, &ours));
    }
    note.write(git_dir)
}

/// git gives a new worktree the configuration of the one that it is made from. Where that is a workspace, the values in it
/// are ours, not the human's, and must not come back when this one is released.
fn drop_copied(git: Git<'_>, git_dir: &Path, file: &Path) -> Result<(), WorkspaceError> {
    let common = git_dir.parent().filter(|dir| dir.ends_with("worktrees")).and_then(Path::parent);
    let Some((common, bytes)) = common.zip(disk::read_if_there(file, FILE_LIMIT)?) else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes);
    let is_in = |value: &SetValue| value.ours.iter().any(|ours| !ours.is_empty() && text.contains(ours.as_str()));
    for other in noted_git_dirs(common).iter().filter(|other| *other != git_dir) {
        if let Ok(Some(note)) = Note::read(other)
            && note.values.iter().any(is_in)
        {
            take_all_back(git, file, &note)?;
        }
    }
    Ok(())
}

/// Whether an earlier run set all of it and nobody changed it since.
fn is_set(now: &Values, note: &Note, wanted: &[(&str, Vec<String>)]) -> bool {
    let same = |key: &str, ours: &[String]| note.values.iter().any(|v| v.key == key && v.ours == ours);
    note.pending.is_none()
        && note.values.len() == wanted.len()
        && wanted.iter().all(|(key, ours)| same(key, ours) && now.of(key) == *ours)
}

/// The values as the text of a file that has nothing else (git-config(1), "Syntax"), written as git writes them.
fn text(wanted: &[(&str, Vec<String>)]) -> String {
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

/// Nothing in it means anything to git but itself.
fn is_plain(key: &str, values: &[String]) -> bool {
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || " @._-".contains(c));
    plain(key) && values.iter().all(|value| !value.is_empty() && value.trim() == value && plain(value))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn quoted(value: &str) -> String {
    let escaped = escaped(value).replace('\n', "\\n").replace('\t', "\\t");
    let bare = value.trim() == value && !value.contains([';', '#', '\r']);
    if bare { escaped } else { format!("\"{escaped}\"") }
}

/// Takes our values back. Answers what was left alone because the human changed it.
pub(crate) fn unset(top: &Path, git_dir: &Path, note: &Note) -> Result<Vec<String>, WorkspaceError> {
    let file = config_file(git_dir);
    let current = disk::read_if_there(&file, FILE_LIMIT)?;
    match note.config.as_ref().map_or(Undone::Changed, |splice| splice.undo(current.as_deref())) {
        Undone::Bytes(bytes) => disk::write_git_config(&file, &bytes)?,
        Undone::NoFile => disk::remove_if_there(&file)?,
        Undone::Already => {}
        Undone::Changed => return take_all_back(Git::at(top), &file, note),
    }
    Ok(Vec::new())
}

fn take_all_back(git: Git<'_>, file: &Path, note: &Note) -> Result<Vec<String>, WorkspaceError> {
    let mut left = Vec::new();
    for value in &note.values {
        if !take_back(git, value)? {
            left.push(format!("git {} was changed by somebody else", value.key));
        }
    }
    let rest = disk::read_if_there(file, FILE_LIMIT)?;
    if rest.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace)) {
        disk::remove_if_there(file)?;
    }
    Ok(left)
}

/// `false` when the value is not ours any more.
fn take_back(git: Git<'_>, value: &SetValue) -> Result<bool, WorkspaceError> {
    let current = git.values(Scope::Worktree, &value.key)?;
    if current == value.before {
        return Ok(true);
    }
    if current != value.ours {
        return Ok(false);
    }
    git.set(Scope::Worktree, &value.key, &value.before)?;
    Ok(true)
}

/// The worktree's own configuration file (git-worktree(1), "CONFIGURATION FILE").
fn config_file(git_dir: &Path) -> PathBuf {
    git_dir.join("config.worktree")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_reads_the_text_as_it_is_meant() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        let odd =
            ["plain", "a  b", " led", "end ", "x;y", "x#y", "\"q\"", "back\\slash", "tab\there", "line\nend", "", "é"];
        let all: Vec<String> = odd.map(str::to_owned).to_vec();
        let helper = vec![String::new(), "!'/it'\\''s/ravi' git-credential".to_owned()];
        let wanted = [
            ("user.name", all),
            ("credential.https://github.com.helper", helper),
            ("url.https://a\"b\\c/.insteadOf", vec!["git@a:".to_owned()]),
            ("user.email", vec!["payments-agent@example.com".to_owned()]),
        ];
        std::fs::write(&file, text(&wanted)).unwrap();
        for (key, values) in wanted {
            assert_eq!(Git::at(dir.path()).values_in(&file, key).unwrap(), values, "{key}");
        }
    }

    #[test]
    fn words_are_plain_and_marks_are_not() {
        let plain = |value: &str| is_plain("user.name", &[value.to_owned()]);
        assert!(plain("payments agent") && plain("payments-agent.2@example.com"));
        for odd in ["", " x", "x ", "x;y", "x#y", "\"", "\\", "x\ny", "é", "[a]", "a=b"] {
            assert!(!plain(odd), "{odd:?}");
        }
        assert!(!is_plain("url.https://a/.insteadOf", &["x".to_owned()]));
    }
}
