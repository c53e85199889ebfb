//! `watch`: following an app that knows nothing of Ravi.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::output::{Output, error_text, line, path as shown_path, say};
use ravi_workspace_core::codex_monitor::{FollowOptions, Followed, FollowedBy};
use ravi_workspace_core::{Ravi, Result};

pub(super) async fn watch(
    ravi: &Ravi,
    dir: &Path,
    take_over: bool,
    grace: Duration,
    once: bool,
    output: Output,
) -> Result<()> {
    let options = FollowOptions { take_over, grace, listener: Some(Arc::new(|followed| say(&text(&followed)))) };
    if once {
        ravi.follow_codex_monitor_once(dir, options).await?;
        output.answer(&ravi.workspaces().await?, |all| format!("{} workspaces are bound.", all.len()));
        return Ok(());
    }
    tokio::select! {
        done = ravi.follow_codex_monitor(dir, options) => done,
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
