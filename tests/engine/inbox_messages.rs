//! A workspace sees its own messages, as text, and nobody else's.

use std::time::Duration;

use futures_util::FutureExt as _;
use ravi_workspace_core::inbox::{MessageFilter, MessageKind, OutgoingMail, WaitRequest, Want};
use ravi_workspace_core::{Config, PoolReuse, ProvisionRequest, Ravi};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::Bed;

/// A workspace of the test's, in a folder that is no repository, with a number if `phone`.
pub async fn workspace(bed: &Bed, ravi: &Ravi, id: &str, phone: bool) -> (String, Option<String>) {
    let path = bed.path(&format!("folders/{id}"));
    std::fs::create_dir_all(&path).expect("a folder");
    let request: ProvisionRequest =
        serde_json::from_value(json!({ "path": path, "id": id, "name": id, "phone": phone })).expect("a request");
    let done = Box::pin(ravi.workspaces().provision(request, |_| {})).await.expect("it is provisioned");
    (done.identity.email, done.identity.phone)
}

pub async fn mail(bed: &Bed, to: &str, subject: &str, text: &str) -> Value {
    let letter = json!({ "to": to, "from": "Example <noreply@example.com>", "subject": subject, "text": text });
    bed.local(Method::POST, "email", Some(letter)).await
}

#[tokio::test]
async fn messages_are_listed_read_and_answered() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, phone) = workspace(&bed, &ravi, "one", true).await;
    let html = "<p>Hello <b>there</b></p><p><a href=\"https://example.com/x\">here</a></p>";
    let letter = json!({ "to": address, "from": "Example <noreply@example.com>", "subject": "With HTML", "html": html,
        "attachments": [{ "filename": "a.txt", "content": "12345" }] });
    bed.local(Method::POST, "email", Some(letter)).await;
    let sms = json!({ "to": phone.expect("a number"), "from": "+15550100009", "body": "Hi by text" });
    bed.local(Method::POST, "sms", Some(sms)).await;

    let all = ravi.inbox("one").list(&MessageFilter::default()).await.expect("a list");
    assert_eq!(all.iter().map(|item| item.kind).collect::<Vec<_>>(), [MessageKind::Email, MessageKind::Sms]);
    assert_eq!((all[0].attachments, all[0].read), (1, false));
    let message = ravi.inbox("one").get(&all[0].id).await.expect("the mail");
    assert!(message.text.contains("Hello") && message.text.contains("https://example.com/x"), "{}", message.text);
    assert!(!message.text.contains("<p>"), "{}", message.text);
    assert_eq!((message.files[0].filename.as_str(), message.files[0].size), ("a.txt", Some(5)));
    assert_eq!(ravi.inbox("one").get(&all[1].id).await.expect("the text").text, "Hi by text");

    assert!(ravi.inbox("one").mark_read(&all[0].id).await.expect("it is marked").read);
    let unread = MessageFilter { unread: true, ..MessageFilter::default() };
    let unread = ravi.inbox("one").list(&unread).await.expect("a list");
    assert_eq!(unread.iter().map(|item| &item.id).collect::<Vec<_>>(), [&all[1].id]);

    let answer = ravi.inbox("one").reply(&all[0].id, "Thanks".into(), false).await.expect("it is sent");
    assert_eq!((answer.to.as_str(), answer.subject.as_str()), ("noreply@example.com", "Re: With HTML"));
    let answer = ravi.inbox("one").reply(&all[1].id, "Thanks".into(), false).await.expect("it is sent");
    assert_eq!(answer.to, "+15550100009");
    let threads = ravi.inbox("one").threads().await.expect("threads");
    assert_eq!((threads.len(), threads[0].messages), (1, 2));
    let thread = ravi.inbox("one").thread(&threads[0].id).await.expect("the thread");
    assert_eq!(thread.messages.iter().map(|m| m.text.trim()).next_back(), Some("Thanks"));
    let conversations = ravi.inbox("one").conversations().await.expect("conversations");
    assert_eq!((conversations.len(), conversations[0].messages), (1, 2));
    assert_eq!(ravi.inbox("one").conversation(&conversations[0].id).await.expect("it").messages.len(), 2);

    let missing = ravi.inbox("one").get("email:9999").await.expect_err("there is none");
    assert_eq!(missing.code(), "inbox.no_message");
    assert_eq!(ravi.inbox("one").get("9999").await.expect_err("no id").code(), "inbox.request");
}

