//! Commits that a workspace signs: real git, real ssh-keygen for verifying, no prompt, no private key on any disk.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common::{Bed, Run, files_with};
use ravi_local::Options;
use serde_json::{Value, json};

const SECRET: &str = "RAVI_SIGNING_KEY";

fn provision(bed: &Bed, path: &Path, id: &str) -> Value {
    let mut args = Bed::provision_args(path, id, "payments agent");
    args.push("--sign".into());
    bed.run(&args).ok().json()
}

fn workspace(bed: &Bed) -> (PathBuf, PathBuf) {
    let repository = bed.repository("repo");
    let path = bed.worktree(&repository, "one");
    (repository, path)
}

fn commit(bed: &Bed, path: &Path, more: &[&str]) -> Output {
    let mut git = bed.git_command(path);
    git.args(more).args(["commit", "-S", "--quiet", "--allow-empty", "-m", "Work"]).output().expect("git starts")
}

fn ssh_keygen() -> bool {
    let there = Command::new("ssh-keygen").arg("-?").output().is_ok();
    if !there {
        eprintln!("skipped: ssh-keygen is not installed");
    }
    there
}

/// Names of all secrets that the server has, with their identities.
async fn secrets(bed: &Bed) -> String {
    bed.server_state().await["secrets"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_signed_without_a_prompt_and_verifies() {
    if !ssh_keygen() {
        return;
    }
    let bed = Bed::new().await;
    let (repository, path) = workspace(&bed);
    let shared = std::fs::read(repository.join(".git/config")).expect("it is there");
    let provisioned = provision(&bed, &path, "w1");
    let done = commit(&bed, &path, &[]);
    assert!(done.status.success(), "{done:?}");
    let email = provisioned["identity"]["email"].as_str().expect("text");
    let verified = bed.git_command(&path).args(["verify-commit", "HEAD"]).output().expect("git starts");
    assert!(verified.status.success(), "{verified:?}");
    assert_eq!(bed.git(&path, &["log", "-1", "--format=%G? %GS"]), format!("G {email}"));
    // The same signature on another commit is refused.
    let text = bed.git(&path, &["cat-file", "commit", "HEAD"]).replace("\nWork", "\nOther work\n");
    std::fs::write(bed.path("forged"), text).expect("a file");
    let forged = bed.path("forged");
    let forged = bed.git(&path, &["hash-object", "-t", "commit", "-w", forged.to_str().expect("text")]);
    assert!(!bed.git_command(&path).args(["verify-commit", &forged]).output().expect("git starts").status.success());
    // An annotated tag, too.
    bed.git(&path, &["tag", "-s", "-m", "One", "one"]);
    bed.git(&path, &["verify-tag", "one"]);
    assert_eq!(files_with(bed.dir.path(), "PRIVATE KEY"), Vec::<PathBuf>::new(), "only in the vault");
    assert!(secrets(&bed).await.contains(SECRET));
    // A second provision makes no second key.
    let key = bed.git(&path, &["config", "user.signingKey"]);
    bed.reset_calls().await;
    provision(&bed, &path, "w1");
    assert_eq!(bed.git(&path, &["config", "user.signingKey"]), key);
    assert_eq!(bed.calls("POST /api/secrets/").await, 0);
    bed.run(&["release", "w1"]).ok();
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("it is there"), shared);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_ravi_nothing_is_signed_and_nothing_committed() {
    let bed = Bed::new().await;
    let (_, path) = workspace(&bed);
    provision(&bed, &path, "w1");
    let before = bed.git(&path, &["rev-parse", "HEAD"]);
    bed.stop_ravi().await;
    let refused = commit(&bed, &path, &[]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("error[api.unreachable]"), "{said}");
    assert_eq!(bed.git(&path, &["rev-parse", "HEAD"]), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_left_to_ssh_keygen() {
    if !ssh_keygen() {
        return;
    }
    let bed = Bed::new().await;
    let (_, path) = workspace(&bed);
    provision(&bed, &path, "w1");
    let key = bed.path("human-key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.expect("it starts").success());
    bed.stop_ravi().await;
    let choice = format!("user.signingKey={}", key.display());
    let done = commit(&bed, &path, &["-c", &choice]);
    assert!(done.status.success(), "{done:?}");
    let state = bed.git(&path, &["log", "-1", "--format=%G?"]);
    assert_eq!(state, "U", "a good signature of somebody who is not in the list");
}

#[tokio::test(flavor = "multi_thread")]
async fn release_takes_key_values_and_file_away() {
    let bed = Bed::new().await;
    let (repository, path) = workspace(&bed);
    bed.git(&path, &["config", "gpg.format", "openpgp"]);
    provision(&bed, &path, "w1");
    let private = repository.join(".git/worktrees/one");
    let first = bed.git(&path, &["config", "user.signingKey"]);
    assert!(private.join("ravi-allowed-signers").exists());
    assert_eq!(bed.git(&path, &["config", "gpg.format"]), "ssh");
    assert_eq!(bed.git(&repository, &["config", "gpg.format"]), "openpgp");
    bed.run(&["release", "w1"]).ok();
    assert!(!private.join("ravi-allowed-signers").exists());
    assert!(!private.join("config.worktree").exists());
    assert_eq!(bed.git(&path, &["config", "gpg.format"]), "openpgp");
    assert!(!secrets(&bed).await.contains(SECRET));
    // The identity's next workspace signs with a key of its own.
    provision(&bed, &path, "w2");
    assert_eq!(bed.identity_count().await, 1);
    assert_ne!(bed.git(&path, &["config", "user.signingKey"]), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_ravi_could_not_delete_is_owed() {
    let data = tempfile::tempdir().expect("a folder");
    let options = || Options { data_dir: Some(data.path().to_owned()), ..Options::default() };
    let bed = Bed::with(options()).await;
    let (_, path) = workspace(&bed);
    provision(&bed, &path, "w1");
    bed.stop_ravi().await;
    assert_eq!(Run::ok(bed.run(&["release", "w1", "--json"])).json()["owed"], 1);
    bed.start_ravi(options()).await;
    assert!(secrets(&bed).await.contains(SECRET));
    bed.run(&["reap"]).ok();
    assert!(!secrets(&bed).await.contains(SECRET));
    assert_eq!(bed.run(&["list", "--json"]).ok().json()["owed"], json!([]));
}
