//! A repository with workspaces: only one process of ours at a time changes what all its worktrees share.
//!
//! The changes are recorded beside it, in the repository's git dir, because the last workspace may belong to another
//! ledger than the first. The first workspace of a repository adds the include; the last one removes it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::WorkspaceError;
use super::former;
use super::former::{Former, Shared};
use super::include::{self, Anchor, INDEX_FILE, Target};
use super::inspect::inspect;
use super::note::Note;
use super::values::{self, Wanted};
use super::worktrees::noted_git_dirs;
use crate::git::{Git, Values};
use crate::machine::disk;
use crate::machine::files::{self, FileError, LOCK_PATIENCE};
use crate::machine::os::Facts;

/// File name of the record in the shared git dir.
pub(crate) const RECORD_FILE: &str = "ravi-workspaces.json";
const RECORD_LIMIT: usize = 256 * 1024;

/// File name of the lock in the shared git dir.
const LOCK_FILE: &str = "ravi-workspaces.lock";

/// A repository whose shared files no other process of ours is changing.
pub struct Repository<'a> {
    common_dir: &'a Path,
    _lock: File,
}

impl Drop for Repository<'_> {
    fn drop(&mut self) {
        let used = [RECORD_FILE, INDEX_FILE].iter().any(|name| self.path(name).symlink_metadata().is_ok());
        if !used {
            let _ = std::fs::remove_file(self.path(LOCK_FILE));
        }
    }
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The include in the shared configuration file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    include: Option<Anchor>,
    /// What an earlier version did.
    #[serde(flatten)]
    former: Former,
}

impl<'a> Repository<'a> {
    /// Waits until no other process of ours changes the shared files, for as long as that can take. The lock ends with
    /// the process; its file is deleted with the last workspace.
    pub(crate) fn lock(common_dir: &'a Path) -> Result<Self, WorkspaceError> {
        let path = common_dir.join(LOCK_FILE);
        let fail = |source: io::Error| match source.kind() {
            io::ErrorKind::TimedOut => {
                WorkspaceError::RepositoryBusy { common_dir: common_dir.to_owned(), limit: LOCK_PATIENCE }
            }
            _ => FileError::from_io(&path, "lock", source).into(),
        };
        let lock = loop {
            let lock = files::lock_file(&path).map_err(fail)?;
            // Without locks, each write is still complete in itself.
            files::lock_within(&lock, LOCK_PATIENCE).map_err(fail)?;
            // Whoever held it before may have deleted the file.
            if Facts::of_open(&lock).map_err(fail)?.names() > 0 {
                break lock;
            }
        };
        // Half-written files of a process that was killed.
        files::sweep(common_dir);
        Ok(Repository { common_dir, _lock: lock })
    }

    /// Makes exactly these values of ours hold in the worktree with this private git dir. Returns the names of those
    /// that do not hold because git reads something else later.
    pub(crate) fn set(
        &self,
        top: &Path,
        git_dir: &Path,
        note: &mut Note,
        wanted: &Wanted,
    ) -> Result<Vec<String>, WorkspaceError> {
        values::write(git_dir, wanted)?;
        self.include()?;
        if self.move_over()? {
            *note = Note::read(git_dir)?.unwrap_or_else(|| note.clone());
        }
        if !include::may_be_overridden(git_dir, self.common_dir)? {
            return Ok(Vec::new());
        }
        let now = Git::at(top).all()?;
        let left = include::unmet(&now, wanted);
        if left.is_empty() || !has_own_configurations(&now) {
            return Ok(left);
        }
        self.include_own(git_dir, note)?;
        include::overridden(top, wanted)
    }

    fn include_own(&self, git_dir: &Path, note: &mut Note) -> Result<(), WorkspaceError> {
        include::put(&include::own_file(git_dir), Target::Own, note.own, |anchor| {
            note.own = Some(anchor);
            note.write(git_dir)
        })
    }

    /// Puts the workspace's values after a credential helper that somebody configured after them, in a file that git
    /// reads for the worktree with this private git dir.
    ///
    /// Returns whether there was such a helper: the git that is running now knows it. If there is none, this does not
    /// wait for the lock.
    pub fn outdo_later_helper(common_dir: &'a Path, git_dir: &Path) -> Result<bool, WorkspaceError> {
        let shared = include::has_later_helper(&common_dir.join("config"), Target::Index)?;
        let own = include::has_later_helper(&include::own_file(git_dir), Target::Own)?;
        if !shared && !own {
            return Ok(false);
        }
        let repository = Repository::lock(common_dir)?;
        if shared {
            repository.include()?;
        }
        let own = own && has_own_configurations(&Git::at(git_dir).all()?);
        if own && let Some(mut note) = Note::read(git_dir)? {
            repository.include_own(git_dir, &mut note)?;
        }
        Ok(shared || own)
    }

