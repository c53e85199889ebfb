//! Gives every agent workspace of a desktop app its own [Ravi](https://ravi.id) identity, and keeps the app's secrets
//! out of plaintext files.
//!
//! This is the Tauri plugin `ravi`: an app registers it, and its windows call typed commands. It is an adapter over the
//! engine (`ravi-workspace-core`, re-exported here as a whole) and holds no logic. A headless daemon depends only on
//! the engine, which links no web view; shells and git run the program `ravi-workspace`.
//!
//! # A Tauri app
//!
//! ```no_run
//! # fn app(context: tauri::Context) {
//! use tauri_plugin_ravi::RaviExt as _;
//!
//! tauri_plugin_ravi::helper_main();
//! tauri::Builder::default()
//!     .plugin(tauri_plugin_ravi::init())
//!     .setup(|app| {
//!         let ravi = app.ravi().clone();
//!         tauri::async_runtime::spawn(async move {
//!             if let Err(error) = ravi.secrets().get("CODEX_MONITOR_DAEMON_TOKEN").await {
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
//! The plugin's set-up opens the ledger and nothing else: no network and no keychain on the app's main thread. Whatever
//! the app needs before its first window, it can read in `setup` with
//! [`ravi.secrets().get_blocking`](crate::handle::Secrets::get_blocking) or [`Settings::load_blocking`].
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
//! GitHub login. There is a feature for whatever brings dependencies; `default` is `full`.
//!
//! | feature | gives |
//! |---|---|
//! | `full` | all of the following |
//! | `codex` | custody of a Codex login, and what Codex is told about a workspace ([`codex`]) |
//! | `hooks` | the hooks of dmux, Claude Code, Jean and git ([`hooks`]) |
//! | `inbox` | messages of workspaces, codes and links in them, logins at websites ([`inbox`]) |
//! | `keychain` | the machine key in the system's keychain; always on here |
//! | `live` | messages at once, over Ravi's event socket; brings `inbox` |
//! | `seal` | the app's secrets sealed end to end |
//! | `sign` | commits signed with a key of the workspace's own |
//!
//! What is left out says so when it is needed: `seal.not_built` for a sealed vault, `sign.not_built` for a workspace
//! that should sign, and to a page `inbox.not_built`, `codex.not_built` or `seal.not_built` for a command of the
//! plugin. `docs/features.md` in the repository says what each feature costs.

// Without a feature, code that only its part calls is dead, and links to it lead nowhere. A build with all features is
// checked.
#![cfg_attr(not(feature = "full"), allow(dead_code, unused_imports, rustdoc::broken_intra_doc_links))]

mod builder;
mod command_error;
mod commands;
mod events;
mod not_built;
mod path;
mod powered;
#[allow(dead_code, reason = "the page and the tests of the table need what is not needed here")]
mod reach;
mod running;
mod scope;
mod scope_check;
mod scope_entry;
mod scope_file;

pub use builder::{Builder, RaviExt, init};
#[doc(inline)]
pub use ravi_workspace_core::*;
pub use ravi_workspace_helper::helper_main;

/// The plugin's own events and checks.
pub mod plugin {
    pub use crate::builder::{Builder, RaviExt, init};
    pub use crate::events::{
        ACCOUNT_EVENT, AccountChange, CODEX_EVENT, CallEvent, MESSAGE_EVENT, MessageArrived, POWER_EVENT,
        PROGRESS_EVENT, SECRET_EVENT, SecretChange, WORKSPACE_EVENT,
    };
    pub use crate::scope_check::scope_faults;
}
