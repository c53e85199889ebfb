//! What a window may name of settings files: the file itself, and the places in it that hold secrets.
//!
//! A page that could name any place could move any string of the file under a name that it may read. So a place counts
//! together with the name of its secret, and only the presets' places need no entry. This module must not know what is
//! in any file.

use std::path::{Path, PathBuf};

use super::command_error::CommandError;
use super::scope::real;
use ravi_workspace_core::vault::settings::{PRESETS, Place, Pointer, Step, pattern, preset};

/// The entries about settings files.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(super) allow: Rules,
    pub(super) deny: Rules,
}

#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) files: Vec<PathBuf>,
    pub(super) places: Vec<Place>,
}

impl Files {
    /// Returns where a file really lies, if it may be named. Does not reveal whether it exists.
    pub(crate) fn file(&self, file: &Path) -> Result<PathBuf, CommandError> {
        let is_in =
            |files: &[PathBuf], real_file: &Path| files.iter().any(|one| real(one).as_deref() == Some(real_file));
        match real(file) {
            Some(real) if is_in(&self.allow.files, &real) && !is_in(&self.deny.files, &real) => Ok(real),
            _ => Err(CommandError::SettingsFile { file: file.to_owned() }),
        }
    }

    /// Whether secrets at this place may be moved under this name: it is a place of a preset, or of an entry.
    pub(crate) fn place(&self, asked: &Place) -> Result<(), CommandError> {
        let presets = PRESETS.into_iter().filter_map(preset).flatten();
        let is_same = |one: &Place| one.pointer == asked.pointer && one.secret.eq_ignore_ascii_case(&asked.secret);
        match presets.chain(self.allow.places.iter().cloned()).any(|one| is_same(&one)) {
            true => self.pointer(&asked.pointer),
            false => Err(CommandError::Place { pointer: asked.pointer.clone() }),
        }
    }

    /// Whether no entry denies this very place, whatever its secret is called.
    pub(crate) fn pointer(&self, asked: &str) -> Result<(), CommandError> {
        match self.deny.places.iter().any(|denied| meets(&denied.pointer, asked)) {
            true => Err(CommandError::Place { pointer: asked.to_owned() }),
            false => Ok(()),
        }
    }
}

/// Whether a pattern leads to the same value as a pointer. An unreadable one matches everything, because it was meant
/// to deny something.
fn meets(denied: &str, asked: &str) -> bool {
    let (Ok(denied), Ok(asked)) = (pattern(denied), Pointer::parse(asked)) else { return true };
    denied.len() == asked.segments().len()
        && denied.iter().zip(asked.segments()).all(|(step, segment)| match step {
            Step::Any => true,
            Step::Member(name) => name == segment,
        })
}

#[cfg(test)]
mod tests {
    use super::super::scope::Scope;
    use super::super::scope_entry::Entry;
    use super::*;

    fn files(allow: &[Entry], deny: &[Entry]) -> Files {
        Scope::new(allow, deny).files
    }

    #[test]
    fn a_file_is_named_by_an_entry_of_its_own_wherever_links_lead() {
        let dir = tempfile::tempdir().unwrap();
        let (named, other) = (dir.path().join("settings.json"), dir.path().join("other.json"));
        std::fs::write(&named, "{}").unwrap();
        std::fs::write(&other, "{}").unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join("link.json")).unwrap();
        let entry = Entry::File(named.clone());
        let scope = files(std::slice::from_ref(&entry), &[]);
        assert_eq!(scope.file(&named).unwrap(), named.canonicalize().unwrap());
        assert!(scope.file(&dir.path().join("./x/../settings.json")).is_err(), "x is not there");
        for file in [&other, &dir.path().join("link.json"), &dir.path().to_owned(), &"settings.json".into()] {
            assert!(scope.file(file).is_err(), "{}", file.display());
        }
        assert!(
            files(&[], &[]).file(&named).is_err() && files(&[], std::slice::from_ref(&entry)).file(&named).is_err()
        );
        assert!(files(&[Entry::Path("/".into())], &[]).file(&named).is_err(), "a folder of workspaces is no file");
        let through = Entry::File(dir.path().join("link.json"));
        assert!(files(std::slice::from_ref(&through), &[]).file(&other).is_ok(), "an entry may be a link");
        assert!(files(&[entry], &[through]).file(&named).is_ok());
    }

    #[test]
    fn a_place_counts_with_the_name_of_its_secret() {
        let place = |text: &str| Place::from_text(text);
        let none = files(&[], &[]);
        assert!(none.place(&place("/remoteBackendToken=CODEX_MONITOR_DAEMON_TOKEN")).is_ok());
        assert!(none.place(&place("/remoteBackends/*/token=CODEX_MONITOR_BACKEND_TOKEN_<ID>")).is_ok());
        for text in
            ["/remoteBackendToken=MINE", "/theme=MINE", "/*=CODEX_MONITOR_DAEMON_TOKEN", "", "/remoteBackends/0/token"]
        {
            assert!(none.place(&place(text)).is_err(), "{text}");
        }
        let some = files(&[Entry::Place("/a/*/b=APP_<ID>".into()), Entry::Place("/apiKey".into())], &[]);
        assert!(some.place(&place("/a/*/b=app_<id>")).is_ok() && some.place(&place("/apiKey=API_KEY")).is_ok());
        assert!(some.place(&place("/apiKey=OTHER")).is_err() && some.place(&place("/a/1/b=APP_1")).is_err());
    }

    #[test]
    fn a_denied_place_is_denied_by_pattern_and_by_pointer() {
        let scope = files(&[], &[Entry::Place("/remoteBackends/*/token".into()), Entry::Place("no pointer".into())]);
        assert!(scope.pointer("/anything").is_err(), "an entry that cannot be read denies all");
        let scope = files(&[], &[Entry::Place("/remoteBackends/*/token".into())]);
        assert!(scope.pointer("/remoteBackends/0/token").is_err() && scope.pointer("/remoteBackendToken").is_ok());
        assert!(scope.pointer("/remoteBackends/0").is_ok());
    }
}
