//! The Tauri plugin `ravi`: how a host app registers it, and what its windows may call.
//!
//! It is an adapter over [`ravi_workspace_core::Ravi`] and holds no logic. Set-up opens the ledger and nothing else: no
//! network, no keychain. It starts a task that takes care of owed revocations and workspaces that are gone, until the
//! app ends. If the ledger or the configuration cannot be used, the app does not start, and the error says why and what
//! to do; an app that ran on without it would fail later and further from the cause.
//!
//! A window can call a command only if the app's capability grants it; see the folder `permissions`.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, Runtime};
use url::Url;

use crate::command_error::SetupError;
use crate::powered::Powered;
use crate::running::Running;
use crate::{commands, not_built, path, powered, running, scope_check};
use ravi_workspace_core::Power;
use ravi_workspace_core::Ravi;
use ravi_workspace_core::bundle::BundleConfig;
#[cfg(feature = "codex")]
use ravi_workspace_core::codex::CodexOptions;
use ravi_workspace_core::config::{
    Config, ConfigError, FollowedApp, KeyInTree, Keychain, PoolReuse, Signatures, Start,
};
use ravi_workspace_core::github::GithubConfig;
use ravi_workspace_core::policy::SecretRule;

/// Returns the plugin, configured by `plugins.ravi` in `tauri.conf.json` and the environment.
///
/// ```no_run
/// # fn app<R: tauri::Runtime>(builder: tauri::Builder<R>) -> tauri::Builder<R> {
/// builder.plugin(tauri_plugin_ravi::init())
/// # }
/// ```
pub fn init<R: Runtime>() -> TauriPlugin<R, Option<Config>> {
    Builder::new().build()
}

/// Options that the app sets in code. They take precedence over `plugins.ravi` in `tauri.conf.json`, which takes
/// precedence over the environment ([`Config::with_env`]).
#[derive(Debug, Default)]
pub struct Builder {
    config: Config,
    #[cfg(feature = "codex")]
    codex: Vec<CodexOptions>,
    no_gh_shim: bool,
}

impl Builder {
    /// Makes a builder with no options set.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets everything at once, replacing what was set before; options that have a method of their own may follow.
    pub fn config(mut self, config: Config) -> Builder {
        self.config = config;
        self
    }

    /// When the app begins to use Ravi.
    ///
    /// With [`Start::Asked`] it is off until a person switches it on (`power_on`, `ravi-workspace power on`): no
    /// ledger, no folder, no task. Meanwhile, a window's commands return `power.off`, and [`RaviExt::try_ravi`] returns
    /// `None`. A ledger that cannot be opened then does not stop the app from starting. Set it here or in the
    /// environment: the section of `tauri.conf.json` is read only after [`Builder::build`] has put the shims on PATH,
    /// which makes their folder.
    pub fn start(mut self, start: Start) -> Builder {
        self.config.start = Some(start);
        self
    }

    /// Address of Ravi's API; `https`, or `http` on loopback.
    pub fn api_url(mut self, url: Url) -> Builder {
        self.config.api_url = Some(url);
        self
    }

    /// Folder of the ledger; default `ravi` in the app's data folder.
    pub fn state_dir(mut self, folder: impl Into<PathBuf>) -> Builder {
        self.config.state_dir = Some(folder.into());
        self
    }

    /// Name of the identity that holds the app's own secrets.
    pub fn host_identity(mut self, name: impl Into<String>) -> Builder {
        self.config.host_identity = Some(name.into());
        self
    }

    /// Names of identities at Ravi; `{name}` and `{id}` stand for the workspace's.
    pub fn identity_name(mut self, pattern: impl Into<String>) -> Builder {
        self.config.identity_name = Some(pattern.into());
        self
    }

    /// How many free identities are kept for later workspaces.
    pub fn pool_size(mut self, identities: u32) -> Builder {
        self.config.pool_size = Some(identities);
        self
    }

    /// Which of the identities that workspaces gave back serve later ones.
    pub fn pool_reuse(mut self, which: PoolReuse) -> Builder {
        self.config.pool_reuse = Some(which);
        self
    }

    /// Up to which age a secret is served without asking Ravi again, and while Ravi cannot be reached.
    pub fn secret_ages(mut self, fresh: Duration, stale: Duration) -> Builder {
        self.config.secret_fresh_seconds = Some(fresh.as_secs());
        self.config.secret_stale_seconds = Some(stale.as_secs());
        self
    }

    /// Whose GitHub login workspaces use, and for which hosts.
    pub fn github(mut self, github: GithubConfig) -> Builder {
        self.config.github = Some(github);
        self
    }

    /// What workspaces are given in their own identities' vaults.
    pub fn bundle(mut self, bundle: BundleConfig) -> Builder {
        self.config.bundle = Some(bundle);
        self
    }

    /// Which secrets the processes of workspaces may be given by name.
    pub fn secret_policy(mut self, rules: Vec<SecretRule>) -> Builder {
        self.config.secret_policy = Some(rules);
        self
    }

