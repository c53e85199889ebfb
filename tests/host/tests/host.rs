//! What is put into a host app must leave it whole: without Ravi it is as it was to the last byte, and with it no failure, no
//! older file and no second person's hand makes a secret known or an agent act as the person.

mod desk;

use std::path::Path;
use std::time::{Duration, Instant};

use desk::{files_below, Client, Daemon, Desk, PERSON, TOKEN};
use serde_json::{json, Value};

const REFERENCE: &str = "ravi://CODEX_MONITOR_DAEMON_TOKEN";

/// As the app itself writes it.
fn settings(token: Option<&str>, theme: &str) -> String {
    let value = json!({
        "theme": theme, "remoteBackendProvider": "tcp", "remoteBackendToken": token, "remoteBackends": [],
        "followUpMessageBehavior": "queue",
    });
    // In the order of the app's own type.
    let keys = ["theme", "remoteBackendProvider", "remoteBackendToken", "remoteBackends", "followUpMessageBehavior"];
    let lines: Vec<String> = keys.iter().map(|key| format!("  \"{key}\": {}", value[*key])).collect();
    format!("{{\n{}\n}}", lines.join(",\n"))
}

#[test]
fn without_ravi_the_app_is_as_it_was_to_the_last_byte() {
    let desk = Desk::new();
    desk.write_settings(&settings(Some(TOKEN), "dark"));
    let daemon = desk.daemon(&["--token", TOKEN]).expect("it starts");
    let mut client = daemon.signed_in(TOKEN);
    let main = client.call("add", json!({ "path": desk.repository })).expect("added");
    assert_eq!(keys_of(&main), ["id", "name", "path"], "answers are as they were");
    let tree = client.call("add_worktree", json!({ "parent": main["id"], "branch": "one" })).expect("added");
    let tree = Path::new(tree["path"].as_str().expect("a path")).to_owned();
    assert_eq!(desk.author(&tree), PERSON);
    let mut now = client.call("settings", json!({})).expect("settings");
    now["theme"] = json!("light");
    client.call("update_settings", now.clone()).expect("saved");
    assert_eq!(desk.settings(), settings(Some(TOKEN), "light"));
    now["remoteBackendToken"] = json!("made-up-next-token");
    client.call("update_settings", now).expect("a new token is saved as ever");
    assert_eq!(desk.settings(), settings(Some("made-up-next-token"), "light"));
    let thread = client.call("thread", json!({ "id": main["id"] })).expect("parameters");
    assert_eq!(thread, json!({ "cwd": desk.repository, "approvalPolicy": "on-request" }));
    assert_eq!(daemon.threads(), 1, "nothing runs beside");
    let expected = ["settings.json", "workspaces.json", "worktrees/one"];
    assert_eq!(files_below(&desk.data, 2), expected, "no ledger, no folder");
    let preview = desk.ctl("preview");
    assert_eq!(preview.stdout, "token configured: true\n");
    assert_eq!(files_below(&desk.data, 2), expected);
    assert!(desk.calls().is_empty(), "nobody is asked");
}

/// A daemon that found its token by itself, a client of it, and the person's repository in the list.
fn begin(desk: &Desk) -> (Daemon, Client, Value) {
    let daemon = desk.daemon(&[]).expect("it starts");
    let mut client = daemon.signed_in(TOKEN);
    let main = client.call("add", json!({ "path": desk.repository })).expect("added");
    (daemon, client, main)
}

