//! Where the key comes from, in which order, and what is refused on the way.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::common::{Bed, Run, files_with};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

fn answer(mut program: Command, args: &[&str]) -> Run {
    program.args(args).output().expect("it starts").into()
}

/// The program without any key.
fn keyless(bed: &Bed) -> Command {
    let mut program = bed.program();
    program.env_remove("RAVI_API_KEY");
    program
}

fn with_credential(bed: &Bed) -> Command {
    let mut program = keyless(bed);
    program.env("CREDENTIALS_DIRECTORY", bed.path("credentials"));
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_systemd_credential_comes_after_the_environment_and_before_a_login() {
    let bed = Bed::new().await;
    bed.run_with_input(&["login", "--key-stdin"], bed.key.expose_secret()).ok();
    let folder = bed.path("credentials");
    std::fs::create_dir(&folder).expect("a folder");
    // A service may have other credentials only.
    assert_eq!(answer(with_credential(&bed), &["account", "--json"]).ok().json()["source"], "login");
    std::fs::write(folder.join("ravi-api-key"), format!("{}\n", bed.key.expose_secret())).expect("a file");
    let account = answer(with_credential(&bed), &["account", "--json"]).ok().json();
    assert_eq!((&account["source"], &account["kept"]), (&json!("systemd"), &Value::Null));
    let mut both = with_credential(&bed);
    both.env("RAVI_API_KEY", bed.key.expose_secret());
    assert_eq!(answer(both, &["account", "--json"]).ok().json()["source"], "environment");
    // Something unusable is not passed over: the next source may be another account.
    for odd in ["", "made-up-canary"] {
        std::fs::write(folder.join("ravi-api-key"), odd).expect("a file");
        let run = answer(with_credential(&bed), &["account", "--json"]);
        assert_eq!((run.code, run.error_code().as_str()), (3, "account.bad_key"));
        assert!(!format!("{run:?}").contains("canary"));
    }
    std::fs::remove_file(folder.join("ravi-api-key")).expect("it is there");
    std::fs::create_dir(folder.join("ravi-api-key")).expect("a folder");
    let run = answer(with_credential(&bed), &["account", "--json"]);
    assert_eq!((run.code, run.error_code().as_str()), (3, "account.credential"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_command_lines_key_is_offered_and_taken_over_only_when_asked() {
    let bed = Bed::new().await;
    let none = answer(keyless(&bed), &["login", "--import", "--json"]);
    assert_eq!((none.code, none.error_code().as_str()), (4, "account.nothing_to_import"));
    let file = bed.path(".ravi/config.json");
    let text = json!({ "management_key": bed.key.expose_secret(), "user_email": "hanna@example.com" }).to_string();
    std::fs::create_dir(bed.path(".ravi")).expect("a folder");
    std::fs::write(&file, &text).expect("a file");
    let mode = |mode: u32| std::fs::set_permissions(&file, Permissions::from_mode(mode)).expect("a mode");

    mode(0o644);
    let refused = answer(keyless(&bed), &["login", "--import", "--json"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (6, "account.import"));
    mode(0o600);
    // Never silently.
    let offered = answer(keyless(&bed), &["account", "--json"]);
    assert_eq!((offered.code, offered.error_code().as_str()), (3, "account.not_signed_in"));
    assert!(offered.json()["error"]["hint"].as_str().is_some_and(|hint| hint.contains("login --import")));

    let imported = answer(keyless(&bed), &["login", "--import", "--json"]).ok().json();
    assert_eq!((&imported["source"], &imported["key"]), (&json!("login"), &json!("management")));
    assert_eq!(imported["official"], json!(file));
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), text, "the file is the official program's");
    std::fs::remove_file(&file).expect("it is there");
    assert_eq!(answer(keyless(&bed), &["account", "--json"]).ok().json()["official"], Value::Null);
    assert_eq!(files_with(bed.dir.path(), bed.key.expose_secret()), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_ravi_refuses_keeps_nothing() {
    let bed = Bed::new().await;
    std::fs::create_dir(bed.path(".ravi")).expect("a folder");
    let file = bed.path(".ravi/config.json");
    std::fs::write(&file, r#"{"management_key": "ravi_mgmt_made_up"}"#).expect("a file");
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a mode");
    let refused = answer(keyless(&bed), &["login", "--import", "--json"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (3, "api.unauthorized"));
    assert_eq!(answer(keyless(&bed), &["account", "--json"]).error_code(), "account.not_signed_in");
}