    /// Removes the values of this private git dir. Returns what was left alone.
    pub(crate) fn unset(&self, git_dir: &Path, note: &Note) -> Result<Vec<String>, WorkspaceError> {
        if let Some(anchor) = note.own {
            include::take(&include::own_file(git_dir), Target::Own, anchor)?;
        }
        values::remove(git_dir)?;
        if note.has_former() { former::unset(git_dir, note) } else { Ok(Vec::new()) }
    }

    /// Moves what earlier versions set over to the includes, for every workspace of the repository, and undoes what
    /// they switched on for it. Returns whether there was anything.
    pub(crate) fn move_over(&self) -> Result<bool, WorkspaceError> {
        let mut notes = Vec::new();
        for git_dir in noted_git_dirs(self.common_dir) {
            // A damaged note is its own workspace's problem, and no other's.
            let note = Note::read(&git_dir).ok().flatten();
            notes.extend(note.filter(Note::has_former).map(|note| (git_dir, note)));
        }
        let record = self.record()?;
        if notes.is_empty() && !record.former.has_extension() {
            return Ok(false);
        }
        for (git_dir, note) in notes.iter().filter(|(dir, _)| !values::file(dir).exists()) {
            let ours: Vec<_> = note.values.iter().map(|value| (value.key.clone(), value.ours.clone())).collect();
            values::write(git_dir, &ours)?;
        }
        self.include()?;
        for (git_dir, note) in &notes {
            former::unset(git_dir, note)?;
        }
        let all: Vec<Note> = notes.iter().map(|(_, note)| note.clone()).collect();
        for git_dir in linked_git_dirs(self.common_dir) {
            former::drop_copied(&git_dir, &all)?;
        }
        self.take_extension_back()?;
        for (git_dir, note) in notes {
            note.without_former().write(&git_dir)?;
        }
        Ok(true)
    }

    /// Undoes the shared changes once no workspace of the repository is left. Returns what was left alone.
    pub(crate) fn tidy(&self) -> Result<Vec<String>, WorkspaceError> {
        if !noted_git_dirs(self.common_dir).is_empty() {
            include::write_index(self.common_dir)?;
            return Ok(Vec::new());
        }
        let mut record = self.record()?;
        if let Some(anchor) = record.include {
            include::take(&self.path("config"), Target::Index, anchor)?;
        }
        include::remove_index(self.common_dir)?;
        if record.former.has_exclude() {
            Shared { common_dir: self.common_dir, former: &record.former }.take_exclude_back()?;
            record = Record { former: record.former.without_exclude(), ..record };
            self.write(&record)?;
        }
        let left = self.take_extension_back()?;
        disk::remove_if_there(&self.path(RECORD_FILE))?;
        Ok(left)
    }

    /// Makes git include the values of every workspace of the repository.
    fn include(&self) -> Result<(), WorkspaceError> {
        include::write_index(self.common_dir)?;
        let mut record = self.record()?;
        include::put(&self.path("config"), Target::Index, record.include, |anchor| {
            record.include = Some(anchor);
            self.write(&record)
        })
    }

    fn take_extension_back(&self) -> Result<Vec<String>, WorkspaceError> {
        let record = self.record()?;
        let shared = Shared { common_dir: self.common_dir, former: &record.former };
        if !record.former.has_extension() {
            return Ok(Vec::new());
        }
        if !shared.take_extension_back()? {
            return Ok(vec!["extensions.worktreeConfig stays on: a worktree has its own configuration".to_owned()]);
        }
        self.write(&Record { former: record.former.without_extension(), ..record })?;
        Ok(Vec::new())
    }

    fn record(&self) -> Result<Record, WorkspaceError> {
        let path = self.path(RECORD_FILE);
        let Some(bytes) = disk::read_if_there(&path, RECORD_LIMIT)? else { return Ok(Record::default()) };
        serde_json::from_slice(&bytes)
            .map_err(|e| WorkspaceError::NotOurs { path, reason: format!("it is not a record of workspaces: {e}") })
    }

