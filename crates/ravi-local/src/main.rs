//! `ravi-local`: the stand-in Ravi as a program. For trying out and testing; it is not a vault.
//!
//! Its first line on stdout is one JSON document with the address, the management key and the account's identity. The
//! log goes to stderr.

mod stop;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use ravi_local::{DOMAIN, Options, Plan, Server};
use secrecy::ExposeSecret as _;
use stop::stop_signal;

/// A stand-in for Ravi's API on 127.0.0.1, for trying out and testing. It is not a vault: values are stored in the
/// clear.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The port to listen on; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Keep the state in this folder, so that it survives a restart; in memory otherwise.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How long every API call takes at least, in milliseconds.
    #[arg(long, default_value_t = 0, value_name = "N")]
    latency_ms: u64,
    /// Accept mail by SMTP on this port, for the addresses of this server; 0 takes any free one.
    #[arg(long, value_name = "N")]
    smtp_port: Option<u16>,
    /// What the account has room for. `free` has one identity, which already exists, like most users' accounts.
    #[arg(long, value_enum, default_value_t = PlanName::Unlimited, value_name = "PLAN")]
    plan: PlanName,
    /// A further name, besides the loopback ones, under which this server answers, and whose web pages may call it. May
    /// be repeated.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PlanName {
    Unlimited,
    Free,
    Paid,
}

impl From<PlanName> for Plan {
    fn from(name: PlanName) -> Plan {
        match name {
            PlanName::Unlimited => Plan::Unlimited,
            PlanName::Free => Plan::Free,
            PlanName::Paid => Plan::Paid,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed stderr is no reason to fail in another way.
            let _ = writeln!(io::stderr(), "ravi-local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { port, data_dir, latency_ms, smtp_port, plan, allow_host } = arguments;
    let stop = stop_signal()?;
    let plan = plan.into();
    let server =
        Server::start(Options { port, data_dir, latency_ms, smtp_port, management_key: None, plan, hosts: allow_host })
            .await?;
    announce(&server)?;
    stop.await;
    server.stop().await;
    Ok(())
}

fn announce(server: &Server) -> io::Result<()> {
    let line = serde_json::json!({
        "base_url": server.base_url(),
        "management_key": server.management_key().expose_secret(),
        "domain": DOMAIN,
        "smtp": server.smtp_address().map(|address| address.to_string()),
        "identity": server.identity(),
    });
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
