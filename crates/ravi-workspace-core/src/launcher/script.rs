//! The launchers' text: small POSIX sh scripts, which outlive every program of ours.
//!
//! Links would be just as quick, but would lead nowhere after an upgrade, and a program that is gone cannot say so. A
//! script can: in a workspace it refuses, since the next `gh` would act as the user; elsewhere it becomes the next
//! `gh`. While there is a program, a script reads one line and becomes it, without starting another process.

use std::path::Path;

use super::names::{CLI, FOLDERS, PROGRAM};
use super::protocol::{FIRST, LAUNCHED_FROM};

/// What the second line of a launcher begins with.
const MARK: &[u8] = b"# ravi-workspace launcher:";

const TEXT: &str = include_str!("script.sh");

/// What a launcher stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Another program of this name, with the variable that makes a call a plain one.
    Shim { name: &'static str, switch: &'static str },
    /// ssh-keygen, as git calls it.
    Signer { name: &'static str },
    /// Our own program, as git's configuration and hooks call it.
    Own { name: &'static str },
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::Shim { name, .. } | Role::Signer { name } | Role::Own { name } => name,
        }
    }

    /// The text of the launcher in the folder `dir`.
    pub(super) fn text(self, dir: &Path) -> String {
        let name = self.name();
        let call = match self {
            Role::Own { .. } => "\"$@\"".to_owned(),
            _ => format!("{FIRST} {name} \"$dir/{name}\" \"$@\""),
        };
        let other = match self {
            // Older versions know these words, too.
            Role::Own { .. } => format!("exec \"$program\" {call}"),
            _ => format!("\"$program\" {FIRST} probe >/dev/null 2>&1 </dev/null && exec \"$program\" {call}"),
        };
        TEXT.replace("@START@", &self.start(&call))
            .replace("@OTHER@", &other)
            .replace("@REST@", &self.rest())
            .replace("@MISSING@", if name == "ravi" { "ravi_cli.missing" } else { "github.gh_missing" })
            .replace("@LOOP@", if name == "ravi" { "ravi_cli.loop" } else { "github.loop" })
            .replace("@FOLDERS@", FOLDERS)
            .replace("@NAME@", name)
            .replace("@DIR@", &crate::machine::shell::posix(&dir.to_string_lossy()))
    }

    /// The normal case, which is quick and starts no process.
    fn start(self, call: &str) -> String {
        let file = match self {
            Role::Own { .. } => format!(
                "{LAUNCHED_FROM}=$dir\nexport {LAUNCHED_FROM}\nfile={PROGRAM}\n[ \"$1\" != hook ] || file={CLI}"
            ),
            _ => format!("file={PROGRAM}"),
        };
        format!(
            "{file}\n{{ IFS= read -r program <\"$dir/$file\"; }} 2>/dev/null\n\
             [ -f \"$program\" ] && [ -x \"$program\" ] && exec \"$program\" {call}"
        )
    }

    fn rest(self) -> String {
        match self {
            Role::Shim { name, switch } => {
                // If the current folder is gone, the real `ravi` would fall back to the home folder.
                let lost = if name == "ravi" { " || ! pwd -P >/dev/null 2>&1" } else { "" };
                format!(
                    "if [ \"${switch}\" != off ] && {{ in_workspace{lost}; }}; then\n  \
                     gone \"and $name would act as you in this workspace\"\n  exit 1\nfi\npass_on \"$@\""
                )
            }
            // Any other use of ssh-keygen needs no key of ours.
            Role::Signer { .. } => "case \"$*\" in\n  *'-Y:sign'*) if in_workspace; then\n    \
                                    gone 'and nothing is signed as this workspace'\n    exit 1\n  fi ;;\nesac\n\
                                    unset IFS\nexec ssh-keygen \"$@\""
                .to_owned(),
            Role::Own { .. } => OWN_REST.to_owned(),
        }
    }
}

/// git is told to stop, so that nobody else's login is used. A hook does nothing, since what called it is the user's.
/// Claude Code's hook that makes a worktree replaces Claude Code's own way, so that one says why there is no worktree.
const OWN_REST: &str = "\
case \"$1:$2\" in
  git-credential:get)
    gone 'and git gets no login in this workspace'
    echo quit=1 ;;
  git-credential:*) ;;
  git-ssh:*)
    gone 'and git does not go by your ssh key in this workspace'
    exit 1 ;;
  hook:*) case \"$2:$3\" in
    git:post-checkout | dmux:worktree_created) gone 'so this worktree has no identity of its own' ;;
    claude:WorktreeCreate)
      gone 'so no worktree was made'
      exit 1 ;;
  esac ;;
  *)
    gone 'so nothing was done'
    exit 1 ;;
esac
exit 0";

/// Whether the file is one of our launchers, whichever state folder it is for.
pub fn is_launcher(path: &Path) -> bool {
    use std::io::Read as _;
    let mut begin = [0u8; 64];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut begin)).unwrap_or(0);
    let mark = begin[..read].split(|byte| *byte == b'\n').nth(1);
    mark.is_some_and(|line| line.starts_with(MARK))
}
