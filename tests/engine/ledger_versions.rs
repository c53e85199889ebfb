//! Two versions of us on one ledger: what an earlier release left is read, and what a newer one wrote is no riddle.
//!
//! `tests/ledgers/0.1.0` is a state folder as that release leaves it; `scripts/old-release fixture` makes it anew.

use ravi_workspace_core::ProvisionRequest;
use rusqlite::Connection;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::common::{Bed, Run};

fn change(bed: &Bed, sql: &str) {
    Connection::open(bed.state().join("ledger.db")).expect("a ledger").execute_batch(sql).expect("it is changed");
}

fn one(bed: &Bed, sql: &str) -> String {
    let ledger = Connection::open(bed.state().join("ledger.db")).expect("a ledger");
    ledger.query_row(sql, [], |row| row.get(0)).expect("a row")
}

fn ids(list: &Value) -> Vec<&str> {
    let all = list["workspaces"].as_array().expect("a list").iter();
    all.map(|workspace| workspace["id"].as_str().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_of_an_earlier_release_is_taken_over_as_it_is() {
    let bed = Bed::bare(Default::default()).await;
    let fixture = crate::common::project().join("tests/ledgers/0.1.0");
    std::fs::create_dir(bed.state()).expect("a folder");
    for name in ["ledger.db", "machine.key", "audit.head"] {
        std::fs::copy(fixture.join(name), bed.state().join(name)).expect("copied");
        let private = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
        std::fs::set_permissions(bed.state().join(name), private).expect("its mode");
    }
    // As the Ravi that it knows, which is not there any more; the key is the one that it keeps.
    let run = |args: &[&str]| -> Run {
        let mut program = bed.program();
        program.env("RAVI_API_URL", "http://127.0.0.1:47110").env_remove("RAVI_API_KEY");
        program.args(args).output().expect("it starts").into()
    };
    let list = run(&["list", "--json"]).ok().json();
    assert_eq!(ids(&list), ["w1", "w2"]);
    let [w1, w2] = [&list["workspaces"][0], &list["workspaces"][1]];
    assert_eq!((&w1["state"], &w2["state"]), (&json!("ready"), &json!("suspended")));
    assert_eq!((&w1["name"], &w1["identity"]["email"]), (&json!("one"), &json!("one@raviapp.test")));
    assert_eq!(w1["github"], json!({ "source": "host", "secret": "CODEX_MONITOR_GH_TOKEN_ONE" }));
    assert!(w1["ends_at_ms"].is_i64() && w2["ends_at_ms"].is_null());
    assert_eq!(w1["bundle"][0]["key"], "MADE_UP_COPY");
    assert_eq!((&w1["confirmed"], &w1["key"]), (&json!(true), &json!(true)));
    let trail = run(&["audit", "--json"]).ok().stdout;
    assert!(trail.contains("workspace.release") && trail.contains("w3"), "{trail}");
    run(&["audit", "verify"]).ok();
    // Sealed by that release, opened by this one.
    let doctor = run(&["doctor", "--json"]).json();
    let findings = doctor["findings"].as_array().expect("a list").iter();
    let account: Vec<&Value> = findings.filter(|finding| finding["check"] == "account").collect();
    assert!(account[0]["message"].as_str().expect("text").starts_with("a key is there"), "{account:?}");
    assert_eq!(one(&bed, "SELECT rules FROM policy"), r#"[{"workspace":"w1","allow":["MADE_UP_*"],"deny":[]}]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_version_added_to_a_workspace_is_passed_over_and_kept() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let args = Bed::provision_args(&tree, "w1", "payments agent");
    bed.run(&args).ok();
    change(
        &bed,
        "UPDATE binding SET request = json_set(request, '$.colour', 'made up', '$.depth', json('{\"x\":[1]}'))",
    );
    change(&bed, "UPDATE github SET plan = json_set(plan, '$.config.colour', 'made up', '$.colour', 1)");
    assert_eq!(ids(&bed.run(&["list", "--json"]).ok().json()), ["w1"]);
    bed.run(&["reap"]).ok();
    // Another name writes the row again.
    bed.run(&Bed::provision_args(&tree, "w1", "other agent")).ok();
    assert_eq!(one(&bed, "SELECT json_extract(request, '$.colour') FROM binding"), "made up");
    assert_eq!(one(&bed, "SELECT json_extract(request, '$.depth') FROM binding"), r#"{"x":[1]}"#);
    assert_eq!(one(&bed, "SELECT json_extract(request, '$.name') FROM binding"), "other agent");
    bed.run(&["release", "w1"]).ok();
    // People's own requests are read strictly.
    let typo = json!({ "path": "/x", "id": "w1", "name": "n", "colour": "made up" });
    assert!(serde_json::from_value::<ProvisionRequest>(typo).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_only_a_newer_version_knows_is_named_and_the_others_work() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let [one_tree, two_tree] = ["one", "two"].map(|name| bed.worktree(&repository, name));
    bed.run(&Bed::provision_args(&one_tree, "w1", "one")).ok();
    let two = Bed::provision_args(&two_tree, "w2", "two");
    bed.run(&two).ok();
    change(
        &bed,
        "UPDATE binding SET github = json_set(github, '$.source', 'elsewhere') WHERE id = 'w2';
         UPDATE github SET plan = json_set(plan, '$.source', 'elsewhere') WHERE binding = 'w2';",
    );
    let keys = bed.live_keys().await;
    let listed = bed.run(&["list", "--json"]).ok();
    assert_eq!(ids(&listed.json()), ["w1"]);
    assert!(listed.stderr.contains("workspace w2") && listed.stderr.contains("ledger.newer_row"), "{listed:?}");
    for args in [vec!["status", two_tree.to_str().expect("text"), "--json"], vec!["release", "w2", "--json"]] {
        let refused = bed.run(&args);
        assert_eq!(refused.error_code(), "ledger.newer_row", "{refused:?}");
        let error = &refused.json()["error"];
        assert!(error["message"].as_str().expect("text").contains("workspace w2"), "{error}");
        assert!(error["hint"].as_str().expect("text").starts_with("Update this program"), "{error}");
    }
    assert_eq!(bed.run(&two).error_code(), "ledger.newer_row");
    bed.run(&Bed::provision_args(&one_tree, "w1", "one")).ok();
    bed.run(&["suspend", "w1"]).ok();
    bed.run(&["wake", "w1"]).ok();
    bed.run(&["reap", "--dry-run"]).ok();
    bed.run(&["reap"]).ok();
    assert_eq!(bed.live_keys().await, keys, "whose key it is, the newer version knows");
    let doctor = bed.run(&["doctor", "--json"]).stdout;
    assert!(doctor.contains("workspace w2 was set up by a newer version"), "{doctor}");
    // A rule with something unknown in it is not read in part.
    change(
        &bed,
        r#"INSERT INTO policy (binding, rules) VALUES ('w1', '[{"workspace":"*","allow":["*"],"except":["A"]}]')"#,
    );
    bed.run_with_input(&["secret", "set", "A"], "made_up_value").ok();
    let exec = bed.run(&["exec", one_tree.to_str().expect("text"), "--secret", "A", "--", "true"]);
    assert!(exec.code != 0 && exec.stderr.contains("ledger.newer_row"), "{exec:?}");
    assert!(!exec.stderr.contains(bed.key.expose_secret()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_format_that_only_adds_is_used_and_one_that_breaks_is_refused() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let args = Bed::provision_args(&tree, "w1", "payments agent");
    bed.run(&args).ok();
    change(
        &bed,
        "CREATE TABLE added (x TEXT) STRICT; ALTER TABLE binding ADD COLUMN added TEXT; UPDATE format SET number = 99;",
    );
    bed.run(&args).ok();
    bed.run(&["suspend", "w1"]).ok();
    assert_eq!(one(&bed, "SELECT CAST(number AS TEXT) FROM format"), "99");
    change(&bed, "PRAGMA user_version = 99");
    let refused = bed.run(&["list", "--json"]);
    assert_eq!(refused.error_code(), "ledger.newer");
    assert!(refused.json()["error"]["hint"].as_str().expect("text").starts_with("Update this program"));
}
