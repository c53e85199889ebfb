//! Programs that are asked something, with a limit on how long they take and how much they say.
//!
//! What a program reads may have been written by anybody, and may be a pipe without a writer; nothing of ours may wait
//! for that for ever. This module must not know which programs there are.

use std::io;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use super::os::{Family, Outputs};
use super::pauses::Pauses;

/// Larger than any answer that is expected here.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// How often to check whether a silent program has ended.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a program to its end, with nothing on its standard input.
///
/// If it takes longer than `limit`, it is killed along with whatever it started ([`io::ErrorKind::TimedOut`]); likewise
/// if it says more than 64 MiB ([`io::ErrorKind::FileTooLarge`]).
pub(crate) fn output_within(command: &mut Command, limit: Duration) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (mut child, family) = Family::start(command)?;
    let deadline = Instant::now() + limit;
    let done = gather(&mut child, deadline).and_then(|(stdout, stderr)| {
        let status = end_of(&mut child, deadline)?;
        Ok(Output { status, stdout, stderr })
    });
    if done.is_err() {
        family.end();
        let _ = child.kill();
        let _ = child.wait();
    }
    done
}

fn gather(child: &mut Child, deadline: Instant) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut outputs = Outputs::of(child);
    while outputs.are_open() {
        let said = outputs.read(left(deadline)?.min(LOOK))?;
        if outputs.length() > MOST_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "its output exceeds 64 MiB"));
        }
        // Its children may still hold the outputs open; nobody waits for them.
        if !said && child.try_wait()?.is_some() {
            break;
        }
    }
    Ok(outputs.into_bytes())
}

/// Waits for a program that has closed its outputs. Mostly it has ended already, so that is checked first.
fn end_of(child: &mut Child, deadline: Instant) -> io::Result<ExitStatus> {
    let mut pauses = Pauses::new(Duration::from_micros(100), Duration::from_millis(20));
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        left(deadline)?;
        std::thread::sleep(pauses.next());
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::Error::new(io::ErrorKind::TimedOut, "it did not end in time")),
        left => Ok(left),
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    fn sh(script: &str, limit: Duration) -> io::Result<Output> {
        output_within(Command::new("sh").args(["-c", script]), limit)
    }

    #[test]
    fn what_a_program_says_on_both_outputs_is_read_however_much_it_is() {
        let said =
            sh("head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2; exit 3", Duration::from_secs(60)).unwrap();
        assert_eq!((said.stdout.len(), said.stderr.len(), said.status.code()), (300_000, 200_000, Some(3)));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_with_what_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        let script = format!("cat '{}' & cat '{}'", pipe.display(), pipe.display());
        let failed = sh(&script, Duration::from_millis(50)).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
        // Nobody is left to read it.
        let open = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK;
        let until = Instant::now() + Duration::from_secs(20);
        while rustix::fs::open(&pipe, open, rustix::fs::Mode::empty()).err() != Some(Errno::NXIO) {
            assert!(Instant::now() < until, "something still reads the pipe");
        }
    }

    #[test]
    fn what_a_program_leaves_behind_is_not_waited_for() {
        let begun = Instant::now();
        let said = sh("sleep 600 & echo done", Duration::from_secs(300)).unwrap();
        assert_eq!((said.stdout.as_slice(), said.status.success()), (b"done\n".as_slice(), true));
        assert!(begun.elapsed() < Duration::from_secs(200));
        let _ = Command::new("pkill").args(["-f", "^sleep 600$"]).status();
    }

    #[test]
    fn a_program_that_closes_its_outputs_and_stays_is_ended() {
        let failed = sh("exec >&- 2>&-; sleep 600", Duration::from_millis(50)).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn endless_output_is_not_kept() {
        let failed = sh("cat /dev/zero", Duration::from_secs(60)).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::FileTooLarge);
    }
}
