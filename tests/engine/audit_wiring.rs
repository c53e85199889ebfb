//! Whatever is done leaves its entry in the trail.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use secrecy::SecretString;

use crate::common::Bed;

/// `action outcome workspace object`, `-` for nothing.
pub fn entries(state: &Path) -> Vec<String> {
    let ledger = Connection::open(state.join("ledger.db")).expect("the ledger opens");
    let sql = "SELECT action || ' ' || outcome || ' ' || ifnull(workspace, '-') || ' ' || ifnull(object, '-')
               FROM audit ORDER BY seq";
    let mut query = ledger.prepare(sql).expect("a query");
    query.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_commands_and_the_entries_each_leaves() {
    let bed = Bed::new().await;
    let tree = bed.worktree(&bed.repository("repo"), "one");
    let tree_text = tree.to_str().expect("text");
    let settings = bed.path("settings.json");
    std::fs::write(&settings, r#"{"token":"made-up-in-a-file"}"#).expect("a settings file");
    let settings = settings.to_str().expect("text");
    // Refused for its length; a good one costs seconds, by design.
    let passphrase = "short";
    // Arguments, input, and what the trail has on top afterwards. `*` stands for a word that is made anew in each run.
    let table: &[(&[&str], &str, &[&str])] = &[
        (&["login", "--key-stdin"], "KEY", &["account.login done - key"]),
        (&["login", "--key-stdin"], "no key", &["account.login failed - key"]),
        (&["secret", "get", "NOT_THERE"], "", &["secret.read failed - NOT_THERE"]),
        (&["secret", "set", "ONE"], "made-up-1", &["secret.set done - ONE"]),
        (&["secret", "get", "ONE"], "", &["secret.read done - ONE"]),
        (&["secret", "get", "ONE", "--refresh"], "", &["secret.read done - ONE"]),
        (&["secret", "rotate", "ONE"], "", &["secret.rotate done - ONE"]),
        (
            &["secret", "set", "CODEX_MONITOR_GH_TOKEN_ONE"],
            "made_up_token",
            &["secret.set done - CODEX_MONITOR_GH_TOKEN_ONE"],
        ),
        (
            &["provision", tree_text, "--id", "w1", "--name", "one"],
            "",
            &["key.mint done w1 *", "workspace.provision done w1 *"],
        ),
        (&["provision", "/nowhere", "--id", "w2", "--name", "two"], "", &["workspace.provision failed w2 -"]),
        (
            &["exec", tree_text, "--secret", "ONE", "--", "true"],
            "",
            &["secret.read done w1 CODEX_MONITOR_GH_TOKEN_ONE", "secret.read done w1 ONE", "exec.run done w1 true"],
        ),
        (&["exec", tree_text, "--secret", "PATH", "--", "true"], "", &["exec.run refused w1 true"]),
        (
            &["settings", "migrate", settings, "--pointer", "/token=FROM_FILE"],
            "",
            &["secret.set done - FROM_FILE", "settings.migrate done - */settings.json"],
        ),
        (&["settings", "migrate", settings, "--pointer", "/token=FROM_FILE", "--dry-run"], "", &[]),
        (&["settings", "get", settings, "--pointer", "/token"], "", &["secret.read done - FROM_FILE"]),
        (&["settings", "undo", settings], "", &["settings.undo done - */settings.json"]),
        (&["seal", "enable"], passphrase, &["seal.change failed - enable"]),
        (&["seal", "rotate"], passphrase, &["seal.change failed - rotate"]),
        (&["seal", "unlock"], passphrase, &["seal.change failed - unlock"]),
        (&["secret", "delete", "ONE"], "", &["secret.delete done - ONE"]),
        (&["account", "--keychain", "file"], "", &["machine_key.move done - file"]),
        (&["release", "w1"], "", &["key.revoke done w1 *", "workspace.release done w1 *"]),
        (&["release", "w3"], "", &["workspace.release failed w3 -"]),
        (&["logout"], "", &["account.logout done - -"]),
    ];
    let (mut before, mut wrong) = (0, Vec::new());
    for (args, input, expected) in table {
        use secrecy::ExposeSecret as _;
        let input = input.replace("KEY", bed.key.expose_secret());
        let run = bed.run_with_input(args, &input);
        let all = entries(&bed.state());
        let new = &all[before..];
        let fits = |line: &String, wanted: &str| match wanted.split_once('*') {
            None => line == wanted,
            Some((start, end)) => line.starts_with(start) && line.ends_with(end) && line.len() > wanted.len(),
        };
        let same =
            new.len() == expected.len() && expected.iter().all(|wanted| new.iter().any(|line| fits(line, wanted)));
        if !same {
            wrong.push(format!("{args:?} left {new:?}, not {expected:?}: {run:?}"));
        }
        before = all.len();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn git_and_gh_in_a_workspace_leave_an_entry_and_elsewhere_none() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", "CODEX_MONITOR_GH_TOKEN_ONE"], "made_up_token").ok();
    let repository = bed.repository("repo");
    let tree = bed.worktree(&repository, "one");
    bed.run(&Bed::provision_args(&tree, "w1", "one")).ok();
    let before = entries(&bed.state()).len();
    let ask = |folder: &Path| {
        let mut git = bed.program();
        git.args(["git-credential", "get"]).current_dir(folder).stdin(std::process::Stdio::piped());
        let mut child = git.stdout(std::process::Stdio::piped()).spawn().expect("it starts");
        let mut input = child.stdin.take().expect("its input");
        std::io::Write::write_all(&mut input, b"protocol=https\nhost=github.com\n\n").expect("written");
        drop(input);
        String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("text")
    };
    assert!(ask(&tree).contains("password=made_up_token"));
    assert!(ask(&repository).is_empty());
    let links = bed.path("links");
    std::fs::create_dir_all(links.join("real")).expect("a folder");
    let program = env!("CARGO_BIN_EXE_ravi-workspace");
    std::os::unix::fs::symlink(program, links.join("gh")).expect("a link");
    std::os::unix::fs::symlink("/bin/true", links.join("real/gh")).expect("a link");
    for folder in [&tree, &repository] {
        let mut gh = bed.program();
        let path = format!("{}:{}", links.join("real").display(), std::env::var("PATH").unwrap_or_default());
        let gh = std::os::unix::process::CommandExt::arg0(&mut gh, "gh").env("PATH", path).current_dir(folder);
        assert!(gh.status().expect("it starts").success());
    }
    let new = &entries(&bed.state())[before..];
    let object = "CODEX_MONITOR_GH_TOKEN_ONE";
    assert_eq!(new, [format!("github.git done w1 {object}"), format!("github.gh done w1 {object}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn warm_reads_are_in_the_trail_within_moments_and_when_the_handle_is_dropped() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    ravi.secrets().set("ONE", SecretString::from("made-up")).await.expect("stored");
    let reads = || entries(&bed.state()).iter().filter(|line| line.as_str() == "secret.read done - ONE").count();
    ravi.secrets().get("ONE").await.expect("read");
    let begun = std::time::Instant::now();
    while reads() < 1 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the entry never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..10 {
        ravi.secrets().get("ONE").await.expect("read");
    }
    drop(ravi);
    assert_eq!(reads(), 11);
}

/// The trail says who used what: a use that it cannot say does not happen. A disk that is full is played by a limit of the
/// size of files.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_not_given_where_its_use_cannot_be_noted() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", "KEY"], "made-up-value").ok();
    bed.run(&["secret", "get", "KEY"]).ok();
    let get = |limit: &str| {
        let mut shell = std::process::Command::new("sh");
        shell.envs(bed.program().get_envs().filter_map(|(name, value)| Some((name, value?))));
        let script = format!("trap '' XFSZ; {limit}; exec \"$0\" --json secret get KEY");
        crate::common::Run::from(
            shell.args(["-c", &script, env!("CARGO_BIN_EXE_ravi-workspace")]).output().expect("it starts"),
        )
    };
    get(":").ok();
    let before = entries(&bed.state()).len();
    let full = get("ulimit -f 0");
    assert!(full.error_code().starts_with("ledger."), "{full:?}");
    assert!(!full.stdout.contains("made-up-value") && !full.stderr.contains("made-up-value"), "{full:?}");
    get(":").ok();
    assert_eq!(entries(&bed.state()).len(), before + 1);
}
