//! Promise: a daemon in the same package as a Tauri app links no web view.
#![cfg(target_os = "linux")]

use std::process::Command;

/// The libraries that the system loads with a program.
fn libraries(program: &str) -> String {
    let shown = Command::new("ldd").arg(program).output().expect("ldd starts");
    assert!(shown.status.success(), "{program}: {}", String::from_utf8_lossy(&shown.stderr));
    String::from_utf8(shown.stdout).expect("text")
}

#[test]
fn the_daemon_links_no_web_view_and_the_app_beside_it_does() {
    let is_web_view = |line: &&str| line.contains("webkit") || line.contains("libgtk");
    let (daemon, app) = (libraries(env!("CARGO_BIN_EXE_model-daemon")), libraries(env!("CARGO_BIN_EXE_model-app")));
    assert_eq!(daemon.lines().filter(is_web_view).collect::<Vec<_>>(), Vec::<&str>::new());
    assert_ne!(app.lines().filter(is_web_view).count(), 0, "the app proves nothing: {app}");
}
