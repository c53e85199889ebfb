//! Which git this is, and what it can do.
//!
//! git's minimum version differs from feature to feature, so each is checked where it is asked for, before anything is
//! done. A refusal is never given from memory: git may be updated while an app runs.

use std::fmt;
use std::path::Path;
use std::process::Output;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Git;
use super::error::GitError;

/// What some git cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    /// Worktrees with a configuration of their own. Everything else that a workspace needs is older.
    Workspaces,
    /// Values from `GIT_CONFIG_COUNT`.
    CountedValues,
    /// `gpg.format = ssh`. To an older git that is an error in every command that may sign or show a signature.
    SshSignatures,
    /// `user.signingKey = key::…`, which 2.34 takes for the name of a file.
    MarkedKeys,
    /// A credential helper that is asked again, within one command, if what it gave was refused.
    SecondAnswer,
}

impl Feature {
    /// The first version that has it, from git's release notes.
    fn since(self) -> (Version, &'static str) {
        match self {
            Feature::Workspaces => (Version(2, 20), "2.20"),
            Feature::CountedValues => (Version(2, 31), "2.31"),
            Feature::SshSignatures => (Version(2, 34), "2.34"),
            Feature::MarkedKeys => (Version(2, 35), "2.35"),
            Feature::SecondAnswer => (Version(2, 46), "2.46"),
        }
    }

    /// The first version that has it.
    pub(crate) fn needs(self) -> &'static str {
        self.since().1
    }

    /// What a git without it cannot do.
    fn words(self) -> &'static str {
        match self {
            Feature::Workspaces => "have workspaces",
            Feature::CountedValues => "read values from GIT_CONFIG_COUNT",
            Feature::SshSignatures => "sign commits with a workspace's own key (--sign)",
            Feature::MarkedKeys => "read a public key that is marked as one",
            Feature::SecondAnswer => "ask for a replaced token again within the same command",
        }
    }
}

/// What a person notices the lack of; the rest is done in another way with an older git.
const NOTICED: [Feature; 2] = [Feature::SshSignatures, Feature::SecondAnswer];

/// A version's first two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

