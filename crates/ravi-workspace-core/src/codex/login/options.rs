//! Which login is meant, and how it is kept.

use std::path::PathBuf;
use std::time::Duration;

/// Default name of the secret that holds the login.
pub const DEFAULT_NAME: &str = "CODEX_SESSION_TOKEN";

/// How long a login belongs to a machine that is no longer heard of. A watcher renews it long before that.
pub const LEASE: Duration = Duration::from_secs(6 * 3600);

/// Which login, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodexOptions {
    /// `CODEX_HOME`; by default the variable of that name, otherwise `~/.codex`.
    pub home: Option<PathBuf>,
    /// Name of the secret that holds the login; default [`DEFAULT_NAME`]. Several accounts need several names.
    pub name: Option<String>,
    /// Take the login from the machine that has it. A watcher there hands it over; one that does not answer is passed
    /// over only with `force`.
    pub take_over: bool,
    /// Go on even if another account, or a newer login, would be overwritten.
    pub force: bool,
    /// How long the login belongs to this machine after it was last heard of; default [`LEASE`].
    pub lease: Option<Duration>,
    /// How long a take-over waits for the other machine's watcher; 90 s at most and by default.
    pub patience: Option<Duration>,
    /// How often a watcher checks whether another machine wants the login; default 30 s.
    pub look_every: Option<Duration>,
}