/// Pages that a quadratic reader would not be done with in hours; the most that is shown of one is bounded. Together they
/// are more than is read of one answer.
#[tokio::test]
async fn huge_hostile_mails_are_listed_shown_and_searched() {
    const MUCH: usize = 1 << 20;
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    let fence = ravi.inbox("one").fence().await.expect("a fence").cursor;
    let pieces = ["<table><td>", "<a href=x>y", "<div>", "word "];
    for piece in pieces.repeat(3) {
        let html = format!("<p>Your verification code is 482913.</p>{}", piece.repeat(MUCH / piece.len()));
        let letter = json!({ "to": address, "from": "a@service.test", "subject": piece, "html": html });
        bed.local(Method::POST, "email", Some(letter)).await;
    }
    let all = ravi.inbox("one").list(&MessageFilter::default()).await.expect("a list");
    assert_eq!(all.iter().map(|item| item.subject.as_str()).collect::<Vec<_>>(), pieces.repeat(3));
    for item in &all[..pieces.len()] {
        assert!(item.preview.starts_with("Your verification code is 482913."), "{}", item.preview);
        let message = ravi.inbox("one").get(&item.id).await.expect("the mail");
        assert!(message.text.starts_with("Your verification code is 482913."), "{:.100}", message.text);
        assert!(message.text.len() <= 700 << 10, "{} bytes of {}", message.text.len(), item.subject);
    }
    let request = WaitRequest { since: Some(fence), ..WaitRequest::default() };
    let found = ravi.inbox("one").wait_code(&request, Want::Code).await.expect("a code");
    assert_eq!(found.code.expect("a code").value, "482913");
    let filter = MessageFilter { text: Some("no such words".into()), ..MessageFilter::default() };
    assert!(ravi.inbox("one").list(&filter).await.expect("a list").is_empty());
}

/// A `select!` drops what is not ready; the message must be there the next time.
#[tokio::test]
async fn a_watch_that_is_dropped_while_it_lays_out_a_message_loses_none() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    let mut watch = ravi.inbox("one").watch(None).await.expect("a watch");
    for number in 0..3 {
        let html = format!("<p>Number {number}</p>{}", "<p>word</p>".repeat(20_000));
        let letter = json!({ "to": address, "from": "a@service.test", "subject": "x", "html": html });
        bed.local(Method::POST, "email", Some(letter)).await;
    }
    let mut came = Vec::new();
    let all = async {
        while came.len() < 3 {
            match watch.next().now_or_never() {
                Some(message) => {
                    came.push(message.expect("a message").text.lines().next().unwrap_or_default().to_owned())
                }
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), all).await.expect("all three come");
    assert_eq!(came, ["Number 0", "Number 1", "Number 2"]);
}

