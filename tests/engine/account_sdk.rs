//! An account that the official SDK and the official command line were used on before this program came.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use ravi_local::{Options, Plan};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::common::{Bed, Run};
use crate::local_sdk::python_with_sdk;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_official_sdk_stored_is_read_and_three_worktrees_share_its_identity() {
    let Some(python) = python_with_sdk() else { return };
    let bed = Bed::bare(Options { plan: Plan::Free, ..Options::default() }).await;
    let script = crate::common::project().join("tests/sdk/first_minutes.py");
    let mut sdk = Command::new(python);
    sdk.arg(script).env("RAVI_LOCAL_URL", &bed.base_url).env("PYTHONDONTWRITEBYTECODE", "1");
    sdk.env("RAVI_LOCAL_MANAGEMENT_KEY", bed.key.expose_secret());
    let main = Run::from(sdk.output().expect("it starts")).ok().stdout.trim().to_owned();

    // As the official command line writes it after a login.
    let folder = bed.path(".ravi");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("a mode");
    let file = folder.join("config.json");
    let text = json!({
        "management_key": bed.key.expose_secret(),
        "identity_key": "ravi_id_made_up",
        "identity_uuid": main,
        "identity_name": "Hanna",
        "user_email": "hanna@example.com",
    });
    std::fs::write(&file, serde_json::to_string_pretty(&text).expect("JSON")).expect("a file");
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a mode");
    let before = std::fs::read(&file).expect("it is there");

    let keyless = |args: &[&str]| -> Run {
        let mut program = bed.program();
        program.env_remove("RAVI_API_KEY").args(args).output().expect("it starts").into()
    };
    bed.reset_calls().await;
    let account = keyless(&["login", "--import", "--json"]).ok().json();
    assert_eq!(account["host"]["uuid"], json!(main));
    assert_eq!(keyless(&["secret", "get", "CODEX_MONITOR_DAEMON_TOKEN"]).ok().stdout.trim(), "made-up-daemon-token");
    let token = bed.ravi().secrets().get("CODEX_MONITOR_DAEMON_TOKEN").await.expect("the library reads it too");
    assert_eq!(token.expose_secret(), "made-up-daemon-token");

    let repository = bed.repository("repo");
    let trees: Vec<_> = ["payments", "search", "docs"].map(|name| (name, bed.worktree(&repository, name))).to_vec();
    std::thread::scope(|scope| {
        for (name, tree) in &trees {
            let keyless = &keyless;
            scope.spawn(move || {
                let (path, agent) = (tree.to_str().expect("text"), format!("{name} agent"));
                let args = ["provision", path, "--id", name, "--name", &agent, "--share", "--no-key", "--json"];
                let done = keyless(&args).ok().json();
                let source = if *name == "payments" { "host" } else { "inherited" };
                assert_eq!(done["github"]["source"], source, "{done}");
            });
        }
    });
    let mut authors: Vec<String> = trees.iter().map(|(_, tree)| bed.author(tree)).collect();
    authors.sort();
    authors.dedup();
    assert_eq!(authors.len(), 3, "{authors:?}");
    assert_eq!((bed.calls("POST /api/identities/").await, bed.live_keys().await), (0, 0));

    // Sealed, each may have a key of its own to the one identity.
    let stored = keyless(&["secret", "get", "CODEX_MONITOR_GH_TOKEN_PAYMENTS_AGENT"]).ok().stdout;
    assert_eq!(stored.trim(), "ghp_made_up_token");
    bed.run_with_input(&["seal", "enable", "--json"], "made-up passphrase of many words\n").ok();
    for (name, tree) in &trees {
        keyless(&["release", name, "--json"]).ok();
        let (path, agent) = (tree.to_str().expect("text"), format!("{name} agent"));
        keyless(&["provision", path, "--id", name, "--name", &agent, "--share", "--json"]).ok();
    }
    assert_eq!((bed.live_keys().await, bed.server_state().await["identities"].as_array().map(Vec::len)), (3, Some(1)));
    // git gets the token out of the sealed vault.
    let tree = trees[0].1.to_str().expect("text");
    let shown = keyless(&["exec", tree, "--no-mask", "--", "sh", "-c", "printf %s \"$GH_TOKEN\""]).ok().stdout;
    assert_eq!(shown, "ghp_made_up_token");
    for (name, _) in &trees {
        keyless(&["release", name, "--json"]).ok();
    }
    assert_eq!(bed.live_keys().await, 0);
    assert_eq!(std::fs::read(&file).expect("it is there"), before, "the official program's file is its own");
}
