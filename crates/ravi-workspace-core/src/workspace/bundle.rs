//! The step of a provision that gives a workspace its bundle, waiting for values that others still hold.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::context::Context;
use super::debts;
use super::error::WorkspaceError;
use super::identity::Found;
use crate::bundle::{Giver, Plan};
use crate::error::Result;
use crate::ledger::{Binding, Holder};
use crate::model::workspace::Step;

/// Pause between two looks at a pool that has no free value.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Gives the workspace what it lacks of its bundle; `false` if it has none.
pub(super) async fn give(ctx: Context<'_>, binding: &Binding, found: &Found) -> Result<bool> {
    let (identity, config) = (found.row.uuid.clone(), ctx.config.bundle.as_ref());
    if binding.request.borrows() {
        if config.is_some_and(|config| !config.of(&binding.id, &binding.name).is_empty()) {
            ctx.warn(WorkspaceError::BundleShared { id: binding.id.clone() });
        }
        ctx.skip(&binding.id, Step::Bundle);
        return Ok(false);
    }
    let has_some = ctx.ledger.run(move |l| Ok(!l.bundle_of(&identity)?.is_empty())).await?;
    if !has_some && config.is_none_or(|config| config.of(&binding.id, &binding.name).is_empty()) {
        ctx.skip(&binding.id, Step::Bundle);
        return Ok(false);
    }
    let host = if found.looked { ctx.host_search().known().await? } else { ctx.find_host().await?.row().cloned() };
    let giver = Giver {
        ledger: ctx.ledger,
        account: ctx.account,
        config,
        holder: Holder {
            identity: found.row.uuid.clone(),
            workspace: binding.id.clone(),
            server: ctx.server.to_owned(),
            host: host.map(|host| host.uuid),
        },
        binding,
        gate: ctx.gate(),
        new: found.new,
    };
    let Some(plan) = giver.look().await? else {
        ctx.skip(&binding.id, Step::Bundle);
        return Ok(false);
    };
    ctx.step(&binding.id, Step::Bundle, Box::pin(reserve_and_give(ctx, &giver, &plan))).await.map(|()| true)
}

async fn reserve_and_give(ctx: Context<'_>, giver: &Giver<'_>, plan: &Plan) -> Result<()> {
    let started = Instant::now();
    let limit = ctx.config.bundle.as_ref().map_or(Duration::ZERO, |bundle| bundle.wait());
    while giver.reserve(plan).await?.is_err() {
        // A value released while Ravi was out of reach stays held until that debt is paid.
        debts::pay_due(ctx).await?;
        let Err(none_free) = giver.reserve(plan).await? else { break };
        if started.elapsed() >= limit {
            return Err(none_free.into());
        }
        sleep(LOOK_AGAIN).await;
    }
    giver.give(plan).await
}
