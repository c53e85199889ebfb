//! Where agents meet `ravi`: in shells that took the workspace's environment over, in login shells whose profile sets PATH
//! anew, and in threads of a real Codex.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::codex_threads::{AppServer, fake_model, installed, model};
use crate::common::Run;
use crate::common::ravi_room::{NOBODY, RaviRoom};

const OURS: &str = env!("CARGO_BIN_EXE_ravi-workspace");
const DIRENV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/direnv/use_ravi.sh");

/// Whether the machine has the shell; not all need have all of them.
fn has(shell: &str) -> bool {
    let has = Command::new(shell).args(["-c", "true"]).status().is_ok_and(|status| status.success());
    if !has {
        println!("skipped: {shell} is not installed");
    }
    has
}

/// What a script prints that a shell of the person's runs in `folder`.
fn run(room: &RaviRoom, folder: &Path, words: &[&str]) -> String {
    let mut command = room.command(folder, words);
    command.env("RAVI_WORKSPACE_STATE", room.bed.state()).env("SHELL", words[0]);
    Run::from(command.output().expect("it starts")).ok().stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_took_the_environment_over_is_the_workspace_until_it_leaves() {
    let room = RaviRoom::new().await;
    let (tree, mut said) = room.workspace("one");
    let home = room.bed.path("");
    // Login shells begin with what the system's profile makes of PATH.
    for profile in [".profile", ".zprofile"] {
        let more = format!("export PATH=\"$PATH:{}\"\n", room.bed.path("real").display());
        std::fs::write(room.bed.path(profile), more).expect("a profile");
    }
    for (shell, eval) in [
        ("bash", format!("eval \"$('{OURS}' env . --shell bash)\"")),
        ("zsh", format!("eval \"$('{OURS}' env . --shell zsh)\"")),
        ("fish", format!("eval ('{OURS}' env . --shell fish | string collect)")),
        ("bash", format!("ravi-workspace() {{ '{OURS}' \"$@\"; }}; . '{DIRENV}'; use_ravi")),
    ] {
        if !has(shell) {
            continue;
        }
        let script = format!(
            "ravi get email; {eval}; ravi get email; cd 'src/far below'; ravi get email; cd '{}'; ravi get email",
            home.display()
        );
        let person = RaviRoom::person();
        // Before the shell has the environment, the real one is the person's everywhere.
        assert_eq!(run(&room, &tree, &[shell, "-c", &script]), format!("{person}{said}{said}{person}"), "{shell}");
        assert_eq!(
            run(&room, &tree, &[shell, "-l", "-c", &script]),
            format!("{person}{said}{said}{person}"),
            "{shell}"
        );

        // The workspace goes to sleep under it; then it is released under it.
        let sleeps = format!("{eval}; cd src; '{OURS}' suspend one >/dev/null");
        let script = format!("{sleeps}; env RAVI_WORKSPACE_WAKE=never ravi get email; true");
        assert_eq!(run(&room, &tree, &[shell, "-c", &script]), "", "{shell}");
        let woken = run(&room, &tree, &[shell, "-c", &format!("{sleeps}; ravi get email")]);
        assert!(woken == room.said_of("one") && woken != said, "{shell}: {woken}");
        let script = format!("{eval}; cd src; '{OURS}' release one >/dev/null; ravi get email");
        assert_eq!(run(&room, &tree, &[shell, "-c", &script]), person, "{shell}");
        said = room.provision(&tree, "one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_shell_that_sets_path_anew_has_the_shim_where_it_was_installed_for_those() {
    let room = RaviRoom::new().await;
    let (tree, said) = room.workspace("one");
    let (person, far) = (RaviRoom::person(), tree.join("src/far below"));
    for (shell, profile) in [("bash", ".profile"), ("zsh", ".zprofile")] {
        if !has(shell) {
            continue;
        }
        let reset = format!("PATH='{}:/usr/bin:/bin'\nexport PATH\n", room.bed.path("real").display());
        std::fs::write(room.bed.path(profile), reset).expect("a profile");
        let says = |folder: &Path| run(&room, folder, &[shell, "-l", "-c", "ravi get email"]);
        let under_exec = |script: &str| {
            let words = [OURS, "exec", tree.to_str().expect("text"), "--", shell, "-l", "-c", script];
            let mut command = room.command(&room.bed.path(""), &words);
            let output = command.env("RAVI_WORKSPACE_STATE", room.bed.state()).output();
            Run::from(output.expect("it starts")).ok().stdout
        };
        // The real one, found by its path, knows of no workspace.
        assert_eq!([says(&tree), says(&far)], [person.clone(), person.clone()], "{shell}");
        assert_eq!(under_exec("cd src; ravi get email"), person, "{shell}");

        let mut install = room.bed.program();
        install.args(["hook", "codex", "install"]).env("SHELL", format!("/bin/{shell}"));
        Run::from(install.output().expect("it starts")).ok();
        assert_eq!([says(&tree), says(&far)], [said.clone(), said.clone()], "{shell}");
        assert_eq!(says(&room.repository), person, "{shell}");
        assert_eq!(under_exec("cd src; ravi get email"), said, "{shell}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_codex_is_its_workspace_with_ravi_too() {
    let Some(codex) = installed() else { return };
    let room = RaviRoom::new().await;
    let (one, said_one) = room.workspace("one");
    let (two, said_two) = room.workspace("two");
    // As on a person's machine, where the app-server was started with the real one on PATH.
    let path = room.path_with(&[room.bed.path("real")]).into_string().expect("text");
    let profile = format!("PATH='{}:/usr/bin:/bin'\nexport PATH\n", room.bed.path("real").display());
    std::fs::write(room.bed.path(".profile"), profile).expect("a profile");
    std::fs::create_dir_all(room.bed.path("codex-home")).expect("a folder");
    let env = [("PATH", path.as_str()), ("RAVI_API_URL", "https://ravi.example")];
    let mut server = AppServer::start_in(&codex, &room.bed, &room.bed.path("codex-home"), &env);
    let told = |what: &str, tree: &Path| {
        let mut command = room.bed.program();
        command.args(["hook", "codex", what]).arg(tree).arg("--json").env("PATH", &path);
        Run::from(command.output().expect("it starts")).ok().json()
    };
    for (tree, said) in [(&one, &said_one), (&two, &said_two)] {
        let model = model("ravi get email; cd 'src/far below'; ravi get email").await;
        let config = merged(told("thread-config", tree), &[fake_model(&model)]);
        let params =
            json!({ "cwd": tree, "approvalPolicy": "never", "sandbox": "danger-full-access", "config": config });
        let thread = server.call("thread/start", params)["thread"]["id"].as_str().expect("text").to_owned();
        assert_eq!(server.turn(&thread).replace('\r', ""), format!("{said}{said}"));
    }
    // In a sandbox that keeps the person's file and ours from it, it is nobody.
    let model = model("ravi get email; cd src; ravi get email").await;
    let config = merged(told("thread-config", &one), &[told("profile", &one), fake_model(&model)]);
    let params = json!({ "cwd": one, "approvalPolicy": "never", "config": config });
    let thread = server.call("thread/start", params)["thread"]["id"].as_str().expect("text").to_owned();
    assert_eq!(server.turn(&thread).replace('\r', ""), format!("{NOBODY}{NOBODY}"));
}

fn merged(mut config: Value, more: &[Value]) -> Value {
    for more in more {
        let more = more.as_object().expect("an object").clone();
        config.as_object_mut().expect("an object").extend(more);
    }
    config
}
