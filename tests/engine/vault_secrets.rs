//! Secrets of the host identity: several at once, rotated, listened to, large ones.

use std::os::unix::process::ExitStatusExt as _;

use crate::common::Bed;
use ravi_workspace_core::vault::{MAX_VALUE, NewValue};
use ravi_workspace_core::{Config, Ravi};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::broadcast::error::TryRecvError;

const OLD: &str = "made-up-old-token-4711";
const NEW: &str = "made-up-new-token-4712";
const KEY: &str = "DAEMON_TOKEN";
const SIDE: &str = "DAEMON_TOKEN__PREVIOUS";

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn several_secrets_are_one_call_however_many() {
    let bed = Bed::new().await;
    let elsewhere = Config { state_dir: Some(bed.path("elsewhere")), ..bed.config() };
    let (writer, reader) = (bed.ravi(), Ravi::open(elsewhere).expect("the ledger opens"));
    reader.secrets().names().await.expect("a first call, which finds the host identity");
    let keys: Vec<String> = (0..12).map(|n| format!("KEY_{n}")).collect();
    for key in &keys {
        writer.secrets().set(key, secret(&format!("made-up value of {key}"))).await.expect("stored");
    }
    let asked: Vec<&str> = keys.iter().rev().map(String::as_str).collect();
    bed.reset_calls().await;
    let values = reader.secrets().get_all(&asked).await.expect("read");
    let values: Vec<&str> = values.iter().map(|value| value.expose_secret()).collect();
    assert_eq!(values, asked.iter().map(|key| format!("made-up value of {key}")).collect::<Vec<_>>());
    assert_eq!(bed.call_log().await, ["GET /api/secrets/"]);
    // Now they are at hand.
    reader.secrets().get_all(&asked).await.expect("read");
    reader.secrets().get("key_3").await.expect("read");
    assert_eq!(bed.call_log().await.len(), 1);
    // The same name twice is no reason to fail; a name that nobody stored is.
    assert_eq!(reader.secrets().get_all(&["KEY_1", "KEY_1"]).await.expect("read").len(), 2);
    let error = reader.secrets().get_all(&["KEY_1", "NOBODY"]).await.expect_err("not there");
    assert_eq!(error.code(), "secret.not_found");
    assert!(error.to_string().contains("NOBODY"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_puts_the_new_value_and_leaves_nothing_beside_it() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", KEY], OLD).ok();
    let run = bed.run_with_input(&["secret", "rotate", KEY, "--stdin", "--json"], NEW).ok();
    assert_eq!(run.json(), json!({ "key": KEY, "state": "rotated" }));
    assert_eq!(bed.run(&["secret", "get", KEY]).ok().stdout.trim_end(), NEW);
    let run = bed.run(&["secret", "rotate", KEY, "--length", "64"]).ok();
    let made = bed.run(&["secret", "get", KEY]).ok().stdout.trim_end().to_owned();
    assert_eq!(made.len(), 64);
    assert!(made.bytes().all(|b| b.is_ascii_alphanumeric()) && !run.stdout.contains(&made));
    assert_eq!(bed.run(&["secret", "list", "--json"]).ok().json(), json!({ "secrets": [KEY] }));
    let none = bed.run(&["secret", "rotate", "NOBODY", "--json"]);
    assert_eq!((none.code, none.error_code().as_str()), (4, "secret.not_found"));
    let short = bed.run(&["secret", "rotate", KEY, "--length", "4", "--json"]);
    assert_eq!((short.code, short.error_code().as_str()), (2, "secret.length"));
}

/// Killed anywhere in a rotation, one of the two names holds a value that was in use, and the same command again ends as
/// if nothing had happened.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_anywhere_loses_nothing() {
    let mut killed = 0;
    loop {
        let bed = Bed::new().await;
        bed.run_with_input(&["secret", "set", KEY], OLD).ok();
        let mut program = bed.program();
        program.args(["secret", "rotate", KEY, "--length", "50"]);
        let run = program.env("RAVI_WORKSPACE_CRASH_AT", (killed + 1).to_string()).output().expect("it starts");
        if run.status.success() {
            break;
        }
        killed += 1;
        assert_eq!(run.status.signal(), Some(6), "{run:?}");
        let value = |key: &str| bed.run(&["secret", "get", key]).stdout.trim_end().to_owned();
        let kept = [value(KEY), value(SIDE)];
        assert!(kept[0].len() == 50 || kept[0] == OLD, "killed at point {killed}");
        assert!(kept.contains(&OLD.to_owned()) || kept[1].is_empty(), "killed at point {killed}");
        bed.run_with_input(&["secret", "rotate", KEY, "--stdin"], NEW).ok();
        assert_eq!(value(KEY), NEW, "killed at point {killed}");
        assert_eq!(bed.run(&["secret", "list", "--json"]).ok().json(), json!({ "secrets": [KEY] }));
    }
    // Before and after each of: the side name, the new value, the side name gone.
    assert!(killed >= 6, "{killed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_value_that_does_not_read_back_keeps_the_old_one() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", KEY], OLD).ok();
    // The change of the value itself is answered, and not done.
    let lie = json!({ "uuid": "00000000-0000-4000-8000-000000000000", "key": KEY, "value": NEW });
    bed.fault(json!({ "method": "PATCH", "path": "/api/secrets/{id}/", "status": 200, "body": lie })).await;
    let run = bed.run_with_input(&["secret", "rotate", KEY, "--stdin", "--json"], NEW);
    assert_eq!(run.error_code(), "secret.rotate_read_back");
    assert!(run.json()["error"]["hint"].as_str().is_some_and(|hint| hint.contains(SIDE)), "{run:?}");
    assert!(!run.stdout.contains(NEW) && !run.stdout.contains(OLD) && !run.stderr.contains(OLD));
    assert_eq!(bed.run(&["secret", "get", SIDE]).ok().stdout.trim_end(), OLD);
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_hear_names_of_what_changed_and_nothing_else() {
    let bed = Bed::new().await;
    let (ravi, other) = (bed.ravi(), bed.ravi());
    let mut changes = ravi.secrets().on_change();
    ravi.secrets().set(KEY, secret(OLD)).await.expect("stored");
    assert_eq!(changes.try_recv().expect("told").as_str(), KEY);
    ravi.secrets().set(KEY, secret(OLD)).await.expect("stored");
    ravi.secrets().get(KEY).await.expect("read");
    assert_eq!(changes.try_recv(), Err(TryRecvError::Empty), "the same value is no change");
    ravi.clone().secrets().rotate(KEY, NewValue::Given(secret(NEW))).await.expect("rotated");
    assert_eq!(changes.try_recv().expect("told").as_str(), KEY);
    assert_eq!(changes.try_recv(), Err(TryRecvError::Empty), "the side name is nobody's business");
    // Somebody else's change is seen when the value is read again.
    other.secrets().rotate(KEY, NewValue::Generated(32)).await.expect("rotated");
    assert_eq!(changes.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(ravi.secrets().refresh(KEY).await.expect("read").expose_secret().len(), 32);
    assert_eq!(changes.try_recv().expect("told").as_str(), KEY);
    ravi.secrets().delete(KEY).await.expect("deleted");
    assert_eq!(changes.try_recv().expect("told").as_str(), KEY);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_have_lines_and_up_to_64_kib() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let lines =
        "-----BEGIN MADE UP-----\n".to_owned() + &"line ü\r\n\n\t\"\\\0".repeat(500) + "\n-----END MADE UP-----\n\n";
    ravi.secrets().set(KEY, secret(&lines)).await.expect("stored");
    assert_eq!(bed.ravi().secrets().get(KEY).await.expect("read").expose_secret(), lines);
    let largest = "\u{20ac}".repeat(MAX_VALUE / 3) + "x";
    assert_eq!(largest.len(), MAX_VALUE);
    ravi.secrets().set(KEY, secret(&largest)).await.expect("stored");
    assert_eq!(bed.ravi().secrets().get(KEY).await.expect("read").expose_secret(), largest);
    bed.reset_calls().await;
    let run = bed.run_with_input(&["secret", "set", KEY, "--json"], &(largest.clone() + "y"));
    assert_eq!((run.code, run.error_code().as_str()), (2, "secret.too_large"));
    let error = ravi.secrets().rotate(KEY, NewValue::Given(secret(&(largest + "y")))).await.expect_err("too large");
    assert_eq!(error.code(), "secret.too_large");
    let calls = bed.call_log().await;
    assert!(calls.iter().all(|call| call.starts_with("GET")), "{calls:?}");
}
