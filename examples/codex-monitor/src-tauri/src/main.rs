//! A small host app for the plugin `ravi`: lists, adds and releases agent workspaces.
//!
//! It runs the stand-in Ravi inside itself, so that it works without an account. `RAVI_API_URL` makes it use a real
//! service instead; `RAVI_EXAMPLE_DATA_DIR` moves everything that it keeps.

use std::error::Error;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tauri::utils::config::AppDirectoriesOverride;
use tauri_plugin_ravi::local::{Options, Server};
use tauri_plugin_ravi::{Builder, RaviExt};

/// Which Ravi this run talks to.
#[derive(Clone, Serialize)]
struct About {
    local: bool,
    server: String,
}

/// The stand-in, where this run has one. It stops when this is dropped.
struct StandIn(Option<Server>);

#[tauri::command]
fn about(app: tauri::AppHandle, stand_in: tauri::State<'_, StandIn>) -> About {
    About { local: stand_in.0.is_some(), server: app.ravi().server().to_owned() }
}

fn main() {
    tauri_plugin_ravi::helper_main();
    if let Err(error) = run() {
        eprintln!("codex-monitor-example: {error}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut context = tauri::generate_context!();
    let data = data_dir(&context.config().identifier)?;
    context.config_mut().app.app_directories_override = Some(AppDirectoriesOverride::Root(data.clone()));
    let (stand_in, plugin) = ravi(&data)?;
    tauri::Builder::default()
        .plugin(plugin.build())
        .manage(StandIn(stand_in))
        .invoke_handler(tauri::generate_handler![about])
        .run(context)?;
    Ok(())
}

/// Folder of everything that the app keeps.
fn data_dir(identifier: &str) -> Result<PathBuf, Box<dyn Error>> {
    use etcetera::BaseStrategy as _;
    match std::env::var_os("RAVI_EXAMPLE_DATA_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => Ok(etcetera::choose_base_strategy()?.data_dir().join(identifier)),
    }
}

/// Starts the stand-in at the address it had before: workspaces belong to an address.
async fn start(folder: &Path) -> Result<Server, Box<dyn Error>> {
    let file = folder.join("port");
    let port = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let server = Server::start(Options { port, data_dir: Some(folder.join("server")), ..Options::default() }).await?;
    let port = server.base_url().rsplit(':').next().unwrap_or_default().to_owned();
    std::fs::write(file, port)?;
    Ok(server)
}

/// The stand-in with the options that lead to it; no stand-in and no options where the environment names a service.
///
/// The stand-in has a ledger of its own: identities that it made up mean nothing to a real service.
fn ravi(data: &Path) -> Result<(Option<Server>, Builder), Box<dyn Error>> {
    if std::env::var_os("RAVI_API_URL").is_some_and(|url| !url.is_empty()) {
        return Ok((None, Builder::new()));
    }
    let folder = data.join("stand-in");
    let server = tauri::async_runtime::block_on(start(&folder))?;
    let builder = Builder::new()
        .api_url(server.base_url().parse()?)
        .api_key(server.management_key())
        .state_dir(folder.join("ledger"))
        // The stand-in keeps no secrets worth a place in your keychain.
        .keychain(tauri_plugin_ravi::Keychain::File);
    Ok((Some(server), builder))
}
