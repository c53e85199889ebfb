//! [`Config`]: every option, in one typed struct.
//!
//! It is filled from `tauri.conf.json` (`plugins.ravi`), from the environment ([`Config::with_env`]) or by hand. This
//! room must not know where it is used.

mod bundle;
mod github;
mod limits;
pub(crate) mod policy;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use bundle::number_in;
pub use bundle::{BundleConfig, BundleEntry, BundleSource};
pub(crate) use github::Stored;
pub use github::{GithubConfig, GithubHost, MissingToken};
pub(crate) use limits::Limits;
pub use policy::{SecretRule, WorkspacePattern};

use crate::error::Explain;

/// Ravi's own address.
pub const DEFAULT_API_URL: &str = "https://api.ravi.id";

/// Addresses of Ravi that serve the same accounts, starting with the default.
const RAVI_ADDRESSES: [&str; 2] = [DEFAULT_API_URL, "https://api.ravi.app"];

/// Name of a host identity made by this program.
pub const DEFAULT_HOST_IDENTITY: &str = "ravi-workspace host";

/// Every option. Unknown names are refused, so that a typo cannot turn off a rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// Address of Ravi's API, with or without `/api` at its end; default [`DEFAULT_API_URL`]. Plain `http` is accepted
    /// only for loopback.
    pub api_url: Option<Url>,
    /// Further addresses of the same Ravi as `apiUrl`: what was set up under one of them is known under all of them.
    /// The addresses of Ravi's own service need not be listed.
    pub server_aliases: Option<Vec<Url>>,
    /// Folder of the ledger; by default the platform's state folder for `ravi-workspace`.
    pub state_dir: Option<PathBuf>,
    /// The identity that holds the app's own secrets: its name, uuid or address. By default the one chosen in the
    /// ledger, one called [`DEFAULT_HOST_IDENTITY`], or the account's only one.
    pub host_identity: Option<String>,
    /// An identity that workspaces use in place of their own, unless a request names one.
    pub share: Option<ShareConfig>,
    /// Names of identities at Ravi, in which `{name}` and `{id}` stand for the workspace's; default `{name}`.
    pub identity_name: Option<String>,
    /// How many free identities are kept for later workspaces; beyond that, a released one is retired. By default all
    /// are kept, because plans limit how many there may be, including retired ones.
    pub pool_size: Option<u32>,
    /// Which identities are reused for later workspaces. By default those that were never used.
    pub pool_reuse: Option<PoolReuse>,
    /// Where the machine key of a new ledger is kept: by default in the system's keychain if one works, otherwise in a
    /// file.
    pub keychain: Option<Keychain>,
    /// Whose GitHub login workspaces use, and for which hosts.
    pub github: Option<GithubConfig>,
    /// Whether the first use of a suspended workspace (`exec`, `env`, git, gh) wakes it; by default it does.
    pub wake_on_use: Option<bool>,
    /// Whether the website logins made by a workspace are moved to the host identity's vault when the workspace is
    /// released; by default they are deleted.
    pub keep_registrations: Option<bool>,
    /// What workspaces are given in their own identities' vaults.
    pub bundle: Option<BundleConfig>,
    /// Which secrets the processes of workspaces may be given by name; all by default. Kept with each provisioned
    /// workspace, so that it applies to other programs too.
    pub secret_policy: Option<Vec<SecretRule>>,
    /// Whether the app uses Ravi from the start (the default) or only once the user has turned it on; see
    /// [`Power`](crate::Power).
    pub start: Option<Start>,
    /// Where the workspaces' keys for the official command line are kept; by default in the state folder.
    pub key_in_tree: Option<KeyInTree>,
    /// Whose signature commits in workspaces carry: by default the workspace's own, if it has one.
    pub signatures: Option<Signatures>,
    /// Seconds after which a dmux workspace whose panes are all dead is suspended; default 600.
    pub idle_seconds: Option<u64>,
    /// For the plugin: the host app whose own list of workspaces, in its data folder, is followed, so that its
    /// workspaces are set up and taken down without a call. By default none.
    pub follow: Option<FollowedApp>,
    /// Age in seconds up to which a secret is used without asking Ravi again; default 300.
    pub secret_fresh_seconds: Option<u64>,
    /// Age in seconds up to which a secret is used while Ravi cannot be reached; default 72 hours, 0 for never.
    pub secret_stale_seconds: Option<u64>,
    /// The key, if the program that opens `Ravi` supplies one. Never read from a configuration file.
    #[serde(skip)]
    pub api_key: Option<SecretString>,
    /// The state folder in which this user's ledgers are listed, for tests that must not write to the real one.
    #[doc(hidden)]
    #[serde(skip)]
    pub ledger_list: Option<PathBuf>,
}

