//! A Codex login goes to the vault and comes back, sealed; what is no login, or another one, is refused and left alone.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::json;

use crate::codex_common::{ACCOUNT, Machine, PASSPHRASE, api_key, chatgpt};
use crate::common::{Bed, files_with};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_goes_to_the_vault_sealed_and_comes_back_whole() {
    let bed = Bed::new().await;
    let one = Machine::new(&bed, "one");
    let login = chatgpt(ACCOUNT, "rt-made-up-0");
    one.put(&login);
    let saved = one.codex(&bed, &["save"]).ok();
    assert!(!saved.stdout.contains("rt-made-up") && !saved.stderr.contains("rt-made-up"));
    let saved = saved.json();
    assert_eq!((&saved["name"], &saved["changed"]), (&json!("CODEX_SESSION_TOKEN"), &json!(true)));
    let stored = &saved["stored"];
    assert_eq!((&stored["generation"], &stored["holder"]["here"]), (&json!(1), &json!(true)));
    assert_eq!(stored["login"]["account"], format!("ChatGPT account {ACCOUNT}"));
    assert_eq!(one.codex(&bed, &["save"]).ok().json()["changed"], false);
    // Gone from the disk: it comes back, byte for byte, for this user alone.
    std::fs::remove_file(one.file()).expect("gone");
    let restored = one.codex(&bed, &["restore"]).ok().json();
    assert_eq!((&restored["changed"], &restored["aside"]), (&json!(true), &json!(null)));
    assert_eq!((one.text(), mode(&one.file())), (login, 0o600));
    assert_eq!(one.codex(&bed, &["restore"]).ok().json()["changed"], false);
    let status = one.codex(&bed, &["status"]).ok().json();
    assert_eq!((&status["state"], &status["health"]), (&json!("in_sync"), &json!("unknown")));
    assert_eq!(status["file"]["login"]["expires_ms"], 4_000_000_000_000_i64);
    // In no file of ours in plain.
    assert_eq!(files_with(&one.state, "rt-made-up-0"), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_is_not_sealed_gets_no_login() {
    let bed = Bed::new().await;
    std::fs::write(bed.path("sealed"), "").expect("a file");
    let home = bed.path("codex");
    std::fs::create_dir(&home).expect("a folder");
    crate::codex_common::put(&home.join("auth.json"), &chatgpt(ACCOUNT, "rt-made-up-0"));
    let home = home.to_str().expect("text");
    let refused = bed.run(&["codex", "save", "--codex-home", home, "--json"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (6, "codex.not_sealed"));
    assert!(refused.stderr.contains("seal enable"));
    let names = bed.server_state().await["secrets"].to_string();
    assert!(!names.contains("CODEX"), "{names}");
    // On, and this machine does not have the key.
    let elsewhere = bed.path("elsewhere");
    let mut program = bed.program();
    program.args(["seal", "enable"]).env("RAVI_WORKSPACE_STATE", elsewhere).env("RAVI_WORKSPACE_SCRYPT_WORK", "4");
    program.stdin(std::process::Stdio::piped());
    let mut child = program.spawn().expect("it starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("input"), PASSPHRASE.as_bytes()).expect("written");
    assert!(child.wait().expect("it ends").success());
    let locked = bed.run(&["codex", "save", "--codex-home", home, "--json"]);
    assert_eq!((locked.code, locked.error_code().as_str()), (3, "seal.locked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_login_is_refused_and_left_as_it_is() {
    let bed = Bed::new().await;
    let (one, two) = (Machine::new(&bed, "one"), Machine::new(&bed, "two"));
    one.put(&api_key("sk-made-up-1"));
    one.codex(&bed, &["save"]).ok();
    let half = &chatgpt(ACCOUNT, "rt-made-up-0")[..120];
    for (text, code, exit) in [
        (half, "codex.damaged", 1),
        ("", "codex.damaged", 1),
        (r#"{"foo":1}"#, "codex.damaged", 1),
        (r#"{"auth_mode":"headers"}"#, "codex.mode", 1),
    ] {
        two.put(text);
        for command in ["save", "restore", "watch"] {
            let refused = two.codex(&bed, &[command]);
            assert_eq!((refused.code, refused.error_code().as_str()), (exit, code), "{command} {text}");
            assert_eq!(two.text(), text);
        }
        let status = two.codex(&bed, &["status"]).ok().json();
        assert_eq!((&status["file"]["error"]["code"], &status["state"]), (&json!(code), &json!("no_file")));
    }
    // Larger than any login, a folder, a pipe, a link to nowhere.
    two.put(&"x".repeat(100_000));
    assert_eq!(two.codex(&bed, &["restore"]).error_code(), "codex.file_too_large");
    std::fs::remove_file(two.file()).expect("gone");
    std::fs::create_dir(two.file()).expect("a folder");
    for command in ["save", "restore"] {
        assert_eq!(two.codex(&bed, &[command]).error_code(), "codex.file_directory");
    }
    std::fs::remove_dir(two.file()).expect("gone");
    rustix_pipe(&two.file());
    assert_eq!(two.codex(&bed, &["restore"]).error_code(), "codex.file_not_regular");
    std::fs::remove_file(two.file()).expect("gone");
    symlink(two.home.join("nowhere"), two.file()).expect("a link");
    assert_eq!(two.codex(&bed, &["save"]).error_code(), "codex.no_login");
    std::fs::remove_file(two.file()).expect("gone");
    // Others can read it.
    let open = api_key("sk-made-up-1");
    two.put(&open);
    std::fs::set_permissions(two.file(), std::fs::Permissions::from_mode(0o644)).expect("a mode");
    for command in ["save", "restore"] {
        let refused = two.codex(&bed, &[command]);
        assert_eq!((refused.code, refused.error_code().as_str()), (6, "codex.exposed"));
        assert!(refused.stderr.contains("chmod 600"));
        assert_eq!((two.text(), mode(&two.file())), (open.clone(), 0o644));
    }
    // Codex keeps its login elsewhere, or its configuration is broken.
    two.put(&open);
    for (config, code) in [
        ("cli_auth_credentials_store = \"keyring\"", "codex.store"),
        ("cli_auth_credentials_store = \"auto\"", "codex.store"),
        ("key = \"sk-made-up-in-config", "codex.config"),
    ] {
        std::fs::write(two.home.join("config.toml"), config).expect("a file");
        for command in ["save", "restore"] {
            let refused = two.codex(&bed, &[command]);
            assert_eq!(refused.error_code(), code);
            assert!(!refused.stderr.contains("sk-made-up"));
        }
    }
    std::fs::write(two.home.join("config.toml"), "cli_auth_credentials_store = \"file\"").expect("a file");
    two.codex(&bed, &["restore"]).ok();
}

fn rustix_pipe(path: &Path) {
    let status = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_overwritten_by_force_only_and_kept_beside() {
    let bed = Bed::new().await;
    let (one, two) = (Machine::new(&bed, "one"), Machine::new(&bed, "two"));
    let (mine, other) = (chatgpt(ACCOUNT, "rt-made-up-0"), chatgpt("acct-made-up-2", "rt-other-0"));
    one.put(&mine);
    one.codex(&bed, &["save"]).ok();
    one.put(&other);
    for command in ["save", "restore"] {
        let refused = one.codex(&bed, &[command]);
        assert_eq!((refused.code, refused.error_code().as_str()), (6, "codex.other_account"), "{command}");
        assert!(refused.stderr.contains("acct-made-up-2") && refused.stderr.contains(ACCOUNT));
        assert_eq!((one.text(), one.stored_token(&bed).await), (other.clone(), "rt-made-up-0".to_owned()));
    }
    // Under a name of its own.
    one.codex(&bed, &["save", "--name", "codex_other"]).ok();
    two.codex(&bed, &["restore", "--name", "CODEX_OTHER", "--take-over"]).ok();
    assert_eq!(two.text(), other);
    let restored = one.codex(&bed, &["restore", "--force"]).ok().json();
    assert_eq!(one.text(), mine);
    let aside = restored["aside"].as_str().expect("a path");
    assert_eq!((std::fs::read_to_string(aside).expect("it is there"), mode(Path::new(aside))), (other, 0o600));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newer_of_file_and_vault_wins_and_links_stay() {
    let bed = Bed::new().await;
    let one = Machine::new(&bed, "one");
    let logins: Vec<String> = (0..4).map(|n| chatgpt(ACCOUNT, &format!("rt-made-up-{n}"))).collect();
    let real = bed.path("real-auth.json");
    crate::codex_common::put(&real, &logins[1]);
    symlink(&real, one.file()).expect("a link");
    one.codex(&bed, &["save"]).ok();
    // Codex has refreshed since.
    crate::codex_common::put(&real, &logins[2]);
    assert_eq!(one.codex(&bed, &["status"]).ok().json()["state"], "file_newer");
    let restored = one.codex(&bed, &["restore"]).ok().json();
    assert_eq!((&restored["changed"], &restored["pushed"]), (&json!(false), &json!(true)));
    assert_eq!((&restored["stored"]["generation"], one.stored_token(&bed).await), (&json!(2), "rt-made-up-2".into()));
    // A copy from long ago, on a machine that knows nothing of it.
    let two = Machine::new(&bed, "two");
    two.put(&logins[0]);
    let older = two.codex(&bed, &["save", "--take-over"]);
    assert_eq!((older.code, older.error_code().as_str()), (6, "codex.older"));
    let restored = two.codex(&bed, &["restore", "--take-over"]).ok().json();
    assert_eq!((two.text(), &restored["changed"]), (logins[2].clone(), &json!(true)));
    assert!(restored["aside"].as_str().is_some_and(|aside| std::fs::read_to_string(aside).unwrap() == logins[0]));
    // Through the link, which stays.
    two.put(&logins[3]);
    two.codex(&bed, &["save"]).ok();
    one.codex(&bed, &["restore", "--take-over"]).ok();
    assert!(std::fs::symlink_metadata(one.file()).expect("it is there").is_symlink());
    assert_eq!(std::fs::read_to_string(&real).expect("it is there"), logins[3]);
    assert!(bed.path("real-auth.json.lock").exists() && one.home.join("auth.lock").exists(), "Codex's locks");
}

/// The ledger is gone, and with it what file and vault last agreed on: the times in both say which one is newer.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_file_is_kept_where_the_ledger_is_lost() {
    let bed = Bed::new().await;
    let one = Machine::new(&bed, "one");
    one.put(&chatgpt(ACCOUNT, "rt-made-up-0"));
    one.codex(&bed, &["save"]).ok();
    let newest = chatgpt(ACCOUNT, "rt-made-up-1");
    one.put(&newest);
    let again = Machine { home: one.home.clone(), ..Machine::new(&bed, "again") };
    let restored = again.codex(&bed, &["restore", "--take-over"]).ok().json();
    assert_eq!((&restored["changed"], &restored["pushed"]), (&json!(false), &json!(true)));
    assert_eq!((again.text(), again.stored_token(&bed).await), (newest, "rt-made-up-1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_has_no_holder_and_serves_everywhere() {
    let bed = Bed::new().await;
    let (one, two) = (Machine::new(&bed, "one"), Machine::new(&bed, "two"));
    one.put(&api_key("sk-made-up-1"));
    let saved = one.codex(&bed, &["save"]).ok();
    assert_eq!(saved.json()["stored"]["holder"], json!(null));
    assert!(!saved.stdout.contains("sk-made-up"));
    for machine in [&two, &one, &two] {
        machine.codex(&bed, &["restore"]).ok();
        assert_eq!(machine.text(), api_key("sk-made-up-1"));
    }
    // Replaced at one, taken by the other without force: what it has came from the vault.
    one.put(&api_key("sk-made-up-2"));
    assert_eq!(one.codex(&bed, &["save"]).error_code(), "codex.other_account");
    one.codex(&bed, &["save", "--force"]).ok();
    two.codex(&bed, &["restore"]).ok();
    assert_eq!(two.text(), api_key("sk-made-up-2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_login_the_first_sign_in_is_explained() {
    let bed = Bed::new().await;
    let one = Machine::new(&bed, "one");
    for command in ["save", "restore", "watch"] {
        let none = one.codex(&bed, &[command]);
        assert_eq!((none.code, none.error_code().as_str()), (4, "codex.no_login"));
        assert!(none.stderr.contains("codex login --device-auth") && none.stderr.contains("--api-key"), "{none:?}");
    }
}
