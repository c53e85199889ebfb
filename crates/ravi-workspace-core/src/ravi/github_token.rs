//! The token of a workspace: from the cache while it is fresh, else from Ravi.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::account::{AccountError, client_options};
use crate::api::{AnyKey, ApiError, Client, ClientOptions};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::github::GithubError;
use crate::ledger::{Binding, Ledger, Plan, TokenAt};
use crate::machine::runtime::block_on;
use crate::model::opened::Opened;
use crate::policy::Gate;
use crate::ravi::Ravi;
use crate::vault::{Cache, CacheKey, Cached, open_stored};
use crate::workspace::GithubSource;

/// Longest time that a call to Ravi may take while git or gh waits for it.
const DEADLINE: Duration = Duration::from_secs(15);

/// What git and gh log in with.
#[derive(Debug)]
pub enum Login {
    /// The workspace's own token.
    Token {
        /// The token.
        token: SecretString,
        /// How old it is, if Ravi could not be reached and an older one had to do.
        stale: Option<Duration>,
    },
    /// The login that the person has, if any.
    Inherited,
}

/// Returns the login of a workspace. Blocks; asks Ravi only if the cache does not have the token.
pub fn read_blocking(
    ledger: &Ledger,
    binding: &Binding,
    plan: &Plan,
    config: impl FnOnce() -> Result<Config>,
) -> Result<Login> {
    let Some(at) = own_token(binding, plan)? else { return Ok(Login::Inherited) };
    Gate { ledger, ours: &[] }.check_blocking(binding, plan.ask(), &at.secret)?;
    if let Some(cached) = Cache::new(ledger).peek(&cache_key(binding, at), plan.limits())?
        && cached.value.is_some()
    {
        return login(binding, at, cached);
    }
    let config = config()?;
    block_on(read(ledger, binding, plan, &config))
}

/// Returns the login of a workspace.
///
/// # Errors
/// It has none and may not use the person's; its token cannot be read. It never falls back to the person's login then.
pub async fn read(ledger: &Ledger, binding: &Binding, plan: &Plan, config: &Config) -> Result<Login> {
    let refused = match read_once(ledger, binding, plan, config).await {
        Err(error) if is_unauthorized(&error) && uses_own_key(plan.source, binding) => error,
        done => return done,
    };
    // Somebody revoked the workspace's key at Ravi. If this machine may give it a new one, it does.
    let ours = Config { state_dir: Some(ledger.dir().to_owned()), ..config.clone() };
    if let Err(error) = Box::pin(Ravi::open(ours)?.workspaces().heal(binding)).await {
        tracing::debug!(code = error.code(), "a refused key could not be replaced");
        return Err(refused);
    }
    let id = binding.id.clone();
    match ledger.run(move |l| Ok(l.binding(&id)?.zip(l.github_plan(&id)?))).await? {
        Some((binding, plan)) => read_once(ledger, &binding, &plan, config).await,
        None => Err(refused),
    }
}

fn uses_own_key(source: GithubSource, binding: &Binding) -> bool {
    source == GithubSource::Workspace && !binding.request.no_key
}

async fn read_once(ledger: &Ledger, binding: &Binding, plan: &Plan, config: &Config) -> Result<Login> {
    let Some(at) = own_token(binding, plan)? else { return Ok(Login::Inherited) };
    let gate = Gate { ledger, ours: config.secret_policy.as_deref().unwrap_or_default() };
    gate.check(binding, plan.ask(), std::slice::from_ref(&at.secret)).await?;
    let fetch = async || fetch(ledger, binding, plan.source, at, config).await;
    let cached = Cache::new(ledger).get(&cache_key(binding, at), plan.limits(), fetch).await?;
    login(binding, at, cached)
}

fn login(binding: &Binding, at: &TokenAt, cached: Cached) -> Result<Login> {
    let (id, secret) = (binding.id.clone(), at.secret.to_string());
    let value = cached.value.ok_or(GithubError::TokenMissing { id, secret })?;
    Ok(Login::Token { token: checked(binding, at, value.value())?, stale: cached.stale.then_some(cached.age) })
}

