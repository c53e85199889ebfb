//! One host identity, however many look for it at once, and never a workspace's.

use crate::common::{Bed, Run};
use serde_json::{Value, json};

async fn identities(bed: &Bed) -> Vec<Value> {
    bed.server_state().await["identities"].as_array().expect("a list").clone()
}

/// Stores a secret from a machine of its own where `machine` is given.
fn store(bed: &Bed, name: &str, machine: Option<&str>) -> Run {
    use std::io::Write as _;
    let mut program = bed.program();
    if let Some(machine) = machine {
        program.env("RAVI_WORKSPACE_STATE", bed.path(machine));
    }
    program.args(["secret", "set", name, "--json"]).stdin(std::process::Stdio::piped());
    program.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = program.spawn().expect("it starts");
    child.stdin.take().expect("its input").write_all(b"made-up").expect("it reads");
    child.wait_with_output().expect("it ends").into()
}

fn at_once(bed: &Bed, machines: bool) {
    std::thread::scope(|scope| {
        let stores: Vec<_> = (0..16)
            .map(|n| {
                scope.spawn(move || store(bed, &format!("K{n}"), machines.then(|| format!("machine{n}")).as_deref()))
            })
            .collect();
        for store in stores {
            store.join().expect("it ends").ok();
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_processes_on_a_fresh_account_end_with_one() {
    let bed = Bed::new().await;
    at_once(&bed, false);
    assert_eq!(bed.calls("POST /api/identities/").await, 1);
    let all = identities(&bed).await;
    assert_eq!((all.len(), &all[0]["name"]), (1, &json!("ravi-workspace host")));
    let secrets = bed.server_state().await["secrets"][all[0]["uuid"].as_str().expect("text")].clone();
    assert_eq!(secrets.as_array().map(Vec::len), Some(16));
    assert_eq!(bed.live_keys().await, 0, "the key that came with it is nobody's");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_machines_on_a_fresh_account_share_one() {
    let bed = Bed::new().await;
    at_once(&bed, true);
    let all = identities(&bed).await;
    let hosts: Vec<_> = all.iter().filter(|identity| identity["name"] == "ravi-workspace host").collect();
    assert_eq!(hosts.len(), 1, "{all:#?}");
    let secrets = bed.server_state().await["secrets"][hosts[0]["uuid"].as_str().expect("text")].clone();
    assert_eq!(secrets.as_array().map(Vec::len), Some(16));
    assert_eq!(bed.live_keys().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_called_like_the_host_is_not_taken_for_it() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let provisioned = bed.run(&Bed::provision_args(&repository, "w1", "ravi-workspace host")).ok().json();
    assert_eq!(bed.run(&["account", "--json"]).ok().json()["host"], Value::Null);
    store(&bed, "DAEMON_TOKEN", None).ok();
    let host = bed.run(&["account", "--json"]).ok().json()["host"]["uuid"].clone();
    assert!(host.is_string() && host != provisioned["identity"]["uuid"], "{host}");
    let state = bed.server_state().await;
    assert_eq!(state["secrets"][host.as_str().expect("text")], json!(["DAEMON_TOKEN"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_reply_the_one_that_was_made_is_found() {
    let bed = Bed::new().await;
    bed.fault(json!({ "method": "POST", "path": "/api/identities/", "lost_reply": true })).await;
    store(&bed, "ONE", None).ok();
    assert_eq!((bed.identity_count().await, bed.calls("POST /api/identities/").await), (1, 1));
    assert_eq!(bed.live_keys().await, 0, "its key was lost with the reply");
    store(&bed, "TWO", None).ok();
    assert_eq!(bed.identity_count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_arrived_is_made_again_by_the_next_command() {
    let bed = Bed::new().await;
    bed.drop_next("POST", "/api/identities/").await;
    let lost = store(&bed, "ONE", None);
    assert_eq!((lost.code, lost.error_code().as_str()), (5, "api.unreachable"));
    store(&bed, "ONE", None).ok();
    assert_eq!((bed.identity_count().await, bed.live_keys().await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_ones_own_is_another_host_identity() {
    let bed = Bed::new().await;
    store(&bed, "ONE", None).ok();
    let config = tauri_plugin_ravi::Config { host_identity: Some("front desk".into()), ..bed.config() };
    let ravi = tauri_plugin_ravi::Ravi::open(config).expect("the ledger opens");
    assert_eq!(ravi.secret_names().await.expect("a list"), Vec::<String>::new());
    let names: Vec<_> = identities(&bed).await.iter().map(|identity| identity["name"].clone()).collect();
    assert_eq!(names, ["ravi-workspace host", "front desk"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_looks_for_the_host_identity_anew() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    ravi.set_secret("ONE", "made-up".to_owned().into()).await.expect("stored");
    bed.reset_calls().await;
    ravi.set_secret("ONE", "made-up".to_owned().into()).await.expect("stored");
    assert_eq!(bed.calls("GET /api/identities/").await, 0);
    // The key may be one of another account, whose host identity is another one.
    ravi.login_with_key(bed.key.clone()).await.expect("signed in");
    bed.reset_calls().await;
    ravi.set_secret("ONE", "made-up".to_owned().into()).await.expect("stored");
    assert_eq!(bed.calls("GET /api/identities/").await, 1);
}
