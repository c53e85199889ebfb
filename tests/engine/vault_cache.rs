//! Secrets while Ravi is away, stale, or asked by many at once. Time is moved, not waited for.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::{Bed, Run};
use ravi_workspace_core::{Config, Ravi};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

const KEY: &str = "DAEMON_TOKEN";
const VALUE: &str = "made-up-token-4711";
const HOUR: u64 = 3600;

/// Reads the secret as if `after` seconds had gone by.
fn get(bed: &Bed, after: u64) -> Run {
    let mut program = bed.program();
    program.args(["secret", "get", KEY, "--json"]).env("RAVI_WORKSPACE_CLOCK_OFFSET_S", after.to_string());
    program.output().expect("it starts").into()
}

fn seen(run: &Run) -> (Value, u64, bool) {
    let answer = run.json();
    (answer["value"].clone(), answer["age_s"].as_u64().expect("seconds"), answer["stale"].as_bool().expect("a truth"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_outlives_an_outage_of_72_hours_and_no_longer() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", KEY], VALUE).ok();
    bed.reset_calls().await;
    let (value, age, stale) = seen(&get(&bed, 0).ok());
    assert_eq!((value, stale), (json!(VALUE), false));
    assert!(age < 60);
    assert_eq!(bed.call_log().await, Vec::<String>::new(), "fresh, so nobody is asked");
    bed.stop_ravi().await;
    for hours in [1, 24, 71] {
        let run = get(&bed, hours * HOUR).ok();
        let (value, age, stale) = seen(&run);
        assert_eq!((value, stale, age / HOUR), (json!(VALUE), true, hours), "after {hours} h");
        assert!(run.stderr.contains("note: Ravi cannot be reached"), "{run:?}");
    }
    let late = get(&bed, 73 * HOUR);
    assert_eq!((late.code, late.error_code().as_str()), (5, "api.unreachable"));
    let cold = bed.run(&["secret", "get", "COLD", "--json"]);
    assert_eq!((cold.code, cold.error_code().as_str()), (5, "api.unreachable"));
    // Nothing of it is on the disk in the clear.
    assert_eq!(crate::common::files_with(bed.dir.path(), VALUE), Vec::<std::path::PathBuf>::new());
}

/// None of these says anything about the secret or the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_outlives_throttling_and_what_stands_between_here_and_ravi() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", KEY], VALUE).ok();
    let page = "<html>Sign in to the hotel</html>";
    let refusals = [
        (
            json!({ "status": 429, "headers": { "retry-after": "3600" }, "body": { "detail": "Slow." } }),
            5,
            "api.throttled",
        ),
        (json!({ "status": 403, "body": page }), 5, "api.gateway"),
        (json!({ "status": 404, "body": page }), 1, "api.not_ravi"),
    ];
    for (number, (mut fault, exit, code)) in refusals.into_iter().enumerate() {
        fault["path"] = json!("/api/secrets/");
        fault["times"] = json!(1000);
        bed.fault(fault).await;
        let (value, _, stale) = seen(&get(&bed, 2 * HOUR * (number as u64 + 1)).ok());
        assert_eq!((value, stale), (json!(VALUE), true), "{code}");
        let cold = bed.run(&["secret", "get", "COLD", "--json"]);
        assert_eq!((cold.code, cold.error_code().as_str()), (exit, code));
        bed.local(reqwest::Method::DELETE, "faults", None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_read_after_an_outage_is_new() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", KEY], VALUE).ok();
    bed.fault(json!({ "path": "/api/*", "times": 1000, "drop": true })).await;
    assert_eq!(seen(&get(&bed, 2 * HOUR).ok()).0, VALUE);
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    let (value, age, stale) = seen(&get(&bed, 3 * HOUR).ok());
    assert_eq!((value, age, stale), (json!(VALUE), 0, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_secrets_outlive_an_outage_together() {
    let bed = Bed::new().await;
    for key in ["ONE", "TWO"] {
        bed.run_with_input(&["secret", "set", key], &format!("made-up-{key}")).ok();
    }
    // Nothing is fresh for this one.
    let config = || Config { secret_fresh_seconds: Some(0), ..bed.config() };
    let ravi = Ravi::open(config()).expect("the ledger opens");
    ravi.secrets().get_all(&["ONE", "TWO"]).await.expect("read");
    bed.stop_ravi().await;
    let again = Ravi::open(config()).expect("the ledger opens");
    let values = again.secrets().get_all(&["TWO", "ONE"]).await.expect("older values serve");
    assert_eq!(values.iter().map(|value| value.expose_secret()).collect::<Vec<_>>(), ["made-up-TWO", "made-up-ONE"]);
    assert_eq!(again.secrets().get_all(&["ONE", "COLD"]).await.expect_err("never read").code(), "api.unreachable");
    let never = Ravi::open(Config { secret_stale_seconds: Some(0), ..config() }).expect("the ledger opens");
    assert_eq!(never.secrets().get_all(&["ONE"]).await.expect_err("switched off").code(), "api.unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_gone_and_a_key_that_is_refused_end_what_was_remembered() {
    let bed = Bed::new().await;
    let other = bed.ravi();
    for (status, code, exit) in [(401, "api.unauthorized", 3), (404, "api.not_found", 4)] {
        other.secrets().set(KEY, SecretString::from(VALUE)).await.expect("stored");
        bed.fault(json!({ "method": "GET", "path": "/api/secrets/", "status": status, "body": { "detail": "No." } }))
            .await;
        let refused = get(&bed, HOUR);
        assert_eq!((refused.code, refused.error_code().as_str()), (exit, code));
        // In an outage it is not served any more.
        bed.fault(json!({ "path": "/api/*", "times": 1000, "drop": true })).await;
        assert_eq!(get(&bed, HOUR).code, 5, "{status}");
        bed.local(reqwest::Method::DELETE, "faults", None).await;
    }
    other.secrets().set(KEY, SecretString::from(VALUE)).await.expect("stored");
    bed.ravi().secrets().delete(KEY).await.expect("deleted");
    assert_eq!(get(&bed, 0).error_code(), "secret.not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_identity_key_a_service_starts_in_the_dark() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    bed.run(&Bed::provision_args(&repository, "w1", "payments agent")).ok();
    let config = std::fs::read(bed.key_file("w1")).expect("it is there");
    let config: Value = serde_json::from_slice(&config).expect("JSON");
    let key = SecretString::from(config["identity_key"].as_str().expect("a key"));
    let open = || Ravi::open(Config { api_key: Some(key.clone()), ..bed.config() }).expect("the ledger opens");
    open().secrets().set(KEY, SecretString::from(VALUE)).await.expect("stored");
    bed.reset_calls().await;
    open().secrets().refresh(KEY).await.expect("read");
    assert_eq!(bed.call_log().await, ["GET /api/secrets/"], "whose key it is, is known");
    bed.stop_ravi().await;
    assert_eq!(open().secrets().get(KEY).await.expect("from the ledger").expose_secret(), VALUE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_holds_an_older_value_reads_it_anew_in_the_background() {
    let bed = Bed::new().await;
    let ravi = Ravi::open(Config { secret_fresh_seconds: Some(1), ..bed.config() }).expect("the ledger opens");
    ravi.secrets().set(KEY, SecretString::from(VALUE)).await.expect("stored");
    // Another machine changes it: this ledger hears nothing.
    let elsewhere = Config { state_dir: Some(bed.path("elsewhere")), ..bed.config() };
    let elsewhere = Ravi::open(elsewhere).expect("the ledger opens");
    elsewhere.secrets().set(KEY, SecretString::from("made-up-newer")).await.expect("stored");
    let mut changes = ravi.secrets().on_change();
    let wait = async {
        // Each read serves what is at hand and never waits for Ravi.
        while changes.is_empty() {
            let read = ravi.secrets().read(KEY).await.expect("read");
            assert!(read.age < Duration::from_secs(12), "{read:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("the change is seen");
    assert_eq!(changes.recv().await.expect("told").as_str(), KEY);
    assert_eq!(ravi.secrets().get(KEY).await.expect("read").expose_secret(), "made-up-newer");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_readers_in_four_processes_are_one_request() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", KEY], VALUE).ok();
    bed.reset_calls().await;
    // Slow enough for all of them to be there.
    bed.fault(json!({ "method": "GET", "path": "/api/secrets/", "delay_ms": 1500 })).await;
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let mut reader = Command::new(std::env::current_exe().expect("this program"));
            reader
                .args(["vault_cache::reader", "--exact", "--nocapture"])
                .env("RAVI_TEST_READERS", "50")
                .stdout(Stdio::null());
            reader.env("RAVI_API_KEY", bed.key.expose_secret()).env("RAVI_API_URL", &bed.base_url);
            reader.env("RAVI_WORKSPACE_STATE", bed.state()).env("RAVI_WORKSPACE_CLOCK_OFFSET_S", "3600");
            reader.spawn().expect("it starts")
        })
        .collect();
    for mut reader in readers {
        assert!(reader.wait().expect("it ends").success());
    }
    assert_eq!(bed.call_log().await, ["GET /api/secrets/"]);
}

/// One of the four processes above; by itself it does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn reader() {
    let Some(count) = std::env::var("RAVI_TEST_READERS").ok().and_then(|n| n.parse::<usize>().ok()) else {
        println!("skipped: started by another test");
        return;
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ravi = Ravi::open(Config::default().with_env().expect("an environment")).expect("the ledger opens");
    let readers: Vec<_> = (0..count)
        .map(|_| {
            let ravi = ravi.clone();
            tokio::spawn(async move { ravi.secrets().get(KEY).await.expect("read").expose_secret().to_owned() })
        })
        .collect();
    for reader in readers {
        assert_eq!(reader.await.expect("it ends"), VALUE);
    }
}