    /// Whether the first use of a suspended workspace wakes it.
    pub fn wake_on_use(mut self, wakes: bool) -> Builder {
        self.config.wake_on_use = Some(wakes);
        self
    }

    /// Whether a released workspace's logins at websites are moved to the host identity's vault instead of being
    /// deleted.
    pub fn keep_registrations(mut self, keep: bool) -> Builder {
        self.config.keep_registrations = Some(keep);
        self
    }

    /// Whether a workspace's key lies in its folder, as `.ravi/config.json`.
    pub fn key_in_tree(mut self, place: KeyInTree) -> Builder {
        self.config.key_in_tree = Some(place);
        self
    }

    /// Whose signature commits in workspaces carry unless something else is said.
    pub fn signatures(mut self, signatures: Signatures) -> Builder {
        self.config.signatures = Some(signatures);
        self
    }

    /// The key to use, of either kind. Has no counterpart in `tauri.conf.json`, which is shipped with the app.
    pub fn api_key(mut self, key: SecretString) -> Builder {
        self.config.api_key = Some(key);
        self
    }

    /// Where the machine key of a new ledger is kept.
    pub fn keychain(mut self, keychain: Keychain) -> Builder {
        self.config.keychain = Some(keychain);
        self
    }

    /// Follows the host app's own list of workspaces, in its data folder.
    pub fn follow(mut self, app: FollowedApp) -> Builder {
        self.config.follow = Some(app);
        self
    }

    /// How long after it was last set up or woken a dmux workspace is suspended, provided that nobody works in it.
    pub fn idle(mut self, after: Duration) -> Builder {
        self.config.idle_seconds = Some(after.as_secs());
        self
    }

    /// Keeps the Codex login of this machine while the app runs.
    ///
    /// The login is restored first, and then each rotation goes to the vault at once. What happens is reported as
    /// [`CODEX_EVENT`](crate::plugin::CODEX_EVENT); when the app ends, it is stored once more. Start app-servers after
    /// the event `watching`. May be called for several logins.
    #[cfg(feature = "codex")]
    pub fn watch_codex(mut self, login: CodexOptions) -> Builder {
        self.codex.push(login);
        self
    }

    /// Leaves the app's PATH as it is.
    ///
    /// Otherwise [`Builder::build`] puts the folder of the shims first on it, so that the `gh` and the `ravi` that the
    /// app runs act as the workspace they are run in.
    pub fn no_gh_shim(mut self) -> Builder {
        self.no_gh_shim = true;
        self
    }

    /// Returns the plugin, to be passed to [`tauri::Builder::plugin`].
    ///
    /// Call it in `main`, before the app starts threads: only then can its PATH be changed (see
    /// [`Builder::no_gh_shim`]).
    pub fn build<R: Runtime>(self) -> TauriPlugin<R, Option<Config>> {
        if !self.no_gh_shim {
            path::put_shim_first(&self.config);
        }
        tauri::plugin::Builder::<R, Option<Config>>::new("ravi")
            .invoke_handler(powered::unless_off(not_built::refusing(tauri::generate_handler![
                commands::power::power_status,
                commands::power::power_on,
                commands::power::power_off,
                commands::power::power_renew,
                commands::account::account_status,
                commands::account::account_login,
                commands::account::account_cancel,
                commands::account::account_logout,
                commands::account::account_choose_host,
                commands::account::account_make_host,
                commands::secrets::secret_get,
                commands::secrets::secret_set,
                commands::secrets::secret_delete,
                commands::secrets::secret_rotate,
                commands::secrets::secret_names,
                commands::settings::settings_plan,
                commands::settings::settings_migrate,
                commands::settings::settings_undo,
                commands::workspaces::workspace_provision,
                commands::workspaces::workspace_release,
                commands::workspaces::workspace_suspend,
                commands::workspaces::workspace_wake,
                commands::workspaces::workspace_list,
                commands::workspaces::workspace_status,
                commands::workspaces::workspace_env,
                commands::workspaces::workspace_owed,
                commands::workspaces::workspace_reap_plan,
                commands::workspaces::workspace_reap,
                #[cfg(feature = "seal")]
                commands::seal::seal_status,
                #[cfg(feature = "seal")]
                commands::seal::seal_enable,
                #[cfg(feature = "seal")]
                commands::seal::seal_unlock,
                #[cfg(feature = "seal")]
                commands::seal::seal_rotate,
                #[cfg(feature = "codex")]
                commands::codex::codex_status,
                #[cfg(feature = "codex")]
                commands::codex::codex_save,
                #[cfg(feature = "codex")]
                commands::codex::codex_restore,
                commands::audit::audit_query,
                commands::audit::audit_verify,
                #[cfg(feature = "inbox")]
                commands::inbox::inbox_list,
                #[cfg(feature = "inbox")]
                commands::inbox::inbox_get,
                #[cfg(feature = "inbox")]
                commands::inbox::inbox_mark_read,
                #[cfg(feature = "inbox")]
                commands::inbox::inbox_fence,
                #[cfg(feature = "inbox")]
                commands::inbox::inbox_wait,
                #[cfg(feature = "inbox")]
                commands::inbox::inbox_watch,
                #[cfg(feature = "inbox")]
                commands::registrations::registration_list,
                #[cfg(feature = "inbox")]
                commands::registrations::registration_delete,
                commands::calls::call_cancel,
                commands::doctor::doctor,
            ])))
            .setup(move |app, api| {
                let file = api.config().clone().unwrap_or_default();
                let follow = self.config.follow.or(file.follow);
                let power = power(app, self.config, file).map_err(SetupError::from)?;
                let asked = power.is_asked();
                app.manage(Running::default());
                app.manage(Powered::new(
                    power,
                    #[cfg(feature = "codex")]
                    self.codex,
                    follow,
                ));
                match app.state::<Powered>().start(app) {
                    // A person can repair it in the window.
                    Err(error) if asked => {
                        tracing::error!(code = error.code(), "the app runs without Ravi: {error}")
                    }
                    done => drop(done.map_err(SetupError::from)?),
                }
                app.manage(scope_check::Told::default());
                Ok(())
            })
            .on_page_load(|webview, load| {
                running::follow_page(webview, load.event());
                scope_check::tell(webview);
            })
            .on_webview_ready(|webview| scope_check::tell(&webview))
            .on_event(running::follow)
            .build()
    }
}

