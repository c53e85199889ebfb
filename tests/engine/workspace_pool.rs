//! The pool: an identity that had to do with anybody serves no other workspace, since whoever has its key reads at Ravi what
//! it received before.

use std::path::Path;

use ravi_workspace_core::api::Compose;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::common::{Bed, Run};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn provision(bed: &Bed, path: &Path, id: &str, more: &[&str]) -> Value {
    let args = Bed::provision_args(path, id, &format!("{id} agent"));
    bed.run(&args.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>()).ok().json()
}

fn all(bed: &Bed, args: &[String]) -> Run {
    bed.program().env("RAVI_WORKSPACE_POOL_REUSE", "all").args(args).output().expect("it starts").into()
}

async fn deliver(bed: &Bed, workspace: &Value) {
    let mail =
        json!({ "to": workspace["identity"]["email"], "from": "a@service.test", "subject": "Code", "text": "314159" });
    bed.local(Method::POST, "email", Some(mail)).await;
}

async fn name_of(bed: &Bed, uuid: &str) -> String {
    let state = bed.server_state().await;
    let mut all = state["identities"].as_array().expect("a list").iter();
    text(&all.find(|identity| identity["uuid"] == uuid).expect("it is there")["name"]).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_was_used_serves_no_other_workspace() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let account = bed.management();
    for (n, used) in ["nothing", "mail", "sent", "text", "login"].iter().enumerate() {
        let id = format!("w{n}");
        let tree = bed.worktree(&repository, &id);
        let more: &[&str] = if *used == "text" { &["--phone"] } else { &[] };
        let made = provision(&bed, &tree, &id, more);
        let uuid = text(&made["identity"]["uuid"]).to_owned();
        let identity = uuid.as_str().into();
        match *used {
            "mail" => deliver(&bed, &made).await,
            "sent" => {
                let mail = Compose {
                    to: "b@service.test".into(),
                    subject: "x".into(),
                    content: "x".into(),
                    ..Compose::default()
                };
                account.email(&identity).compose(&mail).await.expect("it is sent");
            }
            "text" => {
                let sms =
                    json!({ "to": made["identity"]["phone"], "from": "+15559876543", "body": "Your code is 314159" });
                bed.local(Method::POST, "sms", Some(sms)).await;
            }
            "login" => {
                let password = SecretString::from("made-up-password");
                let vault = account.passwords(&identity);
                vault.create("service.test", "agent", &password, "").await.expect("it is stored");
            }
            _ => {}
        }
        let fate = if *used == "nothing" { "pooled" } else { "retired" };
        for _ in 0..2 {
            let released = bed.run(&["release", &id, "--json"]).ok().json();
            assert_eq!((&released["identity"], &released["owed"]), (&json!(fate), &json!(0)), "{used}");
        }
        assert_eq!(name_of(&bed, &uuid).await.starts_with("retired-"), *used != "nothing", "{used}");
        let next = format!("next{n}");
        let next = provision(&bed, &bed.worktree(&repository, &next), &next, &[]);
        assert_eq!(next["identity"]["uuid"] == uuid.as_str(), *used == "nothing", "{used}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_comes_to_a_free_identity_takes_it_from_the_pool() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let [one, two] = ["one", "two"].map(|id| bed.worktree(&repository, id));
    let first = provision(&bed, &one, "one", &[]);
    assert_eq!(bed.run(&["release", "one", "--json"]).ok().json()["identity"], "pooled");
    deliver(&bed, &first).await;
    let second = provision(&bed, &two, "two", &[]);
    assert_ne!(second["identity"]["uuid"], first["identity"]["uuid"]);
    assert!(name_of(&bed, text(&first["identity"]["uuid"])).await.starts_with("retired-"));
    // The same again asks nothing of it.
    assert_eq!(provision(&bed, &two, "two", &[])["identity"]["uuid"], second["identity"]["uuid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_plan_has_no_room_a_used_identity_serves_again_when_asked_for() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let [one, two] = ["one", "two"].map(|id| bed.worktree(&repository, id));
    bed.local(Method::POST, "limits", Some(json!({ "max_identities": 2 }))).await;
    let first = provision(&bed, &one, "one", &[]);
    deliver(&bed, &first).await;
    assert_eq!(bed.run(&["release", "one", "--json"]).ok().json()["identity"], "retired");
    let args = Bed::provision_args(&two, "two", "two agent");
    let full = bed.run(&args);
    assert_eq!(full.error_code(), "workspace.plan_full");
    let hint = full.json()["error"]["hint"].to_string();
    assert!(hint.contains("RAVI_WORKSPACE_POOL_REUSE=all") && hint.contains("--identity"), "{hint}");
    let second = all(&bed, &args).ok().json();
    assert_eq!(second["identity"]["uuid"], first["identity"]["uuid"]);
    assert_eq!(name_of(&bed, text(&first["identity"]["uuid"])).await, "two agent");
    // One that a person retired stays so.
    all(&bed, &["release".into(), "two".into(), "--retire".into()]).ok();
    assert_eq!(all(&bed, &args).error_code(), "workspace.plan_full");
    let wrong = bed.program().env("RAVI_WORKSPACE_POOL_REUSE", "some").args(["list", "--json"]).output();
    assert_eq!(Run::from(wrong.expect("it starts")).error_code(), "config.choice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_of_which_ravi_says_nothing_is_not_handed_on() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let [one, two] = ["one", "two"].map(|id| bed.worktree(&repository, id));
    let first = provision(&bed, &one, "one", &[]);
    deliver(&bed, &first).await;
    bed.fault(json!({ "method": "GET", "path": "/api/email-messages/", "status": 500, "times": 99 })).await;
    let released = bed.run(&["release", "one", "--json"]).ok().json();
    assert_eq!(released["owed"], 1, "{released}");
    assert_eq!(bed.live_keys().await, 0, "its key is revoked all the same");
    bed.local(Method::DELETE, "faults", None).await;
    let second = provision(&bed, &two, "two", &[]);
    assert_ne!(second["identity"]["uuid"], first["identity"]["uuid"]);
    bed.run(&["reap"]).ok();
    assert!(name_of(&bed, text(&first["identity"]["uuid"])).await.starts_with("retired-"));
    assert_eq!(bed.run(&["release", "one", "--json"]).ok().json()["owed"], 0);
}
