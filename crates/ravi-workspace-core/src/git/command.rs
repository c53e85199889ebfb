//! The one way in which this program starts git.
//!
//! A repository is somebody else's text, and may have come out of an archive together with its git dir. So git is
//! started without hooks and file-system monitor, without the variables that would point it elsewhere, and without a
//! prompt of its own, a pager or an editor. If it only answers a question, it fetches nothing either: in a partial clone, git
//! would run the repository's ssh command for that.
//!
//! Making a worktree runs filters and may fetch, as every checkout does: without filters, files in Git LFS would be
//! pointers. They are given none of Ravi's keys. Hooks do not run there either; Claude Code, in whose place one of our
//! hooks makes a worktree, turns them off as well. A test makes sure that nothing else here starts git.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::machine::process::output_within;

/// What git is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It answers a question, or changes configuration.
    Ask,
    /// The same, but the question is which hooks git would run. None are run for it.
    AskHooks,
    /// It makes or removes a worktree.
    Checkout,
}

/// Variables that make git work on another repository than that of the folder it is run in, or on a part of another one
/// (`git rev-parse --local-env-vars`, apart from those that carry configuration; git(1)).
pub(crate) const ELSEWHERE: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Variables that change what git reads, prints and starts. Not those that name the person's own configuration
/// (`GIT_CONFIG_GLOBAL`, `GIT_CONFIG_SYSTEM`): the agent's git obeys them too.
const OTHERWISE: &[&str] = &[
    // A folder in a repository would be taken for one outside any.
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_EXTERNAL_DIFF",
    // Pathspecs would mean something else. With the literal one, which Magit sets, "is it tracked?" is always answered
    // with no.
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
];

/// Traces go to standard error, whose first line is the error that we show.
const TRACES: &str = "GIT_TRACE";

/// The command for git in `folder`.
pub fn git_in(folder: &Path, purpose: Purpose) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).stdin(Stdio::null());
    for name in ELSEWHERE.iter().chain(OTHERWISE) {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(TRACES)) {
        command.env_remove(name);
    }
    without_keys(&mut command);
    // No password is asked for by git itself. An askpass program or ssh may ask, but only a checkout fetches.
    command.env("GIT_TERMINAL_PROMPT", "0");
    // A question must not hold the index's lock when the agent's own git wants it.
    command.env("GIT_OPTIONAL_LOCKS", "0");
    // Whatever core.pager names is not started, not even with a terminal.
    command.env("GIT_PAGER", "cat");
    // A command that wants a text fails instead of waiting.
    command.env("GIT_EDITOR", "false");
    if purpose == Purpose::Checkout {
        // Filters inherit these, and LC_ALL would change the encoding they work in. No message of a checkout is parsed.
        command.env_remove("LC_ALL").env_remove("LANGUAGE").env("LC_MESSAGES", "C");
    } else {
        // Two messages are known by their English text.
        command.env("LC_ALL", "C");
        // git 2.45 and newer fetch nothing then. For older ones: there is no protocol of this name (git(1),
        // `GIT_ALLOW_PROTOCOL`).
        command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none");
    }
    // No hook and no daemon. Empty, not "false": git before 2.36 takes the value for the path of a program.
    command.args(["-c", "core.fsmonitor="]);
    // There is nothing below /dev/null, so no hook is found. `AskHooks` wants to see the real value.
    if purpose != Purpose::AskHooks {
        command.args(["-c", "core.hooksPath=/dev/null"]);
    }
    command
}

/// How long a question may take: a repository may be on a slow disk, or hold a file that git waits for indefinitely.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// The limit for a while after git failed to answer: a command that asks a dozen times must not take a dozen times as
/// long.
const LITTLE_PATIENCE: Duration = Duration::from_secs(2);
const WHILE: Duration = Duration::from_secs(60);

/// Asks git something, within the time limit.
pub fn asked(command: &mut Command) -> io::Result<Output> {
    static UNANSWERED: Mutex<Option<Instant>> = Mutex::new(None);
    let last = || UNANSWERED.lock().unwrap_or_else(PoisonError::into_inner);
    let patience = match *last() {
        Some(at) if at.elapsed() < WHILE => LITTLE_PATIENCE,
        _ => PATIENCE,
    };
    let output = output_within(command, patience);
    if output.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::TimedOut) {
        *last() = Some(Instant::now());
    }
    output
}

/// Removes every one of Ravi's keys from a program's environment, since what it starts may belong to a repository.
pub(crate) fn without_keys(command: &mut Command) {
    let is_key = |name: &OsStr, value: &OsStr| {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        name == "RAVI_API_KEY" || ["ravi_mgmt_", "ravi_id_"].iter().any(|begin| value.contains(begin))
    };
    for (name, _) in std::env::vars_os().filter(|(name, value)| is_key(name, value)) {
        command.env_remove(name);
    }
    // The folder of systemd's credentials holds the key in a file.
    command.env_remove("CREDENTIALS_DIRECTORY");
}
