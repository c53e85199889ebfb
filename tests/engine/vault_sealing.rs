//! A vault sealed end to end: switched on, brought to another machine, rotated, tampered with, opened with the real age.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{Bed, Run};
use ravi_workspace_core::api::{AnyKey, Client, ClientOptions, Session};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

pub const PASSPHRASE: &str = "made up words for a recovery";
const OTHER_PASSPHRASE: &str = "other made up words entirely";
const RECOVERY: &str = "RAVI_VAULT_RECOVERY";
pub const MARK: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// Two secrets from before, as they are read afterwards.
pub const VALUES: [(&str, &str); 2] =
    [("DAEMON_TOKEN", "made-up-token-4711"), ("LINES", "made-up-line-1\nmade-up-line-2")];

/// Runs the program with a quick scrypt; `machine` is the name of its state folder.
pub fn run_on(bed: &Bed, machine: &str, args: &[&str], input: &str, env: &[(&str, &str)]) -> (Run, Option<i32>) {
    let mut program = bed.program();
    program.args(args).env("RAVI_WORKSPACE_STATE", bed.path(machine)).env("RAVI_WORKSPACE_SCRYPT_WORK", "4");
    program.envs(env.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().expect("it starts");
    // It may end before it has read everything.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let signal = output.status.signal();
    (output.into(), signal)
}

fn run(bed: &Bed, args: &[&str], input: &str) -> Run {
    run_on(bed, "state", args, input, &[]).0
}

fn get(bed: &Bed, machine: &str, key: &str) -> Run {
    run_on(bed, machine, &["secret", "get", key, "--refresh", "--json"], "", &[]).0
}

async fn with_secrets() -> Bed {
    let bed = Bed::new().await;
    for (key, value) in VALUES {
        bed.ravi().secrets().set(key, SecretString::from(value)).await.expect("stored");
    }
    bed
}

pub async fn sealed() -> Bed {
    let bed = with_secrets().await;
    run(&bed, &["seal", "enable", "--json"], PASSPHRASE).ok();
    bed
}

fn check_values(bed: &Bed, machine: &str, when: &str) {
    for (key, value) in VALUES {
        assert_eq!(get(bed, machine, key).ok().json()["value"], value, "{when}");
    }
}

/// Ravi's side: what an operator of the server could see and change.
struct Operator {
    session: Session<AnyKey>,
    identity: ravi_workspace_core::api::IdentityUuid,
}

impl Operator {
    async fn of(bed: &Bed) -> Operator {
        let client = Client::new(ClientOptions::new(bed.base_url.parse().expect("an address"))).expect("a client");
        let session = client.with(&AnyKey::parse(bed.key.clone()).expect("a key"));
        let identity = session.identities().list().await.expect("a list").remove(0).uuid;
        Operator { session, identity }
    }

    async fn read(&self, key: &str) -> Option<String> {
        let found = self.session.secrets(&self.identity).find(key).await.expect("an answer");
        found.map(|secret| secret.value.expose_secret().to_owned())
    }

    async fn write(&self, key: &str, value: &str) {
        self.session.secrets(&self.identity).put(key, &SecretString::from(value)).await.expect("stored");
    }

    /// Nothing that is readable without the key lies at Ravi.
    async fn sees_nothing(&self) {
        for secret in self.session.secrets(&self.identity).list().await.expect("a list") {
            assert!(secret.value.expose_secret().starts_with(MARK), "{}", secret.key);
            assert!(!secret.value.expose_secret().contains("made-up"), "{}", secret.key);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_enable_on_only_sealed_text_lies_at_ravi() {
    let bed = with_secrets().await;
    let status = run(&bed, &["seal", "status", "--json"], "").ok().json();
    assert_eq!((&status["state"], &status["plain"]), (&json!("off"), &json!(["DAEMON_TOKEN", "LINES"])));
    let weak = run(&bed, &["seal", "enable", "--json"], "short");
    assert_eq!((weak.code, weak.error_code().as_str()), (2, "seal.weak_passphrase"));
    let status = run(&bed, &["seal", "enable", "--json"], PASSPHRASE).ok().json();
    assert_eq!((&status["state"], &status["sealed"], &status["plain"]), (&json!("on"), &json!(2), &json!([])));
    let operator = Operator::of(&bed).await;
    operator.sees_nothing().await;
    check_values(&bed, "state", "after enable");
    // Everything that writes seals from now on.
    run(&bed, &["secret", "set", "NEW"], "made-up-new").ok();
    run(&bed, &["secret", "rotate", "NEW", "--stdin"], "made-up-newer").ok();
    let file = bed.path("settings.json");
    std::fs::write(&file, "{\"remoteBackendToken\": \"made-up-moved\"}").expect("a file");
    run(&bed, &["settings", "migrate", file.to_str().expect("text"), "--preset", "codex-monitor"], "").ok();
    operator.sees_nothing().await;
    assert_eq!(get(&bed, "state", "NEW").ok().json()["value"], "made-up-newer");
    assert_eq!(get(&bed, "state", "CODEX_MONITOR_DAEMON_TOKEN").ok().json()["value"], "made-up-moved");
    let several = bed.ravi().secrets().get_all(&["LINES", "NEW"]).await.expect("read");
    assert_eq!(several[1].expose_secret(), "made-up-newer");
    // Asked again, nothing changes.
    let copy = operator.read(RECOVERY).await;
    assert_eq!(run(&bed, &["seal", "enable", "--json"], OTHER_PASSPHRASE).ok().json()["key"], status["key"]);
    assert_eq!(operator.read(RECOVERY).await, copy);
    for args in [["secret", "delete", RECOVERY], ["secret", "set", RECOVERY], ["secret", "rotate", RECOVERY]] {
        let refused = run(&bed, &[&args[..], &["--json"]].concat(), "made-up");
        assert_eq!((refused.code, refused.error_code().as_str()), (6, "seal.reserved"), "{args:?}");
    }
    // Neither key nor passphrase lies on the disk in the clear.
    for needle in ["AGE-SECRET-KEY", "made up words"] {
        assert_eq!(crate::common::files_with(bed.dir.path(), needle), Vec::<std::path::PathBuf>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_machine_asks_for_the_passphrase_once() {
    let bed = sealed().await;
    let second = |args: &[&str], input: &str| run_on(&bed, "second", args, input, &[]).0;
    let locked = get(&bed, "second", "LINES");
    assert_eq!((locked.code, locked.error_code().as_str()), (3, "seal.locked"));
    assert_eq!(second(&["seal", "status", "--json"], "").ok().json()["state"], "locked");
    // It must not put plain values beside the sealed ones.
    let set = second(&["secret", "set", "NEW", "--json"], "made-up-plain");
    assert_eq!((set.code, set.error_code().as_str()), (3, "seal.locked"));
    let enable = second(&["seal", "enable", "--json"], PASSPHRASE);
    assert_eq!(enable.error_code(), "seal.enabled_elsewhere");
    assert_eq!(second(&["seal", "rotate", "--json"], PASSPHRASE).error_code(), "seal.not_enabled");
    let wrong = second(&["seal", "unlock", "--json"], OTHER_PASSPHRASE);
    assert_eq!((wrong.code, wrong.error_code().as_str()), (3, "seal.passphrase"));
    second(&["seal", "unlock", "--json"], PASSPHRASE).ok();
    check_values(&bed, "second", "unlocked");
    second(&["secret", "set", "NEW"], "made-up-new").ok();
    assert_eq!(get(&bed, "state", "NEW").ok().json()["value"], "made-up-new");
    // A service has it from systemd.
    let credentials = bed.path("credentials");
    std::fs::create_dir(&credentials).expect("a folder");
    std::fs::write(credentials.join("ravi-vault-passphrase"), format!("{PASSPHRASE}\n")).expect("a file");
    let env = [("CREDENTIALS_DIRECTORY", credentials.to_str().expect("text"))];
    run_on(&bed, "third", &["seal", "unlock"], "", &env).0.ok();
    check_values(&bed, "third", "unlocked by a credential");
    Operator::of(&bed).await.sees_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_at_ravi_is_refused() {
    let bed = sealed().await;
    let operator = Operator::of(&bed).await;
    let good = operator.read("DAEMON_TOKEN").await.expect("a value");
    let lines: Vec<&str> = good.lines().collect();
    let body = lines[2];
    let flipped = format!("{}{}", if body.starts_with('A') { 'B' } else { 'A' }, &body[1..]);
    let middle = lines.len() / 2;
    let other = operator.read("LINES").await.expect("a value");
    let foreign = sealed().await;
    let foreign = Operator::of(&foreign).await.read("DAEMON_TOKEN").await.expect("a value");
    for (what, served, code, exit) in [
        ("changed", good.replacen(body, &flipped, 1), "seal.broken", 1),
        ("cut off", lines[..middle].join("\n"), "seal.broken", 1),
        ("a line less", [&lines[..middle], &lines[middle + 1..]].concat().join("\n"), "seal.broken", 1),
        ("nothing but the mark", format!("{MARK}\n"), "seal.broken", 1),
        ("swapped", other, "seal.other_place", 6),
        ("of another vault", foreign, "seal.unknown_key", 3),
        ("plain", "made-up-injected".into(), "seal.plain", 6),
        ("empty", String::new(), "seal.plain", 6),
        ("the recovery copy", operator.read(RECOVERY).await.expect("a value"), "seal.unknown_key", 3),
    ] {
        operator.write("DAEMON_TOKEN", &served).await;
        let run = get(&bed, "state", "DAEMON_TOKEN");
        assert_eq!((run.error_code().as_str(), run.code), (code, exit), "{what}");
        assert!(!run.stdout.contains("made-up") && !run.stderr.contains("made-up"), "{what}");
    }
    let status = run(&bed, &["seal", "status", "--json"], "").ok().json();
    assert_eq!((&status["sealed"], &status["refused"]), (&json!(1), &json!(["DAEMON_TOKEN"])));
    // Whoever knows the value can put it right.
    run(&bed, &["secret", "set", "DAEMON_TOKEN"], VALUES[0].1).ok();
    check_values(&bed, "state", "put right");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_opens_everything_and_the_old_one_nothing() {
    let bed = sealed().await;
    run_on(&bed, "second", &["seal", "unlock"], PASSPHRASE, &[]).0.ok();
    let operator = Operator::of(&bed).await;
    let before = run(&bed, &["seal", "status", "--json"], "").ok().json();
    let after = run(&bed, &["seal", "rotate", "--json"], OTHER_PASSPHRASE).ok().json();
    assert_ne!(before["key"], after["key"]);
    assert_eq!((&after["state"], &after["sealed"]), (&json!("on"), &json!(2)));
    check_values(&bed, "state", "rotated");
    operator.sees_nothing().await;
    let old = get(&bed, "second", "LINES");
    assert_eq!((old.code, old.error_code().as_str()), (3, "seal.unknown_key"));
    let wrong = run_on(&bed, "second", &["seal", "unlock", "--json"], PASSPHRASE, &[]).0;
    assert_eq!(wrong.error_code(), "seal.passphrase");
    run_on(&bed, "second", &["seal", "unlock"], OTHER_PASSPHRASE, &[]).0.ok();
    check_values(&bed, "second", "unlocked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enable_that_is_killed_anywhere_is_finished_by_the_next_one() {
    killed_anywhere("enable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_the_key_that_is_killed_anywhere_is_finished_by_the_next_one() {
    killed_anywhere("rotate").await;
}

async fn killed_anywhere(command: &str) {
    let mut killed = 0;
    loop {
        let bed = if command == "enable" { with_secrets().await } else { sealed().await };
        let at = (killed + 1).to_string();
        let (ran, signal) = run_on(&bed, "state", &["seal", command], PASSPHRASE, &[("RAVI_WORKSPACE_CRASH_AT", &at)]);
        if ran.code == 0 {
            break;
        }
        killed += 1;
        assert_eq!(signal, Some(6), "{command}: {ran:?}");
        // Nothing was lost: not here, and not with this machine.
        let (key, value) = VALUES[killed % 2];
        assert_eq!(get(&bed, "state", key).ok().json()["value"], value, "{command} killed at {killed}");
        let operator = Operator::of(&bed).await;
        if operator.read(RECOVERY).await.is_some() {
            run_on(&bed, "second", &["seal", "unlock"], PASSPHRASE, &[]).0.ok();
            let read = get(&bed, "second", key);
            // Plain until `enable` is finished, and then refused by who believes that it is.
            let opened = read.code == 0 && read.json()["value"] == value;
            assert!(opened || read.error_code() == "seal.plain", "{command} killed at {killed}: {read:?}");
        }
        let done = run(&bed, &["seal", command, "--json"], PASSPHRASE).ok().json();
        assert_eq!((&done["state"], &done["sealed"]), (&json!("on"), &json!(2)), "{command} killed at {killed}");
        operator.sees_nothing().await;
    }
    println!("{command}: {killed} crash points");
    assert!(killed >= 10, "{command}: {killed}");
}

/// age asks for a passphrase on a terminal only; `script` gives it one.
fn age_with_passphrase(file: &Path, out: &Path, passphrase: &str) -> bool {
    let age = format!("age -d -o '{}' '{}'", out.display(), file.display());
    let mut script = Command::new("script");
    script.args(["-qec", &age, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = script.spawn().expect("script, of every Debian's bsdutils, starts");
    child.stdin.take().expect("its input").write_all(format!("{passphrase}\n").as_bytes()).expect("written");
    child.wait().expect("it ends").success()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_age_program_opens_what_was_stored() {
    if Command::new("age").arg("--version").output().is_err() {
        println!("skipped: no program age (scripts/setup test installs it)");
        return;
    }
    let bed = sealed().await;
    run(&bed, &["seal", "rotate"], OTHER_PASSPHRASE).ok();
    let operator = Operator::of(&bed).await;
    let (copy, keys) = (bed.path("recovery.age"), bed.path("keys.txt"));
    std::fs::write(&copy, operator.read(RECOVERY).await.expect("a copy")).expect("a file");
    assert!(!age_with_passphrase(&copy, &keys, "made up and wrong"));
    assert!(age_with_passphrase(&copy, &keys, OTHER_PASSPHRASE));
    for (key, value) in VALUES {
        let file = bed.path("value.age");
        std::fs::write(&file, operator.read(key).await.expect("a value")).expect("a file");
        let opened = Command::new("age").arg("-d").arg("-i").arg(&keys).arg(&file).output().expect("age starts");
        assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
        let text = String::from_utf8(opened.stdout).expect("text");
        let (first, rest) = text.split_once('\n').expect("a first line");
        assert_eq!(first, format!("ravi-secret/1 {} {key}", operator.identity.as_str()));
        assert_eq!(rest, value);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_github_token_reaches_git_opened() {
    let bed = sealed().await;
    run(&bed, &["secret", "set", "CODEX_MONITOR_GH_TOKEN_PAYMENTS"], "made_up_gh_token_4711").ok();
    let repository = bed.repository("repo");
    let answer = bed.run(&Bed::provision_args(&repository, "w", "payments")).ok().json();
    assert_eq!(answer["github"]["source"], "host");
    let mut git = bed.git_command(&repository);
    git.args(["credential", "fill"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    git.env("RAVI_API_URL", &bed.base_url).env("RAVI_API_KEY", bed.key.expose_secret());
    // Later than what is remembered is fresh, so that Ravi is asked.
    git.env("RAVI_WORKSPACE_CLOCK_OFFSET_S", "400");
    let mut git = git.spawn().expect("git starts");
    let request = b"protocol=https\nhost=github.com\n\n";
    git.stdin.take().expect("its input").write_all(request).expect("it reads");
    let filled = String::from_utf8(git.wait_with_output().expect("it ends").stdout).expect("text");
    assert!(filled.contains("password=made_up_gh_token_4711\n"), "{}", filled.lines().count());
}
