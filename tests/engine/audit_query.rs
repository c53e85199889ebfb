//! What the trail answers, as people and programs ask it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::Bed;

fn entries(bed: &Bed, args: &[&str]) -> Vec<Value> {
    let args: Vec<&str> = ["audit", "--json"].iter().chain(args).copied().collect();
    bed.run(&args).ok().json()["entries"].as_array().expect("a list").clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().expect("text")).collect()
}

/// A workspace that used a secret, beside one that did not.
async fn bed() -> Bed {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", "ONE"], "made-up-value").ok();
    bed.run_with_input(&["secret", "set", "TWO"], "made-up-value").ok();
    let repository = bed.repository("repo");
    for id in ["w1", "w2"] {
        let tree = bed.worktree(&repository, id);
        bed.run(&Bed::provision_args(&tree, id, id)).ok();
        let secret = if id == "w1" { "ONE" } else { "TWO" };
        bed.run(&["exec", tree.to_str().expect("text"), "--secret", secret, "--", "true"]).ok();
    }
    bed
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_found_by_workspace_secret_action_and_time() {
    let bed = bed().await;
    let of_one = entries(&bed, &["--secret", "ONE"]);
    assert_eq!(actions(&of_one), ["secret.set", "secret.read"]);
    let read = &of_one[1];
    assert_eq!((read["workspace"].as_str(), read["outcome"].as_str()), (Some("w1"), Some("done")));
    assert_eq!(read["program"], "ravi-workspace");
    assert!(read["pid"].as_u64().is_some_and(|pid| pid > 0) && read["at"].as_str().is_some());
    assert!(entries(&bed, &["--workspace", "w2"]).iter().all(|entry| entry["workspace"] == "w2"));
    assert_eq!(actions(&entries(&bed, &["--workspace", "w2", "--action", "exec"])), ["exec.run"]);
    assert_eq!(entries(&bed, &["--action", "secret.read"]).len(), 2);
    assert_eq!(entries(&bed, &["--action", "secret.re"]).len(), 0, "a half word is none");
    assert_eq!(entries(&bed, &["--secret", "ONE", "--since", "7d"]).len(), 2);
    assert_eq!(entries(&bed, &["--secret", "ONE", "--until", "7d"]).len(), 0);
    assert_eq!(entries(&bed, &["--since", "2999-01-01"]).len(), 0);
    let all = entries(&bed, &[]);
    assert_eq!(entries(&bed, &["--limit", "2"]), all[all.len() - 2..]);
    assert_eq!(bed.run(&["audit", "--since", "yesterday"]).code, 2);
    let text = bed.run(&["audit", "--secret", "ONE"]).ok().stdout;
    assert!(text.contains("secret.read") && text.contains("w1") && text.contains("(exec)"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_is_ever_in_an_answer() {
    let bed = bed().await;
    for args in [&["audit", "--json"][..], &["audit", "--csv"], &["audit"]] {
        assert!(!bed.run(args).ok().stdout.contains("made-up-value"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_has_a_line_for_each_entry_and_reads_back() {
    let bed = bed().await;
    let csv = bed.run(&["audit", "--csv"]).ok().stdout;
    let mut lines = csv.lines();
    assert!(lines.next().expect("names").starts_with("source,seq,at,"), "{csv}");
    assert_eq!(lines.count(), entries(&bed, &[]).len());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_events_it_says_who_received_what_and_not_what_it_said() {
    let bed = bed().await;
    let list = bed.run(&["list", "--json"]).ok().json();
    let email = list["workspaces"][0]["identity"]["email"].as_str().expect("an address").to_owned();
    let mail = json!({ "to": email, "from": "ann@example.com", "subject": "Made-up 123456", "text": "Code 123456" });
    bed.local(Method::POST, "email", Some(mail)).await;
    let before = entries(&bed, &["--workspace", "w1"]);
    let args = ["audit", "--json", "--workspace", "w1", "--with-events"];
    let run = bed.run(&args).ok();
    assert!(!run.stdout.contains("123456"), "{}", run.stdout);
    let with = run.json()["entries"].as_array().expect("a list").clone();
    assert_eq!(with.len(), before.len() + 1);
    let event = with.iter().find(|entry| entry["source"] == "ravi").expect("the event");
    assert_eq!(event["action"], "email.message.received");
    assert_eq!((event["from"].as_str(), event["to"].as_str()), (Some("ann@example.com"), Some(email.as_str())));
    assert_eq!(event["workspace"], "w1");
    assert_eq!(
        entries(&bed, &["--workspace", "w2", "--with-events"]).iter().filter(|e| e["source"] == "ravi").count(),
        0
    );
    let times: Vec<i64> = with.iter().filter_map(|entry| entry["at_ms"].as_i64()).collect();
    assert!(times.len() == with.len() && times.is_sorted(), "{times:?}");
    // Afterwards nobody's mail is somebody's: the identity is free.
    bed.run(&["release", "w1"]).ok();
    let late = json!({ "to": email, "from": "bob@example.com", "subject": "late", "text": "late" });
    bed.local(Method::POST, "email", Some(late)).await;
    let all = entries(&bed, &["--with-events", "--action", "email"]);
    let held: Vec<_> = all.iter().map(|entry| (entry["from"].as_str(), entry["workspace"].as_str())).collect();
    assert_eq!(held, [(Some("ann@example.com"), Some("w1")), (Some("bob@example.com"), None)]);
}
