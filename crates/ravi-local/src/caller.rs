//! Who calls, and what that key may see: the fence around an identity key.
//!
//! This module knows keys and identities, and no other resource.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, header, request::Parts};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::App;
use super::body::Query;
use super::problem::Problem;
use super::token;

/// The holder of a valid key.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// The identity that the key is fenced to; `None` for a management key.
    fenced_to: Option<i64>,
    /// The identity named by `?identity=`, if any.
    named: Option<String>,
}

/// Which identities' things a request reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of one identity, by database id.
    One(i64),
    /// Those of the whole account: a management key that names no identity.
    Account,
    /// None: the named identity is unknown, or not the key's own. Lists are then empty, without an error.
    Nothing,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Caller, Problem> {
        let Some(key) = bearer(&parts.headers) else {
            return Err(Problem::Unauthenticated("Authentication credentials were not provided."));
        };
        let fenced_to = app.store.write(|db| identify(db, key))?;
        let query = Query::parse(parts.uri.query().unwrap_or(""));
        Ok(Caller { fenced_to, named: query.get("identity").map(str::to_owned) })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim()).filter(|key| !key.is_empty())
}

fn identify(db: &Connection, key: &str) -> Result<Option<i64>, Problem> {
    let used = "UPDATE api_key SET last_used_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
                WHERE hash = ?1 AND is_active RETURNING identity_id";
    db.prepare_cached(used)?
        .query_row([token::hash(key)], |row| row.get(0))
        .optional()?
        .ok_or(Problem::Unauthenticated("Invalid API key."))
}

impl Caller {
    /// Refuses an identity key.
    pub(super) fn require_management(&self) -> Result<(), Problem> {
        match self.fenced_to {
            None => Ok(()),
            Some(_) => Err(Problem::Forbidden("Management key required.")),
        }
    }

    /// The identity that the key is fenced to; `None` for a management key.
    pub(super) fn fence(&self) -> Option<i64> {
        self.fenced_to
    }

    /// Returns who may read this, for calls in which the server ignores the identity that a management key names.
    pub(super) fn unnamed_scope(&self, db: &Connection) -> Result<Scope, Problem> {
        if self.fenced_to.is_none() { Ok(Scope::Account) } else { self.scope(db) }
    }

    /// Returns what this request may read.
    pub(super) fn scope(&self, db: &Connection) -> Result<Scope, Problem> {
        let Some(uuid) = &self.named else {
            return Ok(self.fenced_to.map_or(Scope::Account, Scope::One));
        };
        let found: Option<i64> = db
            .prepare_cached("SELECT id FROM identity WHERE uuid = ?1")?
            .query_row(params![uuid.to_ascii_lowercase()], |row| row.get(0))
            .optional()?;
        Ok(match (found, self.fenced_to) {
            (Some(id), Some(own)) if id != own => Scope::Nothing,
            (Some(id), _) => Scope::One(id),
            (None, _) => Scope::Nothing,
        })
    }

    /// Returns the identity that this request may change. A management key must name one.
    pub(super) fn target(&self, db: &Connection) -> Result<i64, Problem> {
        match self.scope(db)? {
            Scope::One(id) => Ok(id),
            Scope::Account => Err(Problem::field("identity", "Name an identity to use a management key here.")),
            Scope::Nothing => Err(Problem::NotFound("Identity")),
        }
    }
}

impl Scope {
    /// Returns the two values of `(?1 OR identity_id = ?2)`, the condition that all scoped queries share.
    pub(super) fn condition(self) -> (bool, i64) {
        match self {
            Scope::Account => (true, 0),
            Scope::One(id) => (false, id),
            Scope::Nothing => (false, 0),
        }
    }
}
