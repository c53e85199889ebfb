//! git: asking it questions, setting its configuration, and the files in a git dir.
//!
//! How it is started is in [`command`], the only place that does so. This room must know nothing of identities,
//! workspaces or the ledger.

pub(crate) mod command;
pub(crate) mod config_file;
mod error;
pub(crate) mod lock;
mod plain_dir;
pub(crate) mod splice;
mod version;

pub use error::GitError;
pub(crate) use version::{Feature, Found, check, check_version, found};

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use crate::machine::crash::{When, point};
use crate::machine::files::{self, FileError};
use crate::machine::os::text::os_string;
use crate::machine::pauses::Pauses;
use command::{PATIENCE, Purpose, asked, git_in};

/// What one call asks about a folder (git-rev-parse(1)): what kind of place it is, and where it belongs.
const ASK_KIND: [&str; 2] = ["--is-bare-repository", "--is-inside-work-tree"];
const ASK_PATHS: [&str; 3] = ["--show-toplevel", "--absolute-git-dir", "--git-common-dir"];
const LOOK: &str = "look at the repository";

/// git, run in one folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Git<'a> {
    folder: &'a Path,
}

impl<'a> Git<'a> {
    /// git with `folder` as its current directory.
    pub(crate) fn at(folder: &'a Path) -> Self {
        Git { folder }
    }

    fn output<S: AsRef<OsStr>>(self, args: &[S]) -> Result<Output, GitError> {
        // The verb only: other words may be values.
        tracing::trace!(verb = ?args.first().map(AsRef::as_ref), folder = %self.folder.display(), "asking git");
        asked(git_in(self.folder, Purpose::Ask).args(args)).map_err(|source| match source.kind() {
            io::ErrorKind::TimedOut => GitError::Slow { path: self.folder.to_owned(), limit: PATIENCE },
            io::ErrorKind::FileTooLarge => {
                GitError::Refused { doing: LOOK, path: self.folder.to_owned(), message: source.to_string() }
            }
            _ => GitError::Missing { source },
        })
    }

    fn refused(self, doing: &'static str, output: &Output) -> GitError {
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().find(|l| !l.trim().is_empty()).unwrap_or("it said nothing").trim();
        let message = line.chars().filter(|c| !c.is_control()).take(300).collect();
        GitError::Refused { doing, path: self.folder.to_owned(), message }
    }

