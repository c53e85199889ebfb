//! `git push` over HTTPS as the workspace, with nothing said to git.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::git_server::GitServer;
use crate::common::{Bed, Run};
use serde_json::{Value, json};

struct Desk {
    bed: Bed,
    server: GitServer,
    repository: PathBuf,
}

impl Desk {
    async fn new() -> Desk {
        let bed = Bed::new().await;
        let (repository, server) = GitServer::project(&bed).await;
        Desk { bed, server, repository }
    }

    fn program(&self) -> Command {
        let mut program = self.bed.program();
        program.env("RAVI_WORKSPACE_GITHUB", json!({ "hosts": [self.server.host()] }).to_string());
        program
    }

    fn provision(&self, path: &Path, id: &str) -> Value {
        let args = Bed::provision_args(path, id, &format!("{id} agent"));
        let run: Run = self.program().args(args).output().expect("it starts").into();
        run.ok().json()
    }

    /// A workspace with a token of its own in its identity's vault.
    async fn workspace(&self, id: &str, token: &str) -> (PathBuf, Value) {
        let tree = self.bed.worktree(&self.repository, id);
        let answer = self.provision(&tree, id);
        self.bed.put_secret(answer["identity"]["uuid"].as_str().expect("a uuid"), "GH_TOKEN", token).await;
        (tree.clone(), self.provision(&tree, id))
    }

    /// git as an agent runs it: nothing of Ravi's in its environment but the folder of the ledger.
    fn push(&self, tree: &Path, branch: &str) -> Run {
        self.push_with(tree, branch, &[])
    }

