//! The leak hunt: made-up secrets are put through every command, every class of failure and the finest log, and are then
//! looked for in everything that comes out: output, files, arguments. They are found only where they are meant to be.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::codex_common;
use crate::common::leaks::Searcher;
use crate::common::{Bed, Run, files_with};
use ravi_workspace_core::api::{AnyKey, Client, ClientOptions};
use ravi_workspace_core::vault::NewValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

const BUNDLE: &str = r#"{"entries":[
    {"key":"POOLED","from":{"pool":"POOL_KEY"}}, {"key":"COPIED","from":{"copy":"SHARED"}},
    {"key":"MADE","from":{"generate":40}}, {"key":"GH_TOKEN","from":{"copy":"AGENT_GH_TOKEN"}}]}"#;

/// A value that looks different in every encoding, and begins and ends like no other one.
fn canary(name: &str) -> String {
    format!("{name}-canary-made-up \"quoted\" \\ /+%&=?é of {name}-yranac")
}

struct Hunt {
    bed: Bed,
    tree: PathBuf,
    secrets: Vec<(&'static str, String)>,
    searcher: Searcher,
    commands: BTreeSet<String>,
    runs: usize,
}

impl Hunt {
    async fn new() -> Hunt {
        let bed = Bed::new().await;
        let repository = bed.repository("repo");
        let tree = bed.worktree(&repository, "one");
        std::fs::create_dir(bed.path("codex")).expect("a folder");
        let mut secrets: Vec<_> = ["shared", "pooled", "daemon", "second", "rotated", "own"]
            .map(|name| (name, canary(&format!("hunted-{name}"))))
            .into();
        secrets.extend([
            ("management key", bed.key.expose_secret().to_owned()),
            ("GitHub token", "ghp_huntedMadeUpGitHubToken0123456789".to_owned()),
            ("passphrase", "hunted made up words for a recovery".to_owned()),
            ("Codex login", "hunted-made-up-refresh-token-of-codex".to_owned()),
        ]);
        let searcher = searcher(&secrets);
        Hunt { bed, tree, secrets, searcher, commands: BTreeSet::new(), runs: 0 }
    }

    /// One more secret to look for.
    fn also(&mut self, name: &'static str, value: String) {
        self.secrets.push((name, value));
        self.searcher = searcher(&self.secrets);
    }

    fn value(&self, name: &str) -> String {
        self.secrets.iter().find(|(known, _)| *known == name).expect("a secret").1.clone()
    }

    /// Runs a command; only `meant` may be on its standard output, and nothing on the other.
    fn run(&mut self, args: &[&str], input: &str, meant: &[&str]) -> Run {
        let words = args.iter().filter(|word| !word.starts_with('-')).copied();
        self.commands.extend(words.clone().next().map(str::to_owned));
        let mut program = self.bed.program();
        program.args(args).env("RAVI_WORKSPACE_LOG", "trace").env("RAVI_WORKSPACE_BUNDLE", BUNDLE);
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().expect("it starts");
        // It may end before it has read everything.
        let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let meant: BTreeSet<&str> = meant.iter().copied().collect();
        for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            for (secret, form) in self.searcher.find(bytes) {
                let allowed = stream == "stdout" && meant.contains(secret.as_str());
                assert!(allowed, "{args:?}: the {secret} is on {stream} ({form})");
            }
        }
        self.runs += 1;
        output.into()
    }

    fn at(&self) -> String {
        self.tree.to_str().expect("text").to_owned()
    }

    fn file(&self, name: &str) -> String {
        self.bed.path(name).to_str().expect("text").to_owned()
    }

    /// Nothing lies in any file but in those that are meant to hold it.
    fn files(&self, meant: &[(&Path, &str)], when: &str) {
        for (path, secret, form) in self.searcher.find_below(&self.bed.path("")) {
            let allowed = meant.iter().any(|(file, name)| path == *file && secret == *name);
            assert!(allowed, "{when}: the {secret} lies in {} ({form})", path.display());
        }
    }

