//! What was chosen for a workspace stays until somebody says otherwise: a shell that wakes it, or a hook that sets it up again,
//! may know nothing of what its app chose.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use ravi_local::Options;

use crate::common::{Bed, Run};

/// The program with a choice about GitHub in its environment.
fn choosing(bed: &Bed, choice: &str, args: &[String]) -> Run {
    bed.program().env("RAVI_WORKSPACE_GITHUB", choice).args(args).output().expect("it starts").into()
}

/// What git is told as a login for a host, with the person's helper behind ours.
fn fill(bed: &Bed, tree: &Path, host: &str) -> String {
    let mut git = bed.git_command(tree);
    let mut git = git.args(["credential", "fill"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    git = git.env("GIT_ASKPASS", "true").env("GIT_TERMINAL_PROMPT", "0");
    let mut child = git.spawn().expect("git starts");
    let asked = format!("protocol=https\nhost={host}\n\n");
    child.stdin.take().expect("its input").write_all(asked.as_bytes()).expect("it reads");
    String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("text")
}

/// A bed whose host identity, which is answered, holds a token under this name.
async fn with_token(name: &str) -> (Bed, String) {
    let bed = Bed::bare(Options::default()).await;
    let host = bed.make_host().await;
    bed.put_secret(&host, name, "ghp_made_up_of_the_agent").await;
    (bed, host)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_wakes_a_workspace_keeps_its_hosts_and_what_a_missing_token_means() {
    let (bed, _) = with_token("CODEX_MONITOR_GH_TOKEN_ONE").await;
    let repository = bed.repository("repo");
    let (one, two) = (bed.worktree(&repository, "one"), bed.worktree(&repository, "two"));
    let choice = r#"{"hosts":["ghe.example.com"],"missing":"deny"}"#;
    choosing(&bed, choice, &Bed::provision_args(&one, "one", "one")).ok();
    choosing(&bed, choice, &Bed::provision_args(&two, "two", "two")).ok();
    let person = "[credential]\n\thelper = \"!f() { echo username=me; echo password=made-up-of-the-person; }; f\"\n";
    let config = std::fs::read_to_string(bed.path("gitconfig")).expect("it is there");
    std::fs::write(bed.path("gitconfig"), config + person).expect("it is written");
    for again in ["suspended", "set up anew"] {
        if again == "suspended" {
            for id in ["one", "two"] {
                bed.run(&["suspend", id]).ok();
                bed.run(&["wake", id]).ok();
            }
        } else {
            bed.run(&Bed::provision_args(&one, "one", "one")).ok();
            bed.run(&Bed::provision_args(&two, "two", "two")).ok();
        }
        assert!(fill(&bed, &one, "ghe.example.com").contains("ghp_made_up_of_the_agent"), "{again}");
        assert!(!fill(&bed, &one, "github.com").contains("ghp_made_up"), "{again}: no other host gets it");
        assert!(!fill(&bed, &two, "ghe.example.com").contains("password="), "{again}: it is denied");
        let status = bed.run(&["status", two.to_str().expect("text"), "--json"]).ok().json();
        assert_eq!(status["github"]["source"], "denied", "{again}");
    }
    // Whoever does say something is heard.
    let open = r#"{"missing":"inherit"}"#;
    choosing(&bed, open, &Bed::provision_args(&two, "two", "two")).ok();
    assert!(fill(&bed, &two, "ghe.example.com").contains("made-up-of-the-person"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_takes_no_token_from_a_workspace() {
    let (bed, host) = with_token("CODEX_MONITOR_GH_TOKEN_PAYMENTS_AGENT").await;
    let tree = bed.worktree(&bed.repository("repo"), "one");
    bed.run(&Bed::provision_args(&tree, "one", "payments agent")).ok();
    for name in ["sub", "third"] {
        let again = bed.run(&Bed::provision_args(&tree, "one", name)).ok().json();
        assert_eq!(again["github"]["secret"], "CODEX_MONITOR_GH_TOKEN_PAYMENTS_AGENT", "{again}");
    }
    assert!(fill(&bed, &tree, "github.com").contains("ghp_made_up_of_the_agent"));
    // One that is there for the new name is the workspace's.
    bed.put_secret(&host, "CODEX_MONITOR_GH_TOKEN_THIRD", "ghp_made_up_of_the_third").await;
    let again = bed.run(&Bed::provision_args(&tree, "one", "third")).ok().json();
    assert_eq!(again["github"]["secret"], "CODEX_MONITOR_GH_TOKEN_THIRD", "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_wakes_a_workspace_keeps_where_its_key_lies_and_whose_signature_its_commits_carry() {
    let bed = Bed::new().await;
    let tree = bed.worktree(&bed.repository("repo"), "one");
    let choosing = |key: &str, signatures: &str| {
        let mut program = bed.program();
        program.env("RAVI_WORKSPACE_KEY_IN_TREE", key).env("RAVI_WORKSPACE_SIGNATURES", signatures);
        Run::from(program.args(Bed::provision_args(&tree, "one", "one")).output().expect("it starts")).ok();
    };
    let holds = |in_tree: bool, unsigned: bool| {
        let listed = bed.git(&tree, &["config", "--list", "--show-origin"]);
        assert_eq!(tree.join(".ravi/config.json").exists(), in_tree, "where the key lies");
        assert_eq!(listed.contains("ravi-workspace.gitconfig\tcommit.gpgsign=false"), unsigned, "{listed}");
    };
    choosing("always", "person");
    holds(true, false);
    bed.run(&["suspend", "one"]).ok();
    assert!(!tree.join(".ravi").exists());
    bed.run(&["wake", "one"]).ok();
    holds(true, false);
    bed.run(&Bed::provision_args(&tree, "one", "renamed")).ok();
    holds(true, false);
    // Whoever does say something is heard.
    choosing("never", "workspace");
    holds(false, true);
    bed.run(&["suspend", "one"]).ok();
    bed.run(&["wake", "one"]).ok();
    holds(false, true);
}
