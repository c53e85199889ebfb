//! A person with Ravi's own command line and a login there, and workspaces beside it.
//!
//! The command line is a stand-in that finds its key as the real one does (versions up to 0.7): the file in exactly the
//! current folder, else the one in the home folder, as a whole. It never prints a key; whose key it would use it says by the
//! identity's uuid and a digest.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrecy::ExposeSecret as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Bed, Run};

/// What the stand-in prints where it finds no key.
pub const NOBODY: &str = "identity= key=\n";

const PERSONS_FILE: &str = r#"{
  "management_key": "ravi_mgmt_made_up_person",
  "identity_key": "ravi_id_made_up_person",
  "identity_uuid": "the-person",
  "user_email": "hanna@example.com"
}"#;

const PROGRAM: &str = r#"#!/bin/sh
file=./.ravi/config.json
[ -e "$file" ] || file="${HOME:-.}/.ravi/config.json"
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$file" 2>/dev/null; }
digest() { printf %s "$1" | sha256sum | cut -c 1-16; }
save() { mkdir -p "$(dirname "$1")" && printf '{"management_key": "ravi_mgmt_made_up_other"}' >"$1"; }
case "$*" in
  told*) printf '%s\n' "home=$HOME" "url=$RAVI_API_URL" "key=$RAVI_API_KEY"; printf '[%s]\n' "$@"; exit 37 ;;
  version) echo 'ravi version 0.7.5 (commit: made-up, built: today)' ;;
  *'auth logout'*) rm -rf "$HOME/.ravi" ;;
  *'auth login'*) save "$HOME/.ravi/config.json" ;;
  *'identity use'*) save "$file" ;;
  wait) echo "pid=$$"; exec sleep 60 ;;
  *) key=$(field identity_key); echo "identity=$(field identity_uuid) key=${key:+$(digest "$key")}" ;;
esac
"#;

pub struct RaviRoom {
    pub bed: Bed,
    pub repository: PathBuf,
}

impl RaviRoom {
    pub async fn new() -> RaviRoom {
        let bed = Bed::new().await;
        std::fs::create_dir_all(bed.path(".ravi")).expect("a folder");
        std::fs::write(bed.path(".ravi/config.json"), PERSONS_FILE).expect("the person's login");
        write_program(&bed.path("real/ravi"), PROGRAM);
        // What wakes a workspace in a shell that has no key.
        let key = bed.key.expose_secret().to_owned();
        bed.run_with_input(&["login", "--key-stdin"], &key).ok();
        let repository = bed.repository("repo");
        RaviRoom { bed, repository }
    }

    /// A worktree that is bound, with a folder far below its root; and what `ravi` says in it.
    pub fn workspace(&self, id: &str) -> (PathBuf, String) {
        let tree = self.bed.worktree(&self.repository, id);
        let said = self.provision(&tree, id);
        (tree, said)
    }

    /// Binds the folder; what `ravi` says in it.
    pub fn provision(&self, tree: &Path, id: &str) -> String {
        std::fs::create_dir_all(tree.join("src/far below")).expect("folders");
        self.bed.run(&Bed::provision_args(tree, id, &format!("{id} agent"))).ok();
        // The folder of the shims is made when it is first given to somebody.
        self.bed.run(&["env", tree.to_str().expect("text")]).ok();
        self.said_of(id)
    }

    /// What `ravi` says where it reads the workspace's file.
    pub fn said_of(&self, id: &str) -> String {
        let text = std::fs::read_to_string(self.bed.key_file(id)).expect("the workspace's file");
        let kept: Value = serde_json::from_str(&text).expect("JSON");
        said(kept["identity_uuid"].as_str().expect("text"), kept["identity_key"].as_str().expect("text"))
    }

    pub fn person() -> String {
        said("the-person", "ravi_id_made_up_person")
    }

    pub fn shims(&self) -> PathBuf {
        self.bed.state().join("bin")
    }

    /// PATH with these folders first.
    pub fn path_with(&self, folders: &[PathBuf]) -> OsString {
        let usual = std::env::var_os("PATH").expect("a PATH");
        let all = folders.iter().cloned().chain(std::env::split_paths(&usual));
        std::env::join_paths(all).expect("a PATH")
    }

    /// A program as the person starts it in `folder`, without the shims.
    pub fn command<S: AsRef<OsStr>>(&self, folder: &Path, words: &[S]) -> Command {
        let mut command = Command::new("env");
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["RAVI_", "GIT_", "GH_", "XDG_", "ZDOTDIR", "BASH_ENV", "ENV"].iter().any(|part| text.starts_with(part))
            {
                command.env_remove(name);
            }
        }
        command.args(words).current_dir(folder).stdin(Stdio::null());
        command.env("HOME", self.bed.path("")).env("PATH", self.path_with(&[self.bed.path("real")]));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", self.bed.path("gitconfig"));
        command.env("RAVI_API_URL", &self.bed.base_url).env("RAVI_WORKSPACE_KEYCHAIN", "file");
        command
    }

    /// `ravi` as somebody in `folder` runs it, who has the shims first on PATH.
    pub fn ravi_command(&self, folder: &Path, args: &[&str]) -> Command {
        let words: Vec<&str> = std::iter::once("ravi").chain(args.iter().copied()).collect();
        let mut command = self.command(folder, &words);
        command.env("PATH", self.path_with(&[self.shims(), self.bed.path("real")]));
        command
    }

    pub fn ravi(&self, folder: &Path, args: &[&str]) -> Run {
        self.ravi_command(folder, args).output().expect("it starts").into()
    }

    /// What `ravi` says in `folder`, in a call that has to work.
    pub fn said(&self, folder: &Path) -> String {
        self.ravi(folder, &["get", "email"]).ok().stdout
    }

    /// The code with which `ravi` refuses in `folder`, having done nothing.
    #[track_caller]
    pub fn refused(&self, folder: &Path, args: &[&str]) -> (i32, String) {
        let run = self.ravi(folder, args);
        assert!(run.code != 0 && run.stdout.is_empty() && run.stderr.contains("  hint: "), "{run:?}");
        let code = run.stderr.split("error[").nth(1).and_then(|rest| rest.split(']').next());
        (run.code, code.unwrap_or_else(|| panic!("no code: {run:?}")).to_owned())
    }
}

impl Drop for RaviRoom {
    /// Whatever a test did, the person's file is what it was.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let now = std::fs::read(self.bed.path(".ravi/config.json")).expect("the person's file");
            assert_eq!(now, PERSONS_FILE.as_bytes());
        }
    }
}

fn said(identity: &str, key: &str) -> String {
    let digest: String = Sha256::digest(key).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("identity={identity} key={digest}\n")
}

/// Makes a program that can be started at once: where this process wrote it itself, a child that another thread starts
/// meanwhile would hold it open for writing, and the system refuses to start such a file (ETXTBSY).
pub fn write_program(path: &Path, script: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let text = path.with_extension("text");
    std::fs::write(&text, script).expect("a script");
    let made = Command::new("install").args(["-m", "755"]).arg(&text).arg(path).status().expect("install starts");
    assert!(made.success());
    std::fs::remove_file(text).expect("it goes");
}
