//! One host identity, however many make it at once, and never a workspace's.

use crate::common::{Bed, HOST, Run};
use ravi_local::Options;
use serde_json::{Value, json};

async fn bare() -> Bed {
    Bed::bare(Options::default()).await
}

async fn identities(bed: &Bed) -> Vec<Value> {
    bed.server_state().await["identities"].as_array().expect("a list").clone()
}

/// Makes the host identity, from a machine of its own where `machine` is given.
fn make(bed: &Bed, machine: Option<&str>) -> Run {
    let mut program = bed.program();
    if let Some(machine) = machine {
        program.env("RAVI_WORKSPACE_STATE", bed.path(machine));
    }
    program.args(["account", "--host-identity", "new", "--json"]).output().expect("it starts").into()
}

fn at_once(bed: &Bed, machines: bool) {
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..16)
            .map(|n| scope.spawn(move || make(bed, machines.then(|| format!("machine{n}")).as_deref())))
            .collect();
        for one in all {
            one.join().expect("it ends").ok();
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_processes_on_a_fresh_account_end_with_one() {
    let bed = bare().await;
    at_once(&bed, false);
    assert_eq!(bed.calls("POST /api/identities/").await, 1);
    let all = identities(&bed).await;
    assert_eq!((all.len(), &all[0]["name"]), (1, &json!(HOST)));
    assert_eq!(bed.live_keys().await, 0, "the key that came with it is nobody's");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_machines_on_a_fresh_account_share_one() {
    let bed = bare().await;
    at_once(&bed, true);
    let all = identities(&bed).await;
    let hosts: Vec<_> = all.iter().filter(|identity| identity["name"] == HOST).collect();
    assert_eq!(hosts.len(), 1, "{all:#?}");
    for n in 0..16 {
        let mut program = bed.program();
        program.env("RAVI_WORKSPACE_STATE", bed.path(&format!("machine{n}")));
        let account = Run::from(program.args(["account", "--json"]).output().expect("it starts")).ok().json();
        assert_eq!(account["host"]["uuid"], hosts[0]["uuid"]);
    }
    assert_eq!(bed.live_keys().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_called_like_the_host_is_not_taken_for_it() {
    let bed = bare().await;
    let repository = bed.repository("repo");
    let provisioned = bed.run(&Bed::provision_args(&repository, "w1", HOST)).ok().json();
    assert_eq!(bed.run(&["account", "--json"]).ok().json()["host"], Value::Null);
    let host = make(&bed, None).ok().json()["host"]["uuid"].clone();
    assert!(host.is_string() && host != provisioned["identity"]["uuid"], "{host}");
    let uuid = provisioned["identity"]["uuid"].as_str().expect("text");
    let refused = bed.run(&["account", "--host-identity", uuid, "--json"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (6, "account.host_is_workspace"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_reply_the_one_that_was_made_is_found() {
    let bed = bare().await;
    bed.fault(json!({ "method": "POST", "path": "/api/identities/", "lost_reply": true })).await;
    make(&bed, None).ok();
    assert_eq!((identities(&bed).await.len(), bed.calls("POST /api/identities/").await), (1, 1));
    assert_eq!(bed.live_keys().await, 0, "its key was lost with the reply");
    make(&bed, None).ok();
    assert_eq!(identities(&bed).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_arrived_is_made_again_by_the_next_command() {
    let bed = bare().await;
    bed.drop_next("POST", "/api/identities/").await;
    let lost = make(&bed, None);
    assert_eq!((lost.code, lost.error_code().as_str()), (5, "api.unreachable"));
    make(&bed, None).ok();
    assert_eq!((identities(&bed).await.len(), bed.live_keys().await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_ones_own_is_another_host_identity() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", "ONE", "--json"], "made-up").ok();
    let config = ravi_workspace_core::Config { host_identity: Some("front desk".into()), ..bed.config() };
    let ravi = ravi_workspace_core::Ravi::open(config).expect("the ledger opens");
    let missing = ravi.secrets().names().await.expect_err("it is not there");
    assert_eq!(missing.code(), "account.host_unknown");
    ravi.account().make_host().await.expect("it is made");
    assert_eq!(ravi.secrets().names().await.expect("a list"), Vec::<String>::new());
    let names: Vec<_> = identities(&bed).await.iter().map(|identity| identity["name"].clone()).collect();
    assert_eq!(names, [HOST, "front desk"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_looks_for_the_host_identity_anew() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    ravi.secrets().set("ONE", "made-up".to_owned().into()).await.expect("stored");
    bed.reset_calls().await;
    ravi.secrets().set("ONE", "made-up".to_owned().into()).await.expect("stored");
    assert_eq!(bed.calls("GET /api/identities/").await, 0);
    // The key may be one of another account, whose host identity is another one.
    bed.local(
        reqwest::Method::DELETE,
        &format!("identities/{}", identities(&bed).await[0]["uuid"].as_str().expect("text")),
        None,
    )
    .await;
    let other = bed.make_host().await;
    ravi.account().login_with_key(bed.key.clone()).await.expect("signed in");
    ravi.secrets().set("ONE", "made-up".to_owned().into()).await.expect("stored");
    assert_eq!(bed.secrets_of(&other).await.len(), 1);
}
