//! Killed at any point, and with any reply lost, the same command again ends as if nothing had happened.
//!
//! The points are not listed here: a first run writes down every one it passes, and each is then tried in a world of its
//! own. What is compared is what the outside sees: identities and live keys at Ravi, files and git configuration, and
//! what the ledger says, each without its random parts.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};

use crate::common::{Bed, Run};
use serde_json::{Value, json};

const TOKEN: &str = "made-up-daemon-token-4711";
const SIGABRT: i32 = 6;

/// A job and the world it is done in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    Provision,
    ProvisionBare,
    ProvisionFromPool,
    Release,
    Retire,
    Reap,
    Migrate,
}

struct World {
    bed: Bed,
    repository: PathBuf,
    tree: PathBuf,
}

impl World {
    async fn for_job(job: Job) -> World {
        let bed = Bed::new().await;
        let source = bed.repository("source");
        let (repository, tree) = if job == Job::ProvisionBare {
            let bare = bed.path("bare.git");
            bed.git(&source, &["clone", "--quiet", "--bare", ".", bare.to_str().expect("text")]);
            let tree = bed.path("worktrees/one");
            bed.git(&bare, &["worktree", "add", "--quiet", "-b", "one", tree.to_str().expect("text")]);
            (bare, tree)
        } else {
            let tree = bed.worktree(&source, "one");
            (source, tree)
        };
        std::fs::write(tree.join(".env"), "MINE=1\n").expect("a file");
        let world = World { bed, repository, tree };
        match job {
            Job::Provision | Job::ProvisionBare => {}
            Job::ProvisionFromPool => {
                world.bed.run(&Bed::provision_args(&world.tree, "w0", "former agent")).ok();
                world.bed.run(&["release", "w0"]).ok();
            }
            Job::Release | Job::Retire => drop(world.bed.run(&world.provision()).ok()),
            Job::Reap => {
                world.bed.run(&world.provision()).ok();
                let tree = world.tree.to_str().expect("text");
                world.bed.git(&world.repository, &["worktree", "remove", "--force", tree]);
            }
            Job::Migrate => {
                let text = format!("{{ \"remoteBackendToken\": \"{TOKEN}\", \"remoteBackends\": [] }}");
                std::fs::write(world.settings(), text).expect("a file");
            }
        }
        world.bed.reset_calls().await;
        world
    }

    fn provision(&self) -> Vec<String> {
        let mut args = Bed::provision_args(&self.tree, "w1", "payments agent");
        args.extend(["--env-file".into(), ".env".into(), "--sign".into()]);
        args
    }

    fn settings(&self) -> PathBuf {
        self.bed.path("settings.json")
    }

    fn command(&self, job: Job) -> Vec<String> {
        let list = |args: &[&str]| args.iter().map(|a| (*a).to_owned()).collect();
        match job {
            Job::Provision | Job::ProvisionBare | Job::ProvisionFromPool => self.provision(),
            Job::Release => list(&["release", "w1", "--json"]),
            Job::Retire => list(&["release", "w1", "--retire", "--json"]),
            Job::Reap => list(&["reap", "--json"]),
            Job::Migrate => list(&[
                "settings",
                "migrate",
                self.settings().to_str().expect("text"),
                "--preset",
                "codex-monitor",
                "--json",
            ]),
        }
    }

    fn run(&self, job: Job, env: &[(&str, String)]) -> (Run, Option<i32>) {
        let mut program = self.bed.program();
        program.args(self.command(job)).envs(env.iter().map(|(name, value)| (*name, value.as_str())));
        let output = program.output().expect("it starts");
        let signal = output.status.signal();
        (output.into(), signal)
    }

    /// Finishes the job, as a user would: the same command until it says done. A release that was begun may leave a
    /// debt to the next command.
    fn finish(&self, job: Job) {
        self.run(job, &[]).0.ok();
        if self.bed.run(&["list", "--json"]).ok().json()["owed"] != json!([]) {
            self.bed.run(&["reap", "--json"]).ok();
        }
    }

    /// What the outside sees, without what is random in every run.
    async fn seen(&self) -> Value {
        let server = self.bed.server_state().await;
        let identities: Vec<&Value> = server["identities"].as_array().expect("a list").iter().collect();
        let of = |uuid: &Value| identities.iter().position(|i| i["uuid"] == *uuid);
        let keys = server["keys"].as_array().expect("a list").iter();
        let keys: Vec<_> = keys.filter(|key| !key["identity"].is_null()).map(|key| of(&key["identity"])).collect();
        let ledger = self.bed.run(&["list", "--json"]).ok().json();
        let bound = ledger["workspaces"].as_array().expect("a list").iter();
        json!({
            // The host identity's address is the server's to invent.
            "identities": identities.iter().map(|i| match i["name"].as_str() {
                Some("ravi-workspace host") => json!("host"),
                _ => json!([i["name"], i["inbox"]]),
            }).collect::<Vec<_>>(),
            "secrets": server["secrets"].as_object().map(|s| {
                // By uuid, and so in no order that would say anything.
                let mut names: Vec<String> = s.values().map(Value::to_string).collect();
                names.sort();
                names
            }),
            "keys": keys,
            "bound": bound.map(|w| json!([w["id"], w["state"], w["last_error"], of(&w["identity"]["uuid"])])).collect::<Vec<_>>(),
            "owed": ledger["owed"],
            "repository": self.files(&self.repository),
            "tree": self.files(&self.tree),
            "settings": std::fs::read_to_string(self.settings()).ok(),
        })
    }