    fn write(&self, record: &Record) -> Result<(), WorkspaceError> {
        let bytes = serde_json::to_vec_pretty(record).unwrap_or_default(); // cannot fail: text and numbers only
        Ok(disk::write_private(&self.path(RECORD_FILE), &bytes)?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.common_dir.join(name)
    }
}

/// Whether git, which reads these values, also reads a worktree's own configuration file.
fn has_own_configurations(now: &Values) -> bool {
    now.of("extensions.worktreeConfig").last().is_some_and(|value| former::is_true(value))
}

/// Returns the names of the values that git does not read at `path` as they were set for its workspace; `None` if it
/// reads none of them.
pub(crate) fn overridden_at(path: &Path) -> Result<Option<Vec<String>>, WorkspaceError> {
    let Some(place) = inspect(path)?.git else { return Ok(Some(Vec::new())) };
    let file = values::file(&place.git_dir);
    if !file.exists() {
        // Set up by an earlier version and not moved over yet.
        let former = Note::read(&place.git_dir)?.is_some_and(|note| note.has_former());
        return Ok(former.then(Vec::new));
    }
    let wanted = Git::at(path).all_in(&file)?.grouped();
    let overridden = include::overridden(path, &wanted)?;
    Ok((overridden.len() < wanted.len()).then_some(overridden))
}

/// Returns the private git dirs of the repository's linked worktrees.
fn linked_git_dirs(common_dir: &Path) -> Vec<PathBuf> {
    let linked = std::fs::read_dir(common_dir.join("worktrees"));
    linked.into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::inspect::inspect;
    use super::super::note::SetValue;
    use super::*;
    use crate::git::splice::Splice;

    struct Bed {
        _dir: tempfile::TempDir,
        repository: PathBuf,
        tree: PathBuf,
    }

    impl Bed {
        fn new() -> Bed {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().canonicalize().unwrap();
            let (repository, tree) = (root.join("repo"), root.join("tree"));
            std::fs::create_dir(&repository).unwrap();
            git(&repository, &["init", "--quiet"]);
            git(&repository, &["-c", "user.name=H", "-c", "user.email=h@x", "commit", "-qm", "x", "--allow-empty"]);
            git(&repository, &["worktree", "add", "--quiet", tree.to_str().unwrap()]);
            Bed { _dir: dir, repository, tree }
        }

        fn common(&self) -> PathBuf {
            self.repository.join(".git")
        }

        fn private(&self) -> PathBuf {
            inspect(&self.tree).unwrap().git.unwrap().git_dir
        }

        fn set(&self, values: &[(&str, &str)]) -> Vec<String> {
            let wanted: Vec<_> = values.iter().map(|(key, value)| (key.to_string(), vec![value.to_string()])).collect();
            let mut note =
                Note::read(&self.private()).unwrap().unwrap_or_else(|| Note::new("n", Path::new("/none"), "w"));
            note.write(&self.private()).unwrap();
            let common = self.common();
            Repository::lock(&common).unwrap().set(&self.tree, &self.private(), &mut note, &wanted).unwrap()
        }

        fn release(&self) -> Vec<String> {
            let (common, private) = (self.common(), self.private());
            let repository = Repository::lock(&common).unwrap();
            let note = Note::read(&private).unwrap().unwrap();
            let mut left = repository.unset(&private, &note).unwrap();
            Note::remove(&private).unwrap();
            left.extend(repository.tidy().unwrap());
            left
        }

        fn config(&self) -> String {
            std::fs::read_to_string(self.common().join("config")).unwrap()
        }

        fn email(&self, folder: &Path) -> String {
            git(folder, &["config", "user.email"])
        }
    }

    fn git(folder: &Path, args: &[&str]) -> String {
        let mut command = std::process::Command::new("git");
        command.current_dir(folder).args(args).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    const OURS: [(&str, &str); 2] = [("user.name", "agent"), ("user.email", "agent@example.com")];

    #[test]
    fn each_checkout_reads_its_own_values_and_no_switch_is_set() {
        let bed = Bed::new();
        let before = bed.config();
        assert!(bed.set(&OURS).is_empty());
        assert_eq!(bed.email(&bed.tree), "agent@example.com");
        git(&bed.repository, &["config", "user.email", "hanna@example.com"]);
        assert_eq!([bed.email(&bed.repository), bed.email(&bed.tree)], ["hanna@example.com", "agent@example.com"]);
        assert!(!bed.config().contains("extensions"), "{}", bed.config());
        // A worktree made from the workspace's belongs to nobody.
        let copy = bed.repository.with_file_name("copy");
        git(&bed.tree, &["worktree", "add", "--quiet", copy.to_str().unwrap()]);
        assert_eq!(bed.email(&copy), "hanna@example.com");
        assert!(bed.release().is_empty());
        assert_eq!(bed.config(), format!("{before}[user]\n\temail = hanna@example.com\n"), "what they typed is theirs");
    }

    #[test]
    fn what_is_written_behind_ours_is_found_and_outdone() {
        let bed = Bed::new();
        let before = bed.config();
        bed.set(&OURS);
        let typed = format!("{}[user]\n\temail = later@example.com\n", bed.config());
        std::fs::write(bed.common().join("config"), typed).unwrap();
        assert_eq!(overridden_at(&bed.tree).unwrap().unwrap(), ["user.email"]);
        assert!(bed.set(&OURS).is_empty());
        assert_eq!(bed.email(&bed.tree), "agent@example.com");
        assert_eq!(overridden_at(&bed.tree).unwrap().unwrap(), Vec::<String>::new());
        bed.release();
        assert_eq!(bed.config(), format!("{before}[user]\n\temail = later@example.com\n"));
    }

    #[test]
    fn a_repository_that_has_the_extension_keeps_it() {
        let bed = Bed::new();
        git(&bed.repository, &["config", "extensions.worktreeConfig", "true"]);
        git(&bed.tree, &["config", "--worktree", "user.email", "mine@example.com"]);
        let own = bed.private().join("config.worktree");
        let before = (bed.config(), std::fs::read_to_string(&own).unwrap());
        assert!(bed.set(&OURS).is_empty());
        assert_eq!(bed.email(&bed.tree), "agent@example.com");
        let copy = bed.repository.with_file_name("copy");
        git(&bed.tree, &["worktree", "add", "--quiet", copy.to_str().unwrap()]);
        assert_eq!(bed.email(&copy), "mine@example.com", "git copied the file, and what it includes is not there");
        assert!(bed.release().is_empty());
        assert_eq!((bed.config(), std::fs::read_to_string(&own).unwrap()), before);
    }

    #[test]
    fn the_last_name_of_a_renamed_private_git_dir_counts() {
        let bed = Bed::new();
        bed.set(&OURS);
        let renamed = bed.common().join("worktrees/a [b]");
        std::fs::rename(bed.private(), &renamed).unwrap();
        std::fs::write(bed.tree.join(".git"), format!("gitdir: {}\n", renamed.display())).unwrap();
        assert_eq!(bed.email(&bed.tree), "");
        assert_eq!(overridden_at(&bed.tree).unwrap(), None);
        bed.set(&OURS);
        assert_eq!(bed.email(&bed.tree), "agent@example.com");
    }

    #[test]
    fn a_file_that_is_a_link_stays_one() {
        let bed = Bed::new();
        let elsewhere = bed.repository.with_file_name("dotfiles.config");
        let config = bed.common().join("config");
        std::fs::rename(&config, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &config).unwrap();
        let before = bed.config();
        assert!(bed.set(&OURS).is_empty());
        assert_eq!(bed.email(&bed.tree), "agent@example.com");
        bed.release();
        assert!(config.symlink_metadata().unwrap().is_symlink());
        assert_eq!(bed.config(), before);
    }

    #[test]
    fn what_an_earlier_version_set_is_moved_over_and_its_switch_is_off() {
        let bed = Bed::new();
        let (before, private) = (bed.config(), bed.private());
        // As version 0.1 did it.
        git(&bed.repository, &["config", "extensions.worktreeConfig", "true"]);
        OURS.iter().for_each(|(key, value)| drop(git(&bed.tree, &["config", "--worktree", key, value])));
        let (config, own) = (bed.config(), std::fs::read(private.join("config.worktree")).unwrap());
        let mut note = Note::new("n", Path::new("/none"), "w");
        let set = |(key, value): &(&str, &str)| SetValue {
            key: key.to_string(),
            before: Vec::new(),
            ours: vec![value.to_string()],
        };
        note.values = OURS.iter().map(set).collect();
        note.config = Some(Splice::between(None, &own));
        note.write(&private).unwrap();
        let splice = Splice::between(Some(before.as_bytes()), config.as_bytes());
        let record = serde_json::json!({ "extension": true, "config": splice, "excluded": false });
        std::fs::write(bed.common().join(RECORD_FILE), record.to_string()).unwrap();
        let copy = bed.repository.with_file_name("copy");
        git(&bed.tree, &["worktree", "add", "--quiet", copy.to_str().unwrap()]);
        assert_eq!(bed.email(&copy), "agent@example.com", "that is what was wrong");

        let common = bed.common();
        assert!(Repository::lock(&common).unwrap().move_over().unwrap());
        assert!(!Repository::lock(&common).unwrap().move_over().unwrap(), "once");
        assert_eq!([bed.email(&bed.tree), bed.email(&copy)], ["agent@example.com", ""]);
        assert!(!bed.config().contains("extensions"), "{}", bed.config());
        assert!(!private.join("config.worktree").exists());
        assert!(bed.release().is_empty());
        assert_eq!(bed.config(), before);
        assert!(!bed.common().join(RECORD_FILE).exists());
    }
}
