//! Where Ravi refuses to tell events, messages are listed instead: a wait answers what came after its fence, once, and
//! nothing else.

use std::time::Duration;

use ravi_workspace_core::inbox::{WaitRequest, Want};
use reqwest::Method;
use serde_json::{Value, json};

use crate::common::Bed;
use crate::inbox_messages::{mail, workspace};

/// Fences from here on are places among messages.
const POLLED: i64 = 1 << 52;

fn after(cursor: i64) -> WaitRequest {
    WaitRequest { since: Some(cursor), timeout_seconds: Some(60), ..WaitRequest::default() }
}

async fn refuse_events(bed: &Bed, how: Value) {
    let mut fault = how;
    fault["path"] = json!("/api/events/");
    fault["times"] = fault.get("times").cloned().unwrap_or(json!(1_000_000));
    bed.fault(fault).await;
}

async fn tell_events(bed: &Bed) {
    bed.local(Method::DELETE, "faults", None).await;
}

async fn code_mail(bed: &Bed, to: &str, code: &str) {
    mail(bed, to, "Your verification code", &format!("Your verification code is {code}.")).await;
}

#[tokio::test]
async fn a_code_is_got_by_listing_where_events_are_refused() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let ways = [
        json!({ "status": 403, "body": { "detail": "Not for this key." } }),
        json!({ "status": 404, "body": { "detail": "Not found." } }),
        json!({ "status": 404, "body": "<!doctype html><h1>Not Found</h1>" }),
    ];
    for (number, way) in ways.into_iter().enumerate() {
        let id = format!("w{number}");
        let (address, phone) = workspace(&bed, &ravi, &id, true).await;
        refuse_events(&bed, way.clone()).await;
        code_mail(&bed, &address, "111111").await;
        let fence = ravi.inbox(&id).fence().await.expect("a fence").cursor;
        assert!(fence > POLLED, "{way}");
        // Between the fence and the wait.
        code_mail(&bed, &address, "482913").await;
        let found = ravi.inbox(&id).wait_code(&after(fence), Want::Code).await.expect("it came");
        assert_eq!(found.code.expect("a code").value, "482913", "{way}");
        let again = WaitRequest { timeout_seconds: Some(1), ..after(fence) };
        let again = ravi.inbox(&id).wait_code(&again, Want::Code).await.expect_err("it was given");
        assert_eq!(again.code(), "inbox.timeout", "{way}");
        // During the wait, which has no fence of its own.
        bed.reset_calls().await;
        let request = WaitRequest { timeout_seconds: Some(60), ..WaitRequest::default() };
        let (found, ()) = tokio::join!(ravi.inbox(&id).wait_code(&request, Want::Code), async {
            while bed.calls("GET /api/messages/").await < 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let text = json!({ "to": phone, "from": "+15550100009", "body": "Your verification code is 739204." });
            bed.local(Method::POST, "sms", Some(text)).await;
        });
        assert_eq!(found.expect("it came").code.expect("a code").value, "739204", "{way}");
        assert_eq!(bed.calls("GET /api/events/").await, 1, "asked once whether they are told: {way}");
        tell_events(&bed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fence_among_messages_holds_for_other_processes() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    refuse_events(&bed, json!({ "status": 403, "body": { "detail": "No." } })).await;
    code_mail(&bed, &address, "111111").await;
    let fence = bed.run(&["inbox", "fence", "one"]).ok().stdout;
    code_mail(&bed, &address, "482913").await;
    let wait = bed.run(&["inbox", "wait", "one", "--code", "--since", fence.trim(), "--timeout", "60"]).ok();
    assert_eq!(wait.stdout.trim(), "482913");
    // A number that this ledger never gave out.
    let other = (POLLED + 1000).to_string();
    let wait = bed.run(&["inbox", "wait", "one", "--code", "--since", &other, "--json"]);
    assert_eq!((wait.code, wait.error_code().as_str()), (1, "inbox.fence"));
}

/// A number of an event taken for one of a message, or the reverse, would answer an old code or miss the new one.
#[tokio::test]
async fn a_fence_among_events_is_never_taken_for_one_among_messages() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    let start = ravi.inbox("one").fence().await.expect("a fence").cursor;
    assert_eq!(start, 0, "there was nothing yet");
    code_mail(&bed, &address, "111111").await;
    let events = ravi.inbox("one").fence().await.expect("a fence").cursor;
    assert!((1..POLLED).contains(&events));
    code_mail(&bed, &address, "222222").await;

    refuse_events(&bed, json!({ "status": 403, "body": { "detail": "No." } })).await;
    let refused = ravi.inbox("one").wait_code(&after(events), Want::Code).await.expect_err("nobody can tell");
    assert_eq!(refused.code(), "inbox.fence");
    // Before everything is the same place in both.
    let found = ravi.inbox("one").wait_code(&after(start), Want::Code).await.expect("it came");
    assert_eq!(found.code.expect("a code").value, "111111");

    let messages = ravi.inbox("one").fence().await.expect("a fence").cursor;
    tell_events(&bed).await;
    code_mail(&bed, &address, "333333").await;
    let found = ravi.inbox("one").wait_code(&after(messages), Want::Code).await.expect("it came");
    assert_eq!(found.code.expect("a code").value, "333333");
}

