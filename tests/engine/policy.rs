//! Rules say which secrets a workspace's processes may be given by name; a refusal is noted and tells nothing.

use std::path::Path;

use crate::common::{Bed, Run};
use serde_json::json;

const VALUE: &str = "made-up-value-4711";

async fn room(policy: &str) -> (Bed, std::path::PathBuf) {
    let bed = Bed::new().await;
    let folder = bed.path("w1");
    std::fs::create_dir(&folder).expect("a folder");
    for key in ["STRIPE_KEY", "OTHER_KEY"] {
        bed.run_with_input(&["secret", "set", key], VALUE).ok();
    }
    let mut program = bed.program();
    program.args(Bed::provision_args(&folder, "w1", "payments agent")).env("RAVI_WORKSPACE_POLICY", policy);
    Run::from(program.output().expect("it starts")).ok();
    (bed, folder)
}

fn exec(bed: &Bed, folder: &Path, key: &str) -> Run {
    bed.run(&["--json", "exec", folder.to_str().expect("text"), "--secret", key, "--", "true"])
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_rule_lists_is_given_and_a_refusal_tells_nothing() {
    // The rule was chosen by who provisioned; the program that is run later does not know it by itself.
    let (bed, folder) = room(r#"[{"workspace":"w*","allow":["STRIPE_*"]}]"#).await;
    exec(&bed, &folder, "stripe_key").ok();
    bed.reset_calls().await;
    let (there, not_there) = (exec(&bed, &folder, "OTHER_KEY"), exec(&bed, &folder, "NO_SUCH_KEY"));
    assert_eq!(bed.call_log().await, Vec::<String>::new(), "nothing was looked for");
    for (run, key) in [(&there, "OTHER_KEY"), (&not_there, "NO_SUCH_KEY")] {
        assert_eq!((run.code, run.error_code().as_str()), (6, "policy.secret"), "{run:?}");
        assert_eq!(run.stdout.replace(key, "KEY"), there.stdout.replace("OTHER_KEY", "KEY"), "both alike");
    }
    let refused = |line: &[String; 5]| line[0] == "secret.read" && line[3] == "refused";
    let refused: Vec<_> = bed.audit_trail().into_iter().filter(refused).collect();
    let line = |key: &str| ["secret.read", "w1", key, "refused", "policy.secret"].map(str::to_owned);
    assert_eq!(refused, [line("OTHER_KEY"), line("NO_SUCH_KEY")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_program_that_asks_hold_as_well() {
    let (bed, folder) = room(r#"[{"workspace":"other","allow":[]}]"#).await;
    exec(&bed, &folder, "OTHER_KEY").ok();
    let mut program = bed.program();
    program.args(["--json", "exec", folder.to_str().expect("text"), "--secret", "OTHER_KEY", "--", "true"]);
    program.env("RAVI_WORKSPACE_POLICY", json!([{ "workspace": "payments*", "deny": ["OTHER_*"] }]).to_string());
    assert_eq!(Run::from(program.output().expect("it starts")).error_code(), "policy.secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provision_without_rules_leaves_them_and_an_empty_list_takes_them_away() {
    let (bed, folder) = room(r#"[{"allow":[]}]"#).await;
    let provision = |policy: &str| {
        let mut program = bed.program();
        program.args(Bed::provision_args(&folder, "w1", "payments agent")).env("RAVI_WORKSPACE_POLICY", policy);
        Run::from(program.output().expect("it starts"))
    };
    provision("").ok();
    assert_eq!(exec(&bed, &folder, "OTHER_KEY").error_code(), "policy.secret");
    provision("[]").ok();
    exec(&bed, &folder, "OTHER_KEY").ok();
    assert_eq!(provision("{}").error_code(), "config.policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_holds_for_every_way_to_a_secret() {
    let bed = Bed::new().await;
    let tree = bed.worktree(&bed.repository("repo"), "w1");
    let folder = tree.to_str().expect("text");
    bed.run_with_input(&["secret", "set", "PROD_TOKEN"], "made_up_prod_token").ok();
    let provision = |policy: &str, bundle: &str, more: &[&str]| {
        let mut program = bed.program();
        program.args(Bed::provision_args(&tree, "w1", "payments agent")).args(more);
        program.env("RAVI_WORKSPACE_POLICY", policy).env("RAVI_WORKSPACE_BUNDLE", bundle);
        Run::from(program.output().expect("it starts"))
    };
    let deny = r#"[{"allow":["*"],"deny":["PROD_*"]}]"#;
    let asked = ["--github-secret", "PROD_TOKEN"];
    assert_eq!(provision(deny, "", &asked).error_code(), "policy.secret");
    assert_eq!(provision(r#"[{"allow":["STRIPE_*"]}]"#, "", &asked).error_code(), "policy.secret", "it is not allowed");
    let bundle = r#"{"entries":[{"key":"TOKEN","from":{"copy":"PROD_TOKEN"}}]}"#;
    assert_eq!(provision(deny, bundle, &[]).error_code(), "policy.secret");
    let pool = r#"{"entries":[{"key":"PROD_X","from":{"generate":20}}]}"#;
    assert_eq!(provision(deny, pool, &[]).error_code(), "policy.secret");

    // A login from before the rule: git, gh and programs do not get it any more.
    provision("[]", "", &asked).ok();
    exec_plain(&bed, folder).ok();
    assert!(git_asks(&bed, &tree).contains("password=made_up_prod_token"));
    assert_eq!(provision(deny, "", &asked).error_code(), "policy.secret");
    assert_eq!(exec_plain(&bed, folder).error_code(), "policy.secret");
    assert_eq!(git_asks(&bed, &tree), "quit=1\n");
    let refused = |line: &&[String; 5]| line[2] == "PROD_TOKEN" && line[4] == "policy.secret";
    assert!(bed.audit_trail().iter().filter(refused).count() >= 6, "{:?}", bed.audit_trail());
}

fn exec_plain(bed: &Bed, folder: &str) -> Run {
    bed.run(&["--json", "exec", folder, "--", "true"])
}

/// What git would be told.
fn git_asks(bed: &Bed, tree: &Path) -> String {
    use std::io::Write as _;
    let mut program = bed.program();
    program.args(["git-credential", "get"]).current_dir(tree);
    let mut child = program.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn();
    let child = child.as_mut().expect("it starts");
    child.stdin.take().expect("its input").write_all(b"protocol=https\nhost=github.com\n\n").expect("it reads");
    std::io::read_to_string(child.stdout.take().expect("its output")).expect("text")
}
