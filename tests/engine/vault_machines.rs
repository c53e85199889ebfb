//! A vault that is sealed end to end, on several machines: whatever reads it has the value where the vault key is, and says so
//! clearly where it is not. Sealed text is nobody's value anywhere.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::common::{Bed, HOST, Run};
use crate::vault_sealing::{MARK, PASSPHRASE, VALUES, run_on, sealed};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

const HOST_TOKEN: &str = "made_up_gh_token_4711";
const OWN_TOKEN: &str = "made_up_gh_token_4712";
const POOL: &str = "made-up-pool-value-1";

/// A person's second computer, with the same account.
struct Machine<'a> {
    bed: &'a Bed,
    name: &'a str,
    repository: PathBuf,
}

impl<'a> Machine<'a> {
    fn new(bed: &'a Bed, name: &'a str) -> Machine<'a> {
        Machine { bed, name, repository: bed.repository(&format!("{name}-repo")) }
    }

    fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, "", &[])
    }

    fn run_with(&self, args: &[&str], input: &str, env: &[(&str, &str)]) -> Run {
        run_on(self.bed, self.name, args, input, env).0
    }

    fn tree(&self, name: &str) -> PathBuf {
        self.bed.worktree(&self.repository, &format!("{}-{name}", self.name))
    }

    fn provision(&self, tree: &Path, name: &str, more: &[&str]) -> Run {
        let args = Bed::provision_args(tree, name, name);
        self.run(&[&args.iter().map(String::as_str).collect::<Vec<_>>()[..], more].concat())
    }

    fn secret(&self, tree: &Path, name: &str) -> Run {
        let script = format!("printf %s \"${name}\"");
        let named = if name == "GH_TOKEN" { vec![] } else { vec!["--secret", name] };
        let words = ["--no-mask", "--", "sh", "-c", &script];
        self.run(&[&["exec", tree.to_str().expect("text")], &named[..], &words].concat())
    }

    /// What git would log in with.
    fn password(&self, tree: &Path) -> String {
        let mut git = self.bed.git_command(tree);
        git.args(["credential", "fill"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        git.env("RAVI_API_URL", &self.bed.base_url).env("RAVI_API_KEY", self.bed.key.expose_secret());
        let mut git = git.env("GIT_TERMINAL_PROMPT", "0").spawn().expect("git starts");
        let request = b"protocol=https\nhost=github.com\n\n";
        git.stdin.take().expect("its input").write_all(request).expect("it reads");
        let said = String::from_utf8(git.wait_with_output().expect("it ends").stdout).expect("text");
        said.lines().find_map(|line| line.strip_prefix("password=")).unwrap_or_default().to_owned()
    }
}

async fn bed() -> Bed {
    let bed = sealed().await;
    for (key, value) in [
        ("CODEX_MONITOR_GH_TOKEN_PAYMENTS", HOST_TOKEN),
        ("POOL_1", POOL),
        ("POOL_2", POOL),
        ("POOL_3", "made-up-pool-3"),
    ] {
        run_on(&bed, "state", &["secret", "set", key], value, &[]).0.ok();
    }
    let settings = json!({ "token": format!("ravi://{}", VALUES[0].0) }).to_string();
    std::fs::write(bed.path("settings.json"), settings).expect("a file");
    bed
}

fn settings_args(bed: &Bed) -> Vec<String> {
    let file = bed.path("settings.json").to_str().expect("text").to_owned();
    ["settings", "get", &file, "--pointer", "/token"].map(str::to_owned).to_vec()
}

fn uuid(provisioned: &Value) -> &str {
    provisioned["identity"]["uuid"].as_str().expect("an identity")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reader_of_a_sealed_vault_has_the_value_on_a_second_machine() {
    let bed = bed().await;
    let second = Machine::new(&bed, "second");
    second.run_with(&["seal", "unlock"], PASSPHRASE, &[]).ok();
    // The GitHub token of the host identity: to git, to a process, and to whoever reads the secret by its name.
    let payments = second.tree("payments");
    assert_eq!(second.provision(&payments, "payments", &[]).ok().json()["github"]["source"], "host");
    assert_eq!(second.password(&payments), HOST_TOKEN);
    assert_eq!(second.secret(&payments, "GH_TOKEN").ok().stdout, HOST_TOKEN);
    assert_eq!(second.run(&["secret", "get", "CODEX_MONITOR_GH_TOKEN_PAYMENTS"]).ok().stdout.trim_end(), HOST_TOKEN);
    for (key, value) in VALUES {
        assert_eq!(second.secret(&payments, key).ok().stdout, value, "{key}");
    }
    let settings = settings_args(&bed);
    let settings = second.run(&settings.iter().map(String::as_str).collect::<Vec<_>>()).ok();
    assert_eq!(settings.stdout.trim_end(), VALUES[0].1);
    // One of the workspace's own, beside it.
    let docs = second.tree("docs");
    let made = second.provision(&docs, "docs", &[]).ok().json();
    bed.put_secret(uuid(&made), "GH_TOKEN", OWN_TOKEN).await;
    assert_eq!(second.provision(&docs, "docs", &[]).ok().json()["github"]["source"], "workspace");
    assert_eq!(
        (second.password(&docs).as_str(), second.secret(&docs, "GH_TOKEN").ok().stdout.as_str()),
        (OWN_TOKEN, OWN_TOKEN)
    );
    // A key that signs is the workspace's own as well.
    let signer = second.tree("signer");
    second.provision(&signer, "signer", &["--sign"]).ok();
    let mut commit = bed.git_command(&signer);
    commit.args(["commit", "-S", "--quiet", "--allow-empty", "-m", "Signed"]);
    commit.env("RAVI_API_URL", &bed.base_url).env("RAVI_API_KEY", bed.key.expose_secret());
    Run::from(commit.output().expect("git starts")).ok();
    assert!(bed.git(&signer, &["cat-file", "commit", "HEAD"]).contains("gpgsig -----BEGIN SSH SIGNATURE-----"));
    // A workspace that shares the host identity has its sealed texts in its own hand, and is given values.
    let sharer = second.tree("sharer");
    second.provision(&sharer, "sharer", &["--identity", HOST, "--share"]).ok();
    assert_eq!(second.secret(&sharer, VALUES[1].0).ok().stdout, VALUES[1].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_from_a_sealed_vault_is_of_values_and_one_value_counts_once() {
    let bed = bed().await;
    let second = Machine::new(&bed, "second");
    second.run_with(&["seal", "unlock"], PASSPHRASE, &[]).ok();
    let bundle = json!({ "entries": [
        { "key": "DAEMON_TOKEN" },
        { "key": "POOLED", "from": { "pool": "POOL" } },
    ] });
    let mut given = Vec::new();
    for name in ["one", "two"] {
        let args = Bed::provision_args(&second.tree(name), name, name);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let made = second.run_with(&args, "", &[("RAVI_WORKSPACE_BUNDLE", &bundle.to_string())]).ok().json();
        let secrets = bed.secrets_of(uuid(&made)).await;
        assert_eq!(secrets["DAEMON_TOKEN"], VALUES[0].1);
        given.push(secrets["POOLED"].clone());
    }
    assert_eq!(given, [POOL, "made-up-pool-3"], "the same value is not given to two");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_not_unlocked_says_so_everywhere_and_shows_no_sealed_text() {
    let bed = bed().await;
    let third = Machine::new(&bed, "third");
    let (payments, docs) = (third.tree("payments"), third.tree("docs"));
    third.provision(&docs, "docs", &[]).ok();
    let bundle = json!({ "entries": [{ "key": "DAEMON_TOKEN" }] }).to_string();
    let bundled = Bed::provision_args(&third.tree("bundled"), "bundled", "bundled");
    let bundled: Vec<&str> = bundled.iter().map(String::as_str).collect();
    let settings = settings_args(&bed);
    let settings: Vec<&str> = settings.iter().map(String::as_str).chain(["--json"]).collect();
    let codex = bed.path("third-codex");
    std::fs::create_dir(&codex).expect("a folder");
    std::fs::write(codex.join("auth.json"), r#"{"OPENAI_API_KEY":"sk-made-up"}"#).expect("a file");
    let codex = [("CODEX_HOME", codex.to_str().expect("text"))];
    let exec = ["exec", docs.to_str().expect("text"), "--secret", "DAEMON_TOKEN", "--json", "--", "env"];
    for (what, run) in [
        ("secret get", third.run(&["secret", "get", "DAEMON_TOKEN", "--json"])),
        ("secret get, again", third.run(&["secret", "get", "DAEMON_TOKEN", "--json"])),
        (
            "secret rotate",
            third.run_with(&["secret", "rotate", "DAEMON_TOKEN", "--stdin", "--json"], "made-up-new", &[]),
        ),
        ("a process", third.run(&exec)),
        ("settings", third.run(&settings)),
        ("the GitHub token", third.provision(&payments, "payments", &[])),
        ("a bundle", third.run_with(&bundled, "", &[("RAVI_WORKSPACE_BUNDLE", &bundle)])),
        ("codex", third.run_with(&["codex", "save", "--json"], "", &codex)),
    ] {
        assert!(!run.stdout.contains(MARK) && !run.stderr.contains(MARK), "{what}");
        assert_eq!((run.code, run.error_code().as_str()), (3, "seal.locked"), "{what}: {run:?}");
    }
    assert!(!third.password(&payments).contains(MARK));
    // Nothing that was not opened was kept: once unlocked, all of it works.
    third.run_with(&["seal", "unlock"], PASSPHRASE, &[]).ok();
    third.provision(&payments, "payments", &[]).ok();
    assert_eq!(third.password(&payments), HOST_TOKEN);
    assert_eq!(third.secret(&docs, "DAEMON_TOKEN").ok().stdout, VALUES[0].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_would_not_open_again_does_not_take_the_place_of_one_that_does() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", "TOKEN"], "made-up-token-4711").ok();
    let refused = bed.run_with_input(&["secret", "set", "TOKEN", "--json"], &format!("{MARK}\nmade-up\n"));
    assert_eq!(refused.error_code(), "seal.locked");
    assert_eq!(bed.run(&["secret", "get", "TOKEN", "--refresh"]).ok().stdout.trim_end(), "made-up-token-4711");
}
