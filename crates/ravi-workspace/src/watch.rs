//! `watch`: following an app that knows nothing of Ravi.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::output::{Output, error_text, line, path as shown_path, say};
use ravi_workspace_core::codex_monitor::{FollowOptions, Followed, FollowedBy};
use ravi_workspace_core::{Ravi, Result};

/// Follow an app that does not know Ravi: set up the workspaces it adds, release those it removes
#[derive(Debug, clap::Args)]
pub(super) struct WatchArgs {
    /// Data folder of a CodexMonitor, or of its daemon
    #[arg(long, value_name = "DATA_DIR")]
    codex_monitor: PathBuf,
    /// Also set up the workspaces that already exist
    #[arg(long)]
    take_over: bool,
    /// How long a workspace must be gone from the list before it is released
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = super::lifetimes::seconds)]
    grace: u64,
    /// Look once, do what is due, and exit
    #[arg(long)]
    once: bool,
}

pub(super) async fn watch(ravi: &Ravi, args: WatchArgs, output: Output) -> Result<()> {
    let WatchArgs { codex_monitor: dir, take_over, grace, once } = args;
    let grace = Duration::from_secs(grace);
    let options = FollowOptions { take_over, grace, listener: Some(Arc::new(|followed| say(&text(&followed)))) };
    if once {
        ravi.workspaces().follow_codex_monitor_once(&dir, options).await?;
        output.answer(&ravi.workspaces().list().await?, |all| format!("{} workspaces are bound.", all.len()));
        return Ok(());
    }
    tokio::select! {
        done = ravi.workspaces().follow_codex_monitor(&dir, options) => done,
        () = ravi.tend() => Ok(()),
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

fn text(followed: &Followed) -> String {
    let (id, path) = (line(&followed.id), shown_path(&followed.path));
    match (followed.did, &followed.error) {
        (FollowedBy::Main, _) => format!("{id}: a main checkout, where you work; left alone ({path})"),
        (FollowedBy::Existing, _) => format!("{id}: was there before, left alone ({path}); --take-over sets it up"),
        (FollowedBy::Provisioned, _) => format!("{id}: set up ({path})"),
        (FollowedBy::Released, _) => format!("{id}: released ({path})"),
        (FollowedBy::Failed, Some(e)) => format!("{id}: {}", error_text("error", e)),
        (FollowedBy::Failed, None) => format!("{id}: failed"),
    }
}
