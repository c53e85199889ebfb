//! The model's control program: it knows the app's settings and nothing of Ravi but that a reference is no token.

use std::path::PathBuf;

#[allow(dead_code)]
#[path = "../../../../examples/codex-monitor/change/rust/ravi_core_off.rs"]
mod ravi_core;
#[path = "../../../../examples/codex-monitor/change/rust/ravi_ctl.rs"]
mod ravi_ctl;
#[allow(dead_code)]
#[path = "../storage.rs"]
mod storage;
#[allow(dead_code)]
#[path = "../types.rs"]
mod types;

fn main() {
    let mut args = std::env::args().skip(1);
    let job = args.next().unwrap_or_default();
    let data_dir = PathBuf::from(args.next().expect("a data folder"));
    let daemon = PathBuf::from(args.next().expect("the daemon's program"));
    let settings = storage::read_settings(&data_dir.join("settings.json")).ok();
    let token = settings.and_then(|settings| settings.remote_backend_token);
    let is_preview = job == "preview";
    let token = ravi_ctl::token(token, is_preview, || Ok(daemon.clone()), &data_dir);
    if is_preview {
        return println!("token configured: {}", token.is_some());
    }
    let mut command = std::process::Command::new(&daemon);
    command.arg("--data-dir").arg(&data_dir);
    if !ravi_ctl::daemon_has_it() {
        match token {
            Some(token) => drop(command.arg("--token").arg(token)),
            None => {
                eprintln!("Set a Remote backend token before starting the daemon.");
                std::process::exit(1);
            }
        }
    }
    let status = command.status().expect("the daemon starts");
    std::process::exit(status.code().unwrap_or(1));
}
