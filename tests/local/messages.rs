//! The stand-in's rules for mail, text messages, attachments and events.

use crate::support::{Ravi, blames, length, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn one() -> (Ravi, Value, String) {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({ "name": "agent", "provision_phone": true })).await;
    let query = format!("?identity={}", text(&identity, "uuid"));
    (ravi, identity, query)
}

async fn deliver(ravi: &Ravi, mail: Value) -> i64 {
    let (status, reply) = ravi.post("/_local/email", mail).await;
    assert_eq!(status, StatusCode::CREATED, "{reply}");
    reply["id"].as_i64().unwrap()
}

fn mail(to: &Value, subject: &str) -> Value {
    json!({ "to": to["inbox"], "from": "Ann Other <ann@example.com>", "subject": subject, "text": "hello" })
}

#[tokio::test]
async fn a_delivered_mail_is_in_one_inbox_alone() {
    let (ravi, identity, query) = one().await;
    let other = ravi.identity(json!({})).await;
    let id = deliver(&ravi, mail(&identity, "code 1234")).await;
    let (_, messages) = ravi.get(&format!("/api/email-messages/{query}")).await;
    assert_eq!(length(&messages), 1);
    let message = &messages[0];
    assert_eq!(message["id"], json!(id));
    assert_eq!((text(message, "from_email"), text(message, "from_display_name")), ("ann@example.com", "Ann Other"));
    assert_eq!((text(message, "direction"), &message["is_read"]), ("incoming", &json!(false)));
    assert_eq!((text(message, "text_content"), text(message, "cc")), ("hello", ""));
    assert_eq!(text(message, "thread_id"), text(message, "message_id"));

    let theirs = format!("?identity={}", text(&other, "uuid"));
    assert_eq!(ravi.get(&format!("/api/email-messages/{theirs}")).await.1, json!([]));
    assert_eq!(ravi.get(&format!("/api/email-messages/{id}/{theirs}")).await.0, StatusCode::NOT_FOUND);
    let unknown = json!({ "to": "nobody@raviapp.test", "from": "a@example.com", "subject": "s" });
    assert_eq!(ravi.post("/_local/email", unknown).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_message_is_marked_read() {
    let (ravi, identity, query) = one().await;
    let id = deliver(&ravi, mail(&identity, "s")).await;
    let path = format!("/api/email-messages/{id}/{query}");
    let (status, changed) = ravi.call(Method::PATCH, &path, Some(json!({ "is_read": true }))).await;
    assert_eq!((status, &changed["is_read"]), (StatusCode::OK, &json!(true)));
    assert_eq!(ravi.get(&path).await.1, changed);
    let (status, body) = ravi.call(Method::PATCH, &path, Some(json!({ "is_read": "maybe" }))).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "is_read"), "{body}");
}

