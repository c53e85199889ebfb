//! Whose GitHub login a workspace uses: decided when it is provisioned, and kept until it is provisioned again.
//!
//! The helper and the shim follow that decision. So a token that disappears is an error there, and never turns a
//! workspace's push into the user's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::GithubError;
use super::ways::{Effective, Values, Ways};
use crate::api::{ApiError, Credential, IdentityUuid, Session};
use crate::config::Limits;
use crate::config::{GithubConfig, MissingToken};
use crate::error::{Kind, Result};
use crate::git::Setting;
use crate::ledger::{Binding, IdentityRow, Ledger, Plan, TokenAt};
use crate::machine::shell::{self, posix};
use crate::model::opened::Opened;
use crate::model::reference::SecretName;
use crate::model::workspace::{GithubSource, OpenWay};
use crate::policy::{Ask, Gate};
use crate::vault::{Cache, CacheKey, VaultError, open_stored};

/// Name of the secret in the workspace identity's own vault.
const OWN_SECRET: &str = "GH_TOKEN";

/// How the name of a workspace's secret in the host identity's vault begins.
const HOST_PREFIX: &str = "CODEX_MONITOR_GH_TOKEN_";

/// What is known when the plan is made.
pub(crate) struct Decision<'a, K> {
    pub(crate) ledger: &'a Ledger,
    /// A session that may read every vault in question.
    pub(crate) account: &'a Session<K>,
    pub(crate) config: &'a GithubConfig,
    pub(crate) binding: &'a Binding,
    pub(crate) identity: &'a IdentityUuid,
    /// The identity was made a moment ago, so its vault is empty and need not be read.
    pub(crate) new: bool,
    /// The identity that holds the app's own secrets, if there is one.
    pub(crate) host: Option<IdentityRow>,
    /// What was decided last time.
    pub(crate) before: Option<Plan>,
    /// The rules on what the workspace may not be given.
    pub(crate) gate: Gate<'a>,
}

/// Decides whose login the workspace uses.
///
/// Takes at most two calls, made at the same time. If Ravi cannot be reached, the earlier decision stands.
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

/// Names of secrets that may hold a workspace's token if it has no vault of its own.
pub fn names_for(binding: &Binding) -> Vec<SecretName> {
    let asked = binding.request.github_secret.as_deref().and_then(|name| SecretName::parse(name).ok());
    asked.or_else(|| host_secret(&binding.name)).into_iter().collect()
}

async fn look<K: Credential>(decision: &Decision<'_, K>, asked: Option<&str>) -> Result<Plan> {
    let asked_name = asked.map(SecretName::parse).transpose().map_err(VaultError::from)?;
    decision.gate.check(decision.binding, Ask::Named, asked_name.as_slice()).await?;
    let host_name = asked_name.clone().or_else(|| host_secret(&decision.binding.name));
    let own_name = match asked_name {
        Some(name) => Some(name),
        // In a vault that others use as well, a token of this name does not belong to the workspace.
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
                // A host identity that no longer exists at Ravi has no token for anybody; doctor reports that.
                Err(error) if matches!(error.downcast_ref(), Some(ApiError::NotFound { .. })) => Ok(None),
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

/// The host's token under the workspace's former name: renaming a workspace takes nothing away from it.
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
            Err(GithubError::NoSecret { id, secret, elsewhere: Vec::new() }.into())
        }
        (None, MissingToken::Inherit) => Ok(GithubSource::Inherited),
        (None, MissingToken::Deny) => Ok(GithubSource::Denied),
    }
}

/// Where the token is, if the vault has it. A value that is found goes into the cache, so that the first push need not
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
///
/// `None` for a name of which nothing would be left, since all such names would share one secret.
pub(crate) fn host_secret(name: &str) -> Option<SecretName> {
    if !name.chars().any(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = name.chars().map(plain).collect();
    SecretName::parse(&format!("{HOST_PREFIX}{name}")).ok()
}

/// The values that git is to read in the workspace, given what else it reads there.
///
/// Empty if the user's login is used, which must go on working as it does. `launcher` is the one in the ledger's own
/// state folder, so that the values stay valid when a newer program replaces this one.
pub fn git_values(plan: &Plan, launcher: &Path, read: &Read) -> Vec<(String, Vec<String>)> {
    if plan.source == GithubSource::Inherited {
        return Vec::new();
    }
    let mut values = Values::default();
    for host in &plan.config.hosts {
        let section = format!("credential.{}", host.url());
        // The empty entry drops every helper named before (gitcredentials(7)).
        values.add(format!("{section}.helper"), "");
        values.add(format!("{section}.helper"), helper_value(launcher));
        values.add(format!("{section}.useHttpPath"), "false");
    }
    Ways::new(&plan.config, &read.settings, read.ssh.as_deref()).close(&mut values);
    if plan.config.rewrite_ssh {
        values.add("core.sshCommand", format!("{} git-ssh", posix(&launcher.to_string_lossy())));
        // Otherwise git would try to find out which ssh it is.
        values.add("ssh.variant", "ssh");
    }
    values.into_inner()
}

/// What git reads in a workspace that is not ours.
#[derive(Debug, Default)]
pub struct Read {
    pub(crate) settings: Vec<Setting>,
    /// `core.sshCommand` from the user's global configuration.
    pub(crate) ssh: Option<String>,
}

/// The ways around the workspace's login that stay open with the values set. `urls` holds remote, whether it is for
/// pushing, and address.
pub fn open_ways(plan: &Plan, read: &Read, urls: Vec<(String, bool, String)>) -> Vec<OpenWay> {
    if plan.source == GithubSource::Inherited {
        return Vec::new();
    }
    let effective: Vec<_> = urls.into_iter().map(|(remote, push, url)| Effective { remote, push, url }).collect();
    Ways::new(&plan.config, &[], read.ssh.as_deref()).open(&effective)
}

/// The helper as git runs it, through its shell (gitcredentials(7), "CUSTOM HELPERS").
///
/// If even the launcher is gone, git is told to stop: otherwise it would ask whatever else it finds, which has the
/// user's login.
pub fn helper_value(launcher: &Path) -> String {
    let word = posix(&launcher.to_string_lossy());
    format!("!f() {{ if test -x {word}; then exec {word} git-credential \"$@\"; fi; echo quit=1; }}; f")
}

/// The program named by a helper of ours, in the form of any version.
pub fn helper_program(value: &str) -> Option<PathBuf> {
    let end = value.find(" git-credential")?;
    let begin = value[..end].rfind(" exec ").map_or(1, |at| at + " exec ".len());
    value.starts_with('!').then(|| shell::unquoted(&value[begin..end])).map(PathBuf::from)
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
        // As git does it: the operation is appended to the text, and the shell gets both.
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
