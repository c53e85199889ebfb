//! What a workspace is given in its own identity's vault: that it is there, that its agent can read it, and that it goes.

use std::path::{Path, PathBuf};

use crate::common::{Bed, Run, files_with};
use ravi_workspace_core::api::{AnyKey, Client, ClientOptions};
use secrecy::SecretString;
use serde_json::{Value, json};

const SHARED: &str = "made-up-shared-value-4711";
const STRIPE: [&str; 2] = ["made-up-stripe-value-1", "made-up-stripe-value-2"];
const GH_TOKEN: &str = "ghp_MadeUpBundleToken0123456789";

struct Room {
    bed: Bed,
    bundle: Value,
}

impl Room {
    /// A host identity with some secrets, and a bundle of all kinds.
    async fn new() -> Room {
        let bed = Bed::new().await;
        for (key, value) in [
            ("SHARED_KEY", SHARED),
            ("STRIPE_TEST_KEY_1", STRIPE[0]),
            ("STRIPE_TEST_KEY_2", STRIPE[1]),
            ("AGENTS_GH_TOKEN", GH_TOKEN),
        ] {
            bed.run_with_input(&["secret", "set", key], value).ok();
        }
        let bundle = json!({ "entries": [
            { "key": "SHARED_KEY" },
            { "key": "API_KEY", "from": { "copy": "SHARED_KEY" } },
            { "key": "STRIPE_KEY", "from": { "pool": "STRIPE_TEST_KEY" } },
            { "key": "SESSION_SECRET", "from": { "generate": 24 } },
            { "workspace": "gh-*", "key": "GH_TOKEN", "from": { "copy": "AGENTS_GH_TOKEN" } },
        ] });
        Room { bed, bundle }
    }

