//! What claude-squad does to worktrees and tmux, done here with the real git and tmux: start, pause, resume, kill.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::common::{Bed, Run};
use crate::hooks_worktrees::{bound, in_bed};

/// The program that the manual says to configure.
fn program() -> String {
    let manual = std::fs::read_to_string(crate::common::project().join("docs/orchestrators.md"));
    let manual = manual.expect("it is there");
    let after = manual.split("\"default_program\": \"").nth(1).expect("the manual names it");
    after.split('"').next().expect("its end").to_owned()
}

/// A tmux server of the test's own; it ends with the test.
struct Tmux<'a> {
    bed: &'a Bed,
    bin: PathBuf,
}

impl Tmux<'_> {
    fn run(&self, args: &[&str]) -> Run {
        let mut command = in_bed(self.bed, "tmux", &self.bed.path(""));
        let path = std::env::var_os("PATH").expect("a PATH");
        let ours = Path::new(env!("CARGO_BIN_EXE_ravi-workspace")).parent().expect("a folder").to_owned();
        let all = [self.bin.clone(), ours].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(all).expect("a PATH")).env("SHELL", "/bin/sh");
        command.args(["-S", self.bed.path("tmux").to_str().expect("text"), "-f", "/dev/null"]).args(args);
        command.output().expect("tmux starts").into()
    }

    /// Starts the program as claude-squad does, and answers what it says of itself.
    async fn start(&self, tree: &Path) -> String {
        let said = self.bed.path("said");
        let _ = std::fs::remove_file(&said);
        let tree = tree.to_str().expect("text");
        self.run(&["new-session", "-d", "-s", "claudesquad_title", "-c", tree, &program()]).ok();
        let started = Instant::now();
        loop {
            match std::fs::read_to_string(&said) {
                Ok(text) if text.ends_with('\n') => return text.trim_end().to_owned(),
                _ => assert!(started.elapsed() < Duration::from_secs(60), "the program does not start"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_in_tmux_is_the_workspace_through_pause_resume_and_kill() {
    let bed = Bed::new().await;
    if in_bed(&bed, "tmux", &bed.path("")).arg("-V").output().is_err() {
        println!("skipped: tmux is not installed; run scripts/setup test");
        return;
    }
    // claude-squad answers the question of trust where the program's name ends so.
    assert!(program().ends_with("claude"), "{}", program());
    let bin = bed.path("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let said = bed.path("said");
    let agent = format!(
        "#!/bin/sh\necho \"$GIT_AUTHOR_EMAIL $(pwd -P) ${{RAVI_API_KEY:+key}} $#\" > '{}'\nexec sleep 600\n",
        said.display()
    );
    std::fs::write(bin.join("claude"), agent).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("claude"), mode).expect("set");
    let tmux = Tmux { bed: &bed, bin };

    let repository = bed.repository("repo");
    bed.run(&["hook", "git", "install", repository.to_str().expect("text")]).ok();
    let before = std::fs::read(repository.join(".git/config")).expect("it is there");
    let git = |args: &[&str]| Run::from(in_bed(&bed, "git", &repository).args(args).output().expect("git starts"));
    let tree = bed.path("trees/title_18");
    let at = tree.to_str().expect("text").to_owned();
    let email = || bound(&bed)[0]["identity"]["email"].as_str().expect("text").to_owned();

    let head = bed.git(&repository, &["rev-parse", "HEAD"]);
    git(&["worktree", "add", "-b", "me/title", &at, &head]).ok();
    assert_eq!(tmux.start(&tree).await, format!("{} {at} key 0", email()));

    // Paused: what there is is committed, the worktree goes, the session stays.
    std::fs::write(tree.join("work.txt"), "work").expect("written");
    bed.git(&tree, &["add", "."]);
    bed.git(&tree, &["commit", "--quiet", "--no-verify", "-m", "Paused"]);
    assert_eq!(bed.git(&repository, &["log", "-1", "--format=%ae %an", "me/title"]), format!("{} title_18", email()));
    assert_eq!(bed.git(&repository, &["ls-tree", "--name-only", "me/title"]), "work.txt", "and nothing of ours");
    git(&["worktree", "remove", "-f", &at]).ok();
    git(&["worktree", "prune"]).ok();
    bed.run(&["reap"]).ok();
    assert_eq!((bound(&bed).len(), bed.live_keys().await), (0, 0));
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("it is there"), before);

    // Resumed at the same path, with the reaper in between and without.
    for reaped in [true, false] {
        git(&["worktree", "add", &at, "me/title"]).ok();
        tmux.run(&["kill-session", "-t", "claudesquad_title"]).ok();
        assert_eq!(tmux.start(&tree).await, format!("{} {at} key 0", email()), "reaped: {reaped}");
        assert_eq!((bound(&bed).len(), bed.live_keys().await), (1, 1), "reaped: {reaped}");
        if reaped {
            git(&["worktree", "remove", "-f", &at]).ok();
        }
    }

    tmux.run(&["kill-session", "-t", "claudesquad_title"]).ok();
    git(&["worktree", "remove", "-f", &at]).ok();
    git(&["branch", "-D", "me/title"]).ok();
    git(&["worktree", "prune"]).ok();
    bed.run(&["reap"]).ok();
    assert_eq!((bound(&bed).len(), bed.live_keys().await, bed.identity_count().await), (0, 0, 1));

    // Without an identity the program does not start as the person, who is told why.
    let fault = |method: &str, path: &str| serde_json::json!({ "method": method, "path": path, "status": 402, "times": 9, "body": { "detail": "no" } });
    bed.fault(fault("PATCH", "/api/identities/{id}/")).await;
    bed.fault(fault("POST", "/api/identities/")).await;
    let tree = bed.path("trees/other_19");
    let at = tree.to_str().expect("text").to_owned();
    assert_ne!(git(&["worktree", "add", "-b", "me/other", &at, &head]).code, 0, "claude-squad gives up");
    let run = in_bed(&bed, "sh", &tree).args(["-c", &program()]).output();
    let run = Run::from(run.expect("sh starts"));
    assert!(run.code != 0 && run.stderr.contains("workspace.unbound"), "{run:?}");
}
