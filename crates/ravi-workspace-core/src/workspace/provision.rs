//! Setting a workspace up.
//!
//! Each part looks at what is there and does what is missing. So a call after a crash, a second call, and a call that
//! asks for something else all take the same path and end in the same state.

use std::path::Path;

use uuid::Uuid;

use super::context::{Context, Warnings, blocking};
use super::error::WorkspaceError;
use super::identity;
use super::inspect::{Inspected, device_above, inspect};
use super::name::{LONGEST_TEXT, is_crud};
use super::note::Note;
use super::ravi_dir::Untracked;
use super::shared::Repository;
use super::{address, env_file, find, git_values, heal, holders, keys, login, ravi_dir, release, room, signing, told};
use crate::api::{IdentityKey, IdentityUuid};
use crate::error::Result;
use crate::git::config_file;
use crate::ledger::{Binding, Chosen, IdentityRow, Ledger, LedgerError, Plan};
use crate::machine::clock::now_ms;
use crate::machine::lock::Lock;
use crate::machine::places;
use crate::model::reference::SecretName;
use crate::model::workspace::{GithubInfo, ProvisionRequest, Provisioned, Sharing, State, Step, Terms};
use crate::vault::VaultError;
use ravi_error::shown::is_odd;

/// How often to join a folder that turns out to be another id's: several may add it at once, and each may release the
/// others.
const MOST_JOINS: usize = 8;

/// Sets `request` up, or finishes what an earlier call began.
///
/// One caller at a time per workspace; the others wait, and then find everything done.
pub(crate) async fn provision(ctx: Context<'_>, request: ProvisionRequest) -> Result<Provisioned> {
    provision_for(ctx, request, Life::BeginsAnew).await
}

/// What a provision does to the workspace's remaining time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// It starts again as the request says.
    BeginsAnew,
    /// It stays as it is, except that an end which would suspend the workspace is removed.
    GoesOn,
}

pub(super) async fn provision_for(ctx: Context<'_>, request: ProvisionRequest, life: Life) -> Result<Provisioned> {
    check_request(&request)?;
    // Only if this call asks for it: what an earlier one asked for must not keep a workspace from being set up again.
    if request.sign && life == Life::BeginsAnew {
        let path = request.path.clone();
        blocking(move || signing::check_git(&path)).await?;
    }
    let (request, terms) = request.split();
    for _ in 1..MOST_JOINS {
        match Box::pin(attempt(ctx, request.clone(), terms, life)).await {
            // Another id came first; now that it has the folder, it can be joined.
            Err(error) if matches!(error.downcast_ref(), Some(WorkspaceError::PathTaken { .. })) && terms.join => {}
            done => return done,
        }
    }
    Box::pin(attempt(ctx, request, terms, life)).await
}

async fn attempt(ctx: Context<'_>, request: ProvisionRequest, terms: Terms, life: Life) -> Result<Provisioned> {
    let asked = request.id.clone();
    let request = Box::pin(holders::meant(ctx, request, terms)).await?;
    let id = request.id.clone();
    let _lock = Lock::wait(ctx.ledger.dir(), &format!("workspace/{id}"), &id).await?;
    // Boxed: this future is large and would otherwise inflate every caller's.
    let warnings = Warnings::default();
    let ctx = Context { warnings: Some(&warnings), ..ctx };
    let provisioned = Box::pin(run(ctx, request, terms, life)).await;
    told::end(ctx.ledger.dir(), &id);
    if let Err(error) = &provisioned {
        // The binding may not exist yet, or the ledger may be what failed; the caller gets the error anyway.
        let body = error.body();
        let _ = ctx.ledger.run(move |l| l.note_error(&id, &body)).await;
    }
    let provisioned = provisioned.map(|done| Provisioned { warnings: warnings.take(), ..done })?;
    holders::note(ctx, &asked, &provisioned.id, terms).await?;
    Ok(Provisioned { id: asked, ..provisioned })
}

fn check_request(request: &ProvisionRequest) -> Result<()> {
    check_text("id", &request.id)?;
    check_text("name", &request.name)?;
    request.email.as_deref().map_or(Ok(()), address::check)?;
    // An empty name forgets an earlier one.
    let secret = request.github_secret.as_deref().filter(|name| !name.is_empty());
    secret.map(SecretName::parse).transpose().map_err(VaultError::from)?;
    Ok(())
}

