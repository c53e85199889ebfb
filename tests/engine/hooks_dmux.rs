//! dmux's hooks, replayed as dmux runs them: everything in the environment, no arguments, in the root of the project,
//! overlapping, twice, cut short. Each sequence ends where it should, whatever the reaper does in between.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ravi_workspace_core::hooks::Did;
use ravi_workspace_core::hooks::dmux::{Event, PaneInfo};
use ravi_workspace_core::{Config, Ravi};
use serde_json::{Value, json};

use crate::common::{Bed, Run};

/// A project that dmux works on, with its list of panes.
pub struct Project {
    pub root: PathBuf,
    panes: Vec<(String, String)>,
}

impl Project {
    pub fn new(bed: &Bed) -> Project {
        let root = bed.repository("project");
        std::fs::create_dir_all(root.join(".dmux")).expect("a folder");
        Project { root, panes: Vec::new() }
    }

    pub fn tree(&self, slug: &str) -> PathBuf {
        self.root.join(".dmux/worktrees").join(slug)
    }

    pub fn add(&self, bed: &Bed, slug: &str) {
        let tree = self.tree(slug);
        let branch = bed.git_command(&self.root).args(["rev-parse", "--verify", "--quiet", slug]).output();
        let known = branch.is_ok_and(|output| output.status.success());
        let more: &[&str] = if known { &[] } else { &["-b", slug] };
        let args = [&["worktree", "add", "--quiet"], more, &[tree.to_str().expect("text")]].concat();
        let args = if known { [&args[..], &[slug]].concat() } else { args };
        bed.git(&self.root, &args);
    }

    pub fn remove(&self, bed: &Bed, slug: &str) {
        bed.git(&self.root, &["worktree", "remove", "--force", self.tree(slug).to_str().expect("text")]);
    }

    /// dmux's list of panes, as it writes it.
    pub fn set_panes(&mut self, panes: &[(&str, &str)]) {
        self.panes = panes.iter().map(|(id, slug)| ((*id).to_owned(), (*slug).to_owned())).collect();
        let list: Vec<Value> = self
            .panes
            .iter()
            .map(|(id, slug)| json!({ "id": id, "slug": slug, "paneId": "%999999", "worktreePath": self.tree(slug), "agent": "claude" }))
            .collect();
        let text = json!({ "projectRoot": self.root, "panes": list }).to_string();
        std::fs::write(self.root.join(".dmux/dmux.config.json"), text).expect("written");
    }

    /// A hook as dmux runs it.
    pub fn hook(&self, bed: &Bed, event: &str, pane: &str, slug: Option<&str>) -> Command {
        let mut command = bed.program();
        command.args(["hook", "dmux", event]).current_dir(&self.root).stdin(Stdio::null());
        // Another dmux's, which wins over the right one.
        command.env("DMUX_ROOT", "/bogus").env("DMUX_PANE_ID", pane).env("DMUX_AGENT", "claude");
        command.env("DMUX_PROMPT", "$(touch /tmp/never) `rm -rf /` made-up prompt").env("DMUX_TMUX_PANE_ID", "%6");
        if let Some(slug) = slug {
            command.env("DMUX_SLUG", slug).env("DMUX_BRANCH", format!("{slug}-a2"));
            command.env("DMUX_WORKTREE_PATH", self.tree(slug));
        }
        if event == "worktree_created" {
            command.env("DMUX_PROGRESS", "1").env("DMUX_STATUS_PREFIX", "DMUX_STATUS:");
        }
        command
    }

    fn run(&self, bed: &Bed, event: &str, pane: &str, slug: Option<&str>) -> Run {
        self.hook(bed, event, pane, slug).output().expect("it starts").into()
    }
}

fn states(bed: &Bed) -> Vec<(String, String)> {
    let list = bed.run(&["list", "--json"]).ok().json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    list["workspaces"].as_array().expect("a list").iter().map(|w| (text(&w["name"]), text(&w["state"]))).collect()
}

