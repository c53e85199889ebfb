//! Where something is written: a key that git would take along, a file of git's, a folder that is somebody's already are
//! refused before an identity or a key is made.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::common::{Bed, Run};

fn rules(folder: &Path, text: &str) {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join(".gitignore"), text).expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn git_takes_no_key_along_whatever_the_repository_ignores() {
    let bed = Bed::new().await;
    let patterns = ["*\n!.*\n", "/*\n!/.*\n", "!.ravi/\n!.ravi/**\n", "*\n!*/\n!.ravi/config.json\n", "!*\n", ""];
    for (n, pattern) in patterns.iter().enumerate() {
        let (id, repository) = (format!("w{n}"), bed.repository(&format!("repo{n}")));
        rules(&repository, pattern);
        bed.git(&repository, &["config", "core.excludesFile", bed.path("excludes").to_str().expect("text")]);
        std::fs::write(bed.path("excludes"), "!.ravi\n!config.json\n").expect("a file");
        std::fs::write(repository.join(".git/info/exclude"), "!.ravi/config.json\n").expect("a file");
        let tree = bed.worktree(&repository, &id);
        rules(&tree, pattern);
        bed.run_in_tree(&Bed::provision_args(&tree, &id, "x agent")).ok();
        assert!(tree.join(".ravi/config.json").exists(), "{pattern:?}");
        for all in [&["add", "-A"][..], &["add", "--all", "."], &["stash", "push", "-u"]] {
            let _ = bed.git_command(&tree).args(all).output();
        }
        let _ = bed.git_command(&tree).args(["commit", "--quiet", "--allow-empty", "-am", "All"]).output();
        for taken in [bed.git(&tree, &["ls-files"]), bed.git(&tree, &["log", "--all", "--name-only", "--format="])] {
            assert!(!taken.contains(".ravi"), "{pattern:?}: {taken}");
        }
        assert!(tree.join(".ravi/config.json").exists(), "{pattern:?}: no stash took it");
        bed.run_in_tree(&["release", &id]).ok();
        assert!(!tree.join(".ravi").exists(), "{pattern:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_would_take_the_key_along_is_refused_and_left_as_it_was() {
    let bed = Bed::new().await;
    for (n, pattern) in ["!*\n", "!config.json\n", "", "# mine\n"].iter().enumerate() {
        let repository = bed.repository(&format!("repo{n}"));
        rules(&repository.join(".ravi"), pattern);
        let run = bed.run_in_tree(&Bed::provision_args(&repository, "w", "x agent"));
        assert_eq!((run.error_code().as_str(), run.code), ("place.key_not_ignored", 6), "{pattern:?}");
        let left = std::fs::read_dir(repository.join(".ravi")).expect("a folder").count();
        let text = std::fs::read_to_string(repository.join(".ravi/.gitignore")).expect("it is there");
        assert_eq!((left, text.as_str()), (1, *pattern));
    }
    assert_eq!((bed.identity_count().await, bed.live_keys().await), (0, 0));
    let list = bed.run(&["list", "--json"]).ok().json();
    assert_eq!(list["workspaces"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_env_file_is_no_file_of_gits_and_no_device() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    std::fs::create_dir_all(repository.join("store/refs")).expect("a folder");
    std::fs::create_dir_all(repository.join("store/objects")).expect("a folder");
    std::fs::write(repository.join("store/HEAD"), "ref: refs/heads/main\n").expect("a file");
    let made = std::process::Command::new("mkfifo").arg(repository.join("pipe")).status().expect("mkfifo starts");
    assert!(made.success());
    bed.git(&repository, &["status"]);
    let config = std::fs::read(repository.join(".git/config")).expect("it is there");
    for (file, code) in [
        (".git/config", "place.git_dir"),
        (".git/HEAD", "place.git_dir"),
        (".git/index", "place.git_dir"),
        (".git/hooks/post-checkout", "place.git_dir"),
        (".git/info/attributes", "place.git_dir"),
        ("store/config", "place.git_dir"),
        (".gitattributes", "place.reserved"),
        (".gitmodules", "place.reserved"),
        (".GitIgnore", "place.reserved"),
        ("pipe", "place.not_a_file"),
        ("store", "place.git_dir"),
    ] {
        let mut args = Bed::provision_args(&repository, "w", "x agent");
        args.extend(["--env-file".to_owned(), file.to_owned()]);
        let run = bed.run(&args);
        assert_eq!((run.error_code().as_str(), run.code), (code, 2), "{file}: {run:?}");
    }
    // The `.git` of a linked worktree is a file.
    let tree = bed.worktree(&repository, "one");
    let mut args = Bed::provision_args(&tree, "w", "x agent");
    args.extend(["--env-file".to_owned(), ".git".to_owned()]);
    assert_eq!(bed.run(&args).error_code(), "place.git_dir");
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("it is there"), config);
    bed.git(&repository, &["fsck", "--strict"]);
    assert_eq!(bed.identity_count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_home_folder_is_no_workspace() {
    let bed = Bed::new().await;
    let home = bed.path("");
    bed.git(&home, &["init", "--quiet"]);
    for folder in [home.as_path(), home.parent().expect("a folder")] {
        let args = Bed::provision_args(folder, "w", "x agent");
        for run in [bed.run(&args), bed.run_in_tree(&args)] {
            assert_eq!(run.error_code(), "place.home", "{}", folder.display());
        }
    }
    assert!(!home.join(".ravi").exists(), "the person's own file of the official command line");
    assert_eq!((bed.identity_count().await, bed.live_keys().await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_others_use_is_no_state_folder_and_stays_as_it_is() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let shared = bed.path("tmp");
    std::fs::create_dir(&shared).expect("a folder");
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).expect("a mode");
    let used = bed.path("used");
    std::fs::create_dir(&used).expect("a folder");
    std::fs::write(used.join("notes.txt"), "mine").expect("a file");
    std::fs::set_permissions(&used, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let cases = [
        (&shared, 0o1777, "place.in_use"),
        (&used, 0o755, "place.in_use"),
        (&repository.join(".git/ravi"), 0, "place.git_dir"),
        (&repository.join(".git"), 0o755, "place.git_dir"),
    ];
    for (folder, mode, code) in cases {
        let before = std::fs::read_dir(folder).map_or(0, Iterator::count);
        for args in [vec!["list", "--json"], vec!["power", "on", "--json"]] {
            let run: Run =
                bed.program().env("RAVI_WORKSPACE_STATE", folder).args(&args).output().expect("it starts").into();
            assert_eq!(run.error_code(), code, "{}: {run:?}", folder.display());
        }
        let now = folder.metadata().map_or(0, |meta| meta.permissions().mode() & 0o7777);
        assert_eq!((now, std::fs::read_dir(folder).map_or(0, Iterator::count)), (mode, before), "{}", folder.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_and_logins_of_other_programs_go_into_no_git_dir() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let git_dir = repository.join(".git");
    let before = std::fs::read_dir(&git_dir).expect("a folder").count();
    let run: Run = bed
        .program()
        .env("CLAUDE_CONFIG_DIR", &git_dir)
        .args(["hook", "claude", "install", "--json"])
        .output()
        .expect("it starts")
        .into();
    assert_eq!(run.error_code(), "place.git_dir", "{run:?}");
    let run: Run = bed
        .program()
        .env("CODEX_HOME", git_dir.join("codex"))
        .args(["codex", "status", "--json"])
        .output()
        .expect("it starts")
        .into();
    assert_eq!(run.error_code(), "codex.home", "{run:?}");
    assert_eq!(std::fs::read_dir(&git_dir).expect("a folder").count(), before);
}
