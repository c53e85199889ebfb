//! Gives every agent workspace of a desktop app its own [Ravi](https://ravi.id) identity, and keeps the app's secrets
//! out of plaintext files.
//!
//! This is the engine: it knows no window, and reads no arguments and no standard input. Its one handle is [`Ravi`],
//! held by a headless daemon, by the Tauri plugin (`tauri-plugin-ravi`, which re-exports all of this) and by the
//! program `ravi-workspace`.
//!
//! # A daemon or library
//!
//! ```no_run
//! # async fn example() -> ravi_workspace_core::Result<()> {
//! use ravi_workspace_core::{Config, ProvisionRequest, Ravi};
//!
//! let ravi = Ravi::open(Config::default().with_env()?)?;
//! let token = ravi.secrets().get("CODEX_MONITOR_DAEMON_TOKEN").await?;
//!
//! let request = ProvisionRequest::new("/repo/worktrees/payments", "w1", "payments agent");
//! let provisioned = ravi.workspaces().provision(request, |step| println!("{step:?}")).await?;
//! println!("{}", provisioned.identity.email);
//! # drop(token);
//! # Ok(())
//! # }
//! ```
//!
//! # What to know
//!
//! * **Every call may be repeated**, by several processes at once: one does the work, and all get its result. Before
//!   each outside effect, its intent is in the ledger; after a crash, the same call continues from there.
//! * **Errors** are [`Error`]: a stable [`code`](Error::code), a message that names the cause, and the next step as
//!   [`hint`](Error::hint). `docs/errors.md` in the repository lists them all.
//! * **Secrets** are `SecretString` from the moment they arrive: never in `Debug`, logs, events or error texts.
//! * **Times** are Unix milliseconds in names that end in `_ms`, seconds in `_s`.
//! * **When Ravi is out of reach**, secrets that were read before are still served, see
//!   [`ravi.secrets().read`](crate::handle::Secrets::read); keys that have to be revoked are owed until that is done. A
//!   long-running program spawns [`Ravi::tend`] once; the plugin does so.
//!
//! # Features
//!
//! Without any feature there are secrets, settings files, and workspaces with their identity, key, git author and
//! GitHub login. There is a feature for whatever brings dependencies.
//!
//! | feature | gives |
//! |---|---|
//! | `full` | all of the following |
//! | `codex` | custody of a Codex login, and what Codex is told about a workspace ([`codex`]) |
//! | `hooks` | the hooks of dmux, Claude Code, Jean and git ([`hooks`]) |
//! | `inbox` | messages of workspaces, codes and links in them, logins at websites ([`inbox`]) |
//! | `keychain` | the machine key in the system's keychain |
//! | `live` | messages at once, over Ravi's event socket; brings `inbox` |
//! | `seal` | the app's secrets sealed end to end |
//! | `sign` | commits signed with a key of the workspace's own |
//!
//! What is left out says so when it is needed: `seal.not_built` for a sealed vault, `sign.not_built` for a workspace
//! that should sign, and to a page `inbox.not_built`, `codex.not_built` or `seal.not_built` for a command of the
//! plugin. `docs/features.md` in the repository says what each feature costs.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Without a feature, code that only its rooms call is dead, and links to them lead nowhere. A build with all features
// is checked.
#![cfg_attr(not(feature = "full"), allow(dead_code, unused_imports, rustdoc::broken_intra_doc_links))]

pub mod account;
pub mod audit;
pub mod bundle;
#[cfg(feature = "codex")]
pub mod codex;
pub mod codex_monitor;
pub mod config;
pub mod doctor;
pub mod github;
pub mod handover;
#[cfg(feature = "hooks")]
pub mod hooks;
#[cfg(feature = "inbox")]
pub mod inbox;
#[doc(hidden)]
pub mod internal;
pub mod policy;
pub mod vault;
pub mod workspace;

mod git;
mod launcher;
mod ledger;
mod machine;
mod messages;
mod model;
mod ravi;

pub use ravi_api as api;
pub use ravi_error as error;

pub use config::{Config, FollowedApp, KeyInTree, Keychain, PoolReuse, Signatures, Start};
pub use error::{Error, ErrorBody, Result};
pub use handover::Environment;
pub use launcher::HelperError;
pub use ledger::Ending;
pub use machine::files;
pub use machine::keychain::KeychainError;
pub use machine::places::PlaceError;
pub use ravi::handle;
pub use ravi::{
    Handover, Power, PowerStatus, Ravi, Renewed, SecretWatch, Settings, TokenSet, UndoReport, Workspace,
    WorkspaceEvent, WorkspaceWatch,
};
/// The type of every secret, re-exported so that a caller needs no dependency of its own to read one.
pub use secrecy::{self, ExposeSecret, SecretString};
pub use workspace::{Progress, ProvisionRequest, Provisioned, Released, WorkspaceSummary};
