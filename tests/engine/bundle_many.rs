//! Many workspaces on one pool: no value in two vaults, nobody waits in vain, and whoever gets none is told so.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::common::{Bed, Run};
use ravi_local::Options;
use serde_json::{Value, json};

const POOL: &str = r#"{"entries":[{"key":"STRIPE_KEY","from":{"pool":"STRIPE_TEST_KEY"}}]}"#;

async fn bed(values: usize) -> Bed {
    let bed = Bed::new().await;
    fill(&bed, values);
    bed
}

fn fill(bed: &Bed, values: usize) {
    for n in 1..=values {
        bed.run_with_input(&["secret", "set", &format!("STRIPE_TEST_KEY_{n}")], &format!("made-up-stripe-value-{n}"))
            .ok();
    }
}

fn start(bed: &Bed, id: &str, bundle: &str) -> Child {
    let folder: PathBuf = bed.path(id);
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut program = bed.program();
    program.args(Bed::provision_args(&folder, id, id)).env("RAVI_WORKSPACE_BUNDLE", bundle);
    program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

fn provision(bed: &Bed, id: &str) -> Run {
    start(bed, id, POOL).wait_with_output().expect("it ends").into()
}

/// Which identity's vault has which value; fails where one value is in two.
async fn holders(bed: &Bed) -> BTreeMap<String, String> {
    let mut holders = BTreeMap::new();
    let state = bed.server_state().await;
    for identity in state["identities"].as_array().expect("a list") {
        let uuid = identity["uuid"].as_str().expect("text");
        if let Some(value) = bed.secrets_of(uuid).await.remove("STRIPE_KEY") {
            let other = holders.insert(value.clone(), uuid.to_owned());
            assert_eq!(other, None, "{value} is in the vault of {uuid} as well");
        }
    }
    holders
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_workspaces_at_once_on_a_pool_of_32() {
    let bed = bed(32).await;
    let ids: Vec<String> = (0..40).map(|n| format!("w{n}")).collect();
    let started: Vec<Child> = ids.iter().map(|id| start(&bed, id, POOL)).collect();
    let mut told = Vec::new();
    let mut ready = Vec::new();
    for (id, child) in ids.iter().zip(started) {
        let run = Run::from(child.wait_with_output().expect("it ends"));
        match run.code {
            0 => ready.push(id),
            _ => {
                assert_eq!((run.code, run.error_code().as_str()), (1, "bundle.none_free"), "{run:?}");
                told.push(id);
            }
        }
    }
    assert_eq!((ready.len(), told.len(), holders(&bed).await.len()), (32, 8, 32));
    let release: Vec<Run> = ready[..8].iter().map(|id| bed.run(&["release", id, "--json"])).collect();
    assert!(release.into_iter().all(|run| run.ok().json()["owed"] == 0));
    assert_eq!(holders(&bed).await.len(), 24);
    let again: Vec<Child> = told.iter().map(|id| start(&bed, id, POOL)).collect();
    for child in again {
        Run::from(child.wait_with_output().expect("it ends")).ok();
    }
    assert_eq!(holders(&bed).await.len(), 32);
    println!("32 of 40 got a value of their own, {} were told so, and had one after as many releases", told.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_may_wait_for_a_value() {
    let bed = bed(1).await;
    provision(&bed, "w1").ok();
    let mut bundle: Value = serde_json::from_str(POOL).expect("JSON");
    bundle["waitSeconds"] = json!(300);
    let waiting = start(&bed, "w2", &bundle.to_string());
    // It waits once its identity is there and the pool was looked at.
    while bed.calls("GET /api/secrets/").await == 0 || bed.identity_count().await < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    bed.run(&["release", "w1"]).ok();
    Run::from(waiting.wait_with_output().expect("it ends")).ok();
    assert_eq!(holders(&bed).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_pools_are_had_together_or_not_at_all() {
    let bed = bed(2).await;
    bed.run_with_input(&["secret", "set", "OTHER_1"], "made-up-other-value").ok();
    let both =
        r#"{"entries":[{"key":"STRIPE_KEY","from":{"pool":"STRIPE_TEST_KEY"}},{"key":"O","from":{"pool":"OTHER"}}]}"#;
    let run = |id: &str| Run::from(start(&bed, id, both).wait_with_output().expect("it ends"));
    run("w1").ok();
    assert_eq!(run("w2").error_code(), "bundle.none_free");
    // So what w2 could have had is still free.
    provision(&bed, "w3").ok();
    assert_eq!(holders(&bed).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_held_until_the_vault_was_emptied() {
    let data = tempfile::tempdir().expect("a folder");
    let options = || Options { data_dir: Some(data.path().to_owned()), ..Options::default() };
    let bed = Bed::with(options()).await;
    fill(&bed, 1);
    provision(&bed, "w1").ok();
    bed.stop_ravi().await;
    assert_eq!(bed.run(&["release", "w1", "--json"]).ok().json()["owed"], 1);
    bed.start_ravi(options()).await;
    // The key is revoked, and the vault cannot be emptied yet.
    bed.fault(json!({ "method": "DELETE", "path": "/api/secrets/{id}/", "status": 503, "times": 1000 })).await;
    assert_eq!(provision(&bed, "w2").error_code(), "bundle.none_free");
    bed.run(&["reap"]).ok();
    assert_eq!(provision(&bed, "w2").error_code(), "bundle.none_free");
    assert_eq!(holders(&bed).await.len(), 1);
    assert!(bed.audit_trail().iter().all(|line| line[0] != "bundle.take"));
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    bed.run(&["reap"]).ok();
    provision(&bed, "w2").ok();
    assert_eq!(holders(&bed).await.len(), 1);
}
