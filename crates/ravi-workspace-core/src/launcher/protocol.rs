//! How a launcher tells the program it starts what it was called as, and how a program is asked whether it would act.
//!
//! A launcher is a script, and a script cannot choose the name under which it starts a program. So it passes the name
//! in an extra first argument.

/// The first argument that a launcher passes, followed by the name, the launcher itself, and its own arguments.
pub const FIRST: &str = "ravi-shim";

/// Set by the launcher of our own program to the folder it is in. It passes the arguments on unchanged, since older
/// versions know no others.
pub const LAUNCHED_FROM: &str = "RAVI_WORKSPACE_LAUNCHED_FROM";

/// A name that belongs to no program: asks whether we run, and in which version.
pub const PROBE: &str = "probe";

/// Makes a launcher answer as [`PROBE`] does instead of acting.
pub const PROBE_SWITCH: &str = "RAVI_WORKSPACE_PROBE";

/// What the answer to a probe begins with, before the version.
const ANSWER: &str = "ravi-shim ";

/// This program's answer to a probe.
pub fn probe_answer() -> String {
    format!("{ANSWER}{}", super::candidate::own_version())
}

/// The version in a program's answer to a probe.
pub(super) fn probed_version(answer: &str) -> Option<&str> {
    answer.lines().next()?.strip_prefix(ANSWER)
}
