//! `gh` as the workspace, through the shim that is first on PATH.

use std::ffi::OsString;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{Bed, Run};
use serde_json::{Value, json};

const HUMAN: &str = "made_up_human_token";

struct Desk {
    bed: Bed,
    repository: PathBuf,
}

impl Desk {
    async fn new() -> Desk {
        let bed = Bed::new().await;
        let repository = bed.repository("repo");
        shim(&bed.state());
        std::fs::create_dir_all(bed.path("gh")).expect("a folder");
        let hosts = format!("github.com:\n    user: hanna\n    oauth_token: {HUMAN}\n    git_protocol: https\n");
        std::fs::write(bed.path("gh/hosts.yml"), hosts).expect("the person's login");
        Desk { bed, repository }
    }

    async fn workspace(&self, id: &str, token: &str) -> (PathBuf, String) {
        let tree = self.bed.worktree(&self.repository, id);
        let args = Bed::provision_args(&tree, id, &format!("{id} agent"));
        let uuid = self.bed.run(&args).ok().json()["identity"]["uuid"].as_str().expect("a uuid").to_owned();
        self.bed.put_secret(&uuid, "GH_TOKEN", token).await;
        let answer = self.bed.run(&args).ok().json();
        assert_eq!(answer["github"], json!({ "source": "workspace", "secret": "GH_TOKEN" }));
        (tree, uuid)
    }

    fn path_with(&self, folders: &[PathBuf]) -> OsString {
        let usual = std::env::var_os("PATH").expect("a PATH");
        let all = folders.iter().cloned().chain(std::env::split_paths(&usual));
        std::env::join_paths(all).expect("a PATH")
    }

    fn gh(&self, folder: &Path, args: &[&str]) -> Run {
        self.gh_command(folder, args).output().expect("gh starts").into()
    }

    /// `gh` as somebody in `folder` runs it.
    fn gh_command(&self, folder: &Path, args: &[&str]) -> Command {
        let path = self.path_with(&[self.bed.state().join("bin")]);
        let mut command = Command::new("env");
        command.arg("gh").args(args).current_dir(folder).stdin(Stdio::null());
        for name in ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_HOST"] {
            command.env_remove(name);
        }
        command.env("PATH", path).env("GH_CONFIG_DIR", self.bed.path("gh")).env("HOME", self.bed.path(""));
        command.env("RAVI_WORKSPACE_STATE", self.bed.state()).env_remove("RAVI_API_KEY");
        command
    }

    /// A `gh` of our own that tells what it was given.
    fn telling_gh(&self) -> PathBuf {
        let dir = self.bed.path("telling");
        std::fs::create_dir_all(&dir).expect("a folder");
        let script = "#!/bin/sh\nprintf '%s\\n' \"token=$GH_TOKEN\" \"github=$GITHUB_TOKEN\" \"enterprise=$GH_ENTERPRISE_TOKEN\" \
                      \"host=$GH_HOST\" \"config=$GH_CONFIG_DIR\" \"pid=$$\"\nprintf '[%s]\\n' \"$@\"\n[ \"$1\" != wait ] || exec sleep 60\nexit 37\n";
        std::fs::write(dir.join("gh"), script).expect("a script");
        std::fs::set_permissions(dir.join("gh"), std::fs::Permissions::from_mode(0o755)).expect("its mode");
        dir
    }
}

fn shim(state: &Path) {
    std::fs::create_dir_all(state.join("bin")).expect("a folder");
    symlink(env!("CARGO_BIN_EXE_ravi-workspace"), state.join("bin/gh")).expect("the shim");
}

fn real_gh_is_missing() -> bool {
    let missing = Command::new("gh").arg("--version").output().is_err();
    if missing {
        println!("skipped: gh is not installed");
    }
    missing
}

