//! What is changed at Ravi by another hand is noticed, and set right where that is allowed.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::{Bed, Run};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

async fn provisioned(bed: &Bed) -> (PathBuf, Value) {
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let done = bed.run(&Bed::provision_args(&tree, "w1", "payments agent")).ok().json();
    (tree, done)
}

fn again(bed: &Bed, tree: &std::path::Path) -> Run {
    bed.run(&Bed::provision_args(tree, "w1", "payments agent"))
}

fn codes(done: &Value) -> Vec<&str> {
    done["warnings"].as_array().expect("a list").iter().map(|warning| text(&warning["code"])).collect()
}

async fn key_of(bed: &Bed) -> String {
    let state = bed.server_state().await;
    let keys: Vec<&Value> =
        state["keys"].as_array().expect("a list").iter().filter(|k| k["kind"] == "identity").collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    text(&keys[0]["uuid"]).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_revoked_in_the_dashboard_is_found_and_replaced() {
    let bed = Bed::new().await;
    let (tree, _) = provisioned(&bed).await;
    let revoke = async || bed.local(reqwest::Method::DELETE, &format!("keys/{}", key_of(&bed).await), None).await;
    revoke().await;
    let doctor = bed.run(&["doctor", "--json"]).json();
    let finding =
        doctor["findings"].as_array().expect("a list").iter().find(|one| text(&one["message"]).contains("w1 "));
    assert!(finding.is_some_and(|one| one["check"] == "workspaces" && one["state"] == "fail"), "{doctor}");
    assert_eq!(codes(&again(&bed, &tree).ok().json()), ["workspace.key_replaced"]);
    let listed = bed.run(&["inbox", "list", "w1", "--json"]).ok();
    assert!(listed.json().is_array() || listed.json().is_object());
    revoke().await;
    bed.run(&["wake", "w1", "--json"]).ok();
    bed.run(&["inbox", "list", "w1", "--json"]).ok();
    revoke().await;
    let refused = bed.run(&["inbox", "list", "w1", "--json"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (3, "workspace.key_refused"));
    bed.run(&["wake", "w1", "--json"]).ok();
    assert_eq!(key_of(&bed).await.len(), 36, "and one key lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn git_gets_the_token_although_the_key_was_revoked_in_the_dashboard() {
    let bed = Bed::new().await;
    let (tree, done) = provisioned(&bed).await;
    bed.put_secret(text(&done["identity"]["uuid"]), "GH_TOKEN", "ghp_made_up_token").await;
    again(&bed, &tree).ok();
    bed.local(reqwest::Method::DELETE, &format!("keys/{}", key_of(&bed).await), None).await;
    let ledger = rusqlite::Connection::open(bed.state().join("ledger.db")).expect("the ledger");
    ledger.execute("DELETE FROM cache", []).expect("nothing is remembered");
    drop(ledger);
    let mut helper = bed.program();
    helper.current_dir(&tree).args(["git-credential", "get"]).stdin(std::process::Stdio::piped());
    helper.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = helper.spawn().expect("it starts");
    use std::io::Write as _;
    child.stdin.take().expect("its input").write_all(b"protocol=https\nhost=github.com\n\n").expect("it reads");
    let answer = Run::from(child.wait_with_output().expect("it ends"));
    assert!(answer.stdout.contains("password=ghp_made_up_token"), "{}", answer.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_was_deleted_is_replaced_and_one_that_was_renamed_keeps_its_name() {
    let bed = Bed::new().await;
    let (tree, first) = provisioned(&bed).await;
    let uuid = text(&first["identity"]["uuid"]).to_owned();
    bed.local(reqwest::Method::PATCH, &format!("identities/{uuid}"), Some(json!({ "name": "By hand" }))).await;
    let renamed = again(&bed, &tree).ok().json();
    assert_eq!(
        (codes(&renamed), &renamed["identity"]["name"]),
        (vec!["workspace.identity_renamed"], &json!("By hand"))
    );
    assert_eq!(codes(&again(&bed, &tree).ok().json()), Vec::<&str>::new());
    bed.local(reqwest::Method::DELETE, &format!("identities/{uuid}"), None).await;
    let doctor = bed.run(&["doctor", "--json"]).json();
    assert!(format!("{doctor}").contains("w1 "), "{doctor}");
    let replaced = again(&bed, &tree).ok().json();
    assert_eq!(codes(&replaced), ["workspace.identity_replaced"]);
    assert_ne!(replaced["identity"]["uuid"], first["identity"]["uuid"]);
    assert_eq!(bed.author(&tree), format!("payments agent <{}>", text(&replaced["identity"]["email"])));
    let file = std::fs::read_to_string(bed.key_file("w1")).expect("a file");
    assert!(file.contains(text(&replaced["identity"]["uuid"])), "the official command line is the new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_identity_that_was_deleted_does_not_block_a_workspace() {
    let bed = Bed::new().await;
    let (tree, first) = provisioned(&bed).await;
    bed.run(&["release", "w1", "--json"]).ok();
    bed.local(reqwest::Method::DELETE, &format!("identities/{}", text(&first["identity"]["uuid"])), None).await;
    let second = again(&bed, &tree).ok().json();
    assert_ne!(second["identity"]["uuid"], first["identity"]["uuid"]);
    assert_eq!(bed.live_keys().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_comes_late_is_waited_for_and_never_left_out() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let (soon, late) = (bed.worktree(&repository, "soon"), bed.worktree(&repository, "late"));
    let limits = |reads: u32| bed.local(reqwest::Method::POST, "limits", Some(json!({ "late_inbox": reads })));
    limits(3).await;
    let done = bed.run(&Bed::provision_args(&soon, "w1", "soon")).ok().json();
    assert!(text(&done["identity"]["email"]).contains('@'), "{done}");
    assert!(bed.author(&soon).contains(text(&done["identity"]["email"])));
    // More reads than one call waits for, and fewer than two.
    limits(14).await;
    let failed = bed.run(&Bed::provision_args(&late, "w2", "late"));
    assert_eq!((failed.code, failed.error_code().as_str()), (5, "workspace.no_address"));
    let status = bed.run(&["status", late.to_str().expect("text"), "--json"]).ok().json();
    assert_eq!(status["state"], "provisioning");
    assert!(!bed.author(&late).contains("late <>"));
    let healed = bed.run(&Bed::provision_args(&late, "w2", "late")).ok().json();
    assert!(text(&healed["identity"]["email"]).contains('@'), "{healed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_must_be_one_of_a_kind_get_the_id_behind_them() {
    let bed = Bed::new().await;
    bed.local(reqwest::Method::POST, "limits", Some(json!({ "unique_names": true, "address_taken_as": "field" })))
        .await;
    let repository = bed.repository("repo");
    let mut names = Vec::new();
    for id in ["w1", "w2"] {
        let tree = bed.worktree(&repository, id);
        let done = bed.run(&Bed::provision_args(&tree, id, "payments agent")).ok().json();
        assert!(bed.author(&tree).starts_with("payments agent <"));
        names.push(text(&done["identity"]["name"]).to_owned());
    }
    assert_eq!(names, ["payments agent", "payments agent (w2)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_not_granted_is_said() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let mut args = Bed::provision_args(&tree, "w1", "agent");
    args.extend(["--email".to_owned(), "wanted.address".to_owned()]);
    let done = bed.run(&args).ok().json();
    assert_eq!(codes(&done), Vec::<&str>::new());
    bed.run(&["release", "w1", "--json"]).ok();
    let mut args = Bed::provision_args(&tree, "w1", "agent");
    args.extend(["--email".to_owned(), "another.address".to_owned()]);
    // The pooled identity keeps its address, so another is made.
    let done = bed.run(&args).ok().json();
    assert_eq!((codes(&done), bed.identity_count().await), (vec![], 2));
    assert!(text(&done["identity"]["email"]).starts_with("another.address@"), "{done}");
    bed.run(&["release", "w1", "--json"]).ok();
    // The one that has it serves again, although another has been free for longer.
    let done = bed.run(&args).ok().json();
    assert_eq!((codes(&done), bed.identity_count().await), (vec![], 2));
    // Where the plan has no room for another, it is said.
    bed.run(&["release", "w1", "--json"]).ok();
    bed.fault(
        json!({ "method": "POST", "path": "/api/identities/", "status": 402, "times": 9, "body": { "detail": "no" } }),
    )
    .await;
    let last = args.last_mut().expect("an address");
    *last = "third.address".to_owned();
    let run = bed.run(&args).ok();
    assert_eq!(codes(&run.json()), ["workspace.email_not_granted"]);
    assert!(run.stderr.contains("third.address"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_call_does_not_say_stays_as_it_was_chosen() {
    let bed = Bed::new().await;
    let (tree, _) = provisioned(&bed).await;
    let mut args = Bed::provision_args(&tree, "w1", "payments agent");
    args.extend(["--env-file".to_owned(), ".env".to_owned()]);
    bed.run(&args).ok();
    let block = std::fs::read_to_string(tree.join(".env")).expect("a file");
    assert!(block.contains("AGENT_EMAIL"), "{block}");
    again(&bed, &tree).ok();
    assert_eq!(std::fs::read_to_string(tree.join(".env")).expect("a file"), block);
    bed.run(&["release", "w1", "--json"]).ok();
    assert!(!tree.join(".env").exists(), "and it goes with the workspace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_github_token_where_nobody_looks_is_told_of() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let other = bed.local(reqwest::Method::POST, "identities", Some(json!({ "name": "Side project" }))).await;
    bed.put_secret(text(&other["uuid"]), "CODEX_MONITOR_GH_TOKEN_PAYMENTS_AGENT", "ghp_made_up").await;
    let run = bed.run(&Bed::provision_args(&tree, "w1", "payments agent")).ok();
    let done = run.json();
    assert_eq!((codes(&done), &done["github"]["source"]), (vec!["workspace.token_elsewhere"], &json!("inherited")));
    assert!(run.stderr.contains("Side project"), "{run:?}");
}
