//! What a build without `seal` and `sign` does where it meets what needs them: it refuses, says so, and changes nothing.
//!
//!     cargo test -p ravi-workspace-core --test slim
#![cfg(not(any(feature = "seal", feature = "sign")))]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use ravi_local::{Options, Plan, Server};
use ravi_workspace_core::api::{AnyKey, Client, ClientOptions, IdentityUuid, Session};
use ravi_workspace_core::vault::NewValue;
use ravi_workspace_core::vault::settings::Place;
use ravi_workspace_core::{Config, Error, ExposeSecret as _, Keychain, ProvisionRequest, Ravi, SecretString, Settings};
use tempfile::TempDir;

/// Looks as what age makes, and opens with no key.
const ARMOUR: &str = "-----BEGIN AGE ENCRYPTED FILE-----\nbWFkZSB1cA==\n-----END AGE ENCRYPTED FILE-----\n";

struct Bed {
    dir: TempDir,
    server: Server,
    ravi: Ravi,
    /// What other programs do at Ravi.
    others: Session<AnyKey>,
    host: IdentityUuid,
}

impl Bed {
    async fn new() -> Bed {
        let dir = tempfile::tempdir().expect("a folder");
        let server = Server::start(Options { plan: Plan::Paid, ..Options::default() }).await.expect("it starts");
        let url: url::Url = server.base_url().parse().expect("an address");
        let key = AnyKey::parse(server.management_key()).expect("a key");
        let others = Client::new(ClientOptions::new(url.clone())).expect("a client").with(&key);
        let host = IdentityUuid::from(server.identity().expect("one").uuid.as_str());
        let ravi = Ravi::open(Config {
            api_url: Some(url),
            state_dir: Some(dir.path().join("state")),
            api_key: Some(server.management_key()),
            keychain: Some(Keychain::File),
            ..Config::default()
        });
        Bed { dir, ravi: ravi.expect("a ledger"), others, host, server }
    }

    async fn store(&self, key: &str, value: &str) {
        self.others.secrets(&self.host).put(key, &SecretString::from(value)).await.expect("stored");
    }

    async fn stored(&self, key: &str) -> Option<String> {
        let found = self.others.secrets(&self.host).find(key).await.expect("an answer");
        found.map(|secret| secret.value.expose_secret().to_owned())
    }
}

fn check_not_built<T: std::fmt::Debug>(done: Result<T, Error>, code: &str, feature: &str) {
    let error = done.expect_err("refused");
    assert_eq!(error.code(), code);
    assert!(error.hint().contains(&format!("the feature `{feature}` of tauri-plugin-ravi")), "{}", error.hint());
    assert!(!format!("{error} {error:?}").contains("bWFkZSB1cA"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn armour_is_never_handed_out_as_a_value() {
    let bed = Bed::new().await;
    bed.store("PLAIN", "made-up").await;
    bed.store("SEALED", ARMOUR).await;
    assert_eq!(bed.ravi.secrets().get("PLAIN").await.expect("a value").expose_secret(), "made-up");
    check_not_built(bed.ravi.secrets().get("SEALED").await, "seal.not_built", "seal");
    check_not_built(bed.ravi.secrets().refresh("SEALED").await, "seal.not_built", "seal");
    check_not_built(bed.ravi.secrets().get_all(&["PLAIN", "SEALED"]).await, "seal.not_built", "seal");
    let other = NewValue::Given("made-up-2".to_owned().into());
    check_not_built(bed.ravi.secrets().rotate("SEALED", other).await, "seal.not_built", "seal");
    assert_eq!(bed.stored("SEALED").await.as_deref(), Some(ARMOUR));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reference_in_a_settings_file_is_resolved_to_armour() {
    let bed = Bed::new().await;
    bed.store("TOKEN", ARMOUR).await;
    let file = bed.dir.path().join("settings.json");
    std::fs::write(&file, r#"{ "token": "ravi://TOKEN" }"#).expect("a file");
    let places = vec![Place { pointer: "/token".into(), secret: "TOKEN".into() }];
    let settings = Settings::<serde_json::Value>::load(&bed.ravi, &file, places.clone()).await.expect("loaded");
    assert_eq!(settings["token"], serde_json::Value::Null);
    assert_eq!(settings.unresolved()[0].error.code, "seal.not_built");
    // An app that cannot be without it is told why.
    let needed = Settings::<BTreeMap<String, String>>::load(&bed.ravi, &file, places).await.map(drop);
    check_not_built(needed, "seal.not_built", "seal");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_plain_is_put_into_a_vault_that_others_keep_sealed() {
    let bed = Bed::new().await;
    bed.store("RAVI_VAULT_RECOVERY", ARMOUR).await;
    check_not_built(bed.ravi.secrets().set("NEW", "made-up".into()).await, "seal.not_built", "seal");
    assert_eq!(bed.stored("NEW").await, None);
}

fn git(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=A Human", "-c", "user.email=human@example.com"];
    let done = Command::new("git").arg("-C").arg(folder).args(who).args(args).output().expect("git starts");
    assert!(done.status.success(), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_to_sign_is_refused_before_anything_is_made() {
    let bed = Bed::new().await;
    git(bed.dir.path(), &["init", "-q", "repository"]);
    let repository = bed.dir.path().join("repository");
    git(&repository, &["commit", "-q", "--allow-empty", "-m", "Begin"]);
    let before = std::fs::read(repository.join(".git/config")).expect("a file");
    let request = ProvisionRequest { sign: true, main: true, ..ProvisionRequest::new(&repository, "w1", "agent") };
    check_not_built(bed.ravi.workspaces().provision(request.clone(), |_| {}).await, "sign.not_built", "sign");
    assert_eq!(bed.others.identities().list().await.expect("a list").len(), 1);
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("a file"), before);
    assert!(bed.ravi.workspaces().list().await.expect("a list").is_empty());
    // Without signing it is set up.
    let done =
        bed.ravi.workspaces().provision(ProvisionRequest { sign: false, ..request }, |_| {}).await.expect("set up");
    assert!(done.identity.email.contains('@'));
    bed.server.stop().await;
}
