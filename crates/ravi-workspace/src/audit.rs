//! `audit`: who used what, and whether the record of it is intact.

use std::process::ExitCode;

use serde::Serialize;

use super::audit_csv::to_csv;
use super::output::{Output, line, print, table};
use clap::Subcommand;
use ravi_workspace_core::audit::{AuditFilter, AuditReport, AuditRow, Completeness, Integrity, Outcome, Pruned};
use ravi_workspace_core::{Ravi, Result};

#[derive(Debug, clap::Args)]
pub(super) struct AuditQuery {
    /// Only what this workspace used
    #[arg(long, value_name = "ID")]
    pub(super) workspace: Option<String>,
    /// Only uses of this secret
    #[arg(long, value_name = "KEY")]
    pub(super) secret: Option<String>,
    /// Only from this time on: 2026-01-31, 2026-01-31T12:00:00Z, seconds since 1970, or how long ago, such as 7d
    #[arg(long, value_name = "T", value_parser = ravi_workspace_core::audit::parse_time)]
    pub(super) since: Option<i64>,
    /// Only up to this time
    #[arg(long, value_name = "T", value_parser = ravi_workspace_core::audit::parse_time)]
    pub(super) until: Option<i64>,
    /// Only this action, such as secret.read, or all that begin with it, such as secret
    #[arg(long, value_name = "A")]
    pub(super) action: Option<String>,
    /// Only the newest N
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u32>,
    /// Include Ravi's own event log of the workspaces' identities: who received what
    #[arg(long)]
    pub(super) with_events: bool,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub(super) csv: bool,
}

/// Show who used what: secrets, keys, git, gh, programs, logins
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    query: AuditQuery,
    #[command(subcommand)]
    job: Option<AuditJob>,
}

impl AuditArgs {
    pub(super) fn is_csv(&self) -> bool {
        self.query.csv
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditJob {
    /// Check that the trail is intact and complete; exit code 1 if it is not
    Verify,
    /// Remove old entries, and seal the new beginning of the trail
    Prune {
        /// Entries older than this, as for --since
        #[arg(long, value_name = "T", value_parser = ravi_workspace_core::audit::parse_time)]
        before: i64,
        /// Prune even if the trail does not verify; the evidence of what was wrong is then lost
        #[arg(long)]
        even_if_broken: bool,
    },
}

#[derive(Serialize)]
struct Entries {
    entries: Vec<AuditRow>,
}

pub(super) async fn run(ravi: &Ravi, AuditArgs { query, job }: AuditArgs, output: Output) -> Result<ExitCode> {
    match job {
        None => show(ravi, query, output).await?,
        Some(AuditJob::Prune { before, even_if_broken }) => {
            output.answer(&ravi.audit().prune(before, even_if_broken).await?, pruned_text);
        }
        Some(AuditJob::Verify) => {
            let report = ravi.audit().verify().await?;
            output.answer(&report, report_text);
            return Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::from(1) });
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(ravi: &Ravi, query: AuditQuery, output: Output) -> Result<()> {
    let AuditQuery { workspace, secret, since, until, action, limit, with_events, csv } = query;
    let filter = AuditFilter { workspace, secret, action, since_ms: since, until_ms: until, limit, with_events };
    let entries = ravi.audit().query(&filter).await?;
    match csv {
        true => print(to_csv(&entries).trim_end()),
        false => output.answer(&Entries { entries }, |answer| {
            let rows: Vec<Vec<String>> = answer.entries.iter().map(cells).collect();
            table(&["TIME", "WORKSPACE", "ACTION", "OBJECT", "OUTCOME", "BY"], &rows, "No entries.")
        }),
    }
    Ok(())
}

fn cells(row: &AuditRow) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let outcome = match (row.outcome, &row.reason) {
        (Outcome::Done, None) => "done".to_owned(),
        (Outcome::Done, Some(reason)) => format!("done ({reason})"),
        (Outcome::Failed, reason) => format!("failed: {}", text(reason)),
        (Outcome::Refused, reason) => format!("refused: {}", text(reason)),
    };
    let times = if row.times > 1 { format!(", {} times", row.times) } else { String::new() };
    let by = match (&row.program, row.pid, &row.from) {
        (Some(program), Some(pid), _) => format!("{program} ({pid})"),
        (_, _, Some(from)) => format!("{from} to {}", text(&row.to)),
        _ => "Ravi".to_owned(),
    };
    vec![text(&row.at), text(&row.workspace), row.action.clone(), text(&row.object), outcome + &times, by]
}

fn pruned_text(pruned: &Pruned) -> String {
    match (pruned.removed, pruned.first) {
        (0, _) | (_, None) => "Nothing is that old.".to_owned(),
        (removed, Some(first)) => format!("Removed {removed} entries; the trail begins with entry {first}, sealed."),
    }
}

fn report_text(report: &AuditReport) -> String {
    let integrity = match report.integrity {
        Integrity::Whole => "whole: every entry is what was written",
        Integrity::Broken => "BROKEN: entries were changed, added or removed",
    };
    let completeness = match report.completeness {
        Completeness::Whole => "whole: the newest entries are there",
        Completeness::Interrupted => "whole, except for what a program was writing when it was killed",
        Completeness::Unknown => "UNKNOWN: the record of the newest entry is or was missing",
        Completeness::Cut => "CUT: the newest entries are missing",
    };
    let mut text = format!("Integrity:    {integrity}\nCompleteness: {completeness}\nEntries:      {}", report.entries);
    if let (Some(first), Some(last)) = (report.first, report.last) {
        text += &format!(" ({first} to {last})");
    }
    if report.pruned > 0 {
        text += &format!("\nPruned:       {}, sealed", report.pruned);
    }
    if report.interrupted > 0 {
        text += &format!("\nInterrupted:  {} entries were begun by programs that were killed", report.interrupted);
    }
    text + &report.problems.iter().map(|problem| format!("\n  {}", line(&problem.message))).collect::<String>()
}