    /// Files that a job may touch: name and content. Identifiers and times are blanked.
    fn files(&self, folder: &Path) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        collect(folder, folder, &mut files);
        files
    }
}

fn collect(top: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.strip_prefix(top).expect("below").display().to_string();
        if entry.file_type().expect("a type").is_dir() {
            if !["objects", "logs", "refs", "hooks"].iter().any(|skip| name.ends_with(skip)) {
                collect(top, &path, files);
            }
            continue;
        }
        if name.ends_with("index") || name.ends_with("packed-refs") || name.ends_with("ORIG_HEAD") {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
        // Notes hold digests and nonces: that they are there is compared, and what they lead to is by release.
        let content = if name.contains("ravi-workspace") { "(note)".to_owned() } else { blank(&text) };
        files.insert(name, content);
    }
}

/// Replaces uuids, keys and the folder's random name.
fn blank(text: &str) -> String {
    let of_key = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let signing = text.split("ssh-ed25519 ").enumerate();
    let text: String = signing.map(|(i, part)| if i == 0 { part } else { part.trim_start_matches(of_key) }).collect();
    let mut blanked = String::new();
    for word in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))) {
        let random = word.contains("ravi_id_") || word.contains("ravi-test-") || word.matches('-').count() == 4;
        blanked.push_str(if random { "…" } else { word });
    }
    blanked
}

/// Compares part by part, so that a difference can be read.
fn same(seen: &Value, wanted: &Value, when: &str) {
    for (part, value) in wanted.as_object().expect("an object") {
        assert_eq!(&seen[part], value, "{when}: {part}");
    }
}

async fn every_crash_point(job: Job, name: &str) {
    let undisturbed = World::for_job(job).await;
    let trace = undisturbed.bed.path("trace");
    let tracing = [("RAVI_WORKSPACE_CRASH_TRACE", trace.to_str().expect("text").to_owned())];
    undisturbed.run(job, &tracing).0.ok();
    let wanted = undisturbed.seen().await;
    let points = std::fs::read_to_string(trace).expect("a trace");
    let points: Vec<&str> = points.lines().collect();
    assert!(points.len() >= 6, "{points:#?}");
    for (index, point) in points.iter().enumerate() {
        let world = World::for_job(job).await;
        let (run, signal) = world.run(job, &[("RAVI_WORKSPACE_CRASH_AT", (index + 1).to_string())]);
        assert_eq!(signal, Some(SIGABRT), "{name}, {point}: {run:?}");
        world.finish(job);
        same(&world.seen().await, &wanted, &format!("{name}, crashed at {point}"));
    }
    println!("{name}: {} crash points", points.len());
}

/// Whoever gives up after a crash and releases instead ends with the folder as it was, and no live key.
async fn given_up_at_every_crash_point(job: Job, name: &str) {
    let untouched = World::for_job(job).await.seen().await;
    let traced = World::for_job(job).await;
    let trace = traced.bed.path("trace");
    traced.run(job, &[("RAVI_WORKSPACE_CRASH_TRACE", trace.to_str().expect("text").to_owned())]).0.ok();
    let points = std::fs::read_to_string(trace).expect("a trace").lines().count();
    for point in 1..=points {
        let world = World::for_job(job).await;
        world.run(job, &[("RAVI_WORKSPACE_CRASH_AT", point.to_string())]);
        let run = world.bed.run(&["release", "w1", "--json"]);
        assert!(run.code == 0 || run.error_code() == "workspace.unbound", "{name}, point {point}: {run:?}");
        world.bed.run(&["reap", "--json"]).ok();
        let seen = world.seen().await;
        for part in ["keys", "bound", "owed", "repository", "tree"] {
            assert_eq!(seen[part], untouched[part], "{name}, given up at point {point}: {part}");
        }
    }
    println!("{name}: given up at {points} crash points");
}

async fn every_lost_reply(job: Job, name: &str) {
    let undisturbed = World::for_job(job).await;
    undisturbed.run(job, &[]).0.ok();
    let calls = undisturbed.bed.call_log().await;
    let wanted = undisturbed.seen().await;
    assert!(!calls.is_empty());
    for (index, call) in calls.iter().enumerate() {
        let world = World::for_job(job).await;
        world.bed.fault(json!({ "path": "/api/*", "skip": index, "lost_reply": true })).await;
        let (run, _) = world.run(job, &[]);
        if run.code != 0 {
            assert_eq!(run.code, 5, "{name}, {call}: {run:?}");
        }
        world.finish(job);
        same(&world.seen().await, &wanted, &format!("{name}, reply to {call} lost"));
    }
    println!("{name}: {} lost replies", calls.len());
}

macro_rules! jobs {
    ($($test:ident: $job:expr;)*) => {
        mod crash {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() { every_crash_point($job, stringify!($test)).await; })*
        }
        mod lost_reply {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() { every_lost_reply($job, stringify!($test)).await; })*
        }
    };
}

mod given_up {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn provision() {
        given_up_at_every_crash_point(Job::Provision, "provision").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn provision_in_a_bare_repository() {
        given_up_at_every_crash_point(Job::ProvisionBare, "provision_in_a_bare_repository").await;
    }
}

jobs! {
    provision: Job::Provision;
    provision_in_a_bare_repository: Job::ProvisionBare;
    provision_from_the_pool: Job::ProvisionFromPool;
    release: Job::Release;
    retire: Job::Retire;
    reap: Job::Reap;
    migrate: Job::Migrate;
}
