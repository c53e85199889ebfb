//! Ravi's own event log, as lines of the trail: who received what, never what a message says.

use std::collections::HashMap;

use serde_json::Value;

use crate::api::{AnyKey, Event, IdentityUuid, MessageQuery, Session};
use crate::audit::{AuditRow, AuditSource, Outcome, parse_time, time_text};
use crate::error::Result;
use crate::ledger::{IdentityRow, Tenure};

/// Returns all events of one identity, with three calls, and one more for each further thousand events.
pub(super) async fn of_identity(
    session: &Session<AnyKey>,
    identity: &IdentityRow,
    tenures: &[Tenure],
) -> Result<Vec<AuditRow>> {
    let mut events = Vec::new();
    session.events(Some(&identity.uuid)).each_after(0, |event| events.push(event)).await?;
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let times = times(session, &identity.uuid).await?;
    let line = |event: &Event| {
        let channel = event.kind.split('.').next().unwrap_or_default();
        let text = |names: &[&str]| names.iter().find_map(|name| shown(&event.data[*name]));
        let object = text(&["message_id", "call_id"]);
        let told = text(&["created_dt"]).and_then(|text| parse_time(&text).ok());
        let at_ms = told.or_else(|| times.get(&(channel.to_owned(), object.clone()?)).copied());
        AuditRow {
            source: AuditSource::Ravi,
            seq: event.seq,
            at_ms,
            at: at_ms.and_then(time_text),
            program: None,
            pid: None,
            workspace: at_ms.and_then(|at| holder(tenures, at)),
            action: event.kind.clone(),
            object,
            outcome: Outcome::Done,
            reason: None,
            times: 1,
            identity: Some(identity.uuid.to_string()),
            from: text(&["from_email", "from_number"]),
            to: text(&["to_email", "to_number"]),
        }
    };
    Ok(events.iter().map(line).collect())
}

/// Returns the times of messages: an event does not say when it happened, but its message does.
async fn times(session: &Session<AnyKey>, identity: &IdentityUuid) -> Result<HashMap<(String, String), i64>> {
    let (email, sms) = (session.email(identity), session.sms(identity));
    let query = MessageQuery::default();
    let (mails, texts) = tokio::try_join!(email.messages(&query), sms.messages(None))?;
    let time = |text: &Option<String>| text.as_deref().and_then(|text| parse_time(text).ok());
    let mails = mails.iter().filter_map(|m| Some((("email".to_owned(), m.id.to_string()), time(&m.created_dt)?)));
    let texts = texts.iter().filter_map(|m| Some((("sms".to_owned(), m.id.to_string()), time(&m.created_dt)?)));
    Ok(mails.chain(texts).collect())
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the workspace that had the identity at the time. A message that arrives while an identity is being set up
/// belongs to its new workspace; one that arrives while it is free belongs to nobody.
fn holder(tenures: &[Tenure], at_ms: i64) -> Option<String> {
    let next = tenures.iter().position(|tenure| tenure.at_ms >= at_ms).unwrap_or(tenures.len());
    let before = next.checked_sub(1).map(|index| &tenures[index]);
    let holder = match (before, tenures.get(next)) {
        (_, Some(next)) if next.ended => Some(next),
        (Some(before), _) if !before.ended => Some(before),
        (None, Some(first)) => Some(first),
        _ => None,
    };
    holder.map(|tenure| tenure.workspace.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_belongs_to_whoever_had_the_identity() {
        let at = |at_ms, workspace: &str, ended| Tenure { at_ms, workspace: workspace.to_owned(), ended };
        let tenures = [at(10, "one", false), at(15, "one", false), at(20, "one", true), at(30, "two", false)];
        for (time, expected) in
            [(5, Some("one")), (12, Some("one")), (18, Some("one")), (25, None), (35, Some("two")), (99, Some("two"))]
        {
            assert_eq!(holder(&tenures, time).as_deref(), expected, "{time}");
        }
        assert_eq!(holder(&[], 1), None);
    }
}
