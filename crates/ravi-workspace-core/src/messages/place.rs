//! Places in the order of what happened to an identity: what fences name, and what comes after one.
//!
//! If Ravi provides events, a place is the number of an event. If it refuses them, the messages are listed and numbered
//! in the order in which this ledger first saw them: what was not listed before is new, whatever the clocks say. Those
//! numbers begin at [`POLLED`], beyond all numbers of events, so that a place of one kind is never taken for one of the
//! other.

use std::time::Duration;

use jiff::Timestamp;

use super::listed;
use super::raw::Raw;
use crate::api::{ApiError, Credential, Direction, Session};
use crate::error::Result;
use crate::ledger::{IdentityRow, Ledger, Sighting};
use crate::machine::clock::now_ms;

/// The place before all listed messages. The numbers after it are still exact in JSON.
pub(crate) const POLLED: i64 = 1 << 52;

/// How long after its timestamp a mail may first appear in a list.
const LATE: Duration = Duration::from_secs(600);

/// Whether a place is among listed messages rather than among events.
pub(crate) fn is_polled(place: i64) -> bool {
    place >= POLLED
}

/// The last place there is: of an event or, if Ravi refuses events, of a message.
///
/// A workspace that now takes over the identity is not shown anything up to there; the place is kept as the identity's
/// cursor.
pub(crate) async fn last_place<K: Credential>(
    ledger: &Ledger,
    session: &Session<K>,
    identity: &IdentityRow,
) -> Result<i64> {
    Source { ledger, session, identity }.last(0).await
}

/// Who is asked what happened.
#[derive(Debug)]
pub(crate) struct Source<'a, K> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) session: &'a Session<K>,
    pub(crate) identity: &'a IdentityRow,
}

impl<K: Credential> Source<'_, K> {
    /// The last place, looked for after `from`. Once `from` is among messages, so is the last one.
    pub(crate) async fn last(&self, from: i64) -> Result<i64> {
        let event = if is_polled(from) { None } else { self.last_event(from).await? };
        match event {
            Some(seq) => Ok(seq),
            None => self.last_polled().await,
        }
    }

    async fn last_event(&self, from: i64) -> Result<Option<i64>> {
        let uuid = self.identity.uuid.clone();
        let known = self.ledger.run(move |l| l.inbox_position(&uuid)).await?;
        let last = self.session.events(Some(&self.identity.uuid)).last(known.max(from)).await?;
        if let Some(seq) = last.filter(|seq| *seq > known) {
            let uuid = self.identity.uuid.clone();
            self.ledger.run(move |l| l.set_inbox_position(&uuid, seq)).await?;
        }
        Ok(last)
    }

    /// The place of the last message, after checking for new ones.
    pub(crate) async fn last_polled(&self) -> Result<i64> {
        self.look().await?;
        let uuid = self.identity.uuid.clone();
        Ok(POLLED + self.ledger.run(move |l| l.last_number(&uuid)).await?)
    }

    /// Lists the messages and numbers the new ones. Once all mails have been numbered, only the latest are asked for.
    pub(crate) async fn look(&self) -> Result<Vec<Raw>> {
        let uuid = self.identity.uuid.clone();
        let last = self.ledger.run(move |l| l.last_numbered_mail_ms(&uuid)).await?;
        let mut found = self.mails(last.and_then(long_before)).await?;
        if self.identity.phone.is_some() {
            found.extend(listed::texts(self.session, &self.identity.uuid).await?);
        }
        found.sort_by(|a, b| a.at().cmp(&b.at()));
        let seen: Vec<Sighting> = found.iter().map(|raw| self.sighting(raw)).collect();
        let uuid = self.identity.uuid.clone();
        self.ledger.run(move |l| l.number_messages(&uuid, &seen)).await?;
        Ok(found)
    }

    async fn mails(&self, after: Option<String>) -> Result<Vec<Raw>, ApiError> {
        let (session, uuid) = (self.session, &self.identity.uuid);
        match listed::mails(session, uuid, after.clone()).await {
            // It cannot list from a given time.
            Err(ApiError::Invalid { .. }) if after.is_some() => listed::mails(session, uuid, None).await,
            found => found,
        }
    }

    fn sighting(&self, raw: &Raw) -> Sighting {
        let own = [Some(self.identity.email.as_str()), self.identity.phone.as_deref()];
        let incoming = match raw.direction() {
            Direction::Incoming => true,
            Direction::Outgoing => false,
            Direction::Unknown => !own.contains(&Some(raw.sender())),
        };
        let at = raw.at().and_then(|at| at.parse::<Timestamp>().ok());
        // A timestamp in the future would hide everything until then.
        let at_ms = at.map(|at| at.as_millisecond().min(now_ms()));
        Sighting { message: raw.reference().to_string(), incoming, at_ms }
    }
}

fn long_before(at_ms: i64) -> Option<String> {
    let at = Timestamp::from_millisecond(at_ms).ok()?.checked_sub(LATE).ok()?;
    Some(at.to_string())
}
