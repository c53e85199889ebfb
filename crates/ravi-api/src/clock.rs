//! Whether the server answers at all, and what its clock says.

use std::time::{Duration, SystemTime};

use super::call::Call;
use super::http::Caller;
use super::{ApiError, Client};

/// Long enough for a bad connection; a person is waiting.
const LIMIT: Duration = Duration::from_secs(10);

/// What one request revealed.
#[derive(Debug, Clone, Copy)]
pub struct ServerClock {
    /// The `Date` of the answer, in whole seconds; `None` if it has none.
    pub date: Option<SystemTime>,
    /// This machine's clock half-way between request and answer.
    pub here: SystemTime,
    /// Time from request to answer, including the connection.
    pub took: Duration,
}

impl Client {
    /// Asks once, without a key; any answer will do, even a refusal.
    pub async fn clock(&self) -> Result<ServerClock, ApiError> {
        let call = Call::get("/api/identities/", &[])?.within(LIMIT);
        let asked = SystemTime::now();
        let date = Caller::new(self, None).date(&call).await?;
        let took = asked.elapsed().unwrap_or_default();
        Ok(ServerClock { date, here: asked + took / 2, took })
    }
}
