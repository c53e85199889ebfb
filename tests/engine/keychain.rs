//! The machine key in a real Secret Service: gnome-keyring on a session bus of the test's own.

use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common::{Bed, Run, files_with};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::ExposeSecret as _;
use serde_json::json;

const PASSWORD: &str = "made-up-keyring-password";

/// A session bus and a keyring daemon; both end with it.
struct Session {
    bus: Child,
    daemon: Child,
    address: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        for child in [&mut self.daemon, &mut self.bus] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether the programs are there. Where they are not the tests cannot run, which a machine that checks must not ignore.
fn installed() -> bool {
    let there = |program: &str| {
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|dir| dir.join(program).is_file())
    };
    let missing: Vec<_> =
        ["dbus-daemon", "dbus-send", "gnome-keyring-daemon"].into_iter().filter(|program| !there(program)).collect();
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "missing: {missing:?}; scripts/setup installs them");
    println!("skipped: {missing:?} not installed (Debian: gnome-keyring, dbus)");
    false
}

impl Session {
    /// A session of the bed's user. Without `unlock` the keyring that an earlier session made stays locked.
    fn start(bed: &Bed, unlock: bool) -> Session {
        let runtime = bed.path("runtime");
        std::fs::create_dir_all(&runtime).expect("a folder");
        let socket = bed.path("bus");
        let _ = std::fs::remove_file(&socket);
        let address = format!("unix:path={}", socket.display());
        let run = |program: &str, args: &[&str]| {
            let mut command = Command::new(program);
            session_env(&mut command, bed, &address).args(args);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("it starts")
        };
        let bus = run("dbus-daemon", &["--session", "--nofork", "--nopidfile", &format!("--address={address}")]);
        wait_for("the bus", || socket.exists());
        let mut args = vec!["--foreground", "--components=secrets"];
        args.extend(unlock.then_some("--unlock"));
        let mut daemon = run("gnome-keyring-daemon", &args);
        let mut stdin = daemon.stdin.take().expect("its input");
        if unlock {
            stdin.write_all(PASSWORD.as_bytes()).expect("it reads the password");
        }
        drop(stdin);
        let session = Session { bus, daemon, address };
        wait_for("the Secret Service", || session.has_secrets(bed));
        session
    }

    fn has_secrets(&self, bed: &Bed) -> bool {
        let mut command = Command::new("dbus-send");
        session_env(&mut command, bed, &self.address)
            .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"])
            .args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]);
        let output = command.output().expect("dbus-send starts");
        String::from_utf8_lossy(&output.stdout).contains("true")
    }

    /// As a keychain whose window nobody answers.
    fn fall_silent(&self) {
        let pid = Pid::from_child(&self.daemon);
        kill_process(pid, Signal::STOP).expect("it can be stopped");
    }
}

