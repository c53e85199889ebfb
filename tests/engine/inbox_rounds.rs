//! Many workspaces ask for codes at once, while old codes lie about and events come twice, out of order, late, and over
//! sockets that break: every code is the right one, none is stale, none is missed.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ravi_workspace_core::Ravi;
use ravi_workspace_core::api::{AnyKey, Client, ClientOptions};
use ravi_workspace_core::inbox::{MessageFilter, MessageWatch, WaitRequest, Want};
use reqwest::Method;
use serde_json::json;

use crate::common::Bed;
use crate::inbox_messages::workspace;

/// Codes that an old mail has are below, those that are asked for are above.
const FIRST_NEW: usize = 500_000;
/// Old codes of each workspace.
const OLD: usize = 3;

fn from_environment(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn code_mail(bed: &Bed, to: &str, code: usize) {
    let letter = json!({ "to": to, "from": "Example <noreply@example.com>", "subject": "Your verification code",
        "text": format!("Your verification code is {code:06}. It expires in 10 minutes.") });
    bed.local(Method::POST, "email", Some(letter)).await;
}

/// What rounds ended in.
#[derive(Debug, Default)]
struct Tally {
    right: usize,
    /// A code that was asked for in an earlier round, or lay about.
    stale: usize,
    wrong: usize,
    /// The time was up, or it was not sure.
    missed: usize,
}

impl Tally {
    fn count(&mut self, wanted: usize, got: Option<&str>) {
        match got {
            None => self.missed += 1,
            Some(got) if got == format!("{wanted:06}") => self.right += 1,
            Some(got) if got.parse::<usize>().is_ok_and(|got| got < wanted) => self.stale += 1,
            Some(_) => self.wrong += 1,
        }
    }

    fn add(&mut self, other: &Tally) {
        self.right += other.right;
        self.stale += other.stale;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }
}

/// One service that a workspace signs up at: the code it asked for, and mails that are not meant.
async fn round(bed: &Bed, ravi: &Ravi, id: &str, address: &str, round: usize, next: &AtomicUsize, tally: &mut Tally) {
    let fence = ravi.inbox(id).fence().await.expect("a fence").cursor;
    let code = FIRST_NEW + next.fetch_add(1, Ordering::Relaxed);
    let request = WaitRequest {
        filter: MessageFilter { from: Some("example.com".into()), ..MessageFilter::default() },
        since: Some(fence),
        timeout_seconds: Some(120),
        again: false,
    };
    let asked = async {
        let news =
            json!({ "to": address, "from": "news@example.org", "subject": "News", "text": "Code 111222 saves 10 %." });
        bed.local(Method::POST, "email", Some(news)).await;
        code_mail(bed, address, code).await;
    };
    let found = match round % 2 {
        // The mail is there before the wait begins.
        0 => {
            asked.await;
            ravi.inbox(id).wait_code(&request, Want::Code).await
        }
        _ => tokio::join!(ravi.inbox(id).wait_code(&request, Want::Code), asked).0,
    };
    match found {
        Ok(found) => tally.count(code, found.code.as_ref().map(|code| code.value.as_str())),
        Err(error) if error.code() == "inbox.timeout" => tally.count(code, None),
        Err(error) => panic!("{id}, round {round}: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_round_gets_its_own_code() {
    let (rounds, workspaces) = (from_environment("RAVI_TEST_ROUNDS", 24), from_environment("RAVI_TEST_WORKSPACES", 4));
    let bed = Arc::new(Bed::new().await);
    let ravi = bed.ravi();
    let next = Arc::new(AtomicUsize::new(0));
    let mut addresses = Vec::new();
    for number in 0..workspaces {
        let id = format!("pane-{number}");
        let (address, _) = workspace(&bed, &ravi, &id, false).await;
        for old in 0..OLD {
            code_mail(&bed, &address, 100_000 + number * 10 + old).await;
        }
        addresses.push((id, address));
    }
    let mischief = json!({ "twice": true, "reverse": true, "late_ms": 150, "break_after": 1 });
    bed.local(Method::POST, "events", Some(mischief)).await;
    bed.reset_calls().await;

    let started = Instant::now();
    let per_workspace = rounds.div_ceil(workspaces);
    let tasks = addresses.into_iter().enumerate().map(|(workspace, (id, address))| {
        let (bed, ravi, next) = (Arc::clone(&bed), ravi.clone(), Arc::clone(&next));
        tokio::spawn(async move {
            let mut tally = Tally::default();
            let identity = identity(&ravi, &id).await;
            // With a watch the stream lives on between rounds, and its socket with it; without, each round opens one.
            let watch = (workspace % 2 == 0).then(|| ravi.inbox(&id).watch(None));
            let mut watch = match watch {
                Some(watch) => Some(watch.await.expect("a watch")),
                None => None,
            };
            for number in 0..per_workspace {
                round(&bed, &ravi, &id, &address, number, &next, &mut tally).await;
                settle(&bed, &identity, OLD + 2 * (number + 1)).await;
            }
            if let Some(watch) = &mut watch {
                watch_saw_each_once(watch, 2 * per_workspace).await;
            }
            tally
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut tally = Tally::default();
    for task in tasks {
        tally.add(&task.await.expect("no round failed"));
    }
    let events = bed.local(Method::GET, "events", None).await;
    let done = per_workspace * workspaces;
    println!(
        "{done} rounds over {workspaces} workspaces in {:.1} s: {tally:?}; {} sockets, {} of them broken; {} replays",
        started.elapsed().as_secs_f32(),
        events["sockets"],
        events["broken"],
        bed.calls("GET /api/events/").await,
    );
    assert_eq!(tally.right, done, "{tally:?}");
    assert!(events["broken"].as_u64().is_some_and(|broken| broken > 0), "sockets were broken: {events}");
}

/// The watch tells of so many messages, and of each once.
async fn watch_saw_each_once(watch: &mut MessageWatch, count: usize) {
    let mut told = HashSet::new();
    while told.len() < count {
        let next = tokio::time::timeout(Duration::from_secs(60), watch.next()).await.expect("none is missed");
        let message = next.expect("the key is good").item.id;
        assert!(told.insert(message.clone()), "{message} is told twice");
    }
}

/// Until `count` events of the workspace can be seen: a mail that cannot be seen yet when a fence is taken counts as new.
async fn settle(bed: &Bed, identity: &str, count: usize) {
    let client = Client::new(ClientOptions::new(bed.base_url.parse().expect("an address"))).expect("a client");
    let session = client.with(&AnyKey::parse(bed.key.clone()).expect("a key"));
    let uuid = identity.into();
    loop {
        let events = session.events(Some(&uuid)).after(0, 1000, &[]).await.expect("events");
        if events.iter().map(|event| event.seq).collect::<HashSet<_>>().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn identity(ravi: &Ravi, id: &str) -> String {
    let all = ravi.workspaces().list().await.expect("a list");
    let identity = all.into_iter().find(|one| one.id == id).and_then(|one| one.identity).expect("an identity");
    identity.uuid.as_str().to_owned()
}
