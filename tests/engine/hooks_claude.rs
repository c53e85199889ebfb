//! Claude Code's hooks, called as it calls them, and by the real one where that is installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::common::{Bed, Run};
use crate::hooks_worktrees::{bound, in_bed};

pub fn payload(event: &str, cwd: &Path) -> Value {
    json!({ "session_id": "s", "transcript_path": "/t", "cwd": cwd, "hook_event_name": event })
}

pub fn create(bed: &Bed, cwd: &Path, name: &str) -> PathBuf {
    let mut wish = payload("WorktreeCreate", cwd);
    wish["name"] = json!(name);
    PathBuf::from(claude(bed, "WorktreeCreate", wish, None).ok().stdout.trim_end())
}

pub fn claude(bed: &Bed, event: &str, payload: Value, env_file: Option<&Path>) -> Run {
    use std::io::Write as _;
    let mut command = bed.program();
    command.args(["hook", "claude", event]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    env_file.map(|file| command.env("CLAUDE_ENV_FILE", file));
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("its input").write_all(payload.to_string().as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_code_gets_a_worktree_that_is_provisioned_and_removed_whole() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let mut create = payload("WorktreeCreate", &repository);
    create["name"] = json!("fix-auth");
    let made = claude(&bed, "WorktreeCreate", create.clone(), None).ok();
    let tree = PathBuf::from(made.stdout.trim_end());
    assert_eq!((made.stdout.lines().count(), tree.is_dir()), (1, true), "only its path is printed: {made:?}");
    assert!(tree.ends_with(".claude/worktrees/fix-auth"));
    assert!(bed.author(&tree).starts_with("fix-auth <"));
    assert_eq!(claude(&bed, "WorktreeCreate", create.clone(), None).ok().stdout, made.stdout, "twice is once");
    assert_eq!(bed.identity_count().await, 1);

    // A session in it wakes it, and prints nothing that the model would read.
    bed.run(&["suspend", tree.to_str().expect("text")]).ok();
    let env = bed.path("claude-env");
    for _ in 0..2 {
        let start = claude(&bed, "SessionStart", payload("SessionStart", &tree), Some(&env)).ok();
        assert_eq!(start.stdout, "");
    }
    assert_eq!(bound(&bed)[0]["state"], "ready");
    let text = std::fs::read_to_string(&env).expect("it is written");
    assert!(text.contains("GIT_AUTHOR_NAME='fix-auth'") && !text.contains("ravi_id_"), "{text}");
    assert_eq!(text.matches("GIT_AUTHOR_NAME").count(), 1, "once");
    // What the person exported does not reach the agent's commands.
    let script = format!(". {}; printenv RAVI_API_KEY GH_TOKEN GITHUB_ENTERPRISE_TOKEN", env.display());
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &script]).current_dir(&tree).env("RAVI_API_KEY", "ravi_mgmt_made_up");
    shell.env("GH_TOKEN", "made-up-human-token").env("GITHUB_ENTERPRISE_TOKEN", "made-up-human-token");
    assert_eq!(String::from_utf8_lossy(&shell.output().expect("it runs").stdout), "");
    assert_eq!(claude(&bed, "SessionStart", payload("SessionStart", &repository), None).ok().stdout, "");

    // Changes keep it, as the workspace that it is.
    std::fs::write(tree.join("work.txt"), "work").expect("written");
    let mut remove = payload("WorktreeRemove", &tree);
    remove["worktree_path"] = json!(tree);
    let kept = claude(&bed, "WorktreeRemove", remove.clone(), None);
    assert!(kept.code != 0 && kept.stderr.contains("hook.git"), "{kept:?}");
    assert_eq!((tree.exists(), bound(&bed).len(), bed.live_keys().await), (true, 1, 1));
    std::fs::remove_file(tree.join("work.txt")).expect("removed");
    claude(&bed, "WorktreeRemove", remove, None).ok();
    assert_eq!((tree.exists(), bound(&bed).len(), bed.live_keys().await), (false, 0, 0));

    // One that cannot be set up is not left behind half.
    bed.fault(json!({ "method": "PATCH", "path": "/api/identities/{id}/", "status": 402, "times": 9, "body": { "detail": "no" } })).await;
    bed.fault(
        json!({ "method": "POST", "path": "/api/identities/", "status": 402, "times": 9, "body": { "detail": "no" } }),
    )
    .await;
    create["name"] = json!("second");
    let failed = claude(&bed, "WorktreeCreate", create.clone(), None);
    assert_eq!((failed.code != 0, failed.stdout.as_str()), (true, ""), "{failed:?}");
    assert!(!repository.join(".claude/worktrees/second").exists());
    for name in ["../../out", "a//b", "a/../b", "/a", "-b", ""] {
        create["name"] = json!(name);
        assert_eq!(claude(&bed, "WorktreeCreate", create.clone(), None).stdout, "", "{name}");
    }
    assert!(!bed.path("out").exists());
}

