//! The messages of an identity as Ravi lists them, whoever they belong to.

use std::collections::HashSet;

use super::raw::Raw;
use crate::api::{ApiError, Credential, IdentityUuid, MessageQuery, Session};

/// How many mails to ask for at once: with their bodies they may be large.
const MAIL_PAGE: u32 = 50;

/// Mails, either all or those that arrived after a time (ISO 8601).
///
/// They are read page by page, so that the limit on the size of one answer applies to a page and not to the whole
/// inbox, with shorter pages if strangers have sent large mails.
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
        // A server without paging returns everything each time.
        if short || seen.len() == before {
            return Ok(found);
        }
    }
}

/// Text messages.
pub(crate) async fn texts<K: Credential>(session: &Session<K>, identity: &IdentityUuid) -> Result<Vec<Raw>, ApiError> {
    Ok(session.sms(identity).messages(None).await?.into_iter().map(Raw::Sms).collect())
}
