//! What a real Codex does with what it is told about a workspace: its app-server runs a thread, a stand-in model on
//! loopback asks for one command, and the command's output says what an agent can do.
//!
//! Skipped, with the reason printed, where Codex is not installed (`scripts/setup test`) or cannot make its sandbox.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::common::Bed;
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Codex, where it is installed and runs.
pub fn installed() -> Option<PathBuf> {
    let path = crate::common::project().join("tests/codex/node_modules/.bin/codex");
    let runs = Command::new(&path).arg("--version").output().is_ok_and(|output| output.status.success());
    if !runs {
        eprintln!("skipped: Codex is not installed; run scripts/setup test");
    }
    runs.then_some(path)
}

/// Codex, where it is installed and can make a sandbox.
fn codex() -> Option<PathBuf> {
    let path = installed()?;
    let scratch = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(scratch.path().join("tmp")).expect("a folder");
    let sandboxed = Command::new(&path)
        .args(["sandbox", "--", "true"])
        .env("CODEX_HOME", scratch.path())
        .env("TMPDIR", scratch.path().join("tmp"))
        .current_dir(scratch.path())
        .output();
    match sandboxed {
        Ok(output) if output.status.success() => Some(path),
        other => {
            eprintln!("skipped: Codex cannot make its sandbox here: {other:?}");
            None
        }
    }
}

/// A model that asks for one shell command, and then is done.
pub async fn model(command: &str) -> MockServer {
    let call = json!({
        "type": "function_call", "call_id": "c1", "name": "exec_command", "arguments": json!({ "cmd": command }).to_string(),
    });
    let text = json!({
        "type": "message", "role": "assistant", "id": "m1", "content": [{ "type": "output_text", "text": "done" }],
    });
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(stream(&call)).up_to_n_times(1).mount(&server).await;
    Mock::given(method("POST")).respond_with(stream(&text)).mount(&server).await;
    server
}

fn stream(item: &Value) -> ResponseTemplate {
    let usage = json!({ "input_tokens": 0, "output_tokens": 0, "total_tokens": 0 });
    let events = [
        json!({ "type": "response.created", "response": { "id": "r1" } }),
        json!({ "type": "response.output_item.done", "item": item }),
        json!({ "type": "response.completed", "response": { "id": "r1", "usage": usage } }),
    ];
    let body = events.map(|e| format!("event: {}\ndata: {e}\n\n", e["type"].as_str().expect("text"))).concat();
    ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")
}

pub struct AppServer {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    last: u64,
}

impl AppServer {
    fn start(codex: &Path, bed: &Bed) -> AppServer {
        let home = bed.path("codex-home");
        std::fs::create_dir_all(&home).expect("a folder");
        Self::start_in(codex, bed, &home, &[])
    }

