//! `reap`.

use std::process::ExitCode;

use super::output::{Output, line, path as shown_path};
use ravi_workspace_core::workspace::{ReapFailure, ReapReport, Reaped};
use ravi_workspace_core::{Ravi, Result};

/// Release workspaces whose worktree is gone, and revoke keys that no workspace has
#[derive(Debug, clap::Args)]
pub(super) struct ReapArgs {
    /// Only show what would be released
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn reap(ravi: &Ravi, ReapArgs { dry_run }: ReapArgs, output: Output) -> Result<ExitCode> {
    let report = ravi.workspaces().reap(dry_run, |_| {}).await?;
    output.answer(&report, reap_text);
    Ok(match report.keys_unseen {
        _ if !report.failed.is_empty() => ExitCode::from(1),
        Some(_) if !dry_run => ExitCode::from(5),
        _ => ExitCode::SUCCESS,
    })
}

pub(super) fn reap_text(report: &ReapReport) -> String {
    let (release, revoke) = if report.dry_run { ("would release", "would revoke") } else { ("released", "revoked") };
    let reaped = |verb: &str, r: &Reaped| format!("{verb} {} ({}): {}", r.id, shown_path(&r.path), line(&r.why));
    let released = report.released.iter().map(|r| reaped(release, r));
    let suspend = if report.dry_run { "would suspend" } else { "suspended" };
    let suspended = report.suspended.iter().map(|r| reaped(suspend, r));
    let left = report.left.iter().map(|r| reaped("left", r));
    let failed = report.failed.iter().map(|f| {
        let ReapFailure { id, path, error } = f;
        let (message, hint) = (line(&error.message), line(&error.hint));
        format!("failed {id} ({}): {message} ({})\n  {hint}", shown_path(path), error.code)
    });
    let keys = report.keys.iter().map(|k| format!("{revoke} key {} made for {}", k.uuid, k.workspace));
    let unseen =
        report.keys_unseen.iter().map(|e| format!("not looked at: keys at Ravi ({}: {})", e.code, line(&e.message)));
    let lines: Vec<String> = released.chain(suspended).chain(left).chain(failed).chain(keys).chain(unseen).collect();
    match lines.as_slice() {
        [] => "Nothing to reap.".to_owned(),
        lines => lines.join("\n"),
    }
}
