//! One stream of incoming messages per identity, shared by everybody who waits for them.
//!
//! What counts is the replay of events, or of listed messages if Ravi refuses events. It is requested repeatedly, at
//! growing intervals, from a floor below which nothing can appear any more. If Ravi offers a socket, the socket says at
//! once when there is something; the replay is then requested when the socket is new, when it breaks, when it skips
//! numbers, and now and then in case it has gone quiet. Whoever waits learns of a message once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::error::InboxError;
use super::mailbox::Mailbox;
use super::replay::Notice;
use super::settle::Settling;
use crate::api::{ApiError, Direction, EventSocket, IdentityUuid, SocketError};
use crate::error::{Error, Result};
use crate::messages::{MessageRef, Raw, is_polled};

/// First pause between replays; each one is half as long again as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause between replays without a socket.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Pause between replays while a socket is open and nothing may be missing.
const SOCKET_PAUSE: Duration = Duration::from_secs(30);
/// First and longest pause before a broken socket is opened again.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(60));
/// How often to ask for a message that an event names but that cannot be fetched.
const MOST_TRIES: u32 = 5;
/// How many messages are kept for those who come later.
const HELD: usize = 256;
/// How many messages a slow listener may lag behind; beyond that, it is told everything again.
const LAG: usize = 1024;

/// A message that came in.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) seq: i64,
    pub(super) message: Raw,
}

/// What listeners are told.
#[derive(Debug, Clone)]
pub(super) enum News {
    Came(Arc<Arrival>),
    /// The feed ended: Ravi refuses the key, or the request.
    Refused,
}

/// The feeds that somebody listens to.
#[derive(Debug, Default)]
pub(crate) struct Feeds {
    /// By identity, and by whether its messages are listed: their numbers differ from those of events.
    open: Mutex<HashMap<(IdentityUuid, bool), Weak<Feed>>>,
}

/// The feed of one identity; it ends when the last listener drops it.
#[derive(Debug)]
pub(super) struct Feed {
    news: broadcast::Sender<News>,
    wish: Arc<Wish>,
    task: JoinHandle<()>,
}

/// A listener's wish to be told again everything after this event.
#[derive(Debug, Default)]
struct Wish {
    since: Mutex<Option<i64>>,
    told: Notify,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Feeds {
    /// Returns the feed of the mailbox's identity, which reports everything after `since` from now on.
    pub(super) fn listen(&self, mailbox: &Mailbox, since: i64) -> (Arc<Feed>, broadcast::Receiver<News>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, feed| feed.strong_count() > 0);
        let of = (mailbox.identity.uuid.clone(), is_polled(since));
        let running = open.get(&of).and_then(Weak::upgrade).filter(|feed| !feed.task.is_finished());
        let feed = running.unwrap_or_else(|| {
            let feed = Feed::start(mailbox.clone(), since);
            open.insert(of, Arc::downgrade(&feed));
            feed
        });
        let news = feed.news.subscribe();
        feed.again(since);
        (feed, news)
    }
}

impl Feed {
    fn start(mailbox: Mailbox, since: i64) -> Arc<Feed> {
        let (news, wish) = (broadcast::Sender::new(LAG), Arc::new(Wish::default()));
        let runner = Runner {
            settling: Settling::new(since),
            held: Held::default(),
            tries: HashMap::new(),
            pause: FIRST_PAUSE,
            answered: false,
            news: news.clone(),
            wish: Arc::clone(&wish),
            mailbox,
        };
        let task = tokio::spawn(runner.run());
        Arc::new(Feed { news, wish, task })
    }

    /// Asks for everything after `since` to be reported again, soon.
    pub(super) fn again(&self, since: i64) {
        let mut wish = self.wish.since.lock().unwrap_or_else(PoisonError::into_inner);
        *wish = Some(wish.map_or(since, |other| other.min(since)));
        self.wish.told.notify_one();
    }
}

/// The newest messages, so that none is fetched twice.
#[derive(Default)]
struct Held {
    messages: HashMap<MessageRef, Arc<Arrival>>,
    order: VecDeque<MessageRef>,
}

impl Held {
    fn keep(&mut self, message: MessageRef, arrival: &Arc<Arrival>) {
        if self.order.len() >= HELD
            && let Some(oldest) = self.order.pop_front()
        {
            self.messages.remove(&oldest);
        }
        self.order.push_back(message.clone());
        self.messages.insert(message, Arc::clone(arrival));
    }
}

/// The state of the socket.
enum Link {
    /// To be opened at this time, and the pause to make if that fails.
    Closed(Instant, Duration),
    Open(Box<EventSocket>),
    /// Ravi offers none, or it would be of no use.
    None,
}

struct Runner {
    mailbox: Mailbox,
    settling: Settling,
    held: Held,
    tries: HashMap<i64, u32>,
    pause: Duration,
    /// Whether the replay has ever been answered.
    answered: bool,
    news: broadcast::Sender<News>,
    wish: Arc<Wish>,
}

