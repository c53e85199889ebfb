//! The second handle: [`Workspace`], which gives processes of a ready workspace what it has, and [`Handover`], which
//! holds its secrets. This room must not know how a process is run.

#[cfg(feature = "codex")]
mod codex;
mod github;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use secrecy::{ExposeSecret as _, SecretString};

use super::Ravi;
use crate::api::{IdentityKey, IdentityUuid, Session};
use crate::audit::{Action, Entry};
use crate::error::Result;
use crate::git::command::ELSEWHERE;
use crate::handover::environment::{API_KEY, GIVEN, of_the_persons};
use crate::handover::{Environment, HandoverError, Masker, SHORTEST_MASKED, below, names};
use crate::ledger::{Binding, IdentityRow};
use crate::model::reference::SecretName;
use crate::policy::Ask;
use crate::vault::VaultError;

/// A workspace that is ready, from which its processes get what it has. Cheap to clone.
#[derive(Clone)]
pub struct Workspace {
    ravi: Ravi,
    binding: Binding,
    identity: IdentityRow,
    /// `None`: it was set up without a key.
    key: Option<(Session<IdentityKey>, SecretString)>,
    folder: PathBuf,
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace").field("id", &self.binding.id).field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Workspace {
    pub(crate) fn new(
        ravi: &Ravi,
        binding: Binding,
        identity: IdentityRow,
        key: Option<(Session<IdentityKey>, SecretString)>,
        folder: PathBuf,
    ) -> Workspace {
        Workspace { ravi: ravi.clone(), binding, identity, key, folder }
    }

    /// The app's id for it.
    pub fn id(&self) -> &str {
        &self.binding.id
    }

    /// Real path of its worktree (or of the folder, outside any repository).
    pub fn root(&self) -> &Path {
        &self.binding.path
    }

    /// Its row in the ledger.
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    pub(crate) fn nonce(&self) -> &str {
        &self.binding.nonce
    }

    /// State folder of the ledger.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.ravi.state_dir()
    }

    /// Its private git dir and the one that all worktrees share.
    pub(crate) fn git_dirs(&self) -> Option<(&Path, &Path)> {
        self.binding.git_dir.as_deref().zip(self.binding.common_dir.as_deref())
    }

    /// Returns the roots of the ledger's other workspaces.
    pub(crate) async fn others(&self) -> Result<Vec<PathBuf>> {
        let all = self.ravi.workspaces().list().await?;
        Ok(all.into_iter().filter(|other| other.id != self.binding.id).map(|other| other.path).collect())
    }

    /// Returns PATH with the folder of helper programs first; `None` if there is no such folder.
    pub(crate) fn path(&self) -> Result<Option<OsString>, HandoverError> {
        github::shim_dir(&self.ravi).as_deref().map(path_with).transpose()
    }

    pub(super) fn ravi(&self) -> &Ravi {
        &self.ravi
    }

    /// The calls that its key may make; `None` if it has no key.
    pub fn session(&self) -> Option<&Session<IdentityKey>> {
        self.key.as_ref().map(|(session, _)| session)
    }

    /// Whether its identity's vault is its own.
    pub(crate) fn has_own_vault(&self) -> bool {
        !self.binding.request.borrows()
    }

    /// The identity at Ravi.
    pub fn identity_uuid(&self) -> &IdentityUuid {
        &self.identity.uuid
    }

    /// Returns what every process of the workspace gets that is not secret.
    ///
    /// That is: author and committer, the identity's id, what git reads in repositories below the workspace's folder,
    /// and the folder of helper programs. Asks Ravi nothing.
    pub fn environment(&self) -> Environment {
        let mut env = BTreeMap::from([("RAVI_IDENTITY".to_owned(), self.identity.uuid.to_string())]);
        if self.binding.git_dir.is_some() {
            let git = self.binding.author(&self.identity);
            for who in ["AUTHOR", "COMMITTER"] {
                env.insert(format!("GIT_{who}_NAME"), git.user_name.clone());
                env.insert(format!("GIT_{who}_EMAIL"), git.user_email.clone());
            }
        }
        let git = crate::git::found().ok();
        env.extend(below::variables(&self.binding, git.as_ref(), |name| std::env::var(name).ok()));
        let path_prepend = github::shim_dir(&self.ravi);
        Environment { env, path_prepend, unset: of_the_persons(), id: self.binding.id.clone() }
    }

    /// Returns everything for a process of the workspace: the environment, its keys, and the named secrets.
    ///
    /// Each secret comes from the workspace identity's vault, else from the host identity's. Makes at most three API
    /// calls, and one for each secret from the host's vault.
    ///
    /// # Errors
    /// A name is refused (`exec.refused_name`), or refused by a rule (`policy.secret`); there is no such secret
    /// (`secret.not_found`); Ravi does not answer.
    pub async fn handover<S: AsRef<str>>(&self, secrets: &[S]) -> Result<Handover> {
        self.handover_to(None, secrets).await
    }

    /// Like [`Workspace::handover`], for a program that is already known, so that the audit trail has its name.
    ///
    /// # Errors
    /// As [`Workspace::handover`].
    pub async fn handover_for<S: AsRef<str>>(&self, program: impl AsRef<OsStr>, secrets: &[S]) -> Result<Handover> {
        self.handover_to(Path::new(program.as_ref()).file_name(), secrets).await
    }

    async fn handover_to<S: AsRef<str>>(&self, program: Option<&OsStr>, secrets: &[S]) -> Result<Handover> {
        let run = Entry::done(Action::ExecRun).workspace(self.id());
        let run = run.object_if(program.map(OsStr::to_string_lossy));
        let made = self.make_handover(secrets).await;
        self.ravi.noted(run, made).await
    }

    async fn make_handover<S: AsRef<str>>(&self, secrets: &[S]) -> Result<Handover> {
        let wanted = check_names(secrets)?;
        self.check_policy(&wanted).await?;
        let (login, named) = tokio::try_join!(github::login(self), self.named(wanted))?;
        let key = self.key.iter().map(|(_, key)| (API_KEY.to_owned(), key.clone()));
        let mut secrets: BTreeMap<String, SecretString> = key.collect();
        let mut environment = self.environment();
        if let Some(login) = login {
            secrets.extend([login.token]);
            environment.env.extend(login.variables);
        }
        for (name, value) in named {
            secrets.entry(name).or_insert(value);
        }
        if let Some((name, _)) = secrets.iter().find(|(_, value)| value.expose_secret().contains('\0')) {
            return Err(HandoverError::ZeroByte { name: name.clone() }.into());
        }
        environment.env.insert(GIVEN.to_owned(), self.id().to_owned());
        Handover::new(environment, secrets, self.folder.clone())
    }

    /// Checks the rules before anything is requested, so that a refusal does not reveal whether the secret exists.
    async fn check_policy(&self, wanted: &[SecretName]) -> Result<()> {
        self.ravi.gate().check(&self.binding, Ask::Named, wanted).await
    }

    async fn named(&self, wanted: Vec<SecretName>) -> Result<Vec<(String, SecretString)>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let own = match self.session() {
            Some(session) => session.secrets(&self.identity.uuid).list().await?,
            None => Vec::new(),
        };
        let mut found = Vec::with_capacity(wanted.len());
        for name in wanted {
            let value = match own.iter().find(|secret| secret.key.eq_ignore_ascii_case(name.as_str())) {
                Some(secret) => self.opened(&name, &secret.value).await,
                None => self.ravi.secret_for_workspace(&name).await,
            };
            let read = Entry::done(Action::SecretRead).workspace(self.id()).object(name.as_str()).because("exec");
            found.push((name.to_string(), self.ravi.noted(read, value).await?));
        }
        Ok(found)
    }

    /// Opens a stored secret. In its own vault a workspace may keep what it likes; a vault that it shares may be
    /// sealed, as the host identity's may be.
    async fn opened(&self, name: &SecretName, stored: &SecretString) -> Result<SecretString> {
        match self.has_own_vault() {
            true => Ok(stored.clone()),
            false => Ok(self.ravi.open_stored(&self.identity.uuid, name, stored).await?.into_value()),
        }
    }

    /// Returns a command that runs `program` in the workspace's folder, with everything except named secrets.
    ///
    /// See [`Workspace::handover`].
    ///
    /// # Errors
    /// As [`Workspace::handover`].
    pub async fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        Ok(self.handover_for::<&str>(&program, &[]).await?.command(program))
    }

    /// Like [`Workspace::command`], for tokio.
    ///
    /// # Errors
    /// As [`Workspace::handover`].
    pub async fn tokio_command(&self, program: impl AsRef<OsStr>) -> Result<tokio::process::Command> {
        Ok(self.command(program).await?.into())
    }
}