/// An existing identity for all workspaces, for a plan that has no room for more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ShareConfig {
    /// Its name, uuid or address; by default the host identity.
    pub identity: Option<String>,
    /// Whether workspaces get a key to it; by default they do not. A key to the host identity is given only if its
    /// vault is sealed.
    pub key: bool,
}

/// When an app starts using Ravi.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// From the start.
    #[default]
    Always,
    /// Once the user has turned it on.
    Asked,
}

/// Whether a workspace's key is kept in its folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyInTree {
    /// In `.ravi/config.json`, where the official command line finds it by itself. Anything that packs the folder
    /// without consulting git packs the key too.
    Always,
    /// In the state folder. The `ravi` shim, first on PATH, passes it to the official command line.
    #[default]
    Never,
}

/// Which identities, of those that workspaces gave back, are reused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoolReuse {
    /// Those that never received or sent a message, and have no login at a website. Others are retired.
    #[default]
    Unused,
    /// All. Ravi keeps their messages, so the next workspace can read what the last one received.
    All,
}

/// Whose signature commits and tags in workspaces carry, unless the command says otherwise (`git commit -S`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signatures {
    /// The workspace's own if it has a signing key, otherwise none.
    #[default]
    Workspace,
    /// Whatever the user has set up for themselves.
    Person,
}

/// An app whose list of workspaces can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FollowedApp {
    /// CodexMonitor's `workspaces.json`.
    CodexMonitor,
}

/// Where the machine key, which seals the secrets in the ledger, is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "__typescript", derive(ts_rs::TS), ts(export, export_to = "bindings.ts"))]
#[serde(rename_all = "lowercase")]
pub enum Keychain {
    /// In a file of mode 0600 in the state folder. Read in microseconds, without a desktop session.
    File,
    /// In the system's keychain: Secret Service on Linux, the login keychain on macOS. If none works, no new ledger is
    /// made.
    System,
}

impl std::str::FromStr for Keychain {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "file" => Ok(Keychain::File),
            "system" => Ok(Keychain::System),
            other => Err(ConfigError::Keychain { given: other.to_owned() }),
        }
    }
}

fn start(text: &str) -> Result<Start, ConfigError> {
    match text {
        "always" => Ok(Start::Always),
        "asked" => Ok(Start::Asked),
        other => Err(ConfigError::Start { given: other.to_owned() }),
    }
}

/// The value of the environment variable `name`, which must be one of a few words, if it is set.
fn chosen<T: DeserializeOwned>(name: &'static str, expected: &'static str) -> Result<Option<T>, ConfigError> {
    let given = std::env::var(name).ok().filter(|text| !text.is_empty());
    let read = |given: String| {
        let word: StrDeserializer<'_, serde::de::value::Error> = given.as_str().into_deserializer();
        T::deserialize(word).map_err(|_| ConfigError::Choice { name, given: given.clone(), expected })
    };
    given.map(read).transpose()
}

