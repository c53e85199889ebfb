//! `doctor`: each thing that can be wrong is found, named and comes with a fix; a healthy machine has none.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::common::ravi_room::write_program;
use crate::common::{Bed, Run, files_with};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The program with this user's data folder, and no session bus.
fn program(bed: &Bed) -> Command {
    let mut program = bed.program();
    program.env("XDG_DATA_HOME", bed.path("data")).env_remove("DBUS_SESSION_BUS_ADDRESS");
    program.env("XDG_RUNTIME_DIR", bed.path("runtime")).args(["doctor", "--json"]);
    program
}

fn report(mut program: Command) -> (i32, Value) {
    let run: Run = program.output().expect("it starts").into();
    let report = run.json();
    let findings = report["findings"].as_array().expect("a list");
    let fails = findings.iter().any(|finding| finding["state"] == "fail");
    assert_eq!((run.code, &report["ok"]), (i32::from(fails), &json!(!fails)), "{run:?}");
    for finding in findings {
        assert!(finding["message"].as_str().is_some_and(|text| !text.is_empty()), "{finding}");
        assert_eq!(finding["fix"].is_null(), finding["state"] == "ok", "{finding}");
    }
    (run.code, report)
}

/// States of one check, and what is said about it.
fn of(report: &Value, check: &str) -> (Vec<String>, String) {
    let findings = report["findings"].as_array().expect("a list").iter().filter(|finding| finding["check"] == check);
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let (states, said): (Vec<_>, Vec<_>) =
        findings.map(|f| (text(f, "state"), text(f, "message") + " " + &text(f, "fix"))).unzip();
    assert!(!states.is_empty(), "nothing about {check} in {report:#}");
    (states, said.join("\n"))
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_machine_has_nothing_to_fix() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    bed.run(&Bed::provision_args(&tree, "w1", "payments agent")).ok();
    let (code, report) = report(program(&bed));
    assert_eq!(code, 0);
    for check in [
        "account",
        "server",
        "clock",
        "keychain",
        "files",
        "git",
        "git_values",
        "gh",
        "ravi",
        "plaintext",
        "launchers",
        "revocations",
        "workspaces",
    ] {
        assert_eq!(of(&report, check).0, ["ok"], "{report:#}");
    }
    // The same for people, and for a program that links the library.
    let ravi = bed.ravi().doctor().await.expect("a report");
    assert!(ravi.ok && ravi.findings.len() >= 10);
    let run: Run = bed.run(&["doctor"]).ok();
    assert!(run.stdout.contains("ok    server"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_signed_in_and_ravi_away_are_told_apart() {
    let bed = Bed::new().await;
    let mut nobody = program(&bed);
    nobody.env_remove("RAVI_API_KEY");
    let (code, seen) = report(nobody);
    assert_eq!(code, 1);
    let (states, said) = of(&seen, "account");
    assert!(states == ["fail"] && said.contains("login"), "{said}");
    assert_eq!(of(&seen, "server").0, ["ok"]);

    let mut refused = program(&bed);
    refused.env("RAVI_API_KEY", "ravi_mgmt_made_up");
    assert_eq!(of(&report(refused).1, "account").0, ["fail"]);

    bed.stop_ravi().await;
    let (code, seen) = report(program(&bed));
    assert_eq!((code, of(&seen, "server").0, of(&seen, "account").0), (1, vec!["fail".into()], vec!["warn".into()]));
    assert_eq!(of(&seen, "clock").0, ["warn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_seen_in_the_answer() {
    let bed = Bed::new().await;
    for (seconds, state) in [(0, "ok"), (120, "warn"), (3600, "fail")] {
        let server = MockServer::start().await;
        let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(seconds));
        let reply = ResponseTemplate::new(200).insert_header("Date", date.as_str()).set_body_json(json!([]));
        Mock::given(any()).respond_with(reply).mount(&server).await;
        let mut program = program(&bed);
        program.env("RAVI_API_URL", server.uri());
        assert_eq!(of(&report(program).1, "clock").0, [state], "{seconds} s");
        // The clock is asked without the key.
        let requests = server.received_requests().await.expect("they are recorded");
        assert!(!requests[0].headers.contains_key("authorization"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_others_may_open_are_named_with_the_command_that_closes_them() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    bed.run(&Bed::provision_args(&repository, "w1", "payments agent")).ok();
    let config = bed.key_file("w1");
    mode(&config, 0o644);
    mode(&bed.state().join("ledger.db"), 0o640);
    let (code, seen) = report(program(&bed));
    assert_eq!(code, 1);
    let (states, said) = of(&seen, "files");
    // SQLite gives its two side files the mode of the first.
    assert!(states.iter().all(|state| state == "fail"), "{said}");
    assert!(said.contains(&format!("chmod 600 {}", config.display())) && said.contains("ledger.db"), "{said}");
    mode(&config, 0o600);
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::set_permissions(bed.state().join(name), Permissions::from_mode(0o600));
    }
    assert_eq!(of(&report(program(&bed)).1, "files").0, ["ok"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn plaintext_secrets_of_known_programs_are_found_and_never_shown() {
    const TOKEN: &str = "made-up-canary-token";
    let bed = Bed::new().await;
    let data = bed.path("data/com.dimillian.codexmonitor");
    std::fs::create_dir_all(&data).expect("a folder");
    let settings = data.join("settings.json");
    std::fs::write(&settings, format!("{{\"remoteBackendToken\": \"{TOKEN}\", \"remoteBackends\": []}}"))
        .expect("a file");
    std::fs::create_dir(bed.path(".ravi")).expect("a folder");
    let official = bed.path(".ravi/config.json");
    std::fs::write(&official, json!({ "management_key": bed.key.expose_secret() }).to_string()).expect("a file");
    mode(&official, 0o600);

    let (code, seen) = report(program(&bed));
    assert_eq!(code, 0, "they are warnings");
    let (states, said) = of(&seen, "plaintext");
    assert_eq!(states, ["warn", "warn"]);
    assert!(said.contains("/remoteBackendToken") && said.contains("settings migrate") && said.contains("--import"));
    let all = seen.to_string();
    assert!(!all.contains(TOKEN) && !all.contains(bed.key.expose_secret()));

    // What it says to do, does it.
    std::fs::remove_file(&official).expect("it is there");
    bed.run(&["settings", "migrate", settings.to_str().expect("text"), "--preset", "codex-monitor"]).ok();
    assert_eq!(of(&report(program(&bed)).1, "plaintext").0, ["ok"]);
    assert_eq!(files_with(bed.dir.path(), TOKEN), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_owed_or_stuck_is_found() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let (gone, half) = (bed.worktree(&repository, "gone"), bed.worktree(&repository, "half"));
    let released = bed.worktree(&repository, "released");
    bed.run(&Bed::provision_args(&gone, "w1", "payments agent")).ok();
    bed.run(&Bed::provision_args(&released, "w3", "search agent")).ok();
    bed.stop_ravi().await;
    assert_eq!(bed.run(&Bed::provision_args(&half, "w2", "half agent")).code, 5);
    bed.run(&["release", "w3"]).ok();
    bed.git(&repository, &["worktree", "remove", "--force", gone.to_str().expect("text")]);

    let (_, seen) = report(program(&bed));
    let (states, said) = of(&seen, "workspaces");
    assert_eq!(states, ["warn", "warn"], "{said}");
    assert!(
        said.contains("w1") && said.contains("is gone") && said.contains("w2") && said.contains("half set up"),
        "{said}"
    );
    let (states, said) = of(&seen, "revocations");
    assert!(states == ["warn"] && said.contains("reap"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_was_given_up_is_shown_until_it_is_settled() {
    let bed = Bed::new().await;
    let mut login = bed.program();
    // As on a machine without a session bus.
    login.env_remove("RAVI_WORKSPACE_KEYCHAIN").env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
    let file = bed.path(".ravi");
    std::fs::create_dir(&file).expect("a folder");
    std::fs::write(file.join("config.json"), json!({ "management_key": bed.key.expose_secret() }).to_string())
        .expect("a file");
    mode(&file.join("config.json"), 0o600);
    assert!(login.args(["login", "--import"]).output().expect("it starts").status.success());
    std::fs::remove_dir_all(&file).expect("it is there");

    let (code, seen) = report(program(&bed));
    let (states, said) = of(&seen, "keychain");
    assert!(code == 0 && states == ["warn"] && said.contains("account --keychain"), "{said}");
    bed.run(&["account", "--keychain", "file"]).ok();
    assert_eq!(of(&report(program(&bed)).1, "keychain").0, ["ok"]);

    mode(&bed.state().join("machine.key"), 0o644);
    let (code, seen) = report(program(&bed));
    assert_eq!((code, of(&seen, "keychain").0), (1, vec!["fail".into()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shim_that_is_not_reached_is_seen() {
    let bed = Bed::new().await;
    let [shim, other] = [bed.state().join("bin"), bed.path("other")];
    for name in ["gh", "ravi"] {
        std::fs::create_dir_all(&shim).expect("a folder");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ravi-workspace"), shim.join(name)).expect("the shim");
        write_program(&other.join(name), "#!/bin/sh\necho $(basename $0) version 0.0.0 '(commit: made-up)'\n");
    }
    let path = std::env::var_os("PATH").expect("a PATH");
    let with_path = |first: &[&Path]| {
        let folders = first.iter().map(|folder| folder.to_path_buf()).chain(std::env::split_paths(&path));
        let mut program = program(&bed);
        program.env("PATH", std::env::join_paths(folders).expect("folders"));
        report(program).1
    };
    let seen = with_path(&[&shim, &other]);
    assert_eq!(of(&seen, "shim").0, ["ok", "ok"]);
    // What is told of is the program behind the shim.
    for name in ["gh", "ravi"] {
        let (states, said) = of(&seen, name);
        assert!(states == ["ok"] && said.contains(&format!("{name} version 0.0.0")), "{said}");
    }
    assert_eq!(of(&with_path(&[&other, &shim]), "shim").0, ["warn", "warn"]);
}
