use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::SeqCst};

use super::*;
use crate::api::AnyKey;

const LIMITS: Limits =
    Limits { fresh: Duration::from_secs(300), absent: Duration::from_secs(60), stale: Duration::from_secs(3600) };
const START: i64 = 1_700_000_000_000;

struct Desk {
    dir: tempfile::TempDir,
    ledger: Ledger,
    key: CacheKey,
}

impl Desk {
    fn new() -> Desk {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), Some(crate::config::Keychain::File)).unwrap();
        let key = CacheKey {
            server: "http://127.0.0.1:1".into(),
            identity: IdentityUuid::from("made-up-uuid"),
            name: SecretName::parse("GH_TOKEN").unwrap(),
        };
        Desk { dir, ledger, key }
    }

    fn cache(&self, clock: Clock) -> Cache<'_> {
        Cache { ledger: &self.ledger, clock, patience: PATIENCE }
    }
}

fn text(cached: Cached) -> Option<String> {
    cached.value.map(|value| value.value().expose_secret().to_owned())
}

fn value(text: &str) -> Result<Option<Opened>> {
    Ok(Opened::kept(SecretString::from(text)))
}

/// A failure of the wanted kind, from a client that asks a port where nobody listens, or whose key is refused.
async fn unreachable() -> Result<Option<Opened>> {
    let client = crate::api::Client::new(crate::api::ClientOptions {
        retry_base: Duration::from_millis(1),
        ..crate::api::ClientOptions::new("http://127.0.0.1:1".parse().unwrap())
    });
    let key = AnyKey::parse(SecretString::from("ravi_id_made_up_key_0001")).unwrap();
    Ok(client?
        .with(&key)
        .secrets(&IdentityUuid::from("x"))
        .find("A")
        .await?
        .and_then(|secret| Opened::kept(secret.value)))
}

async fn refused() -> Result<Option<Opened>> {
    Err(crate::account::AccountError::LoginRefused.into())
}

/// A separate clock for each test.
macro_rules! clock {
    ($now:ident) => {{
        static $now: AtomicI64 = AtomicI64::new(START);
        fn clock() -> i64 {
            $now.load(SeqCst)
        }
        (clock as Clock, &$now)
    }};
}

#[tokio::test]
async fn a_fresh_value_is_served_without_asking_and_an_old_one_is_read_anew() {
    let (clock, now) = clock!(NOW);
    let desk = Desk::new();
    let cache = desk.cache(clock);
    assert_eq!(text(cache.get(&desk.key, LIMITS, async || value("one")).await.unwrap()).as_deref(), Some("one"));
    now.fetch_add(299_999, SeqCst);
    let cached = cache.get(&desk.key, LIMITS, async || panic!("asked")).await.unwrap();
    assert_eq!((cached.age, cached.stale), (Duration::from_millis(299_999), false));
    assert!(cache.peek(&desk.key, LIMITS).unwrap().is_some());
    now.fetch_add(1, SeqCst);
    assert!(cache.peek(&desk.key, LIMITS).unwrap().is_none());
    let cached = cache.get(&desk.key, LIMITS, async || value("two")).await.unwrap();
    assert_eq!((cached.age, text(cached).as_deref()), (Duration::ZERO, Some("two")));
}

#[tokio::test]
async fn an_older_value_bridges_an_outage_for_a_bounded_time() {
    let (clock, now) = clock!(NOW);
    let desk = Desk::new();
    let cache = desk.cache(clock);
    cache.get(&desk.key, LIMITS, async || value("one")).await.unwrap();
    now.fetch_add(3_599_000, SeqCst);
    let cached = cache.get(&desk.key, LIMITS, unreachable).await.unwrap();
    assert_eq!((cached.stale, cached.age), (true, Duration::from_secs(3599)));
    assert_eq!(text(cached).as_deref(), Some("one"));
    // After an unanswered call, nobody asks again immediately.
    let cached = cache.get(&desk.key, LIMITS, async || panic!("asked")).await.unwrap();
    assert!(cached.stale);
    now.fetch_add(2_000, SeqCst);
    let error = cache.get(&desk.key, LIMITS, unreachable).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    // Ravi is back.
    assert_eq!(text(cache.get(&desk.key, LIMITS, async || value("two")).await.unwrap()).as_deref(), Some("two"));
}

#[tokio::test]
async fn ravi_that_is_slow_is_not_waited_for_where_there_is_an_older_value() {
    let (clock, now) = clock!(NOW);
    let desk = Desk::new();
    let cache = Cache { patience: Duration::from_millis(1), ..desk.cache(clock) };
    cache.get(&desk.key, LIMITS, async || value("one")).await.unwrap();
    now.fetch_add(300_000, SeqCst);
    let cached = cache.get(&desk.key, LIMITS, async || std::future::pending().await).await.unwrap();
    assert!(cached.stale);
}

