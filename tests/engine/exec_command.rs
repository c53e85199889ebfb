//! What a child process of a workspace is given, and what of it is seen in its output.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{Bed, Run};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

const GH_TOKEN: &str = "ghp_MadeUpWorkspaceToken0123456789";
const OWN: &str = "made-up-own-value-4711";
const HOSTS: &str = "made-up \"host\" value/4712";

/// What holds tokens and keys of the person's.
const PERSONS: [&str; 5] =
    ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "RAVI_API_KEY"];

/// A test bed with one workspace that has secrets of its own, and the host's.
struct Room {
    bed: Bed,
    path: PathBuf,
    provisioned: Value,
}

impl Room {
    async fn new() -> Room {
        let bed = Bed::new().await;
        let repository = bed.repository("repo");
        let path = bed.worktree(&repository, "one");
        let provisioned = bed.run(&Bed::provision_args(&path, "w1", "payments agent")).ok().json();
        let room = Room { bed, path, provisioned };
        room.store("GH_TOKEN", GH_TOKEN).await;
        room.store("SHARED", OWN).await;
        room.bed.run_with_input(&["secret", "set", "SHARED"], "made-up-other-value").ok();
        room.bed.run_with_input(&["secret", "set", "HOSTS"], HOSTS).ok();
        room
    }