#[tokio::test]
async fn a_wait_by_listing_outlasts_an_outage_and_ends_with_the_key() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    refuse_events(&bed, json!({ "status": 404, "body": "<h1>Not Found</h1>" })).await;
    let mut watch = ravi.inbox("one").watch(None).await.expect("a watch");
    mail(&bed, &address, "First", "x").await;
    assert_eq!(watch.next().await.expect("it came").item.subject, "First");
    for fault in [
        json!({ "status": 503 }),
        json!({ "status": 403, "body": "<h1>Sign in to the hotel</h1>" }),
        json!({ "status": 404, "body": "default backend - 404" }),
    ] {
        let mut fault = fault;
        fault["path"] = json!("/api/email-messages/");
        fault["times"] = json!(3);
        bed.fault(fault).await;
    }
    mail(&bed, &address, "After the outage", "x").await;
    let next = tokio::time::timeout(Duration::from_secs(60), watch.next()).await.expect("it comes");
    assert_eq!(next.expect("it came").item.subject, "After the outage");

    ravi.workspaces().release("one", false, |_| {}).await.expect("it is released");
    let ended = tokio::time::timeout(Duration::from_secs(60), watch.next()).await.expect("it ends");
    assert_eq!(ended.expect_err("the key is revoked").kind(), ravi_workspace_core::error::Kind::Account);
}

#[tokio::test]
async fn a_page_in_place_of_events_is_an_outage_once_they_were_told() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    bed.local(Method::POST, "events", Some(json!({ "no_socket": true }))).await;
    mail(&bed, &address, "Before", "x").await;
    let mut watch = ravi.inbox("one").watch(None).await.expect("a watch");
    mail(&bed, &address, "First", "x").await;
    assert_eq!(watch.next().await.expect("it came").item.subject, "First");
    refuse_events(&bed, json!({ "status": 404, "body": "default backend - 404", "times": 2 })).await;
    mail(&bed, &address, "Second", "x").await;
    let next = tokio::time::timeout(Duration::from_secs(60), watch.next()).await.expect("it comes");
    assert_eq!(next.expect("it came").item.subject, "Second");
}

/// Where the messages are refused as well, that is what is told.
#[tokio::test]
async fn a_wrong_address_is_told_and_not_waited_at() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    workspace(&bed, &ravi, "one", false).await;
    bed.fault(json!({ "path": "/api/*", "status": 404, "body": "<h1>Not Found</h1>", "times": 1000 })).await;
    for request in [after(0), after(7), WaitRequest { since: None, ..after(0) }] {
        let error = ravi.inbox("one").wait(&request).await.expect_err("no Ravi there");
        assert_eq!(error.code(), "api.not_ravi", "{request:?}");
    }
}
