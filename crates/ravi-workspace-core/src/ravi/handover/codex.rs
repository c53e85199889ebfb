//! What Codex is told about a workspace when it starts a thread there.

use serde_json::{Map, Value};

use super::Workspace;
use crate::codex::CodexProfile;
use crate::error::Result;
use crate::handover::Environment;

/// Codex adds what is below this key to the environment of an agent's commands, after everything else.
const SET: &str = "shell_environment_policy.set";

impl Workspace {
    /// Returns the `config` object for `thread/start`, `thread/resume` and `thread/fork` of Codex's app-server.
    ///
    /// It has author and committer, the identity's id, and PATH with the folder of helper programs first. It turns
    /// login shells off, because their profile sets PATH again. It has no secret; and it takes the person's keys and
    /// tokens, which the server may have inherited, away from the agent's commands.
    ///
    /// Send it with all three. A thread that is resumed or forked without it falls back to the environment of the
    /// server, and a thread that is already loaded keeps what it had (observed with Codex 0.169.0).
    ///
    /// # Errors
    /// A folder cannot be in PATH (`exec.path_colon`).
    pub fn codex_thread_config(&self) -> Result<Value> {
        let mut config = Map::new();
        let Environment { env, unset, .. } = self.environment();
        for (name, value) in env {
            config.insert(format!("{SET}.{name}"), Value::String(value));
        }
        // The server passes on all of its environment except the names that are set here, and writes it to a file that
        // all users can read. Empty, because for a thread a value can be replaced but not removed.
        for name in unset {
            config.insert(format!("{SET}.{name}"), Value::String(String::new()));
        }
        // Codex restores what is set here after a login shell's profile, but only once it has examined the profile. A
        // command before that (on a busy machine, the first ones) would have the profile's PATH, and be the person to
        // gh and ravi.
        config.insert("allow_login_shell".to_owned(), Value::Bool(false));
        if let Some(path) = self.path()? {
            config.insert(format!("{SET}.PATH"), Value::String(path.to_string_lossy().into_owned()));
        }
        Ok(Value::Object(config))
    }

    /// Returns the permission profile of this workspace, as things are now.
    ///
    /// A workspace that is added later is not in it, so ask for it whenever a thread is started. Asks Ravi nothing.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn codex_profile(&self) -> Result<CodexProfile> {
        let others = self.others().await?;
        let name = format!("ravi-{}-{}", slug::slugify(self.id()), &self.nonce()[..8]);
        Ok(CodexProfile::of(name, self.git_dirs(), &others, &self.state_dir()))
    }
}