#[tokio::test]
async fn a_refused_key_ends_the_value_at_once() {
    let (clock, now) = clock!(NOW);
    let desk = Desk::new();
    let cache = desk.cache(clock);
    cache.get(&desk.key, LIMITS, async || value("one")).await.unwrap();
    now.fetch_add(300_000, SeqCst);
    let error = cache.get(&desk.key, LIMITS, refused).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Account);
    let error = cache.get(&desk.key, LIMITS, unreachable).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "nothing is left to serve");
}

#[tokio::test]
async fn absence_replaces_a_value_and_is_believed_for_its_own_time() {
    let (clock, now) = clock!(NOW);
    let desk = Desk::new();
    let cache = desk.cache(clock);
    cache.get(&desk.key, LIMITS, async || value("one")).await.unwrap();
    now.fetch_add(300_000, SeqCst);
    assert_eq!(text(cache.get(&desk.key, LIMITS, async || Ok(None)).await.unwrap()), None);
    now.fetch_add(59_999, SeqCst);
    assert_eq!(text(cache.get(&desk.key, LIMITS, async || panic!("asked")).await.unwrap()), None);
    now.fetch_add(1, SeqCst);
    assert_eq!(text(cache.get(&desk.key, LIMITS, async || value("two")).await.unwrap()).as_deref(), Some("two"));
}

#[tokio::test]
async fn a_rejected_value_is_read_anew_and_never_served_again() {
    let (clock, _) = clock!(NOW);
    let desk = Desk::new();
    let cache = desk.cache(clock);
    cache.get(&desk.key, LIMITS, async || value("one")).await.unwrap();
    cache.mark_rejected(&desk.key, &SecretString::from("an older one")).unwrap();
    assert!(cache.peek(&desk.key, LIMITS).unwrap().is_some(), "another value was rejected");
    cache.mark_rejected(&desk.key, &SecretString::from("one")).unwrap();
    assert!(cache.peek(&desk.key, LIMITS).unwrap().is_none());
    assert!(cache.get(&desk.key, LIMITS, unreachable).await.is_err(), "a rejected value bridges no outage");
    assert_eq!(text(cache.get(&desk.key, LIMITS, async || value("two")).await.unwrap()).as_deref(), Some("two"));
    assert!(cache.peek(&desk.key, LIMITS).unwrap().is_some());
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_nothing_fresh_for_ever() {
    let (clock, now) = clock!(NOW);
    let desk = Desk::new();
    let cache = desk.cache(clock);
    cache.get(&desk.key, LIMITS, async || value("one")).await.unwrap();
    now.fetch_sub(1_000, SeqCst);
    assert!(cache.peek(&desk.key, LIMITS).unwrap().is_none());
    assert!(cache.get(&desk.key, LIMITS, unreachable).await.unwrap().stale);
    now.fetch_sub(7_200_000, SeqCst);
    assert!(cache.get(&desk.key, LIMITS, unreachable).await.is_err());
    assert_eq!(text(cache.get(&desk.key, LIMITS, async || value("two")).await.unwrap()).as_deref(), Some("two"));
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let (clock, _) = clock!(NOW);
    let desk = Desk::new();
    // Separate ledgers, as separate processes have.
    let ledgers: Vec<Ledger> =
        (0..8).map(|_| Ledger::open(desk.dir.path(), Some(crate::config::Keychain::File)).unwrap()).collect();
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let ask = async |ledger: &Ledger| {
        let cache = Cache { ledger, clock, patience: PATIENCE };
        let fetch = async || {
            tokio::task::yield_now().await;
            value(&format!("answer {}", ASKED.fetch_add(1, SeqCst)))
        };
        text(cache.get(&desk.key, LIMITS, fetch).await.unwrap())
    };
    let [a, b, c, d, e, f, g, h] = &ledgers[..] else { panic!("eight") };
    let (a, b, c, d, e, f, g, h) = tokio::join!(ask(a), ask(b), ask(c), ask(d), ask(e), ask(f), ask(g), ask(h));
    assert_eq!([a, b, c, d, e, f, g, h].map(|x| x.unwrap()), ["answer 0"; 8].map(str::to_owned));
}

#[tokio::test]
async fn a_value_opens_in_its_own_row_only_and_lies_sealed() {
    let (clock, _) = clock!(NOW);
    let desk = Desk::new();
    let cache = desk.cache(clock);
    cache.put(&desk.key, value("made-up-token-4711").unwrap().as_ref()).await.unwrap();
    assert!(!holds(desk.dir.path(), b"made-up-token"));
    let other = CacheKey { identity: IdentityUuid::from("another-uuid"), ..desk.key.clone() };
    let file = rusqlite::Connection::open(desk.dir.path().join("ledger.db")).unwrap();
    file.execute("UPDATE cache SET identity = ?1", [other.identity.as_str()]).unwrap();
    assert!(cache.peek(&other, LIMITS).unwrap().is_none());
    let read = cache.get(&other, LIMITS, async || value("read anew")).await.unwrap();
    assert_eq!(text(read).as_deref(), Some("read anew"));
    cache.drop_value(&other).await.unwrap();
    assert!(cache.peek(&other, LIMITS).unwrap().is_none());
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_file()).any(|entry| {
        let bytes = std::fs::read(entry.path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}
