//! `doctor`.

use std::process::ExitCode;

use super::output::{Output, line};
use ravi_workspace_core::doctor::{Finding, FindingState, Report};
use ravi_workspace_core::{Ravi, Result};

/// Prints the report; the exit code is 1 if something fails.
pub(super) async fn doctor(ravi: &Ravi, output: Output) -> Result<ExitCode> {
    let report = ravi.doctor().await?;
    output.answer(&report, report_text);
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub(super) fn report_text(report: &Report) -> String {
    report.findings.iter().map(finding_text).collect::<Vec<_>>().join("\n")
}

fn finding_text(finding: &Finding) -> String {
    let state = match finding.state {
        FindingState::Ok => "ok",
        FindingState::Warn => "warn",
        FindingState::Fail => "FAIL",
    };
    let fix = finding.fix.as_ref().map(|fix| format!("\n        fix: {}", line(fix))).unwrap_or_default();
    format!("{state:<6}{:<13}{}{fix}", finding.check, line(&finding.message))
}
