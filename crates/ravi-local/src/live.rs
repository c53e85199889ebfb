//! `/ws/events/`: events as they happen, over a WebSocket; and the mischief that `POST /_local/events` orders, which
//! reveals a client that relies on order, on completeness or on the socket.
//!
//! It is not documented how Ravi's own socket takes a key; this one takes it as every other call does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::App;
use super::caller::{Caller, Scope};
use super::control::Order;
use super::events;
use super::problem::Problem;

/// How the order of events is disturbed. Kept until the server stops.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Mischief {
    /// Report every event twice.
    twice: bool,
    /// Return events in reverse order.
    reverse: bool,
    /// From now on, every third event appears only this many milliseconds after it was first looked for, although later
    /// ones are there.
    late_ms: u64,
    /// The socket breaks after this many events, and swallows the next; 0 for never.
    break_after: u64,
    /// There is no socket.
    no_socket: bool,
}

/// The present orders, and what they have led to.
#[derive(Debug, Default)]
pub(super) struct Live {
    mischief: Mutex<Mischief>,
    /// Events after this one may be late.
    late_after: AtomicI64,
    /// When each of them was first looked for.
    looked_for: Mutex<HashMap<i64, Instant>>,
    sockets: AtomicU64,
    broken: AtomicU64,
}

impl Live {
    fn ordered(&self) -> Mischief {
        self.mischief.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does to a page of events what was ordered.
    pub(super) fn disturb(&self, mut page: Vec<Value>) -> Vec<Value> {
        let Mischief { twice, reverse, late_ms, .. } = self.ordered();
        if late_ms > 0 {
            let late_after = self.late_after.load(Ordering::Relaxed);
            let mut looked_for = self.looked_for.lock().unwrap_or_else(PoisonError::into_inner);
            page.retain(|event| {
                let seq = event["seq"].as_i64().unwrap_or_default();
                let late = seq > late_after && seq % 3 == 0;
                !late || looked_for.entry(seq).or_insert_with(Instant::now).elapsed() >= Duration::from_millis(late_ms)
            });
        }
        if reverse {
            page.reverse();
        }
        if twice {
            page = page.iter().chain(&page).cloned().collect();
        }
        page
    }
}

/// The answer to a caller of the control.
#[derive(Serialize)]
pub(super) struct Report {
    mischief: Mischief,
    /// Sockets opened so far.
    sockets: u64,
    /// How many of them were broken on purpose.
    broken: u64,
}

fn report(live: &Live) -> Json<Report> {
    let (sockets, broken) = (live.sockets.load(Ordering::Relaxed), live.broken.load(Ordering::Relaxed));
    Json(Report { mischief: live.ordered(), sockets, broken })
}

/// `GET /_local/events`
pub(super) async fn show(State(app): State<Arc<App>>) -> Json<Report> {
    report(&app.live)
}

/// `POST /_local/events`
pub(super) async fn order(
    State(app): State<Arc<App>>,
    Order(mischief): Order<Mischief>,
) -> Result<Json<Report>, Problem> {
    app.live.late_after.store(app.store.read(|db| Ok(events::last(db)?))?, Ordering::Relaxed);
    *app.live.mischief.lock().unwrap_or_else(PoisonError::into_inner) = mischief;
    Ok(report(&app.live))
}

/// `GET /ws/events/`
pub(super) async fn socket(
    State(app): State<Arc<App>>,
    caller: Caller,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    events::require(&app)?;
    let upgrade = upgrade.map_err(|_| Problem::NoSuchPath)?;
    if app.live.ordered().no_socket {
        return Err(Problem::NoSuchPath);
    }
    let scope = app.store.read(|db| caller.scope(db))?;
    let since = app.store.read(|db| Ok(events::last(db)?))?;
    Ok(upgrade.on_upgrade(move |socket| tell(app, scope, since, socket)))
}

/// Sends each event after `since`, until either side leaves.
async fn tell(app: Arc<App>, scope: Scope, mut since: i64, mut socket: WebSocket) {
    app.live.sockets.fetch_add(1, Ordering::Relaxed);
    let mut happened = app.happened.subscribe();
    let mut stopping = app.stopping.clone();
    let mut told = 0;
    loop {
        let Ok(page) = app.store.read(|db| Ok(events::after(db, scope, since, None, 1000)?)) else { return };
        since = page.last().and_then(|event| event["seq"].as_i64()).unwrap_or(since);
        for event in app.live.disturb(page) {
            let limit = app.live.ordered().break_after;
            if limit > 0 && told >= limit {
                app.live.broken.fetch_add(1, Ordering::Relaxed);
                return;
            }
            if socket.send(Message::Text(event.to_string().into())).await.is_err() {
                return;
            }
            told += 1;
        }
        tokio::select! {
            changed = happened.changed() => if changed.is_err() { return },
            heard = socket.recv() => if !matches!(heard, Some(Ok(_))) { return },
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}
