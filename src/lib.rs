//! Gives every agent workspace of a desktop app its own [Ravi](https://ravi.id) identity, and keeps the app's secrets out
//! of plaintext files.
//!
//! One crate serves three kinds of callers, all through the same handle, [`Ravi`]:
//!
//! * a Tauri app registers the plugin (feature `tauri`, on by default) and calls typed commands;
//! * a headless daemon uses the plain library (`default-features = false`, and [features](#features) as needed), which links no web view;
//! * shells, git and other programs run `ravi-workspace` (feature `cli`).
//!
//! # A daemon or library
//!
//! ```no_run
//! # async fn example() -> tauri_plugin_ravi::Result<()> {
//! use tauri_plugin_ravi::{Config, ProvisionRequest, Ravi};
//!
//! let ravi = Ravi::open(Config::default().with_env()?)?;
//! let token = ravi.secret("CODEX_MONITOR_DAEMON_TOKEN").await?;
//!
//! let request = ProvisionRequest::new("/repo/worktrees/payments", "w1", "payments agent");
//! let provisioned = ravi.provision(request, |step| println!("{step:?}")).await?;
//! println!("{}", provisioned.identity.email);
//! # drop(token);
//! # Ok(())
//! # }
//! ```
//!
//! # A Tauri app
//!
#![cfg_attr(feature = "tauri", doc = "```no_run")]
#![cfg_attr(not(feature = "tauri"), doc = "```ignore")]
//! # fn app(context: tauri::Context) {
//! use tauri_plugin_ravi::RaviExt as _;
//!
//! tauri_plugin_ravi::helper_main();
//! tauri::Builder::default()
//!     .plugin(tauri_plugin_ravi::init())
//!     .setup(|app| {
//!         let ravi = app.ravi().clone();
//!         tauri::async_runtime::spawn(async move {
//!             if let Err(error) = ravi.secret("CODEX_MONITOR_DAEMON_TOKEN").await {
//!                 eprintln!("{error} ({}). {}", error.code(), error.hint());
//!             }
//!         });
//!         Ok(())
//!     })
//!     .run(context)
//!     .expect("the app starts");
//! # }
//! ```
//!
//! The plugin's set-up opens the ledger and nothing else: no network and no keychain on the app's main thread. What the app
//! needs before its first window it may read in `setup` with [`Ravi::secret_blocking`] or [`Settings::load_blocking`].
//!
//! # What to know
//!
//! * **Every call may be repeated**, by several processes at once: one does the work, all get its result. Before each effect
//!   outside, its intent is in the ledger; after a crash the same call goes on from there.
//! * **Errors** are [`enum@Error`]: a stable [`code`](Error::code), a message that names the cause, and the next step as
//!   [`hint`](Error::hint). `docs/errors.md` in the repository lists them all.
//! * **Secrets** are `SecretString` from the first moment on: not in `Debug`, logs, events or error texts.
//! * **Times** are Unix milliseconds in names that end in `_ms`, seconds in `_s`.
//! * **Ravi away**: secrets that were read before are served, see [`Ravi::read_secret`]; what is to be revoked is owed until
//!   it was. A program that runs for long spawns [`Ravi::tend`] once; the plugin does.
//!
//! # Features
//!
//! Without any feature there are secrets, settings files, and workspaces with their identity, key, git author and GitHub
//! login. A feature stands where it brings dependencies; `default` is `tauri` and `full`.
//!
//! | feature | gives |
//! |---|---|
//! | `tauri` | the plugin; the only one that links a web view |
//! | `full` | all of the following |
//! | `codex` | custody of a Codex login, and what Codex is told about a workspace ([`codex`]) |
//! | `hooks` | the hooks of dmux, Claude Code, Jean and git ([`hooks`]) |
//! | `inbox` | messages of workspaces, codes and links in them, logins at websites ([`inbox`]) |
//! | `keychain` | the machine key in the system's keychain; part of `tauri` |
//! | `live` | messages at once, over Ravi's event socket; brings `inbox` |
//! | `seal` | the app's secrets sealed end to end |
//! | `sign` | commits signed with a key of the workspace's own |
//! | `cli` | the program `ravi-workspace`; brings `full` |
//! | `local` | the stand-in Ravi for trials and tests; no vault |
//!
//! What is left out says so where it is met: `seal.not_built` for a vault that is sealed, `sign.not_built` for a workspace
//! that is to sign, and to a page `inbox.not_built`, `codex.not_built` or `seal.not_built` for a command of the plugin.
//! `docs/features.md` in the repository says what each feature costs.

#![warn(missing_docs)]
// What only a room that is left out calls is dead without it, and links to it lead nowhere. A build with all is checked.
#![cfg_attr(not(feature = "full"), allow(dead_code, unused_imports, rustdoc::broken_intra_doc_links))]
// A caller's future holds ours, and without optimisation every level of its calls has room for it on the stack.
#![warn(clippy::large_futures)]

pub mod account;
pub mod api;
pub mod audit;
pub mod bundle;
#[cfg(feature = "codex")]
pub mod codex;
pub mod codex_monitor;
pub mod config;
pub mod doctor;
pub mod error;
pub mod files;
pub mod github;
pub mod handover;
pub mod helper;
#[cfg(feature = "hooks")]
pub mod hooks;
#[cfg(feature = "inbox")]
pub mod inbox;
pub mod policy;
pub mod ravi_cli;
pub mod vault;
pub mod workspace;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "local")]
pub mod local;

#[cfg(feature = "tauri")]
pub mod plugin;

mod cores;
mod crash;
mod keychain;
mod ledger;
mod messages;
mod places;
mod power;
mod process;
mod ravi;
mod shown;

pub use config::{Config, FollowedApp, KeyInTree, Keychain, PoolReuse, Signatures, Start};
pub use error::{Error, ErrorBody, Result};
pub use handover::{Environment, Handover, Workspace};
pub use helper::helper_main;
pub use keychain::KeychainError;
pub use ledger::Ending;
pub use places::PlaceError;
#[cfg(feature = "tauri")]
pub use plugin::{Builder, RaviExt, init};
pub use power::{Power, PowerStatus, Renewed};
pub use ravi::{Ravi, SecretWatch, Settings, TokenSet, UndoReport, WorkspaceEvent, WorkspaceWatch};
/// What every secret is handed over in, so that a caller needs no dependency of its own to read one.
pub use secrecy::{self, ExposeSecret, SecretString};
pub use workspace::{Progress, ProvisionRequest, Provisioned, Released, WorkspaceSummary};
