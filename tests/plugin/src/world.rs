//! A plugin in an app, and a stand-in Ravi that it asks.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ravi_local::{Options, Plan, Server};
use serde_json::{Value, json};
use tauri::Listener;
use tauri_plugin_ravi::Builder;

use crate::{Setup, TestApp};

/// A stand-in Ravi, and an app that is signed in to it.
pub struct World {
    /// The app.
    pub app: TestApp,
    /// The Ravi that it asks.
    pub server: Server,
}

impl World {
    /// An app that is signed in, whose window `main` has these permissions.
    pub fn new(permissions: Value) -> World {
        World::with(permissions, |builder, server| builder.api_key(server.management_key()))
    }

    /// The same with further options of the plugin.
    pub fn with(permissions: Value, more: impl FnOnce(Builder, &Server) -> Builder) -> World {
        let server =
            tauri::async_runtime::block_on(Server::start(Options { plan: Plan::Paid, ..Options::default() })).unwrap();
        let builder = more(Builder::new().api_url(server.base_url().parse().unwrap()), &server);
        let app = Setup { builder, ..Setup::permitting(permissions) }.start().unwrap();
        World { app, server }
    }

    /// Everything emitted under this name, as it arrives.
    pub fn events(&self, name: &str) -> Arc<Mutex<Vec<Value>>> {
        let seen = Arc::<Mutex<Vec<Value>>>::default();
        let sink = seen.clone();
        self.app.app.listen_any(name, move |event| {
            sink.lock().unwrap().push(serde_json::from_str(event.payload()).unwrap());
        });
        seen
    }

    /// Approves a device login, as the person would in a browser.
    pub fn approve(&self, user_code: &str) {
        let url = format!("{}/_local/device", self.server.base_url());
        let decision = json!({ "user_code": user_code, "action": "approve" });
        let send = reqwest::Client::new().post(url).json(&decision).send();
        let reply = tauri::async_runtime::block_on(send).unwrap();
        assert!(reply.status().is_success(), "{}", reply.status());
    }

    /// A repository with one commit by a human, and a linked worktree of it.
    pub fn worktree(&self) -> PathBuf {
        let (repository, worktree) =
            (self.app.folder.path().join("repository"), self.app.folder.path().join("worktree"));
        git(self.app.folder.path(), &["init", "-q", "-b", "main", "repository"]);
        git(&repository, &["config", "user.name", "A Human"]);
        git(&repository, &["config", "user.email", "human@example.com"]);
        git(&repository, &["commit", "-q", "--allow-empty", "-m", "first"]);
        git(&repository, &["worktree", "add", "-q", "-b", "agent", worktree.to_str().unwrap()]);
        worktree.canonicalize().unwrap()
    }
}

/// Runs git in a folder, and gives what it says.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(args).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Waits until `look` sees something; fails the test if it never does.
pub fn wait_for<T>(look: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "it never happened");
        thread::sleep(Duration::from_millis(5));
    }
}
