//! The permission profile of a workspace: what Codex's sandbox lets an agent read and write.
//!
//! The agent may work and commit in its own worktree. It may not write what git runs or is directed by (hooks,
//! configuration, the links between a worktree and its repository, other worktrees' state), and may not read other
//! workspaces' keys, the ledger, or the user's own logins. Of two entries, the one with the longer path counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::workspace::NOTE_FILE;
use crate::workspace::signing::SIGNERS_FILE;
use crate::workspace::{BELOW_FILE, INDEX_FILE, RECORD_FILE, VALUES_FILE};

/// What an entry of a profile allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodexAccess {
    /// Read and write.
    Write,
    /// Read only.
    Read,
    /// Neither.
    Deny,
}

impl CodexAccess {
    fn word(self) -> &'static str {
        match self {
            CodexAccess::Write => "write",
            CodexAccess::Read => "read",
            CodexAccess::Deny => "deny",
        }
    }
}

/// A permission profile for Codex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodexProfile {
    /// Its name, to be passed as `permissions` of `thread/start` or as `default_permissions`.
    pub name: String,
    /// Absolute paths, `:root` and `:tmpdir`, with what is allowed there.
    pub filesystem: BTreeMap<String, CodexAccess>,
}

impl CodexProfile {
    /// The profile of a workspace whose own and shared git dirs are `git_dirs`, with the folders `others` as further
    /// workspaces.
    pub(crate) fn of(
        name: String,
        git_dirs: Option<(&Path, &Path)>,
        others: &[PathBuf],
        state_dir: &Path,
    ) -> CodexProfile {
        let mut profile = Entries::default();
        profile.add(":root", CodexAccess::Read);
        profile.add(":tmpdir", CodexAccess::Write);
        if let Some((git_dir, common_dir)) = git_dirs {
            profile.git(git_dir, common_dir);
        }
        for path in others.iter().map(|root| root.join(".ravi")).chain(private_places()) {
            profile.path(&path, CodexAccess::Deny);
        }
        profile.path(state_dir, CodexAccess::Deny);
        CodexProfile { name, filesystem: profile.0 }
    }

    /// The profile as text for Codex's `config.toml`.
    pub fn toml(&self) -> String {
        let entries =
            self.filesystem.iter().map(|(path, access)| format!("{} = \"{}\"\n", quoted(path), access.word()));
        let name = &self.name;
        format!(
            "[permissions.{name}.filesystem]\n{}\n[permissions.{name}.filesystem.\":workspace_roots\"]\n\".\" = \"write\"\n",
            entries.collect::<String>()
        )
    }

    /// The profile as an object for the `config` of a thread, which also makes it the thread's profile.
    pub fn config(&self) -> Value {
        let mut filesystem = json!(self.filesystem);
        filesystem[":workspace_roots"] = json!({ ".": "write" });
        json!({
            "default_permissions": self.name,
            "permissions": { self.name.as_str(): { "filesystem": filesystem } },
        })
    }
}

/// A TOML basic string has the same escapes as JSON, and one more character that must be escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[derive(Default)]
struct Entries(BTreeMap<String, CodexAccess>);

impl Entries {
    fn add(&mut self, place: &str, access: CodexAccess) {
        self.0.insert(place.to_owned(), access);
    }

    fn path(&mut self, path: &Path, access: CodexAccess) {
        self.add(&path.to_string_lossy(), access);
    }

    /// Allows what a commit needs: it writes objects, refs and the worktree's own state. Codex protects the git dir of
    /// the folder it works in unless both that and the shared one are named.
    fn git(&mut self, git_dir: &Path, common_dir: &Path) {
        self.path(common_dir, CodexAccess::Write);
        let theirs = ["hooks", "info", "config", "config.worktree", "worktrees", "modules"];
        for name in theirs.into_iter().chain([NOTE_FILE, RECORD_FILE, INDEX_FILE, VALUES_FILE, BELOW_FILE]) {
            self.keep(&common_dir.join(name));
        }
        self.path(git_dir, CodexAccess::Write);
        for name in ["config.worktree", "commondir", "gitdir", NOTE_FILE, VALUES_FILE, BELOW_FILE, SIGNERS_FILE] {
            let path = git_dir.join(name);
            // This workspace does not need what does not exist there, and Codex cannot deny it below a read-only
            // folder.
            if path.exists() {
                self.path(&path, CodexAccess::Read);
            }
        }
    }

    /// Makes what exists read-only, and keeps what does not exist from being created. Codex's sandbox cannot make a
    /// missing file read-only, but it can deny it.
    fn keep(&mut self, path: &Path) {
        self.path(path, if path.exists() { CodexAccess::Read } else { CodexAccess::Deny });
    }
}

/// Where the user's own keys are: Ravi's, and those that git and gh would use.
fn private_places() -> Vec<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let home = etcetera::home_dir().ok();
    let config = folder("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let gh = folder("GH_CONFIG_DIR").or_else(|| config.as_ref().map(|config| config.join("gh")));
    let in_home = [".ravi", ".git-credentials", ".netrc"];
    let in_home = home.iter().flat_map(|home| in_home.map(|name| home.join(name)));
    let of_git = config.iter().map(|config| config.join("git/credentials"));
    in_home.chain(of_git).chain(gh).filter(|path| path.is_absolute()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted() {
        let entry = ("/a \"b\"\\\u{7f}/ü".to_owned(), CodexAccess::Deny);
        let profile = CodexProfile { name: "ravi-x".into(), filesystem: BTreeMap::from([entry]) };
        assert!(profile.toml().contains("\"/a \\\"b\\\"\\\\\\u007f/ü\" = \"deny\"\n"), "{}", profile.toml());
    }
}