impl Version {
    fn parse(text: &str) -> Option<Version> {
        let mut parts = text.split(['.', ' ', '-']);
        Some(Version(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

/// The git that is first on PATH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    version: Version,
    text: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Found {
    /// Whether it can do this.
    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.version >= feature.since().0
    }

    /// What it cannot do, in words, with the version that can.
    pub(crate) fn lacks(&self) -> Vec<String> {
        let lacking = NOTICED.into_iter().filter(|feature| !self.has(*feature));
        lacking.map(|feature| format!("{} ({} or newer)", feature.words(), feature.needs())).collect()
    }

    fn of(output: &Output) -> Result<Found, GitError> {
        let said = String::from_utf8_lossy(&output.stdout);
        let text = said.lines().find_map(|line| line.strip_prefix("git version ")).map(str::trim);
        match text.filter(|_| output.status.success()).and_then(|text| Some((text, Version::parse(text)?))) {
            Some((text, version)) => Ok(Found { version, text: text.to_owned() }),
            None => Err(GitError::Broken { message: complaint(output) }),
        }
    }
}

/// The last git that was found and that workspaces can be set up with.
struct Known(Mutex<Option<Found>>);

static KNOWN: Known = Known(Mutex::new(None));

impl Known {
    fn last(&self) -> MutexGuard<'_, Option<Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self, ask: impl Fn() -> Result<Found, GitError>) -> Result<Found, GitError> {
        let last = self.last().clone();
        last.map_or_else(|| self.again(ask), Ok)
    }

    fn again(&self, ask: impl Fn() -> Result<Found, GitError>) -> Result<Found, GitError> {
        let found = ask()?;
        *self.last() = Some(found.clone()).filter(|found| found.has(Feature::Workspaces));
        Ok(found)
    }

    /// Looks for a git with the feature: the last one, or else the one that is there now.
    fn with(&self, feature: Feature, ask: impl Fn() -> Result<Found, GitError>) -> Result<Found, GitError> {
        let found = self.found(&ask)?;
        if found.has(feature) { Ok(found) } else { self.again(ask) }
    }
}

fn ask() -> Result<Found, GitError> {
    Found::of(&Git::at(Path::new("/")).output(&["--version"])?)
}

/// Returns what git is there. One that workspaces can be set up with is remembered.
pub(crate) fn found() -> Result<Found, GitError> {
    KNOWN.found(ask)
}

/// Refuses a git that no workspace can be set up with.
pub(crate) fn check_version() -> Result<(), GitError> {
    let found = found()?;
    match found.has(Feature::Workspaces) {
        true => Ok(()),
        false => Err(GitError::TooOld { found: found.text, needed: Feature::Workspaces.needs() }),
    }
}

/// Refuses a git that cannot do what somebody asks for.
pub(crate) fn check(feature: Feature) -> Result<(), GitError> {
    let found = KNOWN.with(feature, ask)?;
    if found.has(feature) {
        return Ok(());
    }
    Err(GitError::Lacks { found: found.text, what: feature.words(), needed: feature.needs() })
}

/// What a git said that did not tell its version, in one line.
fn complaint(output: &Output) -> String {
    let texts = [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes));
    let mut lines = texts.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty());
    match lines.next() {
        Some(line) => line.chars().filter(|c| !c.is_control()).take(300).collect(),
        None => format!("it says nothing ({})", output.status),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;
    use crate::error::Explain as _;

    fn said(code: i32, stdout: &str, stderr: &str) -> Result<Found, GitError> {
        let status = ExitStatus::from_raw(code << 8);
        Found::of(&Output { status, stdout: stdout.into(), stderr: stderr.into() })
    }

    #[test]
    fn versions_of_all_builds_are_read() {
        for (text, version) in [
            ("2.47.3", Version(2, 47)),
            ("2.39.5 (Apple Git-154)", Version(2, 39)),
            ("2.20.0-rc1", Version(2, 20)),
            ("2.54.0.windows.1", Version(2, 54)),
        ] {
            let found = said(0, &format!("git version {text}\n"), "").unwrap();
            assert_eq!((found.version, found.to_string().as_str()), (version, text));
        }
    }

    #[test]
    fn each_feature_begins_with_the_version_that_brought_it() {
        let can = |text: &str| {
            let found = said(0, &format!("git version {text}"), "").unwrap();
            let all = [Feature::Workspaces, Feature::CountedValues, Feature::SshSignatures, Feature::MarkedKeys];
            all.map(|feature| found.has(feature))
        };
        assert_eq!(can("2.19.9"), [false, false, false, false]);
        assert_eq!(can("2.30.2"), [true, false, false, false]);
        assert_eq!(can("2.33.8"), [true, true, false, false]);
        assert_eq!(can("2.34.1"), [true, true, true, false]);
        assert_eq!(can("2.35.0"), [true, true, true, true]);
        assert_eq!(can("3.0.0"), [true, true, true, true]);
        for feature in [Feature::Workspaces, Feature::CountedValues, Feature::SshSignatures, Feature::SecondAnswer] {
            assert_eq!(Version::parse(feature.needs()), Some(feature.since().0), "{feature:?}");
        }
    }

    #[test]
    fn neither_a_failure_nor_a_refusal_comes_from_memory() {
        let known = Known(Mutex::new(None));
        let git = |version: &str| said(0, &format!("git version {version}"), "");
        let never = || -> Result<Found, GitError> { panic!("it is known") };
        assert!(known.found(|| said(1, "", "xcode-select: note")).is_err());
        assert!(!known.found(|| git("2.19.6")).unwrap().has(Feature::Workspaces));
        assert!(known.found(|| git("2.30.2")).unwrap().has(Feature::Workspaces), "it was put right");
        assert_eq!(known.found(never).unwrap().to_string(), "2.30.2");
        assert!(!known.with(Feature::SshSignatures, || git("2.30.2")).unwrap().has(Feature::SshSignatures));
        assert!(known.with(Feature::SshSignatures, || git("2.47.3")).unwrap().has(Feature::SshSignatures), "updated");
        assert!(known.with(Feature::SshSignatures, never).is_ok());
    }

    #[test]
    fn a_git_that_fails_is_not_called_old() {
        let apple =
            "xcode-select: note: no developer tools were found at '/Applications/Xcode.app', requesting install.";
        for (code, stdout, stderr, told) in [
            (1, "", apple, apple),
            (127, "", "\ngit: error while loading shared libraries\n", "git: error while loading shared libraries"),
            (0, "usage: git\n", "", "usage: git"),
            (2, "git version 2.47.3\n", "", "git version 2.47.3"),
            (3, "", "", "it says nothing (exit status: 3)"),
        ] {
            let error = said(code, stdout, stderr).unwrap_err();
            assert_eq!(error.code(), "workspace.git_broken");
            assert_eq!(error.to_string(), format!("git does not work: {told}"));
        }
    }
}
