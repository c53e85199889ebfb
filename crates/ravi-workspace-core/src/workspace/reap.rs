//! Releasing what nobody else will: worktrees that were removed without notice, provisions that were never finished,
//! keys that no binding knows.
//!
//! What cannot be seen does not count as gone. A repository that cannot be read, a folder on a disk that is not mounted
//! and a worktree that git was told to keep (`git worktree lock`, by a live process or a person) are reported and left
//! alone.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::context::{Context, blocking};
use super::error::WorkspaceError;
use super::find::{has_note, moved_to, where_it_lies};
use super::inspect::{device_above, folder_state};
use super::keys::key_label;
use super::note::Note;
use super::shared::Repository;
use super::suspend::suspend_locked;
use super::{debts, panes, release};
use crate::api::{ApiError, KeyRecord};
use crate::audit::{Action, Entry};
use crate::error::{Error, Explain as _, Kind, Result};
use crate::git::lock;
use crate::ledger::{Binding, Ending, LedgerError, Lifetime};
use crate::machine::clock::now_ms;
use crate::machine::lock::Lock;
use crate::model::workspace::{FolderState, ReapFailure, ReapReport, Reaped, ReapedKey, State};

/// After this time, a provision that is unfinished and that nobody is working on is given up.
const ABANDONED: Duration = Duration::from_secs(3600);
/// After this time, an app that has not confirmed its workspace has died or forgotten it.
const UNCONFIRMED: Duration = Duration::from_secs(600);
/// How long a plan waits for Ravi, which knows the smaller part of it.
const PLAN_PATIENCE: Duration = Duration::from_secs(5);