impl Runner {
    async fn run(mut self) {
        let mut link =
            if is_polled(self.settling.floor()) { Link::None } else { Link::Closed(Instant::now(), RECONNECT.0) };
        loop {
            self.take_wish();
            match self.replay().await {
                Err(error) if self.is_final(&error) => {
                    // An error means that nobody listens.
                    let _ = self.news.send(News::Refused);
                    return;
                }
                Err(error) => tracing::debug!(%error, "the replay of events failed"),
                Ok(()) => {}
            }
            link = self.wait(link).await;
        }
    }

    fn take_wish(&mut self) {
        let wish = self.wish.since.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(since) = wish {
            self.settling.rewind(since);
            self.pause = FIRST_PAUSE;
        }
    }

    async fn replay(&mut self) -> Result<()> {
        let mut notices = self.mailbox.source().after(self.settling.floor()).await?;
        self.answered = true;
        notices.sort_by_key(|notice| notice.seq);
        for notice in notices {
            self.take(notice).await;
        }
        self.settling.settle(Instant::now());
        Ok(())
    }

    /// Whether it is pointless to ask again: the key is refused, the identity is gone, or Ravi does not report this. An
    /// answer that is not Ravi's is final only at the beginning; later it means that Ravi is out of sight for a while.
    fn is_final(&self, error: &Error) -> bool {
        match error.downcast_ref() {
            Some(ApiError::NotRavi { .. }) => !self.answered,
            Some(error) => error.not_offered() || matches!(error, ApiError::Unauthorized { .. }),
            None => error.is::<InboxError>(),
        }
    }

    /// Reports the message, unless that has been done already.
    async fn take(&mut self, notice: Notice) {
        let seq = notice.seq;
        if !self.settling.is_new(seq) {
            return;
        }
        match self.arrival(notice).await {
            Ok(Some(arrival)) => {
                self.pause = FIRST_PAUSE;
                let _ = self.news.send(News::Came(arrival));
                self.settling.done(seq, Instant::now());
            }
            Ok(None) => self.settling.done(seq, Instant::now()),
            Err(error) => {
                tracing::debug!(%error, seq, "a message could not be read");
                let tries = self.tries.entry(seq).or_default();
                *tries += 1;
                // It was deleted in the meantime, or cannot be read.
                let given_up = *tries >= MOST_TRIES && !matches!(error, ApiError::Unreachable { .. });
                if given_up { self.settling.done(seq, Instant::now()) } else { self.settling.failed(seq) }
            }
        }
    }

    async fn arrival(&mut self, notice: Notice) -> Result<Option<Arc<Arrival>>, ApiError> {
        let Some((reference, Direction::Incoming)) = notice.message else { return Ok(None) };
        if let Some(held) = self.held.messages.get(&reference) {
            return Ok(Some(Arc::clone(held)));
        }
        let message = match notice.raw {
            Some(raw) => raw,
            None => self.mailbox.fetch(&reference).await?,
        };
        let arrival = Arc::new(Arrival { seq: notice.seq, message });
        self.held.keep(reference, &arrival);
        Ok(Some(arrival))
    }

    /// Returns when the replay should be requested again.
    async fn wait(&mut self, link: Link) -> Link {
        match link {
            Link::Open(socket) => self.wait_at_socket(socket).await,
            Link::Closed(at, pause) if at <= Instant::now() => self.connect(pause).await,
            Link::Closed(at, pause) => {
                // The socket is opened on time, however long the pauses between replays have become.
                let due = at.saturating_duration_since(Instant::now());
                let replay = self.next_pause(LONGEST_PAUSE).min(due);
                self.sleep(replay).await;
                Link::Closed(at, pause)
            }
            Link::None => {
                let pause = self.next_pause(LONGEST_PAUSE);
                self.sleep(pause).await;
                Link::None
            }
        }
    }

    fn next_pause(&mut self, longest: Duration) -> Duration {
        let pause = self.pause.min(longest);
        self.pause = (self.pause + self.pause / 2).min(LONGEST_PAUSE);
        pause
    }

    async fn sleep(&self, pause: Duration) {
        tokio::select! {
            () = sleep(pause) => {}
            () = self.wish.told.notified() => {}
        }
    }

    async fn connect(&mut self, pause: Duration) -> Link {
        match self.mailbox.session.event_socket(&self.mailbox.identity.uuid).await {
            Ok(socket) => Link::Open(Box::new(socket)),
            Err(SocketError::NotOffered) => Link::None,
            Err(error) => {
                tracing::debug!(%error, "the event socket could not be opened");
                Link::Closed(Instant::now() + pause, (pause * 2).min(RECONNECT.1))
            }
        }
    }

    async fn wait_at_socket(&mut self, mut socket: Box<EventSocket>) -> Link {
        loop {
            let pause = if self.settling.unsettled() { self.next_pause(LONGEST_PAUSE) } else { SOCKET_PAUSE };
            let event = tokio::select! {
                event = socket.next() => event,
                () = sleep(pause) => return Link::Open(socket),
                () = self.wish.told.notified() => return Link::Open(socket),
            };
            match event {
                Some(event) => {
                    self.take(Notice::from(&event)).await;
                    self.settling.settle(Instant::now());
                    // Numbers were skipped: they may be others' events, or events that the socket did not bring.
                    if self.settling.unsettled() {
                        return Link::Open(socket);
                    }
                }
                None => return Link::Closed(Instant::now() + RECONNECT.0, RECONNECT.0 * 2),
            }
        }
    }
}
