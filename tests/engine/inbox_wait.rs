//! A wait answers what came after its fence, once, and nothing else.

use std::time::Duration;

use ravi_workspace_core::inbox::{MessageFilter, WaitRequest, Want};
use serde_json::json;

use crate::common::Bed;
use crate::inbox_messages::{mail, workspace};

fn after(cursor: i64) -> WaitRequest {
    WaitRequest { since: Some(cursor), timeout_seconds: Some(60), ..WaitRequest::default() }
}

/// Until a wait has begun.
async fn until_asked(bed: &Bed) {
    while bed.calls("GET /api/events/").await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_lies_before_the_fence_is_not_answered_and_what_comes_after_is() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    mail(&bed, &address, "Old", "old").await;
    let fence = ravi.inbox("one").fence().await.expect("a fence").cursor;
    // Between the fence and the wait.
    mail(&bed, &address, "New", "new").await;
    assert_eq!(ravi.inbox("one").wait(&after(fence)).await.expect("it came").item.subject, "New");
    // Without a fence of its own, a wait is for what comes from now on.
    let now = WaitRequest { timeout_seconds: Some(1), ..WaitRequest::default() };
    assert_eq!(ravi.inbox("one").wait(&now).await.expect_err("nothing new").code(), "inbox.timeout");
    let later = ravi.inbox("one").fence().await.expect("a fence").cursor;
    assert!(later > fence);
    let request = after(later);
    bed.reset_calls().await;
    let (waited, _) = tokio::join!(ravi.inbox("one").wait(&request), async {
        until_asked(&bed).await;
        mail(&bed, &address, "Newer", "newer").await
    });
    assert_eq!(waited.expect("it came").item.subject, "Newer");
}

#[tokio::test]
async fn only_what_matches_is_answered() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    let fence = ravi.inbox("one").fence().await.expect("a fence").cursor;
    mail(&bed, &address, "Newsletter", "buy").await;
    mail(&bed, &address, "Welcome", "Confirm here").await;
    let by = |filter: serde_json::Value| {
        let filter: MessageFilter = serde_json::from_value(filter).expect("a filter");
        WaitRequest { filter, timeout_seconds: Some(2), ..after(fence) }
    };
    for filter in [
        json!({ "subject": "welcome" }),
        json!({ "text": "confirm" }),
        json!({ "text": "here", "from": "example.com" }),
    ] {
        let found = ravi.inbox("one").wait(&by(filter.clone())).await.expect("it came");
        assert_eq!(found.item.subject, "Welcome", "{filter}");
    }
    for filter in [json!({ "kind": "sms" }), json!({ "from": "other@example.com" }), json!({ "subject": "nothing" })] {
        let request = WaitRequest { timeout_seconds: Some(1), ..by(filter.clone()) };
        assert_eq!(ravi.inbox("one").wait(&request).await.expect_err("none").code(), "inbox.timeout", "{filter}");
    }
}

/// Whoever asks for one of them is told the other, too; handing out the code does not use the link up.
#[tokio::test]
async fn a_code_and_a_link_in_one_mail_are_both_answered() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    let fence = ravi.inbox("one").fence().await.expect("a fence").cursor;
    let link = "https://service.example/verify?token=m4deUpT0ken7";
    let text = format!("Your verification code is 482913.\n\nOr sign in with this link: {link}\n");
    mail(&bed, &address, "Your verification code", &text).await;
    for want in [Want::Code, Want::Link] {
        let found = ravi.inbox("one").wait_code(&after(fence), want).await.expect("it came");
        assert!(found.confident);
        assert_eq!(found.code.expect("a code").value, "482913", "{want:?}");
        assert_eq!(found.link.expect("a link").url, link, "{want:?}");
    }
}

#[tokio::test]
async fn many_waits_share_one_stream() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    let fence = ravi.inbox("one").fence().await.expect("a fence").cursor;
    mail(&bed, &address, "For all", "x").await;
    bed.reset_calls().await;
    let request = after(fence);
    let waits: Vec<_> = (0..20).map(|_| ravi.inbox("one").wait(&request)).collect();
    for wait in futures_util::future::join_all(waits).await {
        assert_eq!(wait.expect("it came").item.subject, "For all");
    }
    // On a busy machine the last of them may begin when the first is done, and then looks for itself.
    assert!(bed.calls("GET /api/email-messages/{id}/").await <= 3, "{:?}", bed.call_log().await);
    assert!(bed.calls("GET /api/events/").await <= 10, "{:?}", bed.call_log().await);
}

#[tokio::test]
async fn a_wait_outlasts_an_outage_and_ends_with_the_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || ravi_local::Options { data_dir: Some(folder.path().to_owned()), ..Default::default() };
    let bed = Bed::with(options()).await;
    let ravi = bed.ravi();
    let (address, _) = workspace(&bed, &ravi, "one", false).await;
    let fence = ravi.inbox("one").fence().await.expect("a fence").cursor;
    let request = after(fence);
    bed.reset_calls().await;
    let (waited, ()) = tokio::join!(ravi.inbox("one").wait(&request), async {
        until_asked(&bed).await;
        bed.stop_ravi().await;
        bed.start_ravi(options()).await;
        mail(&bed, &address, "After the outage", "x").await;
    });
    assert_eq!(waited.expect("it came").item.subject, "After the outage");

    let mut watch = ravi.inbox("one").watch(None).await.expect("a watch");
    ravi.workspaces().release("one", false, |_| {}).await.expect("it is released");
    let ended = tokio::time::timeout(Duration::from_secs(60), watch.next()).await.expect("it ends");
    assert!(ended.expect_err("the key is revoked").kind() == ravi_workspace_core::error::Kind::Account);
}
