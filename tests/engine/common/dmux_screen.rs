//! dmux's own windows, seen and typed into as by a person: its program in a terminal, which another tmux plays. Holds no
//! test.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::Run;
use super::real_dmux::Dmux;

/// After so long without an answer a key is pressed again: windows draw themselves before they listen.
const PATIENCE: Duration = Duration::from_secs(4);

pub struct Screen<'a> {
    dmux: &'a Dmux<'a>,
    socket: String,
}

impl<'a> Screen<'a> {
    /// A terminal in `folder`, where a person types `dmux`.
    pub fn open(dmux: &'a Dmux<'a>, folder: &Path) -> Screen<'a> {
        let socket = dmux.home().join("screen").display().to_string();
        let screen = Screen { dmux, socket };
        let shell = "exec env -u TMUX -u TMUX_PANE bash -l";
        let size = ["-x", "170", "-y", "48", "-c", folder.to_str().expect("text")];
        screen.tmux(&[&["-f", "/dev/null", "new-session", "-d"], &size[..], &[shell]].concat());
        // Once: its windows would take a second one for orders.
        screen.tmux(&["send-keys", "dmux", "Enter"]);
        dmux.until("dmux", || screen.text().contains("[n]ew agent"));
        screen
    }

    fn tmux(&self, args: &[&str]) -> String {
        let run = self.dmux.command("tmux").args(["-u", "-S", &self.socket]).args(args).output();
        Run::from(run.expect("tmux starts")).ok().stdout
    }

    /// What is seen now.
    pub fn text(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Presses a key, by tmux's name of it, until it looks as it should.
    pub fn press(&self, key: &str, seen: impl Fn(&str) -> bool) {
        self.send(&[&[key]], seen);
    }

    /// Asks for a new agent with this task.
    pub fn new_agent(&self, task: &str) {
        self.press("n", |text| text.contains("Enter a prompt"));
        // What was typed before it listened is lost, perhaps in part.
        self.send(&[&["-N", "80", "BSpace"], &["-l", task]], |text| text.contains(&format!("> {task}")));
        self.press("Enter", |text| !text.contains("Enter a prompt"));
        self.dmux.until("the choice of agents", || self.text().contains("Select Agent"));
        self.press("Enter", |text| !text.contains("Select Agent"));
    }

    fn send(&self, keys: &[&[&str]], seen: impl Fn(&str) -> bool) {
        let mut sent: Option<Instant> = None;
        self.dmux.until(&format!("{keys:?}"), || {
            let is = seen(&self.text());
            if !is && sent.is_none_or(|at| at.elapsed() > PATIENCE) {
                for keys in keys {
                    self.tmux(&[&["send-keys"], *keys].concat());
                }
                sent = Some(Instant::now());
            }
            is
        });
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("seen last:\n{}", self.text());
        }
        let mut tmux = self.dmux.command("tmux");
        let _ = tmux.args(["-S", &self.socket, "kill-server"]).stderr(Stdio::null()).status();
    }
}
