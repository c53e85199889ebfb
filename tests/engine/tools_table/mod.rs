//! Tools × set-ups: what other programs do with a repository that has a workspace, and with a workspace's folder.
//!
//! Three tables: who opens the repository and whom it commits as ([`readers`], in each of [`setups`]), and what is packed
//! from the folder ([`packers`]). A cell is a line of the output: `tool version | set-up | what | result`. A tool that is
//! not there is a line as well, and in CI an error where `scripts/setup test` installs it.

mod packers;
mod readers;
mod setups;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{Bed, HUMAN_EMAIL, HUMAN_NAME};

/// What brings a tool.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// `scripts/setup test`.
    Setup,
    /// The person, where they like to: no registry has it, or it is large.
    Person(&'static str),
}

/// A program, and how it tells its version.
#[derive(Clone)]
struct Tool {
    name: &'static str,
    source: Source,
    /// The program with the arguments that stand before any other.
    start: Vec<PathBuf>,
    /// How it is asked for its version.
    version: Version,
}

#[derive(Clone, Copy)]
enum Version {
    /// With these arguments.
    Args(&'static str),
    /// As a package of the Python environment.
    Python,
    /// As a package in `tests/tools/node_modules`: not all programs there know what `--version` means, and husky takes it
    /// for a folder to install hooks in.
    Npm,
    /// As this package in the lock file of `tests/tools/gitoxide`.
    Locked(&'static str),
}

impl Tool {
    fn on_path(name: &'static str, source: Source, version: &'static str) -> Tool {
        Tool { name, source, start: vec![name.into()], version: Version::Args(version) }
    }

    /// A program of the Python environment that `scripts/setup test` makes.
    fn of_python(name: &'static str, program: &str) -> Tool {
        let start = vec![package(".venv/bin").join(program)];
        Tool { name, source: Source::Setup, start, version: Version::Python }
    }

    /// A library for Python, through `tests/tools/tool.py`.
    fn library(name: &'static str) -> Tool {
        let start = vec![package(".venv/bin/python"), package("tests/tools/tool.py"), name.into()];
        Tool { name, source: Source::Setup, start, version: Version::Python }
    }

    /// A program that npm installs.
    fn of_npm(name: &'static str) -> Tool {
        let start = vec![package("tests/tools/node_modules/.bin").join(name)];
        Tool { name, source: Source::Setup, start, version: Version::Npm }
    }

    fn isomorphic_git() -> Tool {
        let start = vec!["node".into(), package("tests/tools/tool.mjs")];
        Tool { name: "isomorphic-git", source: Source::Setup, start, version: Version::Npm }
    }

    fn command(&self, bed: &Bed, folder: &Path) -> Command {
        let mut command = Command::new(&self.start[0]);
        command.args(&self.start[1..]).current_dir(folder).stdin(Stdio::null());
        bed.git_environment(&mut command);
        // A workspace of a shell that the tests are started in is none of theirs.
        command.env_remove("RAVI_IDENTITY").env("PYTHONDONTWRITEBYTECODE", "1").env("DO_NOT_TRACK", "1");
        command
    }

    /// Its version, or `None` where it is not there, which is said.
    fn found(&self, bed: &Bed) -> Option<String> {
        let mut command = match self.version {
            Version::Npm => return self.npm_version(),
            Version::Locked(package) => return self.locked_version(package),
            Version::Args(args) => {
                let mut command = self.command(bed, bed.dir.path());
                command.args(args.split(' '));
                command
            }
            Version::Python => {
                let mut command = Tool::library(self.name).command(bed, bed.dir.path());
                command.arg("version");
                command
            }
        };
        let Some(output) = command.output().ok().filter(|output| output.status.success()) else {
            self.say_missing();
            return None;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut words = text.split(|c: char| c.is_whitespace() || c == '/' || c == ',');
        let number =
            |word: &&str| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
        let told = words.find(number).map(|word| word.trim_start_matches('v').to_owned());
        told.or_else(|| self.debian_version()).or_else(|| Some("of unknown version".to_owned()))
    }

    /// Debian builds some programs without a version in them.
    fn debian_version(&self) -> Option<String> {
        let told = answer(Command::new("dpkg-query").args(["--show", "--showformat=${Version}", self.name]));
        told.ok().filter(|version| !version.is_empty())
    }

    fn npm_version(&self) -> Option<String> {
        let manifest = package("tests/tools/node_modules").join(self.name).join("package.json");
        let Ok(text) = std::fs::read(manifest) else {
            self.say_missing();
            return None;
        };
        let manifest: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        manifest["version"].as_str().map(str::to_owned)
    }

    fn locked_version(&self, name: &str) -> Option<String> {
        if !self.start[0].is_file() {
            self.say_missing();
            return None;
        }
        let lock = std::fs::read_to_string(package("tests/tools/gitoxide/Cargo.lock")).expect("it is there");
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \"")).expect("it is locked");
        rest.split('"').next().map(str::to_owned)
    }

    fn say_missing(&self) {
        match self.source {
            Source::Setup => {
                let reason = format!("{} is not there (scripts/setup test installs it)", self.name);
                assert!(std::env::var_os("CI").is_none(), "{reason}");
                say(&format!("skipped: {reason}"));
            }
            Source::Person(how) => say(&format!("skipped: {} is not on PATH ({how})", self.name)),
        }
    }
}

/// A line of the table. Not with `println!`, whose text the test runner keeps to itself.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn package(path: &str) -> PathBuf {
    crate::common::project().join(path)
}

/// What a program says, or why it does not.
fn answer(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// A test bed where tools that do not know `GIT_CONFIG_GLOBAL` find the person, too: in a file, since not all follow a
/// link.
async fn bed() -> Bed {
    let bed = Bed::new().await;
    std::fs::remove_file(bed.path(".gitconfig")).expect("a link");
    std::fs::copy(bed.path("gitconfig"), bed.path(".gitconfig")).expect("the person's configuration");
    bed
}

fn human() -> String {
    format!("{HUMAN_NAME} <{HUMAN_EMAIL}>")
}
