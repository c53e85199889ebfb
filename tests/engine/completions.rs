//! Promise: what `completions` prints makes the shells complete the program's words.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::common::Run;

const OURS: &str = env!("CARGO_BIN_EXE_ravi-workspace");

fn script(shell: &str) -> String {
    Run::from(Command::new(OURS).args(["completions", shell]).output().expect("it starts")).ok().stdout
}

/// Whether the machine has the shell; not all need have all of them.
fn has(shell: &str) -> bool {
    let has = Command::new(shell).args(["-c", "true"]).status().is_ok_and(|status| status.success());
    if !has {
        println!("skipped: {shell} is not installed");
    }
    has
}

/// What a person sees who types these lines at a shell's prompt: a shell completes only what comes from a terminal.
fn typed(shell: &str, lines: &[&str]) -> String {
    let mut terminal = Command::new("script");
    terminal.args(["--quiet", "--return", "--command", shell, "/dev/null"]).env("TERM", "dumb").env("PS1", "$ ");
    terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = terminal.spawn().expect("script starts");
    let mut input = child.stdin.take().expect("its input");
    for line in lines {
        // One line at a time, as a person types: a shell drops what was typed before it set its terminal up.
        std::thread::sleep(std::time::Duration::from_millis(500));
        input.write_all(format!("{line}\n").as_bytes()).expect("it reads");
    }
    drop(input);
    Run::from(child.wait_with_output().expect("it ends")).stdout
}

#[test]
fn bash_completes_commands_options_and_values_at_the_tab_key() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("completions");
    std::fs::write(&file, script("bash")).expect("written");
    let seen = typed(
        "bash --norc --noprofile -i",
        &[
            &format!("source '{}'", file.display()),
            // In place of the program: what it would be called with.
            "ravi-workspace() { echo \"called: $*.\"; }",
            "ravi-workspace prov\t",
            "ravi-workspace hook git ins\t",
            "ravi-workspace exec --no-m\t",
            "ravi-workspace env --shell fi\t",
            "ravi-workspace account merge-host --js\t",
            "exit",
        ],
    );
    for called in ["provision", "hook git install", "exec --no-mask", "env --shell fish", "account merge-host --json"] {
        assert!(seen.contains(&format!("called: {called}.")), "{called}: {seen}");
    }
}

#[test]
fn fish_completes_with_what_each_word_is_for() {
    if !has("fish") {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("ravi-workspace.fish");
    std::fs::write(&file, script("fish")).expect("written");
    let complete = |words: &str| {
        let text = format!("source '{}'; complete -C '{words}'", file.display());
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", &text]).env("HOME", dir.path());
        Run::from(fish.output().expect("it starts")).ok().stdout
    };
    assert!(complete("ravi-workspace prov").starts_with("provision\tGive a workspace its own identity"));
    assert!(complete("ravi-workspace exec --no-m").starts_with("--no-mask\t"));
    assert!(complete("ravi-workspace env --shell fi").starts_with("fish"));
}

#[test]
fn zsh_finds_its_function_in_a_folder_of_its_path() {
    if !has("zsh") {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("_ravi-workspace"), script("zsh")).expect("written");
    let text = format!(
        "fpath=('{}' $fpath); autoload -Uz compinit; compinit -D -u; print $_comps[ravi-workspace]; autoload +X -Uz \
         _ravi-workspace && print read",
        dir.path().display()
    );
    let mut zsh = Command::new("zsh");
    zsh.args(["-f", "-c", &text]).env("HOME", dir.path());
    assert_eq!(Run::from(zsh.output().expect("it starts")).ok().stdout, "_ravi-workspace\nread\n");
}

#[test]
fn every_shell_has_a_script_and_nothing_is_opened_or_made_for_it() {
    let dir = tempfile::tempdir().expect("a folder");
    for (shell, has) in
        [("bash", "complete -F"), ("zsh", "#compdef"), ("fish", "complete -c"), ("powershell", "Register")]
    {
        let mut command = Command::new(OURS);
        command.args(["completions", shell]).env_clear().env("RAVI_WORKSPACE_STATE", dir.path().join("state"));
        let run = Run::from(command.output().expect("it starts")).ok();
        assert!(run.stdout.contains(has) && run.stderr.is_empty(), "{shell}");
        assert!(run.stdout.contains("registration") && !run.stdout.contains("RAVI_API_KEY="), "{shell}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0);
    for args in [["--json", "completions", "bash"], ["completions", "bash", "--json"]] {
        let json = Run::from(Command::new(OURS).args(args).output().expect("it starts"));
        assert_eq!((json.code, json.error_code().as_str()), (2, "usage"));
    }
}
