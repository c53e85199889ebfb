//! Signals (signal(7)) and waiting for pipes (poll(2)).

use std::fs::File;
use std::io::{self, PipeReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal};
use tokio::process::Child;
use tokio::signal::unix::{SignalKind, signal};

/// Signals that are forwarded.
const HANDED_ON: [(SignalKind, Signal); 6] = [
    (SignalKind::hangup(), Signal::HUP),
    (SignalKind::interrupt(), Signal::INT),
    (SignalKind::quit(), Signal::QUIT),
    (SignalKind::terminate(), Signal::TERM),
    (SignalKind::user_defined1(), Signal::USR1),
    (SignalKind::user_defined2(), Signal::USR2),
];

/// The signals that this process gets, on behalf of a program that it runs.
pub(crate) struct Signals(Vec<(tokio::signal::unix::Signal, Signal)>);

impl Signals {
    /// From here on they no longer end this process.
    pub(crate) fn listen() -> io::Result<Signals> {
        HANDED_ON.into_iter().map(|(kind, number)| Ok((signal(kind)?, number))).collect::<io::Result<_>>().map(Signals)
    }

    /// Waits for the program and forwards the signals that arrive in the meantime.
    pub(crate) async fn hand_on_to(self, child: &mut Child) -> io::Result<ExitStatus> {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        for (mut stream, number) in self.0 {
            let tell = tell.clone();
            tokio::spawn(async move { while stream.recv().await.is_some() && tell.send(number).is_ok() {} });
        }
        loop {
            tokio::select! {
                status = child.wait() => return status,
                Some(number) = told.recv() => hand_on(child, number),
            }
        }
    }
}

fn hand_on(child: &Child, number: Signal) {
    // The terminal sends these to its whole foreground group, the child included.
    if matches!(number, Signal::INT | Signal::QUIT) && in_foreground() {
        return;
    }
    // A child that has ended no longer has an id, so no other process can be hit.
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, number);
    }
}

fn in_foreground() -> bool {
    let Ok(terminal) = File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Returns the exit code, with the shell's convention for a program that a signal ended.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Waits until there is something to read, or the end of the stream; `false` if `ended` or the time comes first.
pub(crate) fn wait_for(from: &PipeReader, ended: Option<&PipeReader>, until: Option<Instant>) -> io::Result<bool> {
    let first = PollFd::new(from, PollFlags::IN);
    let mut both = [first.clone(), ended.map_or(first, |ended| PollFd::new(ended, PollFlags::IN))];
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match poll(&mut both, left.and_then(|left| left.try_into().ok()).as_ref()) {
            Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
            Ok(_) => return Ok(!both[0].revents().is_empty()),
        }
    }
}

/// Ends when a person or a service manager says so. Signals are heard from this call on, not only once it is awaited.
pub(crate) fn asked_to_end() -> impl Future<Output = ()> {
    let (terminated, interrupted) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async {
        match (terminated, interrupted) {
            (Ok(mut terminated), Ok(mut interrupted)) => tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted.recv() => {}
            },
            _ => drop(tokio::signal::ctrl_c().await),
        }
    }
}