impl Config {
    /// Fills every option not set yet from the environment.
    ///
    /// The variables are `RAVI_API_URL`, `RAVI_API_URL_ALIASES`, `RAVI_WORKSPACE_STATE`, `RAVI_WORKSPACE_KEYCHAIN`,
    /// `RAVI_WORKSPACE_HOST_IDENTITY`, `RAVI_WORKSPACE_START`, `RAVI_WORKSPACE_KEY_IN_TREE`,
    /// `RAVI_WORKSPACE_SIGNATURES`, `RAVI_WORKSPACE_POOL_REUSE`, `RAVI_WORKSPACE_WAKE`, `RAVI_WORKSPACE_REGISTRATIONS`
    /// and, as JSON, `RAVI_WORKSPACE_GITHUB`, `RAVI_WORKSPACE_BUNDLE` and `RAVI_WORKSPACE_POLICY`. `RAVI_API_KEY` is
    /// read when a key is needed, so that one set later counts.
    pub fn with_env(mut self) -> Result<Self, ConfigError> {
        if self.api_url.is_none()
            && let Some(text) = std::env::var("RAVI_API_URL").ok().filter(|t| !t.is_empty())
        {
            let url = Url::parse(&text);
            self.api_url =
                Some(url.map_err(|_| ConfigError::ApiUrl { url: text, reason: "it is not an absolute address" })?);
        }
        if self.server_aliases.is_none()
            && let Some(text) = std::env::var("RAVI_API_URL_ALIASES").ok().filter(|t| !t.is_empty())
        {
            let bad = |url: &str| ConfigError::ApiUrl { url: url.to_owned(), reason: "it is not an absolute address" };
            let read = |text: &str| Url::parse(text).map_err(|_| bad(text));
            self.server_aliases = Some(text.split_whitespace().map(read).collect::<Result<_, _>>()?);
        }
        if self.state_dir.is_none() {
            self.state_dir = std::env::var_os("RAVI_WORKSPACE_STATE").filter(|t| !t.is_empty()).map(PathBuf::from);
        }
        if self.keychain.is_none()
            && let Some(text) = std::env::var("RAVI_WORKSPACE_KEYCHAIN").ok().filter(|t| !t.is_empty())
        {
            self.keychain = Some(text.parse()?);
        }
        if self.host_identity.is_none() {
            self.host_identity = std::env::var("RAVI_WORKSPACE_HOST_IDENTITY").ok().filter(|t| !t.is_empty());
        }
        if self.wake_on_use.is_none() {
            let given = std::env::var("RAVI_WORKSPACE_WAKE").ok().filter(|t| !t.is_empty());
            self.wake_on_use = given.map(|text| wake_policy(&text)).transpose()?;
        }
        if self.keep_registrations.is_none() {
            let given = std::env::var("RAVI_WORKSPACE_REGISTRATIONS").ok().filter(|t| !t.is_empty());
            self.keep_registrations = given.map(|text| keeps_registrations(&text)).transpose()?;
        }
        if self.start.is_none() {
            let given = std::env::var("RAVI_WORKSPACE_START").ok().filter(|t| !t.is_empty());
            self.start = given.map(|text| start(&text)).transpose()?;
        }
        if self.key_in_tree.is_none() {
            self.key_in_tree = chosen("RAVI_WORKSPACE_KEY_IN_TREE", "always or never")?;
        }
        if self.signatures.is_none() {
            self.signatures = chosen("RAVI_WORKSPACE_SIGNATURES", "workspace or person")?;
        }
        if self.pool_reuse.is_none() {
            self.pool_reuse = chosen("RAVI_WORKSPACE_POOL_REUSE", "unused or all")?;
        }
        if self.github.is_none()
            && let Some(text) = std::env::var("RAVI_WORKSPACE_GITHUB").ok().filter(|t| !t.is_empty())
        {
            let read = serde_json::from_str(&text);
            self.github = Some(read.map_err(|e| ConfigError::Github { reason: e.to_string() })?);
        }
        if self.share.is_none()
            && let Some(text) = std::env::var("RAVI_WORKSPACE_SHARE").ok().filter(|t| !t.is_empty())
        {
            let read = serde_json::from_str(&text);
            self.share = Some(read.map_err(|e| ConfigError::Share { reason: e.to_string() })?);
        }
        if self.bundle.is_none()
            && let Some(text) = std::env::var("RAVI_WORKSPACE_BUNDLE").ok().filter(|t| !t.is_empty())
        {
            let read = serde_json::from_str(&text);
            self.bundle = Some(read.map_err(|e| ConfigError::Bundle { reason: e.to_string() })?);
        }
        if self.secret_policy.is_none()
            && let Some(text) = std::env::var("RAVI_WORKSPACE_POLICY").ok().filter(|t| !t.is_empty())
        {
            let read = serde_json::from_str(&text);
            self.secret_policy = Some(read.map_err(|e| ConfigError::Policy { reason: e.to_string() })?);
        }
        Ok(self)
    }