/// Gives everything that manages state (the app, its handle, its windows) access to [`Ravi`].
///
/// ```no_run
/// use tauri_plugin_ravi::RaviExt;
///
/// # async fn example<R: tauri::Runtime>(app: tauri::AppHandle<R>) -> tauri_plugin_ravi::Result<()> {
/// let token = app.ravi().secrets().get("CODEX_MONITOR_DAEMON_TOKEN").await?;
/// # Ok(()) }
/// ```
pub trait RaviExt<R: Runtime> {
    /// Returns the one handle. Clone it to move it into a task.
    ///
    /// # Panics
    /// If the plugin was not registered, or the app was never on ([`Start::Asked`]): such an app calls [`try_ravi`].
    ///
    /// [`try_ravi`]: RaviExt::try_ravi
    fn ravi(&self) -> &Ravi;

    /// Returns the one handle; `None` while nobody has switched it on, or if its ledger cannot be opened.
    ///
    /// # Panics
    /// If the plugin was not registered.
    fn try_ravi(&self) -> Option<Ravi>;
}

impl<R: Runtime, T: Manager<R>> RaviExt<R> for T {
    fn ravi(&self) -> &Ravi {
        // No command gets here while there is no handle (`powered::unless_off`), and an app that is never off has one
        // from its start.
        self.state::<Powered>().inner().handle().expect("Ravi was never on in this app; call try_ravi")
    }

    fn try_ravi(&self) -> Option<Ravi> {
        self.state::<Powered>().inner().start(self.app_handle()).ok().flatten()
    }
}

fn power<R: Runtime>(app: &AppHandle<R>, code: Config, file: Config) -> ravi_workspace_core::Result<Power> {
    let mut config = code.or(file).with_env()?;
    if config.state_dir.is_none() {
        config.state_dir = Some(app_state_dir(app)?);
    }
    Power::new(config)
}

fn app_state_dir<R: Runtime>(app: &AppHandle<R>) -> ravi_workspace_core::Result<PathBuf> {
    match app.path().app_data_dir() {
        Ok(folder) => Ok(folder.join("ravi")),
        Err(error) => Err(ConfigError::StateDir { reason: error.to_string() }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_fills_every_option() {
        let builder = Builder::new()
            .api_url("https://ravi.example".parse().unwrap())
            .state_dir("/state")
            .host_identity("front desk")
            .identity_name("agent-{id}")
            .pool_size(4)
            .pool_reuse(PoolReuse::All)
            .api_key("made-up".into())
            .keychain(Keychain::File)
            .github(GithubConfig::default())
            .wake_on_use(false)
            .keep_registrations(true)
            .follow(FollowedApp::CodexMonitor)
            .idle(Duration::from_secs(60))
            .bundle(BundleConfig::default())
            .secret_policy(Vec::new())
            .secret_ages(Duration::from_secs(60), Duration::from_secs(3600));
        assert_eq!(builder.config.pool_reuse, Some(PoolReuse::All));
        assert!(builder.config.follow.is_some() && builder.config.idle_seconds.is_some());
        let Config { api_url, state_dir, host_identity, identity_name, pool_size, keychain, github, api_key, .. } =
            builder.config;
        assert!(builder.config.bundle.is_some() && builder.config.secret_policy.is_some());
        assert!(builder.config.secret_fresh_seconds.is_some() && builder.config.secret_stale_seconds.is_some());
        assert!(api_url.is_some() && state_dir.is_some() && host_identity.is_some() && api_key.is_some());
        assert!(
            builder.config.wake_on_use.is_some()
                && builder.config.keep_registrations.is_some()
                && identity_name.is_some()
                && pool_size.is_some()
                && keychain.is_some()
                && github.is_some()
        );
    }
}
