//! Tests `ravi_ctl.rs` with a daemon that is a few lines of shell. Compiled and run by `daemonctl.test.mjs`.

#[path = "../rust/ravi_ctl.rs"]
mod ravi_ctl;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A program that writes its arguments to a file beside it and runs `then`.
fn daemon(name: &str, then: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ravi-ctl-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("daemon");
    std::fs::write(&program, format!("#!/bin/sh\necho \"$@\" > {}/args\n{then}\n", folder.display())).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    program
}

fn token(given: &str, is_preview: bool, program: &Path) -> Option<String> {
    ravi_ctl::token(Some(given.into()), is_preview, || Ok(program.into()), Path::new("/data"))
}

fn args(program: &Path) -> Option<String> {
    std::fs::read_to_string(program.with_file_name("args")).ok()
}

/// A single test, because whether the daemon has the token is global state.
#[test]
fn a_reference_is_asked_for_and_never_a_token() {
    let tells = daemon("tells", "echo made-up-token");
    assert_eq!(token("plain", false, &tells).as_deref(), Some("plain"));
    assert_eq!(token("ravi://host/TOKEN", true, &tells).as_deref(), Some("ravi://host/TOKEN"));
    assert_eq!(args(&tells), None, "neither a token nor a preview starts anything");
    assert!(!ravi_ctl::daemon_has_it());

    assert_eq!(token(" ravi://host/TOKEN", false, &tells).as_deref(), Some("made-up-token"));
    assert_eq!(args(&tells).as_deref(), Some("ravi-token --data-dir /data\n"));
    assert!(ravi_ctl::daemon_has_it());

    for (name, then) in [("fails", "echo made-up-token; exit 1"), ("says nothing", "exit 0")] {
        assert_eq!(token("ravi://host/TOKEN", false, &daemon(&name.replace(' ', "-"), then)), None, "{name}");
    }
    let none = ravi_ctl::token(Some("ravi://host/TOKEN".into()), false, || Err("no daemon".into()), Path::new("/data"));
    assert_eq!(none, None);
}
