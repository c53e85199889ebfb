//! Whether an identity was used: its next owner could read what it received before.
//!
//! Ravi keeps the messages of an identity and offers no way to delete them. This program shows a workspace only
//! messages from its own time, but an identity's key opens all of them to anybody who asks Ravi directly: invitations,
//! codes, login links. And people who wrote to its address know it, so their next message would reach another agent. So
//! an identity that ever had anything to do with anybody serves no other workspace, unless the configuration says so.

use super::context::Context;
use crate::api::{ApiError, IdentityUuid, MessageQuery};
use crate::config::PoolReuse;
use crate::error::Result;

/// Whether the identity must not serve another workspace. Fails if Ravi does not say: an identity is not handed on
/// unless it is known to be unused.
pub(super) async fn keeps_from_pool(ctx: Context<'_>, uuid: &IdentityUuid) -> Result<bool> {
    match ctx.config.pool_reuse.unwrap_or_default() {
        PoolReuse::All => Ok(false),
        // Boxed: it is part of every provision and release, and would inflate their callers.
        PoolReuse::Unused => Box::pin(is_used(ctx, uuid)).await,
    }
}

/// Whether it has ever received or sent a message, or has a login at a website.
async fn is_used(ctx: Context<'_>, uuid: &IdentityUuid) -> Result<bool> {
    let one = MessageQuery { limit: Some(1), ..MessageQuery::default() };
    let mails = async { any(ctx.account.email(uuid).messages(&one).await) };
    let logins = async { any(ctx.account.passwords(uuid).list().await) };
    let known = uuid.clone();
    let has_phone = ctx.ledger.run(move |l| l.identity(&known)).await?.is_some_and(|row| row.phone.is_some());
    let texts = async { if has_phone { any(ctx.account.sms(uuid).messages(None).await) } else { Ok(false) } };
    let (mails, texts, logins) = tokio::try_join!(mails, texts, logins)?;
    Ok(mails || texts || logins)
}

/// Whether an answer has anything in it. What the server does not know is empty; an answer too large to read is not.
fn any<T>(answer: Result<Vec<T>, ApiError>) -> Result<bool, ApiError> {
    match answer {
        Ok(found) => Ok(!found.is_empty()),
        Err(ApiError::TooLarge { .. }) => Ok(true),
        Err(ApiError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
