//! Whose GitHub login a workspace uses: decided when it is provisioned, and kept until it is provisioned again.
//!
//! The helper and the shim go by what was decided. So a token that disappears is an error there, and never turns a
//! workspace's push into the person's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::config::{GithubConfig, MissingToken};
use super::ways::{Effective, Values, Ways};
use crate::api::{ApiError, Credential, IdentityUuid, Session};
use crate::error::{Kind, Result};
use crate::handover::posix;
use crate::ledger::{Binding, IdentityRow, Ledger};
use crate::policy::{Ask, Gate};
use crate::vault::reference::SecretName;
use crate::vault::{Cache, CacheKey, Limits, Opened, VaultError, open_stored};
use crate::workspace::{GithubInfo, GithubSource, OpenWay, Setting, WorkspaceError};

/// Name of the secret in the workspace identity's own vault.
const OWN_SECRET: &str = "GH_TOKEN";

/// What the name of a workspace's secret in the host identity's vault begins with.
const HOST_PREFIX: &str = "CODEX_MONITOR_GH_TOKEN_";

/// Whose login a workspace uses, with all that a helper needs to know. Holds no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) source: GithubSource,
    /// Where the token is; `None` where there is none.
    pub(crate) token: Option<TokenAt>,
    /// The secret that was asked for by name when this was decided.
    pub(crate) asked: Option<String>,
    /// The choices that held then.
    #[serde(deserialize_with = "super::config::Stored::deserialize")]
    pub(crate) config: GithubConfig,
    /// Ways past the login that are open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) open: Vec<OpenWay>,
}

/// Where a token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenAt {
    /// Whose vault.
    pub(crate) identity: IdentityUuid,
    pub(crate) secret: SecretName,
}

impl Plan {
    /// Whether a way past the login keeps the workspace from being set up.
    pub(crate) fn is_strict(&self) -> bool {
        self.config.strict || self.config.missing == MissingToken::Deny
    }

    /// As people see it.
    pub(crate) fn info(&self) -> GithubInfo {
        let secret = self.token.as_ref().map(|token| token.secret.to_string());
        GithubInfo { source: self.source, secret, open: self.open.clone() }
    }

    /// Why the workspace has the token.
    pub(crate) fn ask(&self) -> Ask {
        if self.asked.is_some() { Ask::Named } else { Ask::Meant }
    }

    /// How old the token may be. That there is none is believed no longer than a call takes.
    pub(crate) fn limits(&self) -> Limits {
        Limits { fresh: self.config.fresh(), absent: Duration::ZERO, stale: self.config.stale() }
    }
}

/// What is known when a plan is made.
pub(crate) struct Decision<'a, K> {
    pub(crate) ledger: &'a Ledger,
    /// A session that may read every vault in question.
    pub(crate) account: &'a Session<K>,
    pub(crate) config: &'a GithubConfig,
    pub(crate) binding: &'a Binding,
    pub(crate) identity: &'a IdentityUuid,
    /// The identity was made a moment ago: its vault is empty, and need not be asked.
    pub(crate) new: bool,
    /// The identity that holds the app's own secrets, where there is one.
    pub(crate) host: Option<IdentityRow>,
    /// What was decided the last time.
    pub(crate) before: Option<Plan>,
    /// What the workspace may not be given.
    pub(crate) gate: Gate<'a>,
}

/// Decides whose login the workspace uses. At most two calls, at once. Where Ravi cannot be reached, what was decided
/// before stays.
pub(crate) async fn decide<K: Credential>(decision: Decision<'_, K>) -> Result<Plan> {
    let asked = decision.binding.request.github_secret.clone();
    match look(&decision, asked.as_deref()).await {
        Err(error) if error.kind() == Kind::Unreachable => {
            let before = decision.before.filter(|plan| plan.asked == asked);
            before.map(|plan| Plan { config: decision.config.clone(), ..plan }).ok_or(error)
        }
        other => other,
    }
}

/// Names of secrets that may hold a workspace's token where it has no vault of its own.
pub(crate) fn names_for(binding: &Binding) -> Vec<SecretName> {
    let asked = binding.request.github_secret.as_deref().and_then(|name| SecretName::parse(name).ok());
    asked.or_else(|| host_secret(&binding.name)).into_iter().collect()
}

