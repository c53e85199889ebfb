//! What the plugin's set-up costs the main thread of an app, and that it speaks to nobody. Fails where a goal is missed.
//!
//! `setup-probe [ROUNDS]`
//!
//! Ravi and the keychain (D-Bus) are two sockets of this process that count who comes; an app without the plugin is the
//! baseline, made in turn with it, so that a busy machine slows both alike.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tauri::test::{MockRuntime, mock_builder, mock_context, noop_assets};
use tauri_plugin_ravi::Builder;

/// The most that set-up may cost.
const GOAL: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    let rounds: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(40);
    let room = tempfile::tempdir().expect("a folder");
    let (ravi, bus) = (TcpListener::bind("127.0.0.1:0").expect("a port"), room.path().join("bus"));
    let keychain = UnixListener::bind(&bus).expect("a socket");
    ravi.set_nonblocking(true).expect("it can");
    keychain.set_nonblocking(true).expect("it can");
    // SAFETY: no other thread has been started yet.
    unsafe { std::env::set_var("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", bus.display())) };
    let url = format!("http://{}", ravi.local_addr().expect("an address"));

    let used = room.path().join("used");
    app(Some((&url, &used)));
    let (mut plain, mut new, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        plain.push(app(None));
        new.push(app(Some((&url, &room.path().join(round.to_string())))));
        again.push(app(Some((&url, &used))));
    }
    let plain = median(plain);
    let mut met = true;
    for (name, times) in [("a new ledger", new), ("a ledger that is there", again)] {
        let cost = median(times).saturating_sub(plain);
        println!("set-up on the main thread, {name}: median {cost:.2?}  (goal at most {GOAL:?})");
        met &= cost <= GOAL;
    }
    let calls = (ravi.accept().is_ok(), keychain.accept().is_ok());
    println!("calls by set-up: Ravi {}, keychain {}  (goal none)", told(calls.0), told(calls.1));
    if met && calls == (false, false) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long it takes to build an app.
fn app(with: Option<(&str, &Path)>) -> Duration {
    let context = mock_context::<MockRuntime, _>(noop_assets());
    let begin = Instant::now();
    let mut builder = mock_builder();
    if let Some((url, state)) = with {
        let plugin = Builder::new().api_url(url.parse().expect("an address")).state_dir(state).no_gh_shim();
        builder = builder.plugin(plugin.build());
    }
    let app = builder.build(context).expect("it builds");
    let took = begin.elapsed();
    drop(app);
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn told(called: bool) -> &'static str {
    if called { "CALLED" } else { "none" }
}
