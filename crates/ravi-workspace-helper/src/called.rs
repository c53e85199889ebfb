//! The name by which this process was called, and the arguments that are meant for that name.
//!
//! A launcher in a state folder is a script, and a script cannot choose the name under which it starts a program. So it
//! passes the name in a first argument of its own. A link to the program, as earlier versions made them, is called by
//! its name.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use ravi_workspace_core::internal::launcher::{FIRST, PROBE, PROBE_SWITCH, own_name_is, probe_answer, state_of};

/// How this process was called.
#[derive(Debug)]
pub(crate) struct Called {
    name: OsString,
    /// Without those that carry the name.
    pub(crate) arguments: Vec<OsString>,
    /// The launcher that started us.
    pub(crate) launcher: Option<PathBuf>,
}

impl Called {
    /// Reads the arguments of this process.
    pub(crate) fn now() -> Called {
        Called::of(std::env::args_os())
    }

    fn of(mut all: impl Iterator<Item = OsString>) -> Called {
        let own = all.next().unwrap_or_default();
        let mut arguments: Vec<OsString> = all.collect();
        if arguments.first().is_some_and(|first| first == FIRST) {
            let mut said = arguments.drain(..arguments.len().min(3)).skip(1);
            let (name, launcher) = (said.next().unwrap_or_default(), said.next().map(PathBuf::from));
            drop(said);
            return Called { name, arguments, launcher };
        }
        let name = Path::new(&own).file_name().map(OsStr::to_owned).unwrap_or_default();
        Called { name, arguments, launcher: None }
    }

    /// Whether it was called by this name. A program that happens to have the name is no helper just for being called
    /// so.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Like [`is`](Called::is), except that a program which has this name itself is started as usual.
    pub(crate) fn is_other(&self, name: &str) -> bool {
        self.is(name) && (self.launcher.is_some() || !own_name_is(name))
    }

    /// Returns the state folder whose launcher started us.
    pub(crate) fn state_dir(&self) -> Option<&Path> {
        state_of(self.launcher.as_deref()?.parent()?)
    }

    /// Answers a probe, if this is one, and returns the exit code.
    pub(super) fn answer_probe(&self) -> Option<u8> {
        let asked = self.launcher.is_none() && self.is(PROBE) && std::env::args_os().nth(1).is_some_and(|a| a == FIRST);
        if !asked && std::env::var_os(PROBE_SWITCH).is_none() {
            return None;
        }
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), "{}", probe_answer());
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(arguments: &[&str]) -> Called {
        Called::of(arguments.iter().map(OsString::from))
    }

    #[test]
    fn a_launcher_says_the_name_and_a_link_is_called_by_it() {
        let by_launcher = called(&["/opt/app", "ravi-shim", "gh", "/state/bin/gh", "pr", "ravi-shim"]);
        assert!(by_launcher.is("gh") && by_launcher.arguments == ["pr", "ravi-shim"]);
        assert_eq!(by_launcher.state_dir(), Some(Path::new("/state")));
        let by_link = called(&["/state/bin/gh", "pr", "ravi-shim"]);
        assert!(by_link.is("gh") && by_link.arguments == ["pr", "ravi-shim"] && by_link.state_dir().is_none());
        let plain = called(&["/usr/bin/ravi-workspace", "list"]);
        assert!(!plain.is("gh") && plain.arguments == ["list"]);
        for short in [&["x", "ravi-shim"][..], &["x", "ravi-shim", "gh"], &["x"], &[]] {
            assert!(called(short).arguments.is_empty(), "{short:?}");
        }
    }
}
