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
mod holder;
mod home;
mod lease;
mod options;
mod place;
mod record;
mod report;
mod sign_in;
mod watch;

pub use error::CodexError;
pub use options::{CodexOptions, DEFAULT_NAME, LEASE};
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

/// The folder that Codex uses by default: that of `CODEX_HOME`, otherwise `~/.codex`. It need not exist.
///
/// # Errors
/// There is no home folder, or it is not a folder (`codex.home`).
pub fn default_home() -> Result<PathBuf, CodexError> {
    Ok(Home::find(None)?.dir().to_owned())
}
