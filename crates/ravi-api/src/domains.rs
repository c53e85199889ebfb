//! Domains in which addresses can be made.

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::http::Caller;
use super::{ApiError, lenient};

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// Its identifier.
    #[serde(default, deserialize_with = "lenient::text")]
    pub uuid: String,
    /// Its name.
    #[serde(deserialize_with = "lenient::identifier")]
    pub domain: String,
    /// Whether it is Ravi's own.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_platform: bool,
    /// Whether mail for it reaches Ravi.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_verified: bool,
    /// When it was added, ISO 8601.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub created_dt: Option<String>,
}

/// Calls about domains.
#[derive(Clone, Copy)]
pub struct Domains<'a> {
    caller: Caller<'a>,
}

impl<'a> Domains<'a> {
    pub(super) fn new(caller: Caller<'a>) -> Self {
        Domains { caller }
    }

    /// `GET /api/domains/`
    pub async fn list(&self) -> Result<Vec<Domain>, ApiError> {
        self.caller.list(Call::get("/api/domains/", &[])?).await
    }
}
