//! The part of a child's environment that holds no secret, and how a shell takes it over.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Names and values that a workspace's processes get. Holds no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Environment {
    /// Variables to set.
    pub env: BTreeMap<String, String>,
    /// Folder to put first on PATH; `None`: PATH stays as it is.
    pub path_prepend: Option<PathBuf>,
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

impl Environment {
    /// Commands that set all of it in `shell`, to be read with `eval`. The folder is put first on PATH once, also when
    /// the commands are read again.
    pub fn script(&self, shell: Shell) -> String {
        let mut lines: Vec<String> = self.env.iter().map(|(name, value)| assignment(shell, name, value)).collect();
        if let Some(dir) = &self.path_prepend {
            lines.push(prepend(shell, &dir.to_string_lossy()));
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
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

/// In single quotes nothing is special but the quote itself.
pub(crate) fn posix(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// fish knows `\'` and `\\` within single quotes.
fn fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}