/// What should happen to a binding.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Leave it: somebody uses it.
    Keep,
    /// Release it.
    Release(&'static str),
    /// Revoke its key and keep its identity.
    Suspend(&'static str),
    /// Leave it: it may be gone, but that cannot be seen.
    Unseen(&'static str),
}

/// Looks at every binding of this server and releases what is gone; with `dry_run`, only says what it would do.
pub(crate) async fn reap(ctx: Context<'_>, dry_run: bool) -> Result<ReapReport> {
    let mut report = ReapReport {
        dry_run,
        released: Vec::new(),
        left: Vec::new(),
        suspended: Vec::new(),
        failed: Vec::new(),
        keys: Vec::new(),
        keys_unseen: None,
    };
    for binding in ctx.ledger.run(|l| l.bindings()).await? {
        if binding.server != ctx.server {
            continue;
        }
        let (id, path) = (binding.id.clone(), binding.path.clone());
        match look_at(ctx, binding, &mut report).await {
            Err(error) if error.is::<LedgerError>() => return Err(error),
            // The others' keys do not wait for it.
            Err(error) => report.failed.push(ReapFailure { id, path, error: error.body() }),
            Ok(()) => {}
        }
    }
    if dry_run {
        plan_keys(ctx, &mut report).await?;
        return Ok(report);
    }
    move_over(ctx).await?;
    let looked = strange_keys(ctx, &mut report).await;
    debts::pay_all(ctx).await?;
    match looked {
        Err(error) if error.kind() == Kind::Unreachable => report.keys_unseen = Some(error.body()),
        looked => looked?,
    }
    Ok(report)
}

/// Moves settings of earlier versions over, in the repositories of all workspaces. One that cannot be read or written
/// is no error here: doctor reports it, and the next run tries again.
async fn move_over(ctx: Context<'_>) -> Result<()> {
    let bindings = ctx.ledger.run(|l| l.bindings()).await?;
    let repositories: BTreeSet<PathBuf> = bindings.into_iter().filter_map(|binding| binding.common_dir).collect();
    let work = move || {
        for common_dir in repositories.iter().filter(|dir| dir.is_dir()) {
            if let Err(error) = Repository::lock(common_dir).and_then(|repository| repository.move_over()) {
                tracing::debug!(code = error.code(), repository = %common_dir.display(), "left as set before");
            }
        }
        Ok(())
    };
    Ok(blocking(work).await?)
}

async fn look_at(ctx: Context<'_>, binding: Binding, report: &mut ReapReport) -> Result<()> {
    let binding = lies(binding).await?;
    let looked = binding.clone();
    let (life, idle) = (life_of(ctx, &binding).await?, ctx.config.idle());
    let entry = |why: &str| Reaped { id: binding.id.clone(), path: binding.path.clone(), why: why.to_owned() };
    match blocking(move || verdict(&looked, life, idle)).await? {
        Verdict::Keep => {}
        Verdict::Unseen(why) => report.left.push(entry(why)),
        Verdict::Release(why) if report.dry_run => report.released.push(entry(why)),
        Verdict::Suspend(why) if report.dry_run => report.suspended.push(entry(why)),
        Verdict::Release(why) | Verdict::Suspend(why) => match Box::pin(end_now(ctx, &binding)).await? {
            Outcome::Released => report.released.push(entry(why)),
            Outcome::Suspended => report.suspended.push(entry(why)),
            Outcome::Busy => report.left.push(entry("another process is working on it")),
            Outcome::Settled => {}
        },
    }
    Ok(())
}

/// Returns the binding with the current place of its worktree.
async fn lies(binding: Binding) -> Result<Binding> {
    Ok(blocking(move || Ok::<_, WorkspaceError>(where_it_lies(binding))).await?)
}

async fn life_of(ctx: Context<'_>, binding: &Binding) -> Result<Option<Lifetime>> {
    let id = binding.id.clone();
    Ok(ctx.ledger.run(move |l| l.lifetime(&id)).await?)
}

/// The outcome of ending a binding.
enum Outcome {
    Released,
    Suspended,
    /// Somebody is working on the workspace.
    Busy,
    /// Somebody else did it, or it is no longer gone.
    Settled,
}

async fn end_now(ctx: Context<'_>, binding: &Binding) -> Result<Outcome> {
    let Some(_lock) = Lock::try_now(ctx.ledger.dir(), &format!("workspace/{}", binding.id))? else {
        return Ok(Outcome::Busy);
    };
    let id = binding.id.clone();
    // It was inspected without the lock; what counts is its state now.
    let Some(now) = ctx.ledger.run(move |l| l.binding(&id)).await? else { return Ok(Outcome::Settled) };
    let now = lies(now).await?;
    let (looked, life, idle) = (now.clone(), life_of(ctx, &now).await?, ctx.config.idle());
    match blocking(move || verdict(&looked, life, idle)).await? {
        Verdict::Release(_) => release::finish(ctx, now).await.map(|_| Outcome::Released),
        Verdict::Suspend(_) => suspend_locked(ctx, now).await.map(|_| Outcome::Suspended),
        Verdict::Keep | Verdict::Unseen(_) => Ok(Outcome::Settled),
    }
}

fn verdict(binding: &Binding, life: Option<Lifetime>, idle: Duration) -> Result<Verdict, WorkspaceError> {
    if binding.state == State::Releasing {
        return Ok(Verdict::Release("its release was begun but not finished"));
    }
    let gone = match (&binding.git_dir, &binding.common_dir) {
        (Some(git_dir), Some(common_dir)) if git_dir != common_dir => linked(binding, git_dir, common_dir)?,
        _ => by_folder(binding, "its folder is gone"),
    };
    let age = Duration::from_millis(now_ms().saturating_sub(binding.at_ms).max(0).unsigned_abs());
    // A workspace that was once ready is somebody's, even if a later provision of it does not finish.
    let never_ready = binding.state == State::Provisioning && binding.github.is_none();
    Ok(match (gone, life.and_then(|life| life.due())) {
        (Verdict::Keep, _) if never_ready && age > ABANDONED => Verdict::Release("its setup was never finished"),
        (Verdict::Keep, _) if !binding.confirmed && age > UNCONFIRMED => Verdict::Release("its app never confirmed it"),
        (Verdict::Keep, Some(Ending::Release)) => Verdict::Release("its time is over"),
        (Verdict::Keep, _) if binding.state != State::Ready => Verdict::Keep,
        (Verdict::Keep, Some(Ending::Suspend)) if !panes::is_used(binding) => Verdict::Suspend("its time is over"),
        (Verdict::Keep, _) if is_idle(life, idle) && panes::left_by_dmux(binding) => {
            Verdict::Suspend("none of its panes is alive")
        }
        (other, _) => other,
    })
}

/// Whether the workspace was set up or woken at least `idle` ago; before that it may have no pane yet.
fn is_idle(life: Option<Lifetime>, idle: Duration) -> bool {
    let idle = i64::try_from(idle.as_millis()).unwrap_or(i64::MAX);
    life.is_some_and(|life| now_ms().saturating_sub(life.used_ms) >= idle)
}

/// Judges a linked worktree. It is gone if its private git dir is, in a repository that can be read.
fn linked(binding: &Binding, git_dir: &Path, common_dir: &Path) -> Result<Verdict, WorkspaceError> {
    if std::fs::read_dir(common_dir).is_err() || !common_dir.join("HEAD").exists() {
        let gone = with_its_repository(binding, common_dir);
        return Ok(gone.unwrap_or(Verdict::Unseen("its repository cannot be read")));
    }
    match git_dir.symlink_metadata() {
        Ok(_) if matches!(binding.state, State::Ready | State::Suspended) && lacks_note(git_dir, &binding.nonce)? => {
            Ok(Verdict::Release("another worktree was made in its place"))
        }
        Ok(_) if lock::holds(git_dir) => Ok(match folder_state(&binding.path) {
            FolderState::Present => Verdict::Keep,
            _ => Verdict::Unseen("its worktree is locked (git worktree lock)"),
        }),
        Ok(_) => Ok(match moved_to(binding) {
            Some(path) => by_folder(&Binding { path, ..binding.clone() }, "its worktree was moved and then deleted"),
            None => by_folder(binding, "its worktree was deleted"),
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Verdict::Release("its worktree was removed")),
        Err(_) => Ok(Verdict::Unseen("its private git dir cannot be read")),
    }
}

/// Whether the note is missing. A note that somebody overwrote says nothing.
fn lacks_note(git_dir: &Path, nonce: &str) -> Result<bool, WorkspaceError> {
    match has_note(git_dir, nonce) {
        Err(error) if Note::is_damaged(&error) => Ok(false),
        found => Ok(!found?),
    }
}

/// Judges a repository that is gone along with the folder that held it and the worktree.
fn with_its_repository(binding: &Binding, common_dir: &Path) -> Option<Verdict> {
    let gone = folder_state(common_dir) == FolderState::Gone && binding.device.is_some();
    let same_disk = || device_above(common_dir) == binding.device;
    match by_folder(binding, "its folder and its repository are gone") {
        release @ Verdict::Release(_) if gone && same_disk() => Some(release),
        _ => None,
    }
}

/// Judges a folder. It is gone if the nearest existing folder above it can be read, is on the same disk as before, and
/// does not lead to it.
fn by_folder(binding: &Binding, why: &'static str) -> Verdict {
    match folder_state(&binding.path) {
        FolderState::Present => Verdict::Keep,
        FolderState::Unseen => Verdict::Unseen("its folder cannot be seen"),
        FolderState::Gone if binding.device.is_some() && device_above(&binding.path) == binding.device => {
            Verdict::Release(why)
        }
        FolderState::Gone => Verdict::Unseen("its folder is on a disk that is not mounted"),
    }
}

/// Adds the keys that no binding has to a plan. If Ravi does not answer, the rest of the plan, which is known locally,
/// still stands.
async fn plan_keys(ctx: Context<'_>, report: &mut ReapReport) -> Result<()> {
    let keys = match ctx.account.identity_keys().list_within(PLAN_PATIENCE).await {
        Err(error) if error.kind() == Kind::Unreachable => {
            report.keys_unseen = Some(Error::from(error).body());
            return Ok(());
        }
        keys => keys?,
    };
    for (key, id) in of_this_ledger(ctx, keys).await? {
        let (wanted, uuid) = (id.clone(), key.uuid.clone());
        let known = match ctx.ledger.run(move |l| l.binding(&wanted)).await {
            Err(LedgerError::NewerRow { .. }) => continue,
            known => known?,
        };
        if known.is_none_or(|b| b.state == State::Ready && b.key_uuid != Some(uuid)) {
            report.keys.push(ReapedKey { uuid: key.uuid.to_string(), workspace: id });
        }
    }
    Ok(())
}

/// Revokes keys that no binding has: what a crash or a lost reply left behind.
async fn strange_keys(ctx: Context<'_>, report: &mut ReapReport) -> Result<()> {
    let keys = ctx.account.identity_keys().list().await?;
    let mut failed = None;
    for (key, id) in of_this_ledger(ctx, keys).await? {
        match revoke_if_strange(ctx, &key, &id).await {
            Ok(true) => report.keys.push(ReapedKey { uuid: key.uuid.to_string(), workspace: id }),
            Ok(false) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Returns the live keys that carry this ledger's label, with the workspaces they were made for.
async fn of_this_ledger(ctx: Context<'_>, keys: Vec<KeyRecord>) -> Result<Vec<(KeyRecord, String)>> {
    let prefix = key_label(&ctx.ledger.run(|l| l.ledger_id()).await?, "");
    let made_for = |key: &KeyRecord| key.label.strip_prefix(&prefix).map(str::to_owned);
    Ok(keys.into_iter().filter(|key| key.is_active).filter_map(|key| made_for(&key).map(|id| (key, id))).collect())
}

async fn revoke_if_strange(ctx: Context<'_>, key: &KeyRecord, id: &str) -> Result<bool> {
    // Whoever holds the lock may be minting this very key.
    let Some(_lock) = Lock::try_now(ctx.ledger.dir(), &format!("workspace/{id}"))? else { return Ok(false) };
    let wanted = id.to_owned();
    let binding = match ctx.ledger.run(move |l| l.binding(&wanted)).await {
        // A newer version's workspace: that version knows whose key it is.
        Err(LedgerError::NewerRow { .. }) => return Ok(false),
        binding => binding?,
    };
    if binding.is_some_and(|b| b.key_uuid.as_ref() == Some(&key.uuid)) {
        return Ok(false);
    }
    match ctx.account.identity_keys().revoke(&key.uuid).await {
        Ok(()) | Err(ApiError::NotFound { .. }) => {}
        Err(e) => return Err(e.into()),
    }
    let entry = Entry::done(Action::KeyRevoke).workspace(id).object(key.uuid.as_str());
    ctx.note(entry.because("no workspace has it")).await?;
    Ok(true)
}
