//! One Ravi under several addresses: what was set up under one is known under the others, and a ledger can be moved.

use std::process::Command;

use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::common::{Bed, Run};

/// The program as somebody has it who asks the same Ravi by another address.
fn by(bed: &Bed, url: &str, aliases: Option<&str>) -> Command {
    let mut program = bed.program();
    program.env("RAVI_API_URL", url);
    if let Some(aliases) = aliases {
        program.env("RAVI_API_URL_ALIASES", aliases);
    }
    program
}

fn answer(mut program: Command, args: &[&str]) -> Run {
    program.args(args).output().expect("it starts").into()
}

/// Another address of the stand-in.
fn other(bed: &Bed) -> String {
    bed.base_url.replace("127.0.0.1", "localhost")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_up_under_one_address_is_used_and_released_under_another() {
    let bed = Bed::new().await;
    let (repository, localhost) = (bed.repository("repo"), other(&bed));
    let tree = bed.worktree(&repository, "one");
    let path = tree.to_str().expect("text");
    bed.run_with_input(&["login", "--key-stdin", "--json"], bed.key.expose_secret()).ok();
    bed.run(&Bed::provision_args(&tree, "w1", "agent")).ok();
    let strange = answer(by(&bed, &localhost, None), &["release", "w1", "--json"]);
    assert_eq!(strange.error_code(), "workspace.other_server");
    let alias = |args: &[&str]| {
        let mut program = by(&bed, &localhost, Some(&bed.base_url));
        program.env_remove("RAVI_API_KEY");
        answer(program, args)
    };
    assert_eq!(alias(&["account", "--json"]).ok().json()["server"], json!(localhost));
    alias(&["exec", path, "--", "true"]).ok();
    alias(&["inbox", "list", "w1", "--json"]).ok();
    alias(&["secret", "list", "--json"]).ok();
    assert_eq!(alias(&["release", "w1", "--json"]).ok().json()["owed"], 0);
    assert_eq!(bed.live_keys().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_used_both_names_goes_on_with_one() {
    let bed = Bed::new().await;
    let (repository, localhost) = (bed.repository("repo"), other(&bed));
    for (n, url) in [(1, bed.base_url.clone()), (2, localhost.clone())] {
        let tree = bed.worktree(&repository, &format!("t{n}"));
        let args = Bed::provision_args(&tree, &format!("w{n}"), &format!("agent {n}"));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        answer(by(&bed, &url, None), &args).ok();
    }
    for id in ["w1", "w2"] {
        answer(by(&bed, &localhost, Some(&bed.base_url)), &["release", id, "--json"]).ok();
    }
    assert_eq!(bed.live_keys().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_moves_to_another_address_with_its_login_and_its_workspaces() {
    let bed = Bed::new().await;
    let (repository, localhost) = (bed.repository("repo"), other(&bed));
    let tree = bed.worktree(&repository, "one");
    bed.run_with_input(&["login", "--key-stdin", "--json"], bed.key.expose_secret()).ok();
    bed.run_with_input(&["secret", "set", "ONE", "--json"], "made-up").ok();
    bed.run(&Bed::provision_args(&tree, "w1", "agent")).ok();
    let keyless = |url: &str, args: &[&str]| {
        let mut program = by(&bed, url, None);
        program.env_remove("RAVI_API_KEY");
        answer(program, args)
    };
    // Another account lives there.
    let stranger = Bed::new().await;
    let refused = keyless(&bed.base_url, &["account", "move-server", &stranger.base_url, "--json"]);
    assert_ne!(refused.code, 0);
    keyless(&bed.base_url, &["account", "--json"]).ok();
    keyless(&localhost, &["account", "move-server", &localhost, "--json"]).ok();
    assert_eq!(keyless(&localhost, &["secret", "get", "ONE"]).ok().stdout.trim(), "made-up");
    keyless(&localhost, &["release", "w1", "--json"]).ok();
    assert_eq!(bed.live_keys().await, 0);
    assert_eq!(keyless(&bed.base_url, &["account", "--json"]).error_code(), "account.not_signed_in");
}