/// Notes that the helper's token was not accepted, so that the next call reads it again. Blocks on the ledger only.
pub fn reject(ledger: &Ledger, binding: &Binding, plan: &Plan, token: &SecretString) -> Result<()> {
    let Some(at) = &plan.token else { return Ok(()) };
    let key = cache_key(binding, at);
    // Newlines at the end of the stored value were not handed out.
    if let Some(kept) = Cache::new(ledger).peek(&key, plan.limits())?.and_then(|cached| cached.value)
        && kept.value().expose_secret().trim_end() == token.expose_secret()
    {
        Cache::new(ledger).mark_rejected(&key, kept.value())?;
    }
    Ok(())
}

fn own_token<'a>(binding: &Binding, plan: &'a Plan) -> Result<Option<&'a TokenAt>> {
    match (plan.source, &plan.token) {
        (GithubSource::Inherited, _) => Ok(None),
        (_, Some(at)) => Ok(Some(at)),
        (_, None) => Err(GithubError::Denied { id: binding.id.clone() }.into()),
    }
}

fn cache_key(binding: &Binding, at: &TokenAt) -> CacheKey {
    CacheKey { server: binding.server.clone(), identity: at.identity.clone(), name: at.secret.clone() }
}

async fn fetch(
    ledger: &Ledger,
    binding: &Binding,
    source: GithubSource,
    at: &TokenAt,
    config: &Config,
) -> Result<Option<Opened>> {
    let key = match source {
        source if uses_own_key(source, binding) => own_key(ledger, binding).await?,
        _ => machine_key(ledger, binding, config).await?,
    };
    let url = address_of(binding, config)?;
    let options = ClientOptions { deadline: DEADLINE, retry_ceiling: DEADLINE / 5, ..client_options(url) };
    let found = Client::new(options)?.with(&key).secrets(&at.identity).find(at.secret.as_str()).await?;
    let Some(secret) = found else { return Ok(None) };
    Ok(Some(open_stored(ledger, &at.identity, &at.secret, &secret.value).await?))
}

/// Returns the address of the workspace's Ravi; if it has several, the configured one.
fn address_of(binding: &Binding, config: &Config) -> Result<Url> {
    if config.server_names()?.contains(&binding.server) {
        return Ok(config.server()?);
    }
    let none = |_| AccountError::NotSignedIn { server: binding.server.clone(), official: None };
    Ok(binding.server.parse().map_err(none)?)
}

/// Returns the workspace's identity key, which reaches its own vault and nothing else.
async fn own_key(ledger: &Ledger, binding: &Binding) -> Result<AnyKey> {
    let id = binding.id.clone();
    let key = ledger.run(move |l| l.binding_key(&id)).await?;
    Ok(AnyKey::Identity(key.ok_or_else(|| GithubError::NotReady { id: binding.id.clone() })?))
}

/// Returns this machine's key, for the host identity's vault.
///
/// A key from the environment goes only to the server that the environment names. An agent's environment holds the
/// workspace's own identity key, which cannot read that vault.
async fn machine_key(ledger: &Ledger, binding: &Binding, config: &Config) -> Result<AnyKey> {
    let ours = config.server_names()?.contains(&binding.server);
    let given = config.api_key.clone().or_else(|| config.key_from_env()).filter(|_| ours);
    if let Some(key) = given.and_then(|key| AnyKey::parse(key).ok())
        && matches!(key, AnyKey::Management(_))
    {
        return Ok(key);
    }
    let wanted = binding.server.clone();
    let login = ledger.run(move |l| l.login(&wanted)).await?;
    Ok(login.ok_or_else(|| AccountError::NotSignedIn { server: binding.server.clone(), official: None })?.key)
}

/// Returns the token in a form that fits into lines and headers: one word. Newlines at its end are forgiven.
fn checked(binding: &Binding, at: &TokenAt, value: &SecretString) -> Result<SecretString> {
    let bad = |reason| {
        let (id, secret) = (binding.id.clone(), at.secret.to_string());
        Err(GithubError::TokenForm { id, secret, reason }.into())
    };
    let text = value.expose_secret().trim_end();
    match text {
        "" => bad("it is empty"),
        _ if !text.bytes().all(|b| b.is_ascii_graphic()) => bad("it has spaces, newlines or other odd characters"),
        _ => Ok(SecretString::from(text)),
    }
}

fn is_unauthorized(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(ApiError::Unauthorized { .. }))
}
