//! CodexMonitor unchanged: its list of workspaces is followed, half-written or not, and through any end of the follower.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::Bed;

/// The app's data folder. It writes its list as the app does: in place, truncated first, with a default mode.
struct App {
    dir: PathBuf,
    list: Vec<Value>,
}

impl App {
    fn new(bed: &Bed) -> App {
        let dir = bed.path("codex-monitor");
        std::fs::create_dir_all(&dir).expect("a folder");
        App { dir, list: Vec::new() }
    }

    fn file(&self) -> PathBuf {
        self.dir.join("workspaces.json")
    }

    fn add(&mut self, id: &str, path: &Path, parent: Option<&str>) {
        let kind = if parent.is_some() { "worktree" } else { "main" };
        self.list.push(json!({
            "id": id, "name": format!("{id} agent"), "path": path, "codex_bin": null, "kind": kind, "parentId": parent,
            "worktree": parent.map(|_| json!({ "branch": id })), "settings": { "sidebarCollapsed": false, "groupId": null }
        }));
    }

    fn drop(&mut self, id: &str) {
        self.list.retain(|entry| entry["id"] != id);
    }

    fn text(&self) -> String {
        serde_json::to_string_pretty(&self.list).expect("JSON")
    }

    fn write(&self) {
        std::fs::write(self.file(), self.text()).expect("written");
    }

    /// Half of it, as a reader may meet it.
    fn write_half(&self, of: usize) {
        let text = self.text();
        std::fs::write(self.file(), &text[..text.len() * of / 4]).expect("written");
    }
}

struct Watch(Child);

impl Watch {
    fn start(bed: &Bed, app: &App, more: &[&str]) -> Watch {
        Watch::with_grace(bed, app, "1s", more)
    }