async fn look<K: Credential>(decision: &Decision<'_, K>, asked: Option<&str>) -> Result<Plan> {
    let asked_name = asked.map(SecretName::parse).transpose().map_err(VaultError::from)?;
    decision.gate.check(decision.binding, Ask::Named, asked_name.as_slice()).await?;
    let host_name = asked_name.clone().or_else(|| host_secret(&decision.binding.name));
    let own_name = match asked_name {
        Some(name) => Some(name),
        // In a vault that others use as well, a token of this name is not the workspace's.
        None if decision.binding.request.borrows() => host_secret(&decision.binding.name),
        None => Some(SecretName::parse(OWN_SECRET).map_err(VaultError::from)?),
    };
    let is_host = decision.host.as_ref().is_some_and(|host| host.uuid == *decision.identity);
    let own = async {
        match own_name {
            Some(name) if !decision.new && !is_host => find(decision, decision.identity, &name).await,
            _ => Ok(None),
        }
    };
    let host = async {
        match (&decision.host, &host_name) {
            (Some(host), Some(name)) => match find(decision, &host.uuid, name).await {
                // A host identity that is gone at Ravi has no token for anybody; doctor says so.
                Err(crate::Error::Api(ApiError::NotFound { .. })) => Ok(None),
                found => found,
            },
            _ => Ok(None),
        }
    };
    let (own, host) = tokio::join!(own, host);
    let host = match host? {
        None if asked.is_none() => former(decision).await?,
        found => found,
    };
    let (source, token) = match (own?, host) {
        (Some(token), _) => (GithubSource::Workspace, Some(token)),
        (None, Some(token)) => (GithubSource::Host, Some(token)),
        (None, None) => (without_token(decision, asked)?, None),
    };
    let meant = token.iter().map(|token| token.secret.clone()).collect::<Vec<_>>();
    decision.gate.check(decision.binding, Ask::Meant, &meant).await?;
    Ok(Plan { source, token, asked: asked.map(str::to_owned), config: decision.config.clone(), open: Vec::new() })
}

/// The host's token that the workspace had under the name which it was called by before: another name takes nothing from it.
async fn former<K: Credential>(decision: &Decision<'_, K>) -> Result<Option<TokenAt>> {
    let before = decision.before.as_ref().filter(|plan| plan.source == GithubSource::Host && plan.asked.is_none());
    match (before.and_then(|plan| plan.token.as_ref()), &decision.host) {
        (Some(at), Some(host)) if at.identity == host.uuid => find(decision, &host.uuid, &at.secret).await,
        _ => Ok(None),
    }
}

fn without_token<K>(decision: &Decision<'_, K>, asked: Option<&str>) -> Result<GithubSource> {
    match (asked, decision.config.missing) {
        (Some(secret), _) => {
            let (id, secret) = (decision.binding.id.clone(), secret.to_owned());
            Err(WorkspaceError::NoGithubSecret { id, secret, elsewhere: Vec::new() }.into())
        }
        (None, MissingToken::Inherit) => Ok(GithubSource::Inherited),
        (None, MissingToken::Deny) => Ok(GithubSource::Denied),
    }
}

/// Where the token is, if the vault has it. A value that is there goes into the cache, so that the first push need not
/// wait for it.
async fn find<K: Credential>(
    decision: &Decision<'_, K>,
    identity: &IdentityUuid,
    secret: &SecretName,
) -> Result<Option<TokenAt>> {
    let key = CacheKey { server: decision.binding.server.clone(), identity: identity.clone(), name: secret.clone() };
    let limits = Limits { fresh: decision.config.fresh(), absent: Duration::ZERO, stale: decision.config.stale() };
    let fetch = async || -> Result<Option<Opened>> {
        let Some(found) = decision.account.secrets(identity).find(secret.as_str()).await? else { return Ok(None) };
        Ok(Some(open_stored(decision.ledger, identity, secret, &found.value).await?))
    };
    let cached = Cache::new(decision.ledger).get(&key, limits, fetch).await?;
    Ok(cached.value.map(|_| TokenAt { identity: identity.clone(), secret: secret.clone() }))
}

