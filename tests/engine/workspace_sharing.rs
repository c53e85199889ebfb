//! Workspaces with an identity that is there already, alone or several of them.

use std::path::{Path, PathBuf};

use ravi_local::{Options, Plan};
use serde_json::{Value, json};

use crate::common::{Bed, Run};

struct Free {
    bed: Bed,
    main: Value,
    repository: PathBuf,
}

impl Free {
    async fn new() -> Free {
        let bed = Bed::bare(Options { plan: Plan::Free, ..Options::default() }).await;
        let main = bed.server_state().await["identities"][0].clone();
        let repository = bed.repository("repo");
        Free { bed, main, repository }
    }

    fn main(&self) -> &str {
        self.main["uuid"].as_str().expect("text")
    }

    fn provision(&self, path: &Path, id: &str, name: &str, more: &[&str]) -> Run {
        let mut args = Bed::provision_args(path, id, name);
        args.extend(more.iter().map(|more| (*more).to_owned()));
        self.bed.run(&args)
    }

    /// Labels of the live keys of identities.
    async fn labels(&self) -> Vec<String> {
        let state = self.bed.server_state().await;
        let keys = state["keys"].as_array().expect("a list").iter().filter(|key| key["kind"] == "identity");
        keys.map(|key| key["label"].as_str().expect("text").to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_plan_is_said_before_anything_is_spent_with_the_ways_out() {
    let free = Free::new().await;
    let tree = free.bed.worktree(&free.repository, "one");
    let before = std::fs::read(free.repository.join(".git/config")).expect("a file");
    let full = free.provision(&tree, "w1", "payments agent", &[]);
    assert_eq!((full.code, full.error_code().as_str()), (6, "workspace.plan_full"));
    let hint = full.json()["error"]["hint"].as_str().expect("text").to_owned();
    assert!(hint.contains("--share") && hint.contains("--identity") && hint.contains("--no-key"), "{hint}");
    assert_eq!(std::fs::read(free.repository.join(".git/config")).expect("a file"), before);
    assert_eq!(free.labels().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_workspace_gets_a_key_to_the_apps_own_secrets_in_silence() {
    let free = Free::new().await;
    let tree = free.bed.worktree(&free.repository, "one");
    free.bed.put_secret(free.main(), "CODEX_MONITOR_DAEMON_TOKEN", "made-up-token").await;
    let refused = free.provision(&tree, "w1", "payments agent", &["--share"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (6, "workspace.shares_host"));
    assert_eq!(free.labels().await, Vec::<String>::new());
    let given = free.provision(&tree, "w1", "payments agent", &["--share", "--no-key"]).ok().json();
    assert_eq!((&given["key"], &given["sharing"]["host"]), (&json!(false), &json!(true)));
    assert!(!tree.join(".ravi").exists());
    assert_eq!(free.labels().await, Vec::<String>::new());
    let email = free.main["inbox"].as_str().expect("text");
    assert_eq!(free.bed.author(&tree), format!("payments agent <{email}>"));
    let said = free.bed.run(&["status", tree.to_str().expect("text")]).ok();
    assert!(said.stdout.contains("the app's own secrets") && said.stdout.contains("none; it has no inbox"), "{said:?}");
    let inbox = free.bed.run(&["inbox", "list", "w1", "--json"]);
    assert_eq!((inbox.code, inbox.error_code().as_str()), (6, "workspace.no_key"));
    let path = tree.to_str().expect("text");
    let environment =
        free.bed.run(&["exec", path, "--", "sh", "-c", "echo \"$GIT_AUTHOR_NAME/${RAVI_API_KEY:-none}\""]);
    assert_eq!(environment.ok().stdout.trim(), "payments agent/none");
    free.bed.run(&["release", "w1", "--json"]).ok();
    assert_eq!(free.bed.secrets_of(free.main()).await.len(), 1);
    assert_eq!(free.bed.server_state().await["identities"][0], free.main, "neither renamed nor retired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_host_may_be_shared_with_a_key_as_long_as_all_of_it_is_sealed() {
    let free = Free::new().await;
    let tree = free.bed.worktree(&free.repository, "one");
    free.bed.run_with_input(&["secret", "set", "DAEMON_TOKEN", "--json"], "made-up-token").ok();
    free.bed.run_with_input(&["seal", "enable", "--json"], "made-up passphrase of many words\n").ok();
    free.bed.put_secret(free.main(), "LATER_AND_PLAIN", "made-up").await;
    let refused = free.provision(&tree, "w1", "payments agent", &["--share"]);
    assert_eq!(refused.error_code(), "workspace.shares_host");
    assert!(refused.stdout.contains("LATER_AND_PLAIN"), "{refused:?}");
    free.bed.delete_secret(free.main(), "LATER_AND_PLAIN").await;
    let shared = free.provision(&tree, "w1", "payments agent", &["--share"]).ok().json();
    assert_eq!((&shared["key"], &shared["sharing"]["host"]), (&json!(true), &json!(true)));
    assert_eq!(free.labels().await.len(), 1);
    let path = tree.to_str().expect("text");
    let key = free.bed.run(&["exec", path, "--no-mask", "--", "sh", "-c", "printf %s \"$RAVI_API_KEY\""]).ok().stdout;
    let vault = free.bed.secrets_with(&key, free.main()).await;
    assert!(!format!("{vault:?}").contains("made-up-token"), "the workspace's key reads sealed text only");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_worktrees_at_once_share_one_identity_with_a_key_each() {
    let free = Free::new().await;
    let other = free.bed.local(reqwest::Method::POST, "identities", Some(json!({ "name": "Agents" }))).await;
    free.bed.run(&["account", "--host-identity", free.main(), "--json"]).ok();
    free.bed.put_secret(other["uuid"].as_str().expect("text"), "OF_ALL", "made-up").await;
    free.bed.reset_calls().await;
    let trees: Vec<PathBuf> = (0..3).map(|n| free.bed.worktree(&free.repository, &format!("t{n}"))).collect();
    std::thread::scope(|scope| {
        for (n, tree) in trees.iter().enumerate() {
            let free = &free;
            scope.spawn(move || {
                let name = format!("agent {n}");
                free.provision(tree, &format!("w{n}"), &name, &["--identity", "Agents", "--share"]).ok();
            });
        }
    });
    assert_eq!(free.bed.calls("POST /api/identities/").await, 0);
    let address = other["inbox"].as_str().expect("text");
    for (n, tree) in trees.iter().enumerate() {
        assert_eq!(free.bed.author(tree), format!("agent {n} <{address}>"));
    }
    let mut labels = free.labels().await;
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), 3, "each has a key of its own");
    let status = free.bed.run(&["status", trees[0].to_str().expect("text"), "--json"]).ok().json();
    let with = status["sharing"]["with"].as_array().expect("a list");
    assert!(with.len() == 2 && with.contains(&json!("w1")) && with.contains(&json!("w2")), "{status}");
    assert_eq!((&status["sharing"]["host"], &status["sharing"]["borrowed"]), (&json!(false), &json!(true)));
    let released = free.bed.run(&["release", "w0", "--json"]).ok().json();
    assert_eq!((&released["identity"], &released["owed"]), (&json!("kept"), &json!(0)));
    assert_eq!(free.labels().await.len(), 2, "the others' keys live");
    let vault = free.bed.secrets_of(other["uuid"].as_str().expect("text")).await;
    assert_eq!(vault.keys().collect::<Vec<_>>(), ["OF_ALL"]);
    free.bed.run(&["suspend", "w1", "--json"]).ok();
    assert_eq!(free.labels().await.len(), 1);
    free.bed.run(&["wake", "w1", "--json"]).ok();
    for id in ["w1", "w2"] {
        free.bed.run(&["release", id, "--json"]).ok();
    }
    assert_eq!(free.labels().await, Vec::<String>::new());
    let state = free.bed.server_state().await;
    assert!(state["identities"].as_array().expect("a list").iter().any(|one| one["name"] == "Agents"), "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_somebody_uses_is_shared_on_purpose_only() {
    let free = Free::new().await;
    free.bed.local(reqwest::Method::POST, "identities", Some(json!({ "name": "Agents" }))).await;
    free.bed.run(&["account", "--host-identity", free.main(), "--json"]).ok();
    let (one, two) = (free.bed.worktree(&free.repository, "one"), free.bed.worktree(&free.repository, "two"));
    assert_eq!(free.provision(&one, "w1", "a", &["--identity", "Nobody"]).error_code(), "workspace.no_identity");
    let alone = free.provision(&one, "w1", "a", &["--identity", "Agents"]).ok().json();
    assert_eq!(alone["sharing"], json!({ "with": [], "host": false, "borrowed": true }));
    assert_eq!(free.provision(&two, "w2", "b", &["--identity", "Agents"]).error_code(), "workspace.identity_taken");
    let host = free.main["name"].as_str().expect("text");
    assert_eq!(
        free.provision(&two, "w2", "b", &["--identity", host, "--no-key"]).error_code(),
        "workspace.identity_taken"
    );
    free.provision(&two, "w2", "b", &["--identity", "Agents", "--share"]).ok();
    // What a workspace holds a key to does not become the place of the app's own secrets.
    assert_eq!(free.bed.run(&["account", "--host-identity", "Agents", "--json"]).error_code(), "workspace.shares_host");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_sharer_that_ravi_does_not_take_is_owed() {
    let free = Free::new().await;
    free.bed.local(reqwest::Method::POST, "identities", Some(json!({ "name": "Agents" }))).await;
    free.bed.run(&["account", "--host-identity", free.main(), "--json"]).ok();
    let (one, two) = (free.bed.worktree(&free.repository, "one"), free.bed.worktree(&free.repository, "two"));
    free.provision(&one, "w1", "a", &["--identity", "Agents", "--share"]).ok();
    free.provision(&two, "w2", "b", &["--identity", "Agents", "--share"]).ok();
    free.bed
        .fault(json!({ "method": "DELETE", "path": "/api/auth/keys/identity/{id}/", "status": 500, "times": 20 }))
        .await;
    let released = free.bed.run(&["release", "w1", "--json"]).ok().json();
    assert_eq!(released["owed"], 1);
    free.bed.local(reqwest::Method::DELETE, "faults", None).await;
    assert_eq!(free.bed.run(&["list", "--json"]).ok().json()["owed"].as_array().map(Vec::len), Some(1));
    free.bed.run(&["reap", "--json"]).ok();
    assert_eq!(free.bed.run(&["list", "--json"]).ok().json()["owed"], json!([]));
    let labels = free.labels().await;
    assert!(labels.len() == 1 && labels[0].ends_with(" w2"), "{labels:?}");
}
