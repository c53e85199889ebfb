//! Signing in with a device code (RFC 8628).
//!
//! The person may approve at any moment, so only a definite answer ends the wait; a lost connection, a busy server or a
//! server error does not. One handle runs one login at a time: a second one replaces the first, as a person who clicks
//! again expects.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{AccountError, DevicePrompt};
use crate::api::{ApiError, Client, DeviceCode, DeviceLogin, DevicePoll, verification_page};
use crate::error::{Error, Explain as _, Kind, Result};

/// RFC 8628 §3.5: a client that is told to slow down adds five seconds to its interval.
const SLOWER_BY: Duration = Duration::from_secs(5);

/// RFC 8628 §3.5: if there is no answer, the pause doubles. It stops growing here, so that an approval is not noticed
/// too late.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// An approval in the last second may still be on its way.
const GRACE: Duration = Duration::from_secs(2);

/// The logins of one handle: at most one at a time.
#[derive(Debug)]
pub(crate) struct Logins {
    turn: watch::Sender<u64>,
}

impl Default for Logins {
    fn default() -> Self {
        Logins { turn: watch::Sender::new(0) }
    }
}

impl Logins {
    /// Shows a code and waits for its approval. Ends an earlier login that is still waiting.
    pub(crate) async fn run(&self, client: &Client, show: impl FnOnce(&DevicePrompt) + Send) -> Result<DeviceLogin> {
        let mine = self.next_turn();
        let mut turn = self.turn.subscribe();
        tokio::select! {
            // An approval that has already arrived counts, because its keys are not handed out twice.
            biased;
            done = device_login(client, show) => done,
            _ = turn.wait_for(|now| *now != mine) => Err(AccountError::LoginCancelled.into()),
        }
    }

    /// Ends the waiting login; `false` if there is none.
    pub(crate) fn cancel(&self) -> bool {
        let waits = self.turn.receiver_count() > 0;
        self.next_turn();
        waits
    }

    fn next_turn(&self) -> u64 {
        let mut mine = 0;
        self.turn.send_modify(|turn| {
            *turn += 1;
            mine = *turn;
        });
        mine
    }
}

async fn device_login(client: &Client, show: impl FnOnce(&DevicePrompt) + Send) -> Result<DeviceLogin> {
    let code = client.device().start().await?;
    let deadline = Instant::now() + code.expires_in;
    show(&prompt(&code));
    let mut pace = Pace::new(code.interval);
    loop {
        let device = client.device();
        let asked = timeout_at(deadline + GRACE, device.poll(&code.device_code));
        let Ok(answer) = asked.await else { return Err(AccountError::LoginExpired.into()) };
        match pace.judge(answer) {
            Next::Approved(login) => return Ok(*login),
            Next::Ended(error) => return Err(error),
            Next::AskAgainIn(_) if Instant::now() >= deadline => return Err(AccountError::LoginExpired.into()),
            Next::AskAgainIn(pause) => sleep_until((Instant::now() + pause).min(deadline)).await,
        }
    }
}

fn prompt(code: &DeviceCode) -> DevicePrompt {
    let (url, fallback_url) = verification_page(code);
    DevicePrompt { user_code: code.user_code.clone(), url, fallback_url, expires_in_s: code.expires_in.as_secs() }
}

/// How often to ask.
#[derive(Debug)]
struct Pace {
    interval: Duration,
    pause: Duration,
}

#[derive(Debug)]
enum Next {
    Approved(Box<DeviceLogin>),
    AskAgainIn(Duration),
    Ended(Error),
}

impl Pace {
    fn new(interval: Duration) -> Self {
        Pace { interval, pause: interval }
    }

    fn judge(&mut self, answer: Result<DevicePoll, ApiError>) -> Next {
        match answer {
            Ok(DevicePoll::Approved(login)) => Next::Approved(login),
            Ok(DevicePoll::Denied) => Next::Ended(AccountError::LoginRefused.into()),
            Ok(DevicePoll::Expired | DevicePoll::Invalid) => Next::Ended(AccountError::LoginExpired.into()),
            Ok(DevicePoll::Pending) => self.at(self.interval),
            Ok(DevicePoll::SlowDown) => {
                self.interval += SLOWER_BY;
                self.at(self.interval)
            }
            Err(ApiError::Throttled { .. }) => self.at(self.interval),
            Err(e) if e.kind() == Kind::Unreachable => self.at((self.pause * 2).min(LONGEST_PAUSE.max(self.interval))),
            Err(e) => Next::Ended(e.into()),
        }
    }

    fn at(&mut self, pause: Duration) -> Next {
        self.pause = pause;
        Next::AskAgainIn(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(pace: &mut Pace, answer: Result<DevicePoll, ApiError>) -> u64 {
        match pace.judge(answer) {
            Next::AskAgainIn(pause) => pause.as_secs(),
            other => panic!("{other:?}"),
        }
    }

    async fn unreachable() -> ApiError {
        // Nothing listens on port 1 of loopback.
        let options = crate::api::ClientOptions {
            retry_base: Duration::from_millis(1),
            ..crate::api::ClientOptions::new("http://127.0.0.1:1".parse().unwrap())
        };
        Client::new(options).unwrap().device().start().await.unwrap_err()
    }

    #[test]
    fn told_to_slow_down_it_asks_five_seconds_less_often_from_then_on() {
        let mut pace = Pace::new(Duration::from_secs(5));
        assert_eq!(pause(&mut pace, Ok(DevicePoll::Pending)), 5);
        assert_eq!(pause(&mut pace, Ok(DevicePoll::SlowDown)), 10);
        assert_eq!(pause(&mut pace, Ok(DevicePoll::Pending)), 10);
        assert_eq!(pause(&mut pace, Ok(DevicePoll::SlowDown)), 15);
    }

    #[tokio::test]
    async fn without_an_answer_it_asks_less_and_less_often_until_there_is_one() {
        let mut pace = Pace::new(Duration::from_secs(5));
        let mut pauses = Vec::new();
        for _ in 0..4 {
            pauses.push(pause(&mut pace, Err(unreachable().await)));
        }
        assert_eq!(pauses, [10, 20, 30, 30]);
        assert_eq!(pause(&mut pace, Ok(DevicePoll::Pending)), 5);
    }

    #[test]
    fn a_refusal_and_a_code_that_is_too_old_are_told_apart() {
        let mut pace = Pace::new(Duration::from_secs(5));
        for (answer, code) in [
            (DevicePoll::Denied, "account.login_refused"),
            (DevicePoll::Expired, "account.login_expired"),
            (DevicePoll::Invalid, "account.login_expired"),
        ] {
            match pace.judge(Ok(answer)) {
                Next::Ended(error) => assert_eq!(error.code(), code),
                other => panic!("{other:?}"),
            }
        }
    }
}
