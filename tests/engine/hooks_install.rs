//! Hooks in the settings of Claude Code and Jean: put in, run by the shells that run them, looked at, taken out.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Bed, Run};
use crate::hooks_worktrees::{bound, in_bed, login_shells};

fn settings(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("it is there")).expect("JSON")
}

fn hooks_said(bed: &Bed) -> Vec<(String, String)> {
    let report = bed.run(&["doctor", "--json"]).json();
    let all = report["findings"].as_array().expect("a list").iter().filter(|finding| finding["check"] == "hooks");
    let text = |finding: &Value, field: &str| finding[field].as_str().expect("text").to_owned();
    all.map(|finding| (text(finding, "state"), text(finding, "message"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn claude_code_s_hooks_are_installed_beside_others_and_taken_out_byte_for_byte() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let user = bed.path(".claude/settings.json");
    let done = bed.run(&["hook", "claude", "install", "--json"]).ok().json();
    assert_eq!((&done["path"], &done["state"]), (&json!(user), &json!("installed")));
    let first = std::fs::read(&user).expect("it is there");
    bed.run(&["hook", "claude", "install", "--global"]).ok();
    assert_eq!(std::fs::read(&user).expect("it is there"), first, "again is the same");
    let command = settings(&user)["hooks"]["SessionStart"][0]["hooks"][0]["command"].clone();
    let launcher = bed.state().join("bin/ravi-launch").display().to_string();
    assert_eq!(command, format!("[ ! -x '{launcher}' ] || '{launcher}' hook claude SessionStart"));
    assert_eq!(hooks_said(&bed), [("ok".into(), "installed for Claude Code, and nothing is in their way".into())]);

    let project = repository.join(".claude/settings.local.json");
    std::fs::create_dir(repository.join(".claude")).expect("a folder");
    let mine = "{\"permissions\": {\"allow\":[ ]},\n\t\"hooks\":{\"SessionStart\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"true\"}]}]}}";
    std::fs::write(&project, mine).expect("written");
    let there = ["hook", "claude", "install", "--json", "--project", repository.to_str().expect("text")];
    assert_eq!(bed.run(&there).ok().json()["state"], "chained");
    assert_eq!(settings(&project)["hooks"]["SessionStart"].as_array().map(Vec::len), Some(2));
    bed.run(&["hook", "claude", "uninstall", "--project", repository.to_str().expect("text")]).ok();
    assert_eq!(std::fs::read_to_string(&project).expect("it is there"), mine);
    bed.run(&["hook", "claude", "uninstall"]).ok();
    assert!(!user.exists(), "it was made for this");
    assert_eq!(hooks_said(&bed)[0].1, "none installed for dmux, Claude Code, Jean or git");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_what_keeps_hooks_in_settings_from_working() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let tree = repository.join(".claude/worktrees/one");
    bed.git(&repository, &["worktree", "add", "--quiet", tree.to_str().expect("text")]);
    bed.run(&Bed::provision_args(&tree, "one", "one agent")).ok();
    bed.run(&["hook", "claude", "install"]).ok();
    let project = repository.join(".claude/settings.local.json");
    let hook = |command: &str| json!({ "WorktreeCreate": [{ "hooks": [{ "type": "command", "command": command }] }] });
    for (text, says) in [
        (json!({ "hooks": hook("./mine.sh") }).to_string(), "another WorktreeCreate hook"),
        (
            json!({ "hooks": hook("'/gone/ravi-workspace' hook claude WorktreeCreate") }).to_string(),
            "/gone/ravi-workspace",
        ),
        (json!({ "disableAllHooks": true }).to_string(), "switches all hooks off"),
        ("{,}".to_owned(), "cannot read"),
    ] {
        std::fs::write(&project, &text).expect("written");
        let said = hooks_said(&bed);
        assert!(said.len() == 1 && said[0].0 == "warn" && said[0].1.contains(says), "{text}: {said:?}");
    }
    let refused = bed.run(&["hook", "claude", "install", "--json", "--project", repository.to_str().expect("text")]);
    assert_eq!((refused.code, refused.error_code().as_str()), (1, "hook.settings"));
    assert_eq!(std::fs::read_to_string(&project).expect("it is there"), "{,}");
    std::fs::remove_file(&project).expect("removed");

    let jean = tree.join("jean.json");
    for (text, says) in
        [(r#"{"scripts":{"setup":"ravi-workspace hook jean setup"}}"#, "only"), ("{", "Jean cannot read")]
    {
        std::fs::write(&jean, text).expect("written");
        assert!(hooks_said(&bed)[0].1.contains(says), "{text}");
    }
    std::fs::remove_file(&jean).expect("removed");
    bed.run(&["hook", "jean", "install", tree.to_str().expect("text")]).ok();
    assert_eq!(hooks_said(&bed)[0].1, "installed for Claude Code, Jean, and nothing is in their way");
}

#[tokio::test(flavor = "multi_thread")]
async fn jean_runs_our_commands_before_the_project_s_in_every_login_shell() {
    let bed = Bed::new().await;
    let repository = bed.repository("repo");
    let file = repository.join("jean.json");
    let mine =
        "{ \"scripts\": { \"setup\": \"git config user.email > made\", \"teardown\": \"touch gone && false\" } }";
    std::fs::write(&file, mine).expect("written");
    let done = bed.run(&["hook", "jean", "install", repository.to_str().expect("text"), "--json"]).ok().json();
    assert_eq!(done["state"], "chained");
    let scripts = settings(&file)["scripts"].clone();
    let shells = login_shells(&bed);
    for shell in &shells {
        let tree = bed.worktree(&repository, shell);
        // As Jean does: the user's shell, as a login shell with everything that the user has in it.
        let run = |script: &Value, environment: &[(&str, &str)]| -> Run {
            let mut command = in_bed(&bed, shell, &tree);
            command.args(["-l", "-i", "-c", script.as_str().expect("text")]);
            command.env("JEAN_WORKSPACE_PATH", &tree).env("JEAN_ROOT_PATH", &repository).env("JEAN_BRANCH", shell);
            command.envs(environment.iter().copied()).output().expect("the shell starts").into()
        };
        // Without an identity nothing of the project's is done as the person.
        let refused = run(&scripts["setup"], &[("RAVI_API_URL", "http://127.0.0.1:9")]);
        assert!(refused.code != 0 && !tree.join("made").exists(), "{shell}: {refused:?}");
        run(&scripts["setup"], &[]).ok();
        let made = std::fs::read_to_string(tree.join("made")).expect("it ran");
        assert_eq!(bound(&bed)[0]["identity"]["email"], made.trim(), "{shell}: as the workspace");
        let teardown = run(&scripts["teardown"], &[]);
        assert_eq!(
            (teardown.code, tree.join("gone").exists()),
            (1, true),
            "{shell}: what theirs says counts: {teardown:?}"
        );
        assert_eq!((bound(&bed).len(), bed.live_keys().await), (0, 0), "{shell}");
    }
    bed.run(&["hook", "jean", "uninstall", repository.to_str().expect("text")]).ok();
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), mine);

    // Without a script of the project's, ours never keeps Jean from deleting, installed or not.
    std::fs::write(&file, "{}").expect("written");
    bed.run(&["hook", "jean", "install", repository.to_str().expect("text")]).ok();
    let teardown = settings(&file)["scripts"]["teardown"].as_str().expect("text").to_owned();
    for shell in &shells {
        let without = if *shell == "fish" { "set -gx PATH /usr/bin /bin" } else { "PATH=/usr/bin:/bin" };
        let run = in_bed(&bed, shell, &repository).args(["-c", &format!("{without}; {teardown}")]).output();
        assert_eq!(Run::from(run.expect("the shell starts")).code, 0, "{shell}");
    }
}