/// Refuses combinations that make no sense, in everything that was asked for so far.
fn check_together(request: &ProvisionRequest) -> Result<(), WorkspaceError> {
    let refuse = |field, reason: &str| Err(WorkspaceError::Request { field, reason: reason.to_owned() });
    match request {
        ProvisionRequest { domain: Some(_), email: None, .. } => refuse("domain", "it needs an email as well"),
        r if r.sign && (r.no_key || r.borrows()) => {
            refuse("sign", "the key that signs lies in a vault of the workspace's own")
        }
        r if r.sign => signing::check_built(),
        r if r.no_key && !r.borrows() => {
            refuse("no_key", "it is only for identities that already exist (share, identity)")
        }
        r if r.phone && r.borrows() => refuse("phone", "it is for an identity of the workspace's own"),
        r if r.email.is_some() && r.borrows() => refuse("email", "it is for an identity of the workspace's own"),
        _ => Ok(()),
    }
}

/// Refuses an id or name that is not one line of text, neither blank nor endless: both go into git values, labels and
/// tables. Marks that change the direction of writing would make one name read as another.
fn check_text(field: &'static str, text: &str) -> Result<(), WorkspaceError> {
    let bad = |reason: &str| Err(WorkspaceError::Request { field, reason: reason.to_owned() });
    if text.trim().is_empty() {
        return bad("it is empty");
    }
    if text.len() > LONGEST_TEXT {
        return bad("it is longer than 200 bytes");
    }
    if text.chars().any(is_odd) {
        return bad("it has control characters or marks that change the direction of writing");
    }
    if field == "name" && text.chars().all(is_crud) {
        return bad("git accepts no author's name without a letter or digit");
    }
    Ok(())
}

async fn run(ctx: Context<'_>, request: ProvisionRequest, terms: Terms, life: Life) -> Result<Provisioned> {
    let id = request.id.clone();
    let prepared = prepare(ctx, request, terms, life);
    let (Bound { binding, untracked }, place) = ctx.step(&id, Step::Inspect, prepared).await?;
    keep_policy(ctx, &id).await?;
    keep_chosen(ctx, &id).await?;
    let found = ctx.step(&id, Step::Identity, identity::find_or_make(ctx, &binding)).await?;
    let known = reload(ctx, &id).await?;
    // Neither needs the other's answer.
    let (key, plan) = tokio::join!(
        ctx.step(&id, Step::Key, key_of(ctx, &known, &found.row.uuid)),
        login::bundle_and_login(ctx, &binding, &found),
    );
    let (key, mut plan, row) = (key?, plan?, found.row);
    let row = if binding.request.phone { ctx.step(&id, Step::Phone, identity::phone(ctx, row)).await? } else { row };
    if place.git.is_some() {
        let set = async {
            let open = git_values::set(ctx, &binding, &place, &row, &plan).await?;
            let plan = Plan { open, ..plan };
            git_values::tell_open(ctx, &binding, &plan)?;
            Ok(plan)
        };
        plan = ctx.step(&id, Step::Git, set).await?;
    } else {
        ctx.skip(&id, Step::Git);
    }
    let files = Files { binding: binding.clone(), place: place.clone(), row: row.clone(), key, untracked };
    ctx.step(&id, Step::Files, write_files(ctx, files)).await?;
    let github = plan.info();
    let (uuid, wanted) = (row.uuid.clone(), id.clone());
    ctx.ledger.run(move |l| l.finish_binding(&id, &plan)).await?;
    heal::list_folders(ctx.ledger, &binding).await?;
    let sharing = ctx.ledger.run(move |l| l.sharing(&wanted, &uuid)).await?;
    Ok(answer(&binding, &place, &row, github, sharing))
}