fn one(name: &str, state: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), state.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pane_lives_through_every_way_of_closing_it() {
    let bed = Bed::new().await;
    let mut project = Project::new(&bed);
    let config = std::fs::read(project.root.join(".git/config")).expect("it is there");

    // A new pane; dmux's own ids of it differ between hooks.
    for event in ["before_pane_create", "pane_created"] {
        project.run(&bed, event, "dmux-1", None).ok();
    }
    project.add(&bed, "fix-auth");
    let created = project.run(&bed, "worktree_created", "dmux-7", Some("fix-auth")).ok();
    let lines: Vec<&str> = created.stdout.lines().collect();
    assert!(lines.len() > 3 && lines.iter().all(|line| line.starts_with("DMUX_STATUS:Ravi: ")), "{created:?}");
    assert!(!format!("{created:?}").contains("ravi_id_"), "nothing secret is shown");
    assert_eq!(states(&bed), one("fix-auth", "ready"));
    let author = bed.author(&project.tree("fix-auth"));
    project.set_panes(&[("dmux-7", "fix-auth")]);
    project.run(&bed, "worktree_created", "dmux-7", Some("fix-auth")).ok();
    assert_eq!((bed.identity_count().await, bed.live_keys().await), (1, 1), "twice is once");

    // A second agent in the same worktree; its closing does not disturb the first.
    project.set_panes(&[("dmux-7", "fix-auth"), ("dmux-8", "fix-auth")]);
    project.set_panes(&[("dmux-7", "fix-auth")]);
    project.run(&bed, "before_pane_close", "dmux-8", Some("fix-auth")).ok();
    project.run(&bed, "pane_closed", "dmux-8", Some("fix-auth")).ok();
    assert_eq!(states(&bed), one("fix-auth", "ready"));
    // A terminal has no worktree.
    project.run(&bed, "pane_closed", "dmux-2", None).ok();

    // Merged, and the popup dismissed: it goes on for now.
    project.run(&bed, "pre_merge", "dmux-7", Some("fix-auth")).ok();
    project.run(&bed, "post_merge", "dmux-7", Some("fix-auth")).ok();
    bed.run(&["reap"]).ok();
    assert_eq!(states(&bed), one("fix-auth", "ready"));

    // Just closed: it sleeps. Opened again, which no hook says: its use wakes it, as who it was.
    project.set_panes(&[]);
    project.run(&bed, "pane_closed", "dmux-7", Some("fix-auth")).ok();
    assert_eq!((states(&bed), bed.live_keys().await), (one("fix-auth", "suspended"), 0));
    let tree = project.tree("fix-auth");
    bed.run(&["exec", tree.to_str().expect("text"), "--", "true"]).ok();
    assert_eq!((states(&bed), bed.live_keys().await), (one("fix-auth", "ready"), 1));
    assert_eq!(bed.author(&tree), author);

    // Closed and removed; the last two overlap, in any order.
    project.run(&bed, "before_pane_close", "dmux-9", Some("fix-auth")).ok();
    project.run(&bed, "before_worktree_remove", "dmux-9", Some("fix-auth")).ok();
    assert_eq!((states(&bed), bed.live_keys().await), (Vec::new(), 0), "revoked while the worktree is still there");
    project.remove(&bed, "fix-auth");
    let late: Vec<_> = ["worktree_removed", "pane_closed"]
        .map(|event| project.hook(&bed, event, "dmux-9", Some("fix-auth")).spawn().expect("it starts"))
        .into_iter()
        .collect();
    for mut hook in late {
        assert!(hook.wait().expect("it ends").success());
    }
    assert_eq!(std::fs::read(project.root.join(".git/config")).expect("it is there"), config, "byte for byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_without_a_word_or_hooks_killed_half_way_the_reaper_ends_it() {
    let bed = Bed::new().await;
    let mut project = Project::new(&bed);
    project.set_panes(&[]);
    // Removed by hand: no hook at all.
    project.add(&bed, "gone");
    project.run(&bed, "worktree_created", "dmux-1", Some("gone")).ok();
    project.remove(&bed, "gone");
    bed.run(&["reap"]).ok();
    assert_eq!((states(&bed), bed.live_keys().await), (Vec::new(), 0));

    // The slug is used again: another agent, with nothing of the first one's.
    project.add(&bed, "gone");
    project.run(&bed, "worktree_created", "dmux-3", Some("gone")).ok();
    // The hook is killed at any of its steps, dmux goes on, and the worktree goes.
    let trace = bed.path("trace");
    let mut traced = project.hook(&bed, "before_worktree_remove", "dmux-3", Some("gone"));
    traced.env("RAVI_WORKSPACE_CRASH_TRACE", &trace).output().expect("it starts");
    let points = std::fs::read_to_string(trace).expect("a trace").lines().count();
    let every = if std::env::var_os("RAVI_TEST_LONG").is_some() { 1 } else { points / 4 };
    for point in (1..=points).step_by(every.max(1)) {
        project.run(&bed, "worktree_created", "dmux-3", Some("gone")).ok();
        let mut killed = project.hook(&bed, "before_worktree_remove", "dmux-3", Some("gone"));
        killed.env("RAVI_WORKSPACE_CRASH_AT", point.to_string()).output().expect("it starts");
        project.remove(&bed, "gone");
        project.run(&bed, "worktree_removed", "dmux-3", Some("gone")).ok();
        bed.run(&["reap"]).ok();
        assert_eq!((states(&bed), bed.live_keys().await), (Vec::new(), 0), "killed at {point} of {points}");
        project.add(&bed, "gone");
    }
    // The same for one that sets up: its worktree goes before it is done.
    for point in [3, 9, 15, 21] {
        let mut killed = project.hook(&bed, "worktree_created", "dmux-3", Some("gone"));
        killed.env("RAVI_WORKSPACE_CRASH_AT", point.to_string()).output().expect("it starts");
        project.run(&bed, "worktree_created", "dmux-4", Some("gone")).ok();
        assert_eq!((states(&bed), bed.live_keys().await), (one("gone", "ready"), 1), "killed at {point}");
        project.run(&bed, "before_worktree_remove", "dmux-4", Some("gone")).ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_cannot_open_stays_shut_and_leaves_nothing() {
    let bed = Bed::new().await;
    let project = Project::new(&bed);
    project.add(&bed, "one");
    bed.fault(json!({ "method": "POST", "path": "/api/identities/", "status": 402, "body": { "detail": "no" } })).await;
    let shut = project.run(&bed, "worktree_created", "dmux-1", Some("one"));
    assert_eq!(shut.code, 6, "the agent is not started: {shut:?}");
    assert_eq!((states(&bed), bed.live_keys().await), (Vec::new(), 0));
    // What the environment says is no proof.
    let human = bed.author(&project.root);
    let mut main = project.hook(&bed, "worktree_created", "dmux-1", None);
    let main: Run = main.env("DMUX_WORKTREE_PATH", &project.root).output().expect("it starts").into();
    assert_eq!(main.code, 6, "the human's own checkout: {main:?}");
    assert_eq!(bed.author(&project.root), human);
    let elsewhere = bed.worktree(&bed.repository("elsewhere"), "foreign");
    let mut foreign = project.hook(&bed, "worktree_created", "dmux-1", None);
    let foreign: Run = foreign.env("DMUX_WORKTREE_PATH", &elsewhere).output().expect("it starts").into();
    assert!(foreign.stderr.contains("hook.not_a_worktree"), "{foreign:?}");
    assert_eq!(project.run(&bed, "worktree-created", "dmux-1", Some("one")).code, 2, "a typo is no event");
    assert_eq!(project.run(&bed, "worktree_created", "dmux-1", None).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_ravi_is_away_a_removal_is_noted_quickly_and_done_later() {
    let data = tempfile::tempdir().expect("a folder");
    let options = || ravi_local::Options { data_dir: Some(data.path().to_owned()), ..ravi_local::Options::default() };
    let bed = Bed::with(options()).await;
    let project = Project::new(&bed);
    project.add(&bed, "one");
    project.run(&bed, "worktree_created", "dmux-1", Some("one")).ok();
    // Not signed in here: nothing can be done at all but noting it.
    let mut hook = project.hook(&bed, "before_worktree_remove", "dmux-1", Some("one"));
    let noted: Run = hook.env_remove("RAVI_API_KEY").output().expect("it starts").into();
    assert!(noted.ok().stdout.contains("A later command will end"));
    assert_eq!(states(&bed), one("one", "ready"));
    let plan = bed.run(&["reap", "--dry-run", "--json"]).ok().json();
    assert_eq!(plan["released"].as_array().expect("a list").len(), 1, "the note counts, though the worktree is there");
    bed.stop_ravi().await;
    project.run(&bed, "before_worktree_remove", "dmux-1", Some("one")).ok();
    project.remove(&bed, "one");
    project.run(&bed, "worktree_removed", "dmux-1", Some("one")).ok();
    bed.start_ravi(options()).await;
    bed.run(&["reap"]).ok();
    assert_eq!((states(&bed), bed.live_keys().await), (Vec::new(), 0));
}

/// dmux runs this hook through `sh`, and after 30 s kills that `sh` alone: the hook goes on, without anybody who waits, while
/// its worktree goes and the next hooks come.
#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_dmux_waits_for_no_longer_goes_on_by_itself_and_ends_the_same() {
    use std::io::Read as _;
    for ravi_comes_back in [true, false] {
        let bed = Bed::new().await;
        let project = Project::new(&bed);
        project.add(&bed, "one");
        project.run(&bed, "worktree_created", "dmux-1", Some("one")).ok();
        bed.reset_calls().await;
        let delay_ms = if ravi_comes_back { 1_000 } else { 600_000 };
        bed.fault(json!({ "path": "/api/*", "delay_ms": delay_ms, "times": 99 })).await;
        let like = project.hook(&bed, "before_worktree_remove", "dmux-1", Some("one"));
        let mut sh = Command::new("sh");
        // Not its last command, so that it is a process of its own.
        sh.args(["-c", "\"$0\" \"$@\"; exit $?"]).arg(like.get_program()).args(like.get_args());
        sh.envs(like.get_envs().filter_map(|(key, value)| Some((key, value?)))).current_dir(&project.root);
        let mut sh = sh.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut output = sh.stdout.take().expect("its output");
        while bed.call_log().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let killed = Command::new("kill").args(["-TERM", &sh.id().to_string()]).status().expect("it runs");
        assert!(killed.success() && !sh.wait().expect("it ends").success());
        let mut said = String::new();
        let next = |event| {
            let mut hook = project.hook(&bed, event, "dmux-1", Some("one"));
            hook.stdout(Stdio::null()).spawn().expect("it starts")
        };
        let late = if ravi_comes_back {
            // All at once with the one that goes on.
            project.remove(&bed, "one");
            let late = ["pane_closed", "worktree_removed"].map(next);
            output.read_to_string(&mut said).expect("text");
            late
        } else {
            output.read_to_string(&mut said).expect("text");
            assert!(said.contains("A later command will end"), "Ravi is slow: {said}");
            bed.local(reqwest::Method::DELETE, "faults", None).await;
            assert_eq!((states(&bed), bed.live_keys().await), (Vec::new(), 1), "all but the key, which is owed");
            project.remove(&bed, "one");
            ["pane_closed", "worktree_removed"].map(next)
        };
        assert!(!said.is_empty(), "it went on after the end of its sh");
        for mut hook in late {
            assert!(hook.wait().expect("it ends").success());
        }
        bed.local(reqwest::Method::DELETE, "faults", None).await;
        bed.run(&["reap"]).ok();
        assert_eq!((states(&bed), bed.live_keys().await), (Vec::new(), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ravi_s_own_guide_names_the_identity_after_the_pane_and_a_second_run_changes_nothing() {
    let bed = Bed::new().await;
    let project = Project::new(&bed);
    project.add(&bed, "one");
    let tree = project.tree("one");
    std::fs::write(project.root.join(".git/info/exclude"), ".env\n.dmux\n").expect("written");
    let scripts = crate::common::project().join("examples/dmux");
    let path = Path::new(env!("CARGO_BIN_EXE_ravi-workspace")).parent().expect("a folder").to_owned();
    let script = |name: &str, args: &[&str]| -> Run {
        let mut command = Command::new(scripts.join(name));
        for (key, value) in bed.program().get_envs() {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        let paths = std::env::join_paths(
            [path.clone()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").expect("a PATH"))),
        );
        command.env("PATH", paths.expect("a PATH")).args(args).current_dir(&project.root);
        command.output().expect("it starts").into()
    };
    let first = script("worktree-create.sh", &["17", tree.to_str().expect("text")]).ok();
    let email = first.stdout.lines().last().expect("a line").to_owned();
    assert!(email.contains('@'), "{first:?}");
    let state = bed.server_state().await;
    // The first is the one for the app's own secrets.
    assert_eq!(state["identities"][1]["name"], "agent-pane-17");
    let env = std::fs::read_to_string(tree.join(".env")).expect("it is there");
    assert!(env.contains(&format!("AGENT_EMAIL={email}")) && env.contains("AGENT_PHONE=+"), "{env}");
    let again = script("worktree-create.sh", &["17", tree.to_str().expect("text")]).ok();
    assert_eq!(again.stdout.lines().last(), Some(email.as_str()));
    assert_eq!(std::fs::read_to_string(tree.join(".env")).expect("it is there"), env, "no second block");
    // dmux's own hook for the same worktree keeps to it.
    project.run(&bed, "worktree_created", "dmux-1", Some("one")).ok();
    assert_eq!((states(&bed), bed.identity_count().await), (one("agent-pane-17", "ready"), 1));
    script("post-merge.sh", &["17"]).ok();
    let shown = bed.run(&["status", tree.to_str().expect("text"), "--json"]).ok().json();
    assert!(shown["ends_at_ms"].is_i64(), "{shown}");
    script("post-merge.sh", &["18"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_are_installed_beside_others_and_taken_out_byte_for_byte() {
    let bed = Bed::new().await;
    let project = Project::new(&bed);
    let root = project.root.to_str().expect("text");
    let ours = project.root.join(".dmux/hooks");
    std::fs::create_dir_all(&ours).expect("a folder");
    let before = "#!/bin/sh\necho \"DMUX_STATUS:mine $DMUX_SLUG\"\n";
    std::fs::write(ours.join("worktree_created"), before).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(ours.join("worktree_created"), mode).expect("set");
    for _ in 0..2 {
        let done = bed.run(&["hook", "dmux", "install", "--project", root, "--json"]).ok().json();
        let states: Vec<&str> = done.as_array().expect("a list").iter().filter_map(|f| f["state"].as_str()).collect();
        assert_eq!(states, ["chained", "installed", "installed", "installed", "installed"]);
    }
    project.add(&bed, "one");
    let mut hook = Command::new(ours.join("worktree_created"));
    let like = project.hook(&bed, "worktree_created", "dmux-1", Some("one"));
    hook.envs(like.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let run: Run = hook.current_dir(&project.root).output().expect("it starts").into();
    assert_eq!(run.ok().stdout.lines().last(), Some("DMUX_STATUS:mine one"));
    assert_eq!(states(&bed), one("one", "ready"));
    // A team's hook of the same name shadows ours; it is said.
    let team = project.root.join(".dmux-hooks");
    std::fs::create_dir_all(&team).expect("a folder");
    std::fs::copy(ours.join("worktree_created.before-ravi"), team.join("pane_closed")).expect("copied");
    let done = bed.run(&["hook", "dmux", "install", "--project", root, "--json"]).ok().json();
    assert_eq!(done[3]["state"], "shadowed", "{done}");
    let report = bed.run(&["doctor", "--json"]).json();
    let hooks = report["findings"].as_array().expect("a list").iter().find(|f| f["check"] == "hooks").cloned();
    let hooks = hooks.expect("it is looked at");
    assert!(hooks["message"].as_str().is_some_and(|text| text.contains(".dmux-hooks/pane_closed")), "{hooks}");
    bed.run(&["hook", "dmux", "uninstall", "--project", root]).ok();
    let left: Vec<_> = std::fs::read_dir(&ours).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["worktree_created"]);
    assert_eq!(std::fs::read_to_string(ours.join("worktree_created")).expect("it is there"), before);
    bed.run(&["hook", "dmux", "install", "--global"]).ok();
    assert!(bed.path(".dmux/hooks/post_merge").exists());
    bed.run(&["hook", "dmux", "uninstall"]).ok();
    assert!(!bed.path(".dmux/hooks/post_merge").exists());
}

/// Numbers that look random and are the same for the same seed (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}

/// 500 with `RAVI_TEST_LONG`.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_order_of_hooks_and_reaper_nothing_leaks_and_nothing_in_use_is_revoked() {
    let rounds = if std::env::var_os("RAVI_TEST_LONG").is_some() { 500 } else { 12 };
    let bed = Bed::new().await;
    let mut project = Project::new(&bed);
    // Nobody is spared for having been set up a moment ago: only who works there counts.
    let ravi = Ravi::open(Config { idle_seconds: Some(0), ..bed.config() }).expect("it opens");
    for round in 0..rounds {
        let mut dice = Dice(round);
        let slug = format!("s{}", round % 3);
        let (id, second) = (format!("dmux-{round}"), format!("dmux-{round}-a2"));
        let pane = |id: &str, tree: PathBuf| PaneInfo {
            root: project.root.clone(),
            pane_id: Some(id.to_owned()),
            slug: Some(slug.clone()),
            worktree: Some(tree),
            status_prefix: None,
        };
        let tree = project.tree(&slug);
        let (pane, other) = (pane(&id, tree.clone()), pane(&second, tree.clone()));
        project.add(&bed, &slug);
        // On a task of its own, as in a process of its own.
        let reap = || {
            let ravi = ravi.clone();
            async {
                tokio::spawn(async move { ravi.workspaces().reap(false, |_| {}).await })
                    .await
                    .expect("it ends")
                    .expect("it works")
            }
        };
        let hook = |event, pane: &PaneInfo| {
            let (ravi, pane) = (ravi.clone(), pane.clone());
            Box::pin(async move { ravi.hooks().dmux(event, &pane, |_| {}).await })
        };
        // The gate, perhaps twice and with the reaper beside it; then the agent runs.
        match dice.roll(3) {
            0 => drop(hook(Event::WorktreeCreated, &pane).await.expect("it opens")),
            1 => {
                let (one, two) = tokio::join!(hook(Event::WorktreeCreated, &pane), hook(Event::WorktreeCreated, &pane));
                assert_eq!(one.expect("it opens").workspace, two.expect("it opens").workspace);
            }
            _ => {
                let (one, _) = tokio::join!(hook(Event::WorktreeCreated, &pane), reap());
                one.expect("it opens");
            }
        }
        project.set_panes(&[(&id, &slug), (&second, &slug)]);
        let mut agent = Command::new("sleep").arg("600").current_dir(&tree).spawn().expect("an agent");
        let woken = ravi.workspaces().open(&tree).await.expect("it is ready or wakes");
        drop(woken);
        for _ in 0..dice.roll(5) {
            match dice.roll(4) {
                0 => drop(reap().await),
                1 => drop(hook(Event::PostMerge, &pane).await.expect("it works")),
                2 => {
                    // The attached agent is closed while the first one works; hooks late and overlapping.
                    let (closed, merged, _) =
                        tokio::join!(hook(Event::PaneClosed, &other), hook(Event::PostMerge, &pane), reap());
                    assert_eq!((closed.expect("it works").did, merged.is_ok()), (Did::Nothing, true));
                }
                _ => drop(hook(Event::Other, &pane).await.expect("it works")),
            }
            let now = ravi.workspaces().get(&tree).await.expect("it is bound");
            assert_eq!(now.state, ravi_workspace_core::workspace::State::Ready, "round {round}: it is in use");
            assert_eq!(bed.live_keys().await, 1, "round {round}");
        }
        agent.kill().expect("it ends");
        agent.wait().expect("it ends");
        project.set_panes(&[]);
        match dice.roll(5) {
            // Just closed, or killed: it sleeps, and the worktree goes later without a word.
            0 => drop(hook(Event::PaneClosed, &pane).await.expect("it works")),
            1 => {}
            2 => drop(tokio::join!(hook(Event::PaneClosed, &pane), reap())),
            3 => drop(tokio::join!(hook(Event::BeforeWorktreeRemove, &pane), hook(Event::PaneClosed, &pane), reap())),
            _ => {
                // Killed in the middle, as by dmux's limit.
                let cut = Duration::from_millis(dice.roll(20) as u64);
                let _ = tokio::time::timeout(cut, hook(Event::BeforeWorktreeRemove, &pane)).await;
            }
        }
        project.remove(&bed, &slug);
        match dice.roll(3) {
            0 => {}
            1 => drop(tokio::join!(hook(Event::WorktreeRemoved, &pane), hook(Event::PaneClosed, &pane))),
            _ => drop(tokio::join!(hook(Event::PaneClosed, &pane), reap(), hook(Event::WorktreeRemoved, &pane))),
        }
        reap().await;
        assert_eq!(bed.live_keys().await, 0, "round {round}: nothing leaks");
        assert!(ravi.workspaces().list().await.expect("it works").is_empty(), "round {round}");
        bed.git(&project.root, &["branch", "--quiet", "-D", &slug]);
    }
    println!("{rounds} interleavings; {} identities", bed.identity_count().await);
}
