//! Progress of a long command, on standard error: a bar on a terminal, a line per step elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;

use super::output::{line, say};
use crate::workspace::{Progress, Step, StepState};

/// Draws the steps of one workspace.
pub(super) struct Steps {
    bar: Option<ProgressBar>,
}

impl Steps {
    /// For a job of `steps` steps for the workspace `label`.
    pub(super) fn new(label: &str, steps: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix:.bold} [{bar:24}] {pos}/{len} {msg}");
            let bar = ProgressBar::new(steps).with_prefix(line(label));
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Steps { bar }
    }

    /// Shows one step.
    pub(super) fn tell(&self, progress: &Progress) {
        let step = name(progress.step);
        match (&self.bar, progress.state) {
            (Some(bar), StepState::Started) => bar.set_message(step),
            (Some(bar), StepState::Done | StepState::Skipped) => bar.inc(1),
            (Some(bar), StepState::Failed) => bar.abandon_with_message(format!("{step}: failed")),
            (None, StepState::Done) => say(&format!("{}: {step}: done", line(&progress.id))),
            (None, StepState::Failed) => say(&format!("{}: {step}: failed", line(&progress.id))),
            (None, StepState::Started | StepState::Skipped) => {}
        }
    }

    /// Takes the bar away; the answer follows.
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

/// What is being done, for somebody who waits for it.
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
        Step::Undo => "taking back what was done",
        Step::Revoke => "revoking its key",
        Step::Park => "keeping its identity for later",
    }
}
