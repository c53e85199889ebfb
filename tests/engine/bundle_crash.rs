//! Killed at any point, and with any reply lost: a value of a pool is never in two vaults, and the same command again
//! ends as if nothing had happened.
//!
//! The points are written down by a first run, as in `workspace_crash`.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;

use crate::common::{Bed, Run};
use serde_json::{Value, json};

const SIGABRT: i32 = 6;
const BUNDLE: &str = r#"{"entries":[
    {"key":"STRIPE_KEY","from":{"pool":"STRIPE_TEST_KEY"}},
    {"key":"SHARED","from":{"copy":"SHARED_KEY"}},
    {"key":"SESSION_SECRET","from":{"generate":24}}]}"#;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Job {
    Provision,
    Release,
}

/// A pool of one value, and two workspaces that want it.
struct World {
    bed: Bed,
}

impl World {
    async fn for_job(job: Job) -> World {
        let world = World { bed: Bed::new().await };
        for (key, value) in [("STRIPE_TEST_KEY_1", "made-up-stripe-value"), ("SHARED_KEY", "made-up-shared-value")] {
            world.bed.run_with_input(&["secret", "set", key], value).ok();
        }
        for id in ["w1", "w2"] {
            std::fs::create_dir(world.bed.path(id)).expect("a folder");
        }
        if job == Job::Release {
            world.run(&world.provision("w1"), &[]).0.ok();
        }
        world.bed.reset_calls().await;
        world
    }

    fn provision(&self, id: &str) -> Vec<String> {
        Bed::provision_args(&self.bed.path(id), id, id)
    }

    fn command(&self, job: Job) -> Vec<String> {
        match job {
            Job::Provision => self.provision("w1"),
            Job::Release => ["release", "w1", "--json"].map(str::to_owned).to_vec(),
        }
    }

    fn run(&self, args: &[String], env: &[(&str, String)]) -> (Run, Option<i32>) {
        let mut program = self.bed.program();
        program.args(args).env("RAVI_WORKSPACE_BUNDLE", BUNDLE);
        let output = program.envs(env.iter().map(|(name, value)| (*name, value))).output().expect("it starts");
        let signal = output.status.signal();
        (output.into(), signal)
    }

    /// What each vault holds that bundles give; the generated value by its length. Fails where the pool's value is in two.
    async fn vaults(&self, when: &str) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut vaults = BTreeMap::new();
        for identity in self.bed.server_state().await["identities"].as_array().expect("a list") {
            let mut vault = self.bed.secrets_of(identity["uuid"].as_str().expect("text")).await;
            if let Some(value) = vault.get_mut("SESSION_SECRET") {
                *value = format!("{} characters", value.len());
            }
            vaults.insert(identity["name"].as_str().expect("text").to_owned(), vault);
        }
        let holders = vaults.values().filter(|vault| vault.contains_key("STRIPE_KEY")).count();
        assert!(holders <= 1, "{when}: {holders} hold the value: {vaults:#?}");
        vaults
    }

    /// Another workspace wants the value now: it gets it, or is told that none is free.
    async fn rival(&self, when: &str) -> bool {
        // Vaults stay as the kill left them: what is owed cannot be made up for before the look.
        self.bed.fault(json!({ "method": "DELETE", "path": "/api/secrets/{id}/", "status": 403, "times": 1000 })).await;
        let (run, _) = self.run(&self.provision("w2"), &[]);
        self.vaults(when).await;
        self.bed.local(reqwest::Method::DELETE, "faults", None).await;
        assert!(run.code == 0 || run.error_code() == "bundle.none_free", "{when}: {run:?}");
        run.code == 0
    }

    /// What was begun is ended, and what is owed is paid; then the value can be had by whoever asks.
    async fn settle(&self, job: Job, wanted: &Value, when: &str) {
        let rival_has_it = self.rival(when).await;
        if rival_has_it {
            self.run(&["release".to_owned(), "w2".to_owned()], &[]).0.ok();
        }
        self.run(&self.command(job), &[]).0.ok();
        self.run(&["reap".to_owned()], &[]).0.ok();
        assert_eq!(&self.seen(when).await, wanted, "{when}");
        if job == Job::Release {
            assert!(self.rival(when).await, "{when}: the value is free");
        }
    }

    async fn seen(&self, when: &str) -> Value {
        let vaults = self.vaults(when).await;
        let given: Vec<_> = vaults.iter().filter(|(name, _)| *name != "ravi-workspace host").map(|(_, v)| v).collect();
        // Vaults that hold nothing are those of identities that wait for another workspace.
        json!({ "vaults": given.iter().filter(|vault| !vault.is_empty()).collect::<Vec<_>>() })
    }
}

async fn every_crash_point(job: Job, name: &str) {
    let undisturbed = World::for_job(job).await;
    let trace = undisturbed.bed.path("trace");
    let tracing = [("RAVI_WORKSPACE_CRASH_TRACE", trace.to_str().expect("text").to_owned())];
    undisturbed.run(&undisturbed.command(job), &tracing).0.ok();
    let wanted = undisturbed.seen("undisturbed").await;
    let points = std::fs::read_to_string(trace).expect("a trace");
    let points: Vec<&str> = points.lines().collect();
    assert!(points.len() >= 6, "{points:#?}");
    for (index, point) in points.iter().enumerate() {
        let world = World::for_job(job).await;
        let crash = [("RAVI_WORKSPACE_CRASH_AT", (index + 1).to_string())];
        let (run, signal) = world.run(&world.command(job), &crash);
        assert_eq!(signal, Some(SIGABRT), "{name}, {point}: {run:?}");
        world.settle(job, &wanted, &format!("{name}, crashed at {point}")).await;
    }
    println!("{name}: {} crash points", points.len());
}

async fn every_lost_reply(job: Job, name: &str) {
    let undisturbed = World::for_job(job).await;
    undisturbed.run(&undisturbed.command(job), &[]).0.ok();
    let wanted = undisturbed.seen("undisturbed").await;
    let calls = undisturbed.bed.call_log().await.len();
    for index in 0..calls {
        let world = World::for_job(job).await;
        world.bed.fault(json!({ "path": "/api/*", "skip": index, "lost_reply": true })).await;
        world.run(&world.command(job), &[]);
        world.bed.local(reqwest::Method::DELETE, "faults", None).await;
        world.settle(job, &wanted, &format!("{name}, reply {index} lost")).await;
    }
    println!("{name}: {calls} lost replies");
}

#[tokio::test(flavor = "multi_thread")]
async fn provision_killed_anywhere() {
    every_crash_point(Job::Provision, "provision with a bundle").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn release_killed_anywhere() {
    every_crash_point(Job::Release, "release with a bundle").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_reply_to_a_provision_lost() {
    every_lost_reply(Job::Provision, "provision with a bundle").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_reply_to_a_release_lost() {
    every_lost_reply(Job::Release, "release with a bundle").await;
}