    /// What git prints for `args`, without the final newline.
    fn ask<S: AsRef<OsStr>>(self, doing: &'static str, args: &[S]) -> Result<OsString, GitError> {
        let output = self.output(args)?;
        if !output.status.success() {
            return Err(self.refused(doing, &output));
        }
        Ok(os_string(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout)))
    }

    /// Where the folder lies in its repository; `None` if it is not in one.
    pub(crate) fn locate(self) -> Result<Option<Located>, GitError> {
        plain_dir::check(self.folder)?;
        let output = self.output(&[&["rev-parse"], &ASK_KIND[..], &ASK_PATHS[..]].concat())?;
        let mut lines = output.stdout.split(|b| *b == b'\n');
        let (bare, inside) = (lines.next(), lines.next());
        let (outside, paths) = (inside == Some(b"false"), lines.collect::<Vec<_>>());
        // git before 2.25 names no top of a worktree that does not exist, and ends well.
        let no_top = outside && paths.iter().filter(|path| !path.is_empty()).count() < ASK_PATHS.len();
        if no_top || !output.status.success() {
            return self.not_in_a_worktree(bare == Some(b"true"), outside, &output);
        }
        let [top, git_dir, common_dir] = self.three_paths(&paths)?;
        Ok(Some(Located {
            top: self.absolute(&top)?,
            git_dir: self.absolute(&git_dir)?,
            common_dir: self.absolute(&common_dir)?,
        }))
    }

    /// git says what kind of place it is before it refuses to name the top of a worktree that does not exist.
    fn not_in_a_worktree<T>(self, bare: bool, outside: bool, output: &Output) -> Result<Option<T>, GitError> {
        let path = self.folder.to_owned();
        match outside {
            true if bare => Err(GitError::Bare { path }),
            // Inside `.git` itself.
            true => Err(GitError::Folder { path, reason: "it lies inside a git dir, not in a worktree".into() }),
            // Exit status 128 with this text means "outside any repository"; any other failure is an error.
            false if String::from_utf8_lossy(&output.stderr).contains("not a git repository (or any") => Ok(None),
            false => Err(self.refused(LOOK, output)),
        }
    }

    /// The git dir that all worktrees of the folder's repository share, even if the folder is in none of them, as in a
    /// bare repository; `None` outside repositories.
    pub(crate) fn common_dir(self) -> Result<Option<PathBuf>, GitError> {
        plain_dir::check(self.folder)?;
        let output = self.output(&["rev-parse", "--git-common-dir"])?;
        if output.status.success() {
            self.absolute(&os_string(output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout))).map(Some)
        } else {
            self.not_in_a_worktree(false, false, &output)
        }
    }

    /// Reads three paths from one answer, or asks for each of them if a newline in one makes the answer ambiguous.
    fn three_paths(self, answer: &[&[u8]]) -> Result<[OsString; 3], GitError> {
        if let [top, git_dir, common_dir, b""] = answer[..] {
            return Ok([os_string(top), os_string(git_dir), os_string(common_dir)]);
        }
        let one = |what| self.ask(LOOK, &["rev-parse", what]);
        Ok([one(ASK_PATHS[0])?, one(ASK_PATHS[1])?, one(ASK_PATHS[2])?])
    }

    /// `--git-common-dir` may be relative to the current directory (git-rev-parse(1)).
    fn absolute(self, path: &OsStr) -> Result<PathBuf, GitError> {
        let joined = self.folder.join(path);
        joined.canonicalize().map_err(|e| GitError::Folder { path: joined, reason: e.to_string() })
    }

    /// Whether the index holds `path` or anything below it.
    pub(crate) fn tracks(self, path: &Path) -> Result<bool, GitError> {
        // -z: paths as they are, not quoted (`core.quotePath`).
        // `literal`: the path is not a pattern, whatever characters it has.
        let mut pathspec = OsString::from(":(top,literal)");
        pathspec.push(path);
        let found =
            self.ask("list tracked files", &[OsStr::new("ls-files"), "-z".as_ref(), "--".as_ref(), &pathspec])?;
        Ok(!found.is_empty())
    }

    /// Whether git would leave `path` out of everything that takes what is not ignored, such as `git add -A`: no rule
    /// says otherwise, and the index does not hold it. It need not exist.
    pub(crate) fn ignores(self, path: &Path) -> Result<bool, GitError> {
        // "./": a name that begins with ":" would be pathspec magic. No --no-index: a tracked path is not ignored,
        // whatever the rules.
        let mut pathspec = OsString::from("./");
        pathspec.push(path);
        let output = self.output(&[OsStr::new("check-ignore"), "--quiet".as_ref(), "--".as_ref(), &pathspec])?;
        // 0 is ignored, 1 is not, 128 failed (git-check-ignore(1)).
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(self.refused("say what it ignores", &output)),
        }
    }

    /// All values in effect in the folder, in the order in which git reads them.
    pub(crate) fn all(self) -> Result<Values, GitError> {
        self.listed(&["--includes".as_ref()])
    }

    /// All values of one file, which must exist.
    pub(crate) fn all_in(self, file: &Path) -> Result<Values, GitError> {
        self.listed(&["--file".as_ref(), file.as_os_str()])
    }

    /// All values in effect in the folder, except those from origins that are `ours`.
    pub(crate) fn settings_but(self, ours: impl Fn(&str) -> bool) -> Result<Vec<Setting>, GitError> {
        let listed =
            self.ask("read its configuration", &["config", "--includes", "--null", "--show-origin", "--list"])?;
        let listed = listed.to_string_lossy().into_owned();
        let mut words = listed.split_terminator('\0');
        let mut settings = Vec::new();
        while let (Some(origin), Some(entry)) = (words.next(), words.next()) {
            let (key, value) = entry.split_once('\n').unwrap_or((entry, ""));
            if !ours(origin) {
                settings.push(Setting { key: key.to_owned(), value: value.to_owned() });
            }
        }
        Ok(settings)
    }

    /// The value that applies to all of the user's repositories.
    pub(crate) fn global(self, key: &str) -> Result<Option<String>, GitError> {
        Ok(self.values_with(&["--global".as_ref(), "--includes".as_ref()], key)?.pop())
    }

    /// Where git really goes for each remote: its name, whether it is for pushing, the address.
    pub(crate) fn remote_urls(self) -> Result<Vec<(String, bool, String)>, GitError> {
        const DOING: &str = "list its remotes";
        let names = self.ask(DOING, &["remote"])?;
        let mut all = Vec::new();
        for name in names.to_string_lossy().lines() {
            for push in [false, true] {
                let push_only = if push { &["--push"][..] } else { &[] };
                // "--": the repository chose the name.
                let words = [&["remote", "get-url", "--all"], push_only, &["--", name]].concat();
                // A remote without an address does not count.
                let Ok(urls) = self.ask(DOING, &words) else { continue };
                let urls = urls.to_string_lossy().into_owned();
                all.extend(urls.lines().map(|url| (name.to_owned(), push, url.to_owned())));
            }
        }
        Ok(all)
    }

    fn listed(self, from: &[&OsStr]) -> Result<Values, GitError> {
        // --null: values may have line ends.
        let rest = ["--null", "--list"].map(OsStr::new);
        let listed = self.ask("read its configuration", &[&["config".as_ref()], from, &rest].concat())?;
        let listed = listed.to_string_lossy().into_owned();
        let entry = |line: &str| match line.split_once('\n') {
            Some((key, value)) => (key.to_owned(), value.to_owned()),
            // A name without a value.
            None => (line.to_owned(), String::new()),
        };
        Ok(Values(listed.split_terminator('\0').map(entry).collect()))
    }

    /// All values of `key` in effect in the folder.
    pub(crate) fn values(self, key: &str) -> Result<Vec<String>, GitError> {
        self.values_with(&["--includes".as_ref()], key)
    }

    /// All values of `key` in one file; empty if there is no such file.
    pub(crate) fn values_in(self, file: &Path, key: &str) -> Result<Vec<String>, GitError> {
        if file.exists() { self.values_with(&["--file".as_ref(), file.as_os_str()], key) } else { Ok(Vec::new()) }
    }

    fn values_with(self, file: &[&OsStr], key: &str) -> Result<Vec<String>, GitError> {
        let rest = ["--null", "--get-all", key].map(OsStr::new);
        let output = self.output(&[&["config".as_ref()], file, &rest].concat())?;
        match output.status.code() {
            Some(0) => {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                Ok(text.split_terminator('\0').map(str::to_owned).collect())
            }
            // There is no such key (git-config(1)).
            Some(1) => Ok(Vec::new()),
            _ => Err(self.refused("read its configuration", &output)),
        }
    }

    /// Sets `key` to exactly these values in one file; no values removes it.
    pub(crate) fn set_in(self, file: &Path, key: &str, values: &[String]) -> Result<(), GitError> {
        self.set_with(&["--file".as_ref(), file.as_os_str()], key, values)
    }

    fn set_with(self, file: &[&OsStr], key: &str, values: &[String]) -> Result<(), GitError> {
        let what = file[0].display();
        point(When::Before, format_args!("git config {what} {key}"));
        let run = |verb: &str, value: Option<&String>, good: &[i32]| {
            let mut args: Vec<&OsStr> = vec!["config".as_ref()];
            args.extend(file);
            args.extend([OsStr::new(verb), OsStr::new(key)]);
            args.extend(value.map(OsStr::new));
            self.change(&args, good)
        };
        match values {
            // 5 means that there was no value (git-config(1)).
            [] => run("--unset-all", None, &[0, 5])?,
            [first, rest @ ..] => {
                run("--replace-all", Some(first), &[0])?;
                for value in rest {
                    run("--add", Some(value), &[0])?;
                }
            }
        }
        point(When::After, format_args!("git config {what} {key}"));
        Ok(())
    }

    /// Runs a `git config` that changes something, retrying for a while if another git holds the file's lock.
    fn change(self, args: &[&OsStr], good: &[i32]) -> Result<(), GitError> {
        let mut pauses = lock_pauses();
        loop {
            let output = self.output(args)?;
            if output.status.code().is_some_and(|code| good.contains(&code)) {
                return Ok(());
            }
            // A lock that cannot be created (read-only folder) gives another message than "File exists".
            let Some(file) = held_lock(&output) else { return Err(self.refused("write its configuration", &output)) };
            let pause = pauses.next();
            if pause > LONGEST_LOCK_PAUSE {
                return Err(GitError::Locked { lock: self.folder.join(file) });
            }
            std::thread::sleep(pause);
        }
    }
}

