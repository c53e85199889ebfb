//! The first minutes with an account as most people have it: one identity, which is there already.

use ravi_local::{Options, Plan};
use ravi_workspace_core::{Config, Ravi};
use serde_json::{Value, json};

use crate::common::{Bed, Run};

async fn free() -> (Bed, Value) {
    let bed = Bed::bare(Options { plan: Plan::Free, ..Options::default() }).await;
    let main = bed.server_state().await["identities"][0].clone();
    (bed, main)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// Another identity of the account, made on the web.
async fn another(bed: &Bed, name: &str) -> String {
    let made = bed.local(reqwest::Method::POST, "identities", Some(json!({ "name": name }))).await;
    text(&made["uuid"]).to_owned()
}

fn set(bed: &Bed, key: &str) -> Run {
    bed.run_with_input(&["secret", "set", key, "--json"], "made-up")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_that_is_there_serves_and_nothing_that_reads_makes_one() {
    let (bed, main) = free().await;
    bed.put_secret(text(&main["uuid"]), "CODEX_MONITOR_DAEMON_TOKEN", "made-up-token").await;
    bed.reset_calls().await;
    assert_eq!(bed.run(&["secret", "get", "CODEX_MONITOR_DAEMON_TOKEN"]).ok().stdout.trim(), "made-up-token");
    for command in [
        &["secret", "list", "--json"][..],
        &["account", "--json"],
        &["doctor", "--json"],
        &["list", "--json"],
        &["audit", "--json"],
        &["seal", "status", "--json"],
        &["codex", "status", "--json"],
        &["reap", "--dry-run", "--json"],
    ] {
        bed.run(command).json();
    }
    let account = bed.run(&["account", "--json"]).ok().json();
    assert_eq!((&account["host"]["uuid"], &account["choices"]), (&main["uuid"], &json!([])));
    let ravi = bed.ravi();
    ravi.secrets().get("CODEX_MONITOR_DAEMON_TOKEN").await.expect("the library finds it as well");
    assert_eq!(bed.calls("POST /api/identities/").await, 0);
    assert_eq!(set(&bed, "NEW_ONE").code, 0);
    assert_eq!(bed.calls("POST /api/identities/").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_fresh_account_nothing_but_the_step_for_it_makes_an_identity() {
    let bed = Bed::bare(Options::default()).await;
    for command in [
        &["secret", "get", "A", "--json"][..],
        &["secret", "list", "--json"],
        &["account", "--json"],
        &["doctor", "--json"],
        &["seal", "status", "--json"],
        &["codex", "status", "--json"],
    ] {
        bed.run(command).json();
    }
    assert_eq!(set(&bed, "A").error_code(), "account.no_identity");
    let ravi = bed.ravi();
    ravi.account().login_with_key(bed.key.clone()).await.expect("signed in");
    let _ = ravi.secrets().get("A").await;
    let _ = ravi.secrets().names().await;
    let _ = ravi.account().status().await;
    assert_eq!(bed.calls("POST /api/identities/").await, 0);
    let made = bed.run(&["account", "--host-identity", "new", "--json"]).ok().json();
    assert_eq!(made["host"]["name"], "ravi-workspace host");
    bed.run(&["account", "--host-identity", "new", "--json"]).ok();
    assert_eq!((bed.calls("POST /api/identities/").await, bed.live_keys().await), (1, 0));
    set(&bed, "A").ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_identities_one_is_asked_for() {
    let (bed, main) = free().await;
    let other = another(&bed, "Side project").await;
    let asked = bed.run(&["secret", "list", "--json"]);
    assert_eq!(asked.error_code(), "account.choose_host");
    assert!(asked.stdout.contains(text(&main["name"])) && asked.stdout.contains("Side project"), "{asked:?}");
    let account = bed.run(&["account", "--json"]).ok().json();
    assert_eq!((&account["host"], account["choices"].as_array().map(Vec::len)), (&Value::Null, Some(2)));
    assert_eq!(bed.run(&["account", "--host-identity", "Nobody", "--json"]).error_code(), "account.host_unknown");
    for wanted in ["Side project", &other, text(&main["inbox"]), text(&main["name"])] {
        let chosen = bed.run(&["account", "--host-identity", wanted, "--json"]).ok().json();
        let uuid = if wanted == "Side project" || wanted == other { json!(other) } else { main["uuid"].clone() };
        assert_eq!(chosen["host"]["uuid"], uuid, "{wanted}");
        // For every program on this ledger.
        let library = bed.ravi().account().status().await.expect("an account");
        assert_eq!(json!(library.host.expect("chosen").uuid), uuid);
    }
    // The environment goes before what was chosen, and the configuration of a program before the environment.
    let mut program = bed.program();
    program.env("RAVI_WORKSPACE_HOST_IDENTITY", "Side project");
    let by_environment = Run::from(program.args(["account", "--json"]).output().expect("it starts")).ok().json();
    assert_eq!(by_environment["host"]["uuid"], json!(other));
    let mut program = bed.program();
    program.env("RAVI_WORKSPACE_HOST_IDENTITY", "Side project");
    let name = text(&main["name"]);
    let refused = Run::from(program.args(["account", "--host-identity", name, "--json"]).output().expect("it starts"));
    assert_eq!(refused.error_code(), "account.host_configured");
    let config = Config { host_identity: Some(other.clone()), ..bed.config() };
    let configured = Ravi::open(config).expect("a handle").account().status().await.expect("an account");
    assert_eq!(configured.host.expect("configured").uuid, other);
    assert_eq!(bed.calls("POST /api/identities/").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_another_identity_is_told_of() {
    let (bed, main) = free().await;
    let other = another(&bed, "Side project").await;
    bed.run(&["account", "--host-identity", text(&main["uuid"]), "--json"]).ok();
    bed.put_secret(&other, "CODEX_SESSION_TOKEN", "made-up").await;
    let missing = bed.run(&["secret", "get", "CODEX_SESSION_TOKEN", "--json"]);
    assert_eq!((missing.code, missing.error_code().as_str()), (4, "secret.not_found"));
    let error = missing.json()["error"].clone();
    assert!(text(&error["message"]).contains("Side project"), "{error}");
    assert!(text(&error["hint"]).contains("--host-identity"), "{error}");
    let absent = bed.run(&["secret", "get", "NOWHERE", "--json"]);
    assert!(!absent.stdout.contains("Side project"), "{absent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_is_told_of_and_can_be_merged() {
    let (bed, main) = free().await;
    let host = another(&bed, "ravi-workspace host").await;
    bed.put_secret(&host, "ONE", "made-up-one").await;
    bed.put_secret(&host, "BOTH", "made-up-both").await;
    bed.put_secret(text(&main["uuid"]), "BOTH", "made-up-both").await;
    let chosen = bed.run(&["account", "--host-identity", text(&main["uuid"]), "--json"]).ok().json();
    assert_eq!(chosen["warnings"][0]["code"], "account.other_host");
    let merged = bed.run(&["account", "merge-host", "ravi-workspace host", "--json"]).ok().json();
    assert_eq!((&merged["copied"], &merged["same"]), (&json!(["ONE"]), &json!(["BOTH"])));
    assert_eq!(bed.secrets_of(text(&main["uuid"])).await["ONE"], "made-up-one");
    assert_eq!(bed.secrets_of(&host).await.len(), 2, "the other one keeps everything");
    bed.put_secret(&host, "BOTH", "made-up-other").await;
    bed.put_secret(&host, "TWO", "made-up-two").await;
    let conflict = bed.run(&["account", "merge-host", &host, "--json"]);
    assert_eq!(conflict.error_code(), "account.merge_conflict");
    assert!(!bed.secrets_of(text(&main["uuid"])).await.contains_key("TWO"), "nothing was copied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_gone_at_ravi_is_said_and_replaced() {
    let (bed, main) = free().await;
    set(&bed, "ONE").ok();
    let other = another(&bed, "Side project").await;
    bed.local(reqwest::Method::DELETE, &format!("identities/{}", text(&main["uuid"])), None).await;
    let stored = set(&bed, "TWO").ok();
    assert!(stored.stderr.contains("account.host_replaced"), "{stored:?}");
    assert_eq!(bed.secrets_of(&other).await.keys().collect::<Vec<_>>(), ["TWO"]);
    // One that a person chose is not replaced.
    bed.run(&["account", "--host-identity", "Side project", "--json"]).ok();
    another(&bed, "Third").await;
    bed.local(reqwest::Method::DELETE, &format!("identities/{other}"), None).await;
    assert_eq!(set(&bed, "THREE").error_code(), "account.host_unknown");
}
