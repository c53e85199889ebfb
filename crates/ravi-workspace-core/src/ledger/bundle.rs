//! What workspaces are given from bundles, and who holds which value of a pool.
//!
//! A row exists from before its value is put into a vault until after that vault has been emptied.

use std::collections::HashSet;

use rusqlite::{Row, Transaction, params};

use super::row::unknown;
use super::{Ledger, LedgerError};
use crate::api::IdentityUuid;
use crate::audit::{Action, Entry, Stamped};
use crate::machine::clock::now_ms;
use crate::model::workspace::{BundleInfo, BundleOrigin};

pub(super) const TABLES: &str = "
CREATE TABLE bundle (
    identity  TEXT NOT NULL REFERENCES identity (uuid), -- whose vault holds it
    key       TEXT NOT NULL,            -- its name there
    workspace TEXT NOT NULL,            -- id of the workspace
    server    TEXT NOT NULL,
    source    TEXT NOT NULL CHECK (source IN ('copy', 'pool', 'generated')),
    host      TEXT,                     -- identity that has it as well; NULL for a generated one
    secret    TEXT,                     -- its name there
    length    INTEGER,                  -- of a generated one
    given     INTEGER NOT NULL DEFAULT 0, -- 0: it may be in the vault or not
    since_ms  INTEGER NOT NULL,
    PRIMARY KEY (identity, key)
) STRICT;
-- No two vaults hold the same value of a pool.
CREATE UNIQUE INDEX bundle_pool ON bundle (server, host, secret) WHERE source = 'pool';
";

/// Where a value comes from, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A secret of the host identity.
    Copy(String),
    /// One of the host identity's secrets, held by nobody else.
    Pool(String),
    /// Generated here, with this many characters.
    Generated(usize),
}

/// One secret from a bundle.
#[derive(Debug, Clone)]
pub(crate) struct BundleRow {
    /// Name in the workspace identity's vault.
    pub(crate) key: String,
    pub(crate) origin: Origin,
    /// Whether it is known to be in the vault.
    pub(crate) given: bool,
}

impl BundleRow {
    /// The row as people see it.
    pub(crate) fn into_info(self) -> BundleInfo {
        let (source, secret) = match self.origin {
            Origin::Copy(secret) => (BundleOrigin::Copy, Some(secret)),
            Origin::Pool(secret) => (BundleOrigin::Pool, Some(secret)),
            Origin::Generated(_) => (BundleOrigin::Generated, None),
        };
        BundleInfo { key: self.key, source, secret, given: self.given }
    }
}

/// Who is given something.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    pub(crate) identity: IdentityUuid,
    pub(crate) workspace: String,
    pub(crate) server: String,
    pub(crate) host: Option<IdentityUuid>,
}

/// A secret that is to be reserved.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) key: String,
    pub(crate) origin: WishOrigin,
}

/// Where its value may come from.
#[derive(Debug, Clone)]
pub(crate) enum WishOrigin {
    /// From here and nowhere else.
    Fixed(Origin),
    /// From one of these names, the first ones first. Names that stand for the same value form a group, which is free
    /// if nobody holds any of them.
    OneOf(Vec<Vec<String>>),
}

/// Either all wishes were granted, or none was, because of the one named here.
pub(crate) type Reserved = Result<(), String>;

impl Ledger {
    /// What the identity's vault holds, or may hold, from bundles.
    pub(crate) fn bundle_of(&self, identity: &IdentityUuid) -> Result<Vec<BundleRow>, LedgerError> {
        self.read(|c| {
            c.prepare_cached("SELECT key, source, secret, length, given FROM bundle WHERE identity = ?1 ORDER BY key")?
                .query_map([identity.as_str()], from_row)?
                .collect()
        })
    }