    fn with_grace(bed: &Bed, app: &App, grace: &str, more: &[&str]) -> Watch {
        let mut program: Command = bed.program();
        program.arg("watch").arg("--codex-monitor").arg(&app.dir).args(["--grace", grace]).args(more);
        let log = std::fs::File::options().create(true).append(true).open(bed.path("watch.log")).expect("a log");
        Watch(program.stdout(Stdio::null()).stderr(log).spawn().expect("it starts"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // As kill -9.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ids of workspaces that are ready, sorted, as the ledger has them.
fn ready(bed: &Bed) -> Vec<String> {
    let Ok(ledger) = rusqlite::Connection::open(bed.state().join("ledger.db")) else { return Vec::new() };
    let Ok(mut rows) = ledger.prepare("SELECT id, path FROM binding WHERE state = 'ready' ORDER BY id") else {
        return Vec::new();
    };
    let rows = rows.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|id| id.expect("text")).collect()
}

async fn until(what: &str, bed: &Bed, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        let log = || std::fs::read_to_string(bed.path("watch.log")).unwrap_or_default();
        assert!(started.elapsed() < Duration::from_secs(120), "{what}; ready: {:?}; {}", ready(bed), log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the follower has read the list as it is now: it takes in a made-up entry and lets it go.
async fn seen(bed: &Bed, app: &mut App, name: &str) {
    let folder = bed.path(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    app.add(name, &folder, None);
    app.write();
    until("the marker is set up", bed, || ready(bed).iter().any(|id| id == name)).await;
    app.drop(name);
    app.write();
    until("the marker is released", bed, || !ready(bed).iter().any(|id| id == name)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_of_the_app_s_writes_provisions_and_releases_exactly_what_it_means() {
    let bed = Bed::new().await;
    let mut app = App::new(&bed);
    let repository = bed.repository("repo");
    app.add("old", &repository, None);
    let was = bed.worktree(&repository, "was");
    app.add("was", &was, Some("old"));
    app.write();
    let mut watch = Watch::start(&bed, &app, &[]);
    let log = || std::fs::read_to_string(bed.path("watch.log")).unwrap_or_default();
    until("it lists what was there", &bed, || log().contains("old: was there before, left alone")).await;

    // Two worktrees come, the list half-written twice before.
    let [one, two] = ["one", "two"].map(|name| bed.worktree(&repository, name));
    app.add("one", &one, Some("old"));
    app.write_half(1);
    app.write_half(3);
    app.add("two", &two, Some("old"));
    app.write();
    until("both are set up", &bed, || ready(&bed) == ["one", "two"]).await;

    // A file that is empty, half, nonsense or away says nothing, however long.
    for state in ["empty", "half", "nonsense", "away"] {
        match state {
            "empty" => std::fs::write(app.file(), "").expect("written"),
            "half" => app.write_half(2),
            "nonsense" => std::fs::write(app.file(), r#"[{"id":1}]"#).expect("written"),
            _ => std::fs::remove_file(app.file()).expect("it goes"),
        }
        tokio::time::sleep(Duration::from_millis(1800)).await;
        assert_eq!(ready(&bed), ["one", "two"], "{state}");
    }
    app.write();

    // Killed in the middle of it: an entry comes, one is renamed and moved, one goes.
    let three = bed.worktree(&repository, "three");
    app.add("three", &three, Some("old"));
    app.write();
    drop(watch);
    let moved = bed.path("worktrees/renamed");
    bed.git(&repository, &["worktree", "move", one.to_str().expect("text"), moved.to_str().expect("text")]);
    app.drop("one");
    app.add("one", &moved, Some("old"));
    app.drop("two");
    app.write();
    bed.git(&repository, &["worktree", "remove", "--force", two.to_str().expect("text")]);
    watch = Watch::start(&bed, &app, &[]);
    until("it goes on from there", &bed, || ready(&bed) == ["one", "three"]).await;
    until("the moved one is followed", &bed, || {
        let ledger = rusqlite::Connection::open(bed.state().join("ledger.db")).expect("it opens");
        let path: String =
            ledger.query_row("SELECT path FROM binding WHERE id = 'one'", [], |r| r.get(0)).expect("a row");
        Path::new(&path) == moved
    })
    .await;
    assert_eq!(bed.author(&moved).split(' ').next(), Some("one"), "who it was");

    // Away for less than the grace time is no release.
    app.drop("three");
    app.write();
    app.add("three", &three, Some("old"));
    app.write();
    seen(&bed, &mut app, "marker").await;
    assert_eq!(ready(&bed), ["one", "three"]);
    assert_eq!(bed.author(&repository), "Hanna Human <hanna@example.com>", "left alone");
    drop(watch);

    // Taken over when asked; and everything goes in the end.
    watch = Watch::start(&bed, &app, &["--take-over"]);
    until("the old one is taken over", &bed, || ready(&bed) == ["one", "three", "was"]).await;
    until("the person's own is said", &bed, || log().contains("old: a main checkout, where you work")).await;
    assert_eq!(bed.author(&repository), "Hanna Human <hanna@example.com>", "and left alone");
    app.list.clear();
    app.write();
    until("all are released", &bed, || ready(&bed).is_empty()).await;
    drop(watch);
    bed.run(&["reap"]).ok();
    assert_eq!(bed.live_keys().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_gone_for_less_than_the_grace_time_keeps_its_workspace() {
    let bed = Bed::new().await;
    let mut app = App::new(&bed);
    bed.run(&["watch", "--codex-monitor", app.dir.to_str().expect("text"), "--once"]).ok();
    let watch = Watch::with_grace(&bed, &app, "10m", &[]);
    let folder = |name: &str| {
        let folder = bed.path(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    };
    app.add("one", &folder("one"), None);
    app.write();
    until("it is set up", &bed, || ready(&bed) == ["one"]).await;
    // Two more looks, both of which saw it gone; the second begins when everything of the first is done.
    app.drop("one");
    for name in ["two", "three"] {
        app.add(name, &folder(name), None);
        app.write();
        until("the next one is set up", &bed, || ready(&bed).iter().any(|id| id == name)).await;
    }
    assert_eq!(ready(&bed), ["one", "three", "two"]);
    drop(watch);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_again_and_again_it_ends_the_same() {
    let bed = Bed::new().await;
    let mut app = App::new(&bed);
    let repository = bed.repository("repo");
    // The app was never started: whatever comes is new.
    bed.run(&["watch", "--codex-monitor", app.dir.to_str().expect("text"), "--once"]).ok();
    let trees: Vec<PathBuf> = (0..4).map(|n| bed.worktree(&repository, &format!("w{n}"))).collect();
    for (n, tree) in trees.iter().enumerate() {
        app.add(&format!("w{n}"), tree, Some("none"));
    }
    app.write();
    for cut in [30, 90, 150, 210, 270] {
        let watch = Watch::start(&bed, &app, &[]);
        tokio::time::sleep(Duration::from_millis(cut)).await;
        drop(watch);
    }
    let watch = Watch::start(&bed, &app, &[]);
    until("all are set up", &bed, || ready(&bed) == ["w0", "w1", "w2", "w3"]).await;
    drop(watch);
    assert_eq!((bed.identity_count().await, bed.live_keys().await), (4, 4), "none twice");
    app.drop("w1");
    app.drop("w3");
    app.write();
    for cut in [200, 700, 1100] {
        let watch = Watch::start(&bed, &app, &[]);
        tokio::time::sleep(Duration::from_millis(cut)).await;
        drop(watch);
    }
    let watch = Watch::start(&bed, &app, &[]);
    until("two are released", &bed, || ready(&bed) == ["w0", "w2"]).await;
    drop(watch);
    bed.run(&["reap"]).ok();
    assert_eq!(bed.live_keys().await, 2);
}