    /// Puts a secret into the workspace identity's own vault.
    async fn store(&self, key: &str, value: &str) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let identity = self.provisioned["identity"]["uuid"].as_str().expect("text");
        let sent = client
            .post(format!("{}/api/secrets/", self.bed.base_url))
            .bearer_auth(self.bed.key.expose_secret())
            .query(&[("identity", identity)])
            .json(&json!({ "key": key, "value": value }))
            .send()
            .await
            .expect("ravi-local answers");
        assert!(sent.status().is_success(), "{}", sent.status());
    }

    fn key(&self) -> String {
        let config = std::fs::read_to_string(self.bed.key_file("w1")).expect("it is there");
        let config: Value = serde_json::from_str(&config).expect("JSON");
        config["identity_key"].as_str().expect("text").to_owned()
    }

    fn exec(&self, options: &[&str], words: &[&str]) -> Command {
        let mut program = self.bed.program();
        program.args(["exec", self.path.to_str().expect("text")]).args(options).arg("--").args(words);
        program.env("GH_TOKEN", "made-up-human-token").env("GITHUB_TOKEN", "made-up-human-token-2");
        program
    }

    fn run(&self, options: &[&str], words: &[&str]) -> Run {
        self.exec(options, words).output().expect("it starts").into()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_gets_author_keys_and_secrets_and_nothing_of_the_humans() {
    let room = Room::new().await;
    let run = room.run(&["--no-mask", "--secret", "SHARED", "--secret", "hosts"], &["env", "-0"]);
    let run = run.ok();
    let env: Vec<(&str, &str)> = run.stdout.split_terminator('\0').filter_map(|line| line.split_once('=')).collect();
    let value = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
    let identity = &room.provisioned["identity"];
    for who in ["AUTHOR", "COMMITTER"] {
        assert_eq!(value(&format!("GIT_{who}_NAME")), Some("payments agent"));
        assert_eq!(value(&format!("GIT_{who}_EMAIL")), identity["email"].as_str());
    }
    assert_eq!(value("RAVI_IDENTITY"), identity["uuid"].as_str());
    assert_eq!(value("RAVI_API_KEY"), Some(room.key().as_str()), "the identity's, not the account's");
    assert_eq!(value("GH_TOKEN"), Some(GH_TOKEN));
    assert_eq!(value("GITHUB_TOKEN"), None);
    assert_eq!(value("SHARED"), Some(OWN), "the workspace's own before the host's");
    assert_eq!(value("HOSTS"), Some(HOSTS));
    let commit = ["git", "commit", "--quiet", "--allow-empty", "-m", "Work"];
    room.exec(&[], &commit)
        .env("GIT_DIR", "/nowhere")
        .status()
        .expect("it runs")
        .success()
        .then_some(())
        .expect("done");
    let author = room.bed.git(&room.path, &["log", "-1", "--format=%an <%ae> %cn <%ce>"]);
    let expected = format!("payments agent <{0}> payments agent <{0}>", identity["email"].as_str().expect("text"));
    assert_eq!(author, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_of_the_persons_is_handed_over_where_the_workspace_has_none() {
    let bed = Bed::new().await;
    let path = bed.worktree(&bed.repository("repo"), "two");
    let text = path.to_str().expect("text");
    bed.run(&[&["provision", text, "--id", "w2", "--name", "two", "--share", "--no-key"][..]].concat()).ok();
    let with_tokens = |command: &mut Command| {
        command.envs(PERSONS.iter().filter(|name| **name != "RAVI_API_KEY").map(|name| (name, "made-up-human-token")));
        command.env("SSH_AUTH_SOCK", "/made-up/agent");
    };
    for (flag, agent) in [(&[][..], true), (&["--no-ssh-agent"], false)] {
        let mut program = bed.program();
        with_tokens(&mut program);
        program.args(["exec", text, "--no-mask"]).args(flag).args(["--", "env", "-0"]);
        let shown = Run::from(program.output().expect("it starts")).ok().stdout;
        let names: Vec<&str> = shown.split('\0').filter_map(|line| line.split('=').next()).collect();
        assert!(!PERSONS.iter().any(|name| names.contains(name)), "{names:?}");
        assert_eq!(names.contains(&"SSH_AUTH_SOCK"), agent);
    }

    let config = bed.run(&["hook", "codex", "thread-config", text, "--json"]).ok().json();
    for name in PERSONS {
        assert_eq!(config[format!("shell_environment_policy.set.{name}")], "", "{name}");
    }
    // In a shell; but what `exec` gave to this very workspace stays.
    for shell in ["bash", "zsh", "fish"] {
        let script = bed.run(&["env", text, "--shell", shell, "--no-ssh-agent"]).ok().stdout;
        for (given, kept) in [("w2", true), ("w1", false), ("", false)] {
            let mut command = Command::new(shell);
            command.args(["-c", &format!("{script}env")]).env("RAVI_API_KEY", "made-up-human-key");
            with_tokens(&mut command);
            command.env("RAVI_WORKSPACE_GIVEN", given);
            let Ok(output) = command.output() else { continue };
            let names = String::from_utf8_lossy(&output.stdout).into_owned();
            for name in PERSONS.iter().chain([&"SSH_AUTH_SOCK"]) {
                let there = names.lines().any(|line| line.starts_with(&format!("{name}=")));
                assert_eq!(there, kept, "{shell} {given} {name}: {output:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_its_program_though_others_keep_the_output_open() {
    let room = Room::new().await;
    let begun = std::time::Instant::now();
    let run = room.run(&[], &["sh", "-c", "sleep 30 & printf 'said %s' \"$GH_TOKEN\"; exit 5"]);
    assert!(begun.elapsed() < std::time::Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!((run.code, run.stdout.as_str()), (5, "said [masked]"));
    assert!(run.stderr.contains("note: sh has ended") && run.stderr.lines().count() == 1, "{run:?}");
    // All that was written by then is passed on, and with nobody left there is nothing to say.
    let run = room.run(&[], &["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"]);
    assert_eq!((run.code, run.stdout.len(), run.stderr.as_str()), (0, 3_000_000, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_usual_programs_make_of_a_value_is_masked() {
    let room = Room::new().await;
    let value = "v=\"$GH_TOKEN\"";
    for program in [
        "printf %s \"$v\" | xxd -p",
        "printf 'a line before %s and after' \"$v\" | xxd",
        "printf 'a line before %s and after' \"$v\" | xxd -u -g 1 -c 8",
        "printf 'a line before %s and after' \"$v\" | od -tx1",
        "printf 'a line before %s and after' \"$v\" | od -An -tx1",
        "printf 'a line before %s and after' \"$v\" | hexdump -C",
        "printf 'a line before %s and after' \"$v\" | base64 -w 20",
        "printf 'a line before %s and after' \"$v\" | base64 -w 30",
        "printf 'a line before %s and after' \"$v\" | base64",
        "printf '%s\\n' \"$v\" | grep --color=always MadeUp",
    ] {
        let run = room.run(&[], &["sh", "-c", &format!("{value}; {program}")]).ok();
        let shown = run.stdout.to_lowercase();
        assert!(shown.contains("[masked]"), "{program}: {run:?}");
        let pairs: String = "MadeUpWorkspaceToken".bytes().map(|b| format!("{b:02x}")).collect();
        let digits: String = shown.chars().filter(char::is_ascii_alphanumeric).collect();
        for piece in ["workspace", "token012", "tfdvcmtz", &pairs[..12], &pairs[20..32]] {
            assert!(!digits.contains(piece), "{program}, {piece}: {run:?}");
        }
    }
    let escaped: String = GH_TOKEN.chars().map(|c| format!("\\\\u{:04x}", u32::from(c))).collect();
    let run = room.run(&[], &["sh", "-c", &format!("printf '\"{escaped}\"'")]).ok();
    assert_eq!(run.stdout, "\"[masked]\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_core_is_dumped_of_us_and_the_child_may_as_before() {
    let room = Room::new().await;
    let limit = |pid: &str| format!("awk '/Max core/ {{ print $5 }}' /proc/{pid}/limits");
    // Ours is lowered again as soon as the child runs, which may be a moment after the child looks.
    let ours =
        format!("n=0; until [ \"$({0})\" = 0 ] || [ $n = 500 ]; do n=$((n+1)); sleep 0.01; done; {0}", limit("$PPID"));
    let program = room.exec(&[], &["sh", "-c", &format!("{ours}; {}", limit("self"))]);
    // As much as is allowed to whoever runs the tests.
    let mut shell = Command::new("sh");
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.args(["-c", &format!("ulimit -c \"$(ulimit -Hc)\"; {}; exec \"$0\" \"$@\"", limit("self"))]);
    let run = Run::from(shell.arg(program.get_program()).args(program.get_args()).output().expect("it starts")).ok();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!((lines.len(), lines[1], lines[2]), (3, "0", lines[0]), "before, ours, the child's: {lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_where_it_is_told_and_input_output_and_exit_code_pass_through() {
    let room = Room::new().await;
    let below = room.path.join("sub folder");
    std::fs::create_dir(&below).expect("a folder");
    let path = below.to_str().expect("text").to_owned();
    let run = room.bed.run(&["exec", &path, "--", "sh", "-c", "pwd; echo oops >&2; exit 7"]);
    assert_eq!((run.code, run.stderr.as_str()), (7, "oops\n"));
    assert_eq!(Path::new(run.stdout.trim_end()), below.canonicalize().expect("it is there"));
    let echoed = room.bed.run_with_input(&["exec", &path, "--", "cat"], "one\ntwo").ok();
    assert_eq!(echoed.stdout, "one\ntwo");
    assert_eq!(room.run(&[], &["sh", "-c", "kill -TERM $$"]).code, 128 + 15);
    assert_eq!(room.run(&["--no-mask"], &["sh", "-c", "exit 9"]).code, 9);
    let missing = room.run(&["--json"], &["no-such-program-here"]);
    assert_eq!((missing.code, missing.error_code().as_str()), (4, "exec.not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_is_masked_in_every_form() {
    let room = Room::new().await;
    let script = r#"
        printf '%s %s %s\n' "$GH_TOKEN" "$RAVI_API_KEY" "$HOSTS" >&2
        printf '%s' "$GH_TOKEN" | base64
        env | base64
        printf '%s' "$HOSTS" | sed 's/ /%20/g; s/"/%22/g; s,/,%2F,g'
        printf '\n{"v":"%s"}\n' "$(printf '%s' "$HOSTS" | sed 's/"/\\"/g')"
        printf '%s' "$GH_TOKEN" | cut -c1-9 | tr -d '\n'; sleep 0.05; printf '%s' "$GH_TOKEN" | cut -c10-
        printf 'plain \377 bytes\n'"#;
    let mut program = room.exec(&["--secret", "HOSTS"], &["sh", "-c", script]);
    let output = program.output().expect("it starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(stderr, "[masked] [masked] [masked]\n");
    assert!(stdout.starts_with("[masked]==\n"), "{stdout}");
    assert!(stdout.contains("\n[masked]\n{\"v\":\"[masked]\"}\n[masked]\nplain"), "{stdout}");
    assert!(output.stdout.ends_with(b"plain \xff bytes\n"));
    let key = room.key();
    for secret in [GH_TOKEN, HOSTS, key.as_str()] {
        assert!(!stdout.contains(secret));
    }
    // `env | base64` wraps at 76 characters; decoded again, no value is left whole.
    let encoded: String = stdout.lines().skip(1).take_while(|l| !l.contains('%')).collect();
    assert!(encoded.matches("[masked]").count() >= 3, "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_without_a_newline_is_seen_before_it_is_answered() {
    let room = Room::new().await;
    let script = r#"printf 'Token? '; read answer; printf 'got %s\n' "$answer""#;
    let mut program = room.exec(&[], &["sh", "-c", script]);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut out = child.stdout.take().expect("its output");
    let mut prompt = [0; 7];
    // Blocks for ever if the prompt is held back.
    out.read_exact(&mut prompt).expect("a prompt");
    assert_eq!(&prompt, b"Token? ");
    let mut input = child.stdin.take().expect("its input");
    writeln!(input, "{GH_TOKEN}").expect("it reads");
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "got [masked]\n");
    assert!(child.wait().expect("it ends").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_reach_the_child() {
    let room = Room::new().await;
    for (name, options) in [("TERM", &[][..]), ("HUP", &[]), ("USR1", &[]), ("TERM", &["--no-mask"])] {
        let script = format!("trap 'echo got {name}; exit 33' {name}; echo ready; while :; do sleep 0.02; done");
        let mut program = room.exec(options, &["sh", "-c", &script]);
        let mut child = program.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        assert_eq!(lines.next().expect("a line").expect("text"), "ready");
        let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
        assert!(sent.expect("kill starts").success());
        assert_eq!(lines.next().expect("a line").expect("text"), format!("got {name}"));
        assert_eq!(child.wait().expect("it ends").code(), Some(33));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_change_what_runs_are_refused() {
    let room = Room::new().await;
    for name in ["PATH", "LD_PRELOAD", "NODE_OPTIONS", "BASH_ENV", "GIT_CONFIG_COUNT", "git_ssh_command"] {
        let run = room.run(&["--json", "--secret", name], &["true"]);
        assert_eq!((run.code, run.error_code().as_str()), (6, "exec.refused_name"), "{name}");
    }
    let run = room.run(&["--json", "--secret", "NO_SUCH"], &["true"]);
    assert_eq!((run.code, run.error_code().as_str()), (4, "secret.not_found"));
    let run = room.bed.run(&["exec", room.bed.path("repo").to_str().expect("text"), "--json", "--", "true"]);
    assert_eq!((run.code, run.error_code().as_str()), (4, "workspace.unbound"));
    room.bed.stop_ravi().await;
    let run = room.run(&["--json"], &["echo", "ran"]);
    assert_eq!((run.code, run.error_code().as_str()), (5, "api.unreachable"), "nothing runs without its keys");
    assert!(!run.stdout.contains("ran"));
}

#[tokio::test(flavor = "multi_thread")]
async fn env_shows_what_is_no_secret_also_without_ravi() {
    let room = Room::new().await;
    room.bed.stop_ravi().await;
    let path = room.path.to_str().expect("text");
    let run = room.bed.run(&["env", path, "--json"]).ok();
    let identity = &room.provisioned["identity"];
    let email = &identity["email"];
    let mut shown = run.json();
    let env = shown["env"].as_object_mut().expect("an object");
    // What git reads in repositories below names no secret either.
    let below: Vec<_> = env.keys().filter(|name| name.starts_with("GIT_CONFIG_")).cloned().collect();
    let below: Vec<_> = below.iter().filter_map(|name| env.remove(name)).collect();
    assert!(below.iter().any(|value| value == &json!(format!("includeIf.gitdir:{path}/.path"))), "{below:?}");
    assert_eq!(
        shown,
        json!({
            "env": {
                "GIT_AUTHOR_NAME": "payments agent", "GIT_AUTHOR_EMAIL": email,
                "GIT_COMMITTER_NAME": "payments agent", "GIT_COMMITTER_EMAIL": email,
                "RAVI_IDENTITY": identity["uuid"], "RAVI_WORKSPACE_ID": "w1",
            },
            "path_prepend": room.bed.state().canonicalize().expect("it is there").join("bin"),
            "unset": PERSONS,
        })
    );
    for text in [&run.stdout, &room.bed.run(&["env", path]).ok().stdout] {
        assert!(!text.contains(GH_TOKEN) && !text.contains(&room.key()));
    }
    let odd = room.bed.path("odd");
    std::fs::create_dir(&odd).expect("a folder");
    assert_eq!(room.bed.run(&["env", odd.to_str().expect("text"), "--json"]).error_code(), "workspace.unbound");
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_take_over_what_env_prints() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let path = bed.worktree(&repository, "one");
    let name = r#"it's $HOME `x` \ "quoted""#;
    bed.run(&Bed::provision_args(&path, "w1", name)).ok();
    let dir = bed.state().join("bin");
    std::fs::create_dir(&dir).expect("a folder");
    std::fs::write(dir.join("gh"), "").expect("a file");
    for shell in ["bash", "zsh", "fish"] {
        let script = bed.run(&["env", path.to_str().expect("text"), "--shell", shell]).ok().stdout;
        let test = format!("{script}{script}printf '%s\\n' \"$GIT_AUTHOR_NAME\"; printenv PATH");
        let Ok(output) = Command::new(shell).arg("-c").arg(&test).env("PATH", "/usr/bin:/bin").output() else {
            eprintln!("skipped: {shell} is not installed");
            continue;
        };
        let text = String::from_utf8(output.stdout).expect("text");
        let real = dir.canonicalize().expect("it is there");
        assert_eq!(text, format!("{name}\n{}:/usr/bin:/bin\n", real.display()), "{shell}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_library_makes_the_same_commands() {
    let room = Room::new().await;
    let workspace = room.bed.ravi().workspaces().open(&room.path).await.expect("it is bound");
    let script = r#"printf '%s %s' "$GH_TOKEN" "$GIT_AUTHOR_NAME""#;
    let expected = format!("{GH_TOKEN} payments agent");
    let output = workspace.command("sh").await.expect("a command").args(["-c", script]).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let mut command = workspace.tokio_command("sh").await.expect("a command");
    let output = command.args(["-c", script]).output().await.expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let handover = workspace.handover(&["SHARED"]).await.expect("it is there");
    assert!(!format!("{workspace:?}{handover:?}").contains(OWN));
}