/// Claude Code switches git's hooks off where it makes a worktree by itself. Filters run for it, too: files of Git LFS.
#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_is_made_without_the_repositorys_hooks_and_no_filter_gets_a_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let proof = |name: &str| bed.path(&format!("ran-{name}"));
    let script = |path: &Path, name: &str, rest: &str| {
        let text = format!("#!/bin/sh\nenv >> {}\n{rest}\n", proof(name).display());
        std::fs::write(path, text).expect("a script");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    };
    for hook in ["post-checkout", "post-index-change", "reference-transaction"] {
        script(&repository.join(".git/hooks").join(hook), "hook", "");
    }
    script(&bed.path("fsmonitor"), "fsmonitor", "exit 1");
    script(&bed.path("smudge"), "smudge", "cat");
    std::fs::write(repository.join(".gitattributes"), "*.bin filter=big\n").expect("a file");
    std::fs::write(repository.join("a.bin"), "text\n").expect("a file");
    let quiet = |args: &[&str]| bed.git(&repository, &[&["-c", "core.hooksPath=/dev/null"], args].concat());
    quiet(&["add", "."]);
    quiet(&["commit", "--quiet", "-m", "Files"]);
    for (key, program) in [("core.fsmonitor", "fsmonitor"), ("filter.big.smudge", "smudge")] {
        bed.git(&repository, &["config", key, bed.path(program).to_str().expect("text")]);
    }
    let tree = create(&bed, &repository, "one");
    assert!(tree.join("a.bin").exists());
    let mut remove = payload("WorktreeRemove", &tree);
    remove["worktree_path"] = json!(tree);
    claude(&bed, "WorktreeRemove", remove, None).ok();
    for name in ["hook", "fsmonitor"] {
        assert!(!proof(name).exists(), "{name} ran");
    }
    let given = std::fs::read_to_string(proof("smudge")).expect("filters run");
    assert!(!given.contains("RAVI_API_KEY") && !given.contains("ravi_mgmt_"), "{given}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_is_made_where_and_from_what_claude_code_would_make_it() {
    let bed = Bed::new().await;
    let upstream = bed.repository("upstream");
    let repository = bed.path("repo");
    bed.git(&upstream, &["clone", "--quiet", ".", repository.to_str().expect("text")]);
    bed.git(&repository, &["checkout", "--quiet", "-b", "feature"]);
    for (name, text) in [(".gitignore", "*.local\n"), (".worktreeinclude", "keys.local\nsub/\n")] {
        std::fs::write(repository.join(name), text).expect("written");
    }
    bed.git(&repository, &["add", "."]);
    bed.git(&repository, &["commit", "--quiet", "-m", "Ahead"]);
    std::fs::create_dir(repository.join("sub")).expect("a folder");
    for name in ["keys.local", "other.local", "sub/deep.local", "sub/plain.txt"] {
        std::fs::write(repository.join(name), name).expect("written");
    }
    let before = std::fs::read(repository.join(".git/config")).expect("it is there");

    let tree = create(&bed, &repository, "topic/one");
    assert_eq!(tree, repository.join(".claude/worktrees/topic+one"));
    assert_eq!(bed.git(&tree, &["symbolic-ref", "--short", "HEAD"]), "worktree-topic+one");
    assert_eq!(bed.git(&tree, &["log", "-1", "--format=%s"]), "Begin", "the remote's default branch");
    let copied = |tree: &Path, name: &str| tree.join(name).exists();
    let names = ["keys.local", "sub/deep.local", "other.local", "sub/plain.txt"];
    assert_eq!(names.map(|name| copied(&tree, name)), [true, true, false, false], "ignored, and named");

    // The setting counts, the project's before the person's.
    std::fs::create_dir_all(bed.path(".claude")).expect("a folder");
    std::fs::write(bed.path(".claude/settings.json"), r#"{"worktree":{"baseRef":"head"}}"#).expect("written");
    let ahead = create(&bed, &repository, "ahead");
    assert_eq!(bed.git(&ahead, &["log", "-1", "--format=%s"]), "Ahead");
    std::fs::write(repository.join(".claude/settings.json"), r#"{"worktree":{"baseRef":"fresh"}}"#).expect("written");
    assert_eq!(
        bed.git(&create(&bed, &tree, "third"), &["log", "-1", "--format=%s"]),
        "Begin",
        "from within one as well"
    );
    let trees = [tree, ahead, repository.join(".claude/worktrees/third")];
    for tree in &trees {
        bed.run(&["release", tree.to_str().expect("text")]).ok();
    }
    assert_eq!(std::fs::read(repository.join(".git/config")).expect("it is there"), before, "no upstream is written");

    // What cannot be set up is taken back with the files that were copied.
    for (method, path) in [("PATCH", "/api/identities/{id}/"), ("POST", "/api/identities/")] {
        let fault = json!({ "method": method, "path": path, "status": 402, "times": 9, "body": { "detail": "no" } });
        bed.fault(fault).await;
    }
    let mut wish = payload("WorktreeCreate", &repository);
    wish["name"] = json!("fourth");
    assert_ne!(claude(&bed, "WorktreeCreate", wish, None).code, 0);
    assert!(!repository.join(".claude/worktrees/fourth").exists());
    assert_eq!(bed.git(&repository, &["branch", "--list", "worktree-fourth"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_code_gets_a_worktree_in_a_repository_of_any_shape() {
    let bed = Bed::new().await;
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    let origin = bed.repository("origin");
    let superproject = bed.repository("super");
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &text(&origin), "lib"];
    bed.git(&superproject, &add);
    bed.git(&superproject, &["commit", "--quiet", "-m", "Add lib"]);
    let separate = bed.path("separate");
    bed.git(&origin, &["clone", "--quiet", "--separate-git-dir", &text(&bed.path("store")), ".", &text(&separate)]);
    let linked = bed.repository("linked");
    std::fs::rename(linked.join(".git"), bed.path("linked-store")).expect("it moves");
    std::os::unix::fs::symlink("../linked-store", linked.join(".git")).expect("a link");
    let bare = bed.path("bare.git");
    bed.git(&origin, &["clone", "--quiet", "--bare", ".", &text(&bare)]);
    let hub = bed.path("hub");
    bed.git(&origin, &["clone", "--quiet", "--bare", ".", &text(&hub.join(".bare"))]);
    std::fs::write(hub.join(".git"), "gitdir: ./.bare\n").expect("written");
    let lines = bed.repository("two\nlines");
    let below = lines.join("below");
    std::fs::create_dir(&below).expect("a folder");
    for (nth, (cwd, root)) in [
        (superproject.join("lib"), superproject.join("lib")),
        (separate.clone(), separate.clone()),
        (linked.clone(), linked),
        (bare.clone(), bare),
        (hub.clone(), hub.clone()),
        (below, lines),
    ]
    .into_iter()
    .enumerate()
    {
        let tree = create(&bed, &cwd, &format!("one-{nth}"));
        assert_eq!(tree, root.join(format!(".claude/worktrees/one-{nth}")), "{}", cwd.display());
        assert!(bed.author(&tree).starts_with(&format!("one-{nth} <")), "{}", cwd.display());
        // From within it, such as an agent of a session there, it is the same place.
        let second = create(&bed, &tree, &format!("two-{nth}"));
        assert_eq!(second, root.join(format!(".claude/worktrees/two-{nth}")), "{}", cwd.display());
        let started = claude(&bed, "SessionStart", payload("SessionStart", &cwd), None).ok();
        assert_eq!(started.stdout, "");
        // One that Claude Code made by itself is set up by the session.
        bed.run(&["release", &text(&second)]).ok();
        claude(&bed, "SessionStart", payload("SessionStart", &second), None).ok();
        assert!(bed.author(&second).starts_with(&format!("two-{nth} <")), "{}", cwd.display());
        for tree in [tree, second] {
            let mut remove = payload("WorktreeRemove", &cwd);
            remove["worktree_path"] = json!(tree);
            claude(&bed, "WorktreeRemove", remove, None).ok();
            assert!(!tree.exists());
        }
    }
    assert_eq!((bound(&bed).len(), bed.live_keys().await), (0, 0));
    // A worktree of the hub that lies beside the git dir belongs to the hub as well.
    let main = hub.join("main");
    bed.git(&hub, &["worktree", "add", "--quiet", "-b", "own", &text(&main)]);
    assert_eq!(create(&bed, &main, "three"), hub.join(".claude/worktrees/three"));
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_of_a_session_are_who_their_own_worktree_says() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let (session, agent) = (create(&bed, &repository, "session"), create(&bed, &repository, "agent-1"));
    let env = bed.path("claude-env");
    claude(&bed, "SessionStart", payload("SessionStart", &session), Some(&env)).ok();
    let commit = |folder: &Path| {
        let text = ". \"$1\" && git commit --quiet --allow-empty -m Work && git log -1 --format=%an && command -v gh";
        let run = in_bed(&bed, "bash", folder).args(["-c", text, "bash"]).arg(&env).output();
        Run::from(run.expect("bash starts")).ok().stdout
    };
    let shim = bed.state().join("bin/gh").display().to_string();
    assert_eq!(commit(&session), format!("session\n{shim}\n"));
    assert_eq!(commit(&agent), format!("agent-1\n{shim}\n"), "it reads the session's file");
    assert_eq!(commit(&repository), format!("session\n{shim}\n"), "elsewhere the session stays who it is");

    // A session beside the worktrees gives its agents the shim, and nobody's name.
    let env = bed.path("claude-env-2");
    claude(&bed, "SessionStart", payload("SessionStart", &repository), Some(&env)).ok();
    let text = std::fs::read_to_string(&env).expect("it is written");
    assert!(text.contains(bed.state().join("bin").to_str().expect("text")) && !text.contains("GIT_"), "{text}");
    let env = bed.path("claude-env-3");
    std::fs::create_dir(bed.path("plain")).expect("a folder");
    claude(&bed, "SessionStart", payload("SessionStart", &bed.path("plain")), Some(&env)).ok();
    assert!(!env.exists());

    // Made by Claude Code itself, which runs no hook of git's: set up when a session begins there. Others are not.
    let own = repository.join(".claude/worktrees/own");
    bed.git(&repository, &["worktree", "add", "--quiet", own.to_str().expect("text")]);
    let other = bed.worktree(&repository, "other");
    for tree in [&own, &other] {
        claude(&bed, "SessionStart", payload("SessionStart", tree), None).ok();
    }
    assert!(bed.author(&own).starts_with("own <"));
    assert!(bed.author(&other).starts_with("Hanna Human <"));
}

/// Claude Code, where it is installed and runs.
fn installed() -> Option<PathBuf> {
    let own = crate::common::project().join("tests/claude/node_modules/.bin/claude");
    let all = [std::env::var_os("RAVI_TEST_CLAUDE").map(PathBuf::from), Some(own), Some("claude".into())];
    let runs = |path: &PathBuf| Command::new(path).arg("--version").output().is_ok_and(|done| done.status.success());
    let found = all.into_iter().flatten().find(runs);
    if found.is_none() {
        eprintln!("skipped: Claude Code is not installed; run scripts/setup test");
    }
    found
}

/// A stand-in for Anthropic's API: each conversation is answered with one tool call, and then is done.
#[derive(Clone)]
struct Model {
    url: String,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Default)]
struct Desk {
    /// What the session is told to do.
    session: Value,
    /// What an agent of the session is told to do.
    agent: Value,
    /// What came of it.
    results: Vec<String>,
}

impl Model {
    async fn start() -> Model {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = axum::Router::new().fallback(answer).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Model { url, desk }
    }

    /// Runs `claude -p` in `folder`, and answers what its tool calls gave.
    async fn run(
        &self,
        claude: &Path,
        bed: &Bed,
        folder: &Path,
        args: &[&str],
        session: Value,
        agent: Value,
    ) -> String {
        *self.desk.lock().expect("no panic") = Desk { session, agent, results: Vec::new() };
        let mut command = in_bed(bed, claude, folder);
        command.args(["-p", "--dangerously-skip-permissions"]).args(args).arg("hi");
        command.env("ANTHROPIC_BASE_URL", &self.url).env("ANTHROPIC_API_KEY", "sk-ant-made-up");
        // Nothing goes anywhere else, and whoever runs the tests as root is in a container.
        command.env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1").env("DISABLE_AUTOUPDATER", "1");
        command.env("IS_SANDBOX", "1").env("TMPDIR", bed.path("")).env("CLAUDE_CONFIG_DIR", bed.path(".claude"));
        for name in ["CLAUDECODE", "CLAUDE_ENV_FILE", "CLAUDE_PROJECT_DIR", "CLAUDE_CODE_SESSION_ID"] {
            command.env_remove(name);
        }
        let run = tokio::process::Command::from(command).kill_on_drop(true).output();
        let output = tokio::time::timeout(Duration::from_secs(180), run).await.expect("it ends").expect("it starts");
        Run::from(output).ok();
        self.desk.lock().expect("no panic").results.join("\n")
    }
}

fn bash(command: &str) -> Value {
    json!({ "name": "Bash", "input": { "command": command, "description": "Look" } })
}

async fn answer(State(desk): State<Arc<Mutex<Desk>>>, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    let mut desk = desk.lock().expect("no panic");
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    let parts = messages.iter().flat_map(|message| message["content"].as_array().cloned().unwrap_or_default());
    let results = parts.filter(|part| part["type"] == "tool_result").map(|part| part["content"].to_string());
    desk.results.extend(results);
    let begun = messages.iter().any(|message| message["role"] == "assistant");
    let tools = request["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == "Bash"));
    let block = match (tools && !begun, messages.first().is_some_and(|first| first.to_string().contains("SUBTASK"))) {
        (false, _) => json!({ "type": "text", "text": "done" }),
        (true, agents) => {
            let call = if agents { &desk.agent } else { &desk.session };
            json!({ "type": "tool_use", "id": "toolu_1", "name": call["name"], "input": call["input"] })
        }
    };
    if request["stream"] == true { stream(block) } else { Json(message(json!([block]))).into_response() }
}

fn message(content: Value) -> Value {
    let usage = json!({ "input_tokens": 1, "output_tokens": 1 });
    let stop = if content[0]["type"] == "tool_use" { "tool_use" } else { "end_turn" };
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "made-up", "content": content,
        "stop_reason": stop, "stop_sequence": null, "usage": usage,
    })
}

fn stream(block: Value) -> Response {
    let whole = message(json!([block]));
    let (mut start, mut empty) = (message(json!([])), block.clone());
    start["stop_reason"] = Value::Null;
    let delta = match block["type"] == "text" {
        true => json!({ "type": "text_delta", "text": block["text"] }),
        false => json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() }),
    };
    match block["type"] == "text" {
        true => empty["text"] = json!(""),
        false => empty["input"] = json!({}),
    }
    let stop = json!({ "stop_reason": whole["stop_reason"], "stop_sequence": null });
    let events = [
        json!({ "type": "message_start", "message": start }),
        json!({ "type": "content_block_start", "index": 0, "content_block": empty }),
        json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": stop, "usage": whole["usage"] }),
        json!({ "type": "message_stop" }),
    ];
    let body = events.map(|e| format!("event: {}\ndata: {e}\n\n", e["type"].as_str().expect("text"))).concat();
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_claude_code_works_as_the_workspace_and_its_agents_as_theirs() {
    let Some(claude) = installed() else { return };
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let manual = std::fs::read_to_string(crate::common::project().join("docs/orchestrators.md"));
    let manual = manual.expect("it is there");
    let printed = manual.split("## Claude Code").nth(1).and_then(|text| text.split("```json").nth(1));
    let settings = printed.and_then(|text| text.split("```").next()).expect("settings");
    std::fs::create_dir(repository.join(".claude")).expect("a folder");
    std::fs::write(repository.join(".claude/settings.local.json"), settings).expect("written");
    // For the user too: both hooks run, and make one.
    bed.run(&["hook", "claude", "install"]).ok();

    let model = Model::start().await;
    let run = |session: Value, agent: Value| {
        model.run(&claude, &bed, &repository, &["--worktree", "fix-auth"], session, agent)
    };
    let address = run(bash("git config user.email"), Value::Null).await;
    let all = bound(&bed);
    assert_eq!(all.len(), 1, "{all:?}");
    let (email, path) = (all[0]["identity"]["email"].as_str().expect("text"), all[0]["path"].as_str().expect("text"));
    assert_eq!(address, format!("\"{email}\""));
    assert!(path.ends_with(".claude/worktrees/fix-auth"), "{path}");

    // It sleeps, a session wakes it, and what the session's shells are given arrives there.
    bed.run(&["suspend", path]).ok();
    let seen = run(bash("env | grep AUTHOR_EMAIL; command -v gh; env | grep -c ravi_id_"), Value::Null).await;
    assert!(seen.contains(email) && seen.contains(bed.state().join("bin/gh").to_str().expect("text")), "{seen}");
    assert!(seen.ends_with("\\n0\""), "no key: {seen}");
    assert_eq!((bound(&bed)[0]["state"].as_str(), bound(&bed).len()), (Some("ready"), 1));

    let agent = json!({ "name": "Agent", "input": {
        "description": "Part", "prompt": "SUBTASK", "subagent_type": "general-purpose", "isolation": "worktree" } });
    run(agent, bash("git commit --allow-empty -m Part")).await;
    let authors = bed.git(&repository, &["log", "--all", "--grep=Part", "--format=%an"]);
    assert!(authors.starts_with("agent-") && authors.lines().count() == 1, "as its own worktree says: {authors}");
}
