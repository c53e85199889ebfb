//! What git reads in a workspace: who makes commits, whose signature they carry, and whose login is used.
//!
//! [`super::shared`] makes git read it in that worktree only.

use std::path::PathBuf;

use super::context::{Context, blocking};
use super::error::WorkspaceError;
use super::inspect::Inspected;
use super::note::Note;
use super::shared::Repository;
use super::{signing, values};
use crate::config::Signatures;
use crate::error::Result;
use crate::git::{self, Feature, Git};
use crate::github;
use crate::launcher;
use crate::ledger::{Binding, IdentityRow, Plan};
use crate::model::workspace::{GitInfo, GithubSource, OpenWay};

/// Sets git's values. Returns the ways that still lead past the workspace's login.
pub(super) async fn set(
    ctx: Context<'_>,
    binding: &Binding,
    place: &Inspected,
    row: &IdentityRow,
    plan: &Plan,
) -> Result<Vec<OpenWay>> {
    let Some(git) = place.git.clone() else { return Ok(Vec::new()) };
    let signing = if binding.request.sign { Some(signing::prepare(ctx, &row.uuid).await?) } else { None };
    let signatures = ctx.chosen(&binding.id).await?.signatures.unwrap_or_default();
    let unsigned = signing.is_none() && signatures == Signatures::Workspace;
    let launcher = match plan.source {
        GithubSource::Inherited => PathBuf::new(),
        _ => launcher::launcher_path(ctx.ledger.dir())?,
    };
    let (info, nonce, root, plan) = (binding.author(row), binding.nonce.clone(), place.root.clone(), plan.clone());
    let work = move || {
        let repository = Repository::lock(&git.common_dir)?;
        let mut note = Note::read(&git.git_dir)?.filter(|note| note.nonce == nonce).ok_or_else(|| {
            WorkspaceError::NotOurs { path: git.git_dir.clone(), reason: "its note was removed in the meantime".into() }
        })?;
        let mut wanted = author(&info);
        let mut unable = None;
        if let Some(signing) = signing {
            let found = git::found()?;
            wanted.extend(signing.set_up(&git.git_dir, &info.user_email, &found)?);
            unable = Some(found).filter(|found| !found.has(Feature::SshSignatures));
        }
        if unsigned {
            wanted.extend(signing::none());
        }
        let mut wanted: Vec<_> = wanted.into_iter().map(|(key, values)| (key.to_owned(), values)).collect();
        if plan.source == GithubSource::Inherited {
            return Ok((repository.set(&root, &git.git_dir, &mut note, &wanted)?, Vec::new(), unable));
        }
        let here = Git::at(&root);
        let read =
            github::Read { settings: here.settings_but(values::is_origin)?, ssh: here.global("core.sshCommand")? };
        wanted.extend(github::git_values(&plan, &launcher, &read));
        let overridden = repository.set(&root, &git.git_dir, &mut note, &wanted)?;
        Ok((overridden, github::open_ways(&plan, &read, here.remote_urls()?), unable))
    };
    let (overridden, open, unable) = blocking(work).await?;
    if let Some(found) = unable {
        ctx.warn(WorkspaceError::CannotSign { id: binding.id.clone(), found: found.to_string() });
    }
    if !overridden.is_empty() {
        ctx.warn(WorkspaceError::Overridden { id: binding.id.clone(), values: overridden });
    }
    Ok(open)
}

/// Reports the ways that stay open: as a warning, or as an error.
pub(super) fn tell_open(ctx: Context<'_>, binding: &Binding, plan: &Plan) -> Result<(), WorkspaceError> {
    if plan.open.is_empty() {
        return Ok(());
    }
    let error = WorkspaceError::OpenWay { id: binding.id.clone(), ways: plan.open.clone() };
    if plan.is_strict() {
        return Err(error);
    }
    ctx.warn(error);
    Ok(())
}

/// Returns the author's values. git reads `author.*` and `committer.*` before `user.*` (git-config(1)).
fn author(info: &GitInfo) -> Vec<(&'static str, Vec<String>)> {
    let (name, email) = (vec![info.user_name.clone()], vec![info.user_email.clone()]);
    let pair = |of_name, of_email| [(of_name, name.clone()), (of_email, email.clone())];
    let all = [
        pair("user.name", "user.email"),
        pair("author.name", "author.email"),
        pair("committer.name", "committer.email"),
    ];
    all.concat()
}
