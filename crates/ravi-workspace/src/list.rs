//! `list`: all workspaces, one per line.

use serde::Serialize;

use super::output::{Output, path as shown_path, say_warnings, table};
use super::status::state_text;
use ravi_workspace_core::workspace::{BundleInfo, BundleOrigin, OwedRevocation, WorkspaceSummary};
use ravi_workspace_core::{Ravi, Result};

#[derive(Serialize)]
pub(super) struct List {
    pub(super) workspaces: Vec<WorkspaceSummary>,
    pub(super) owed: Vec<OwedRevocation>,
}

pub(super) async fn list(ravi: &Ravi, output: Output) -> Result<()> {
    let list = List { workspaces: ravi.workspaces().list().await?, owed: ravi.workspaces().owed().await? };
    say_warnings(&ravi.newer_rows().await?.iter().map(ravi_workspace_core::Error::body).collect::<Vec<_>>());
    output.answer(&list, list_text);
    Ok(())
}

pub(super) fn list_text(list: &List) -> String {
    let given = list.workspaces.iter().any(|workspace| !workspace.bundle.is_empty());
    let rows: Vec<Vec<String>> = list.workspaces.iter().map(|workspace| list_row(workspace, given)).collect();
    let header = ["ID", "NAME", "STATE", "EMAIL", "PATH", "GIVEN"];
    let header = &header[..if given { 6 } else { 5 }];
    let owed = list.owed.iter().map(|o| {
        format!("\nowed: identity {} is not put away yet (its keys and the content of its vault)", o.identity)
    });
    table(header, &rows, "No workspaces.") + &owed.collect::<String>()
}

fn list_row(workspace: &WorkspaceSummary, given: bool) -> Vec<String> {
    let email = workspace.identity.as_ref().map(|identity| identity.email.clone());
    let mut row = vec![
        workspace.id.clone(),
        workspace.name.clone(),
        state_text(workspace),
        email.unwrap_or_else(|| "-".to_owned()),
        shown_path(&workspace.path),
    ];
    if given {
        row.push(workspace.bundle.iter().map(given_text).collect::<Vec<_>>().join(", "));
    }
    row
}

/// The value of a pool distinguishes workspaces; everything else is for `status`.
fn given_text(BundleInfo { key, source, secret, .. }: &BundleInfo) -> String {
    match (source, secret) {
        (BundleOrigin::Pool, Some(secret)) => format!("{key} ({secret})"),
        _ => key.clone(),
    }
}
