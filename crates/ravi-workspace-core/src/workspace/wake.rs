//! Waking: a suspended workspace gets a key again.

use super::context::Context;
use super::provision::{Life, provision_for};
use crate::error::Result;
use crate::ledger::Binding;
use crate::model::workspace::{ProvisionRequest, Provisioned};

/// Gives the workspace of `seen` a key again, where it was seen to lie. Nothing else that was requested for it changes.
pub(crate) async fn wake(ctx: Context<'_>, seen: &Binding) -> Result<Provisioned> {
    let request = ProvisionRequest { path: seen.path.clone(), ..seen.request.clone() };
    provision_for(ctx, request, Life::GoesOn).await
}