    /// One with this folder of Codex's, and more in its environment.
    pub fn start_in(codex: &Path, bed: &Bed, home: &Path, env: &[(&str, &str)]) -> AppServer {
        std::fs::create_dir_all(bed.path("tmp")).expect("a folder");
        let mut command = Command::new(codex);
        command.arg("app-server").env("HOME", bed.path("")).env("CODEX_HOME", home).env("TMPDIR", bed.path("tmp"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", bed.path("gitconfig"));
        command.envs(env.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("Codex starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut server = AppServer { child, lines, last: 0 };
        let client = json!({ "name": "test", "title": "Test", "version": "0.0.1" });
        server.call("initialize", json!({ "clientInfo": client, "capabilities": { "experimentalApi": true } }));
        server.send(&json!({ "method": "initialized" }));
        server
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.child.stdin.as_ref().expect("its input"), "{message}").expect("it reads");
    }

    fn receive(&mut self) -> Value {
        let line = self.lines.next().expect("Codex runs").expect("text");
        serde_json::from_str(&line).expect("JSON")
    }

    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.send(&json!({ "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// Runs one turn and answers what its command printed.
    pub fn turn(&mut self, thread: &str) -> String {
        self.call("turn/start", json!({ "threadId": thread, "input": [{ "type": "text", "text": "go" }] }));
        let mut output = None;
        loop {
            let message = self.receive();
            let item = &message["params"]["item"];
            if message["method"] == "item/completed" && item["type"] == "commandExecution" {
                output = item["aggregatedOutput"].as_str().map(str::to_owned);
            }
            if message["method"] == "turn/completed" {
                return output.unwrap_or_else(|| panic!("no command was run: {message}"));
            }
        }
    }
}

impl Drop for AppServer {
    /// The end of its input ends it, and lets it tidy up.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Two workspaces of one repository, a person's own keys, and helper programs.
struct Room {
    bed: Bed,
    repository: PathBuf,
    one: PathBuf,
    two: PathBuf,
}

impl Room {
    async fn new() -> Room {
        let bed = Bed::new().await;
        let repository = bed.repository("repo");
        let one = bed.worktree(&repository, "one");
        let two = bed.worktree(&repository, "two");
        bed.run(&Bed::provision_args(&one, "w1", "payments agent")).ok();
        bed.run(&Bed::provision_args(&two, "w2", "search agent")).ok();
        for (name, content) in [(".ravi/token", "HUMAN"), (".config/gh/hosts.yml", "HUMAN"), ("state/bin/gh", "")] {
            let path = bed.path(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
        Room { bed, repository, one, two }
    }

    /// What `ravi-workspace hook codex` prints for a workspace.
    fn told(&self, what: &str, path: &Path) -> Value {
        self.bed.run(&["hook", "codex", what, path.to_str().expect("text"), "--json"]).ok().json()
    }

    fn config(&self, path: &Path, model: &MockServer) -> Value {
        let mut config = self.told("thread-config", path);
        for more in [self.told("profile", path), fake_model(model)] {
            let more = more.as_object().expect("an object").clone();
            config.as_object_mut().expect("an object").extend(more);
        }
        config
    }
}

pub fn fake_model(model: &MockServer) -> Value {
    json!({
        "model": "stand-in",
        "model_provider": "stand-in",
        "model_providers.stand-in": { "name": "stand-in", "base_url": format!("{}/v1", model.uri()), "wire_api": "responses" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_commits_as_its_workspace_and_reaches_no_other() {
    let Some(codex) = codex() else { return };
    let room = Room::new().await;
    let git = room.repository.join(".git");
    let script = room.bed.path("agent.sh");
    // Each attempt says what came of it; nothing is expected to stop the script.
    let text = format!(
        r#"
try() {{ name=$1; shift; if ( "$@" ) >/dev/null 2>&1; then echo "$name: yes"; else echo "$name: no"; fi; }}
write() {{ echo changed >> "$1"; }}
echo "author: $GIT_AUTHOR_NAME <$GIT_AUTHOR_EMAIL>"
case ":$PATH:" in *":{state}/bin:"*) echo "helpers: yes" ;; *) echo "helpers: no" ;; esac
echo work > work.txt
try add git add work.txt
try commit git commit -m Work
try own-key cat "{state}"/homes/*/.ravi/config.json
try human-ravi cat "$HOME/.ravi/token"
try human-gh cat "$HOME/.config/gh/hosts.yml"
try ledger cat "{state}/ledger.db"
try machine-key cat "{state}/machine.key"
try other-files write "{two}/file"
for name in hooks/pre-commit config config.worktree info/exclude worktrees/two/HEAD \
    ravi-workspaces.gitconfig worktrees/one/ravi-workspace.gitconfig \
    worktrees/one/commondir worktrees/one/gitdir worktrees/one/ravi-workspace.json; do
  try "write $name" write "{git}/$name"
done
try dot-git write .git
"#,
        state = room.bed.state().display(),
        two = room.two.display(),
        git = git.display(),
    );
    std::fs::write(&script, text).expect("a script");
    let model = model(&format!("sh '{}'", script.display())).await;
    let before = std::fs::read(git.join("config")).expect("it is there");
    let mut server = AppServer::start(&codex, &room.bed);
    let params = json!({ "cwd": room.one, "approvalPolicy": "never", "config": room.config(&room.one, &model) });
    let thread = server.call("thread/start", params)["thread"]["id"].as_str().expect("text").to_owned();
    let said = server.turn(&thread);
    drop(server);
    let author = room.bed.git(&room.one, &["log", "-1", "--format=%an <%ae> %s"]);
    assert!(author.starts_with("payments agent <") && author.ends_with("> Work"), "{author}\n{said}");
    let lines: Vec<&str> = said.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let allowed = ["helpers", "add", "commit"];
    for line in &lines[1..] {
        let (name, answer) = line.split_once(": ").expect("name and answer");
        assert_eq!(answer == "yes", allowed.contains(&name), "{said}");
    }
    assert_eq!(lines.len(), 1 + allowed.len() + 7 + 10, "{said}");
    assert!(lines[0].starts_with("author: payments agent <"), "{said}");
    assert_eq!(std::fs::read(git.join("config")).expect("it is there"), before);
    // Codex puts an empty file where a missing one is to be kept from the agent, and one that is killed leaves it.
    for missing in ["config.worktree", "hooks/pre-commit"] {
        assert_eq!(std::fs::read(git.join(missing)).unwrap_or_default(), b"", "{missing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_of_one_server_have_their_own_authors_and_nothing_secret() {
    let Some(codex) = codex() else { return };
    let room = Room::new().await;
    let home = room.bed.path("codex-home");
    std::fs::create_dir_all(&home).expect("a folder");
    // As where a daemon has the account's key in its environment.
    let machine = [("RAVI_API_KEY", "made-up-management-key")];
    let mut server = AppServer::start_in(&codex, &room.bed, &home, &machine);
    for (id, path, name) in [("w1", &room.one, "payments agent"), ("w2", &room.two, "search agent")] {
        let model = model("printenv GIT_AUTHOR_NAME; printenv GIT_COMMITTER_NAME; printenv RAVI_API_KEY").await;
        let config = room.config(path, &model);
        let key = std::fs::read_to_string(room.bed.key_file(id)).expect("it is there");
        let key: Value = serde_json::from_str(&key).expect("JSON");
        assert!(!config.to_string().contains(key["identity_key"].as_str().expect("text")));
        // Whether the first commands of a thread have what is set is chance in a login shell.
        assert_eq!(config["allow_login_shell"], false);
        let params = json!({ "cwd": path, "approvalPolicy": "never", "config": config });
        let thread = server.call("thread/start", params)["thread"]["id"].as_str().expect("text").to_owned();
        assert_eq!(server.turn(&thread).replace('\r', ""), format!("{name}\n{name}\n\n"));
        for snapshot in std::fs::read_dir(home.join("shell_snapshots")).into_iter().flatten() {
            let text = std::fs::read_to_string(snapshot.expect("a file").path()).unwrap_or_default();
            assert!(!text.contains("made-up-management-key"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_works_from_config_toml_too() {
    let Some(codex) = codex() else { return };
    let room = Room::new().await;
    let mut signed = Bed::provision_args(&room.two, "w2", "search agent");
    signed.push("--sign".into());
    room.bed.run(&signed).ok();
    room.bed.run(&Bed::provision_args(&room.repository, "w3", "main agent")).ok();
    let home = room.bed.path("codex-home");
    std::fs::create_dir_all(&home).expect("a folder");
    std::fs::create_dir_all(room.bed.path("tmp")).expect("a folder");
    // A linked worktree, one that signs, and a main checkout.
    for folder in [&room.one, &room.two, &room.repository] {
        let toml = room.bed.run(&["hook", "codex", "profile", folder.to_str().expect("text")]).ok().stdout;
        let name = toml.strip_prefix("[permissions.").and_then(|rest| rest.split('.').next()).expect("a name");
        std::fs::write(home.join("config.toml"), format!("default_permissions = \"{name}\"\n\n{toml}"))
            .expect("a file");
        let run = |words: &[&str]| {
            let mut command = Command::new(&codex);
            command.args(["sandbox", "-P", name, "-C"]).arg(folder).arg("--").args(words).current_dir(folder);
            command.env("HOME", room.bed.path("")).env("CODEX_HOME", &home).env("TMPDIR", room.bed.path("tmp"));
            command.output().expect("Codex starts")
        };
        let output = run(&["git", "commit", "--allow-empty", "-m", "Work"]);
        assert!(output.status.success(), "{}: {output:?}", folder.display());
        let signers = room.repository.join(".git/worktrees/two/ravi-allowed-signers");
        let config = room.repository.join(".git/config");
        for refused in [&signers, &config] {
            let output = run(&["sh", "-c", "echo more >> \"$1\"", "sh", refused.to_str().expect("text")]);
            assert!(!output.status.success(), "{}: {output:?}", folder.display());
        }
        let output = run(&["cat", room.bed.path(".ravi/token").to_str().expect("text")]);
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_shell_has_the_helpers_after_install_and_not_after_uninstall() {
    let room = Room::new().await;
    let profile = room.bed.path(".profile");
    let original = "# mine\nexport EDITOR=vi";
    std::fs::write(&profile, original).expect("a file");
    let hook = |action: &str| {
        let mut program = room.bed.program();
        let output = program.args(["hook", "codex", action, "--json"]).env("SHELL", "/bin/bash").output();
        crate::common::Run::from(output.expect("it starts")).ok().json()
    };
    let path = || {
        let mut shell = Command::new("bash");
        shell.args(["-lc", "printf %s \"$PATH\"; printf ' %s' \"$EDITOR\""]).env("HOME", room.bed.path(""));
        String::from_utf8(shell.output().expect("bash starts").stdout).expect("text")
    };
    let dir = room.bed.state().canonicalize().expect("it is there").join("bin");
    let first = format!("{}:", dir.display());
    assert_eq!(hook("install")["changed"], true);
    assert_eq!(hook("install")["changed"], false);
    assert!(path().starts_with(&first) && path().ends_with(" vi"), "{}", path());
    assert_eq!(hook("uninstall"), json!({ "file": profile, "installed": false, "changed": true }));
    assert!(!path().starts_with(&first));
    assert_eq!(std::fs::read_to_string(&profile).expect("it is there"), original);
}
