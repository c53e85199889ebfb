//! The real dmux, where it is there: its own code in a tmux server of the test's own, a person's login shell, and an
//! agent that writes down as whom it works. Holds no test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Bed, Run};

/// Longest time that anything is waited for.
const LIMIT: Duration = Duration::from_secs(90);

const EVENTS: [&str; 9] = [
    "before_pane_create",
    "pane_created",
    "worktree_created",
    "before_pane_close",
    "before_worktree_remove",
    "pane_closed",
    "worktree_removed",
    "pre_merge",
    "post_merge",
];

/// Only the agent of the test, and no questions.
const SETTINGS: &str = r#"{"defaultAgent":"claude","enabledAgents":["claude"]}"#;
const ONBOARDED: &str =
    r#"{"tmuxConfigOnboarding":{"completed":true},"openRouterApiKeyOnboarding":{"completed":true}}"#;

/// Asked for its name by dmux it answers nothing; else it writes down who it is, before and after it first uses its
/// identity, and works until it is killed.
const AGENT: &str = r#"#!/bin/sh
case "$*" in *--max-turns*) exit 1 ;; esac
note=$AGENTS/$(date +%s%N)-$$
key() { set -- "$RAVI_WORKSPACE_STATE"/homes/*/.ravi/config.json; [ -e "$1" ] && echo there || echo none; }
{
  echo "args=$*"
  echo "tree=$(basename "$PWD")"
  echo "author=$(git var GIT_AUTHOR_IDENT | sed 's/ [0-9]* [-+0-9]*$//')"
  echo "key=$(key)"
  echo "identity=$(ravi-workspace exec . -- sh -c 'echo $RAVI_IDENTITY')"
} > "$note.part" 2>> "$AGENTS/errors"
mv "$note.part" "$note"
echo "at work as $(git var GIT_AUTHOR_IDENT)"
exec sleep 100000
"#;

/// What an agent wrote down when it was started.
pub type Started = BTreeMap<String, String>;

pub struct Dmux<'a> {
    bed: &'a Bed,
    dist: PathBuf,
    /// The project that dmux was started in.
    pub root: PathBuf,
    home: PathBuf,
}

impl<'a> Dmux<'a> {
    /// dmux in a new tmux server, in a project with a space in its path, with our hooks beside the person's own. `None`
    /// where dmux, node or tmux is not there, which is said.
    pub fn start(bed: &'a Bed) -> Option<Dmux<'a>> {
        let dist = match find() {
            Ok(dist) => dist,
            Err(why) => {
                println!("skipped: {why}");
                return None;
            }
        };
        let dmux = Dmux { bed, dist, root: bed.path("my project"), home: bed.path("") };
        for folder in ["bin", "tmux", "agents", ".dmux/hooks"] {
            std::fs::create_dir_all(bed.path(folder)).expect("a folder");
        }
        dmux.script("bin/claude", AGENT);
        // It starts itself by this name in a session of its own.
        dmux.script("bin/dmux", &format!("#!/bin/sh\nexec node '{}/index.js' \"$@\"\n", dmux.dist.display()));
        std::fs::write(bed.path(".dmux.global.json"), SETTINGS).expect("written");
        std::fs::write(bed.path(".dmux/onboarding.json"), ONBOARDED).expect("written");
        for event in EVENTS {
            let log = bed.path("hooks.log");
            let text = format!("#!/bin/sh\necho \"{event} $DMUX_SLUG\" >> '{}'\n", log.display());
            dmux.script(&format!(".dmux/hooks/{event}"), &text);
        }
        std::fs::write(bed.path(".bash_profile"), dmux.profile()).expect("written");
        bed.run_with_input(&["login", "--key-stdin"], bed.key.expose_secret()).ok();
        bed.run(&["hook", "dmux", "install"]).ok();
        dmux.project("my project");
        dmux.tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "dmux-test", "-x", "180", "-y", "50"]);
        // As dmux tells where its list of panes is.
        dmux.tmux(&["set-option", "-t", "dmux-test", "@dmux_config_path", dmux.list().to_str().expect("text")]);
        Some(dmux)
    }

    fn script(&self, name: &str, text: &str) {
        let path = self.bed.path(name);
        std::fs::write(&path, text).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode).expect("set");
    }

    /// A person's login shell: `/etc/profile` sets PATH anew, so everything is put there again. No key is in it.
    fn profile(&self) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_ravi-workspace")).parent().expect("a folder");
        let (ours, others) = ([self.bed.path("bin"), program.to_owned()], std::env::var_os("PATH").expect("a PATH"));
        let path = ours.into_iter().chain(std::env::split_paths(&others));
        let path = std::env::join_paths(path).expect("a PATH");
        let mut text = format!("export PATH='{}'\nPS1='$ '\n", path.to_string_lossy());
        for (name, value) in self.environment() {
            text.push_str(&format!("export {name}='{value}'\n"));
        }
        text
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.bed.path(name).display().to_string();
        vec![
            ("HOME", self.home.display().to_string()),
            ("SHELL", "/bin/bash".into()),
            ("LANG", "C.UTF-8".into()),
            ("TMUX_TMPDIR", path("tmux")),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", path("gitconfig")),
            ("RAVI_API_URL", self.bed.base_url.clone()),
            ("RAVI_WORKSPACE_STATE", path("state")),
            ("RAVI_WORKSPACE_KEYCHAIN", "file".into()),
            ("AGENTS", path("agents")),
        ]
    }

    /// A program in the person's session; nothing of whoever runs the tests is in its environment.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let strange = |name: &str| ["TMUX", "DMUX_", "RAVI_", "GIT_"].iter().any(|start| name.starts_with(start));
        for (name, _) in std::env::vars_os().filter(|(name, _)| strange(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        command.envs(self.environment()).current_dir(&self.home).stdin(Stdio::null());
        command
    }

    pub fn tmux(&self, args: &[&str]) -> String {
        let run: Run = self.command("tmux").arg("-u").args(args).output().expect("tmux starts").into();
        run.ok().stdout.trim_end().to_owned()
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A repository that dmux has been started in once.
    pub fn project(&self, name: &str) -> PathBuf {
        let root = self.bed.repository(name);
        std::fs::write(root.join(".gitignore"), ".dmux/\n").expect("written");
        self.bed.git(&root, &["add", "-A"]);
        self.bed.git(&root, &["commit", "--quiet", "-m", "Let dmux in"]);
        std::fs::create_dir_all(root.join(".dmux")).expect("a folder");
        let list = json!({ "projectName": name, "projectRoot": root, "panes": [], "settings": {} });
        std::fs::write(root.join(".dmux/dmux.config.json"), list.to_string()).expect("written");
        root
    }

    /// dmux's list of panes, which is in the project that it was started in, also for panes of other projects.
    pub fn list(&self) -> PathBuf {
        self.root.join(".dmux/dmux.config.json")
    }

    pub fn tree(&self, slug: &str) -> PathBuf {
        self.root.join(".dmux/worktrees").join(slug)
    }

    /// Does one thing in dmux, in its control pane.
    pub fn act(&self, words: &[&str]) -> Value {
        let mut node = self.command("node");
        let script = super::project().join("tests/engine/common/real_dmux.mjs");
        let server = self.tmux(&["display-message", "-p", "-t", "dmux-test:", "#{socket_path},#{pid},0"]);
        let control = self.tmux(&["list-panes", "-s", "-t", "dmux-test", "-F", "#{pane_id}"]);
        node.env("TMUX", server).env("TMUX_PANE", control.lines().next().expect("a pane"));
        node.current_dir(&self.root).arg(script).arg(&self.dist).arg(self.list()).args(words);
        let run: Run = node.output().expect("node starts").into();
        let run = run.ok();
        let answer: Value = serde_json::from_str(run.stdout.lines().last().unwrap_or_default())
            .unwrap_or_else(|e| panic!("{words:?} ({e}): {run:?}"));
        assert_ne!(answer["type"], "error", "{words:?}: {run:?}");
        answer
    }

    /// The same in the main project.
    pub fn create(&self, slug: &str) -> Value {
        self.act(&["create", self.root.to_str().expect("text"), slug])
    }

    pub fn reopen(&self, slug: &str) -> Value {
        self.act(&["reopen", self.root.to_str().expect("text"), slug])
    }

    /// Everything that can be seen in all panes, of the past as well.
    pub fn screen(&self) -> String {
        let panes = self.tmux(&["list-panes", "-a", "-F", "#{pane_id}"]);
        panes.lines().map(|pane| self.tmux(&["capture-pane", "-p", "-S", "-200", "-t", pane])).collect()
    }

    /// Agents that were started, oldest first.
    pub fn started(&self) -> Vec<Started> {
        let all = std::fs::read_dir(self.bed.path("agents")).expect("a folder").flatten().map(|entry| entry.path());
        let mut all: Vec<PathBuf> =
            all.filter(|path| path.extension().is_none() && !path.ends_with("errors")).collect();
        all.sort();
        let read = |path: &PathBuf| std::fs::read_to_string(path).expect("it is there");
        let pairs = |text: String| {
            let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            text.lines().filter_map(pair).collect()
        };
        all.iter().map(read).map(pairs).collect()
    }

    /// Waits until `count` agents were started; answers the last one.
    pub fn agent(&self, count: usize) -> Started {
        self.until(&format!("{count} agents"), || self.started().len() >= count);
        let all = self.started();
        assert_eq!(all.len(), count, "{all:?}");
        all.into_iter().next_back().expect("one")
    }

    /// Hooks that ended well so far, with the slug of their pane.
    pub fn hooks(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.bed.path("hooks.log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until this hook has ended well so many times.
    pub fn hook(&self, line: &str, times: usize) {
        self.until(line, || self.hooks().iter().filter(|other| *other == line).count() >= times);
    }

    pub fn until(&self, what: &str, mut is: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !is() {
            if begin.elapsed() > LIMIT {
                let errors = std::fs::read_to_string(self.bed.path("agents/errors")).unwrap_or_default();
                panic!("waited for {what}; hooks: {:?}; agents' errors: {errors}; {}", self.hooks(), self.screen());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The program of the same person, with the clock `seconds` ahead.
    pub fn later(&self, seconds: u32, args: &[&str]) -> Run {
        let mut program = self.command(env!("CARGO_BIN_EXE_ravi-workspace"));
        program.env("RAVI_WORKSPACE_CLOCK_OFFSET_S", seconds.to_string());
        Run::from(program.args(args).output().expect("it starts")).ok()
    }

    /// Names and states of the workspaces.
    pub fn states(&self) -> Vec<(String, String)> {
        let list = self.later(0, &["list", "--json"]).json();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        list["workspaces"].as_array().expect("a list").iter().map(|w| (text(&w["name"]), text(&w["state"]))).collect()
    }
}

impl Drop for Dmux<'_> {
    fn drop(&mut self) {
        // Its socket is in the test's own folder, so it can be nobody else's.
        let _ = self.command("tmux").arg("kill-server").stderr(Stdio::null()).status();
    }
}

/// The folder of dmux's code: `RAVI_TEST_DMUX`, else of the `dmux` on PATH.
fn find() -> Result<PathBuf, &'static str> {
    let works = |program: &str, flag: &str| {
        let mut command = Command::new(program);
        command.arg(flag).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !works("tmux", "-V") {
        return Err("no tmux on PATH");
    }
    if !works("node", "--version") {
        return Err("no node on PATH");
    }
    if let Some(dist) = std::env::var_os("RAVI_TEST_DMUX") {
        return Ok(PathBuf::from(dist));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&path).filter_map(|folder| folder.join("dmux").canonicalize().ok());
    let mut dists = programs.flat_map(|program| program.ancestors().map(|dir| dir.join("dist")).collect::<Vec<_>>());
    dists.find(|dist| dist.join("utils/paneCreation.js").exists()).ok_or("no dmux on PATH")
}
