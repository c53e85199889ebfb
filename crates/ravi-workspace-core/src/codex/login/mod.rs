//! Custody of a Codex login: it is kept in the vault of the host identity, and on one machine at a time.
//!
//! Codex's refresh tokens can be used only once. If two copies of one login are both used, neither survives: the second
//! one to be refreshed is refused, and its agents are logged out. So the stored record names the one machine that may
//! use it (`record`), every rotation goes to the vault as soon as Codex has written it (`watch`), and one that cannot
//! go there yet waits, sealed, in the ledger. What Codex does with its file was found out with Codex 0.169.0;
//! tests/engine/codex_rotation.rs runs it. This room must not know Tauri, the command line, or how an app talks to its
//! app-servers.

mod auth;
mod clock;
mod custody;
mod error;
mod home;
mod lease;
mod place;
mod record;
mod report;
mod sign_in;
mod watch;

pub use error::CodexError;
pub use report::{
    AuthStatus, CodexEvent, CodexFile, CodexHealth, CodexHolder, CodexLogin, CodexMode, CodexRestored, CodexSaved,
    CodexState, CodexStatus, CodexStored, CodexWatched, WatchEnd,
};
pub(crate) use sign_in::SignIn;

pub(crate) use clock::Clock;
pub(crate) use custody::Custody;
pub(crate) use home::Home;
pub(crate) use place::Place;
pub(crate) use record::Me;
pub(crate) use sign_in::run as sign_in;
pub(crate) use watch::{BEAT, Pulse};

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

/// The folder that Codex uses by default: that of `CODEX_HOME`, otherwise `~/.codex`. It need not exist.
///
/// # Errors
/// There is no home folder, or it is not a folder (`codex.home`).
pub fn default_home() -> Result<PathBuf, CodexError> {
    Ok(Home::find(None)?.dir().to_owned())
}
