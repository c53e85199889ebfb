//! Places in the order of what happened to an identity: what fences name, and what lies after one.
//!
//! Where Ravi tells events, a place is the number of an event. Where it refuses them, the messages are listed, and numbered
//! in the order in which this ledger first saw them: what was not listed before is new, whatever clocks say. Those numbers
//! begin at [`POLLED`], beyond all numbers of events, so that a place of one kind is never taken for one of the other.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::error::InboxError;
use super::listed;
use super::model::MessageRef;
use super::raw::{Raw, message_of};
use crate::api::{ApiError, Credential, Direction, Event, Session};
use crate::error::{Error, Result};
use crate::ledger::{IdentityRow, Ledger, Sighting, now_ms};

/// The place before all messages that are listed. Numbers that follow are exact in JSON, too.
pub(super) const POLLED: i64 = 1 << 52;

/// A mail may come into a list so long after its time.
const LATE: Duration = Duration::from_secs(600);

/// Whether a place is one among messages that are listed, and none among events.
pub(super) fn is_polled(place: i64) -> bool {
    place >= POLLED
}

/// The last place there is: of an event, or where Ravi refuses events, of a message. What lies up to there is not shown to
/// a workspace that takes the identity over now, where this is kept as the identity's cursor.
pub(crate) async fn last_place<K: Credential>(
    ledger: &Ledger,
    session: &Session<K>,
    identity: &IdentityRow,
) -> Result<i64> {
    Source { ledger, session, identity }.last(0).await
}

/// Something that happened.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) seq: i64,
    /// The message it is about, if any.
    pub(super) message: Option<(MessageRef, Direction)>,
    /// The message itself, where it is at hand.
    pub(super) raw: Option<Raw>,
}

impl From<&Event> for Notice {
    fn from(event: &Event) -> Self {
        Notice { seq: event.seq, message: message_of(event), raw: None }
    }
}

/// Who is asked what happened.
#[derive(Debug)]
pub(super) struct Source<'a, K> {
    pub(super) ledger: &'a Ledger,
    pub(super) session: &'a Session<K>,
    pub(super) identity: &'a IdentityRow,
}

impl<K: Credential> Source<'_, K> {
    /// The last place, looked for after `from`. Once that is one among messages, so is the last one.
    pub(super) async fn last(&self, from: i64) -> Result<i64> {
        let event = match is_polled(from) {
            true => None,
            false => self.last_event(from).await?,
        };
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

    /// The place of the last message, after a look for new ones.
    pub(super) async fn last_polled(&self) -> Result<i64> {
        self.look().await?;
        let uuid = self.identity.uuid.clone();
        Ok(POLLED + self.ledger.run(move |l| l.last_number(&uuid)).await?)
    }

    /// What happened after `since`.
    pub(super) async fn after(&self, since: i64) -> Result<Vec<Notice>> {
        if is_polled(since) {
            return self.polled_after(since).await;
        }
        let mut notices = Vec::new();
        let events = self.session.events(Some(&self.identity.uuid));
        events.each_after(since, |event| notices.push(Notice::from(&event))).await?;
        Ok(notices)
    }

    async fn polled_after(&self, since: i64) -> Result<Vec<Notice>> {
        let mut raws: HashMap<String, Raw> =
            self.look().await?.into_iter().map(|raw| (raw.reference().to_string(), raw)).collect();
        let (uuid, number) = (self.identity.uuid.clone(), since - POLLED);
        let (last, numbered) =
            self.ledger.run(move |l| Ok((l.last_number(&uuid)?, l.numbered_after(&uuid, number)?))).await?;
        if number > last {
            return Err(InboxError::Fence { cursor: since, reason: "it was taken with another ledger" }.into());
        }
        let mut notices = Vec::with_capacity(numbered.len());
        for row in numbered {
            let direction = if row.incoming { Direction::Incoming } else { Direction::Outgoing };
            let raw = raws.remove(&row.message);
            notices.push(Notice { seq: POLLED + row.number, message: Some((row.message.parse()?, direction)), raw });
        }
        Ok(notices)
    }

    /// Lists the messages and numbers the new ones. Of mails only the latest are asked for, once all were numbered.
    async fn look(&self) -> Result<Vec<Raw>> {
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
            // It knows no times to list from.
            Err(ApiError::Invalid { .. }) if after.is_some() => listed::mails(session, uuid, None).await,
            found => found,
        }
    }

    fn sighting(&self, raw: &Raw) -> Sighting {
        let (item, own) = (raw.bare_item(), [Some(&self.identity.email), self.identity.phone.as_ref()]);
        let incoming = match item.direction {
            Direction::Incoming => true,
            Direction::Outgoing => false,
            Direction::Unknown => !own.contains(&Some(&item.from)),
        };
        let at = item.at.and_then(|at| at.parse::<Timestamp>().ok());
        // A time that is still to come would hide what comes until then.
        let at_ms = at.map(|at| at.as_millisecond().min(now_ms()));
        Sighting { message: item.id, incoming, at_ms }
    }
}

fn long_before(at_ms: i64) -> Option<String> {
    let at = Timestamp::from_millisecond(at_ms).ok()?.checked_sub(LATE).ok()?;
    Some(at.to_string())
}

