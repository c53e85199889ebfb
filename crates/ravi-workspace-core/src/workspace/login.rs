//! Whose GitHub login a workspace uses, decided once it has its bundle.

use super::context::Context;
use super::error::WorkspaceError;
use super::{bundle, identity};
use crate::account::{AccountError, Host, OpenHost};
use crate::api::Identity;
use crate::error::{Kind, Result};
use crate::github::{self, Decision, GithubError};
use crate::ledger::{Binding, IdentityRow, Plan};
use crate::model::reference::SecretName;
use crate::model::workspace::Step;
use crate::vault::{Found, elsewhere};

/// Gives the bundle first, because it may contain the workspace's GitHub token.
pub(super) async fn bundle_and_login(ctx: Context<'_>, binding: &Binding, found: &identity::Found) -> Result<Plan> {
    let given = bundle::give(ctx, binding, found).await?;
    ctx.step(&binding.id, Step::Github, Box::pin(github(ctx, binding, found, given))).await
}

/// Checks that whose login the workspace would use can be told, and changes nothing.
pub(super) async fn check(ctx: Context<'_>, binding: &Binding) -> Result<()> {
    let Some(uuid) = binding.identity.clone() else { return Ok(()) };
    let Some(row) = ctx.ledger.run(move |l| l.identity(&uuid)).await? else { return Ok(()) };
    let found = identity::Found { row, new: false, looked: false };
    github(ctx, binding, &found, false).await.map(drop)
}

/// Decides whose GitHub login the workspace uses.
async fn github(ctx: Context<'_>, binding: &Binding, found: &identity::Found, given: bool) -> Result<Plan> {
    let (identity, new) = (&found.row.uuid, found.new);
    let host = find_host(ctx, found).await?;
    let Context { ledger, account, .. } = ctx;
    let (host, new) = (host, new && !given);
    let (gate, id) = (ctx.gate(), binding.id.clone());
    let before = ledger.run(move |l| l.github_plan(&id)).await?;
    // If nobody says anything now, the earlier decision stands: a shell that wakes the workspace may not know its app's
    // choices.
    let chosen = before.as_ref().filter(|_| ctx.config.github.is_none()).map(|plan| plan.config.clone());
    let config = chosen.as_ref().unwrap_or(ctx.github);
    let plan = github::decide(Decision { ledger, account, config, binding, identity, new, host, before, gate }).await;
    tell_elsewhere(ctx, binding, plan).await
}

/// Returns the host identity, if it is known or can be told; `None` if Ravi does not answer.
async fn find_host(ctx: Context<'_>, found: &identity::Found) -> Result<Option<IdentityRow>> {
    if found.looked {
        return ctx.host_search().known().await;
    }
    match ctx.find_host().await {
        Ok(Host::Known(row)) => Ok(Some(row)),
        Ok(Host::Open(open @ OpenHost::Choose(_))) => {
            ctx.warn(AccountError::from(open));
            Ok(None)
        }
        Ok(Host::Open(_)) => Ok(None),
        Err(e) if e.kind() == Kind::Unreachable => Ok(None),
        Err(e) => Err(e),
    }
}

/// Reports a token that was stored for the workspace in a place where nobody looks for it.
async fn tell_elsewhere(ctx: Context<'_>, binding: &Binding, plan: Result<Plan>) -> Result<Plan> {
    let names = match &plan {
        Ok(plan) if plan.token.is_none() => github::names_for(binding),
        Err(error) if matches!(error.downcast_ref(), Some(GithubError::NoSecret { .. })) => github::names_for(binding),
        _ => return plan,
    };
    let found = elsewhere_of(ctx, binding, &names).await.unwrap_or_default();
    match plan {
        Err(error) => Err(match error.downcast()? {
            GithubError::NoSecret { id, secret, .. } => {
                let elsewhere = found.into_iter().map(|found| found.identity).collect();
                GithubError::NoSecret { id, secret, elsewhere }
            }
            other => other,
        }
        .into()),
        plan => {
            for Found { identity, secret } in found {
                let (id, secret) = (binding.id.clone(), secret.to_string());
                ctx.warn(WorkspaceError::TokenElsewhere { id, secret, identity });
            }
            plan
        }
    }
}

/// Looks into the account's identities that are neither the host nor a workspace's.
async fn elsewhere_of(ctx: Context<'_>, binding: &Binding, names: &[SecretName]) -> Result<Vec<Found>> {
    let server = ctx.server.to_owned();
    let ours = ctx.ledger.run(move |l| l.identities(&server)).await?;
    let all = ctx.listing.of(ctx.account).await?.all;
    let known = |identity: &&Identity| ours.iter().any(|row| row.uuid == identity.uuid && !row.borrowed);
    let others = all.iter().filter(|identity| !known(identity) && binding.identity.as_ref() != Some(&identity.uuid));
    Ok(elsewhere(ctx.account, &others.collect::<Vec<_>>(), names).await)
}