/// The longest pause before another look at a lock of git's, which it holds for milliseconds.
const LONGEST_LOCK_PAUSE: Duration = Duration::from_secs(1);

/// Returns the pauses between two looks at a lock of git's; it is given up before one of more than
/// [`LONGEST_LOCK_PAUSE`].
fn lock_pauses() -> Pauses {
    Pauses::new(Duration::from_millis(5), Duration::MAX)
}

/// The lock held by another git, if that is what git complained about: `error: could not lock config file .git/config:
/// File exists`.
fn held_lock(output: &Output) -> Option<PathBuf> {
    let said = String::from_utf8_lossy(&output.stderr);
    let file = said.split_once("could not lock config file ")?.1.split_once(": File exists")?.0;
    Some(format!("{file}.lock").into())
}

/// A value that git reads, with its name as git lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Names and values.
#[derive(Debug, Default)]
pub(crate) struct Values(Vec<(String, String)>);

impl Values {
    /// Each name once, with all its values.
    pub(crate) fn grouped(&self) -> Vec<(String, Vec<String>)> {
        let mut all: Vec<(String, Vec<String>)> = Vec::new();
        for (key, value) in &self.0 {
            match all.iter_mut().find(|(known, _)| known == key) {
                Some((_, values)) => values.push(value.clone()),
                None => all.push((key.clone(), vec![value.clone()])),
            }
        }
        all
    }