/// Whether an error says that events are not told, so that messages have to be listed.
pub(super) fn events_are_refused(error: &Error) -> bool {
    matches!(error, Error::Api(error) if error.not_offered())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wiremock::matchers::{method, path};
    use wiremock::{Mock, MockServer, Request, ResponseTemplate};

    use super::super::mailbox::Mailbox;
    use super::super::model::MessageFilter;
    use super::*;
    use crate::api::{Client, ClientOptions, IdentityKey};
    use crate::ledger::IdentityState;

    struct Desk {
        server: MockServer,
        _dir: tempfile::TempDir,
        mailbox: Mailbox,
    }

    impl Desk {
        /// A Ravi that answers these mails and refuses events.
        async fn new(mails: Value) -> Desk {
            let server = MockServer::start().await;
            let refusal = ResponseTemplate::new(403).set_body_json(json!({ "detail": "Not for this key." }));
            Mock::given(path("/api/events/")).respond_with(refusal).mount(&server).await;
            let dir = tempfile::tempdir().unwrap();
            let identity = IdentityRow {
                uuid: "alice-uuid".into(),
                server: server.uri(),
                name: "Alice".into(),
                email: "alice@example.com".into(),
                phone: None,
                state: IdentityState::Bound,
                workspace: Some("w".into()),
                borrowed: false,
                given_name: None,
            };
            let client = Client::new(ClientOptions::new(server.uri().parse().unwrap())).unwrap();
            let mailbox = Mailbox {
                ledger: Ledger::open(dir.path(), Some(crate::config::Keychain::File)).unwrap(),
                id: "w".into(),
                identity,
                session: client.with(&IdentityKey::parse("ravi_id_made_up".to_owned().into()).unwrap()),
                cursor: 0,
            };
            let desk = Desk { server, _dir: dir, mailbox };
            desk.has(mails).await;
            desk
        }

        async fn has(&self, mails: Value) {
            let list = ResponseTemplate::new(200).set_body_json(mails);
            let list = Mock::given(method("GET")).and(path("/api/email-messages/")).respond_with(list);
            list.with_priority(200 - self.asked().await.len() as u8).mount(&self.server).await;
        }

        async fn asked(&self) -> Vec<Request> {
            let mut asked = self.server.received_requests().await.unwrap();
            asked.retain(|request| request.url.path() == "/api/email-messages/");
            asked
        }

        async fn last(&self) -> i64 {
            last_place(&self.mailbox.ledger, &self.mailbox.session, &self.mailbox.identity).await.unwrap()
        }
    }

    fn mail(id: u32, at: Option<&str>, direction: &str) -> Value {
        json!({ "id": id, "subject": format!("mail {id}"), "from_email": "a@x", "direction": direction, "created_dt": at })
    }

    #[tokio::test]
    async fn a_former_workspaces_messages_are_hidden_by_a_place_among_messages() {
        let old =
            [mail(8, Some("2026-11-01T10:00:01Z"), "incoming"), mail(7, Some("2026-11-01T10:00:00Z"), "incoming")];
        let mut desk = Desk::new(json!(old)).await;
        desk.mailbox.cursor = desk.last().await;
        assert_eq!(desk.mailbox.cursor, POLLED + 2);
        assert!(desk.mailbox.items(&MessageFilter::default()).await.unwrap().is_empty());
        assert_eq!(desk.mailbox.fence().await.unwrap().cursor, POLLED + 2);
        // One of them has an earlier time than what was there: it is new all the same.
        let new =
            [mail(9, Some("2026-11-01T09:59:00Z"), "incoming"), mail(10, Some("2026-11-01T10:00:02Z"), "outgoing")];
        desk.has(json!([old[0], old[1], new[0], new[1]])).await;
        let seen = desk.mailbox.items(&MessageFilter::default()).await.unwrap();
        assert_eq!(seen.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["email:9", "email:10"]);
        let hidden = desk.mailbox.message(&"email:7".parse().unwrap()).await.unwrap_err();
        assert_eq!(hidden.code(), "inbox.no_message");
        let notices = desk.mailbox.source().after(POLLED + 2).await.unwrap();
        let told: Vec<_> = notices.into_iter().map(|notice| (notice.seq, notice.message.unwrap().1)).collect();
        assert_eq!(told, [(POLLED + 3, Direction::Incoming), (POLLED + 4, Direction::Outgoing)]);
        // Nobody took the identity over since this place, or it was in another ledger.
        let later = desk.mailbox.source().after(POLLED + 9).await.unwrap_err();
        assert_eq!(later.code(), "inbox.fence");
    }

    #[tokio::test]
    async fn only_the_latest_mails_are_listed_again() {
        let desk = Desk::new(json!([mail(7, Some("2026-11-01T10:00:00Z"), "incoming")])).await;
        desk.last().await;
        desk.last().await;
        let after = |request: &Request| {
            request.url.query_pairs().find(|(name, _)| name == "created_after").map(|p| p.1.into_owned())
        };
        let asked: Vec<_> = desk.asked().await.iter().map(after).collect();
        assert_eq!(asked, [None, Some("2026-11-01T09:50:00Z".into())]);
        // Where a mail tells no time, or one that is still to come, what came meanwhile must not be passed over.
        desk.has(json!([mail(8, None, "incoming")])).await;
        desk.last().await;
        desk.has(json!([mail(9, Some("2999-01-01T00:00:00Z"), "incoming")])).await;
        desk.last().await;
        desk.last().await;
        let asked: Vec<_> = desk.asked().await.iter().map(after).collect();
        assert_eq!(asked[3], None);
        assert!(asked[4].as_deref().is_some_and(|after| after < "2100"), "{asked:?}");
    }
}
