//! A host app in the style of CodexMonitor, with the plugin `ravi`.
//!
//! It keeps `workspaces.json` and `settings.json` in its data folder, in the shapes of CodexMonitor, and makes and removes
//! worktrees with git. For everything about identities, secrets, messages and the audit trail the page calls the plugin; this
//! side contains only what a host app has anyway, and what the page must not see: the daemon's token.
//!
//! It runs the stand-in Ravi inside itself, so that it works without an account. `RAVI_API_URL` makes it use a real
//! service instead; `RAVI_EXAMPLE_DATA_DIR` moves everything that it keeps.

mod error;
mod git;
mod inbox;
mod settings;
mod stand_in;
mod workspaces;

use std::error::Error;
use std::path::PathBuf;

use serde::Serialize;
use tauri::utils::config::{AppDirectoriesOverride, Csp};
use tauri::{AppHandle, Manager as _, State, WebviewWindowBuilder};
use tauri_plugin_ravi::{Builder, RaviExt as _};

use settings::SettingsFile;
use stand_in::StandIn;
use workspaces::Workspaces;

/// Which Ravi this run talks to, and where the app keeps its settings.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct About {
    local: bool,
    server: String,
    settings_file: PathBuf,
    version: String,
}

#[tauri::command]
fn about(app: AppHandle, stand_in: State<'_, Option<StandIn>>, settings: State<'_, SettingsFile>) -> About {
    About {
        local: stand_in.is_some(),
        server: app.ravi().server().to_owned(),
        settings_file: settings.path().to_owned(),
        version: app.package_info().version.to_string(),
    }
}

/// Shows the window `about`, which tauri.conf.json describes.
#[tauri::command]
async fn open_about(app: AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window("about") {
        return window.set_focus();
    }
    if let Some(config) = app.config().app.windows.iter().find(|window| window.label == "about") {
        WebviewWindowBuilder::from_config(&app, config)?.build()?;
    }
    Ok(())
}

fn main() {
    // This must come first: git and gh may call this program as their helper.
    tauri_plugin_ravi::helper_main();
    if let Err(error) = run() {
        eprintln!("codex-monitor-example: {error}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut context = tauri::generate_context!();
    let data = data_dir(&context.config().identifier)?;
    std::fs::create_dir_all(&data)?;
    context.config_mut().app.app_directories_override = Some(AppDirectoriesOverride::Root(data.clone()));

    // Set only by the tests in real windows: the app's own pages have no frames.
    if let Ok(origin) = std::env::var("RAVI_EXAMPLE_FRAME_ORIGIN") {
        let security = &mut context.config_mut().app.security;
        security.csp = security.csp.take().map(|csp| Csp::Policy(format!("{csp}; frame-src {origin}")));
    }

    let real_service = std::env::var_os("RAVI_API_URL").is_some_and(|url| !url.is_empty());
    let stand_in = if real_service { None } else { Some(StandIn::start(&data.join("stand-in"))?) };
    let plugin = stand_in.as_ref().map_or_else(|| Ok(Builder::new()), StandIn::plugin)?;
    let settings = SettingsFile::new(&data);
    if stand_in.is_some() {
        settings.write_sample()?;
    }

    tauri::Builder::default()
        .plugin(plugin.build())
        .manage(stand_in)
        .manage(settings)
        .manage(Workspaces::open(&data)?)
        .invoke_handler(tauri::generate_handler![
            about,
            open_about,
            inbox::picked_out,
            settings::daemon_token,
            settings::theme,
            settings::set_theme,
            stand_in::stand_in_approve,
            stand_in::stand_in_mail,
            stand_in::stand_in_running,
            stand_in::stand_in_switch,
            workspaces::workspace_entries,
            workspaces::add_workspace,
            workspaces::add_worktree,
            workspaces::last_commit,
            workspaces::remove_workspace,
        ])
        .run(context)?;
    Ok(())
}

/// The folder that holds everything the app keeps.
fn data_dir(identifier: &str) -> Result<PathBuf, Box<dyn Error>> {
    use etcetera::BaseStrategy as _;
    match std::env::var_os("RAVI_EXAMPLE_DATA_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => Ok(etcetera::choose_base_strategy()?.data_dir().join(identifier)),
    }
}