fn keys_of(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn no_daemon_opens_with_the_text_of_a_reference() {
    let desk = Desk::new();
    desk.switch_on();
    desk.write_settings(&settings(Some(REFERENCE), "dark"));
    // Ravi has no such secret, does not answer, or nobody is signed in.
    for start in
        [desk.daemon(&[]), desk.daemon(&["--token", REFERENCE]), desk.with_env("CODEX_MONITOR_DAEMON_TOKEN", REFERENCE)]
    {
        let error = start.err().expect("it refuses to start");
        assert!(error.contains("CODEX_MONITOR_DAEMON_TOKEN"), "{error}");
    }
    assert!(desk.ctl("start").stderr.contains("CODEX_MONITOR_DAEMON_TOKEN"));
    desk.set_secret("CODEX_MONITOR_DAEMON_TOKEN", TOKEN);
    let daemon = desk.daemon(&[]).expect("it finds its token by itself");
    for wrong in [REFERENCE, "", "x"] {
        assert!(daemon.client().call("auth", json!({ "token": wrong })).is_err(), "{wrong:?}");
    }
    daemon.signed_in(TOKEN);
    for place in ["cmdline", "environ"] {
        assert!(!daemon.proc(place).contains(TOKEN), "{place}");
    }
    // Switched off again without an undo: still no token.
    desk.switch_off();
    assert!(desk.daemon(&[]).err().expect("it refuses").contains("Missing --token"));
    let daemon = desk.daemon(&["--token", TOKEN]).expect("an operator's own");
    let mut client = daemon.signed_in(TOKEN);
    let mut now = client.call("settings", json!({})).expect("settings");
    assert_eq!(now["remoteBackendToken"], Value::Null, "and a window is shown none");
    now["theme"] = json!("light");
    client.call("update_settings", now).expect("saved");
    assert_eq!(desk.settings(), settings(Some(REFERENCE), "light"), "which the file keeps");
}

#[test]
fn the_apps_own_migrations_come_first() {
    let desk = Desk::with_ravi();
    desk.write_settings(&format!(
        r#"{{"remoteBackendProvider":"orbit","orbitWsUrl":"wss://x","remoteBackendToken":"{REFERENCE}","steerEnabled":true}}"#
    ));
    let daemon = desk.daemon(&[]).expect("it starts");
    let now = daemon.signed_in(TOKEN).call("settings", json!({})).expect("settings");
    assert_eq!((&now["remoteBackendProvider"], &now["followUpMessageBehavior"]), (&json!("tcp"), &json!("steer")));
    assert_eq!(now["remoteBackendToken"], TOKEN);
}

#[test]
fn a_token_that_is_saved_through_the_daemon_counts_at_once() {
    let desk = Desk::with_ravi();
    desk.write_settings(&settings(Some(REFERENCE), "dark"));
    let daemon = desk.daemon(&["--token-grace", "3"]).expect("it starts");
    let mut client = daemon.signed_in(TOKEN);
    let mut now = client.call("settings", json!({})).expect("settings");
    now["remoteBackendToken"] = json!("made-up-next-token");
    let began = Instant::now();
    client.call("update_settings", now).expect("saved");
    assert!(began.elapsed() < Duration::from_secs(20), "on one thread a blocking call must not wait for itself");
    assert_eq!(desk.settings(), settings(Some(REFERENCE), "dark"));
    daemon.signed_in("made-up-next-token");
    daemon.signed_in(TOKEN);
    let grace = Instant::now();
    while grace.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(daemon.client().call("auth", json!({ "token": TOKEN })).is_err(), "its grace is over");
    // Replaced elsewhere.
    desk.set_secret("CODEX_MONITOR_DAEMON_TOKEN", "made-up-third-token");
    daemon.signed_in("made-up-third-token");
}

#[test]
fn each_agent_is_its_own_also_in_the_apps_own_gh() {
    let desk = Desk::with_ravi();
    let (_daemon, mut client, main) = begin(&desk);
    let one = client.call("add_worktree", json!({ "parent": main["id"], "branch": "one" })).expect("added");
    let email = one["ravi"]["identity"]["email"].as_str().expect("the address is in the answer").to_owned();
    assert_eq!(client.call("list", json!({})).expect("a list")[1]["ravi"]["identity"]["email"], email.as_str());
    let path = Path::new(one["path"].as_str().expect("a path")).to_owned();
    assert_eq!(desk.author(&path), format!("one <{email}>"));
    assert_eq!(desk.author(&desk.repository), PERSON, "the person's own checkout stays theirs");
    assert_eq!(main.get("ravi"), None);
    // It is the daemon that others are led to, also by what this program sets up, which is no helper itself.
    assert_eq!(client.call("gh", json!({ "id": one["id"] })).expect("gh"), "the person", "without a token");
    desk.give_github_token(&path, "made_up_agent_token");
    assert_eq!(client.call("gh", json!({ "id": one["id"] })).expect("gh"), "made_up_agent_token");
    assert_eq!(client.call("gh", json!({ "id": main["id"] })).expect("gh"), "the person");
    let thread = client.call("thread", json!({ "id": one["id"] })).expect("parameters");
    assert_eq!(thread["config"]["shell_environment_policy.set.GIT_AUTHOR_EMAIL"], email.as_str());
    // A clone that the app made for an agent.
    let clone = client.call("add_clone", json!({ "source": main["id"], "name": "copy" })).expect("cloned");
    assert_ne!(desk.author(Path::new(clone["path"].as_str().expect("a path"))), PERSON);
}

#[test]
fn no_failure_locks_a_folder_out_or_leaves_a_key() {
    let desk = Desk::with_ravi();
    let (daemon, mut client, main) = begin(&desk);
    let add = json!({ "parent": main["id"], "branch": "one" });
    desk.fault(json!({ "path": "/api/identities/", "method": "POST", "times": 9, "status": 500 }));
    let error = client.call("add_worktree", add.clone()).expect_err("Ravi fails");
    assert!(error.lines().count() > 1, "the cause, and what to do: {error}");
    assert!(!desk.data.join("worktrees/one").exists(), "what was made is undone");
    desk.no_faults();
    desk.git(&desk.repository, &["branch", "-D", "one"]);
    client.call("add_worktree", add).expect("another try");
    assert_eq!(desk.live_keys(), 1);
    // Killed between having it made and storing it.
    let tree = desk.data.join("worktrees/two");
    let add = json!({ "parent": main["id"], "branch": "two", "dies": true });
    assert!(client.call("add_worktree", add).is_err(), "the daemon is dead");
    assert_eq!(desk.live_keys(), 2);
    drop(daemon);
    let daemon = desk.daemon(&[]).expect("it starts again");
    let mut client = daemon.signed_in(TOKEN);
    // The person adds the folder that is there, which has a new id.
    client.call("add_folder_of_agent", json!({ "path": tree })).expect("added");
    assert_eq!(desk.live_keys(), 2, "the lost key is revoked");
    // Twice, and a folder below.
    std::fs::create_dir(tree.join("src")).expect("a folder");
    let again = client.call("add_folder_of_agent", json!({ "path": tree })).expect("as the app accepts it");
    client.call("add_folder_of_agent", json!({ "path": tree.join("src") })).expect("as the app accepts it");
    assert!(again["ravi"]["identity"]["email"].is_string(), "each entry has the address");
    assert_eq!(desk.live_keys(), 2);
}

#[test]
fn a_removal_that_is_refused_takes_no_identity() {
    let desk = Desk::with_ravi();
    let (_daemon, mut client, main) = begin(&desk);
    let one = client.call("add_worktree", json!({ "parent": main["id"], "branch": "one" })).expect("added");
    let path = Path::new(one["path"].as_str().expect("a path")).to_owned();
    let author = desk.author(&path);
    desk.git(&desk.repository, &["worktree", "lock", path.to_str().expect("text")]);
    client.call("remove_worktree", json!({ "id": one["id"] })).expect_err("it is locked");
    assert_eq!(desk.author(&path), author, "still the agent");
    assert_eq!(desk.live_keys(), 1);
    // Released by somebody else: no thread may run there as the person.
    desk.cli(&["release", one["id"].as_str().expect("an id")]);
    let error = client.call("thread", json!({ "id": one["id"] })).expect_err("it has no identity any more");
    assert!(error.contains("act as you"), "{error}");
    desk.git(&desk.repository, &["worktree", "unlock", path.to_str().expect("text")]);
    client.call("remove_worktree", json!({ "id": one["id"] })).expect("removed");
    let two = client.call("add_worktree", json!({ "parent": main["id"], "branch": "two" })).expect("added");
    client.call("remove_worktree", json!({ "id": two["id"] })).expect("removed");
    desk.until(|| desk.live_keys() == 0, "its key is revoked");
    assert_eq!(desk.git_config(), desk.original_git_config, "byte for byte");
}

#[test]
fn a_rename_is_done_also_while_ravi_is_away() {
    let desk = Desk::with_ravi();
    let (_daemon, mut client, main) = begin(&desk);
    let one = client.call("add_worktree", json!({ "parent": main["id"], "branch": "one" })).expect("added");
    let email = one["ravi"]["identity"]["email"].as_str().expect("an address").to_owned();
    desk.fault(json!({ "path": "/api/*", "drop": true, "times": 1000 }));
    let renamed = client.call("rename_worktree", json!({ "id": one["id"], "branch": "uno" })).expect("renamed");
    let path = Path::new(renamed["path"].as_str().expect("a path")).to_owned();
    assert!(desk.author(&path).contains(&email), "the same agent");
    desk.no_faults();
    // Renamed and removed at once: neither is in the other's way.
    for round in 0..5 {
        let branch = |name: &str| format!("{name}-{round}");
        let one = client.call("add_worktree", json!({ "parent": main["id"], "branch": branch("a") })).expect("added");
        client.call("rename_worktree", json!({ "id": one["id"], "branch": branch("b") })).expect("renamed");
        client.call("remove_worktree", json!({ "id": one["id"] })).expect("removed");
    }
}

#[test]
fn what_the_daemon_does_other_programs_on_its_ledger_see() {
    let desk = Desk::with_ravi();
    let seen = desk.watch();
    let (_daemon, mut client, main) = begin(&desk);
    let one = client.call("add_worktree", json!({ "parent": main["id"], "branch": "one" })).expect("added");
    let id = one["id"].as_str().expect("an id").to_owned();
    desk.until(|| seen.lock().unwrap().contains(&format!("{id} Ready")), "the window is told of it");
    client.call("rename_worktree", json!({ "id": id, "branch": "uno" })).expect("renamed");
    desk.until(|| seen.lock().unwrap().contains(&format!("{id} uno")), "and of its new name");
    client.call("remove_worktree", json!({ "id": id })).expect("removed");
    desk.until(|| seen.lock().unwrap().contains(&format!("{id} gone")), "and that it is gone");
}

#[test]
fn a_ledger_that_cannot_be_read_stops_neither_app_nor_daemon() {
    let desk = Desk::new();
    desk.switch_on();
    std::fs::write(desk.data.join("ravi/ledger.db"), "no ledger\n".repeat(500)).expect("written");
    desk.write_settings(&settings(Some(REFERENCE), "dark"));
    let (daemon, said) = desk.daemon_and_words(&["--token", TOKEN]).expect("it starts");
    let mut client: Client = daemon.signed_in(TOKEN);
    assert!(said.contains("power renew"), "and says what to do: {said}");
    let main = client.call("add", json!({ "path": desk.repository })).expect("added");
    client.call("add_worktree", json!({ "parent": main["id"], "branch": "one" })).expect("as without Ravi");
    assert_eq!(client.call("settings", json!({})).expect("settings")["remoteBackendToken"], Value::Null);
}