/// The host identity's secret for a workspace of this name: `payments-agent` → `CODEX_MONITOR_GH_TOKEN_PAYMENTS_AGENT`.
/// `None` for a name of which nothing would be left, as all of those would share one secret.
pub(crate) fn host_secret(name: &str) -> Option<SecretName> {
    if !name.chars().any(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = name.chars().map(plain).collect();
    SecretName::parse(&format!("{HOST_PREFIX}{name}")).ok()
}

/// The values that git is to read in the workspace, given what it reads there from others. None where the person's login is
/// used: it must go on working as it does. `launcher`: of the ledger's own state folder, so that the values hold when the
/// program is replaced by a newer one.
pub(crate) fn git_values(plan: &Plan, launcher: &Path, read: &Read) -> Vec<(String, Vec<String>)> {
    if plan.source == GithubSource::Inherited {
        return Vec::new();
    }
    let mut values = Values::default();
    for host in &plan.config.hosts {
        let section = format!("credential.{}", host.url());
        // The empty entry drops every helper that was named before (gitcredentials(7)).
        values.add(format!("{section}.helper"), "");
        values.add(format!("{section}.helper"), helper_value(launcher));
        values.add(format!("{section}.useHttpPath"), "false");
    }
    Ways::new(&plan.config, &read.settings, read.ssh.as_deref()).close(&mut values);
    if plan.config.rewrite_ssh {
        values.add("core.sshCommand", format!("{} git-ssh", posix(&launcher.to_string_lossy())));
        // git would else try out which ssh it is.
        values.add("ssh.variant", "ssh");
    }
    values.into_inner()
}

/// What git reads in a workspace from others than us.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) settings: Vec<Setting>,
    /// `core.sshCommand` of all the person's repositories.
    pub(crate) ssh: Option<String>,
}

/// The ways past the workspace's login that are open with the values set. `urls`: remote, whether it is pushed to, address.
pub(crate) fn open_ways(plan: &Plan, read: &Read, urls: Vec<(String, bool, String)>) -> Vec<OpenWay> {
    if plan.source == GithubSource::Inherited {
        return Vec::new();
    }
    let effective: Vec<_> = urls.into_iter().map(|(remote, push, url)| Effective { remote, push, url }).collect();
    Ways::new(&plan.config, &[], read.ssh.as_deref()).open(&effective)
}

/// The helper as git runs it, by its shell (gitcredentials(7), "CUSTOM HELPERS"). Where even the launcher is gone, git is
/// told to stop: it would ask whatever else it finds, which has the person's login.
pub(crate) fn helper_value(launcher: &Path) -> String {
    let word = posix(&launcher.to_string_lossy());
    format!("!f() {{ if test -x {word}; then exec {word} git-credential \"$@\"; fi; echo quit=1; }}; f")
}

/// The program that a helper of ours names, in whichever version's form.
pub(crate) fn helper_program(value: &str) -> Option<PathBuf> {
    let end = value.find(" git-credential")?;
    let begin = value[..end].rfind(" exec ").map_or(1, |at| at + " exec ".len());
    value.starts_with('!').then(|| unquoted(&value[begin..end])).map(PathBuf::from)
}

/// A word of a shell as [`posix`] wrote it.
fn unquoted(word: &str) -> String {
    word.replace(r"'\''", "\u{0}").replace('\'', "").replace('\u{0}', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_secrets_as_the_guide_has_it() {
        let secret = |name| host_secret(name).map(|secret| secret.to_string());
        assert_eq!(secret("payments-agent").as_deref(), Some("CODEX_MONITOR_GH_TOKEN_PAYMENTS_AGENT"));
        assert_eq!(secret("Ünï 2").as_deref(), Some("CODEX_MONITOR_GH_TOKEN__N__2"));
        assert_eq!(secret("支付"), None);
        assert!(secret(&"x".repeat(200)).is_some());
    }

    #[test]
    fn a_helper_is_started_by_any_path_and_git_stops_without_it() {
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("it's $HOME `x` \"y\"");
        // As git does it: the operation is added to the text, and the shell has both.
        let run = || {
            let script = format!("{} get", &helper_value(&odd)[1..]);
            let said = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
            String::from_utf8(said.stdout).unwrap()
        };
        assert_eq!(run(), "quit=1\n");
        std::os::unix::fs::symlink("/bin/echo", &odd).unwrap();
        assert_eq!(run(), "git-credential get\n");
        assert_eq!(helper_program(&helper_value(&odd)), Some(odd));
        let before = r"!'/it'\''s/ravi-workspace' git-credential";
        assert_eq!(helper_program(before), Some("/it's/ravi-workspace".into()));
        assert_eq!(helper_program("store"), None);
        assert_eq!(helper_program("!gh auth git-credential"), Some("gh auth".into()));
    }
}
