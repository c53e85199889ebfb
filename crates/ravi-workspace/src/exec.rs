//! `exec`: runs a program with what a workspace has.
//!
//! Without masking, this process becomes the program. With it, this process stands between the program's output and its
//! own, forwards signals, and ends as the program did.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read as _, Write};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::output::{line, say};
use super::system::{Signals, exit_code, wait_for};
use ravi_workspace_core::Handover;
use ravi_workspace_core::handover::{HandoverError, Masker};
use ravi_workspace_core::internal::os::{cores, turn_into};
use ravi_workspace_core::{Ravi, Result};

/// As much as a pipe holds on Linux.
const CHUNK: usize = 64 * 1024;

/// How long others may take to close the program's output after the program has ended.
const AFTER: Duration = Duration::from_millis(100);

/// Run a program with a workspace's author, keys and secrets, which are masked in its output
#[derive(Debug, clap::Args)]
pub(super) struct ExecArgs {
    /// The folder to run it in, in the workspace
    path: PathBuf,
    /// Also pass this secret, from the workspace's vault or else the host identity's
    #[arg(long, value_name = "KEY")]
    secret: Vec<String>,
    /// Do not mask the output; for programs that need a terminal
    #[arg(long)]
    no_mask: bool,
    /// Also remove your own SSH agent
    #[arg(long)]
    no_ssh_agent: bool,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Ends this process when the program has been run; returns only if it was not.
pub(super) async fn exec(ravi: &Ravi, args: ExecArgs) -> Result<()> {
    // Cannot be empty: clap demands a word.
    let Some((program, arguments)) = args.command.split_first() else { return Ok(()) };
    let handover = ravi.workspaces().open(&args.path).await?.handover_for(program, &args.secret).await?;
    let handover = if args.no_ssh_agent { handover.without_ssh_agent() } else { handover };
    let name = program.to_string_lossy().into_owned();
    if args.no_mask {
        let source = turn_into(handover.command(program).args(arguments));
        return Err(HandoverError::Start { program: name, source }.into());
    }
    for short in handover.unmasked() {
        say(&format!("note: {short} is too short to be masked in the output."));
    }
    let status = run_masked(&handover, program, arguments).await.map_err(|e| match e {
        Failure::Start(source) => HandoverError::Start { program: name.clone(), source },
        Failure::Pass(source) => HandoverError::Pass { program: name.clone(), source },
    })?;
    std::process::exit(exit_code(status));
}

enum Failure {
    Start(io::Error),
    Pass(io::Error),
}

async fn run_masked(
    handover: &Handover,
    program: &OsString,
    arguments: &[OsString],
) -> std::result::Result<ExitStatus, Failure> {
    // Before the program starts: a signal that arrives in the meantime is forwarded afterwards.
    let signals = Signals::listen().map_err(Failure::Start)?;
    let (out, out_writer) = io::pipe().map_err(Failure::Start)?;
    let (err, err_writer) = io::pipe().map_err(Failure::Start)?;
    let mut command = handover.tokio_command(program);
    command.args(arguments).stdout(out_writer).stderr(err_writer);
    cores::allow_others();
    let child = command.spawn();
    cores::forbid();
    let mut child = child.map_err(Failure::Start)?;
    // It holds the writing ends; while they are open, no reader sees the end.
    drop(command);
    let (ended, end) = io::pipe().map_err(Failure::Pass)?;
    let ended = Arc::new(ended);
    let out = pump(out, Arc::clone(&ended), io::stdout(), handover.masker());
    let err = pump(err, ended, io::stderr(), handover.masker());
    let status = signals.hand_on_to(&mut child).await.map_err(Failure::Pass)?;
    drop(end);
    let mut left_open = false;
    for pumped in [out.await, err.await] {
        left_open |= pumped.map_err(io::Error::other).and_then(|read| read).map_err(Failure::Pass)?;
    }
    if left_open {
        let program = line(&program.to_string_lossy());
        say(&format!(
            "note: {program} has ended; what programs that it started print from now on is lost. See --no-mask."
        ));
    }
    Ok(status)
}

/// Forwards a stream on a thread of its own.
///
/// A slow reader of ours holds up only this stream, as it would the program's own. When our reader goes away, the
/// program finds out at its next write.
///
/// The stream ends when nobody writes to it any more. Once the program has `ended`, what it has written so far is
/// forwarded; programs that it started may keep the stream open, even for ever. Returns whether that is so.
fn pump(
    mut from: PipeReader,
    ended: Arc<PipeReader>,
    mut to: impl Write + Send + 'static,
    mut masker: Masker,
) -> tokio::task::JoinHandle<io::Result<bool>> {
    tokio::task::spawn_blocking(move || {
        let mut chunk = vec![0; CHUNK];
        let mut masked = Vec::with_capacity(CHUNK);
        // How much is left to read of what the program wrote before it ended (at most what the stream holds), and until
        // when.
        let mut rest: Option<(usize, Instant)> = None;
        let left_open = loop {
            if rest.is_none() && !wait_for(&from, Some(&ended), None)? {
                rest = Some((CHUNK, Instant::now() + AFTER));
            }
            if let Some((rest, until)) = rest
                && (rest == 0 || !wait_for(&from, None, Some(until))?)
            {
                break true;
            }
            let read = match from.read(&mut chunk) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if read == 0 {
                break false;
            }
            rest = rest.map(|(rest, until)| (rest.saturating_sub(read), until));
            masker.push(&chunk[..read], &mut masked);
            if !write_out(&mut to, &mut masked)? {
                return Ok(false);
            }
        };
        masker.finish(&mut masked);
        write_out(&mut to, &mut masked)?;
        Ok(left_open)
    })
}

/// `false`: our reader has gone away and wants no more. A full disk is an error.
fn write_out(to: &mut impl Write, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let written = to.write_all(bytes).and_then(|()| to.flush());
    bytes.clear();
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true),
    }
}
