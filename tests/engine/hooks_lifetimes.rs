//! Workspaces sleep and wake, end when their time is over, and a crash on the way leaves no key that nobody revokes.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Bed, Run};

fn provision(bed: &Bed, path: &Path, id: &str, more: &[&str]) -> Value {
    let mut args = Bed::provision_args(path, id, &format!("{id} agent"));
    args.extend(more.iter().map(|text| (*text).to_owned()));
    bed.run(&args).ok().json()
}

/// The program with the clock `seconds` ahead.
fn later(bed: &Bed, seconds: u32, args: &[&str]) -> Run {
    let run = bed.program().env("RAVI_WORKSPACE_CLOCK_OFFSET_S", seconds.to_string()).args(args).output();
    run.expect("it starts").into()
}

fn state(bed: &Bed, id: &str) -> Value {
    let list = bed.run(&["list", "--json"]).ok().json();
    let all = list["workspaces"].as_array().expect("a list").iter();
    all.clone().find(|w| w["id"] == id).map_or(Value::Null, |w| w["state"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_workspace_has_no_key_and_its_use_wakes_it_as_who_it_was() {
    let bed = Bed::new().await;
    let tree = bed.worktree(&bed.repository("repo"), "one");
    let path = tree.to_str().expect("text");
    let before = provision(&bed, &tree, "one", &[]);
    assert_eq!(bed.run(&["suspend", path, "--json"]).ok().json()["state"], "suspended");
    assert_eq!(bed.live_keys().await, 0);
    assert!(!bed.key_file("one").exists(), "the dead key is taken away");
    assert_eq!(bed.author(&tree), format!("one agent <{}>", before["identity"]["email"].as_str().expect("text")));
    assert_eq!(bed.run(&["suspend", "one", "--json"]).ok().json()["state"], "suspended", "twice is once");
    let rows = bed.run(&["reap", "--json"]).ok().json();
    assert_eq!((&rows["released"], &rows["suspended"]), (&json!([]), &json!([])), "its folder is there");

    // An agent has its dead key in the environment; this machine's login serves.
    bed.run_with_input(&["login", "--key-stdin"], secrecy::ExposeSecret::expose_secret(&bed.key)).ok();
    let seen = bed
        .program()
        .env("RAVI_API_KEY", "ravi_id_0000000000000000000000000000000000000000")
        .args(["exec", path, "--", "sh", "-c", "echo $RAVI_IDENTITY; test -n \"$RAVI_API_KEY\""])
        .output();
    let seen = Run::from(seen.expect("it starts")).ok();
    assert_eq!(seen.stdout.trim(), before["identity"]["uuid"], "the same identity");
    assert_eq!((state(&bed, "one"), bed.live_keys().await), (json!("ready"), 1));
    assert!(bed.key_file("one").exists());
    assert_eq!(bed.identity_count().await, 1);

    bed.run(&["suspend", "one"]).ok();
    bed.run(&["env", path]).ok();
    assert_eq!(state(&bed, "one"), "ready", "env wakes it");
    bed.run(&["suspend", "one"]).ok();
    bed.run(&["wake", "one"]).ok();
    assert_eq!(state(&bed, "one"), "ready");
    bed.run(&["suspend", "one"]).ok();
    bed.run(&["release", "one"]).ok();
    assert_eq!((state(&bed, "one"), bed.live_keys().await), (Value::Null, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn git_wakes_a_workspace_that_has_a_token_and_nobody_where_that_is_forbidden() {
    let bed = Bed::new().await;
    let tree = bed.worktree(&bed.repository("repo"), "one");
    let done = provision(&bed, &tree, "one", &[]);
    bed.put_secret(done["identity"]["uuid"].as_str().expect("text"), "GH_TOKEN", "made-up-token-of-one").await;
    assert_eq!(provision(&bed, &tree, "one", &[])["github"]["source"], "workspace");
    bed.run(&["suspend", "one"]).ok();
    let fill = |wake: &str| {
        let mut program = bed.program();
        program.current_dir(&tree).env("RAVI_WORKSPACE_WAKE", wake).args(["git-credential", "get"]);
        let mut child = program
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut input = child.stdin.take().expect("its input");
        std::io::Write::write_all(&mut input, b"protocol=https\nhost=github.com\n\n").expect("it reads");
        drop(input);
        Run::from(child.wait_with_output().expect("it ends"))
    };
    let refused = fill("never");
    assert_eq!(refused.stdout, "quit=1\n", "never as the person");
    assert!(refused.stderr.contains("workspace.suspended"), "{refused:?}");
    let path = tree.to_str().expect("text");
    let exec = bed.program().env("RAVI_WORKSPACE_WAKE", "never").args(["env", path, "--json"]).output();
    let exec = Run::from(exec.expect("it starts"));
    assert_eq!((exec.code, exec.error_code().as_str()), (6, "workspace.suspended"));
    assert_eq!((state(&bed, "one"), bed.live_keys().await), (json!("suspended"), 0));
    assert!(fill("on-use").stdout.contains("password=made-up-token-of-one"));
    assert_eq!((state(&bed, "one"), bed.live_keys().await), (json!("ready"), 1));
    let bad = bed.program().env("RAVI_WORKSPACE_WAKE", "maybe").args(["list", "--json"]).output();
    assert_eq!(Run::from(bad.expect("it starts")).error_code(), "config.wake");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_over_is_ended_by_the_reaper_and_a_new_provision_begins_it_anew() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let (short, long) = (bed.worktree(&repository, "short"), bed.worktree(&repository, "long"));
    provision(&bed, &short, "short", &["--ttl", "2m"]);
    provision(&bed, &long, "long", &["--ttl", "8h"]);
    let ends = bed.run(&["status", short.to_str().expect("text"), "--json"]).ok().json()["ends_at_ms"].clone();
    assert!(ends.is_i64(), "{ends}");
    let told = bed.run(&["status", short.to_str().expect("text")]).ok().stdout;
    let until = told.lines().find_map(|line| line.strip_prefix("until ")).map(str::trim).expect("a row");
    let until: jiff::Timestamp = until.parse().expect("a moment");
    assert!((until.as_millisecond() - ends.as_i64().expect("a number")).abs() < 1000, "{told}");
    // Suspending or waking does not prolong it.
    bed.run(&["suspend", "short"]).ok();
    bed.run(&["wake", "short"]).ok();
    assert_eq!(bed.run(&["status", short.to_str().expect("text"), "--json"]).ok().json()["ends_at_ms"], ends);
    let plan = later(&bed, 200, &["reap", "--dry-run", "--json"]).ok().json();
    assert_eq!(plan["released"][0]["id"], "short");
    assert_eq!(plan["released"].as_array().expect("a list").len(), 1);
    let args = Bed::provision_args(&short, "short", "short agent");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    later(&bed, 100, &[&args[..], &["--ttl", "2m"]].concat()).ok();
    assert_eq!(later(&bed, 200, &["reap", "--json"]).ok().json()["released"], json!([]), "begun anew at 100 s");
    assert_eq!(later(&bed, 230, &["reap", "--json"]).ok().json()["released"][0]["id"], "short");
    assert_eq!((state(&bed, "short"), state(&bed, "long"), bed.live_keys().await), (Value::Null, json!("ready"), 1));
    assert_eq!(bed.run(&["provision", ".", "--id", "x", "--name", "x", "--ttl", "soon", "--json"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_does_not_come_to_its_end_costs_nobody_the_workspace() {
    let bed = Bed::new().await;
    let tree = bed.worktree(&bed.repository("repo"), "one");
    provision(&bed, &tree, "one", &[]);
    bed.fault(json!({ "method": "PATCH", "path": "/api/identities/{id}/", "status": 500, "times": 9 })).await;
    let args = Bed::provision_args(&tree, "one", "another name");
    assert_ne!(bed.run(&args).code, 0);
    assert_eq!(state(&bed, "one"), "provisioning");
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    assert_eq!(later(&bed, 9000, &["reap", "--json"]).ok().json()["released"], json!([]));
    assert_eq!(bed.run(&args).ok().json()["state"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn ravi_away_or_a_crash_anywhere_leaves_no_key_behind() {
    let bed = Bed::new().await;
    let tree = bed.worktree(&bed.repository("repo"), "one");
    provision(&bed, &tree, "one", &[]);
    bed.fault(json!({ "method": "GET", "path": "/api/auth/keys/identity/", "status": 503, "times": 9 })).await;
    assert_eq!(bed.run(&["suspend", "one", "--json"]).ok().json()["owed"], 1);
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    assert_eq!(bed.live_keys().await, 1);
    bed.run(&["reap"]).ok();
    assert_eq!(bed.live_keys().await, 0, "owed, and paid by the reaper");

    for command in ["suspend", "wake"] {
        let undo = if command == "suspend" { "wake" } else { "suspend" };
        bed.run(&[undo, "one"]).ok();
        let trace = bed.path(&format!("trace-{command}"));
        let run = bed.program().env("RAVI_WORKSPACE_CRASH_TRACE", &trace).args([command, "one"]).output();
        Run::from(run.expect("it starts")).ok();
        let points = std::fs::read_to_string(trace).expect("a trace").lines().count();
        assert!(points > 5, "{command}: {points}");
        let every = if std::env::var_os("RAVI_TEST_LONG").is_some() { 1 } else { 4 };
        for point in (1..=points).step_by(every) {
            bed.run(&[undo, "one"]).ok();
            let run = bed.program().env("RAVI_WORKSPACE_CRASH_AT", point.to_string()).args([command, "one"]).output();
            drop(run.expect("it starts"));
            bed.run(&["reap"]).ok();
            // Whatever the crash left: a ready workspace has its one key, any other has none.
            let keys = usize::from(state(&bed, "one") == "ready");
            assert_eq!(bed.live_keys().await, keys, "{command}, crash at {point}");
            bed.run(&[command, "one"]).ok();
            let keys = usize::from(command == "wake");
            assert_eq!(bed.live_keys().await, keys, "{command} again, crash at {point}");
            assert_eq!(bed.identity_count().await, 1);
        }
    }
}