/// Returns the workspace's key. If it is to have none, revokes one that it had.
async fn key_of(ctx: Context<'_>, binding: &Binding, identity: &IdentityUuid) -> Result<Option<IdentityKey>> {
    if !binding.request.no_key {
        return keys::key(ctx, binding, identity).await.map(Some);
    }
    let id = binding.id.clone();
    if binding.key_uuid.is_some() || ctx.ledger.run(move |l| l.binding_key(&id)).await?.is_some() {
        keys::revoke_keys(ctx, binding, identity).await?;
        let id = binding.id.clone();
        ctx.ledger.run(move |l| l.drop_key(&id)).await?;
    }
    Ok(None)
}

fn answer(
    binding: &Binding,
    place: &Inspected,
    row: &IdentityRow,
    github: GithubInfo,
    sharing: Option<Sharing>,
) -> Provisioned {
    Provisioned {
        sharing,
        key: !binding.request.no_key,
        warnings: Vec::new(),
        id: binding.id.clone(),
        path: binding.path.clone(),
        state: State::Ready,
        identity: row.info(),
        git: place.git.is_some().then(|| binding.author(row)),
        github,
    }
}

async fn reload(ctx: Context<'_>, id: &str) -> Result<Binding> {
    let wanted = id.to_owned();
    let binding = ctx.ledger.run(move |l| l.binding(&wanted)).await?;
    Ok(binding.ok_or_else(|| WorkspaceError::Unbound { target: id.to_owned() })?)
}

/// A binding that was recorded, and what was seen of the index if that was read in the process.
struct Bound {
    binding: Binding,
    untracked: Option<Untracked>,
}

/// Inspects the folder, refuses what must be refused before anything is done, and records the binding.
async fn prepare(ctx: Context<'_>, request: ProvisionRequest, terms: Terms, life: Life) -> Result<(Bound, Inspected)> {
    let path = request.path.clone();
    let place = blocking(move || inspect(&path)).await?;
    let bound = Box::pin(bind(ctx, request, terms, &place, life)).await?;
    let (seen, known, ledger) = (place.clone(), bound.binding.clone(), ctx.ledger.dir().to_owned());
    blocking(move || claim_folder(&seen, &known, &ledger)).await?;
    Ok((bound, place))
}

/// Returns the binding of the request: a new one, the existing one, or that one renewed.
async fn bind(
    ctx: Context<'_>,
    request: ProvisionRequest,
    terms: Terms,
    place: &Inspected,
    life: Life,
) -> Result<Bound> {
    let id = request.id.clone();
    let existing = ctx.ledger.run(move |l| l.binding(&id)).await?;
    let existing = match existing {
        Some(old) if old.server != ctx.server => return Err(WorkspaceError::other_server(&old, ctx.server).into()),
        // A release that was begun is finished first; the request is for a new workspace.
        Some(old) if old.state == State::Releasing => {
            release::finish(ctx, old).await?;
            None
        }
        other => other,
    };
    match existing {
        Some(old) => renew(ctx, old, request, place, life).await,
        // Waking a workspace that was released meanwhile is an error.
        None if life == Life::GoesOn => Err(WorkspaceError::Unbound { target: request.id }.into()),
        // Boxed: it is large, since it may release what was there before.
        None => Box::pin(add(ctx, request, terms, place)).await,
    }
}

async fn add(ctx: Context<'_>, request: ProvisionRequest, terms: Terms, place: &Inspected) -> Result<Bound> {
    let request = request.alone();
    check_together(&request)?;
    // What Ravi gives is sealed with it.
    ctx.ledger.run(|l| l.key().ready().map(drop).map_err(LedgerError::from)).await?;
    room::make(ctx, &request, place).await?;
    let binding = Binding {
        id: request.id.clone(),
        server: ctx.server.to_owned(),
        name: request.name.clone(),
        path: place.root.clone(),
        git_dir: place.git.as_ref().map(|g| g.git_dir.clone()),
        common_dir: place.git.as_ref().map(|g| g.common_dir.clone()),
        device: device_above(&place.root),
        nonce: Uuid::new_v4().simple().to_string(),
        state: State::Provisioning,
        request,
        retire: false,
        identity: None,
        key_uuid: None,
        github: None,
        last_error: None,
        at_ms: now_ms(),
        confirmed: !terms.unconfirmed,
    };
    let (known, checked) = (binding.clone(), place.clone());
    let (ledger, in_tree) = (ctx.ledger.dir().to_owned(), ctx.key_in_tree(&binding.id).await?);
    let untracked = blocking(move || refuse_early(&checked, &known, &ledger, in_tree)).await?;
    let kept = binding.clone();
    match ctx.ledger.run(move |l| l.add_binding(&kept)).await {
        Ok(()) => Ok(Bound { binding, untracked }),
        Err(error) if error.is_conflict() => Err(room::taken(ctx, place, error).await?),
        Err(error) => Err(error.into()),
    }
}