    fn folder(&self, id: &str) -> PathBuf {
        let folder = self.bed.path(id);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn run(&self, args: &[&str]) -> Run {
        let mut program = self.bed.program();
        program.args(args).env("RAVI_WORKSPACE_BUNDLE", self.bundle.to_string());
        program.output().expect("it starts").into()
    }

    fn provision(&self, id: &str) -> Run {
        let args = Bed::provision_args(&self.folder(id), id, "payments agent");
        self.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

fn identity(provisioned: &Value) -> &str {
    provisioned["identity"]["uuid"].as_str().expect("an identity")
}

/// What is given is told by name, with the number where it is one of a pool, and by no value.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_given_what_is_shown_by_name() {
    let room = Room::new().await;
    let first = room.provision("w1").ok().json();
    room.provision("w2").ok();
    let (one, two) = (room.folder("w1"), room.folder("w2"));
    let status = |path: &Path| room.bed.run(&["status", path.to_str().expect("text"), "--json"]).ok().json();
    let copy = |key: &str| json!({ "key": key, "source": "copy", "secret": "SHARED_KEY", "given": true });
    let made = json!({ "key": "SESSION_SECRET", "source": "generated", "secret": null, "given": true });
    let pool = |number: u32| {
        let secret = format!("STRIPE_TEST_KEY_{number}");
        json!({ "key": "STRIPE_KEY", "source": "pool", "secret": secret, "given": true })
    };
    let given = |number: u32| json!([copy("API_KEY"), made, copy("SHARED_KEY"), pool(number)]);
    assert_eq!((&status(&one)["bundle"], &status(&two)["bundle"]), (&given(1), &given(2)));
    let list = room.bed.run(&["list", "--json"]).ok();
    assert_eq!(list.json()["workspaces"][1]["bundle"], given(2));

    let (table, text) =
        (room.bed.run(&["list"]).ok().stdout, room.bed.run(&["status", one.to_str().expect("text")]).ok());
    assert!(table.contains("GIVEN") && table.contains("SHARED_KEY, STRIPE_KEY (STRIPE_TEST_KEY_2)"), "{table}");
    assert!(text.stdout.contains("given    API_KEY (copy of SHARED_KEY)"), "{}", text.stdout);
    assert!(text.stdout.contains("STRIPE_KEY (STRIPE_TEST_KEY_1, from a pool)"), "{}", text.stdout);
    let generated = room.bed.secrets_of(identity(&first)).await["SESSION_SECRET"].clone();
    for value in [SHARED, STRIPE[0], STRIPE[1], &generated] {
        assert!(![&table, &text.stdout, &list.stdout].iter().any(|shown| shown.contains(value)));
    }

    let plain = room.bed.path("plain");
    std::fs::create_dir(&plain).expect("a folder");
    for id in ["w1", "w2"] {
        room.bed.run(&["release", id]).ok();
    }
    room.bed.run(&Bed::provision_args(&plain, "plain", "x agent")).ok();
    assert_eq!(status(&plain)["bundle"], json!([]), "an identity of the pool has nothing of what was given before");
    assert!(!room.bed.run(&["list"]).ok().stdout.contains("GIVEN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_gets_copies_a_value_of_the_pool_and_a_generated_one() {
    let room = Room::new().await;
    let provisioned = room.provision("w1").ok().json();
    let vault = room.bed.secrets_of(identity(&provisioned)).await;
    assert_eq!(vault["SHARED_KEY"], SHARED);
    assert_eq!(vault["API_KEY"], SHARED);
    assert_eq!(vault["STRIPE_KEY"], STRIPE[0]);
    assert_eq!(vault["SESSION_SECRET"].len(), 24);
    assert_eq!(vault.len(), 4, "{:?}", vault.keys());
    // As the official programs read it: with the key in the workspace's home.
    let config = std::fs::read_to_string(room.bed.key_file("w1")).expect("it is there");
    let config: Value = serde_json::from_str(&config).expect("JSON");
    let key = AnyKey::parse(SecretString::from(config["identity_key"].as_str().expect("text"))).expect("a key");
    let client = Client::new(ClientOptions::new(room.bed.base_url.parse().expect("an address"))).expect("a client");
    let (session, own) = (client.with(&key), identity(&provisioned).into());
    assert!(session.secrets(&own).find("STRIPE_KEY").await.expect("Ravi answers").is_some());
    // And through the program.
    let folder = room.folder("w1");
    let script = r#"test "$STRIPE_KEY" = made-up-stripe-value-1 && test "$API_KEY" = made-up-shared-value-4711"#;
    let words =
        ["exec", folder.to_str().expect("text"), "--secret", "STRIPE_KEY", "--secret", "API_KEY", "--", "sh", "-c"];
    room.bed.run(&[&words[..], &[script]].concat()).ok();
    for value in [SHARED, STRIPE[0], vault["SESSION_SECRET"].as_str()] {
        assert_eq!(files_with(&room.bed.path(""), value), Vec::<PathBuf>::new(), "only in the vaults");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_provision_changes_nothing_and_brings_what_the_host_has_by_now() {
    let room = Room::new().await;
    let provisioned = room.provision("w1").ok().json();
    let before = room.bed.secrets_of(identity(&provisioned)).await;
    room.bed.reset_calls().await;
    room.provision("w1").ok();
    let writes = room.bed.call_log().await.into_iter().filter(|call| !call.starts_with("GET ")).collect::<Vec<_>>();
    assert_eq!(writes, Vec::<String>::new());
    assert_eq!(room.bed.secrets_of(identity(&provisioned)).await, before);
    // Another program, which knows nothing of bundles, takes nothing away.
    room.bed.run(&Bed::provision_args(&room.folder("w1"), "w1", "payments agent")).ok();
    assert_eq!(room.bed.secrets_of(identity(&provisioned)).await, before);
    room.bed.run_with_input(&["secret", "set", "SHARED_KEY"], "made-up-newer-value").ok();
    room.provision("w1").ok();
    let after = room.bed.secrets_of(identity(&provisioned)).await;
    assert_eq!(
        (after["SHARED_KEY"].as_str(), after["API_KEY"].as_str()),
        ("made-up-newer-value", "made-up-newer-value")
    );
    assert_eq!((&after["STRIPE_KEY"], &after["SESSION_SECRET"]), (&before["STRIPE_KEY"], &before["SESSION_SECRET"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn release_takes_everything_back_and_the_trail_says_who_held_what() {
    let room = Room::new().await;
    let provisioned = room.provision("w1").ok().json();
    room.run(&["release", "w1"]).ok();
    assert_eq!(room.bed.secrets_of(identity(&provisioned)).await.len(), 0);
    let trail = room.bed.audit_trail();
    let of = |action: &str| -> Vec<String> {
        let lines = trail.iter().filter(|line| line[0] == action);
        lines
            .map(|[_, workspace, object, outcome, reason]| format!("{workspace} {object} {outcome}: {reason}"))
            .collect()
    };
    let held = [
        "w1 SHARED_KEY done: copy, as API_KEY",
        "w1 SESSION_SECRET done: generated, as SESSION_SECRET",
        "w1 SHARED_KEY done: copy, as SHARED_KEY",
        "w1 STRIPE_TEST_KEY_1 done: pool, as STRIPE_KEY",
    ];
    assert_eq!(of("bundle.give"), held);
    assert_eq!(of("bundle.take"), held);
    // The next workspace, with the same identity, gets a value of its own.
    let next = room.provision("w2").ok().json();
    assert_eq!(identity(&next), identity(&provisioned));
    assert_eq!(room.bed.secrets_of(identity(&next)).await["STRIPE_KEY"], STRIPE[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_github_token_may_come_by_bundle() {
    let room = Room::new().await;
    for id in ["gh-1", "gh-2"] {
        let provisioned = room.provision(id).ok().json();
        assert_eq!(provisioned["github"], json!({ "source": "workspace", "secret": "GH_TOKEN" }), "{id}");
    }
    assert_eq!(room.provision("w1").error_code(), "bundle.none_free");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_put_under_a_key_is_left_alone() {
    let room = Room::new().await;
    let provisioned = room.bed.run(&Bed::provision_args(&room.folder("w1"), "w1", "payments agent")).ok().json();
    room.bed.put_secret(identity(&provisioned), "STRIPE_KEY", "made-up-value-of-the-humans").await;
    room.provision("w1").ok();
    assert_eq!(room.bed.secrets_of(identity(&provisioned)).await["STRIPE_KEY"], "made-up-value-of-the-humans");
    for id in ["w2", "w3"] {
        room.provision(id).ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_and_half_of_nothing_is_given() {
    let mut room = Room::new().await;
    let entries = [
        (json!({ "key": "A", "from": { "copy": "NOT_THERE" } }), "bundle.no_secret", 4),
        (json!({ "key": "A", "from": { "pool": "NOT_THERE" } }), "bundle.empty_pool", 4),
        (json!({ "key": "RAVI_A" }), "config.bundle", 2),
    ];
    for (entry, code, exit) in entries {
        room.bundle = json!({ "entries": [{ "key": "SHARED_KEY" }, entry] });
        let run = room.provision("w1");
        assert_eq!((run.code, run.error_code().as_str()), (exit, code), "{run:?}");
    }
    let state = room.bed.server_state().await;
    let given =
        state["secrets"].as_object().expect("an object").values().filter(|names| **names == json!(["SHARED_KEY"]));
    assert_eq!(given.count(), 0, "{state}");
    // One value twice in the pool is one value.
    room.bed.run_with_input(&["secret", "set", "STRIPE_TEST_KEY_2"], STRIPE[0]).ok();
    room.bundle = json!({ "entries": [{ "key": "STRIPE_KEY", "from": { "pool": "STRIPE_TEST_KEY" } }] });
    room.provision("w1").ok();
    assert_eq!(room.provision("w2").error_code(), "bundle.none_free");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_of_a_sealed_host_vault_are_given_opened() {
    let room = Room::new().await;
    room.bed.run_with_input(&["seal", "enable"], "made-up recovery passphrase\n").ok();
    let provisioned = room.provision("w1").ok().json();
    let vault = room.bed.secrets_of(identity(&provisioned)).await;
    assert_eq!((vault["API_KEY"].as_str(), vault["STRIPE_KEY"].as_str()), (SHARED, STRIPE[0]));
}
