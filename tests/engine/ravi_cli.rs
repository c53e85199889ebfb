//! Ravi's own command line in a workspace is the workspace, everywhere in it, and the person's elsewhere.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::common::ravi_room::{RaviRoom, write_program};
use crate::common::{Run, files_with};

/// Folders of the workspace's: its root, one below, one far below.
fn folders(tree: &Path) -> [PathBuf; 3] {
    [tree.to_owned(), tree.join("src"), tree.join("src/far below")]
}

/// A change to the ledger that stands for a crash at the right moment.
fn in_ledger(room: &RaviRoom, sql: &str) {
    let ledger = rusqlite::Connection::open(room.bed.state().join("ledger.db")).expect("the ledger opens");
    assert_eq!(ledger.execute(sql, []).expect("it is changed"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_folder_of_a_workspace_is_the_workspace_and_every_other_the_persons() {
    let room = RaviRoom::new().await;
    let (one, said_one) = room.workspace("one");
    let (two, said_two) = room.workspace("two");
    assert_ne!(said_one, said_two);
    for (tree, said) in [(&one, &said_one), (&two, &said_two)] {
        for folder in folders(tree) {
            assert_eq!(&room.said(&folder), said, "{}", folder.display());
        }
    }
    // What lies below belongs to the same agent: a repository of its own, and a submodule.
    let nested = one.join("src/nested");
    fs::create_dir_all(nested.join("deep")).expect("folders");
    room.bed.git(&nested, &["init", "--quiet"]);
    let library = room.bed.repository("library");
    let library = library.to_str().expect("text");
    room.bed.git(&one, &["-c", "protocol.file.allow=always", "submodule", "add", "--quiet", library, "lib"]);
    for folder in [nested.join("deep"), nested, one.join("lib")] {
        assert_eq!(room.said(&folder), said_one, "{}", folder.display());
    }

    let unbound = room.bed.worktree(&room.repository, "unbound");
    let other = room.bed.repository("other");
    fs::create_dir_all(unbound.join("src")).expect("a folder");
    for folder in [room.bed.path(""), "/".into(), room.repository.clone(), unbound.join("src"), unbound, other] {
        assert_eq!(room.said(&folder), RaviRoom::person(), "{}", folder.display());
    }
    // The git dir of the main checkout is no workspace, nor is a folder that says it were one.
    let pointing = room.bed.path("pointing");
    fs::create_dir(&pointing).expect("a folder");
    fs::copy(one.join(".git"), pointing.join(".git")).expect("a copy");
    assert_eq!(room.refused(&pointing, &["get", "email"]), (6, "helper.unconfirmed".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exec_runs_is_the_workspace_in_every_folder() {
    let room = RaviRoom::new().await;
    let (tree, said) = room.workspace("one");
    let inside = "ravi get email; cd 'src/far below' && ravi get email";
    let exec = |folder: &Path, words: &[&str]| {
        let mut all = vec![env!("CARGO_BIN_EXE_ravi-workspace"), "exec", folder.to_str().expect("text"), "--"];
        all.extend(words);
        let mut command = room.command(&room.bed.path(""), &all);
        Run::from(command.env("RAVI_WORKSPACE_STATE", room.bed.state()).output().expect("it starts")).ok().stdout
    };
    assert_eq!(exec(&tree, &["ravi", "get", "email"]), said);
    assert_eq!(exec(&tree.join("src"), &["ravi", "get", "email"]), said);
    assert_eq!(exec(&tree, &["sh", "-c", inside]), format!("{said}{said}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_workspace_is_woken_or_refuses_and_is_never_the_persons() {
    let room = RaviRoom::new().await;
    let (tree, said) = room.workspace("one");
    let nested = tree.join("nested");
    fs::create_dir(&nested).expect("a folder");
    room.bed.git(&nested, &["init", "--quiet"]);
    let key = {
        let text = fs::read_to_string(room.bed.key_file("one")).expect("it is there");
        let kept: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        kept["identity_key"].as_str().expect("text").to_owned()
    };
    assert_eq!(files_with(&room.bed.path(""), &key), [room.bed.key_file("one")]);
    room.bed.run(&["suspend", "one"]).ok();
    let no_key_stays = || assert_eq!(files_with(&room.bed.path(""), &key), Vec::<PathBuf>::new());
    no_key_stays();
    for folder in folders(&tree).into_iter().chain([nested.clone()]) {
        let mut never = room.ravi_command(&folder, &["get", "email"]);
        let run = Run::from(never.env("RAVI_WORKSPACE_WAKE", "never").output().expect("it starts"));
        assert_eq!((run.code, run.stdout.as_str()), (6, ""), "{run:?}");
        assert!(run.stderr.starts_with("ravi: error[workspace.suspended]"), "{run:?}");
    }
    // Another server's environment has no key for this one.
    let mut elsewhere = room.ravi_command(&tree, &["get", "email"]);
    let run = Run::from(elsewhere.env("RAVI_API_URL", "https://ravi.example").output().expect("it starts"));
    assert!(run.code != 0 && run.stderr.contains("workspace.other_server"), "{run:?}");
    no_key_stays();

    let woken = room.said(&nested);
    assert_eq!(woken, room.said_of("one"));
    assert!(woken != said && woken.split(' ').next() == said.split(' ').next(), "the same identity, another key");

    room.bed.run(&["suspend", "one"]).ok();
    room.bed.stop_ravi().await;
    assert_eq!(room.refused(&tree.join("src"), &["get", "email"]), (5, "api.unreachable".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_not_ready_refuses_and_one_that_is_released_is_the_persons() {
    let room = RaviRoom::new().await;
    let (tree, _) = room.workspace("one");
    let (going, _) = room.workspace("two");
    let (keyless, said) = room.workspace("three");
    let refused_everywhere = |tree: &Path, exit: i32, code: &str| {
        for folder in folders(tree) {
            assert_eq!(room.refused(&folder, &["get", "email"]), (exit, code.into()), "{}", folder.display());
        }
    };
    in_ledger(&room, "UPDATE binding SET state = 'releasing' WHERE id = 'two'");
    refused_everywhere(&going, 1, "ravi_cli.not_ready");
    // As a release leaves it that was ended after the git values were taken back.
    let note = room.repository.join(".git/worktrees/two/ravi-workspace.json");
    fs::remove_file(note).expect("it was there");
    refused_everywhere(&going, 1, "ravi_cli.not_ready");
    in_ledger(&room, "UPDATE binding SET state = 'provisioning', key_sealed = NULL WHERE id = 'two'");
    refused_everywhere(&going, 1, "ravi_cli.not_ready");

    // One that is set up again keeps what it has meanwhile.
    in_ledger(&room, "UPDATE binding SET state = 'provisioning' WHERE id = 'three'");
    assert_eq!(room.said(&keyless.join("src")), said);
    in_ledger(&room, "UPDATE binding SET state = 'ready', key_sealed = NULL WHERE id = 'three'");
    refused_everywhere(&keyless, 6, "workspace.no_key");

    room.bed.run(&["release", "one"]).ok();
    for folder in folders(&tree) {
        assert_eq!(room.said(&folder), RaviRoom::person(), "{}", folder.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_no_repository_is_a_workspace_as_well_also_while_it_sleeps() {
    let room = RaviRoom::new().await;
    let tree = room.bed.path("plain");
    let said = room.provision(&tree, "plain");
    let clone = tree.join("clone");
    room.bed.git(&room.repository, &["clone", "--quiet", ".", clone.to_str().expect("text")]);
    let all = || folders(&tree).into_iter().chain([clone.clone()]);
    for folder in all() {
        assert_eq!(room.said(&folder), said, "{}", folder.display());
    }
    room.bed.run(&["suspend", "plain"]).ok();
    assert!(!room.bed.key_file("plain").exists());
    for folder in all() {
        let mut never = room.ravi_command(&folder, &["get", "email"]);
        let run = Run::from(never.env("RAVI_WORKSPACE_WAKE", "never").output().expect("it starts"));
        assert!(run.code == 6 && run.stderr.contains("workspace.suspended"), "{}: {run:?}", folder.display());
    }
    assert_eq!(room.said(&clone), room.said_of("plain"));
    // It becomes a repository itself one day.
    room.bed.git(&tree, &["init", "--quiet"]);
    assert_eq!(room.said(&tree.join("src")), room.said_of("plain"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_the_workspaces_own_is_not_read() {
    let room = RaviRoom::new().await;
    let (tree, said) = room.workspace("one");
    // A repository may bring one along.
    let brought = tree.join("src/.ravi/config.json");
    fs::create_dir(tree.join("src/.ravi")).expect("a folder");
    fs::write(&brought, r#"{"identity_key": "ravi_id_made_up_thief", "identity_uuid": "thief"}"#).expect("a file");
    assert_eq!(room.refused(&tree.join("src"), &["get", "email"]), (6, "ravi_cli.other_file".into()));
    assert_eq!(room.said(&tree.join("src/far below")), said, "nobody looks there");

    let own = room.bed.key_file("one");
    let good = fs::read_to_string(&own).expect("it is there");
    let key = good.split('"').nth(3).expect("the key");
    let with_account = good.replacen('{', r#"{ "management_key": "ravi_mgmt_made_up_person","#, 1);
    let same_identity = good.replace(key, "ravi_id_made_up_thief");
    for bad in [with_account.as_str(), same_identity.as_str(), "{", ""] {
        fs::write(&own, bad).expect("a file");
        for folder in [&tree, &tree.join("src/far below")] {
            let run = room.ravi(folder, &["get", "email"]);
            assert!(run.code == 6 && run.stdout.is_empty() && run.stderr.contains("ravi_cli.file"), "{run:?}");
            assert!(!run.stderr.contains("made_up") && !run.stderr.contains(key), "{run:?}");
        }
    }
    fs::remove_file(&own).expect("it goes");
    symlink(room.bed.path(".ravi/config.json"), &own).expect("a link");
    assert_eq!(room.refused(&tree.join("src/far below"), &["get", "email"]).1, "ravi_cli.file");
    fs::remove_file(&own).expect("it goes");
    assert_eq!(room.refused(&tree.join("src/far below"), &["get", "email"]).1, "ravi_cli.file");
    room.provision(&tree, "one");
    assert_eq!(room.said(&tree.join("src/far below")), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_in_or_out_in_a_workspace() {
    let room = RaviRoom::new().await;
    let (tree, said) = room.workspace("one");
    let before = fs::read(room.bed.key_file("one")).expect("it is there");
    for folder in folders(&tree) {
        for line in ["auth logout", "auth login", "identity use the-person", "--human auth --identity x logout"] {
            let args: Vec<&str> = line.split(' ').collect();
            assert_eq!(room.refused(&folder, &args), (6, "ravi_cli.command".into()), "{line}");
        }
    }
    assert_eq!(fs::read(room.bed.key_file("one")).expect("it is there"), before);
    assert_eq!(room.ravi(&tree, &["auth", "status"]).ok().stdout, said);
    // That needs no key, so a workspace that sleeps goes on sleeping.
    room.bed.run(&["suspend", "one"]).ok();
    assert_eq!(room.refused(&tree, &["auth", "logout"]), (6, "ravi_cli.command".into()));
    assert!(!room.bed.key_file("one").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_moved_is_followed_and_one_that_went_astray_refuses() {
    let room = RaviRoom::new().await;
    let (tree, said) = room.workspace("one");
    let moved = room.bed.path("worktrees/moved");
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    room.bed.git(&room.repository, &["worktree", "move", &text(&tree), &text(&moved)]);
    assert_eq!(room.said(&moved.join("src")), said);
    // Without git's knowledge, nothing tells it from a folder that only points there.
    let lost = room.bed.path("lost");
    fs::rename(&moved, &lost).expect("it moves");
    assert_eq!(room.refused(&lost.join("src"), &["get", "email"]), (6, "helper.unconfirmed".into()));
    room.bed.git(&room.repository, &["worktree", "repair", &text(&lost)]);
    assert_eq!(room.said(&lost.join("src")), said);

    let (broken, _) = room.workspace("two");
    fs::remove_file(broken.join(".git")).expect("it goes");
    assert_eq!(room.refused(&broken.join("src"), &["get", "email"]), (6, "helper.unconfirmed".into()));
    // A copy of a whole repository has the mark too, and the key.
    let said = room.provision(&room.repository, "main");
    let copy = room.bed.path("copy");
    assert!(room.command(&room.bed.path(""), &["cp", "-r", "repo", "copy"]).status().expect("cp starts").success());
    assert_eq!(room.refused(&copy.join("src"), &["get", "email"]), (6, "helper.unconfirmed".into()));
    // Nor is a folder that only names a main checkout's git dir, whatever git makes of it.
    let named = room.bed.path("named");
    fs::create_dir(&named).expect("a folder");
    fs::write(named.join(".git"), format!("gitdir: {}/.git\n", room.repository.display())).expect("a file");
    assert_eq!(room.refused(&named, &["get", "email"]), (6, "helper.unconfirmed".into()));
    assert_eq!(room.said(&room.repository), said);

    let (gone, _) = room.workspace("three");
    let there = format!("cd '{0}/src' && rm -rf '{0}' && exec ravi get email", gone.display());
    let mut command = room.command(&room.bed.path(""), &["sh", "-c", &there]);
    command.env("PATH", room.path_with(&[room.shims(), room.bed.path("real")]));
    let run = Run::from(command.output().expect("it starts"));
    assert!(run.code == 1 && run.stdout.is_empty() && run.stderr.contains("ravi_cli.folder"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_one_is_called_as_if_there_were_no_shim() {
    let room = RaviRoom::new().await;
    let (tree, _) = room.workspace("one");
    // The same shim twice, and another installation's: only the real one is run.
    let other = room.bed.path("other-state/bin");
    fs::create_dir_all(&other).expect("a folder");
    symlink(env!("CARGO_BIN_EXE_ravi-workspace"), other.join("ravi")).expect("a shim");
    let path = room.path_with(&[room.shims(), other, room.shims(), room.bed.path("real")]);
    let args = ["told", "--body", "a \"b\"\nc", "auth", "logout", ""];
    let told = |folder: &Path| {
        let mut command = room.ravi_command(folder, &args);
        command.env("PATH", &path).env("RAVI_API_URL", "https://ravi.example").env("RAVI_API_KEY", "ravi_mgmt_made_up");
        let run = Run::from(command.output().expect("it starts"));
        assert_eq!(run.code, 37, "{run:?}");
        assert!(run.stdout.ends_with("[told]\n[--body]\n[a \"b\"\nc]\n[auth]\n[logout]\n[]\n"), "{run:?}");
        run.stdout.lines().take(3).map(str::to_owned).collect::<Vec<_>>()
    };
    let own = room.bed.key_file("one");
    let workspaces_home = own.ancestors().nth(2).expect("a home");
    let home = room.bed.path("");
    let persons = [&format!("home={}", home.display()), "url=https://ravi.example", "key=ravi_mgmt_made_up"];
    assert_eq!(told(&home), persons);
    assert_eq!(told(&room.repository), persons);
    // The workspace's own server, whatever the environment says, and nobody's key in the environment.
    let url = format!("url={}", room.bed.base_url);
    assert_eq!(
        told(&tree.join("src")),
        [&format!("home={}", workspaces_home.display()), url.trim_end_matches('/'), "key="]
    );

    for folder in [&tree.join("src"), &home] {
        // It has become the real one: one process, which a signal meets.
        let mut command = room.ravi_command(folder, &["wait"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        assert_eq!(line, format!("pid={}\n", child.id()));
        child.kill().expect("it lives");
        assert_eq!(child.wait().expect("it ends").signal(), Some(9));
    }
    let mut off = room.ravi_command(&tree.join("src"), &["get", "email"]);
    off.env("RAVI_WORKSPACE_RAVI", "off");
    assert_eq!(Run::from(off.output().expect("it starts")).ok().stdout, RaviRoom::person());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ravi_that_is_missing_or_calls_itself_is_told() {
    let room = RaviRoom::new().await;
    let (tree, _) = room.workspace("one");
    for folder in [&tree, &room.repository] {
        let mut command = room.ravi_command(folder, &["get", "email"]);
        let run = Run::from(command.env("PATH", room.path_with(&[room.shims()])).output().expect("it starts"));
        assert_eq!(run.code, 127, "{run:?}");
        assert!(run.stderr.contains("ravi_cli.missing") && run.stderr.contains("hint: "), "{run:?}");
    }
    write_program(&room.bed.path("circle/ravi"), "#!/bin/sh\nexec ravi \"$@\"\n");
    let mut command = room.ravi_command(&room.repository, &["get"]);
    command.env("PATH", room.path_with(&[room.shims(), room.bed.path("circle")]));
    let run = Run::from(command.output().expect("it starts"));
    assert!(run.code == 1 && run.stderr.contains("ravi_cli.loop"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_named_ravi_itself_is_started() {
    let room = RaviRoom::new().await;
    let app = room.bed.path("app");
    fs::create_dir(&app).expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_ravi-workspace"), app.join("ravi")).expect("a copy");
    let run = Run::from(room.command(&app, &["./ravi", "--version"]).output().expect("it starts")).ok();
    assert!(run.stdout.starts_with("ravi-workspace "), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_use_is_in_the_trail_and_no_argument_is() {
    let room = RaviRoom::new().await;
    let (tree, _) = room.workspace("one");
    room.ravi(&tree.join("src"), &["--human", "secrets", "set", "KEY", "made_up_value"]).ok();
    room.ravi(&tree, &["made_up_secret"]).ok();
    room.refused(&tree, &["auth", "logout"]);
    room.said(&room.repository);
    room.bed.run(&["suspend", "one"]).ok();
    let mut never = room.ravi_command(&tree, &["inbox", "sms"]);
    assert_eq!(never.env("RAVI_WORKSPACE_WAKE", "never").status().expect("it starts").code(), Some(6));
    let trail = room.bed.audit_trail();
    let uses: Vec<_> = trail.iter().filter(|entry| entry[0] == "ravi.cli").map(|entry| &entry[1..]).collect();
    let wanted = [
        ["one", "secrets", "done", ""],
        ["one", "", "done", ""],
        ["one", "auth", "refused", "ravi_cli.command"],
        ["one", "inbox", "refused", "workspace.suspended"],
    ];
    assert_eq!(uses, wanted);
    assert!(!format!("{trail:?}").contains("made_up"), "{trail:?}");
}