async fn renew(
    ctx: Context<'_>,
    old: Binding,
    request: ProvisionRequest,
    place: &Inspected,
    life: Life,
) -> Result<Bound> {
    let git_dir = place.git.as_ref().map(|g| g.git_dir.clone());
    // Same folder, or the same worktree in another place.
    let same = old.path == place.root || is_noted(ctx, place, &old.id).await?;
    if !same {
        return Err(WorkspaceError::IdTaken { id: old.id, path: old.path }.into());
    }
    let request = request.over(&old.request);
    check_together(&request)?;
    // The same place may be named in several ways.
    let as_before = ProvisionRequest { path: old.request.path.clone(), ..request.clone() } == old.request;
    if old.path == place.root && old.git_dir == git_dir && as_before {
        let kept = old.clone();
        ctx.ledger.run(move |l| l.renew_lifetime(&kept, life == Life::GoesOn)).await?;
        return Ok(Bound { binding: old, untracked: None });
    }
    let renewed = Binding {
        name: request.name.clone(),
        path: place.root.clone(),
        git_dir,
        common_dir: place.git.as_ref().map(|g| g.common_dir.clone()),
        device: device_above(&place.root),
        request,
        ..old.clone()
    };
    // A workspace that works is not taken apart for a secret that does not exist.
    let works = matches!(old.state, State::Ready | State::Suspended);
    if works && renewed.request.github_secret != old.request.github_secret {
        // The rules of this call count for its own wish.
        keep_policy(ctx, &old.id).await?;
        Box::pin(login::check(ctx, &renewed)).await?;
    }
    let (known, checked) = (renewed.clone(), place.clone());
    let (ledger, in_tree) = (ctx.ledger.dir().to_owned(), ctx.key_in_tree(&old.id).await?);
    let look = move || {
        let untracked = refuse_early(&checked, &known, &ledger, in_tree)?;
        drop_former_env_file(&old, &known).map(|()| untracked)
    };
    let untracked = blocking(look).await?;
    let kept = renewed.clone();
    ctx.ledger.run(move |l| l.renew_binding(&kept)).await?;
    Ok(Bound { binding: renewed, untracked })
}

async fn is_noted(ctx: Context<'_>, place: &Inspected, id: &str) -> Result<bool> {
    Ok(find::by_note(ctx.ledger, place).await?.is_some_and(|binding| binding.id == id))
}

fn drop_former_env_file(old: &Binding, renewed: &Binding) -> Result<(), WorkspaceError> {
    match &old.request.env_file {
        Some(file) if renewed.request.env_file.as_ref() != Some(file) => env_file::remove(&renewed.path.join(file)),
        _ => Ok(()),
    }
}

/// Refuses everything that a later step would refuse, before the ledger or the server has anything of this workspace.
fn refuse_early(
    place: &Inspected,
    binding: &Binding,
    ledger: &Path,
    in_tree: bool,
) -> Result<Option<Untracked>, WorkspaceError> {
    let in_git = place.git.is_some();
    if let Some(git) = &place.git {
        config_file::check_writable(&git.git_dir, &git.common_dir)?;
    }
    if let Some(file) = &binding.request.env_file {
        env_file::check(&place.root, file, in_git)?;
    }
    if let Some(git) = &place.git
        && let Some(note) = Note::read(&git.git_dir)?
        && note.ledger != ledger
        && note.ledger.join("ledger.db").exists()
        && binding.identity.is_none()
    {
        return Err(WorkspaceError::OtherLedger { path: place.root.clone(), ledger: note.ledger });
    }
    let in_tree = in_tree && !binding.request.no_key;
    // A workspace that is already bound stays so, as long as nothing is written there.
    if in_tree || binding.identity.is_none() {
        places::not_home(&place.root)?;
    }
    if !in_tree {
        return Ok(None);
    }
    let ours = binding.identity.as_ref().map(|uuid| uuid.as_str());
    let untracked = ravi_dir::check(&place.root, place.git_dir(), ours, None)?;
    ravi_dir::check_shielded(&place.root, in_git, ours)?;
    Ok(untracked)
}