#[tokio::test]
async fn messages_are_filtered_and_paged_oldest_first() {
    let (ravi, identity, query) = one().await;
    let mut ids = Vec::new();
    for subject in ["a", "b", "c"] {
        ids.push(deliver(&ravi, mail(&identity, subject)).await);
    }
    let from_bob = json!({ "to": identity["inbox"], "from": "bob@example.com", "subject": "d" });
    let bob = deliver(&ravi, from_bob).await;
    ids.push(bob);
    ravi.call(Method::PATCH, &format!("/api/email-messages/{bob}/{query}"), Some(json!({ "is_read": true }))).await;

    let list = async |items: &str| ravi.get(&format!("/api/email-messages/{query}{items}")).await;
    let found = async |items: &str| {
        let (_, page) = list(items).await;
        page.as_array().unwrap().iter().map(|m| m["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ids);
    assert_eq!(found("&is_read=true").await, [bob]);
    assert_eq!(found("&is_read=False").await, ids[..3]);
    assert_eq!(found("&from_email=BOB@example.com").await, [bob]);
    assert_eq!(found("&direction=outgoing").await, [0_i64; 0]);
    assert_eq!(found("&limit=2&page=2").await, ids[2..]);
    assert_eq!(found("&limit=2&offset=1").await, ids[1..3]);
    assert_eq!(found("&created_after=2020-01-01T00:00:00%2B02:00").await, ids);
    assert_eq!(found("&created_after=2999-01-01").await, [0_i64; 0]);
    let (status, body) = list("&created_after=yesterday").await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "created_after"), "{body}");
}

#[tokio::test]
async fn no_more_than_fifty_messages_come_unless_more_are_asked_for() {
    let (ravi, identity, query) = one().await;
    for number in 0..51 {
        deliver(&ravi, mail(&identity, &number.to_string())).await;
    }
    let list = async |items: &str| ravi.get(&format!("/api/email-messages/{query}{items}")).await.1;
    assert_eq!((length(&list("").await), length(&list("&limit=200").await)), (50, 51));
    assert_eq!(text(&list("").await[0], "subject"), "0");
}

#[tokio::test]
async fn a_thread_holds_a_mail_and_the_answers() {
    let (ravi, identity, query) = one().await;
    let first = json!({
        "to": identity["inbox"], "from": "ann@example.com", "subject": "Hi", "text": "one",
        "message_id": "<CABx+y@mail.example.com>", "cc": ["carl@example.com"],
    });
    let id = deliver(&ravi, first).await;
    let other = deliver(&ravi, mail(&identity, "other")).await;
    let reply = json!({ "content": "two", "cc": ["dora@example.com"] });
    let (status, sent) = ravi.post(&format!("/api/email-messages/{id}/reply-all/{query}"), reply).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!((text(&sent, "subject"), text(&sent, "to_email")), ("Re: Hi", "ann@example.com"));
    assert_eq!(text(&sent, "cc"), "carl@example.com, dora@example.com");
    let (_, plain) =
        ravi.post(&format!("/api/email-messages/{id}/reply/{query}"), json!({ "content": "<p>3</p>" })).await;
    assert_eq!((text(&plain, "cc"), text(&plain, "html_content")), ("", "<p>3</p>"));
    let back = json!({
        "to": identity["inbox"], "from": "ann@example.com", "subject": "Re: Hi", "text": "four",
        "in_reply_to": text(&sent, "message_id"),
    });
    deliver(&ravi, back).await;

    let (_, threads) = ravi.get(&format!("/api/email-inbox/{query}")).await;
    assert_eq!(length(&threads), 2);
    let thread = &threads[0];
    assert_eq!(text(thread, "thread_id"), "<CABx+y@mail.example.com>");
    assert_eq!((&thread["message_count"], &thread["unread_count"]), (&json!(4), &json!(2)));
    assert_eq!((text(thread, "preview"), text(thread, "subject")), ("four", "Hi"));
    assert_eq!(thread["inbox"], identity["inbox"]);

    // Both ways in which clients encode the id.
    for id in ["%3CCABx%2By%40mail.example.com%3E", "%3CCABx+y@mail.example.com%3E"] {
        let (status, detail) = ravi.get(&format!("/api/email-inbox/{id}/{query}")).await;
        assert_eq!((status, &detail["message_count"]), (StatusCode::OK, &json!(4)));
        let texts: Vec<_> = detail["messages"].as_array().unwrap().iter().map(|m| &m["text_content"]).collect();
        assert_eq!(texts, ["one", "two", "", "four"]);
    }
    assert_eq!(ravi.get(&format!("/api/email-inbox/unknown/{query}")).await.0, StatusCode::NOT_FOUND);
    let slash = json!({
        "to": identity["inbox"], "from": "ann@example.com", "subject": "slash", "message_id": "<a/b@example.com>",
    });
    let slash = deliver(&ravi, slash).await;
    let path = format!("/api/email-inbox/%3Ca%2Fb%40example.com%3E/{query}");
    assert_eq!(ravi.get(&path).await.0, StatusCode::NOT_FOUND);

    for id in [other, slash] {
        let path = format!("/api/email-messages/{id}/{query}");
        ravi.call(Method::PATCH, &path, Some(json!({ "is_read": true }))).await;
    }
    assert_eq!(length(&ravi.get(&format!("/api/email-inbox/{query}&has_unread=true")).await.1), 1);
}

#[tokio::test]
async fn a_composed_mail_reaches_the_inboxes_of_this_server() {
    let (ravi, identity, query) = one().await;
    let other = ravi.identity(json!({})).await;
    let body = json!({
        "to_email": other["inbox"], "subject": "s", "content": "text", "cc": ["x@example.com", "y@example.com"],
        "bcc": ["hidden@example.com"],
    });
    let compose = format!("/api/email-messages/compose/{query}");
    let (status, sent) = ravi.post(&compose, body).await;
    assert_eq!((status, text(&sent, "direction")), (StatusCode::CREATED, "outgoing"));
    assert_eq!((&sent["from_email"], text(&sent, "cc")), (&identity["inbox"], "x@example.com, y@example.com"));
    let theirs = format!("?identity={}", text(&other, "uuid"));
    let (_, page) = ravi.get(&format!("/api/email-messages/{theirs}")).await;
    let received = &page[0];
    assert_eq!((text(received, "direction"), &received["message_id"]), ("incoming", &sent["message_id"]));
    assert!(!page.to_string().contains("hidden@example.com"));

    for (body, field) in [
        (json!({ "to_email": "nobody", "subject": "s", "content": "c" }), "to_email"),
        (json!({ "to_email": "a@example.com", "content": "c" }), "subject"),
        (json!({ "to_email": "a@example.com", "subject": "s" }), "content"),
        (json!({ "to_email": "a@example.com", "subject": "s", "content": "c", "cc": "b@example.com" }), "cc"),
        (
            json!({ "to_email": "a@example.com", "subject": "s", "content": "c", "attachment_uuids": ["x"] }),
            "attachment_uuids",
        ),
    ] {
        let (status, reply) = ravi.post(&compose, body).await;
        assert!(status == StatusCode::BAD_REQUEST && blames(&reply, field), "{field}: {reply}");
    }
    let (_, page) = ravi.get(&format!("/api/email-messages/{query}")).await;
    assert_eq!(length(&page), 1, "a refused mail leaves nothing behind");
}

#[tokio::test]
async fn compose_takes_the_number_of_an_inbox_instead() {
    let (ravi, identity, _) = one().await;
    let other = ravi.identity(json!({})).await;
    let (_, inboxes) = ravi.get("/api/email/").await;
    let body = json!({ "to_email": "a@example.com", "subject": "s", "content": "c" });
    let path = format!("/api/email-messages/compose/?inbox={}", inboxes[0]["id"]);
    let (status, sent) = ravi.post(&path, body.clone()).await;
    assert_eq!((status, &sent["from_email"]), (StatusCode::CREATED, &identity["inbox"]));
    let (status, _) = ravi.call_as(text(&other, "api_key"), Method::POST, &path, Some(body.clone())).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let address = format!("/api/email-messages/compose/?inbox={}", text(&identity, "inbox"));
    let (status, reply) = ravi.post(&address, body).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&reply, "inbox"), "{reply}");
}

