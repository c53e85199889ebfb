//! The stand-in Ravi inside the app, and what a person does with it that the outside world would otherwise do: approve a login,
//! send a mail, pull the network.

use std::error::Error;
use std::path::{Path, PathBuf};

use ravi_local::{Options, Plan, Server};
use serde_json::{Value, json};
use tauri::State;
use tauri_plugin_ravi::{Builder, Keychain};
use tokio::sync::Mutex;

use crate::error::{Result, failure};

pub struct StandIn {
    folder: PathBuf,
    base_url: String,
    /// `None` while it is stopped.
    server: Mutex<Option<Server>>,
}

impl StandIn {
    pub fn start(folder: &Path) -> std::result::Result<StandIn, Box<dyn Error>> {
        let server = tauri::async_runtime::block_on(start(folder))?;
        Ok(StandIn { folder: folder.to_owned(), base_url: server.base_url(), server: Mutex::new(Some(server)) })
    }

    /// The plugin, pointed at the stand-in. The ledger belongs to the stand-in, because made-up identities mean nothing to a
    /// real service.
    pub fn plugin(&self) -> std::result::Result<Builder, Box<dyn Error>> {
        Ok(Builder::new()
            .api_url(self.base_url.parse()?)
            .state_dir(self.folder.join("ledger"))
            // The stand-in keeps no secrets worth a place in your keychain.
            .keychain(Keychain::File))
    }

    async fn control(&self, what: &str, order: Value) -> Result<()> {
        let stopped = |error: reqwest::Error| failure("stand_in", error, "Check that the stand-in is running.");
        // By now the engine's own client has chosen the TLS library, which a second client needs too.
        let call = reqwest::Client::new().post(format!("{}/_local/{what}", self.base_url)).json(&order);
        call.send().await.and_then(reqwest::Response::error_for_status).map(drop).map_err(stopped)
    }
}

/// Starts at the same address as before, because workspaces belong to an address.
async fn start(folder: &Path) -> std::result::Result<Server, Box<dyn Error>> {
    let file = folder.join("port");
    let port = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let options = Options { port, data_dir: Some(folder.join("server")), plan: Plan::Paid, ..Options::default() };
    let server = Server::start(options).await?;
    let port = server.base_url().rsplit(':').next().unwrap_or_default().to_owned();
    std::fs::write(file, port)?;
    Ok(server)
}

fn of_this_run<'a>(stand_in: &'a State<'_, Option<StandIn>>) -> Result<&'a StandIn> {
    let hint = "Leave RAVI_API_URL unset to try the app with the stand-in.";
    stand_in.as_ref().ok_or_else(|| failure("no_stand_in", "this run talks to a real service", hint))
}

/// What the account's owner would do in the browser.
#[tauri::command]
pub async fn stand_in_approve(stand_in: State<'_, Option<StandIn>>, user_code: String) -> Result<()> {
    of_this_run(&stand_in)?.control("device", json!({ "user_code": user_code, "action": "approve" })).await
}

/// What a website that the agent at `to` signs up for would send.
#[tauri::command]
pub async fn stand_in_mail(stand_in: State<'_, Option<StandIn>>, to: String) -> Result<()> {
    let mail = json!({
        "to": to,
        "from": "Sample Service <signup@service.example>",
        "subject": "Your verification code",
        "text": "Your verification code is 482913. It is valid for 10 minutes.\n\n\
                 Or sign in with this link: https://service.example/verify?token=m4deUpT0ken7\n",
    });
    of_this_run(&stand_in)?.control("email", mail).await
}

#[tauri::command]
pub async fn stand_in_running(stand_in: State<'_, Option<StandIn>>) -> Result<bool> {
    Ok(of_this_run(&stand_in)?.server.lock().await.is_some())
}

/// Stops the stand-in, as if the network had been disconnected, or starts it again.
#[tauri::command]
pub async fn stand_in_switch(stand_in: State<'_, Option<StandIn>>, on: bool) -> Result<()> {
    let stand_in = of_this_run(&stand_in)?;
    let mut server = stand_in.server.lock().await;
    match server.take() {
        Some(running) if on => *server = Some(running),
        Some(running) => running.stop().await,
        None if on => {
            let started = start(&stand_in.folder).await;
            let hint = "Another program may use its port; start the app again.";
            *server = Some(started.map_err(|error| failure("stand_in", error, hint))?);
        }
        None => {}
    }
    Ok(())
}