/// Leaves the note that proves the binding in the private git dir.
fn claim_folder(place: &Inspected, binding: &Binding, ledger: &Path) -> Result<(), WorkspaceError> {
    let Some(git) = &place.git else { return Ok(()) };
    let _lock = Repository::lock(&git.common_dir)?;
    match Note::read(&git.git_dir)? {
        Some(note) if note.nonce == binding.nonce => Ok(()),
        Some(note) if note.ledger != ledger && note.ledger.join("ledger.db").exists() => {
            Err(WorkspaceError::OtherLedger { path: place.root.clone(), ledger: note.ledger })
        }
        // A note of a ledger that is gone, or of a binding that this ledger no longer has. What was set is still known
        // from it, and still has to be undone.
        Some(note) => Note { nonce: binding.nonce.clone(), ledger: ledger.to_owned(), id: binding.id.clone(), ..note }
            .write(&git.git_dir),
        None => Note::new(&binding.nonce, ledger, &binding.id).write(&git.git_dir),
    }
}

/// What is written for a workspace besides git's values.
struct Files {
    binding: Binding,
    place: Inspected,
    row: IdentityRow,
    key: Option<IdentityKey>,
    untracked: Option<Untracked>,
}

async fn write_files(ctx: Context<'_>, files: Files) -> Result<()> {
    let (state_dir, in_tree) = (ctx.ledger.dir().to_owned(), ctx.key_in_tree(&files.binding.id).await?);
    Ok(blocking(move || files.write(&state_dir, in_tree)).await?)
}

impl Files {
    /// Writes the key to one place and clears the other, because an earlier choice may have been different.
    fn write(&self, state_dir: &Path, in_tree: bool) -> Result<(), WorkspaceError> {
        let Files { binding: Binding { id, request, .. }, place, row, key, untracked } = self;
        let owner = (row.uuid.as_str(), row.name.as_str());
        if let Some(key) = key.as_ref().filter(|_| in_tree) {
            ravi_dir::check(&place.root, place.git_dir(), Some(row.uuid.as_str()), *untracked)?;
            ravi_dir::write(&place.root, place.git.is_some(), key, owner)?;
        } else {
            ravi_dir::remove(&place.root, row.uuid.as_str())?;
        }
        match key.as_ref().filter(|_| !in_tree) {
            Some(key) => ravi_dir::write_home(state_dir, id, key, owner)?,
            None => ravi_dir::remove_home(state_dir, id)?,
        }
        if let Some(file) = &request.env_file {
            env_file::write(&env_file::check(&place.root, file, place.git.is_some())?, &row.info())?;
        }
        Ok(())
    }
}

/// Keeps the rules that this caller chose, for every program from now on. A caller without any leaves the existing
/// ones.
async fn keep_policy(ctx: Context<'_>, id: &str) -> Result<()> {
    let Some(rules) = ctx.config.secret_policy.clone() else { return Ok(()) };
    let id = id.to_owned();
    let keep = move |l: &Ledger| if l.policy(&id)? == rules { Ok(()) } else { l.keep_policy(&id, &rules) };
    Ok(ctx.ledger.run(keep).await?)
}

/// Keeps this caller's choices for programs that make none.
async fn keep_chosen(ctx: Context<'_>, id: &str) -> Result<()> {
    let (config, id) = (Chosen::default().or_said_by(ctx.config), id.to_owned());
    if config == Chosen::default() {
        return Ok(());
    }
    let chosen = ctx.chosen(&id).await?;
    let keep = move |l: &Ledger| if l.chosen(&id)? == chosen { Ok(()) } else { l.keep_chosen(&id, chosen) };
    Ok(ctx.ledger.run(keep).await?)
}
