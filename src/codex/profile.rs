//! The permission profile of a workspace: what Codex's sandbox lets an agent read and write.
//!
//! The agent may work and commit in its own worktree. It may not write what git runs or is led by (hooks, configuration,
//! the links between a worktree and its repository, other worktrees' state), and may not read other workspaces' keys, the
//! ledger, or the human's own logins. Of two entries the longer path counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Result;
use crate::handover::Workspace;
use crate::workspace::signing::SIGNERS_FILE;
use crate::workspace::{BELOW_FILE, INDEX_FILE, NOTE_FILE, RECORD_FILE, VALUES_FILE};

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
    /// Its name, to be given as `permissions` of `thread/start` or as `default_permissions`.
    pub name: String,
    /// Absolute paths, `:root` and `:tmpdir`, and what may be done there.
    pub filesystem: BTreeMap<String, CodexAccess>,
}

impl CodexProfile {
    /// As text for Codex's `config.toml`.
    pub fn toml(&self) -> String {
        let entries =
            self.filesystem.iter().map(|(path, access)| format!("{} = \"{}\"\n", quoted(path), access.word()));
        let name = &self.name;
        format!(
            "[permissions.{name}.filesystem]\n{}\n[permissions.{name}.filesystem.\":workspace_roots\"]\n\".\" = \"write\"\n",
            entries.collect::<String>()
        )
    }

    /// As an object for the `config` of a thread; makes it the thread's profile, too.
    pub fn config(&self) -> Value {
        let mut filesystem = json!(self.filesystem);
        filesystem[":workspace_roots"] = json!({ ".": "write" });
        json!({
            "default_permissions": self.name,
            "permissions": { self.name.as_str(): { "filesystem": filesystem } },
        })
    }
}

/// A basic string of TOML has the escapes of JSON, and wants one more character escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

impl Workspace {
    /// The permission profile of this workspace, as things are now: a workspace that is added later is not in it, so
    /// ask for it whenever a thread is started. Asks Ravi nothing.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn codex_profile(&self) -> Result<CodexProfile> {
        let others = self.others().await?;
        let mut profile = Entries::default();
        profile.add(":root", CodexAccess::Read);
        profile.add(":tmpdir", CodexAccess::Write);
        if let Some((git_dir, common_dir)) = self.git_dirs() {
            profile.git(git_dir, common_dir);
        }
        for path in others.iter().map(|root| root.join(".ravi")).chain(private_places()) {
            profile.path(&path, CodexAccess::Deny);
        }
        profile.path(&self.state_dir(), CodexAccess::Deny);
        let name = format!("ravi-{}-{}", slug::slugify(self.id()), &self.nonce()[..8]);
        Ok(CodexProfile { name, filesystem: profile.0 })
    }
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

    /// A commit writes objects, refs and the worktree's own state. Codex protects the git dir of the folder it works in
    /// unless both it and the shared one are named.
    fn git(&mut self, git_dir: &Path, common_dir: &Path) {
        self.path(common_dir, CodexAccess::Write);
        let theirs = ["hooks", "info", "config", "config.worktree", "worktrees", "modules"];
        for name in theirs.into_iter().chain([NOTE_FILE, RECORD_FILE, INDEX_FILE, VALUES_FILE, BELOW_FILE]) {
            self.keep(&common_dir.join(name));
        }
        self.path(git_dir, CodexAccess::Write);
        for name in ["config.worktree", "commondir", "gitdir", NOTE_FILE, VALUES_FILE, BELOW_FILE, SIGNERS_FILE] {
            let path = git_dir.join(name);
            // What is missing there is not missed by this workspace, and Codex cannot deny it below a read-only folder.
            if path.exists() {
                self.path(&path, CodexAccess::Read);
            }
        }
    }

    /// What is there may be read and not changed. What is not there must not be made; Codex's sandbox cannot make a
    /// missing file read-only, but deny it.
    fn keep(&mut self, path: &Path) {
        self.path(path, if path.exists() { CodexAccess::Read } else { CodexAccess::Deny });
    }
}

/// Where the human's own keys lie: Ravi's, and those that git and gh would use.
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
