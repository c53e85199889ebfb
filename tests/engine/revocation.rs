//! A key is revoked whatever stands in the way on this machine, and one workspace's trouble is no other's.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{Bed, HUMAN_EMAIL, HUMAN_NAME};

/// A repository with one workspace, which has an env file.
struct Room {
    bed: Bed,
    repository: PathBuf,
    tree: PathBuf,
    config: Vec<u8>,
}

impl Room {
    async fn new() -> Room {
        let bed = Bed::new().await;
        let repository = bed.repository("repo");
        let config = std::fs::read(repository.join(".git/config")).expect("it is there");
        let tree = bed.worktree(&repository, "one");
        let mut args = Bed::provision_args(&tree, "one", "one agent");
        args.extend(["--env-file".to_owned(), ".env".to_owned()]);
        bed.run(&args).ok();
        assert_eq!(bed.live_keys().await, 1);
        Room { bed, repository, tree, config }
    }

    fn git_dir(&self) -> PathBuf {
        self.repository.join(".git/worktrees/one")
    }

    /// That nothing of the workspace is left.
    fn is_over(&self) {
        let list = self.bed.run(&["list", "--json"]).ok().json();
        assert_eq!(list["workspaces"], Value::Array(Vec::new()), "{list}");
        assert_eq!(self.bed.author(&self.tree), format!("{HUMAN_NAME} <{HUMAN_EMAIL}>"));
        for file in ["ravi-workspaces.gitconfig", "ravi-workspaces.json", "ravi-workspaces.lock"] {
            assert!(self.repository.join(".git").join(file).symlink_metadata().is_err(), "{file} is left");
        }
        for file in ["ravi-workspace.gitconfig", "ravi-workspace.json"] {
            assert!(self.git_dir().join(file).symlink_metadata().is_err(), "{file} is left");
        }
    }
}

fn pipe(path: &Path) {
    let _ = std::fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo runs").success());
}

