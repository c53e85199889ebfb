//! Folders, names and repositories made to do harm: either success, or an error that names the cause; nothing of theirs
//! is run, and nothing half-made stays.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::common::Bed;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn odd_folder_names_are_just_names() {
    let bed = Bed::new().await;
    let long = "x".repeat(255);
    let names = [
        "-rf",
        "--help",
        "$(touch pwned)",
        "`touch pwned`",
        "a b",
        "a'b\"c",
        "new\nline",
        "tab\there",
        "ünïcödé 💥",
        "a;b&c|d",
        "\u{202e}rtl",
        "%s%n",
        "*?[x]",
        "~",
        "#",
        &long,
    ];
    for (n, name) in names.iter().enumerate() {
        let repository = bed.repository(&format!("r{n}/{name}"));
        let id = format!("w{n}");
        let answer = bed.run(&Bed::provision_args(&repository, &id, "odd agent")).ok().json();
        let email = answer["identity"]["email"].as_str().expect("an address");
        assert_eq!(bed.author(&repository), format!("odd agent <{email}>"), "{name:?}");
        let status = bed.run(&["status", repository.to_str().expect("text"), "--json"]).ok().json();
        assert_eq!(status["id"], id.as_str(), "{name:?}");
        bed.run(&["release", &id]).ok();
        assert_eq!(bed.git(&repository, &["status", "--porcelain"]), "", "{name:?}");
        for place in [repository.clone(), bed.path(""), std::env::current_dir().expect("a folder")] {
            assert!(!place.join("pwned").exists(), "{name:?} was run");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_ids_and_names_stay_inside_their_place() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    for id in ["..", "../../x", "/etc/passwd", "-x", "$(id)", "a/b", "💥", "con", "."] {
        let mut args = Bed::provision_args(&repository, "", "odd agent");
        args.retain(|arg| arg != "--id" && !arg.is_empty());
        args.push(format!("--id={id}"));
        let answer = bed.run(&args).ok().json();
        assert_eq!(answer["id"], id);
        bed.run(&["release", "--", id]).ok();
    }
    for name in ["../..", "-n", "$(id)", "a\"b\\c", "#;=[x]", "é"] {
        let mut args = Bed::provision_args(&repository, "w", "");
        args.retain(|arg| arg != "--name" && !arg.is_empty());
        args.push(format!("--name={name}"));
        let run = bed.run(&args);
        match run.code {
            0 => {
                let author = bed.author(&repository);
                // git itself leaves characters out that would end a name (git-commit(1)).
                let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
                assert!(letters(&author).starts_with(&letters(name)), "{name:?}: {author}");
                bed.run(&["release", "w"]).ok();
            }
            _ => assert_eq!(run.error_code(), "workspace.request", "{name:?}"),
        }
    }
    assert!(std::fs::read_dir(bed.dir.path()).expect("a folder").flatten().all(|entry| {
        [".gitconfig", ".local", "gitconfig", "repo", "state"].contains(&entry.file_name().to_str().expect("text"))
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_utf_8_is_refused() {
    let bed = Bed::new().await;
    let folder = bed.path("").join(OsString::from_vec(b"bad\xff".to_vec()));
    std::fs::create_dir(&folder).expect("a folder");
    let mut program = bed.program();
    program.arg("provision").arg(&folder).args(["--id", "w", "--name", "x agent", "--json"]);
    let run: crate::common::Run = program.output().expect("it starts").into();
    assert_eq!(run.error_code(), "workspace.folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ravi_folder_of_another_kind_is_refused() {
    let bed = Bed::new().await;
    let refused = |name: &str, code: &str, prepare: &dyn Fn(&Path)| {
        let repository = bed.repository(name);
        prepare(&repository);
        let run = bed.run_in_tree(&Bed::provision_args(&repository, name, "x agent"));
        assert_eq!(run.error_code(), code, "{name}: {run:?}");
    };
    let fifo = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo starts");
        assert!(made.success());
    };
    refused("fifo", "workspace.not_ours", &|repository| fifo(&repository.join(".ravi")));
    refused("fifo-inside", "workspace.not_ours", &|repository| {
        std::fs::create_dir(repository.join(".ravi")).expect("a folder");
        fifo(&repository.join(".ravi/config.json"));
    });
    refused("link-inside", "workspace.not_ours", &|repository| {
        std::fs::create_dir(repository.join(".ravi")).expect("a folder");
        std::os::unix::fs::symlink("/dev/zero", repository.join(".ravi/config.json")).expect("a link");
    });
    refused("folder-inside", "workspace.not_ours", &|repository| {
        std::fs::create_dir_all(repository.join(".ravi/config.json")).expect("folders");
    });
    if rustix::process::geteuid().is_root() {
        refused("another-owner", "workspace.not_ours", &|repository| {
            std::fs::create_dir(repository.join(".ravi")).expect("a folder");
            std::os::unix::fs::chown(repository.join(".ravi"), Some(12345), Some(12345)).expect("an owner");
        });
    } else {
        eprintln!("skipped: only root can give a folder to another user");
    }
    assert_eq!(bed.identity_count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_repository_configures_is_run() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let proof = bed.path("ran");
    let touch = format!("touch {}", proof.display());
    let script = bed.path("hook.sh");
    std::fs::write(&script, format!("#!/bin/sh\n{touch}\n")).expect("a script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let hooks = bed.path("hooks");
    std::fs::create_dir(&hooks).expect("a folder");
    for hook in ["post-checkout", "pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman"] {
        std::fs::copy(&script, hooks.join(hook)).expect("a hook");
        std::fs::copy(&script, repository.join(".git/hooks").join(hook)).expect("a hook");
    }
    let script = script.to_str().expect("text");
    let include = bed.path("include");
    std::fs::write(&include, format!("[alias]\n\tconfig = \"!{touch}\"\n[core]\n\tpager = {script}\n"))
        .expect("a file");
    for (key, value) in [
        ("core.fsmonitor", script),
        ("core.hooksPath", hooks.to_str().expect("text")),
        ("core.pager", script),
        ("core.editor", script),
        ("core.sshCommand", script),
        ("core.askPass", script),
        ("alias.rev-parse", &format!("!{touch}")),
        ("alias.config", &format!("!{touch}")),
        ("alias.ls-files", &format!("!{touch}")),
        ("credential.helper", &format!("!{touch}")),
        ("filter.x.process", script),
        ("include.path", include.to_str().expect("text")),
    ] {
        bed.git(&repository, &["config", key, value]);
    }
    bed.run(&Bed::provision_args(&repository, "w", "x agent")).ok();
    bed.run(&["status", repository.to_str().expect("text")]).ok();
    bed.run(&["reap"]).ok();
    bed.run(&["release", "w"]).ok();
    assert!(!proof.exists(), "something of the repository was run");
    // The proof is worth something: git itself does run it.
    let _ = bed.git_command(&repository).args(["status"]).output();
    assert!(proof.exists(), "the trap does not work");
}

/// What is said of one call holds for all where there is one.
#[test]
fn git_is_started_in_one_way() {
    let mut others = Vec::new();
    let mut folders = vec![crate::common::project().join("src"), crate::common::project().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|end| end != "rs") {
                continue;
            }
            let source = std::fs::read_to_string(&path).expect("text");
            let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let starts = ["Command::new(\"git\")", "Command::new(\"git\".", "OsStr::new(\"git\")"];
            if starts.iter().any(|start| code.contains(start)) && !path.ends_with("git/command.rs") {
                others.push(path);
            }
        }
    }
    assert!(others.is_empty(), "these start git in a way of their own: {others:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nested_repository_and_a_submodule_are_their_own() {
    let bed = Bed::new().await;
    let outer = bed.repository("outer");
    let library = bed.repository("library");
    let url = library.to_str().expect("text");
    bed.git(&outer, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "lib"]);
    let module = outer.join("lib");
    let nested = bed.repository("outer/nested");
    for (folder, id) in [(&outer, "outer"), (&module, "module"), (&nested, "nested")] {
        let answer = bed.run(&Bed::provision_args(folder, id, &format!("{id} agent"))).ok().json();
        assert_eq!(answer["path"], folder.to_str().expect("text"));
    }
    for (folder, id) in [(&outer, "outer"), (&module, "module"), (&nested, "nested")] {
        let status = bed.run(&["status", folder.to_str().expect("text"), "--json"]).ok().json();
        assert_eq!(status["id"], id);
        assert!(bed.author(folder).starts_with(&format!("{id} agent <")));
    }
    let config = |folder: &Path| std::fs::read_to_string(folder).expect("it is there");
    for id in ["outer", "module", "nested"] {
        bed.run(&["release", id]).ok();
    }
    assert!(config(&outer.join(".git/modules/lib/config")).contains("worktree = "));
    assert!(!config(&outer.join(".git/modules/lib/config")).contains("worktreeConfig"));
    assert_eq!(bed.git(&module, &["status", "--porcelain"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_paths_to_one_folder_are_one_workspace() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let link = bed.path("link");
    std::os::unix::fs::symlink(bed.path(""), &link).expect("a link");
    let first = bed.run(&Bed::provision_args(&repository, "w", "x agent")).ok().json();
    let second = bed.run(&Bed::provision_args(&link.join("repo"), "w", "x agent")).ok().json();
    assert_eq!(first, second);
    let status = bed.run(&["status", link.join("repo").to_str().expect("text"), "--json"]).ok().json();
    assert_eq!(status["id"], "w");
    assert_eq!(bed.run(&Bed::provision_args(&link.join("repo"), "w2", "x agent")).error_code(), "workspace.path_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_repository_is_not_the_workspace_and_a_moved_one_is() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    bed.run(&Bed::provision_args(&repository, "w", "x agent")).ok();
    let copy = bed.path("copy");
    let copied = std::process::Command::new("cp").arg("-a").args([&repository, &copy]).status().expect("cp starts");
    assert!(copied.success());
    assert_eq!(bed.run(&["status", copy.to_str().expect("text"), "--json"]).code, 4);
    std::fs::remove_dir_all(&copy).expect("it goes");
    std::fs::rename(&repository, &copy).expect("it moves");
    let status = bed.run(&["status", copy.to_str().expect("text"), "--json"]).ok().json();
    assert_eq!(status["id"], "w");
    let answer = bed.run(&Bed::provision_args(&copy, "w", "x agent")).ok().json();
    assert_eq!(answer["path"], copy.to_str().expect("text"));
    assert_eq!(bed.identity_count().await, 1);
    std::fs::rename(&copy, &repository).expect("it moves again");
    bed.run(&["release", repository.to_str().expect("text")]).ok();
    for left in [
        ".git/ravi-workspace.gitconfig",
        ".git/ravi-workspaces.gitconfig",
        ".git/ravi-workspace.json",
        ".git/ravi-workspaces.json",
    ] {
        assert!(!repository.join(left).exists(), "{left}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_said_and_the_next_run_goes_on() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    let args = Bed::provision_args(&tree, "w", "x agent");
    let full = [
        // A file-size limit of the shell ends a write the way a full disk does: an error in the middle of it.
        ("the ledger", "ulimit -f 0"),
        ("the files", "ulimit -f 40"),
    ];
    for (what, limit) in full {
        let mut shell = std::process::Command::new("sh");
        let program = bed.program();
        shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell
            .arg("-c")
            .arg(format!("{limit}; trap '' XFSZ; exec \"$0\" \"$@\""))
            .arg(program.get_program())
            .args(&args);
        let run: crate::common::Run = shell.output().expect("it starts").into();
        assert_ne!(run.code, 0, "{what}: {run:?}");
        assert!(!run.stdout.is_empty() && run.json()["error"]["hint"].is_string(), "{what}: {run:?}");
    }
    let answer = bed.run(&args).ok().json();
    assert_eq!(answer["state"], "ready");
    assert_eq!((bed.identity_count().await, bed.live_keys().await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_git_left_is_named() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    std::fs::write(repository.join(".git/config.lock"), "").expect("a file");
    let run = bed.run(&Bed::provision_args(&repository, "w", "x agent"));
    assert_eq!(run.error_code(), "workspace.git_locked");
    assert!(run.json()["error"]["hint"].as_str().is_some_and(|hint| hint.contains("config.lock")), "{run:?}");
    std::fs::remove_file(repository.join(".git/config.lock")).expect("it goes");
    let answer: Value = bed.run(&Bed::provision_args(&repository, "w", "x agent")).ok().json();
    assert_eq!(answer["state"], "ready");
    assert_eq!(bed.identity_count().await, 1);
}
