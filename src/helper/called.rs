//! As what this process was called: the name that others know it by, and the arguments that are meant for that name.
//!
//! A launcher in a state folder ([`super::launcher`]) is a script, and a script cannot choose the name that it starts a
//! program by. It says it in a first argument of its own. A link to the program, as earlier versions made them, is called
//! by its name.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::program::own_name_is;

/// The first argument that a launcher begins with; then follow the name, the launcher itself, and what it was given.
pub(crate) const FIRST: &str = "ravi-shim";

/// Set by the launcher of our own program to the folder that it lies in. It hands the arguments on as they are, since older
/// versions know no others.
pub(crate) const LAUNCHED_FROM: &str = "RAVI_WORKSPACE_LAUNCHED_FROM";

/// The name of no program: whether we run, and in which version.
pub(super) const PROBE: &str = "probe";

/// Set for a launcher, it answers as [`PROBE`] does in place of acting.
pub(crate) const PROBE_SWITCH: &str = "RAVI_WORKSPACE_PROBE";

/// What a probe is answered, before the version.
const ANSWER: &str = "ravi-shim ";

/// How this process was called.
#[derive(Debug)]
pub(crate) struct Called {
    name: OsString,
    /// Without those that say the name.
    pub(crate) arguments: Vec<OsString>,
    /// The launcher that started us.
    pub(crate) launcher: Option<PathBuf>,
}

impl Called {
    /// From the arguments of this process.
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

    /// Whether it was called by this name. A program that has the name itself is no helper for being called so.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The same, where a program that has the name itself is started as ever.
    pub(crate) fn is_other(&self, name: &str) -> bool {
        self.is(name) && (self.launcher.is_some() || !own_name_is(name))
    }

    /// The state folder whose launcher started us.
    pub(crate) fn state_dir(&self) -> Option<&Path> {
        super::names::state_of(self.launcher.as_deref()?.parent()?)
    }

    /// Answers a probe, where this is one: the exit code.
    pub(super) fn answer_probe(&self) -> Option<u8> {
        let asked = self.launcher.is_none() && self.is(PROBE) && std::env::args_os().nth(1).is_some_and(|a| a == FIRST);
        if !asked && std::env::var_os(PROBE_SWITCH).is_none() {
            return None;
        }
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), "{ANSWER}{}", super::candidate::own_version());
        Some(0)
    }
}

/// The version that a program of ours answered a probe with.
pub(crate) fn probed_version(answer: &str) -> Option<&str> {
    answer.lines().next()?.strip_prefix(ANSWER)
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
