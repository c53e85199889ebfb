//! The daemon: one thread, lines of JSON over TCP, `auth` first.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{json, Value};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::cores::Host;
use crate::ravi_core;

struct Config {
    listen: String,
    data_dir: PathBuf,
    token: Option<String>,
}

fn parse_args() -> Result<Config, String> {
    let mut token = std::env::var("CODEX_MONITOR_DAEMON_TOKEN").ok().filter(|text| !text.trim().is_empty());
    let (mut listen, mut data_dir, mut insecure) = ("127.0.0.1:0".to_string(), None, false);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--listen" => listen = args.next().ok_or("--listen requires a value")?,
            "--data-dir" => data_dir = args.next().map(PathBuf::from),
            "--token" => token = args.next(),
            "--token-grace" => ravi_core::set_token_grace(args.next())?,
            "--insecure-no-auth" => insecure = true,
            other => return Err(format!("Unknown argument: {other}")),
        }
    }
    let data_dir = data_dir.ok_or("--data-dir is required")?;
    ravi_core::start(&data_dir)?;
    let token = ravi_core::daemon_token(token, insecure)?;
    if token.is_none() && !insecure {
        return Err("Missing --token (or set CODEX_MONITOR_DAEMON_TOKEN).".to_string());
    }
    Ok(Config { listen, data_dir, token })
}

/// The whole program.
pub fn main() {
    ravi_core::helper_main();
    let config = parse_args().unwrap_or_else(|error| {
        eprintln!("{error}");
        std::process::exit(2);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if let Err(error) = runtime.block_on(serve(config)) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

async fn serve(config: Config) -> Result<(), String> {
    let host = Arc::new(Host::load(&config.data_dir)?);
    ravi_core::tend();
    let listener = TcpListener::bind(&config.listen).await.map_err(|e| e.to_string())?;
    println!("listening on {}", listener.local_addr().map_err(|e| e.to_string())?);
    let token = Arc::new(config.token);
    loop {
        let (stream, _) = listener.accept().await.map_err(|e| e.to_string())?;
        tokio::spawn(client(stream, Arc::clone(&host), Arc::clone(&token)));
    }
}

async fn client(stream: TcpStream, host: Arc<Host>, token: Arc<Option<String>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut authenticated = token.is_none();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(request) = serde_json::from_str::<Value>(&line) else { return };
        let (method, params) = (request["method"].as_str().unwrap_or_default(), &request["params"]);
        let answer = match method {
            "auth" => {
                let expected = token.as_ref().clone().unwrap_or_default();
                let provided = params["token"].as_str().unwrap_or_default().to_owned();
                let (expected, provided) = ravi_core::compared(expected, provided).await;
                authenticated |= expected == provided;
                authenticated.then(|| json!({ "ok": true })).ok_or_else(|| "invalid token".to_string())
            }
            _ if !authenticated => Err("unauthorized".to_string()),
            _ => call(&host, method, params).await,
        };
        let answer = match answer {
            Ok(result) => json!({ "id": request["id"], "result": result }),
            Err(message) => json!({ "id": request["id"], "error": { "message": message } }),
        };
        if write.write_all(format!("{answer}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn call(host: &Host, method: &str, params: &Value) -> Result<Value, String> {
    let text = |name: &str| params[name].as_str().unwrap_or_default();
    Ok(match method {
        "list" => json!(host.list().await),
        "settings" => json!(host.settings().await),
        "update_settings" => {
            let new = serde_json::from_value(params.clone()).map_err(|e| e.to_string())?;
            json!(host.update_settings(new).await?)
        }
        "add" => json!(host.add(text("path")).await?),
        "add_folder_of_agent" => json!(host.add_folder_of_agent(text("path")).await?),
        "add_worktree" => json!(host.add_worktree(text("parent"), text("branch"), params["dies"] == true).await?),
        "add_clone" => json!(host.add_clone(text("source"), text("name")).await?),
        "rename_worktree" => json!(host.rename_worktree(text("id"), text("branch")).await?),
        "remove_worktree" => json!(host.remove_worktree(text("id")).await?),
        "thread" => host.thread(text("id")).await?,
        "gh" => json!(host.gh(text("id")).await?),
        other => return Err(format!("unknown method: {other}")),
    })
}
