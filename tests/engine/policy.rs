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