fn check_names<S: AsRef<str>>(secrets: &[S]) -> Result<Vec<SecretName>> {
    let mut wanted = Vec::with_capacity(secrets.len());
    for text in secrets {
        let name = SecretName::parse(text.as_ref()).map_err(VaultError::from)?;
        if !names::allowed(name.as_str()) {
            return Err(HandoverError::RefusedName { name: name.to_string() }.into());
        }
        wanted.push(name);
    }
    Ok(wanted)
}

/// What a process of a workspace is given, secrets included.
#[derive(Debug, Clone)]
pub struct Handover {
    environment: Environment,
    secrets: BTreeMap<String, SecretString>,
    folder: PathBuf,
    path: Option<OsString>,
}

impl Handover {
    fn new(environment: Environment, secrets: BTreeMap<String, SecretString>, folder: PathBuf) -> Result<Handover> {
        let path = environment.path_prepend.as_deref().map(path_with).transpose()?;
        Ok(Handover { environment, secrets, folder, path })
    }

    /// Returns a command that runs `program` in the workspace's folder. It can be changed further before it is started.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        // git in the child works on the child's repository, not on the caller's; and if the workspace has no token or
        // key, it must not inherit the caller's.
        for name in ELSEWHERE.iter().copied().chain(self.environment.unset.iter().map(String::as_str)) {
            command.env_remove(name);
        }
        command.envs(&self.environment.env);
        command.envs(self.secrets.iter().map(|(name, value)| (name, value.expose_secret())));
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    /// Leaves out the person's SSH agent, which would log in as the person wherever it is asked to.
    pub fn without_ssh_agent(mut self) -> Handover {
        self.environment = self.environment.without_ssh_agent();
        self
    }

    /// Like [`Handover::command`], for tokio.
    pub fn tokio_command(&self, program: impl AsRef<OsStr>) -> tokio::process::Command {
        self.command(program).into()
    }

    /// Makes a masker for one stream of the child's output.
    pub fn masker(&self) -> Masker {
        Masker::new(self.secrets.values())
    }

    /// Returns the names of given secrets that are too short to be masked.
    pub fn unmasked(&self) -> Vec<&str> {
        let short = |value: &SecretString| value.expose_secret().len() < SHORTEST_MASKED;
        self.secrets.iter().filter(|(_, value)| short(value)).map(|(name, _)| name.as_str()).collect()
    }
}

fn path_with(dir: &Path) -> Result<OsString, HandoverError> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let rest: Vec<PathBuf> = std::env::split_paths(&inherited).filter(|entry| entry != dir).collect();
    let all = std::iter::once(dir.to_owned()).chain(rest);
    std::env::join_paths(all).map_err(|_| HandoverError::PathColon { path: dir.to_owned() })
}