#[tokio::test(flavor = "multi_thread")]
async fn each_worktree_has_its_own_login_and_the_person_keeps_theirs() {
    if real_gh_is_missing() {
        return;
    }
    let desk = Desk::new().await;
    let (one, _) = desk.workspace("one", "made_up_token_one").await;
    let (two, _) = desk.workspace("two", "made_up_token_two").await;
    let below = one.join("a folder/below");
    std::fs::create_dir_all(&below).expect("a folder");
    let token = |folder: &Path| desk.gh(folder, &["auth", "token"]).ok().stdout;
    assert_eq!(token(&one), "made_up_token_one\n");
    assert_eq!(token(&below), "made_up_token_one\n");
    assert_eq!(token(&two), "made_up_token_two\n");
    assert_eq!(token(&desk.repository), format!("{HUMAN}\n"));
    assert_eq!(token(Path::new("/")), format!("{HUMAN}\n"));

    let mut exported = desk.gh_command(&one, &["auth", "token"]);
    exported.env("GH_TOKEN", HUMAN).env("GITHUB_TOKEN", HUMAN);
    assert_eq!(Run::from(exported.output().expect("gh starts")).ok().stdout, "made_up_token_one\n");
    let mut off = desk.gh_command(&one, &["auth", "token"]);
    off.env("RAVI_WORKSPACE_GH", "off");
    assert_eq!(Run::from(off.output().expect("gh starts")).ok().stdout, format!("{HUMAN}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_no_repository_is_known_while_it_sleeps_and_in_repositories_below() {
    let desk = Desk::new().await;
    let tree = desk.bed.path("plain");
    let clone = tree.join("clone");
    std::fs::create_dir(&tree).expect("a folder");
    let args = Bed::provision_args(&tree, "plain", "plain agent");
    let uuid = desk.bed.run(&args).ok().json()["identity"]["uuid"].as_str().expect("a uuid").to_owned();
    desk.bed.put_secret(&uuid, "GH_TOKEN", "made_up_token_plain").await;
    desk.bed.run(&args).ok();
    desk.bed.git(&desk.repository, &["clone", "--quiet", ".", clone.to_str().expect("text")]);
    let path = desk.path_with(&[desk.bed.state().join("bin"), desk.telling_gh()]);
    let gh = |folder: &Path, wake: &str| -> Run {
        let mut command = desk.gh_command(folder, &["pr"]);
        command.env("PATH", &path).env("GH_TOKEN", HUMAN).env("RAVI_WORKSPACE_WAKE", wake);
        command.env("RAVI_API_URL", &desk.bed.base_url);
        command.output().expect("gh starts").into()
    };
    for folder in [&tree, &clone] {
        assert!(gh(folder, "never").stdout.starts_with("token=made_up_token_plain\n"), "{}", folder.display());
    }
    desk.bed.run(&["suspend", "plain"]).ok();
    for folder in [&tree, &clone] {
        let run = gh(folder, "never");
        assert!(run.code == 6 && run.stderr.contains("workspace.suspended"), "{run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_to_log_in_with_it_fails_and_says_why() {
    let desk = Desk::new().await;
    let (tree, uuid) = desk.workspace("one", "made_up_token_one").await;
    let telling = desk.telling_gh();
    let path = desk.path_with(&[desk.bed.state().join("bin"), telling]);
    let later = |seconds: &str| {
        let mut command = desk.gh_command(&tree, &["auth", "token"]);
        command.env("PATH", &path).env("RAVI_WORKSPACE_CLOCK_OFFSET_S", seconds);
        Run::from(command.output().expect("gh starts"))
    };
    desk.bed.delete_secret(&uuid, "GH_TOKEN").await;
    let run = later("301");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{run:?}");
    assert!(run.stderr.contains("github.token_missing") && run.stderr.contains("hint: "), "{run:?}");
    desk.bed.put_secret(&uuid, "GH_TOKEN", "two words").await;
    let run = later("301");
    assert!(run.stderr.contains("github.token_form") && !run.stderr.contains("two words"), "{run:?}");

    desk.bed.stop_ravi().await;
    let run = later("100000");
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
    assert!(run.stderr.contains("api.unreachable") && !run.stderr.contains(HUMAN), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_gh_is_called_as_if_there_were_no_shim() {
    let desk = Desk::new().await;
    let (tree, _) = desk.workspace("one", "made_up_token_one").await;
    let telling = desk.telling_gh();
    let other = desk.bed.path("other-state");
    shim(&other);
    // The same shim twice, another installation's, and a folder of the repository's: only the real one is run.
    let bin = desk.bed.state().join("bin");
    let copy = desk.bed.path("copy");
    std::fs::create_dir(&copy).expect("a folder");
    // By another process: a file that this one had open for writing cannot be run while a child of another test has it.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_ravi-workspace")).arg(copy.join("gh")).status();
    assert!(copied.expect("cp starts").success());
    let path = desk.path_with(&[bin.clone(), other.join("bin"), copy, bin, telling]);
    let args = ["pr", "create", "--title", "a \"b\"\nc", ""];
    let mut command = desk.gh_command(&tree, &args);
    command.env("PATH", &path).env("GITHUB_TOKEN", HUMAN).env("GH_HOST", "elsewhere.example");
    let run = Run::from(command.output().expect("gh starts"));
    assert_eq!(run.code, 37, "{run:?}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[..4], ["token=made_up_token_one", "github=", "enterprise=", "host="]);
    assert!(run.stdout.ends_with("[pr]\n[create]\n[--title]\n[a \"b\"\nc]\n[]\n"), "{run:?}");

    // It has become the real one: one process, which a signal meets.
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::ExitStatusExt as _;
    let mut command = desk.gh_command(&tree, &["wait"]);
    let mut child = command.env("PATH", &path).stdout(Stdio::piped()).spawn().expect("gh starts");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let pid = format!("pid={}", child.id());
    assert!(output.lines().map_while(Result::ok).take_while(|line| line != "[wait]").any(|line| line == pid));
    child.kill().expect("it lives");
    assert_eq!(child.wait().expect("it ends").signal(), Some(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gh_that_is_missing_or_calls_itself_is_told() {
    let desk = Desk::new().await;
    let bin = desk.bed.state().join("bin");
    let mut command = Command::new(bin.join("gh"));
    let run = Run::from(command.env("PATH", &bin).current_dir(&desk.repository).output().expect("it starts"));
    assert_eq!(run.code, 127);
    assert!(run.stderr.contains("github.gh_missing"), "{run:?}");

    let circle = desk.bed.path("circle");
    std::fs::create_dir(&circle).expect("a folder");
    std::fs::write(circle.join("gh"), "#!/bin/sh\nexec gh \"$@\"\n").expect("a script");
    std::fs::set_permissions(circle.join("gh"), std::fs::Permissions::from_mode(0o755)).expect("its mode");
    let mut command = desk.gh_command(&desk.repository, &["pr"]);
    let run = Run::from(command.env("PATH", desk.path_with(&[bin, circle])).output().expect("it starts"));
    assert!(run.code != 0 && run.stderr.contains("github.loop"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enterprise_host_gets_its_own_variables() {
    let desk = Desk::new().await;
    let telling = desk.telling_gh();
    let tree = desk.bed.worktree(&desk.repository, "ghe");
    desk.bed.run_with_input(&["secret", "set", "GHE_TOKEN"], "made_up_ghe_token").ok();
    let mut program = desk.bed.program();
    program.args(Bed::provision_args(&tree, "ghe", "ghe agent")).args(["--github-secret", "GHE_TOKEN"]);
    program.env("RAVI_WORKSPACE_GITHUB", r#"{"hosts":["ghe.example.com"]}"#);
    let answer: Value = Run::from(program.output().expect("it starts")).ok().json();
    assert_eq!(answer["github"]["source"], "host");
    let mut command = desk.gh_command(&tree, &["x"]);
    command.env("PATH", desk.path_with(&[desk.bed.state().join("bin"), telling])).env("GH_TOKEN", HUMAN);
    let run = Run::from(command.output().expect("gh starts"));
    assert!(run.stdout.starts_with("token=\ngithub=\nenterprise=made_up_ghe_token\nhost=ghe.example.com\n"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_its_host_alone() {
    let desk = Desk::new().await;
    let tree = desk.bed.worktree(&desk.repository, "ghe");
    desk.bed.run_with_input(&["secret", "set", "GHE_TOKEN"], "made_up_ghe_token").ok();
    let mut program = desk.bed.program();
    program.args(Bed::provision_args(&tree, "ghe", "ghe agent")).args(["--github-secret", "GHE_TOKEN"]);
    program.env("RAVI_WORKSPACE_GITHUB", r#"{"hosts":["ghe.example.com"]}"#);
    Run::from(program.output().expect("it starts")).ok();
    let path = desk.path_with(&[desk.bed.state().join("bin"), desk.telling_gh()]);
    let told = |args: &[&str], repository: &str| {
        let mut command = desk.gh_command(&tree, args);
        command.env("PATH", &path).env("GH_REPO", repository).env("GITHUB_ENTERPRISE_TOKEN", HUMAN);
        Run::from(command.output().expect("gh starts"))
    };
    for args in [
        &["pr", "list", "-R", "other.example/o/r"][..],
        &["pr", "list", "--repo=https://other.example/o/r"],
        &["api", "https://other.example/api/v3/user"],
        &["api", "http://ghe.example.com/api/v3/user"],
        &["api", "--hostname", "other.example", "user"],
        &["repo", "clone", "git@other.example:o/r"],
        &["pr", "list", "-R", "github.com/o/r"],
        &["auth", "git-credential", "get"],
    ] {
        let run = told(args, "");
        assert!(run.stdout.starts_with("token=\ngithub=\nenterprise=\nhost=\n"), "{args:?}: {run:?}");
        assert!(run.stderr.contains("is for ghe.example.com"), "{args:?}: {run:?}");
        assert!(!run.stdout.contains(&format!("config={}", desk.bed.path("gh").display())), "{args:?}: {run:?}");
    }
    assert!(told(&["pr", "list"], "other.example/o/r").stdout.contains("enterprise=\n"));
    for args in [&["pr", "list"][..], &["pr", "list", "-R", "ghe.example.com/o/r"], &["pr", "list", "-R", "o/r"]] {
        let run = told(args, "");
        assert!(run.stdout.contains("enterprise=made_up_ghe_token\nhost=ghe.example.com\n"), "{args:?}: {run:?}");
    }
    let refused = |line: &&[String; 5]| line[0] == "github.gh" && line[4] == "github.host";
    assert_eq!(desk.bed.audit_trail().iter().filter(refused).count(), 9);

    // A program gets it under the name that sends it nowhere else, with where it belongs.
    let shown = desk.bed.run(&["exec", tree.to_str().expect("text"), "--no-mask", "--", "env"]).ok().stdout;
    assert!(shown.contains("GH_ENTERPRISE_TOKEN=made_up_ghe_token\n") && !shown.contains("GH_TOKEN=made"), "{shown}");
    assert!(shown.contains("GH_HOST=ghe.example.com\n") && shown.contains("GH_CONFIG_DIR="), "{shown}");
}

/// The person's logins are in gh's own files; a workspace has none of them, whatever host it asks for.
#[tokio::test(flavor = "multi_thread")]
async fn the_logins_that_gh_keeps_are_not_used_in_a_workspace() {
    if real_gh_is_missing() {
        return;
    }
    let desk = Desk::new().await;
    let hosts = format!(
        "github.com:\n    user: hanna\n    oauth_token: {HUMAN}\nother.example:\n    user: hanna\n    oauth_token: {HUMAN}_2\n"
    );
    std::fs::write(desk.bed.path("gh/hosts.yml"), hosts).expect("the person's logins");
    let (tree, _) = desk.workspace("one", "made_up_token_one").await;
    let token = |folder: &Path, host: &str| desk.gh(folder, &["auth", "token", "--hostname", host]).stdout;
    assert_eq!(token(&tree, "other.example"), "");
    assert_eq!(token(&tree, "github.com"), "made_up_token_one\n");
    assert_eq!(token(&desk.repository, "other.example"), format!("{HUMAN}_2\n"));
    assert!(!desk.gh(&tree, &["auth", "status"]).stderr.contains("hanna"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_of_the_real_gh_gets_no_login() {
    if real_gh_is_missing() {
        return;
    }
    let desk = Desk::new().await;
    let (tree, _) = desk.workspace("one", "made_up_token_one").await;
    let token = |args: &[&str]| desk.gh(&tree, args).stdout;
    assert_eq!(token(&["auth", "token"]), "made_up_token_one\n");
    let set = desk.gh(&tree, &["alias", "set", "mine", "auth token"]);
    assert_eq!(set.code, 0, "{set:?}");
    let alias = desk.gh(&tree, &["mine"]);
    assert!(!alias.stdout.contains("made_up_token"), "{alias:?}");
    assert!(alias.stderr.contains("the alias \"mine\""), "{alias:?}");
    // The one that gh writes for everybody is known, and nothing else changes.
    assert!(!desk.gh(&tree, &["co", "--help"]).stderr.contains("alias"));
    assert_eq!(token(&["auth", "token"]), "made_up_token_one\n");
}
