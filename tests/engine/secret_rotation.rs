//! A token that is replaced: the new one lets clients in at once, the former one for a time of grace, none without a restart.

use std::time::{Duration, Instant};

use crate::common::Bed;
use ravi_workspace_core::TokenSet;
use secrecy::{ExposeSecret as _, SecretString};

const KEY: &str = "CODEX_MONITOR_DAEMON_TOKEN";
/// Longer than any test: whatever is seen was looked for.
const NEVER: Duration = Duration::from_secs(3600);

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_is_accepted_at_once_and_the_former_one_for_a_while() {
    let bed = Bed::new().await;
    let (daemon, elsewhere) = (bed.ravi(), bed.ravi());
    elsewhere.secrets().set(KEY, secret("made-up-token-1")).await.expect("stored");
    let grace = Duration::from_secs(4);
    let tokens = TokenSet::follow(&daemon, KEY, NEVER, grace).await.expect("read");
    assert!(tokens.has_one() && tokens.accepts("made-up-token-1").await);
    for wrong in ["", " ", "made-up-token-", "made-up-token-11", "made-up-token-2", "ravi://CODEX_MONITOR_DAEMON_TOKEN"]
    {
        assert!(!tokens.accepts(wrong).await, "{wrong:?}");
    }
    // Replaced by another process; nobody looked since.
    elsewhere.secrets().set(KEY, secret("made-up-token-2")).await.expect("stored");
    let began = Instant::now();
    assert!(tokens.accepts("made-up-token-2").await, "the new one is accepted at once");
    let changed = Instant::now();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(tokens.accepts("made-up-token-1").await, "the former one has its grace");
    while changed.elapsed() < grace + Duration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!tokens.accepts("made-up-token-1").await, "and no more");
    assert!(tokens.accepts("made-up-token-2").await);
    // What is deleted lets nobody in, whatever the grace.
    elsewhere.secrets().set(KEY, secret("made-up-token-3")).await.expect("stored");
    assert!(tokens.accepts("made-up-token-3").await);
    elsewhere.secrets().delete(KEY).await.expect("deleted");
    assert!(!tokens.accepts("made-up-token-4").await);
    assert!(!tokens.accepts("made-up-token-3").await && !tokens.accepts("made-up-token-2").await && !tokens.has_one());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_stays_is_what_it_is() {
    let tokens = TokenSet::fixed("made-up-token-1");
    assert!(tokens.accepts("made-up-token-1").await && !tokens.accepts("made-up-token-2").await);
    let none = TokenSet::fixed("");
    assert!(!none.has_one() && !none.accepts("").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_takes_no_token_away() {
    let bed = Bed::new().await;
    let ravi = bed.ravi();
    ravi.secrets().set(KEY, secret("made-up-token-1")).await.expect("stored");
    let tokens = TokenSet::follow(&ravi, KEY, NEVER, Duration::ZERO).await.expect("read");
    bed.stop_ravi().await;
    assert!(!tokens.accepts("made-up-token-2").await);
    assert!(tokens.accepts("made-up-token-1").await, "what was read before counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_watched_tells_what_this_process_and_others_change() {
    let bed = Bed::new().await;
    let (ravi, elsewhere) = (bed.ravi(), bed.ravi());
    ravi.secrets().set(KEY, secret("made-up-token-1")).await.expect("stored");
    let mut watch = ravi.secrets().watch(KEY, Duration::from_millis(300)).await.expect("read");
    let now = |value: Option<SecretString>| value.map(|value| value.expose_secret().to_owned());
    assert_eq!(now(watch.value()).as_deref(), Some("made-up-token-1"));
    ravi.secrets().set(KEY, secret("made-up-token-2")).await.expect("stored");
    assert_eq!(now(watch.changed().await).as_deref(), Some("made-up-token-2"));
    elsewhere.secrets().set(KEY, secret("made-up-token-3")).await.expect("stored");
    assert_eq!(now(watch.changed().await).as_deref(), Some("made-up-token-3"), "polled");
    assert!(!format!("{watch:?}").contains("made-up-token"));
}