    /// Takes every option from `self` if it is set there, otherwise from `other`.
    pub fn or(self, other: Config) -> Config {
        Config {
            api_url: self.api_url.or(other.api_url),
            server_aliases: self.server_aliases.or(other.server_aliases),
            state_dir: self.state_dir.or(other.state_dir),
            host_identity: self.host_identity.or(other.host_identity),
            share: self.share.or(other.share),
            identity_name: self.identity_name.or(other.identity_name),
            pool_size: self.pool_size.or(other.pool_size),
            pool_reuse: self.pool_reuse.or(other.pool_reuse),
            keychain: self.keychain.or(other.keychain),
            github: self.github.or(other.github),
            wake_on_use: self.wake_on_use.or(other.wake_on_use),
            keep_registrations: self.keep_registrations.or(other.keep_registrations),
            start: self.start.or(other.start),
            key_in_tree: self.key_in_tree.or(other.key_in_tree),
            signatures: self.signatures.or(other.signatures),
            bundle: self.bundle.or(other.bundle),
            secret_policy: self.secret_policy.or(other.secret_policy),
            idle_seconds: self.idle_seconds.or(other.idle_seconds),
            follow: self.follow.or(other.follow),
            secret_fresh_seconds: self.secret_fresh_seconds.or(other.secret_fresh_seconds),
            secret_stale_seconds: self.secret_stale_seconds.or(other.secret_stale_seconds),
            api_key: self.api_key.or(other.api_key),
            ledger_list: self.ledger_list.or(other.ledger_list),
        }
    }

    /// The API address to use, checked and without `/api` at its end: both forms name the same server, in the ledger
    /// too.
    pub fn server(&self) -> Result<Url, ConfigError> {
        let url = match &self.api_url {
            Some(url) => url.clone(),
            None => Url::parse(DEFAULT_API_URL).expect("a constant"), // cannot fail: a constant
        };
        match crate::api::check_base_url(&url) {
            Ok(()) => Ok(crate::api::base_of(url)),
            Err(reason) => Err(ConfigError::ApiUrl { url: without_userinfo(&url), reason }),
        }
    }

    /// All names by which a ledger may know this Ravi, the most usual first.
    pub fn server_names(&self) -> Result<Vec<String>, ConfigError> {
        let ours = name_of(&self.server()?);
        let chosen = self.server_aliases.iter().flatten().map(name_of);
        let given: Vec<String> = std::iter::once(ours.clone()).chain(chosen).collect();
        let is_ravi = given.iter().any(|name| RAVI_ADDRESSES.contains(&name.as_str()));
        let ravi = RAVI_ADDRESSES.iter().filter(|_| is_ravi).map(|name| (*name).to_owned());
        let mut names: Vec<String> = Vec::new();
        for name in ravi.chain(given) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Refuses what would go wrong later.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let bundle = self.bundle.as_ref().map_or(Ok(()), BundleConfig::check);
        bundle.map_err(|reason| ConfigError::Bundle { reason })?;
        match &self.identity_name {
            Some(pattern) if !pattern.contains("{name}") && !pattern.contains("{id}") => {
                Err(ConfigError::IdentityName { pattern: pattern.clone() })
            }
            _ => Ok(()),
        }
    }