    /// All values of `key`.
    pub(crate) fn of(&self, key: &str) -> Vec<String> {
        let key = canonical(key);
        self.0.iter().filter(|(name, _)| *name == key).map(|(_, value)| value.clone()).collect()
    }
}

/// A key as git lists it: section and name in lower case, what is between them unchanged (git-config(1)).
fn canonical(key: &str) -> String {
    match (key.split_once('.'), key.rsplit_once('.')) {
        (Some((section, _)), Some((above, name))) => {
            let (section, below) = (section.to_ascii_lowercase(), &above[section.len()..]);
            format!("{section}{below}.{}", name.to_ascii_lowercase())
        }
        _ => key.to_ascii_lowercase(),
    }
}

/// Where a folder lies in its repository, as real paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    /// Top of the worktree.
    pub(crate) top: PathBuf,
    /// The worktree's own git dir.
    pub(crate) git_dir: PathBuf,
    /// The git dir that all worktrees share.
    pub(crate) common_dir: PathBuf,
}

/// Longer than any path.
const PATH_LIMIT: usize = 64 * 1024;

/// The path of a worktree's `.git`, which its own git dir keeps in `gitdir`. The whole file is the path, as git reads
/// it, since a path may contain line ends.
pub fn worktree_of(git_dir: &Path) -> Result<PathBuf, FileError> {
    let content = files::read_bounded(&git_dir.join("gitdir"), PATH_LIMIT)?;
    // Since git 2.48 it is relative to the git dir if `worktree.useRelativePaths` is set.
    Ok(git_dir.join(os_string(content.trim_ascii_end())))
}

#[cfg(test)]
mod tests {
    use super::{Values, canonical};

    #[test]
    fn a_value_is_found_whatever_the_case_of_its_name() {
        assert_eq!(canonical("user.signingKey"), "user.signingkey");
        assert_eq!(canonical("URL.https://GitHub.com/x.y.insteadOf"), "url.https://GitHub.com/x.y.insteadof");
        let values = Values(vec![("core.bare".into(), "a".into()), ("core.bare".into(), "b".into())]);
        assert_eq!(values.of("core.Bare"), ["a", "b"]);
        assert!(values.of("core.worktree").is_empty());
    }
}
