//! What nobody releases is reaped, what cannot be seen is left, what is owed is paid, and free identities serve again.

use std::path::Path;
use std::process::Command;

use crate::common::{Bed, HUMAN_EMAIL, HUMAN_NAME, Run};
use ravi_local::Options;
use ravi_workspace_core::{Config, ProvisionRequest, Ravi};
use serde_json::{Value, json};

const NO_LIST: Value = Value::Array(Vec::new());

fn provision(bed: &Bed, path: &Path, id: &str) -> Value {
    bed.run(&Bed::provision_args(path, id, &format!("{id} agent"))).ok().json()
}

fn reap(bed: &Bed) -> Value {
    bed.run(&["reap", "--json"]).ok().json()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|entry| entry["id"].as_str().expect("an id")).collect()
}

/// The program with the clock `seconds` ahead.
fn later(bed: &Bed, seconds: u32, args: &[&str]) -> Run {
    bed.program()
        .env("RAVI_WORKSPACE_CLOCK_OFFSET_S", seconds.to_string())
        .args(args)
        .output()
        .expect("it starts")
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_released_and_what_lives_is_left() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let config = std::fs::read(repository.join(".git/config")).expect("it is there");
    for name in ["removed", "deleted", "remade", "kept", "locked"] {
        provision(&bed, &bed.worktree(&repository, name), name);
    }
    let plain = bed.path("plain");
    std::fs::create_dir(&plain).expect("a folder");
    provision(&bed, &plain, "plain");
    let tree = |name: &str| bed.path(&format!("worktrees/{name}"));
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    for name in ["removed", "remade"] {
        bed.git(&repository, &["worktree", "remove", "--force", &text(&tree(name))]);
    }
    bed.git(&repository, &["worktree", "add", "--quiet", &text(&tree("remade")), "remade"]);
    bed.git(&repository, &["worktree", "lock", &text(&tree("locked"))]);
    for gone in [tree("deleted"), tree("locked"), plain] {
        std::fs::remove_dir_all(gone).expect("it goes");
    }

    let plan = bed.run(&["reap", "--dry-run", "--json"]).ok().json();
    assert_eq!(plan["dry_run"], true);
    assert_eq!(ids(&plan["released"]), ["removed", "deleted", "remade", "plain"]);
    assert_eq!(ids(&plan["left"]), ["locked"]);
    assert_eq!(bed.live_keys().await, 6, "a plan changes nothing");
    let report = reap(&bed);
    assert_eq!((&report["released"], &report["left"]), (&plan["released"], &plan["left"]));
    assert_eq!(bed.live_keys().await, 2);
    let list = bed.run(&["list", "--json"]).ok().json();
    assert_eq!(ids(&list["workspaces"]), ["kept", "locked"]);
    assert_eq!(list["workspaces"][1]["folder"], "gone");
    // The new worktree at the old place is the human's until somebody asks.
    assert_eq!(bed.author(&tree("remade")), format!("{} <{}>", crate::common::HUMAN_NAME, crate::common::HUMAN_EMAIL));
    provision(&bed, &tree("remade"), "another");
    for id in ["kept", "locked", "another"] {
        bed.run(&["release", id]).ok();
    }
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("it is there"), config);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_worktree_whose_folder_and_locker_are_gone_is_released() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let mut agent = Command::new("sleep").arg("300").spawn().expect("sleep starts");
    let mut ended = Command::new("true").spawn().expect("true starts");
    ended.wait().expect("it ends");
    // As Claude Code locks the worktrees of its agents.
    for (name, pid) in [("killed", ended.id()), ("working", agent.id())] {
        let tree = bed.worktree(&repository, name);
        provision(&bed, &tree, name);
        let reason = format!("claude agent {name} (pid {pid} start 4711)");
        bed.git(&repository, &["worktree", "lock", "--reason", &reason, tree.to_str().expect("text")]);
        assert_eq!((ids(&reap(&bed)["released"]), ids(&reap(&bed)["left"])), (vec![], vec![]), "its folder is there");
        std::fs::remove_dir_all(tree).expect("it goes");
        let report = reap(&bed);
        let (released, left) = if name == "killed" { (vec![name], vec![]) } else { (vec![], vec![name]) };
        assert_eq!((ids(&report["released"]), ids(&report["left"])), (released, left), "{report}");
    }
    assert_eq!(bed.live_keys().await, 1);
    agent.kill().expect("it is killed");
    agent.wait().expect("it ends");
    assert_eq!(ids(&reap(&bed)["released"]), ["working"]);
    assert_eq!(bed.live_keys().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_made_anew_at_the_same_place_gets_room() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let first = provision(&bed, &tree, "first");
    let path = tree.to_str().expect("text");
    bed.git(&repository, &["worktree", "remove", "--force", path]);
    bed.git(&repository, &["worktree", "add", "--quiet", path, "one"]);
    assert_eq!(bed.run(&["status", path, "--json"]).code, 4, "the new worktree is not the old one");
    let second = provision(&bed, &tree, "second");
    assert_eq!(second["identity"]["uuid"], first["identity"]["uuid"], "the first one's identity was freed");
    assert_eq!(bed.live_keys().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_seen_is_not_gone() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    provision(&bed, &bed.worktree(&repository, "one"), "one");
    let away = bed.path("away");
    std::fs::rename(&repository, &away).expect("it moves");
    assert_eq!(ids(&reap(&bed)["left"]), ["one"], "a repository that cannot be read");
    std::fs::rename(&away, &repository).expect("it moves back");
    assert_eq!(reap(&bed)["left"], NO_LIST);
    assert_eq!(bed.live_keys().await, 1);

    let disk = bed.path("disk");
    std::fs::create_dir(&disk).expect("a folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&disk).output();
    if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: mounting a disk is not allowed here: {mounted:?}");
        return;
    }
    let tree = disk.join("two");
    bed.git(&repository, &["worktree", "add", "--quiet", "-b", "two", tree.to_str().expect("text")]);
    provision(&bed, &tree, "two");
    let folder = disk.join("folder");
    std::fs::create_dir(&folder).expect("a folder");
    provision(&bed, &folder, "folder");
    let unmounted = Command::new("umount").arg("--lazy").arg(&disk).status().expect("umount starts");
    assert!(unmounted.success());
    let report = reap(&bed);
    assert_eq!((ids(&report["left"]), &report["released"]), (vec!["two", "folder"], &NO_LIST), "a disk that is away");
    assert_eq!(bed.live_keys().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provision_that_was_given_up_is_reaped_after_an_hour() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    bed.fault(json!({ "method": "GET", "path": "/api/auth/keys/identity/", "status": 500, "times": 9 })).await;
    assert_eq!(bed.run(&Bed::provision_args(&repository, "w", "x agent")).code, 5);
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    assert_eq!(reap(&bed)["released"], NO_LIST);
    let report = later(&bed, 3700, &["reap", "--json"]).ok().json();
    assert_eq!(ids(&report["released"]), ["w"]);
    assert_eq!(bed.live_keys().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_no_workspace_has_is_revoked() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    provision(&bed, &repository, "former");
    bed.run(&["release", "former"]).ok();
    // From the pool a key is minted. The process dies with the reply in its hand.
    let args = Bed::provision_args(&repository, "w", "x agent");
    let at = "After POST /api/auth/keys/identity/";
    bed.program().env("RAVI_WORKSPACE_CRASH_AT", at).args(&args).output().expect("it starts");
    assert_eq!(bed.live_keys().await, 1);
    let report = reap(&bed);
    assert_eq!(report["keys"][0]["workspace"], "w", "{report}");
    assert_eq!(bed.live_keys().await, 0);
    assert_eq!(bed.run(&args).ok().json()["state"], "ready");
    assert_eq!(bed.live_keys().await, 1);
    assert_eq!(reap(&bed)["keys"], NO_LIST);
}

/// The answer would come in an hour, and a call is given up after 30 s.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_made_without_ravi_and_says_what_it_could_not_see() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    provision(&bed, &tree, "one");
    std::fs::remove_dir_all(&tree).expect("it goes");
    let plan = || bed.run(&["reap", "--dry-run", "--json"]).ok().json();
    assert_eq!(plan()["keys_unseen"], Value::Null);

    let keys = "/api/auth/keys/identity/";
    bed.fault(json!({ "method": "GET", "path": keys, "delay_ms": 3_600_000 })).await;
    let hanging = plan();
    assert_eq!((ids(&hanging["released"]), &hanging["keys"]), (vec!["one"], &NO_LIST));
    assert_eq!(hanging["keys_unseen"]["code"], "api.deadline", "{hanging}");
    let said = hanging["keys_unseen"]["message"].as_str().expect("text");
    assert!(said.ends_with("not done within 5s"), "{said}");
    bed.fault(json!({ "method": "GET", "path": keys, "delay_ms": 3_600_000 })).await;
    let text = bed.run(&["reap", "--dry-run"]).ok().stdout;
    assert!(text.starts_with("would release one (") && text.contains("not looked at: keys at Ravi ("), "{text}");
    // That a key is refused is no silence: the reap could do nothing of what the plan says.
    bed.fault(json!({ "method": "GET", "path": keys, "status": 401 })).await;
    assert_eq!(bed.run(&["reap", "--dry-run", "--json"]).error_code(), "api.unauthorized");

    bed.stop_ravi().await;
    assert_eq!(plan()["keys_unseen"]["code"], "api.unreachable");
    // A reap tells what it did, and that it could not do all.
    let reaped = bed.run(&["reap", "--json"]);
    let report = reaped.json();
    assert_eq!((reaped.code, &report["keys_unseen"]["code"]), (5, &json!("api.unreachable")), "{report}");
    assert_eq!(ids(&report["released"]), ["one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_owed_until_ravi_takes_it() {
    let data = tempfile::tempdir().expect("a folder");
    let options = || Options { data_dir: Some(data.path().to_owned()), ..Options::default() };
    let bed = Bed::with(options()).await;
    let repository = bed.repository("repo");
    let first = provision(&bed, &bed.worktree(&repository, "one"), "one");
    bed.stop_ravi().await;
    assert_eq!(bed.run(&["release", "one", "--json"]).ok().json()["owed"], 1);
    let owed = bed.run(&["list", "--json"]).ok().json()["owed"][0].clone();
    assert_eq!((&owed["identity"], &owed["attempts"]), (&first["identity"]["uuid"], &json!(1)));
    bed.start_ravi(options()).await;
    assert_eq!(bed.live_keys().await, 1);
    // Its identity serves nobody until then.
    let second = provision(&bed, &bed.worktree(&repository, "two"), "two");
    assert_ne!(second["identity"]["uuid"], first["identity"]["uuid"]);
    later(&bed, 60, &["release", "never"]);
    assert_eq!(bed.live_keys().await, 2, "a command that fails pays nothing");
    // Any later command pays, once the pause since the last attempt is over.
    let args = Bed::provision_args(&bed.worktree(&repository, "three"), "three", "three agent");
    later(&bed, 60, &args.iter().map(String::as_str).collect::<Vec<_>>()).ok();
    assert_eq!(bed.run(&["list", "--json"]).ok().json()["owed"], NO_LIST);
    assert_eq!(bed.live_keys().await, 2);
    let fourth = provision(&bed, &bed.worktree(&repository, "four"), "four");
    assert_eq!(fourth["identity"]["uuid"], first["identity"]["uuid"], "paid for, it serves again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_s_limit_is_met_from_the_pool_or_said() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    bed.local(reqwest::Method::POST, "limits", Some(json!({ "max_identities": 2 }))).await;
    let (one, two) = (bed.worktree(&repository, "one"), bed.worktree(&repository, "two"));
    let first = provision(&bed, &one, "one");
    let run = bed.run(&Bed::provision_args(&two, "two", "two agent"));
    assert_eq!((run.code, run.error_code().as_str()), (6, "workspace.plan_full"));
    bed.run(&["release", "one"]).ok();
    assert_eq!(provision(&bed, &two, "two")["identity"]["uuid"], first["identity"]["uuid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_asked_for_once_and_said_when_it_cannot_be_had() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let mut args = Bed::provision_args(&repository, "w", "x agent");
    args.push("--phone".into());
    bed.fault(json!({ "method": "POST", "path": "/api/identities/{id}/provision-phone/", "lost_reply": true })).await;
    let answer = bed.run(&args).ok().json();
    assert!(answer["identity"]["phone"].as_str().is_some_and(|phone| phone.starts_with('+')), "{answer}");
    bed.run(&args).ok();
    assert_eq!(bed.calls("POST /api/identities/{id}/provision-phone/").await, 1);

    let other = bed.repository("other");
    let mut args = Bed::provision_args(&other, "v", "y agent");
    args.push("--phone".into());
    bed.fault(json!({ "method": "POST", "path": "/api/identities/{id}/provision-phone/", "status": 402, "body": { "detail": "A paid plan is required." } })).await;
    let run = bed.run(&args);
    assert_eq!((run.code, run.error_code().as_str()), (6, "api.plan_needed"));
    assert_eq!(bed.calls("POST /api/identities/{id}/provision-phone/").await, 2, "asked once more, not retried");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_the_size_of_the_pool_are_configurable() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let config = Config { identity_name: Some("pane-{id}".into()), pool_size: Some(1), ..bed.config() };
    let ravi = Ravi::open(config).expect("it opens");
    for id in ["one", "two"] {
        let done = ravi
            .workspaces()
            .provision(ProvisionRequest::new(bed.worktree(&repository, id), id, "x agent"), |_| {})
            .await
            .expect("it works");
        assert_eq!(done.identity.name, format!("pane-{id}"));
        assert_eq!(done.git.expect("in git").user_name, "x agent");
    }
    for id in ["one", "two"] {
        ravi.workspaces().release(id, false, |_| {}).await.expect("it works");
    }
    let state = bed.server_state().await;
    let names: Vec<&str> =
        state["identities"].as_array().expect("a list").iter().filter_map(|i| i["name"].as_str()).collect();
    assert_eq!(names, [crate::common::HOST, "pane-one", "retired-pane-two"]);
    let config = Config { identity_name: Some("the same".into()), ..bed.config() };
    assert_eq!(Ravi::open(config).expect_err("refused").code(), "config.identity_name");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_a_former_workspace_lies_before_the_cursor() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let first = provision(&bed, &repository, "one");
    bed.run(&["release", "one"]).ok();
    for subject in ["while bound", "while free"] {
        let mail =
            json!({ "to": first["identity"]["email"], "from": "a@service.test", "subject": subject, "text": "x" });
        bed.local(reqwest::Method::POST, "email", Some(mail)).await;
    }
    let mut program = bed.program();
    program.env("RAVI_WORKSPACE_POOL_REUSE", "all").args(Bed::provision_args(&repository, "two", "two agent"));
    Run::from(program.output().expect("it starts")).ok();
    let ledger = rusqlite::Connection::open(bed.state().join("ledger.db")).expect("it opens");
    let cursor: i64 =
        ledger.query_row("SELECT cursor FROM identity WHERE state <> 'host'", [], |row| row.get(0)).expect("a row");
    assert_eq!(cursor, 2, "both mails came before");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_ledgers_in_one_repository_leave_it_as_it_was() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let read = |name: &str| std::fs::read(repository.join(".git").join(name)).expect("it is there");
    let before = (read("config"), read("info/exclude"));
    let (one, two) = (bed.worktree(&repository, "one"), bed.worktree(&repository, "two"));
    let other = bed.path("other-state");
    let elsewhere = |args: &[String]| -> Run {
        bed.program().env("RAVI_WORKSPACE_STATE", &other).args(args).output().expect("it starts").into()
    };
    provision(&bed, &one, "one");
    elsewhere(&Bed::provision_args(&two, "two", "two agent")).ok();
    bed.run(&["release", "one"]).ok();
    assert_eq!(bed.git(&two, &["status", "--porcelain"]), "", "the other one's key is still kept out of commits");
    assert!(bed.author(&two).starts_with("two agent <"));
    elsewhere(&["release".into(), "two".into()]).ok();
    assert_eq!((read("config"), read("info/exclude")), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_git_is_refused_and_so_is_a_configuration_that_cannot_be_written() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let bin = bed.path("bin");
    std::fs::create_dir(&bin).expect("a folder");
    std::fs::write(bin.join("git"), "#!/bin/sh\necho git version 2.19.6\n").expect("a script");
    std::fs::set_permissions(bin.join("git"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
    let args = Bed::provision_args(&repository, "w", "x agent");
    let run: Run = bed.program().env("PATH", path).args(&args).output().expect("it starts").into();
    assert_eq!(run.error_code(), "workspace.git_too_old");
    let run: Run = bed.program().env("PATH", bed.path("nowhere")).args(&args).output().expect("it starts").into();
    assert_eq!(run.error_code(), "workspace.git_missing");
    // One that is there and cannot be started, as where too many files are open, is not to be installed.
    let closed = bed.path("closed");
    std::fs::create_dir(&closed).expect("a folder");
    std::fs::write(closed.join("git"), "").expect("a file");
    let run: Run = bed.program().env("PATH", closed).args(&args).output().expect("it starts").into();
    assert_eq!(run.error_code(), "workspace.git_start");
    assert!(!run.stdout.contains("Install"), "{run:?}");

    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can try it as somebody else");
        return;
    }
    let all = Command::new("chown").args(["-R", "65534:65534"]).arg(bed.dir.path()).status().expect("chown starts");
    assert!(all.success());
    let read_only =
        Command::new("chmod").args(["-R", "a-w"]).arg(repository.join(".git")).status().expect("chmod starts");
    assert!(read_only.success());
    // The program may lie where only root can look: it is run from beside the repository.
    let program = bed.path("ravi-workspace");
    std::fs::copy(env!("CARGO_BIN_EXE_ravi-workspace"), &program).expect("a copy");
    let mut other = Command::new("setpriv");
    other.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&program).args(&args);
    other.envs(bed.program().get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir("/");
    let run: Run = other.output().expect("setpriv starts").into();
    assert!(["workspace.git", "file.denied"].contains(&run.error_code().as_str()), "{run:?}");
    assert!(run.stderr.contains("ermission denied"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_that_was_moved_is_not_gone_and_is_released_where_it_lies() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    let moved = |name: &str| bed.path(&format!("moved/{name}"));
    std::fs::create_dir(bed.path("moved")).expect("a folder");
    for name in ["one", "two", "lost"] {
        let tree = bed.worktree(&repository, name);
        provision(&bed, &tree, name);
        bed.git(&repository, &["worktree", "move", &text(&tree), &text(&moved(name))]);
    }
    std::fs::remove_dir_all(moved("lost")).expect("it goes");
    let done = reap(&bed);
    assert_eq!((ids(&done["released"]), &done["left"]), (vec!["lost"], &NO_LIST), "{done}");
    assert!(bed.author(&moved("one")).starts_with("one "), "who it was");

    // By its id, which says nothing of where it lies.
    bed.run(&["release", "one"]).ok();
    assert_eq!(bed.author(&moved("one")), format!("{HUMAN_NAME} <{HUMAN_EMAIL}>"));
    assert!(!moved("one").join(".ravi").exists(), "nothing is left there");
    provision(&bed, &moved("one"), "one-again");
    // Removed from there, it is gone.
    bed.git(&repository, &["worktree", "remove", "--force", &text(&moved("two"))]);
    assert_eq!(ids(&reap(&bed)["released"]), ["two"]);
}
