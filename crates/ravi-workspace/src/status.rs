//! `status`: one workspace in full.

use super::output::{Output, line, path as shown_path, time};
use super::provision::{github_text, sharing_text};
use ravi_workspace_core::workspace::{BundleInfo, BundleOrigin, FolderState, Target, WorkspaceSummary};
use ravi_workspace_core::{Ravi, Result};

/// Show the workspace that a path belongs to
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    /// A path in the workspace, or its id
    #[arg(value_name = "PATH|ID")]
    target: String,
}

pub(super) async fn status(ravi: &Ravi, StatusArgs { target }: StatusArgs, output: Output) -> Result<()> {
    output.answer(&ravi.workspaces().get(Target::PathOrId(&target)).await?, status_text);
    Ok(())
}

pub(super) fn state_text(workspace: &WorkspaceSummary) -> String {
    let state = format!("{:?}", workspace.state).to_lowercase();
    match workspace.folder {
        FolderState::Present => state,
        FolderState::Gone => format!("{state}, folder gone"),
        FolderState::Unseen => format!("{state}, folder not seen"),
    }
}

pub(super) fn status_text(workspace: &WorkspaceSummary) -> String {
    let row = |name: &str, value: Option<String>| {
        format!("{name:<9}{}\n", value.map_or_else(|| "-".to_owned(), |value| line(&value)))
    };
    let identity = workspace.identity.as_ref();
    let mut text = row("id", Some(workspace.id.clone()));
    text += &row("name", Some(workspace.name.clone()));
    text += &row("folder", Some(shown_path(&workspace.path)));
    text += &row("state", Some(state_text(workspace)));
    text += &row("identity", identity.map(|i| i.uuid.clone()));
    text += &row("email", identity.map(|i| i.email.clone()));
    text += &row("phone", identity.and_then(|i| i.phone.clone()));
    text += &row("author", workspace.git.as_ref().map(|g| format!("{} <{}>", g.user_name, g.user_email)));
    text += &row("github", workspace.github.as_ref().map(github_text));
    for way in workspace.github.iter().flat_map(|github| &github.open) {
        text += &row("", Some(format!("open: {way}")));
    }
    if let (Some(sharing), Some(identity)) = (&workspace.sharing, identity) {
        text += &row("shared", Some(sharing_text(sharing, &identity.name, workspace.key)));
    }
    if !workspace.key {
        text += &row("key", Some("none; it has no inbox and no vault".to_owned()));
    }
    for (at, secret) in workspace.bundle.iter().enumerate() {
        text += &row(if at == 0 { "given" } else { "" }, Some(bundle_text(secret)));
    }
    if let Some(program) = &workspace.outdated_program {
        let note = format!("calls {}, which an upgrade removes; provision it again", shown_path(program));
        text += &row("git", Some(note));
    }
    if let Some(ends) = workspace.ends_at_ms {
        text += &row("until", Some(time(ends)));
    }
    if let Some(error) = &workspace.last_error {
        text += &row("error", Some(format!("{} ({})", error.message, error.code)));
        text += &row("hint", Some(error.hint.clone()));
    }
    text.trim_end().to_owned()
}

fn bundle_text(BundleInfo { key, source, secret, given }: &BundleInfo) -> String {
    let secret = secret.as_deref().unwrap_or_default();
    let from = match source {
        BundleOrigin::Copy => format!("copy of {secret}"),
        BundleOrigin::Pool => format!("{secret}, from a pool"),
        BundleOrigin::Generated => "made for it".to_owned(),
    };
    format!("{key} ({from}{})", if *given { "" } else { "; not in its vault yet" })
}
