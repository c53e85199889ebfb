//! The result of checking the trail.

use serde::Serialize;

/// How many problems are listed individually.
const LISTED: usize = 100;

/// Whether the trail is what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct AuditReport {
    /// As far as is known, nothing was changed, inserted, removed or cut off.
    pub ok: bool,
    /// Whether the entries are those that were written.
    pub integrity: Integrity,
    /// Whether the newest entries are there.
    pub completeness: Completeness,
    /// How many entries there are.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub entries: u64,
    /// Number of the oldest one.
    #[cfg_attr(feature = "__typescript", ts(type = "number | null"))]
    pub first: Option<i64>,
    /// Number of the newest one.
    #[cfg_attr(feature = "__typescript", ts(type = "number | null"))]
    pub last: Option<i64>,
    /// Entries that were removed by retention, with a seal each time.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub pruned: u64,
    /// Numbers that were begun and never written, because a program was ended.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub interrupted: u64,
    /// What is wrong; the first 100.
    pub problems: Vec<AuditProblem>,
}

/// Whether the entries are those that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum Integrity {
    /// They are.
    Whole,
    /// Some were changed, inserted or removed.
    Broken,
}

/// Whether the newest entries are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum Completeness {
    /// They are.
    Whole,
    /// They are, apart from what a program was writing when it was ended.
    Interrupted,
    /// The record of the newest entry is, or was, gone or damaged: it is unknown whether entries were cut off.
    Unknown,
    /// Some were cut off.
    Cut,
}

/// Something that is wrong with the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct AuditProblem {
    /// What kind.
    pub kind: AuditProblemKind,
    /// Number of the first entry concerned.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub from: i64,
    /// Number of the last one.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub to: i64,
    /// The same in words.
    pub message: String,
}

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "snake_case")]
pub enum AuditProblemKind {
    /// The entry is not what was written, or its predecessor is not.
    Changed,
    /// Entries were removed.
    Missing,
    /// The newest entries were cut off.
    Cut,
    /// The record of the newest entry is, or was, gone or damaged.
    Head,
    /// The seal on what retention removed is gone or damaged.
    Checkpoint,
    /// The database itself is damaged, such as an index used by queries.
    Database,
}

impl AuditReport {
    pub(crate) fn new() -> AuditReport {
        AuditReport {
            ok: true,
            integrity: Integrity::Whole,
            completeness: Completeness::Whole,
            entries: 0,
            first: None,
            last: None,
            pruned: 0,
            interrupted: 0,
            problems: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, kind: AuditProblemKind, (from, to): (i64, i64), message: impl Into<String>) {
        match kind {
            AuditProblemKind::Cut => self.completeness = Completeness::Cut,
            AuditProblemKind::Head if self.completeness != Completeness::Cut => {
                self.completeness = Completeness::Unknown;
            }
            AuditProblemKind::Head => {}
            _ => self.integrity = Integrity::Broken,
        }
        self.ok = false;
        if self.problems.len() < LISTED {
            self.problems.push(AuditProblem { kind, from, to, message: message.into() });
        }
    }
}

/// The result of pruning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
pub struct Pruned {
    /// How many entries were removed.
    #[cfg_attr(feature = "__typescript", ts(type = "number"))]
    pub removed: u64,
    /// Number of the oldest entry that is left.
    #[cfg_attr(feature = "__typescript", ts(type = "number | null"))]
    pub first: Option<i64>,
}
