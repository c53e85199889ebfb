//! The account's list of identities, fetched once for everybody who sets workspaces up at about the same time.
//!
//! A provision needs the list to choose a free address, and to know afterwards which identity was not there before.
//! Both work with a list that is a few seconds old: Ravi refuses an address that has been taken in the meantime, and a
//! create request that is rejected and repeated relies on a list of that age anyway. What this ledger has made since is
//! known without it.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};

use crate::api::{ApiError, Identity, ManagementKey, Session};
use crate::machine::clock::now_ms;

/// The greatest age at which an answer still serves another caller.
const OLDEST_MS: u64 = 5_000;

type Answer = Result<Arc<[Identity]>, ApiError>;

/// The last list that was requested; it may not have arrived yet.
#[derive(Default)]
pub(crate) struct Listing(Mutex<Option<Asked>>);

struct Asked {
    account: Session<ManagementKey>,
    at_ms: i64,
    answer: Shared<BoxFuture<'static, Answer>>,
}

/// The identities of an account.
pub(crate) struct Listed {
    pub(crate) all: Arc<[Identity]>,
    /// Whether this caller fetched it, rather than an earlier one.
    pub(crate) new: bool,
}

impl Listing {
    /// Returns the identities of `account`, as they are or were a moment ago.
    pub(crate) async fn of(&self, account: &Session<ManagementKey>) -> Result<Listed, ApiError> {
        let (answer, new) = self.answer(account);
        Ok(Listed { all: answer.await?, new })
    }

    fn answer(&self, account: &Session<ManagementKey>) -> (Shared<BoxFuture<'static, Answer>>, bool) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The wall clock, because it keeps running while the machine sleeps.
        let now = now_ms();
        let serves = |asked: &&Asked| {
            let failed = asked.answer.peek().is_some_and(Result::is_err);
            !failed && now.abs_diff(asked.at_ms) < OLDEST_MS && asked.account.has_key_of(account)
        };
        if let Some(asked) = last.as_ref().filter(serves) {
            return (asked.answer.clone(), false);
        }
        let session = account.clone();
        let ask = async move { session.identities().list().await.map(Arc::from) };
        let answer = ask.boxed().shared();
        *last = Some(Asked { account: account.clone(), at_ms: now, answer: answer.clone() });
        (answer, true)
    }
}