/// Announces an attachment; gives the reply.
async fn presign(ravi: &Ravi, size: usize) -> (StatusCode, Value) {
    let body = json!({ "filename": "a.txt", "content_type": "text/plain", "size": size });
    ravi.post("/api/email-attachments/presign/", body).await
}

#[tokio::test]
async fn an_attachment_is_uploaded_and_goes_along() {
    let (ravi, _, query) = one().await;
    let other = ravi.identity(json!({})).await;
    let (_, announced) = presign(&ravi, 5).await;
    let url = text(&announced, "upload_url");
    let put = |content: &'static str, kind: &str| ravi.http.put(url).header("content-type", kind).body(content);
    let compose = format!("/api/email-messages/compose/{query}");
    let body = json!({
        "to_email": other["inbox"], "subject": "s", "content": "c", "attachment_uuids": [announced["uuid"]],
    });
    assert_eq!(ravi.post(&compose, body.clone()).await.0, StatusCode::BAD_REQUEST, "not uploaded yet");

    let with_key = put("hello", "text/plain").bearer_auth("ravi_id_made_up");
    assert_eq!(with_key.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(put("hello", "text/html").send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(put("hello!", "text/plain").send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(put("hello", "text/plain").send().await.unwrap().status(), StatusCode::OK);

    let (status, sent) = ravi.post(&compose, body.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{sent}");
    let attachment = &sent["attachments"][0];
    assert_eq!(
        (text(attachment, "filename"), &attachment["size_bytes"], &attachment["size"]),
        ("a.txt", &json!(5), &json!(5))
    );
    assert_eq!(ravi.post(&compose, body).await.0, StatusCode::BAD_REQUEST, "used already");

    let theirs = format!("?identity={}", text(&other, "uuid"));
    let (_, page) = ravi.get(&format!("/api/email-messages/{theirs}")).await;
    let received = &page[0];
    let download = text(&received["attachments"][0], "download_url");
    assert_eq!(ravi.http.get(download).send().await.unwrap().text().await.unwrap(), "hello");
    let (_, threads) = ravi.get(&format!("/api/email-inbox/{theirs}")).await;
    assert_eq!(threads[0]["attachment_names"], json!(["a.txt"]));

    let forward = format!("/api/email-messages/{}/forward/{theirs}", received["id"]);
    let (_, forwarded) = ravi.post(&forward, json!({ "to_email": "b@example.com", "content": "see" })).await;
    assert_eq!((text(&forwarded, "subject"), length(&forwarded["attachments"])), ("Fwd: s", 1));
    assert!(text(&forwarded, "text_content").starts_with("see\n"));

    let (status, reply) = presign(&ravi, 10 * 1024 * 1024 + 1).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&reply, "size"), "{reply}");
}

#[tokio::test]
async fn text_messages_are_received_read_and_sent() {
    let (ravi, identity, query) = one().await;
    let text_message = json!({ "to": identity["phone"], "from": "+15559876543", "body": "your code is 1234" });
    let (status, reply) = ravi.post("/_local/sms", text_message).await;
    assert_eq!(status, StatusCode::CREATED);
    let (_, list) = ravi.get(&format!("/api/messages/{query}")).await;
    let received = &list[0];
    assert_eq!((&received["id"], text(received, "direction")), (&reply["id"], "incoming"));
    assert!(received["message_sid"].is_string());
    let path = format!("/api/messages/{}/{query}", received["id"]);
    assert_eq!(ravi.get(&path).await.1, *received);

    let (_, conversations) = ravi.get(&format!("/api/sms-inbox/{query}&has_unread=true")).await;
    let conversation = &conversations[0];
    assert_eq!(text(conversation, "conversation_id"), format!("{}_+15559876543", text(received, "phone")));
    assert_eq!(conversation["phone"], received["phone"]);
    assert_eq!((&conversation["phone_number"], &conversation["unread_count"]), (&identity["phone"], &json!(1)));
    assert_eq!(ravi.call(Method::PATCH, &path, Some(json!({ "is_read": true }))).await.1["is_read"], json!(true));
    assert_eq!(ravi.get(&format!("/api/sms-inbox/{query}&has_unread=true")).await.1, json!([]));
    assert_eq!(ravi.get(&format!("/api/messages/{query}&is_read=false")).await.1, json!([]));

    let send = format!("/api/messages/send/{query}");
    let (status, sent) = ravi.post(&send, json!({ "to_number": "+15559876543", "body": "thanks" })).await;
    assert_eq!(
        (status, text(&sent, "direction"), &sent["from_number"]),
        (StatusCode::CREATED, "outgoing", &identity["phone"])
    );
    for plus in ["+", "%2B"] {
        let path = format!("/api/sms-inbox/{}_{plus}15559876543/{query}", text(received, "phone"));
        let (status, detail) = ravi.get(&path).await;
        assert_eq!((status, &detail["message_count"]), (StatusCode::OK, &json!(2)));
        assert_eq!(text(&detail["messages"][1], "body"), "thanks");
    }
    let (status, body) = ravi.post(&send, json!({ "to_number": "5559876543", "body": "x" })).await;
    assert!(status == StatusCode::BAD_REQUEST && blames(&body, "to_number"), "{body}");
    let nobody = json!({ "to": "+15550000000", "from": "+15559876543", "body": "x" });
    assert_eq!(ravi.post("/_local/sms", nobody).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sending_a_text_message_needs_a_phone() {
    let ravi = Ravi::start().await;
    let identity = ravi.identity(json!({})).await;
    let path = format!("/api/messages/send/?identity={}", text(&identity, "uuid"));
    let (status, body) = ravi.post(&path, json!({ "to_number": "+15559876543", "body": "x" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["error"]["details"]["code"], json!("identity.no_phone"));
}

#[tokio::test]
async fn events_can_be_replayed_from_any_point() {
    let (ravi, identity, query) = one().await;
    let other = ravi.identity(json!({})).await;
    let message = deliver(&ravi, mail(&identity, "s")).await;
    deliver(&ravi, mail(&other, "t")).await;
    let text_message = json!({ "to": identity["phone"], "from": "+15559876543", "body": "b" });
    ravi.post("/_local/sms", text_message).await;

    let events = async |query: &str| ravi.get(&format!("/api/events/{query}")).await.1["events"].clone();
    let all = events("").await;
    let kinds: Vec<_> = all.as_array().unwrap().iter().map(|e| text(e, "type")).collect();
    assert_eq!(kinds, ["email.message.received", "email.message.received", "sms.message.received"]);
    let seqs: Vec<_> = all.as_array().unwrap().iter().map(|e| e["seq"].as_i64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    assert_eq!(all[0]["data"]["message_id"], json!(message));
    assert_ne!(all[0]["id"], all[1]["id"]);

    let own = events(&query).await;
    assert_eq!(own, json!([all[0], all[2]]));
    let (_, fenced) = ravi.call_as(text(&identity, "api_key"), Method::GET, "/api/events/", None).await;
    assert_eq!(fenced["events"], own);
    assert_eq!(events(&format!("?since={}", seqs[0])).await, json!([all[1], all[2]]));
    assert_eq!(events("?limit=1").await, json!([all[0]]));
    assert_eq!(events("?event_types=sms.message.received,call.ended").await, json!([all[2]]));
}

#[tokio::test]
async fn correspondence_makes_contacts() {
    let (ravi, identity, query) = one().await;
    deliver(&ravi, mail(&identity, "s")).await;
    deliver(&ravi, mail(&identity, "t")).await;
    let (_, contacts) = ravi.get(&format!("/api/contacts/{query}")).await;
    assert_eq!((length(&contacts), text(&contacts[0], "source")), (1, "auto"));
    assert_eq!((text(&contacts[0], "display_name"), &contacts[0]["interaction_count"]), ("Ann Other", &json!(2)));
}
