//! What happened to an identity after a place: the replay of events or, if Ravi refuses events, of listed messages.

use std::collections::HashMap;

use super::error::InboxError;
use super::raw::message_of;
use crate::api::{ApiError, Credential, Direction, Event};
use crate::error::{Error, Result};
use crate::messages::{MessageRef, POLLED, Raw, Source, is_polled};

/// Something that happened.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) seq: i64,
    /// The message it is about, if any.
    pub(super) message: Option<(MessageRef, Direction)>,
    /// The message itself, if it is at hand.
    pub(super) raw: Option<Raw>,
}

impl From<&Event> for Notice {
    fn from(event: &Event) -> Self {
        Notice { seq: event.seq, message: message_of(event), raw: None }
    }
}

impl<K: Credential> Source<'_, K> {
    /// Returns what happened after `since`.
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
}

/// Whether an error says that events are not reported, so that messages have to be listed.
pub(super) fn events_are_refused(error: &Error) -> bool {
    error.downcast_ref().is_some_and(ApiError::not_offered)
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
    use crate::ledger::{IdentityRow, IdentityState, Ledger};
    use crate::messages::last_place;

    struct Desk {
        server: MockServer,
        _dir: tempfile::TempDir,
        mailbox: Mailbox,
    }

    impl Desk {
        /// A Ravi that returns these mails and refuses events.
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
        // One of them has an earlier time than what was there, but is new all the same.
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
        // Nobody has taken the identity over since this place, or that was in another ledger.
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
        // If a mail has no time, or one in the future, what arrived in the meantime must not be passed over.
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