#[tokio::test]
async fn a_workspace_sees_no_messages_of_another_nor_of_a_former_one() {
    let bed = Bed::new().await;
    let ravi = Ravi::open(Config { pool_reuse: Some(PoolReuse::All), ..bed.config() }).expect("the ledger opens");
    let (address, phone) = workspace(&bed, &ravi, "first", true).await;
    let (other, _) = workspace(&bed, &ravi, "other", false).await;
    mail(&bed, &address, "Old secret", "It was 111111").await;
    let number = phone.expect("a number");
    bed.local(Method::POST, "sms", Some(json!({ "to": number, "from": "+15550100009", "body": "Old text" }))).await;
    mail(&bed, &other, "For the other", "Hello").await;
    let old = ravi.inbox("first").list(&MessageFilter::default()).await.expect("a list");
    let old_thread = ravi.inbox("first").threads().await.expect("threads")[0].id.clone();
    let old_conversation = ravi.inbox("first").conversations().await.expect("conversations")[0].id.clone();
    assert_eq!(old.len(), 2);
    let others = ravi.inbox("other").list(&MessageFilter::default()).await.expect("a list");
    assert_eq!(others.len(), 1);
    assert_eq!(ravi.inbox("first").get(&others[0].id).await.expect_err("not its").code(), "inbox.no_message");

    Box::pin(ravi.workspaces().release("first", false, |_| {})).await.expect("it is released");
    mail(&bed, &address, "While it was free", "It was 222222").await;
    let (again, _) = workspace(&bed, &ravi, "second", false).await;
    assert_eq!(again, address, "the identity is used again");
    let seen = ravi.inbox("second").list(&MessageFilter::default()).await.expect("a list");
    assert!(seen.is_empty(), "{seen:?}");
    assert!(ravi.inbox("second").threads().await.expect("threads").is_empty());
    assert!(ravi.inbox("second").conversations().await.expect("conversations").is_empty());
    for item in &old {
        assert_eq!(ravi.inbox("second").get(&item.id).await.expect_err("hidden").code(), "inbox.no_message");
        assert_eq!(ravi.inbox("second").mark_read(&item.id).await.expect_err("hidden").code(), "inbox.no_message");
        let answer = ravi.inbox("second").reply(&item.id, "x".into(), false).await;
        assert_eq!(answer.expect_err("hidden").code(), "inbox.no_message");
    }
    assert_eq!(ravi.inbox("second").thread(&old_thread).await.expect_err("hidden").code(), "inbox.no_thread");
    let hidden = ravi.inbox("second").conversation(&old_conversation).await;
    assert_eq!(hidden.expect_err("hidden").code(), "inbox.no_thread");
    let from_the_start = WaitRequest { since: Some(0), timeout_seconds: Some(1), ..WaitRequest::default() };
    let nothing = ravi.inbox("second").wait(&from_the_start).await.expect_err("nothing of its own");
    assert_eq!(nothing.code(), "inbox.timeout");

    mail(&bed, &address, "New", "It is 333333").await;
    let seen = ravi.inbox("second").list(&MessageFilter::default()).await.expect("a list");
    assert_eq!(seen.iter().map(|item| item.subject.as_str()).collect::<Vec<_>>(), ["New"]);
    let got = ravi.inbox("second").wait(&from_the_start).await.expect("its own");
    assert_eq!(got.item.subject, "New");
    ravi.inbox("second").get(&seen[0].id).await.expect("its own");
}

#[tokio::test]
async fn a_released_workspace_has_no_messages() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    workspace(&bed, &ravi, "one", false).await;
    ravi.workspaces().release("one", false, |_| {}).await.expect("it is released");
    let gone = ravi.inbox("one").list(&MessageFilter::default()).await.expect_err("it is gone");
    assert_eq!(gone.code(), "workspace.unbound");
}

#[tokio::test]
async fn a_mail_is_sent_from_the_workspaces_address() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (from, _) = workspace(&bed, &ravi, "one", false).await;
    let (to, _) = workspace(&bed, &ravi, "two", false).await;
    let mail = OutgoingMail { to, subject: "Hello".into(), text: "From one to two".into(), ..OutgoingMail::default() };
    let sent = ravi.inbox("one").send_mail(mail).await.expect("it is sent");
    assert_eq!(sent.from, from);
    let came = ravi.inbox("two").list(&MessageFilter::default()).await.expect("a list");
    assert_eq!((came[0].from.as_str(), came[0].subject.as_str()), (from.as_str(), "Hello"));
    assert_eq!(ravi.inbox("one").send_sms("+15550100009", "x").await.expect_err("no number").code(), "inbox.no_phone");
}
