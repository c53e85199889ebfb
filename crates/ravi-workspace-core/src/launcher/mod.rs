//! The launchers in a state folder: small scripts through which git, gh, the official CLI and hooks find a program of
//! ours, and go on finding one through upgrades, moves and removals.
//!
//! This room decides which program they start, which programs qualify, and which ledgers this user has. It must not
//! know what any of these programs does for a workspace.

mod candidate;
mod error;
mod known;
mod names;
mod probe;
mod program;
mod protocol;
mod script;
mod target;

pub use error::HelperError;
pub use known::is_known;
pub use names::{NAMES, RAVI_SWITCH, SIGNER, state_of};
pub use program::{acts_as_helper, on_path, own_name_is};
pub use protocol::{FIRST, LAUNCHED_FROM, PROBE, PROBE_SWITCH, probe_answer};
pub use script::is_launcher;
pub use target::{follow, shim_dir};

pub(crate) use known::remember;
pub(crate) use names::{DIR as SHIM_DIR, LAUNCHER};
pub(crate) use probe::{Probed, launcher as probe_launcher};
pub(crate) use target::{launcher_path, list_folders, renew, signer_path, target};
