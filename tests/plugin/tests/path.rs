//! The plugin puts the shims of `gh` and `ravi` first on the app's PATH, unless it is told not to.

use std::process::Command;

fn path_with(arguments: &[&str]) -> String {
    let mut probe = Command::new(env!("CARGO_BIN_EXE_path-probe"));
    let output = probe.args(arguments).env("PATH", "/usr/bin:/bin").output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

#[test]
fn the_shim_is_first_on_path_unless_it_is_not_wanted() {
    let dir = tempfile::tempdir().expect("a folder");
    let state = dir.path().to_str().expect("text");
    assert_eq!(path_with(&[state]), format!("{state}/bin:/usr/bin:/bin"));
    assert!(dir.path().join("bin/gh").exists() && dir.path().join("bin/ravi").exists());
    assert_eq!(path_with(&[state, "plain"]), "/usr/bin:/bin");
}