    /// The state folder to use.
    pub fn folder(&self) -> Result<PathBuf, ConfigError> {
        use etcetera::BaseStrategy as _;
        match &self.state_dir {
            // Otherwise every folder that a program is started in would have its own ledger.
            Some(dir) if dir.is_relative() => {
                return Err(ConfigError::StateDir { reason: format!("{} is not an absolute path", dir.display()) });
            }
            Some(dir) => return Ok(dir.clone()),
            None => {}
        }
        let base = etcetera::choose_base_strategy().map_err(|e| ConfigError::StateDir { reason: e.to_string() })?;
        Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("ravi-workspace"))
    }

    /// Whether using a suspended workspace wakes it.
    pub(crate) fn wakes_on_use(&self) -> bool {
        self.wake_on_use.unwrap_or(true)
    }

    /// How long after being set up or woken a workspace counts as in use.
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds.unwrap_or(600))
    }

    /// How old secrets may be.
    pub(crate) fn secret_limits(&self) -> Limits {
        let seconds = |chosen: Option<u64>, default| Duration::from_secs(chosen.unwrap_or(default));
        Limits {
            fresh: seconds(self.secret_fresh_seconds, 300),
            absent: Duration::ZERO,
            stale: seconds(self.secret_stale_seconds, 72 * 3600),
        }
    }

    /// The identity that holds the app's own secrets, if the configuration names one: its name, uuid or address.
    pub(crate) fn host_wanted(&self) -> Option<&str> {
        self.host_identity.as_deref()
    }

    /// Name of the identity of a workspace.
    pub(crate) fn identity_name(&self, id: &str, name: &str) -> String {
        match &self.identity_name {
            Some(pattern) => pattern.replace("{id}", id).replace("{name}", name),
            None => name.to_owned(),
        }
    }

    /// The key in `RAVI_API_KEY`, if it is set.
    pub(crate) fn key_from_env(&self) -> Option<SecretString> {
        std::env::var("RAVI_API_KEY").ok().filter(|t| !t.trim().is_empty()).map(|t| SecretString::from(t.trim()))
    }
}

