//! Whether the app uses Ravi, and what runs while it does.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tauri::ipc::{Invoke, InvokeError};
use tauri::{AppHandle, Manager, Runtime};

use super::command_error::CommandError;
use super::events;
use super::running::Running;
use ravi_workspace_core::Ravi;
#[cfg(feature = "codex")]
use ravi_workspace_core::codex::CodexOptions;
use ravi_workspace_core::config::FollowedApp;
use ravi_workspace_core::error::{Error, Result};
use ravi_workspace_core::vault::VaultError;
use ravi_workspace_core::{Power, PowerStatus, Renewed};

/// The plugin's state in the app: its switch, its handle, and what is started with it.
pub(crate) struct Powered {
    power: Power,
    /// Stays once it is opened; the switch decides whether it is used.
    ravi: OnceLock<Ravi>,
    running: AtomicBool,
    #[cfg(feature = "codex")]
    codex: Vec<CodexOptions>,
    follow: Option<FollowedApp>,
}

impl Powered {
    pub(super) fn new(
        power: Power,
        #[cfg(feature = "codex")] codex: Vec<CodexOptions>,
        follow: Option<FollowedApp>,
    ) -> Powered {
        Powered {
            power,
            ravi: OnceLock::new(),
            running: AtomicBool::new(false),
            #[cfg(feature = "codex")]
            codex,
            follow,
        }
    }

    /// Returns the handle, if it was opened. It stays when the app is switched off, so that running calls end normally.
    pub(super) fn handle(&self) -> Option<&Ravi> {
        self.ravi.get()
    }

    /// Returns the handle, and starts everything that runs beside it; `None` while the app is off, which stops all
    /// that.
    pub(super) fn start<R: Runtime>(&self, app: &AppHandle<R>) -> Result<Option<Ravi>> {
        if !self.power.is_on() {
            self.stop(app);
            return Ok(None);
        }
        let ravi = self.power.open()?;
        let _ = self.ravi.set(ravi.clone());
        if !self.running.swap(true, Ordering::SeqCst) {
            self.run_beside(app, &ravi);
        }
        Ok(Some(ravi))
    }

    fn stop<R: Runtime>(&self, app: &AppHandle<R>) {
        if self.running.swap(false, Ordering::SeqCst) {
            app.state::<Running>().end_tasks();
        }
    }

    fn run_beside<R: Runtime>(&self, app: &AppHandle<R>, ravi: &Ravi) {
        let running = app.state::<Running>();
        let tended = ravi.clone();
        running.spawn(async move { tended.tend().await });
        running.spawn(events::emit_secrets(app.clone(), ravi.secrets().on_change()));
        running.spawn(events::emit_workspaces(app.clone(), ravi.clone()));
        #[cfg(feature = "codex")]
        for login in &self.codex {
            running.watch(|stop| events::watch_codex(app.clone(), ravi.clone(), login.clone(), stop));
        }
        if let (Some(FollowedApp::CodexMonitor), Ok(dir)) = (self.follow, app.path().app_data_dir()) {
            running.spawn(events::follow_codex_monitor(ravi.clone(), dir));
        }
    }

    pub(super) fn status(&self) -> PowerStatus {
        self.power.status()
    }

    pub(super) fn switch<R: Runtime>(&self, app: &AppHandle<R>, on: bool) -> Result<PowerStatus> {
        let status = if on { self.power.switch_on()? } else { self.power.switch_off()? };
        // If it cannot run, the status says why.
        let _ = self.start(app);
        Ok(status)
    }

    pub(super) fn renew<R: Runtime>(&self, app: &AppHandle<R>) -> Result<Renewed> {
        let renewed = self.power.renew()?;
        self.start(app)?;
        Ok(renewed)
    }

    /// Returns why a command cannot be run now.
    fn refusal<R: Runtime>(&self, app: &AppHandle<R>) -> Option<CommandError> {
        match self.start(app) {
            Ok(Some(_)) => None,
            Ok(None) => Some(CommandError::Ravi(Error::from(VaultError::Off))),
            Err(error) => Some(error.into()),
        }
    }
}

/// Makes commands, except those of the switch itself, return `power.off` while the app is off. Tauri has already
/// checked that the window may call them.
pub(super) fn unless_off<R: Runtime>(
    run: impl Fn(Invoke<R>) -> bool + Send + Sync + 'static,
) -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    move |invoke| {
        let app = invoke.message.webview_ref().app_handle().clone();
        let is_switch = invoke.message.command().starts_with("power_");
        match app.state::<Powered>().refusal(&app).filter(|_| !is_switch) {
            Some(refusal) => {
                invoke.resolver.invoke_error(InvokeError::from(refusal));
                true
            }
            None => run(invoke),
        }
    }
}
