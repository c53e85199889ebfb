//! A headless daemon that takes its token from the vault.
//!
//! It speaks line-delimited JSON over TCP, as CodexMonitor's daemon does: the first message must be
//! `{"id":1,"method":"auth","params":{"token":"…"}}`. The token is never in its arguments. It starts while Ravi is unreachable if
//! the token was read on this machine in the last 72 hours, does not start if there is no token, and follows a rotation without
//! being restarted.
//!
//! With `--codex-home` it also runs Codex's app-server, with the login that is in the vault.

mod codex;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ravi_workspace_core::error::Kind;
use ravi_workspace_core::{Config, Error, Ravi, TokenSet};
use tokio::net::TcpListener;

use codex::Codex;

#[derive(Parser)]
#[command(version, about)]
struct Args {
    /// Address to listen on. There is no TLS: keep it on loopback or behind something that has it
    #[arg(long, default_value = "127.0.0.1:4732")]
    listen: String,
    /// Name of the secret that holds the token
    #[arg(long, default_value = "CODEX_MONITOR_DAEMON_TOKEN")]
    secret: String,
    /// Seconds between two checks for a rotated token
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    check_every: u64,
    /// Codex's folder; its login comes from the vault, and an app-server is run with it
    #[arg(long, value_name = "DIR")]
    codex_home: Option<PathBuf>,
    /// The Codex program
    #[arg(long, value_name = "PROGRAM", default_value = "codex")]
    codex: PathBuf,
}

/// The codes of `ravi-workspace`, so that a unit file can tell failures apart (`RestartPreventExitStatus=`).
fn exit_code(kind: Kind) -> u8 {
    match kind {
        Kind::Account => 3,
        Kind::NotFound => 4,
        Kind::Unreachable => 5,
        Kind::Policy => 6,
        _ => 1,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match start(&args).await {
        Ok((tokens, listener, codex)) => {
            serve::until(listener, tokens, end()).await;
            if let Some(codex) = codex {
                codex.end().await;
            }
            ExitCode::SUCCESS
        }
        Err(Failure::Ravi(e)) => {
            eprintln!("not started: {e}\n  hint: {}", e.hint());
            ExitCode::from(exit_code(e.kind()))
        }
        Err(Failure::Other(reason)) => {
            eprintln!("not started: {reason}");
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Ravi(Error),
    Other(String),
}

/// The token comes first: a daemon that listens without one would be open to everybody.
async fn start(args: &Args) -> Result<(TokenSet, TcpListener, Option<Codex>), Failure> {
    let config = Config::default().with_env().map_err(|e| Failure::Ravi(e.into()))?;
    let ravi = Ravi::open(config).map_err(Failure::Ravi)?;
    let read = ravi.secrets().read(&args.secret).await.map_err(Failure::Ravi)?;
    if read.stale {
        eprintln!("note: Ravi does not answer; the token is {} s old", read.age.as_secs());
    }
    // A connection ends when its token is rotated away, so the former token has no grace period.
    let every = Duration::from_secs(args.check_every);
    let tokens = TokenSet::follow(&ravi, &args.secret, every, Duration::ZERO).await.map_err(Failure::Ravi)?;
    if !tokens.has_one() {
        return Err(Failure::Other(format!("the secret {} is empty", args.secret)));
    }
    let cannot = |e| Failure::Other(format!("cannot listen on {}: {e}", args.listen));
    let listener = TcpListener::bind(&args.listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let codex = match &args.codex_home {
        Some(home) => Some(Codex::start(ravi, home.clone(), args.codex.clone()).await.map_err(Failure::Ravi)?),
        None => None,
    };
    println!("listening on {address}");
    Ok((tokens, listener, codex))
}

/// Resolves when systemd or a person stops the daemon.
async fn end() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
