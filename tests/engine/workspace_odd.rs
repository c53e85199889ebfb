//! Repositories and files of unusual shape: set up like any other, or refused before anything is made at Ravi.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Bed, HUMAN_NAME, Run};

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

fn provision(bed: &Bed, path: &Path, id: &str, more: &[&str]) -> Run {
    let args = ["provision", text(path), "--id", id, "--name", &format!("{id} agent"), "--json"];
    bed.run(&[&args[..], more].concat())
}

/// Nothing was made at Ravi, and the ledger has nothing.
async fn refused(bed: &Bed, run: Run, code: &str) {
    assert_eq!(run.error_code(), code, "{run:?}");
    assert_eq!((bed.identity_count().await, bed.live_keys().await), (0, 0), "{code}");
    let list = bed.run(&["list", "--json"]).ok().json();
    assert_eq!(list["workspaces"].as_array().expect("a list").len(), 0, "{code}");
}

/// A main checkout whose git dir lies elsewhere, made in one of the ways that people do.
fn elsewhere(bed: &Bed, how: &str) -> (PathBuf, PathBuf) {
    let (top, git_dir) = (bed.path(&format!("{how}-top")), bed.path(&format!("stores/{how}.git")));
    std::fs::create_dir_all(bed.path("stores")).expect("a folder");
    match how {
        "separate" => {
            bed.git(bed.dir.path(), &["init", "--quiet", "--separate-git-dir", text(&git_dir), text(&top)]);
        }
        _ => {
            bed.repository(&format!("{how}-top"));
            std::fs::rename(top.join(".git"), &git_dir).expect("it moves");
            symlink(&git_dir, top.join(".git")).expect("a link");
        }
    }
    bed.git(&top, &["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
    (top, git_dir)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_main_checkout_whose_git_dir_lies_elsewhere_is_a_workspace_like_any_other() {
    let bed = Bed::new().await;
    for how in ["separate", "linked"] {
        let (top, git_dir) = elsewhere(&bed, how);
        let before = std::fs::read(git_dir.join("config")).expect("it is there");
        let names = || std::fs::read_dir(&git_dir).expect("a folder").count();
        let files = names();
        let plain = provision(&bed, &top, how, &[]);
        assert_eq!(plain.error_code(), "workspace.main_checkout", "{how}: asked for alone");
        provision(&bed, &top, how, &["--main"]).ok();
        assert!(bed.author(&top).starts_with(&format!("{how} agent <")), "{how}");
        let tree = bed.worktree(&top, how);
        assert!(bed.author(&tree).starts_with(HUMAN_NAME), "{how}: its worktrees are the person's");
        provision(&bed, &tree, &format!("{how}-tree"), &[]).ok();
        assert!(bed.author(&tree).starts_with(&format!("{how}-tree agent <")));
        let status = bed.run(&["status", text(&top), "--json"]).ok().json();
        assert_eq!(status["id"], how);
        for id in [how, &format!("{how}-tree")] {
            bed.run(&["release", id]).ok();
        }
        bed.git(&top, &["worktree", "remove", "--force", text(&tree)]);
        assert_eq!(std::fs::read(git_dir.join("config")).expect("it is there"), before, "{how}");
        assert!(names() <= files + 2, "{how}: what is left is git's own");
        assert!(bed.author(&top).starts_with(HUMAN_NAME), "{how}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_and_info_that_are_links_are_changed_where_they_lie() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let store = bed.path("dotfiles");
    std::fs::create_dir(&store).expect("a folder");
    for name in ["config", "info"] {
        std::fs::rename(repository.join(".git").join(name), store.join(name)).expect("it moves");
        symlink(store.join(name), repository.join(".git").join(name)).expect("a link");
    }
    let before = std::fs::read(store.join("config")).expect("it is there");
    provision(&bed, &repository, "main", &["--main"]).ok();
    assert!(bed.author(&repository).starts_with("main agent <"));
    bed.run(&["release", "main"]).ok();
    assert_eq!(std::fs::read(store.join("config")).expect("it is there"), before);
    assert!(repository.join(".git/config").symlink_metadata().expect("it is there").is_symlink());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_git_dir_that_is_another_checkout_s_own_is_refused_before_anything_is_made() {
    let bed = Bed::new().await;
    let victim = bed.repository("victim");
    let hub = bed.path("hub");
    std::fs::create_dir(&hub).expect("a folder");
    bed.git(&hub, &["init", "--quiet", "--separate-git-dir", text(&hub.join(".store"))]);
    let (moved, moved_dir) = elsewhere(&bed, "separate");
    bed.git(&moved, &["config", "core.worktree", text(&moved)]);
    let git_dirs = [victim.join(".git"), hub.join(".store"), moved_dir];
    let configs: Vec<_> = git_dirs.iter().map(|dir| std::fs::read(dir.join("config")).expect("it is there")).collect();
    for (nth, git_dir) in git_dirs.iter().enumerate() {
        for linked in [true, false] {
            let hostile = bed.path(&format!("hostile-{nth}-{linked}"));
            std::fs::create_dir(&hostile).expect("a folder");
            let dot_git = hostile.join(".git");
            match linked {
                true => symlink(git_dir, dot_git).expect("a link"),
                false => std::fs::write(dot_git, format!("gitdir: {}\n", git_dir.display())).expect("written"),
            }
            refused(&bed, provision(&bed, &hostile, "w", &["--main"]), "workspace.foreign_git_dir").await;
        }
    }
    for (git_dir, config) in git_dirs.iter().zip(configs) {
        assert_eq!(std::fs::read(git_dir.join("config")).expect("it is there"), config);
        assert!(!git_dir.join("ravi-workspace.json").exists());
    }
    // What says that it is the folder's own is believed.
    provision(&bed, &moved, "w", &["--main"]).ok();
    assert!(bed.author(&moved).starts_with("w agent <"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_with_line_ends_is_a_path() {
    let bed = Bed::new().await;
    let repository = bed.repository("a\nrepo");
    let tree = bed.path("odd").join("two\nlines\t\u{e9} ");
    bed.git(&repository, &["worktree", "add", "--quiet", "-b", "odd", text(&tree)]);
    provision(&bed, &tree, "odd", &[]).ok();
    assert!(bed.author(&tree).starts_with("odd agent <"));
    let id = |folder: &Path| bed.run(&["status", text(folder), "--json"]).ok().json()["id"].clone();
    assert_eq!(id(&tree), "odd");
    let moved = bed.path("odd").join("three\n\nlines\n");
    bed.git(&repository, &["worktree", "move", text(&tree), text(&moved)]);
    assert_eq!(id(&moved), "odd");
    let released = |run: Run| run.ok().json()["released"].as_array().expect("a list").len();
    assert_eq!(released(bed.run(&["reap", "--json"])), 0, "it is there");
    assert!(bed.author(&moved).starts_with("odd agent <"));
    std::fs::remove_dir_all(&moved).expect("it goes");
    assert_eq!((released(bed.run(&["reap", "--json"])), bed.live_keys().await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_env_file_comes_back_byte_for_byte_and_one_that_is_a_link_is_refused_first() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    std::fs::write(repository.join(".env"), "TOKEN=made-up").expect("written");
    symlink(repository.join(".env"), tree.join(".env")).expect("a link");
    let run = provision(&bed, &tree, "w", &["--env-file", ".env"]);
    assert!(run.json()["error"]["hint"].as_str().expect("a hint").contains(".env.local"), "{run:?}");
    refused(&bed, run, "workspace.env_file_link").await;
    assert_eq!(std::fs::read_to_string(repository.join(".env")).expect("it is there"), "TOKEN=made-up");
    for before in ["A=1\nB=2", ""] {
        std::fs::write(tree.join(".env.local"), before).expect("written");
        provision(&bed, &tree, "w", &["--env-file", ".env.local"]).ok();
        assert!(std::fs::read_to_string(tree.join(".env.local")).expect("it is there").contains("AGENT_EMAIL="));
        bed.run(&["release", "w"]).ok();
        assert_eq!(std::fs::read_to_string(tree.join(".env.local")).expect("it is there"), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_can_only_be_read_is_refused_before_anything_is_made() {
    let bed = Bed::new().await;
    let disk = bed.path("disk");
    std::fs::create_dir(&disk).expect("a folder");
    let mount = |args: &[&str]| Command::new("mount").args(args).arg(&disk).output();
    let mounted = mount(&["-t", "tmpfs", "tmpfs"]);
    if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: mounting a disk is not allowed here: {mounted:?}");
        return;
    }
    let read_only = bed.repository("disk/repo");
    // A repository that can be written, with its configuration on that disk.
    let linked = bed.repository("linked");
    std::fs::rename(linked.join(".git/config"), bed.path("config")).expect("it moves");
    std::fs::copy(bed.path("config"), disk.join("config")).expect("copied");
    symlink(disk.join("config"), linked.join(".git/config")).expect("a link");
    let remounted = mount(&["-o", "remount,ro"]).expect("mount starts");
    assert!(remounted.status.success(), "{remounted:?}");
    for repository in [read_only, linked] {
        refused(&bed, provision(&bed, &repository, "w", &["--main"]), "file.io").await;
    }
    let unmounted = Command::new("umount").arg("--lazy").arg(&disk).status().expect("umount starts");
    assert!(unmounted.success());
}

/// The real thing, where this machine's kernel has it and the test may mount.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_on_a_file_system_without_second_names_and_modes_is_a_workspace() {
    let bed = Bed::new().await;
    let (image, disk) = (bed.path("disk.img"), bed.path("fat"));
    std::fs::create_dir(&disk).expect("a folder");
    std::fs::write(&image, vec![0; 32 * 1024 * 1024]).expect("an image");
    let made = Command::new("mkfs.vfat").arg(&image).output();
    let mounted = Command::new("mount").args(["-o", "loop", "-t", "vfat"]).args([&image, &disk]).output();
    let good = |output: &std::io::Result<std::process::Output>| output.as_ref().is_ok_and(|o| o.status.success());
    if !good(&made) || !good(&mounted) {
        println!("skipped: no FAT image can be made and mounted here: {made:?} {mounted:?}");
        return;
    }
    let repository = bed.repository("fat/repo");
    let before = std::fs::read(repository.join(".git/config")).expect("it is there");
    provision(&bed, &repository, "w", &["--main", "--env-file", ".env"]).ok();
    assert!(bed.author(&repository).starts_with("w agent <"));
    bed.run(&["release", "w"]).ok();
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("it is there"), before);
    let unmounted = Command::new("umount").arg("--lazy").arg(&disk).status().expect("umount starts");
    assert!(unmounted.success());
}
