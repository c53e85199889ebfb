//! The `config` of a Codex thread.

use serde_json::{Map, Value};

use crate::error::Result;
use crate::handover::{Environment, Workspace};

/// Codex adds what is below this key to the environment of an agent's commands, after everything else.
const SET: &str = "shell_environment_policy.set";

impl Workspace {
    /// The `config` object for `thread/start`, `thread/resume` and `thread/fork` of Codex's app-server: author and
    /// committer, the identity's id, and PATH with the folder of helper programs first, kept from login shells, whose
    /// profile sets PATH anew. No secret; and the person's keys and tokens, which the server may have inherited, are taken
    /// from the agent's commands.
    ///
    /// It must be sent with all three. A thread that is resumed or forked without it falls back to the environment of
    /// the server, and a thread that is loaded already keeps what it had (observed with Codex 0.169.0).
    ///
    /// # Errors
    /// A folder cannot stand in PATH (`exec.path_colon`).
    pub fn codex_thread_config(&self) -> Result<Value> {
        let mut config = Map::new();
        let Environment { env, unset, .. } = self.environment();
        for (name, value) in env {
            config.insert(format!("{SET}.{name}"), Value::String(value));
        }
        // The server hands all of its environment on, and writes it to a file that all users can read, but for the
        // names that are set here. Empty, because a value can be replaced for a thread and not be taken out.
        for name in unset {
            config.insert(format!("{SET}.{name}"), Value::String(String::new()));
        }
        // Codex gives a login shell back what is set here, but only once it has looked at what the profile does; a command
        // before that, on a busy machine the first ones, would have the profile's PATH, and be the person to gh and ravi.
        config.insert("allow_login_shell".to_owned(), Value::Bool(false));
        if let Some(path) = self.path()? {
            config.insert(format!("{SET}.PATH"), Value::String(path.to_string_lossy().into_owned()));
        }
        Ok(Value::Object(config))
    }
}
