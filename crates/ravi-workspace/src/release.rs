//! `release`: takes a workspace down.

use super::output::{Output, line, say};
use super::progress::Steps;
use ravi_workspace_core::workspace::{IdentityFate, Released, Step};
use ravi_workspace_core::{Ravi, Result};

/// Take a workspace down: undo, revoke its key, free its identity
#[derive(Debug, clap::Args)]
pub(super) struct ReleaseArgs {
    /// Id or path of the workspace
    #[arg(value_name = "PATH|ID")]
    target: String,
    /// Empty and rename the identity instead of keeping it for the next workspace
    #[arg(long)]
    retire: bool,
}

const OWED: &str = "note: Ravi could not take everything back now: the workspace's keys, or what is in its vault. That is \
                    owed, and later commands will try again; `ravi-workspace list` shows it.";

pub(super) async fn release(ravi: &Ravi, ReleaseArgs { target, retire }: ReleaseArgs, output: Output) -> Result<()> {
    let steps = Steps::new(&target, Step::RELEASE);
    let released = ravi.workspaces().release(&target, retire, |progress| steps.tell(&progress)).await;
    steps.end();
    let released = released?;
    if released.owed > 0 {
        say(OWED);
    }
    output.answer(&released, released_text);
    Ok(())
}

pub(super) fn released_text(released: &Released) -> String {
    let left = released.left.iter().map(|what| format!("\n  left alone: {}", line(what)));
    // What is owed is still to be done, so it may turn out otherwise.
    let fate = released.identity.filter(|_| released.owed == 0).map_or("", |fate| match fate {
        IdentityFate::Pooled => "\n  identity: kept for the next workspace",
        IdentityFate::Retired => "\n  identity: emptied and renamed; it serves no other workspace",
        IdentityFate::Kept => "\n  identity: left as it is; it existed before, or others use it",
    });
    format!("Workspace {} is released.{fate}{}", released.id, left.collect::<String>())
}
