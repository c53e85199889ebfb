//! What other programs rely on: one JSON document, exit codes, errors with a code and a hint, no secret anywhere else.

use std::os::unix::fs::PermissionsExt as _;

use crate::common::{Bed, Run};
use secrecy::ExposeSecret as _;
use serde_json::json;

const TOKEN: &str = "made-up-daemon-token-4711";

#[tokio::test(flavor = "multi_thread")]
async fn ravi_gone_between_two_commands_is_exit_code_5_with_a_hint() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let one = bed.worktree(&repository, "one");
    let two = bed.worktree(&repository, "two");
    bed.run(&Bed::provision_args(&one, "w1", "payments agent")).ok();
    bed.run_with_input(&["secret", "set", "DAEMON_TOKEN"], TOKEN).ok();
    bed.stop_ravi().await;
    for args in [
        Bed::provision_args(&two, "w2", "search agent"),
        vec!["secret".into(), "get".into(), "NEVER_READ".into(), "--json".into()],
        vec!["account".into(), "--json".into()],
    ] {
        let run = bed.run(&args);
        assert_eq!((run.code, run.error_code().as_str()), (5, "api.unreachable"), "{args:?}");
        assert!(run.stderr.contains("hint:"), "{run:?}");
    }
    // What needs no Ravi still works, and what was read or stored before.
    assert_eq!(bed.run(&["secret", "get", "DAEMON_TOKEN"]).ok().stdout.trim_end(), TOKEN);
    assert_eq!(bed.run(&["list", "--json"]).ok().json()["workspaces"][0]["id"], "w1");
    let status = bed.run(&["status", one.to_str().expect("text"), "--json"]).ok().json();
    assert_eq!(status["state"], "ready");
    let failed = bed.run(&["list", "--json"]).ok().json();
    assert_eq!(failed["workspaces"][1]["last_error"]["code"], "api.unreachable");
    // A release is done as far as this machine goes; the rest is owed.
    let released = bed.run(&["release", "w1", "--json"]).ok().json();
    assert_eq!(released["owed"], 1);
    assert_eq!(bed.run(&["list", "--json"]).ok().json()["owed"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_stored_read_listed_and_deleted() {
    let bed = Bed::new().await;
    let value = "line one\nline \"two\" ü\\n";
    bed.run_with_input(&["secret", "set", "daemon_token"], &format!("{value}\n")).ok();
    let run = bed.run(&["secret", "get", "DAEMON_TOKEN"]).ok();
    assert_eq!(run.stdout, format!("{value}\n"));
    let answer = bed.run(&["secret", "get", "Daemon_Token", "--json"]).ok().json();
    assert_eq!(answer["value"], value);
    bed.run_with_input(&["secret", "set", "DAEMON_TOKEN"], TOKEN).ok();
    assert_eq!(bed.run(&["secret", "get", "DAEMON_TOKEN"]).ok().stdout.trim_end(), TOKEN);
    let list = bed.run(&["secret", "list", "--json"]).ok();
    assert_eq!(list.json(), json!({ "secrets": ["DAEMON_TOKEN"] }));
    assert!(!list.stdout.contains(TOKEN) && !list.stderr.contains(TOKEN));
    bed.run(&["secret", "delete", "DAEMON_TOKEN"]).ok();
    let gone = bed.run(&["secret", "get", "DAEMON_TOKEN", "--json"]);
    assert_eq!((gone.code, gone.error_code().as_str()), (4, "secret.not_found"));
    assert_eq!(bed.run(&["secret", "get", "1x", "--json"]).code, 2);
    assert_eq!(bed.run_with_input(&["secret", "set", "X", "--json"], "").code, 2);
    assert_eq!(bed.calls("POST /api/identities/").await, 0, "the identity that is there serves");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settings_file_is_migrated_and_read_through_its_reference() {
    let bed = Bed::new().await;
    let file = bed.path("settings.json");
    let text = format!("{{\n  \"theme\": \"dark\",\n  \"remoteBackendToken\": \"{TOKEN}\",\n  \"zoom\": 1.50\n}}\n");
    std::fs::write(&file, &text).expect("a file");
    let path = file.to_str().expect("text");
    let dry = bed.run(&["settings", "migrate", path, "--preset", "codex-monitor", "--dry-run", "--json"]).ok().json();
    assert_eq!((&dry["dry_run"], &dry["moved"][0]["secret"]), (&json!(true), &json!("CODEX_MONITOR_DAEMON_TOKEN")));
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), text);
    bed.run(&["settings", "migrate", path, "--preset", "codex-monitor"]).ok();
    let migrated = std::fs::read_to_string(&file).expect("it is there");
    assert_eq!(migrated, text.replace(TOKEN, "ravi://CODEX_MONITOR_DAEMON_TOKEN"));
    assert_eq!(file.metadata().expect("it is there").permissions().mode() & 0o777, 0o600);
    let value = bed.run(&["settings", "get", path, "--pointer", "/remoteBackendToken"]).ok();
    assert_eq!(value.stdout.trim_end(), TOKEN);
    let again = bed.run(&["settings", "migrate", path, "--preset", "codex-monitor", "--json"]).ok().json();
    assert_eq!(
        (again["moved"].as_array().map(Vec::len), again["already"].as_array().map(Vec::len)),
        (Some(0), Some(1))
    );
    assert_eq!(crate::common::files_with(bed.dir.path(), TOKEN), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settings_file_that_cannot_be_migrated_stays_as_it_was() {
    let bed = Bed::new().await;
    let migrate = |path: &str| bed.run(&["settings", "migrate", path, "--preset", "codex-monitor", "--json"]);
    let file = bed.path("settings.json");
    let path = file.to_str().expect("text");
    for (text, code, exit) in [
        ("{\"remoteBackendToken\": ", "settings.not_json", 1),
        ("{\"remoteBackendToken\": 7}", "settings.wrong_type", 1),
        ("{\"other\": 1}", "settings.nothing_to_migrate", 4),
    ] {
        std::fs::write(&file, text).expect("a file");
        let run = migrate(path);
        assert_eq!((run.error_code().as_str(), run.code), (code, exit), "{run:?}");
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), text);
    }
    assert_eq!(migrate(bed.path("").to_str().expect("text")).error_code(), "settings.directory");
    let missing = migrate(bed.path("missing.json").to_str().expect("text"));
    assert_eq!((missing.code, missing.error_code().as_str()), (4, "settings.not_found"));
    // Root reads everything; for others the mode counts.
    if !rustix::process::geteuid().is_root() {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).expect("a mode");
        assert_eq!(migrate(path).error_code(), "settings.denied");
    }
    assert_eq!(bed.call_log().await, Vec::<String>::new(), "nothing was asked for a file that cannot be migrated");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_exit_code_2_and_json_where_it_was_asked_for() {
    let bed = Bed::new().await;
    let run = bed.run(&["provision", "--json"]);
    assert_eq!((run.code, run.error_code().as_str()), (2, "usage"));
    assert_eq!(bed.run(&["no-such-command"]).code, 2);
    assert_eq!(
        bed.run(&["--help"]).ok().stdout.lines().next(),
        Some("Gives agent workspaces their own Ravi identities, and keeps secrets out of plaintext files")
    );
    let mut program = bed.program();
    program.env("RAVI_API_URL", "http://api.example.com").args(["list", "--json"]);
    let run: Run = program.output().expect("it starts").into();
    assert_eq!((run.code, run.error_code().as_str()), (2, "config.api_url"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_told_apart_and_refused_ones_are_exit_code_3() {
    let bed = Bed::new().await;
    let with_key = |key: &str, args: &[&str]| -> Run {
        bed.program().env("RAVI_API_KEY", key).args(args).output().expect("it starts").into()
    };
    let none = with_key("", &["account", "--json"]);
    assert_eq!((none.code, none.error_code().as_str()), (3, "account.not_signed_in"));
    let odd = with_key("made-up", &["account", "--json"]);
    assert_eq!((odd.code, odd.error_code().as_str()), (3, "account.bad_key"));
    let wrong = with_key("ravi_mgmt_made_up", &["account", "--json"]);
    assert_eq!((wrong.code, wrong.error_code().as_str()), (3, "api.unauthorized"));

    let repository = bed.repository("repo");
    bed.run(&Bed::provision_args(&repository, "w1", "payments agent")).ok();
    let config = std::fs::read(bed.key_file("w1")).expect("it is there");
    let config: serde_json::Value = serde_json::from_slice(&config).expect("JSON");
    let identity_key = config["identity_key"].as_str().expect("a key");
    let account = with_key(identity_key, &["account", "--json"]).ok().json();
    assert_eq!((&account["key"], &account["source"]), (&json!("identity"), &json!("environment")));
    let args = Bed::provision_args(&bed.repository("other"), "w2", "x agent");
    let run = with_key(identity_key, &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((run.code, run.error_code().as_str()), (3, "account.needs_management"));

    // A kept key serves later commands, and is nowhere in the clear.
    let key = bed.key.expose_secret().to_owned();
    let mut login = bed.program();
    login.env_remove("RAVI_API_KEY");
    let kept = bed.run_with_input(&["login", "--key-stdin", "--json"], &key).ok().json();
    assert_eq!((&kept["source"], &kept["key"]), (&json!("login"), &json!("management")));
    let used = with_key("", &["account", "--json"]).ok().json();
    assert_eq!(used["source"], "login");
    assert_eq!(crate::common::files_with(bed.dir.path(), &key), Vec::<std::path::PathBuf>::new());
    with_key("", &["logout"]).ok();
    assert_eq!(with_key("", &["account", "--json"]).code, 3);
    assert_eq!(bed.run_with_input(&["login", "--key-stdin", "--json"], "ravi_mgmt_made_up").code, 3);
}

/// A backup that is written to a full disk must not look like one.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_written_is_no_success() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", "TOKEN"], "made-up-value").ok();
    let commands: [&[&str]; 4] = [&["secret", "get", "TOKEN"], &["list"], &["list", "--json"], &["audit", "--csv"]];
    for command in commands {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has one");
        let run: Run = bed.program().args(command).stdout(full).output().expect("it starts").into();
        assert_eq!(run.code, 1, "{command:?}: {run:?}");
        assert!(run.stderr.contains("output.unwritable") && !run.stderr.contains("made-up-value"), "{run:?}");
        // A reader that has gone away wants no more.
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        assert_eq!(Run::from(bed.program().args(command).stdout(writer).output().expect("it starts")).code, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_shell_or_a_spreadsheet_reads_is_not_json_wherever_that_is_asked_for() {
    let bed = Bed::new().await;
    let commands: [&[&str]; 4] = [
        &["--json", "env", ".", "--shell", "bash"],
        &["env", ".", "--shell", "bash", "--json"],
        &["--json", "audit", "--csv"],
        &["audit", "--csv", "--json"],
    ];
    for command in commands {
        let run = bed.run(command);
        assert_eq!((run.code, run.error_code().as_str()), (2, "usage"), "{command:?}: {run:?}");
    }
}