    fn store(&mut self, key: &str, secret: &str) {
        let value = self.value(secret);
        self.run(&["secret", "set", key], &value, &[]).ok();
    }

    fn provision(&mut self, id: &str) -> Run {
        let at = self.at();
        self.run(&["provision", &at, "--id", id, "--name", "payments agent", "--sign", "--json"], "", &[])
    }
}

fn searcher(secrets: &[(&'static str, String)]) -> Searcher {
    Searcher::new(secrets.iter().map(|(name, value)| (*name, value.as_str())))
}

/// Every command of the program by its help, so that a new one is not forgotten.
fn commands(bed: &Bed) -> BTreeSet<String> {
    let help = bed.run(&["--help"]).ok().stdout;
    let list = help.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next()).expect("a list");
    let named = list.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    named.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_keeps_every_secret_to_the_answers_that_are_meant_to_hold_it() {
    let mut hunt = Hunt::new().await;
    let watch = hunt.searcher.watch_arguments();
    let at = hunt.at();
    let management = hunt.value("management key");
    hunt.run(&["login", "--key-stdin"], &management, &[]).ok();
    hunt.run(&["account"], "", &[]).ok();
    for (key, secret) in
        [("SHARED", "shared"), ("POOL_KEY_1", "pooled"), ("DAEMON_TOKEN", "daemon"), ("AGENT_GH_TOKEN", "GitHub token")]
    {
        hunt.store(key, secret);
    }
    hunt.run(&["secret", "get", "SHARED"], "", &["shared"]).ok();
    hunt.run(&["secret", "get", "SHARED", "--refresh", "--json"], "", &["shared"]).ok();
    hunt.run(&["secret", "list"], "", &[]).ok();
    hunt.store("SECOND", "second");
    let rotated = hunt.value("rotated");
    hunt.run(&["secret", "rotate", "SECOND", "--stdin"], &rotated, &[]).ok();
    let provisioned = hunt.provision("w1").ok().json();
    let identity = provisioned["identity"]["uuid"].as_str().expect("an identity").to_owned();
    hunt.bed.put_secret(&identity, "OWN", &hunt.value("own")).await;
    // What the program made by itself is hunted from here on.
    let config = hunt.bed.key_file("w1");
    let in_tree: Value = serde_json::from_slice(&std::fs::read(&config).expect("it is there")).expect("JSON");
    hunt.also("identity key", in_tree["identity_key"].as_str().expect("text").to_owned());
    let vault = hunt.bed.secrets_of(&identity).await;
    hunt.also("generated value", vault["MADE"].clone());
    hunt.also("signing key", vault["RAVI_SIGNING_KEY"].lines().nth(3).expect("a line").to_owned());
    let (before, _) = watch.end();
    let watch = hunt.searcher.watch_arguments();
    let key_file: &[(&Path, &str)] = &[(&config, "identity key")];
    hunt.files(key_file, "provisioned");
    for args in [&["list"][..], &["list", "--json"], &["status", &at], &["env", &at], &["env", &at, "--shell", "bash"]]
    {
        hunt.run(args, "", &[]).ok();
    }
    let given = ["--secret", "SHARED", "--secret", "OWN", "--secret", "POOLED"];
    let masked = [&["exec", &at][..], &given, &["--", "sh", "-c", "env; env | base64; env | od -An -tx1"]].concat();
    hunt.run(&masked, "", &[]).ok();
    let open = [&["exec", &at, "--no-mask"][..], &given, &["--", "env"]].concat();
    hunt.run(&open, "", &["shared", "own", "pooled", "GitHub token", "identity key"]).ok();
    let request = "protocol=https\nhost=github.com\n\n";
    let ask = |operation: &'static str| ["git-credential", operation];
    hunt.commands.insert("git-credential".to_owned());
    let mut git = hunt.bed.program();
    git.current_dir(&hunt.tree).args(ask("get")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = git.spawn().expect("it starts");
    child.stdin.take().expect("its input").write_all(request.as_bytes()).expect("written");
    let credential = child.wait_with_output().expect("it ends");
    let names = |bytes: &[u8]| hunt.searcher.find(bytes).into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>();
    assert_eq!(names(&credential.stdout), BTreeSet::from(["GitHub token".to_owned()]));
    assert_eq!(names(&credential.stderr), BTreeSet::new());
    hunt.run(&["hook", "codex", "thread-config", &at], "", &[]).ok();
    hunt.run(&["hook", "codex", "profile", &at], "", &[]).ok();
    settings(&mut hunt, key_file);
    let passphrase = hunt.value("passphrase");
    hunt.run(&["seal", "enable"], &passphrase, &[]).ok();
    hunt.run(&["seal", "status"], "", &[]).ok();
    hunt.run(&["seal", "unlock"], "a wrong made up passphrase", &[]);
    hunt.run(&["seal", "rotate"], &passphrase, &[]).ok();
    hunt.run(&["secret", "get", "SHARED", "--refresh"], "", &["shared"]).ok();
    codex(&mut hunt, &config);
    messages(&mut hunt, provisioned["identity"]["email"].as_str().expect("an address")).await;
    for args in [&["doctor"][..], &["suspend", "w1"], &["wake", "w1"], &["audit", "--json"], &["audit", "--csv"]] {
        hunt.run(args, "", &[]);
    }
    hunt.run(&["audit", "verify"], "", &[]).ok();
    for job in ["on", "status", "renew", "off"] {
        hunt.run(&["power", job], "", &[]).ok();
    }
    hunt.run(&["completions", "bash"], "", &[]).ok();
    hunt.run(&["reap"], "", &[]).ok();
    hunt.run(&["secret", "delete", "SECOND"], "", &[]).ok();
    hunt.run(&["release", "w1"], "", &[]).ok();
    hunt.run(&["logout"], "", &[]).ok();
    let auth = hunt.bed.path("codex/auth.json");
    hunt.files(&[(&auth, "Codex login")], "at the end");
    let (after, looks) = watch.end();
    assert!(looks > 0);
    assert_eq!((before, after), (BTreeSet::new(), BTreeSet::new()), "in the arguments of a process");
    // It runs for ever, and does what `provision` and `release` do.
    hunt.commands.insert("watch".to_owned());
    let missing: Vec<_> = commands(&hunt.bed).difference(&hunt.commands).cloned().collect();
    assert_eq!(missing, Vec::<String>::new(), "not hunted");
    println!(
        "{} secrets, {} runs of the program, {looks} looks at all arguments: nothing found",
        hunt.secrets.len(),
        hunt.runs
    );
}

fn settings(hunt: &mut Hunt, key_file: &[(&Path, &str)]) {
    let file = hunt.file("settings.json");
    let path = PathBuf::from(&file);
    let text = json!({ "theme": "dark", "token": hunt.value("daemon") }).to_string();
    std::fs::write(&path, text).expect("a file");
    hunt.run(&["settings", "migrate", &file, "--pointer", "/token", "--dry-run"], "", &[]).ok();
    hunt.run(&["settings", "migrate", &file, "--pointer", "/token"], "", &[]).ok();
    hunt.files(key_file, "migrated");
    hunt.run(&["settings", "get", &file, "--pointer", "/token"], "", &["daemon"]).ok();
    hunt.run(&["settings", "undo", &file], "", &[]).ok();
    hunt.files(&[key_file, &[(&path, "daemon")]].concat(), "undone");
    std::fs::remove_file(&path).expect("it is there");
}

fn codex(hunt: &mut Hunt, config: &Path) {
    let home = hunt.file("codex");
    let auth = hunt.bed.path("codex/auth.json");
    codex_common::put(&auth, &codex_common::chatgpt(codex_common::ACCOUNT, &hunt.value("Codex login")));
    hunt.run(&["codex", "save", "--codex-home", &home], "", &[]).ok();
    hunt.run(&["codex", "status", "--codex-home", &home], "", &[]).ok();
    hunt.run(&["codex", "restore", "--codex-home", &home], "", &[]).ok();
    hunt.files(&[(config, "identity key"), (&auth, "Codex login")], "Codex login stored");
}

async fn messages(hunt: &mut Hunt, address: &str) {
    let at = hunt.at();
    let since = hunt.run(&["inbox", "fence", &at], "", &[]).ok().stdout.trim().to_owned();
    let token = "huntedMadeUpTokenOfALink0123456789".to_owned();
    let text = format!("Confirm your address: https://example.com/verify?token={token} or enter the code Q7XK4M9T.");
    hunt.also("link of a mail", token);
    let letter = json!({ "to": address, "from": "Example <noreply@example.com>", "subject": "Verify", "text": text });
    hunt.bed.local(reqwest::Method::POST, "email", Some(letter)).await;
    let waited = hunt.run(&["inbox", "wait", &at, "--code", "--json", "--since", &since], "", &["link of a mail"]).ok();
    assert!(waited.stdout.contains("Q7XK4M9T") && !waited.stderr.contains("Q7XK4M9T"), "{waited:?}");
    hunt.run(&["inbox", "wait", &at, "--link", "--since", &since], "", &["link of a mail"]).ok();
    hunt.run(&["inbox", "list", &at, "--json"], "", &["link of a mail"]).ok();
    // Too short for the searcher, which would find it by chance.
    assert_eq!(files_with(&hunt.bed.path(""), "Q7XK4M9T"), Vec::<PathBuf>::new());
    let made = hunt.run(&["registration", "create", &at, "example.com", "--json"], "", &[]).ok().json();
    hunt.also("website password", made["password"].as_str().expect("a password").to_owned());
    hunt.run(&["registration", "list", &at], "", &[]).ok();
    hunt.run(&["registration", "get", &at, "example.com"], "", &["website password"]).ok();
    hunt.run(&["registration", "delete", &at, "example.com"], "", &[]).ok();
}

/// What a server may do to a call: refuse it and repeat what it was sent, answer nonsense, or cut it off.
fn faults(echo: &str) -> Vec<Value> {
    let mut faults = vec![json!({ "garbage": true }), json!({ "lost_reply": true }), json!({ "drop": true })];
    let quoted = serde_json::to_string(echo).expect("JSON");
    for status in [400, 401, 403, 404, 409, 422, 429, 500, 503] {
        faults.push(json!({ "status": status, "body": { "detail": echo, "value": [echo], "code": "made_up" } }));
        faults.push(json!({ "status": status, "body": format!("<h1>{echo}</h1> in {quoted}") }));
    }
    faults.push(json!({ "status": 200, "body": { "uuid": echo, "key": echo, "value": [echo], "detail": echo } }));
    faults.push(json!({ "status": 200, "body": format!("no JSON, {echo}, in {quoted}") }));
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_tells_what_was_sent() {
    let mut hunt = Hunt::new().await;
    for (key, secret) in [("SHARED", "shared"), ("POOL_KEY_1", "pooled"), ("AGENT_GH_TOKEN", "GitHub token")] {
        hunt.store(key, secret);
    }
    let at = hunt.at();
    hunt.provision("w1").ok();
    let text = std::fs::read_to_string(hunt.bed.key_file("w1")).expect("it is there");
    let in_tree: Value = serde_json::from_str(&text).expect("JSON");
    let key = in_tree["identity_key"].as_str().expect("text").to_owned();
    hunt.also("identity key", key.clone());
    let watch = hunt.searcher.watch_arguments();
    let management = hunt.value("management key");
    let keys = format!("{management} {key}");
    // Which calls, the command, its input, and what the server knows of it.
    let second = hunt.value("second");
    let commands: [(&str, Vec<&str>, &str, String); 6] = [
        ("/api/secrets/*", vec!["secret", "set", "SECOND", "--json"], &second, keys.clone()),
        ("/api/secrets/*", vec!["secret", "get", "SHARED", "--refresh"], "", keys.clone()),
        ("/api/*", vec!["account"], "", keys.clone()),
        ("/api/secrets/*", vec!["exec", &at, "--secret", "SHARED", "--", "true"], "", keys.clone()),
        ("/api/*", vec!["reap", "--json"], "", keys.clone()),
        ("/api/*", vec!["doctor"], "", keys.clone()),
    ];
    for (number, (path, args, input, echo)) in commands.iter().enumerate() {
        // A first call sends no more than a key.
        for fault in faults(echo).into_iter().skip(number % 4).step_by(4) {
            let mut plan = fault.clone();
            plan["path"] = json!(path);
            hunt.bed.fault(plan).await;
            hunt.run(args, input, &["shared"]);
            hunt.bed.local(reqwest::Method::DELETE, "faults", None).await;
        }
    }
    // The second call of a store is the one that sends the value.
    hunt.store("SECOND", "second");
    for fault in faults(&format!("{keys} {second}")) {
        let mut plan = fault.clone();
        (plan["path"], plan["method"]) = (json!("/api/secrets/*"), json!("PATCH"));
        hunt.bed.fault(plan).await;
        hunt.run(&["secret", "set", "SECOND"], &second, &[]);
        hunt.bed.local(reqwest::Method::DELETE, "faults", None).await;
    }
    let config = hunt.bed.key_file("w1");
    hunt.files(&[(&config, "identity key")], "after all failures");
    assert_eq!(watch.end().0, BTreeSet::new(), "in the arguments of a process");
    println!("{} runs of the program with a failing server: nothing found", hunt.runs);
}

#[tokio::test(flavor = "multi_thread")]
async fn debug_shows_no_secret() {
    let mut hunt = Hunt::new().await;
    hunt.store("SHARED", "shared");
    hunt.store("POOL_KEY_1", "pooled");
    hunt.store("AGENT_GH_TOKEN", "GitHub token");
    hunt.provision("w1").ok();
    let ravi = hunt.bed.ravi();
    let value = ravi.secrets().read("SHARED").await.expect("it is there");
    let workspace = ravi.workspaces().open(&hunt.tree).await.expect("it is bound");
    let handover = workspace.handover(&["SHARED", "POOLED"]).await.expect("it is given");
    let client = Client::new(ClientOptions::new(hunt.bed.base_url.parse().expect("an address"))).expect("a client");
    let key = AnyKey::parse(hunt.bed.key.clone()).expect("a key");
    let session = client.with(&key);
    let identities = session.identities().list().await.expect("Ravi answers");
    let mut shown = vec![
        format!("{:?} {ravi:?} {value:?} {workspace:?} {handover:?}", hunt.bed.config()),
        format!("{:?} {:?}", handover.masker(), workspace.environment()),
        format!("{client:?} {key:?} {session:?} {:?}", ravi.workspaces().list().await),
        format!("{:?}", NewValue::Given(SecretString::from(hunt.value("shared")))),
    ];
    for identity in &identities {
        shown.push(format!("{:?}", session.secrets(&identity.uuid).list().await.expect("Ravi answers")));
    }
    for text in shown {
        assert_eq!(hunt.searcher.find(text.as_bytes()), BTreeSet::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_off_unless_it_is_asked_for() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", "SHARED"], "made-up-value").ok();
    let log = |level: &str| -> Run {
        let mut program = bed.program();
        program.args(["secret", "get", "SHARED", "--refresh", "--json"]).env("RAVI_WORKSPACE_LOG", level);
        program.output().expect("it starts").into()
    };
    for level in ["", "off"] {
        assert_eq!(log(level).ok().stderr, "");
    }
    let logged = log("debug").ok();
    assert!(logged.stderr.contains("DEBUG") && logged.stderr.contains("/api/secrets/"), "{}", logged.stderr);
    assert_eq!(logged.json()["value"], "made-up-value");
    let wrong = log("loud");
    assert_eq!((wrong.code, wrong.error_code().as_str()), (2, "config.log"));
}