/// An address as it is written in ledgers.
pub fn name_of(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn wake_policy(text: &str) -> Result<bool, ConfigError> {
    match text {
        "on-use" => Ok(true),
        "never" => Ok(false),
        other => Err(ConfigError::Wake { given: other.to_owned() }),
    }
}

fn keeps_registrations(text: &str) -> Result<bool, ConfigError> {
    match text {
        "keep" => Ok(true),
        "delete" => Ok(false),
        other => Err(ConfigError::Registrations { given: other.to_owned() }),
    }
}

fn without_userinfo(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.to_string()
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error, Explain)]
#[non_exhaustive]
pub enum ConfigError {
    /// The API address is not one that keys may be sent to.
    #[error("the API address {url} is not usable: {reason}")]
    #[explain(
        code = "config.api_url",
        kind = Usage,
        hint("Use an https address such as {DEFAULT_API_URL}, or http on loopback.")
    )]
    ApiUrl {
        /// The address as given, without user name and password.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A pattern that gives every identity the same name.
    #[error("the identity name {pattern:?} contains neither {{name}} nor {{id}}")]
    #[explain(code = "config.identity_name", kind = Usage, hint = "Write a pattern such as `agent-{id}` or `{name}`.")]
    IdentityName {
        /// The pattern as given.
        pattern: String,
    },
    /// `RAVI_WORKSPACE_KEYCHAIN` has an unknown value.
    #[error("RAVI_WORKSPACE_KEYCHAIN is {given:?}; it must be file or system")]
    #[explain(code = "config.keychain", kind = Usage, hint = "Set it to file or system, or leave it out.")]
    Keychain {
        /// The value.
        given: String,
    },
    /// `RAVI_WORKSPACE_START` has an unknown value.
    #[error("RAVI_WORKSPACE_START is {given:?}; it must be always or asked")]
    #[explain(code = "config.start", kind = Usage, hint = "Set it to always or asked, or leave it out.")]
    Start {
        /// The value.
        given: String,
    },
    /// A variable that must be one of a few words has another value.
    #[error("{name} is {given:?}; it must be {expected}")]
    #[explain(code = "config.choice", kind = Usage, hint("Set it to {expected}, or leave it out."))]
    Choice {
        /// The variable.
        name: &'static str,
        /// The value.
        given: String,
        /// The possible words, as a phrase.
        expected: &'static str,
    },
    /// `RAVI_WORKSPACE_GITHUB` cannot be used.
    #[error("RAVI_WORKSPACE_GITHUB is not usable: {reason}")]
    #[explain(
        code = "config.github",
        kind = Usage,
        hint = r#"Write it as JSON, such as {"hosts":["github.com"],"missing":"deny"}."#
    )]
    Github {
        /// What is wrong with it.
        reason: String,
    },
    /// `RAVI_WORKSPACE_REGISTRATIONS` has an unknown value.
    #[error("RAVI_WORKSPACE_REGISTRATIONS is {given:?}; it must be keep or delete")]
    #[explain(code = "config.registrations", kind = Usage, hint = "Set it to keep or delete, or leave it out.")]
    Registrations {
        /// The value.
        given: String,
    },
    /// `RAVI_WORKSPACE_WAKE` has an unknown value.
    #[error("RAVI_WORKSPACE_WAKE is {given:?}; it must be on-use or never")]
    #[explain(code = "config.wake", kind = Usage, hint = "Set it to on-use or never, or leave it out.")]
    Wake {
        /// The value.
        given: String,
    },
    /// The choice of a shared identity cannot be read.
    #[error("the choice of a shared identity cannot be read: {reason}")]
    #[explain(
        code = "config.share",
        kind = Usage,
        hint = "See docs/account.md; for example RAVI_WORKSPACE_SHARE='{\"identity\":\"Main\"}'."
    )]
    Share {
        /// What is wrong with it.
        reason: String,
    },
    /// The bundles of workspaces cannot be used.
    #[error("the bundle is not usable: {reason}")]
    #[explain(
        code = "config.bundle",
        kind = Usage,
        hint = r#"Write it as JSON, such as {"entries":[{"key":"STRIPE_KEY","from":{"pool":"STRIPE_TEST_KEY"}}]}."#
    )]
    Bundle {
        /// What is wrong with it.
        reason: String,
    },
    /// `RAVI_WORKSPACE_POLICY` cannot be used.
    #[error("RAVI_WORKSPACE_POLICY is not usable: {reason}")]
    #[explain(
        code = "config.policy",
        kind = Usage,
        hint = r#"Write it as JSON, such as [{"workspace":"payments-*","allow":["STRIPE_*"]}]."#
    )]
    Policy {
        /// What is wrong with it.
        reason: String,
    },
    /// `RAVI_WORKSPACE_LOG` has an unknown value.
    #[error("RAVI_WORKSPACE_LOG is {given:?}; it must be off, error, warn, info, debug or trace")]
    #[explain(code = "config.log", kind = Usage, hint = "Set it to one of them, or leave it out.")]
    Log {
        /// The value.
        given: String,
    },
    /// The platform has no folder for state, or the one given cannot be used.
    #[error("there is no folder for the ledger: {reason}")]
    #[explain(
        code = "config.state_dir",
        kind = Usage,
        hint = "Set RAVI_WORKSPACE_STATE to the absolute path of a folder that is yours."
    )]
    StateDir {
        /// What is missing or wrong.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: Option<&str>, folder: Option<&str>) -> Config {
        Config { api_url: url.map(|u| u.parse().unwrap()), state_dir: folder.map(Into::into), ..Config::default() }
    }

    #[test]
    fn the_first_goes_before_the_other() {
        let both = config(Some("https://code.example"), None).or(config(Some("https://file.example"), Some("/file")));
        assert_eq!(both.api_url.unwrap().as_str(), "https://code.example/");
        assert_eq!(both.state_dir.unwrap().as_os_str(), "/file");
    }

    #[test]
    fn the_sdks_form_of_the_address_names_the_same_server() {
        let server = |url| config(Some(url), None).server().unwrap();
        for form in ["https://api.ravi.id/api", "https://api.ravi.id/api/", "https://api.ravi.id"] {
            assert_eq!(server(form), server(DEFAULT_API_URL), "{form}");
        }
    }
}