    fn push_with(&self, tree: &Path, branch: &str, env: &[(&str, &str)]) -> Run {
        self.bed.git(tree, &["commit", "--quiet", "--allow-empty", "-m", "Work"]);
        let mut git = self.bed.git_command(tree);
        git.args(["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
        git.env("GIT_TERMINAL_PROMPT", "0").envs(env.iter().copied());
        git.output().expect("git starts").into()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_worktrees_push_at_once_each_with_its_own_token() {
    let desk = Desk::new().await;
    let mut trees = Vec::new();
    for n in 0..8 {
        let (id, token) = (format!("agent-{n}"), format!("made_up_token_{n}"));
        desk.server.accept(&token);
        let (tree, answer) = desk.workspace(&id, &token).await;
        assert_eq!(answer["github"], json!({ "source": "workspace", "secret": "GH_TOKEN" }));
        trees.push((id, token, tree));
    }
    std::thread::scope(|scope| {
        for (id, _, tree) in &trees {
            scope.spawn(|| desk.push(tree, id).ok());
        }
    });
    for (id, token, tree) in &trees {
        assert_eq!(desk.server.pushed_with(id), HashSet::from([token.clone()]), "{id}");
        assert!(
            !crate::common::files_with(tree, token).iter().any(|_| true),
            "the token is in no file of the worktree"
        );
    }
    assert!(desk.server.seen().iter().all(|seen| seen.accepted));
    assert_eq!(crate::common::files_with(desk.bed.dir.path(), "made_up_token_0"), Vec::<PathBuf>::new());
}

/// Whether git, told within one command that a login is no good, asks for another one: 2.46 and newer do.
fn asks_again(bed: &Bed) -> bool {
    let said = bed.git(bed.dir.path(), &["--version"]);
    let mut numbers = said.split([' ', '.']).filter_map(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(2), Some(46))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_token_is_used_by_the_next_push() {
    let desk = Desk::new().await;
    desk.server.accept("made_up_token_old");
    let (tree, answer) = desk.workspace("agent", "made_up_token_old").await;
    desk.push(&tree, "one").ok();
    let config =
        std::fs::read(desk.repository.join(".git/worktrees/agent/ravi-workspace.gitconfig")).expect("it is there");

    desk.server.revoke("made_up_token_old");
    desk.server.accept("made_up_token_new");
    let uuid = answer["identity"]["uuid"].as_str().expect("a uuid");
    desk.bed.put_secret(uuid, "GH_TOKEN", "made_up_token_new").await;
    if !asks_again(&desk.bed) {
        assert_ne!(desk.push(&tree, "two").code, 0, "it learns that the token is no good");
    }
    desk.push(&tree, "two").ok();
    assert_eq!(desk.server.pushed_with("two"), HashSet::from(["made_up_token_new".to_owned()]));
    let after =
        std::fs::read(desk.repository.join(".git/worktrees/agent/ravi-workspace.gitconfig")).expect("it is there");
    assert_eq!(after, config, "the worktree was not touched");

    // Nothing better to be had: git is told the same token once more, and fails.
    desk.server.revoke("made_up_token_new");
    let run = desk.push(&tree, "three");
    assert_ne!(run.code, 0, "{run:?}");
    assert!(desk.server.pushed_with("three").is_empty());
    // A git that does not ask again says so afterwards, and the token is read anew by the next one.
    desk.bed.put_secret(uuid, "GH_TOKEN", "made_up_token_newer").await;
    desk.server.accept("made_up_token_newer");
    desk.push(&tree, "four").ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_read_once_while_it_is_fresh_and_bridges_an_outage() {
    let desk = Desk::new().await;
    desk.server.accept("made_up_token");
    let (tree, _) = desk.workspace("agent", "made_up_token").await;
    desk.bed.reset_calls().await;
    for branch in ["one", "two"] {
        desk.push(&tree, branch).ok();
    }
    assert_eq!(desk.bed.call_log().await, Vec::<String>::new(), "the provision has read it");
    desk.push_with(&tree, "three", &[("RAVI_WORKSPACE_CLOCK_OFFSET_S", "301")]).ok();
    assert_eq!(desk.bed.call_log().await.len(), 1);
    desk.bed.stop_ravi().await;
    let run = desk.push_with(&tree, "four", &[("RAVI_WORKSPACE_CLOCK_OFFSET_S", "3600")]).ok();
    assert!(run.stderr.contains("min old"), "{run:?}");
    let run = desk.push_with(&tree, "five", &[("RAVI_WORKSPACE_CLOCK_OFFSET_S", "100000")]);
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains("api.unreachable") && run.stderr.contains("quit"), "{run:?}");
    assert!(!run.stderr.contains("made_up_token"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn release_leaves_the_configuration_byte_for_byte() {
    let desk = Desk::new().await;
    desk.server.accept("made_up_token");
    let shared = desk.repository.join(".git/config");
    let before = std::fs::read(&shared).expect("it is there");
    let (tree, _) = desk.workspace("agent", "made_up_token").await;
    desk.push(&tree, "one").ok();
    let helpers = desk.bed.git(&tree, &["config", "--get-urlmatch", "credential.helper", &desk.server.url("x")]);
    assert!(helpers.contains("/bin/ravi-launch' git-credential "), "{helpers}");
    let run: Run = desk.program().args(["release", "agent", "--json"]).output().expect("it starts").into();
    run.ok();
    let state = desk.bed.server_state().await;
    let secrets = state["secrets"].as_object().expect("an object");
    assert!(
        secrets.values().all(|left| *left == json!([])),
        "the identity's next workspace is another agent: {secrets:?}"
    );
    assert_eq!(std::fs::read(&shared).expect("it is there"), before);
    assert!(!desk.repository.join(".git/worktrees/agent/ravi-workspace.gitconfig").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_without_a_token_inherits_or_is_denied() {
    let desk = Desk::new().await;
    let tree = desk.bed.worktree(&desk.repository, "plain");
    assert_eq!(desk.provision(&tree, "plain")["github"], json!({ "source": "inherited", "secret": null }));
    let helper = "!f() { echo username=x-access-token; echo password=made_up_human; }; f";
    desk.server.accept("made_up_human");
    desk.bed.git(&tree, &["config", "--global", "credential.helper", helper]);
    desk.push(&tree, "plain").ok();
    assert_eq!(desk.server.pushed_with("plain"), HashSet::from(["made_up_human".to_owned()]));

    let denied = desk.bed.worktree(&desk.repository, "denied");
    let mut program = desk.program();
    program.env("RAVI_WORKSPACE_GITHUB", json!({ "hosts": [desk.server.host()], "missing": "deny" }).to_string());
    let run: Run = program.args(Bed::provision_args(&denied, "denied", "x agent")).output().expect("it starts").into();
    assert_eq!(run.ok().json()["github"], json!({ "source": "denied", "secret": null }));
    let run = desk.push(&denied, "denied");
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains("github.denied") && desk.server.pushed_with("denied").is_empty(), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_gone_never_turns_into_the_persons() {
    let desk = Desk::new().await;
    desk.server.accept("made_up_human");
    let (tree, answer) = desk.workspace("agent", "made_up_token").await;
    let helper = "!f() { echo username=x-access-token; echo password=made_up_human; }; f";
    desk.bed.git(&tree, &["config", "--global", "credential.helper", helper]);
    desk.bed.delete_secret(answer["identity"]["uuid"].as_str().expect("a uuid"), "GH_TOKEN").await;
    let run = desk.push_with(&tree, "one", &[("RAVI_WORKSPACE_CLOCK_OFFSET_S", "301")]);
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains("github.token_missing"), "{run:?}");
    assert!(desk.server.seen().is_empty(), "neither token was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_identity_may_hold_the_tokens() {
    let desk = Desk::new().await;
    desk.bed.run_with_input(&["secret", "set", "CODEX_MONITOR_GH_TOKEN_PAYMENTS_AGENT"], "made_up_host_token\n").ok();
    desk.bed.run_with_input(&["secret", "set", "OTHER_TOKEN"], "made_up_other_token\n").ok();
    desk.server.accept("made_up_host_token");
    let tree = desk.bed.worktree(&desk.repository, "payments");
    let answer = desk.provision(&tree, "payments");
    let secret = "CODEX_MONITOR_GH_TOKEN_PAYMENTS_AGENT";
    assert_eq!(answer["github"], json!({ "source": "host", "secret": secret }));
    let status = desk.bed.run(&["status", tree.to_str().expect("text"), "--json"]).ok().json();
    assert_eq!(status["github"], answer["github"]);
    desk.push(&tree, "payments").ok();
    // Old enough to be read anew, with the key that this machine is signed in with.
    let later = [("RAVI_WORKSPACE_CLOCK_OFFSET_S", "301")];
    let run = desk.push_with(&tree, "payments", &later);
    assert!(run.code != 0 && run.stderr.contains("account.not_signed_in"), "{run:?}");
    let key = secrecy::ExposeSecret::expose_secret(&desk.bed.key).to_owned();
    desk.bed.run_with_input(&["login", "--key-stdin"], &key).ok();
    desk.push_with(&tree, "payments", &[later[0], ("RAVI_API_URL", &desk.bed.base_url)]).ok();

    let other = desk.bed.worktree(&desk.repository, "other");
    let named = |key: &str| {
        let mut args = Bed::provision_args(&other, "other", "other agent");
        args.extend(["--github-secret".to_owned(), key.to_owned()]);
        Run::from(desk.program().args(args).output().expect("it starts"))
    };
    let run = named("NO_SUCH_TOKEN");
    assert_eq!((run.code, run.error_code().as_str()), (4, "workspace.no_github_secret"));
    assert_eq!(named("other_token").ok().json()["github"], json!({ "source": "host", "secret": "OTHER_TOKEN" }));
}