/// What an agent can do to the files of its own workspace, and how it is undone.
type Hindrance = (&'static str, fn(&Room), fn(&Room));

const HINDRANCES: [Hindrance; 7] = [
    (
        "a lock of git's that nobody gives back",
        |room| drop(File::create(room.repository.join(".git/config.lock")).expect("it is made")),
        |room| std::fs::remove_file(room.repository.join(".git/config.lock")).expect("it goes"),
    ),
    (
        "an env file of 5 MiB",
        |room| {
            let env = std::fs::read(room.tree.join(".env")).expect("it is there");
            std::fs::write(room.tree.join(".env"), [env, vec![b'x'; 5 << 20]].concat()).expect("it is written");
        },
        |_| {},
    ),
    (
        "a note that is no note",
        |room| std::fs::write(room.git_dir().join("ravi-workspace.json"), "junk").expect("it is written"),
        |_| {},
    ),
    ("a note that is a pipe", |room| pipe(&room.git_dir().join("ravi-workspace.json")), |_| {}),
    ("an env file that is a pipe", |room| pipe(&room.tree.join(".env")), |_| {}),
    (
        "a record that is no record",
        |room| {
            let record = room.repository.join(".git/ravi-workspaces.json");
            std::fs::rename(&record, record.with_extension("aside")).expect("it is moved");
            std::fs::write(record, "junk").expect("it is written");
        },
        |room| {
            let record = room.repository.join(".git/ravi-workspaces.json");
            std::fs::rename(record.with_extension("aside"), record).expect("it is moved back");
        },
    ),
    (
        "a folder of git's for our file",
        |room| {
            let values = room.git_dir().join("ravi-workspace.gitconfig");
            std::fs::remove_file(&values).expect("it goes");
            std::fs::create_dir(&values).expect("a folder");
        },
        |room| std::fs::remove_dir(room.git_dir().join("ravi-workspace.gitconfig")).expect("it goes"),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_the_files_keeps_a_key_alive() {
    for (what, hinder, undo) in HINDRANCES {
        let room = Room::new().await;
        hinder(&room);
        let begun = Instant::now();
        let first = room.bed.run(&["release", "one", "--json"]);
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: it waited");
        assert_eq!(room.bed.live_keys().await, 0, "{what}: {first:?}");
        undo(&room);
        // Once nothing stands in its way, it comes to its end: by the command that failed, or by itself.
        if first.code != 0 && what.contains("lock") {
            room.bed.run(&["release", room.tree.to_str().expect("text")]).ok();
        }
        room.bed.run(&["reap", "--json"]).ok();
        room.is_over();
        let now = std::fs::read(room.repository.join(".git/config")).expect("it is there");
        assert_eq!(now, room.config, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_read_the_repository_cannot_keep_others_waiting() {
    let room = Room::new().await;
    let folder = File::open(room.repository.join(".git")).expect("it opens");
    folder.lock().expect("it is locked");
    let lock = File::options().write(true).open(room.repository.join(".git/ravi-workspaces.lock"));
    let mode = std::os::unix::fs::MetadataExt::mode(&lock.expect("it opens").metadata().expect("it is there"));
    assert_eq!(mode & 0o777, 0o200, "what may not be read cannot be locked by whoever may only read");
    room.bed.run(&["release", "one"]).ok();
    room.is_over();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_somebody_keeps_locked_is_given_up_on_and_the_key_is_revoked() {
    let room = Room::new().await;
    let lock = room.repository.join(".git/ravi-workspaces.lock");
    let lock = File::options().write(true).open(lock).expect("it opens");
    lock.lock().expect("it is locked");
    let refused = room.bed.run(&["release", "one", "--json"]);
    assert_eq!(refused.error_code(), "workspace.repository_busy");
    assert_eq!(room.bed.live_keys().await, 0);
    let told = room.bed.run(&["list", "--json"]).ok().json();
    assert_eq!(told["workspaces"][0]["last_error"]["code"], "workspace.repository_busy", "{told}");
    drop(lock);
    room.bed.run(&["reap"]).ok();
    room.is_over();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trouble_of_one_workspace_keeps_no_other_from_being_reaped() {
    let room = Room::new().await;
    let other = room.bed.repository("other");
    for name in ["two", "three"] {
        let tree = room.bed.worktree(&other, name);
        room.bed.run(&Bed::provision_args(&tree, name, name)).ok();
        std::fs::remove_dir_all(tree).expect("it goes");
    }
    std::fs::remove_dir_all(&room.tree).expect("it goes");
    let lock = room.repository.join(".git/config.lock");
    File::create(&lock).expect("it is made");
    let reaped = room.bed.run(&["reap", "--json"]);
    let report = reaped.json();
    assert_eq!(report["failed"][0]["id"], "one", "{report}");
    assert_eq!(report["failed"][0]["error"]["code"], "workspace.git_locked");
    assert_eq!(report["released"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(room.bed.live_keys().await, 0, "the hindered one's neither");
    assert_eq!(reaped.code, 1, "whoever runs it by a timer is told");
    let text = room.bed.run(&["reap"]);
    assert!(text.stdout.contains("failed one (") && text.stdout.contains("workspace.git_locked"), "{}", text.stdout);
    std::fs::remove_file(lock).expect("it goes");
    room.bed.run(&["reap"]).ok();
    let list = room.bed.run(&["list", "--json"]).ok().json();
    assert_eq!(list["workspaces"], Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_note_of_one_worktree_keeps_no_other_from_being_set_up() {
    let room = Room::new().await;
    std::fs::write(room.git_dir().join("ravi-workspace.json"), "junk").expect("it is written");
    let tree = room.bed.worktree(&room.repository, "two");
    room.bed.run(&Bed::provision_args(&tree, "two", "two agent")).ok();
    room.bed.run(&["release", "two"]).ok();
    room.bed.run(&["release", "one"]).ok();
    room.is_over();
}

#[tokio::test(flavor = "multi_thread")]
async fn worktrees_that_went_with_the_folder_that_held_them_are_reaped() {
    let bed = Bed::new().await;
    let (repository, inside) = (bed.repository("repo"), bed.repository("whole/project/repo"));
    let nested = bed.path("whole/deep/trees/one");
    bed.git(&repository, &["worktree", "add", "--quiet", "-b", "nested", nested.to_str().expect("text")]);
    bed.run(&Bed::provision_args(&nested, "nested", "nested")).ok();
    let with_it = bed.path("whole/deep/trees/two");
    bed.git(&inside, &["worktree", "add", "--quiet", "-b", "with", with_it.to_str().expect("text")]);
    bed.run(&Bed::provision_args(&with_it, "with-it", "with it")).ok();
    let plain = bed.path("whole/plain/folder");
    std::fs::create_dir_all(&plain).expect("a folder");
    bed.run(&Bed::provision_args(&plain, "plain", "plain")).ok();
    std::fs::remove_dir_all(bed.path("whole")).expect("it goes");
    let report = bed.run(&["reap", "--json"]).ok().json();
    assert_eq!(report["released"].as_array().map(Vec::len), Some(3), "{report}");
    assert_eq!(bed.live_keys().await, 0);
}