    /// Reserves everything that is wished for, or nothing: `Err` names the key whose pool has no free value. From here
    /// on nobody else is given the same value of a pool.
    pub(crate) fn reserve_bundle(&self, holder: &Holder, wishes: &[Wish]) -> Result<Reserved, LedgerError> {
        self.change("ledger: bundle reserved", |t| {
            let mut held = held(t, holder)?;
            let mut chosen = Vec::with_capacity(wishes.len());
            for wish in wishes {
                let origin = match &wish.origin {
                    WishOrigin::Fixed(origin) => origin.clone(),
                    WishOrigin::OneOf(groups) => {
                        let free = groups.iter().find(|group| group.iter().all(|name| !held.contains(name)));
                        let Some(name) = free.and_then(|group| group.first()) else { return Ok(Err(wish.key.clone())) };
                        held.insert(name.clone());
                        Origin::Pool(name.clone())
                    }
                };
                chosen.push((&wish.key, origin));
            }
            for (key, origin) in chosen {
                insert(t, holder, key, &origin)?;
            }
            Ok(Ok(()))
        })
    }

    /// Records that the value is in the vault, and notes it in the audit trail in the same change.
    pub(crate) fn bundle_given(&self, holder: &Holder, row: &BundleRow) -> Result<(), LedgerError> {
        self.change_noted("ledger: bundle given", |t| {
            t.execute(
                "UPDATE bundle SET given = 1 WHERE identity = ?1 AND key = ?2",
                params![holder.identity.as_str(), row.key],
            )?;
            Ok(((), vec![entry(Action::BundleGive, &holder.workspace, row)].into()))
        })
    }
}

/// Frees everything that the vault of `identity` held, since it has been emptied. Returns the entries that say so.
pub(super) fn take_back(t: &Transaction<'_>, identity: &IdentityUuid) -> rusqlite::Result<Vec<Stamped>> {
    let rows: Vec<(String, BundleRow)> = t
        .prepare_cached("SELECT key, source, secret, length, given, workspace FROM bundle WHERE identity = ?1")?
        .query_map([identity.as_str()], |row| Ok((row.get(5)?, from_row(row)?)))?
        .collect::<rusqlite::Result<_>>()?;
    t.execute("DELETE FROM bundle WHERE identity = ?1", [identity.as_str()])?;
    Ok(rows.iter().map(|(id, row)| entry(Action::BundleTake, id, row)).collect())
}

/// The row as an audit entry: under the host identity's name for the value, so that one value's holders can be listed.
fn entry(action: Action, workspace: &str, row: &BundleRow) -> Stamped {
    let (object, how) = match &row.origin {
        Origin::Copy(secret) => (secret, "copy"),
        Origin::Pool(secret) => (secret, "pool"),
        Origin::Generated(_) => (&row.key, "generated"),
    };
    let cut_short = if action == Action::BundleTake && !row.given { "; it may never have arrived" } else { "" };
    let entry = Entry::done(action).workspace(workspace).object(object);
    Stamped::now(entry.because(format!("{how}, as {}{cut_short}", row.key)))
}

fn held(t: &Transaction<'_>, holder: &Holder) -> rusqlite::Result<HashSet<String>> {
    t.prepare_cached("SELECT secret FROM bundle WHERE server = ?1 AND host = ?2 AND source = 'pool'")?
        .query_map(params![holder.server, holder.host.as_ref().map(IdentityUuid::as_str)], |row| row.get(0))?
        .collect()
}

fn insert(t: &Transaction<'_>, holder: &Holder, key: &str, origin: &Origin) -> rusqlite::Result<usize> {
    let (source, secret, length) = match origin {
        Origin::Copy(secret) => ("copy", Some(secret), None),
        Origin::Pool(secret) => ("pool", Some(secret), None),
        Origin::Generated(length) => ("generated", None, Some(*length as i64)),
    };
    let host = holder.host.as_ref().filter(|_| secret.is_some()).map(IdentityUuid::as_str);
    t.prepare_cached(
        "INSERT INTO bundle (identity, key, workspace, server, source, host, secret, length, since_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        holder.identity.as_str(),
        key,
        holder.workspace,
        holder.server,
        source,
        host,
        secret,
        length,
        now_ms()
    ])
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<BundleRow> {
    let secret = || row.get(2);
    let origin = match row.get_ref(1)?.as_str()? {
        "copy" => Origin::Copy(secret()?),
        "pool" => Origin::Pool(secret()?),
        "generated" => Origin::Generated(row.get::<_, i64>(3)?.unsigned_abs() as usize),
        _ => return Err(unknown(row, 1, format!("secret {}", row.get::<_, String>(0)?))),
    };
    Ok(BundleRow { key: row.get(0)?, origin, given: row.get(4)? })
}
