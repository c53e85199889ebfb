//! The messages of an identity as Ravi lists them, whoever's they are.

use std::collections::HashSet;

use super::raw::Raw;
use crate::api::{ApiError, Credential, IdentityUuid, MessageQuery, Session};

/// Mails that are asked for at once: with their bodies they may be large.
const MAIL_PAGE: u32 = 50;

/// Mails, all or those that came after a time (ISO 8601). Page by page, so that the limit on the size of one answer holds
/// for a page and not for the whole inbox; by shorter pages where strangers have sent large mails.
pub(crate) async fn mails<K: Credential>(
    session: &Session<K>,
    identity: &IdentityUuid,
    after: Option<String>,
) -> Result<Vec<Raw>, ApiError> {
    let mut found: Vec<Raw> = Vec::new();
    let mut seen = HashSet::new();
    let mut query = MessageQuery { limit: Some(MAIL_PAGE), created_after: after, ..MessageQuery::default() };
    loop {
        query.offset = Some(u32::try_from(seen.len()).unwrap_or(u32::MAX));
        let most = query.limit.unwrap_or(1);
        let page = match session.email(identity).messages(&query).await {
            Err(ApiError::TooLarge { .. }) if most > 1 => {
                query.limit = Some(most.div_ceil(4));
                continue;
            }
            page => page?,
        };
        let (short, before) = (page.len() < most as usize, seen.len());
        let new = page.into_iter().filter(|mail| seen.insert(mail.id.clone()));
        found.extend(new.map(|mail| Raw::Email(Box::new(mail))));
        // A server that knows no pages answers everything each time.
        if short || seen.len() == before {
            return Ok(found);
        }
    }
}

/// Text messages.
pub(crate) async fn texts<K: Credential>(session: &Session<K>, identity: &IdentityUuid) -> Result<Vec<Raw>, ApiError> {
    Ok(session.sms(identity).messages(None).await?.into_iter().map(Raw::Sms).collect())
}
