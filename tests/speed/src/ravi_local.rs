//! `ravi-local` as a process of its own, a repository, and handles on them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ravi_workspace_core::{Config, Keychain, Ravi};
use serde_json::Value;
use tempfile::TempDir;

use crate::median;

pub struct RaviLocal {
    process: Child,
    base_url: String,
    key: String,
    /// Folder for everything else.
    pub room: TempDir,
}

impl RaviLocal {
    /// The one that was built with this program, each of whose answers takes `latency_ms` at least.
    pub fn start(latency_ms: u64) -> RaviLocal {
        let program = std::env::current_exe().expect("a program").with_file_name("ravi-local");
        let mut process = Command::new(program)
            .args(["--plan", "paid", "--latency-ms", &latency_ms.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("ravi-local starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let told: Value = serde_json::from_str(&line).expect("JSON");
        let text = |name: &str| told[name].as_str().expect("text").to_owned();
        let room = tempfile::Builder::new().prefix("speed-").tempdir().expect("a folder");
        RaviLocal { process, base_url: text("base_url"), key: text("management_key"), room }
    }

    /// A handle with a ledger of its own in the room.
    pub fn ravi(&self, state: &str) -> Ravi {
        Ravi::open(Config {
            api_url: Some(self.base_url.parse().expect("an address")),
            api_key: Some(self.key.clone().into()),
            state_dir: Some(self.room.path().join(state)),
            keychain: Some(Keychain::File),
            ..Config::default()
        })
        .expect("the ledger opens")
    }

    /// How many calls there were since this was last asked.
    pub async fn calls(&self) -> u64 {
        let (http, url) = (reqwest::Client::new(), format!("{}/_local/calls", self.base_url));
        let reply = http.get(&url).send().await.expect("ravi-local answers");
        let told: Value = reply.json().await.expect("JSON");
        http.delete(&url).send().await.expect("ravi-local answers");
        told["counts"].as_object().expect("counts").values().filter_map(Value::as_u64).sum()
    }

    /// What one call takes on a connection that is there, whatever it answers.
    pub async fn round_trip(&self) -> Duration {
        let (http, url) = (reqwest::Client::new(), format!("{}/api/identities/", self.base_url));
        let mut times = Vec::new();
        for _ in 0..6 {
            let begin = Instant::now();
            http.get(&url).send().await.expect("ravi-local answers");
            times.push(begin.elapsed());
        }
        median(times)
    }

    /// A repository with one commit and `count` worktrees, whose folders are answered.
    pub fn worktrees(&self, repository: &str, count: usize) -> Vec<PathBuf> {
        let top = self.room.path().join(repository);
        git(self.room.path(), &["init", "--quiet", repository]);
        git(&top, &["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
        let add = |n| {
            let tree = format!("../{repository}-{n}");
            git(&top, &["worktree", "add", "--quiet", "-b", &format!("agent-{n}"), &tree]);
            self.room.path().join(format!("{repository}-{n}"))
        };
        (0..count).map(add).collect()
    }
}

impl Drop for RaviLocal {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git").current_dir(folder).args(args).status().expect("git starts");
    assert!(done.success(), "git {args:?}");
}
