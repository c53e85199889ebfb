//! The part of a child's environment that holds no secret, and how a shell adopts it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::github;
use crate::machine::shell::{fish, posix};

/// The variable from which Ravi's SDK takes a key.
pub(crate) const API_KEY: &str = "RAVI_API_KEY";

/// Set for a process that was given the tokens of the workspace with this id, so that nothing below it takes them for
/// the person's.
pub(crate) const GIVEN: &str = "RAVI_WORKSPACE_GIVEN";

/// Names and values that a workspace's processes get. Holds no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Environment {
    /// Variables to set.
    pub env: BTreeMap<String, String>,
    /// Folder to put first on PATH; `None` leaves PATH as it is.
    pub path_prepend: Option<PathBuf>,
    /// Variables to remove, because they may hold tokens and keys of the person's.
    #[serde(default)]
    pub unset: Vec<String>,
    /// Whose tokens those variables may hold and keep: the workspace's id.
    #[serde(skip)]
    pub(crate) id: String,
}

/// A shell whose language [`Environment::script`] can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// bash, and every other shell of the POSIX family.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// Returns the person's variables that a workspace's process must not have.
pub(crate) fn of_the_persons() -> Vec<String> {
    github::TOKENS.into_iter().chain([API_KEY]).map(str::to_owned).collect()
}

impl Environment {
    /// Removes the person's SSH agent too.
    pub fn without_ssh_agent(mut self) -> Environment {
        self.unset.extend(["SSH_AUTH_SOCK", "SSH_AGENT_PID"].map(str::to_owned));
        self
    }

    /// Returns commands that set all of this in `shell`, to be read with `eval`. They put the folder first on PATH only
    /// once, even if they are read again.
    pub fn script(&self, shell: Shell) -> String {
        let unset = self.unset.iter().map(|name| removal(shell, name, &self.id));
        let set = self.env.iter().map(|(name, value)| assignment(shell, name, value));
        let mut lines: Vec<String> = unset.chain(set).collect();
        if let Some(dir) = &self.path_prepend {
            lines.push(prepend(shell, &dir.to_string_lossy()));
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Returns a command that removes a variable, unless `exec` set it for this very workspace.
fn removal(shell: Shell, name: &str, id: &str) -> String {
    match shell {
        Shell::Bash | Shell::Zsh => format!("[ \"${{{GIVEN}-}}\" = {} ] || unset {name}", posix(id)),
        Shell::Fish => format!("test \"${GIVEN}\" = {}; or set -e {name}", fish(id)),
    }
}

fn assignment(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Bash | Shell::Zsh => format!("export {name}={}", posix(value)),
        Shell::Fish => format!("set -gx {name} {}", fish(value)),
    }
}

fn prepend(shell: Shell, dir: &str) -> String {
    match shell {
        Shell::Bash | Shell::Zsh => {
            let dir = posix(dir);
            format!("case \":$PATH:\" in :{dir}:*) ;; *) export PATH={dir}:\"$PATH\" ;; esac")
        }
        Shell::Fish => {
            let dir = fish(dir);
            format!("test \"$PATH[1]\" = {dir}; or set -gx PATH {dir} $PATH")
        }
    }
}
