//! Progress of a long command, on standard error: a bar on a terminal, a line per step elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;

use super::output::{line, say};
use ravi_workspace_core::workspace::{Progress, Step, StepState};

/// Draws the steps of one workspace.
pub(super) struct Steps {
    bar: Option<ProgressBar>,
    expected: &'static [Step],
}

impl Steps {
    /// Starts for a job with these steps, for the workspace `label`.
    pub(super) fn new(label: &str, expected: &'static [Step]) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix:.bold} [{bar:24}] {pos}/{len} {msg}");
            let bar = ProgressBar::new(expected.len() as u64).with_prefix(line(label));
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Steps { bar, expected }
    }

    /// Shows one step.
    pub(super) fn tell(&self, progress: &Progress) {
        let step = name(progress.step);
        match (&self.bar, progress.state) {
            (Some(bar), StepState::Started) => {
                if !self.expected.contains(&progress.step) {
                    bar.inc_length(1);
                }
                bar.set_message(step);
            }
            (Some(bar), StepState::Done | StepState::Skipped) => bar.inc(1),
            (Some(bar), StepState::Failed) => bar.abandon_with_message(format!("{step}: failed")),
            (None, StepState::Done) => say(&format!("{}: {step}: done", line(&progress.id))),
            (None, StepState::Failed) => say(&format!("{}: {step}: failed", line(&progress.id))),
            (None, StepState::Started | StepState::Skipped) => {}
        }
    }

    /// Removes the bar; the answer follows.
    pub(super) fn end(&self) {
        if let Some(bar) = self.bar.as_ref().filter(|bar| !bar.is_finished()) {
            bar.finish_and_clear();
        }
    }
}

pub(super) fn name(step: Step) -> &'static str {
    match step {
        Step::Inspect => "folder",
        Step::Identity => "identity",
        Step::Key => "key",
        Step::Bundle => "bundle",
        Step::Phone => "phone",
        Step::Git => "git author",
        Step::Files => "files",
        Step::Github => "GitHub",
        Step::Undo => "undo",
        Step::Revoke => "revoke key",
        Step::Park => "identity",
    }
}

/// Says what is being done, for somebody who is waiting.
pub(super) fn doing(step: Step) -> &'static str {
    match step {
        Step::Inspect => "looking at the worktree",
        Step::Identity => "getting its identity",
        Step::Key => "getting its key",
        Step::Bundle => "filling its vault",
        Step::Phone => "getting its phone number",
        Step::Git => "setting its author",
        Step::Files => "writing its files",
        Step::Github => "looking for its GitHub login",
        Step::Undo => "undoing what was done",
        Step::Revoke => "revoking its key",
        Step::Park => "keeping its identity for later",
    }
}
