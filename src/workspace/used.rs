//! Whether an identity was used: whoever has it next reads what it received before.
//!
//! Ravi keeps the messages of an identity, and offers no way to delete them. What this program shows of them ends where the
//! workspace begins, but an identity's key opens all of them to whoever asks Ravi itself: invitations, codes, links that log
//! in. And its address is known to those who wrote, so their next message comes to another agent. So an identity that ever
//! had anything to do with anybody serves no other workspace, unless the configuration says so.

use super::context::Context;
use crate::api::{ApiError, IdentityUuid, MessageQuery};
use crate::config::PoolReuse;
use crate::error::Result;

/// Whether the identity must not serve another workspace. Where Ravi does not say, this fails: what is not known to be unused
/// is not handed on.
pub(super) async fn keeps_from_pool(ctx: Context<'_>, uuid: &IdentityUuid) -> Result<bool> {
    match ctx.config.pool_reuse.unwrap_or_default() {
        PoolReuse::All => Ok(false),
        // Boxed: it is part of every provision and release, and would inflate their callers.
        PoolReuse::Unused => Box::pin(is_used(ctx, uuid)).await,
    }
}

/// Whether it ever received or sent a message, or has a login at a website.
async fn is_used(ctx: Context<'_>, uuid: &IdentityUuid) -> Result<bool> {
    let one = MessageQuery { limit: Some(1), ..MessageQuery::default() };
    let mails = async { any(ctx.account.email(uuid).messages(&one).await) };
    let logins = async { any(ctx.account.passwords(uuid).list().await) };
    let known = uuid.clone();
    let has_phone = ctx.ledger.run(move |l| l.identity(&known)).await?.is_some_and(|row| row.phone.is_some());
    let texts = async {
        match has_phone {
            true => any(ctx.account.sms(uuid).messages(None).await),
            false => Ok(false),
        }
    };
    let (mails, texts, logins) = tokio::try_join!(mails, texts, logins)?;
    Ok(mails || texts || logins)
}

/// What the server does not know has nothing in it. One that answers more than may be read at once has something.
fn any<T>(answer: Result<Vec<T>, ApiError>) -> Result<bool, ApiError> {
    match answer {
        Ok(found) => Ok(!found.is_empty()),
        Err(ApiError::TooLarge { .. }) => Ok(true),
        Err(ApiError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
