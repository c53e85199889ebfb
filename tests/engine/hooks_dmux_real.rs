//! The real dmux, where it is on PATH: what its panes leave at Ravi and in their worktrees, however they come and go.

use ravi_local::Options;
use serde_json::json;

use crate::common::dmux_screen::Screen;
use crate::common::real_dmux::Dmux;
use crate::common::{Bed, HUMAN_EMAIL, HUMAN_NAME};

fn one(name: &str, state: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), state.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_starts_as_somebody_and_its_identity_goes_with_its_pane() {
    let bed = Bed::new().await;
    let Some(dmux) = Dmux::start(&bed) else { return };
    let config = std::fs::read(dmux.root.join(".git/config")).expect("it is there");
    // The agent could be first if it did not wait.
    bed.fault(json!({ "method": "POST", "path": "/api/identities/", "delay_ms": 2_000 })).await;
    dmux.create("fix-auth");
    dmux.until("a status line", || dmux.screen().contains("Ravi: "));
    assert!(dmux.started().is_empty(), "it waits");
    let first = dmux.agent(1);
    assert_eq!(first["author"], "fix-auth <fix-auth@raviapp.test>");
    assert_eq!((first["key"].as_str(), first["tree"].as_str()), ("there", "fix-auth"));
    assert_eq!((dmux.states(), bed.live_keys().await), (one("fix-auth", "ready"), 1));
    assert!(!dmux.screen().contains("ravi_id_"), "nothing secret is shown");

    // Just closed: it sleeps, and is who it was.
    dmux.act(&["close", "fix-auth", "kill_only"]);
    dmux.hook("pane_closed fix-auth", 1);
    assert_eq!((dmux.states(), bed.live_keys().await), (one("fix-auth", "suspended"), 0));
    assert!(
        std::fs::read_dir(bed.state().join("homes")).is_ok_and(|mut homes| homes.next().is_none()),
        "no dead key stays"
    );
    // Reopened, which no hook says; the agent's first use of it wakes it.
    dmux.reopen("fix-auth");
    let again = dmux.agent(2);
    assert!(again["args"].contains("--continue") && again["key"] == "none", "{again:?}");
    assert_eq!((&again["author"], &again["identity"]), (&first["author"], &first["identity"]));
    assert_eq!((dmux.states(), bed.live_keys().await), (one("fix-auth", "ready"), 1));

    dmux.act(&["close", "fix-auth", "kill_and_clean"]);
    dmux.hook("worktree_removed fix-auth", 1);
    dmux.hook("pane_closed fix-auth", 2);
    assert_eq!((dmux.states(), bed.live_keys().await), (Vec::new(), 0));
    assert!(!dmux.tree("fix-auth").exists());
    // The branch is there still; a pane of it is new, and another one is deleted with its branch.
    dmux.create("fix-auth");
    assert_eq!(dmux.agent(3)["key"], "there");
    dmux.act(&["close", "fix-auth", "kill_clean_branch"]);
    dmux.hook("worktree_removed fix-auth", 2);
    dmux.hook("pane_closed fix-auth", 3);
    assert_eq!((dmux.states(), bed.live_keys().await), (Vec::new(), 0));
    assert_eq!(bed.git(&dmux.root, &["branch", "--format=%(refname:short)"]), "main");

    let config_now = std::fs::read(dmux.root.join(".git/config")).expect("it is there");
    assert_eq!(config_now, config, "byte for byte");
    // dmux's own files and nothing of ours.
    assert_eq!(bed.git(&dmux.root, &["status", "--short"]), "?? .dmux-hooks/");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_ravi_is_away_no_agent_starts_and_nothing_is_left() {
    let data = tempfile::tempdir().expect("a folder");
    let options = || Options { data_dir: Some(data.path().to_owned()), ..Options::default() };
    let bed = Bed::with(options()).await;
    let Some(dmux) = Dmux::start(&bed) else { return };
    bed.stop_ravi().await;
    dmux.create("shut");
    dmux.until("the end of the gate", || dmux.screen().contains("The agent was not launched."));
    let (tree, screen) = (dmux.tree("shut"), dmux.screen());
    assert!(screen.contains("api.unreachable") && screen.contains("hint:"), "it is said why: {screen}");
    assert_eq!((dmux.started().len(), dmux.states()), (0, Vec::new()));
    assert!(!tree.join(".ravi").exists());
    assert_eq!(bed.author(&tree), format!("{HUMAN_NAME} <{HUMAN_EMAIL}>"), "as if nothing had been tried");
    bed.start_ravi(options()).await;
    dmux.later(0, &["reap"]);
    assert_eq!((bed.identity_count().await, bed.live_keys().await), (0, 0));
    dmux.act(&["close", "shut", "kill_clean_branch"]);
    dmux.hook("worktree_removed shut", 1);
    dmux.create("shut");
    assert_eq!(dmux.agent(1)["author"], "shut <shut@raviapp.test>");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_agent_shares_the_identity_and_a_merge_keeps_it_until_the_pane_goes() {
    let bed = Bed::new().await;
    let Some(dmux) = Dmux::start(&bed) else { return };
    dmux.create("fix-auth");
    let first = dmux.agent(1);
    dmux.act(&["attach", "fix-auth"]);
    let second = dmux.agent(2);
    assert_eq!((&second["author"], &second["identity"]), (&first["author"], &first["identity"]));
    // It is closed; the first one works on.
    dmux.act(&["close", "fix-auth-a2", "kill_only"]);
    dmux.hook("pane_closed fix-auth-a2", 1);
    assert_eq!((dmux.states(), bed.live_keys().await), (one("fix-auth", "ready"), 1));

    let tree = dmux.tree("fix-auth");
    std::fs::write(tree.join("work.txt"), "work").expect("written");
    bed.git(&tree, &["add", "-A"]);
    bed.git(&tree, &["commit", "--quiet", "-m", "Work"]);
    // Merged, and what is asked then dismissed: it works on, also after the reaper.
    let asked = dmux.act(&["merge", "fix-auth"]);
    assert_eq!(asked["type"], "choice", "{asked}");
    dmux.hook("post_merge fix-auth", 1);
    dmux.later(700, &["reap"]);
    assert_eq!((dmux.states(), bed.live_keys().await), (one("fix-auth", "ready"), 1));
    // Work goes on, is merged, and everything is deleted.
    std::fs::write(tree.join("more.txt"), "work").expect("written");
    bed.git(&tree, &["add", "-A"]);
    bed.git(&tree, &["commit", "--quiet", "-m", "More"]);
    dmux.act(&["merge", "fix-auth", "kill_clean_branch"]);
    dmux.hook("post_merge fix-auth", 2);
    dmux.hook("worktree_removed fix-auth", 1);
    dmux.hook("pane_closed fix-auth", 1);
    assert_eq!((dmux.states(), bed.live_keys().await), (Vec::new(), 0));
    assert!(!tree.exists());
    let authors = bed.git(&dmux.root, &["log", "--format=%an <%ae>", "--", "work.txt", "more.txt"]);
    assert_eq!(authors.lines().collect::<Vec<_>>(), [&first["author"], &first["author"]]);
    let tracked = bed.git(&dmux.root, &["ls-files"]);
    assert_eq!(tracked.lines().collect::<Vec<_>>(), [".gitignore", "more.txt", "work.txt"], "no key in a commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn panes_killed_without_a_word_are_found_by_the_reaper() {
    let bed = Bed::new().await;
    let Some(dmux) = Dmux::start(&bed) else { return };
    let killed = dmux.create("killed");
    dmux.agent(1);
    dmux.create("alive");
    dmux.agent(2);
    dmux.tmux(&["kill-pane", "-t", killed["tmux"].as_str().expect("text")]);
    dmux.later(0, &["reap"]);
    assert_eq!(bed.live_keys().await, 2, "it may be opened again at once");
    // Its agent may take a moment to end.
    dmux.until("the reaper", || {
        dmux.later(700, &["reap"]);
        dmux.states().contains(&("killed".into(), "suspended".into()))
    });
    assert!(dmux.states().contains(&("alive".into(), "ready".into())), "it has its pane");
    assert_eq!(bed.live_keys().await, 1);
    assert_eq!(dmux.hooks().iter().filter(|line| line.contains("close")).count(), 0, "nothing was said");

    dmux.tmux(&["kill-server"]);
    dmux.until("the reaper", || {
        dmux.later(700, &["reap"]);
        dmux.states().contains(&("alive".into(), "suspended".into()))
    });
    assert_eq!(bed.live_keys().await, 0);
    // By hand.
    bed.git(&dmux.root, &["worktree", "remove", "--force", dmux.tree("killed").to_str().expect("text")]);
    std::fs::remove_dir_all(dmux.tree("alive")).expect("removed");
    dmux.later(0, &["reap"]);
    assert_eq!((dmux.states(), bed.live_keys().await), (Vec::new(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_ravi_hangs_a_removal_goes_on_and_the_key_is_paid_for_later() {
    let bed = Bed::new().await;
    let Some(dmux) = Dmux::start(&bed) else { return };
    dmux.create("fix-auth");
    dmux.agent(1);
    bed.fault(json!({ "path": "/api/*", "delay_ms": 600_000, "times": 99 })).await;
    dmux.act(&["close", "fix-auth", "kill_clean_branch"]);
    dmux.hook("before_worktree_remove fix-auth", 1);
    dmux.hook("worktree_removed fix-auth", 1);
    dmux.hook("pane_closed fix-auth", 1);
    let order = dmux.hooks();
    let at = |line: &str| order.iter().position(|other| other == line);
    assert!(at("before_worktree_remove fix-auth") < at("worktree_removed fix-auth"), "it was in time: {order:?}");
    assert!(!dmux.tree("fix-auth").exists(), "dmux did not wait for Ravi");
    bed.local(reqwest::Method::DELETE, "faults", None).await;
    assert_eq!(bed.live_keys().await, 1, "owed");
    dmux.later(0, &["reap"]);
    assert_eq!((dmux.states(), bed.live_keys().await), (Vec::new(), 0));
}

/// dmux shows panes of several projects in one session; its list of them is in the project that it was started in.
#[tokio::test(flavor = "multi_thread")]
async fn a_pane_of_another_project_in_the_same_session_counts_as_well() {
    let bed = Bed::new().await;
    let Some(dmux) = Dmux::start(&bed) else { return };
    let other = dmux.project("other project");
    let other = other.to_str().expect("text");
    dmux.create("mine");
    dmux.agent(1);
    dmux.act(&["create", other, "theirs"]);
    let first = dmux.agent(2);
    assert_eq!(first["author"], "theirs <theirs@raviapp.test>");
    let pane = dmux.act(&["attach", "theirs"]);
    dmux.agent(3);
    dmux.act(&["close", "theirs-a2", "kill_only"]);
    dmux.hook("pane_closed theirs-a2", 1);
    assert!(dmux.states().contains(&("theirs".into(), "ready".into())), "its first agent works on: {pane}");
    dmux.act(&["close", "theirs", "kill_only"]);
    dmux.hook("pane_closed theirs", 1);
    assert!(dmux.states().contains(&("theirs".into(), "suspended".into())));
    assert!(dmux.states().contains(&("mine".into(), "ready".into())));
}

/// dmux runs `before_worktree_remove` through a shell and does not quote its path.
#[tokio::test(flavor = "multi_thread")]
async fn hooks_in_a_project_with_a_space_in_its_path_end_the_same() {
    let bed = Bed::new().await;
    let Some(dmux) = Dmux::start(&bed) else { return };
    bed.run(&["hook", "dmux", "uninstall"]).ok();
    bed.run(&["hook", "dmux", "install", "--project", dmux.root.to_str().expect("text")]).ok();
    dmux.create("fix-auth");
    dmux.agent(1);
    dmux.act(&["close", "fix-auth", "kill_and_clean"]);
    dmux.hook("worktree_removed fix-auth", 1);
    dmux.hook("pane_closed fix-auth", 1);
    assert_eq!((dmux.states(), bed.live_keys().await), (Vec::new(), 0));
    assert!(!dmux.hooks().contains(&"before_worktree_remove fix-auth".into()), "this dmux quotes it: no need to warn");
}

/// As a person does it: dmux's own program in a terminal.
#[tokio::test(flavor = "multi_thread")]
async fn in_dmux_s_own_windows_a_pane_comes_and_goes() {
    let bed = Bed::new().await;
    let Some(dmux) = Dmux::start(&bed) else { return };
    // dmux does not start in a folder whose own name has a space.
    let screen = Screen::open(&dmux, &dmux.project("project"));
    screen.new_agent("add a login page");
    let first = dmux.agent(1);
    let slug = first["tree"].as_str();
    assert_eq!(first["author"], format!("{slug} <{slug}@raviapp.test>"));
    assert_eq!((first["key"].as_str(), dmux.states()), ("there", one(slug, "ready")));
    assert_eq!(bed.live_keys().await, 1);

    screen.press("x", |text| text.contains("How do you want to close"));
    screen.press("Down", |text| text.contains("▶ Close and remove worktree"));
    screen.press("Down", |text| text.contains("▶ Close and delete everything"));
    screen.press("Enter", |text| !text.contains("How do you want to close"));
    for event in ["before_worktree_remove", "worktree_removed", "pane_closed"] {
        dmux.hook(&format!("{event} {slug}"), 1);
    }
    assert_eq!((dmux.states(), bed.live_keys().await), (Vec::new(), 0));
}
