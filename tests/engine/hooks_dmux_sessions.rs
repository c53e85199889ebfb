//! Where dmux keeps its list of panes: a dmux that shows several projects has one list for all of them, in the project that
//! it was started in, and tells tmux where.

use std::path::Path;

use serde_json::json;

use crate::common::{Bed, Run};
use crate::hooks_dmux::Project;

/// A tmux with one session of dmux, whose list is `list`, and no pane that is alive.
fn tmux(bed: &Bed, list: &Path) -> std::ffi::OsString {
    let bin = bed.path("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    let text = format!("#!/bin/sh\n[ \"$1\" = list-sessions ] && printf '\\n%s\\n' '{}'\nexit 0\n", list.display());
    std::fs::write(bin.join("tmux"), text).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("tmux"), mode).expect("set");
    let path = std::env::var_os("PATH").expect("a PATH");
    std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&path))).expect("a PATH")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pane_in_the_list_of_another_project_counts() {
    let bed = Bed::new().await;
    let project = Project::new(&bed);
    let list = bed.repository("shown with others").join("dmux.config.json");
    let path = tmux(&bed, &list);
    let set_panes = |ids: &[&str]| {
        let pane = |id: &&str| json!({ "id": id, "paneId": "%999999", "worktreePath": project.tree("one") });
        let text = json!({ "panes": ids.iter().map(pane).collect::<Vec<_>>() }).to_string();
        std::fs::write(&list, text).expect("written");
    };
    let hook = |event: &str, pane: &str| -> Run {
        let mut hook = project.hook(&bed, event, pane, Some("one"));
        Run::from(hook.env("PATH", &path).output().expect("it starts")).ok()
    };
    let reap = || {
        let mut reap = bed.program();
        reap.args(["reap", "--json"]).env("PATH", &path).env("RAVI_WORKSPACE_CLOCK_OFFSET_S", "700");
        Run::from(reap.output().expect("it starts")).ok().json()
    };
    project.add(&bed, "one");
    hook("worktree_created", "dmux-1");
    // The second agent in the worktree was closed; the first one works on.
    set_panes(&["dmux-1"]);
    hook("pane_closed", "dmux-2");
    assert_eq!(bed.live_keys().await, 1);
    // A list that is being written says nothing.
    std::fs::write(&list, "{").expect("written");
    assert_eq!(reap()["suspended"], json!([]));
    set_panes(&[]);
    hook("pane_closed", "dmux-1");
    assert_eq!(bed.live_keys().await, 0);

    // Opened again, used, and killed without a word: dmux has it in its list, and nobody is alive.
    bed.run(&["exec", project.tree("one").to_str().expect("text"), "--", "true"]).ok();
    set_panes(&["dmux-3"]);
    assert_eq!(reap()["suspended"].as_array().map(Vec::len), Some(1), "no list of its own is needed");
    assert_eq!(bed.live_keys().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_reads_what_is_done_and_why_no_agent_came() {
    let bed = Bed::new().await;
    let project = Project::new(&bed);
    project.add(&bed, "one");
    let hook =
        || -> Run { project.hook(&bed, "worktree_created", "dmux-1", Some("one")).output().expect("it starts").into() };
    bed.fault(json!({ "method": "POST", "path": "/api/identities/", "status": 402, "body": { "detail": "no" } })).await;
    let shut = hook();
    assert_ne!(shut.code, 0);
    assert!(shut.stderr.starts_with("No agent is started here"), "first what it means: {shut:?}");
    assert!(shut.stderr.contains("error[") && shut.stderr.contains("hint: "), "then why: {shut:?}");
    let done = hook().ok();
    let list = bed.run(&["list", "--json"]).ok().json();
    let email = list["workspaces"][0]["identity"]["email"].as_str().expect("an address").to_owned();
    assert_eq!(done.stdout.lines().last(), Some(format!("DMUX_STATUS:Ravi: ready, as {email}").as_str()));
    assert!(done.stdout.contains("DMUX_STATUS:Ravi: getting its identity\n"), "{done:?}");
    assert_eq!(done.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_a_folder_of_hooks_that_dmux_gives_to_a_shell_as_it_is() {
    let bed = Bed::new().await;
    let root = bed.repository("my project");
    let tree = root.join(".dmux/worktrees/one");
    bed.git(&root, &["worktree", "add", "--quiet", tree.to_str().expect("text")]);
    bed.run(&["hook", "dmux", "install", "--project", root.to_str().expect("text")]).ok();
    bed.run(&Bed::provision_args(&tree, "one", "one")).ok();
    let report = bed.run(&["doctor", "--json"]).json();
    let findings = report["findings"].as_array().expect("a list").iter();
    let hooks: Vec<&str> = findings.filter(|f| f["check"] == "hooks").filter_map(|f| f["message"].as_str()).collect();
    assert!(hooks.iter().any(|text| text.contains("before_worktree_remove in ")), "{hooks:?}");
    assert_eq!(hooks.len(), 1, "once: {hooks:?}");
}