fn session_env<'a>(command: &'a mut Command, bed: &Bed, address: &str) -> &'a mut Command {
    // Without a display no window is shown: a locked keyring refuses at once.
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "XDG_DATA_HOME"] {
        command.env_remove(name);
    }
    command
        .env("HOME", bed.path(""))
        .env("XDG_RUNTIME_DIR", bed.path("runtime"))
        .env("DBUS_SESSION_BUS_ADDRESS", address)
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !done() {
        assert!(std::time::Instant::now() < limit, "{what} did not come");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// The program in a session, with what a login kept and no other key.
fn program(bed: &Bed, address: &str) -> Command {
    let mut program = bed.program();
    session_env(&mut program, bed, address).env_remove("RAVI_API_KEY").env_remove("RAVI_WORKSPACE_KEYCHAIN");
    program
}

fn run(bed: &Bed, address: &str, args: &[&str]) -> Run {
    program(bed, address).args(args).output().expect("it starts").into()
}

fn login(bed: &Bed, mut program: Command) -> Run {
    program.args(["login", "--key-stdin", "--json"]).stdin(Stdio::piped());
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(bed.key.expose_secret().as_bytes()).expect("it reads the key");
    drop(stdin);
    child.wait_with_output().expect("it ends").into()
}

fn key_file(bed: &Bed) -> PathBuf {
    bed.state().join("machine.key")
}

fn modes(folder: &Path) -> Vec<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let files = entries.filter(|e| e.path().extension().is_some_and(|x| x == "key" || x == "json" || x == "db"));
    files.map(|e| e.metadata().expect("it is there").permissions().mode() & 0o777).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_kept_in_the_keychain_and_serves_after_a_restart() {
    if !installed() {
        return;
    }
    let bed = Bed::new().await;
    let session = Session::start(&bed, true);
    let kept = login(&bed, program(&bed, &session.address)).ok();
    assert_eq!(kept.json()["kept"], json!({ "keychain": "system", "fallback": null }));
    assert!(!kept.stderr.contains("note:"), "{kept:?}");
    assert!(!key_file(&bed).exists());
    drop(session);

    let session = Session::start(&bed, true);
    let account = run(&bed, &session.address, &["account", "--json"]).ok().json();
    assert_eq!((&account["source"], &account["key"]), (&json!("login"), &json!("management")));
    assert_eq!(files_with(bed.dir.path(), bed.key.expose_secret()), Vec::<PathBuf>::new());
    assert!(modes(&bed.state()).iter().all(|mode| *mode == 0o600));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_is_locked_at_the_first_login_is_replaced_by_a_file_which_is_said_once() {
    if !installed() {
        return;
    }
    let bed = Bed::new().await;
    drop(Session::start(&bed, true));
    let session = Session::start(&bed, false);
    falls_back(&bed, &session.address, "locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_does_not_answer_is_given_up_after_three_seconds_which_is_said_once() {
    if !installed() {
        return;
    }
    let bed = Bed::new().await;
    let session = Session::start(&bed, true);
    session.fall_silent();
    falls_back(&bed, &session.address, "did not answer within 3 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_bus_a_file_serves() {
    let bed = Bed::new().await;
    falls_back(&bed, &format!("unix:path={}", bed.path("none").display()), "no working keychain");
}

fn falls_back(bed: &Bed, address: &str, reason: &str) {
    let first = login(bed, program(bed, address)).ok();
    assert!(first.stderr.contains("note:") && first.stderr.contains(reason), "{first:?}");
    let kept = &first.json()["kept"];
    assert_eq!(kept["keychain"], "file");
    assert!(kept["fallback"].as_str().is_some_and(|text| text.contains(reason)), "{kept}");
    assert_eq!(modes(&bed.state()), [0o600; 3]);

    // Remembered: the next start does not even knock.
    let knocked = bed.path("knock");
    let door = UnixListener::bind(&knocked).expect("a socket");
    door.set_nonblocking(true).expect("a mode");
    let again = run(bed, &format!("unix:path={}", knocked.display()), &["account", "--json"]).ok();
    assert!(!again.stderr.contains("note:"), "{again:?}");
    assert_eq!(&again.json()["kept"], kept);
    assert!(door.accept().is_err(), "the keychain was asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_a_keychain_that_is_locked_now_is_an_error_and_no_new_key() {
    if !installed() {
        return;
    }
    let bed = Bed::new().await;
    let session = Session::start(&bed, true);
    login(&bed, program(&bed, &session.address)).ok();
    drop(session);

    let session = Session::start(&bed, false);
    let locked = run(&bed, &session.address, &["account", "--json"]);
    assert_eq!(locked.error_code(), "ledger.keychain_locked");
    let hint = locked.json()["error"]["hint"].as_str().expect("text").to_owned();
    assert!(hint.contains("Unlock"), "{hint}");
    session.fall_silent();
    assert_eq!(run(&bed, &session.address, &["account", "--json"]).error_code(), "ledger.keychain_silent");
    drop(session);
    // A device login is refused before a code is shown: its key could not be kept.
    let nowhere = format!("unix:path={}", bed.path("none").display());
    bed.reset_calls().await;
    assert_eq!(run(&bed, &nowhere, &["login", "--json"]).error_code(), "ledger.keychain_unavailable");
    assert_eq!(bed.call_log().await, Vec::<String>::new());
    assert!(!key_file(&bed).exists());

    let session = Session::start(&bed, true);
    run(&bed, &session.address, &["account", "--json"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_moved_only_when_told_to_and_back_again() {
    if !installed() {
        return;
    }
    let bed = Bed::new().await;
    let session = Session::start(&bed, true);
    let mut with_file = program(&bed, &session.address);
    with_file.env("RAVI_WORKSPACE_KEYCHAIN", "file");
    let kept = login(&bed, with_file).ok();
    assert_eq!(kept.json()["kept"], json!({ "keychain": "file", "fallback": null }));
    assert!(!kept.stderr.contains("note:"), "{kept:?}");
    // A keychain that works by now changes nothing by itself.
    assert_eq!(run(&bed, &session.address, &["account", "--json"]).ok().json()["kept"]["keychain"], "file");
    let key = std::fs::read(key_file(&bed)).expect("it is there");

    let moved = run(&bed, &session.address, &["account", "--keychain", "system", "--json"]).ok().json();
    assert_eq!(moved["kept"]["keychain"], "system");
    assert!(!key_file(&bed).exists());
    // As a crash between the move and its last step leaves it; the same command finishes.
    std::fs::write(key_file(&bed), &key).expect("a file");
    run(&bed, &session.address, &["account", "--keychain", "system", "--json"]).ok();
    assert!(!key_file(&bed).exists());

    let back = run(&bed, &session.address, &["account", "--keychain", "file", "--json"]).ok().json();
    assert_eq!(back["kept"], json!({ "keychain": "file", "fallback": null }));
    assert_eq!(std::fs::read(key_file(&bed)).expect("it is there"), key);
    drop(session);
    run(&bed, "unix:path=/nowhere", &["account", "--json"]).ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_is_demanded_and_not_there_is_an_error() {
    let bed = Bed::new().await;
    let mut demanding = program(&bed, &format!("unix:path={}", bed.path("none").display()));
    demanding.env("RAVI_WORKSPACE_KEYCHAIN", "system");
    let refused = login(&bed, demanding);
    assert_eq!(refused.error_code(), "ledger.keychain_unavailable");
    assert!(!key_file(&bed).exists());
    let mut odd = program(&bed, "unix:path=/nowhere");
    odd.env("RAVI_WORKSPACE_KEYCHAIN", "both");
    let odd = login(&bed, odd);
    assert_eq!((odd.code, odd.error_code().as_str()), (2, "config.keychain"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_first_starts_at_once_end_with_one_key() {
    if !installed() {
        return;
    }
    let bed = Bed::new().await;
    let session = Session::start(&bed, true);
    std::thread::scope(|scope| {
        let logins: Vec<_> =
            (0..8).map(|_| scope.spawn(|| login(&bed, program(&bed, &session.address)).ok())).collect();
        for login in logins {
            assert_eq!(login.join().expect("it ends").json()["kept"]["keychain"], "system");
        }
    });
    run(&bed, &session.address, &["account", "--json"]).ok();
}
