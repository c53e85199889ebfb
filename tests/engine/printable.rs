//! What is printed is printable: no name of a stranger's is a command to the terminal, and none passes for a line of ours.

use std::process::Command;

use crate::common::{Bed, Run};

/// Erases the line, forges another one, and sets the title.
const ODD: &str = "a\u{1b}[2K\u{1b}]0;title\u{7}\nWorkspace w9 is released.";

fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n') && !text.lines().any(|line| line.starts_with("Workspace w9"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folders_name_is_neither_a_line_nor_a_command() {
    let bed = Bed::new().await;
    let folder = bed.path(ODD);
    std::fs::create_dir(&folder).expect("a folder");
    let text = folder.to_str().expect("text");
    for args in [
        &["provision", text, "--id", "w1", "--name", "x agent"][..],
        &["status", text],
        &["list"],
        &["env", text],
        &["hook", "git", "install", text],
        &["inbox", "list", &format!("{text}/nowhere")],
        &["exec", &format!("{text}/nowhere"), "--", "true"],
        &["settings", "get", &format!("{text}/nowhere"), "--pointer", "/a"],
        &["reap", "--dry-run"],
        &["doctor"],
        &["release", text],
        &[ODD],
    ] {
        let run: Run = bed.program().args(args).env("RAVI_WORKSPACE_LOG", "trace").output().expect("it starts").into();
        assert!(is_printable(&run.stdout) && is_printable(&run.stderr), "{args:?}: {run:?}");
        assert!(!run.stdout.is_empty() || !run.stderr.is_empty(), "{args:?}");
    }
    // A program reads it as it is.
    let other = bed.run(&["--json", "status", text]);
    assert!(other.stdout.contains("\\u001b[2K"), "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programs_name_forges_no_line_of_the_trail() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", "KEY"], "made-up-value").ok();
    let program = bed.path(ODD);
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_ravi-workspace")).arg(&program).status();
    assert!(copied.expect("cp starts").success());
    let mut command = Command::new(&program);
    command.envs(bed.program().get_envs().filter_map(|(name, value)| Some((name, value?))));
    Run::from(command.args(["secret", "get", "KEY"]).output().expect("it starts")).ok();
    let entries = bed.audit_trail().len();
    let run = bed.run(&["audit"]).ok();
    assert!(is_printable(&run.stdout), "{run:?}");
    assert_eq!(run.stdout.lines().count(), entries + 1, "a line for each entry: {run:?}");
    let exact = bed.run(&["audit", "--json"]).ok().json();
    assert!(exact["entries"].to_string().contains("\\nWorkspace w9"), "JSON is exact: {exact}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_was_asked_for_is_given_as_it_is() {
    let bed = Bed::new().await;
    bed.run_with_input(&["secret", "set", "KEY"], ODD).ok();
    assert_eq!(bed.run(&["secret", "get", "KEY"]).ok().stdout, format!("{ODD}\n"));
}
